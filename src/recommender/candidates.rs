//! Which roles at which places cover the need at the least excess: the question for the solver, and its answer.
//!
//! The excess is what a role gives at a place beyond what is needed there, weighed by how dangerous it is and how much
//! lies below the place. Fewest permissions alone would pick roles that providers made for something else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::needed::Need;
use super::{Binding, Excess, Needed};
use crate::clouds::{HeldRole, Place, RoleAt, Roles};
use crate::model::Estate;
use crate::solver::{Choice, EngineSelection, Portfolio, Price, Reason, choose as solve};

/// What a role that was made for another service costs, once: it changes with that service, and reads oddly.
const FOREIGN_ROLE: u64 = 150;

/// The chosen roles.
pub(super) struct Pick {
    /// The roles at their places, sorted.
    pub(super) roles: Vec<RoleAt>,
    /// What they give beyond the need, the most dangerous first.
    pub(super) excess: Vec<Excess>,
    /// Who chose.
    pub(super) chosen_by: String,
}

impl Pick {
    /// Keeps all that is held.
    pub(super) fn keeping(held: &[HeldRole]) -> Self {
        let roles = held.iter().map(|held| held.at.clone()).collect();
        Self { roles, excess: Vec::new(), chosen_by: "nobody".to_owned() }
    }
}

/// One option of the choice.
struct Candidate {
    at: RoleAt,
    service: Option<Arc<str>>,
    breadth: u64,
    permissions: Vec<Arc<str>>,
    is_held: bool,
}

/// Chooses the roles that cover `needs`. The error says, for people, why there is none.
pub(super) fn choose(
    roles: &dyn Roles,
    estate: &Estate,
    held: &[HeldRole],
    needs: &[Need],
    portfolio: &Portfolio,
) -> Result<Pick, String> {
    if needs.is_empty() {
        return Ok(Pick { roles: Vec::new(), excess: Vec::new(), chosen_by: "nothing is needed".to_owned() });
    }
    let candidates = candidates(roles, estate, held, needs);
    let covers: Vec<Vec<usize>> = needs.iter().map(|need| covering(&candidates, need)).collect();
    if let Some((need, _)) = needs.iter().zip(&covers).find(|(_, options)| options.is_empty()) {
        return Err(format!("no role that may be proposed holds `{}` at `{}`", need.action, need.place()));
    }
    let choice = Choice {
        options: candidates.iter().map(|candidate| if candidate.is_held { 1 } else { 2 }).collect(),
        prices: prices(roles, &candidates, needs),
        needs: covers,
    };
    let selection =
        solve(&choice, every_engine(), portfolio.budget).map_err(|reason| why(reason).to_owned())?;
    let chosen: Vec<&Candidate> =
        selection.options.iter().filter_map(|index| candidates.get(*index)).collect();
    let mut picked: Vec<RoleAt> = chosen.iter().map(|candidate| candidate.at.clone()).collect();
    picked.sort();
    let quality =
        if selection.optimal { "proven to be the least excess" } else { "not proven to be the least excess" };
    Ok(Pick {
        roles: picked,
        excess: excess(roles, &chosen, needs),
        chosen_by: format!("{} out of {} candidates, {quality}", selection.engine, candidates.len()),
    })
}

/// What is proposed is checked by every engine there is, whatever the user chose for the rest.
pub(super) fn every_engine() -> EngineSelection {
    if cfg!(feature = "z3") { EngineSelection::Both } else { EngineSelection::Native }
}

fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::Budget => "the choice was not finished within the budget of steps; raise it with `--budget`",
        Reason::Fragment | Reason::Engine => "no available engine could make the choice",
    }
}

/// Every role of the catalog that holds a needed permission, at every place where that counts, and what is held.
fn candidates(roles: &dyn Roles, estate: &Estate, held: &[HeldRole], needs: &[Need]) -> Vec<Candidate> {
    let catalog = roles.catalog();
    let needed: BTreeSet<&str> = needs.iter().map(|need| need.action.as_str()).collect();
    let places: BTreeSet<&Place> = needs.iter().flat_map(|need| &need.places).collect();
    let mut found = Vec::new();
    for role in &catalog.roles {
        let permissions: Vec<Arc<str>> = role
            .permissions
            .iter()
            .filter_map(|index| catalog.permissions.get(*index as usize).cloned())
            .collect();
        if !permissions.iter().any(|permission| needed.contains(&**permission)) {
            continue;
        }
        for place in &places {
            let at = RoleAt { role: role.name.to_string(), place: place.name.clone() };
            let is_held = held.iter().any(|held| held.at == at);
            let (service, permissions) = (Some(role.service.clone()), permissions.clone());
            found.push(Candidate { at, service, breadth: place.breadth, permissions, is_held });
        }
    }
    let unlisted: Vec<&HeldRole> =
        held.iter().filter(|held| !found.iter().any(|candidate| candidate.at == held.at)).collect();
    for held in unlisted {
        let breadth = roles.places(estate, &held.at.place).first().map_or(1, |place| place.breadth);
        let (at, permissions) = (held.at.clone(), held.permissions.to_vec());
        found.push(Candidate { at, service: None, breadth, permissions, is_held: true });
    }
    found
}

fn covering(candidates: &[Candidate], need: &Need) -> Vec<usize> {
    let covers = |candidate: &Candidate| {
        need.places.iter().any(|place| place.name == candidate.at.place)
            && candidate.permissions.iter().any(|permission| **permission == *need.action)
    };
    (0..).zip(candidates).filter(|(_, candidate)| covers(candidate)).map(|(index, _)| index).collect()
}

/// What is needed, with the narrowest place for it. The same permission at a wider place is excess.
fn wanted(needs: &[Need]) -> BTreeSet<(&str, &str)> {
    needs.iter().map(|need| (need.action.as_str(), need.place())).collect()
}

/// One price for each permission at each place that is not needed there, paid once by whoever brings it, and one for
/// each role that was made for a service of which nothing is needed.
fn prices(roles: &dyn Roles, candidates: &[Candidate], needs: &[Need]) -> Vec<Price> {
    let wanted = wanted(needs);
    let services: BTreeSet<String> = needs.iter().map(|need| roles.service(&need.action)).collect();
    let mut payers: BTreeMap<(&str, &str), (u64, Vec<usize>)> = BTreeMap::new();
    let mut prices = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        for permission in &candidate.permissions {
            if wanted.contains(&(&**permission, candidate.at.place.as_str())) {
                continue;
            }
            let weight = roles.danger(permission).saturating_mul(candidate.breadth);
            let entry = payers.entry((permission, &candidate.at.place)).or_insert((weight, Vec::new()));
            entry.1.push(index);
        }
        if candidate.service.as_deref().is_some_and(|service| !services.contains(service)) {
            prices.push(Price { weight: FOREIGN_ROLE, payers: vec![index] });
        }
    }
    prices.extend(payers.into_values().map(|(weight, payers)| Price { weight, payers }));
    prices
}

fn excess(roles: &dyn Roles, chosen: &[&Candidate], needs: &[Need]) -> Vec<Excess> {
    let wanted = wanted(needs);
    let mut found: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for candidate in chosen {
        for permission in &candidate.permissions {
            if !wanted.contains(&(&**permission, candidate.at.place.as_str())) {
                found.insert((permission, &candidate.at.place), roles.danger(permission));
            }
        }
    }
    let mut list: Vec<Excess> = found
        .into_iter()
        .map(|((action, place), weight)| Excess {
            action: action.to_owned(),
            place: place.to_owned(),
            weight,
        })
        .collect();
    list.sort_by(|a, b| (b.weight, &a.action, &a.place).cmp(&(a.weight, &b.action, &b.place)));
    list
}

/// All permissions of roles, each with its place.
pub(super) fn permissions(roles: &dyn Roles, add: &[RoleAt]) -> Vec<Needed> {
    let catalog = roles.catalog();
    let listed = |at: &RoleAt| catalog.roles.iter().find(|role| *role.name == *at.role);
    let of_role = add.iter().filter_map(|at| Some((at, listed(at)?)));
    of_role
        .flat_map(|(at, role)| {
            let names = role.permissions.iter().filter_map(|index| catalog.permissions.get(*index as usize));
            names.map(|name| Needed { action: name.to_string(), place: at.place.clone() })
        })
        .collect()
}

/// The role with its size.
pub(super) fn describe(roles: &dyn Roles, held: &[HeldRole], at: &RoleAt) -> Binding {
    let catalog = roles.catalog();
    let own = held.iter().find(|held| held.at == *at).map(|held| held.permissions.len());
    let listed = catalog.roles.iter().find(|role| *role.name == *at.role).map(|role| role.permissions.len());
    Binding {
        role: at.role.clone(),
        place: at.place.clone(),
        permissions: own.or(listed).unwrap_or(0),
        text: None,
        is_shared: false,
    }
}
