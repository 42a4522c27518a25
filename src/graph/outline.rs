//! The graph as plain edges, for pictures and for other programs: whoever acts as the start of an edge comes to its
//! end, so every chain of edges is a path.
//!
//! Steps alone are no such edges, because some things need two: who can change the permissions of a role gains by it
//! only if it can act as the role. Where several steps are needed together, they are one edge here.

use std::collections::{BTreeMap, BTreeSet};

use super::hubs::Move;
use super::net::Fact;
use super::{Graph, Hop, Node, Seat};
use crate::clouds::escalation::{Change, Gained};
use crate::evaluator::{Bug, Certainty, Evaluator, Standing};
use crate::model::{Estate, PrincipalId, PrincipalKind, ScopeId};

/// Where an edge leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spot {
    /// To acting as somebody.
    Acting(Node),
    /// To the administration of a scope.
    Administering(ScopeId),
}

/// Whoever acts as `from` comes to `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The start.
    pub from: Node,
    /// The end.
    pub to: Spot,
    /// By what.
    pub by: By,
    /// How sure it is.
    pub certainty: Certainty,
}

/// What takes somebody along an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Steps; several where they are needed together, in an order in which they can be taken.
    Steps(Vec<Hop>),
    /// Its own permissions, which make it an administrator.
    Permissions(Seat),
}

impl Edge {
    /// Whether it needs circumstances that do not always hold.
    pub fn is_conditional(&self) -> bool {
        match &self.by {
            By::Steps(hops) => hops.iter().any(Hop::is_conditional),
            By::Permissions(seat) => matches!(seat.standing, Standing::Conditionally(..)),
        }
    }
}

impl Node {
    /// The change of its permissions, in words that follow its name.
    pub fn change_in_words(self, estate: &Estate) -> Option<String> {
        let last = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
        Some(match self.change? {
            Change::Allowed => "with any permission".to_owned(),
            Change::Policy(id) => {
                let policy = estate.policy(id).map_or("", |policy| policy.name.as_str());
                format!("with the policy {} changed", last(policy))
            }
            Change::Member(id) => {
                let group = estate.principal(id).map_or("", |group| group.name.as_str());
                format!("in the group {}", last(group))
            }
            Change::Admitted => "let in".to_owned(),
        })
    }
}

/// Somebody and what it comes to by several steps at once.
struct Combination {
    to: Node,
    moves: Vec<Move>,
    /// Whether nobody else takes part.
    alone: bool,
}

impl Graph {
    /// The plain edges: single steps in the order in which they were found, then what needs several of them, then who
    /// administers what. A step of the provider's own services is none.
    /// `evaluator` is the one that the graph was built with.
    pub fn outline(&self, evaluator: &Evaluator<'_>) -> Result<Vec<Edge>, Bug> {
        let estate = evaluator.estate();
        let is_service = |node: Node| {
            estate.principal(node.principal).is_some_and(|one| one.kind == PrincipalKind::Service)
        };
        let moves = self.net.hubs.moves().filter(|taken| !is_service(taken.from) && is_single(taken));
        let single = self.shown(evaluator, &moves.collect::<Vec<_>>())?.into_iter().filter_map(single);
        let several = self.combined(evaluator)?.into_iter().filter(|edge| !is_service(edge.from));
        let seats = self.own_seats(estate).map(|seat| {
            let (to, by) = (Spot::Administering(seat.scope), By::Permissions(seat.clone()));
            Edge { from: seat.node, to, by, certainty: seat.standing.certainty() }
        });
        Ok(within_reach(single.chain(several).chain(seats).collect()))
    }

    /// The edges that need several steps. One that somebody comes to only by acting as somebody else is left to that
    /// one.
    fn combined(&self, evaluator: &Evaluator<'_>) -> Result<Vec<Edge>, Bug> {
        let mut acts: BTreeMap<PrincipalId, BTreeSet<PrincipalId>> = BTreeMap::new();
        let mut all: BTreeMap<PrincipalId, Vec<Combination>> = BTreeMap::new();
        let ready = self.net.ready();
        for start in self.net.hubs.starts() {
            let reach = ready.reach(start);
            for fact in &reach.order {
                let Fact::Act(to) = *fact else { continue };
                if to.change.is_none() && to.principal != start {
                    acts.entry(start).or_default().insert(to.principal);
                }
                let Some(moves) = reach.moves(*fact).filter(|moves| needs_several(to, moves)) else {
                    continue;
                };
                let alone = moves.iter().all(|taken| taken.from.principal == start);
                all.entry(start).or_default().push(Combination { to, moves, alone });
            }
        }
        let mut edges = Vec::new();
        for (start, combinations) in &all {
            for one in combinations {
                let by_other = |other: &PrincipalId| {
                    let theirs = all.get(other).into_iter().flatten();
                    theirs.into_iter().any(|theirs| theirs.alone && theirs.to == one.to)
                };
                if one.alone || !acts.get(start).into_iter().flatten().any(by_other) {
                    let hops = self.shown(evaluator, &one.moves)?;
                    let certainty =
                        hops.iter().fold(Certainty::Proven, |sum, hop| sum.and(hop.certainty.clone()));
                    let (from, to) = (Node::as_is(*start), Spot::Acting(one.to));
                    edges.push(Edge { from, to, by: By::Steps(hops), certainty });
                }
            }
        }
        Ok(edges)
    }
}

/// Without what starts at a change that nobody can make, and what ends at one that gives nothing.
fn within_reach(mut edges: Vec<Edge>) -> Vec<Edge> {
    loop {
        let starts: BTreeSet<Node> = edges.iter().map(|edge| edge.from).collect();
        let ends: BTreeSet<Spot> = edges.iter().map(|edge| edge.to).collect();
        let before = edges.len();
        edges.retain(|edge| {
            let made = edge.from.change.is_none() || ends.contains(&Spot::Acting(edge.from));
            let gives = match edge.to {
                Spot::Acting(node) => node.change.is_none() || starts.contains(&node),
                Spot::Administering(_) => true,
            };
            made && gives
        });
        if edges.len() == before {
            return edges;
        }
    }
}

/// Whether a step is an edge by itself. One through a trust that was opened is open only to those who opened it.
fn is_single(taken: &Move) -> bool {
    matches!(taken.gained, Gained::Become(_)) && taken.from.change != Some(Change::Admitted)
}

fn single(hop: Hop) -> Option<Edge> {
    let to = Spot::Acting(Node::as_is(hop.gained.principal()?));
    Some(Edge { from: hop.from, to, certainty: hop.certainty.clone(), by: By::Steps(vec![hop]) })
}

/// Whether the steps by which somebody came to act as this are no chain of edges by themselves.
fn needs_several(to: Node, moves: &[Move]) -> bool {
    to.change.is_some() || moves.last().is_some_and(|taken| taken.from.change == Some(Change::Admitted))
}
