//! A formula as disjoint rows: these actions, on these resources, under this condition.
//!
//! The rows are exact: a request satisfies the formula if and only if it is in just one row and satisfies that row's
//! condition. Actions that leave the same formula share rows, and so do classes of resources that leave the same
//! condition. Which rows are worth showing, and in which words, is for reports to say.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::arena::{Connective, FALSE, NodeId};
use super::classes::{Class, Member};
use super::known::{ACTION, ActionList, KnownActions};
use super::meter::{Meter, Spent};
use super::problem::{Problem, Variable};
use super::search::Search;
use super::{LARGEST_BUDGET, has_relations_on};
use crate::logic::{Actions, Atom, Attribute, Formula, Patterns, Universe, Value};
use crate::solver::Reason;

/// The number of the resource's variable; see the order of the problem's variables.
const RESOURCE: u32 = 1;

/// Requests that satisfy a formula.
#[derive(Clone, Debug)]
pub struct Row {
    /// The actions.
    pub actions: RowActions,
    /// The resources, as disjoint classes of texts; any of them. Under known actions each action is meant on its own
    /// resources only.
    pub resources: Vec<TextClass>,
    /// What the rest of the request must satisfy; it speaks neither of the action nor of the resource.
    pub condition: Formula,
}

/// The actions of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowActions {
    /// These known actions, sorted.
    Known(Vec<Arc<str>>),
    /// All actions of some disjoint classes.
    Classes(Vec<TextClass>),
}

/// A class of texts that the formula does not tell apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextClass {
    /// All these match.
    pub inside: Vec<Patterns>,
    /// None of these matches.
    pub outside: Vec<Patterns>,
    /// One text of the class.
    pub example: String,
}

/// The rows of `formula`, in an order that depends on the formula and the universe alone.
///
/// Gives [`Reason::Fragment`] when a relation ties the action or the resource to other texts that stay unknown, and
/// [`Reason::Budget`] after about `budget` steps.
pub fn rows(formula: &Formula, universe: &Universe, budget: u64) -> Result<Vec<Row>, Reason> {
    if has_relations_on(formula, &[Attribute::action(), Attribute::resource()]) {
        return Err(Reason::Fragment);
    }
    let mut meter = Meter::new(budget.min(LARGEST_BUDGET));
    let problem = Problem::new(formula, &mut meter).map_err(|Spent| Reason::Budget)?;
    let root = problem.root;
    let search = Search::new(problem, meter);
    let found = match universe {
        Universe::Any => any_rows(search, root),
        Universe::Known(actions) => known_rows(KnownActions::new(search, actions), root),
    };
    found.map_err(|Spent| Reason::Budget)
}

fn any_rows(mut search: Search, root: NodeId) -> Result<Vec<Row>, Spent> {
    let mut rows = Vec::new();
    for (residual, classes) in by_residual(&mut search, root, ACTION)? {
        for (condition, resources) in by_residual(&mut search, residual, RESOURCE)? {
            if search.satisfiable(condition)? {
                let condition = search.problem.formula(condition);
                rows.push(Row { actions: RowActions::Classes(classes.clone()), resources, condition });
            }
        }
    }
    Ok(rows)
}

fn known_rows(mut known: KnownActions<'_>, root: NodeId) -> Result<Vec<Row>, Spent> {
    let classes = known.classes(root)?;
    let mut order = Vec::new();
    let mut entries: FxHashMap<NodeId, Vec<u32>> = FxHashMap::default();
    for (class, list) in classes.lists.iter().enumerate() {
        let residual = known.search.assign(root, classes.table, class)?;
        if residual == FALSE {
            continue;
        }
        let slot = entries.entry(residual).or_insert_with(|| {
            order.push(residual);
            Vec::new()
        });
        let all = 0..u32::try_from(known.actions.entries().len()).unwrap_or(u32::MAX);
        match list {
            ActionList::Listed(listed) => slot.extend(listed),
            ActionList::AllBut(excluded) => slot.extend(all.filter(|index| !excluded.contains(index))),
        }
        known.search.meter.spend(slot.len())?;
    }
    let mut rows = Vec::new();
    for residual in order {
        let mut actions = entries.remove(&residual).unwrap_or_default();
        actions.sort_unstable();
        rows_of_actions(&mut known, residual, &actions, &mut rows)?;
    }
    Ok(rows)
}

/// The rows of actions that leave the same formula: an action is in a row if it can be asked on the row's resources.
fn rows_of_actions(
    known: &mut KnownActions<'_>,
    residual: NodeId,
    actions: &[u32],
    rows: &mut Vec<Row>,
) -> Result<(), Spent> {
    let mut by_group: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for action in actions {
        let group = known.actions.entries().get(*action as usize).map_or(0, |entry| entry.resources);
        by_group.entry(group).or_default().push(*action);
    }
    // Actions whose groups meet the same classes of resources share rows, whatever the examples are.
    type Resources = Vec<(NodeId, Vec<TextClass>)>;
    let mut shared: BTreeMap<Resources, (Resources, Vec<u32>)> = BTreeMap::new();
    for (group, members) in by_group {
        let on_group = known.on_group(group)?;
        let resources = resources_on(&mut known.search, residual, on_group)?;
        let mut plain = resources.clone();
        plain.iter_mut().flat_map(|(_, classes)| classes).for_each(|class| class.example.clear());
        shared.entry(plain).or_insert((resources, Vec::new())).1.extend(members);
    }
    for (resources, mut members) in shared.into_values() {
        members.sort_unstable();
        let names = names(known.actions, &members);
        for (condition, resources) in resources {
            let condition = known.search.problem.formula(condition);
            rows.push(Row { actions: RowActions::Known(names.clone()), resources, condition });
        }
    }
    Ok(())
}

fn names(actions: &Actions, indexes: &[u32]) -> Vec<Arc<str>> {
    indexes
        .iter()
        .filter_map(|index| actions.entries().get(*index as usize))
        .map(|e| e.name.clone())
        .collect()
}

/// The conditions that the formula leaves for resources of a group, each with its classes of resources. The classes
/// speak of the formula's own patterns; examples are of the group.
fn resources_on(
    search: &mut Search,
    residual: NodeId,
    on_group: NodeId,
) -> Result<Vec<(NodeId, Vec<TextClass>)>, Spent> {
    let own = search.atoms_of(residual, RESOURCE)?;
    let whole = search.problem.arena.combine(Connective::All, vec![residual, on_group], &mut search.meter)?;
    let mut found = Vec::new();
    for (condition, mut classes) in by_residual_of(search, whole, RESOURCE, &own)? {
        if search.satisfiable(condition)? {
            classes.sort();
            classes.dedup_by(|a, b| a.inside == b.inside && a.outside == b.outside);
            found.push((condition, classes));
        }
    }
    Ok(found)
}

fn by_residual(
    search: &mut Search,
    id: NodeId,
    variable: u32,
) -> Result<Vec<(NodeId, Vec<TextClass>)>, Spent> {
    let atoms = search.atoms_of(id, variable)?;
    by_residual_of(search, id, variable, &atoms)
}

/// What the formula leaves for each class of a variable's texts that it does not rule out, described by `atoms`.
fn by_residual_of(
    search: &mut Search,
    id: NodeId,
    variable: u32,
    atoms: &[u32],
) -> Result<Vec<(NodeId, Vec<TextClass>)>, Spent> {
    let table = search.table_of(id, variable)?;
    let mut found: Vec<(NodeId, Vec<TextClass>)> = Vec::new();
    let mut places: FxHashMap<NodeId, usize> = FxHashMap::default();
    for class in 0..search.table_len(table) {
        let residual = search.assign(id, table, class)?;
        if residual == FALSE {
            continue;
        }
        let described = described(search, table, class, atoms);
        search.meter.spend(1 + atoms.len())?;
        let place = *places.entry(residual).or_insert_with(|| {
            found.push((residual, Vec::new()));
            found.len() - 1
        });
        if let Some((_, classes)) = found.get_mut(place) {
            classes.extend(described);
        }
    }
    Ok(found)
}

fn described(search: &Search, table: usize, class: usize, atoms: &[u32]) -> Option<TextClass> {
    let Class { holds, member } = search.class(table, class)?;
    let Member::Value(Value::Text(example)) = member else { return None };
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for (index, number) in search.table_atoms(table).iter().enumerate() {
        let described = atoms.binary_search(number).is_ok();
        if let (true, Some(Atom::Matches(_, patterns))) =
            (described, search.problem.atom(*number).map(|i| &i.atom))
        {
            if holds.contains(index) { &mut inside } else { &mut outside }.push(patterns.clone());
        }
    }
    Some(TextClass { inside, outside, example: example.clone() })
}

/// Whether the variable stands for an attribute of that name; keeps the numbers above honest.
#[cfg(test)]
fn stands_for(problem: &Problem, number: u32, attribute: &Attribute) -> bool {
    matches!(problem.variable(number), Some(Variable::Attribute(found)) if found == attribute)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::{ActionEntry, Assignment, ResourceGroup};

    fn m(name: &str, globs: &[&str]) -> Formula {
        Formula::matches(Attribute::text(name), Patterns::globs(globs.iter().copied()))
    }

    fn policy() -> Formula {
        let read = m("action", &["s3:get*"]).and(m("resource", &["arn:logs/*", "arn:data/*"]));
        let write = m("action", &["s3:put*"]).and(m("resource", &["arn:data/*"])).and(m("k", &["in*"]));
        let deny = m("resource", &["arn:data/secret*"]).and(m("k", &["out"]).not());
        read.or(write).and(deny.not())
    }

    #[test]
    fn variables_have_their_numbers() {
        let problem = Problem::new(&policy(), &mut Meter::new(1000)).unwrap();
        assert!(stands_for(&problem, ACTION, &Attribute::action()));
        assert!(stands_for(&problem, RESOURCE, &Attribute::resource()));
    }

    /// Each request is in a row exactly when it satisfies the formula, and then in one row only.
    #[test]
    fn rows_are_exact_and_disjoint() {
        let universe = Universe::Known(Arc::new(Actions::new(
            ["s3:getobject", "s3:putobject", "s3:list", "iam:get"]
                .map(|name| ActionEntry { name: name.into(), resources: u32::from(name == "s3:list") })
                .into(),
            vec![
                ResourceGroup { patterns: Patterns::globs(["arn:*"]) },
                ResourceGroup { patterns: Patterns::globs(["*"]) },
            ],
        )));
        let formula = policy();
        for universe in [Universe::Any, universe] {
            let rows = rows(&formula, &universe, 100_000).unwrap();
            for action in ["s3:getobject", "s3:putobject", "s3:list", "iam:get"] {
                for resource in ["arn:logs/x", "arn:data/x", "arn:data/secret", "arn:else", "*"] {
                    for k in ["in", "out", "else"] {
                        let request = Assignment::new()
                            .with_text(Attribute::action(), action)
                            .with_text(Attribute::resource(), resource)
                            .with_text(Attribute::text("k"), k);
                        let holds = formula.evaluate(&request) == Some(true);
                        let hits = rows.iter().filter(|row| in_row(row, action, resource, &request)).count();
                        assert_eq!(hits, usize::from(holds), "{action} {resource} {k}: {rows:#?}");
                    }
                }
            }
        }
    }

    fn in_row(row: &Row, action: &str, resource: &str, request: &Assignment) -> bool {
        let within = |classes: &[TextClass], text: &str| {
            classes.iter().any(|class| {
                class.inside.iter().all(|set| set.matches(text))
                    && !class.outside.iter().any(|set| set.matches(text))
            })
        };
        let acts = match &row.actions {
            RowActions::Known(names) => names.iter().any(|name| **name == *action),
            RowActions::Classes(classes) => within(classes, action),
        };
        acts && within(&row.resources, resource) && row.condition.evaluate(request) == Some(true)
    }
}
