//! Readers: what `az`, the management API and this project's fact tables say about roles and
//! operations.
//!
//! Understood: `az role definition list`, `GET ../roleDefinitions` (facts under `properties`),
//! `Get-AzRoleDefinition | ConvertTo-Json`, and `az provider operation list` or `GET
//! ../providerOperations?$expand=resourceTypes`. Custom roles are passed over.

use super::{AzureSource, BlockSource, OperationsSource, Plane, RoleSource, parse_guid};
use crate::clouds::catalog::{entries, list, newest_date, parse, source_names, text, texts};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Reads exports of role definitions. Dates are not in them: set `date` and `sources` afterwards.
pub fn read_roles(files: &[(String, String)], problems: &mut Vec<String>) -> AzureSource {
    let mut source = AzureSource::default();
    for (path, content) in files {
        let Some(value) = parse(path, content, problems) else { continue };
        for role in items(&value) {
            let facts = role.get("properties").unwrap_or(role);
            if is_custom(facts) {
                continue;
            }
            let (guid, name) = identity(role, facts);
            if parse_guid(&guid).is_none() || name.is_empty() {
                problems.push(format!("`{path}` has a role `{name}` without a GUID or a name; left out"));
                continue;
            }
            let blocks = match list(facts, "permissions") {
                [] => vec![block(facts)],
                permissions => permissions.iter().map(block).collect(),
            };
            source.roles.insert(guid, RoleSource { name, blocks });
        }
    }
    source
}

/// The members of an export: an array, a page with `value`, or a single object.
fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(object) if object.contains_key("value") => list(value, "value").iter().collect(),
        other => vec![other],
    }
}

/// Whether the tenant made the role itself (`roleType` of `az`, `type` of the API, `IsCustom` of
/// PowerShell).
fn is_custom(facts: &Value) -> bool {
    let is = |key: &str| text(facts, key).eq_ignore_ascii_case("CustomRole");
    is("roleType") || is("type") || facts.get("IsCustom").and_then(Value::as_bool) == Some(true)
}

/// GUID in lower case and name: `name` is the GUID for `az` and the API, the name for PowerShell.
fn identity(role: &Value, facts: &Value) -> (String, String) {
    let name = text(facts, "roleName");
    if name.is_empty() {
        (text(facts, "Id").to_ascii_lowercase(), text(facts, "Name").to_owned())
    } else {
        (text(role, "name").to_ascii_lowercase(), name.to_owned())
    }
}

/// One permission block; PowerShell begins its keys with capitals.
fn block(facts: &Value) -> BlockSource {
    let all = |key: &str, other: &str| -> BTreeSet<String> {
        texts(facts, key).into_iter().chain(texts(facts, other)).collect()
    };
    let optional = |key: &str, other: &str| {
        let found = [text(facts, key), text(facts, other)].into_iter().find(|text| !text.is_empty());
        found.map(str::to_owned)
    };
    BlockSource {
        actions: all("actions", "Actions"),
        not_actions: all("notActions", "NotActions"),
        data_actions: all("dataActions", "DataActions"),
        not_data_actions: all("notDataActions", "NotDataActions"),
        condition: optional("condition", "Condition"),
        condition_version: optional("conditionVersion", "ConditionVersion"),
    }
}

/// Reads exports of provider operations. Dates are not in them: set `date` and `sources` afterwards.
pub fn read_operations(files: &[(String, String)], problems: &mut Vec<String>) -> OperationsSource {
    let mut source = OperationsSource::default();
    for (path, content) in files {
        let Some(value) = parse(path, content, problems) else { continue };
        let before = source.operations.len();
        for provider in items(&value) {
            let kinds = list(provider, "resourceTypes").iter();
            let groups = std::iter::once(provider).chain(kinds);
            for operation in groups.flat_map(|group| list(group, "operations")) {
                let data = operation.get("isDataAction").and_then(Value::as_bool).unwrap_or_default();
                add(&mut source, text(operation, "name"), if data { Plane::Data } else { Plane::Control });
            }
        }
        if source.operations.len() == before {
            problems.push(format!(
                "`{path}` has no operation; expected the output of `az provider operation list`"
            ));
        }
    }
    source
}

/// Adds an operation; a blank at the end of a name is a slip of the provider (there is one) and would
/// make a second operation out of the same name.
fn add(source: &mut OperationsSource, name: &str, plane: Plane) {
    let name = name.trim();
    if !name.is_empty() {
        source.operations.insert((name.to_owned(), plane));
    }
}

/// Reads the project's own fact table of built-in roles.
pub fn read_role_facts(path: &str, content: &str, problems: &mut Vec<String>) -> AzureSource {
    let Some(value) = parse(path, content, problems) else { return AzureSource::default() };
    let sources = source_names(&value);
    let mut roles = BTreeMap::new();
    for (guid, facts) in entries(&value, "roles") {
        let set = |block: &Value, key: &str| texts(block, key).into_iter().collect();
        let block = |block: &Value| BlockSource {
            actions: set(block, "a"),
            not_actions: set(block, "na"),
            data_actions: set(block, "da"),
            not_data_actions: set(block, "nda"),
            condition: block.get("cond").and_then(Value::as_str).map(str::to_owned),
            condition_version: block.get("cv").and_then(Value::as_str).map(str::to_owned),
        };
        if parse_guid(guid).is_none() {
            problems.push(format!("`{guid}` in `{path}` is not a GUID; left out"));
            continue;
        }
        let blocks = list(facts, "p").iter().map(block).collect();
        roles.insert(guid.to_ascii_lowercase(), RoleSource { name: text(facts, "name").to_owned(), blocks });
    }
    AzureSource { date: newest_date(&sources), sources, roles }
}

/// Reads the project's own fact table of operations.
pub fn read_operation_facts(path: &str, content: &str, problems: &mut Vec<String>) -> OperationsSource {
    let Some(value) = parse(path, content, problems) else { return OperationsSource::default() };
    let sources = source_names(&value);
    let mut source = OperationsSource { date: newest_date(&sources), sources, operations: BTreeSet::new() };
    for (key, plane) in [("control", Plane::Control), ("data", Plane::Data)] {
        for name in texts(&value, key) {
            add(&mut source, &name, plane);
        }
    }
    source
}
