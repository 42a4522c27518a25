//! The steps that can be taken, as a graph, and what somebody comes to by them.
//!
//! Some things need two others: to act as a principal with other permissions, one has to be able to act as the principal
//! and to change its permissions, and the two may be reached by different steps. So what somebody comes to is not the
//! shortest path of a plain graph. It is worked out as Knuth's generalization of Dijkstra's algorithm does it, where a
//! fact may follow from several (D. E. Knuth, "A generalization of Dijkstra's algorithm", 1977).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::hop::Node;
use super::hubs::{Hubs, Move};
use super::numbers::{Anew, NONE, Numbers, Open};
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

/// How a fact was derived. What it follows from is said by the places of these facts in the order of derivation, or
/// [`NONE`].
#[derive(Clone, Copy)]
pub(super) struct Reason {
    hop: Option<Move>,
    /// What it needs beside acting as `by`.
    with: [u32; 2],
    /// Who takes the step; nobody at the start.
    by: u32,
}

impl Reason {
    const START: Self = Self { hop: None, with: [NONE; 2], by: NONE };
}

/// All that somebody comes to.
pub(super) struct Reach {
    /// In the order of derivation, the cheapest first.
    order: Vec<Settled>,
    /// Further derivations of acting as somebody.
    derived: Vec<(Node, Reason)>,
}

/// A fact with its cheapest derivation.
struct Settled {
    fact: Fact,
    cost: u32,
    reason: Reason,
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
        let mut numbers = Numbers::default();
        let mut steps: Vec<Vec<u32>> = Vec::new();
        let mut aims = Vec::new();
        let mut sets: FxHashMap<Vec<Gained>, u32> = FxHashMap::default();
        let mut admitted: FxHashMap<PrincipalId, Vec<u32>> = FxHashMap::default();
        for (number, (id, hub)) in (0..).zip(self.hubs.needed()) {
            let mut lets_in = false;
            for member in hub.members() {
                lets_in |= member.change == Some(Change::Admitted);
                let taker = numbers.of(Fact::Act(member)) as usize;
                if steps.len() <= taker {
                    steps.resize_with(taker + 1, Vec::new);
                }
                if let Some(own) = steps.get_mut(taker) {
                    own.push(number);
                }
            }
            for gained in hub.targets().filter(|_| lets_in) {
                if let Gained::Become(to) = gained {
                    admitted.entry(to).or_default().push(number);
                }
            }
            let gained: Vec<Gained> = hub.targets().collect();
            let next = u32::try_from(sets.len()).unwrap_or(NONE);
            let set = *sets.entry(gained.clone()).or_insert(next);
            let facts = gained.into_iter().map(|gained| (gained, numbers.of(fact_of(gained)))).collect();
            aims.push(Aim { hub: id, price: hub.price(), set, gained: facts });
        }
        let scratch = RefCell::new(Scratch { numbers, ..Scratch::default() });
        Ready { net: self, steps, aims, admitted, scratch }
    }
}

/// A graph that does not change any more, with the steps that are worth taking.
pub(super) struct Ready<'n> {
    net: &'n Net,
    /// By the number of the fact that somebody can act as who can take them.
    steps: Vec<Vec<u32>>,
    /// What is gained by each step.
    aims: Vec<Aim>,
    /// The steps by which a principal lets somebody in after its trust was opened.
    admitted: FxHashMap<PrincipalId, Vec<u32>>,
    /// What searches use one after the other.
    scratch: RefCell<Scratch>,
}

/// What a step costs, and what is gained by it, with the number of that fact; the same things gained have the same
/// number as a set.
struct Aim {
    hub: u32,
    price: u32,
    set: u32,
    gained: Vec<(Gained, u32)>,
}

/// What follows for whoever gains something.
fn fact_of(gained: Gained) -> Fact {
    match gained {
        Gained::Become(id) => Fact::Act(Node::as_is(id)),
        other => Fact::Can(other),
    }
}

impl Ready<'_> {
    fn steps_of(&self, fact: u32) -> &[u32] {
        self.steps.get(fact as usize).map_or(&[][..], Vec::as_slice)
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
        let mut scratch = self.scratch.take();
        scratch.begin();
        let mut search = Search {
            ready: self,
            scratch,
            order: Vec::new(),
            derived: keep.then(Vec::new),
            joins: Vec::new(),
            open: Open::default(),
        };
        let first = search.scratch.numbers.of(Fact::Act(Node::as_is(start)));
        search.open.push(0, first, Reason::START);
        search.run();
        self.scratch.replace(search.scratch);
        Reach { order: search.order, derived: search.derived.unwrap_or_default() }
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

/// What a search knows, by the numbers of facts, steps and principals.
#[derive(Default)]
struct Scratch {
    numbers: Numbers,
    facts: Anew<State>,
    /// By step: whoever takes it, the nearest first, by the number of the fact. One is enough, unless all derivations
    /// are wanted.
    taken: Anew<Vec<u32>>,
    /// By set of things gained: the least that all of them cost by one step.
    covered: Anew<Option<u32>>,
    /// Changes that can be made, by whom they change: a principal, or a group.
    rewrites: Anew<Vec<Change>>,
}

impl Scratch {
    fn begin(&mut self) {
        self.facts.begin();
        self.taken.begin();
        self.covered.begin();
        self.rewrites.begin();
    }
}

/// What is known of a fact.
#[derive(Default)]
struct State {
    /// The least that it costs by what was derived so far.
    noted: Option<u32>,
    /// Its place in the order of derivation, once it has one.
    place: Option<u32>,
}

struct Search<'r> {
    ready: &'r Ready<'r>,
    scratch: Scratch,
    order: Vec<Settled>,
    /// Derivations of what was settled already, if they are wanted.
    derived: Option<Vec<(Node, Reason)>>,
    /// Groups that can be joined.
    joins: Vec<PrincipalId>,
    open: Open<Reason>,
}

impl Search<'_> {
    fn run(&mut self) {
        while let Some((cost, number, reason)) = self.open.pop() {
            let fact = self.scratch.numbers.fact(number);
            let state = self.scratch.facts.at(number);
            if state.place.is_some() {
                if let (Some(Fact::Act(node)), Some(derived)) = (fact, &mut self.derived) {
                    derived.push((node, reason));
                }
                continue;
            }
            let (Some(fact), Ok(place)) = (fact, u32::try_from(self.order.len())) else { return };
            state.place = Some(place);
            self.order.push(Settled { fact, cost, reason });
            match fact {
                Fact::Act(node) => self.acts(cost, node, number, place),
                Fact::Can(gained) => self.can(gained, place),
            }
        }
    }

    /// Where a fact stands among those that are settled, if it is.
    fn place(&self, number: u32) -> Option<u32> {
        self.scratch.facts.get(number)?.place
    }

    /// Where it stands that somebody can be acted as.
    fn acting_as(&self, principal: PrincipalId) -> Option<u32> {
        self.place(self.scratch.numbers.as_is(principal)?)
    }

    fn can_place(&self, gained: Gained) -> Option<u32> {
        self.place(self.scratch.numbers.find(Fact::Can(gained))?)
    }

    fn acts(&mut self, cost: u32, node: Node, number: u32, place: u32) {
        let ready = self.ready;
        for step in ready.steps_of(number) {
            let Some(aim) = ready.aims.get(*step as usize).filter(|_| self.takes(*step, number)) else {
                continue;
            };
            let cost = cost.saturating_add(aim.price);
            if !self.aims(aim, cost) {
                continue;
            }
            for (gained, fact) in &aim.gained {
                let hop = || Some(Move { from: node, hub: aim.hub, gained: *gained });
                self.note(cost, *fact, || Reason { hop: hop(), with: [NONE; 2], by: place });
            }
        }
        if node.change.is_none() {
            self.acts_as_it_is(node.principal, place);
        }
    }

    /// Notes what all that a step gains costs. Answers whether that is less than it cost by other steps.
    fn aims(&mut self, aim: &Aim, cost: u32) -> bool {
        if self.derived.is_some() {
            return true;
        }
        let known = self.scratch.covered.at(aim.set);
        let is_less = known.is_none_or(|known| cost < known);
        if is_less {
            *known = Some(cost);
        }
        is_less
    }

    /// Notes that somebody takes a step. Answers whether that leads on.
    fn takes(&mut self, step: u32, taker: u32) -> bool {
        let taken = self.scratch.taken.at(step);
        let is_wanted = taken.is_empty() || self.derived.is_some();
        if is_wanted {
            taken.push(taker);
        }
        is_wanted
    }

    /// What follows from acting as a principal together with what was gained before.
    fn acts_as_it_is(&mut self, principal: PrincipalId, place: u32) {
        let ready = self.ready;
        let groups = &ready.net.groups;
        let own = std::iter::once(principal).chain(groups.of.get(&principal).into_iter().flatten().copied());
        let changes = |id: PrincipalId| {
            let changes = self.scratch.rewrites.get(number_of(id)).into_iter().flatten();
            changes.map(move |change| Gained::Rewrite(id, *change))
        };
        let changed: Vec<Gained> = own.flat_map(changes).collect();
        for gained in changed {
            self.combine(gained, principal, place);
        }
        for at in 0..self.joins.len() {
            let Some(group) = self.joins.get(at).copied() else { break };
            self.combine(Gained::Join(group), principal, place);
        }
        let inside = Node::changed(principal, Change::Admitted);
        let Some(number) = self.scratch.numbers.find(Fact::Act(inside)) else { return };
        for step in ready.steps_of(number) {
            let Some(aim) = ready.aims.get(*step as usize).filter(|_| self.takes(*step, number)) else {
                continue;
            };
            for (gained, _) in &aim.gained {
                if let Gained::Become(to) = *gained {
                    let hop = Move { from: inside, hub: aim.hub, gained: *gained };
                    self.follow(Gained::Admit(to), Some((hop, aim.price)), place, Node::as_is(to));
                }
            }
        }
    }

    /// What follows from something gained together with whom it can act as already.
    fn can(&mut self, gained: Gained, place: u32) {
        let ready = self.ready;
        match gained {
            Gained::Rewrite(id, change) => {
                self.scratch.rewrites.at(number_of(id)).push(change);
                let members = ready.net.groups.members.get(&id).into_iter().flatten().copied();
                for principal in std::iter::once(id).chain(members) {
                    if let Some(acting) = self.acting_as(principal) {
                        self.combine(gained, principal, acting);
                    }
                }
                if let Some(joined) = self.can_place(Gained::Join(id)) {
                    for (principal, acting) in self.acting() {
                        self.both(id, [place, joined], (principal, acting), change);
                    }
                }
            }
            Gained::Join(group) => {
                self.joins.push(group);
                for (principal, acting) in self.acting() {
                    self.combine(gained, principal, acting);
                }
            }
            // Whoever comes in otherwise already needs no trust to be opened.
            Gained::Admit(to) if self.derived.is_none() && self.acting_as(to).is_some() => {}
            Gained::Admit(to) => {
                for (acting, hop, price) in self.admissions(to) {
                    self.follow(gained, Some((hop, price)), acting, Node::as_is(to));
                }
            }
            Gained::Become(_) | Gained::Manage(_) => {}
        }
    }

    /// The steps to a principal that were taken from inside, once its trust is open, in the order of those who take
    /// them: where that stands, the step, and what it costs.
    fn admissions(&self, to: PrincipalId) -> Vec<(u32, Move, u32)> {
        let mut found = Vec::new();
        for step in self.ready.admitted.get(&to).into_iter().flatten() {
            let Some(aim) = self.ready.aims.get(*step as usize) else { continue };
            for taker in self.scratch.taken.get(*step).into_iter().flatten() {
                let Some(Fact::Act(from)) = self.scratch.numbers.fact(*taker) else { continue };
                let Some(acting) = self.acting_as(from.principal) else { continue };
                let hop = Move { from, hub: aim.hub, gained: Gained::Become(to) };
                found.push((acting, hop, aim.price));
            }
        }
        found.sort_unstable();
        found
    }

    /// Everybody it can act as so far, with the place where that stands.
    fn acting(&self) -> Vec<(PrincipalId, u32)> {
        let as_is = |(settled, place): (&Settled, u32)| match settled.fact {
            Fact::Act(Node { principal, change: None }) => Some((principal, place)),
            _ => None,
        };
        self.order.iter().zip(0..).filter_map(as_is).collect()
    }

    /// What follows from a change or a group that takes members, and from acting as a principal that it concerns.
    fn combine(&mut self, gained: Gained, principal: PrincipalId, acting: u32) {
        match gained {
            Gained::Rewrite(_, change) => {
                self.follow(gained, None, acting, Node::changed(principal, change));
            }
            Gained::Join(group) if self.ready.net.groups.takes(group, principal) => {
                self.follow(gained, None, acting, Node::changed(principal, Change::Member(group)));
                let Some(joined) = self.can_place(gained) else { return };
                let changes = self.scratch.rewrites.get(number_of(group)).cloned().unwrap_or_default();
                for change in changes {
                    if let Some(changed) = self.can_place(Gained::Rewrite(group, change)) {
                        self.both(group, [changed, joined], (principal, acting), change);
                    }
                }
            }
            Gained::Join(_) | Gained::Admit(_) | Gained::Become(_) | Gained::Manage(_) => {}
        }
    }

    /// Notes that a node is reached by somebody who can do something, if that is settled.
    fn follow(&mut self, gained: Gained, hop: Option<(Move, u32)>, by: u32, to: Node) {
        if let Some(with) = self.can_place(gained) {
            self.push(hop, [with, NONE], by, to);
        }
    }

    /// Whoever can change a group and put itself into it. What it can do stands at `with`.
    fn both(&mut self, group: PrincipalId, with: [u32; 2], who: (PrincipalId, u32), change: Change) {
        let (principal, acting) = who;
        if self.ready.net.groups.takes(group, principal) {
            self.push(None, with, acting, Node::changed(principal, change));
        }
    }

    /// Notes that a node is reached, by what stands at these places.
    fn push(&mut self, hop: Option<(Move, u32)>, with: [u32; 2], by: u32, to: Node) {
        let number = self.scratch.numbers.of(Fact::Act(to));
        // What is settled cost no more than anything that comes after.
        if self.derived.is_none() && self.place(number).is_some() {
            return;
        }
        let cost_at = |place: u32| self.order.get(place as usize).map_or(0, |settled| settled.cost);
        let own = hop.map_or(0, |(_, price)| price);
        let needed = with.into_iter().chain([by]);
        let cost = needed.fold(own, |sum, place| sum.saturating_add(cost_at(place)));
        self.note(cost, number, || Reason { hop: hop.map(|(hop, _)| hop), with, by });
    }

    /// Keeps a derivation, unless one is known that costs no more and nobody wants the others.
    fn note(&mut self, cost: u32, number: u32, reason: impl FnOnce() -> Reason) {
        let state = self.scratch.facts.at(number);
        if self.derived.is_some() || state.noted.is_none_or(|known| cost < known) {
            state.noted = Some(cost);
            self.open.push(cost, number, reason());
        }
    }
}

fn number_of(principal: PrincipalId) -> u32 {
    u32::try_from(principal.index()).unwrap_or(NONE)
}

impl Reach {
    /// All that is true, the cheapest first, each with its place.
    pub(super) fn facts(&self) -> impl Iterator<Item = (usize, Fact)> {
        self.order.iter().map(|settled| settled.fact).enumerate()
    }

    /// The steps by which the fact at a place comes to be true, in an order in which they can be taken.
    pub(super) fn moves(&self, place: usize) -> Vec<Move> {
        let mut moves = Vec::new();
        if let Ok(place) = u32::try_from(place) {
            self.collect(place, &mut moves, &mut BTreeSet::new());
        }
        moves
    }

    /// Everybody it can act as, the nearest first, with the place where that stands.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (usize, Node)> {
        self.facts().filter_map(|(place, fact)| match fact {
            Fact::Act(node) => Some((place, node)),
            Fact::Can(_) => None,
        })
    }

    /// The steps from acting as one to acting as another, what else they need included.
    pub(super) fn between(&self) -> Vec<(Node, Node, Vec<Move>)> {
        let settled = self.order.iter().filter_map(|one| match one.fact {
            Fact::Act(node) => Some((node, one.reason)),
            Fact::Can(_) => None,
        });
        let mut found = Vec::new();
        for (to, reason) in settled.chain(self.derived.iter().copied()) {
            // Who takes the step is reached by its own way.
            let Some(Fact::Act(from)) = self.order.get(reason.by as usize).map(|one| one.fact) else {
                continue;
            };
            let mut moves = Vec::new();
            let mut seen = BTreeSet::from([reason.by]);
            for place in reason.with {
                self.collect(place, &mut moves, &mut seen);
            }
            moves.extend(reason.hop);
            found.push((from, to, moves));
        }
        found
    }

    fn collect(&self, place: u32, moves: &mut Vec<Move>, seen: &mut BTreeSet<u32>) {
        if !seen.insert(place) {
            return;
        }
        let Some(Settled { reason, .. }) = self.order.get(place as usize) else { return };
        for needed in reason.with.into_iter().chain([reason.by]) {
            self.collect(needed, moves, seen);
        }
        if let Some(hop) = reason.hop
            && !moves.contains(&hop)
        {
            moves.push(hop);
        }
    }
}
