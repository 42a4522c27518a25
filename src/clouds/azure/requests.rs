//! Between the attributes of the kernel and requests as users write them.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::Key;
use super::members::{NOBODY, OUTSIDER};
use super::{catalog, conditions, further, names, times};
use crate::logic::{Assignment, Attribute, Decimal, Kind, Value};
use crate::model::{Estate, Question, Request, Subject};

/// The request that a witness stands for.
pub(super) fn request(estate: &Estate, question: &Question, witness: &Assignment) -> Request {
    of(asker(estate, question.subject), witness)
}

/// The request of a principal that a witness stands for.
pub(super) fn of(principal: String, witness: &Assignment) -> Request {
    let text = |attribute: Attribute| witness.text(&attribute).unwrap_or_default().to_owned();
    let action = text(Attribute::action());
    let known = catalog::operations().find(&action).map(|one| one.name());
    let spelled = known.or_else(|| further::spelled(&action)).map(str::to_owned);
    let of_request = witness.iter().filter(|(attribute, _)| attribute.name().starts_with('@'));
    let context: BTreeMap<String, Vec<String>> = of_request
        .filter_map(|(attribute, value)| Some((attribute.name().to_owned(), written(attribute, value?))))
        .collect();
    Request {
        cloud: names::CLOUD,
        principal,
        action: spelled.unwrap_or(action),
        resource: names::full_name(&text(Attribute::resource())),
        context,
    }
}

fn asker(estate: &Estate, subject: Subject) -> String {
    match subject {
        Subject::Principal(id) => estate.principal(id).map(|one| one.name.clone()).unwrap_or_default(),
        Subject::Outside => OUTSIDER.to_owned(),
        Subject::Anonymous => NOBODY.to_owned(),
    }
}

/// The values of a context key.
fn written(attribute: &Attribute, value: &Value) -> Vec<String> {
    let is_time = matches!(value, Value::Instant(_)) || is_exact_time(attribute);
    if let Some(time) = times::written(value).filter(|_| is_time) {
        return vec![time];
    }
    match value {
        Value::Text(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Instant(micros) => vec![micros.to_string()],
        Value::Address(address) => vec![address.to_string()],
        Value::Boolean(value) => vec![value.to_string()],
        Value::Set(values) => values.iter().cloned().collect(),
    }
}

/// The attributes of a request: the inverse of [`request`].
pub(super) fn assignment(request: &Request) -> Assignment {
    let mut known = Assignment::new()
        .with_text(Attribute::principal(), request.principal.clone())
        .with_text(Attribute::action(), request.action.to_ascii_lowercase())
        .with_text(Attribute::resource(), names::full_name(&request.resource));
    for (name, values) in &request.context {
        let Some(key) = Key::of_context(name) else { continue };
        if let Some(value) = read(&key, values) {
            known.set(conditions::attribute(&key), value);
        }
    }
    known
}

/// Whether an attribute holds times that are kept as numbers.
pub(super) fn is_exact_time(attribute: &Attribute) -> bool {
    Key::of_context(attribute.name()).is_some_and(|key| key.is_exact_time())
}

fn read(key: &Key, values: &[String]) -> Option<Value> {
    if key.kind == Kind::TextSet {
        return Some(Value::Set(values.iter().cloned().collect::<BTreeSet<String>>()));
    }
    let first = values.first()?;
    match key.kind {
        Kind::Text => Some(Value::Text(first.clone())),
        Kind::Number if key.is_exact_time() => times::exact_instant(first).map(Value::Number),
        Kind::Number => Decimal::parse(first).map(Value::Number),
        Kind::Instant => times::instant(first).map(Value::Instant),
        Kind::Boolean => first.parse().ok().map(Value::Boolean),
        Kind::Address | Kind::TextSet => None,
    }
}
