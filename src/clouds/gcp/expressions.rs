//! Reads the expression of a condition: which parts of it can be decided for all requests at once.
//!
//! Comparisons of the documented attributes with constants are tests; whatever else is well-formed stays an opaque
//! part, and what is no expression is opaque as a whole. What a test means is decided in `conditions` and, on its
//! own, in `truth`. The attributes: <https://cloud.google.com/iam/docs/conditions-attribute-reference>.

use std::sync::Arc;

use super::ast::{Comparison, Expression, Key, Leaf, Order, SetKey, TagKey, Template, Test};
use super::cel::syntax::{Each, EachKind, Expr, ExprKind, Sign};
use super::cel::{self, Environment, Failure, Part, Value, Zone};
use super::{regexes, types};
use crate::text::{Located, Span, Text};

/// Reads an expression; `own` is the span of the string it stands in, quotes included.
pub(super) fn read(text: &Text, own: Span) -> Expression {
    let Ok(tree) = cel::parse(text.as_str()) else {
        return Expression::Opaque(Located::new(text.shared(), own));
    };
    Reader { text, own }.truth(&tree)
}

/// Microseconds since the Unix epoch of a time in RFC 3339; `None` also for a finer fraction, which would be rounded.
pub(super) fn instant(text: &str) -> Option<i64> {
    micros(cel::timestamp(text)?)
}

fn micros(nanos: i128) -> Option<i64> {
    (nanos % 1000 == 0).then(|| i64::try_from(nanos / 1000).ok())?
}

/// How many elements of a list are written out.
const MOST_ELEMENTS: usize = 100;

struct Reader<'a> {
    text: &'a Text,
    own: Span,
}

/// What is compared.
enum Term {
    Text(Key),
    Extract(Key, Template),
    /// `request.time` and so many nanoseconds.
    Time(i128),
    Calendar(Part, String),
    Year(String),
    Port,
    Set(SetKey),
    /// The number of characters of a text, or of what is taken out of it.
    Size(Key, Option<Template>),
}

impl Reader<'_> {
    fn truth(&self, tree: &Expr) -> Expression {
        if let Some(Value::Bool(value)) = constant(tree) {
            return Expression::Constant(value);
        }
        let all = |parts: &[Expr]| parts.iter().map(|part| self.truth(part)).collect();
        let read = match &tree.kind {
            ExprKind::Not(inner) => Some(not(self.truth(inner))),
            ExprKind::And(parts) => Some(Expression::And(all(parts))),
            ExprKind::Or(parts) => Some(Expression::Or(all(parts))),
            ExprKind::Binary(sign, left, right) => self.relation(*sign, left, right),
            ExprKind::Choice(condition, then, otherwise) => {
                let parts = [condition, then, otherwise].map(|part| self.truth(part));
                Some(Expression::Choice(Box::new(parts)))
            }
            ExprKind::Each(each) => self.each(each),
            ExprKind::Call(Some(target), name, arguments) => call(target, name, arguments),
            _ => None,
        };
        read.unwrap_or_else(|| self.opaque(tree))
    }

    /// `exists` and `all` over a list of constants are what `||` and `&&` make of the element put in one after another:
    /// <https://github.com/google/cel-spec/blob/master/doc/langdef.md#macros>. A part that is not understood would lose
    /// its element, so then the whole is not.
    fn each(&self, each: &Each) -> Option<Expression> {
        let Some(Value::List(items)) = constant(&each.range) else { return None };
        if items.len() > MOST_ELEMENTS {
            return None;
        }
        let parts: Vec<Expression> =
            items.iter().map(|item| self.truth(&each.body.with(&each.variable, item))).collect();
        let mut understood = true;
        let mut note = |leaf: Leaf<'_>| understood &= !matches!(leaf, Leaf::Opaque(_));
        parts.iter().for_each(|part| part.for_each(&mut note));
        match each.kind {
            _ if !understood => None,
            EachKind::All => Some(Expression::And(parts)),
            EachKind::Exists => Some(Expression::Or(parts)),
            EachKind::ExistsOne | EachKind::Map | EachKind::Filter => None,
        }
    }

    fn opaque(&self, tree: &Expr) -> Expression {
        let source = self.text.as_str();
        let part: Arc<str> = source.get(tree.start..tree.end).unwrap_or(source).into();
        Expression::Opaque(Located::new(part, self.text.source_span(self.own, tree.start, tree.end)))
    }

    fn relation(&self, sign: Sign, left: &Expr, right: &Expr) -> Option<Expression> {
        match (constant(left), constant(right)) {
            (None, Some(value)) => self.with_constant(sign, left, &value),
            // `"level" in request.auth.access_levels` is the one relation that does not turn around.
            (Some(value), None) if sign == Sign::In => match (term(right)?, value) {
                (Term::Set(set), Value::String(text)) => Some(holds(set, text)),
                _ => None,
            },
            (Some(value), None) => self.with_constant(mirrored(sign)?, right, &value),
            _ => None,
        }
    }

    fn with_constant(&self, sign: Sign, tree: &Expr, value: &Value) -> Option<Expression> {
        if let (Sign::Equal | Sign::NotEqual, Value::Bool(wanted)) = (sign, value) {
            let truth = self.truth(tree);
            return Some(if (sign == Sign::Equal) == *wanted { truth } else { not(truth) });
        }
        let term = term(tree)?;
        match (sign, value) {
            (Sign::NotEqual, value) => compare(Sign::Equal, &term, value).map(not),
            (Sign::In, Value::List(items)) => {
                let tests: Option<Vec<Expression>> =
                    items.iter().map(|item| compare(Sign::Equal, &term, item)).collect();
                Some(Expression::Or(tests?))
            }
            (sign, value) => compare(sign, &term, value),
        }
    }
}

fn not(expression: Expression) -> Expression {
    Expression::Not(Box::new(expression))
}

fn holds(set: SetKey, text: String) -> Expression {
    Expression::Test(Test::Holds(set, text))
}

/// The sign when the two sides change places.
fn mirrored(sign: Sign) -> Option<Sign> {
    Some(match sign {
        Sign::Less => Sign::Greater,
        Sign::AtMost => Sign::AtLeast,
        Sign::Greater => Sign::Less,
        Sign::AtLeast => Sign::AtMost,
        Sign::Equal | Sign::NotEqual => sign,
        _ => return None,
    })
}

/// The value of a part that does not ask for anything of the request.
fn constant(tree: &Expr) -> Option<Value> {
    cel::evaluate(tree, &Constants).ok()
}

/// What IAM adds to the language that does not depend on a request: `date("2027-01-31")` is the midnight before,
/// <https://cloud.google.com/iam/docs/conditions-attribute-reference#date-time>.
struct Constants;

impl Environment for Constants {
    fn call(
        &self,
        path: Option<&str>,
        target: Option<&Value>,
        name: &str,
        arguments: &[Value],
    ) -> Option<Result<Value, Failure>> {
        added(path, target, name, arguments)
    }
}

/// The functions of IAM that are about values only.
pub(super) fn added(
    path: Option<&str>,
    target: Option<&Value>,
    name: &str,
    arguments: &[Value],
) -> Option<Result<Value, Failure>> {
    match (path, target, name, arguments) {
        (None, None, "date", [Value::String(text)]) => {
            let midnight = (text.len() == 10).then(|| cel::timestamp(&format!("{text}T00:00:00Z")));
            let wrong = || Failure::Error("no date".to_owned());
            Some(midnight.flatten().map(Value::Timestamp).ok_or_else(wrong))
        }
        _ => None,
    }
}

/// What a part of an expression stands for, if it is an attribute of the request.
fn term(tree: &Expr) -> Option<Term> {
    if let Some(path) = tree.path() {
        return path_term(&path);
    }
    match &tree.kind {
        ExprKind::Binary(sign @ (Sign::Add | Sign::Subtract), left, right) => {
            let (time, length) = match (term(left), constant(right)) {
                (Some(Term::Time(time)), Some(Value::Duration(length))) => (time, length),
                _ => match (constant(left), term(right), sign) {
                    (Some(Value::Duration(length)), Some(Term::Time(time)), Sign::Add) => (time, length),
                    _ => return None,
                },
            };
            time.checked_add(if *sign == Sign::Add { length } else { -length }).map(Term::Time)
        }
        ExprKind::Call(Some(target), name, arguments) => called_term(target, name, arguments),
        ExprKind::Call(None, name, arguments) => match (name.as_str(), arguments.as_slice()) {
            ("size", [text]) => size(term(text)?),
            _ => None,
        },
        _ => None,
    }
}

fn path_term(path: &str) -> Option<Term> {
    Some(match path {
        "resource.name" => Term::Text(Key::Name),
        "resource.type" => Term::Text(Key::Type),
        "resource.service" => Term::Text(Key::Service),
        "request.time" => Term::Time(0),
        "request.path" => Term::Text(Key::Carried("request.path")),
        "request.host" => Term::Text(Key::Carried("request.host")),
        "destination.ip" => Term::Text(Key::Carried("destination.ip")),
        "destination.port" => Term::Port,
        "request.auth.access_levels" => Term::Set(SetKey::AccessLevels),
        "principal.type" => Term::Text(Key::PrincipalType),
        "principal.subject" => Term::Text(Key::PrincipalSubject),
        _ => return None,
    })
}

fn called_term(target: &Expr, name: &str, arguments: &[Expr]) -> Option<Term> {
    let constants: Option<Vec<Value>> = arguments.iter().map(constant).collect();
    let constants = constants?;
    if target.path().as_deref() == Some("api") && name == "getAttribute" {
        return match constants.as_slice() {
            [Value::String(name), Value::String(default)] => {
                Some(Term::Text(Key::Api(name.clone(), default.clone())))
            }
            [Value::String(name), Value::List(default)] => {
                Some(Term::Set(SetKey::Api(name.clone(), texts(default)?)))
            }
            _ => None,
        };
    }
    match (term(target)?, name, constants.as_slice()) {
        (Term::Text(key), "extract", [Value::String(template)]) => {
            let plain = matches!(key, Key::Name | Key::Api(..) | Key::Carried(_));
            Some(Term::Extract(key, read_template(template)?)).filter(|_| plain)
        }
        (text, "size", []) => size(text),
        (Term::Time(0), name, zone) => {
            let zone = match zone {
                [] => "UTC",
                [Value::String(zone)] => zone.as_str(),
                _ => return None,
            };
            Zone::named(zone)?;
            match Part::ALL.into_iter().find(|part| part.function() == name) {
                Some(part) => Some(Term::Calendar(part, zone.to_owned())),
                None => (name == "getFullYear").then(|| Term::Year(zone.to_owned())),
            }
        }
        _ => None,
    }
}

/// The size of a text; types are not told apart by their letters.
fn size(of: Term) -> Option<Term> {
    match of {
        Term::Text(Key::Type) => None,
        Term::Text(key) => Some(Term::Size(key, None)),
        Term::Extract(key, template) => Some(Term::Size(key, Some(template))),
        _ => None,
    }
}

fn texts(values: &[Value]) -> Option<Vec<String>> {
    values
        .iter()
        .map(|value| if let Value::String(text) = value { Some(text.clone()) } else { None })
        .collect()
}

/// `before{name}after`; a name is a word.
fn read_template(template: &str) -> Option<Template> {
    let (before, rest) = template.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let single = is_word && !before.contains('}') && !after.contains(['{', '}']);
    single.then(|| Template { before: before.to_owned(), after: after.to_owned() })
}

/// A call that is true or false.
fn call(target: &Expr, name: &str, arguments: &[Expr]) -> Option<Expression> {
    let constants: Option<Vec<Value>> = arguments.iter().map(constant).collect();
    let constants = constants?;
    if target.path().as_deref() == Some("resource") {
        return tag(name, &constants).map(Expression::Test);
    }
    let comparison = match name {
        "startsWith" => Comparison::StartsWith,
        "endsWith" => Comparison::EndsWith,
        "contains" => Comparison::Contains,
        "hasOnly" => {
            return match (term(target)?, constants.as_slice()) {
                (Term::Set(set), [Value::List(items)]) => {
                    Some(Expression::Test(Test::HoldsOnly(set, texts(items)?)))
                }
                _ => None,
            };
        }
        "matches" => {
            return match (term(target)?, constants.as_slice()) {
                (Term::Text(key), [Value::String(expression)]) => matching(&key, expression),
                _ => None,
            };
        }
        _ => return None,
    };
    match (term(target)?, constants.as_slice()) {
        (Term::Text(key), [Value::String(text)]) => text_test(key, comparison, text),
        (Term::Extract(key, template), [Value::String(text)]) => {
            Some(Expression::Test(Test::Extract(key, template, comparison, text.clone())))
        }
        _ => None,
    }
}

/// A regular expression that says no more than comparisons do.
fn matching(key: &Key, expression: &str) -> Option<Expression> {
    let tests = regexes::comparisons(expression)?.into_iter();
    let tests = tests.map(|(comparison, text)| text_test(key.clone(), comparison, &text));
    Some(Expression::Or(tests.collect::<Option<Vec<_>>>()?))
}

/// <https://cloud.google.com/iam/docs/conditions-attribute-reference#resource-tags>
fn tag(name: &str, arguments: &[Value]) -> Option<Test> {
    let texts = texts(arguments)?;
    Some(match (name, texts.as_slice()) {
        ("matchTag", [key, value]) => Test::Tag(TagKey::Name(key.clone()), Some(value.clone())),
        ("matchTagId", [key, value]) => Test::Tag(TagKey::Id(key.clone()), Some(value.clone())),
        ("hasTagKey", [key]) => Test::Tag(TagKey::Name(key.clone()), None),
        ("hasTagKeyId", [key]) => Test::Tag(TagKey::Id(key.clone()), None),
        _ => return None,
    })
}

/// Types are told apart by the names of resources, which only goes for types that are listed.
fn text_test(key: Key, comparison: Comparison, text: &str) -> Option<Expression> {
    let known = key != Key::Type || comparison == Comparison::Equals && types::named(text).is_some();
    known.then(|| Expression::Test(Test::Text(key, comparison, text.to_owned())))
}

fn compare(sign: Sign, term: &Term, value: &Value) -> Option<Expression> {
    match (term, value) {
        (Term::Text(key), Value::String(text)) if sign == Sign::Equal => {
            text_test(key.clone(), Comparison::Equals, text)
        }
        (Term::Extract(key, template), Value::String(text)) if sign == Sign::Equal => {
            let test = Test::Extract(key.clone(), template.clone(), Comparison::Equals, text.clone());
            Some(Expression::Test(test))
        }
        (Term::Port, Value::Int(port)) => Some(Expression::Test(Test::Port(ordering(sign)?, *port))),
        (Term::Time(shift), Value::Timestamp(nanos)) => time(sign, nanos.checked_sub(*shift)?),
        (Term::Calendar(part, zone), Value::Int(number)) => {
            let (low, high) = part.bounds();
            let fits = |own: &i64| related(sign, *own, *number);
            let numbers = (low..=high).filter(fits).collect();
            ordering(sign)?;
            Some(Expression::Test(Test::Calendar(*part, zone.clone(), numbers)))
        }
        (Term::Year(zone), Value::Int(year)) => in_year(sign, zone, *year),
        (Term::Size(key, template), Value::Int(size)) => sized(sign, key, template.as_ref(), *size),
        _ => None,
    }
}

/// How many characters a comparison of a size may count, of a text and of what a template takes out of one: each is
/// written out, for the latter with every place where the end could come too early.
const MOST_CHARACTERS: [usize; 2] = [256, 8];

/// A comparison of a size. No text has fewer characters than none.
fn sized(sign: Sign, key: &Key, template: Option<&Template>, size: i64) -> Option<Expression> {
    let at_least = |size: i64| {
        let size = usize::try_from(size.max(0)).ok()?;
        let [of_text, of_part] = MOST_CHARACTERS;
        let most = if template.is_some() { of_part } else { of_text };
        let (key, count) = (key.clone(), Comparison::AtLeast(size));
        (size <= most).then(|| {
            Expression::Test(match template {
                Some(template) => Test::Extract(key, template.clone(), count, String::new()),
                None => Test::Text(key, count, String::new()),
            })
        })
    };
    let next = size.checked_add(1)?;
    match sign {
        Sign::AtLeast => at_least(size),
        Sign::Greater => at_least(next),
        Sign::Less => at_least(size).map(not),
        Sign::AtMost => at_least(next).map(not),
        Sign::Equal => Some(Expression::And(vec![at_least(size)?, not(at_least(next)?)])),
        _ => None,
    }
}

fn ordering(sign: Sign) -> Option<Order> {
    Some(match sign {
        Sign::Less => Order::Before,
        Sign::AtMost => Order::NotAfter,
        Sign::Equal => Order::At,
        Sign::AtLeast => Order::NotBefore,
        Sign::Greater => Order::After,
        _ => return None,
    })
}

fn related(sign: Sign, left: i64, right: i64) -> bool {
    match sign {
        Sign::Less => left < right,
        Sign::AtMost => left <= right,
        Sign::Equal => left == right,
        Sign::AtLeast => left >= right,
        Sign::Greater => left > right,
        _ => false,
    }
}

fn time(sign: Sign, nanos: i128) -> Option<Expression> {
    Some(Expression::Test(Test::Time(ordering(sign)?, micros(nanos)?)))
}

/// A comparison of the year, as times before and after the turns of years in that zone.
fn in_year(sign: Sign, zone: &str, year: i64) -> Option<Expression> {
    let zone = Zone::named(zone)?;
    let start = |year: i64| zone.start_of_year(year);
    match sign {
        Sign::Less => time(Sign::Less, start(year)?),
        Sign::AtMost => time(Sign::Less, start(year.checked_add(1)?)?),
        Sign::AtLeast => time(Sign::AtLeast, start(year)?),
        Sign::Greater => time(Sign::AtLeast, start(year.checked_add(1)?)?),
        Sign::Equal => {
            let (from, to) = (start(year)?, start(year.checked_add(1)?)?);
            Some(Expression::And(vec![time(Sign::AtLeast, from)?, time(Sign::Less, to)?]))
        }
        _ => None,
    }
}
