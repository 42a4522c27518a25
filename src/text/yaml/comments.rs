//! The comments of a YAML text.

use super::super::comments::{Comment, Layout, find};
use super::super::{FileId, Kind, Span, Tree};

/// The comments of a text that was read as `tree`, in their order.
pub fn comments(file: FileId, text: &str, tree: &Tree) -> Vec<Comment> {
    let (mut scalars, mut parts) = (Vec::new(), Vec::new());
    collect(tree, &mut scalars, &mut parts);
    parts.push(tree.span);
    scalars.iter_mut().for_each(|span| *span = without_rest(*span, text));
    find(file, text, Layout { signs: &["#"], scalars, parts })
}

/// A text in quotes up to its last quote: what the parser counts to it may go on to the end of the line.
fn without_rest(span: Span, text: &str) -> Span {
    let source = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let Some(quote) = source.chars().next().filter(|first| ['"', '\''].contains(first)) else { return span };
    let mut rest = source.char_indices().skip(1).peekable();
    while let Some((at, c)) = rest.next() {
        let is_doubled = quote == '\'' && rest.peek().is_some_and(|(_, next)| *next == quote);
        match c {
            '\\' if quote == '"' => drop(rest.next()),
            _ if c == quote && is_doubled => drop(rest.next()),
            _ if c == quote => {
                let end = u32::try_from(at + 1).unwrap_or(u32::MAX);
                return Span::new(span.file, span.start, span.start.saturating_add(end));
            }
            _ => {}
        }
    }
    span
}

/// Texts as they stand, and all parts that a comment can be about: entries with their keys, and items of lists.
fn collect(tree: &Tree, scalars: &mut Vec<Span>, parts: &mut Vec<Span>) {
    match &tree.kind {
        Kind::List(items) => {
            for item in items {
                parts.push(item.span);
                collect(item, scalars, parts);
            }
        }
        Kind::Map(map) => {
            for entry in &map.entries {
                parts.push(entry.key.span.to(entry.value.span));
                scalars.push(entry.key.span);
                collect(&entry.value, scalars, parts);
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => scalars.push(tree.span),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Files, yaml};

    fn read(text: &str) -> Vec<(String, String)> {
        let mut files = Files::default();
        let file = files.add("a.yaml", text);
        let tree = yaml::parse(file, text, &mut Vec::new()).unwrap();
        let shown = |span| files.slice(span).trim_end().to_owned();
        comments(file, text, &tree).into_iter().map(|one| (one.text, shown(one.covers))).collect()
    }

    #[test]
    fn a_comment_above_is_about_the_whole_value_below() {
        let text = "Statement:\n  # one\n  # two\n  - Effect: Allow\n    Action: '*'\n  - Effect: Deny\n";
        let found = read(text);
        let whole = "Effect: Allow\n    Action: '*'";
        assert_eq!(found, [("one".into(), whole.into()), ("two".into(), whole.to_owned())]);
    }

    #[test]
    fn a_comment_behind_is_about_its_line() {
        let text = "Statement:\n  - Effect: Allow # this\n    Action: # all\n      - a\n      - b\n";
        let found = read(text);
        assert_eq!(found[0], ("this".to_owned(), "Effect: Allow".to_owned()));
        assert_eq!(found[1].1, "Action: # all\n      - a\n      - b");
    }

    #[test]
    fn signs_in_values_are_no_comments() {
        let text = "a: 'x # y'\nb: |\n  # leastwise: no\n  text\nc: \"\n  # neither\"\nd: x#y\n";
        assert_eq!(read(text), []);
        for value in ["1", "one", "'it''s # no'", "\"a\\\" # no\""] {
            let text = format!("a: {value} # yes\nb: 2\n");
            let (said, covers) = read(&text).remove(0);
            assert_eq!((said.as_str(), covers.contains(value)), ("yes", true), "{text}");
        }
    }

    #[test]
    fn a_comment_at_the_top_is_about_all() {
        let found = read("# all\nVersion: 1\nStatement: []\n");
        assert_eq!(found, [("all".to_owned(), "Version: 1\nStatement: []".to_owned())]);
    }
}
