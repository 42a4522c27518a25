//! What `catalog show` says about a name of Azure: labels and values, without layout.

use super::{Block, Operation, Plane, Role, current, operations};
use crate::clouds::catalog::{Match, Row, nearest};

/// Everything the catalogs know about `name`: a built-in role by name, GUID or id, or an operation.
/// `None` when the name is unknown; the catalogs' `search` then helps.
pub fn describe(name: &str) -> Option<Vec<Row>> {
    match current().role(name) {
        Some(role) => Some(describe_role(role)),
        None => operations().find(name).map(describe_operation),
    }
}

/// Entries of all catalogs of this cloud whose names are near to `text`, best first.
pub fn search(text: &str, limit: usize) -> Vec<Match> {
    nearest([current().search(text, limit), operations().search(text, limit)], limit)
}

/// Rows of a role.
fn describe_role(role: Role<'_>) -> Vec<Row> {
    let mut rows =
        vec![("role".to_owned(), vec![role.name().to_owned()]), ("guid".to_owned(), vec![role.guid()])];
    for block in role.blocks() {
        rows.extend(describe_block(block));
    }
    rows
}

/// Rows of a permission block.
fn describe_block(block: Block<'_>) -> Vec<Row> {
    let row = |label: &str, values: Vec<&str>| {
        (label.to_owned(), values.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let mut rows = vec![
        row("actions", block.allowed(Plane::Control).collect()),
        row("notActions", block.subtracted(Plane::Control).collect()),
        row("dataActions", block.allowed(Plane::Data).collect()),
        row("notDataActions", block.subtracted(Plane::Data).collect()),
        row("condition", block.condition().into_iter().collect()),
    ];
    rows.retain(|(_, values)| !values.is_empty());
    rows
}

/// Rows of an operation: its planes and the roles that allow it.
fn describe_operation(operation: Operation<'_>) -> Vec<Row> {
    let mut rows = vec![("operation".to_owned(), vec![operation.name().to_owned()])];
    for (plane, label) in [(Plane::Control, "control"), (Plane::Data, "data")] {
        if operation.is_on(plane) {
            rows.push(("plane".to_owned(), vec![label.to_owned()]));
            let roles = current().roles().filter(|role| role.allows(operation.name(), plane));
            rows.push(("roles".to_owned(), roles.map(|role| role.name().to_owned()).collect()));
        }
    }
    rows
}
