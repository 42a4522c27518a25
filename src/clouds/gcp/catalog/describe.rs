//! What `catalog show` says about a name of Google Cloud: labels and values, without layout.

use super::{GcpCatalog, Role, current};
use crate::clouds::catalog::{Match, Row};

/// Everything the catalog knows about `name`: a role with or without `roles/`, or a permission.
/// `None` when the name is unknown; [`GcpCatalog::search`] then helps.
pub fn describe(name: &str) -> Option<Vec<Row>> {
    let catalog = current();
    if let Some(role) = catalog.role(name) {
        return Some(describe_role(catalog, role));
    }
    let permission = catalog.permission(name)?;
    let roles = catalog.roles_with(permission).map(Role::name).collect();
    Some(vec![row("permission", catalog.permission_name(permission)), ("roles".to_owned(), roles)])
}

/// Entries of all catalogs of this cloud whose names are near to `text`, best first.
pub fn search(text: &str, limit: usize) -> Vec<Match> {
    current().search(text, limit)
}

/// Rows of a role.
fn describe_role(catalog: &GcpCatalog, role: Role<'_>) -> Vec<Row> {
    let mut rows =
        vec![row("role", &role.name()), row("title", role.title()), row("stage", role.stage().name())];
    let kinds = [
        (role.is_basic(), "basic role"),
        (role.is_service_agent(), "for a service agent"),
        (role.is_legacy(), "legacy role"),
        (role.is_gone(), "no longer listed by the provider"),
    ];
    for (_, kind) in kinds.into_iter().filter(|(is, _)| *is) {
        rows.push(row("kind", kind));
    }
    rows.push(row("number of permissions", &role.len().to_string()));
    let names = role.permissions().map(|index| catalog.permission_name(index).to_owned());
    rows.push(("permissions".to_owned(), names.collect()));
    rows.retain(|(_, values)| values.iter().any(|value| !value.is_empty()));
    rows
}

/// A row of one value.
fn row(label: &str, value: &str) -> Row {
    (label.to_owned(), vec![value.to_owned()])
}
