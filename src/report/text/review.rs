//! What a change means: new findings with snippets, and the access that was gained and lost as tables.

use super::words::{self, Page, count};
use super::{access, findings};
use crate::evaluator::Certainty;
use crate::report::Report;
use crate::review::{Change, GAINED_ACCESS, Review, Who};
use crate::text::printable;

/// Rows of one principal that are shown; the JSON report has all of them.
const ROWS: usize = 12;

/// Writes the findings, the access, and what it comes to.
pub(super) fn write<'a>(page: &mut Page<'a>, review: &'a Review) {
    findings::write_each(page, &review.findings);
    for (changes, word) in [(&review.gained, "gains"), (&review.lost, "loses")] {
        for change in changes {
            page.gap();
            write_change(page, change, word);
        }
    }
    if review.rests_on != Certainty::Proven {
        page.gap();
        page.line("The files do not say any more, or not yet, what this rests on:");
        let assumed = page.certainty(&review.rests_on);
        page.field("certainty", &assumed);
    }
    page.footnotes();
    page.gap();
    let verdict = verdict(page.report, review);
    let verdict = page.bold(&verdict);
    page.line(&verdict);
    let rest = format!("{}; {}.", findings_in_words(review), words::looked_at(page.report));
    page.line(&rest);
    findings::write_notes(page);
}

fn write_change<'a>(page: &mut Page<'a>, change: &'a Change, word: &str) {
    let name = match &change.who {
        Who::Anonymous => "anybody, without credentials".to_owned(),
        Who::Outside => "somebody outside the given files".to_owned(),
        Who::Principal(name) => name.clone(),
    };
    let alone = match (change.alone, word) {
        (false, _) => "",
        (true, "gains") => " (new)",
        (true, _) => " (gone)",
    };
    let title = page.bold(&format!("{name}{alone} {word}"));
    page.line(&title);
    let rows = &change.surplus.access.rows;
    if let Some(shown) = rows.get(..rows.len().min(ROWS)).filter(|shown| !shown.is_empty()) {
        let table = access::table(shown, page.width);
        page.line(&table);
    }
    if let Some(more) = rows.len().checked_sub(ROWS).filter(|more| *more > 0) {
        page.line(&format!("  and {}; the JSON report lists all", count(more, "more row")));
    }
    let certainty = page.certainty(&change.surplus.access.certainty);
    page.field("certainty", &certainty);
}

/// The one sentence that a reviewer wants.
fn verdict(report: &Report<'_>, review: &Review) -> String {
    let undecided = review.gained.iter().filter(|change| change.is_undecided()).count();
    let gained = review.gained.len() - undecided;
    match (gained, undecided) {
        (0, 0) if review.rests_on != Certainty::Proven => {
            "Nobody gains access, if what is assumed holds.".to_owned()
        }
        (0, 0) if report.is_all_read() => "Nobody gains access.".to_owned(),
        (0, 0) => "Nobody gains access by what could be read.".to_owned(),
        (0, open) => format!("Nobody gains access for sure; {} undecided.", count(open, "question")),
        (1, 0) => "1 principal gains access.".to_owned(),
        (many, 0) => format!("{many} principals gain access."),
        (many, open) => {
            format!("{} access; {} undecided.", printable(&gain(many)), count(open, "question"))
        }
    }
}

fn gain(many: usize) -> String {
    if many == 1 { "1 principal gains".to_owned() } else { format!("{many} principals gain") }
}

fn findings_in_words(review: &Review) -> String {
    let fresh = review.findings.iter().filter(|finding| finding.rule != GAINED_ACCESS.id).count();
    let new = match fresh {
        0 => "No new findings".to_owned(),
        fresh => count(fresh, "new finding"),
    };
    let resolved = match review.resolved.len() {
        0 => String::new(),
        resolved => format!(", {resolved} resolved"),
    };
    let known = match review.known.len() {
        0 => String::new(),
        known => format!(", {known} as before"),
    };
    let lost = match review.lost.len() {
        0 => String::new(),
        1 => "; 1 principal loses access".to_owned(),
        lost => format!("; {lost} principals lose access"),
    };
    format!("{new}{resolved}{known}{lost}")
}
