//! Conditions for one concrete request; a part of the concrete rule.
//!
//! Follows the documentation's own words for each operator and shares only the typed condition with `conditions`:
//! <https://learn.microsoft.com/azure/role-based-access-control/conditions-format>.

use super::condition::{Comparison, Expression, InName, Key, Order, SUBOPERATION, Test, TextTest};
use super::{names, times};
use crate::logic::Decimal;
use crate::model::Request;

/// What a condition comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Holds,
    Fails,
    /// It rests on a part that is not understood, or on an attribute that the request lacks.
    Open,
}

impl Outcome {
    fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

/// A request as conditions see it; the action is in lower case.
pub(super) struct Facts<'a> {
    pub(super) request: &'a Request,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
}

impl Facts<'_> {
    pub(super) fn evaluate(&self, expression: &Expression) -> Outcome {
        self.under(expression, true)
    }

    /// `plainly` says that an even number of `NOT`s stands above.
    fn under(&self, expression: &Expression, plainly: bool) -> Outcome {
        match expression {
            Expression::Not(inner) => match self.under(inner, !plainly) {
                Outcome::Holds => Outcome::Fails,
                Outcome::Fails => Outcome::Holds,
                Outcome::Open => Outcome::Open,
            },
            Expression::And(parts) => self.join(parts, plainly, Outcome::Fails, Outcome::Holds),
            Expression::Or(parts) => self.join(parts, plainly, Outcome::Holds, Outcome::Fails),
            Expression::Action(pattern) => Outcome::of(wildcard(pattern, self.action)),
            Expression::SubOperation(pattern) => {
                let own = self.values_of(SUBOPERATION);
                Outcome::of(
                    own.iter().any(|own| wildcard(&pattern.to_ascii_lowercase(), &own.to_ascii_lowercase())),
                )
            }
            Expression::Exists(key) => Outcome::of(self.is_present(key)),
            Expression::Compare(comparison) => {
                let lacks = |key: &Key| !self.is_present(key);
                match lacks(&comparison.key) || comparison.others().any(lacks) {
                    true if comparison.fails_without_value(plainly) => Outcome::Fails,
                    true => Outcome::Open,
                    false => Outcome::of(self.compare(comparison)),
                }
            }
            Expression::Opaque(..) => Outcome::Open,
        }
    }

    /// One part that comes to `decisive` settles it, whatever is open beside it.
    fn join(&self, parts: &[Expression], plainly: bool, decisive: Outcome, otherwise: Outcome) -> Outcome {
        let mut sum = otherwise;
        for part in parts {
            match self.under(part, plainly) {
                outcome if outcome == decisive => return decisive,
                Outcome::Open => sum = Outcome::Open,
                _ => {}
            }
        }
        sum
    }

    fn values_of(&self, name: &str) -> Vec<&str> {
        let written = self.request.context.iter().filter(|(key, _)| {
            key.as_str() == name || Key::of_context(key).is_some_and(|key| *key.name == *name)
        });
        written.flat_map(|(_, values)| values).map(String::as_str).collect()
    }

    fn values(&self, key: &Key) -> Vec<&str> {
        let Some(part) = key.in_name() else { return self.values_of(&key.name) };
        let Some(parts) = names::storage_parts(self.resource) else { return Vec::new() };
        let own = match part {
            InName::Account => Some(parts.account),
            InName::Container => parts.container,
            InName::Path => parts.path,
            InName::Queue => parts.queue,
        };
        own.into_iter().collect()
    }

    fn is_present(&self, key: &Key) -> bool {
        !self.values(key).is_empty()
            || self.request.context.keys().any(|own| Key::of_context(own).is_some_and(|own| own == *key))
    }

    /// Whether it holds in a request that has its attributes.
    fn compare(&self, comparison: &Comparison) -> bool {
        let Comparison { key, quantifier, negated, tests } = comparison;
        let folds = matches!(key.in_name(), Some(InName::Account | InName::Container | InName::Queue));
        let values = self.values(key);
        let satisfies = |value: &&str, test: &Test| self.satisfies(value, test, folds) != *negated;
        let Some(quantifier) = quantifier else {
            return values.first().zip(tests.first()).is_some_and(|(value, test)| satisfies(value, test));
        };
        let right = |value: &&str| {
            if quantifier.all_right {
                tests.iter().all(|test| satisfies(value, test))
            } else {
                tests.iter().any(|test| satisfies(value, test))
            }
        };
        if quantifier.all_left { values.iter().all(right) } else { values.iter().any(right) }
    }

    /// Whether one value satisfies a test, its negation aside.
    fn satisfies(&self, value: &str, test: &Test, folds: bool) -> bool {
        match test {
            Test::Other(how, ignore_case, other) => self.values(other).first().is_some_and(|wanted| {
                satisfies(value, &Test::Text(*how, *ignore_case, (*wanted).into()), folds)
            }),
            test => satisfies(value, test, folds),
        }
    }
}

/// The same for tests with constants.
fn satisfies(value: &str, test: &Test, folds: bool) -> bool {
    match test {
        Test::Text(how, ignore_case, wanted) => {
            let ignore_case = *ignore_case || folds;
            let fold = |text: &str| if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
            let (value, wanted) = (fold(value), fold(wanted));
            match how {
                TextTest::Equals => value == wanted,
                TextTest::StartsWith => value.starts_with(&wanted),
                TextTest::Like => {
                    let (value, wanted): (Vec<char>, Vec<char>) =
                        (value.chars().collect(), wanted.chars().collect());
                    like(&wanted, &value)
                }
            }
        }
        Test::Guid(wanted) => names::guid(value).as_deref() == Some(wanted),
        Test::Bool(wanted) => value.parse() == Ok(*wanted),
        Test::Number(order, wanted) => {
            let wanted = Decimal::parse(&wanted.to_string());
            Decimal::parse(value).zip(wanted).is_some_and(|(own, wanted)| in_order(*order, own.cmp(&wanted)))
        }
        Test::Instant(order, wanted) => {
            times::instant(value).is_some_and(|own| in_order(*order, own.cmp(wanted)))
        }
        Test::ExactInstant(order, wanted) => {
            times::exact_instant(value).is_some_and(|own| in_order(*order, own.cmp(wanted)))
        }
        Test::Other(..) => false,
    }
}

fn in_order(order: Order, compared: std::cmp::Ordering) -> bool {
    match order {
        Order::Equal => compared.is_eq(),
        Order::Less => compared.is_lt(),
        Order::LessOrEqual => compared.is_le(),
        Order::Greater => compared.is_gt(),
        Order::GreaterOrEqual => compared.is_ge(),
    }
}

/// `StringLike`: tries all ways at once, so that no pattern is slow.
fn like(pattern: &[char], text: &[char]) -> bool {
    let mut steps: Vec<(char, bool)> = Vec::with_capacity(pattern.len());
    let mut rest = pattern.iter().copied().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('\\', Some(next @ ('*' | '?'))) => {
                steps.push((*next, false));
                rest.next();
            }
            _ => steps.push((c, matches!(c, '*' | '?'))),
        }
    }
    let mut reached = vec![true];
    reached.extend(std::iter::repeat_n(false, text.len()));
    for (c, wild) in steps {
        let mut next = vec![false; text.len() + 1];
        let mut seen = false;
        for (at, here) in reached.iter().enumerate() {
            seen |= here;
            let own = at.checked_sub(1).and_then(|before| Some((reached.get(before)?, text.get(before)?)));
            let stands = match (c, wild, own) {
                ('*', true, _) => seen,
                ('?', true, Some((before, _))) => *before,
                (_, false, Some((before, own))) => *before && *own == c,
                _ => false,
            };
            if let Some(slot) = next.get_mut(at) {
                *slot = stands;
            }
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

/// A pattern of actions, both in lower case: `*` is any text. For identities, `/*/` is a slash as well (`roles`).
pub(super) fn wildcard(pattern: &str, text: &str) -> bool {
    let is_short = pattern.starts_with("microsoft.managedidentity/userassignedidentities/*/")
        && matches(&pattern.replacen("/*/", "/", 1), text);
    is_short || matches(pattern, text)
}

fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = tail.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_anywhere() {
        for (pattern, text, expected) in [
            ("*", "a/b", true),
            ("*/read", "a/b/read", true),
            ("*/read", "a/b/readx", false),
            ("microsoft.network/*/read", "microsoft.network/vnets/subnets/read", true),
            ("microsoft.network/*/read", "microsoft.network/read", false),
            ("a*b*c", "axbxbc", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("a", "a", true),
            (
                "microsoft.managedidentity/userassignedidentities/*/assign/action",
                "microsoft.managedidentity/userassignedidentities/assign/action",
                true,
            ),
            (
                "microsoft.managedidentity/userassignedidentities/*/assign/action",
                "microsoft.managedidentity/userassignedidentities/write",
                false,
            ),
        ] {
            assert_eq!(wildcard(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn like_is_as_the_documentation_shows() {
        for (pattern, text, expected) in [
            ("a*c?", "abcd", true),
            ("A*C?", "abcd", false),
            ("a*c", "abcd", false),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            (r"a\?c", "a?c", true),
            ("", "", true),
            ("**", "", true),
            ("?", "", false),
        ] {
            let test = Test::Text(TextTest::Like, false, pattern.into());
            assert_eq!(satisfies(text, &test, false), expected, "{pattern} {text}");
        }
    }
}
