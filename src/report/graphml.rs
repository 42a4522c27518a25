//! The permission graph for graph editors (yEd, Gephi, NetworkX): <http://graphml.graphdrawing.org/primer/graphml-primer.html>.

use std::fmt::Write;

use super::picture::{Picture, picture};
use super::{Content, ContentKind, Report, Reporter, Style};

/// A directed graph in GraphML.
#[derive(Clone, Copy, Debug)]
pub struct GraphMl;

/// The data of nodes and edges: id, what it belongs to, type.
const KEYS: [(&str, &str, &str); 11] = [
    ("name", "node", "string"),
    ("label", "node", "string"),
    ("kind", "node", "string"),
    ("cloud", "node", "string"),
    ("home", "node", "string"),
    ("goal", "node", "boolean"),
    ("step", "edge", "string"),
    ("certainty", "edge", "string"),
    ("condition", "edge", "string"),
    ("says", "edge", "string"),
    ("evidence", "edge", "string"),
];

impl Reporter for GraphMl {
    fn id(&self) -> &'static str {
        "graphml"
    }

    fn summary(&self) -> &'static str {
        "for graph editors: the permission graph"
    }

    fn holds(&self, kind: ContentKind) -> bool {
        kind == ContentKind::Graph
    }

    fn render(&self, report: &Report<'_>, _: Style) -> Result<String, String> {
        let Content::Graph(edges) = report.content else {
            return Err("the format `graphml` holds the permission graph only".to_owned());
        };
        Ok(write(&picture(report, edges)))
    }
}

fn write(picture: &Picture<'_>) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n",
    );
    for (id, of, kind) in KEYS {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  <key id=\"{id}\" for=\"{of}\" attr.name=\"{id}\" attr.type=\"{kind}\"/>");
    }
    text.push_str("  <graph id=\"permissions\" edgedefault=\"directed\">\n");
    for (node, place) in picture.nodes.iter().zip(0..) {
        let _ = writeln!(text, "    <node id=\"n{place}\">");
        data(&mut text, "name", &node.name);
        data(&mut text, "label", &node.label);
        data(&mut text, "kind", node.kind);
        data(&mut text, "cloud", node.cloud);
        data(&mut text, "home", node.home.unwrap_or_default());
        data(&mut text, "goal", if node.goal { "true" } else { "" });
        text.push_str("    </node>\n");
    }
    for (edge, place) in picture.edges.iter().zip(0..) {
        let (from, to) = (edge.from, edge.to);
        let _ = writeln!(text, "    <edge id=\"e{place}\" source=\"n{from}\" target=\"n{to}\">");
        data(&mut text, "step", &edge.kind);
        data(&mut text, "certainty", edge.certainty);
        data(&mut text, "condition", edge.condition.as_deref().unwrap_or_default());
        data(&mut text, "says", &edge.says);
        let evidence: Vec<String> = edge
            .evidence
            .iter()
            .map(|one| match &one.place {
                Some(place) => format!("{} ({place})", one.what),
                None => one.what.clone(),
            })
            .collect();
        data(&mut text, "evidence", &evidence.join("; "));
        text.push_str("    </edge>\n");
    }
    text.push_str("  </graph>\n</graphml>\n");
    text
}

/// One value; an empty one is left out.
fn data(text: &mut String, key: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(text, "      <data key=\"{key}\">{}</data>", escaped(value));
    }
}

/// A text between tags. Characters that XML cannot hold at all become spaces.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;
    use crate::report::Content;
    use crate::report::fixture::Fixture;

    #[test]
    fn nodes_and_edges() {
        let fixture = Fixture::new();
        insta::assert_snapshot!(fixture.render("graphml", Content::Graph(&fixture.edges)));
    }

    #[test]
    fn a_name_cannot_be_markup() {
        assert_eq!(escaped("<a>&\u{0}\u{FFFE}"), "&lt;a&gt;&amp;  ");
    }
}
