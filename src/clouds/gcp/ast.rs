//! Allow policies as typed values: bindings of a role to members, conditions, custom roles.
//!
//! Reading them from documents is `parse`; what they mean is `lower` (for engines) and `decide` (for one request).

use std::sync::Arc;

use crate::model::Gap;
use crate::text::{Located, Span};

/// What a policy of the estate holds as its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// One binding of an allow policy.
    Binding(Binding),
    /// An allow policy without bindings: that it was read tells that no default applies.
    Empty,
    /// A custom role.
    Role(RoleDefinition),
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
    /// Anything else, as it is written: principal sets of identity pools and the like.
    Other(String),
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
        if text == "allUsers" {
            return Self::AllUsers;
        }
        if text == "allAuthenticatedUsers" {
            return Self::AllAuthenticatedUsers;
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

/// A condition's expression: the part of CEL that can be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// `true` or `false`.
    Constant(bool),
    /// `!`
    Not(Box<Expression>),
    /// `&&`
    And(Box<Expression>, Box<Expression>),
    /// `||`
    Or(Box<Expression>, Box<Expression>),
    /// A comparison of a text of the request.
    Text(Key, Comparison, String),
    /// A comparison of `request.time`, in microseconds since the Unix epoch.
    Time(Order, i64),
    /// A part that is not understood.
    Opaque(Located<Arc<str>>),
}

/// A text that conditions ask for:
/// <https://cloud.google.com/iam/docs/conditions-attribute-reference#resource>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// `resource.name`
    Name,
    /// `resource.type`
    Type,
    /// `resource.service`
    Service,
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
}

/// How a time is compared: `request.time` stands on the left.
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
    /// Calls `visit` for each part that is not understood.
    pub fn for_each_opaque(&self, visit: &mut impl FnMut(&Located<Arc<str>>)) {
        match self {
            Self::Opaque(part) => visit(part),
            Self::Not(inner) => inner.for_each_opaque(visit),
            Self::And(left, right) | Self::Or(left, right) => {
                left.for_each_opaque(visit);
                right.for_each_opaque(visit);
            }
            Self::Constant(_) | Self::Text(..) | Self::Time(..) => {}
        }
    }
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
