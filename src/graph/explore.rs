//! Building the graph of what somebody comes to: walks forwards from one principal, and asks every step that whoever it
//! can act as could take.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{Builder, is_direct};
use super::hop::Node;
use super::net::Fact;
use super::{Graph, Hop, Seat};
use crate::clouds::escalation::{self, Change, Gain, Gained};
use crate::evaluator::{Bug, Certainty, Evaluator, Standing};
use crate::model::{CloudId, Estate, PrincipalId};

/// Something that somebody comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// What.
    pub what: What,
    /// The steps, in an order in which they can be taken; none for what it is or may do by itself.
    pub hops: Vec<Hop>,
    /// How sure all of it is.
    pub certainty: Certainty,
}

/// What somebody comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// To act as somebody.
    Acts(Node),
    /// To administer a scope, and with it everything in it.
    Administers(Seat),
    /// To change what others have, without acting as them.
    Decides(Gained),
}

/// What somebody comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Radius {
    /// Who.
    pub from: PrincipalId,
    /// What it comes to, the nearest first, itself not included.
    pub reached: Vec<Reached>,
    /// The questions that stayed undecided on the way.
    pub undecided: Vec<String>,
}

impl Radius {
    /// Everything that a principal comes to.
    pub fn of(evaluator: &Evaluator<'_>, steps: &[escalation::Step], from: PrincipalId) -> Result<Self, Bug> {
        let graph = Graph::around(evaluator, steps, from)?;
        let mut reached = graph.reached(evaluator, from)?;
        reached.retain(|one| one.what != What::Acts(Node::as_is(from)));
        Ok(Self { from, reached, undecided: graph.undecided().to_vec() })
    }
}

impl What {
    /// A word for it: `act-as`, `administer`, or what can be changed.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Acts(_) => "act-as",
            Self::Administers(_) => "administer",
            Self::Decides(gained) => gained.gain().as_str(),
        }
    }

    /// The full name of what it is about.
    pub fn name<'e>(&self, estate: &'e Estate) -> &'e str {
        let principal = |id| estate.principal(id).map_or("", |found| found.name.as_str());
        match self {
            Self::Acts(node) => principal(node.principal),
            Self::Administers(seat) => estate.scope(seat.scope).map_or("", |scope| &scope.name),
            Self::Decides(Gained::Manage(id)) => estate.resource(*id).map_or("", |found| &found.name),
            Self::Decides(gained) => gained.principal().map_or("", principal),
        }
    }
}

impl Graph {
    /// The graph of everything that a principal comes to. What lies in a scope that it comes to administer always is
    /// implied, and not asked.
    pub fn around(
        evaluator: &Evaluator<'_>,
        steps: &[escalation::Step],
        start: PrincipalId,
    ) -> Result<Self, Bug> {
        let mut builder = Builder::new(*evaluator, steps, None);
        Explorer::new(&mut builder).run(start)?;
        Ok(builder.finish())
    }

    /// The same with the steps into one principal also where it lies in a scope that is administered.
    pub fn between(
        evaluator: &Evaluator<'_>,
        steps: &[escalation::Step],
        start: PrincipalId,
        to: PrincipalId,
    ) -> Result<Self, Bug> {
        let mut builder = Builder::new(*evaluator, steps, None);
        Explorer::new(&mut builder).run(start)?;
        let reach = builder.net.ready().reach(start);
        let as_is = reach.nodes().filter(|(_, node)| node.change.is_none());
        let ruling: Vec<PrincipalId> = as_is
            .map(|(_, node)| node.principal)
            .filter(|by| *by != to && builder.is_ruled(to, *by))
            .collect();
        if !ruling.is_empty() {
            builder.asked_into(to, &ruling.into_iter().collect())?;
        }
        Ok(builder.finish())
    }

    /// Everything that a principal comes to, as far as the graph holds it, the nearest first. It begins with itself.
    /// `evaluator` is the one that the graph was built with.
    pub fn reached(&self, evaluator: &Evaluator<'_>, start: PrincipalId) -> Result<Vec<Reached>, Bug> {
        let estate = evaluator.estate();
        let reach = self.net.ready().reach(start);
        let mut seats: BTreeMap<Node, Vec<&Seat>> = BTreeMap::new();
        for seat in self.own_seats(estate) {
            seats.entry(seat.node).or_default().push(seat);
        }
        let mut all = Vec::new();
        for (place, fact) in reach.facts() {
            let hops = self.shown(evaluator, &reach.moves(place))?;
            let sure = |first: Certainty| hops.iter().fold(first, |sum, hop| sum.and(hop.certainty.clone()));
            match fact {
                Fact::Act(node) => {
                    let certainty = sure(Certainty::Proven);
                    all.push(Reached { what: What::Acts(node), hops: hops.clone(), certainty });
                    for seat in seats.get(&node).into_iter().flatten() {
                        let certainty = sure(seat.standing.certainty());
                        let what = What::Administers((*seat).clone());
                        all.push(Reached { what, hops: hops.clone(), certainty });
                    }
                }
                Fact::Can(gained) => {
                    let certainty = sure(Certainty::Proven);
                    all.push(Reached { what: What::Decides(gained), hops: hops.clone(), certainty });
                }
            }
        }
        Ok(all)
    }
}

struct Explorer<'b, 'a> {
    builder: &'b mut Builder<'a>,
    /// All classes of situations of a cloud's estate, by its change.
    classes: BTreeMap<(Option<CloudId>, Option<Change>), Vec<usize>>,
    done: BTreeSet<Node>,
    /// Who was asked whether it can come in by a trust that was opened.
    entered: BTreeSet<(PrincipalId, PrincipalId)>,
}

impl<'b, 'a> Explorer<'b, 'a> {
    fn new(builder: &'b mut Builder<'a>) -> Self {
        Self { builder, classes: BTreeMap::new(), done: BTreeSet::new(), entered: BTreeSet::new() }
    }

    fn run(&mut self, start: PrincipalId) -> Result<(), Bug> {
        loop {
            let reach = self.builder.net.ready().reach(start);
            let nodes: Vec<Node> = reach.nodes().map(|(_, node)| node).collect();
            let mut moved = false;
            for node in &nodes {
                if self.done.insert(*node) {
                    moved = true;
                    self.expand(*node)?;
                }
            }
            for (_, fact) in reach.facts() {
                if let Fact::Can(Gained::Admit(to)) = fact {
                    moved |= self.enter(to, &nodes)?;
                }
            }
            if !moved {
                return Ok(());
            }
        }
    }

    /// Asks what a node administers and which steps it can take.
    fn expand(&mut self, node: Node) -> Result<(), Bug> {
        self.builder.sit(node)?;
        let always = |seat: &&Seat| seat.node == node && matches!(seat.standing, Standing::Always(..));
        let ruled: Vec<_> = self.builder.seats.iter().filter(always).map(|seat| seat.scope).collect();
        if !ruled.is_empty() {
            self.builder.rules.entry(node.principal).or_default().extend(ruled);
        }
        let own = self.builder.asking.estate().principal(node.principal).map(|one| one.cloud);
        let place = (own, node.change);
        if !self.classes.contains_key(&place) {
            let all = self.builder.all_classes(node.principal, node.change);
            self.classes.insert(place, all);
        }
        for class in self.classes.get(&place).cloned().unwrap_or_default() {
            self.take(node, class)?;
        }
        Ok(())
    }

    /// Asks whether a node can take the steps of a class.
    fn take(&mut self, node: Node, class: usize) -> Result<(), Bug> {
        let first = self.builder.steps.classes.get(class).and_then(|class| class.first);
        for (at, posed) in self.builder.posed(class).into_iter().enumerate() {
            // The first of the targets is not among those who take it on, though it may take on the others.
            let itself =
                first == Some(node.principal) && posed.situation.gained == Gained::Become(node.principal);
            if itself {
                let others = self.builder.steps.classes.get(class).map(|class| class.targets().clone());
                let other = others.into_iter().flatten().find(|other| *other != node.principal);
                if let Some(other) = other
                    && !self.builder.is_idle(node, Gained::Become(other))
                {
                    self.builder.ask_first(class, other, &mut Vec::new(), |_, situation| {
                        if situation.candidates.have(node.principal) { vec![node] } else { Vec::new() }
                    })?;
                }
                return Ok(());
            }
            if posed.situation.candidates.have(node.principal)
                && !self.builder.is_idle(node, posed.situation.gained)
            {
                self.builder.ask(class, at, &posed, &[node], &mut Vec::new())?;
            }
        }
        Ok(())
    }

    /// Asks who of those that are reached can come in by a trust that can be set. Answers whether somebody was asked.
    fn enter(&mut self, to: PrincipalId, nodes: &[Node]) -> Result<bool, Bug> {
        let as_is = nodes.iter().filter(|node| node.change.is_none() && node.principal != to);
        let fresh: Vec<PrincipalId> = as_is
            .map(|node| node.principal)
            .filter(|principal| self.entered.insert((*principal, to)))
            .collect();
        if fresh.is_empty() {
            return Ok(false);
        }
        for class in self.builder.classes_as_data(to, Some(Change::Admitted), &[Gain::Become], 0) {
            self.builder.add_target(class, to);
            for (at, posed) in
                self.builder.posed(class).into_iter().enumerate().filter(|(_, one)| is_direct(one))
            {
                let able = fresh.iter().copied().filter(|from| posed.situation.candidates.have(*from));
                let able: Vec<Node> = able.map(|from| Node::changed(from, Change::Admitted)).collect();
                self.builder.ask(class, at, &posed, &able, &mut Vec::new())?;
            }
        }
        Ok(true)
    }
}
