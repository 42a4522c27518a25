//! Terraform as far as grants need it: the resources of a file with the arguments that are plain strings.
//!
//! Nothing is evaluated: an argument that is a variable, a template or a function call has no value here, and a resource
//! says which ones those are. The parser is `hcl-edit`; of its answer only places and literals are used.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{Array, Expression, ObjectKey, ObjectValue};
use hcl_edit::structure::{Attribute, Block, Body};
use hcl_edit::template::Template;
use hcl_edit::visit::{self, Visit};

use super::comments::{Comment, Layout, find};
use super::{FileId, Problem, Span};

/// A `resource` of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its type: `google_project_iam_member`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The whole block.
    pub span: Span,
    /// The arguments that are plain strings, with their places, quotes included.
    pub literals: BTreeMap<String, (String, Span)>,
    /// The names of all other arguments and blocks in it.
    pub others: BTreeSet<String>,
}

/// Deeper nesting is refused before it is parsed.
const MAX_DEPTH: usize = 64;

/// The resources of a file. `None` after a problem.
pub fn resources(file: FileId, text: &str, problems: &mut Vec<Problem>) -> Option<Vec<Resource>> {
    body(file, text, problems).map(|body| of_body(file, text, &body))
}

/// The content of a file as the parser answers it, with places. `None` after a problem.
pub fn body(file: FileId, text: &str, problems: &mut Vec<Problem>) -> Option<Body> {
    let wrong = |message: String, at: usize| {
        Problem::error("hcl-syntax", format!("this is no Terraform: {message}")).at(place(file, at..at))
    };
    if let Some(at) = too_deep(text) {
        problems.push(wrong("it is nested too deeply".to_owned(), at));
        return None;
    }
    match hcl_edit::parser::parse_body(text) {
        Ok(body) => Some(body),
        Err(error) => {
            problems.push(wrong(error.message().to_owned(), error.location().offset()));
            None
        }
    }
}

/// The comments of a file that begin with a sign for the rest of the line, in their order; none of a file that is broken.
pub fn comments(file: FileId, text: &str) -> Vec<Comment> {
    let Some(body) = body(file, text, &mut Vec::new()) else { return Vec::new() };
    let mut layout = Collected { file, scalars: Vec::new(), parts: Vec::new() };
    layout.visit_body(&body);
    let Collected { scalars, parts, .. } = layout;
    find(file, text, Layout { signs: &["#", "//"], scalars, parts })
}

/// Where texts stand, and all that a comment can be about.
struct Collected {
    file: FileId,
    scalars: Vec<Span>,
    parts: Vec<Span>,
}

impl Collected {
    fn add_part(&mut self, span: Option<Range<usize>>) {
        self.parts.extend(span.map(|span| place(self.file, span)));
    }

    fn add_scalar(&mut self, span: Option<Range<usize>>) {
        self.scalars.extend(span.map(|span| place(self.file, span)));
    }
}

impl Visit for Collected {
    fn visit_attr(&mut self, node: &Attribute) {
        self.add_part(node.span());
        visit::visit_attr(self, node);
    }

    fn visit_block(&mut self, node: &Block) {
        self.add_part(node.span());
        visit::visit_block(self, node);
    }

    fn visit_array(&mut self, node: &Array) {
        node.iter().for_each(|item| self.add_part(item.span()));
        visit::visit_array(self, node);
    }

    fn visit_object_item(&mut self, key: &ObjectKey, value: &ObjectValue) {
        let both = key.span().zip(value.expr().span());
        self.add_part(both.map(|(key, value)| key.start..value.end));
        visit::visit_object_item(self, key, value);
    }

    fn visit_expr(&mut self, node: &Expression) {
        match node {
            Expression::String(_) | Expression::StringTemplate(_) | Expression::HeredocTemplate(_) => {
                self.add_scalar(node.span());
            }
            _ => visit::visit_expr(self, node),
        }
    }
}

/// A text as a template, with places; `None` if it is none.
pub fn template(text: &str) -> Option<Template> {
    if too_deep(text).is_some() {
        return None;
    }
    hcl_edit::parser::parse_template(text).ok()
}

fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.bytes().enumerate().find_map(|(at, byte)| {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth > MAX_DEPTH).then_some(at)
    })
}

fn of_body(file: FileId, text: &str, body: &Body) -> Vec<Resource> {
    body.get_blocks("resource").filter_map(|block| of_block(file, text, block)).collect()
}

fn of_block(file: FileId, text: &str, block: &Block) -> Option<Resource> {
    let [kind, name] = block.labels.as_slice() else { return None };
    let mut literals = BTreeMap::new();
    let mut others: BTreeSet<String> =
        block.body.blocks().map(|inner| inner.ident.as_str().to_owned()).collect();
    for attribute in block.body.attributes() {
        let key = attribute.key.as_str().to_owned();
        let span = attribute.value.span();
        let written = span.clone().and_then(|span| text.get(span));
        // What is written with escapes is left alone: the value alone does not tell how it is written.
        match (attribute.value.as_str(), span) {
            (Some(value), Some(span)) if written == Some(&format!("\"{value}\"")) => {
                literals.insert(key, (value.to_owned(), place(file, span)));
            }
            _ => {
                others.insert(key);
            }
        }
    }
    let (kind, name) = (kind.as_str().to_owned(), name.as_str().to_owned());
    Some(Resource { kind, name, span: place(file, block.span()?), literals, others })
}

fn place(file: FileId, range: Range<usize>) -> Span {
    let at = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(file, at(range.start), at(range.end))
}

#[cfg(test)]
mod tests {
    use super::super::Files;
    use super::*;

    #[test]
    fn literals_have_places_and_the_rest_has_names() {
        let text = "# a\nresource \"t\" \"n\" {\n  a = \"x\" # why\n  b = var.b\n  c = \"${var.c}\"\n  d {\n  }\n}\nlocals {}\n";
        let mut files = Files::default();
        let file = files.add("main.tf", text);
        let found = resources(file, text, &mut Vec::new()).unwrap();
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((one.kind.as_str(), one.name.as_str()), ("t", "n"));
        assert_eq!(
            files.slice(one.span),
            text.split("# a\n").nth(1).unwrap().split("\nlocals").next().unwrap()
        );
        assert_eq!(one.literals["a"].0, "x");
        assert_eq!(files.slice(one.literals["a"].1), "\"x\"");
        assert_eq!(one.others, ["b", "c", "d"].map(str::to_owned).into());
    }

    #[test]
    fn comments_are_about_what_stands_below_or_beside() {
        let text = "# one\nresource \"t\" \"n\" {\n  url = \"http://a # b\" // two\n  p = jsonencode({\n    S = [\n      # three\n      { A = \"x\" },\n    ]\n  })\n  q = <<EOT\n# no\nEOT\n}\n";
        let mut files = Files::default();
        let file = files.add("main.tf", text);
        let found = comments(file, text);
        let shown: Vec<(&str, &str)> =
            found.iter().map(|one| (one.text.as_str(), files.slice(one.covers).trim_end())).collect();
        let [one, two, three] = shown.as_slice() else { panic!("{shown:?}") };
        assert!(one.0 == "one" && one.1.starts_with("resource") && one.1.ends_with('}'), "{one:?}");
        assert_eq!(*two, ("two", "url = \"http://a # b\""));
        assert_eq!(*three, ("three", "{ A = \"x\" }"));
        assert_eq!(comments(file, "a = "), []);
    }

    #[test]
    fn what_is_broken_has_a_place() {
        let text = "resource \"t\" \"n\" {\n  a = \n}\n";
        let mut files = Files::default();
        let (file, mut problems) = (files.add("main.tf", text), Vec::new());
        assert_eq!(resources(file, text, &mut problems), None);
        assert!(files.start(problems[0].span.unwrap()).line >= 2);
        let deep = format!("a = {}1", "[".repeat(100_000));
        let file = files.add("deep.tf", deep.as_str());
        assert_eq!(resources(file, &deep, &mut problems), None);
    }
}
