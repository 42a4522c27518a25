//! `fail_on`, `[levels]` and `[[path]]`.

use glob::Pattern;

use super::RuleIds;
use super::table::{self, Table};
use crate::findings::Level;
use crate::guardrails::Name;
use crate::model::Origin;
use crate::review::{Levels, Setting, Settings};
use crate::text::{Problem, Tree};

/// From which level on findings make a run fail.
pub(super) const THRESHOLDS: [(&str, Option<Level>); 5] = [
    ("info", Some(Level::Info)),
    ("low", Some(Level::Low)),
    ("medium", Some(Level::Medium)),
    ("high", Some(Level::High)),
    ("never", None),
];

/// The levels of guardrails.
pub(super) const LEVELS: [(&str, Level); 4] =
    [("info", Level::Info), ("low", Level::Low), ("medium", Level::Medium), ("high", Level::High)];

/// The levels of rules.
const SETTINGS: [(&str, Option<Level>); 5] = [
    ("info", Some(Level::Info)),
    ("low", Some(Level::Low)),
    ("medium", Some(Level::Medium)),
    ("high", Some(Level::High)),
    ("off", None),
];

pub(super) fn read(table: &mut Table<'_, '_>, rules: RuleIds<'_>) -> Levels {
    let everywhere = settings(table, rules);
    let mut in_paths = Vec::new();
    for one in table.tables("path", "levels for a path") {
        let mut path = Table::new(one, "levels for a path", table.problems);
        path.only(&["glob", "levels"]);
        let glob = path.needed("glob");
        if one.get("levels").is_none() {
            path.lacks("levels");
        }
        let settings = settings(&mut path, rules);
        if let Some(pattern) = glob.and_then(|glob| pattern(&glob, path.problems)) {
            in_paths.push((pattern, settings));
        }
    }
    Levels { everywhere, in_paths }
}

fn pattern(glob: &Name, problems: &mut Vec<Problem>) -> Option<Pattern> {
    match Pattern::new(&glob.text) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let message = format!("`{}` is no pattern for paths: {}", glob.text, error.msg);
            problems.push(table::located(Problem::error("bad-glob", message), glob));
            None
        }
    }
}

fn settings(table: &mut Table<'_, '_>, rules: RuleIds<'_>) -> Settings {
    let mut settings = Settings::new();
    let Some(levels) = table.tree.get("levels") else { return settings };
    if levels.as_map().is_none() {
        let message = format!("expected `levels` to be a table, found {}", levels.kind_name());
        let help = "write `[levels]` with a line `RULE = \"LEVEL\"` for each rule";
        table.problems.push(Problem::error("wrong-type", message).at(levels.span).help(help));
    }
    for entry in levels.entries() {
        let what = format!("`{}`", entry.key.value);
        let origin = Origin { span: Some(entry.key.span), what, ..Origin::default() };
        let rule = Name { text: entry.key.value.clone(), origin: origin.clone() };
        if &*rule.text != "*" && !rules.0.contains(&&*rule.text) {
            table.problems.push(table::no_such(&rule, "rule", rules.0));
            continue;
        }
        if let Some(level) = level(&entry.value, &rule.text, table.problems) {
            settings.insert(rule.text, Setting { level, origin });
        }
    }
    settings
}

fn level(value: &Tree, key: &str, problems: &mut Vec<Problem>) -> Option<Option<Level>> {
    let Some(text) = value.as_str() else {
        let message = format!("expected `{key}` to be a level, found {}", value.kind_name());
        problems.push(Problem::error("wrong-type", message).at(value.span));
        return None;
    };
    let origin = Origin { span: Some(value.span), ..Origin::default() };
    table::choice(&Name { text: text.into(), origin }, key, &SETTINGS, problems)
}
