//! Conditions as formulas.
//!
//! CEL is three-valued: an expression is true, false, or fails, and `&&` and `||` absorb a failure when the other side
//! decides. So each expression is lowered to two formulas: where it is true, and where it is false. It fails elsewhere,
//! as `resource.name` does for services that do not recognize it. What a failure means depends on who asks: a binding
//! does not grant (<https://cloud.google.com/iam/docs/conditions-overview>), a deny rule denies
//! (<https://cloud.google.com/iam/docs/deny-overview#denial-conditions>).

use super::ast::{Comparison, Condition, Expression, Key, Leaf, Order, SetKey, TagKey, Template, Test};
use super::cel::Part;
use super::extracts::{self, Extract};
use super::types;
use crate::logic::{Attribute, Case, Decimal, Formula, Kind, Pattern, Patterns, Ranges, Token, Value};
use crate::model::{Gap, GapKind, Origin};

/// The services that recognize the attributes of resources, by the first word of their name:
/// <https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-service> (November 2026).
const SERVICES: [&str; 27] = [
    "apigee",
    "apihub",
    "backupdr",
    "bigquery",
    "bigqueryreservation",
    "bigtableadmin",
    "binaryauthorization",
    "ces",
    "clouddeploy",
    "cloudkms",
    "cloudresourcemanager",
    "compute",
    "connectors",
    "container",
    "dataform",
    "dns",
    "firestore",
    "iap",
    "integrations",
    "logging",
    "managedkafka",
    "networksecurity",
    "parametermanager",
    "secretmanager",
    "spanner",
    "sqladmin",
    "storage",
];

/// Whether requests on resources of the service (`storage.googleapis.com`) have attributes of the resource.
pub(super) fn recognizes_attributes(service: &str) -> bool {
    service.strip_suffix(".googleapis.com").is_some_and(|word| SERVICES.contains(&word))
}

/// The time of the request.
pub(super) fn request_time() -> Attribute {
    Attribute::new("request.time", Kind::Instant)
}

/// A part of the time of the request in a time zone, as requests write it: `request.time.getHours("Europe/Berlin")`.
pub(super) fn calendar_name(part: Part, zone: &str) -> String {
    format!("request.time.{}({zone:?})", part.function())
}

/// A part of the time of the request. It is an attribute of its own: no engine knows the calendar.
pub(super) fn calendar(part: Part, zone: &str) -> Attribute {
    Attribute::new(calendar_name(part, zone), Kind::Number)
}

/// The value of a tag of the resource, as requests write it.
pub(super) fn tag_name(key: &TagKey) -> String {
    match key {
        TagKey::Name(key) => format!("resource.tag/{key}"),
        TagKey::Id(id) => format!("resource.tagId/{id}"),
    }
}

/// The requests for which a condition holds; `True` for none.
pub(super) fn holds(condition: Option<&Condition>) -> Formula {
    condition.map_or(Formula::True, |condition| lower(&condition.expression).holds)
}

/// The requests for which a condition holds or has no value; `True` for none.
pub(super) fn may_hold(condition: Option<&Condition>) -> Formula {
    condition.map_or(Formula::True, |condition| lower(&condition.expression).fails.not())
}

/// The same for a condition that may ask for type and subject of a principal that is known.
pub(super) fn may_hold_for(condition: Option<&Condition>, principal: Option<&(String, String)>) -> Formula {
    condition
        .map_or(Formula::True, |condition| lower(&resolved(&condition.expression, principal)).fails.not())
}

/// The expression with what it asks of the principal filled in.
fn resolved(expression: &Expression, principal: Option<&(String, String)>) -> Expression {
    let all = |parts: &[Expression]| parts.iter().map(|part| resolved(part, principal)).collect();
    match (expression, principal) {
        (Expression::Not(inner), _) => Expression::Not(Box::new(resolved(inner, principal))),
        (Expression::And(parts), _) => Expression::And(all(parts)),
        (Expression::Or(parts), _) => Expression::Or(all(parts)),
        (Expression::Choice(parts), _) => {
            Expression::Choice(Box::new(parts.each_ref().map(|part| resolved(part, principal))))
        }
        (Expression::Test(Test::Text(Key::PrincipalType, comparison, text)), Some((kind, _))) => {
            Expression::Constant(compares(kind, *comparison, text))
        }
        (Expression::Test(Test::Text(Key::PrincipalSubject, comparison, text)), Some((_, subject))) => {
            Expression::Constant(compares(subject, *comparison, text))
        }
        _ => expression.clone(),
    }
}

/// One gap for each part of the condition that is not understood.
pub(super) fn gaps(condition: Option<&Condition>) -> Vec<Gap> {
    let mut found = Vec::new();
    let Some(condition) = condition else { return found };
    condition.expression.for_each(&mut |leaf| {
        let Leaf::Opaque(part) = leaf else { return };
        let what = "condition".to_owned();
        found.push(Gap {
            kind: GapKind::OpaqueCondition,
            message: format!(
                "the condition `{}` is not understood; both outcomes were considered",
                part.value
            ),
            origin: Some(Origin { span: Some(part.span), what, ..Origin::default() }),
        });
    });
    found
}

/// Where an expression is true and where it is false.
struct Lowered {
    holds: Formula,
    fails: Formula,
}

fn lower(expression: &Expression) -> Lowered {
    match expression {
        Expression::Constant(true) => Lowered { holds: Formula::True, fails: Formula::False },
        Expression::Constant(false) => Lowered { holds: Formula::False, fails: Formula::True },
        Expression::Not(inner) => {
            let inner = lower(inner);
            Lowered { holds: inner.fails, fails: inner.holds }
        }
        Expression::And(parts) => {
            let (holds, fails): (Vec<_>, Vec<_>) =
                parts.iter().map(lower).map(|l| (l.holds, l.fails)).unzip();
            Lowered { holds: Formula::all(holds), fails: Formula::any(fails) }
        }
        Expression::Or(parts) => {
            let (holds, fails): (Vec<_>, Vec<_>) =
                parts.iter().map(lower).map(|l| (l.holds, l.fails)).unzip();
            Lowered { holds: Formula::any(holds), fails: Formula::all(fails) }
        }
        Expression::Choice(parts) => {
            // A condition that fails is absorbed by nothing, and the part that is not chosen does not matter.
            let [condition, then, otherwise] = parts.each_ref().map(lower);
            let either = |then: Formula, otherwise: Formula| {
                condition.holds.clone().and(then).or(condition.fails.clone().and(otherwise))
            };
            Lowered { holds: either(then.holds, otherwise.holds), fails: either(then.fails, otherwise.fails) }
        }
        Expression::Test(test) => lower_test(test),
        Expression::Failing => Lowered { holds: Formula::False, fails: Formula::False },
        Expression::Opaque(part) => {
            // It may be false or fail where it is not true, so one name is not enough.
            let holds = Formula::opaque(format!("cel:{}", part.value));
            let is_false = Formula::opaque(format!("cel-false:{}", part.value));
            Lowered { fails: is_false.and(holds.clone().not()), holds }
        }
    }
}

/// A test that always has a value.
fn total(holds: Formula) -> Lowered {
    Lowered { fails: holds.clone().not(), holds }
}

fn lower_test(test: &Test) -> Lowered {
    match test {
        Test::Text(key, comparison, text) => lower_text(key, *comparison, text),
        Test::Extract(key, template, comparison, text) => lower_extract(key, template, *comparison, text),
        Test::Time(order, instant) => {
            let ranges = compared(*order, &Value::Instant(*instant));
            let fails = Formula::within(request_time(), ranges.complement());
            Lowered { holds: Formula::within(request_time(), ranges), fails }
        }
        Test::Port(order, number) => carried(types::PORT, |name| {
            let port = |ranges: Ranges| Formula::within(Attribute::new(name, Kind::Number), ranges);
            (port(ports(Order::NotBefore, 0)), port(ports(*order, *number)))
        }),
        Test::Calendar(part, zone, numbers) => {
            let (low, high) = part.bounds();
            let others = (low..=high).filter(|number| !numbers.contains(number));
            let within = |numbers: &mut dyn Iterator<Item = i64>| {
                Formula::within(calendar(*part, zone), points(numbers))
            };
            Lowered { holds: within(&mut numbers.iter().copied()), fails: within(&mut others.into_iter()) }
        }
        Test::Holds(key, text) => lower_set(
            key,
            |set| Formula::any_in(set, Patterns::literal(text)),
            |items| items.iter().any(|item| item == text),
        ),
        Test::HoldsOnly(key, texts) => {
            let allowed = texts.iter().map(|text| Pattern::literal(text, Case::Sensitive));
            let allowed = Patterns::of(allowed);
            lower_set(
                key,
                |set| Formula::all_in(set, allowed),
                |items| items.iter().all(|item| texts.contains(item)),
            )
        }
        Test::Tag(key, value) => {
            let attribute = Attribute::text(tag_name(key));
            total(match value {
                Some(value) => Formula::matches(attribute, Patterns::literal(value)),
                None => Formula::present(attribute),
            })
        }
    }
}

fn lower_set(
    key: &SetKey,
    holds: impl FnOnce(Attribute) -> Formula,
    by_default: impl FnOnce(&[String]) -> bool,
) -> Lowered {
    let set = |name: &str| Attribute::new(name, Kind::TextSet);
    match key {
        SetKey::AccessLevels => {
            carried(types::ACCESS_LEVELS, |name| (Formula::present(set(name)), holds(set(name))))
        }
        SetKey::Api(name, default) => settle(set(name), holds(set(name)), by_default(default)),
    }
}

/// What holds of a present attribute, with the outcome for an absent one.
fn settle(attribute: Attribute, holds: Formula, absent: bool) -> Lowered {
    let present = Formula::present(attribute);
    total(if absent { present.not().or(holds) } else { holds })
}

/// Where an attribute has a value that only requests for some permissions carry, and what holds of it; it fails elsewhere.
fn carried(name: &str, of: impl FnOnce(&str) -> (Formula, Formula)) -> Lowered {
    let permissions = types::permissions_with(name).iter();
    let permissions = permissions.map(|permission| Pattern::literal(permission, Case::Sensitive));
    let asked = Formula::matches(Attribute::action(), Patterns::of(permissions));
    let (there, holds) = of(name);
    let fails = there.and(holds.clone().not());
    Lowered { fails: fails.and(asked.clone()), holds: holds.and(asked) }
}

/// The ports of a comparison, of those that there are. Each stands for all numbers from it up to the next, so that what engines find between two
/// can be rounded down.
fn ports(order: Order, number: i64) -> Ranges {
    let from = |port: i64| Ranges::above(&whole(port), true).unwrap_or_else(Ranges::empty);
    let next = number.saturating_add(1);
    let fitting = match order {
        Order::Before => from(number).complement(),
        Order::NotAfter => from(next).complement(),
        Order::At => from(number).intersection(&from(next).complement()),
        Order::NotBefore => from(number),
        Order::After => from(next),
    };
    fitting.intersection(&from(0)).intersection(&from(i64::from(u16::MAX) + 1).complement())
}

fn whole(number: i64) -> Value {
    Value::Number(Decimal::from_units(i128::from(number) * UNITS))
}

fn points(numbers: &mut dyn Iterator<Item = i64>) -> Ranges {
    let point = |number: i64| whole(number).point();
    Ranges::of(numbers.filter_map(point).map(|point| (point, point)))
}

/// Units of a decimal in one.
const UNITS: i128 = 1_000_000_000_000;

/// What holds of the parts of a time that a formula asks for: they are whole numbers within their bounds.
pub(super) fn calendar_facts<'a>(expressions: impl IntoIterator<Item = &'a Expression>) -> Formula {
    let mut facts = Vec::new();
    for expression in expressions {
        expression.for_each(&mut |leaf| {
            if let Leaf::Test(Test::Calendar(part, zone, _)) = leaf {
                let (low, high) = part.bounds();
                facts.push(Formula::within(calendar(*part, zone), points(&mut (low..=high))));
            }
        });
    }
    Formula::all(facts)
}

fn compared(order: Order, value: &Value) -> Ranges {
    match order {
        Order::Before => Ranges::below(value, false),
        Order::NotAfter => Ranges::below(value, true),
        Order::At => Ranges::exactly(value),
        Order::NotBefore => Ranges::above(value, true),
        Order::After => Ranges::above(value, false),
    }
    .unwrap_or_else(Ranges::empty)
}

fn lower_text(key: &Key, comparison: Comparison, text: &str) -> Lowered {
    let holds = match key {
        Key::Name => named(&around(comparison, text)),
        Key::Service => of_services(|service| compares(service, comparison, text)),
        Key::Type => match types::named(text) {
            Some(kind) => of_type(kind),
            None => Formula::False,
        },
        Key::Api(name, default) => {
            let attribute = Attribute::text(name.as_str());
            let holds =
                Formula::matches(attribute.clone(), Patterns::of([pattern("", &around(comparison, text))]));
            return settle(attribute, holds, compares(default, comparison, text));
        }
        Key::Carried(name) => {
            return carried(name, |name| {
                let like = Patterns::of([pattern("", &around(comparison, text))]);
                (Formula::present(Attribute::text(name)), Formula::matches(Attribute::text(name), like))
            });
        }
        // Only bindings of boundary policies know them.
        Key::PrincipalType | Key::PrincipalSubject => {
            return Lowered { holds: Formula::False, fails: Formula::False };
        }
    };
    Lowered { fails: of_services(|_| true).and(holds.clone().not()), holds }
}

pub(super) fn compares(value: &str, comparison: Comparison, text: &str) -> bool {
    match comparison {
        Comparison::Equals => value == text,
        Comparison::StartsWith => value.starts_with(text),
        Comparison::EndsWith => value.ends_with(text),
        Comparison::Contains => value.contains(text),
        Comparison::AtLeast(count) => value.chars().nth(count.saturating_sub(1)).is_some() || count == 0,
    }
}

/// A piece of a text that is compared.
#[derive(Clone, Copy)]
pub(super) enum Piece<'a> {
    Literal(&'a str),
    /// So many characters.
    Some(usize),
    Anything,
}

pub(super) fn around(comparison: Comparison, text: &str) -> Vec<Piece<'_>> {
    match comparison {
        Comparison::AtLeast(count) => vec![Piece::Some(count), Piece::Anything],
        Comparison::Equals => vec![Piece::Literal(text)],
        Comparison::StartsWith => vec![Piece::Literal(text), Piece::Anything],
        Comparison::EndsWith => vec![Piece::Anything, Piece::Literal(text)],
        Comparison::Contains => vec![Piece::Anything, Piece::Literal(text), Piece::Anything],
    }
}

pub(super) fn pattern(start: &str, pieces: &[Piece<'_>]) -> Pattern {
    let tokens = pieces.iter().flat_map(|piece| match piece {
        Piece::Literal(text) => text.chars().map(Token::Char).collect(),
        Piece::Some(count) => vec![Token::One; *count],
        Piece::Anything => vec![Token::Run],
    });
    Pattern::new(start.chars().map(Token::Char).chain(tokens), Case::Sensitive)
}

/// The resource belongs to one of the services that recognize attributes and that `keep` approves of.
fn of_services(keep: impl Fn(&str) -> bool) -> Formula {
    let services = SERVICES.iter().map(|word| format!("{word}.googleapis.com")).filter(|name| keep(name));
    let patterns = services.map(|service| Pattern::prefix(&format!("//{service}/"), Case::Sensitive));
    Formula::matches(Attribute::resource(), Patterns::of(patterns))
}

/// `resource.name` is the part of the full name that follows the service:
/// <https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-name>.
fn named(pieces: &[Piece<'_>]) -> Formula {
    // Only Cloud Storage writes `_` for the project, so one pattern does for all services.
    let only_storage =
        matches!(pieces.first(), Some(Piece::Literal(text)) if text.starts_with("projects/_/"));
    let services = SERVICES.iter().filter(|word| !only_storage || **word == "storage");
    let patterns = services.map(|word| pattern(&format!("//{word}.googleapis.com/"), pieces));
    Formula::matches(Attribute::resource(), Patterns::of(patterns))
}

/// The resource is of that type.
fn of_type(kind: &types::ResourceType) -> Formula {
    let like = |form: &str| {
        let glob = Pattern::glob(&format!("//{}/{form}", kind.service()), Case::Sensitive);
        Formula::matches(Attribute::resource(), Patterns::of([glob]))
    };
    let excepted = if kind.except.is_empty() { Formula::False } else { like(kind.except) };
    like(kind.form).and(excepted.not())
}

/// What a template takes out of a text, compared; `extracts` tells where that holds of a text.
fn lower_extract(key: &Key, template: &Template, comparison: Comparison, text: &str) -> Lowered {
    let texts = |pieces: &[Piece<'_>]| match key {
        Key::Name => named(pieces),
        Key::Api(name, _) => {
            Formula::matches(Attribute::text(name.as_str()), Patterns::of([pattern("", pieces)]))
        }
        Key::Carried(name) => Formula::matches(Attribute::text(*name), Patterns::of([pattern("", pieces)])),
        _ => Formula::False,
    };
    let starts: &[&str] = if *key == Key::Name { &["", BUCKET_NAMES] } else { &[""] };
    let id = format!("cel:{key:?} {template:?} {comparison:?} {text:?}");
    let holds = Extract { template, comparison, text, starts, texts: &texts, id }.holds();
    match key {
        Key::Api(name, default) => {
            // The default is a constant: what the template takes out of it, too.
            let by_default = compares(extracts::taken_from(default, template), comparison, text);
            settle(Attribute::text(name.as_str()), present_and(name, holds), by_default)
        }
        Key::Carried(name) => {
            carried(name, |name| (Formula::present(Attribute::text(name)), present_and(name, holds)))
        }
        _ => {
            let known = of_services(|_| true);
            Lowered { holds: known.clone().and(holds.clone()), fails: known.and(holds.not()) }
        }
    }
}

/// How all names of Cloud Storage begin within their service.
const BUCKET_NAMES: &str = "projects/_/";

fn present_and(name: &str, holds: Formula) -> Formula {
    Formula::present(Attribute::text(name)).and(holds)
}
