//! Between the attributes of the kernel and requests as users write them.

use std::collections::BTreeMap;

use super::ast::{Body, Condition, Leaf, Test};
use super::cel::{Part, Zone, timestamp};
use super::{catalog, conditions, edges, expressions, names, types};
use crate::logic::{Assignment, Attribute, Decimal, Kind, Value};
use crate::model::{Estate, Question, Request};

/// The request that a witness of a document alone stands for.
pub(super) fn alone(witness: &Assignment) -> Request {
    let text = |attribute: Attribute| witness.text(&attribute).map(str::to_owned);
    let fixed = [Attribute::principal(), Attribute::action(), Attribute::resource()];
    let mut context = BTreeMap::new();
    for (attribute, value) in witness.iter().filter(|(attribute, _)| !fixed.contains(attribute)) {
        let Some(value) = value else { continue };
        context.insert(attribute.name().to_owned(), written(attribute, value));
    }
    settle_time(&mut context);
    Request {
        cloud: names::CLOUD,
        principal: text(Attribute::principal()).unwrap_or_else(|| "allAuthenticatedUsers".to_owned()),
        action: text(Attribute::action()).unwrap_or_default(),
        resource: text(Attribute::resource()).unwrap_or_else(|| "*".to_owned()),
        context,
    }
}

/// The request that a witness stands for.
pub(super) fn request(estate: &Estate, question: &Question, witness: &Assignment) -> Request {
    let text = |attribute: Attribute| witness.text(&attribute).unwrap_or_default().to_owned();
    let resource = text(Attribute::resource());
    let fixed = [Attribute::principal(), Attribute::action(), Attribute::resource(), names::ancestry()];
    let mut context = BTreeMap::new();
    for (attribute, value) in witness.iter().filter(|(attribute, _)| !fixed.contains(attribute)) {
        let Some(value) = value else { continue };
        context.insert(attribute.name().to_owned(), written(attribute, value));
    }
    if let Some(chain) = witness.text(&names::ancestry())
        && names::placement(estate, &resource).is_none()
        && names::end_of_chain(estate, chain).is_some()
    {
        context.insert(names::ANCESTRY.to_owned(), vec![chain.to_owned()]);
    }
    settle_time(&mut context);
    let principal = edges::asker(estate, question.subject);
    Request { cloud: names::CLOUD, principal, action: text(Attribute::action()), resource, context }
}

fn written(attribute: &Attribute, value: &Value) -> Vec<String> {
    match value {
        // Between two ports there is none: `conditions` takes what lies there for the lower one.
        Value::Number(number) if attribute.name() == types::PORT => {
            let text = number.to_string();
            vec![text.split('.').next().unwrap_or_default().to_owned()]
        }
        Value::Text(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Instant(micros) => {
            vec![
                jiff::Timestamp::from_microsecond(*micros)
                    .map_or_else(|_| micros.to_string(), |at| at.to_string()),
            ]
        }
        Value::Address(address) => vec![address.to_string()],
        Value::Boolean(value) => vec![value.to_string()],
        Value::Set(members) => members.iter().cloned().collect(),
    }
}

/// Finds a time that has the parts which a request was given, where its time is open; else the request says its parts
/// beside its time, and the decision goes by them.
fn settle_time(context: &mut BTreeMap<String, Vec<String>>) {
    let mut wanted = Vec::new();
    for (key, values) in context.iter() {
        let Some((part, zone)) = calendar_key(key) else { continue };
        let number = values.first().and_then(|value| value.parse::<i64>().ok());
        if let (Some(number), Some(zone)) = (number, Zone::named(&zone)) {
            wanted.push((key.clone(), part, zone, number));
        }
    }
    if wanted.is_empty() {
        return;
    }
    let fits =
        |nanos: i128| wanted.iter().all(|(_, part, zone, number)| part.of(nanos, zone) == Some(*number));
    let said = context.get("request.time").and_then(|values| timestamp(values.first()?));
    let found = match said {
        Some(time) => Some(time).filter(|time| fits(*time)),
        None => search(fits),
    };
    let Some(time) = found.and_then(|nanos| jiff::Timestamp::from_nanosecond(nanos).ok()) else { return };
    context.insert("request.time".to_owned(), vec![time.to_string()]);
    for (key, ..) in &wanted {
        context.remove(key);
    }
}

/// The first time from 2027 on, by hours and then by the parts of one hour, for which something holds.
fn search(fits: impl Fn(i128) -> bool) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    let start = timestamp("2027-01-01T00:00:00Z")?;
    let hours = (0..24 * 366 * 5).map(|hour| start + hour * 3600 * SECOND);
    hours.into_iter().find(|time| fits(*time)).or_else(|| {
        // Parts below the hour: one day is enough for every hour of a day.
        (0..24 * 3600).map(|second| start + second * SECOND).find(|time| fits(*time))
    })
}

/// What `request.time.getHours("Europe/Berlin")` asks for.
fn calendar_key(key: &str) -> Option<(Part, String)> {
    let (name, zone) = key.strip_prefix("request.time.")?.split_once('(')?;
    let part = Part::ALL.into_iter().find(|part| part.function() == name)?;
    Some((part, zone.strip_suffix(')')?.trim_matches('"').to_owned()))
}

/// The attributes of a concrete request: what it says, and what follows from its time and its resource.
pub(super) fn assignment(estate: &Estate, request: &Request) -> Assignment {
    let resource = names::full_name(&request.resource);
    let catalog = catalog::current();
    let action = catalog.permission(&request.action).map(|index| catalog.permission_name(index).to_owned());
    let mut known = Assignment::new()
        .with_text(Attribute::principal(), request.principal.clone())
        .with_text(Attribute::action(), action.unwrap_or_else(|| request.action.clone()))
        .with_text(Attribute::resource(), resource.clone());
    let time = request.context.get("request.time").and_then(|values| values.first());
    if let Some(nanos) = time.and_then(|text| timestamp(text)) {
        for (part, zone) in &estate.derived(asked_parts).0 {
            let number = Zone::named(zone).and_then(|zone| part.of(nanos, &zone));
            if let Some(number) = number {
                known.set(conditions::calendar(*part, zone), number_of(number));
            }
        }
    }
    for (key, values) in &request.context {
        add(&mut known, key, values);
    }
    match time.and_then(|text| expressions::instant(text)) {
        Some(instant) => known.set(conditions::request_time(), Value::Instant(instant)),
        None => known.set_absent(conditions::request_time()),
    }
    let placed = names::placement(estate, &resource).map(|scope| names::chain(estate, scope));
    let said = || request.context.get(names::ANCESTRY).and_then(|values| values.first()).cloned();
    match placed.or_else(said) {
        Some(chain) => known.set(names::ancestry(), Value::Text(chain)),
        None => known.set_absent(names::ancestry()),
    }
    known
}

fn number_of(number: i64) -> Value {
    Value::Number(Decimal::parse(&number.to_string()).unwrap_or(Decimal::from_units(0)))
}

/// A value in each type that a condition may ask for it in.
fn add(known: &mut Assignment, key: &str, values: &[String]) {
    if calendar_key(key).is_some() {
        if let Some(number) = values.first().and_then(|value| Decimal::parse(value)) {
            known.set(Attribute::new(key, Kind::Number), Value::Number(number));
        }
        return;
    }
    if let Some(number) = values.first().filter(|_| key == types::PORT).and_then(|port| Decimal::parse(port))
    {
        known.set(Attribute::new(key, Kind::Number), Value::Number(number));
    }
    known.set(Attribute::new(key, Kind::TextSet), Value::Set(values.iter().cloned().collect()));
    if let Some(first) = values.first() {
        known.set(Attribute::text(key), Value::Text(first.clone()));
    }
}

/// The parts of times that conditions of the estate ask for, with their zones.
struct AskedParts(Vec<(Part, String)>);

fn asked_parts(estate: &Estate) -> AskedParts {
    let mut found = Vec::new();
    for (_, policy) in estate.policies() {
        let Some(condition) = policy.body.downcast_ref::<Body>().and_then(condition) else { continue };
        condition.expression.for_each(&mut |leaf| {
            if let Leaf::Test(Test::Calendar(part, zone, _)) = leaf {
                found.push((*part, zone.clone()));
            }
        });
    }
    found.sort();
    found.dedup();
    AskedParts(found)
}

fn condition(body: &Body) -> Option<&Condition> {
    match body {
        Body::Binding(binding) => binding.condition.as_ref(),
        Body::Deny(rule) => rule.condition.as_ref(),
        Body::BoundaryBinding(binding) => binding.condition.as_ref(),
        Body::Empty
        | Body::Role(_)
        | Body::Boundary(_)
        | Body::Document(_)
        | Body::Prevention(_)
        | Body::Key(_)
        | Body::Provider(_)
        | Body::AccessBinding(_) => None,
    }
}
