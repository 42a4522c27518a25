//! Elements and conditions of a statement against one request; a part of the concrete rule.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::ast::{Comparison, Element, Family, Quantifier, Test, Version};
use crate::logic::{Case, Pattern, Token, glob_matches};

/// The keys of one request, by lower-case name.
pub(super) struct Context {
    pub(super) values: BTreeMap<String, Vec<String>>,
}

impl Context {
    fn one(&self, key: &str) -> Option<&str> {
        match self.values.get(&key.trim().to_ascii_lowercase()).map(Vec::as_slice) {
            Some([value]) => Some(value),
            _ => None,
        }
    }
}

/// Whether a resource is among those of an element.
pub(super) fn element_fits(element: &Element, resource: &str, version: Version, context: &Context) -> bool {
    let plain = |text: &str| version == Version::V2008 || !text.contains("${");
    let listed = element.values.iter().any(|value| {
        if plain(&value.value) {
            return glob_matches(&value.value, resource, Case::Sensitive);
        }
        replaced(&value.value, version, context)
            .is_some_and(|letters| Pattern::new(wild(&letters), Case::Sensitive).matches(resource))
    });
    listed != element.negated
}

/// A letter of a policy's text; one that came out of a variable or an escape is never a wildcard.
#[derive(Clone, Copy)]
struct Letter {
    c: char,
    plain: bool,
}

/// The text with its variables replaced; `None` when a variable has no value and no default.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn replaced(text: &str, version: Version, context: &Context) -> Option<Vec<Letter>> {
    let letters = |text: &str, plain: bool| text.chars().map(|c| Letter { c, plain }).collect::<Vec<_>>();
    if version == Version::V2008 {
        return Some(letters(text, false));
    }
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, opened) = rest.split_at(at);
        let Some(end) = opened.find('}') else { break };
        all.extend(letters(before, false));
        let inner = opened.get(2..end)?;
        rest = opened.get(end + 1..)?;
        if ["*", "?", "$"].contains(&inner) {
            all.extend(letters(inner, true));
            continue;
        }
        let mut halves = inner.splitn(2, ',');
        let key = halves.next()?;
        let default = halves.next().map(|default| default.trim().trim_matches('\''));
        all.extend(letters(context.one(key).or(default)?, true));
    }
    all.extend(letters(rest, false));
    Some(all)
}

fn wild(letters: &[Letter]) -> Vec<Token> {
    let token = |letter: &Letter| match letter {
        Letter { c: '*', plain: false } => Token::Run,
        Letter { c: '?', plain: false } => Token::One,
        Letter { c, .. } => Token::Char(*c),
    };
    letters.iter().map(token).collect()
}

/// Whether a test holds; `None` when its values cannot be read.
pub(super) fn test_holds(test: &Test, version: Version, context: &Context) -> Option<bool> {
    let key = test.key.value.trim().to_ascii_lowercase();
    let present = context.values.get(&key);
    let operator = test.operator;
    if operator.family == Family::Null {
        let there = present.is_some_and(|values| !values.is_empty());
        let wanted: Option<Vec<bool>> =
            test.values.iter().map(|value| value.value.to_ascii_lowercase().parse::<bool>().ok()).collect();
        return Some(wanted?.into_iter().any(|absent| absent != there));
    }
    if !readable(test) {
        return None;
    }
    let Some(values) = present else {
        return Some(match operator.quantifier {
            Some(Quantifier::All) => true,
            Some(Quantifier::Any) => operator.if_exists,
            None => operator.negated || operator.if_exists,
        });
    };
    let listed = |given: &String| {
        test.values.iter().any(|wanted| one_fits(operator.family, given, &wanted.value, version, context))
    };
    Some(match (operator.quantifier, operator.negated) {
        (Some(Quantifier::All), negated) => values.iter().all(|given| listed(given) != negated),
        (Some(Quantifier::Any), negated) => values.iter().any(|given| listed(given) != negated),
        (None, true) => !values.iter().any(listed),
        (None, false) => values.iter().any(listed),
    })
}

/// Whether the values of a test are of the type that the operator compares.
fn readable(test: &Test) -> bool {
    test.values.iter().all(|value| {
        let text = value.value.trim();
        match test.operator.family {
            Family::Numeric(_) => number(text).is_some(),
            Family::Date(_) => seconds(text).is_some(),
            Family::IpAddress => network(text).is_some(),
            Family::Bool => ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)),
            Family::Arn => text == "*" || text.contains("${") || text.matches(':').count() >= 5,
            _ => true,
        }
    })
}

fn one_fits(family: Family, given: &str, wanted: &str, version: Version, context: &Context) -> bool {
    match family {
        Family::StringEquals | Family::StringEqualsIgnoreCase => {
            let Some(letters) = replaced(wanted, version, context) else { return false };
            let text: String = letters.iter().map(|letter| letter.c).collect();
            if family == Family::StringEquals { text == given } else { text.eq_ignore_ascii_case(given) }
        }
        Family::StringLike => replaced(wanted, version, context)
            .is_some_and(|letters| Pattern::new(wild(&letters), Case::Sensitive).matches(given)),
        Family::Arn => replaced(wanted, version, context).is_some_and(|letters| arn_fits(&letters, given)),
        Family::Binary => given == wanted,
        Family::Bool => given.eq_ignore_ascii_case(wanted),
        Family::IpAddress => match (network(wanted), given.parse::<IpAddr>()) {
            (Some(network), Ok(address)) => network.contains(&address),
            _ => false,
        },
        Family::Numeric(comparison) => match (number(given), number(wanted)) {
            (Some(given), Some(wanted)) => compares(comparison, given.cmp(&wanted)),
            _ => match (seconds(given), seconds(wanted)) {
                (Some(given), Some(wanted)) => compares(comparison, given.cmp(&wanted)),
                _ => false,
            },
        },
        Family::Date(comparison) => match (seconds(given), seconds(wanted)) {
            (Some(given), Some(wanted)) => compares(comparison, given.cmp(&wanted)),
            _ => false,
        },
        Family::Null => false,
    }
}

fn compares(comparison: Comparison, order: std::cmp::Ordering) -> bool {
    match comparison {
        Comparison::Equal => order.is_eq(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}

/// Each of the six parts of an ARN is compared for itself.
fn arn_fits(letters: &[Letter], given: &str) -> bool {
    if let [Letter { c: '*', plain: false }] = letters {
        return true;
    }
    let mut parts: Vec<Vec<Letter>> = vec![Vec::new()];
    for letter in letters {
        if letter.c == ':' && parts.len() < 6 {
            parts.push(Vec::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(*letter);
        }
    }
    let given: Vec<&str> = given.splitn(6, ':').collect();
    parts.len() == given.len()
        && parts.iter().zip(given).all(|(part, text)| Pattern::new(wild(part), Case::Sensitive).matches(text))
}

fn network(text: &str) -> Option<ipnet::IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(ipnet::IpNet::from))
}

/// A decimal as its whole part and its first twelve digits behind the point, in one number.
fn number(text: &str) -> Option<i128> {
    let text = text.trim();
    let unsigned = text.trim_start_matches(['-', '+']);
    if text.len() - unsigned.len() > 1 {
        return None;
    }
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    let fraction = fraction.trim_end_matches('0');
    if !digits || (whole.is_empty() && !unsigned.contains('.')) || unsigned == "." || fraction.len() > 12 {
        return None;
    }
    let magnitude: i128 = format!("{whole}{fraction:0<12}").parse().ok()?;
    Some(if text.starts_with('-') { -magnitude } else { magnitude })
}

/// A date as microseconds since 1970: `2024-01-31T12:00:00Z` and its shorter forms, or seconds.
fn seconds(text: &str) -> Option<i128> {
    const MICROS: i128 = 1_000_000;
    let text = text.trim();
    if text.len() != 4 && text.strip_prefix('-').unwrap_or(text).bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i128>().ok().map(|seconds| seconds * MICROS);
    }
    let (date, time) =
        text.split_once(['T', 't', ' ']).map_or((text, None), |(date, time)| (date, Some(time)));
    let (negative, date) =
        date.strip_prefix('-').map_or((false, date.trim_start_matches('+')), |date| (true, date));
    let mut fields = date.splitn(3, '-').map(|field| field.parse::<i128>().ok());
    let year = fields.next()?? * if negative { -1 } else { 1 };
    let month = fields.next().unwrap_or(Some(1))?;
    let day = fields.next().unwrap_or(Some(1))?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days(year, month, day);
    let clock = time.map_or(Some(0), clock)?;
    Some(days * 86_400 * MICROS + clock)
}

/// Days since 1970-01-01 in the Gregorian calendar.
fn days(year: i128, month: i128, day: i128) -> i128 {
    // Counted in years that begin in March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// `12:30:15.5Z` or `12:30+02:00` as microseconds since midnight, UTC.
fn clock(text: &str) -> Option<i128> {
    let (time, shift) = if let Some(time) = text.strip_suffix(['Z', 'z']) {
        (time, 0)
    } else {
        let at = text.rfind(['+', '-'])?;
        let (time, zone) = text.split_at(at);
        let sign = if zone.starts_with('-') { -1 } else { 1 };
        let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
        let hours: i128 = digits.get(..2)?.parse().ok()?;
        let minutes: i128 = digits.get(2..4).unwrap_or("0").parse().ok()?;
        (time, sign * (hours * 60 + minutes))
    };
    let mut fields = time.splitn(3, ':');
    let hours: i128 = fields.next()?.parse().ok()?;
    let minutes: i128 = fields.next()?.parse().ok()?;
    let rest = fields.next().unwrap_or("0");
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let micros: i128 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let whole: i128 = whole.parse().ok()?;
    Some(((hours * 60 + minutes - shift) * 60 + whole) * 1_000_000 + micros)
}
