//! The steps that can be taken, as a graph, and what somebody comes to by them.
//!
//! Some things need two others: to act as a principal with other permissions, one has to be able to act as the principal
//! and to change its permissions, and the two may be reached by different steps. So what somebody comes to is not the
//! shortest path of a plain graph. It is worked out as Knuth's generalization of Dijkstra's algorithm does it, where a
//! fact may follow from several (D. E. Knuth, "A generalization of Dijkstra's algorithm", 1977).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::Direction;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;

use super::hop::{Hop, Node};
use crate::clouds::escalation::{Change, Gained};
use crate::evaluator::Certainty;
use crate::model::{Estate, PrincipalId, PrincipalKind, ResourceId, ScopeId};

/// The graph of steps.
pub(super) struct Net {
    steps: DiGraph<Vertex, Hop>,
    nodes: BTreeMap<Vertex, NodeIndex>,
    groups: Groups,
}

/// What a step leads from or to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Vertex {
    /// Somebody, or a group, as it is or changed; what is gained over its trust counts as a change of it.
    Principal(Node),
    /// A resource whose policy can be set.
    Resource(ResourceId),
}

/// Who is and who may be in a group.
struct Groups {
    members: BTreeMap<PrincipalId, Vec<PrincipalId>>,
    of: BTreeMap<PrincipalId, Vec<PrincipalId>>,
    homes: Vec<(PrincipalKind, Option<ScopeId>)>,
}

/// Something that is true of whoever starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Fact {
    /// It can act as this.
    Act(Node),
    /// It, or somebody it can act as, can do this.
    Can(Gained),
}

/// How a fact was derived first.
#[derive(Clone, Copy)]
struct Reason {
    hop: Option<EdgeIndex>,
    /// What it needs beside acting as `by`.
    with: [Option<Fact>; 2],
    /// Who takes the step; nobody at the start.
    by: Option<Node>,
}

impl Reason {
    const START: Self = Self { hop: None, with: [None; 2], by: None };
}

/// All that somebody comes to.
pub(super) struct Reach<'n> {
    net: &'n Net,
    settled: FxHashMap<Fact, (u32, Reason)>,
    /// Every derivation of acting as somebody, the first or not.
    derived: Vec<(Node, Reason)>,
    /// The same in the order of derivation, the shortest first.
    pub(super) order: Vec<Fact>,
}

impl Net {
    pub(super) fn new(estate: &Estate) -> Self {
        let mut members: BTreeMap<PrincipalId, Vec<PrincipalId>> = BTreeMap::new();
        let mut of: BTreeMap<PrincipalId, Vec<PrincipalId>> = BTreeMap::new();
        for membership in estate.memberships() {
            members.entry(membership.group).or_default().push(membership.member);
            of.entry(membership.member).or_default().push(membership.group);
        }
        let homes = estate.principals().map(|(_, one)| (one.kind, one.home)).collect();
        Self { steps: DiGraph::new(), nodes: BTreeMap::new(), groups: Groups { members, of, homes } }
    }

    pub(super) fn add(&mut self, hop: Hop) {
        let to = match hop.gained {
            Gained::Become(id) => Vertex::Principal(Node::as_is(id)),
            Gained::Rewrite(id, change) => Vertex::Principal(Node::changed(id, change)),
            Gained::Join(id) => Vertex::Principal(Node::changed(id, Change::Member(id))),
            Gained::Admit(id) => Vertex::Principal(Node::changed(id, Change::Admitted)),
            Gained::Manage(id) => Vertex::Resource(id),
        };
        let (from, to) = (self.vertex(Vertex::Principal(hop.from)), self.vertex(to));
        self.steps.add_edge(from, to, hop);
    }

    fn vertex(&mut self, vertex: Vertex) -> NodeIndex {
        *self.nodes.entry(vertex).or_insert_with(|| self.steps.add_node(vertex))
    }

    /// The steps by which somebody gets a say about a principal's trust.
    pub(super) fn hops_about(&self, principal: PrincipalId) -> impl Iterator<Item = &Hop> {
        let node = self.nodes.get(&Vertex::Principal(Node::changed(principal, Change::Admitted)));
        let edges = node.into_iter().flat_map(|node| self.steps.edges_directed(*node, Direction::Incoming));
        edges.map(|edge| edge.weight())
    }

    /// All steps, in the order in which they were found.
    pub(super) fn hops(&self) -> impl Iterator<Item = &Hop> {
        self.steps.edge_weights()
    }

    /// Everybody who can take some step as it is, in the order of the estate.
    pub(super) fn starts(&self) -> BTreeSet<PrincipalId> {
        let goes = |index: &NodeIndex| self.steps.edges(*index).next().is_some();
        let able = self.nodes.iter().filter(|(_, index)| goes(index));
        let as_is = |(vertex, _): (&Vertex, &NodeIndex)| match vertex {
            Vertex::Principal(Node { principal, change: None }) => Some(*principal),
            _ => None,
        };
        able.filter_map(as_is).collect()
    }

    /// For each vertex the cheapest step to whatever it leads to, the first of several, in the order of finding.
    fn cheapest(&self) -> Vec<Vec<EdgeIndex>> {
        let mut all = vec![Vec::new(); self.steps.node_count()];
        for (index, best) in self.steps.node_indices().zip(&mut all) {
            let mut edges: BTreeMap<Gained, (u32, EdgeIndex)> = BTreeMap::new();
            for edge in self.steps.edges(index) {
                let own = (price(edge.weight()), edge.id());
                let known = edges.entry(edge.weight().gained).or_insert(own);
                *known = own.min(*known);
            }
            *best = edges.into_values().map(|(_, edge)| edge).collect();
            best.sort_unstable();
        }
        all
    }

    /// The graph as it is now, ready to be searched from many starts.
    pub(super) fn ready(&self) -> Ready<'_> {
        let steps = self.cheapest();
        let mut admitted: FxHashMap<PrincipalId, Vec<(PrincipalId, EdgeIndex)>> = FxHashMap::default();
        for (vertex, index) in &self.nodes {
            let Vertex::Principal(Node { principal, change: Some(Change::Admitted) }) = *vertex else {
                continue;
            };
            for edge in steps.get(index.index()).into_iter().flatten() {
                if let Some(Hop { gained: Gained::Become(to), .. }) = self.steps.edge_weight(*edge) {
                    admitted.entry(*to).or_default().push((principal, *edge));
                }
            }
        }
        Ready { net: self, steps, admitted }
    }
}

/// A graph that does not change any more, with the steps that are worth taking.
pub(super) struct Ready<'n> {
    net: &'n Net,
    steps: Vec<Vec<EdgeIndex>>,
    /// By whom a principal lets in after its trust was opened, with the step.
    admitted: FxHashMap<PrincipalId, Vec<(PrincipalId, EdgeIndex)>>,
}

impl<'n> Ready<'n> {
    fn steps_of(&self, node: Node) -> &[EdgeIndex] {
        let index = self.net.nodes.get(&Vertex::Principal(node));
        index.and_then(|index| self.steps.get(index.index())).map_or(&[][..], Vec::as_slice)
    }

    fn hop(&self, edge: EdgeIndex) -> Option<&'n Hop> {
        self.net.steps.edge_weight(edge)
    }

    /// All that somebody comes to.
    pub(super) fn reach(&self, start: PrincipalId) -> Reach<'n> {
        self.search(start, false)
    }

    /// The same with all derivations, not only the cheapest of each fact.
    pub(super) fn reach_by_all(&self, start: PrincipalId) -> Reach<'n> {
        self.search(start, true)
    }

    fn search(&self, start: PrincipalId, keep: bool) -> Reach<'n> {
        let mut search = Search {
            ready: self,
            settled: FxHashMap::default(),
            noted: FxHashMap::default(),
            order: Vec::new(),
            acting: FxHashMap::default(),
            derived: keep.then(Vec::new),
            joins: Vec::new(),
            rewrites: BTreeMap::new(),
            open: Open::default(),
        };
        search.open.push(0, Fact::Act(Node::as_is(start)), Reason::START);
        search.run();
        let derived = search.derived.unwrap_or_default();
        Reach { net: self.net, settled: search.settled, derived, order: search.order }
    }
}

impl Groups {
    /// Whether a principal is of the kind and home that a group takes.
    fn takes(&self, group: PrincipalId, one: PrincipalId) -> bool {
        let of = |id: PrincipalId| self.homes.get(id.index());
        let home = of(group).map(|(_, home)| *home);
        of(one).is_some_and(|(kind, own)| *kind == PrincipalKind::User && Some(*own) == home)
    }
}

/// Facts that were derived and not looked at yet, the cheapest first and among these the oldest.
#[derive(Default)]
struct Open {
    queue: BinaryHeap<Reverse<(u32, usize)>>,
    derived: Vec<(Fact, Option<Reason>)>,
}

impl Open {
    fn push(&mut self, cost: u32, fact: Fact, reason: Reason) {
        self.queue.push(Reverse((cost, self.derived.len())));
        self.derived.push((fact, Some(reason)));
    }

    fn pop(&mut self) -> Option<(u32, Fact, Reason)> {
        let Reverse((cost, at)) = self.queue.pop()?;
        let (fact, reason) = self.derived.get_mut(at)?;
        Some((cost, *fact, reason.take()?))
    }
}

/// What a step costs: two that follow from the files are worth less than one that rests on an assumption.
fn price(hop: &Hop) -> u32 {
    if hop.certainty == Certainty::Proven { 2 } else { 5 }
}

struct Search<'r, 'n> {
    ready: &'r Ready<'n>,
    settled: FxHashMap<Fact, (u32, Reason)>,
    /// The least that a fact costs by what was derived so far.
    noted: FxHashMap<Fact, u32>,
    order: Vec<Fact>,
    /// Whom it can act as, with the place in that order.
    acting: FxHashMap<PrincipalId, usize>,
    /// Derivations of what was settled already, if they are wanted.
    derived: Option<Vec<(Node, Reason)>>,
    /// Groups that can be joined.
    joins: Vec<PrincipalId>,
    /// Changes that can be made, by whom they change: a principal, or a group.
    rewrites: BTreeMap<PrincipalId, Vec<Change>>,
    open: Open,
}

impl Search<'_, '_> {
    fn run(&mut self) {
        while let Some((cost, fact, reason)) = self.open.pop() {
            if self.settled.contains_key(&fact) {
                if let (Fact::Act(node), Some(derived)) = (fact, &mut self.derived) {
                    derived.push((node, reason));
                }
                continue;
            }
            self.settled.insert(fact, (cost, reason));
            if let Fact::Act(Node { principal, change: None }) = fact {
                self.acting.insert(principal, self.order.len());
            }
            self.order.push(fact);
            match fact {
                Fact::Act(node) => self.acts(cost, node),
                Fact::Can(gained) => self.can(gained),
            }
        }
    }

    fn cost(&self, fact: Fact) -> Option<u32> {
        self.settled.get(&fact).map(|(cost, _)| *cost)
    }

    fn acts_as(&self, principal: PrincipalId) -> bool {
        self.acting.contains_key(&principal)
    }

    fn acts(&mut self, cost: u32, node: Node) {
        let ready = self.ready;
        for edge in ready.steps_of(node) {
            let Some(hop) = ready.hop(*edge) else { continue };
            let fact = match hop.gained {
                Gained::Become(id) => Fact::Act(Node::as_is(id)),
                other => Fact::Can(other),
            };
            let reason = Reason { hop: Some(*edge), with: [None; 2], by: Some(node) };
            self.note(cost.saturating_add(price(hop)), fact, reason);
        }
        if node.change.is_none() {
            self.acts_as_it_is(node.principal);
        }
    }

    /// What follows from acting as a principal together with what was gained before.
    fn acts_as_it_is(&mut self, principal: PrincipalId) {
        let ready = self.ready;
        let groups = &ready.net.groups;
        let own = std::iter::once(principal).chain(groups.of.get(&principal).into_iter().flatten().copied());
        let changed: Vec<Gained> = own
            .flat_map(|id| {
                self.rewrites.get(&id).into_iter().flatten().map(move |change| Gained::Rewrite(id, *change))
            })
            .collect();
        for gained in changed {
            self.combine(gained, principal);
        }
        for group in self.joins.clone() {
            self.combine(Gained::Join(group), principal);
        }
        for edge in ready.steps_of(Node::changed(principal, Change::Admitted)) {
            if let Some(Hop { gained: Gained::Become(to), .. }) = ready.hop(*edge) {
                self.follow(Gained::Admit(*to), Some(*edge), principal, Node::as_is(*to));
            }
        }
    }

    /// What follows from something gained together with whom it can act as already.
    fn can(&mut self, gained: Gained) {
        let ready = self.ready;
        match gained {
            Gained::Rewrite(id, change) => {
                self.rewrites.entry(id).or_default().push(change);
                let members = ready.net.groups.members.get(&id).into_iter().flatten().copied();
                let all: Vec<PrincipalId> = std::iter::once(id).chain(members).collect();
                for principal in all.into_iter().filter(|one| self.acts_as(*one)).collect::<Vec<_>>() {
                    self.combine(gained, principal);
                }
                if self.settled.contains_key(&Fact::Can(Gained::Join(id))) {
                    for principal in self.acting() {
                        self.both(gained, Gained::Join(id), principal, change);
                    }
                }
            }
            Gained::Join(group) => {
                self.joins.push(group);
                for principal in self.acting() {
                    self.combine(gained, principal);
                }
            }
            // Whoever comes in otherwise already needs no trust to be opened.
            Gained::Admit(to) if self.derived.is_none() && self.acts_as(to) => {}
            Gained::Admit(to) => {
                let all = ready.admitted.get(&to).into_iter().flatten();
                let place = |from: &PrincipalId| self.acting.get(from).copied();
                let mut own: Vec<_> =
                    all.filter_map(|(from, edge)| Some((place(from)?, *from, *edge))).collect();
                own.sort_unstable();
                for (_, principal, edge) in own {
                    self.follow(gained, Some(edge), principal, Node::as_is(to));
                }
            }
            Gained::Become(_) | Gained::Manage(_) => {}
        }
    }

    /// Everybody it can act as so far.
    fn acting(&self) -> Vec<PrincipalId> {
        let as_is = |fact: &Fact| match fact {
            Fact::Act(Node { principal, change: None }) => Some(*principal),
            _ => None,
        };
        self.order.iter().filter_map(as_is).collect()
    }

    /// What follows from a change or a group that takes members, and from acting as a principal that it concerns.
    fn combine(&mut self, gained: Gained, principal: PrincipalId) {
        match gained {
            Gained::Rewrite(_, change) => {
                self.follow(gained, None, principal, Node::changed(principal, change));
            }
            Gained::Join(group) if self.ready.net.groups.takes(group, principal) => {
                self.follow(gained, None, principal, Node::changed(principal, Change::Member(group)));
                for change in self.rewrites.get(&group).cloned().unwrap_or_default() {
                    self.both(Gained::Rewrite(group, change), gained, principal, change);
                }
            }
            Gained::Join(_) | Gained::Admit(_) | Gained::Become(_) | Gained::Manage(_) => {}
        }
    }

    fn follow(&mut self, gained: Gained, hop: Option<EdgeIndex>, principal: PrincipalId, to: Node) {
        self.push(hop, [Some(Fact::Can(gained)), None], principal, to);
    }

    /// Whoever can change a group and put itself into it.
    fn both(&mut self, changed: Gained, joined: Gained, principal: PrincipalId, change: Change) {
        let with = [changed, joined].map(|gained| Some(Fact::Can(gained)));
        let takes = matches!(joined, Gained::Join(group) if self.ready.net.groups.takes(group, principal));
        if takes {
            self.push(None, with, principal, Node::changed(principal, change));
        }
    }

    /// Notes that a node is reached if all it needs is settled.
    fn push(&mut self, hop: Option<EdgeIndex>, with: [Option<Fact>; 2], by: PrincipalId, to: Node) {
        // What is settled cost no more than anything that comes after.
        if self.derived.is_none() && self.settled.contains_key(&Fact::Act(to)) {
            return;
        }
        let by = Node::as_is(by);
        let needed = with.into_iter().flatten().chain([Fact::Act(by)]);
        let costs: Option<Vec<u32>> = needed.map(|fact| self.cost(fact)).collect();
        if let Some(costs) = costs {
            let own = hop.and_then(|edge| self.ready.hop(edge)).map_or(0, price);
            let cost = costs.iter().fold(own, |sum, cost| sum.saturating_add(*cost));
            self.note(cost, Fact::Act(to), Reason { hop, with, by: Some(by) });
        }
    }

    /// Keeps a derivation, unless one is known that costs no more and nobody wants the others.
    fn note(&mut self, cost: u32, fact: Fact, reason: Reason) {
        let known = self.noted.get(&fact).copied();
        if self.derived.is_some() || known.is_none_or(|known| cost < known) {
            self.noted.insert(fact, cost);
            self.open.push(cost, fact, reason);
        }
    }
}

impl Reach<'_> {
    /// The steps by which a fact comes to be true, in an order in which they can be taken; `None` if it does not.
    pub(super) fn hops(&self, fact: Fact) -> Option<Vec<Hop>> {
        self.settled.get(&fact)?;
        let mut edges = Vec::new();
        self.collect(fact, &mut edges, &mut BTreeSet::new());
        Some(edges.into_iter().filter_map(|edge| self.net.steps.edge_weight(edge).cloned()).collect())
    }

    /// Everybody it can act as, the nearest first.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node> {
        self.order.iter().filter_map(|fact| match fact {
            Fact::Act(node) => Some(*node),
            Fact::Can(_) => None,
        })
    }

    /// The steps from acting as one to acting as another, what else they need included.
    pub(super) fn moves(&self) -> Vec<(Node, Node, Vec<Hop>)> {
        let settled = |node: Node| self.settled.get(&Fact::Act(node)).map(|(_, reason)| (node, *reason));
        let others = self.derived.iter().map(|(node, reason)| (*node, *reason));
        let mut moves = Vec::new();
        for (to, reason) in self.nodes().filter_map(settled).chain(others) {
            // Who takes the step is reached by its own way.
            let Some(from) = reason.by else { continue };
            let mut edges = Vec::new();
            let mut seen = BTreeSet::from([Fact::Act(from)]);
            for fact in reason.with.into_iter().flatten() {
                self.collect(fact, &mut edges, &mut seen);
            }
            edges.extend(reason.hop);
            let hops = edges.into_iter().filter_map(|edge| self.net.steps.edge_weight(edge).cloned());
            moves.push((from, to, hops.collect()));
        }
        moves
    }

    fn collect(&self, fact: Fact, edges: &mut Vec<EdgeIndex>, seen: &mut BTreeSet<Fact>) {
        if !seen.insert(fact) {
            return;
        }
        let Some((_, reason)) = self.settled.get(&fact).copied() else { return };
        for needed in reason.with.into_iter().flatten().chain(reason.by.map(Fact::Act)) {
            self.collect(needed, edges, seen);
        }
        if let Some(edge) = reason.hop
            && !edges.contains(&edge)
        {
            edges.push(edge);
        }
    }
}
