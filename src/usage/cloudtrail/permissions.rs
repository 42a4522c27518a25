//! From the name of a call to the permissions that it uses.
//!
//! Most calls are called like their action. The others are data (`table`), or carry the date of an interface in their
//! name: <https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html>.

use std::collections::BTreeSet;

use super::resources::{self, roles_passed};
use super::{Event, table, text, texts};
use crate::clouds::aws::catalog::{self, Action};

/// To hand a role to a service is checked, but never logged:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>.
const PASS_ROLE: &str = "iam:PassRole";

/// The actions that a call used, each with the resource; empty when they are not known.
pub(super) fn of(event: &Event<'_>) -> BTreeSet<(String, String)> {
    let Some(prefix) = event.prefix else { return BTreeSet::new() };
    let actions = actions(event, prefix);
    let mut used = BTreeSet::new();
    for action in &actions {
        let on = resources::of(*action, event);
        for name in std::iter::once(action.name()).chain(table::implied(action.name())) {
            used.extend(on.iter().map(|resource| (name.to_owned(), resource.clone())));
        }
    }
    for further in table::from(prefix, undated(event.name)) {
        if let Some(value) = event.parameter(&further.parameter) {
            used.insert((further.action.clone(), resources::written(&further.arn, value, event)));
        }
    }
    if actions.iter().any(|action| passes(*action)) {
        used.extend(roles_passed(event).into_iter().map(|role| (PASS_ROLE.to_owned(), role)));
    }
    used
}

/// The actions of the call itself.
fn actions(event: &Event<'_>, prefix: &str) -> Vec<Action<'static>> {
    let catalog = catalog::current();
    let bare = undated(event.name);
    if let Some(content) = table::by_content(prefix, bare) {
        let mut found = Vec::new();
        texts(event.parameters, "", &mut found);
        let told = found.iter().filter(|(key, _)| *key == content.parameter);
        let words: BTreeSet<String> = told
            .filter_map(|(_, value)| value.split_whitespace().next())
            .map(str::to_ascii_lowercase)
            .collect();
        let known: Option<Vec<Action<'_>>> =
            words.iter().map(|word| catalog.action(content.words.get(word)?)).collect();
        // One word that is not known, and what was used is not known.
        return known.unwrap_or_default();
    }
    let named = [event.name, bare].into_iter().find_map(|name| table::renamed(prefix, name));
    if let Some(named) = named {
        return named.iter().filter_map(|name| version(event, catalog.action(name)?)).collect();
    }
    if let Some(action) = table::by_verb(prefix, event.name) {
        return catalog.action(action).into_iter().collect();
    }
    let same = [event.name, bare].into_iter().find_map(|name| catalog.action(&format!("{prefix}:{name}")));
    same.and_then(|action| version(event, action)).into_iter().collect()
}

/// The action on a version, where the request names one.
fn version(event: &Event<'_>, action: Action<'static>) -> Option<Action<'static>> {
    match table::versioned(action.name()) {
        Some((parameter, other)) if text(event.parameters, parameter).is_some() => {
            catalog::current().action(other)
        }
        _ => Some(action),
    }
}

fn passes(action: Action<'_>) -> bool {
    table::passes_roles(action.name()) || action.depends_on().any(|needed| needed.name() == PASS_ROLE)
}

/// The name without the date, and the version after it: `GetFunction20150331v2`, `CreateDistribution2020_05_31`.
fn undated(name: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let dated = match name.rsplit_once('v') {
        Some((before, number)) if is_number(number) => before,
        _ => name,
    };
    let bare = dated.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    let digits = dated.bytes().rev().take_while(|byte| byte.is_ascii_digit() || *byte == b'_');
    if digits.filter(u8::is_ascii_digit).count() == 8 { bare } else { name }
}

#[cfg(test)]
mod tests {
    use super::undated;

    #[test]
    fn dates_leave_names() {
        for (dated, bare) in [
            ("ListFunctions20150331", "ListFunctions"),
            ("GetFunction20150331v2", "GetFunction"),
            ("CreateDistribution2020_05_31", "CreateDistribution"),
            ("ListObjectsV2", "ListObjectsV2"),
            ("DescribeEnv2", "DescribeEnv2"),
            ("Invoke", "Invoke"),
        ] {
            assert_eq!(undated(dated), bare);
        }
    }
}
