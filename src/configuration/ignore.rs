//! `[[ignore]]`: entries that say of access that it is meant.

use std::sync::Arc;

use super::RuleIds;
use super::table::{self, Table};
use crate::clouds::clock;
use crate::guardrails::Name;
use crate::model::Origin;
use crate::review::Ignore;
use crate::text::{Problem, Tree};

const KEYS: &[&str] = &["rule", "principal", "action", "resource", "reason", "owner", "expires"];

/// Reads an entry. `None` after a problem: half of one could ignore more than was meant.
pub(super) fn read(tree: &Tree, rules: RuleIds<'_>, problems: &mut Vec<Problem>) -> Option<Ignore> {
    let before = problems.len();
    let mut table = Table::new(tree, "an entry of `ignore`", problems);
    table.only(KEYS);
    let (rule, reason, owner) = (table.needed("rule"), table.needed("reason"), table.needed("owner"));
    let [principals, actions, resources] =
        ["principal", "action", "resource"].map(|key| texts(table.texts(key)));
    let expires = table.text("expires");
    if let Some(rule) = rule.as_ref().filter(|rule| !rules.0.contains(&&*rule.text)) {
        table.problems.push(table::no_such(rule, "rule", rules.0));
    }
    let says_what = [&principals, &actions, &resources].iter().any(|names| !names.is_empty());
    if let Some(rule) = rule.as_ref().filter(|_| !says_what) {
        let message =
            format!("the entry says nothing of what is meant, so it would ignore all of `{}`", rule.text);
        let help = "say which `principal`, `action` or `resource`; to turn a rule off, use `[levels]`";
        table.problems.push(table::located(Problem::error("missing-key", message).help(help), rule));
    }
    let expires = expires.map(|day| {
        let instant = clock::instant(&day.text);
        if instant.is_none() {
            let message = format!("`{}` is no day", day.text);
            let problem = Problem::error("wrong-value", message).help("write it as `2027-01-31`");
            table.problems.push(table::located(problem, &day));
        }
        (instant.unwrap_or_default(), day.text)
    });
    if problems.len() > before {
        return None;
    }
    let rule = rule?;
    let what = format!("the entry that ignores `{}`", rule.text);
    let origin = Origin { span: rule.origin.span, what, ..Origin::default() };
    let (reason, owner) = (reason?.text, owner?.text);
    Some(Ignore { rule: rule.text, principals, actions, resources, reason, owner, expires, origin })
}

fn texts(names: Vec<Name>) -> Vec<Arc<str>> {
    names.into_iter().map(|name| name.text).collect()
}
