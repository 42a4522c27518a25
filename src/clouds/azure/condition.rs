//! Conditions of role assignments and of roles as typed values.
//!
//! The language: <https://learn.microsoft.com/azure/role-based-access-control/conditions-format>. Reading it is
//! `abac`; what it means is `conditions` (for engines) and `evaluate` (for one request).

use std::sync::Arc;

use crate::logic::{Decimal, Kind};
use crate::text::Span;

/// A condition with its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// As it is written.
    pub source: Arc<str>,
    /// As far as it can be read.
    pub expression: Expression,
}

/// The expression of a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// `NOT`, `!`
    Not(Box<Expression>),
    /// `AND`, `&&`
    And(Vec<Expression>),
    /// `OR`, `||`
    Or(Vec<Expression>),
    /// `ActionMatches{'…'}`: a pattern in lower case.
    Action(Arc<str>),
    /// `SubOperationMatches{'…'}`
    SubOperation(Arc<str>),
    /// `Exists @…`
    Exists(Key),
    /// A comparison.
    Compare(Comparison),
    /// A part that is not understood, and where it stands: nowhere in the user's files for roles of the catalog.
    Opaque(Arc<str>, Option<Span>),
}

/// A comparison of an attribute with constants, or with another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The attribute.
    pub key: Key,
    /// `ForAnyOfAnyValues:` and the like; none compares one value with one.
    pub quantifier: Option<Quantifier>,
    /// Whether the operator is one of those with `Not`, the "negation of" the other.
    pub negated: bool,
    /// With what: all of the same kind, at least one, and just one without a quantifier.
    pub tests: Vec<Test>,
}

/// The prefix of cross product operators: first for the values on the left, then for those on the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantifier {
    /// Whether all values on the left have to satisfy it, or just one.
    pub all_left: bool,
    /// Whether it has to be satisfied with all values on the right, or just one.
    pub all_right: bool,
}

/// An operator without its negation, and the value on its right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// `StringEquals`, `StringStartsWith`, `StringLike`
    Text(TextTest, IgnoreCase, Arc<str>),
    /// `GuidEquals`, in lower case with hyphens
    Guid(Arc<str>),
    /// `BoolEquals`
    Bool(bool),
    /// `NumericEquals` and the like
    Number(Order, i64),
    /// `DateTimeEquals` and the like, in microseconds since the Unix epoch
    Instant(Order, i64),
    /// The same for attributes with finer times, in seconds since then
    ExactInstant(Order, Decimal),
    /// `StringEquals` and `StringStartsWith` with the text of another attribute
    Other(TextTest, IgnoreCase, Key),
}

/// Whether an operator ends in `IgnoreCase`.
pub type IgnoreCase = bool;

/// How texts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextTest {
    /// `StringEquals`
    Equals,
    /// `StringStartsWith`
    StartsWith,
    /// `StringLike`: `*` any text, `?` any character, both escaped by `\`.
    Like,
}

/// How numbers and times are compared; the attribute stands on the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// `…Equals`
    Equal,
    /// `…LessThan`
    Less,
    /// `…LessThanEquals`
    LessOrEqual,
    /// `…GreaterThan`
    Greater,
    /// `…GreaterThanEquals`
    GreaterOrEqual,
}

/// An attribute of a request. Its names are compared without case:
/// <https://learn.microsoft.com/azure/role-based-access-control/conditions-format#attributes>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Source and name: `@Request[Microsoft.Authorization/roleAssignments:PrincipalId]`, folded but for what tells
    /// case apart.
    pub name: Arc<str>,
    /// The kind of its values.
    pub kind: Kind,
}

/// What a resource's own name tells of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InName {
    /// `Microsoft.Storage/storageAccounts:name`
    Account,
    /// `…/blobServices/containers:name`
    Container,
    /// `…/containers/blobs:path`
    Path,
    /// `…/queueServices/queues:name`
    Queue,
}

/// Attributes whose kind or spelling is known, without their source:
/// <https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes>,
/// <https://learn.microsoft.com/azure/storage/queues/queues-auth-abac-attributes>,
/// <https://learn.microsoft.com/azure/role-based-access-control/conditions-authorization-actions-attributes>.
const KNOWN: [(&str, Kind); 22] = [
    ("HasObotoken", Kind::Boolean),
    ("Microsoft.Authorization/roleAssignments:PrincipalId", Kind::Text),
    ("Microsoft.Authorization/roleAssignments:PrincipalType", Kind::Text),
    ("Microsoft.Authorization/roleAssignments:RoleDefinitionId", Kind::Text),
    ("Microsoft.Network/privateEndpoints", Kind::Text),
    ("Microsoft.Network/virtualNetworks/subnets", Kind::Text),
    ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags&$keys$&", Kind::TextSet),
    ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs:include", Kind::TextSet),
    ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs:isCurrentVersion", Kind::Boolean),
    ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path", Kind::Text),
    ("Microsoft.Storage/storageAccounts/blobServices/containers/blobs:prefix", Kind::Text),
    (SNAPSHOT, Kind::Number),
    (VERSION, Kind::Number),
    ("Microsoft.Storage/storageAccounts/blobServices/containers/metadata&$keys$&", Kind::TextSet),
    ("Microsoft.Storage/storageAccounts/blobServices/containers:name", Kind::Text),
    ("Microsoft.Storage/storageAccounts/encryptionScopes:name", Kind::Text),
    ("Microsoft.Storage/storageAccounts/queueServices/queues:name", Kind::Text),
    ("Microsoft.Storage/storageAccounts:isHnsEnabled", Kind::Boolean),
    ("Microsoft.Storage/storageAccounts:name", Kind::Text),
    ("UtcNow", Kind::Instant),
    ("isPrivateLink", Kind::Boolean),
    ("subOperation", Kind::Text),
];

/// Which snapshot of a blob, by the time when it was made, to seven digits of a second: a number of seconds here.
const SNAPSHOT: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs:snapshot";
/// Which version of a blob, likewise.
const VERSION: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs:versionId";

const SOURCES: [&str; 4] = ["@Environment", "@Principal", "@Request", "@Resource"];

impl Key {
    /// The attribute of a source (`@Request`) and a name. `wanted` is the kind that its operator compares, which
    /// counts where the attribute is not known.
    pub fn new(source: &str, name: &str, wanted: Kind) -> Option<Self> {
        let source = SOURCES.iter().find(|own| own.eq_ignore_ascii_case(source))?;
        let known = KNOWN.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        let (name, kind) = match known {
            Some((own, kind)) => ((*own).to_owned(), *kind),
            None => (fold(name), wanted),
        };
        // The same name with two kinds of values is two attributes, which must not be taken for one in requests.
        let mark = match (known, kind) {
            (None, Kind::Number) => "#number",
            (None, Kind::Instant) => "#time",
            (None, Kind::Boolean) => "#boolean",
            (None, Kind::TextSet) => "#list",
            _ => "",
        };
        Some(Self { name: format!("{source}[{name}]{mark}").into(), kind })
    }

    /// The attribute of a key in a request's context: the inverse of [`Key::new`].
    pub fn of_context(written: &str) -> Option<Self> {
        let (head, mark) = match written.split_once("]#") {
            Some(parts) => parts,
            None => (written.strip_suffix(']')?, ""),
        };
        let (source, name) = head.split_once('[')?;
        let kind = match mark {
            "number" => Kind::Number,
            "time" => Kind::Instant,
            "boolean" => Kind::Boolean,
            "list" => Kind::TextSet,
            _ => Kind::Text,
        };
        Self::new(source, name, kind)
    }

    /// The suboperation of the request: `Blob.List`.
    pub fn suboperation() -> Self {
        Self { name: SUBOPERATION.into(), kind: Kind::Text }
    }

    /// The time of the request.
    pub fn now() -> Self {
        Self { name: "@Environment[UtcNow]".into(), kind: Kind::Instant }
    }

    /// Whether it says something of the principal, which files do not tell.
    pub fn is_of_principal(&self) -> bool {
        self.name.starts_with("@Principal[")
    }

    /// Whether its values are times that are finer than those of other attributes.
    pub fn is_exact_time(&self) -> bool {
        let name = self.name.split_once('[').and_then(|(_, name)| name.strip_suffix(']'));
        name.is_some_and(|name| [SNAPSHOT, VERSION].contains(&name))
    }

    /// What the resource's name tells of it, if it tells anything.
    pub fn in_name(&self) -> Option<InName> {
        match &*self.name {
            "@Resource[Microsoft.Storage/storageAccounts:name]" => Some(InName::Account),
            "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]" => {
                Some(InName::Container)
            }
            "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path]" => {
                Some(InName::Path)
            }
            "@Resource[Microsoft.Storage/storageAccounts/queueServices/queues:name]" => Some(InName::Queue),
            _ => None,
        }
    }
}

/// The name under which a request says its suboperation.
pub const SUBOPERATION: &str = "@Request[subOperation]";

/// Names are compared without case, but for the key of a tag: "Is key case sensitive: True".
fn fold(name: &str) -> String {
    match name.split_once("<$key_case_sensitive$>").and_then(|(before, _)| before.rsplit_once(':')) {
        Some((head, key)) => format!("{}:{key}<$key_case_sensitive$>", head.to_ascii_lowercase()),
        None => name.to_ascii_lowercase(),
    }
}

impl Test {
    /// The kind of the values that it compares with.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(..) | Self::Guid(_) | Self::Other(..) => Kind::Text,
            Self::Bool(_) => Kind::Boolean,
            Self::Number(..) | Self::ExactInstant(..) => Kind::Number,
            Self::Instant(..) => Kind::Instant,
        }
    }
}

impl Comparison {
    /// Whether sets of patterns over the resource's name and over the attribute can say it. Wildcards inside the name
    /// of an account or a container cannot be told from what follows it; what several wildcards have in common is no
    /// pattern; and what is a part of a name is no text that another attribute could be compared with.
    pub fn can_be_said(&self) -> bool {
        let wild = |test: &Test| match test {
            Test::Text(TextTest::Like, _, text) => text.contains(['*', '?', '\\']),
            Test::Text(TextTest::StartsWith, ..) => true,
            _ => false,
        };
        let inner = |test: &Test| match test {
            Test::Text(TextTest::Like, _, text) => text.trim_end_matches('*').contains(['*', '?', '\\']),
            _ => false,
        };
        let part = self.key.in_name();
        let others = self.others().any(|other| part.is_some() || other.in_name().is_some());
        let named = matches!(part, Some(InName::Account | InName::Container | InName::Queue));
        let common = self.quantifier.is_some_and(|one| one.all_left != one.all_right)
            && self.quantifier.is_some_and(|one| one.all_left == self.negated);
        let several = self.key.kind == Kind::TextSet && common && self.tests.len() > 1;
        !(others || (named && self.tests.iter().any(inner)) || (several && self.tests.iter().any(wild)))
    }

    /// Whether it is documented to fail in a request that lacks the attribute; it is open whether it does otherwise.
    /// `plainly` is false below an odd number of `NOT`s.
    pub fn fails_without_value(&self, plainly: bool) -> bool {
        plainly && self.quantifier.map_or(!self.negated, |one| !one.all_left)
    }

    /// The attributes on the right.
    pub fn others(&self) -> impl Iterator<Item = &Key> {
        self.tests.iter().filter_map(|test| match test {
            Test::Other(_, _, key) => Some(key),
            _ => None,
        })
    }
}

impl Expression {
    /// Calls `visit` for each part that is not understood.
    pub fn for_each_opaque(&self, visit: &mut impl FnMut(&str, Option<Span>)) {
        match self {
            Self::Opaque(part, span) => visit(part, *span),
            Self::Not(inner) => inner.for_each_opaque(visit),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.for_each_opaque(visit)),
            Self::Action(_) | Self::SubOperation(_) | Self::Exists(_) | Self::Compare(_) => {}
        }
    }

    /// Calls `visit` for each attribute that is asked for.
    pub fn for_each_key(&self, visit: &mut impl FnMut(&Key)) {
        match self {
            Self::Exists(key) => visit(key),
            Self::Compare(comparison) => {
                std::iter::once(&comparison.key).chain(comparison.others()).for_each(visit);
            }
            Self::Not(inner) => inner.for_each_key(visit),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.for_each_key(visit)),
            Self::Action(_) | Self::SubOperation(_) | Self::Opaque(..) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_from_the_context() {
        for (source, name, wanted) in [
            ("@request", "microsoft.authorization/ROLEassignments:principalid", Kind::Text),
            ("@Environment", "utcNow", Kind::Text),
            ("@Principal", "Microsoft.Directory/CustomSecurityAttributes/Id:Eng_Level", Kind::Number),
            (
                "@Resource",
                "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:Proj<$key_case_sensitive$>",
                Kind::Text,
            ),
        ] {
            let key = Key::new(source, name, wanted).unwrap();
            assert_eq!(Key::of_context(&key.name), Some(key.clone()), "{key:?}");
        }
        let tag = Key::new("@Resource", "A/blobs/Tags:Proj<$key_case_sensitive$>", Kind::Text).unwrap();
        assert_eq!(&*tag.name, "@Resource[a/blobs/tags:Proj<$key_case_sensitive$>]");
        assert_eq!(Key::new("@Else", "x", Kind::Text), None);
        assert_eq!(Key::of_context("aws:SourceIp"), None);
    }
}
