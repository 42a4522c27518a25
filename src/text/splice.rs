//! Changes of a text at places: what stands at a span gives way to something else, and every other byte stays.
//! Where the places come from is not decided here; `lists` is one that does.

use super::span::Span;

/// What stands at `span` gives way to `new`. An empty span marks where something is put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Where.
    pub span: Span,
    /// What stands there afterwards.
    pub new: String,
}

/// The text after all changes. `None` when two of them touch the same bytes, or one is not inside the text.
#[must_use]
pub fn splice(text: &str, splices: &[Splice]) -> Option<String> {
    let mut after = String::with_capacity(text.len());
    let mut done = 0;
    for one in sorted(splices) {
        let (start, end) = (one.span.start as usize, one.span.end as usize);
        after.push_str(text.get(done..start)?);
        text.get(start..end)?;
        after.push_str(&one.new);
        done = end;
    }
    after.push_str(text.get(done..)?);
    Some(after)
}

/// In the order of the text. What is put in where something else is taken comes after it.
pub(super) fn sorted(splices: &[Splice]) -> Vec<&Splice> {
    let mut sorted: Vec<&Splice> = splices.iter().collect();
    sorted.sort_by_key(|one| (one.span.start, one.span.end));
    sorted
}
