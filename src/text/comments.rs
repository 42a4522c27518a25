//! Comments and what each is about. Parsers drop them, so they are looked for between the values.

use super::{FileId, Span};

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

/// What is known of a text whose comments are looked for.
pub(super) struct Layout<'a> {
    /// How comments begin.
    pub(super) signs: &'a [&'a str],
    /// Texts and other values, in which nothing is a comment.
    pub(super) scalars: Vec<Span>,
    /// All that a comment can be about: entries with their keys, items of lists, blocks.
    pub(super) parts: Vec<Span>,
}

/// The comments of a text, in their order.
pub(super) fn find(file: FileId, text: &str, mut layout: Layout<'_>) -> Vec<Comment> {
    layout.scalars.sort();
    let Layout { signs, scalars, parts } = layout;
    let lines = Lines::of(text);
    let mut found = Vec::new();
    for (number, (start, line)) in lines.all.iter().enumerate() {
        let Some(at) = sign(file, *start, line, signs, &scalars) else { continue };
        let (before, comment) = line.split_at(at);
        let alone = before.trim().is_empty();
        // Comments may stand one above the other.
        let about = if alone { lines.next_with_value(number, signs) } else { Some(number) };
        let here = |span: &&Span| about.is_some_and(|line| lines.holds(line, span.start));
        let begin = parts.iter().filter(here);
        let covers = if alone { begin.max_by_key(|span| span.len()).copied() } else { joined(begin) };
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span::new(file, offset(start + at), offset(start + line.len()));
        let text = comment.trim_start_matches(['#', '/']).trim().to_owned();
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
fn sign(file: FileId, start: usize, line: &str, signs: &[&str], scalars: &[Span]) -> Option<usize> {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        let is_sign = || signs.iter().any(|sign| line.get(at..).is_some_and(|rest| rest.starts_with(sign)));
        if before.is_whitespace() && is_sign() {
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
    fn next_with_value(&self, line: usize, signs: &[&str]) -> Option<usize> {
        let rest = self.all.iter().enumerate().skip(line + 1);
        let is_comment = |text: &str| signs.iter().any(|sign| text.trim_start().starts_with(sign));
        let is_value = |text: &str| !text.trim().is_empty() && !is_comment(text);
        rest.filter(|(_, (_, text))| is_value(text)).map(|(number, _)| number).next()
    }
}
