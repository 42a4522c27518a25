//! Where a thing comes from, and what is known to be unknown.

use crate::text::{Route, Span};

/// Where in the user's files a thing stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The bytes; none for what the program itself knows (a provider's managed policy or predefined role).
    pub span: Option<Span>,
    /// The path of keys inside the document, such as `Statement[0]`.
    pub route: Route,
    /// What it is, in words that fit into a sentence: "statement `AllowAll` of policy `deploy`".
    pub what: String,
}

/// Something that is known to be unknown. It travels with every conclusion that rests on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gap {
    /// What kind of knowledge is missing.
    pub kind: GapKind,
    /// What is missing and what was assumed instead, as a sentence without a final period.
    pub message: String,
    /// Where the missing thing is mentioned, if anywhere.
    pub origin: Option<Origin>,
}

/// Kinds of gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GapKind {
    /// A policy that is referred to is not in the input.
    MissingPolicy,
    /// A part of the hierarchy or its policies (organization, folder, group members) is not in the input.
    MissingScope,
    /// A condition could not be read; both outcomes were considered.
    OpaqueCondition,
    /// A value is not known before deployment.
    UnknownValue,
    /// An action, role or permission is in no catalog.
    UnknownAction,
    /// A default of the provider was assumed.
    AssumedDefault,
}
