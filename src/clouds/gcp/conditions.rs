//! Conditions as formulas.
//!
//! CEL is three-valued: an expression is true, false, or fails, and `&&` and `||` absorb a failure when the other side
//! decides. A condition that fails does not grant
//! (<https://cloud.google.com/iam/docs/conditions-overview>), so each expression is lowered to two formulas:
//! where it is true, and where it is false. It fails elsewhere, as `resource.name` does for services that do not
//! recognize it.

use super::ast::{Comparison, Condition, Expression, Key, Order};
use super::names::BUCKETS;
use crate::logic::{Attribute, Case, Formula, Kind, Pattern, Patterns, Ranges, Value};
use crate::model::{Gap, GapKind, Origin};

/// The services that recognize the attributes of resources, by the first word of their name:
/// <https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-service> (November 2026).
const SERVICES: [&str; 26] = [
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

/// The requests for which a condition holds; `True` for none.
pub(super) fn holds(condition: Option<&Condition>) -> Formula {
    condition.map_or(Formula::True, |condition| lower(&condition.expression).holds)
}

/// One gap for each part of the condition that is not understood.
pub(super) fn gaps(condition: Option<&Condition>) -> Vec<Gap> {
    let mut found = Vec::new();
    if let Some(condition) = condition {
        opaque_parts(&condition.expression, &mut |text, span| {
            let origin = span.map(|span| Origin {
                span: Some(span),
                what: "condition".to_owned(),
                ..Origin::default()
            });
            found.push(Gap {
                kind: GapKind::OpaqueCondition,
                message: format!("the condition `{text}` is not understood; both outcomes were considered"),
                origin,
            });
        });
    }
    found
}

fn opaque_parts(expression: &Expression, visit: &mut impl FnMut(&str, Option<crate::text::Span>)) {
    match expression {
        Expression::Text(Key::Type, _, value) if type_is(value).is_none() => {
            visit(&format!("resource.type == \"{value}\""), None);
        }
        Expression::Opaque(part) => visit(&part.value, Some(part.span)),
        Expression::Not(inner) => opaque_parts(inner, visit),
        Expression::And(left, right) | Expression::Or(left, right) => {
            opaque_parts(left, visit);
            opaque_parts(right, visit);
        }
        _ => {}
    }
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
        Expression::And(left, right) => {
            let (left, right) = (lower(left), lower(right));
            Lowered { holds: left.holds.and(right.holds), fails: left.fails.or(right.fails) }
        }
        Expression::Or(left, right) => {
            let (left, right) = (lower(left), lower(right));
            Lowered { holds: left.holds.or(right.holds), fails: left.fails.and(right.fails) }
        }
        Expression::Text(key, comparison, text) => lower_text(*key, *comparison, text),
        Expression::Time(order, instant) => {
            let ranges = during(*order, *instant);
            let fails = Formula::within(request_time(), ranges.complement());
            Lowered { holds: Formula::within(request_time(), ranges), fails }
        }
        Expression::Opaque(part) => opaque(&part.value),
    }
}

fn opaque(text: &str) -> Lowered {
    let id = Formula::opaque(format!("cel:{text}"));
    Lowered { holds: id.clone(), fails: id.not() }
}

fn during(order: Order, instant: i64) -> Ranges {
    let value = Value::Instant(instant);
    match order {
        Order::Before => Ranges::below(&value, false),
        Order::NotAfter => Ranges::below(&value, true),
        Order::At => Ranges::exactly(&value),
        Order::NotBefore => Ranges::above(&value, true),
        Order::After => Ranges::above(&value, false),
    }
    .unwrap_or_else(Ranges::empty)
}

fn lower_text(key: Key, comparison: Comparison, text: &str) -> Lowered {
    let holds = match (key, comparison) {
        (Key::Name, _) => named(comparison, text),
        (Key::Service, _) => of_services(|service| compares(service, comparison, text)),
        (Key::Type, Comparison::Equals) => match type_is(text) {
            Some(formula) => formula,
            None => return opaque(&format!("resource.type == \"{text}\"")),
        },
        (Key::Type, _) => return opaque(&format!("resource.type {comparison:?} \"{text}\"")),
    };
    let fails = of_services(|_| true).and(holds.clone().not());
    Lowered { holds, fails }
}

fn compares(value: &str, comparison: Comparison, text: &str) -> bool {
    match comparison {
        Comparison::Equals => value == text,
        Comparison::StartsWith => value.starts_with(text),
        Comparison::EndsWith => value.ends_with(text),
    }
}

/// The resource belongs to one of the services that recognize attributes and that `keep` approves of.
fn of_services(keep: impl Fn(&str) -> bool) -> Formula {
    let services = SERVICES.iter().map(|word| format!("{word}.googleapis.com")).filter(|name| keep(name));
    let patterns = services.map(|service| Pattern::prefix(&format!("//{service}/"), Case::Sensitive));
    Formula::matches(Attribute::resource(), Patterns::of(patterns))
}

/// `resource.name` is the part of the full name that follows the service:
/// <https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-name>.
fn named(comparison: Comparison, text: &str) -> Formula {
    // Only Cloud Storage writes `_` for the project, so one pattern does for all services.
    let only_storage = comparison != Comparison::EndsWith && text.starts_with("projects/_/");
    let services = SERVICES.iter().filter(|word| !only_storage || **word == "storage");
    let patterns = services.map(|word| {
        let full = format!("//{word}.googleapis.com/{text}");
        match comparison {
            Comparison::Equals => Pattern::literal(&full, Case::Sensitive),
            Comparison::StartsWith => Pattern::prefix(&full, Case::Sensitive),
            Comparison::EndsWith => ending(&format!("//{word}.googleapis.com/"), text),
        }
    });
    Formula::matches(Attribute::resource(), Patterns::of(patterns))
}

fn ending(start: &str, end: &str) -> Pattern {
    let start = Pattern::prefix(start, Case::Sensitive).tokens().collect::<Vec<_>>();
    Pattern::new(start.into_iter().chain(end.chars().map(crate::logic::Token::Char)), Case::Sensitive)
}

/// The resource is of that type; `None` for types whose names are not told apart here.
fn type_is(value: &str) -> Option<Formula> {
    let like = |glob: &str| {
        Formula::matches(Attribute::resource(), Patterns::of([Pattern::glob(glob, Case::Sensitive)]))
    };
    let below = |part: &str| like(&format!("{BUCKETS}*{part}*"));
    Some(match value {
        "storage.googleapis.com/Bucket" => below("").and(below("/").not()),
        "storage.googleapis.com/Object" => below("/objects/"),
        "storage.googleapis.com/ManagedFolder" => below("/managedFolders/").and(below("/objects/").not()),
        "cloudresourcemanager.googleapis.com/Project" => {
            like("//cloudresourcemanager.googleapis.com/projects/*")
        }
        _ => return None,
    })
}
