//! What is left of a role that somebody holds, after all that denies, bounds or limits it.
//!
//! Which roles are worth asking about is for others to say.

use std::collections::BTreeSet;

use super::ask::Posed;
use super::{Bug, Certainty, Evaluator, Outcome, RowActions, Standing};
use crate::clouds::{self, Cloud, HeldRole};
use crate::logic::{Attribute, Formula};
use crate::model::{Effect as Effects, Grant, Layer, Layers, Object, PrincipalId, Question, Subject};

/// What is left of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// *Always* where all of it is; *never* where no request is allowed that the role would allow.
    pub standing: Standing,
    /// How many of its permissions some allowed request can use. `None` where that was not decided.
    pub left: Option<usize>,
    /// Whether one of these does more than reading; taken to be so where it was not decided.
    pub changes_things: bool,
}

impl Evaluator<'_> {
    /// What is left of the role for `who`: its holder, or somebody in the group that holds it. Only what this very
    /// role allows counts, so no other role makes up for what was taken.
    pub fn effect(&self, who: PrincipalId, held: &HeldRole) -> Result<Effect, Bug> {
        let Some(cloud) = self.estate().principal(who).and_then(|who| clouds::cloud(who.cloud)) else {
            return Ok(Effect::of(Standing::Never(Certainty::Proven), held));
        };
        // Most roles are in effect at their own place, about which there is far less to ask than about all below it.
        if !held.conditional {
            let here = self.effect_on(cloud, who, held, Object::Named(held.at.place.clone()))?;
            if !matches!(here.standing, Standing::Never(_)) {
                return Ok(here);
            }
        }
        self.effect_on(cloud, who, held, Object::Any)
    }

    fn effect_on(
        &self,
        cloud: &'static dyn Cloud,
        who: PrincipalId,
        held: &HeldRole,
        object: Object,
    ) -> Result<Effect, Bug> {
        let question = Question { cloud: cloud.id(), subject: Subject::Principal(who), action: None, object };
        let grants = cloud.grants(self.estate(), held.policy, held.layer);
        let below = cloud.roles().map(|roles| roles.below(self.estate(), &held.at.place));
        let place = below.map_or(Formula::True, |below| Formula::matches(Attribute::resource(), below));
        let over = |part: fn(&Grant) -> Formula| {
            Formula::any(grants.iter().map(|grant| part(grant))).and(place.clone())
        };
        let meant = over(|grant| grant.actions.clone());
        let given = over(|grant| grant.actions.clone().and(grant.condition.clone()));
        let alone = Posed::of(cloud, self.estate(), self.layers_by(cloud, &question, held));
        let can = self.can_posed(&question, &alone, &given)?;
        let witness = match can.outcome {
            Outcome::Never => return Ok(Effect::of(Standing::Never(can.certainty), held)),
            Outcome::Undecided => return Ok(Effect::of(Standing::undecided(can.certainty), held)),
            Outcome::Sometimes(witness) => witness,
        };
        let lacks = self.lacks(&question, &meant)?;
        let certainty = can.certainty.and(lacks.certainty);
        let refusal = match lacks.outcome {
            Outcome::Never => return Ok(Effect::of(Standing::Always(certainty, witness), held)),
            Outcome::Undecided => return Ok(Effect::of(Standing::undecided(certainty), held)),
            Outcome::Sometimes(refusal) => refusal,
        };
        let mut effect = Effect::of(Standing::Conditionally(certainty, witness, refusal), held);
        if let Some(left) = self.left(&alone, &given)? {
            let dangerous = |name: &String| cloud.roles().is_some_and(|roles| roles.danger(name) > 1);
            effect.changes_things = left.iter().any(dangerous);
            effect.left = Some(left.len());
        }
        Ok(effect)
    }

    /// The layers of a question as they were if the role were all that allows.
    fn layers_by(&self, cloud: &dyn Cloud, question: &Question, held: &HeldRole) -> Layers {
        let mut layers = cloud.layers(self.estate(), question);
        let own = self.estate().policy(held.policy).map(|policy| &policy.origin);
        let gives = |layer: Layer| cloud.roles().is_some_and(|roles| roles.gives(layer));
        for group in layers.groups.iter_mut().filter(|group| gives(group.layer)) {
            group.grants.retain(|grant| grant.effect != Effects::Allow || Some(&grant.origin) == own);
        }
        layers
    }

    /// The permissions that are left.
    fn left(&self, alone: &Posed, given: &Formula) -> Result<Option<BTreeSet<String>>, Bug> {
        let access = self.access_posed(alone, given)?;
        if matches!(access.certainty, Certainty::Undecided(_)) {
            return Ok(None);
        }
        let names = access.rows.into_iter().map(|row| match row.actions {
            RowActions::Named(names) => Some(names),
            RowActions::Matching { .. } => None,
        });
        let names: Option<Vec<Vec<String>>> = names.collect();
        Ok(names.map(|names| names.into_iter().flatten().collect()))
    }
}

impl Effect {
    fn of(standing: Standing, held: &HeldRole) -> Self {
        let left = match standing {
            Standing::Always(..) => Some(held.permissions.len()),
            Standing::Never(_) => Some(0),
            Standing::Conditionally(..) | Standing::Undecided(_) => None,
        };
        Self { standing, left, changes_things: true }
    }
}
