//! Paths: chains of steps from one principal to the administration of a scope.

use std::collections::{BTreeMap, BTreeSet};

use super::net::Fact;
use super::{Graph, Hop, Node, Seat};
use crate::evaluator::{Certainty, Standing};
use crate::model::{Estate, PrincipalId, PrincipalKind};

/// A chain of steps to somebody who administers a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Who starts it.
    pub from: PrincipalId,
    /// The steps, at least one, in an order in which they can be taken.
    pub hops: Vec<Hop>,
    /// Where it ends.
    pub seat: Seat,
    /// How sure all of it is.
    pub certainty: Certainty,
}

impl Graph {
    /// For each principal that administers nothing itself, the shortest path to each principal that does, always or
    /// under some circumstances, as it is or after a change of its permissions. Sorted by start, length and end. Among
    /// equally short paths the one whose steps were found first.
    pub fn paths_to_administration(&self, estate: &Estate) -> Vec<Path> {
        let mut seats: BTreeMap<Node, Vec<&Seat>> = BTreeMap::new();
        for seat in self.own_seats(estate) {
            seats.entry(seat.node).or_default().push(seat);
        }
        let sitting: BTreeSet<_> = self.seats().iter().map(|seat| (seat.node, seat.scope)).collect();
        let mut paths = Vec::new();
        for start in self.net.starts() {
            // The provider's own services take on roles all the time; who can make them do so is asked in steps.
            let kind = estate.principal(start).map(|one| one.kind);
            if matches!(kind, Some(PrincipalKind::StandIn | PrincipalKind::Service)) {
                continue;
            }
            let reach = self.net.reach(start);
            let mut reached = BTreeSet::new();
            for fact in &reach.order {
                let Fact::Act(node) = *fact else { continue };
                for seat in seats.get(&node).into_iter().flatten() {
                    // A principal that administers by a change is told once, by the shortest way.
                    let told = !reached.insert((node.principal, seat.scope));
                    if told || sitting.contains(&(Node::as_is(start), seat.scope)) {
                        continue;
                    }
                    let Some(hops) = reach.hops(*fact).filter(|hops| !hops.is_empty()) else { continue };
                    let certainty =
                        hops.iter().fold(seat_certainty(seat), |sum, hop| sum.and(hop.certainty.clone()));
                    paths.push(Path { from: start, hops, seat: (*seat).clone(), certainty });
                }
            }
        }
        paths.sort_by_key(|path| (path.from, path.hops.len(), path.seat.node, path.seat.scope));
        paths
    }
}

pub(super) fn seat_certainty(seat: &Seat) -> Certainty {
    match &seat.standing {
        Standing::Always(certainty, _)
        | Standing::Conditionally(certainty, _, _)
        | Standing::Never(certainty) => certainty.clone(),
        Standing::Undecided(reason) => Certainty::Undecided(reason.clone()),
    }
}
