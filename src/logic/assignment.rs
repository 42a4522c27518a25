//! Requests as the kernel sees them: attributes with values.

use std::collections::BTreeMap;

use super::{Attribute, Value};

/// What is known of a request: each attribute has a value, is known to be absent, or is not known.
///
/// As a complete request ([`super::Formula::evaluate`]) an attribute that is not known counts as absent; as a
/// partial one ([`super::Formula::restrict`]) it stays open.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment(BTreeMap<Attribute, Option<Value>>);

impl Assignment {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives `attribute` a value.
    pub fn set(&mut self, attribute: Attribute, value: Value) {
        self.0.insert(attribute, Some(value));
    }

    /// Gives a text attribute a value, and returns the whole for chaining.
    #[must_use]
    pub fn with_text(mut self, attribute: Attribute, value: impl Into<String>) -> Self {
        self.set(attribute, Value::Text(value.into()));
        self
    }

    /// Says that `attribute` is absent.
    pub fn set_absent(&mut self, attribute: Attribute) {
        self.0.insert(attribute, None);
    }

    /// The value, if there is one.
    pub fn value(&self, attribute: &Attribute) -> Option<&Value> {
        self.0.get(attribute).and_then(Option::as_ref)
    }

    /// The value of a text attribute.
    pub fn text(&self, attribute: &Attribute) -> Option<&str> {
        match self.value(attribute) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// `None`: not known. `Some(None)`: known to be absent. `Some(Some(v))`: has the value `v`.
    pub fn known(&self, attribute: &Attribute) -> Option<Option<&Value>> {
        self.0.get(attribute).map(Option::as_ref)
    }

    /// All attributes that have a value or are known to be absent, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Attribute, Option<&Value>)> {
        self.0.iter().map(|(attribute, value)| (attribute, value.as_ref()))
    }

    /// Takes over all that `other` knows.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(attribute, value)| (attribute.clone(), value.clone())));
    }

    /// All but what is known of `attribute`.
    #[must_use]
    pub fn without(&self, attribute: &Attribute) -> Self {
        let mut rest = self.clone();
        rest.0.remove(attribute);
        rest
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
