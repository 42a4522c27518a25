//! Ways from principals to principals, one numbered sentence per step; what somebody comes to; administrators.

use super::paths;
use super::words::{self, Page};
use crate::graph::Way;

/// Writes the ways and the summary. `more`: whether there are more than are listed.
pub(super) fn write<'a>(page: &mut Page<'a>, ways: &'a [Way], more: bool) {
    list(page, ways);
    page.footnotes();
    page.gap();
    let found = match (ways.len(), page.report.undecided.len()) {
        (0, 0) => "No way".to_owned(),
        (0, _) => "No way was found, but not all questions were decided".to_owned(),
        (number, _) if more => format!("{} are listed, there are more", words::count(number, "way")),
        (number, _) => words::count(number, "way"),
    };
    let (found, looked_at) = (page.bold(&found), words::looked_at(page.report));
    page.line(&format!("{found}; {looked_at}."));
}

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
