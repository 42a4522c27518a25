//! Typed statements as JSON again. Reading what was printed gives the same statement.

use serde_json::{Map, Value, json};

use crate::clouds::aws::ast::{Document, Element, Statement, Test};
use crate::model::Effect;

/// A policy with these statements, without blanks.
pub(super) fn document(statements: Vec<Value>) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// The text of a document, as long as the provider counts it.
pub(super) fn size(document: &Document) -> usize {
    self::document(document.statements.iter().map(statement).collect()).len()
}

/// A statement of an identity policy.
pub(super) fn statement(one: &Statement) -> Value {
    let mut printed = nameless(one);
    if let (Some(sid), Some(fields)) = (&one.sid, printed.as_object_mut()) {
        fields.insert("Sid".to_owned(), json!(&*sid.value));
    }
    printed
}

/// The same without its `Sid`.
pub(super) fn nameless(one: &Statement) -> Value {
    let mut fields = Map::new();
    fields.insert("Effect".to_owned(), effect(one.effect));
    let (name, value) = element("Action", &one.action);
    fields.insert(name, value);
    if let Some(resource) = &one.resource {
        let (name, value) = element("Resource", resource);
        fields.insert(name, value);
    }
    if let Some(condition) = condition(&one.condition) {
        fields.insert("Condition".to_owned(), condition);
    }
    Value::Object(fields)
}

pub(super) fn effect(effect: Effect) -> Value {
    json!(match effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    })
}

/// The name and the value of an element.
pub(super) fn element(name: &str, element: &Element) -> (String, Value) {
    let name = if element.negated { format!("Not{name}") } else { name.to_owned() };
    (name, listed(element.values.iter().map(|value| &*value.value)))
}

/// One text alone, several as a list.
pub(super) fn listed<'t>(texts: impl Iterator<Item = &'t str>) -> Value {
    let all: Vec<&str> = texts.collect();
    match all.as_slice() {
        [only] => json!(only),
        _ => json!(all),
    }
}

/// The tests of a condition; `None` when there are none.
pub(super) fn condition(tests: &[Test]) -> Option<Value> {
    let mut operators = Map::new();
    for test in tests {
        let keys = operators.entry(test.operator.written()).or_insert_with(|| json!({}));
        if let Some(keys) = keys.as_object_mut() {
            keys.insert(test.key.value.to_string(), listed(test.values.iter().map(|value| &*value.value)));
        }
    }
    (!operators.is_empty()).then_some(Value::Object(operators))
}
