//! Building the graph: asks every step that a cloud says is possible, and keeps those that are allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};

use crate::clouds::{CLOUDS, Cloud, Step};
use crate::evaluator::{Bug, Certainty, Evaluator, Outcome, Standing, Witness};
use crate::logic::Formula;
use crate::model::{Estate, PrincipalId, PrincipalKind, ScopeId};

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
    /// Who always administers what.
    always: BTreeSet<(PrincipalId, ScopeId)>,
    undecided: Vec<String>,
}

impl Graph {
    /// Asks all seats of the evaluator's estate, and all steps by which somebody may come to one. Other steps lead
    /// nowhere and are not asked.
    pub fn build(evaluator: &Evaluator<'_>) -> Result<Self, Bug> {
        let estate = evaluator.estate();
        let mut graph = Self {
            steps: DiGraph::new(),
            nodes: BTreeMap::new(),
            seats: Vec::new(),
            always: BTreeSet::new(),
            undecided: Vec::new(),
        };
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
        for (index, step) in CLOUDS.iter().flat_map(|cloud| cloud.steps(estate)).enumerate() {
            steps.entry(step.to).or_default().push((index, step));
        }
        let mut open: Vec<PrincipalId> = self.seats.iter().map(|seat| seat.principal).collect();
        let mut undecided = BTreeMap::new();
        let (mut seen, mut count) = (BTreeSet::new(), steps.values().map(Vec::len).sum::<usize>());
        while let Some(end) = open.pop() {
            // Each is asked once: they are taken out.
            let mut own = steps.remove(&end).unwrap_or_default();
            if seen.insert(end) {
                let backwards = CLOUDS.iter().flat_map(|cloud| cloud.steps_to(estate, end));
                own.extend(backwards.map(|step| {
                    count += 1;
                    (count, step)
                }));
            }
            for (index, step) in own {
                let answer = evaluator.can(&step.question, &Formula::True)?;
                let Step { from, to, kind, .. } = step;
                match answer.outcome {
                    Outcome::Never => continue,
                    Outcome::Undecided => {
                        undecided.insert(index, describe_undecided(estate, from, to));
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

    /// Finds the seats, from the top of the hierarchy downwards: whoever always administers a scope does so in all
    /// scopes below it, which is not asked again. Answers what stayed open.
    fn find_seats(&mut self, evaluator: &Evaluator<'_>) -> Result<Vec<String>, Bug> {
        let estate = evaluator.estate();
        let mut undecided = BTreeMap::new();
        for (scope, cloud, contenders) in contenders(estate) {
            let demands = cloud.administration(estate, scope);
            if demands.is_empty() {
                continue;
            }
            for (principal, who) in contenders.iter().filter_map(|id| Some((*id, estate.principal(*id)?))) {
                if self.always_sits(estate, principal, scope) {
                    continue;
                }
                match evaluator.standing_by(principal, cloud.id(), &demands)? {
                    None | Some(Standing::Never(_)) => {}
                    Some(Standing::Undecided(reason)) => {
                        let what = format!("whether `{}` is an administrator: {reason}", who.name);
                        undecided.insert((principal, scope), what);
                    }
                    Some(standing) => {
                        if matches!(standing, Standing::Always(..)) {
                            self.always.insert((principal, scope));
                        }
                        self.seats.push(Seat { principal, scope, standing });
                    }
                }
            }
        }
        self.seats.sort_by_key(|seat| (seat.principal, seat.scope));
        Ok(undecided.into_values().collect())
    }

    /// Whether a principal always administers a scope or one above it.
    pub(super) fn always_sits(&self, estate: &Estate, principal: PrincipalId, scope: ScopeId) -> bool {
        estate.ancestry(scope).into_iter().any(|scope| self.always.contains(&(principal, scope)))
    }

    /// The principals that administer a scope by their own permissions, in the order of the estate. Whoever always
    /// administers a scope has no seats of the scopes below it.
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The questions that stayed undecided: the graph may lack steps because of them.
    pub fn undecided(&self) -> &[String] {
        &self.undecided
    }
}

/// A scope, and who may administer it.
type Place = (ScopeId, &'static dyn Cloud, Arc<BTreeSet<PrincipalId>>);

/// Who may administer what, the highest scopes first.
fn contenders(estate: &Estate) -> Vec<Place> {
    let asks = |id: &PrincipalId| {
        let kind = estate.principal(*id).map(|who| who.kind);
        !matches!(kind, None | Some(PrincipalKind::Group | PrincipalKind::Public | PrincipalKind::External))
    };
    let mut found: Vec<Place> = Vec::new();
    for cloud in CLOUDS {
        match cloud.contenders(estate) {
            Some(narrowed) => found.extend(narrowed.into_iter().map(|(scope, mut all)| {
                all.retain(asks);
                (scope, *cloud, Arc::new(all))
            })),
            None => {
                let own = estate.principals().filter(|(_, who)| who.cloud == cloud.id());
                let everybody: Arc<BTreeSet<PrincipalId>> =
                    Arc::new(own.map(|(id, _)| id).filter(asks).collect());
                let scopes = estate.scopes().filter(|(_, scope)| scope.cloud == cloud.id());
                found.extend(scopes.map(|(id, _)| (id, *cloud, everybody.clone())));
            }
        }
    }
    found.sort_by_key(|(scope, ..)| (estate.ancestry(*scope).len(), *scope));
    found
}

fn describe_undecided(estate: &Estate, from: PrincipalId, to: PrincipalId) -> String {
    let name = |id| estate.principal(id).map_or("", |who| who.name.as_str());
    format!("whether `{}` can become `{}`", name(from), name(to))
}
