//! Paths: to administration, to a principal, to those who may use a resource.

use super::question::unanswerable;
use super::{Found, Reason};
use crate::clouds::escalation::Step;
use crate::evaluator::{Entrant, Evaluator, Extent, find_principal};
use crate::graph::{self, Bound, Graph, Way};
use crate::model::{Estate, Object, PrincipalId, Subject};
use crate::progress::{self, Stage};

/// The paths to administration; of one principal also what would cut all of them.
pub(super) fn to_administration(
    evaluator: &Evaluator<'_>,
    steps: &[Step],
    from: Option<PrincipalId>,
) -> Result<(Found, Vec<String>), Reason> {
    let graph = Graph::build(evaluator, steps)?;
    let undecided = graph.undecided().to_vec();
    progress::begin(Stage::Searching, 0);
    let Some(from) = from else {
        return Ok((Found::Paths(graph.paths_to_administration(evaluator)?, None), undecided));
    };
    let paths = graph.paths_from(evaluator, from)?;
    let cut = (!paths.is_empty()).then(|| graph::cut(evaluator, steps, from)).transpose()?;
    Ok((Found::Paths(paths, cut), undecided))
}

/// The ways to a principal, or to those who may use a resource.
pub(super) fn to(
    evaluator: &Evaluator<'_>,
    steps: &[Step],
    from: Option<PrincipalId>,
    to: &str,
) -> Result<(Found, Vec<String>), Reason> {
    let estate = evaluator.estate();
    let to_principal = find_principal(estate, to);
    if let (Ok(to), Some(from)) = (&to_principal, from) {
        let graph = Graph::between(evaluator, steps, from, *to)?;
        progress::begin(Stage::Searching, 0);
        let (ways, more) = graph.ways_between(evaluator, from, *to, Bound::default())?;
        return Ok((Found::Ways(ways, more), graph.undecided().to_vec()));
    }
    let (ends, mut open) = match to_principal {
        Ok(to) => (vec![to], Vec::new()),
        Err(unknown) => {
            users_of(evaluator, to)?.ok_or_else(|| unanswerable(to, unknown, "principal or resource"))?
        }
    };
    let graph = Graph::towards(evaluator, steps, &ends)?;
    progress::begin(Stage::Searching, 0);
    let mut ways = graph.ways_to(evaluator, &ends.into_iter().collect())?;
    ways.retain(|way| from.is_none_or(|from| way.from == from));
    open.extend(graph.undecided().iter().cloned());
    Ok((Found::Ways(ways, false), open))
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
