//! What `catalog show` says about a name of AWS: labels and values, without layout.

use super::{Action, ConditionKey, ManagedPolicy, ResourceType, Service, current, managed};
use crate::clouds::catalog::{Match, Row, nearest};

/// Everything the catalogs know about `name`: an action (`s3:GetObject`), an action pattern
/// (`s3:Get*`), a service (`s3`), a resource type (`s3/object`), a condition key, or a managed
/// policy by name or ARN. `None` when the name is unknown; [`search`](super::AwsCatalog::search) then helps.
pub fn describe(name: &str) -> Option<Vec<Row>> {
    let catalog = current();
    if let Some(action) = catalog.action(name) {
        return Some(describe_action(action));
    }
    if name.contains(':') && name.contains(['*', '?']) {
        let matching: Vec<String> = catalog.matching(name).map(|action| action.name().to_owned()).collect();
        return (!matching.is_empty())
            .then(|| vec![row("pattern", [name]), ("actions".to_owned(), matching)]);
    }
    if let Some(service) = catalog.service(name) {
        return Some(describe_service(service));
    }
    if let Some(kind) = name.split_once('/').and_then(|(service, kind)| catalog.resource_type(service, kind))
    {
        return Some(describe_resource_type(kind));
    }
    if let Some(policy) = managed().find(name) {
        return Some(describe_policy(policy));
    }
    catalog.condition_key(name).map(describe_key)
}

/// Entries of all catalogs of this cloud whose names are near to `text`, best first.
pub fn search(text: &str, limit: usize) -> Vec<Match> {
    nearest([current().search(text, limit), managed().search(text, limit)], limit)
}

/// Rows of an action.
fn describe_action(action: Action<'_>) -> Vec<Row> {
    let level = action.level().map_or("unknown", |level| level.name());
    let mut rows = vec![row("action", [action.name()]), row("access level", [level])];
    if let (Some(first), Some(second)) = action.stated_levels() {
        rows.push(row("sources disagree", [first.name(), second.name()]));
    }
    let mut kinds: Vec<String> = Vec::new();
    for (kind, required) in action.resource_types() {
        let note = if required { " (required)" } else { "" };
        let arns: Vec<&str> = kind.arns().collect();
        kinds.push(format!("{}{note} {}", kind.name(), arns.join(" ")));
    }
    if kinds.is_empty() {
        kinds.push("none: only `*` is meaningful".to_owned());
    }
    rows.push(("resource types".to_owned(), kinds));
    rows.push(row("condition keys", action.own_condition_keys().map(ConditionKey::name)));
    let of_resources = action.condition_keys().map(ConditionKey::name);
    let own: Vec<&str> = action.own_condition_keys().map(ConditionKey::name).collect();
    rows.push(row("condition keys of its resources", of_resources.filter(|key| !own.contains(key))));
    rows.push(row("also needs", action.depends_on().map(Action::name)));
    present(rows)
}

/// Rows of a service.
fn describe_service(service: Service<'_>) -> Vec<Row> {
    let rcp = if service.supports_rcp() { "yes" } else { "no" };
    present(vec![
        row("service", [service.name()]),
        row("resource control policies", [rcp]),
        row("actions", service.actions().map(Action::local_name)),
        row("resource types", service.resource_types().map(ResourceType::name)),
        row("condition keys", service.condition_keys().map(|(key, _)| key.name())),
    ])
}

/// Rows of a resource type.
fn describe_resource_type(kind: ResourceType<'_>) -> Vec<Row> {
    present(vec![
        row("resource type", [kind.name()]),
        row("service", [kind.service()]),
        row("arn", kind.arns()),
        row("condition keys", kind.condition_keys().map(ConditionKey::name)),
    ])
}

/// Rows of a condition key.
fn describe_key(key: ConditionKey<'_>) -> Vec<Row> {
    present(vec![
        row("condition key", [key.name()]),
        row("type", key.types()),
        row("services", key.services().map(Service::name)),
    ])
}

/// Rows of a managed policy.
fn describe_policy(policy: ManagedPolicy<'_>) -> Vec<Row> {
    let state = if policy.is_deprecated() { "deprecated" } else { "available" };
    present(vec![
        row("managed policy", [policy.name()]),
        ("arn".to_owned(), vec![policy.arn()]),
        row("version", [policy.version()]),
        row("updated", [policy.updated()]),
        row("state", [state]),
        ("document".to_owned(), policy.document().map(|text| vec![text.to_owned()]).unwrap_or_default()),
    ])
}

/// A row.
fn row<'a>(label: &str, values: impl IntoIterator<Item = &'a str>) -> Row {
    (label.to_owned(), values.into_iter().map(str::to_owned).collect())
}

/// The rows that say something.
fn present(rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().filter(|(_, values)| !values.is_empty()).collect()
}
