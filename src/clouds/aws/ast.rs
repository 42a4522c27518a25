//! AWS policy documents as typed values with the places they were read from.
//!
//! Grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>. What a document means
//! is not said here: `lower.rs` says it as formulas, `decide.rs` as a concrete rule.

use std::sync::Arc;

use crate::model::{Effect, Gap, Origin};
use crate::text::{Located, Route, Span};

/// A piece of the user's text.
pub type Word = Located<Arc<str>>;

/// One policy document.
#[derive(Clone, Debug)]
pub struct Document {
    /// The name of the policy, for reports.
    pub name: Arc<str>,
    /// Where the document stands; none for a policy of the catalog.
    pub span: Option<Span>,
    /// The way to the document inside its file.
    pub route: Route,
    /// The version of the policy language.
    pub version: Version,
    /// The `Id` element.
    pub id: Option<Word>,
    /// The statements that could be understood, in document order.
    pub statements: Vec<Statement>,
    /// What was left out, and so is not known.
    pub gaps: Vec<Gap>,
    /// Whether no user wrote it as a policy and can change it: AWS did, or it stands for something else.
    pub provided: bool,
}

/// The version of the policy language, which decides whether policy variables exist.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `2008-10-17`, also when the element is missing: `${...}` is plain text.
    V2008,
    /// `2012-10-17`: policy variables are replaced.
    V2012,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its place among all statements of the document, counted from 0.
    pub index: usize,
    /// The `Sid` element.
    pub sid: Option<Word>,
    /// Whether it gives or takes.
    pub effect: Effect,
    /// `Principal` or `NotPrincipal`.
    pub principal: Option<Principals>,
    /// `Action` or `NotAction`.
    pub action: Element,
    /// `Resource` or `NotResource`; not every resource policy has it.
    pub resource: Option<Element>,
    /// The tests of the `Condition` element, all of which must hold.
    pub condition: Vec<Test>,
    /// Where the statement stands.
    pub span: Span,
    /// The way to it inside its file.
    pub route: Route,
}

/// A list of patterns, or of those left out.
#[derive(Clone, Debug)]
pub struct Element {
    /// Whether it is the `Not` form.
    pub negated: bool,
    /// The patterns.
    pub values: Vec<Word>,
    /// Where the value of the element stands.
    pub span: Span,
}

/// A list of principals, or of those left out.
#[derive(Clone, Debug)]
pub struct Principals {
    /// Whether it is `NotPrincipal`.
    pub negated: bool,
    /// The principals.
    pub names: Vec<Located<PrincipalName>>,
    /// Where the value of the element stands.
    pub span: Span,
}

/// One principal of a policy.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalName {
    /// `*`: everybody, also without credentials.
    Anyone,
    /// A bare account number or `arn:...:root`: the account may pass it on to its own principals.
    Account(Arc<str>),
    /// An IAM user by its ARN.
    User(Arc<str>),
    /// An IAM role by its ARN.
    Role(Arc<str>),
    /// One session of a role.
    Session {
        /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
        partition: Arc<str>,
        /// The twelve digits of the account.
        account: Arc<str>,
        /// The role's name without path.
        role: Arc<str>,
        /// The session's name.
        session: Arc<str>,
    },
    /// Any other ARN, such as a federated user's.
    Other(Arc<str>),
    /// The unique id that AWS stores for a user or role; left over when that was deleted.
    UniqueId(Arc<str>),
    /// An AWS service.
    Service(Arc<str>),
    /// An identity provider.
    Federated(Arc<str>),
    /// The canonical user id of an account.
    Canonical(Arc<str>),
}

impl PrincipalName {
    /// Reads a value of the `AWS` entry.
    pub fn aws(text: &Arc<str>) -> Self {
        if &**text == "*" {
            return Self::Anyone;
        }
        if is_account(text) {
            return Self::Account(text.clone());
        }
        let Some(arn) = Arn::parse(text) else {
            let unique = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            return if unique { Self::UniqueId(text.clone()) } else { Self::Other(text.clone()) };
        };
        let mut path = arn.resource.split('/');
        match (arn.service, path.next(), path.next(), path.next()) {
            ("iam", Some("root"), None, None) => Self::Account(arn.account.into()),
            ("iam", Some("user"), Some(_), _) => Self::User(text.clone()),
            ("iam", Some("role"), Some(_), _) => Self::Role(text.clone()),
            ("sts", Some("assumed-role"), Some(role), Some(session)) => Self::Session {
                partition: arn.partition.into(),
                account: arn.account.into(),
                role: role.into(),
                session: session.into(),
            },
            _ => Self::Other(text.clone()),
        }
    }
}

/// The six parts of an ARN: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: &'a str,
    /// The service.
    pub service: &'a str,
    /// The region; empty for global resources.
    pub region: &'a str,
    /// The account; empty where names are unique without it.
    pub account: &'a str,
    /// All the rest.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of `text`; `None` when it is no ARN.
    pub fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("arn:")?;
        let mut colons = rest.bytes().enumerate().filter(|(_, byte)| *byte == b':').map(|(at, _)| at);
        let (first, second, third, fourth) = (colons.next()?, colons.next()?, colons.next()?, colons.next()?);
        Some(Self {
            partition: rest.get(..first)?,
            service: rest.get(first + 1..second)?,
            region: rest.get(second + 1..third)?,
            account: rest.get(third + 1..fourth)?,
            resource: rest.get(fourth + 1..)?,
        })
    }
}

/// The service in an ARN, for those who ask of every request and go on for few.
pub(super) fn service_of(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("arn:")?;
    let mut colons = rest.bytes().enumerate().filter(|(_, byte)| *byte == b':').map(|(at, _)| at);
    let (first, second) = (colons.next()?, colons.next()?);
    rest.get(first + 1..second)
}

/// Whether `text` is an account number: twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// One key of one operator of a condition, with its values.
#[derive(Clone, Debug)]
pub struct Test {
    /// How values are compared.
    pub operator: Operator,
    /// The condition key as it is written.
    pub key: Word,
    /// The values: one must fit, or for a negated operator none may.
    pub values: Vec<Word>,
    /// The test in words, the same for the same test.
    pub text: Arc<str>,
}

/// A condition operator.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    /// `ForAllValues:` or `ForAnyValue:`.
    pub quantifier: Option<Quantifier>,
    /// How one value is compared.
    pub family: Family,
    /// Whether the comparison must fail for all values.
    pub negated: bool,
    /// Whether a key that is absent satisfies it.
    pub if_exists: bool,
}

/// Over which values of a multivalued key an operator speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// Each value in the request; true when there is none.
    All,
    /// At least one value in the request.
    Any,
}

/// Kinds of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Exactly the same text.
    StringEquals,
    /// The same text up to the case of letters.
    StringEqualsIgnoreCase,
    /// A text with wildcards.
    StringLike,
    /// Numbers.
    Numeric(Comparison),
    /// Points in time.
    Date(Comparison),
    /// `true` or `false`.
    Bool,
    /// Base64 texts that must be the same.
    Binary,
    /// An address in a network.
    IpAddress,
    /// An ARN with wildcards inside its parts; `ArnEquals` and `ArnLike` are the same.
    Arn,
    /// Whether the key is absent.
    Null,
}

/// How numbers and points in time are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// The same.
    Equal,
    /// Less.
    Less,
    /// Less or the same.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or the same.
    GreaterOrEqual,
}

/// Every operator by its bare name: family, and whether it is negated.
const OPERATORS: &[(&str, Family, bool)] = &[
    ("StringEquals", Family::StringEquals, false),
    ("StringNotEquals", Family::StringEquals, true),
    ("StringEqualsIgnoreCase", Family::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Family::StringEqualsIgnoreCase, true),
    ("StringLike", Family::StringLike, false),
    ("StringNotLike", Family::StringLike, true),
    ("NumericEquals", Family::Numeric(Comparison::Equal), false),
    ("NumericNotEquals", Family::Numeric(Comparison::Equal), true),
    ("NumericLessThan", Family::Numeric(Comparison::Less), false),
    ("NumericLessThanEquals", Family::Numeric(Comparison::LessOrEqual), false),
    ("NumericGreaterThan", Family::Numeric(Comparison::Greater), false),
    ("NumericGreaterThanEquals", Family::Numeric(Comparison::GreaterOrEqual), false),
    ("DateEquals", Family::Date(Comparison::Equal), false),
    ("DateNotEquals", Family::Date(Comparison::Equal), true),
    ("DateLessThan", Family::Date(Comparison::Less), false),
    ("DateLessThanEquals", Family::Date(Comparison::LessOrEqual), false),
    ("DateGreaterThan", Family::Date(Comparison::Greater), false),
    ("DateGreaterThanEquals", Family::Date(Comparison::GreaterOrEqual), false),
    ("Bool", Family::Bool, false),
    ("BinaryEquals", Family::Binary, false),
    ("IpAddress", Family::IpAddress, false),
    ("NotIpAddress", Family::IpAddress, true),
    ("ArnEquals", Family::Arn, false),
    ("ArnLike", Family::Arn, false),
    ("ArnNotEquals", Family::Arn, true),
    ("ArnNotLike", Family::Arn, true),
    ("Null", Family::Null, false),
];

impl Operator {
    /// Reads an operator with its prefix and suffix.
    pub fn parse(text: &str) -> Option<Self> {
        let (quantifier, rest) = match text.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Quantifier::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Quantifier::Any), rest),
            Some(_) => return None,
            None => (None, text),
        };
        let (rest, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |rest| (rest, true));
        let (_, family, negated) = OPERATORS.iter().find(|(name, ..)| *name == rest)?;
        if *family == Family::Null && if_exists {
            return None;
        }
        Some(Self { quantifier, family: *family, negated: *negated, if_exists })
    }

    /// The operator as policies write it.
    pub fn written(self) -> String {
        let quantifier = match self.quantifier {
            Some(Quantifier::All) => "ForAllValues:",
            Some(Quantifier::Any) => "ForAnyValue:",
            None => "",
        };
        let known =
            |(_, family, negated): &&(&str, Family, bool)| (*family, *negated) == (self.family, self.negated);
        let name = OPERATORS.iter().find(known).map_or("", |(name, ..)| *name);
        format!("{quantifier}{name}{}", if self.if_exists { "IfExists" } else { "" })
    }

    /// The bare names of all operators.
    pub fn names() -> impl Iterator<Item = &'static str> {
        OPERATORS.iter().map(|(name, ..)| *name)
    }
}

impl Document {
    /// Where the document stands.
    pub fn origin(&self) -> Origin {
        Origin { span: self.span, route: self.route.clone(), what: format!("policy `{}`", self.name) }
    }

    /// Where a statement of it stands.
    pub fn statement_origin(&self, statement: &Statement) -> Origin {
        let what = match &statement.sid {
            Some(sid) => format!("statement `{}` of policy `{}`", sid.value, self.name),
            None => format!("statement {} of policy `{}`", statement.index + 1, self.name),
        };
        Origin { span: self.span.map(|_| statement.span), route: statement.route.clone(), what }
    }
}
