//! Ways from principals to principals, one numbered sentence per step; what somebody comes to; administrators.

use super::paths;
use super::words::{self, Page};
use crate::graph::{Way, Ways};

/// Writes the ways and the summary.
pub(super) fn write<'a>(page: &mut Page<'a>, found: &'a Ways) {
    let mut own = found.own.iter().map(|id| format!("`{}`", words::principal(page.report, *id)));
    let first: Vec<String> = own.by_ref().take(MOST_NAMED).collect();
    if !first.is_empty() {
        let more = own.count();
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        page.gap();
        page.line("Without a step, something on it may be done by");
        page.line(&format!("  {}{more}", first.join(", ")));
    }
    list(page, &found.ways);
    if let Some(cut) = &found.cut {
        paths::write_cut(page, cut);
    }
    page.footnotes();
    page.gap();
    let summary = match (found.ways.len(), page.report.undecided.len()) {
        (0, 0) => "No way in steps".to_owned(),
        (0, _) => "No way in steps was found, but not all questions were decided".to_owned(),
        (number, _) if found.more => {
            format!("{} are listed, there are more", words::count(number, "way"))
        }
        (number, _) => words::count(number, "way"),
    };
    let (summary, looked_at) = (page.bold(&summary), words::looked_at(page.report));
    page.line(&format!("{summary}; {looked_at}."));
}

/// So many principals are named that need no step.
const MOST_NAMED: usize = 10;

/// Writes the ways.
pub(super) fn list<'a>(page: &mut Page<'a>, ways: &'a [Way]) {
    for way in ways {
        page.gap();
        let title = format!(
            "`{}` comes to act as `{}` in {}",
            words::principal(page.report, way.from),
            words::principal(page.report, way.to),
            words::count(way.hops.len(), "step"),
        );
        let title = page.bold(&title);
        page.line(&title);
        paths::steps(page, &way.hops);
        let certainty = page.certainty(&way.certainty);
        page.field("certainty", &certainty);
    }
}
