//! The parser proper: tokens of the scanner in, one tree out, in one pass and without recursion.
//! The wording of problems is in `wording.rs`.

use std::borrow::Cow;
use std::sync::Arc;

use jsonc_parser::tokens::Token;
use jsonc_parser::{Scanner, ScannerOptions};
use rustc_hash::{FxHashMap, FxHashSet};

use super::super::decoded::{AnchorBuilder, Place, Text};
use super::super::files::{Position, position_in};
use super::super::problem::Problem;
use super::super::span::{FileId, Located, Span};
use super::super::tree::{Entry, Kind, Map, Tree};
use super::MAX_DEPTH;
use super::wording;

/// Every switch off: what remains is JSON, but for white space and control characters, which are checked here.
const STRICT: ScannerOptions = ScannerOptions {
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Problems of one kind that are reported one by one; the rest is counted, so that a broken file of a million lines
/// gives no million problems.
const MAX_REPEATS: usize = 50;

/// What a document inside a string value is called.
pub(super) const EMBEDDED: &str = "embedded document";

/// Objects up to this size are searched for duplicate keys pair by pair.
const SMALL_OBJECT: usize = 16;

/// One text to be parsed, and where it stands.
pub(super) struct Source<'t> {
    file: FileId,
    /// What is parsed.
    pub(super) text: &'t str,
    place: Place<'t>,
    /// What to call it: `file`, `line`, `embedded document`.
    pub(super) noun: &'static str,
    /// The text `text` is a line of, and the offset in it; for line numbers in messages.
    whole: &'t str,
    offset: usize,
}

impl<'t> Source<'t> {
    pub(super) fn new(file: FileId, text: &'t str, place: Place<'t>, noun: &'static str) -> Self {
        Self { file, text, place, noun, whole: text, offset: 0 }
    }

    /// The part of this source that begins at `offset` and reads `text`.
    pub(super) fn part(&self, offset: usize, text: &'t str) -> Self {
        Self { file: self.file, text, place: self.place, noun: self.noun, whole: self.whole, offset }
    }

    /// The span in the file of a range of `text`.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let place = |at| self.place.source(self.offset + at);
        Span::new(self.file, place(start), place(end))
    }

    /// ``line 3`` or ``line 3 of the embedded document``, for an offset of `text`.
    pub(super) fn line_name(&self, at: usize) -> String {
        let line = position_in(self.whole, self.offset + at).line;
        if self.is_embedded() {
            format!("line {line} of the embedded document")
        } else {
            format!("line {line}")
        }
    }

    /// Line and column, in the file or in the embedded document, of an offset of the file.
    pub(super) fn position(&self, source: u32) -> Position {
        position_in(self.whole, self.place.local(source))
    }

    /// Whether lines are counted in an embedded document.
    pub(super) fn is_embedded(&self) -> bool {
        self.noun == EMBEDDED
    }
}

/// What documents share that are read one after the other: their keys, and room for what is not finished yet.
#[derive(Default)]
pub(super) struct Shared {
    keys: FxHashSet<Arc<str>>,
    room: Room,
}

/// The stacks of a parser, empty between two documents.
#[derive(Default)]
struct Room {
    frames: Vec<Frame>,
    items: Vec<Tree>,
    entries: Vec<Entry>,
}

/// The documents of one call, and how many problems were reported.
pub(super) struct Session<'p> {
    problems: &'p mut Vec<Problem>,
    shared: &'p mut Shared,
    unread: usize,
    duplicates: usize,
}

impl<'p> Session<'p> {
    pub(super) fn new(shared: &'p mut Shared, problems: &'p mut Vec<Problem>) -> Self {
        Self { problems, shared, unread: 0, duplicates: 0 }
    }

    /// Parses one document; reports why when there is none.
    pub(super) fn document(&mut self, source: &Source<'_>) -> Option<Tree> {
        let mut parser = Parser::new(source, self);
        let read = parser.run();
        let room = parser.room();
        self.shared.room = room;
        match read {
            Ok(tree) => Some(tree),
            Err(problem) => {
                self.report(*problem);
                None
            }
        }
    }

    /// Reports a document that cannot be read.
    pub(super) fn report(&mut self, problem: Problem) {
        self.unread += 1;
        if self.unread <= MAX_REPEATS {
            self.problems.push(problem);
        }
    }

    /// Reports what was only counted. `whole` is the place of all documents together.
    pub(super) fn close(self, whole: Span) {
        let more = |count: usize| count.checked_sub(MAX_REPEATS).filter(|more| *more > 0);
        let start = Span::new(whole.file, whole.start, whole.start);
        if let Some(more) = more(self.unread) {
            self.problems.push(wording::more_unread(more).at(start));
        }
        if let Some(more) = more(self.duplicates) {
            self.problems.push(wording::more_duplicates(more).at(start));
        }
    }

    /// The shared copy of a key.
    fn key(&mut self, key: &str) -> Arc<str> {
        let keys = &mut self.shared.keys;
        if let Some(known) = keys.get(key) {
            return Arc::clone(known);
        }
        let key: Arc<str> = Arc::from(key);
        keys.insert(Arc::clone(&key));
        key
    }

    fn duplicate(&mut self, problem: impl FnOnce() -> Problem) {
        self.duplicates += 1;
        if self.duplicates <= MAX_REPEATS {
            self.problems.push(problem());
        }
    }
}

/// Boxed, because a problem is large and the good case should stay small.
type Outcome<T> = Result<T, Box<Problem>>;

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// A value: of the document, of a key, or after a comma in an array.
    Value,
    /// The first element of an array, or its end.
    ElementOrClose,
    /// A key after a comma.
    Key,
    /// The first key of an object, or its end.
    KeyOrClose,
    /// The colon after a key.
    Colon,
    /// A comma or the end of the array or object.
    CommaOrClose,
    /// Nothing.
    End,
}

/// An array or object that is not closed yet.
pub(super) struct Frame {
    /// Where it was opened.
    pub(super) start: usize,
    pub(super) is_object: bool,
    /// Where its children begin in `items` or `entries`.
    first: usize,
    /// The key whose value is awaited, with its range.
    pub(super) key: Option<(Arc<str>, usize, usize)>,
}

pub(super) struct Parser<'s, 't, 'p, 'k> {
    pub(super) source: &'s Source<'t>,
    session: &'k mut Session<'p>,
    scanner: Scanner<'t>,
    pub(super) frames: Vec<Frame>,
    /// Finished elements of all open arrays; each array takes its own off the end when it closes.
    items: Vec<Tree>,
    /// Finished entries of all open objects.
    entries: Vec<Entry>,
    pub(super) expect: Expect,
    /// Range of the current token.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where the token before ends, and where the last comma stands.
    pub(super) last_end: usize,
    pub(super) last_comma: usize,
}

impl<'s, 't, 'p, 'k> Parser<'s, 't, 'p, 'k> {
    fn new(source: &'s Source<'t>, session: &'k mut Session<'p>) -> Self {
        let Room { frames, items, entries } = std::mem::take(&mut session.shared.room);
        Self {
            source,
            session,
            scanner: Scanner::new(source.text, &STRICT),
            frames,
            items,
            entries,
            expect: Expect::Value,
            start: 0,
            end: 0,
            last_end: 0,
            last_comma: 0,
        }
    }

    /// The stacks for the next document; what is left on them belongs to one that could not be read.
    fn room(self) -> Room {
        let Self { mut frames, mut items, mut entries, .. } = self;
        frames.clear();
        items.clear();
        entries.clear();
        Room { frames, items, entries }
    }

    fn run(&mut self) -> Outcome<Tree> {
        let mut root = None;
        while let Some(token) = self.next()? {
            if let Some(tree) = self.step(token)? {
                match self.frames.last_mut() {
                    Some(frame) if frame.is_object => {
                        let (key, start, end) = frame.key.take().unwrap_or_default();
                        let key = Located::new(key, self.source.span(start, end));
                        self.entries.push(Entry { key, value: tree });
                        self.expect = Expect::CommaOrClose;
                    }
                    Some(_) => {
                        self.items.push(tree);
                        self.expect = Expect::CommaOrClose;
                    }
                    None => {
                        root = Some(tree);
                        self.expect = Expect::End;
                    }
                }
            }
        }
        match root {
            Some(tree) => Ok(tree),
            None => Err(wording::truncated(self)),
        }
    }

    /// The next token, after the checks the scanner leaves out.
    fn next(&mut self) -> Outcome<Option<Token<'t>>> {
        self.last_end = self.end;
        let scanned = self.scanner.scan();
        (self.start, self.end) = (self.scanner.token_start(), self.scanner.token_end());
        let gap = self.source.text.as_bytes().get(self.last_end..self.start).unwrap_or_default();
        if let Some(at) = gap.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            return Err(wording::foreign_space(self, self.last_end + at));
        }
        match scanned {
            Ok(token) => {
                if let Some(Token::String(_)) = token {
                    self.check_control_characters()?;
                }
                Ok(token)
            }
            Err(error) => Err(wording::bad_token(self, &error)),
        }
    }

    fn check_control_characters(&self) -> Outcome<()> {
        let raw = self.source.text.as_bytes().get(self.start..self.end).unwrap_or_default();
        // No early exit, so that the compiler vectorizes the search nearly all strings come through.
        if raw.iter().fold(false, |found, byte| found | (*byte < 0x20)) {
            let at = raw.iter().position(|byte| *byte < 0x20).unwrap_or(0);
            return Err(wording::control_character(self, self.start + at));
        }
        Ok(())
    }

    /// Takes one token; answers with a value when the token completes one.
    fn step(&mut self, token: Token<'t>) -> Outcome<Option<Tree>> {
        match self.expect {
            Expect::Value => self.value(token),
            Expect::ElementOrClose if token == Token::CloseBracket => Ok(self.close()),
            Expect::ElementOrClose => self.value(token),
            Expect::KeyOrClose if token == Token::CloseBrace => Ok(self.close()),
            Expect::KeyOrClose | Expect::Key => match token {
                Token::String(key) => self.key(&key),
                other => Err(wording::unexpected(self, &other)),
            },
            Expect::Colon if token == Token::Colon => self.then(Expect::Value),
            Expect::CommaOrClose => self.comma_or_close(&token),
            Expect::Colon | Expect::End => Err(wording::unexpected(self, &token)),
        }
    }

    fn comma_or_close(&mut self, token: &Token<'t>) -> Outcome<Option<Tree>> {
        let in_object = self.frames.last().is_some_and(|frame| frame.is_object);
        match token {
            Token::Comma => {
                self.last_comma = self.start;
                self.then(if in_object { Expect::Key } else { Expect::Value })
            }
            Token::CloseBrace if in_object => Ok(self.close()),
            Token::CloseBracket if !in_object => Ok(self.close()),
            other => Err(wording::unexpected(self, other)),
        }
    }

    fn then(&mut self, expect: Expect) -> Outcome<Option<Tree>> {
        self.expect = expect;
        Ok(None)
    }

    fn key(&mut self, key: &str) -> Outcome<Option<Tree>> {
        let key = self.session.key(key);
        let range = (self.start, self.end);
        if let Some(frame) = self.frames.last_mut() {
            frame.key = Some((key, range.0, range.1));
        }
        self.then(Expect::Colon)
    }

    fn value(&mut self, token: Token<'t>) -> Outcome<Option<Tree>> {
        let kind = match token {
            Token::OpenBrace => return self.open(true),
            Token::OpenBracket => return self.open(false),
            Token::String(value) => Kind::Text(self.text(value)),
            Token::Number(source) => Kind::Number(source.into()),
            Token::Boolean(value) => Kind::Bool(value),
            Token::Null => Kind::Null,
            other => return Err(wording::unexpected(self, &other)),
        };
        Ok(Some(Tree { span: self.source.span(self.start, self.end), kind }))
    }

    fn open(&mut self, is_object: bool) -> Outcome<Option<Tree>> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(wording::too_deep(self));
        }
        let first = if is_object { self.entries.len() } else { self.items.len() };
        self.frames.push(Frame { start: self.start, is_object, first, key: None });
        self.then(if is_object { Expect::KeyOrClose } else { Expect::ElementOrClose })
    }

    /// Closes the innermost array or object. Its children move into a vector of exactly their number.
    fn close(&mut self) -> Option<Tree> {
        let frame = self.frames.pop()?;
        let kind = if frame.is_object {
            let entries: Vec<Entry> = self.entries.drain(frame.first..).collect();
            self.report_duplicates(&entries);
            Kind::Map(Map { entries })
        } else {
            Kind::List(self.items.drain(frame.first..).collect())
        };
        Some(Tree { span: self.source.span(frame.start, self.end), kind })
    }

    /// A decoded string value, with anchors only where it does not stand verbatim in the file.
    fn text(&self, value: Cow<'t, str>) -> Text {
        let place = self.source.place;
        match value {
            Cow::Borrowed(value) if !place.is_decoded() => Text::verbatim(value),
            value => {
                let mut builder = AnchorBuilder::new(place);
                let from = self.start + 1;
                let raw = self.source.text.get(from..self.end.saturating_sub(1)).unwrap_or("");
                anchor_escapes(raw, self.source.offset + from, &mut builder);
                builder.finish(value)
            }
        }
    }

    /// Keys are interned, so equal keys share one allocation and pointers may be compared.
    fn report_duplicates(&mut self, entries: &[Entry]) {
        if entries.len() <= SMALL_OBJECT {
            for (at, entry) in entries.iter().enumerate() {
                let earlier = entries.iter().take(at);
                let same = |other: &&Entry| Arc::ptr_eq(&other.key.value, &entry.key.value);
                if let Some(first) = earlier.clone().find(same) {
                    self.duplicate(first, entry);
                }
            }
            return;
        }
        let mut seen: FxHashMap<&str, &Entry> = FxHashMap::default();
        for entry in entries {
            if let Some(first) = seen.get(&*entry.key.value) {
                self.duplicate(first, entry);
            } else {
                seen.insert(&entry.key.value, entry);
            }
        }
    }

    fn duplicate(&mut self, first: &Entry, second: &Entry) {
        let source = self.source;
        self.session.duplicate(|| wording::duplicate(source, first, second));
    }
}

/// Adds the verbatim runs of a raw string body that stands at `offset` of its text.
fn anchor_escapes(raw: &str, offset: usize, builder: &mut AnchorBuilder<'_>) {
    let mut rest = raw;
    let (mut at, mut decoded) = (offset, 0);
    loop {
        let verbatim = rest.find('\\').unwrap_or(rest.len());
        builder.run(at, at + verbatim, decoded);
        at += verbatim;
        decoded += verbatim;
        let Some(escape) = rest.get(verbatim..).filter(|escape| !escape.is_empty()) else { return };
        let (source_len, decoded_len) = escape_lengths(escape);
        at += source_len;
        decoded += decoded_len;
        rest = escape.get(source_len..).unwrap_or("");
    }
}

/// Lengths in bytes of an escape the scanner has accepted: as written, and of the character it stands for.
fn escape_lengths(escape: &str) -> (usize, usize) {
    if !escape.starts_with("\\u") {
        return (2, 1);
    }
    let unit = escape.get(2..6).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match unit {
        Some(0..=0x7F) => (6, 1),
        Some(0x80..=0x7FF) => (6, 2),
        // A surrogate; its other half follows.
        Some(0xD800..=0xDFFF) => (12, 4),
        _ => (6, 3),
    }
}
