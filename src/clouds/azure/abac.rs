//! Reads conditions of role assignments and roles.
//!
//! A comparison that is not understood becomes an opaque part; text that is no condition is opaque as a whole, and so
//! is one that mixes `AND` and `OR` without parentheses, which the documentation calls ambiguous. What a condition
//! means is not decided here. The language, version 2.0:
//! <https://learn.microsoft.com/azure/role-based-access-control/conditions-format>.

use std::sync::Arc;

use super::condition::{Comparison, Condition, Expression, Key, Order, Quantifier, Test, TextTest};
use super::{names, times};
use crate::logic::Kind;
use crate::text::Span;

/// Longer conditions are opaque; the portal accepts 8 KB.
const MAX_LENGTH: usize = 16 * 1024;
/// Deeper nesting is opaque.
const MAX_DEPTH: usize = 64;

/// Where a condition stands in the user's files: from byte offsets of its text to places. Conditions of the catalog
/// stand nowhere.
pub(super) type Place<'a> = &'a dyn Fn(usize, usize) -> Option<Span>;

/// Reads a condition.
pub(super) fn read(source: &str, version: Option<&str>, place: Place<'_>) -> Condition {
    let whole = || Expression::Opaque(source.into(), place(0, source.len()));
    let known = version.is_none_or(is_known_version);
    let expression = match tokenize(source) {
        Some(tokens) if known && source.len() <= MAX_LENGTH => {
            let mut reader = Reader { tokens: &tokens, at: 0, depth: 0, source, place };
            reader.expression().filter(|_| reader.at == tokens.len()).unwrap_or_else(whole)
        }
        _ => whole(),
    };
    Condition { source: source.into(), expression }
}

/// Without a version it is 2.0, and Azure refuses 1.0:
/// <https://learn.microsoft.com/azure/role-based-access-control/conditions-troubleshoot>.
pub(super) fn is_known_version(version: &str) -> bool {
    version.is_empty() || version == "2.0"
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A word, an operator, a number or a GUID.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// `@Source[name]`
    Attribute(String, String),
    Sign(&'static str),
}

#[derive(Clone, Debug)]
struct Piece {
    token: Token,
    start: usize,
    end: usize,
}

const SIGNS: [&str; 8] = ["&&", "||", "!", "(", ")", "{", "}", ","];

/// The tokens; `None` when the text is no condition.
fn tokenize(source: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = source;
    loop {
        rest = rest.trim_start();
        let start = source.len() - rest.len();
        let Some(first) = rest.chars().next() else { return Some(pieces) };
        let (token, tail) = if first == '\'' {
            let (text, tail) = rest.strip_prefix('\'')?.split_once('\'')?;
            (Token::Text(text.to_owned()), tail)
        } else if first == '@' {
            let (source, tail) = rest.split_once('[')?;
            let (name, tail) = tail.split_once(']')?;
            (Token::Attribute(source.trim().to_owned(), name.trim().to_owned()), tail)
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (Token::Sign(sign), rest.strip_prefix(sign)?)
        } else {
            let end =
                rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.:".contains(c)).unwrap_or(rest.len());
            let (word, tail) = rest.split_at_checked(end).filter(|(word, _)| !word.is_empty())?;
            (Token::Word(word.to_owned()), tail)
        };
        pieces.push(Piece { token, start, end: source.len() - tail.len() });
        rest = tail;
    }
}

struct Reader<'a> {
    tokens: &'a [Piece],
    at: usize,
    depth: usize,
    source: &'a str,
    place: Place<'a>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|piece| &piece.token)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek()?.clone();
        self.at += 1;
        Some(token)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(own)) if *own == sign);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(own)) if own.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    /// Parts joined by one connective; two different ones need parentheses.
    fn expression(&mut self) -> Option<Expression> {
        let mut parts = vec![self.unary()?];
        let mut joined = None;
        loop {
            let word = if self.take("&&") || self.take_word("AND") {
                "AND"
            } else if self.take("||") || self.take_word("OR") {
                "OR"
            } else {
                break;
            };
            if *joined.get_or_insert(word) != word {
                return None;
            }
            parts.push(self.unary()?);
        }
        match joined {
            Some("AND") => Some(Expression::And(parts)),
            Some(_) => Some(Expression::Or(parts)),
            None => parts.pop(),
        }
    }

    fn unary(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let read = if self.take("!") || self.take_word("NOT") {
            self.unary().map(|inner| Expression::Not(Box::new(inner)))
        } else if self.take("(") {
            self.expression().filter(|_| self.take(")"))
        } else {
            self.atom()
        };
        self.depth -= 1;
        read
    }

    fn atom(&mut self) -> Option<Expression> {
        let start = self.at;
        let opaque = |reader: &Self| reader.opaque(start);
        match self.next()? {
            Token::Attribute(source, name) => {
                let Token::Word(operator) = self.next()? else { return None };
                let values = self.values()?;
                Some(comparison(&source, &name, &operator, &values).unwrap_or_else(|| opaque(self)))
            }
            Token::Word(word) if word.eq_ignore_ascii_case("Exists") => match self.next()? {
                Token::Attribute(source, name) => Some(
                    Key::new(&source, &name, Kind::Text).map_or_else(|| opaque(self), Expression::Exists),
                ),
                _ => None,
            },
            Token::Word(word) => {
                let patterns = self.values()?;
                let [Value::Text(pattern)] = patterns.as_slice() else { return Some(opaque(self)) };
                Some(match word.to_ascii_lowercase().as_str() {
                    "actionmatches" => Expression::Action(pattern.to_ascii_lowercase().into()),
                    "suboperationmatches" => Expression::SubOperation(pattern.as_str().into()),
                    _ => opaque(self),
                })
            }
            // A list on the left: read over it, and leave it open.
            Token::Sign("{") => {
                self.at = start;
                self.values()?;
                self.next()?;
                self.values()?;
                Some(opaque(self))
            }
            _ => None,
        }
    }

    /// One value, or a list in braces.
    fn values(&mut self) -> Option<Vec<Value>> {
        if !self.take("{") {
            return Some(vec![self.value()?]);
        }
        let mut values = Vec::new();
        loop {
            if self.take("}") {
                return Some(values);
            }
            values.push(self.value()?);
            let more = self.take(",");
            if !more && self.peek() != Some(&Token::Sign("}")) {
                return None;
            }
        }
    }

    fn value(&mut self) -> Option<Value> {
        match self.next()? {
            Token::Text(text) => Some(Value::Text(text)),
            Token::Word(word) => Some(Value::Word(word)),
            Token::Attribute(source, name) => Some(Value::Attribute(source, name)),
            Token::Sign(_) => None,
        }
    }

    /// What was read since token `start`, as a part that is not understood.
    fn opaque(&self, start: usize) -> Expression {
        let from = self.tokens.get(start).map_or(0, |piece| piece.start);
        let last = self.at.checked_sub(1).and_then(|last| self.tokens.get(last));
        let to = last.map_or(self.source.len(), |piece| piece.end);
        let text: Arc<str> = self.source.get(from..to).unwrap_or(self.source).into();
        Expression::Opaque(text, (self.place)(from, to))
    }
}

/// A value on the right of an operator.
#[derive(Debug)]
enum Value {
    Text(String),
    Word(String),
    /// Another attribute: `@Source[name]`
    Attribute(String, String),
}

fn comparison(source: &str, name: &str, operator: &str, values: &[Value]) -> Option<Expression> {
    let (quantifier, operator) = match operator.split_once(':') {
        Some((prefix, operator)) => (Some(quantifier(prefix)?), operator),
        None => (None, operator),
    };
    let (negated, operator) = operation(operator)?;
    let key = Key::new(source, name, operator.kind())?;
    let tests: Option<Vec<Test>> = values.iter().map(|value| operator.test(&key, value)).collect();
    let tests = tests.filter(|tests| !tests.is_empty() && (quantifier.is_some() || tests.len() == 1))?;
    // How many values another attribute has is not known, and neither is what the quantifiers make of them.
    let is_simple = quantifier.is_none() || !tests.iter().any(|test| matches!(test, Test::Other(..)));
    let wanted = tests.first()?.kind();
    let fits =
        key.kind == wanted || (key.kind == Kind::TextSet && wanted == Kind::Text && quantifier.is_some());
    if !fits || !is_simple {
        return None;
    }
    let comparison = Comparison { key, quantifier, negated, tests };
    comparison.can_be_said().then_some(Expression::Compare(comparison))
}

fn quantifier(prefix: &str) -> Option<Quantifier> {
    let (all_left, all_right) = match prefix.to_ascii_lowercase().as_str() {
        "foranyofanyvalues" => (false, false),
        "foranyofallvalues" => (false, true),
        "forallofanyvalues" => (true, false),
        "forallofallvalues" => (true, true),
        _ => return None,
    };
    Some(Quantifier { all_left, all_right })
}

/// An operator without `Not`.
#[derive(Clone, Copy)]
enum Operator {
    Text(TextTest, bool),
    Guid,
    Bool,
    Number(Order),
    Instant(Order),
}

impl Operator {
    fn kind(self) -> Kind {
        match self {
            Self::Text(..) | Self::Guid => Kind::Text,
            Self::Bool => Kind::Boolean,
            Self::Number(_) => Kind::Number,
            Self::Instant(_) => Kind::Instant,
        }
    }

    fn test(self, key: &Key, value: &Value) -> Option<Test> {
        let text = match value {
            Value::Text(text) | Value::Word(text) => text.as_str(),
            Value::Attribute(source, name) => return self.test_with(source, name),
        };
        Some(match self {
            Self::Text(test, ignore_case) if matches!(value, Value::Text(_)) => {
                Test::Text(test, ignore_case, text.into())
            }
            Self::Text(..) => return None,
            Self::Guid => Test::Guid(names::guid(text)?.into()),
            Self::Bool => Test::Bool(match text.to_ascii_lowercase().as_str() {
                "true" => true,
                "false" => false,
                _ => return None,
            }),
            // Times that are kept as numbers are no numbers to a condition.
            Self::Number(order) if !key.is_exact_time() => Test::Number(order, text.parse().ok()?),
            Self::Number(_) => return None,
            Self::Instant(order) if key.is_exact_time() => {
                Test::ExactInstant(order, times::exact_instant(text)?)
            }
            Self::Instant(order) => Test::Instant(order, times::instant(text)?),
        })
    }

    /// With another attribute, as the documentation compares custom security attributes with the tags of blobs:
    /// <https://learn.microsoft.com/azure/role-based-access-control/conditions-custom-security-attributes>.
    fn test_with(self, source: &str, name: &str) -> Option<Test> {
        let other = Key::new(source, name, Kind::Text).filter(|other| other.kind == Kind::Text)?;
        match self {
            Self::Text(how @ (TextTest::Equals | TextTest::StartsWith), ignore_case) => {
                Some(Test::Other(how, ignore_case, other))
            }
            _ => None,
        }
    }
}

/// The operator, and whether it is one of those that negate another.
fn operation(written: &str) -> Option<(bool, Operator)> {
    let folded = written.to_ascii_lowercase();
    let (family, rest) = ["string", "numeric", "datetime", "bool", "guid"]
        .into_iter()
        .find_map(|family| Some((family, folded.strip_prefix(family)?)))?;
    let (negated, rest) = rest.strip_prefix("not").map_or((false, rest), |rest| (true, rest));
    let operator = match family {
        "string" => {
            let (rest, ignore_case) =
                rest.strip_suffix("ignorecase").map_or((rest, false), |rest| (rest, true));
            let test = match rest {
                "equals" => TextTest::Equals,
                "startswith" => TextTest::StartsWith,
                "like" => TextTest::Like,
                _ => return None,
            };
            Operator::Text(test, ignore_case)
        }
        "guid" if rest == "equals" => Operator::Guid,
        "bool" if rest == "equals" => Operator::Bool,
        "numeric" => Operator::Number(order(rest, negated)?),
        "datetime" => Operator::Instant(order(rest, negated)?),
        _ => return None,
    };
    Some((negated, operator))
}

/// Only equality has a negation of its own.
fn order(word: &str, negated: bool) -> Option<Order> {
    let order = match word {
        "equals" => Order::Equal,
        "lessthan" => Order::Less,
        "lessthanequals" => Order::LessOrEqual,
        "greaterthan" => Order::Greater,
        "greaterthanequals" => Order::GreaterOrEqual,
        _ => return None,
    };
    (!negated || order == Order::Equal).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clouds::azure::catalog;
    use crate::text::Files;

    fn read_text(source: &str) -> Expression {
        let file = Files::default().add("x", "");
        read(source, None, &|from, to| Some(Span::new(file, from as u32, to as u32))).expression
    }

    fn opaques(source: &str) -> Vec<String> {
        let mut found = Vec::new();
        read_text(source).for_each_opaque(&mut |part, _| found.push(part.to_owned()));
        found
    }

    #[test]
    fn the_documented_shape_is_read() {
        let read = read_text(
            "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'} AND NOT SubOperationMatches{'Blob.List'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'public'))",
        );
        let Expression::Or(parts) = read else { panic!("{read:?}") };
        assert!(
            matches!(&parts[0], Expression::Not(inner) if matches!(&**inner, Expression::And(both) if both.len() == 2))
        );
        let Expression::Compare(compare) = &parts[1] else { panic!() };
        assert_eq!(compare.tests, [Test::Text(TextTest::Equals, false, "public".into())]);
    }

    #[test]
    fn operators_of_all_kinds_are_read() {
        for (source, negated, first) in [
            ("@Request[x] StringNotLikeIgnoreCase 'a*'", true, Test::Text(TextTest::Like, true, "a*".into())),
            ("@Request[x] NumericGreaterThanEquals 7", false, Test::Number(Order::GreaterOrEqual, 7)),
            ("@Request[x] numericNotEquals '-1'", true, Test::Number(Order::Equal, -1)),
            (
                "@Environment[UtcNow] DateTimeLessThan '1970-01-01T00:00:01.0Z'",
                false,
                Test::Instant(Order::Less, 1_000_000),
            ),
            ("@Resource[HasObotoken] boolequals true", false, Test::Bool(true)),
        ] {
            let Expression::Compare(compare) = read_text(source) else { panic!("{source}") };
            assert_eq!((compare.negated, &compare.tests[0]), (negated, &first), "{source}");
        }
        let guids = read_text(
            "@Request[a:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals{4bad4d9e2a13488894bbc8432f6f3040, 8e3af657-a8ff-443c-a75c-2fe8c4bcb635}",
        );
        let Expression::Compare(compare) = guids else { panic!() };
        assert_eq!(compare.quantifier, Some(Quantifier { all_left: false, all_right: false }));
        assert_eq!(compare.tests[0], Test::Guid("4bad4d9e-2a13-4888-94bb-c8432f6f3040".into()));
    }

    #[test]
    fn what_is_not_understood_is_opaque_in_its_place() {
        assert_eq!(
            opaques("@Request[x] StringMatches '.*' AND Exists @Request[y]"),
            ["@Request[x] StringMatches '.*'"]
        );
        assert_eq!(opaques("@Request[x] StringEquals {'a', 'b'}"), ["@Request[x] StringEquals {'a', 'b'}"]);
        for with_another in [
            "@Principal[x] StringLike @Resource[y]",
            "@Principal[x] NumericEquals @Resource[y]",
            "@Resource[y] ForAnyOfAnyValues:StringEquals @Principal[x]",
            "@Principal[x] StringEquals @Environment[UtcNow]",
            "@Principal[x] StringEquals @Resource[Microsoft.Storage/storageAccounts:name]",
        ] {
            assert_eq!(opaques(with_another), [with_another]);
        }
        let version = "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:versionId]";
        assert_eq!(opaques(&format!("{version} NumericEquals 7")).len(), 1);
        assert_eq!(opaques(&format!("{version} DateTimeEquals '2022-06-01T23:38:32.8883645Z'")), [""; 0]);
        assert_eq!(opaques("{'a'} ForAnyOfAnyValues:StringEquals {'a'}").len(), 1);
        assert_eq!(opaques("@Environment[isPrivateLink] StringEquals 'true'").len(), 1);
    }

    #[test]
    fn broken_or_hostile_text_is_opaque_as_a_whole() {
        for source in [
            "",
            "AND",
            "(a",
            "@Request[x] StringEquals",
            "@Request[x",
            "'open",
            "%",
            "Exists",
            "ActionMatches{'a'",
            "ActionMatches{'a'} AND ActionMatches{'b'} OR ActionMatches{'c'}",
        ] {
            assert_eq!(opaques(source), [source], "{source}");
        }
        assert_eq!(opaques(&format!("{}Exists @Request[x]{}", "(".repeat(5000), ")".repeat(5000))).len(), 1);
        assert_eq!(opaques(&"!".repeat(9000)).len(), 1);
        assert_eq!(opaques(&"(".repeat(20_000)).len(), 1);
    }

    #[test]
    fn every_condition_of_the_built_in_roles_is_read() {
        let mut seen = 0;
        for block in catalog::current().roles().flat_map(catalog::Role::blocks) {
            let Some(source) = block.condition() else { continue };
            seen += 1;
            assert_eq!(opaques(source), [""; 0], "{source}");
        }
        assert_eq!(seen, 31);
    }
}
