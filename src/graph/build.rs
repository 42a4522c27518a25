//! Building the graph: who administers what, and the steps that lead there. Walks backwards from the ends, so that only
//! steps are asked that can matter.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use super::asking::{Asking, Taken, Way};
use super::hop::{Hop, Node, Seat};
use super::net::Net;
use crate::clouds::escalation::{self, Ask, AskOn, Asker, Candidates, Change, Gain, Gained, Situation};
use crate::clouds::{self, CLOUDS, Cloud, Demand};
use crate::evaluator::{Bug, Evaluator, Standing};
use crate::logic::Formula;
use crate::model::{CloudId, Estate, PrincipalId, PrincipalKind, ScopeId};

/// Who can come to what, and who administers what.
pub struct Graph {
    pub(super) net: Net,
    seats: Vec<Seat>,
    undecided: Vec<String>,
}

impl Graph {
    /// Asks who administers what in the evaluator's estate, and all steps by which somebody may come to be one of
    /// these. Other steps lead nowhere and are not asked. `steps` are taken into account beside those that the program
    /// ships.
    pub fn build(evaluator: &Evaluator<'_>, steps: &[escalation::Step]) -> Result<Self, Bug> {
        let mut builder = Builder::new(*evaluator, steps);
        builder.seats_as_they_are()?;
        builder.changes()?;
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
        let always = self.seats.iter().filter(|seat| matches!(seat.standing, Standing::Always(..)));
        let always: BTreeSet<(Node, ScopeId)> = always.map(|seat| (seat.node, seat.scope)).collect();
        self.seats.iter().filter(move |seat| {
            let above = estate.ancestry(seat.scope);
            !above.into_iter().skip(1).any(|scope| always.contains(&(seat.node, scope)))
        })
    }

    /// All steps that were asked and can be taken, in the order in which they were found.
    pub fn hops(&self) -> impl Iterator<Item = &Hop> {
        self.net.hops()
    }

    /// The questions that stayed undecided: the graph may lack steps because of them.
    pub fn undecided(&self) -> &[String] {
        &self.undecided
    }
}

/// Who was changed, by the change.
type Changed = BTreeMap<Change, BTreeSet<PrincipalId>>;

/// A place that is administered on its own.
struct Place {
    scope: ScopeId,
    cloud: CloudId,
    demands: Vec<Demand>,
}

/// The scopes that are administered on their own, and who may sit there.
#[derive(Default)]
struct Places {
    all: Vec<Place>,
    by_scope: BTreeMap<ScopeId, usize>,
    /// Those for which everybody has to be asked, by index.
    open: Vec<usize>,
    /// The others, by those who are to be asked.
    contended: BTreeMap<PrincipalId, Vec<usize>>,
    /// Whether everybody is asked everywhere, for comparison.
    everywhere: bool,
}

impl Places {
    fn of(evaluator: &Evaluator<'_>) -> Self {
        let estate = evaluator.estate();
        let mut places = Self { everywhere: !evaluator.takes_shortcuts(), ..Self::default() };
        let mut scopes: Vec<_> = estate.scopes().collect();
        scopes.sort_by_key(|(scope, _)| (estate.ancestry(*scope).len(), *scope));
        for (scope, found) in scopes {
            let Some(cloud) = clouds::cloud(found.cloud) else { continue };
            let demands = cloud.administration(estate, scope);
            if demands.is_empty() {
                continue;
            }
            let index = places.all.len();
            match cloud.contenders(estate, scope).filter(|_| !places.everywhere) {
                Some(contenders) => {
                    for principal in contenders {
                        places.contended.entry(principal).or_default().push(index);
                    }
                }
                None => places.open.push(index),
            }
            places.by_scope.insert(scope, index);
            places.all.push(Place { scope, cloud: found.cloud, demands });
        }
        places
    }

    /// The places for which a node has to be asked, the highest first: after a change, which may give it anything, all
    /// that it can come to.
    fn of_node(&self, node: Node, administrable: Option<BTreeSet<ScopeId>>) -> impl Iterator<Item = &Place> {
        let own = self.contended.get(&node.principal).map_or(&[][..], Vec::as_slice);
        let administrable = administrable.filter(|_| !self.everywhere);
        let mut indexes: Vec<usize> = match (node.change, administrable) {
            (Some(_), Some(scopes)) => {
                scopes.iter().filter_map(|scope| self.by_scope.get(scope)).copied().collect()
            }
            (Some(_), None) => (0..self.all.len()).collect(),
            (None, _) => self.open.iter().chain(own).copied().collect(),
        };
        indexes.sort_unstable();
        indexes.into_iter().filter_map(|index| self.all.get(index))
    }
}

/// Whether a cloud works out its steps for one principal at a time.
fn works_one_by_one(cloud: &dyn Cloud, estate: &Estate) -> bool {
    let mut own = estate.principals().filter(|(_, who)| who.cloud == cloud.id());
    own.next().is_some_and(|(id, _)| cloud.steps_to(estate, id).is_some())
}

/// A step with what it is called.
struct Template<'s> {
    step: &'s escalation::Step,
    way: Way,
    cloud: &'static dyn Cloud,
}

pub(super) struct Builder<'a, 's> {
    pub(super) asking: Asking<'a>,
    templates: Vec<Template<'s>>,
    /// Steps that clouds know as code, by whom they lead to.
    coded: BTreeMap<PrincipalId, Vec<(Way, Situation)>>,
    places: Places,
    pub(super) seats: Vec<Seat>,
    /// The scopes that somebody always administers.
    pub(super) rules: BTreeMap<PrincipalId, BTreeSet<ScopeId>>,
    /// Changes of a principal that some step may make, with those steps.
    changes: BTreeMap<Node, Vec<(Way, Rc<Situation>)>>,
    pub(super) net: Net,
    undecided: BTreeSet<String>,
}

impl<'a, 's> Builder<'a, 's> {
    pub(super) fn new(evaluator: Evaluator<'a>, steps: &'s [escalation::Step]) -> Self {
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
                templates.push(Template { step, way, cloud: *cloud });
            }
        }
        let mut coded: BTreeMap<PrincipalId, Vec<(Way, Situation)>> = BTreeMap::new();
        let together = clouds.iter().filter(|cloud| !works_one_by_one(**cloud, estate));
        for step in together.flat_map(|cloud| cloud.steps(estate)) {
            coded.entry(step.to).or_default().push(as_situation(step));
        }
        Self {
            asking: Asking::new(evaluator),
            templates,
            coded,
            places: Places::of(&evaluator),
            seats: Vec::new(),
            rules: BTreeMap::new(),
            changes: BTreeMap::new(),
            net: Net::new(estate),
            undecided: BTreeSet::new(),
        }
    }

    pub(super) fn finish(self) -> Graph {
        let undecided = self.undecided.into_iter().collect();
        Graph { net: self.net, seats: self.seats, undecided }
    }

    pub(super) fn seats_as_they_are(&mut self) -> Result<(), Bug> {
        let estate = self.asking.estate();
        for (principal, who) in estate.principals() {
            if !matches!(who.kind, PrincipalKind::Group | PrincipalKind::Public | PrincipalKind::External) {
                self.sit(Node::as_is(principal))?;
            }
        }
        for seat in &self.seats {
            if matches!(seat.standing, Standing::Always(..)) {
                self.rules.entry(seat.node.principal).or_default().insert(seat.scope);
            }
        }
        Ok(())
    }

    /// Notes what a node administers. Answers whether it is anything. Whoever always administers a scope does so in all
    /// scopes below it, which are not asked again.
    pub(super) fn sit(&mut self, node: Node) -> Result<bool, Bug> {
        let Some(cloud) = self.asking.cloud_of(node.principal) else { return Ok(false) };
        let mut sits = false;
        let mut ruled = BTreeSet::new();
        let administrable = cloud.administrable(self.asking.estate(), node.principal);
        for place in self.places.of_node(node, administrable).filter(|place| place.cloud == cloud.id()) {
            if self.asking.estate().ancestry(place.scope).iter().any(|scope| ruled.contains(scope)) {
                continue;
            }
            let standing = self.asking.with_estate(cloud, node.change, |evaluator| {
                evaluator.standing_by(node.principal, place.cloud, &place.demands)
            })?;
            match standing {
                None | Some(Standing::Never(_)) => {}
                Some(Standing::Undecided(reason)) => {
                    let who = name(self.asking.estate(), node.principal);
                    self.undecided.insert(format!("whether `{who}` is an administrator: {reason}"));
                }
                Some(standing) => {
                    sits = true;
                    if matches!(standing, Standing::Always(..)) {
                        ruled.insert(place.scope);
                    }
                    self.seats.push(Seat { node, scope: place.scope, standing });
                }
            }
        }
        Ok(sits)
    }

    /// Finds which principals some step may change, and what they administer then.
    pub(super) fn changes(&mut self) -> Result<(), Bug> {
        let estate = self.asking.estate();
        let mut found: Vec<(Way, Rc<Situation>)> = Vec::new();
        for template in self.templates.iter().filter(|one| one.step.gain != Gain::Become) {
            for situation in template.cloud.situations(estate, template.step, None) {
                found.push((template.way.clone(), Rc::new(situation)));
            }
        }
        let joins = |(way, situation): &(Way, Rc<Situation>)| match situation.gained {
            Gained::Join(group) => Some((group, (way.clone(), situation.clone()))),
            _ => None,
        };
        let joinable: BTreeMap<PrincipalId, (Way, Rc<Situation>)> = found.iter().filter_map(joins).collect();
        for (way, situation) in found {
            for node in self.nodes_of(situation.gained) {
                self.note_change(node, &way, &situation);
            }
            // Whoever can both change a group and join it.
            if let Gained::Rewrite(group, change) = situation.gained
                && let Some((join, joined)) = joinable.get(&group)
            {
                for node in self.nodes_of(joined.gained) {
                    let node = Node::changed(node.principal, change);
                    self.note_change(node, &way, &situation);
                    self.note_change(node, join, joined);
                }
            }
        }
        Ok(())
    }

    fn note_change(&mut self, node: Node, way: &Way, situation: &Rc<Situation>) {
        if self.serves_somebody(&situation.candidates, node.principal) {
            self.changes.entry(node).or_default().push((way.clone(), situation.clone()));
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
        for (way, situation) in self.changes.get(&end).cloned().unwrap_or_default() {
            for from in self.takers(&situation, end.principal) {
                self.try_hop(Node::as_is(from), &way, &situation, open)?;
            }
        }
        Ok(())
    }

    /// Asks who can become a principal, as it is or by letting itself in.
    fn into(&mut self, to: PrincipalId, idle: &Changed, open: &mut Vec<Node>) -> Result<(), Bug> {
        for (way, situation) in &self.steps_into(to, &[Gain::Become, Gain::Manage]) {
            for from in self.takers(situation, to) {
                self.try_hop(Node::as_is(from), way, situation, open)?;
            }
        }
        // Whoever was changed and is no administrator by that may still become somebody.
        for change in idle.keys().copied() {
            for (way, situation) in self.ways_into(to, Some(change), &[Gain::Become]) {
                for from in changed_takers(idle.get(&change), &situation.candidates, to) {
                    self.try_hop(Node::changed(from, change), &way, &situation, open)?;
                }
            }
        }
        self.admitted(to, open)
    }

    /// The steps into a principal as it is, those that its cloud knows as code included.
    pub(super) fn steps_into(&mut self, to: PrincipalId, gains: &[Gain]) -> Vec<(Way, Situation)> {
        let cloud = self.asking.cloud_of(to);
        let single = cloud.and_then(|cloud| cloud.steps_to(self.asking.estate(), to));
        let single = single.map(|steps| steps.into_iter().map(as_situation).collect());
        let mut ways = single.or_else(|| self.coded.get(&to).cloned()).unwrap_or_default();
        ways.extend(self.ways_into(to, None, gains));
        ways
    }

    /// If somebody can let itself in, asks who can come in then.
    fn admitted(&mut self, to: PrincipalId, open: &mut Vec<Node>) -> Result<(), Bug> {
        let openers: BTreeSet<PrincipalId> = self.net.hops_about(to).map(|hop| hop.from.principal).collect();
        if openers.is_empty() {
            return Ok(());
        }
        let direct: Vec<(Way, Situation)> = self
            .ways_into(to, Some(Change::Admitted), &[Gain::Become])
            .into_iter()
            .filter(|(_, situation)| situation.asks.len() == 1 && situation.gaps.is_empty())
            .collect();
        for (way, situation) in direct {
            // Whoever opens the trust comes in itself. Only where it cannot, others that can act as it have to be asked.
            let (own, others): (Vec<_>, Vec<_>) =
                self.takers(&situation, to).into_iter().partition(|from| openers.contains(from));
            let before = self.net.hops().count();
            for from in own {
                self.try_hop(Node::changed(from, Change::Admitted), &way, &situation, open)?;
            }
            let entered = self.net.hops().count() - before;
            for from in others.into_iter().filter(|_| entered < openers.len()) {
                self.try_hop(Node::changed(from, Change::Admitted), &way, &situation, open)?;
            }
        }
        Ok(())
    }

    pub(super) fn ways_into(
        &mut self,
        to: PrincipalId,
        change: Option<Change>,
        gains: &[Gain],
    ) -> Vec<(Way, Situation)> {
        let Some(cloud) = self.asking.cloud_of(to) else { return Vec::new() };
        let own = self.templates.iter().filter(|one| one.cloud.id() == cloud.id());
        let wanted: Vec<&Template<'_>> = own.filter(|one| gains.contains(&one.step.gain)).collect();
        self.asking.with_estate(cloud, change, |evaluator| {
            let mut found = Vec::new();
            for template in wanted {
                for situation in cloud.situations(evaluator.estate(), template.step, Some(to)) {
                    found.push((template.way.clone(), situation));
                }
            }
            found
        })
    }

    /// All steps at all targets that a principal's cloud knows, in the estate after a change.
    pub(super) fn all_ways(&mut self, of: PrincipalId, change: Option<Change>) -> Vec<(Way, Situation)> {
        let Some(cloud) = self.asking.cloud_of(of) else { return Vec::new() };
        let mut found: Vec<(Way, Situation)> =
            cloud.steps(self.asking.estate()).into_iter().map(as_situation).collect();
        let own: Vec<&Template<'_>> =
            self.templates.iter().filter(|one| one.cloud.id() == cloud.id()).collect();
        self.asking.with_estate(cloud, change, |evaluator| {
            for template in own {
                let all = cloud.situations(evaluator.estate(), template.step, None);
                found.extend(all.into_iter().map(|situation| (template.way.clone(), situation)));
            }
        });
        found
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
    fn takers(&self, situation: &Situation, target: PrincipalId) -> Vec<PrincipalId> {
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

    pub(super) fn try_hop(
        &mut self,
        from: Node,
        way: &Way,
        situation: &Situation,
        open: &mut Vec<Node>,
    ) -> Result<(), Bug> {
        match self.asking.take(from, way, situation)? {
            Taken::No => return Ok(()),
            Taken::Open => {
                let estate = self.asking.estate();
                let whom = situation.gained.principal().map_or("", |id| name(estate, id));
                let what = match situation.gained.gain() {
                    Gain::Become => "become",
                    Gain::Rewrite => "change the permissions of",
                    Gain::Join => "add members to",
                    Gain::Manage => "decide who becomes",
                };
                let who = name(estate, from.principal);
                self.undecided.insert(format!("whether `{who}` can {what} `{whom}`"));
            }
            Taken::Yes(hop) => self.net.add(*hop),
        }
        // Whoever comes in by a trust that was opened is there as it is.
        open.push(match from.change {
            Some(Change::Admitted) => Node::as_is(from.principal),
            _ => from,
        });
        Ok(())
    }
}

/// Who of those that were changed comes into question for a step, in the order of the estate.
fn changed_takers(
    idle: Option<&BTreeSet<PrincipalId>>,
    candidates: &Candidates,
    to: PrincipalId,
) -> Vec<PrincipalId> {
    let Some(idle) = idle else { return Vec::new() };
    let others = |id: &PrincipalId| *id != to;
    match candidates {
        Candidates::Only(listed) if listed.len() < idle.len() => {
            listed.iter().copied().filter(|id| idle.contains(id)).filter(others).collect()
        }
        _ => idle.iter().copied().filter(|id| candidates.have(*id)).filter(others).collect(),
    }
}

fn name(estate: &Estate, id: PrincipalId) -> &str {
    estate.principal(id).map_or("", |who| who.name.as_str())
}

/// A step that its cloud knows as code.
fn as_situation(step: clouds::Step) -> (Way, Situation) {
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
    };
    (Way { kind: Arc::from(step.kind), summary: Arc::from("") }, situation)
}
