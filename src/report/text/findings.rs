//! Findings with snippets, and the summary.

use super::words::{self, Page};
use crate::evaluator::Certainty;
use crate::findings::{Finding, Level};
use crate::report::notes::notes;
use crate::text::{Mark, Notice, Weight, printable, render_notice};

/// More places than these are counted, not shown; the JSON report has all of them.
const MAX_RELATED: usize = 4;
/// What stands in front of a remark: line numbers and the word.
const REMARK: usize = 18;

/// Writes the findings, what they rest on, and the summary.
pub(super) fn write<'a>(page: &mut Page<'a>, findings: &'a [Finding]) {
    write_each(page, findings);
    page.footnotes();
    page.gap();
    let summary = summary(page);
    page.line(&summary);
    write_notes(page);
    if !findings.is_empty() {
        page.line("Each finding names its rule in brackets; `leastwise explain RULE` says why it matters.");
    }
}

/// Writes what is to be said of the configuration.
pub(super) fn write_notes(page: &mut Page<'_>) {
    for note in notes(page.report) {
        let mut letters = note.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        let sentence: String = first.into_iter().chain(letters).collect();
        page.line(&format!("{}.", printable(&sentence)));
    }
}

/// Writes the findings alone.
pub(super) fn write_each<'a>(page: &mut Page<'a>, findings: &'a [Finding]) {
    for finding in findings {
        page.gap();
        let text = finding_text(page, finding);
        page.line(&text);
    }
}

fn finding_text<'a>(page: &mut Page<'a>, finding: &'a Finding) -> String {
    let report = page.report;
    let mut remarks: Vec<(&str, String)> = Vec::new();
    let mut marks = Vec::new();
    match finding.primary.span {
        Some(span) => {
            let label = Some(finding.primary.what.clone()).filter(|what| !what.is_empty());
            marks.push(Mark { span, label });
        }
        None => remarks.push(("from", finding.primary.what.clone())),
    }
    for related in finding.related.iter().take(MAX_RELATED) {
        match related.origin.span {
            Some(span) => marks.push(Mark { span, label: Some(related.message.clone()) }),
            None => remarks.push(("with", format!("{}: {}", related.origin.what, related.message))),
        }
    }
    if let Some(more) = finding.related.len().checked_sub(MAX_RELATED).filter(|more| *more > 0) {
        remarks.push(("with", words::count(more, "more place")));
    }
    if !finding.hops.is_empty() {
        remarks.push(("steps", steps(page, finding)));
    }
    if let Some(witness) = finding.witness.as_ref().filter(|_| finding.hops.is_empty()) {
        remarks.push(("request", words::request(&witness.request)));
    }
    remarks.push(match &finding.certainty {
        Certainty::Undecided(reason) => ("why", reason.clone()),
        decided => ("certainty", page.certainty(decided)),
    });
    if !finding.advice.is_empty() {
        remarks.push(("what to do", words::wrapped(&finding.advice, page.width.saturating_sub(REMARK))));
    }
    let notice = Notice {
        weight: weight(finding.level),
        name: if finding.is_undecided() { "undecided" } else { finding.level.as_str() },
        id: finding.rule,
        title: &finding.message,
        marks,
        path: None,
        remarks,
    };
    render_notice(&notice, report.files, page.colour)
}

fn steps(page: &Page<'_>, finding: &Finding) -> String {
    let mut lines = Vec::new();
    for (hop, number) in finding.hops.iter().zip(1..) {
        let (sentence, because) = words::hop(page.report, hop);
        lines.push(format!("{number}. {sentence}"));
        lines.extend(because.iter().map(|reason| format!("   allowed by {reason}")));
    }
    words::wrapped(&lines.join("\n"), page.width.saturating_sub(REMARK))
}

/// How a level is coloured.
fn weight(level: Level) -> Weight {
    match level {
        Level::High => Weight::Heavy,
        Level::Medium => Weight::Middling,
        Level::Low | Level::Info => Weight::Light,
    }
}

/// `2 high and 1 medium finding, …` in one line.
fn summary(page: &Page<'_>) -> String {
    let counts = page.report.counts();
    let levels = Level::ALL.iter().zip(counts.levels).rev().filter(|(_, number)| *number > 0);
    let levels: Vec<String> = levels.map(|(level, number)| format!("{number} {}", level.as_str())).collect();
    let found = match (levels.as_slice(), counts.undecided) {
        ([], 0) => "No findings".to_owned(),
        ([], _) => "No findings, but not all questions were decided".to_owned(),
        (levels, _) => {
            format!("{}: {}", words::count(counts.levels.iter().sum(), "finding"), levels.join(", "))
        }
    };
    let undecided = match counts.undecided {
        0 => String::new(),
        number => format!("; {} undecided", words::count(number, "question")),
    };
    let found = page.bold(&found);
    printable_line(&format!("{found}{undecided}; {}.", words::looked_at(page.report)), page.colour)
}

/// A line of our own words; colour stays if it may be used.
fn printable_line(line: &str, colour: bool) -> String {
    if colour { line.to_owned() } else { printable(line) }
}
