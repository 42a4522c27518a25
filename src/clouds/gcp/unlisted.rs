//! Kinds of policies that only take access away, and of which no file says anything. None are taken to apply, which is
//! said once for all answers: no single answer tells more about it than another.
//!
//! As soon as one file of a kind is read, what the files hold is taken for all that there is.

use std::sync::Arc;

use super::ALLOW;
use super::ast::Body;
use super::names::CLOUD;
use crate::model::{Estate, Gap, GapKind, Origin, Policy};

/// A kind of policies that take access away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Deny policies.
    Deny,
    /// Principal access boundaries: the bindings that apply them.
    Boundary,
}

impl Kind {
    /// How they are called in sentences.
    fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny policies",
            Self::Boundary => "principal access boundaries",
        }
    }

    fn is_listed(self, estate: &Estate) -> bool {
        estate.find_policy(CLOUD, self.name()).is_some()
    }
}

/// Notes that a file says which policies of that kind there are, possibly none.
pub fn listed(estate: &mut Estate, kind: Kind) {
    if kind.is_listed(estate) {
        return;
    }
    let name = kind.name();
    let body = Arc::new(Body::Empty);
    let policy = Policy { cloud: CLOUD, name: name.to_owned(), body, origin: Origin::default() };
    let policy = estate.add_policy(policy);
    estate.name_policy(CLOUD, name, policy);
}

/// Says which kinds are missing, if anything of this cloud gives access.
pub fn note(estate: &mut Estate) {
    let missing: Vec<&str> = [Kind::Deny, Kind::Boundary]
        .iter()
        .filter(|kind| !kind.is_listed(estate))
        .map(|kind| kind.name())
        .collect();
    if missing.is_empty() || estate.attached_as(ALLOW).next().is_none() {
        return;
    }
    let message =
        format!("{} of Google Cloud are not in the input; none were taken to apply", missing.join(" and "));
    estate.add_gap(Gap { kind: GapKind::MissingPolicy, message, origin: None });
}
