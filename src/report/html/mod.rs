//! The permission graph as one HTML file to look at in a browser: search, the neighbourhood of a node, the shortest way
//! between two. It loads nothing and sends nothing; a policy of its own forbids it to.
//!
//! `page.html` is the frame, `style.css` and `page.js` are put into it, and the graph as JSON.

use super::picture::picture;
use super::{Content, ContentKind, Report, Reporter, Style};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");

/// A page for browsers.
#[derive(Clone, Copy, Debug)]
pub struct Html;

impl Reporter for Html {
    fn id(&self) -> &'static str {
        "html"
    }

    fn summary(&self) -> &'static str {
        "for browsers: the permission graph, to search and to follow; one file that loads nothing"
    }

    fn holds(&self, kind: ContentKind) -> bool {
        kind == ContentKind::Graph
    }

    fn render(&self, report: &Report<'_>, _: Style) -> Result<String, String> {
        let Content::Graph(edges) = report.content else {
            return Err("the format `html` holds the permission graph only".to_owned());
        };
        let mut picture = picture(report, edges);
        // What the sentences say need not be there twice in a page of megabytes.
        picture.edges.iter_mut().for_each(|edge| edge.questions.clear());
        let graph = serde_json::to_string(&picture).map_err(|error| error.to_string())?;
        Ok(fill(&[("{{style}}", STYLE), ("{{script}}", SCRIPT), ("{{graph}}", &embedded(&graph))]))
    }
}

/// JSON that can stand between script tags: `<` can begin the end of a script, and occurs in JSON inside of texts only.
fn embedded(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// The frame with each mark replaced; what is put in is not looked at again.
fn fill(parts: &[(&str, &str)]) -> String {
    let mut page = String::new();
    let mut rest = PAGE;
    loop {
        let next = parts.iter().filter_map(|(mark, part)| Some((rest.find(mark)?, *mark, *part))).min();
        let Some((at, mark, part)) = next else { break };
        page.push_str(rest.get(..at).unwrap_or_default());
        page.push_str(part);
        rest = rest.get(at + mark.len()..).unwrap_or_default();
    }
    page.push_str(rest);
    page
}

#[cfg(test)]
mod tests {
    use super::{embedded, fill};

    #[test]
    fn a_text_cannot_end_the_script_it_stands_in() {
        let json = serde_json::to_string("</script><script>alert(1)</script> {{style}}").unwrap();
        let page = fill(&[("{{style}}", "STYLE"), ("{{script}}", "SCRIPT"), ("{{graph}}", &embedded(&json))]);
        assert!(page.contains(r"\u003c/script>\u003cscript>alert(1)"), "{page}");
        assert_eq!(page.matches("STYLE").count(), 1, "what is put in was filled in again: {page}");
        assert_eq!(
            serde_json::from_str::<String>(&embedded(&json)).unwrap(),
            "</script><script>alert(1)</script> {{style}}"
        );
    }

    #[test]
    fn the_frame_has_a_place_for_everything() {
        let page = fill(&[("{{style}}", "1"), ("{{script}}", "2"), ("{{graph}}", "3")]);
        assert!(!page.contains("{{"), "{page}");
    }
}
