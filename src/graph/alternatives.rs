//! All ways from one principal to another, not only the shortest.
//!
//! Where something needs two others (to act as somebody with other permissions needs to be able to act as it, and to
//! change it), the second is taken by its shortest way; so ways are told apart by whom they lead through.

use std::collections::BTreeMap;

use petgraph::algo::all_simple_paths;
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxBuildHasher;

use super::hop::Node;
use super::hubs::Move;
use super::net::Reach;
use super::{Graph, Hop};
use crate::evaluator::{Bug, Evaluator};
use crate::model::PrincipalId;

/// How many ways are looked for, and how long they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Principals that one way leads through, its ends included.
    pub length: usize,
    /// Ways.
    pub number: usize,
}

impl Default for Bound {
    fn default() -> Self {
        Self { length: 8, number: 100 }
    }
}

/// Ways from one principal to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternatives {
    /// The steps of each way, the shortest first.
    pub ways: Vec<Vec<Hop>>,
    /// Whether there may be more than the bound lets see.
    pub more: bool,
}

impl Graph {
    /// The ways by which `from` comes to act as `to`, each through other principals. `evaluator` is the one that the
    /// graph was built with.
    pub fn alternatives(
        &self,
        evaluator: &Evaluator<'_>,
        from: PrincipalId,
        to: Node,
        bound: Bound,
    ) -> Result<Alternatives, Bug> {
        let reach = self.net.ready().reach_by_all(from);
        let (plain, nodes) = flattened(&reach);
        let ends = nodes.get(&Node::as_is(from)).zip(nodes.get(&to));
        let Some((start, end)) = ends.filter(|(start, end)| start != end) else {
            return Ok(Alternatives { ways: Vec::new(), more: false });
        };
        let between = bound.length.saturating_sub(2);
        // One more than wanted tells whether there are more; longer ones are not counted.
        let found: Vec<Vec<NodeIndex>> =
            all_simple_paths::<_, _, FxBuildHasher>(&plain, *start, *end, 0, Some(between))
                .take(bound.number.saturating_add(1))
                .collect();
        let more = found.len() > bound.number;
        let mut ways: Vec<Vec<Move>> = Vec::new();
        for path in found.iter().take(bound.number) {
            let mut moves: Vec<Move> = Vec::new();
            for (one, next) in path.iter().zip(path.iter().skip(1)) {
                let edge = plain.find_edge(*one, *next).and_then(|edge| plain.edge_weight(edge));
                for taken in edge.into_iter().flatten() {
                    if !moves.contains(taken) {
                        moves.push(*taken);
                    }
                }
            }
            if !ways.contains(&moves) {
                ways.push(moves);
            }
        }
        ways.sort_by_key(Vec::len);
        let ways = ways.iter().map(|moves| self.shown(evaluator, moves)).collect::<Result<_, _>>()?;
        Ok(Alternatives { ways, more })
    }
}

/// What is reached as a plain graph: between two nodes the cheapest steps that lead from one to the other.
fn flattened(reach: &Reach) -> (DiGraph<Node, Vec<Move>>, BTreeMap<Node, NodeIndex>) {
    let mut plain = DiGraph::new();
    let mut nodes = BTreeMap::new();
    for (_, node) in reach.nodes() {
        nodes.insert(node, plain.add_node(node));
    }
    let mut cheapest: BTreeMap<(Node, Node), Vec<Move>> = BTreeMap::new();
    for (from, to, moves) in reach.between() {
        let known = cheapest.get(&(from, to));
        if known.is_none_or(|known| moves.len() < known.len()) {
            cheapest.insert((from, to), moves);
        }
    }
    for ((from, to), moves) in cheapest {
        if let (Some(from), Some(to)) = (nodes.get(&from), nodes.get(&to)) {
            plain.add_edge(*from, *to, moves);
        }
    }
    (plain, nodes)
}
