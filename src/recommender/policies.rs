//! Suggestions for clouds in which principals have policies of their own: a policy that is written from what was used.
//!
//! Small things of which there are many are granted by a pattern first. Where that would give more than was held, the
//! things themselves are granted.

use std::collections::{BTreeMap, BTreeSet};

use super::needed::{self, Need};
use super::proof::{self, Change};
use super::{Applicability, Binding, Case, Held, Proof, Recorded, Suggestion};
use crate::clouds::Place;
use crate::clouds::own_policies::{Access, HeldPolicy, NewPolicies, OwnPolicies, Whereto};
use crate::evaluator::{Bug, Evaluator};
use crate::logic::{Attribute, Formula};
use crate::model::{Estate, Use};

/// So many things at one place are granted one by one; more, by the place.
const ONE_BY_ONE: usize = 3;

/// What would be done, with its proof.
struct Plan {
    new: NewPolicies,
    proof: Proof,
    /// The most things at a place that are granted one by one.
    one_by_one: usize,
    /// What the proof was made for.
    proven_for: Vec<Recorded>,
}

/// The suggestion for one principal. `None` when nothing is known of its use and nobody asked for it by name, or when
/// it holds just that already.
pub(super) fn suggest(
    evaluator: &Evaluator<'_>,
    own: &dyn OwnPolicies,
    case: &Case<'_>,
) -> Result<Option<Suggestion>, Bug> {
    let (estate, principal) = (evaluator.estate(), case.principal);
    let held = own.held(estate, case.id);
    let used = used(own, estate, case.uses);
    if held.is_empty() || (used.is_empty() && !case.is_asked_for()) {
        return Ok(None);
    }
    let mut notes = needed::notes(case.usage, &used, case.options);
    let bare = own.replace(estate, case.id, &held, &[]);
    let mut needs = needed::not_covered_without(&bare, principal, &used);
    let (also, unplaced) = also_needed(own, &used);
    needs.extend(also);
    let plan = match own.fixed(principal) {
        Some(reason) => Err(reason.to_owned()),
        None => plan(evaluator, own, case, &held, &needs, &used)?,
    };
    let plan = match plan {
        Ok(plan) if plan.new.is_held_already => return Ok(None),
        Ok(plan) => plan,
        Err(reason) => {
            notes.push(format!("no replacement was written: {reason}"));
            return Ok(case.is_asked_for().then(|| unchanged(case, &held, &used, notes)));
        }
    };
    needs.retain(|need| !plan.new.not_allowed.contains(&need.action));
    notes.extend(remarks(&needs, &used, &plan, &unplaced));
    let new = &plan.new.policies;
    let (apply, rollback) = own.commands(principal, &held, new);
    let bindings = new.iter().map(|one| Binding {
        role: one.name.clone(),
        place: principal.name.clone(),
        permissions: one.permissions,
        text: Some(one.text.clone()),
        is_shared: one.is_shared,
    });
    Ok(Some(Suggestion {
        replacement: bindings.collect(),
        needed: needs.iter().map(Need::needed).collect(),
        applicability: plan.proof.applicability(),
        proof: plan.proof,
        proven_for: plan.proven_for,
        apply,
        rollback,
        ..unchanged(case, &held, &used, notes)
    }))
}

/// What was used, where things that are many are added up.
pub(super) fn used(own: &dyn OwnPolicies, estate: &Estate, uses: &[(&Use, u64)]) -> Vec<Need> {
    let place = |resource: &str| vec![Place { name: own.place(resource), breadth: 1 }];
    needed::used(uses, |one| own.resources(estate, &one.action, &one.resource), place)
}

/// All that the proof is made for: what was used, and what that needs beside itself.
pub(super) fn kept(own: &dyn OwnPolicies, used: &[Need]) -> Vec<Need> {
    used.iter().cloned().chain(also_needed(own, used).0).collect()
}

/// The most general replacement that is proven, or else the last that was tried. The inner error says why there is none.
fn plan(
    evaluator: &Evaluator<'_>,
    own: &dyn OwnPolicies,
    case: &Case<'_>,
    held: &[HeldPolicy],
    needs: &[Need],
    used: &[Need],
) -> Result<Result<Plan, String>, Bug> {
    let estate = evaluator.estate();
    let mut last = Err(String::new());
    for one_by_one in [ONE_BY_ONE, usize::MAX] {
        let new = match own.write(estate, case.id, held, &accesses(needs, one_by_one)) {
            Ok(new) => new,
            // What was general and is not proven is still better than what cannot be written.
            Err(_) if last.is_ok() => break,
            Err(reason) => {
                last = Err(reason);
                continue;
            }
        };
        let changed = own.replace(estate, case.id, held, &new.policies);
        let within = |place: &str| Formula::matches(Attribute::resource(), own.below(place));
        let kept = kept(own, used);
        let is_kept_whole = |need: &Need| need.resources().len() > one_by_one;
        let change = Change {
            changed: &changed,
            used: &kept,
            within: &within,
            is_kept_whole: &is_kept_whole,
            added: &[],
        };
        let proof = proof::prove(evaluator, &change, case.id, case.principal)?;
        let is_proven = proof.applicability() != Applicability::Unproven && proof.narrows.holds == Some(true);
        let proven_for = kept.iter().map(|need| need.recorded(is_kept_whole(need))).collect();
        last = Ok(Plan { new, proof, one_by_one, proven_for });
        if is_proven {
            break;
        }
    }
    Ok(last)
}

/// What has to be allowed, things that are many by their place.
fn accesses(needs: &[Need], one_by_one: usize) -> Vec<Access> {
    let mut by_action: BTreeMap<&str, Option<BTreeSet<Whereto>>> = BTreeMap::new();
    for need in needs {
        let on = by_action.entry(&need.action).or_insert_with(|| Some(BTreeSet::new()));
        if need.is_vague() {
            // What is granted wherever it was held covers all the rest.
            *on = None;
        }
        let Some(on) = on else { continue };
        on.extend(whereto(need, one_by_one));
    }
    let access = |(action, on): (&str, Option<BTreeSet<Whereto>>)| Access {
        action: action.to_owned(),
        on: on.into_iter().flatten().collect(),
    };
    by_action.into_iter().map(access).collect()
}

fn whereto(need: &Need, one_by_one: usize) -> Vec<Whereto> {
    let resources = need.resources();
    if resources.is_empty() {
        return vec![Whereto::Exactly(need.place().to_owned())];
    }
    let is_many = resources.len() > one_by_one;
    let names = resources.into_iter().map(str::to_owned);
    if is_many {
        return vec![Whereto::Pattern(need.place().to_owned(), names.collect())];
    }
    names.map(Whereto::Exactly).collect()
}

/// What the used actions need beside themselves and was not used itself, and those of it of which the place is not known.
fn also_needed(own: &dyn OwnPolicies, used: &[Need]) -> (Vec<Need>, BTreeSet<(String, String)>) {
    let seen: BTreeSet<&str> = used.iter().map(|need| need.action.as_str()).collect();
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    let mut unplaced = BTreeSet::new();
    for need in used {
        for resource in need.resources() {
            for (action, place) in own.also_needed(&need.action, resource) {
                match place {
                    _ if seen.contains(action.as_str()) => {}
                    Some(place) => {
                        found.insert((action, place));
                    }
                    None => {
                        unplaced.insert((need.action.clone(), action));
                    }
                }
            }
        }
    }
    let need = |(action, name): (String, String)| Need {
        action,
        places: vec![Place { name, breadth: 1 }],
        spots: BTreeMap::new(),
        with: None,
    };
    (found.into_iter().map(need).collect(), unplaced)
}

/// What the reader should know of the choice.
fn remarks(needs: &[Need], used: &[Need], plan: &Plan, unplaced: &BTreeSet<(String, String)>) -> Vec<String> {
    let mut notes = Vec::new();
    let is_written = |need: &&Need| plan.new.policies.iter().any(|one| one.text.contains(need.place()));
    let general = needs.iter().filter(|need| !need.is_vague() && need.resources().len() > plan.one_by_one);
    let general = general.filter(is_written);
    notes.extend(general.map(|need| {
        format!(
            "`{}` was used on {} resources and is granted on `{}`",
            need.action,
            need.resources().len(),
            need.place()
        )
    }));
    let vague: BTreeSet<&str> =
        needs.iter().filter(|need| need.is_vague()).map(|need| need.action.as_str()).collect();
    notes.extend(vague.into_iter().map(|action| {
        format!(
            "the log does not tell on which resources `{action}` was used: it stays allowed wherever it was"
        )
    }));
    let uses: u64 = used.iter().flat_map(|need| need.spots.values()).sum();
    if plan.proof.replayed < uses {
        notes.push(format!(
            "{} of {uses} recorded uses were not replayed: the log does not tell the resource, or the files do not allow them with what it tells",
            uses - plan.proof.replayed
        ));
    }
    let recorded: BTreeSet<&str> = used.iter().map(|need| need.action.as_str()).collect();
    let refused = plan.new.not_allowed.iter().filter(|action| recorded.contains(action.as_str()));
    notes.extend(refused.map(|action| {
        format!("the log shows use of `{action}`, which no policy that is replaced allows there: the files and the log are of different times, or something is missing")
    }));
    notes.extend(unplaced.iter().map(|(action, needed)| {
        format!("`{action}` may also take `{needed}`, of which the log shows no use: it is not granted")
    }));
    notes
}

/// The suggestion to leave everything as it is.
fn unchanged(case: &Case<'_>, held: &[HeldPolicy], used: &[Need], notes: Vec<String>) -> Suggestion {
    let held = held.iter().map(|one| Held {
        what: one.name.clone(),
        place: case.principal.name.clone(),
        permissions: one.permissions,
        origin: one.origin.clone(),
    });
    let held: Vec<Held> = held.collect();
    let keep = held.iter().map(|one| Binding {
        role: one.what.clone(),
        place: one.place.clone(),
        permissions: one.permissions,
        text: None,
        is_shared: false,
    });
    let proof = Proof::of_no_change();
    Suggestion {
        cloud: case.principal.cloud,
        principal: case.id,
        name: case.principal.name.clone(),
        used: used.iter().map(Need::summary).collect(),
        needed: used.iter().map(Need::needed).collect(),
        replacement: keep.collect(),
        held,
        proven_for: Vec::new(),
        excess: Vec::new(),
        applicability: proof.applicability(),
        proof,
        apply: Vec::new(),
        rollback: Vec::new(),
        notes,
        chosen_by: String::new(),
    }
}
