//! Paths to administration: one numbered sentence per step, with its evidence.

use super::words::{self, Page};
use crate::evaluator::Standing;
use crate::graph::{Cut, Hop, Paths, Seat};
use crate::report::Report;

/// Writes the paths, what they rest on, and the summary.
pub(super) fn write<'a>(page: &mut Page<'a>, found: &'a Paths) {
    for seat in &found.own {
        page.gap();
        let sentence = format!("{} by itself, without a step", self::seat(page.report, seat));
        let sentence = page.bold(&sentence);
        page.line(&sentence);
        if let Some(certainty) = seat.standing.sure() {
            let certainty = page.certainty(certainty);
            page.field("certainty", &certainty);
        }
    }
    for path in &found.paths {
        page.gap();
        let title = format!(
            "`{}` becomes an administrator of `{}` in {}",
            words::principal(page.report, path.from),
            words::scope(page.report, path.seat.scope),
            words::count(path.hops.len(), "step"),
        );
        let title = page.bold(&title);
        page.line(&title);
        steps(page, &path.hops);
        let (mut sentence, certainty) = (seat(page.report, &path.seat), page.certainty(&path.certainty));
        if path.others > 0 {
            let others = words::count(path.others, "further administrator");
            sentence.push_str(&format!(", and {others} of it can be reached"));
        }
        page.step(path.hops.len() + 1, &sentence);
        page.field("certainty", &certainty);
    }
    if let Some(cut) = &found.cut {
        write_cut(page, cut);
    }
    page.footnotes();
    page.gap();
    let found = match (found.paths.len(), page.report.undecided.len()) {
        (0, 0) if !found.own.is_empty() => "No further path".to_owned(),
        (0, 0) => "No path to an administrator".to_owned(),
        (0, _) => "No path to an administrator was found, but not all questions were decided".to_owned(),
        (number, _) => words::count(number, "path") + " to an administrator",
    };
    let (found, looked_at) = (page.bold(&found), words::looked_at(page.report));
    page.line(&format!("{found}; {looked_at}."));
}

/// Writes the steps, each as a numbered sentence with what allows it and what would break it.
pub(super) fn steps(page: &mut Page<'_>, hops: &[Hop]) {
    for (hop, number) in hops.iter().zip(1..) {
        let (sentence, because) = words::hop(page.report, hop);
        let because: String = because.iter().map(|reason| format!("\nallowed by {reason}")).collect();
        let conditions = hop.conditions();
        let conditions = match conditions.as_slice() {
            [] if hop.is_conditional() => "\nonly under some circumstances".to_owned(),
            [] => String::new(),
            some => format!("\nonly when {}", some.join(" and ")),
        };
        let remedy = hop.remedy(page.report.estate).map(|remedy| format!("\nto break it, {remedy}"));
        page.step(number, &format!("{sentence}{conditions}{because}{}", remedy.unwrap_or_default()));
    }
}

/// The fewest grants that stand between somebody and a goal.
pub(super) fn write_cut(page: &mut Page<'_>, cut: &Cut) {
    page.gap();
    let title = match (cut.complete, cut.smallest) {
        (false, _) => "No set of grants was found whose removal cuts all of these; to begin with, take away:",
        (true, true) => "The fewest grants whose removal cuts all of these:",
        (true, false) => "Grants whose removal cuts all of these, perhaps not the fewest:",
    };
    let title = page.bold(title);
    page.line(&title);
    for (grant, number) in cut.grants.iter().zip(1..) {
        let grant = words::origin(page.report, grant);
        page.step(number, &grant);
    }
}

/// What the last principal of a path may do.
fn seat(report: &Report<'_>, seat: &Seat) -> String {
    let when = match seat.standing {
        Standing::Always(..) => "always",
        Standing::Conditionally(..) => "under some circumstances",
        Standing::Never(_) => "never",
        Standing::Undecided(_) => "perhaps",
    };
    let changed = if seat.node.change.is_some() { ", with what it was given," } else { "" };
    format!(
        "`{}`{changed} {when} administers `{}`",
        words::principal(report, seat.node.principal),
        words::scope(report, seat.scope)
    )
}
