//! Text patterns of literals and wildcards, and sets of them.
//!
//! Regular expressions are deliberately absent: no cloud's policy language has them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHasher;

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

/// A text pattern that a whole text must match.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern {
    tokens: Arc<[Token]>,
    case: Case,
}

impl Pattern {
    /// A pattern of these tokens. Runs that stand side by side are merged, so equal meanings are more often equal
    /// values.
    pub fn new(tokens: impl IntoIterator<Item = Token>, case: Case) -> Self {
        let mut kept: Vec<Token> = Vec::new();
        for token in tokens {
            let token = match token {
                Token::Char(c) if case == Case::Insensitive => Token::Char(c.to_ascii_lowercase()),
                other => other,
            };
            match (kept.last(), token) {
                (Some(Token::Run), Token::Run | Token::RunInSegment)
                | (Some(Token::RunInSegment), Token::RunInSegment) => {}
                (Some(Token::RunInSegment), Token::Run) => {
                    kept.pop();
                    kept.push(Token::Run);
                }
                _ => kept.push(token),
            }
        }
        Self { tokens: kept.into(), case }
    }

    /// Exactly this text, in which no character is special.
    pub fn literal(text: &str, case: Case) -> Self {
        Self::new(text.chars().map(Token::Char), case)
    }

    /// A text in which `*` is any run and `?` any one character. There is no escape.
    pub fn glob(text: &str, case: Case) -> Self {
        Self::new(text.chars().map(glob_token), case)
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
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Whether the cases of letters are told apart.
    pub fn case(&self) -> Case {
        self.case
    }

    /// Whether every text matches.
    pub fn is_universal(&self) -> bool {
        *self.tokens == [Token::Run]
    }

    /// The one text that matches, if the pattern has no wildcard (folded to lower case in a case-insensitive one).
    pub fn as_literal(&self) -> Option<String> {
        self.tokens.iter().map(|token| if let Token::Char(c) = token { Some(*c) } else { None }).collect()
    }

    /// The characters before the first wildcard.
    pub fn literal_prefix(&self) -> String {
        self.tokens
            .iter()
            .map_while(|token| if let Token::Char(c) = token { Some(*c) } else { None })
            .collect()
    }

    /// Whether the whole of `text` matches. Takes time proportional to the product of both lengths at worst.
    pub fn matches(&self, text: &str) -> bool {
        let has_segments =
            self.tokens.iter().any(|token| matches!(token, Token::OneInSegment | Token::RunInSegment));
        if has_segments { self.matches_by_states(text) } else { self.matches_by_last_run(text) }
    }

    /// The usual greedy walk that only ever goes back to the last run; right because a run takes any character.
    fn matches_by_last_run(&self, text: &str) -> bool {
        let mut rest = text.chars();
        let mut at = 0;
        let mut back: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            if self.tokens.get(at) == Some(&Token::Run) {
                at += 1;
                back = Some((at, rest.clone()));
                continue;
            }
            let mut ahead = rest.clone();
            match (self.tokens.get(at), ahead.next()) {
                (None, None) => return true,
                (Some(token), Some(c)) if self.accepts(*token, c) => {
                    at += 1;
                    rest = ahead;
                }
                _ => {
                    let Some((resume, mut from)) = back.take() else { return false };
                    if from.next().is_none() {
                        return false;
                    }
                    at = resume;
                    rest = from.clone();
                    back = Some((resume, from));
                }
            }
        }
    }

    /// Whether every text that `other` matches matches this one too, as far as that shows when `other` is read token
    /// by token: `true` is certain, `false` is not.
    pub fn covers(&self, other: &Self) -> bool {
        if self.case == Case::Sensitive && other.case == Case::Insensitive {
            return false;
        }
        let (own, theirs) = (&*self.tokens, &*other.tokens);
        let mut back: Option<(usize, usize)> = None;
        let (mut at, mut read) = (0, 0);
        loop {
            if own.get(at) == Some(&Token::Run) {
                at += 1;
                back = Some((at, read));
                continue;
            }
            match (own.get(at), theirs.get(read)) {
                (None, None) => return true,
                (Some(token), Some(given)) if self.takes(*token, *given) => {
                    at += 1;
                    read += 1;
                }
                _ => {
                    let Some((resume, from)) = back.filter(|(_, from)| *from < theirs.len()) else {
                        return false;
                    };
                    back = Some((resume, from + 1));
                    (at, read) = (resume, from + 1);
                }
            }
        }
    }

    /// Whether `token`, which is not [`Token::Run`], takes all that `given` stands for.
    fn takes(&self, token: Token, given: Token) -> bool {
        match (token, given) {
            (_, Token::Char(c)) => token != Token::RunInSegment && self.accepts(token, c),
            (Token::One, Token::One | Token::OneInSegment)
            | (Token::OneInSegment, Token::OneInSegment)
            | (Token::RunInSegment, Token::RunInSegment) => true,
            _ => false,
        }
    }

    /// Follows all ways through the pattern at once; needed where a run may stop at a colon.
    fn matches_by_states(&self, text: &str) -> bool {
        let mut current = vec![false; self.tokens.len() + 1];
        mark(&mut current, 0);
        self.close(&mut current);
        for c in text.chars() {
            let mut next = vec![false; self.tokens.len() + 1];
            for (state, token) in self.tokens.iter().enumerate() {
                if current.get(state) != Some(&true) || !self.accepts(*token, c) {
                    continue;
                }
                let stays = matches!(token, Token::Run | Token::RunInSegment);
                mark(&mut next, if stays { state } else { state + 1 });
            }
            self.close(&mut next);
            current = next;
        }
        current.last() == Some(&true)
    }

    /// Adds the states that are reached without a character: behind a run.
    fn close(&self, states: &mut [bool]) {
        for (state, token) in self.tokens.iter().enumerate() {
            if states.get(state) == Some(&true) && matches!(token, Token::Run | Token::RunInSegment) {
                mark(states, state + 1);
            }
        }
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

fn mark(states: &mut [bool], state: usize) {
    if let Some(slot) = states.get_mut(state) {
        *slot = true;
    }
}

fn glob_token(c: char) -> Token {
    match c {
        '*' => Token::Run,
        '?' => Token::One,
        other => Token::Char(other),
    }
}

impl fmt::Display for Pattern {
    /// Writes the pattern with `*` and `?`; a literal wildcard character is written as itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens.iter().try_for_each(|token| match token {
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

/// A set of patterns; a text matches it when it matches one of them.
///
/// Invariant: sorted, without doubles, and just `*` when one of them is `*`, so equal sets are equal values.
#[derive(Clone, Debug)]
pub struct Patterns {
    list: Arc<[Pattern]>,
    /// Of the list; sets are compared and hashed far more often than they are made, and some hold thousands.
    hash: u64,
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && (Arc::ptr_eq(&self.list, &other.list) || self.list == other.list)
    }
}

impl Eq for Patterns {}

impl PartialOrd for Patterns {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Patterns {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.list, &other.list) { Ordering::Equal } else { self.list.cmp(&other.list) }
    }
}

impl Hash for Patterns {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

impl Patterns {
    /// The set of these patterns.
    pub fn of(patterns: impl IntoIterator<Item = Pattern>) -> Self {
        let mut list: Vec<Pattern> = patterns.into_iter().collect();
        if let Some(universal) = list.iter().find(|pattern| pattern.is_universal()) {
            list = vec![universal.clone()];
        }
        list.sort_unstable();
        list.dedup();
        let mut hasher = FxHasher::default();
        list.hash(&mut hasher);
        Self { hash: hasher.finish(), list: list.into() }
    }

    /// The set that every text matches.
    pub fn anything() -> Self {
        Self::of([Pattern::anything()])
    }

    /// Exactly this text.
    pub fn literal(text: &str) -> Self {
        Self::of([Pattern::literal(text, Case::Sensitive)])
    }

    /// Globs whose letters' case counts.
    pub fn globs<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of(texts.into_iter().map(|text| Pattern::glob(text, Case::Sensitive)))
    }

    /// The patterns, sorted.
    pub fn iter(&self) -> std::slice::Iter<'_, Pattern> {
        self.list.iter()
    }

    /// Whether the very pattern is one of them.
    pub fn contains(&self, pattern: &Pattern) -> bool {
        self.list.binary_search(pattern).is_ok()
    }

    /// How many patterns there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing matches.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether everything matches.
    pub fn is_universal(&self) -> bool {
        self.list.first().is_some_and(Pattern::is_universal)
    }

    /// Whether no pattern has a wildcard and all tell cases apart, so the set is a finite set of texts.
    pub fn is_finite(&self) -> bool {
        self.list.iter().all(|pattern| {
            pattern.case() == Case::Sensitive && pattern.tokens().iter().all(|t| matches!(t, Token::Char(_)))
        })
    }

    /// Whether `text` matches one of the patterns.
    pub fn matches(&self, text: &str) -> bool {
        self.list.iter().any(|pattern| pattern.matches(text))
    }

    /// The patterns of both.
    pub fn union(&self, other: &Self) -> Self {
        Self::of(self.iter().chain(other.iter()).cloned())
    }

    /// Keeps the patterns that `keep` approves.
    pub fn filter(&self, keep: impl Fn(&Pattern) -> bool) -> Self {
        Self::of(self.iter().filter(|pattern| keep(pattern)).cloned())
    }
}
