//! Building the graph of what somebody comes to: walks forwards from one principal, and asks every step that whoever it
//! can act as could take.

use std::collections::{BTreeMap, BTreeSet};

use super::asking::Way;
use super::build::Builder;
use super::hop::Node;
use super::net::Fact;
use super::{Graph, Hop, Seat};
use crate::clouds::escalation::{self, Change, Gain, Gained, Situation};
use crate::evaluator::{Bug, Certainty, Evaluator, Standing};
use crate::model::{Estate, PrincipalId};

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
        let mut reached = graph.reached(evaluator.estate(), from);
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
        let mut builder = Builder::new(*evaluator, steps);
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
        let mut builder = Builder::new(*evaluator, steps);
        Explorer::new(&mut builder).run(start)?;
        let facts = builder.net.ready().reach(start).order;
        let ruling: Vec<PrincipalId> = facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::Act(Node { principal, change: None }) => Some(*principal),
                _ => None,
            })
            .filter(|by| *by != to && builder.is_ruled(to, *by))
            .collect();
        if !ruling.is_empty() {
            for (way, situation) in builder.steps_into(to, &[Gain::Become]) {
                for by in ruling.iter().filter(|by| situation.candidates.have(**by)) {
                    builder.try_hop(Node::as_is(*by), &way, &situation, &mut Vec::new())?;
                }
            }
        }
        Ok(builder.finish())
    }

    /// Everything that a principal comes to, as far as the graph holds it, the nearest first. It begins with itself.
    pub fn reached(&self, estate: &Estate, start: PrincipalId) -> Vec<Reached> {
        let reach = self.net.ready().reach(start);
        let mut seats: BTreeMap<Node, Vec<&Seat>> = BTreeMap::new();
        for seat in self.own_seats(estate) {
            seats.entry(seat.node).or_default().push(seat);
        }
        let mut all = Vec::new();
        for fact in &reach.order {
            let hops = reach.hops(*fact).unwrap_or_default();
            let sure = |first: Certainty| hops.iter().fold(first, |sum, hop| sum.and(hop.certainty.clone()));
            match fact {
                Fact::Act(node) => {
                    let certainty = sure(Certainty::Proven);
                    all.push(Reached { what: What::Acts(*node), hops: hops.clone(), certainty });
                    for seat in seats.get(node).into_iter().flatten() {
                        let certainty = sure(seat.standing.certainty());
                        let what = What::Administers((*seat).clone());
                        all.push(Reached { what, hops: hops.clone(), certainty });
                    }
                }
                Fact::Can(gained) => {
                    let certainty = sure(Certainty::Proven);
                    all.push(Reached { what: What::Decides(*gained), hops: hops.clone(), certainty });
                }
            }
        }
        all
    }
}

type Ways = Vec<(Way, Situation)>;

struct Explorer<'b, 'a, 's> {
    builder: &'b mut Builder<'a, 's>,
    /// All situations of an estate, by its change.
    ways: BTreeMap<Option<Change>, Ways>,
    done: BTreeSet<Node>,
    /// Who was asked whether it can come in by a trust that was opened.
    entered: BTreeSet<(PrincipalId, PrincipalId)>,
}

impl<'b, 'a, 's> Explorer<'b, 'a, 's> {
    fn new(builder: &'b mut Builder<'a, 's>) -> Self {
        Self { builder, ways: BTreeMap::new(), done: BTreeSet::new(), entered: BTreeSet::new() }
    }

    fn run(&mut self, start: PrincipalId) -> Result<(), Bug> {
        loop {
            let facts = self.builder.net.ready().reach(start).order;
            let acts = facts.iter().filter_map(|fact| match fact {
                Fact::Act(node) => Some(*node),
                Fact::Can(_) => None,
            });
            let nodes: Vec<Node> = acts.collect();
            let mut moved = false;
            for node in &nodes {
                if self.done.insert(*node) {
                    moved = true;
                    self.expand(*node)?;
                }
            }
            for fact in &facts {
                if let Fact::Can(Gained::Admit(to)) = fact {
                    moved |= self.enter(*to, &nodes)?;
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
        if !self.ways.contains_key(&node.change) {
            let all = self.builder.all_ways(node.principal, node.change);
            self.ways.insert(node.change, all);
        }
        let ways = self.ways.get(&node.change).map(Vec::as_slice).unwrap_or_default();
        for (way, situation) in ways.iter().filter(|(_, one)| one.candidates.have(node.principal)) {
            if !self.builder.is_idle(node, situation.gained) {
                self.builder.try_hop(node, way, situation, &mut Vec::new())?;
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
        let ways = self.builder.ways_into(to, Some(Change::Admitted), &[Gain::Become]);
        for (way, situation) in ways.iter().filter(|(_, one)| one.asks.len() == 1 && one.gaps.is_empty()) {
            for from in fresh.iter().filter(|from| situation.candidates.have(**from)) {
                let from = Node::changed(*from, Change::Admitted);
                self.builder.try_hop(from, way, situation, &mut Vec::new())?;
            }
        }
        Ok(true)
    }
}
