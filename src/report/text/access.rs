//! Effective access as a table. Many actions of one service are abbreviated by their first word; the JSON report
//! lists each.

use std::collections::BTreeMap;

use tabled::builder::Builder;
use tabled::settings::peaker::Priority;
use tabled::settings::{Padding, Style, Width};

use super::answer;
use super::words::{self, Page};
use crate::evaluator::{Access, AccessRow, Certainty, RowActions};
use crate::model::Question;
use crate::text::printable;

/// Up to so many actions of a service are named; more are abbreviated.
const NAMED: usize = 6;
/// Up to so many abbreviations or patterns are listed in one cell.
const LISTED: usize = 8;

/// Writes the table and how sure it is.
pub(super) fn write<'a>(page: &mut Page<'a>, question: &Question, access: &'a Access) {
    let title = printable(&answer::describe(page.report, question));
    let title = page.bold(&format!("Requests for which {title}"));
    page.line(&title);
    page.gap();
    if !access.rows.is_empty() {
        let table = table(&access.rows, page.width);
        page.line(&table);
        page.gap();
    }
    let nothing = access.rows.is_empty() && !matches!(access.certainty, Certainty::Undecided(_));
    if nothing {
        page.line("None.");
    }
    let certainty = page.certainty(&access.certainty);
    page.field("certainty", &certainty);
    page.footnotes();
}

/// The rows as a table that fits the width.
pub(super) fn table(rows: &[AccessRow], width: usize) -> String {
    let has_except = rows.iter().any(|row| !row.except.is_empty());
    let has_condition = rows.iter().any(|row| row.condition.is_some());
    let has_service = rows.iter().any(|row| matches!(row.actions, RowActions::Named(_)));
    let mut builder = Builder::default();
    let columns = |cells: [String; 5]| {
        let shown = [has_service, true, true, has_except, has_condition];
        cells.into_iter().zip(shown).filter(|(_, shown)| *shown).map(|(cell, _)| cell).collect::<Vec<_>>()
    };
    builder
        .push_record(columns(["service", "actions", "resources", "except", "condition"].map(str::to_owned)));
    for row in rows {
        let resources = matching(&row.resources);
        for (service, actions) in actions(&row.actions) {
            builder.push_record(columns([
                printable(service),
                printable(&actions),
                printable(&resources),
                printable(&row.except.join(", ")),
                printable(row.condition.as_deref().unwrap_or("")),
            ]));
        }
    }
    // The widest column gives way first, so that short ones stay on one line.
    let wrapping = Width::wrap(width).keep_words(true).priority(Priority::max(true));
    let mut table = builder.build();
    table.with(Style::sharp()).with(Padding::new(1, 1, 0, 0)).with(wrapping);
    table.to_string()
}

/// What matches some pattern of each set.
fn matching(sets: &[Vec<String>]) -> String {
    let sets: Vec<String> = sets.iter().map(|set| set.join(", ")).collect();
    if sets.is_empty() { "any".to_owned() } else { sets.join(" and ") }
}

/// Each service with its actions. Patterns belong to no service: `s*:Get*` speaks of several.
fn actions(actions: &RowActions) -> Vec<(&str, String)> {
    match actions {
        RowActions::Named(names) => {
            by_service(names).into_iter().map(|(service, names)| (service, abbreviated(&names))).collect()
        }
        RowActions::Matching { patterns, except } if except.is_empty() => vec![("", matching(patterns))],
        RowActions::Matching { patterns, except } => {
            vec![("", format!("{} except {}", matching(patterns), except.join(", ")))]
        }
    }
}

/// The actions of each service, without the service's name. `s3:GetObject` and `storage.objects.get` name it before
/// the first colon or period, `Microsoft.Storage/storageAccounts/read` before the first slash.
fn by_service(actions: &[String]) -> BTreeMap<&str, Vec<&str>> {
    let mut services: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for action in actions {
        let split = action.split_once([':', '/']).or_else(|| action.split_once('.'));
        let (service, name) = split.unwrap_or(("", action));
        services.entry(service).or_default().push(name);
    }
    services
}

/// All names if they are few, otherwise the first words with the number of names that begin with them.
fn abbreviated(names: &[&str]) -> String {
    if names.len() <= NAMED {
        return names.join(", ");
    }
    let mut words: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in names {
        words.entry(first_word(name)).or_default().push(name);
    }
    listed(
        words
            .into_iter()
            .map(|(word, names)| match names.as_slice() {
                [one] => (*one).to_owned(),
                several => format!("{word}… ({})", words::thousands(several.len() as u64)),
            })
            .collect(),
    )
}

/// `Get` of `GetObject`, `objects.` of `objects.get`, `storageAccounts/` of `storageAccounts/read`.
fn first_word(name: &str) -> &str {
    let end = match name.find(['.', '/']) {
        Some(separator) => separator + 1,
        None => {
            name.char_indices().skip(1).find(|(_, c)| c.is_ascii_uppercase()).map_or(name.len(), |(at, _)| at)
        }
    };
    name.get(..end).unwrap_or(name)
}

fn listed(mut items: Vec<String>) -> String {
    let more = items.len().saturating_sub(LISTED);
    items.truncate(LISTED);
    if more > 0 {
        items.push(format!("and {more} more"));
    }
    items.join(", ")
}
