//! Texts of quoted strings and heredocs, put together so that each part knows where it is written.

use std::collections::BTreeSet;

use super::value::{Unknown, Value};
use crate::text::{Anchor, Span, Text};

/// A text that grows.
#[derive(Default)]
pub(super) struct Composed {
    text: String,
    anchors: Vec<Anchor>,
    unknowns: BTreeSet<Unknown>,
    /// Whether white space at the beginning of what follows is left out.
    strips: bool,
}

impl Composed {
    /// A part that stands in the file from `start` on, as `source`: with escapes if `escapes`, and without the
    /// indentation that a heredoc takes away.
    pub(super) fn literal(&mut self, literal: &str, source: &str, start: u32, escapes: bool) {
        let skipped =
            if std::mem::take(&mut self.strips) { literal.len() - literal.trim_start().len() } else { 0 };
        let at = offset(self.text.len());
        for anchor in aligned(literal, source, escapes) {
            let behind = usize::try_from(anchor.decoded).unwrap_or_default();
            let (decoded, source) = match behind.checked_sub(skipped) {
                Some(behind) => (offset(behind), anchor.source),
                None => (0, anchor.source.saturating_add(offset(skipped - behind))),
            };
            self.anchor(Anchor { decoded: at.saturating_add(decoded), source: start.saturating_add(source) });
        }
        self.text.push_str(literal.get(skipped..).unwrap_or_default());
    }

    /// The value of an expression that stands at `start`. `false` if it has no text.
    pub(super) fn value(&mut self, value: &Value, start: u32) -> bool {
        self.strips = false;
        let Some(text) = value.as_text(&mut self.unknowns) else { return false };
        self.anchor(Anchor { decoded: offset(self.text.len()), source: start });
        self.text.push_str(&text);
        true
    }

    /// Takes white space at the end away, line ends too:
    /// <https://developer.hashicorp.com/terraform/language/expressions/strings#whitespace-stripping>.
    pub(super) fn strip_end(&mut self) {
        self.text.truncate(self.text.trim_end().len());
        let end = offset(self.text.len());
        self.anchors.retain(|anchor| anchor.decoded <= end);
    }

    /// Leaves white space of the next literal part out.
    pub(super) fn strip_next(&mut self) {
        self.strips = true;
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn rests_on(&mut self, unknown: Unknown) {
        self.unknowns.insert(unknown);
    }

    pub(super) fn finish(mut self, span: Span) -> Value {
        if self.anchors.first().is_none_or(|first| first.decoded > 0) {
            self.anchors.insert(0, Anchor { decoded: 0, source: span.start });
        }
        Value::composed(span, Text::anchored(self.text, self.anchors), self.unknowns)
    }

    /// Anchors ascend in both offsets: what a loop writes again stands behind, so it is found where the loop began.
    fn anchor(&mut self, anchor: Anchor) {
        match self.anchors.last_mut() {
            Some(last) if last.decoded == anchor.decoded => *last = anchor,
            Some(last) if last.source > anchor.source => {}
            _ => self.anchors.push(anchor),
        }
    }
}

/// Where the characters of a literal stand in its source, counted from the start of both.
fn aligned(literal: &str, source: &str, escapes: bool) -> Vec<Anchor> {
    let mut anchors = vec![Anchor { decoded: 0, source: 0 }];
    let mut rest = source.char_indices().peekable();
    let mut shift = 0_usize;
    for (decoded, wanted) in literal.char_indices() {
        let place = loop {
            let Some((at, given)) = rest.next() else { return anchors };
            let next = rest.peek().map(|(_, next)| *next);
            match (given, next) {
                // An escape stands for the character that comes next.
                ('\\', Some(kind)) if escapes => {
                    let length = match kind {
                        'u' => 5,
                        'U' => 9,
                        _ => 1,
                    };
                    rest.nth(length - 1);
                    break at;
                }
                // `$${` stands for `${`.
                ('$' | '%', Some(next)) if next == given && wanted == given => {
                    let behind = source.get(at + 2..).is_some_and(|behind| behind.starts_with('{'));
                    if behind {
                        rest.next();
                        break at + 1;
                    }
                    break at;
                }
                _ if given == wanted => break at,
                _ => {}
            }
        };
        if place - decoded.min(place) != shift {
            shift = place - decoded.min(place);
            anchors.push(Anchor { decoded: offset(decoded), source: offset(place) });
        }
    }
    anchors
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(literal: &str, source: &str, escapes: bool) -> Vec<(u32, u32)> {
        aligned(literal, source, escapes).iter().map(|anchor| (anchor.decoded, anchor.source)).collect()
    }

    #[test]
    fn literals_find_their_source() {
        assert_eq!(places("abc", "abc", true), [(0, 0)]);
        assert_eq!(places("a\nb\"c", "a\\nb\\\"c", true), [(0, 0), (2, 3), (4, 6)]);
        assert_eq!(places("{\n  a\n}", "  {\n    a\n  }", false).last(), Some(&(6, 12)));
        assert_eq!(places("x${y", "x$${y", true), [(0, 0), (1, 2)]);
        assert_eq!(places("C:\\d", "C:\\d", false), [(0, 0)]);
    }
}
