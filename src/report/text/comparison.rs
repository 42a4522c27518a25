//! Two documents compared: how they stand to each other, a request for each difference, and all of it as a table.

use anstyle::AnsiColor;

use super::access::table;
use super::words::{self, Page};
use crate::evaluator::{Change, Difference, DifferenceRows, Relation};
use crate::report::Compared;
use crate::text::printable;

/// Writes the relation, both differences and the certainty.
pub(super) fn write<'a>(page: &mut Page<'a>, compared: Compared<'a>) {
    let Compared { name, comparison, rows } = compared;
    let (word, colour) = match comparison.relation {
        Relation::Equivalent => ("equivalent", AnsiColor::Green),
        Relation::Narrower => ("narrower", AnsiColor::Green),
        Relation::Broader => ("broader", AnsiColor::Red),
        Relation::Incomparable => ("incomparable", AnsiColor::Red),
        Relation::Undecided => ("undecided", AnsiColor::Yellow),
    };
    let word = page.paint(colour.on_default().bold(), word);
    page.line(&format!("{word}: {}", printable(name)));
    page.field("read as", comparison.kind.name);
    let [gained, lost] = rows.map_or([None, None], |[gained, lost]| [Some(gained), Some(lost)]);
    difference(page, "gained", &comparison.gained, gained);
    difference(page, "lost", &comparison.lost, lost);
    beyond(page, "gained", &comparison.beyond.gained);
    beyond(page, "lost", &comparison.beyond.lost);
    let certainty = page.certainty(&comparison.certainty);
    page.field("certainty", &certainty);
    page.field("engine", &format!("{}, {} steps", comparison.engine, words::thousands(comparison.steps)));
    page.footnotes();
}

fn difference(page: &mut Page<'_>, label: &str, difference: &Difference, rows: Option<&DifferenceRows>) {
    match difference {
        Difference::Nothing => page.field(label, "nothing"),
        Difference::Undecided(reason) => page.field(label, &format!("undecided: {reason}")),
        Difference::Some(change) => {
            page.field(label, &words::request(&change.request));
            reasons(page, change);
        }
    }
    match rows {
        Some(DifferenceRows::Rows(rows)) if !rows.is_empty() => {
            let table = table(rows, page.width);
            page.line(&table);
        }
        Some(DifferenceRows::Undecided(reason)) => {
            page.field("all of it", &format!("could not be listed: {reason}"));
        }
        Some(DifferenceRows::Rows(_)) | None => {}
    }
}

/// A difference for actions that no catalog knows; it has no part in the relation, so it takes one line.
fn beyond(page: &mut Page<'_>, label: &str, difference: &Difference) {
    let label = format!("{label} (?)");
    match difference {
        Difference::Nothing => {}
        Difference::Undecided(reason) => {
            page.field(&label, &format!("not decided for actions that no catalog knows: {reason}"));
        }
        Difference::Some(change) => {
            let (action, resource) = (printable(&change.request.action), printable(&change.request.resource));
            let text = format!("only with actions that no catalog knows, such as `{action}` on `{resource}`");
            page.field(&label, &text);
        }
    }
}

/// The statements that allow the request in one document and that deny it in the other.
fn reasons(page: &mut Page<'_>, change: &Change) {
    for because in &change.allowed.because {
        let origin = words::origin(page.report, &because.origin);
        page.field("allowed by", &origin);
    }
    for because in &change.refused.because {
        let origin = words::origin(page.report, &because.origin);
        page.field("denied by", &origin);
    }
    if change.refused.because.is_empty() {
        page.field("refused", "no statement of the other document allows it");
    }
}
