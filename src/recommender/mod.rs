//! Scoped replacements for broad grants: what is needed, which roles cover it at the least excess, and the proof.
//!
//! Invariant: applicability is computed from the proof, never chosen by an author.

mod candidates;
mod certificate;
mod edits;
mod keys;
mod needed;
mod policies;
mod proof;
mod suggestion;
mod verify;

pub use certificate::{Certificate, Claims, Given, Kind, Replacement, SCHEMA, Sealed, Taken, Unreadable};
pub use edits::{Edits, Left, Patch, edits};
pub use suggestion::{
    Applicability, Binding, Excess, Held, Needed, Proof, ProofCheck, Recorded, RecordedUse, Suggestion, Used,
};
pub use verify::{Verified, verify};

use std::collections::BTreeMap;

use crate::clouds::{self, HeldRole, RoleAt, Roles};
use crate::evaluator::{Bug, Evaluator};
use crate::model::{Estate, Principal, PrincipalId, PrincipalKind, Usage, Use};
use needed::Need;

/// What the recommender was asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only for this principal; for all that appear in the log otherwise.
    pub principal: Option<PrincipalId>,
    /// For how many days use should have been watched; a shorter log gets a note.
    pub days: u32,
}

/// Proposes replacements for the grants of principals whose use was recorded, in the order of the estate.
pub fn recommend(
    evaluator: &Evaluator<'_>,
    usage: &Usage,
    options: &Options,
) -> Result<Vec<Suggestion>, Bug> {
    let by_principal = needed::by_principal(evaluator.estate(), usage);
    let mut suggestions = Vec::new();
    for (id, principal) in evaluator.estate().principals() {
        let chosen = options.principal.is_none_or(|only| only == id);
        if !chosen || matches!(principal.kind, PrincipalKind::Group | PrincipalKind::Public) {
            continue;
        }
        let Some(cloud) = clouds::cloud(principal.cloud) else { continue };
        let uses = by_principal.get(&id).map(Vec::as_slice).unwrap_or_default();
        let case = Case { id, principal, uses, all: &by_principal, usage, options };
        if let Some(roles) = cloud.roles() {
            suggestions.extend(for_roles(evaluator, roles, &case)?);
        } else if let Some(own) = cloud.own_policies() {
            suggestions.extend(policies::suggest(evaluator, own, &case)?);
        }
    }
    Ok(suggestions)
}

/// One principal, and what is known of its use.
struct Case<'a> {
    id: PrincipalId,
    principal: &'a Principal,
    uses: &'a [(&'a Use, u64)],
    all: &'a BTreeMap<PrincipalId, needed::Uses<'a>>,
    usage: &'a Usage,
    options: &'a Options,
}

impl Case<'_> {
    /// Whether somebody asked for this principal by name.
    fn is_asked_for(&self) -> bool {
        self.options.principal == Some(self.id)
    }
}

/// The suggestion for one principal. `None` when nothing is known of its use and nobody asked for it by name: a
/// principal that was never seen may still be needed.
fn for_roles(
    evaluator: &Evaluator<'_>,
    roles: &dyn Roles,
    case: &Case<'_>,
) -> Result<Option<Suggestion>, Bug> {
    let (estate, id, principal) = (evaluator.estate(), case.id, case.principal);
    let (conditional, held): (Vec<HeldRole>, Vec<HeldRole>) =
        roles.held(estate, id).into_iter().partition(|held| held.conditional);
    let split = keys::split(roles, estate, id, case.all);
    let used = used(roles, estate, &split);
    if held.is_empty() || (used.is_empty() && !case.is_asked_for()) {
        return Ok(None);
    }
    let mut notes = needed::notes(case.usage, &used, case.options);
    notes.extend(split.notes);
    notes.extend(conditional.iter().map(|held| {
        format!("`{}` on `{}` holds under a condition and is left alone", held.at.role, held.at.place)
    }));
    let bare = roles.replace(estate, id, &held, &[]);
    let needs = needed::not_covered_without(&bare, principal, &used);
    let pick = match candidates::choose(roles, estate, &held, &needs, evaluator.portfolio()) {
        Ok(pick) => pick,
        Err(reason) => {
            notes.push(format!("no replacement was chosen: {reason}"));
            candidates::Pick::keeping(&held)
        }
    };
    let (remove, add) = difference(&held, &pick.roles);
    let changed = roles.replace(estate, id, &remove, &add);
    let within = |place: &str| roles.within(estate, place);
    let added = candidates::permissions(roles, &add);
    let change = proof::Change {
        changed: &changed,
        used: &used,
        within: &within,
        is_kept_whole: &|_| true,
        added: &added,
    };
    let proof = proof::prove(evaluator, &change, id, principal)?;
    Ok(Some(Suggestion {
        cloud: principal.cloud,
        principal: id,
        name: principal.name.clone(),
        held: held.iter().map(describe_held).collect(),
        used: used.iter().map(Need::summary).collect(),
        needed: needs.iter().map(Need::needed).collect(),
        proven_for: used.iter().map(|need| need.recorded(true)).collect(),
        applicability: proof.applicability(),
        proof,
        apply: commands(roles, &principal.name, &add, &remove),
        rollback: rollback(roles, &principal.name, &add, &remove),
        replacement: pick.roles.iter().map(|at| candidates::describe(roles, &held, at)).collect(),
        excess: pick.excess,
        notes,
        chosen_by: pick.chosen_by,
    }))
}

/// What was used, by the places where roles can be bound.
fn used(roles: &dyn Roles, estate: &Estate, split: &keys::Split<'_>) -> Vec<Need> {
    let needs = |uses: &[(&Use, u64)]| {
        needed::used(uses, |one| vec![one.resource.clone()], |resource| roles.places(estate, resource))
    };
    let with = split.with.iter().flat_map(|(key, uses)| keys::marked(needs(uses), key));
    needs(&split.own).into_iter().chain(with).collect()
}

/// What has to be taken and what has to be given so that exactly `wanted` is held.
fn difference(held: &[HeldRole], wanted: &[RoleAt]) -> (Vec<HeldRole>, Vec<RoleAt>) {
    let remove = held.iter().filter(|held| !wanted.contains(&held.at)).cloned().collect();
    let add = wanted.iter().filter(|at| !held.iter().any(|held| held.at == **at)).cloned().collect();
    (remove, add)
}

/// Gives before it takes, so that needed access is never missing in between.
fn commands(roles: &dyn Roles, principal: &str, add: &[RoleAt], remove: &[HeldRole]) -> Vec<String> {
    let gives = add.iter().map(|at| roles.grant_command(principal, at));
    let takes = remove.iter().map(|held| roles.revoke_command(principal, &held.at));
    gives.chain(takes).collect()
}

/// Takes back in the opposite order.
fn rollback(roles: &dyn Roles, principal: &str, add: &[RoleAt], remove: &[HeldRole]) -> Vec<String> {
    let gives = remove.iter().map(|held| roles.grant_command(principal, &held.at));
    let takes = add.iter().map(|at| roles.revoke_command(principal, at));
    gives.chain(takes).collect()
}

fn describe_held(held: &HeldRole) -> Held {
    Held {
        what: held.at.role.clone(),
        place: held.at.place.clone(),
        permissions: held.permissions.len(),
        origin: held.origin.clone(),
    }
}
