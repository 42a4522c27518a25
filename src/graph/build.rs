//! Building the graph: asks every step that a cloud says is possible, and keeps those that are allowed.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::{DiGraph, NodeIndex};

use crate::clouds::{self, CLOUDS, Cloud, Demand, Step};
use crate::evaluator::{Bug, Certainty, Evaluator, Outcome, Standing, Witness};
use crate::logic::Formula;
use crate::model::{CloudId, Estate, PrincipalId, PrincipalKind, ScopeId};

/// One principal becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Who.
    pub from: PrincipalId,
    /// Becomes whom.
    pub to: PrincipalId,
    /// By what: `assume-role`, `impersonate`.
    pub kind: &'static str,
    /// The request that does it.
    pub witness: Witness,
    /// How sure it is.
    pub certainty: Certainty,
}

/// A principal that administers a scope by its own permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Who.
    pub principal: PrincipalId,
    /// What.
    pub scope: ScopeId,
    /// Whether always, or under some circumstances only.
    pub standing: Standing,
}

/// Who can become whom, and who administers what.
pub struct Graph {
    pub(super) steps: DiGraph<PrincipalId, Hop>,
    pub(super) nodes: BTreeMap<PrincipalId, NodeIndex>,
    seats: Vec<Seat>,
    undecided: Vec<String>,
}

impl Graph {
    /// Asks all seats of the evaluator's estate, and all steps by which somebody may come to one. Other steps lead
    /// nowhere and are not asked.
    pub fn build(evaluator: &Evaluator<'_>) -> Result<Self, Bug> {
        let estate = evaluator.estate();
        let mut graph =
            Self { steps: DiGraph::new(), nodes: BTreeMap::new(), seats: Vec::new(), undecided: Vec::new() };
        for (id, _) in estate.principals() {
            let node = graph.steps.add_node(id);
            graph.nodes.insert(id, node);
        }
        let open_seats = graph.find_seats(evaluator)?;
        graph.find_steps(evaluator)?;
        graph.undecided.extend(open_seats);
        Ok(graph)
    }

    /// Walks backwards from the seats. A step that stayed open is followed too: what it would complete is not known to
    /// be safe, so what is open behind it has to be said.
    fn find_steps(&mut self, evaluator: &Evaluator<'_>) -> Result<(), Bug> {
        let estate = evaluator.estate();
        let mut steps: BTreeMap<PrincipalId, Vec<(usize, Step)>> = BTreeMap::new();
        let together = CLOUDS.iter().filter(|cloud| !works_one_by_one(**cloud, estate));
        for (index, step) in together.flat_map(|cloud| cloud.steps(estate)).enumerate() {
            steps.entry(step.to).or_default().push((index, step));
        }
        let mut open: Vec<PrincipalId> = self.seats.iter().map(|seat| seat.principal).collect();
        let (mut seen, mut undecided) = (BTreeSet::new(), BTreeMap::new());
        while let Some(end) = open.pop() {
            // Each is asked once.
            if !seen.insert(end) {
                continue;
            }
            let cloud = estate.principal(end).and_then(|who| clouds::cloud(who.cloud));
            let single = cloud.and_then(|cloud| cloud.steps_to(estate, end));
            let leading = single.map(|steps| (0..).zip(steps).collect()).or_else(|| steps.remove(&end));
            for (index, step) in leading.unwrap_or_default() {
                let answer = evaluator.can(&step.question, &Formula::True)?;
                let Step { from, to, kind, .. } = step;
                match answer.outcome {
                    Outcome::Never => continue,
                    Outcome::Undecided => {
                        undecided.insert((index, to, from), describe_undecided(estate, from, to));
                    }
                    Outcome::Sometimes(witness) => {
                        self.add(Hop { from, to, kind, witness: *witness, certainty: answer.certainty });
                    }
                }
                open.push(from);
            }
        }
        self.undecided.extend(undecided.into_values());
        Ok(())
    }

    fn add(&mut self, hop: Hop) {
        if let (Some(from), Some(to)) = (self.nodes.get(&hop.from), self.nodes.get(&hop.to)) {
            self.steps.add_edge(*from, *to, hop);
        }
    }

    /// Finds the seats; answers what stayed open.
    fn find_seats(&mut self, evaluator: &Evaluator<'_>) -> Result<Vec<String>, Bug> {
        let estate = evaluator.estate();
        let places = Places::of(estate);
        let mut undecided = Vec::new();
        for (principal, who) in estate.principals() {
            if matches!(who.kind, PrincipalKind::Group | PrincipalKind::Public | PrincipalKind::External) {
                continue;
            }
            for Place { scope, cloud, demands } in places.contended_by(principal) {
                match evaluator.standing_by(principal, *cloud, demands)? {
                    None | Some(Standing::Never(_)) => {}
                    Some(Standing::Undecided(reason)) => {
                        undecided.push(format!("whether `{}` is an administrator: {reason}", who.name));
                    }
                    Some(standing) => self.seats.push(Seat { principal, scope: *scope, standing }),
                }
            }
        }
        Ok(undecided)
    }

    /// The principals that administer a scope by their own permissions, in the order of the estate.
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The seats that do not follow from another: whoever always administers a scope does so in all scopes below it.
    pub fn own_seats<'a>(&'a self, estate: &'a Estate) -> impl Iterator<Item = &'a Seat> {
        let always = self.seats.iter().filter(|seat| matches!(seat.standing, Standing::Always(..)));
        let always: BTreeSet<(PrincipalId, ScopeId)> =
            always.map(|seat| (seat.principal, seat.scope)).collect();
        self.seats.iter().filter(move |seat| {
            let above = estate.ancestry(seat.scope);
            !above.into_iter().skip(1).any(|scope| always.contains(&(seat.principal, scope)))
        })
    }

    /// The questions that stayed undecided: the graph may lack steps because of them.
    pub fn undecided(&self) -> &[String] {
        &self.undecided
    }
}

/// Whether a cloud works out its steps for one principal at a time.
fn works_one_by_one(cloud: &dyn Cloud, estate: &Estate) -> bool {
    let mut own = estate.principals().filter(|(_, who)| who.cloud == cloud.id());
    own.next().is_some_and(|(id, _)| cloud.steps_to(estate, id).is_some())
}

/// A scope that is administered on its own.
struct Place {
    scope: ScopeId,
    cloud: CloudId,
    demands: Vec<Demand>,
}

/// The scopes that are administered on their own, and who may sit there.
struct Places {
    all: Vec<Place>,
    /// Those for which everybody has to be asked, by index.
    open: Vec<usize>,
    /// The others, by those who are to be asked.
    contended: BTreeMap<PrincipalId, Vec<usize>>,
}

impl Places {
    fn of(estate: &Estate) -> Self {
        let mut places = Self { all: Vec::new(), open: Vec::new(), contended: BTreeMap::new() };
        for (scope, known) in estate.scopes() {
            let Some(cloud) = clouds::cloud(known.cloud) else { continue };
            let demands = cloud.administration(estate, scope);
            if demands.is_empty() {
                continue;
            }
            let index = places.all.len();
            match cloud.contenders(estate, scope) {
                Some(contenders) => {
                    for principal in contenders {
                        places.contended.entry(principal).or_default().push(index);
                    }
                }
                None => places.open.push(index),
            }
            places.all.push(Place { scope, cloud: known.cloud, demands });
        }
        places
    }

    /// The places for which a principal has to be asked, in the order of the estate.
    fn contended_by(&self, principal: PrincipalId) -> impl Iterator<Item = &Place> {
        let own = self.contended.get(&principal).map_or(&[][..], Vec::as_slice);
        let mut indexes: Vec<usize> = self.open.iter().chain(own).copied().collect();
        indexes.sort_unstable();
        indexes.into_iter().filter_map(|index| self.all.get(index))
    }
}

fn describe_undecided(estate: &Estate, from: PrincipalId, to: PrincipalId) -> String {
    let name = |id| estate.principal(id).map_or("", |who| who.name.as_str());
    format!("whether `{}` can become `{}`", name(from), name(to))
}
