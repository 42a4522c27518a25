//! JSON as RFC 8259 defines it, with a place for every key and value: whole documents, JSON Lines, and JSON inside
//! string values of other documents. No dialects: comments, trailing commas and the like are problems.
//!
//! <https://www.rfc-editor.org/rfc/rfc8259>

mod embedded;
mod parser;
mod wording;

#[cfg(test)]
mod tests;

use super::decoded::{Place, Text};
use super::problem::Problem;
use super::span::{FileId, Span};
use super::tree::Tree;
use parser::{Session, Shared, Source};

pub use embedded::Decoding;

/// Arrays and objects may be nested this deep; no policy language comes near it, and it bounds the stack.
pub const MAX_DEPTH: usize = 512;

/// Reads a whole document. A leading byte order mark is skipped.
///
/// Answers `None` after adding at least one problem; adds warnings (duplicate keys) beside an answer too. Offsets in
/// spans count from the beginning of `text`, which must be the text `file` was added with.
pub fn parse(file: FileId, text: &str, problems: &mut Vec<Problem>) -> Option<Tree> {
    Reader::default().parse(file, text, problems)
}

/// Reads many documents, whose keys are the same few.
#[derive(Default)]
pub struct Reader(Shared);

impl Reader {
    /// [`parse`] for one of them.
    pub fn parse(&mut self, file: FileId, text: &str, problems: &mut Vec<Problem>) -> Option<Tree> {
        let (body, base) = body(file, text, problems)?;
        let source = Source::new(file, body, Place::Verbatim(base), "file");
        let mut session = Session::new(&mut self.0, problems);
        let tree = session.document(&source);
        session.close(source.span(0, body.len()));
        tree
    }
}

/// Reads JSON Lines: one document per line, blank lines skipped.
///
/// Every line that cannot be read adds a problem (from the 50th on they are only counted) and is left out.
pub fn parse_lines(file: FileId, text: &str, problems: &mut Vec<Problem>) -> Vec<Tree> {
    let Some((body, base)) = body(file, text, problems) else { return Vec::new() };
    let whole = Source::new(file, body, Place::Verbatim(base), "line");
    let mut shared = Shared::default();
    let mut session = Session::new(&mut shared, problems);
    let mut trees = Vec::new();
    let mut start = 0;
    for line in body.split_inclusive('\n') {
        let source = whole.part(start, line);
        if !line.trim_ascii().is_empty() {
            trees.extend(session.document(&source));
        }
        start += line.len();
    }
    session.close(whole.span(0, body.len()));
    trees
}

/// Reads JSON that is the value of a string in another document, as policies often are.
///
/// `outer_span` is the span of that string, quotes included. Every span of the answer and of the problems points
/// into the outer file.
pub fn parse_embedded(
    outer: &Text,
    outer_span: Span,
    decoding: Decoding,
    problems: &mut Vec<Problem>,
) -> Option<Tree> {
    embedded::parse(outer, outer_span, decoding, problems)
}

/// The text after a byte order mark, and its offset; a problem when offsets would not fit.
fn body<'t>(file: FileId, text: &'t str, problems: &mut Vec<Problem>) -> Option<(&'t str, u32)> {
    if u32::try_from(text.len()).is_err() {
        let message = "the file is larger than 4 GiB, which is the most that can be read at once";
        let problem = Problem::error("json-too-large", message).at(Span::new(file, 0, 0));
        problems.push(problem.help("split the file into smaller ones"));
        return None;
    }
    Some(text.strip_prefix('\u{FEFF}').map_or((text, 0), |body| (body, 3)))
}
