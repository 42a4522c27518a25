//! The permission graph for Graphviz: <https://graphviz.org/doc/info/lang.html>. Principals without edges are left out.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::picture::{Picture, picture};
use super::{Content, ContentKind, Report, Reporter, Style};

/// A directed graph in the DOT language.
#[derive(Clone, Copy, Debug)]
pub struct Dot;

impl Reporter for Dot {
    fn id(&self) -> &'static str {
        "dot"
    }

    fn summary(&self) -> &'static str {
        "for Graphviz: the permission graph"
    }

    fn holds(&self, kind: ContentKind) -> bool {
        kind == ContentKind::Graph
    }

    fn render(&self, report: &Report<'_>, _: Style) -> Result<String, String> {
        let Content::Graph(edges) = report.content else {
            return Err("the format `dot` holds the permission graph only".to_owned());
        };
        Ok(write(&picture(report, edges)))
    }
}

fn write(picture: &Picture<'_>) -> String {
    let drawn: BTreeSet<usize> = picture.edges.iter().flat_map(|edge| [edge.from, edge.to]).collect();
    let mut text = String::from("digraph permissions {\n  rankdir=LR;\n  node [shape=box];\n");
    for (node, place) in picture.nodes.iter().zip(0..).filter(|(_, place)| drawn.contains(place)) {
        let shape = if node.goal { ", shape=doubleoctagon" } else { "" };
        let label = match &node.change {
            Some(change) => format!("{}, {change}", node.label),
            None => node.label.clone(),
        };
        let (label, name) = (quoted(&label), quoted(&node.name));
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  n{place} [label={label}, tooltip={name}{shape}];");
    }
    for edge in &picture.edges {
        let style = match edge.certainty {
            "proven" => "solid",
            "conditional" => "dashed",
            _ => "dotted",
        };
        let (label, says) = (quoted(&edge.kind), quoted(&edge.says));
        let (from, to) = (edge.from, edge.to);
        let _ = writeln!(text, "  n{from} -> n{to} [label={label}, tooltip={says}, style={style}];");
    }
    text.push_str("}\n");
    text
}

/// A text in quotes. A backslash begins an escape in labels, so it is doubled.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::quoted;
    use crate::report::Content;
    use crate::report::fixture::Fixture;

    #[test]
    fn edges_and_their_ends() {
        let fixture = Fixture::new();
        insta::assert_snapshot!(fixture.render("dot", Content::Graph(&fixture.edges)));
    }

    #[test]
    fn a_name_cannot_end_its_quotes() {
        assert_eq!(quoted("a\"b\\\nc"), r#""a\"b\\ c""#);
    }
}
