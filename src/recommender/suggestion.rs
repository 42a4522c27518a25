//! What the recommender proposes for one principal.

use serde::{Deserialize, Serialize};

use crate::evaluator::{Certainty, Witness};
use crate::model::{CloudId, Origin, PrincipalId};

/// A proposal to replace what a principal holds, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The cloud.
    pub cloud: CloudId,
    /// Whose access.
    pub principal: PrincipalId,
    /// Its full name.
    pub name: String,
    /// The broad grants that would be replaced.
    pub held: Vec<Held>,
    /// What was used of them.
    pub used: Vec<Used>,
    /// What has to stay allowed.
    pub needed: Vec<Needed>,
    /// All that the proof was made for: each recorded use, and what goes with it.
    pub proven_for: Vec<Recorded>,
    /// What would be granted instead; empty when everything held can go.
    pub replacement: Vec<Binding>,
    /// What the replacement allows beyond the need, the most dangerous first.
    pub excess: Vec<Excess>,
    /// The proof.
    pub proof: Proof,
    /// How far the suggestion can be applied without looking.
    pub applicability: Applicability,
    /// Commands that apply it, in an order that never leaves the principal without needed access.
    pub apply: Vec<String>,
    /// Commands that take it back.
    pub rollback: Vec<String>,
    /// What the reader should know: how long was watched, what was assumed.
    pub notes: Vec<String>,
    /// Which engine chose the replacement, and whether the choice is proven to be the best.
    pub chosen_by: String,
}

impl Suggestion {
    /// Whether it proposes anything but to leave all as it is.
    pub fn changes_something(&self) -> bool {
        let same = |held: &Held| {
            let is_it =
                |one: &Binding| one.text.is_none() && one.role == held.what && one.place == held.place;
            self.replacement.iter().any(is_it)
        };
        self.held.len() != self.replacement.len() || !self.held.iter().all(same)
    }
}

/// A grant that the principal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What is granted: a role, a policy.
    pub what: String,
    /// Where: the full name of the scope or resource.
    pub place: String,
    /// How many permissions it holds.
    pub permissions: usize,
    /// Where it is written.
    pub origin: Origin,
}

/// Something that was done, added up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    /// The permission.
    pub action: String,
    /// The narrowest place that a grant can be bound to.
    pub place: String,
    /// On how many different resources there.
    pub resources: usize,
    /// How often.
    pub count: u64,
}

/// An action that was used at a place, resource by resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// The permission.
    pub action: String,
    /// The narrowest place that a grant can be bound to.
    pub on: String,
    /// Whether the proof was first tried for all of the place, not only for the resources.
    pub whole: bool,
    /// What the keys stand for with which it was done, if the principal had read keys of a service.
    #[serde(default)]
    pub with: Option<String>,
    /// What it was used on; nothing for what only goes with something that was used.
    pub uses: Vec<RecordedUse>,
}

/// A resource that something was used on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedUse {
    /// The resource; empty where the log does not tell.
    pub resource: String,
    /// The service that made the calls with the principal's access; empty for calls of its own.
    pub via: String,
    /// How often.
    pub count: u64,
}

/// Something that has to stay allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needed {
    /// The permission.
    pub action: String,
    /// The narrowest place that a grant can be bound to.
    pub place: String,
}

/// A role given at a place, or a policy attached to a principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Binding {
    /// The role, or the name of the policy.
    pub role: String,
    /// The full name of the scope or resource; for a policy, of the principal it is attached to.
    pub place: String,
    /// How many permissions it holds.
    pub permissions: usize,
    /// The text, if it is a policy that was written for this.
    pub text: Option<String>,
    /// Whether that policy becomes one of its own, that others may be given, too.
    pub is_shared: bool,
}

/// A permission that the replacement gives and the need does not ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// The permission.
    pub action: String,
    /// Where.
    pub place: String,
    /// How dangerous it is; 1 for reading, more for what changes data or access.
    pub weight: u64,
}

/// The proof, both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Everything that is needed stays allowed.
    pub keeps: ProofCheck,
    /// Nothing becomes allowed that was not.
    pub narrows: ProofCheck,
    /// The permissions that become allowed and were not, with the place; empty for a pure narrowing.
    pub gained: Vec<Needed>,
    /// The permissions that become allowed and were not, where the principal always could do the same with keys that it
    /// may read.
    pub reached: Vec<Needed>,
    /// How many recorded uses were replayed and are allowed before and after.
    pub replayed: u64,
}

/// One direction of the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofCheck {
    /// Whether it holds. `None` when it was not decided.
    pub holds: Option<bool>,
    /// How sure that is.
    pub certainty: Certainty,
    /// The request that shows that it does not hold.
    pub counterexample: Option<Witness>,
    /// Which engines were asked.
    pub engine: String,
}

/// How far a suggestion can be applied without looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// Proven: all that is needed stays, nothing is gained, nothing was assumed.
    Safe,
    /// All that is needed stays; something is gained, or something was assumed. Needs a look.
    Review,
    /// Not proven.
    Unproven,
}

impl Applicability {
    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Review => "review",
            Self::Unproven => "unproven",
        }
    }
}

impl Proof {
    /// The proof of leaving everything as it is.
    pub(super) fn of_no_change() -> Self {
        let check = || ProofCheck {
            holds: Some(true),
            certainty: Certainty::Proven,
            counterexample: None,
            engine: String::new(),
        };
        Self { keeps: check(), narrows: check(), gained: Vec::new(), reached: Vec::new(), replayed: 0 }
    }

    /// What both directions rest on without having it from the files, in words.
    pub fn assumed(&self) -> Vec<&str> {
        let gaps = self.keeps.certainty.gaps().iter().chain(self.narrows.certainty.gaps());
        let mut all: Vec<&str> = gaps.map(|gap| gap.message.as_str()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What follows from the proof.
    pub fn applicability(&self) -> Applicability {
        let proven = |check: &ProofCheck| check.holds == Some(true);
        if !proven(&self.keeps) {
            return Applicability::Unproven;
        }
        let assumed = !self.keeps.certainty.gaps().is_empty() || !self.narrows.certainty.gaps().is_empty();
        let is_pure = self.gained.is_empty() && self.reached.is_empty();
        if proven(&self.narrows) && is_pure && !assumed {
            Applicability::Safe
        } else if self.narrows.holds.is_some() {
            Applicability::Review
        } else {
            Applicability::Unproven
        }
    }
}
