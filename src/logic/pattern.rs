//! Text patterns of literals and wildcards.
//!
//! A pattern is stored as the bytes of its text with its wildcards as bytes that no text has. So two patterns are
//! compared, ordered and hashed as byte strings, and literal stretches are matched as such: policies name tens of
//! thousands of patterns, and every question compares them. Regular expressions are deliberately absent: no cloud's
//! policy language has them.

use std::fmt;
use std::sync::Arc;

/// Whether letters of the two cases are told apart. Only ASCII letters are folded: the providers document
/// case-insensitive comparison for names they issue themselves, which are ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Case {
    /// `A` and `a` differ.
    Sensitive,
    /// `A` and `a` are the same.
    Insensitive,
}

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Token {
    /// Exactly this character (folded to lower case in a case-insensitive pattern).
    Char(char),
    /// Any one character.
    One,
    /// Any run of characters, also none.
    Run,
    /// Any one character but a colon: the ARN operators' `?` left of the resource part.
    OneInSegment,
    /// Any run of characters without a colon: the ARN operators' `*` left of the resource part.
    RunInSegment,
}

/// The bytes that stand for wildcards. None of them occurs in UTF-8, and they are in the order of [`Token`].
mod code {
    pub(super) const ONE: u8 = 0xf8;
    pub(super) const RUN: u8 = 0xf9;
    pub(super) const ONE_IN_SEGMENT: u8 = 0xfa;
    pub(super) const RUN_IN_SEGMENT: u8 = 0xfb;
}

/// Whether the byte of a pattern stands for a wildcard.
pub(super) fn is_wild(byte: u8) -> bool {
    byte >= code::ONE
}

/// A text pattern that a whole text must match.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    code: Arc<[u8]>,
    case: Case,
}

impl Pattern {
    /// A pattern of these tokens. Runs that stand side by side are merged, so equal meanings are more often equal
    /// values.
    pub fn new(tokens: impl IntoIterator<Item = Token>, case: Case) -> Self {
        let tokens = tokens.into_iter();
        let mut builder = Builder::new(tokens.size_hint().0, case);
        tokens.for_each(|token| builder.push(token));
        builder.finish()
    }

    /// Exactly this text, in which no character is special.
    pub fn literal(text: &str, case: Case) -> Self {
        let code = match case {
            Case::Sensitive => text.as_bytes().into(),
            Case::Insensitive => text.to_ascii_lowercase().into_bytes().into(),
        };
        Self { code, case }
    }

    /// A text in which `*` is any run and `?` any one character. There is no escape.
    pub fn glob(text: &str, case: Case) -> Self {
        let mut code = Vec::with_capacity(text.len());
        for byte in text.bytes() {
            match byte {
                b'*' if code.last() == Some(&code::RUN) => {}
                b'*' => code.push(code::RUN),
                b'?' => code.push(code::ONE),
                byte if case == Case::Insensitive => code.push(byte.to_ascii_lowercase()),
                byte => code.push(byte),
            }
        }
        Self { code: code.into(), case }
    }

    /// Every text that begins with this one.
    pub fn prefix(text: &str, case: Case) -> Self {
        Self::new(text.chars().map(Token::Char).chain([Token::Run]), case)
    }

    /// A pattern of AWS's ARN operators: wildcards left of the sixth part stay within their part.
    ///
    /// "Each of the six colon-delimited components of the ARN is checked separately and each can include
    /// multi-character match wildcards (*) or single-character match wildcards (?)":
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
    pub fn arn(text: &str) -> Self {
        let mut colons = 0;
        let tokens = text.chars().map(|c| {
            if c == ':' {
                colons += 1;
            }
            match glob_token(c) {
                Token::Run if colons < 5 => Token::RunInSegment,
                Token::One if colons < 5 => Token::OneInSegment,
                token => token,
            }
        });
        Self::new(tokens, Case::Sensitive)
    }

    /// Any text, also the empty one.
    pub fn anything() -> Self {
        Self::new([Token::Run], Case::Sensitive)
    }

    /// The tokens, in order.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens { rest: &self.code }
    }

    /// The pattern as bytes; see [`is_wild`].
    pub(super) fn code(&self) -> &[u8] {
        &self.code
    }

    /// Whether the cases of letters are told apart.
    pub fn case(&self) -> Case {
        self.case
    }

    /// Whether every text matches.
    pub fn is_universal(&self) -> bool {
        *self.code == [code::RUN]
    }

    /// The one text that matches, if the pattern has no wildcard (folded to lower case in a case-insensitive one).
    pub fn as_literal(&self) -> Option<&str> {
        let prefix = self.literal_prefix();
        (prefix.len() == self.code.len()).then_some(prefix)
    }

    /// The characters before the first wildcard.
    pub fn literal_prefix(&self) -> &str {
        let end = self.code.iter().position(|byte| is_wild(*byte)).unwrap_or(self.code.len());
        self.code.get(..end).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// The beginning of the texts that match, if the pattern matches all texts with that beginning and no others.
    pub fn as_prefix(&self) -> Option<&str> {
        let prefix = self.literal_prefix();
        (self.case == Case::Sensitive && self.code.get(prefix.len()..) == Some(&[code::RUN]))
            .then_some(prefix)
    }

    /// Whether the whole of `text` matches. Takes time proportional to the product of both lengths at worst.
    pub fn matches(&self, text: &str) -> bool {
        match (is_walkable(&self.code), self.case) {
            (true, Case::Sensitive) => walk(&self.code, text.as_bytes(), |own, given| own == given),
            (true, Case::Insensitive) => {
                walk(&self.code, text.as_bytes(), |own, given| own == given.to_ascii_lowercase())
            }
            (false, _) => self.matches_by_states(text),
        }
    }

    /// Whether every text that `other` matches matches this one too, as far as that shows when `other` is read token
    /// by token: `true` is certain, `false` is not.
    pub fn covers(&self, other: &Self) -> bool {
        if self.case == Case::Sensitive && other.case == Case::Insensitive {
            return false;
        }
        let fold = self.case == Case::Insensitive;
        let (own, theirs) = (&*self.code, &*other.code);
        let mut back: Option<(usize, usize)> = None;
        let (mut at, mut read) = (0, 0);
        loop {
            if own.get(at) == Some(&code::RUN) {
                at += 1;
                if at == own.len() {
                    return true;
                }
                back = Some((at, read));
                continue;
            }
            let step = match (own.get(at), theirs.get(read)) {
                (None, None) => return true,
                (Some(token), Some(given)) => taken(*token, *given, fold),
                _ => 0,
            };
            if step > 0 {
                at += 1;
                read += step;
                continue;
            }
            let Some((resume, from)) = back else { return false };
            let Some(given) = theirs.get(from) else { return false };
            back = Some((resume, from + width(*given)));
            (at, read) = (resume, from + width(*given));
        }
    }

    /// Whether some text may match both, judged by their fixed beginnings and endings: `false` is certain, `true` is
    /// not.
    pub fn may_meet(&self, other: &Self) -> bool {
        let fold = self.case == Case::Insensitive || other.case == Case::Insensitive;
        let clash = |(a, b): (u8, u8)| a != b && !(fold && a.eq_ignore_ascii_case(&b));
        let fixed = |(a, b): &(u8, u8)| !is_wild(*a) && !is_wild(*b);
        let ahead = || self.code.iter().copied().zip(other.code.iter().copied());
        let behind = self.code.iter().rev().copied().zip(other.code.iter().rev().copied());
        if ahead().take_while(fixed).any(clash) || behind.take_while(fixed).any(clash) {
            return false;
        }
        // A text that begins with another one and is longer does not match it.
        let (short, long) = if self.code.len() < other.code.len() { (self, other) } else { (other, self) };
        let next = long.code.get(short.code.len());
        let is_run = |byte: &u8| matches!(*byte, code::RUN | code::RUN_IN_SEGMENT);
        !ahead().all(|pair| fixed(&pair)) || next.is_none_or(is_run)
    }

    /// Follows all ways through the pattern at once; needed where a run that stops at colons follows a wildcard that does
    /// not.
    fn matches_by_states(&self, text: &str) -> bool {
        if self.case == Case::Sensitive && !text.starts_with(self.literal_prefix()) {
            return false;
        }
        let tokens: Vec<Token> = self.tokens().collect();
        let (mut current, mut next) = (States::new(tokens.len() + 1), States::new(tokens.len() + 1));
        current.enter(&tokens, 0);
        for c in text.chars() {
            for state in current.low..current.end {
                let Some(token) = tokens.get(state).filter(|_| current.has(state)) else { continue };
                if self.accepts(*token, c) {
                    next.enter(&tokens, if is_run(*token) { state } else { state + 1 });
                }
            }
            current.clear();
            std::mem::swap(&mut current, &mut next);
            if current.low >= current.end {
                return false;
            }
        }
        current.has(tokens.len())
    }

    /// Whether `token` takes `c` (a run takes it and stays).
    pub fn accepts(&self, token: Token, c: char) -> bool {
        match token {
            Token::Char(own) => own == c || (self.case == Case::Insensitive && own == c.to_ascii_lowercase()),
            Token::One | Token::Run => true,
            Token::OneInSegment | Token::RunInSegment => c != ':',
        }
    }
}

/// The usual greedy walk that only ever goes back to the last run. Right for a run that takes any character; and for
/// those that stop at colons, if no wildcard that takes them stands before one (see [`is_walkable`]): in what follows
/// such a run, up to the next one, an earlier place is as good as any later one, because both lie between the same two
/// colons. Steps of one character, and the ways back, keep to whole characters.
fn walk(pattern: &[u8], text: &[u8], same: impl Fn(u8, u8) -> bool) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut back: Option<Back> = None;
    loop {
        let step = match (pattern.get(at).copied(), text.get(read)) {
            (Some(code::RUN), _) => {
                at += 1;
                if at == pattern.len() {
                    return true;
                }
                back = Some(Back { at, read, stops: false });
                continue;
            }
            (Some(code::RUN_IN_SEGMENT), _) => {
                at += 1;
                back = Some(Back { at, read, stops: true });
                continue;
            }
            (None, None) => return true,
            (Some(code::ONE), Some(given)) => width(*given),
            (Some(code::ONE_IN_SEGMENT), Some(given)) if *given != b':' => width(*given),
            (Some(own), Some(given)) if same(own, *given) => 1,
            _ => 0,
        };
        if step > 0 {
            at += 1;
            read += step;
            continue;
        }
        let Some(last) = &mut back else { return false };
        let Some(given) = text.get(last.read).filter(|given| !(last.stops && **given == b':')) else {
            return false;
        };
        last.read += width(*given);
        (at, read) = (last.at, last.read);
    }
}

/// Where a walk goes on when it fails: behind the last run of the pattern, which then takes one character more.
struct Back {
    at: usize,
    read: usize,
    /// Whether that run takes no colon.
    stops: bool,
}

/// How many bytes of another pattern, of which `given` is the first of a token, the token of the byte `own` takes: it
/// must take all that they stand for. `own` is not [`code::RUN`]. Bytes of a literal character are compared one by one.
fn taken(own: u8, given: u8, fold: bool) -> usize {
    let takes = match own {
        code::ONE if !is_wild(given) => return width(given),
        code::ONE_IN_SEGMENT if !is_wild(given) && given != b':' => return width(given),
        code::ONE => given == code::ONE || given == code::ONE_IN_SEGMENT,
        code::ONE_IN_SEGMENT | code::RUN_IN_SEGMENT => given == own,
        _ => own == given || (fold && own == given.to_ascii_lowercase()),
    };
    usize::from(takes)
}

/// The bytes of the character that begins with this byte; one for a wildcard, and for a byte inside of a character.
fn width(first: u8) -> usize {
    match first {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    }
}

/// Whether no wildcard takes colons before a run that does not. `?` counts: in `*?*` with runs that stop, it is the one
/// that must take the colon of `a:`, which shows only when the second run has failed at it.
fn is_walkable(pattern: &[u8]) -> bool {
    let stops = |byte: &u8| *byte == code::RUN_IN_SEGMENT;
    let open = pattern.iter().position(|byte| matches!(*byte, code::RUN | code::ONE));
    !open.is_some_and(|open| pattern.get(open..).is_some_and(|rest| rest.iter().any(stops)))
}

fn is_run(token: Token) -> bool {
    matches!(token, Token::Run | Token::RunInSegment)
}

/// Places in a pattern, all of which lie in a range that is kept small.
struct States {
    marks: Vec<bool>,
    low: usize,
    end: usize,
}

impl States {
    fn new(size: usize) -> Self {
        Self { marks: vec![false; size], low: size, end: 0 }
    }

    fn has(&self, state: usize) -> bool {
        self.marks.get(state) == Some(&true)
    }

    /// Adds a state, and those that are reached from it without a character: behind a run.
    fn enter(&mut self, tokens: &[Token], first: usize) {
        for state in first.. {
            if let Some(mark) = self.marks.get_mut(state) {
                *mark = true;
            }
            self.low = self.low.min(state);
            self.end = self.end.max(state + 1);
            if !tokens.get(state).is_some_and(|token| is_run(*token)) {
                return;
            }
        }
    }

    fn clear(&mut self) {
        if let Some(marks) = self.marks.get_mut(self.low..self.end) {
            marks.fill(false);
        }
        (self.low, self.end) = (self.marks.len(), 0);
    }
}

fn glob_token(c: char) -> Token {
    match c {
        '*' => Token::Run,
        '?' => Token::One,
        other => Token::Char(other),
    }
}

/// Puts a pattern together.
struct Builder {
    code: Vec<u8>,
    case: Case,
}

impl Builder {
    fn new(size: usize, case: Case) -> Self {
        Self { code: Vec::with_capacity(size), case }
    }

    fn push(&mut self, token: Token) {
        match token {
            Token::Char(c) => {
                let c = if self.case == Case::Insensitive { c.to_ascii_lowercase() } else { c };
                self.code.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Token::One => self.code.push(code::ONE),
            Token::OneInSegment => self.code.push(code::ONE_IN_SEGMENT),
            Token::Run => match self.code.last_mut() {
                Some(last @ (&mut code::RUN | &mut code::RUN_IN_SEGMENT)) => *last = code::RUN,
                _ => self.code.push(code::RUN),
            },
            Token::RunInSegment => {
                if !matches!(self.code.last(), Some(&code::RUN | &code::RUN_IN_SEGMENT)) {
                    self.code.push(code::RUN_IN_SEGMENT);
                }
            }
        }
    }

    fn finish(self) -> Pattern {
        Pattern { code: self.code.into(), case: self.case }
    }
}

/// The tokens of a pattern.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    rest: &'a [u8],
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let first = *self.rest.first()?;
        let (head, rest) = self.rest.split_at_checked(width(first))?;
        self.rest = rest;
        Some(match first {
            code::ONE => Token::One,
            code::RUN => Token::Run,
            code::ONE_IN_SEGMENT => Token::OneInSegment,
            code::RUN_IN_SEGMENT => Token::RunInSegment,
            _ => Token::Char(std::str::from_utf8(head).ok()?.chars().next()?),
        })
    }
}

impl fmt::Display for Pattern {
    /// Writes the pattern with `*` and `?`; a literal wildcard character is written as itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens().try_for_each(|token| match token {
            Token::Char(c) => write!(f, "{c}"),
            Token::One | Token::OneInSegment => f.write_str("?"),
            Token::Run | Token::RunInSegment => f.write_str("*"),
        })
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
