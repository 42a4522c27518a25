//! A step at one target of an estate: who may come to take it, and the questions that decide.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Gain;
use crate::logic::Formula;
use crate::model::{Gap, Object, Origin, PolicyId, PrincipalId, ResourceId};

/// A step at one target, with everything it rests on. It can happen if all questions have an answer; they need not
/// be answered by the same statements.
#[derive(Clone, Debug)]
pub struct Situation {
    /// What is gained.
    pub gained: Gained,
    /// The questions, in the order of the step's needs, then what has to exist.
    pub asks: Vec<Ask>,
    /// Who comes into question. May hold some that are refused, never lacks one that is not.
    pub candidates: Arc<Candidates>,
    /// What is taken to exist without having been seen.
    pub gaps: Vec<Gap>,
    /// The resource that runs as the target, where the step uses one that is known.
    pub host: Option<ResourceId>,
    /// What it rests on beside the questions.
    pub basis: Vec<Basis>,
}

/// Something written that lets a step happen without any request being allowed by it: a provider of a pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Basis {
    /// Where it stands.
    pub origin: Origin,
    /// The change that takes it away, as words that tell what to do.
    pub remedy: Arc<str>,
}

/// What a situation gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gained {
    /// To act as this principal.
    Become(PrincipalId),
    /// A change of this principal's permissions; of its members' where it is a group.
    Rewrite(PrincipalId, Change),
    /// To put others into this group.
    Join(PrincipalId),
    /// To decide whom this principal lets act as it.
    Admit(PrincipalId),
    /// To decide whom this resource lets in.
    Manage(ResourceId),
}

impl Gained {
    /// The word for it.
    pub fn gain(self) -> Gain {
        match self {
            Self::Become(_) => Gain::Become,
            Self::Rewrite(_, Change::Version(..)) => Gain::Restore,
            Self::Rewrite(..) => Gain::Rewrite,
            Self::Join(_) => Gain::Join,
            Self::Admit(_) | Self::Manage(_) => Gain::Manage,
        }
    }

    /// The principal that it is about, if it is about one.
    pub fn principal(self) -> Option<PrincipalId> {
        match self {
            Self::Become(id) | Self::Rewrite(id, _) | Self::Join(id) | Self::Admit(id) => Some(id),
            Self::Manage(_) => None,
        }
    }
}

/// A change of an estate that asks "what if". One estate serves all principals that are changed in the same way: a
/// question about one of them does not see what was changed for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Everybody holds a further policy of its own that allows everything.
    Allowed,
    /// This policy allows everything, whatever it said before.
    Policy(PolicyId),
    /// This policy says what another version of it says, by its place among those.
    Version(PolicyId, u32),
    /// Whoever can be a member of this group is one.
    Member(PrincipalId),
    /// All principals that others can act as let everybody in.
    Admitted,
}

/// Who may come to take a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// These.
    Only(BTreeSet<PrincipalId>),
    /// Anybody.
    Anybody,
}

impl Candidates {
    /// Whether the principal is among them.
    pub fn have(&self, id: PrincipalId) -> bool {
        match self {
            Self::Only(listed) => listed.contains(&id),
            Self::Anybody => true,
        }
    }

    /// Those who are among both.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Only(mut own), Self::Only(others)) => {
                own.retain(|id| others.contains(id));
                Self::Only(own)
            }
            (Self::Anybody, other) => other.clone(),
            (own, Self::Anybody) => own,
        }
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Only(listed) if listed.is_empty())
    }
}

/// One question of a situation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Who asks.
    pub who: Asker,
    /// The action in its cloud's spelling.
    pub action: Arc<str>,
    /// On what.
    pub on: On,
    /// What else holds for the request.
    pub given: Formula,
}

/// Who asks a question of a situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asker {
    /// Whoever takes the step.
    Taker,
    /// This principal.
    Other(PrincipalId),
}

/// What a question of a situation is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum On {
    /// This.
    Object(Object),
    /// Whoever takes the step.
    Taker,
}
