//! Readers: what `gcloud`, the IAM API and this project's fact table say about roles.
//!
//! Understood: `gcloud iam roles list --format=json` (names, titles, stages), `gcloud iam roles
//! describe ROLE --format=json` (with `includedPermissions`), and pages of `GET /v1/roles?view=FULL`
//! (<https://cloud.google.com/iam/docs/reference/rest/v1/roles/list>). Custom roles are passed over.

use super::{GcpSource, RoleSource, Stage};
use crate::clouds::catalog::{entries, list, newest_date, parse, source_names, text, texts};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Reads exports of roles, in any number of files; what several files say about a role is put
/// together. Dates are not in them: set `date` and `sources` afterwards. A role without permissions
/// in any file is one problem and is left out, because an unknown permission list must not pass for
/// an empty one.
pub fn read_roles(files: &[(String, String)], problems: &mut Vec<String>) -> GcpSource {
    let mut source = GcpSource::default();
    let mut described = BTreeSet::new();
    for (path, content) in files {
        let Some(value) = parse(path, content, problems) else { continue };
        let found = roles_in(&value);
        if found.is_empty() {
            problems.push(format!(
                "`{path}` has no role; expected the output of `gcloud iam roles list` or `describe`"
            ));
        }
        for role in found {
            let Some(name) = text(role, "name").strip_prefix("roles/") else { continue };
            let plain = source.roles.entry(name.to_owned()).or_default();
            add(plain, role);
            if role.get("includedPermissions").is_some() {
                described.insert(name.to_owned());
            }
        }
    }
    let missing: Vec<String> =
        source.roles.keys().filter(|name| !described.contains(*name)).cloned().collect();
    for name in missing {
        source.roles.remove(&name);
        problems.push(format!(
            "`roles/{name}` is listed without permissions and left out; \
             add `gcloud iam roles describe roles/{name} --format=json`"
        ));
    }
    source
}

/// The roles of one export: an array, a page, or a single role.
fn roles_in(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().filter(|item| item.get("name").is_some()).collect(),
        Value::Object(object) if object.contains_key("roles") => list(value, "roles").iter().collect(),
        Value::Object(object) if object.contains_key("name") => vec![value],
        _ => Vec::new(),
    }
}

/// Adds what one export says about a role. The API leaves out `stage` when it is the first value of
/// its enumeration, which is `ALPHA`; an export with permissions and without a stage means that.
fn add(plain: &mut RoleSource, role: &Value) {
    if plain.title.is_empty() {
        plain.title = text(role, "title").to_owned();
    }
    let deleted = role.get("deleted").and_then(Value::as_bool).unwrap_or_default();
    let stage = match text(role, "stage") {
        "" if role.get("includedPermissions").is_some() => Stage::Alpha,
        stage => Stage::from_name(stage),
    };
    plain.gone |= deleted;
    if plain.stage == Stage::Unknown {
        plain.stage = stage;
    }
    plain.permissions.extend(texts(role, "includedPermissions"));
}

/// Reads the project's own fact table of roles.
pub fn read_facts(path: &str, content: &str, problems: &mut Vec<String>) -> GcpSource {
    let Some(value) = parse(path, content, problems) else { return GcpSource::default() };
    let sources = source_names(&value);
    let names = texts(&value, "permissions");
    let mut roles = BTreeMap::new();
    for (name, facts) in entries(&value, "roles") {
        let indices = list(facts, "p").iter().filter_map(Value::as_u64);
        let permissions: BTreeSet<String> =
            indices.filter_map(|index| names.get(usize::try_from(index).ok()?).cloned()).collect();
        if permissions.len() != list(facts, "p").len() {
            problems.push(format!("`{name}` refers to permissions that `{path}` does not list"));
        }
        let stage = Stage::from_name(text(facts, "stage"));
        let name = name.strip_prefix("roles/").unwrap_or(name).to_owned();
        let gone = facts.get("gone").is_some_and(|flag| flag.as_u64() == Some(1));
        roles.insert(name, RoleSource { title: text(facts, "title").to_owned(), stage, gone, permissions });
    }
    GcpSource { date: newest_date(&sources), sources, permissions: names.into_iter().collect(), roles }
}
