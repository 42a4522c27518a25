//! Who administers what, and who can come to: a list for each scope.

use super::words::{self, Page};
use crate::evaluator::Standing;
use crate::graph::Administrators;

/// Writes the scopes with their administrators, and the summary.
pub(super) fn write<'a>(page: &mut Page<'a>, admins: &'a Administrators) {
    for (scope, (direct, by_path)) in admins.by_scope() {
        page.gap();
        let title = page.bold(&format!("`{}`", words::scope(page.report, scope)));
        page.line(&title);
        for seat in direct {
            let (when, certainty) = match &seat.standing {
                Standing::Always(certainty, _) => ("always", certainty),
                Standing::Conditionally(certainty, ..) => ("sometimes", certainty),
                Standing::Never(certainty) => ("never", certainty),
                Standing::Undecided(_) => continue,
            };
            let certainty = page.certainty(certainty);
            let name = words::principal(page.report, seat.node.principal);
            page.field(when, &format!("`{name}` ({certainty})"));
        }
        for path in by_path {
            let kinds: Vec<&str> = path.hops.iter().map(|hop| &*hop.kind).collect();
            let certainty = page.certainty(&path.certainty);
            let (name, steps) =
                (words::principal(page.report, path.from), words::count(path.hops.len(), "step"));
            page.field("by a path", &format!("`{name}` in {steps}: {} ({certainty})", kinds.join(", ")));
        }
    }
    page.footnotes();
    page.gap();
    let mut found = format!(
        "{} and {} by a path",
        words::count(admins.direct.len(), "administrator"),
        admins.by_path.len()
    );
    if !page.report.undecided.is_empty() {
        found.push_str(", but not all questions were decided");
    }
    let (found, looked_at) = (page.bold(&found), words::looked_at(page.report));
    page.line(&format!("{found}; {looked_at}."));
}
