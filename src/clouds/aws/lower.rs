//! Statements as grants of formulas, built once per policy document.
//!
//! A statement of a resource policy names principals in three ways that decide differently, so it becomes up to three
//! grants (see `rule.rs`). The concrete reading of the same documents is `decide.rs`, which shares nothing with this.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use super::ast::{Document, Element, Family, PrincipalName, Principals, Statement, Test, Version};
use super::conditions::{self, Unreadable};
use super::evaluate::Clause;
use super::keys;
use crate::logic::{Assignment, Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{Effect, Gap, GapKind, Grant, Origin};

/// What the estate stores of a policy: the document, and once somebody asked for them its grants, and its statements as
/// the concrete rule reads them. The two have nothing but the document in common.
#[derive(Debug)]
pub struct Body {
    /// The typed document.
    pub document: Document,
    lowered: OnceLock<Vec<Lowered>>,
    clauses: OnceLock<Vec<Clause>>,
    /// By action that was asked about: the statements about it.
    about: Mutex<FxHashMap<Box<str>, Grants>>,
}

/// Grants that several questions share.
type Grants = Arc<[Arc<Grant>]>;

/// For so many actions the statements are kept.
const MOST_KEPT: usize = 32;

/// One statement as grants.
#[derive(Debug)]
pub struct Lowered {
    /// The whole statement.
    pub whole: Arc<Grant>,
    /// An allow statement for the principals that it names directly (users, sessions, services, everybody).
    pub direct: Option<Arc<Grant>>,
    /// An allow statement for the roles that it names.
    pub role: Option<Arc<Grant>>,
    /// An allow statement for the accounts that it lets pass it on.
    pub account: Option<Arc<Grant>>,
    /// The tests of its condition, in document order.
    pub tests: Vec<Formula>,
}

impl Body {
    /// The body of a document.
    pub fn new(document: Document) -> Self {
        Self { document, lowered: OnceLock::new(), clauses: OnceLock::new(), about: Mutex::default() }
    }

    /// The statements that may be about an action, given in lower case, as whole grants in document order. An analysis
    /// asks all policies about the same few actions.
    pub(super) fn about(&self, action: &str) -> Grants {
        let locked = || self.about.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = locked().get(action) {
            return ready.clone();
        }
        let known = Assignment::new().with_text(Attribute::action(), action);
        let concerned = self.lowered().iter().map(|lowered| &lowered.whole);
        let concerned = concerned.filter(|grant| grant.actions.evaluate(&known) != Some(false));
        let found: Grants = concerned.cloned().collect();
        let mut kept = locked();
        if kept.len() < MOST_KEPT {
            kept.insert(action.into(), found.clone());
        }
        found
    }

    /// The statements, each ready for the concrete rule, in document order.
    pub(super) fn clauses(&self) -> impl Iterator<Item = (&Statement, &Clause)> {
        let ready = |one: &Statement| Clause::new(one, self.document.version);
        let clauses = self.clauses.get_or_init(|| self.document.statements.iter().map(ready).collect());
        self.document.statements.iter().zip(clauses)
    }

    /// The statements as grants, in document order.
    pub fn lowered(&self) -> &[Lowered] {
        self.lowered
            .get_or_init(|| self.document.statements.iter().map(|one| lower(&self.document, one)).collect())
    }
}

/// The rest of a statement, with the gaps in what is known about it: whom, which resources, and when.
pub(super) fn rest(document: &Document, statement: &Statement) -> (Formula, Vec<Gap>) {
    let mut work = Work::new(document, statement);
    let resources = statement.resource.as_ref().map_or(Formula::True, |element| work.resources(element));
    let tests = work.tests(statement);
    let who = statement.principal.as_ref().map(|names| work.who(names, statement.effect));
    let who = who.map_or(Formula::True, |who| Formula::any([who.direct, who.role, who.account]));
    (Formula::all([who, resources].into_iter().chain(tests)), work.gaps)
}

fn lower(document: &Document, statement: &Statement) -> Lowered {
    let mut work = Work::new(document, statement);
    let actions = actions(&statement.action);
    let resources = statement.resource.as_ref().map_or(Formula::True, |element| work.resources(element));
    let tests = work.tests(statement);
    let condition = Formula::all(tests.iter().cloned());
    let who = statement.principal.as_ref().map(|names| work.who(names, statement.effect));
    let grant = |who: Formula| {
        Arc::new(Grant {
            effect: statement.effect,
            who,
            actions: actions.clone(),
            resources: resources.clone(),
            condition: condition.clone(),
            origin: work.origin.clone(),
            gaps: work.gaps.clone(),
        })
    };
    let some = |who: &Formula| (*who != Formula::False).then(|| grant(who.clone()));
    match who {
        None => Lowered { whole: grant(Formula::True), direct: None, role: None, account: None, tests },
        Some(who) => Lowered {
            whole: grant(Formula::any([who.direct.clone(), who.role.clone(), who.account.clone()])),
            direct: some(&who.direct),
            role: some(&who.role),
            account: some(&who.account),
            tests,
        },
    }
}

/// Action names ignore case: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>.
fn actions(element: &Element) -> Formula {
    let matches = matches_action(element.values.iter().map(|value| action(&value.value)));
    if element.negated { matches.not() } else { matches }
}

/// One value of `Action` or `NotAction` as a pattern.
pub(super) fn action(text: &str) -> Pattern {
    Pattern::glob(&text.trim().to_ascii_lowercase(), Case::Sensitive)
}

/// Holds for the actions that match one of the patterns.
pub(super) fn matches_action(patterns: impl Iterator<Item = Pattern>) -> Formula {
    Formula::matches(Attribute::action(), Patterns::of(patterns))
}

struct Work {
    version: Version,
    origin: Origin,
    gaps: Vec<Gap>,
}

/// Whom an element means, by the three ways to name somebody.
struct Who {
    direct: Formula,
    role: Formula,
    account: Formula,
}

impl Work {
    fn new(document: &Document, statement: &Statement) -> Self {
        let origin = document.statement_origin(statement);
        Self { version: document.version, origin, gaps: Vec::new() }
    }

    fn tests(&mut self, statement: &Statement) -> Vec<Formula> {
        let formula = |test: &Test| match conditions::test(test, self.version, statement.effect) {
            Ok(formula) => {
                let open = conditions::unsaid(&formula).map(|what| format!("`{}`: {what}", test.text));
                self.gaps.extend(open.map(|message| Gap {
                    kind: GapKind::OpaqueCondition,
                    message,
                    origin: Some(self.origin.clone()),
                }));
                formula
            }
            Err(why) => self.opaque(&test.text, &why),
        };
        statement.condition.iter().map(formula).collect()
    }

    fn opaque(&mut self, text: &str, why: &Unreadable) -> Formula {
        self.gaps.push(Gap {
            kind: GapKind::OpaqueCondition,
            message: format!("`{text}` could not be read: {}; both outcomes were considered", why.0),
            origin: Some(self.origin.clone()),
        });
        Formula::opaque(text)
    }

    /// Wildcards in a resource may stand for any characters, also colons and slashes; policy variables are replaced.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
    fn resources(&mut self, element: &Element) -> Formula {
        let values = element.values.iter().map(|value| &*value.value);
        let matches =
            match conditions::texts(&Attribute::resource(), values, Family::StringLike, self.version) {
                Ok(formula) => formula,
                Err(why) => {
                    let listed: Vec<&str> = element.values.iter().map(|value| &*value.value).collect();
                    self.opaque(&format!("Resource [{}]", listed.join(", ")), &why)
                }
            };
        if element.negated { matches.not() } else { matches }
    }

    fn who(&mut self, principals: &Principals, effect: Effect) -> Who {
        let mut who = Who { direct: Formula::False, role: Formula::False, account: Formula::False };
        for name in &principals.names {
            let formula = self.name(&name.value);
            let slot = match &name.value {
                PrincipalName::Account(_) | PrincipalName::Canonical(_) => &mut who.account,
                PrincipalName::Role(_) => &mut who.role,
                _ => &mut who.direct,
            };
            *slot = Formula::any([slot.clone(), formula]);
        }
        if !principals.negated {
            return who;
        }
        let listed = if effect == Effect::Allow {
            Formula::any([who.direct, who.role, who.account])
        } else {
            self.exempt(who)
        };
        Who { direct: listed.not(), role: Formula::False, account: Formula::False }
    }

    /// Whom `NotPrincipal` spares in a deny: a user must be listed together with its account, a role also with its
    /// session.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
    fn exempt(&mut self, who: Who) -> Formula {
        let account = || Attribute::text(keys::PRINCIPAL_ACCOUNT);
        let anonymous = Formula::matches(account(), Patterns::literal("anonymous"));
        let in_account = Formula::present(account()).and(anonymous.not());
        let is_role =
            Formula::matches(Attribute::principal(), Patterns::of([Pattern::arn("arn:*:iam::*:role/*")]));
        let listed_account = in_account.not().or(who.account);
        let listed = Formula::any([who.direct, who.role.and(is_role.not())]);
        self.gaps.push(Gap {
            kind: GapKind::AssumedDefault,
            message: "`NotPrincipal` with `Deny` is taken to spare only principals that are listed with their account \
                      (and role and session); AWS may deny more or less"
                .to_owned(),
            origin: Some(self.origin.clone()),
        });
        listed.and(listed_account)
    }

    fn name(&mut self, name: &PrincipalName) -> Formula {
        let principal = |text: &str| Formula::matches(Attribute::principal(), Patterns::literal(text));
        match name {
            PrincipalName::Anyone => Formula::True,
            PrincipalName::User(text)
            | PrincipalName::Role(text)
            | PrincipalName::Other(text)
            | PrincipalName::Service(text)
            | PrincipalName::Federated(text) => principal(text),
            PrincipalName::Account(number) => {
                Formula::matches(Attribute::text(keys::PRINCIPAL_ACCOUNT), Patterns::literal(number))
            }
            // The ARN of a session holds the role's name without its path.
            PrincipalName::Session { partition, account, role, session } => {
                let head = format!("arn:{partition}:iam::{account}:role/");
                let roles = Patterns::globs([&*format!("{head}{role}"), &*format!("{head}*/{role}")]);
                let session = Patterns::literal(session);
                Formula::matches(Attribute::principal(), roles)
                    .and(Formula::matches(Attribute::text(keys::SESSION), session))
            }
            PrincipalName::UniqueId(id) => {
                Formula::matches(Attribute::text(keys::UNIQUE_ID), Patterns::literal(id))
            }
            PrincipalName::Canonical(id) => {
                let text = format!("CanonicalUser {id}");
                self.opaque(&text, &Unreadable("the account of a canonical user id is not known".to_owned()))
            }
        }
    }
}
