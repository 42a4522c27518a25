//! Conditions as formulas: operators, set operators, `IfExists`, `Null`, policy variables.
//!
//! Page for every rule below unless another is named:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::net::IpAddr;

use super::ast::{Comparison, Family, Quantifier, Test, Version};
use super::keys;
use crate::logic::{
    Attribute, Case, Decimal, Formula, Kind, Part, Pattern, Patterns, Ranges, Template, Token, Value,
};
use crate::model::Effect;

/// More ways to fill in a text's variables than this, and the condition counts as unreadable.
const MAX_VARIANTS: usize = 16;

/// That a condition cannot be said as a formula, and why.
pub(super) struct Unreadable(pub(super) String);

/// The formula of one test.
///
/// A key that is absent makes a comparison false, a negated comparison true, and one with `IfExists` true. Values are
/// alternatives, for a negated operator all of them must differ.
pub(super) fn test(test: &Test, version: Version, effect: Effect) -> Result<Formula, Unreadable> {
    let key = keys::folded(&test.key.value);
    let operator = test.operator;
    let is_set = match keys::kind(&key) {
        Some(kind) => kind == Kind::TextSet,
        None => operator.quantifier.is_some(),
    };
    if operator.family == Family::Null {
        return null(test, &key, is_set);
    }
    if is_set {
        return set(test, &key, version, effect);
    }
    let (attribute, compared) = compare(test, &key, version)?;
    let compared = if operator.negated { compared.not() } else { compared };
    let absent = Formula::present(attribute).not();
    // A key with one value is a set of one member to the set operators.
    Ok(match (operator.quantifier, operator.if_exists) {
        (Some(Quantifier::All), _) | (None, true) => absent.or(compared),
        (Some(Quantifier::Any), true) => some_if_exists(absent, compared),
        (Some(Quantifier::Any), false) => absent.not().and(compared),
        (None, false) => compared,
    })
}

/// `ForAnyValue` with `IfExists`.
fn some_if_exists(absent: Formula, compared: Formula) -> Formula {
    let unsaid = Formula::opaque(SOME_IF_EXISTS);
    Formula::any([absent.clone().and(unsaid), absent.not().and(compared)])
}

/// What no page says of a test, whose formula leaves it open; the other requests are not concerned.
pub(super) fn unsaid(formula: &Formula) -> Option<&'static str> {
    let open = formula.opaques();
    let about = [
        (SOME_IF_EXISTS, "for requests without the key both outcomes were considered"),
        (
            SOME_OF_SEVERAL,
            "for requests in which only some of the key's values fit both outcomes were considered",
        ),
    ];
    about.into_iter().find(|(id, _)| open.contains(*id)).map(|(_, message)| message)
}

/// Whether `ForAnyValue` with `IfExists` holds without the key. The one "returns false"
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>)
/// and the other makes it true, and no page says which of them wins. It is the same for all tests.
const SOME_IF_EXISTS: &str = "`ForAnyValue` with `IfExists` holds without the key";

/// Whether an operator for one value holds of several of which only some fit: "multivalued context keys require a
/// condition set operator", and what becomes of others is on no page. It is the same for all tests.
const SOME_OF_SEVERAL: &str = "an operator for one value holds of several if one fits";

/// `Null: true` asks that the key is absent, `Null: false` that it is there and not empty.
fn null(test: &Test, key: &str, is_set: bool) -> Result<Formula, Unreadable> {
    let there = if is_set {
        Formula::any_in(Attribute::new(key, Kind::TextSet), Patterns::anything())
    } else {
        Formula::present(keys::attribute(key, Kind::Text))
    };
    let one = |text: &str| match boolean(text) {
        Some(true) => Ok(there.clone().not()),
        Some(false) => Ok(there.clone()),
        None => Err(Unreadable(format!("`Null` takes `true` or `false`, not `{text}`"))),
    };
    let parts: Vec<_> = test.values.iter().map(|value| one(&value.value)).collect::<Result<_, _>>()?;
    Ok(Formula::any(parts))
}

/// Set operators over a key with many values:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
fn set(test: &Test, key: &str, version: Version, effect: Effect) -> Result<Formula, Unreadable> {
    let operator = test.operator;
    match operator.family {
        Family::Numeric(_) | Family::Date(_) | Family::IpAddress => {
            return Err(Unreadable("only texts are compared with a key of many values".to_owned()));
        }
        Family::Bool => all_boolean(test)?,
        _ => {}
    }
    let attribute = Attribute::new(key, Kind::TextSet);
    let mut patterns = Vec::new();
    for value in &test.values {
        for variant in variants(&value.value, operator.family, version)? {
            match variant.template.fill(|_| None) {
                Ok(pattern) => patterns.push(pattern),
                Err(_) => return Err(Unreadable("a policy variable is compared with a set".to_owned())),
            }
        }
    }
    let patterns = Patterns::of(patterns);
    let absent = Formula::present(attribute.clone()).not();
    let some = Formula::any_in(attribute.clone(), patterns.clone());
    let all = Formula::all_in(attribute, patterns);
    let holds = match (operator.quantifier, operator.negated) {
        (Some(Quantifier::All), false) => absent.clone().or(all),
        (Some(Quantifier::All), true) => some.not(),
        (Some(Quantifier::Any), false) => some,
        (Some(Quantifier::Any), true) => absent.clone().not().and(all.not()),
        // What allows is taken to do so, as a sender may leave out the values that do not fit.
        (None, false) if effect == Effect::Allow => some,
        (None, negated) => {
            let fits = some.and(all.or(Formula::opaque(SOME_OF_SEVERAL)));
            if negated { fits.not() } else { fits }
        }
    };
    Ok(match (operator.quantifier, operator.if_exists) {
        (Some(Quantifier::Any), true) => some_if_exists(absent, holds),
        (_, true) => absent.or(holds),
        (_, false) => holds,
    })
}

/// That the values of `Bool` are `true` or `false`. With a variable they are not known to be: of AWS's pages one says that
/// `Bool` takes variables, and the other that it does not
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-conditionelement>).
fn all_boolean(test: &Test) -> Result<(), Unreadable> {
    match test.values.iter().find(|value| boolean(&value.value).is_none()) {
        Some(value) => Err(neither(&value.value)),
        None => Ok(()),
    }
}

fn neither(text: &str) -> Unreadable {
    Unreadable(format!("`{text}` is neither `true` nor `false`"))
}

/// The comparison itself, true for no absent key, and the attribute it speaks of.
fn compare(test: &Test, key: &str, version: Version) -> Result<(Attribute, Formula), Unreadable> {
    let declared = keys::kind(key);
    let kind = match (test.operator.family, declared) {
        (Family::StringEquals | Family::StringEqualsIgnoreCase | Family::Bool, Some(Kind::Boolean))
        | (Family::Bool, None) => Kind::Boolean,
        (Family::Numeric(_), None | Some(Kind::Number)) => Kind::Number,
        (Family::Numeric(_) | Family::Date(_), Some(Kind::Instant)) | (Family::Date(_), None) => {
            Kind::Instant
        }
        (Family::IpAddress, None | Some(Kind::Address)) => Kind::Address,
        (
            Family::StringEquals
            | Family::StringEqualsIgnoreCase
            | Family::StringLike
            | Family::Arn
            | Family::Binary
            | Family::Bool,
            None | Some(Kind::Text),
        ) => Kind::Text,
        _ => {
            return Err(Unreadable(format!(
                "`{}` has values of another type than the operator compares",
                test.key.value
            )));
        }
    };
    let attribute = Attribute::new(key, kind);
    if test.operator.family == Family::Bool {
        all_boolean(test)?;
    }
    let formula = match kind {
        Kind::Text => one_of(&attribute, test, version)?,
        Kind::Boolean => truth(&attribute, test)?,
        _ => within(&attribute, test)?,
    };
    Ok((attribute, formula))
}

fn truth(attribute: &Attribute, test: &Test) -> Result<Formula, Unreadable> {
    // As a text the key is one of the two words in small letters.
    let as_text = test.operator.family == Family::StringEquals;
    let one = |text: &str| match boolean(text) {
        Some(_) if as_text && text.chars().any(char::is_uppercase) => Ok(Formula::False),
        Some(true) => Ok(Formula::is_true(attribute.clone())),
        Some(false) => Ok(Formula::is_false(attribute.clone())),
        None if test.operator.family != Family::Bool && !text.contains("${") => Ok(Formula::False),
        None => Err(neither(text)),
    };
    let parts: Vec<_> = test.values.iter().map(|value| one(&value.value)).collect::<Result<_, _>>()?;
    Ok(Formula::any(parts))
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn within(attribute: &Attribute, test: &Test) -> Result<Formula, Unreadable> {
    let mut ranges = Ranges::empty();
    for value in &test.values {
        let text = value.value.trim();
        let part = match test.operator.family {
            Family::Numeric(comparison) if attribute.kind() == Kind::Number => {
                Decimal::parse(text).and_then(|number| compared(comparison, &Value::Number(number)))
            }
            Family::Numeric(comparison) | Family::Date(comparison) => {
                instant(text).and_then(|micros| compared(comparison, &Value::Instant(micros)))
            }
            _ => network(text),
        };
        let part = part.ok_or_else(|| Unreadable(format!("`{text}` is no value of the operator's type")))?;
        ranges = ranges.union(&part);
    }
    Ok(Formula::within(attribute.clone(), ranges))
}

fn compared(comparison: Comparison, value: &Value) -> Option<Ranges> {
    match comparison {
        Comparison::Equal => Ranges::exactly(value),
        Comparison::Less => Ranges::below(value, false),
        Comparison::LessOrEqual => Ranges::below(value, true),
        Comparison::Greater => Ranges::above(value, false),
        Comparison::GreaterOrEqual => Ranges::above(value, true),
    }
}

/// A network; an address without a mask is that one host.
fn network(text: &str) -> Option<Ranges> {
    match text.parse::<ipnet::IpNet>() {
        Ok(network) => Some(Ranges::network(network)),
        Err(_) => text.parse::<IpAddr>().ok().and_then(|host| Ranges::exactly(&Value::Address(host))),
    }
}

/// A date in one of the ISO 8601 forms of the W3C, or seconds since the Unix epoch; as microseconds.
pub(super) fn instant(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>()
        && text.len() != 4
    {
        return seconds.checked_mul(1_000_000);
    }
    let full = match text.len() {
        4 => format!("{text}-01-01T00:00:00Z"),
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    full.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}

/// The text of the attribute fits one of the values.
fn one_of(attribute: &Attribute, test: &Test, version: Version) -> Result<Formula, Unreadable> {
    let values = test.values.iter().map(|value| &*value.value);
    texts(attribute, values, test.operator.family, version)
}

/// The text of `attribute` fits one of `values`, read as `family` reads them.
pub(super) fn texts<'a>(
    attribute: &Attribute,
    values: impl Iterator<Item = &'a str>,
    family: Family,
    version: Version,
) -> Result<Formula, Unreadable> {
    let mut fixed = Vec::new();
    let mut parts = Vec::new();
    for value in values {
        if let Some(pattern) = plain(value, family, version) {
            fixed.push(pattern);
            continue;
        }
        for variant in variants(value, family, version)? {
            match variant.template.fill(|_| None) {
                Ok(pattern) if variant.guards.is_empty() => fixed.push(pattern),
                Ok(pattern) => {
                    let matches = Formula::matches(attribute.clone(), Patterns::of([pattern]));
                    parts.push(Formula::all(variant.guards).and(matches));
                }
                Err(template) => {
                    let same = Formula::same(attribute.clone(), template);
                    parts.push(Formula::all(variant.guards).and(same));
                }
            }
        }
    }
    parts.push(Formula::matches(attribute.clone(), Patterns::of(fixed)));
    Ok(Formula::any(parts))
}

/// The pattern of a text in which there is nothing to fill in, as most are. ARN operators are left to [`variants`],
/// which refuses what is no ARN.
fn plain(text: &str, family: Family, version: Version) -> Option<Pattern> {
    let variables = version == Version::V2012 && family != Family::Binary && text.contains("${");
    if variables || family == Family::Arn {
        return None;
    }
    Some(match Style::of(family, text) {
        Style::Exact(case) => Pattern::literal(text, case),
        Style::Wild | Style::WildInParts => Pattern::glob(text, Case::Sensitive),
    })
}

/// One way to read a text with variables: `guards` hold when it is the right one.
struct Variant {
    guards: Vec<Formula>,
    template: Template,
}

/// Reads a text as a pattern with references. A variable with a default value makes two variants: with the key there,
/// and without it. A variable without one stays a reference; while its key is absent it matches nothing ("the value is
/// effectively null ... there is no equal or like value").
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn variants(text: &str, family: Family, version: Version) -> Result<Vec<Variant>, Unreadable> {
    if family == Family::Arn
        && text != "*"
        && text.bytes().filter(|byte| *byte == b':').count() < 5
        && !text.contains("${")
    {
        return Err(Unreadable(format!("`{text}` is no ARN of six parts")));
    }
    let style = Style::of(family, text);
    let mut open: Vec<(Vec<Formula>, Vec<Part>)> = vec![(Vec::new(), Vec::new())];
    let mut colons = 0;
    for piece in pieces(text, version == Version::V2012 && family != Family::Binary) {
        match piece {
            Piece::Written(written) => {
                let tokens: Vec<Token> = written.chars().map(|c| style.token(c, &mut colons)).collect();
                for (_, parts) in &mut open {
                    parts.push(Part::Tokens(tokens.as_slice().into()));
                }
            }
            Piece::Escaped(c) => {
                for (_, parts) in &mut open {
                    parts.push(Part::literal(&c.to_string()));
                }
            }
            Piece::Variable { key, default } => open = with_variable(open, key, default)?,
        }
        if open.len() > MAX_VARIANTS {
            return Err(Unreadable("too many policy variables with default values".to_owned()));
        }
    }
    let variant = |(guards, parts)| Variant { guards, template: Template::new(parts, style.case()) };
    Ok(open.into_iter().map(variant).collect())
}

type Open = Vec<(Vec<Formula>, Vec<Part>)>;

fn with_variable(open: Open, key: &str, default: Option<&str>) -> Result<Open, Unreadable> {
    let key = keys::folded(key);
    if keys::kind(&key).is_some_and(|kind| kind != Kind::Text) {
        return Err(Unreadable(format!("the policy variable `${{{key}}}` does not hold one text")));
    }
    let attribute = Attribute::text(key);
    let mut next = Vec::with_capacity(open.len());
    for (guards, parts) in open {
        if let Some(default) = default {
            let guards = [guards.clone(), vec![Formula::present(attribute.clone()).not()]].concat();
            next.push((guards, [parts.clone(), vec![Part::literal(default)]].concat()));
        }
        next.push((guards, [parts, vec![Part::Reference(attribute.clone())]].concat()));
    }
    Ok(next)
}

/// Which characters of a text are special.
#[derive(Clone, Copy)]
enum Style {
    Exact(Case),
    Wild,
    WildInParts,
}

impl Style {
    fn of(family: Family, text: &str) -> Self {
        match family {
            Family::StringLike => Self::Wild,
            Family::StringEqualsIgnoreCase | Family::Bool => Self::Exact(Case::Insensitive),
            Family::Arn if text == "*" => Self::Wild,
            Family::Arn => Self::WildInParts,
            _ => Self::Exact(Case::Sensitive),
        }
    }

    fn case(self) -> Case {
        if let Self::Exact(case) = self { case } else { Case::Sensitive }
    }

    fn token(self, c: char, colons: &mut u32) -> Token {
        if c == ':' {
            *colons += 1;
        }
        let in_parts = matches!(self, Self::WildInParts) && *colons < 5;
        match (self, c) {
            (Self::Exact(_), _) => Token::Char(c),
            (_, '*') if in_parts => Token::RunInSegment,
            (_, '?') if in_parts => Token::OneInSegment,
            (_, '*') => Token::Run,
            (_, '?') => Token::One,
            _ => Token::Char(c),
        }
    }
}

/// A piece of a text that may contain variables.
enum Piece<'t> {
    Written(&'t str),
    Escaped(char),
    Variable { key: &'t str, default: Option<&'t str> },
}

/// Cuts a text at its variables. `${*}`, `${?}` and `${$}` stand for the characters themselves. What is opened and
/// never closed is plain text.
fn pieces(text: &str, has_variables: bool) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while has_variables
        && let Some((before, after)) = rest.split_once("${")
        && let Some((inner, behind)) = after.split_once('}')
    {
        if !before.is_empty() {
            pieces.push(Piece::Written(before));
        }
        pieces.push(match inner {
            "*" => Piece::Escaped('*'),
            "?" => Piece::Escaped('?'),
            "$" => Piece::Escaped('$'),
            _ => {
                let (key, default) =
                    inner.split_once(',').map_or((inner, None), |(key, default)| (key, Some(default)));
                let unquoted = default.map(|default| default.trim().trim_matches('\''));
                Piece::Variable { key, default: unquoted }
            }
        });
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Written(rest));
    }
    pieces
}

/// The patterns of an ARN operator whose account part fits `patterns`: from a test of an account number to one of the
/// ARN that holds it.
pub(super) fn in_account_part(patterns: &Patterns) -> Patterns {
    Patterns::of(patterns.iter().map(|pattern| {
        let any = [Token::RunInSegment, Token::Char(':')];
        let head = "arn:".chars().map(Token::Char).chain(any).chain(any).chain(any);
        let account = pattern.tokens().map(|token| match token {
            Token::Run => Token::RunInSegment,
            Token::One => Token::OneInSegment,
            other => other,
        });
        Pattern::new(head.chain(account).chain([Token::Char(':'), Token::Run]), Case::Sensitive)
    }))
}
