//! Who administers what by permissions of its own, as it is or after a change of them.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::asking::Asking;
use super::build::{Builder, name};
use super::hop::{Node, Seat};
use crate::clouds::escalation::Change;
use crate::clouds::{self, Cloud, Demand};
use crate::evaluator::{Bug, Certainty, Evaluator, Standing, Witness};
use crate::model::{CloudId, PrincipalId, PrincipalKind, Request, ScopeId, ScopeKind};

/// A place that is administered on its own.
struct Place {
    scope: ScopeId,
    cloud: CloudId,
    demands: Vec<Demand>,
}

/// The scopes that are administered on their own, and who may sit there.
#[derive(Default)]
pub(super) struct Places {
    all: Vec<Place>,
    by_scope: BTreeMap<ScopeId, usize>,
    /// Those for which everybody has to be asked, by index.
    open: Vec<usize>,
    /// The others, by those who are to be asked.
    contended: BTreeMap<PrincipalId, Vec<usize>>,
    /// Whether everybody is asked everywhere, for comparison.
    everywhere: bool,
}

impl Places {
    /// Those of an estate, a part of an account only if it is `wanted`: owners of resource groups are many, and each of
    /// them administers little.
    pub(super) fn of(evaluator: &Evaluator<'_>, wanted: Option<ScopeId>) -> Self {
        let estate = evaluator.estate();
        let mut places = Self { everywhere: !evaluator.takes_shortcuts(), ..Self::default() };
        let mut scopes: Vec<_> = estate.scopes().collect();
        scopes.sort_by_key(|(scope, _)| (estate.ancestry(*scope).len(), *scope));
        for (scope, found) in scopes {
            if found.kind == ScopeKind::Group && wanted != Some(scope) {
                continue;
            }
            let Some(cloud) = clouds::cloud(found.cloud) else { continue };
            let demands = cloud.administration(estate, scope);
            if demands.is_empty() {
                continue;
            }
            let index = places.all.len();
            match cloud.contenders(estate, scope).filter(|_| !places.everywhere) {
                Some(contenders) => {
                    for principal in contenders {
                        places.contended.entry(principal).or_default().push(index);
                    }
                }
                None => places.open.push(index),
            }
            places.by_scope.insert(scope, index);
            places.all.push(Place { scope, cloud: found.cloud, demands });
        }
        places
    }

    /// The places for which a node has to be asked, the highest first: after a change, which may give it anything, all
    /// that it can come to.
    fn of_node(&self, node: Node, administrable: Option<BTreeSet<ScopeId>>) -> impl Iterator<Item = &Place> {
        let own = self.contended.get(&node.principal).map_or(&[][..], Vec::as_slice);
        let administrable = administrable.filter(|_| !self.everywhere);
        let mut indexes: Vec<usize> = match (node.change, administrable) {
            (Some(_), Some(scopes)) => {
                scopes.iter().filter_map(|scope| self.by_scope.get(scope)).copied().collect()
            }
            (Some(_), None) => (0..self.all.len()).collect(),
            (None, _) => self.open.iter().chain(own).copied().collect(),
        };
        indexes.sort_unstable();
        indexes.into_iter().filter_map(|index| self.all.get(index))
    }
}

impl Builder<'_> {
    pub(super) fn seats_as_they_are(&mut self) -> Result<(), Bug> {
        let estate = self.asking.estate();
        for (principal, who) in estate.principals() {
            let asks =
                !matches!(who.kind, PrincipalKind::Group | PrincipalKind::Public | PrincipalKind::External);
            // Somebody who is only mentioned, unless a token makes others that.
            if asks || self.tokens.contains_key(&principal) {
                self.sit(Node::as_is(principal))?;
            }
        }
        for seat in &self.seats {
            if matches!(seat.standing, Standing::Always(..)) {
                self.rules.entry(seat.node.principal).or_default().insert(seat.scope);
            }
        }
        Ok(())
    }

    /// Notes what a node administers. Answers whether it is anything. Whoever always administers a scope does so in all
    /// scopes below it, which are not asked again.
    pub(super) fn sit(&mut self, node: Node) -> Result<bool, Bug> {
        let Some(cloud) = self.asking.cloud_of(node.principal) else { return Ok(false) };
        let mut sits = false;
        let mut ruled = BTreeSet::new();
        let administrable = cloud.administrable(self.asking.estate(), node.principal);
        for place in self.places.of_node(node, administrable).filter(|place| place.cloud == cloud.id()) {
            if self.asking.estate().ancestry(place.scope).iter().any(|scope| ruled.contains(scope)) {
                continue;
            }
            let standing = standing(&mut self.asking, &mut self.standings, cloud, node, place)?;
            match standing {
                None | Some(Standing::Never(_)) => {}
                Some(Standing::Undecided(reason)) => {
                    let who = name(self.asking.estate(), node.principal);
                    self.undecided.insert(format!("whether `{who}` is an administrator: {reason}"));
                }
                Some(standing) => {
                    sits = true;
                    if matches!(standing, Standing::Always(..)) {
                        ruled.insert(place.scope);
                    }
                    self.seats.push(Seat { node, scope: place.scope, standing });
                }
            }
        }
        Ok(sits)
    }
}

/// How somebody stands to a place. Whoever is like another in all that is demanded stands there like that one: the
/// requests that show it are the same but for the name, and are judged again.
fn standing(
    asking: &mut Asking<'_>,
    known: &mut Standings,
    cloud: &'static dyn Cloud,
    node: Node,
    place: &Place,
) -> Result<Option<Standing>, Bug> {
    let actions = place.demands.iter().map(|demand| demand.action.as_str());
    let key = asking.likeness(cloud, actions, node).map(|like| (node.change, like, place.scope));
    if let Some((like, standing)) = key.as_ref().and_then(|key| known.get(key)) {
        let names = [*like, node.principal].map(|id| name(asking.estate(), id).to_owned());
        let exchanged = asking.with_estate(cloud, node.change, |evaluator| {
            exchanged(cloud, evaluator, standing.as_ref(), &names)
        });
        if let Some(standing) = exchanged {
            return Ok(standing);
        }
    }
    let found = asking.with_estate(cloud, node.change, |evaluator| {
        evaluator.standing_by(node.principal, place.cloud, &place.demands)
    })?;
    if let Some(key) = key {
        known.entry(key).or_insert_with(|| (node.principal, found.clone()));
    }
    Ok(found)
}

/// The standing of somebody who is like another; `None` if it has to be asked.
fn exchanged(
    cloud: &dyn Cloud,
    evaluator: &Evaluator<'_>,
    standing: Option<&Standing>,
    names: &[String; 2],
) -> Option<Option<Standing>> {
    let [from, to] = names;
    let again = |witness: &Witness| {
        let mut values = witness.request.context.values().flatten();
        if witness.request.principal != *from || values.any(|value| value.contains(from.as_str())) {
            return None;
        }
        let request = Request { principal: to.clone(), ..witness.request.clone() };
        let decision = cloud.decide(evaluator.estate(), &request);
        let is_same = decision.is_allowed() == witness.decision.is_allowed() && decision.gaps.is_empty();
        is_same.then(|| Box::new(Witness { request, decision }))
    };
    Some(match standing? {
        Standing::Never(Certainty::Proven) => Some(Standing::Never(Certainty::Proven)),
        Standing::Always(Certainty::Proven, witness) => {
            Some(Standing::Always(Certainty::Proven, again(witness)?))
        }
        Standing::Conditionally(Certainty::Proven, witness, refusal) => {
            Some(Standing::Conditionally(Certainty::Proven, again(witness)?, again(refusal)?))
        }
        Standing::Never(_) | Standing::Always(..) | Standing::Conditionally(..) | Standing::Undecided(_) => {
            return None;
        }
    })
}

/// How somebody stands to a place after a change, by all that tells him from others there.
pub(super) type Standings = FxHashMap<(Option<Change>, Vec<u32>, ScopeId), (PrincipalId, Option<Standing>)>;
