//! String values: the decoded text and the way back from its bytes to the bytes of the file.

use std::fmt;
use std::sync::Arc;

use super::span::Span;

/// A decoded string value. Two texts are equal when their decoded values are, wherever they stand.
#[derive(Clone)]
pub struct Text {
    value: Arc<str>,
    /// `None` for the common case: the value stands verbatim one byte (the quote) after the start of its span.
    anchors: Option<Arc<Anchors>>,
}

/// From the decoded offset `decoded` on, up to the next anchor, the value stands verbatim at `source` in the file.
///
/// An anchor is needed at 0 and after each escape. An escape itself needs no entry: its first byte is where the
/// verbatim part before it ends, and no escape is shorter than what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Byte offset in the decoded value.
    pub decoded: u32,
    /// Byte offset in the file.
    pub source: u32,
}

/// Anchors in ascending order of both offsets.
pub(super) struct Anchors(Vec<Anchor>);

impl Text {
    /// A value that stands verbatim between the quotes of its span.
    pub fn verbatim(value: impl Into<Arc<str>>) -> Self {
        Self { value: value.into(), anchors: None }
    }

    /// A value that begins at the byte `source` of the file, whether or not all of it stands there.
    pub fn from_source(value: impl Into<Arc<str>>, source: u32) -> Self {
        Self::anchored(value, vec![Anchor { decoded: 0, source }])
    }

    /// A value whose bytes are found through `anchors`, ascending in both offsets, the first at `decoded` 0.
    pub fn anchored(value: impl Into<Arc<str>>, anchors: Vec<Anchor>) -> Self {
        Self { value: value.into(), anchors: Some(Arc::new(Anchors(anchors))) }
    }

    /// The decoded value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// The decoded value as a shared handle.
    #[must_use]
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.value)
    }

    /// The span in the file of the decoded bytes `start..end`; `own` is the span of the whole value, quotes
    /// included. The answer never leaves `own`.
    #[must_use]
    pub fn source_span(&self, own: Span, start: usize, end: usize) -> Span {
        let place = |at| Place::of(self, own).source(at).clamp(own.start, own.end);
        Span::new(own.file, place(start), place(end))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Text {}

impl fmt::Debug for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), out)
    }
}

/// How offsets of a text under work become offsets of the file.
#[derive(Clone, Copy)]
pub(super) enum Place<'t> {
    /// The text is a part of the file that begins at this offset.
    Verbatim(u32),
    /// The text was decoded from the file.
    Decoded(&'t Anchors),
}

impl<'t> Place<'t> {
    /// The place of a string value with the span `own`, quotes included.
    pub(super) fn of(text: &'t Text, own: Span) -> Self {
        match &text.anchors {
            Some(anchors) => Self::Decoded(anchors),
            None => Self::Verbatim(own.start.saturating_add(1)),
        }
    }

    /// The offset in the file of the byte `at`.
    pub(super) fn source(self, at: usize) -> u32 {
        let at = offset(at);
        match self {
            Self::Verbatim(base) => base.saturating_add(at),
            Self::Decoded(anchors) => anchors.source(at),
        }
    }

    /// The offset in the text of a byte of the file; the inverse of `source`.
    pub(super) fn local(self, source: u32) -> usize {
        match self {
            Self::Verbatim(base) => source.saturating_sub(base) as usize,
            Self::Decoded(anchors) => anchors.local(source),
        }
    }

    /// Whether a string without escapes still needs anchors because the text is not a part of the file.
    pub(super) fn is_decoded(self) -> bool {
        matches!(self, Self::Decoded(_))
    }
}

/// Collects the anchors of a value that is decoded from a text which may itself have been decoded.
pub(super) struct AnchorBuilder<'t> {
    place: Place<'t>,
    anchors: Vec<Anchor>,
}

impl<'t> AnchorBuilder<'t> {
    pub(super) fn new(place: Place<'t>) -> Self {
        Self { place, anchors: Vec::new() }
    }

    /// The bytes `from..to` of the text stand verbatim at `decoded` in the value.
    pub(super) fn run(&mut self, from: usize, to: usize, decoded: usize) {
        self.push(Anchor { decoded: offset(decoded), source: self.place.source(from) });
        if let Place::Decoded(outer) = self.place {
            for anchor in outer.between(offset(from), offset(to)) {
                let decoded = offset(decoded).saturating_add(anchor.decoded.saturating_sub(offset(from)));
                self.push(Anchor { decoded, source: anchor.source });
            }
        }
    }

    pub(super) fn finish(self, value: impl Into<Arc<str>>) -> Text {
        Text::anchored(value, self.anchors)
    }

    pub(super) fn into_anchors(self) -> Anchors {
        Anchors(self.anchors)
    }

    /// Of two anchors at one decoded offset the later wins: an escape may stand for nothing.
    fn push(&mut self, anchor: Anchor) {
        match self.anchors.last_mut() {
            Some(last) if last.decoded == anchor.decoded && anchor.decoded > 0 => *last = anchor,
            Some(last) if last.decoded == anchor.decoded => {}
            _ => self.anchors.push(anchor),
        }
    }
}

impl Anchors {
    fn source(&self, at: u32) -> u32 {
        let before = self.0.partition_point(|anchor| anchor.decoded <= at);
        let anchor = before.checked_sub(1).and_then(|index| self.0.get(index));
        anchor.map_or(at, |anchor| anchor.source.saturating_add(at - anchor.decoded))
    }

    fn local(&self, source: u32) -> usize {
        let before = self.0.partition_point(|anchor| anchor.source <= source);
        let anchor = before.checked_sub(1).and_then(|index| self.0.get(index));
        anchor.map_or(0, |anchor| anchor.decoded.saturating_add(source - anchor.source) as usize)
    }

    /// The anchors after `from`, up to and including `to`: one at `to` tells where the last byte of a run ends when
    /// that byte was itself an escape.
    fn between(&self, from: u32, to: u32) -> impl Iterator<Item = Anchor> + '_ {
        let first = self.0.partition_point(|anchor| anchor.decoded <= from);
        self.0.iter().skip(first).take_while(move |anchor| anchor.decoded <= to).copied()
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
