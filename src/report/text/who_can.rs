//! Who may do something: those who may with their conditions and rules, then how many may not.

use anstyle::AnsiColor;

use super::answer::describe_request;
use super::ways;
use super::words::{self, Page};
use crate::evaluator::{AccessRow, Entrant, Extent};
use crate::graph::Way;
use crate::model::{Question, Subject};
use crate::report::Report;
use crate::text::printable;

/// Up to so many of those who may not are named.
const NAMED: usize = 10;
/// Up to so many conditions of one principal are shown.
const CONDITIONS: usize = 4;

/// Writes the answers.
pub(super) fn write<'a>(
    page: &mut Page<'a>,
    question: &Question,
    entrants: &'a [Entrant],
    ways: Option<&'a [Way]>,
) {
    let title = printable(&format!("Who may {}", describe_request(page.report, question)));
    let title = page.bold(&title);
    page.line(&title);
    page.gap();
    for entrant in entrants.iter().filter(|entrant| entrant.extent() != Extent::Never) {
        one(page, entrant);
    }
    if entrants.iter().all(|entrant| entrant.extent() == Extent::Never) {
        page.line("Nobody.");
    }
    nobody(page, entrants);
    if let Some(ways) = ways {
        ways::list(page, ways);
        if ways.is_empty() {
            page.gap();
            page.line("Nobody else comes to act as one of them.");
        }
    }
    page.footnotes();
}

fn one<'a>(page: &mut Page<'a>, entrant: &'a Entrant) {
    let (word, colour) = match entrant.extent() {
        Extent::Always => ("always", AnsiColor::Green),
        Extent::Sometimes => ("sometimes", AnsiColor::Green),
        Extent::Undecided => ("undecided", AnsiColor::Yellow),
        Extent::Never => ("never", AnsiColor::Red),
    };
    let word = page.paint(colour.on_default().bold(), word);
    let name = printable(&name(page.report, entrant.question.subject));
    page.line(&format!("{word}: {name}"));
    if let Some(witness) = entrant.can.witness() {
        for because in &witness.decision.because {
            let reason = words::reason(page.report, because);
            page.field("by", &reason);
        }
        let rows = entrant.access.iter().flat_map(|access| &access.rows);
        let conditions: Vec<String> = rows.filter_map(condition).collect();
        for condition in conditions.iter().take(CONDITIONS) {
            page.prose("when", condition);
        }
        if let Some(more) = conditions.len().checked_sub(CONDITIONS).filter(|more| *more > 0) {
            page.field("when", &format!("and {more} more, which the JSON report lists"));
        }
        if conditions.is_empty() && entrant.extent() == Extent::Sometimes {
            page.field("for example", &words::request(&witness.request));
        }
    }
    let certainty = page.certainty(&entrant.can.certainty);
    page.field("certainty", &certainty);
}

/// A row without its actions: the question names one.
fn condition(row: &AccessRow) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    if !row.resources.is_empty() {
        let sets: Vec<String> = row.resources.iter().map(|set| set.join(" or ")).collect();
        parts.push(format!("the resource matches {}", sets.join(" and ")));
    }
    if !row.except.is_empty() {
        parts.push(format!("the resource matches none of {}", row.except.join(", ")));
    }
    parts.extend(row.condition.clone());
    (!parts.is_empty()).then(|| parts.join(", and "))
}

/// Those who may not. What would have let them in is in the JSON report.
fn nobody<'a>(page: &mut Page<'a>, entrants: &'a [Entrant]) {
    let never: Vec<&Entrant> = entrants.iter().filter(|entrant| entrant.extent() == Extent::Never).collect();
    let Some(first) = never.first() else { return };
    let mut names: Vec<String> =
        never.iter().take(NAMED).map(|entrant| name(page.report, entrant.question.subject)).collect();
    if never.len() > NAMED {
        names.push(format!("and {} more", never.len() - NAMED));
    }
    page.gap();
    let word = page.paint(AnsiColor::Red.on_default().bold(), "never");
    page.line(&format!("{word}: {}", printable(&names.join("\n       "))));
    let mut notes: Vec<String> = Vec::new();
    for entrant in never.iter().copied().chain([*first]) {
        let note = page.certainty(&entrant.can.certainty);
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    page.field("certainty", &notes.join("\n"));
}

fn name(report: &Report<'_>, subject: Subject) -> String {
    match subject {
        Subject::Principal(id) => words::principal(report, id).to_owned(),
        Subject::Outside => "somebody outside of the files given".to_owned(),
        Subject::Anonymous => "anybody without credentials".to_owned(),
    }
}
