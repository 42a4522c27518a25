//! What policies say, as formulas: grants, and the layers of a decision they take part in.

use std::sync::{Arc, OnceLock};

use super::{Gap, Origin};
use crate::logic::{Assignment, Formula};

/// A layer of a cloud's decision: identity policies, boundaries, resource policies, deny policies. Each cloud names
/// its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer {
    name: &'static str,
    ceiling: bool,
}

impl Layer {
    /// A layer that can allow. Called where a cloud defines its layers.
    pub const fn new(name: &'static str) -> Self {
        Self { name, ceiling: false }
    }

    /// A layer that allows nothing by itself and only bounds what others allow.
    pub const fn ceiling(name: &'static str) -> Self {
        Self { name, ceiling: true }
    }

    /// The name, as it stands in reports: `identity`, `permission boundary`.
    pub fn as_str(self) -> &'static str {
        self.name
    }

    /// Whether it only bounds what others allow.
    pub fn is_ceiling(self) -> bool {
        self.ceiling
    }
}

/// Whether a grant gives or takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It gives.
    Allow,
    /// It takes, whatever others give.
    Deny,
}

/// One rule of a policy: for whom, which actions, on which resources, when.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Whether it gives or takes.
    pub effect: Effect,
    /// For whom; `True` where the policy is attached to the principal itself.
    pub who: Formula,
    /// Which actions.
    pub actions: Formula,
    /// On which resources.
    pub resources: Formula,
    /// When.
    pub condition: Formula,
    /// Where the rule stands.
    pub origin: Origin,
    /// What is not known about it.
    pub gaps: Vec<Gap>,
}

impl Grant {
    /// The requests it applies to.
    pub fn formula(&self) -> Formula {
        Formula::all([self.who.clone(), self.actions.clone(), self.resources.clone(), self.condition.clone()])
    }
}

/// The grants of one layer that apply under the same circumstances.
#[derive(Clone, Debug)]
pub struct LayerGroup {
    /// The layer.
    pub layer: Layer,
    /// For which requests these grants are consulted at all: those on the resource they are attached to, say.
    pub applies: Formula,
    /// The grants.
    pub grants: Vec<Arc<Grant>>,
    /// The requests that are consulted and allowed, or denied, once somebody asked.
    consulted: [OnceLock<Formula>; 2],
}

impl LayerGroup {
    /// A group of grants.
    pub fn new(layer: Layer, applies: Formula, grants: Vec<Arc<Grant>>) -> Self {
        Self { layer, applies, grants, consulted: Default::default() }
    }

    /// The requests that the group is consulted for and that some grant of this effect applies to. Worked out once: a
    /// copy of a group that many questions share knows it already.
    pub fn consulted(&self, effect: Effect) -> Formula {
        let [allowed, denied] = &self.consulted;
        let place = if effect == Effect::Allow { allowed } else { denied };
        place.get_or_init(|| self.applies.clone().and(self.effect(effect))).clone()
    }

    /// The requests that some grant of this effect applies to, whether or not the group is consulted.
    pub fn effect(&self, effect: Effect) -> Formula {
        Formula::any(self.grants.iter().filter(|grant| grant.effect == effect).map(|grant| grant.formula()))
    }
}

/// All that decides one question.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The groups, in the order in which the cloud looks at them.
    pub groups: Vec<LayerGroup>,
    /// What is known of every request of the question: the principal, facts about it.
    pub known: Assignment,
    /// What holds for every possible request: the account number inside an ARN is the owner's, and the like.
    pub facts: Formula,
    /// What is not known and bears on every answer.
    pub gaps: Vec<Gap>,
}
