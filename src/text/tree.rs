//! The neutral value tree every parser answers with: what was written, where, in document order.
//! No type of any cloud, and no opinion about duplicate keys beyond "the first one answers".

use std::sync::Arc;

use super::decoded::Text;
use super::span::{Located, Span};

/// A value and the place it stands at, quotes or brackets included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// Where the value stands, quotes or brackets included.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is written in the source, so that nothing is rounded.
    Number(Box<str>),
    /// A string, decoded.
    Text(Text),
    /// An array.
    List(Vec<Tree>),
    /// An object.
    Map(Map),
}

/// An object: its entries in document order, duplicates kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// The entries in document order, duplicates kept.
    pub entries: Vec<Entry>,
}

/// One key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The decoded key; its span includes the quotes.
    pub key: Located<Arc<str>>,
    /// The value.
    pub value: Tree,
}

impl Map {
    /// The value of the first entry with exactly this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The first entry with exactly this key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.key.value == key)
    }
}

impl Tree {
    /// A string that is not written at its place as it is.
    #[must_use]
    pub fn of_text(span: Span, text: impl Into<Arc<str>>) -> Self {
        Self { span, kind: Kind::Text(Text::from_source(text, span.start)) }
    }

    /// An object of these keys, each with the place of its own.
    #[must_use]
    pub fn of_entries<'k>(span: Span, entries: impl IntoIterator<Item = (Span, &'k str, Self)>) -> Self {
        let entry = |(at, key, value): (Span, &str, Self)| Entry { key: Located::new(key.into(), at), value };
        Self { span, kind: Kind::Map(Map { entries: entries.into_iter().map(entry).collect() }) }
    }

    /// The value of the first entry with exactly this key; `None` also when this is no object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.as_map()?.get(key)
    }

    /// The value of the first entry whose key equals `key` up to ASCII case.
    #[must_use]
    pub fn get_ignoring_case(&self, key: &str) -> Option<&Tree> {
        self.entries().find(|entry| entry.key.value.eq_ignore_ascii_case(key)).map(|entry| &entry.value)
    }

    /// The entries of an object in document order; none when this is no object.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.as_map().into_iter().flat_map(|map| &map.entries)
    }

    /// The decoded value of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.as_text().map(Text::as_str)
    }

    /// What a string, a number or a boolean says, as text; `None` for everything else.
    #[must_use]
    pub fn scalar(&self) -> Option<String> {
        match &self.kind {
            Kind::Text(text) => Some(text.as_str().to_owned()),
            Kind::Number(source) => Some(source.to_string()),
            Kind::Bool(value) => Some(value.to_string()),
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// The string with its way back to the source.
    #[must_use]
    pub fn as_text(&self) -> Option<&Text> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements of an array.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Tree]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The object.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match &self.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The value of `true` or `false`.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A number that is written as a plain whole number and fits; neither `1.0` nor `1e3`.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match &self.kind {
            Kind::Number(source) => source.parse().ok(),
            _ => None,
        }
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// What to call this value in a message to the user: `an object`, `an array`, `a string`, `a number`,
    /// `true or false` or `null`.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a string",
            Kind::List(_) => "an array",
            Kind::Map(_) => "an object",
        }
    }
}
