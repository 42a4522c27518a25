//! The steps that can be taken, as a graph, and what somebody comes to by them.
//!
//! Some things need two others: to act as a principal with other permissions, one has to be able to act as the principal
//! and to change its permissions, and the two may be reached by different steps. So what somebody comes to is not the
//! shortest path of a plain graph. It is worked out as Knuth's generalization of Dijkstra's algorithm does it, where a
//! fact may follow from several (D. E. Knuth, "A generalization of Dijkstra's algorithm", 1977).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use rustc_hash::FxHashMap;

use super::hop::Node;
use super::hubs::{HubId, Hubs, Move};
use crate::clouds::escalation::{Change, Gained};
use crate::model::{Estate, PrincipalId, PrincipalKind, ScopeId};

/// The graph of steps.
pub(super) struct Net {
    pub(super) hubs: Hubs,
    groups: Groups,
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
    hop: Option<Move>,
    /// What it needs beside acting as `by`.
    with: [Option<Fact>; 2],
    /// Who takes the step; nobody at the start.
    by: Option<Node>,
}

impl Reason {
    const START: Self = Self { hop: None, with: [None; 2], by: None };
}

/// All that somebody comes to.
pub(super) struct Reach {
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
        Self { hubs: Hubs::default(), groups: Groups { members, of, homes } }
    }

    /// The groups that somebody is in, and its kind and home, which decide whether others take it.
    pub(super) fn membership(
        &self,
        one: PrincipalId,
    ) -> (&[PrincipalId], Option<(PrincipalKind, Option<ScopeId>)>) {
        let of = self.groups.of.get(&one).map_or(&[][..], Vec::as_slice);
        (of, self.groups.homes.get(one.index()).copied())
    }

    /// The graph as it is now, ready to be searched from many starts.
    pub(super) fn ready(&self) -> Ready<'_> {
        let mut steps: FxHashMap<Node, Vec<HubId>> = FxHashMap::default();
        let mut targets: FxHashMap<HubId, Aim> = FxHashMap::default();
        let mut sets: FxHashMap<Vec<Gained>, usize> = FxHashMap::default();
        let mut admitted: FxHashMap<PrincipalId, Vec<HubId>> = FxHashMap::default();
        for (id, hub) in self.hubs.needed() {
            let mut lets_in = false;
            for member in hub.members() {
                lets_in |= member.change == Some(Change::Admitted);
                steps.entry(member).or_default().push(id);
            }
            for gained in hub.targets().filter(|_| lets_in) {
                if let Gained::Become(to) = gained {
                    admitted.entry(to).or_default().push(id);
                }
            }
            let gained: Vec<Gained> = hub.targets().collect();
            let next = sets.len();
            let set = *sets.entry(gained.clone()).or_insert(next);
            targets.insert(id, Aim { price: hub.price(), set, gained });
        }
        Ready { net: self, steps, targets, admitted }
    }
}

/// A graph that does not change any more, with the steps that are worth taking.
pub(super) struct Ready<'n> {
    net: &'n Net,
    steps: FxHashMap<Node, Vec<HubId>>,
    /// What each step costs, and what is gained by it.
    targets: FxHashMap<HubId, Aim>,
    /// The steps by which a principal lets somebody in after its trust was opened.
    admitted: FxHashMap<PrincipalId, Vec<HubId>>,
}

/// What a step costs, and what is gained by it; the same things gained have the same number.
struct Aim {
    price: u32,
    set: usize,
    gained: Vec<Gained>,
}

impl Ready<'_> {
    fn steps_of(&self, node: Node) -> &[HubId] {
        self.steps.get(&node).map_or(&[][..], Vec::as_slice)
    }

    fn price(&self, hub: HubId) -> u32 {
        self.targets.get(&hub).map_or(0, |aim| aim.price)
    }

    fn targets(&self, hub: HubId) -> &[Gained] {
        self.targets.get(&hub).map_or(&[][..], |aim| aim.gained.as_slice())
    }

    /// All that somebody comes to.
    pub(super) fn reach(&self, start: PrincipalId) -> Reach {
        self.search(start, false)
    }

    /// The same with all derivations, not only the cheapest of each fact.
    pub(super) fn reach_by_all(&self, start: PrincipalId) -> Reach {
        self.search(start, true)
    }

    fn search(&self, start: PrincipalId, keep: bool) -> Reach {
        let mut search = Search {
            ready: self,
            settled: FxHashMap::default(),
            noted: FxHashMap::default(),
            order: Vec::new(),
            acting: FxHashMap::default(),
            derived: keep.then(Vec::new),
            joins: Vec::new(),
            taken: FxHashMap::default(),
            covered: FxHashMap::default(),
            rewrites: BTreeMap::new(),
            open: Open::default(),
        };
        search.open.push(0, Fact::Act(Node::as_is(start)), Reason::START);
        search.run();
        let derived = search.derived.unwrap_or_default();
        Reach { settled: search.settled, derived, order: search.order }
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

struct Search<'r> {
    ready: &'r Ready<'r>,
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
    /// Whoever takes a step, the nearest first. One is enough, unless all derivations are wanted.
    taken: FxHashMap<HubId, Vec<Node>>,
    /// The least that all of several things cost by one step.
    covered: FxHashMap<usize, u32>,
    /// Changes that can be made, by whom they change: a principal, or a group.
    rewrites: BTreeMap<PrincipalId, Vec<Change>>,
    open: Open,
}

impl Search<'_> {
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
        for hub in ready.steps_of(node) {
            if !self.takes(*hub, node) {
                continue;
            }
            let cost = cost.saturating_add(ready.price(*hub));
            if !self.aims(*hub, cost) {
                continue;
            }
            for gained in ready.targets(*hub) {
                let fact = match *gained {
                    Gained::Become(id) => Fact::Act(Node::as_is(id)),
                    other => Fact::Can(other),
                };
                let hop = Move { from: node, hub: *hub, gained: *gained };
                self.note(cost, fact, Reason { hop: Some(hop), with: [None; 2], by: Some(node) });
            }
        }
        if node.change.is_none() {
            self.acts_as_it_is(node.principal);
        }
    }

    /// Notes what all that a step gains costs. Answers whether that is less than it cost by other steps.
    fn aims(&mut self, hub: HubId, cost: u32) -> bool {
        let Some(aim) = self.ready.targets.get(&hub).filter(|_| self.derived.is_none()) else { return true };
        let known = self.covered.entry(aim.set).or_insert(u32::MAX);
        let is_less = cost < *known;
        *known = cost.min(*known);
        is_less
    }

    /// Notes that somebody takes a step. Answers whether that leads on.
    fn takes(&mut self, hub: HubId, node: Node) -> bool {
        let taken = self.taken.entry(hub).or_default();
        let is_wanted = taken.is_empty() || self.derived.is_some();
        if is_wanted {
            taken.push(node);
        }
        is_wanted
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
        let inside = Node::changed(principal, Change::Admitted);
        for hub in ready.steps_of(inside) {
            if !self.takes(*hub, inside) {
                continue;
            }
            for gained in ready.targets(*hub) {
                let hop = Move { from: inside, hub: *hub, gained: *gained };
                if let Gained::Become(to) = *gained {
                    self.follow(Gained::Admit(to), Some(hop), principal, Node::as_is(to));
                }
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
                let mut own: Vec<(usize, Move)> = Vec::new();
                for hub in ready.admitted.get(&to).into_iter().flatten() {
                    for from in self.taken.get(hub).into_iter().flatten() {
                        let place = self.acting.get(&from.principal).copied().unwrap_or(usize::MAX);
                        own.push((place, Move { from: *from, hub: *hub, gained: Gained::Become(to) }));
                    }
                }
                own.sort_unstable();
                for (_, hop) in own {
                    self.follow(gained, Some(hop), hop.from.principal, Node::as_is(to));
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

    fn follow(&mut self, gained: Gained, hop: Option<Move>, principal: PrincipalId, to: Node) {
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
    fn push(&mut self, hop: Option<Move>, with: [Option<Fact>; 2], by: PrincipalId, to: Node) {
        // What is settled cost no more than anything that comes after.
        if self.derived.is_none() && self.settled.contains_key(&Fact::Act(to)) {
            return;
        }
        let by = Node::as_is(by);
        let needed = with.into_iter().flatten().chain([Fact::Act(by)]);
        let costs: Option<Vec<u32>> = needed.map(|fact| self.cost(fact)).collect();
        if let Some(costs) = costs {
            let own = hop.map_or(0, |hop| self.ready.price(hop.hub));
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

impl Reach {
    /// The steps by which a fact comes to be true, in an order in which they can be taken; `None` if it does not.
    pub(super) fn moves(&self, fact: Fact) -> Option<Vec<Move>> {
        self.settled.get(&fact)?;
        let mut moves = Vec::new();
        self.collect(fact, &mut moves, &mut BTreeSet::new());
        Some(moves)
    }

    /// Whether it can act as somebody as it is.
    pub(super) fn acts_as(&self, principal: PrincipalId) -> bool {
        self.settled.contains_key(&Fact::Act(Node::as_is(principal)))
    }

    /// Everybody it can act as, the nearest first.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node> {
        self.order.iter().filter_map(|fact| match fact {
            Fact::Act(node) => Some(*node),
            Fact::Can(_) => None,
        })
    }

    /// The steps from acting as one to acting as another, what else they need included.
    pub(super) fn between(&self) -> Vec<(Node, Node, Vec<Move>)> {
        let settled = |node: Node| self.settled.get(&Fact::Act(node)).map(|(_, reason)| (node, *reason));
        let others = self.derived.iter().map(|(node, reason)| (*node, *reason));
        let mut found = Vec::new();
        for (to, reason) in self.nodes().filter_map(settled).chain(others) {
            // Who takes the step is reached by its own way.
            let Some(from) = reason.by else { continue };
            let mut moves = Vec::new();
            let mut seen = BTreeSet::from([Fact::Act(from)]);
            for fact in reason.with.into_iter().flatten() {
                self.collect(fact, &mut moves, &mut seen);
            }
            moves.extend(reason.hop);
            found.push((from, to, moves));
        }
        found
    }

    fn collect(&self, fact: Fact, moves: &mut Vec<Move>, seen: &mut BTreeSet<Fact>) {
        if !seen.insert(fact) {
            return;
        }
        let Some((_, reason)) = self.settled.get(&fact).copied() else { return };
        for needed in reason.with.into_iter().flatten().chain(reason.by.map(Fact::Act)) {
            self.collect(needed, moves, seen);
        }
        if let Some(hop) = reason.hop
            && !moves.contains(&hop)
        {
            moves.push(hop);
        }
    }
}
