//! Paths: chains of steps from one principal to the administration of a scope.

use std::collections::{BTreeMap, BTreeSet};

use super::net::{Fact, Ready};
use super::{Graph, Hop, Node, Seat};
use crate::evaluator::{Certainty, Standing};
use crate::model::{Estate, PrincipalId, PrincipalKind, ScopeId};

/// A chain of steps to somebody who administers a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Who starts it.
    pub from: PrincipalId,
    /// The steps, at least one, in an order in which they can be taken.
    pub hops: Vec<Hop>,
    /// Where it ends.
    pub seat: Seat,
    /// How many further principals it comes to that administer the same.
    pub others: usize,
    /// How sure all of it is.
    pub certainty: Certainty,
}

impl Graph {
    /// For each principal that does not administer a scope and can come to, the best path to it: few steps, and steps
    /// that rest on no assumption rather than such that do. Not those to scopes below one that it can come to administer
    /// as a whole. Sorted by start, length and end. Among equals the one whose steps were found first.
    pub fn paths_to_administration(&self, estate: &Estate) -> Vec<Path> {
        let ends = self.ends(estate);
        let mut paths: Vec<Path> =
            self.net.starts().into_iter().flat_map(|start| self.best_from(estate, start, &ends)).collect();
        paths.sort_by_key(Path::place);
        paths
    }

    /// The best path of one principal to each principal that administers a scope it does not administer itself, as it is
    /// or after a change of its permissions.
    pub fn paths_from(&self, estate: &Estate, start: PrincipalId) -> Vec<Path> {
        let mut paths =
            self.all_from(estate, start, &self.ends(estate), |seat| (seat.scope, Some(seat.node.principal)));
        paths.sort_by_key(Path::place);
        paths
    }

    fn best_from(&self, estate: &Estate, start: PrincipalId, ends: &Ends<'_>) -> Vec<Path> {
        self.all_from(estate, start, ends, |seat| (seat.scope, None))
    }

    /// The nearest seat of each kind that `told` tells apart.
    fn all_from(
        &self,
        estate: &Estate,
        start: PrincipalId,
        ends: &Ends<'_>,
        told: impl Fn(&Seat) -> (ScopeId, Option<PrincipalId>),
    ) -> Vec<Path> {
        // The provider's own services take on roles all the time; who can make them do so is asked in steps.
        let kind = estate.principal(start).map(|one| one.kind);
        if matches!(kind, Some(PrincipalKind::StandIn | PrincipalKind::Service)) {
            return Vec::new();
        }
        let reach = ends.ready.reach(start);
        let mut paths = Vec::new();
        let mut reached: BTreeMap<_, usize> = BTreeMap::new();
        for fact in &reach.order {
            let Fact::Act(node) = *fact else { continue };
            for seat in ends.seats.get(&node).into_iter().flatten() {
                if ends.is_there(start, seat.scope) {
                    continue;
                }
                if let Some(at) = reached.get(&told(seat)) {
                    if let Some(path) = paths.get_mut(*at) {
                        let path: &mut Path = path;
                        path.others += 1;
                    }
                    continue;
                }
                let Some(hops) = reach.hops(*fact).filter(|hops| !hops.is_empty()) else { continue };
                reached.insert(told(seat), paths.len());
                let certainty =
                    hops.iter().fold(seat.standing.certainty(), |sum, hop| sum.and(hop.certainty.clone()));
                paths.push(Path { from: start, hops, seat: (*seat).clone(), others: 0, certainty });
            }
        }
        // Whoever becomes the administrator of everything in a scope needs no other way to a part of it.
        let whole = paths.iter().filter(|path| matches!(path.seat.standing, Standing::Always(..)));
        let won: BTreeSet<ScopeId> = whole.map(|path| path.seat.scope).collect();
        paths
            .retain(|path| !estate.ancestry(path.seat.scope).iter().skip(1).any(|scope| won.contains(scope)));
        paths
    }

    fn ends<'g>(&'g self, estate: &'g Estate) -> Ends<'g> {
        let mut seats: BTreeMap<Node, Vec<&Seat>> = BTreeMap::new();
        for seat in self.own_seats(estate) {
            seats.entry(seat.node).or_default().push(seat);
        }
        let of = |keep: fn(&Seat) -> bool| {
            let kept = self.seats().iter().filter(move |seat| seat.node.change.is_none() && keep(seat));
            kept.map(|seat| (seat.node.principal, seat.scope)).collect()
        };
        let always = of(|seat| matches!(seat.standing, Standing::Always(..)));
        Ends { estate, ready: self.net.ready(), seats, sitting: of(|_| true), always }
    }
}

/// Where paths may end, and who is there already.
struct Ends<'g> {
    ready: Ready<'g>,
    estate: &'g Estate,
    seats: BTreeMap<Node, Vec<&'g Seat>>,
    sitting: BTreeSet<(PrincipalId, ScopeId)>,
    always: BTreeSet<(PrincipalId, ScopeId)>,
}

impl Ends<'_> {
    /// Whether somebody administers a scope as it is, or always one above it.
    fn is_there(&self, principal: PrincipalId, scope: ScopeId) -> bool {
        let above = || self.estate.ancestry(scope);
        self.sitting.contains(&(principal, scope))
            || above().into_iter().any(|above| self.always.contains(&(principal, above)))
    }
}

impl Path {
    fn place(&self) -> (PrincipalId, usize, Node, ScopeId) {
        (self.from, self.hops.len(), self.seat.node, self.seat.scope)
    }
}
