//! The permission graph: one sentence per edge. Other formats draw it.

use super::words::{self, Page};
use crate::graph::Edge;
use crate::report::picture::picture;

/// Writes the edges and the summary.
pub(super) fn write(page: &mut Page<'_>, edges: &[Edge]) {
    let drawn = picture(page.report, edges);
    for edge in &drawn.edges {
        let name = |at: usize| drawn.nodes.get(at).map_or("", |node| node.name.as_str());
        let title = format!("`{}` -> `{}`", name(edge.from), name(edge.to));
        let title = page.bold(&title);
        page.line(&title);
        page.prose("how", &edge.says);
        let mut certainty = vec![edge.certainty.to_owned()];
        certainty.extend(edge.condition.clone());
        certainty.extend(edge.assumes.iter().map(|gap| format!("assuming that {gap}")));
        page.prose("certainty", &certainty.join("; "));
        for one in &edge.evidence {
            let place = one.place.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
            page.prose("allowed by", &format!("{}{place}", one.what));
        }
    }
    page.footnotes();
    page.gap();
    let (found, looked_at) =
        (page.bold(&words::count(drawn.edges.len(), "edge")), words::looked_at(page.report));
    page.line(&format!("{found}; {looked_at}."));
}
