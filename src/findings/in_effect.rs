//! What the rules about roles that span all services share: whether such a role is in effect for somebody, what is left
//! of it, and how a finding says so. Whom a rule is about, and how bad it is, are its own words.

use super::{Context, Related};
use crate::clouds::HeldRole;
use crate::evaluator::{Bug, Certainty, Effect, Left, Witness};
use crate::model::PrincipalId;

/// A role that is in effect, or of which it was not decided.
pub(super) struct InEffect {
    /// For whom: the holder, or somebody in the group that holds it.
    pub(super) who: PrincipalId,
    /// What is left of it.
    effect: Effect,
    /// How many permissions it has.
    all: usize,
}

/// The role for `who`; `None` if nothing is left of it.
pub(super) fn for_one(
    context: &Context<'_>,
    who: PrincipalId,
    held: &HeldRole,
) -> Result<Option<InEffect>, Bug> {
    let effect = context.evaluator.effect(who, held)?;
    Ok(effect.map(|effect| InEffect { who, effect, all: held.permissions.len() }))
}

/// The role for its holder, or for the first member of it for whom something is left: denies may except some members of
/// a group.
pub(super) fn for_any(
    context: &Context<'_>,
    holder: PrincipalId,
    held: &HeldRole,
) -> Result<Option<InEffect>, Bug> {
    let (mut known, mut open) = (vec![holder], vec![holder]);
    while let Some(who) = open.pop() {
        if let Some(found) = for_one(context, who, held)? {
            return Ok(Some(found));
        }
        let members = context.estate.members_of(who).map(|one| one.member);
        let new: Vec<PrincipalId> = members.filter(|member| !known.contains(member)).collect();
        known.extend(&new);
        open.extend(new.into_iter().rev());
    }
    Ok(None)
}

impl InEffect {
    /// Whether what is left does more than reading.
    pub(super) fn changes_things(&self) -> bool {
        self.effect.changes_things
    }

    /// How sure it is.
    pub(super) fn certainty(&self) -> Certainty {
        self.effect.certainty.clone()
    }

    /// A request that the role allows.
    pub(super) fn witness(&self) -> Option<Witness> {
        self.effect.witness.as_deref().cloned()
    }

    /// What takes from the role, as in the request that is refused.
    pub(super) fn related(&self) -> Vec<Related> {
        let decision = self.effect.refusal.as_deref().map(|refusal| &refusal.decision);
        let stops =
            decision.into_iter().flat_map(|decision| decision.because.iter().chain(&decision.blocked_by));
        let mut related: Vec<Related> = stops
            .map(|reason| Related {
                message: format!("{} takes something from it", reason.origin.what),
                origin: reason.origin.clone(),
            })
            .collect();
        related.dedup();
        related
    }

    /// The end of a sentence: what is left of the role; nothing where all of it is.
    pub(super) fn limits(&self) -> String {
        match self.effect.left {
            Left::All => String::new(),
            Left::Undecided => ", and whether anything is left of it was not decided".to_owned(),
            Left::Some(Some(left)) if left < self.all => {
                format!(", of which {left} of {} permissions are left", self.all)
            }
            Left::Some(_) => ", under some conditions".to_owned(),
        }
    }
}
