//! Ways to principals: who can come to act as one of them, by which steps.

use std::collections::BTreeSet;

use super::build::Builder;
use super::{Alternatives, Bound, Cut, Graph, Hop, Node};
use crate::clouds::escalation;
use crate::evaluator::{Bug, Certainty, Evaluator};
use crate::model::{Estate, PrincipalId, PrincipalKind};

/// A chain of steps from one principal to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Who starts it.
    pub from: PrincipalId,
    /// As whom it ends.
    pub to: PrincipalId,
    /// The steps, at least one, in an order in which they can be taken.
    pub hops: Vec<Hop>,
    /// How sure all of it is.
    pub certainty: Certainty,
}

/// Ways to a goal, and who needs none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// The ways.
    pub ways: Vec<Way>,
    /// Whether there are more than these.
    pub more: bool,
    /// Those who may do something on the resource in question without a step; of one principal, only that one.
    pub own: Vec<PrincipalId>,
    /// For the ways of one principal to another: what cuts all of them.
    pub cut: Option<Cut>,
}

impl Graph {
    /// Asks all steps by which somebody may come to act as one of `ends`. Whoever always administers the place where one
    /// of them lives comes to anything there, and is not asked.
    pub fn towards(
        evaluator: &Evaluator<'_>,
        steps: &[escalation::Step],
        ends: &[PrincipalId],
    ) -> Result<Self, Bug> {
        let mut builder = Builder::new(*evaluator, steps, None);
        builder.seats_as_they_are()?;
        builder.changes();
        builder.backwards_from(ends)?;
        Ok(builder.finish())
    }

    /// The shortest way of each principal to the nearest of `ends`, sorted by start. Not those of the ends themselves.
    /// `evaluator` is the one that the graph was built with.
    pub fn ways_to(&self, evaluator: &Evaluator<'_>, ends: &BTreeSet<PrincipalId>) -> Result<Vec<Way>, Bug> {
        let ready = self.net.ready();
        let mut ways = Vec::new();
        let starts = self.net.hubs.starts().into_iter();
        for from in starts.filter(|start| !ends.contains(start) && starts_way(evaluator.estate(), *start)) {
            let reach = ready.reach(from);
            let is_end = |(_, node): &(usize, Node)| node.change.is_none() && ends.contains(&node.principal);
            let end = reach.nodes().find(is_end);
            let found = end.map(|(place, node)| (node.principal, reach.moves(place)));
            if let Some((to, moves)) = found.filter(|(_, moves)| !moves.is_empty()) {
                ways.push(Way::of(from, to, self.shown(evaluator, &moves)?));
            }
        }
        Ok(ways)
    }

    /// The ways of one principal to another, each through others, the shortest first; and whether there may be more than
    /// the bound lets see.
    pub fn ways_between(
        &self,
        evaluator: &Evaluator<'_>,
        from: PrincipalId,
        to: PrincipalId,
        bound: Bound,
    ) -> Result<(Vec<Way>, bool), Bug> {
        let Alternatives { ways, more } = self.alternatives(evaluator, from, Node::as_is(to), bound)?;
        Ok((ways.into_iter().map(|hops| Way::of(from, to, hops)).collect(), more))
    }
}

impl Way {
    fn of(from: PrincipalId, to: PrincipalId, hops: Vec<Hop>) -> Self {
        let certainty = hops.iter().fold(Certainty::Proven, |sum, hop| sum.and(hop.certainty.clone()));
        Self { from, to, hops, certainty }
    }
}

/// Whether a way can begin with somebody. The provider's own services take on roles all the time; who can make them do
/// so is asked in steps.
fn starts_way(estate: &Estate, principal: PrincipalId) -> bool {
    let kind = estate.principal(principal).map(|one| one.kind);
    !matches!(kind, None | Some(PrincipalKind::StandIn | PrincipalKind::Service))
}
