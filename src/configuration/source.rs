//! Where a part of the configuration comes from, and what that means for its places.

use crate::guardrails::Name;
use crate::model::Origin;
use crate::text::Span;

/// Where a part comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// From files of the team.
    Own,
    /// From a pack that the program ships, by name.
    Pack(&'static str),
}

impl Source {
    /// The place of something. What the program ships lies in no file of the user's.
    pub(super) fn origin(self, span: Span, what: String) -> Origin {
        match self {
            Self::Own => Origin { span: Some(span), what, ..Origin::default() },
            Self::Pack(name) => Origin { what: format!("{what} of the pack `{name}`"), ..Origin::default() },
        }
    }

    /// Names with their places.
    pub(super) fn names(self, names: Vec<Name>) -> Vec<Name> {
        match self {
            Self::Own => names,
            Self::Pack(_) => names
                .into_iter()
                .map(|name| Name { origin: Origin { span: None, ..name.origin }, ..name })
                .collect(),
        }
    }
}
