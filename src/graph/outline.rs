//! The graph as plain edges, for pictures and for other programs: whoever acts as the start of an edge comes to its
//! end, so every chain of edges is a path.
//!
//! Steps alone are no such edges, because some things need two: who can change the permissions of a role gains by it
//! only if it can act as the role. Where several steps are needed together, they are one edge here.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::{FxHashMap, FxHashSet};

use super::hubs::{Hub, HubId, Move};
use super::net::Reach;
use super::{Graph, Hop, Node, Seat};
use crate::clouds::escalation::{Change, Gained};
use crate::evaluator::{Bug, Certainty, Evaluator, Standing, Witness};
use crate::model::{CloudId, Estate, PrincipalId, PrincipalKind, ResourceId, ScopeId};

/// Where an edge begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spot {
    /// Acting as somebody.
    Acting(Node),
    /// Between many who can act as the same others and these: the place of one of the latter, and how many they are.
    Through(PrincipalId, usize),
    /// The administration of a scope.
    Administering(ScopeId),
    /// Anybody, without credentials, with regard to a cloud.
    Anybody(CloudId),
    /// Doing something with a resource, or with any of so many that are alike.
    Using(ResourceId, usize),
}

/// Whoever is at `from` comes to `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The start.
    pub from: Spot,
    /// The end.
    pub to: Spot,
    /// By what.
    pub by: By,
    /// How sure it is.
    pub certainty: Certainty,
    /// How many further edges of the same start were left out, because they need several steps and are no shorter.
    pub left_out: usize,
}

/// What takes somebody along an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Steps; several where they are needed together, in an order in which they can be taken.
    Steps(Vec<Hop>),
    /// A step that it can take at any of several targets, at one of which it is shown.
    AnyOf(Box<Hop>),
    /// The step of somebody of those who can take it at any of several targets, at this one.
    OneOf(Box<Hop>),
    /// Its own permissions, which make it an administrator.
    Permissions(Seat),
    /// A request that is allowed to it.
    Request(Box<Witness>),
}

impl Edge {
    /// Whether it needs circumstances that do not always hold.
    pub fn is_conditional(&self) -> bool {
        match &self.by {
            By::Steps(hops) => hops.iter().any(Hop::is_conditional),
            By::AnyOf(hop) | By::OneOf(hop) => hop.is_conditional(),
            By::Request(_) => false,
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
            Change::Version(id, at) => {
                let policy = estate.policy(id).map_or("", |policy| policy.name.as_str());
                let version = estate.versions().get(id, at).map_or("", |version| version.name.as_str());
                format!("with version {version} of the policy {}", last(policy))
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
    /// The plain edges: single steps in the order in which they were found, then what needs several of them, then whose
    /// policies somebody can set, then who administers what. A step of the provider's own services is none. Where many can act as the same many others, they
    /// meet in one spot. `evaluator` is the one that the graph was built with.
    pub fn outline(&self, evaluator: &Evaluator<'_>) -> Result<Vec<Edge>, Bug> {
        let estate = evaluator.estate();
        let is_service = |node: Node| {
            estate.principal(node.principal).is_some_and(|one| one.kind == PrincipalKind::Service)
        };
        let mut edges = Vec::new();
        for (targets, hubs) in self.meetings() {
            let members = || hubs.iter().filter_map(|hub| self.net.hubs.get(*hub)).flat_map(Hub::members);
            let members: BTreeSet<Node> = members().filter(|node| !is_service(*node)).collect();
            if targets.len() == 1 || members.len() * targets.len() <= FEW {
                let moves = hubs.iter().flat_map(|hub| self.net.hubs.moves_of(*hub));
                let moves: Vec<Move> = moves.filter(|taken| !is_service(taken.from)).collect();
                edges.extend(self.shown(evaluator, &moves)?.into_iter().map(single));
            } else {
                self.meet(evaluator, &targets, &hubs, &members, &mut edges)?;
            }
        }
        let several = self.combined(evaluator)?.into_iter();
        edges.extend(several.filter(|edge| !matches!(edge.from, Spot::Acting(node) if is_service(node))));
        edges.extend(self.managed(evaluator)?);
        edges.extend(self.own_seats(estate).map(|seat| {
            let (to, by) = (Spot::Administering(seat.scope), By::Permissions(seat.clone()));
            let certainty = seat.standing.certainty();
            Edge { from: Spot::Acting(seat.node), to, by, certainty, left_out: 0 }
        }));
        Ok(within_reach(edges))
    }

    /// The steps by which somebody acts as others, by these. Those through a trust that was opened are open only to those
    /// who opened it.
    fn meetings(&self) -> Vec<(Vec<PrincipalId>, Vec<HubId>)> {
        let mut places: BTreeMap<Vec<PrincipalId>, usize> = BTreeMap::new();
        let mut found: Vec<(Vec<PrincipalId>, Vec<HubId>)> = Vec::new();
        for (id, hub) in self.net.hubs.iter() {
            let lets_in = |node: Node| node.change == Some(Change::Admitted);
            let becomes = |gained: Gained| match gained {
                Gained::Become(to) => Some(to),
                _ => None,
            };
            let targets: Option<Vec<PrincipalId>> = hub.targets().map(becomes).collect();
            let Some(targets) = targets.filter(|_| !hub.members().any(lets_in)) else { continue };
            let place = *places.entry(targets.clone()).or_insert(found.len());
            match found.get_mut(place) {
                Some((_, hubs)) => hubs.push(id),
                None => found.push((targets, vec![id])),
            }
        }
        found
    }

    /// The edges of those who can act as any of several others: each by its cheapest step.
    fn meet(
        &self,
        evaluator: &Evaluator<'_>,
        targets: &[PrincipalId],
        hubs: &[HubId],
        members: &BTreeSet<Node>,
        edges: &mut Vec<Edge>,
    ) -> Result<(), Bug> {
        let Some(first) = targets.first() else { return Ok(()) };
        let meeting = Spot::Through(*first, targets.len());
        let cheapest = |node: &Node| {
            let own = hubs.iter().filter_map(|hub| Some((*hub, self.net.hubs.get(*hub)?)));
            own.filter(|(_, hub)| hub.has_member(*node)).min_by_key(|(id, hub)| (hub.price(), *id))
        };
        let mut shown = BTreeMap::new();
        for node in members {
            let Some((hub, _)) = cheapest(node) else { continue };
            let Some(target) = targets.iter().find(|target| **target != node.principal) else { continue };
            let taken = Move { from: *node, hub, gained: Gained::Become(*target) };
            shown.entry(hub).or_insert(*node);
            for hop in self.shown(evaluator, &[taken])? {
                let (from, certainty) = (Spot::Acting(*node), hop.certainty.clone());
                edges.push(Edge { from, to: meeting, by: By::AnyOf(Box::new(hop)), certainty, left_out: 0 });
            }
        }
        // What is seen of a target is the step of the first who can take the first of the steps.
        for target in targets {
            let taker = shown.iter().find(|(_, node)| node.principal != *target);
            let Some((hub, node)) = taker else { continue };
            let taken = Move { from: *node, hub: *hub, gained: Gained::Become(*target) };
            for hop in self.shown(evaluator, &[taken])? {
                let to = Spot::Acting(Node::as_is(*target));
                let certainty = hop.certainty.clone();
                edges.push(Edge { from: meeting, to, by: By::OneOf(Box::new(hop)), certainty, left_out: 0 });
            }
        }
        Ok(())
    }

    /// The edges that need several steps. One that somebody comes to only by acting as somebody else is left to that
    /// one.
    fn combined(&self, evaluator: &Evaluator<'_>) -> Result<Vec<Edge>, Bug> {
        let ready = self.net.ready();
        let mut all: Vec<(PrincipalId, Combinations)> = Vec::new();
        let mut alone: FxHashMap<Node, Vec<PrincipalId>> = FxHashMap::default();
        for start in self.net.hubs.starts() {
            let found = Combinations::of(start, &ready.reach(start));
            for one in found.nearest.iter().filter(|one| one.alone) {
                alone.entry(one.to).or_default().push(start);
            }
            all.push((start, found));
        }
        let mut edges = Vec::new();
        for (start, combinations) in all {
            // Only where somebody else takes part does it matter as whom it can act.
            let reach = combinations.nearest.iter().any(|one| !one.alone).then(|| ready.reach(start));
            let acting: Option<FxHashSet<Node>> =
                reach.map(|reach| reach.nodes().map(|(_, node)| node).collect());
            let is_own = |one: &&Combination| {
                let theirs = || alone.get(&one.to).into_iter().flatten();
                let acts = |acting: &FxHashSet<Node>| {
                    theirs().any(|other| *other != start && acting.contains(&Node::as_is(*other)))
                };
                one.alone || !acting.as_ref().is_some_and(acts)
            };
            let own: Vec<&Combination> = combinations.nearest.iter().filter(is_own).collect();
            let mut left_out = own.len().saturating_sub(MOST_COMBINED) + combinations.more;
            for one in own.into_iter().take(MOST_COMBINED) {
                let hops = self.shown(evaluator, &one.moves)?;
                let certainty =
                    hops.iter().fold(Certainty::Proven, |sum, hop| sum.and(hop.certainty.clone()));
                let (from, to) = (Spot::Acting(Node::as_is(start)), Spot::Acting(one.to));
                edges.push(Edge { from, to, by: By::Steps(hops), certainty, left_out });
                left_out = 0;
            }
        }
        Ok(edges)
    }
}

/// What somebody comes to by several steps at once.
#[derive(Default)]
struct Combinations {
    nearest: Vec<Combination>,
    /// How many more there are, without a look at them.
    more: usize,
}

impl Combinations {
    fn of(start: PrincipalId, reach: &Reach) -> Self {
        let mut found = Self::default();
        for (place, to) in reach.nodes() {
            if found.nearest.len() >= MOST_LOOKED_AT {
                found.more += usize::from(to.change.is_some());
                continue;
            }
            let moves = reach.moves(place);
            if !needs_several(to, &moves) {
                continue;
            }
            let alone = moves.iter().all(|taken| taken.from.principal == start);
            found.nearest.push(Combination { to, moves, alone });
        }
        found
    }
}

/// So many of what somebody comes to by several steps at once are looked at.
const MOST_LOOKED_AT: usize = 64;
/// So many edges between the same principals are drawn one by one; more meet in one spot.
const FEW: usize = 64;
/// So many edges that need several steps are drawn for each start, the nearest ones.
const MOST_COMBINED: usize = 16;

/// Without what starts at a change that nobody can make, and what ends at one that gives nothing.
fn within_reach(mut edges: Vec<Edge>) -> Vec<Edge> {
    loop {
        let starts: BTreeSet<Spot> = edges.iter().map(|edge| edge.from).collect();
        let ends: BTreeSet<Spot> = edges.iter().map(|edge| edge.to).collect();
        let before = edges.len();
        edges.retain(|edge| {
            let made = match edge.from {
                Spot::Acting(node) => node.change.is_none() || ends.contains(&edge.from),
                Spot::Through(..) | Spot::Administering(_) | Spot::Using(..) => ends.contains(&edge.from),
                Spot::Anybody(_) => true,
            };
            let gives = match edge.to {
                Spot::Acting(node) => node.change.is_none() || starts.contains(&edge.to),
                Spot::Through(..) => starts.contains(&edge.to),
                Spot::Administering(_) | Spot::Anybody(_) | Spot::Using(..) => true,
            };
            made && gives
        });
        if edges.len() == before {
            return edges;
        }
    }
}

/// A step that is an edge by itself.
fn single(hop: Hop) -> Edge {
    let to = hop.gained.principal().unwrap_or(hop.from.principal);
    let (from, to) = (Spot::Acting(hop.from), Spot::Acting(Node::as_is(to)));
    Edge { from, to, certainty: hop.certainty.clone(), by: By::Steps(vec![hop]), left_out: 0 }
}

/// Whether the steps by which somebody came to act as this are no chain of edges by themselves.
fn needs_several(to: Node, moves: &[Move]) -> bool {
    to.change.is_some() || moves.last().is_some_and(|taken| taken.from.change == Some(Change::Admitted))
}
