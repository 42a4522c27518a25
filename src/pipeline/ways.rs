//! Paths: to administration, to a principal, to those who may use a resource, to a scope.

use super::question::unanswerable;
use super::{Found, Reason};
use crate::clouds::escalation::Step;
use crate::evaluator::{Entrant, Evaluator, Extent, find_principal};
use crate::graph::{self, Bound, Graph, Node, Paths, Way, Ways};
use crate::model::{Estate, Object, PrincipalId, ScopeId, Subject};
use crate::progress::{self, Stage};

/// The paths to administration; of one principal also what would cut all of them.
pub(super) fn to_administration(
    evaluator: &Evaluator<'_>,
    steps: &[Step],
    from: Option<PrincipalId>,
) -> Result<(Found, Vec<String>), Reason> {
    let graph = Graph::build(evaluator, steps)?;
    progress::begin(Stage::Searching, 0);
    let found = match from {
        None => Paths { paths: graph.paths_to_administration(evaluator)?, ..Paths::default() },
        Some(from) => {
            let paths = graph.paths_from(evaluator, from)?;
            let cut = (!paths.is_empty()).then(|| graph::cut(evaluator, steps, from)).transpose()?;
            let own = graph.own_seats(evaluator.estate()).filter(|seat| seat.node == Node::as_is(from));
            Paths { own: own.cloned().collect(), paths, cut }
        }
    };
    Ok((Found::Paths(found), graph.undecided().to_vec()))
}

/// The paths to the administration of one scope, by itself or with one above it.
fn to_scope(
    evaluator: &Evaluator<'_>,
    steps: &[Step],
    from: Option<PrincipalId>,
    scope: ScopeId,
) -> Result<(Found, Vec<String>), Reason> {
    let graph = Graph::with(evaluator, steps, Some(scope))?;
    progress::begin(Stage::Searching, 0);
    let is_wanted = |one: PrincipalId| from.is_none_or(|from| one == from);
    let mut paths = graph.paths_to_scope(evaluator, scope)?;
    paths.retain(|path| is_wanted(path.from));
    let above = evaluator.estate().ancestry(scope);
    let own = graph.own_seats(evaluator.estate()).filter(|seat| {
        seat.node.change.is_none() && is_wanted(seat.node.principal) && above.contains(&seat.scope)
    });
    let own = own.cloned().collect();
    let cut = from.filter(|_| !paths.is_empty());
    let cut = cut.map(|from| graph::cut_from_scope(evaluator, steps, from, scope)).transpose()?;
    Ok((Found::Paths(Paths { paths, own, cut }), graph.undecided().to_vec()))
}

/// The ways to a principal, to those who may use a resource, or to the administration of a scope.
pub(super) fn to(
    evaluator: &Evaluator<'_>,
    steps: &[Step],
    from: Option<PrincipalId>,
    to: &str,
) -> Result<(Found, Vec<String>), Reason> {
    let estate = evaluator.estate();
    let unknown = match find_principal(estate, to) {
        Ok(to) => return to_principal(evaluator, steps, from, to),
        Err(unknown) => unknown,
    };
    if let Some((ends, open)) = users_of(evaluator, to)? {
        let mut found = ways_to(evaluator, steps, from, &ends, open)?;
        if let Found::Ways(ways) = &mut found.0 {
            ways.own = ends.into_iter().filter(|one| from.is_none_or(|from| *one == from)).collect();
        }
        return Ok(found);
    }
    let scopes = estate.scopes().map(|(scope, _)| scope);
    let mut named = scopes.filter(|scope| estate.scope_names(*scope).any(|name| name == to));
    match named.next() {
        Some(scope) => to_scope(evaluator, steps, from, scope),
        None => Err(unanswerable(to, unknown, "principal, resource or scope")),
    }
}

fn to_principal(
    evaluator: &Evaluator<'_>,
    steps: &[Step],
    from: Option<PrincipalId>,
    to: PrincipalId,
) -> Result<(Found, Vec<String>), Reason> {
    let Some(from) = from else { return ways_to(evaluator, steps, None, &[to], Vec::new()) };
    let graph = Graph::between(evaluator, steps, from, to)?;
    progress::begin(Stage::Searching, 0);
    let (ways, more) = graph.ways_between(evaluator, from, to, Bound::default())?;
    let cut = (!ways.is_empty()).then(|| graph::cut_between(evaluator, steps, from, to)).transpose()?;
    Ok((Found::Ways(Ways { ways, more, own: Vec::new(), cut }), graph.undecided().to_vec()))
}

/// The shortest ways to some principals; `open` are the questions that stayed open so far.
fn ways_to(
    evaluator: &Evaluator<'_>,
    steps: &[Step],
    from: Option<PrincipalId>,
    ends: &[PrincipalId],
    mut open: Vec<String>,
) -> Result<(Found, Vec<String>), Reason> {
    let graph = Graph::towards(evaluator, steps, ends)?;
    progress::begin(Stage::Searching, 0);
    let mut ways = graph.ways_to(evaluator, &ends.iter().copied().collect())?;
    ways.retain(|way| from.is_none_or(|from| way.from == from));
    open.extend(graph.undecided().iter().cloned());
    Ok((Found::Ways(Ways { ways, ..Ways::default() }), open))
}

/// The principals who may, and the questions about others that stayed open.
type Users = (Vec<PrincipalId>, Vec<String>);

/// Those who may do something on a resource of the estate, and what stayed open about it; `None` if there is no such
/// resource.
fn users_of(evaluator: &Evaluator<'_>, typed: &str) -> Result<Option<Users>, Reason> {
    let estate = evaluator.estate();
    let mut found = estate.resources().filter(|(_, one)| one.name == typed);
    let Some((id, resource)) = found.next() else { return Ok(None) };
    let entrants = evaluator.who_can(resource.cloud, None, &Object::Within(id))?;
    Ok(Some(users(estate, &entrants)))
}

/// The principals among those who may, and the questions that stayed open.
fn users(estate: &Estate, entrants: &[Entrant]) -> Users {
    let (mut may, mut open) = (Vec::new(), Vec::new());
    for entrant in entrants {
        let Subject::Principal(id) = entrant.question.subject else { continue };
        match entrant.extent() {
            Extent::Always | Extent::Sometimes => may.push(id),
            Extent::Undecided => {
                let name = estate.principal(id).map_or("", |one| one.name.as_str());
                open.push(format!("whether `{name}` may"));
            }
            Extent::Never => {}
        }
    }
    (may, open)
}

/// The ways to those who may.
pub(super) fn to_entrants(
    evaluator: &Evaluator<'_>,
    steps: &[Step],
    entrants: &[Entrant],
) -> Result<(Vec<Way>, Vec<String>), Reason> {
    let (ends, mut open) = users(evaluator.estate(), entrants);
    let graph = Graph::towards(evaluator, steps, &ends)?;
    open.extend(graph.undecided().iter().cloned());
    Ok((graph.ways_to(evaluator, &ends.into_iter().collect())?, open))
}
