//! The fewest grants to take away so that somebody no longer comes to a goal: to administer a scope, to act as somebody.
//!
//! A path names the statements that allow its steps. As long as none of them is taken away, the path is open: so
//! whatever cuts all paths takes one from each. The search keeps the paths that it has seen, chooses the fewest grants
//! that meet all of them, takes these away in a copy of the estate and looks for a path there. A path that is left is
//! one more to meet; when none is left, the choice is a smallest one, because every cut has to meet the same paths
//! (implicit hitting sets: E. Moreno-Centeno and R. Karp, "The implicit hitting set approach", 2013).

use std::collections::BTreeSet;

use super::{Bound, Graph, Hop, Path};
use crate::clouds::{CLOUDS, Cloud, escalation};
use crate::evaluator::{Bug, Evaluator};
use crate::model::{Effect, Origin, PrincipalId, ScopeId};

/// After so many rounds the search stops, and what it has is no longer sure to be the fewest.
const ROUNDS: usize = 24;
/// Choices among so many sets of grants are looked at in one round.
const CHOICES: usize = 100_000;

/// Grants that stand between somebody and a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The grants to take away, in order.
    pub grants: Vec<Origin>,
    /// Whether taking them away cuts all paths.
    pub complete: bool,
    /// Whether there is no smaller cut.
    pub smallest: bool,
}

/// The steps of each path that is left in an estate.
type Left = Vec<Vec<Hop>>;

/// Finds the fewest grants whose removal leaves `from` without a path to the administration of any scope.
pub fn cut(evaluator: &Evaluator<'_>, steps: &[escalation::Step], from: PrincipalId) -> Result<Cut, Bug> {
    cut_all(evaluator, |inner| {
        let around = Graph::around(inner, steps, from)?;
        // What lies in a scope that it administers is not asked there, though it may lead out of it.
        let rules = around.seats().iter().any(|seat| seat.node.principal == from);
        let graph = if rules { Graph::build(inner, steps)? } else { around };
        Ok(hops_of(graph.paths_to_administration(inner)?, from))
    })
}

/// The same of a path to the administration of one scope, by itself or with one above it.
pub fn cut_from_scope(
    evaluator: &Evaluator<'_>,
    steps: &[escalation::Step],
    from: PrincipalId,
    scope: ScopeId,
) -> Result<Cut, Bug> {
    cut_all(evaluator, |inner| {
        let graph = Graph::with(inner, steps, Some(scope))?;
        Ok(hops_of(graph.paths_to_scope(inner, scope)?, from))
    })
}

/// The same of a way to act as `to`.
pub fn cut_between(
    evaluator: &Evaluator<'_>,
    steps: &[escalation::Step],
    from: PrincipalId,
    to: PrincipalId,
) -> Result<Cut, Bug> {
    cut_all(evaluator, |inner| {
        let graph = Graph::between(inner, steps, from, to)?;
        let (ways, _) = graph.ways_between(inner, from, to, Bound::default())?;
        Ok(ways.into_iter().map(|way| way.hops).collect())
    })
}

fn hops_of(paths: Vec<Path>, from: PrincipalId) -> Left {
    paths.into_iter().filter(|path| path.from == from).map(|path| path.hops).collect()
}

/// Finds the fewest grants after whose removal `left` finds no path. Grants are statements that allow, and bindings;
/// what only limits is none.
fn cut_all(
    evaluator: &Evaluator<'_>,
    left: impl Fn(&Evaluator<'_>) -> Result<Left, Bug>,
) -> Result<Cut, Bug> {
    let mut paths: Vec<BTreeSet<Origin>> = Vec::new();
    let mut smallest = true;
    for _ in 0..ROUNDS {
        let (grants, exact) = meet(&paths);
        smallest &= exact;
        let open = left_open(evaluator, &grants, &left)?;
        if open.is_empty() {
            return Ok(Cut { grants: grants.into_iter().collect(), complete: true, smallest });
        }
        for path in open {
            if path.is_empty() {
                // Nothing that could be taken away allows it.
                return Ok(Cut { grants: grants.into_iter().collect(), complete: false, smallest: false });
            }
            paths.push(path);
        }
    }
    // Not found in time: what meets one path after the other cuts most, and says that it may not be all.
    let (grants, _) = meet(&paths);
    let complete = left_open(evaluator, &grants, &left)?.is_empty();
    Ok(Cut { grants: grants.into_iter().collect(), complete, smallest: false })
}

/// The grants of each path that is left when some grants are taken away.
fn left_open(
    evaluator: &Evaluator<'_>,
    without: &BTreeSet<Origin>,
    left: impl Fn(&Evaluator<'_>) -> Result<Left, Bug>,
) -> Result<Vec<BTreeSet<Origin>>, Bug> {
    let estate = evaluator.estate();
    // A path may lead through several clouds.
    let has = |cloud: &&&dyn Cloud| estate.policies().any(|(_, policy)| policy.cloud == cloud.id());
    let clouds = CLOUDS.iter().filter(|_| !without.is_empty()).filter(has);
    let changed = clouds.fold(estate.clone(), |changed, cloud| cloud.without(&changed, without));
    let paths = left(&Evaluator::new(&changed, evaluator.portfolio()))?;
    Ok(paths.iter().map(|hops| grants_of(hops)).collect())
}

/// What allows the steps of a path, what only limits left out.
fn grants_of(hops: &[Hop]) -> BTreeSet<Origin> {
    let evidence = hops.iter().flat_map(|hop| &hop.proofs);
    let reasons = evidence.flat_map(|one| &one.witness.decision.because);
    reasons
        .filter(|reason| reason.effect == Some(Effect::Allow) && !reason.layer.is_ceiling())
        .map(|reason| &reason.origin)
        .chain(hops.iter().flat_map(|hop| &hop.basis).map(|basis| &basis.origin))
        .filter(|origin| **origin != Origin::default())
        .cloned()
        .collect()
}

/// The fewest grants that meet every path, and whether they are sure to be the fewest.
fn meet(paths: &[BTreeSet<Origin>]) -> (BTreeSet<Origin>, bool) {
    let greedy = greedily(paths);
    let mut search = Search { paths, best: greedy, looked: 0 };
    search.choose(&mut BTreeSet::new());
    (search.best, search.looked < CHOICES)
}

/// One grant after the other, each the one that meets most of what is left.
fn greedily(paths: &[BTreeSet<Origin>]) -> BTreeSet<Origin> {
    let mut chosen: BTreeSet<Origin> = BTreeSet::new();
    loop {
        let left: Vec<&BTreeSet<Origin>> = paths.iter().filter(|path| path.is_disjoint(&chosen)).collect();
        let meets = |grant: &&Origin| left.iter().filter(|path| path.contains(*grant)).count();
        let all: BTreeSet<&Origin> = left.iter().flat_map(|path| path.iter()).collect();
        // Of several the first.
        let Some(next) = all.into_iter().rev().max_by_key(meets) else { return chosen };
        chosen.insert(next.clone());
    }
}

/// Branches over the grants of the first path that is not met.
struct Search<'p> {
    paths: &'p [BTreeSet<Origin>],
    best: BTreeSet<Origin>,
    looked: usize,
}

impl Search<'_> {
    fn choose(&mut self, chosen: &mut BTreeSet<Origin>) {
        self.looked += 1;
        if self.looked >= CHOICES {
            return;
        }
        let Some(open) = self.paths.iter().find(|path| path.is_disjoint(chosen)) else {
            if chosen.len() < self.best.len() {
                self.best = chosen.clone();
            }
            return;
        };
        if chosen.len() + 1 >= self.best.len() {
            return;
        }
        for grant in open {
            chosen.insert(grant.clone());
            self.choose(chosen);
            chosen.remove(grant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(names: &[&str]) -> BTreeSet<Origin> {
        names.iter().map(|name| Origin { what: (*name).to_owned(), ..Origin::default() }).collect()
    }

    #[test]
    fn the_fewest_grants_are_chosen_where_one_after_the_other_would_take_more() {
        // Greedy takes `a`, which meets three, and then needs two more; `b` and `c` meet all.
        let paths = [
            path(&["a", "b"]),
            path(&["a", "b"]),
            path(&["a", "c"]),
            path(&["b"]),
            path(&["c"]),
            path(&["a", "c"]),
        ];
        let greedy = greedily(&paths);
        let (met, exact) = meet(&paths);
        assert_eq!(met, path(&["b", "c"]));
        assert!(exact && greedy.len() >= met.len());
        assert_eq!(meet(&[]), (BTreeSet::new(), true));
    }
}
