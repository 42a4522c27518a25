//! What somebody comes to: the administration of scopes, acting as others, and having a say about them; the nearest
//! first, each with its last step.

use super::words::{self, Page};
use crate::graph::{Radius, Reached, What};
use crate::report::Report;

/// Writes what it comes to, and the summary.
pub(super) fn write<'a>(page: &mut Page<'a>, radius: &'a Radius) {
    let title = format!("`{}` comes to", words::principal(page.report, radius.from));
    let title = page.bold(&title);
    page.line(&title);
    if radius.reached.is_empty() {
        page.line("  nothing but what its own permissions say");
    }
    for (reached, number) in radius.reached.iter().zip(1..) {
        one(page, reached, number);
    }
    page.footnotes();
    page.gap();
    let found = match (radius.reached.len(), page.report.undecided.len()) {
        (0, 0) => "Nothing is reached".to_owned(),
        (0, _) => "Nothing was found to be reached, but not all questions were decided".to_owned(),
        (number, _) => format!("{} reached", words::count(number, "thing")),
    };
    let (found, looked_at) = (page.bold(&found), words::looked_at(page.report));
    page.line(&format!("{found}; {looked_at}."));
}

fn one<'a>(page: &mut Page<'a>, reached: &'a Reached, number: usize) {
    let what = what(page.report, &reached.what);
    let steps = match reached.hops.len() {
        0 => "by its own permissions".to_owned(),
        number => format!("in {}", words::count(number, "step")),
    };
    let last = reached.hops.last().map(|hop| {
        let (sentence, because) = words::hop(page.report, hop);
        let because: String = because.iter().map(|reason| format!("\nallowed by {reason}")).collect();
        format!("\n{}: {sentence}{because}", if reached.hops.len() > 1 { "at last" } else { "how" })
    });
    let certainty = page.certainty(&reached.certainty);
    page.step(number, &format!("{what} {steps} ({certainty}){}", last.unwrap_or_default()));
}

/// What is reached, in words that follow "comes to".
fn what(report: &Report<'_>, what: &What) -> String {
    match what {
        What::Acts(node) => {
            let change = node.change_in_words(report.estate).map(|words| format!(" {words}"));
            format!("act as `{}`{}", words::principal(report, node.principal), change.unwrap_or_default())
        }
        What::Administers(seat) => format!("administer `{}`", words::scope(report, seat.scope)),
        What::Decides(gained) => gained.in_words(report.estate),
    }
}
