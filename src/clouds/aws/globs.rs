//! Patterns of policies against texts; a part of the concrete rule.
//!
//! The patterns of `logic` are deliberately not used: those belong to the formulas, and a mistake in them should show.

use super::asker::Keys;
use super::ast::Version;

/// How the letters of a pattern are read. Variables are replaced in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// `*` is any run of characters, `?` any one.
    Wild,
    /// Every letter is itself.
    Exact,
    /// Every letter is itself, and ASCII letters of both cases are the same.
    Folded,
}

/// A pattern cut into pieces.
#[derive(Clone, Debug)]
pub(super) struct Glob {
    pieces: Vec<Piece>,
    folds: bool,
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    /// Any one character.
    One,
    /// Any run of characters.
    Run,
    /// The value of a key, in lower case, or else the default.
    Variable {
        key: Box<str>,
        default: Option<Box<str>>,
    },
}

impl Glob {
    /// Reads a policy's text.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    pub(super) fn read(text: &str, version: Version, reading: Reading) -> Self {
        let mut glob = Self { pieces: Vec::new(), folds: reading == Reading::Folded, open: false };
        let wild = reading == Reading::Wild;
        let mut rest = text;
        while version == Version::V2012
            && let Some((before, inner, after)) = variable(rest)
        {
            glob.letters(before, wild);
            rest = after;
            if ["*", "?", "$"].contains(&inner) {
                glob.letters(inner, false);
                continue;
            }
            let (key, default) = inner.split_once(',').map_or((inner, None), |(key, text)| (key, Some(text)));
            let default = default.map(|text| text.trim().trim_matches('\'').into());
            glob.pieces.push(Piece::Variable { key: key.trim().to_ascii_lowercase().into(), default });
            glob.open = true;
        }
        glob.letters(rest, wild);
        glob
    }

    /// Reads the name of an action, which has no variables.
    pub(super) fn of_action(text: &str) -> Self {
        let mut glob = Self { pieces: Vec::new(), folds: true, open: false };
        glob.letters(text, true);
        glob
    }

    fn letters(&mut self, text: &str, wild: bool) {
        let mut rest = text;
        while let Some(at) = rest.find(['*', '?']).filter(|_| wild) {
            let (before, from) = rest.split_at(at);
            self.text(before);
            let (sign, after) = from.split_at(1);
            match (sign, self.pieces.last()) {
                ("*", Some(Piece::Run)) => {}
                ("*", _) => self.pieces.push(Piece::Run),
                _ => self.pieces.push(Piece::One),
            }
            rest = after;
        }
        self.text(rest);
    }

    fn text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(before)) => *before = format!("{before}{text}").into(),
            _ => self.pieces.push(Piece::Text(text.into())),
        }
    }

    /// Whether every text matches.
    pub(super) fn is_anything(&self) -> bool {
        self.pieces == [Piece::Run]
    }

    pub(super) fn has_variables(&self) -> bool {
        self.open
    }

    /// The keys of its variables, in lower case.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { key, .. } => Some(&**key),
            Piece::Text(_) | Piece::One | Piece::Run => None,
        })
    }

    /// The text that alone matches, if there is no wildcard and no variable.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What every text that matches begins with.
    pub(super) fn beginning(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }

    /// Cuts the pattern at the first places of a separator, into at most so many parts.
    pub(super) fn split(&self, separator: char, most: usize) -> Vec<Self> {
        let empty = || Self { pieces: Vec::new(), folds: self.folds, open: self.open };
        let mut parts = Vec::new();
        let mut last = empty();
        for piece in &self.pieces {
            let Piece::Text(text) = piece else {
                last.pieces.push(piece.clone());
                continue;
            };
            let mut rest = &**text;
            while parts.len() + 1 < most
                && let Some((before, after)) = rest.split_once(separator)
            {
                last.text(before);
                parts.push(std::mem::replace(&mut last, empty()));
                rest = after;
            }
            last.text(rest);
        }
        parts.push(last);
        parts
    }

    /// The pattern with the values of its variables, in which nothing is special. `None` when one has no value.
    pub(super) fn filled(&self, keys: &Keys<'_>) -> Option<Self> {
        let mut filled = Self { pieces: Vec::new(), folds: self.folds, open: false };
        for piece in &self.pieces {
            match (piece, value(piece, keys)) {
                (Piece::Variable { .. }, value) => filled.text(value?),
                (Piece::Text(text), _) => filled.text(text),
                _ => filled.pieces.push(piece.clone()),
            }
        }
        Some(filled)
    }

    /// Whether the whole of `text` matches.
    pub(super) fn matches(&self, text: &str, keys: &Keys<'_>) -> bool {
        // A variable without a value matches nothing, wherever it stands.
        if self.open && self.pieces.iter().any(|piece| is_variable(piece) && value(piece, keys).is_none()) {
            return false;
        }
        self.walk(text, |piece| value(piece, keys).unwrap_or_default())
    }

    /// [`Glob::matches`] for a pattern without variables.
    pub(super) fn matches_plain(&self, text: &str) -> bool {
        self.walk(text, |_| "")
    }

    /// Goes back to the last run only; right because a run takes any character.
    fn walk<'t>(&'t self, text: &str, value: impl Fn(&'t Piece) -> &'t str) -> bool {
        let bytes = text.as_bytes();
        let (mut piece, mut at) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        loop {
            let length = match self.pieces.get(piece) {
                None if at == bytes.len() => return true,
                None => None,
                Some(Piece::Run) => {
                    piece += 1;
                    if piece == self.pieces.len() {
                        return true;
                    }
                    back = Some((piece, at));
                    continue;
                }
                Some(Piece::One) => bytes.get(at).map(|first| width(*first)),
                Some(Piece::Text(own)) => self.begins(bytes, at, own).then_some(own.len()),
                Some(open) => {
                    let own = value(open);
                    self.begins(bytes, at, own).then_some(own.len())
                }
            };
            if let Some(length) = length {
                piece += 1;
                at += length;
                continue;
            }
            let Some((resume, from)) = back else { return false };
            let Some(first) = bytes.get(from) else { return false };
            back = Some((resume, from + width(*first)));
            (piece, at) = (resume, from + width(*first));
        }
    }

    fn begins(&self, bytes: &[u8], at: usize, own: &str) -> bool {
        let own = own.as_bytes();
        bytes
            .get(at..at + own.len())
            .is_some_and(|found| if self.folds { found.eq_ignore_ascii_case(own) } else { found == own })
    }
}

/// The text before the first variable, what stands between its braces, and the text behind it.
fn variable(text: &str) -> Option<(&str, &str, &str)> {
    let (before, opened) = text.split_once("${")?;
    let (inner, after) = opened.split_once('}')?;
    Some((before, inner, after))
}

fn is_variable(piece: &Piece) -> bool {
    matches!(piece, Piece::Variable { .. })
}

fn value<'v>(piece: &'v Piece, keys: &'v Keys<'_>) -> Option<&'v str> {
    let Piece::Variable { key, default } = piece else { return None };
    keys.get(key).only().or(default.as_deref())
}

/// How many bytes the character has that begins with this one.
fn width(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logic::{Case, Pattern};

    proptest! {
        /// The two matchers are written apart, and agree.
        #[test]
        fn like_the_patterns_of_formulas(pattern in "[aB:*?é]{0,8}", text in "[aAbB:é*]{0,10}") {
            let version = Version::V2008;
            let wild = Glob::read(&pattern, version, Reading::Wild);
            prop_assert_eq!(wild.matches_plain(&text), Pattern::glob(&pattern, Case::Sensitive).matches(&text));
            let folded = Glob::of_action(&pattern);
            prop_assert_eq!(folded.matches_plain(&text), Pattern::glob(&pattern, Case::Insensitive).matches(&text));
            let exact = Glob::read(&pattern, version, Reading::Exact);
            prop_assert_eq!(exact.matches_plain(&text), pattern == text);
            let parts = wild.split(':', 3);
            let texts: Vec<&str> = text.splitn(3, ':').collect();
            let by_parts = parts.len() == texts.len()
                && parts.iter().zip(texts).all(|(part, text)| part.matches_plain(text));
            let cut: Vec<&str> = pattern.splitn(3, ':').collect();
            prop_assert_eq!(parts.len(), cut.len());
            let expected = parts.len() == text.splitn(3, ':').count()
                && cut.iter().zip(text.splitn(3, ':')).all(|(part, text)| {
                    Pattern::glob(part, Case::Sensitive).matches(text)
                });
            prop_assert_eq!(by_parts, expected);
        }
    }
}
