//! What the parser says when a document is not JSON: where, what was expected, how to repair it.

use jsonc_parser::ParseStringErrorKind;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::tokens::Token;

use super::super::problem::Problem;
use super::super::tree::Entry;
use super::MAX_DEPTH;
use super::parser::{Expect, Parser, Source};

const SYNTAX: &str = "json-syntax";
const ENCODING: &str = "json-encoding";

/// A piece of the user's text is quoted up to this many characters.
const MAX_QUOTE: usize = 40;

type Boxed = Box<Problem>;

/// The text ends before the document does. The place is the end of the text.
pub(super) fn truncated(parser: &Parser<'_, '_, '_, '_>) -> Boxed {
    let noun = parser.source.noun;
    let end = parser.source.text.trim_end().len();
    let span = parser.source.span(end, end);
    let Some(frame) = parser.frames.last() else {
        let message = format!("the {noun} is empty: expected a JSON document");
        return Box::new(
            Problem::error("json-empty", message).at(span).help("add the document or leave it out"),
        );
    };
    let what = if frame.is_object { "object" } else { "array" };
    let message = format!("unterminated {what}: expected {}, found the end of the {noun}", wanted(parser));
    Box::new(cut_off(parser, Problem::error("json-truncated", message).at(span), frame.start, what))
}

fn cut_off(parser: &Parser<'_, '_, '_, '_>, problem: Problem, start: usize, what: &str) -> Problem {
    let line = parser.source.line_name(start);
    let help = format!(
        "the {what} begins on {line}; close it there where it ends, or get the {} again if it was cut off",
        parser.source.noun
    );
    problem.label("it ends here").help(help)
}

/// A token stands where it may not.
pub(super) fn unexpected(parser: &Parser<'_, '_, '_, '_>, token: &Token<'_>) -> Boxed {
    if matches!(token, Token::CommentLine(_) | Token::CommentBlock(_)) {
        let message = "comments are not part of JSON";
        return at_token(parser, Problem::error(SYNTAX, message).help("remove the comment"));
    }
    if let Some(boxed) = trailing_comma(parser, token).or_else(|| leading_zero(parser, token)) {
        return boxed;
    }
    let message = format!("expected {}, found {}", wanted(parser), found(token));
    let problem = Problem::error(SYNTAX, message).label(format!("expected {}", wanted(parser)));
    at_token(parser, problem.help(advice(parser, token)))
}

fn trailing_comma(parser: &Parser<'_, '_, '_, '_>, token: &Token<'_>) -> Option<Boxed> {
    let in_object = parser.frames.last()?.is_object;
    let is_close =
        matches!(token, Token::CloseBrace) && in_object || matches!(token, Token::CloseBracket) && !in_object;
    let after_comma = parser.expect == Expect::Key || parser.expect == Expect::Value && !in_object;
    if !is_close || !after_comma {
        return None;
    }
    let close = token.as_str();
    let span = parser.source.span(parser.last_comma, parser.last_comma + 1);
    let problem = Problem::error(SYNTAX, format!("trailing comma before `{close}`"));
    Some(Box::new(problem.at(span).help("remove the comma: JSON allows one only between two elements")))
}

/// The scanner reads `01` as two numbers.
fn leading_zero(parser: &Parser<'_, '_, '_, '_>, token: &Token<'_>) -> Option<Boxed> {
    let before = parser.source.text.get(..parser.start)?;
    let is_split =
        matches!(token, Token::Number(_)) && parser.last_end == parser.start && before.ends_with('0');
    if !is_split {
        return None;
    }
    let problem = Problem::error(SYNTAX, "a number begins with a needless `0`");
    Some(at_token(parser, problem.help("remove the leading zero, or quote the value if it is an identifier")))
}

fn advice(parser: &Parser<'_, '_, '_, '_>, token: &Token<'_>) -> String {
    if parser.expect == Expect::End {
        return match parser.source.noun {
            "file" => "a file holds one document; put several into an array, or one on each line".to_owned(),
            noun => format!("one {noun} holds one document"),
        };
    }
    if let Token::Word(word) = token {
        return match word.to_ascii_lowercase().as_str() {
            "true" | "false" => format!("write `{}`", word.to_ascii_lowercase()),
            "none" | "nil" | "undefined" | "nan" | "infinity" => "JSON has only `null` for this".to_owned(),
            _ => "put names and text in double quotes".to_owned(),
        };
    }
    match parser.expect {
        Expect::CommaOrClose if is_value_start(token) => "a comma is missing before this".to_owned(),
        Expect::CommaOrClose => {
            let start = parser.frames.last().map_or(0, |frame| frame.start);
            let (what, open) = if in_object(parser) { ("object", '{') } else { ("array", '[') };
            format!("the {what} begins with `{open}` on {}", parser.source.line_name(start))
        }
        Expect::Key | Expect::KeyOrClose => "the keys of an object are strings in double quotes".to_owned(),
        Expect::Colon => "put `:` between a key and its value".to_owned(),
        Expect::Value if parser.frames.is_empty() => {
            format!("check that the {} holds JSON", parser.source.noun)
        }
        _ => "a value is an object, an array, a string, a number, `true`, `false` or `null`".to_owned(),
    }
}

/// Whether the innermost array or object is an object.
fn in_object(parser: &Parser<'_, '_, '_, '_>) -> bool {
    parser.frames.last().is_some_and(|frame| frame.is_object)
}

fn is_value_start(token: &Token<'_>) -> bool {
    matches!(
        token,
        Token::OpenBrace
            | Token::OpenBracket
            | Token::String(_)
            | Token::Boolean(_)
            | Token::Number(_)
            | Token::Null
    )
}

/// What could have stood at this place.
fn wanted(parser: &Parser<'_, '_, '_, '_>) -> String {
    let frame = parser.frames.last();
    match parser.expect {
        Expect::Value => match frame.and_then(|frame| frame.key.as_ref()) {
            Some((key, ..)) => format!("a value for the key `{}`", quote(key)),
            None => "a value".to_owned(),
        },
        Expect::ElementOrClose => "a value or `]`".to_owned(),
        Expect::Key => "a key in double quotes".to_owned(),
        Expect::KeyOrClose => "a key in double quotes or `}`".to_owned(),
        Expect::Colon => match frame.and_then(|frame| frame.key.as_ref()) {
            Some((key, ..)) => format!("`:` after the key `{}`", quote(key)),
            None => "`:`".to_owned(),
        },
        Expect::CommaOrClose if in_object(parser) => "`,` or `}`".to_owned(),
        Expect::CommaOrClose => "`,` or `]`".to_owned(),
        Expect::End => format!("the end of the {}", parser.source.noun),
    }
}

fn found(token: &Token<'_>) -> String {
    match token {
        Token::String(value) => format!("the string \"{}\"", quote(value)),
        Token::Number(source) => format!("the number `{}`", quote(source)),
        other => format!("`{}`", quote(other.as_str())),
    }
}

/// The beginning of a piece of the user's text, fit for a message of one line.
fn quote(text: &str) -> String {
    let mut quoted: String = text.chars().take(MAX_QUOTE).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_QUOTE).is_some() {
        quoted.push_str("...");
    }
    quoted.replace("\\\"", "\"").replace("\\'", "'")
}

fn at_token(parser: &Parser<'_, '_, '_, '_>, problem: Problem) -> Boxed {
    Box::new(problem.at(parser.source.span(parser.start, parser.end)))
}

/// The scanner could not make a token.
pub(super) fn bad_token(parser: &Parser<'_, '_, '_, '_>, error: &ParseError) -> Boxed {
    let text = parser.source.text;
    if let ParseErrorKind::String(kind) = error.kind() {
        return bad_string(parser, error, kind);
    }
    let (start, end) = (error.range().start, error.range().end);
    let (message, help) = match error.kind() {
        ParseErrorKind::SingleQuotedStringsNotAllowed => ("a string in single quotes", "use double quotes"),
        ParseErrorKind::HexadecimalNumbersNotAllowed => {
            ("a hexadecimal number", "write the number in decimal")
        }
        ParseErrorKind::UnaryPlusNumbersNotAllowed => ("a number with a plus sign", "remove the `+`"),
        ParseErrorKind::NonFiniteNumbersNotAllowed => {
            ("a number that is not finite", "JSON has no such number")
        }
        ParseErrorKind::BareDecimalPointNumbersNotAllowed => {
            ("a number with no digit beside its decimal point", "add the digit, as in `0.5`")
        }
        ParseErrorKind::ExpectedDigit
        | ParseErrorKind::ExpectedDigitFollowingNegativeSign
        | ParseErrorKind::ExpectedPlusMinusOrDigitInNumberLiteral => {
            ("a number without digits", "complete the number")
        }
        ParseErrorKind::UnterminatedCommentBlock => ("a comment without an end", "remove the comment"),
        _ => {
            // The scanner gives up on a word at the first character that is neither word nor space, as in `True,`.
            let seen = text.get(start..end).unwrap_or("");
            if seen.starts_with(char::is_alphanumeric) {
                return unexpected(parser, &Token::Word(seen));
            }
            let message = format!("expected {}, found `{}`", wanted(parser), quote(seen));
            let problem = Problem::error(SYNTAX, message).at(parser.source.span(start, end));
            return Box::new(problem.help("text stands in double quotes; check for a stray character"));
        }
    };
    let message = format!("{message} is not part of JSON");
    Box::new(Problem::error(SYNTAX, message).at(parser.source.span(start, end)).help(help))
}

fn bad_string(parser: &Parser<'_, '_, '_, '_>, error: &ParseError, kind: &ParseStringErrorKind) -> Boxed {
    let text = parser.source.text;
    let raw = text.get(parser.start..).unwrap_or("");
    if !is_closed(raw) {
        // A quote that is missing is missed on its own line, not at the end of the file.
        if let Some(at) = raw.find(['\n', '\r']) {
            return control_character(parser, parser.start + at);
        }
        let message =
            format!("unterminated string: expected `\"`, found the end of the {}", parser.source.noun);
        let span = parser.source.span(text.len(), text.len());
        return Box::new(cut_off(
            parser,
            Problem::error("json-truncated", message).at(span),
            parser.start,
            "string",
        ));
    }
    let problem = match kind {
        ParseStringErrorKind::InvalidUnicodeEscapeSequence(_) => {
            Problem::error(ENCODING, "half of a surrogate pair stands alone, which is no character")
                .help("write both halves, as in `\\ud83d\\ude00`, or the character itself")
        }
        ParseStringErrorKind::ExpectedFourHexDigits => {
            Problem::error(SYNTAX, "`\\u` is not followed by four hexadecimal digits")
                .help("write it as in `\\u00e9`")
        }
        _ => Problem::error(SYNTAX, "this escape is not part of JSON").help(
            "write a backslash itself as `\\\\`; the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX",
        ),
    };
    let (start, mut end) = (error.range().start, error.range().end);
    if matches!(kind, ParseStringErrorKind::InvalidUnicodeEscapeSequence(_)) {
        // The scanner has read on in search of the other half; `\uXXXX` is six bytes.
        end = end.min(start + 6);
    }
    Box::new(problem.at(parser.source.span(start, end)))
}

/// Whether the string that begins with the first byte has its closing quote.
fn is_closed(raw: &str) -> bool {
    let mut bytes = raw.bytes().skip(1);
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return true,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    false
}

/// A raw control character in a string; a line break mostly means that the closing quote is missing.
pub(super) fn control_character(parser: &Parser<'_, '_, '_, '_>, at: usize) -> Boxed {
    let byte = parser.source.text.as_bytes().get(at).copied().unwrap_or_default();
    let (problem, len) = match byte {
        b'\n' | b'\r' => {
            let problem =
                Problem::error(SYNTAX, "unterminated string: the line ends before the closing `\"`");
            let help = "close the string on the line it begins on; write a line break inside it as `\\n`";
            (problem.label("expected `\"` before this").help(help), 0)
        }
        _ => {
            let message = format!("the control character U+{byte:04X} stands raw in a string");
            let help = format!("write it as `\\u{byte:04x}` or remove it");
            (Problem::error(SYNTAX, message).help(help), 1)
        }
    };
    Box::new(problem.at(parser.source.span(at, at + len)))
}

/// White space the scanner accepts and JSON does not.
pub(super) fn foreign_space(parser: &Parser<'_, '_, '_, '_>, at: usize) -> Boxed {
    let character = parser.source.text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or_default();
    let code = u32::from(character);
    let problem = Problem::error(SYNTAX, format!("the character U+{code:04X} is no white space in JSON"));
    let span = parser.source.span(at, at + character.len_utf8());
    Box::new(problem.at(span).help("replace it by a space; it often comes with text copied from a web page"))
}

/// One level more than may be nested.
pub(super) fn too_deep(parser: &Parser<'_, '_, '_, '_>) -> Boxed {
    let problem = Problem::error("json-too-deep", format!("nested deeper than {MAX_DEPTH} levels"));
    at_token(parser, problem.help("no policy or export needs this; check what wrote the file"))
}

/// A key that an object has already.
pub(super) fn duplicate(source: &Source<'_>, first: &Entry, second: &Entry) -> Problem {
    let key = quote(&first.key.value);
    let (before, after) = (source.position(first.key.span.start), source.position(second.key.span.start));
    let place = if before.line == after.line {
        format!("at column {} of the same line", before.column)
    } else {
        format!("on line {}", before.line)
    };
    let whose = if source.is_embedded() { " of the embedded document" } else { "" };
    let message = format!("the key `{key}` stands twice in one object; the first is {place}{whose}");
    let problem = Problem::warning("json-duplicate-key", message).at(second.key.span);
    problem.label("the second").help("keep one of them: programs disagree on which of the two counts")
}

/// Documents that cannot be read, beyond those reported one by one.
pub(super) fn more_unread(count: usize) -> Problem {
    Problem::error(SYNTAX, format!("{count} more lines could not be read"))
        .help("check that the file holds one JSON document on each line")
}

/// Duplicate keys beyond those reported one by one.
pub(super) fn more_duplicates(count: usize) -> Problem {
    Problem::warning("json-duplicate-key", format!("{count} more keys stand twice in one object"))
}
