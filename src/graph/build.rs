//! Building the graph: who administers what, and the steps that lead there. Walks backwards from the ends, so that only
//! steps are asked that can matter.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::asking::{Asking, Memory, Posed, Way};
use super::hop::{Hop, Node, Seat};
use super::hubs::{Classes, Move, Steps, Template, at_target};
use super::net::Net;
use super::seats::{Places, Standings};
use crate::clouds::escalation::{self, Ask, AskOn, Asker, Candidates, Change, Gain, Gained, Situation};
use crate::clouds::federation::{self, Crossing};
use crate::clouds::{self, CLOUDS, Cloud};
use crate::evaluator::{Bug, Evaluator, Standing};
use crate::logic::Formula;
use crate::model::{Estate, PrincipalId, PrincipalKind, ScopeId};

/// Who can come to what, and who administers what.
pub struct Graph {
    pub(super) net: Net,
    pub(super) steps: Steps,
    seats: Vec<Seat>,
    undecided: Vec<String>,
    /// The answers so far: requests are looked for when somebody wants to see a step.
    memory: RefCell<Memory>,
}

impl Graph {
    /// Asks who administers what in the evaluator's estate, and all steps by which somebody may come to be one of
    /// these. Other steps lead nowhere and are not asked. `steps` are taken into account beside those that the program
    /// ships.
    pub fn build(evaluator: &Evaluator<'_>, steps: &[escalation::Step]) -> Result<Self, Bug> {
        Self::with(evaluator, steps, None)
    }

    /// The same where a scope is administered on its own that otherwise is not: a resource group.
    pub fn with(
        evaluator: &Evaluator<'_>,
        steps: &[escalation::Step],
        wanted: Option<ScopeId>,
    ) -> Result<Self, Bug> {
        let mut builder = Builder::new(*evaluator, steps, wanted);
        builder.seats_as_they_are()?;
        builder.changes();
        builder.backwards()?;
        builder.outward()?;
        Ok(builder.finish())
    }

    /// Who administers a scope by permissions of its own, in the order of the estate; then who does after a change of
    /// its permissions that some step can make.
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The seats that do not follow from another: whoever always administers a scope does so in all scopes below it.
    pub fn own_seats<'a>(&'a self, estate: &'a Estate) -> impl Iterator<Item = &'a Seat> {
        self.own_seats_numbered(estate).map(|(_, seat)| seat)
    }

    /// The same with their places among [`Graph::seats`].
    pub(super) fn own_seats_numbered<'a>(
        &'a self,
        estate: &'a Estate,
    ) -> impl Iterator<Item = (usize, &'a Seat)> {
        let always = self.seats.iter().filter(|seat| matches!(seat.standing, Standing::Always(..)));
        let always: BTreeSet<(Node, ScopeId)> = always.map(|seat| (seat.node, seat.scope)).collect();
        self.seats.iter().enumerate().filter(move |(_, seat)| {
            let above = estate.ancestry(seat.scope);
            !above.into_iter().skip(1).any(|scope| always.contains(&(seat.node, scope)))
        })
    }

    /// All steps that were asked and can be taken, in the order in which they were found. That may be many: one for
    /// each taker and target. `evaluator` is the one that the graph was built with.
    pub fn hops(&self, evaluator: &Evaluator<'_>) -> Result<Vec<Hop>, Bug> {
        let moves: Vec<Move> = self.net.hubs.moves().collect();
        self.shown(evaluator, &moves)
    }

    /// Steps with the requests that show them.
    pub(super) fn shown(&self, evaluator: &Evaluator<'_>, moves: &[Move]) -> Result<Vec<Hop>, Bug> {
        let mut asking = Asking::new(*evaluator, self.memory.take());
        let hops = self.steps.hops(&self.net.hubs, &mut asking, moves);
        self.memory.replace(asking.into_memory());
        hops
    }

    /// The questions that stayed undecided: the graph may lack steps because of them.
    pub fn undecided(&self) -> &[String] {
        &self.undecided
    }
}

/// Who was changed, by the change.
type Changed = BTreeMap<Change, BTreeSet<PrincipalId>>;

/// Whether a cloud works out its steps for one principal at a time.
fn works_one_by_one(cloud: &dyn Cloud, estate: &Estate) -> bool {
    let mut own = estate.principals().filter(|(_, who)| who.cloud == cloud.id());
    own.next().is_some_and(|(id, _)| cloud.steps_to(estate, id).is_some())
}

/// A step that changes somebody: one of a class, at a target.
#[derive(Clone, Copy)]
struct Changing {
    class: usize,
    at: usize,
    target: PrincipalId,
}

pub(super) struct Builder<'a> {
    pub(super) asking: Asking<'a>,
    /// Steps that clouds know as code, by whom they lead to.
    pub(super) coded: BTreeMap<PrincipalId, Vec<(Way, Situation)>>,
    /// Steps by tokens, by whom they lead to.
    pub(super) tokens: BTreeMap<PrincipalId, Vec<(Way, Situation)>>,
    /// Their classes, once they were asked for.
    pub(super) coded_classes: FxHashMap<PrincipalId, Vec<usize>>,
    openers: FxHashMap<BTreeSet<PrincipalId>, u32>,
    pub(super) places: Places,
    pub(super) seats: Vec<Seat>,
    pub(super) standings: Standings,
    /// The scopes that somebody always administers.
    pub(super) rules: BTreeMap<PrincipalId, BTreeSet<ScopeId>>,
    /// Changes of a principal that some step may make, with those steps.
    changes: BTreeMap<Node, Vec<Changing>>,
    pub(super) steps: Steps,
    pub(super) net: Net,
    pub(super) undecided: BTreeSet<String>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(evaluator: Evaluator<'a>, steps: &[escalation::Step], wanted: Option<ScopeId>) -> Self {
        let estate = evaluator.estate();
        let present = |cloud: &&&'static dyn Cloud| {
            estate.principals().any(|(_, principal)| principal.cloud == cloud.id())
        };
        let clouds: Vec<&'static dyn Cloud> = CLOUDS.iter().filter(present).copied().collect();
        let mut templates = Vec::new();
        for cloud in &clouds {
            let own = steps.iter().filter(|step| step.cloud == cloud.id());
            for step in cloud.escalation().iter().chain(own) {
                let way = Way { kind: step.id.clone(), summary: step.summary.clone() };
                templates.push(Template { step: step.clone(), way, cloud: *cloud });
            }
        }
        let mut coded: BTreeMap<PrincipalId, Vec<(Way, Situation)>> = BTreeMap::new();
        let together = clouds.iter().filter(|cloud| !works_one_by_one(**cloud, estate));
        for step in together.flat_map(|cloud| cloud.steps(estate)) {
            coded.entry(step.to).or_default().push(as_situation(step));
        }
        let mut tokens: BTreeMap<PrincipalId, Vec<(Way, Situation)>> = BTreeMap::new();
        for Crossing { kind, situation } in federation::crossings(estate) {
            let way = Way { kind: Arc::from(kind), summary: Arc::from(Crossing::SUMMARY) };
            if let Some(to) = situation.gained.principal() {
                tokens.entry(to).or_default().push((way, situation));
            }
        }
        Self {
            asking: Asking::new(evaluator, Memory::default()),
            coded,
            tokens,
            coded_classes: FxHashMap::default(),
            openers: FxHashMap::default(),
            places: Places::of(&evaluator, wanted),
            seats: Vec::new(),
            standings: Standings::default(),
            rules: BTreeMap::new(),
            changes: BTreeMap::new(),
            steps: Steps { templates, classes: Classes::default() },
            net: Net::new(estate),
            undecided: BTreeSet::new(),
        }
    }

    pub(super) fn finish(self) -> Graph {
        Graph {
            net: self.net,
            steps: self.steps,
            seats: self.seats,
            undecided: self.undecided.into_iter().collect(),
            memory: RefCell::new(self.asking.into_memory()),
        }
    }

    /// Finds which principals some step may change.
    pub(super) fn changes(&mut self) {
        let mut found: Vec<(Changing, Gained, bool)> = Vec::new();
        let mut joinable: BTreeMap<PrincipalId, (Changing, Gained, bool)> = BTreeMap::new();
        for template in 0..self.steps.templates.len() {
            let gain = self.steps.templates.get(template).map(|one| one.step.gain);
            if !matches!(gain, Some(Gain::Rewrite | Gain::Restore | Gain::Join)) {
                continue;
            }
            // Of each class once, because its targets live in the same place.
            let mut serves: FxHashMap<(usize, usize), bool> = FxHashMap::default();
            for (class, target) in self.targets_of(template, None) {
                let Some(target) = target else { continue };
                for (at, posed) in self.posed(class).into_iter().enumerate() {
                    let candidates = &posed.situation.candidates;
                    let serves = *serves
                        .entry((class, at))
                        .or_insert_with(|| self.serves_somebody(candidates, target));
                    let gained = at_target(posed.situation.gained, target);
                    let one = (Changing { class, at, target }, gained, serves);
                    if let Gained::Join(group) = gained {
                        joinable.insert(group, one);
                    }
                    found.push(one);
                }
            }
        }
        for (changing, gained, serves) in found {
            for node in self.nodes_of(gained) {
                self.note_change(node, changing, serves);
            }
            // Whoever can both change a group and join it.
            if let Gained::Rewrite(group, change) = gained
                && let Some((join, joined, joins)) = joinable.get(&group)
            {
                for node in self.nodes_of(*joined) {
                    let node = Node::changed(node.principal, change);
                    self.note_change(node, changing, serves);
                    self.note_change(node, *join, *joins);
                }
            }
        }
    }

    fn note_change(&mut self, node: Node, changing: Changing, serves: bool) {
        if serves {
            self.changes.entry(node).or_default().push(changing);
        }
    }

    /// Whom a gained change makes another: the members where it is about a group.
    fn nodes_of(&self, gained: Gained) -> Vec<Node> {
        let estate = self.asking.estate();
        match gained {
            Gained::Rewrite(id, change) => {
                let members: Vec<Node> =
                    estate.members_of(id).map(|one| Node::changed(one.member, change)).collect();
                let is_group = estate.principal(id).is_some_and(|one| one.kind == PrincipalKind::Group);
                if is_group { members } else { vec![Node::changed(id, change)] }
            }
            Gained::Join(group) => {
                let Some(home) = estate.principal(group).map(|one| (one.cloud, one.home)) else {
                    return Vec::new();
                };
                let users = estate
                    .principals()
                    .filter(|(_, one)| one.kind == PrincipalKind::User && (one.cloud, one.home) == home);
                users.map(|(id, _)| Node::changed(id, Change::Member(group))).collect()
            }
            Gained::Admit(_) | Gained::Become(_) | Gained::Manage(_) => Vec::new(),
        }
    }

    /// Whether somebody comes into question who does not rule the target already.
    fn serves_somebody(&self, candidates: &Candidates, target: PrincipalId) -> bool {
        match candidates {
            Candidates::Anybody => true,
            Candidates::Only(listed) => {
                let levels = self.levels(target);
                listed.iter().any(|id| !self.rule_one(&levels, *id))
            }
        }
    }

    /// Whether somebody always administers where a principal lives: steps give it nothing more there.
    pub(super) fn is_ruled(&self, target: PrincipalId, by: PrincipalId) -> bool {
        self.rules.contains_key(&by) && self.rule_one(&self.levels(target), by)
    }

    /// The scopes that a principal lives in.
    pub(super) fn levels(&self, principal: PrincipalId) -> Vec<ScopeId> {
        let estate = self.asking.estate();
        let home = estate.principal(principal).and_then(|one| one.home);
        home.map(|home| estate.ancestry(home)).unwrap_or_default()
    }

    /// Whether somebody always administers one of these scopes.
    pub(super) fn rule_one(&self, levels: &[ScopeId], by: PrincipalId) -> bool {
        let rules = self.rules.get(&by);
        rules.is_some_and(|scopes| levels.iter().any(|scope| scopes.contains(scope)))
    }

    /// Walks backwards from the seats. A step that stayed open is followed too: what it would complete is not known to
    /// be safe, so what is open behind it has to be said.
    fn backwards(&mut self) -> Result<(), Bug> {
        let mut open: Vec<Node> = self.seats.iter().map(|seat| seat.node).collect();
        // Who becomes an administrator by a change.
        let changed: Vec<Node> = self.changes.keys().copied().collect();
        let mut idle = Changed::new();
        for node in changed {
            if self.rules.contains_key(&node.principal) {
                continue;
            }
            if self.sit(node)? {
                open.push(node);
            } else if let Some(change) = node.change {
                idle.entry(change).or_default().insert(node.principal);
            }
        }
        self.walk_back(open, &idle)
    }

    /// Walks backwards from principals. Whoever can be changed may come on by that, whatever it administers then.
    pub(super) fn backwards_from(&mut self, ends: &[PrincipalId]) -> Result<(), Bug> {
        let changed = self.changes.keys().copied().filter(|node| !self.rules.contains_key(&node.principal));
        let mut idle = Changed::new();
        for Node { principal, change } in changed {
            change.map(|change| idle.entry(change).or_default().insert(principal));
        }
        self.walk_back(ends.iter().copied().map(Node::as_is).collect(), &idle)
    }

    fn walk_back(&mut self, mut open: Vec<Node>, idle: &Changed) -> Result<(), Bug> {
        let mut done = BTreeSet::new();
        while let Some(end) = open.pop() {
            if !done.insert(end) {
                continue;
            }
            if end.change.is_some() {
                self.changed_by(end, &mut open)?;
                open.push(Node::as_is(end.principal));
            } else {
                self.into(end.principal, idle, &mut open)?;
            }
        }
        Ok(())
    }

    /// Asks who can change a principal.
    fn changed_by(&mut self, end: Node, open: &mut Vec<Node>) -> Result<(), Bug> {
        for Changing { class, at, target } in self.changes.get(&end).cloned().unwrap_or_default() {
            self.add_target(class, target);
            let Some(posed) = self.posed(class).get(at).cloned() else { continue };
            let all = self.takers(&posed.situation, target).into_iter().map(Node::as_is);
            self.ask_once(class, at, all.collect(), open)?;
        }
        Ok(())
    }

    /// Asks who can become a principal, as it is or by letting itself in.
    fn into(&mut self, to: PrincipalId, idle: &Changed, open: &mut Vec<Node>) -> Result<(), Bug> {
        for class in self.classes_into(to, &[Gain::Become, Gain::Manage]) {
            self.enter(class, to, open, |builder, situation| {
                builder.takers(situation, to).into_iter().map(Node::as_is).collect()
            })?;
        }
        // Whoever was changed and is no administrator by that may still become somebody.
        for (change, changed) in idle {
            for class in self.classes_as_data(to, Some(*change), &[Gain::Become], 0) {
                self.enter(class, to, open, |_, situation| {
                    let takers = changed_takers(changed, &situation.candidates, to).into_iter();
                    takers.map(|from| Node::changed(from, *change)).collect()
                })?;
            }
        }
        self.admitted(to, open)
    }

    /// If somebody can let itself in, asks who can come in then.
    fn admitted(&mut self, to: PrincipalId, open: &mut Vec<Node>) -> Result<(), Bug> {
        let hubs = self.net.hubs.gaining(Gained::Admit(to)).iter();
        let hubs = hubs.filter_map(|hub| self.net.hubs.get(*hub));
        let openers: BTreeSet<PrincipalId> =
            hubs.flat_map(|hub| hub.members().map(|from| from.principal)).collect();
        if openers.is_empty() {
            return Ok(());
        }
        let next = u32::try_from(self.openers.len() + 1).unwrap_or(u32::MAX);
        let number = *self.openers.entry(openers.clone()).or_insert(next);
        let inside = |from: PrincipalId| Node::changed(from, Change::Admitted);
        for class in self.classes_as_data(to, Some(Change::Admitted), &[Gain::Become], number) {
            self.add_target(class, to);
            for (at, posed) in self.posed(class).into_iter().enumerate().filter(|(_, one)| is_direct(one)) {
                // Whoever opens the trust comes in itself. Only where it cannot, others that can act as it have to be
                // asked.
                let all = self.takers(&posed.situation, to).into_iter();
                let (own, others): (Vec<_>, Vec<_>) = all.partition(|from| openers.contains(from));
                let own: Vec<Node> = own.into_iter().map(inside).collect();
                if self.steps.classes.get(class).is_some_and(|class| !class.is_asked(at)) {
                    let entered = self.ask(class, at, &posed, &own, open)?;
                    // Whoever opens its own trust is inside already.
                    if entered < openers.iter().filter(|opener| **opener != to).count() {
                        let others: Vec<Node> = others.into_iter().map(inside).collect();
                        self.ask(class, at, &posed, &others, open)?;
                    }
                    self.set_asked(class, at);
                }
            }
            self.ask_first(class, to, open, |builder, situation| {
                builder.takers(situation, to).into_iter().map(inside).collect()
            })?;
        }
        Ok(())
    }

    /// Whether a step gives nothing to somebody: it would become itself, or rules the target already.
    pub(super) fn is_idle(&self, node: Node, gained: Gained) -> bool {
        let estate = self.asking.estate();
        let home = match gained {
            Gained::Manage(id) => estate.resource(id).and_then(|found| found.home),
            other => {
                let Some(target) = other.principal() else { return false };
                let itself = target == node.principal && matches!(gained, Gained::Become(_));
                return itself || self.is_ruled(target, node.principal);
            }
        };
        let rules = self.rules.get(&node.principal);
        home.is_some_and(|home| {
            let above = estate.ancestry(home);
            rules.is_some_and(|rules| above.iter().any(|scope| rules.contains(scope)))
        })
    }

    /// Who may take a step and gains something by it.
    pub(super) fn takers(&self, situation: &Situation, target: PrincipalId) -> Vec<PrincipalId> {
        let estate = self.asking.estate();
        let asks = |id: PrincipalId| {
            let kind = estate.principal(id).map(|one| one.kind);
            !matches!(kind, None | Some(PrincipalKind::Group | PrincipalKind::Public))
        };
        let becomes = matches!(situation.gained, Gained::Become(_));
        let levels = self.levels(target);
        let useful =
            |id: &PrincipalId| asks(*id) && !(becomes && *id == target) && !self.rule_one(&levels, *id);
        match &*situation.candidates {
            Candidates::Only(listed) => listed.iter().copied().filter(useful).collect(),
            Candidates::Anybody => estate.principals().map(|(id, _)| id).filter(useful).collect(),
        }
    }
}

/// Whether a step that goes through a trust that was opened needs nothing else.
pub(super) fn is_direct(posed: &Posed) -> bool {
    posed.situation.asks.len() == 1 && posed.situation.gaps.is_empty()
}

/// Who of those that were changed comes into question for a step, in the order of the estate.
fn changed_takers(
    idle: &BTreeSet<PrincipalId>,
    candidates: &Candidates,
    to: PrincipalId,
) -> Vec<PrincipalId> {
    let others = |id: &PrincipalId| *id != to;
    match candidates {
        Candidates::Only(listed) if listed.len() < idle.len() => {
            listed.iter().copied().filter(|id| idle.contains(id)).filter(others).collect()
        }
        _ => idle.iter().copied().filter(|id| candidates.have(*id)).filter(others).collect(),
    }
}

pub(super) fn name(estate: &Estate, id: PrincipalId) -> &str {
    estate.principal(id).map_or("", |who| who.name.as_str())
}

/// A step that its cloud knows as code.
pub(super) fn as_situation(step: clouds::Step) -> (Way, Situation) {
    let ask = Ask {
        who: Asker::Taker,
        action: Arc::from(step.question.action.unwrap_or_default()),
        on: AskOn::Object(step.question.object),
        given: Formula::True,
    };
    let situation = Situation {
        gained: Gained::Become(step.to),
        asks: vec![ask],
        candidates: Arc::new(Candidates::Only(BTreeSet::from([step.from]))),
        gaps: Vec::new(),
        host: None,
        basis: Vec::new(),
    };
    (Way { kind: Arc::from(step.kind), summary: Arc::from(step.summary) }, situation)
}
