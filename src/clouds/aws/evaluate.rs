//! Elements and conditions of a statement against one request; a part of the concrete rule.
//!
//! Statements are made ready once: patterns are cut into pieces, values are read. Judging a request then takes no
//! memory but for a few rare kinds of values.

use std::net::IpAddr;

use super::action_names::Actions;
use super::asker::{Given, Keys};
use super::ast::{Comparison, Element, Family, Operator, Quantifier, Statement, Test, Version};
use super::globs::{Glob, Reading};
use super::keys;
use crate::logic::Kind;
use crate::model::Effect;

/// A statement that is ready to be held against requests.
#[derive(Debug)]
pub(super) struct Clause {
    actions: Actions,
    resource: Option<Places>,
    tests: Vec<Check>,
}

impl Clause {
    pub(super) fn new(statement: &Statement, version: Version) -> Self {
        Self::with(Actions::of(&statement.action), statement, version)
    }

    /// The statement for somebody who asks about this action alone; `None` if it is about others.
    pub(super) fn for_action(statement: &Statement, version: Version, action: &str) -> Option<Self> {
        let actions = Actions::near(&statement.action, action);
        actions.have(action).then(|| Self::with(actions, statement, version))
    }

    fn with(actions: Actions, statement: &Statement, version: Version) -> Self {
        Self {
            actions,
            resource: statement.resource.as_ref().map(|element| Places::of(element, version)),
            tests: statement
                .condition
                .iter()
                .map(|test| Check::new(test, version, statement.effect))
                .collect(),
        }
    }

    /// Whether action and resource are among those of the statement.
    pub(super) fn is_about(&self, action: &str, resource: &str, keys: &Keys<'_>) -> bool {
        self.actions.have(action) && self.resource.as_ref().is_none_or(|places| places.have(resource, keys))
    }

    /// Whether all tests hold; an error names the test that could not be read, if none before it failed.
    pub(super) fn holds(&self, keys: &Keys<'_>) -> Result<bool, usize> {
        for (index, test) in self.tests.iter().enumerate() {
            match test.holds(keys) {
                Some(true) => {}
                Some(false) => return Ok(false),
                None => return Err(index),
            }
        }
        Ok(true)
    }

    /// The test that was taken to hold of a request, if one was: an operator for one value, of several of which only
    /// some fit.
    pub(super) fn taken_to_hold(&self, keys: &Keys<'_>) -> Option<usize> {
        self.tests.iter().position(|test| test.is_lenient() && test.fits_some_only(keys.get(&test.key), keys))
    }
}

/// The resources of an element.
#[derive(Debug)]
struct Places {
    negated: bool,
    globs: Vec<Glob>,
}

impl Places {
    fn of(element: &Element, version: Version) -> Self {
        let read = |text: &str| Glob::read(text, version, Reading::Wild);
        Self {
            negated: element.negated,
            globs: element.values.iter().map(|value| read(&value.value)).collect(),
        }
    }

    fn have(&self, resource: &str, keys: &Keys<'_>) -> bool {
        self.globs.iter().any(|glob| glob.matches(resource, keys)) != self.negated
    }
}

/// A test of a condition whose values were read.
#[derive(Debug)]
struct Check {
    /// The key's name in lower case.
    key: Box<str>,
    operator: Operator,
    wanted: Wanted,
    effect: Effect,
}

/// The values of a test by how they are compared.
#[derive(Debug)]
enum Wanted {
    /// They are not of the type that the operator compares.
    Unreadable,
    /// Whether the key may be absent, and whether it may be there.
    Absence {
        absent: bool,
        present: bool,
    },
    Texts(Vec<Glob>),
    Arns(Vec<ArnGlob>),
    Exact(Vec<Box<str>>),
    Truths(Vec<Box<str>>),
    Networks(Vec<ipnet::IpNet>),
    Numbers(Comparison, Vec<(Option<i128>, Option<i128>)>),
    Dates(Comparison, Vec<Option<i128>>),
}

impl Check {
    fn new(test: &Test, version: Version, effect: Effect) -> Self {
        let key = test.key.value.trim().to_ascii_lowercase().into();
        Self { key, operator: test.operator, wanted: Wanted::of(test, version), effect }
    }

    /// Whether it is enough that one of several values fits, of which AWS says nothing.
    fn is_lenient(&self) -> bool {
        self.operator.quantifier.is_none() && !self.operator.negated && self.effect == Effect::Allow
    }

    /// Whether some of several values fit and some do not.
    fn fits_some_only(&self, given: Given<'_>, keys: &Keys<'_>) -> bool {
        let listed = |value: &str| self.wanted.have(value, keys);
        given.has_several() && given.any(listed) && !given.all(listed)
    }

    /// Whether the test holds; `None` when its values cannot be read, or no page says what it makes of the request's.
    fn holds(&self, keys: &Keys<'_>) -> Option<bool> {
        let operator = self.operator;
        let given = keys.get(&self.key);
        match &self.wanted {
            Wanted::Unreadable => return None,
            Wanted::Absence { absent, present } => {
                return Some(if given.is_empty() { *absent } else { *present });
            }
            _ => {}
        }
        if given == Given::Absent {
            return match operator.quantifier {
                Some(Quantifier::All) => Some(true),
                // Two pages contradict each other about the two together.
                Some(Quantifier::Any) if operator.if_exists => None,
                Some(Quantifier::Any) => Some(false),
                None => Some(operator.negated || operator.if_exists),
            };
        }
        let listed = |value: &str| self.wanted.have(value, keys);
        match (operator.quantifier, operator.negated) {
            (Some(Quantifier::All), negated) => Some(given.all(|value| listed(value) != negated)),
            (Some(Quantifier::Any), negated) => Some(given.any(|value| listed(value) != negated)),
            // "Multivalued context keys require a condition set operator"; of others no page says anything.
            (None, _) if self.fits_some_only(given, keys) && !self.is_lenient() => None,
            (None, negated) => Some(given.any(listed) != negated),
        }
    }
}

impl Wanted {
    fn of(test: &Test, version: Version) -> Self {
        let texts = || test.values.iter().map(|value| &*value.value);
        let trimmed = || texts().map(str::trim);
        // "You cannot use a multivalued context key as a policy variable":
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
        let has_one_value = |glob: &Glob| !glob.variables().any(|key| keys::kind(key) == Some(Kind::TextSet));
        let globs = |reading| {
            let globs: Vec<Glob> = texts().map(|text| Glob::read(text, version, reading)).collect();
            globs.iter().all(has_one_value).then_some(Self::Texts(globs))
        };
        let read = match test.operator.family {
            Family::Null => absence(texts()),
            Family::StringEquals => globs(Reading::Exact),
            Family::StringEqualsIgnoreCase => globs(Reading::Folded),
            Family::StringLike => globs(Reading::Wild),
            Family::Arn => {
                let readable = |text: &str| {
                    let glob = Glob::read(text, version, Reading::Wild);
                    let is_arn = text == "*" || text.contains("${") || text.matches(':').count() >= 5;
                    is_arn && has_one_value(&glob)
                };
                let arns = || texts().map(|text| ArnGlob::read(text, version)).collect();
                texts().all(readable).then(|| Self::Arns(arns()))
            }
            Family::Binary => Some(Self::Exact(texts().map(Into::into).collect())),
            Family::Bool => {
                let readable =
                    |text: &str| ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word));
                texts().all(readable).then(|| Self::Truths(texts().map(Into::into).collect()))
            }
            Family::IpAddress => {
                let readable = trimmed().all(|text| network(text).is_some());
                readable.then(|| Self::Networks(trimmed().filter_map(network).collect()))
            }
            Family::Numeric(comparison) => {
                let readable = trimmed().all(|text| number(text).is_some());
                let values = || texts().map(|text| (number(text), seconds(text))).collect();
                readable.then(|| Self::Numbers(comparison, values()))
            }
            Family::Date(comparison) => {
                let readable = trimmed().all(|text| seconds(text).is_some());
                readable.then(|| Self::Dates(comparison, texts().map(seconds).collect()))
            }
        };
        read.unwrap_or(Self::Unreadable)
    }

    /// Whether a value of the request is one of these.
    fn have(&self, given: &str, keys: &Keys<'_>) -> bool {
        match self {
            Self::Unreadable | Self::Absence { .. } => false,
            Self::Texts(globs) => globs.iter().any(|glob| glob.matches(given, keys)),
            Self::Arns(globs) => globs.iter().any(|glob| glob.matches(given, keys)),
            Self::Exact(texts) => texts.iter().any(|text| **text == *given),
            Self::Truths(words) => words.iter().any(|word| given.eq_ignore_ascii_case(word)),
            Self::Networks(networks) => given
                .parse::<IpAddr>()
                .is_ok_and(|address| networks.iter().any(|network| network.contains(&address))),
            Self::Numbers(comparison, wanted) => {
                let (as_number, as_date) = (number(given), seconds(given));
                wanted.iter().any(|(number, date)| match (as_number, number) {
                    (Some(given), Some(wanted)) => compares(*comparison, given.cmp(wanted)),
                    _ => both(as_date, *date).is_some_and(|(a, b)| compares(*comparison, a.cmp(&b))),
                })
            }
            Self::Dates(comparison, wanted) => {
                let given = seconds(given);
                wanted
                    .iter()
                    .any(|date| both(given, *date).is_some_and(|(a, b)| compares(*comparison, a.cmp(&b))))
            }
        }
    }
}

fn both<T>(left: Option<T>, right: Option<T>) -> Option<(T, T)> {
    Some((left?, right?))
}

/// `true` for a key that must be absent, `false` for one that must be there.
fn absence<'t>(texts: impl Iterator<Item = &'t str>) -> Option<Wanted> {
    let (mut absent, mut present) = (false, false);
    for text in texts {
        if text.eq_ignore_ascii_case("true") {
            absent = true;
        } else if text.eq_ignore_ascii_case("false") {
            present = true;
        } else {
            // What cannot be read makes the test unreadable, whatever the others say.
            return None;
        }
    }
    Some(Wanted::Absence { absent, present })
}

/// A pattern of an ARN operator: each of the six parts of an ARN is compared for itself.
#[derive(Debug)]
enum ArnGlob {
    Anything,
    Parts(Vec<Glob>),
    /// Its variables are replaced before it is cut into parts, because their values may hold colons.
    Open(Glob),
}

impl ArnGlob {
    fn read(text: &str, version: Version) -> Self {
        let glob = Glob::read(text, version, Reading::Wild);
        if glob.is_anything() {
            Self::Anything
        } else if glob.has_variables() {
            Self::Open(glob)
        } else {
            Self::Parts(glob.split(':', 6))
        }
    }

    fn matches(&self, given: &str, keys: &Keys<'_>) -> bool {
        let fits = |parts: &[Glob]| {
            let mut texts = given.splitn(6, ':');
            parts.iter().all(|part| texts.next().is_some_and(|text| part.matches(text, keys)))
                && texts.next().is_none()
        };
        match self {
            Self::Anything => true,
            Self::Parts(parts) => fits(parts),
            Self::Open(glob) => glob.filled(keys).is_some_and(|glob| fits(&glob.split(':', 6))),
        }
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
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digits = u32::try_from(12 - fraction.len()).ok()?;
    let behind: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let magnitude = whole.checked_mul(1_000_000_000_000)?.checked_add(behind * 10_i128.pow(digits))?;
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
