//! Reads the expression of a condition, the part of CEL that is understood here: comparisons of `resource.name`,
//! `resource.type`, `resource.service` and `request.time` with constants, and their combinations.
//!
//! Whatever else is well-formed becomes an opaque part; what is not is opaque as a whole. What an expression means is
//! not decided here. The language: <https://github.com/google/cel-spec/blob/master/doc/langdef.md>, the attributes:
//! <https://cloud.google.com/iam/docs/conditions-attribute-reference>.

use std::sync::Arc;

use super::ast::{Comparison, Expression, Key, Order};
use crate::text::{Located, Span, Text};

/// Longer expressions are opaque; the service accepts far shorter ones.
const MAX_LENGTH: usize = 8 * 1024;
/// Deeper nesting is opaque.
const MAX_DEPTH: usize = 48;

/// Reads an expression; `own` is the span of the string it stands in, quotes included.
pub(super) fn read(text: &Text, own: Span) -> Expression {
    let source = text.as_str();
    let whole = || Expression::Opaque(Located::new(text.shared(), own));
    if source.len() > MAX_LENGTH {
        return whole();
    }
    let Some(tokens) = tokenize(source) else { return whole() };
    let place = |start, end| text.source_span(own, start, end);
    let mut reader = Reader { tokens: &tokens, at: 0, depth: 0, source, place: &place };
    match reader.disjunction() {
        Some(operand) if reader.at == tokens.len() => reader.truth(operand),
        _ => whole(),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number,
    Sign(&'static str),
}

/// A token with the bytes it stands on.
#[derive(Clone, Debug)]
struct Piece {
    token: Token,
    start: usize,
    end: usize,
}

/// Longer signs first.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", "{", "}", ".", ",", "+", "-", "*",
    "/", "%", "?", ":",
];

/// The tokens; `None` when the text is no CEL or uses a literal that is not read here.
fn tokenize(source: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = source;
    loop {
        rest = rest.trim_start();
        let start = source.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Some(pieces) };
        let (token, tail) = if rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, tail)| tail);
            continue;
        } else if let Some((text, tail)) = text_literal(rest) {
            (Token::Text(text), tail)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (word, tail) = rest.split_at_checked(end)?;
            if tail.starts_with(['"', '\'']) {
                return None;
            }
            (Token::Word(word.to_owned()), tail)
        } else if first.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len());
            (Token::Number, rest.split_at_checked(end)?.1)
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign))?;
            (Token::Sign(sign), rest.strip_prefix(sign)?)
        };
        pieces.push(Piece { token, start, end: source.len() - tail.len() });
        rest = tail;
    }
}

/// A string literal at the beginning, decoded, and what follows. Triple quotes and bytes are not read.
fn text_literal(source: &str) -> Option<(String, &str)> {
    let (raw, body) = match source.strip_prefix(['r', 'R']) {
        Some(body) if body.starts_with(['"', '\'']) => (true, body),
        _ => (false, source),
    };
    let quote = body.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let triple: String = std::iter::repeat_n(quote, 3).collect();
    if body.starts_with(&triple) {
        return None;
    }
    let mut value = String::new();
    let mut rest = body.strip_prefix(quote)?.chars();
    loop {
        match rest.next()? {
            c if c == quote => return Some((value, rest.as_str())),
            '\n' | '\r' => return None,
            '\\' if !raw => value.push(escape(&mut rest)?),
            c => value.push(c),
        }
    }
}

/// The character that an escape sequence stands for.
fn escape(rest: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let digits: String = rest.by_ref().take(4).collect();
            let is_code = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_code.then(|| u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32))??
        }
        c @ ('\\' | '"' | '\'' | '`' | '?') => c,
        _ => return None,
    })
}

/// A part of an expression that is being read.
struct Operand {
    value: Value,
    start: usize,
    end: usize,
}

enum Value {
    Truth(Expression),
    Text(String),
    Instant(i64),
    Key(Key),
    Now,
    /// Well-formed, but not understood.
    Other,
}

struct Reader<'a> {
    tokens: &'a [Piece],
    at: usize,
    depth: usize,
    source: &'a str,
    place: &'a dyn Fn(usize, usize) -> Span,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|piece| &piece.token)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(own)) if *own == sign);
        self.at += usize::from(found);
        found
    }

    fn start(&self) -> usize {
        self.tokens.get(self.at).map_or(self.source.len(), |piece| piece.start)
    }

    fn end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |piece| piece.end)
    }

    /// The operand as a yes-or-no expression; opaque if it is something else.
    fn truth(&self, operand: Operand) -> Expression {
        match operand.value {
            Value::Truth(expression) => expression,
            _ => self.opaque(operand.start, operand.end),
        }
    }

    fn opaque(&self, start: usize, end: usize) -> Expression {
        let text: Arc<str> = self.source.get(start..end).unwrap_or(self.source).into();
        Expression::Opaque(Located::new(text, (self.place)(start, end)))
    }

    fn disjunction(&mut self) -> Option<Operand> {
        self.chain("||", Self::conjunction, Expression::Or)
    }

    fn conjunction(&mut self) -> Option<Operand> {
        self.chain("&&", Self::relation, Expression::And)
    }

    fn chain(
        &mut self,
        sign: &str,
        part: fn(&mut Self) -> Option<Operand>,
        join: fn(Box<Expression>, Box<Expression>) -> Expression,
    ) -> Option<Operand> {
        let mut left = part(self)?;
        while self.take(sign) {
            let right = part(self)?;
            let (start, end) = (left.start, right.end);
            let joined = join(Box::new(self.truth(left)), Box::new(self.truth(right)));
            left = Operand { value: Value::Truth(joined), start, end };
        }
        Some(left)
    }

    fn relation(&mut self) -> Option<Operand> {
        let left = self.negation()?;
        let signs = ["==", "!=", "<=", ">=", "<", ">"];
        let Some(sign) = signs.into_iter().find(|sign| self.take(sign)) else { return Some(left) };
        let right = self.negation()?;
        let (start, end) = (left.start, right.end);
        let value = compare(sign, &left.value, &right.value)
            .map_or_else(|| Value::Truth(self.opaque(start, end)), Value::Truth);
        Some(Operand { value, start, end })
    }

    fn negation(&mut self) -> Option<Operand> {
        let start = self.start();
        if !self.take("!") {
            return self.primary();
        }
        self.nested(|reader| {
            let inner = reader.negation()?;
            let end = inner.end;
            let value = Value::Truth(Expression::Not(Box::new(reader.truth(inner))));
            Some(Operand { value, start, end })
        })
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<Operand>) -> Option<Operand> {
        self.depth += 1;
        let result = if self.depth <= MAX_DEPTH { read(self) } else { None };
        self.depth -= 1;
        result
    }

    /// A constant, a path with calls, or an expression in parentheses.
    fn primary(&mut self) -> Option<Operand> {
        let start = self.start();
        if self.take("(") {
            let inner = self.nested(Self::disjunction)?;
            let closed = self.take(")");
            let value = inner.value;
            return closed.then(|| Operand { value, start, end: self.end() });
        }
        let value = match self.peek()?.clone() {
            Token::Text(text) => {
                self.at += 1;
                Value::Text(text)
            }
            Token::Number => {
                self.at += 1;
                Value::Other
            }
            Token::Word(word) => {
                self.at += 1;
                self.path(word)?
            }
            Token::Sign(_) => return None,
        };
        Some(Operand { value, start, end: self.end() })
    }

    /// What begins with a word: `true`, `resource.name`, `timestamp("…")`, `resource.name.startsWith("…")`.
    fn path(&mut self, first: String) -> Option<Value> {
        let mut words = vec![first];
        loop {
            if self.take(".") {
                let Some(Token::Word(word)) = self.peek().cloned() else { return None };
                self.at += 1;
                words.push(word);
            } else if self.take("(") {
                let arguments = self.arguments()?;
                let value = call(&words, &arguments);
                let continues = matches!(self.peek(), Some(Token::Sign("." | "(" | "[")));
                if !continues {
                    return Some(value);
                }
                words = vec![String::new()];
            } else if self.take("[") {
                self.nested(Self::disjunction)?;
                if !self.take("]") {
                    return None;
                }
                words = vec![String::new()];
            } else {
                break;
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Some(match words.as_slice() {
            ["true"] => Value::Truth(Expression::Constant(true)),
            ["false"] => Value::Truth(Expression::Constant(false)),
            ["request", "time"] => Value::Now,
            words => key(words).map_or(Value::Other, Value::Key),
        })
    }

    /// The arguments of a call, of which the opening parenthesis has been taken.
    fn arguments(&mut self) -> Option<Vec<Value>> {
        let mut arguments = Vec::new();
        if self.take(")") {
            return Some(arguments);
        }
        loop {
            arguments.push(self.nested(Self::disjunction)?.value);
            if self.take(")") {
                return Some(arguments);
            }
            if !self.take(",") {
                return None;
            }
        }
    }
}

fn key(words: &[&str]) -> Option<Key> {
    match words {
        ["resource", "name"] => Some(Key::Name),
        ["resource", "type"] => Some(Key::Type),
        ["resource", "service"] => Some(Key::Service),
        _ => None,
    }
}

fn call(words: &[String], arguments: &[Value]) -> Value {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match (words.as_slice(), arguments) {
        (["timestamp"], [Value::Text(text)]) => instant(text).map_or(Value::Other, Value::Instant),
        (["date"], [Value::Text(text)]) => {
            instant(&format!("{text}T00:00:00Z")).map_or(Value::Other, Value::Instant)
        }
        ([path @ .., "startsWith"], [Value::Text(text)]) => test(path, Comparison::StartsWith, text),
        ([path @ .., "endsWith"], [Value::Text(text)]) => test(path, Comparison::EndsWith, text),
        _ => Value::Other,
    }
}

fn test(path: &[&str], comparison: Comparison, text: &str) -> Value {
    key(path).map_or(Value::Other, |key| Value::Truth(Expression::Text(key, comparison, text.to_owned())))
}

/// Microseconds since the Unix epoch of a time in RFC 3339; `None` also for a finer fraction, which would be rounded.
pub(super) fn instant(text: &str) -> Option<i64> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    (timestamp.subsec_nanosecond() % 1000 == 0).then(|| timestamp.as_microsecond())
}

fn compare(sign: &str, left: &Value, right: &Value) -> Option<Expression> {
    let text = |key: Key, text: &str| Expression::Text(key, Comparison::Equals, text.to_owned());
    let equal = match (left, right) {
        (Value::Key(name), Value::Text(value)) | (Value::Text(value), Value::Key(name)) => text(*name, value),
        (Value::Now, Value::Instant(instant)) => return time(sign, *instant),
        (Value::Instant(instant), Value::Now) => return time(mirrored(sign), *instant),
        _ => return None,
    };
    match sign {
        "==" => Some(equal),
        "!=" => Some(Expression::Not(Box::new(equal))),
        _ => None,
    }
}

fn time(sign: &str, instant: i64) -> Option<Expression> {
    let order = match sign {
        "<" => Order::Before,
        "<=" => Order::NotAfter,
        "==" | "!=" => Order::At,
        ">=" => Order::NotBefore,
        ">" => Order::After,
        _ => return None,
    };
    let test = Expression::Time(order, instant);
    Some(if sign == "!=" { Expression::Not(Box::new(test)) } else { test })
}

fn mirrored(sign: &str) -> &str {
    match sign {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Files;

    fn read_text(source: &str) -> Expression {
        let file = Files::default().add("x", "");
        read(&Text::verbatim(source), Span::new(file, 0, source.len() as u32 + 2))
    }

    fn opaques(expression: &Expression) -> Vec<String> {
        let mut found = Vec::new();
        expression.for_each_opaque(&mut |part| found.push(part.value.to_string()));
        found
    }

    #[test]
    fn the_subset_is_read() {
        let read =
            read_text(r#"resource.name.startsWith("projects/_/buckets/b") && !(resource.type == 'x')"#);
        let left = Expression::Text(Key::Name, Comparison::StartsWith, "projects/_/buckets/b".into());
        let right = Expression::Text(Key::Type, Comparison::Equals, "x".into());
        assert_eq!(read, Expression::And(Box::new(left), Box::new(Expression::Not(Box::new(right)))));
        let time = read_text(r#"timestamp("1970-01-01T00:00:01Z") > request.time"#);
        assert_eq!(time, Expression::Time(Order::Before, 1_000_000));
        let escaped = read_text(r#"resource.name == "a\"\u0062""#);
        assert_eq!(escaped, Expression::Text(Key::Name, Comparison::Equals, "a\"b".into()));
    }

    #[test]
    fn what_is_not_understood_is_opaque_in_its_place() {
        let read = read_text(r#"resource.matchTag("1/env", "prod") || resource.service == "s""#);
        assert!(matches!(read, Expression::Or(..)));
        assert_eq!(opaques(&read), [r#"resource.matchTag("1/env", "prod")"#]);
        let hours = read_text(r#"request.time.getHours("Europe/Berlin") >= 9 && true"#);
        assert_eq!(opaques(&hours), [r#"request.time.getHours("Europe/Berlin") >= 9"#]);
        assert_eq!(opaques(&read_text(r#"resource.name.extract("x/{y}").startsWith("q")"#)).len(), 1);
        assert_eq!(opaques(&read_text(r#"resource.name"#)).len(), 1);
    }

    #[test]
    fn broken_or_hostile_text_is_opaque_as_a_whole() {
        for source in
            ["", "true &&", "(true", "\"open", "a ? b : c", "x in ['a']", "`x`", "@", "resource.name = 'x'"]
        {
            assert_eq!(opaques(&read_text(source)), [source], "{source}");
        }
        let deep = format!("{}true{}", "(".repeat(5000), ")".repeat(5000));
        assert_eq!(opaques(&read_text(&deep)).len(), 1);
        let negations = format!("{}true", "!".repeat(5000));
        assert_eq!(opaques(&read_text(&negations)).len(), 1);
        assert_eq!(opaques(&read_text(&"a||".repeat(9000))).len(), 1);
    }

    #[test]
    fn finer_times_than_the_kernel_knows_are_not_rounded() {
        assert_eq!(opaques(&read_text("request.time < timestamp('2026-01-01T00:00:00.0000001Z')")).len(), 1);
    }

    #[test]
    fn opaque_parts_have_their_place() {
        let Expression::And(_, right) = read_text("true && f(1)") else { panic!() };
        let Expression::Opaque(part) = *right else { panic!() };
        assert_eq!((part.span.start, part.span.end), (9, 13));
    }
}
