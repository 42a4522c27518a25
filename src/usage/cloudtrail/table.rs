//! What about CloudTrail is data: `policies/aws/cloudtrail.json`, where each part has the page that says it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::clouds::aws::catalog;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Table {
    sources: Vec<Source>,
    events: Vec<Events>,
    versioned: Vec<Versioned>,
    verbs: Vec<Verbs>,
    free: Vec<Free>,
    by_content: Vec<ByContent>,
    from: Vec<From>,
    parameters: Vec<Parameter>,
    vague: Vec<Vague>,
    passes: Passes,
    implied: Vec<Implied>,
    denied: Denied,
}

#[derive(Debug, Deserialize)]
struct Source {
    source: String,
    prefix: String,
}

#[derive(Debug, Deserialize)]
struct Events {
    prefix: String,
    actions: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Versioned {
    parameter: String,
    actions: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Verbs {
    prefix: String,
    begins: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct Free {
    event: String,
}

/// An event whose permissions depend on what its parameters say.
#[derive(Debug, Deserialize)]
pub(super) struct ByContent {
    prefix: String,
    events: BTreeSet<String>,
    /// The parameter, at any depth.
    pub(super) parameter: String,
    /// The action by the first word of the parameter.
    pub(super) words: BTreeMap<String, String>,
}

/// A further permission of an event, on what a parameter names.
#[derive(Debug, Deserialize)]
pub(super) struct From {
    event: String,
    /// The action.
    pub(super) action: String,
    /// The parameter.
    pub(super) parameter: String,
    /// The ARN of what it names.
    pub(super) arn: String,
}

#[derive(Debug, Deserialize)]
struct Parameter {
    prefix: String,
    placeholder: String,
    names: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Vague {
    prefix: String,
    placeholder: String,
}

#[derive(Debug, Default, Deserialize)]
struct Passes {
    actions: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Implied {
    used: String,
    also: String,
}

#[derive(Debug, Default, Deserialize)]
struct Denied {
    codes: BTreeSet<String>,
}

fn table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let text = include_str!("../../../policies/aws/cloudtrail.json");
        serde_json::from_str(text).unwrap_or_default()
    });
    &TABLE
}

/// The prefix of the actions of the service at an address; `None` when the catalog has no such service.
pub(super) fn prefix(source: &str) -> Option<&str> {
    let label = source.split_once(".amazonaws.com").map_or(source, |(label, _)| label);
    let other = table().sources.iter().find(|entry| entry.source == label);
    let prefix = other.map_or(label, |entry| &entry.prefix);
    catalog::current().service(prefix).map(|_| prefix)
}

/// Whether the call was refused for lack of a permission, or of valid credentials. Any other error came after: the call
/// was authorized. EC2 puts the word `Client.` before its codes.
pub(super) fn is_denied(code: &str) -> bool {
    table().denied.codes.contains(code.strip_prefix("Client.").unwrap_or(code))
}

/// Whether the call needs no permission.
pub(super) fn is_free(prefix: &str, name: &str) -> bool {
    table().free.iter().any(|entry| entry.event.split_once(':') == Some((prefix, name)))
}

/// The actions of an event of another name.
pub(super) fn renamed(prefix: &str, name: &str) -> Option<&'static [String]> {
    let by_name = table().events.iter().filter(|entry| entry.prefix == prefix);
    by_name.filter_map(|entry| entry.actions.get(name)).next().map(Vec::as_slice)
}

/// The action of an event of a service whose actions are verbs: by the longest beginning that is known.
pub(super) fn by_verb(prefix: &str, name: &str) -> Option<&'static str> {
    let known = table().verbs.iter().filter(|entry| entry.prefix == prefix).flat_map(|entry| &entry.begins);
    let fitting = known.filter(|(begin, _)| name.starts_with(begin.as_str()));
    fitting.max_by_key(|(begin, _)| begin.len()).map(|(_, action)| action.as_str())
}

/// Whether the actions of the service are verbs, which are asked on paths that no parameter tells.
pub(super) fn has_verbs(prefix: &str) -> bool {
    table().verbs.iter().any(|entry| entry.prefix == prefix)
}

/// How the parameters of an event tell its actions, if they do.
pub(super) fn by_content(prefix: &str, name: &str) -> Option<&'static ByContent> {
    table().by_content.iter().find(|entry| entry.prefix == prefix && entry.events.contains(name))
}

/// The parameter that makes another action of this one, with that action.
pub(super) fn versioned(action: &str) -> Option<(&'static str, &'static str)> {
    let known = table().versioned.iter();
    known.filter_map(|one| Some((one.parameter.as_str(), one.actions.get(action)?.as_str()))).next()
}

/// Permissions on what parameters name.
pub(super) fn from(prefix: &str, name: &str) -> impl Iterator<Item = &'static From> {
    table().from.iter().filter(move |entry| entry.event.split_once(':') == Some((prefix, name)))
}

/// The parameters, beside the one of its own name, that fill a placeholder of an ARN.
pub(super) fn parameters(prefix: &str, placeholder: &str) -> &'static [String] {
    let known = table().parameters.iter();
    known
        .filter(|entry| entry.prefix == prefix && entry.placeholder == placeholder)
        .map(|entry| entry.names.as_slice())
        .next()
        .unwrap_or_default()
}

/// Whether a parameter for this placeholder may be only a part of the name: without a path, without a suffix.
pub(super) fn is_vague(prefix: &str, placeholder: &str) -> bool {
    table().vague.iter().any(|entry| entry.prefix == prefix && entry.placeholder == placeholder)
}

/// Whether the action hands a role that its parameters name to a service.
pub(super) fn passes_roles(action: &str) -> bool {
    table().passes.actions.contains(action)
}

/// Actions that go with a used one and that CloudTrail does not record by default.
pub(super) fn implied(action: &str) -> impl Iterator<Item = &'static str> {
    table().implied.iter().filter(move |entry| entry.used == action).map(|entry| entry.also.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_of_the_table_exists() {
        let table: Table =
            serde_json::from_str(include_str!("../../../policies/aws/cloudtrail.json")).unwrap();
        let mut named: Vec<&str> = Vec::new();
        named.extend(table.events.iter().flat_map(|one| one.actions.values().flatten().map(String::as_str)));
        named.extend(
            table.versioned.iter().flat_map(|one| one.actions.iter()).flat_map(|(a, b)| [&**a, &**b]),
        );
        named.extend(table.verbs.iter().flat_map(|one| one.begins.values().map(String::as_str)));
        named.extend(table.by_content.iter().flat_map(|one| one.words.values().map(String::as_str)));
        named.extend(table.from.iter().map(|one| one.action.as_str()));
        named.extend(table.passes.actions.iter().map(String::as_str));
        named.extend(table.implied.iter().flat_map(|one| [&*one.used, &*one.also]));
        let missing: Vec<&str> = named
            .iter()
            .copied()
            .filter(|name| catalog::current().action(name).is_none_or(|known| known.name() != *name))
            .collect();
        assert_eq!(missing, [""; 0]);
        let prefixes = table.sources.iter().map(|one| &one.prefix);
        let prefixes = prefixes.chain(table.events.iter().map(|one| &one.prefix));
        for prefix in prefixes.chain(table.parameters.iter().map(|one| &one.prefix)) {
            assert!(catalog::current().service(prefix).is_some(), "{prefix}");
        }
    }

    #[test]
    fn every_placeholder_of_the_table_is_one_of_its_service() {
        let both = table().parameters.iter().map(|one| (&one.prefix, &one.placeholder));
        for (prefix, placeholder) in
            both.chain(table().vague.iter().map(|one| (&one.prefix, &one.placeholder)))
        {
            let service = catalog::current().service(prefix).unwrap();
            let mut arns =
                service.resource_types().flat_map(|kind| kind.arns().map(str::to_owned).collect::<Vec<_>>());
            assert!(arns.any(|arn| arn.contains(&format!("${{{placeholder}}}"))), "{prefix} {placeholder}");
        }
    }
}
