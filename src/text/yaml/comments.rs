//! The comments of a YAML text, and what each is about. The parser drops them, so they are looked for between the values.

use super::super::{FileId, Kind, Span, Tree};

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// What it says, without the sign.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// What it is about: the values that begin on its line, or, if it has a line of its own, the value that begins on the
    /// next one, with all that is in it.
    pub covers: Span,
}

/// The comments of a text that was read as `tree`, in their order.
pub fn comments(file: FileId, text: &str, tree: &Tree) -> Vec<Comment> {
    let (mut scalars, mut parts) = (Vec::new(), Vec::new());
    collect(tree, &mut scalars, &mut parts);
    parts.push(tree.span);
    scalars.iter_mut().for_each(|span| *span = without_rest(*span, text));
    scalars.sort();
    let lines = Lines::of(text);
    let mut found = Vec::new();
    for (number, (start, line)) in lines.all.iter().enumerate() {
        let Some(at) = sign(file, *start, line, &scalars) else { continue };
        let (before, comment) = line.split_at(at);
        let alone = before.trim().is_empty();
        // Comments may stand one above the other.
        let about = if alone { lines.next_with_value(number) } else { Some(number) };
        let here = |span: &&Span| about.is_some_and(|line| lines.holds(line, span.start));
        let begin = parts.iter().filter(here);
        let covers = if alone { begin.max_by_key(|span| span.len()).copied() } else { joined(begin) };
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span::new(file, offset(start + at), offset(start + line.len()));
        let text = comment.trim_start_matches('#').trim().to_owned();
        found.push(Comment { text, span, covers: covers.unwrap_or(span) });
    }
    found
}

fn joined<'s>(spans: impl Iterator<Item = &'s Span>) -> Option<Span> {
    // What began on this line and goes on is not about the comment at the end of its first line: the smallest is.
    let spans: Vec<&Span> = spans.collect();
    let smallest = spans.iter().map(|span| span.len()).min()?;
    let small = spans.into_iter().filter(|span| span.len() == smallest);
    small.copied().reduce(Span::to)
}

/// Where a comment begins in a line: a sign at its beginning or after a blank that is in no value.
fn sign(file: FileId, start: usize, line: &str, scalars: &[Span]) -> Option<usize> {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            let place = u32::try_from(start + at).unwrap_or(u32::MAX);
            let sign = Span::new(file, place, place.saturating_add(1));
            let nearest = scalars.partition_point(|span| span.start <= place).checked_sub(1);
            let inside = nearest.and_then(|index| scalars.get(index)).is_some_and(|span| span.contains(sign));
            if !inside {
                return Some(at);
            }
        }
        before = c;
    }
    None
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

/// The lines of a text with where they begin.
struct Lines<'t> {
    all: Vec<(usize, &'t str)>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let mut start = 0;
        let lines = text.split_inclusive('\n').map(|line| {
            let own = (start, line.trim_end_matches(['\n', '\r']));
            start += line.len();
            own
        });
        Self { all: lines.collect() }
    }

    fn holds(&self, line: usize, offset: u32) -> bool {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        self.all.get(line).is_some_and(|(start, text)| (*start..start + text.len()).contains(&offset))
    }

    /// The next line that is neither empty nor a comment.
    fn next_with_value(&self, line: usize) -> Option<usize> {
        let rest = self.all.iter().enumerate().skip(line + 1);
        let is_value = |text: &str| !text.trim().is_empty() && !text.trim_start().starts_with('#');
        rest.filter(|(_, (_, text))| is_value(text)).map(|(number, _)| number).next()
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
