//! Questions about access, and the concrete requests that answer them.

use std::collections::BTreeMap;

use super::{CloudId, PrincipalId, ResourceId};

/// Who may do what on what? What is left open ranges over everything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// The cloud.
    pub cloud: CloudId,
    /// Who asks.
    pub subject: Subject,
    /// The action in its cloud's spelling, or any.
    pub action: Option<String>,
    /// What it is asked on.
    pub object: Object,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Object {
    /// Any resource, known or not.
    Any,
    /// The resource of that full name, known or not.
    Named(String),
    /// A resource of the estate and what lies inside it: a bucket and its objects.
    Within(ResourceId),
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A principal of the estate.
    Principal(PrincipalId),
    /// Any principal of an account, project or tenant that is not in the estate. Its own side is assumed to allow
    /// everything, because whoever owns it can make it so.
    Outside,
    /// Anybody at all, without credentials.
    Anonymous,
}

/// A complete request, printed the way users write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    /// The cloud.
    pub cloud: CloudId,
    /// The full name of who asks; `*` for somebody without credentials.
    pub principal: String,
    /// The action in its cloud's spelling.
    pub action: String,
    /// The full name of the resource.
    pub resource: String,
    /// Further attributes by the names that policies use for them; a set that is present and empty has no values.
    pub context: BTreeMap<String, Vec<String>>,
}
