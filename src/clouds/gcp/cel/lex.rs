//! From text to tokens: <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>.

use super::parse::SyntaxError;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name or a word of the language.
    Word(String),
    /// A name in backquotes, for fields that are no plain words.
    Quoted(String),
    Int(u64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Sign(&'static str),
}

/// A token with the bytes it stands on.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) token: Token,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Longer signs first.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", "{", "}", ".", ",", "+", "-", "*",
    "/", "%", "?", ":",
];

/// The tokens of a text.
pub(super) fn tokens(source: &str) -> Result<Vec<Piece>, SyntaxError> {
    let mut pieces = Vec::new();
    let mut rest = source;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, tail)| tail);
            continue;
        }
        if rest.is_empty() {
            return Ok(pieces);
        }
        let start = source.len() - rest.len();
        let wrong = || SyntaxError { message: "no token of the language".to_owned(), at: start };
        let (token, tail) = token(rest).ok_or_else(wrong)?;
        pieces.push(Piece { token, start, end: source.len() - tail.len() });
        rest = tail;
    }
}

fn token(rest: &str) -> Option<(Token, &str)> {
    if let Some(prefix) = text_prefix(rest) {
        return text(rest, prefix);
    }
    let first = rest.chars().next()?;
    if first.is_ascii_alphabetic() || first == '_' {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (word, tail) = rest.split_at_checked(end)?;
        return Some((Token::Word(word.to_owned()), tail));
    }
    if let Some(quoted) = rest.strip_prefix('`') {
        let (name, tail) = quoted.split_once('`')?;
        let fits = |c: char| c.is_ascii_alphanumeric() || "_.-/ ".contains(c);
        return (!name.is_empty() && name.chars().all(fits)).then(|| (Token::Quoted(name.to_owned()), tail));
    }
    let is_fraction = |text: &str| {
        text.strip_prefix('.').is_some_and(|tail| tail.starts_with(|c: char| c.is_ascii_digit()))
    };
    if first.is_ascii_digit() || is_fraction(rest) {
        return number(rest);
    }
    let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
    Some((Token::Sign(sign), rest.strip_prefix(sign)?))
}

fn number(source: &str) -> Option<(Token, &str)> {
    let (token, tail) = match source.strip_prefix("0x").or_else(|| source.strip_prefix("0X")) {
        Some(hex) => {
            let (digits, tail) = split_while(hex, |c| c.is_ascii_hexdigit());
            whole(u64::from_str_radix(digits, 16).ok()?, tail)
        }
        None => decimal(source)?,
    };
    let ends = !tail.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    ends.then_some((token, tail))
}

/// A whole number, without a sign if it ends in `u`.
fn whole(value: u64, tail: &str) -> (Token, &str) {
    match tail.strip_prefix(['u', 'U']) {
        Some(tail) => (Token::Uint(value), tail),
        None => (Token::Int(value), tail),
    }
}

fn decimal(source: &str) -> Option<(Token, &str)> {
    let is_digit = |c: char| c.is_ascii_digit();
    let (digits, mut tail) = split_while(source, is_digit);
    let mut is_double = false;
    if let Some(after) = tail.strip_prefix('.').filter(|after| after.starts_with(is_digit)) {
        (is_double, tail) = (true, split_while(after, is_digit).1);
    }
    if let Some(after) = tail.strip_prefix(['e', 'E']) {
        let after = after.strip_prefix(['+', '-']).unwrap_or(after);
        let (exponent, rest) = split_while(after, is_digit);
        if exponent.is_empty() {
            return None;
        }
        (is_double, tail) = (true, rest);
    }
    if is_double {
        let text = source.strip_suffix(tail)?;
        return Some((Token::Double(text.parse().ok()?), tail));
    }
    Some(whole(digits.parse().ok()?, tail))
}

fn split_while(source: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    let end = source.find(|c: char| !keep(c)).unwrap_or(source.len());
    source.split_at_checked(end).unwrap_or((source, ""))
}

/// What stands before the quote of a text.
#[derive(Clone, Copy, Default)]
struct Prefix {
    raw: bool,
    bytes: bool,
    length: usize,
}

fn text_prefix(source: &str) -> Option<Prefix> {
    let mut prefix = Prefix::default();
    for c in source.chars() {
        match c {
            'r' | 'R' if !prefix.raw => prefix.raw = true,
            'b' | 'B' if !prefix.bytes => prefix.bytes = true,
            '"' | '\'' => return Some(prefix),
            _ => return None,
        }
        prefix.length += 1;
    }
    None
}

/// A text or bytes, decoded, and what follows.
fn text(source: &str, prefix: Prefix) -> Option<(Token, &str)> {
    let body = source.get(prefix.length..)?;
    let quote = body.chars().next()?;
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    let (end, is_triple) = match body.starts_with(&triple) {
        true => (triple, true),
        false => (quote.to_string(), false),
    };
    let mut rest = body.strip_prefix(end.as_str())?;
    let mut decoded = Decoded { text: String::new(), bytes: Vec::new(), is_bytes: prefix.bytes };
    loop {
        if let Some(tail) = rest.strip_prefix(end.as_str()) {
            let Decoded { text, bytes, is_bytes } = decoded;
            return Some((if is_bytes { Token::Bytes(bytes) } else { Token::Text(text) }, tail));
        }
        let mut chars = rest.chars();
        match chars.next()? {
            '\n' | '\r' if !is_triple => return None,
            '\\' if !prefix.raw => decoded.escape(&mut chars)?,
            '\\' => {
                // Raw text keeps the backslash and whatever follows it, a quote included.
                decoded.push('\\');
                decoded.push(chars.next()?);
            }
            c => decoded.push(c),
        }
        rest = chars.as_str();
    }
}

struct Decoded {
    text: String,
    bytes: Vec<u8>,
    is_bytes: bool,
}

impl Decoded {
    fn push(&mut self, c: char) {
        if self.is_bytes {
            let mut buffer = [0; 4];
            self.bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        } else {
            self.text.push(c);
        }
    }

    /// An escape sequence after its backslash. In bytes, `\x` and octal digits stand for one byte.
    fn escape(&mut self, rest: &mut std::str::Chars<'_>) -> Option<()> {
        let first = rest.next()?;
        let simple = match first {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\\' | '?' | '"' | '\'' | '`' => first,
            'x' | 'X' => return self.code(digits(rest, 2, 16)?),
            'u' if !self.is_bytes => return self.code(digits(rest, 4, 16)?),
            'U' if !self.is_bytes => return self.code(digits(rest, 8, 16)?),
            '0'..='3' => {
                let high = first.to_digit(8)?;
                return self.code(high * 64 + digits(rest, 2, 8)?);
            }
            _ => return None,
        };
        self.push(simple);
        Some(())
    }

    fn code(&mut self, code: u32) -> Option<()> {
        if self.is_bytes {
            self.bytes.push(u8::try_from(code).ok()?);
        } else {
            self.text.push(char::from_u32(code)?);
        }
        Some(())
    }
}

fn digits(rest: &mut std::str::Chars<'_>, count: usize, radix: u32) -> Option<u32> {
    (0..count).try_fold(0u32, |value, _| {
        let digit = rest.next()?.to_digit(radix)?;
        value.checked_mul(radix)?.checked_add(digit)
    })
}
