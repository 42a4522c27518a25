//! Allow policies as typed values: bindings of a role to members, conditions, custom roles.
//!
//! Reading them from documents is `parse`; what they mean is `lower` (for engines) and `decide` (for one request).

use std::sync::Arc;

use super::cel::Part;
use super::pools::Provider;
use crate::model::Gap;
use crate::text::{Located, Route, Span};

/// What a policy of the estate holds as its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// One binding of an allow policy.
    Binding(Binding),
    /// An allow policy without bindings: that it was read tells that no default applies.
    Empty,
    /// A custom role.
    Role(RoleDefinition),
    /// One rule of a deny policy.
    Deny(DenyRule),
    /// A principal access boundary policy.
    Boundary(Boundary),
    /// A binding of a principal access boundary policy to a set of principals.
    BoundaryBinding(BoundaryBinding),
    /// A binding of an access policy of that full name, whose rules are not read.
    AccessBinding(Arc<str>),
    /// A whole allow policy that is looked at alone: its bindings with the ways to them.
    Document(Vec<(Binding, Route)>),
    /// A setting of public access prevention, as it stands where it is set.
    Prevention(bool),
    /// A provider of a workload identity pool.
    Provider(Provider),
    /// A key of a service account that a user has made, and until when it works.
    Key(Option<Arc<str>>),
}

/// A rule of a deny policy: <https://cloud.google.com/iam/docs/deny-overview#deny-rules>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenyRule {
    /// The name of its policy.
    pub policy: Arc<str>,
    /// Who is denied.
    pub principals: Vec<Located<Member>>,
    /// Who is not, although in one of these.
    pub except_principals: Vec<Located<Member>>,
    /// What is denied.
    pub permissions: Vec<Located<Permissions>>,
    /// What is not, although in one of these.
    pub except_permissions: Vec<Located<Permissions>>,
    /// When; always if none.
    pub condition: Option<Condition>,
    /// What is not known about the rule as it was read.
    pub gaps: Vec<Gap>,
}

/// Permissions of a deny rule, in the words of allow policies: `iam.googleapis.com/roles.delete` is
/// `iam.roles.delete`. Where a part is missing, any will do, also one that is yet to come:
/// <https://cloud.google.com/iam/docs/deny-overview#permission-groups>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The service: `iam`.
    pub service: String,
    /// The kind of resource: `roles`.
    pub resource: Option<String>,
    /// The verb: `delete`.
    pub verb: Option<String>,
}

/// A principal access boundary policy: <https://cloud.google.com/iam/docs/principal-access-boundary-policies>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// Its full name.
    pub name: Arc<str>,
    /// The projects, folders and organizations that those who are bound may reach: `projects/p`.
    pub scopes: Vec<Located<Arc<str>>>,
    /// Which permissions it can block; the current default where none is stated.
    pub version: u32,
}

/// A binding of a boundary policy: <https://cloud.google.com/iam/docs/principal-access-boundary-policies-create>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundaryBinding {
    /// The set of principals, as it is written.
    pub principals: Located<Arc<str>>,
    /// The full name of the policy.
    pub policy: Located<Arc<str>>,
    /// When, by type and subject of the principal; always if none.
    pub condition: Option<Condition>,
}

/// A role given to members, perhaps under a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The role as it is written: `roles/editor`, `projects/p/roles/custom`.
    pub role: Located<Arc<str>>,
    /// To whom.
    pub members: Vec<Located<Member>>,
    /// When; always if none.
    pub condition: Option<Condition>,
    /// What is not known about the binding as it was read.
    pub gaps: Vec<Gap>,
}

/// A member of a binding: <https://cloud.google.com/iam/docs/principal-identifiers>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Member {
    /// Anybody, with or without credentials.
    AllUsers,
    /// Anybody with a Google account or a service account, of whatever organization.
    AllAuthenticatedUsers,
    /// `user:` and a mail address in lower case.
    User(String),
    /// `serviceAccount:` and a mail address in lower case.
    ServiceAccount(String),
    /// `group:` and a mail address in lower case.
    Group(String),
    /// `domain:`: every account of a Workspace or Cloud Identity domain.
    Domain(String),
    /// A convenience value: whoever holds a basic role on a project.
    Holders(Basic, String),
    /// `deleted:`: an account that is gone. It grants nothing, also not to a new account of the same name:
    /// <https://cloud.google.com/iam/docs/policies#handle-deleted-members>.
    Deleted(String),
    /// Identities of a pool of workload or workforce identity federation.
    Federated(Federated),
    /// Principals that a project, folder or organization holds: `projects/p`.
    InScope(Held, String),
    /// Anything else, as it is written.
    Other(String),
}

/// Which of the principals that a scope holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// All.
    All,
    /// Service accounts that users have made, and default ones.
    ServiceAccounts,
    /// Accounts by which services of Google act for it.
    ServiceAgents,
}

impl Held {
    /// What follows the scope in an identifier.
    fn suffix(self) -> &'static str {
        match self {
            Self::All => "",
            Self::ServiceAccounts => "/type/ServiceAccount",
            Self::ServiceAgents => "/type/ServiceAgent",
        }
    }

    /// Reads what follows `principalSet://cloudresourcemanager.googleapis.com/`.
    fn read(text: &str) -> Option<(Self, &str)> {
        let kinds = [Self::ServiceAccounts, Self::ServiceAgents, Self::All];
        let split = kinds.into_iter().find_map(|held| Some((held, text.strip_suffix(held.suffix())?)));
        split.filter(|(_, scope)| scope.split('/').count() == 2)
    }
}

/// Identities of a pool: <https://cloud.google.com/iam/docs/principal-identifiers>. Agents of a trust domain are read as
/// ones of a pool that goes by the name of the domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Federated {
    /// The pool: `iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p`.
    pub pool: String,
    /// Which of them.
    pub which: Which,
}

/// Which identities of a pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// The one of this subject.
    Subject(String),
    /// Those in this group.
    Group(String),
    /// Those with this value of an attribute of their token: `attribute.repository`, `kubernetes.cluster`.
    Attribute(String, String),
    /// Those of this namespace of Kubernetes, which their subjects tell.
    Namespace(String),
    /// All of them.
    All,
}

impl Federated {
    /// Reads what follows `principal://` or `principalSet://`.
    fn read(text: &str) -> Option<Self> {
        let pool = pool_of(text)?;
        let rest = text.strip_prefix(pool)?.strip_prefix('/')?;
        let (kind, value) = rest.split_once('/').unwrap_or((rest, ""));
        let which = match (kind, value) {
            ("*", "") => Which::All,
            ("resources", _) if is_of_agents(pool) => Which::Subject(rest.to_owned()),
            (_, "") => return None,
            ("subject", subject) => Which::Subject(subject.to_owned()),
            ("group", group) => Which::Group(group.to_owned()),
            ("namespace", namespace) => Which::Namespace(namespace.to_owned()),
            (CLUSTER | ACCOUNT, value) => Which::Attribute(kind.to_owned(), value.to_owned()),
            (kind, value) => {
                kind.strip_prefix("attribute.").filter(|name| !name.is_empty())?;
                Which::Attribute(kind.to_owned(), value.to_owned())
            }
        };
        Some(Self { pool: pool.to_owned(), which })
    }

    /// The identifier, as policies write it.
    fn name(&self) -> String {
        let pool = &self.pool;
        match &self.which {
            Which::Subject(subject) if is_of_agents(pool) => format!("principal://{pool}/{subject}"),
            Which::Subject(subject) => format!("principal://{pool}/subject/{subject}"),
            Which::Group(group) => format!("principalSet://{pool}/group/{group}"),
            Which::Attribute(name, value) if name == ACCOUNT => format!("principal://{pool}/{name}/{value}"),
            Which::Attribute(name, value) => format!("principalSet://{pool}/{name}/{value}"),
            Which::Namespace(namespace) => format!("principalSet://{pool}/namespace/{namespace}"),
            Which::All => format!("principalSet://{pool}/*"),
        }
    }

    /// How the names of its single identities begin.
    pub fn identities(&self) -> String {
        let pool = &self.pool;
        if is_of_agents(pool) {
            format!("principal://{pool}/")
        } else {
            format!("principal://{pool}/subject/")
        }
    }
}

/// All pods of a cluster, and all of an account of Kubernetes in one, which tokens of pods tell:
/// <https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity>.
const CLUSTER: &str = "kubernetes.cluster";
const ACCOUNT: &str = "kubernetes.serviceaccount.uid";

/// The pool of an identity or a set of them, after `principal://` or `principalSet://`; for agents their trust domain.
pub fn pool_of(text: &str) -> Option<&str> {
    let pools = ["/workloadIdentityPools/", "/workforcePools/"];
    let start = pools.into_iter().find_map(|part| Some(text.find(part)? + part.len()));
    let start = start.or_else(|| is_of_agents(text).then_some(0))?;
    text.get(..start + text.get(start..)?.find('/')?)
}

/// Whether a pool is a trust domain of agents: <https://cloud.google.com/iam/docs/principal-identifiers>.
pub fn is_of_agents(pool: &str) -> bool {
    let domain = pool.split('/').next().unwrap_or_default();
    domain.starts_with("agents.global.") && domain.ends_with(".system.id.goog")
}

/// A basic role: <https://cloud.google.com/iam/docs/roles-overview#basic>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basic {
    /// `roles/owner`
    Owner,
    /// `roles/editor`
    Editor,
    /// `roles/viewer`
    Viewer,
}

impl Basic {
    /// The role's name.
    pub fn role(self) -> &'static str {
        match self {
            Self::Owner => "roles/owner",
            Self::Editor => "roles/editor",
            Self::Viewer => "roles/viewer",
        }
    }

    /// The prefix of the convenience value that stands for its holders, colon included.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Owner => "projectOwner:",
            Self::Editor => "projectEditor:",
            Self::Viewer => "projectViewer:",
        }
    }
}

impl Member {
    /// Reads a member as policies write it. Mail addresses are compared without case, so they are folded here.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if let Some(scope) = text.strip_prefix("principalSet://cloudresourcemanager.googleapis.com/") {
            let held = Held::read(scope).map(|(held, scope)| Self::InScope(held, scope.to_owned()));
            return held.unwrap_or_else(|| Self::Other(text.to_owned()));
        }
        if text == "allUsers" {
            return Self::AllUsers;
        }
        if text == "allAuthenticatedUsers" {
            return Self::AllAuthenticatedUsers;
        }
        if let Some(rest) = text.strip_prefix("principal://").or_else(|| text.strip_prefix("principalSet://"))
        {
            return Self::identifier(rest).unwrap_or_else(|| Self::Other(text.to_owned()));
        }
        let Some((kind, name)) = text.split_once(':') else { return Self::Other(text.to_owned()) };
        let folded = || name.to_ascii_lowercase();
        match kind {
            "user" => Self::User(folded()),
            "serviceAccount" if !name.contains('[') => Self::ServiceAccount(folded()),
            "group" => Self::Group(folded()),
            "domain" => Self::Domain(folded()),
            "projectOwner" => Self::Holders(Basic::Owner, name.to_owned()),
            "projectEditor" => Self::Holders(Basic::Editor, name.to_owned()),
            "projectViewer" => Self::Holders(Basic::Viewer, name.to_owned()),
            "deleted" => Self::Deleted(name.to_owned()),
            _ => Self::Other(text.to_owned()),
        }
    }

    /// Reads an identifier in the form that deny policies and identity pools use:
    /// <https://cloud.google.com/iam/docs/principal-identifiers>.
    fn identifier(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("goog/") {
            return match rest.split_once('/') {
                Some(("subject", mail)) => Some(Self::User(mail.to_ascii_lowercase())),
                Some(("group", mail)) => Some(Self::Group(mail.to_ascii_lowercase())),
                None if rest == "public:all" => Some(Self::AllUsers),
                _ => None,
            };
        }
        let account =
            text.strip_prefix("iam.googleapis.com/").and_then(|rest| rest.split_once("/serviceAccounts/"));
        if let Some((_, mail)) = account {
            return Some(Self::ServiceAccount(mail.to_ascii_lowercase()));
        }
        Federated::read(text).map(Self::Federated)
    }

    /// Whether it stands for everybody, with or without an account.
    pub fn is_public(&self) -> bool {
        matches!(self, Self::AllUsers | Self::AllAuthenticatedUsers)
    }

    /// The member as policies write it; also the name of its principal in the estate.
    pub fn name(&self) -> String {
        match self {
            Self::AllUsers => "allUsers".to_owned(),
            Self::AllAuthenticatedUsers => "allAuthenticatedUsers".to_owned(),
            Self::User(mail) => format!("user:{mail}"),
            Self::ServiceAccount(mail) => format!("serviceAccount:{mail}"),
            Self::Group(mail) => format!("group:{mail}"),
            Self::Domain(domain) => format!("domain:{domain}"),
            Self::Holders(basic, project) => format!("{}{project}", basic.prefix()),
            Self::Deleted(name) => format!("deleted:{name}"),
            Self::Federated(federated) => federated.name(),
            Self::InScope(held, scope) => {
                format!("principalSet://cloudresourcemanager.googleapis.com/{scope}{}", held.suffix())
            }
            Self::Other(text) => text.clone(),
        }
    }
}

/// A condition of a binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its title, empty if it has none.
    pub title: Arc<str>,
    /// The expression as it is written.
    pub source: Located<Arc<str>>,
    /// The expression as far as it can be read.
    pub expression: Expression,
}

/// A condition's expression: the part of CEL that can be decided for all requests at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// `true` or `false`.
    Constant(bool),
    /// `!`
    Not(Box<Expression>),
    /// `&&`
    And(Vec<Expression>),
    /// `||`
    Or(Vec<Expression>),
    /// `condition ? then : otherwise`
    Choice(Box<[Expression; 3]>),
    /// A test of the request.
    Test(Test),
    /// A part that has no value where the condition stands.
    Failing,
    /// A part that is not understood, or that is understood for one request only.
    Opaque(Located<Arc<str>>),
}

/// A test of the request: <https://cloud.google.com/iam/docs/conditions-attribute-reference>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// A comparison of a text.
    Text(Key, Comparison, String),
    /// A comparison of the part of a text that a template takes out.
    Extract(Key, Template, Comparison, String),
    /// A comparison of `request.time`, in microseconds since the Unix epoch.
    Time(Order, i64),
    /// A comparison of `destination.port`.
    Port(Order, i64),
    /// The part of `request.time` in a time zone is one of these numbers.
    Calendar(Part, String, Vec<i64>),
    /// The set holds the text.
    Holds(SetKey, String),
    /// The set holds nothing else than these: `hasOnly`.
    HoldsOnly(SetKey, Vec<String>),
    /// The resource has the tag key, with this value if one is named.
    Tag(TagKey, Option<String>),
}

/// A template of `extract`: `before{name}after`. It takes out what stands between the first place of `before` and the
/// first place of `after` behind it, up to the end if that is empty, and nothing if there is no such place:
/// <https://cloud.google.com/iam/docs/conditions-attribute-reference#extract>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// What stands before.
    pub before: String,
    /// What stands behind.
    pub after: String,
}

/// A text that conditions ask for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `resource.name`
    Name,
    /// `resource.type`
    Type,
    /// `resource.service`
    Service,
    /// `api.getAttribute(name, default)` of a text.
    Api(String, String),
    /// A text that only some requests carry: `request.path`, `request.host`, `destination.ip`.
    Carried(&'static str),
    /// `principal.type`, in bindings of principal access boundary policies.
    PrincipalType,
    /// `principal.subject`, in bindings of principal access boundary policies.
    PrincipalSubject,
}

/// A set of texts that conditions ask for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetKey {
    /// `request.auth.access_levels`
    AccessLevels,
    /// `api.getAttribute(name, default)` of a list.
    Api(String, Vec<String>),
}

/// A tag key: <https://cloud.google.com/iam/docs/tags-access-control>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TagKey {
    /// By its namespaced name: `123456789012/env`; values by their short name.
    Name(String),
    /// By its id: `tagKeys/123`; values by theirs.
    Id(String),
}

/// How a text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `==`
    Equals,
    /// `.startsWith(…)`
    StartsWith,
    /// `.endsWith(…)`
    EndsWith,
    /// `.contains(…)`
    Contains,
    /// It has at least so many characters, whatever the text: what `size` is compared with comes down to this.
    AtLeast(usize),
}

/// How a time or a number is compared: what the request says stands on the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// `<`
    Before,
    /// `<=`
    NotAfter,
    /// `==`
    At,
    /// `>=`
    NotBefore,
    /// `>`
    After,
}

impl Expression {
    /// Calls `visit` for each test and each part that is not understood.
    pub fn for_each(&self, visit: &mut impl FnMut(Leaf<'_>)) {
        match self {
            Self::Constant(_) | Self::Failing => {}
            Self::Opaque(part) => visit(Leaf::Opaque(part)),
            Self::Test(test) => visit(Leaf::Test(test)),
            Self::Not(inner) => inner.for_each(visit),
            Self::Choice(parts) => parts.iter().for_each(|part| part.for_each(visit)),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.for_each(visit)),
        }
    }

    /// The expression where only some tests have a value.
    #[must_use]
    pub fn knowing(&self, known: &impl Fn(&Test) -> bool) -> Self {
        let all = |parts: &[Self]| parts.iter().map(|part| part.knowing(known)).collect();
        match self {
            Self::Test(test) if !known(test) => Self::Failing,
            Self::Not(inner) => Self::Not(Box::new(inner.knowing(known))),
            Self::And(parts) => Self::And(all(parts)),
            Self::Or(parts) => Self::Or(all(parts)),
            Self::Choice(parts) => Self::Choice(Box::new(parts.each_ref().map(|part| part.knowing(known)))),
            Self::Constant(_) | Self::Test(_) | Self::Failing | Self::Opaque(_) => self.clone(),
        }
    }
}

/// What an expression is made of.
#[derive(Clone, Copy, Debug)]
pub enum Leaf<'a> {
    /// A test.
    Test(&'a Test),
    /// A part that is not understood.
    Opaque(&'a Located<Arc<str>>),
}

/// A custom role: <https://cloud.google.com/iam/docs/reference/rest/v1/organizations.roles>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDefinition {
    /// Its full name: `projects/p/roles/uploader`.
    pub name: Arc<str>,
    /// Its permissions, sorted. Empty for a role that is deleted or disabled.
    pub permissions: Vec<Arc<str>>,
    /// Where it stands.
    pub span: Span,
}
