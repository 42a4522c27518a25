//! Patterns and texts in scripts.

use std::fmt::Write as _;

use super::joined;
use crate::logic::{Case, Pattern, Token};

/// The regular expression of a pattern.
pub(super) fn regex(pattern: &Pattern) -> Option<String> {
    let mut terms = Vec::new();
    let mut fixed = String::new();
    let flush = |fixed: &mut String, terms: &mut Vec<String>| -> Option<()> {
        if !fixed.is_empty() {
            terms.push(format!("(str.to_re {})", quoted(&std::mem::take(fixed))?));
        }
        Some(())
    };
    for token in pattern.tokens() {
        match token {
            Token::Char(c) if pattern.case() == Case::Insensitive && c.is_ascii_alphabetic() => {
                flush(&mut fixed, &mut terms)?;
                let (low, high) = (c.to_ascii_lowercase(), c.to_ascii_uppercase());
                terms.push(format!("(re.union (str.to_re \"{low}\") (str.to_re \"{high}\"))"));
            }
            Token::Char(c) => fixed.push(c),
            token => {
                flush(&mut fixed, &mut terms)?;
                terms.push(wild(token).to_owned());
            }
        }
    }
    flush(&mut fixed, &mut terms)?;
    Some(joined("re.++", "(str.to_re \"\")", terms))
}

pub(super) fn wild(token: Token) -> &'static str {
    match token {
        Token::One => "re.allchar",
        Token::OneInSegment => "(re.diff re.allchar (str.to_re \":\"))",
        Token::RunInSegment => "(re.* (re.diff re.allchar (str.to_re \":\")))",
        Token::Run | Token::Char(_) => "re.all",
    }
}

/// A text as a literal: everything but printable ASCII is escaped, and so is the backslash. `None` for characters
/// that the language of scripts does not have.
pub(in crate::solver) fn quoted(text: &str) -> Option<String> {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => literal.push_str("\"\""),
            ' '..='~' if c != '\\' => literal.push(c),
            '\0'..='\u{2ffff}' => {
                let _ = write!(literal, "\\u{{{:x}}}", u32::from(c));
            }
            _ => return None,
        }
    }
    literal.push('"');
    Some(literal)
}
