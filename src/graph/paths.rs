//! Paths: chains of steps from one principal to another, or to the administration of a scope.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::Direction;
use petgraph::visit::EdgeRef;

use super::{Graph, Hop, Seat};
use crate::evaluator::{Certainty, Standing};
use crate::model::{Estate, PrincipalId, PrincipalKind, ScopeId};

/// A chain of steps to somebody who administers a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Who starts it.
    pub from: PrincipalId,
    /// The steps, at least one.
    pub hops: Vec<Hop>,
    /// Where it ends.
    pub seat: Seat,
    /// How sure all of it is.
    pub certainty: Certainty,
}

impl Graph {
    /// For each principal that administers nothing itself, the shortest path to each principal that does, always or
    /// under some circumstances, except for those of scopes that lie
    /// in a scope of which it can become an administrator, too. Sorted by start, length and end. Among equally short paths the one whose steps were
    /// found first.
    pub fn paths_to_administration(&self, estate: &Estate) -> Vec<Path> {
        let mut paths = Vec::new();
        let sitting: BTreeSet<_> = self.seats().iter().map(|seat| (seat.principal, seat.scope)).collect();
        let stands_in =
            |id: PrincipalId| estate.principal(id).is_some_and(|one| one.kind == PrincipalKind::StandIn);
        let mut shortest = BTreeMap::new();
        for seat in self.seats() {
            let ways = shortest.entry(seat.principal).or_insert_with(|| self.shortest_to(seat.principal));
            for (start, hops) in ways.iter().map(|(start, hops)| (*start, hops)) {
                let sits =
                    sitting.contains(&(start, seat.scope)) || self.always_sits(estate, start, seat.scope);
                if hops.is_empty() || sits || stands_in(start) {
                    continue;
                }
                let certainty =
                    hops.iter().fold(seat_certainty(seat), |sum, hop| sum.and(hop.certainty.clone()));
                paths.push(Path { from: start, hops: hops.clone(), seat: seat.clone(), certainty });
            }
        }
        // Whoever becomes the administrator of everything in a scope needs no other way to a part of it.
        let always: BTreeSet<(PrincipalId, ScopeId)> = paths
            .iter()
            .filter(|path| matches!(path.seat.standing, Standing::Always(..)))
            .map(|path| (path.from, path.seat.scope))
            .collect();
        paths.retain(|path| {
            let above = estate.ancestry(path.seat.scope);
            !above.into_iter().skip(1).any(|scope| always.contains(&(path.from, scope)))
        });
        paths.sort_by_key(|path| (path.from, path.hops.len(), path.seat.principal, path.seat.scope));
        paths
    }

    /// For each principal that can become `end`, the hops of a shortest path. Walks backwards, breadth first.
    fn shortest_to(&self, end: PrincipalId) -> BTreeMap<PrincipalId, Vec<Hop>> {
        let mut found = BTreeMap::from([(end, Vec::new())]);
        let mut open = VecDeque::from([end]);
        while let Some(at) = open.pop_front() {
            let Some(node) = self.nodes.get(&at) else { continue };
            let rest = found.get(&at).cloned().unwrap_or_default();
            let mut edges: Vec<_> = self.steps.edges_directed(*node, Direction::Incoming).collect();
            edges.sort_by_key(|edge| edge.id());
            for edge in edges {
                let hop = edge.weight();
                if found.contains_key(&hop.from) {
                    continue;
                }
                let hops: Vec<Hop> = std::iter::once(hop.clone()).chain(rest.iter().cloned()).collect();
                found.insert(hop.from, hops);
                open.push_back(hop.from);
            }
        }
        found
    }
}

fn seat_certainty(seat: &Seat) -> Certainty {
    match &seat.standing {
        Standing::Always(certainty, _)
        | Standing::Conditionally(certainty, _, _)
        | Standing::Never(certainty) => certainty.clone(),
        Standing::Undecided(reason) => Certainty::Undecided(reason.clone()),
    }
}
