//! Steps that many can take at many targets, each written down once.
//!
//! A wildcard lets everybody who holds it become every role of an account that trusts the same service. As single edges
//! these grow with the square of the account; as a *hub*, to which those lead who can take the step and from which the
//! targets are reached, they grow with the account. A step that one can take at one target is a hub as well.
//!
//! A hub says that a step can be taken and not by which requests: those of a certain taker and target are asked for
//! when somebody wants to see them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::asking::{Asking, Posed, Taken, Way};
use super::hop::{Hop, Node};
use crate::clouds::Cloud;
use crate::clouds::escalation::{Change, Gained, Situation, Step};
use crate::evaluator::Bug;
use crate::model::PrincipalId;

/// A hub, by the order in which they were found.
pub(super) type HubId = u32;

/// Somebody takes a step of a hub at one of its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Move {
    pub(super) from: Node,
    pub(super) hub: HubId,
    pub(super) gained: Gained,
}

/// Who can take a step, and at which targets.
pub(super) struct Hub {
    /// The class of situations it belongs to, and which of them it is.
    pub(super) class: usize,
    pub(super) at: usize,
    /// Whether it follows from the input alone that its members can take it.
    proven: bool,
    members: BTreeSet<Node>,
    targets: BTreeSet<Gained>,
}

impl Hub {
    pub(super) fn members(&self) -> impl Iterator<Item = Node> + '_ {
        self.members.iter().copied()
    }

    pub(super) fn has_member(&self, node: Node) -> bool {
        self.members.contains(&node)
    }

    pub(super) fn targets(&self) -> impl Iterator<Item = Gained> + '_ {
        self.targets.iter().copied()
    }

    /// What the step costs: two that follow from the files are worth less than one that rests on an assumption.
    pub(super) fn price(&self) -> u32 {
        if self.proven { 2 } else { 5 }
    }

    /// All that it lets happen.
    fn moves(&self, hub: HubId) -> impl Iterator<Item = Move> + '_ {
        let pairs = self.members().flat_map(|from| self.targets().map(move |gained| (from, gained)));
        let itself = |from: Node, gained: Gained| gained == Gained::Become(from.principal);
        pairs.filter(move |(from, gained)| !itself(*from, *gained)).map(move |(from, gained)| Move {
            from,
            hub,
            gained,
        })
    }
}

/// All hubs.
#[derive(Default)]
pub(super) struct Hubs {
    all: Vec<Hub>,
    by_place: FxHashMap<(usize, usize, bool), HubId>,
    /// The hubs by whose steps something is gained.
    into: BTreeMap<Gained, Vec<HubId>>,
    of: BTreeMap<Node, Vec<HubId>>,
}

impl Hubs {
    pub(super) fn get(&self, hub: HubId) -> Option<&Hub> {
        self.all.get(hub as usize)
    }

    /// All hubs, in the order in which they were found.
    pub(super) fn iter(&self) -> impl Iterator<Item = (HubId, &Hub)> {
        (0..).zip(&self.all)
    }

    /// All that one of them lets happen.
    pub(super) fn moves_of(&self, hub: HubId) -> impl Iterator<Item = Move> + '_ {
        self.get(hub).into_iter().flat_map(move |found| found.moves(hub))
    }

    /// All that the hubs let happen, in the order in which the hubs were found.
    pub(super) fn moves(&self) -> impl Iterator<Item = Move> + '_ {
        self.iter().flat_map(|(id, hub)| hub.moves(id))
    }

    /// The hub for a situation of a class, with these targets if it is new.
    fn place(
        &mut self,
        class: usize,
        at: usize,
        proven: bool,
        targets: impl Iterator<Item = Gained>,
    ) -> HubId {
        if let Some(known) = self.by_place.get(&(class, at, proven)) {
            return *known;
        }
        let id = HubId::try_from(self.all.len()).unwrap_or(HubId::MAX);
        self.by_place.insert((class, at, proven), id);
        let (members, mut own) = (BTreeSet::new(), BTreeSet::new());
        for gained in targets {
            own.insert(gained);
            self.into.entry(gained).or_default().push(id);
        }
        self.all.push(Hub { class, at, proven, members, targets: own });
        id
    }

    fn add_member(&mut self, hub: HubId, node: Node) -> bool {
        let is_new = self.all.get_mut(hub as usize).is_some_and(|hub| hub.members.insert(node));
        if is_new {
            self.of.entry(node).or_default().push(hub);
        }
        is_new
    }

    fn add_target(&mut self, hub: HubId, gained: Gained) {
        if self.all.get_mut(hub as usize).is_some_and(|hub| hub.targets.insert(gained)) {
            self.into.entry(gained).or_default().push(hub);
        }
    }

    /// The hubs that somebody can take the step of.
    pub(super) fn of(&self, node: Node) -> &[HubId] {
        self.of.get(&node).map_or(&[][..], Vec::as_slice)
    }

    /// The hubs by whose steps something is gained.
    pub(super) fn gaining(&self, gained: Gained) -> &[HubId] {
        self.into.get(&gained).map_or(&[][..], Vec::as_slice)
    }

    /// The changes after which somebody can take steps, or that somebody can make.
    pub(super) fn changes(&self, one: PrincipalId) -> BTreeSet<Change> {
        let takes = self.of.range(Node::as_is(one)..).take_while(|(node, _)| node.principal == one);
        let changes = takes.filter_map(|(node, _)| node.change);
        let first = Gained::Rewrite(one, Change::Allowed);
        let made = self.into.range(first..).map_while(|(gained, _)| match gained {
            Gained::Rewrite(id, change) if *id == one => Some(*change),
            _ => None,
        });
        changes.chain(made).collect()
    }

    /// Everybody who can take some step as it is, in the order of the estate.
    pub(super) fn starts(&self) -> BTreeSet<PrincipalId> {
        let as_is = self.of.keys().filter(|node| node.change.is_none());
        as_is.map(|node| node.principal).collect()
    }

    /// The hubs that are worth taking: of those that the same can take at the same targets the cheapest, and among these
    /// the first.
    pub(super) fn needed(&self) -> Vec<(HubId, &Hub)> {
        type Same<'h> = (&'h BTreeSet<Node>, &'h BTreeSet<Gained>);
        let mut best: FxHashMap<Same<'_>, (u32, HubId)> = FxHashMap::default();
        for (id, hub) in self.iter() {
            let own = (hub.price(), id);
            let known = best.entry((&hub.members, &hub.targets)).or_insert(own);
            *known = own.min(*known);
        }
        let is_best = |(id, hub): &(HubId, &Hub)| {
            best.get(&(&hub.members, &hub.targets)).is_some_and(|(_, best)| best == id)
        };
        self.iter().filter(is_best).collect()
    }
}

/// A step with what it is called.
#[derive(Clone)]
pub(super) struct Template {
    pub(super) step: Step,
    pub(super) way: Way,
    pub(super) cloud: &'static dyn Cloud,
}

/// The situations of a step that are the same but for their targets.
pub(super) struct Class {
    way: Way,
    /// The step, if it is one as data.
    pub(super) template: Option<usize>,
    /// In which estate.
    pub(super) change: Option<Change>,
    /// The situations at the first of the targets.
    pub(super) posed: Vec<Rc<Posed>>,
    /// That one; none where the step is about a resource.
    pub(super) first: Option<PrincipalId>,
    /// Whether the first was asked as a taker, too.
    pub(super) first_asked: bool,
    targets: BTreeSet<PrincipalId>,
    /// The situations of which everybody was asked who comes into question.
    asked: BTreeSet<usize>,
    /// Who stayed undecided, by situation.
    pub(super) open: Vec<(usize, Node)>,
}

/// What classes are told apart by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) template: usize,
    pub(super) change: Option<Change>,
    pub(super) like: Like,
    /// Those who opened a trust, where that tells classes apart.
    pub(super) openers: u32,
}

/// What the targets of a class have in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Like {
    Number(u32),
    /// Like no other.
    Alone(PrincipalId),
}

/// All classes.
#[derive(Default)]
pub(super) struct Classes {
    all: Vec<Class>,
    by_kind: FxHashMap<Kind, usize>,
}

impl Classes {
    pub(super) fn get(&self, class: usize) -> Option<&Class> {
        self.all.get(class)
    }

    pub(super) fn get_mut(&mut self, class: usize) -> Option<&mut Class> {
        self.all.get_mut(class)
    }

    pub(super) fn find(&self, kind: &Kind) -> Option<usize> {
        self.by_kind.get(kind).copied()
    }

    pub(super) fn add(&mut self, kind: Option<Kind>, class: Class) -> usize {
        let id = self.all.len();
        if let Some(kind) = kind {
            self.by_kind.insert(kind, id);
        }
        self.all.push(class);
        id
    }
}

impl Class {
    pub(super) fn new(
        way: Way,
        template: Option<usize>,
        change: Option<Change>,
        posed: Vec<Rc<Posed>>,
    ) -> Self {
        let first = posed.first().and_then(|one| one.situation.gained.principal());
        Self {
            way,
            template,
            change,
            posed,
            first,
            first_asked: false,
            targets: BTreeSet::new(),
            asked: BTreeSet::new(),
            open: Vec::new(),
        }
    }

    /// The id of the step.
    pub(super) fn kind(&self) -> &str {
        &self.way.kind
    }

    /// Takes the situations from another target.
    pub(super) fn restart(&mut self, first: PrincipalId, posed: Vec<Rc<Posed>>) {
        self.first = Some(first).filter(|_| !posed.is_empty());
        self.posed = posed;
    }

    pub(super) fn is_asked(&self, at: usize) -> bool {
        self.asked.contains(&at)
    }

    pub(super) fn set_asked(&mut self, at: usize) {
        self.asked.insert(at);
    }

    /// The targets so far.
    pub(super) fn targets(&self) -> &BTreeSet<PrincipalId> {
        &self.targets
    }

    /// What is gained by one of the situations at each target.
    fn gains(&self, at: usize) -> Vec<Gained> {
        let Some(posed) = self.posed.get(at) else { return Vec::new() };
        let gained = posed.situation.gained;
        if gained.principal().is_none() {
            return vec![gained];
        }
        self.targets.iter().map(|target| at_target(gained, *target)).collect()
    }
}

/// The same gained of another target.
pub(super) fn at_target(gained: Gained, target: PrincipalId) -> Gained {
    match gained {
        Gained::Become(_) => Gained::Become(target),
        Gained::Rewrite(_, change) => Gained::Rewrite(target, change),
        Gained::Join(_) => Gained::Join(target),
        Gained::Admit(_) => Gained::Admit(target),
        Gained::Manage(resource) => Gained::Manage(resource),
    }
}

/// The graph with all that its hubs stand for.
#[derive(Default)]
pub(super) struct Steps {
    pub(super) templates: Vec<Template>,
    pub(super) classes: Classes,
}

impl Steps {
    /// Makes a target one of a class, and of the hubs that the class has. Answers whether it is new.
    pub(super) fn add_target(&mut self, hubs: &mut Hubs, class: usize, target: PrincipalId) -> bool {
        let Some(found) = self.classes.get_mut(class) else { return false };
        if !found.targets.insert(target) {
            return false;
        }
        for (at, posed) in found.posed.iter().enumerate() {
            for proven in [true, false] {
                if let Some(hub) = hubs.by_place.get(&(class, at, proven)).copied() {
                    hubs.add_target(hub, at_target(posed.situation.gained, target));
                }
            }
        }
        true
    }

    /// Notes that somebody can take a step of a class. Answers whether that is new.
    pub(super) fn add_member(
        &self,
        hubs: &mut Hubs,
        class: usize,
        at: usize,
        proven: bool,
        node: Node,
    ) -> bool {
        let Some(found) = self.classes.get(class) else { return false };
        let hub = hubs.place(class, at, proven, found.gains(at).into_iter());
        hubs.add_member(hub, node)
    }

    /// The situations of a step at a target, in the estate after a change.
    pub(super) fn situations(
        asking: &mut Asking<'_>,
        template: &Template,
        change: Option<Change>,
        target: Option<PrincipalId>,
    ) -> Vec<Situation> {
        let (cloud, step) = (template.cloud, &template.step);
        asking.with_estate(cloud, change, |evaluator| cloud.situations(evaluator.estate(), step, target))
    }

    /// The step that somebody takes, with the requests that show it.
    pub(super) fn hop(&self, hubs: &Hubs, asking: &mut Asking<'_>, taken: Move) -> Result<Hop, Bug> {
        let broken = || Bug { message: format!("a step cannot be shown: {taken:?}") };
        let hub = hubs.get(taken.hub).ok_or_else(broken)?;
        let class = self.classes.get(hub.class).ok_or_else(broken)?;
        let sample = class.posed.get(hub.at).map(|posed| &posed.situation).ok_or_else(broken)?;
        let found = if sample.gained == taken.gained {
            asking.take(taken.from, &class.way, sample)?
        } else {
            let template = class.template.and_then(|at| self.templates.get(at)).ok_or_else(broken)?;
            let target = taken.gained.principal();
            let all = Self::situations(asking, template, class.change, target);
            asking.take(taken.from, &class.way, all.get(hub.at).ok_or_else(broken)?)?
        };
        match found {
            Taken::Yes(hop) => Ok(*hop),
            Taken::No | Taken::Open => Err(broken()),
        }
    }

    /// The steps that are taken, with the requests that show them.
    pub(super) fn hops(&self, hubs: &Hubs, asking: &mut Asking<'_>, taken: &[Move]) -> Result<Vec<Hop>, Bug> {
        taken.iter().map(|taken| self.hop(hubs, asking, *taken)).collect()
    }
}
