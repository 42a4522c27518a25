//! Who administers what: by permissions of its own, or in steps.

use std::collections::BTreeMap;

use super::{Graph, Path, Seat};
use crate::evaluator::{Bug, Evaluator};
use crate::model::ScopeId;

/// Who administers something, directly or in steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Administrators {
    /// By permissions of its own, as it is.
    pub direct: Vec<Seat>,
    /// In steps.
    pub by_path: Vec<Path>,
}

impl Administrators {
    /// Of a graph of all steps to administration.
    pub fn of(graph: &Graph, evaluator: &Evaluator<'_>) -> Result<Self, Bug> {
        let mut direct: Vec<Seat> =
            graph.own_seats(evaluator.estate()).filter(|seat| seat.node.change.is_none()).cloned().collect();
        direct.sort_by_key(|seat| (seat.scope, seat.node.principal));
        let mut by_path = graph.paths_to_administration(evaluator)?;
        by_path.sort_by_key(|path| (path.seat.scope, path.from, path.hops.len()));
        Ok(Self { direct, by_path })
    }

    /// The same by scope.
    pub fn by_scope(&self) -> BTreeMap<ScopeId, (Vec<&Seat>, Vec<&Path>)> {
        let mut all: BTreeMap<_, (Vec<_>, Vec<_>)> = BTreeMap::new();
        for seat in &self.direct {
            all.entry(seat.scope).or_default().0.push(seat);
        }
        for path in &self.by_path {
            all.entry(path.seat.scope).or_default().1.push(path);
        }
        all
    }
}
