//! Building the graph: asks every step that a cloud says is possible, and keeps those that are allowed.

use std::collections::BTreeMap;

use petgraph::graph::{DiGraph, NodeIndex};

use crate::clouds::CLOUDS;
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
    undecided: Vec<String>,
}

impl Graph {
    /// Asks all steps and all seats of the evaluator's estate.
    pub fn build(evaluator: &Evaluator<'_>) -> Result<Self, Bug> {
        let estate = evaluator.estate();
        let mut graph =
            Self { steps: DiGraph::new(), nodes: BTreeMap::new(), seats: Vec::new(), undecided: Vec::new() };
        for (id, _) in estate.principals() {
            let node = graph.steps.add_node(id);
            graph.nodes.insert(id, node);
        }
        for cloud in CLOUDS {
            for step in cloud.steps(estate) {
                let answer = evaluator.can(&step.question, &Formula::True)?;
                match answer.outcome {
                    Outcome::Never => {}
                    Outcome::Undecided => {
                        graph.undecided.push(describe_undecided(estate, step.from, step.to))
                    }
                    Outcome::Sometimes(witness) => graph.add(Hop {
                        from: step.from,
                        to: step.to,
                        kind: step.kind,
                        witness: *witness,
                        certainty: answer.certainty,
                    }),
                }
            }
        }
        graph.find_seats(evaluator)?;
        Ok(graph)
    }

    fn add(&mut self, hop: Hop) {
        if let (Some(from), Some(to)) = (self.nodes.get(&hop.from), self.nodes.get(&hop.to)) {
            self.steps.add_edge(*from, *to, hop);
        }
    }

    fn find_seats(&mut self, evaluator: &Evaluator<'_>) -> Result<(), Bug> {
        let estate = evaluator.estate();
        for (principal, who) in estate.principals() {
            if matches!(who.kind, PrincipalKind::Group | PrincipalKind::Public | PrincipalKind::External) {
                continue;
            }
            for (scope, _) in estate.scopes() {
                match evaluator.standing(principal, scope)? {
                    None | Some(Standing::Never(_)) => {}
                    Some(Standing::Undecided(reason)) => self.undecided.push(format!(
                        "whether `{}` is an administrator: {reason}",
                        estate.principal(principal).map_or("", |who| &who.name)
                    )),
                    Some(standing) => self.seats.push(Seat { principal, scope, standing }),
                }
            }
        }
        Ok(())
    }

    /// The principals that administer a scope by their own permissions, in the order of the estate.
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The seats that do not follow from another: whoever always administers a scope does so in all scopes below it.
    pub fn own_seats<'a>(&'a self, estate: &'a Estate) -> impl Iterator<Item = &'a Seat> {
        self.seats.iter().filter(|seat| {
            let above = estate.ancestry(seat.scope);
            !self.seats.iter().any(|other| {
                other.principal == seat.principal
                    && other.scope != seat.scope
                    && matches!(other.standing, Standing::Always(..))
                    && above.contains(&other.scope)
            })
        })
    }

    /// The questions that stayed undecided: the graph may lack steps because of them.
    pub fn undecided(&self) -> &[String] {
        &self.undecided
    }
}

fn describe_undecided(estate: &Estate, from: PrincipalId, to: PrincipalId) -> String {
    let name = |id| estate.principal(id).map_or("", |who| who.name.as_str());
    format!("whether `{}` can become `{}`", name(from), name(to))
}
