//! Values of expressions: with the places where they are written, and with what they rest on that is not known.
//!
//! Two things may be unknown. What a provider makes up when it applies (the id of a key) is not known, but it is the same
//! everywhere and like nothing else; what nobody gave (a variable without a default) may be anything. Both stand in texts
//! as their names in angle brackets, and only the second is something that an answer rests on.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::instances::Handle;
use crate::text::{self, Entry, Located, Map, Span, Text, Tree};

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// Where it is written.
    pub(super) span: Span,
    pub(super) kind: Kind,
    /// How many values are in it, one that is in it twice counted twice.
    size: usize,
}

/// A value of more values than this is not known: lists of lists grow faster than what is written.
const LARGEST: usize = 1_000_000;

/// Texts longer than this are cut, against templates that grow without end.
pub(super) const LONGEST_TEXT: usize = 4 << 20;

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(f64),
    Text(Text),
    /// A text that is put together, also of what is not known.
    Composed(Text, Unknowns),
    List(Rc<[Value]>),
    /// In the order in which it is written.
    Object(Rc<[Member]>),
    /// A text that is JSON, with what it says.
    Json(Rc<Tree>, Unknowns),
    /// A resource or data source, or an instance of a module: its attributes are worked out when they are asked for.
    Handle(Handle),
    /// It is not known.
    Unknown(Unknown),
}

/// A key of an object, and its value.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) key: Located<Arc<str>>,
    pub(super) value: Value,
}

/// Something that is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unknown {
    /// What it is called where it comes from: `var.bucket`.
    pub(super) name: Arc<str>,
    pub(super) sort: Sort,
}

/// Why something is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    /// The provider makes it up, so that it is like nothing else.
    Made,
    /// Nobody gave it, or it cannot be worked out: it may be anything.
    Open,
    /// There is nothing of that name, so that Terraform would fail.
    Missing,
}

/// What a text is put together of that is not known.
pub(super) type Unknowns = Rc<BTreeSet<Unknown>>;

impl Unknown {
    /// A value that nobody gave.
    pub(super) fn open(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), sort: Sort::Open }
    }

    /// What is not there.
    pub(super) fn missing(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), sort: Sort::Missing }
    }

    /// A value that the provider makes up.
    pub(super) fn made(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), sort: Sort::Made }
    }

    /// How it stands in a text. A colon would part an ARN.
    pub(super) fn written(&self) -> String {
        format!("<{}>", self.name.replace(':', "."))
    }
}

impl Value {
    pub(super) fn new(span: Span, kind: Kind) -> Self {
        let size = match &kind {
            Kind::List(items) => items.iter().fold(1, |size: usize, item| size.saturating_add(item.size)),
            Kind::Object(members) => {
                members.iter().fold(1, |size: usize, member| size.saturating_add(member.value.size))
            }
            _ => 1,
        };
        if size > LARGEST {
            let kind = Kind::Unknown(Unknown::open("a value that is too large"));
            return Self { span, kind, size: 1 };
        }
        Self { span, kind, size }
    }

    pub(super) fn null(span: Span) -> Self {
        Self::new(span, Kind::Null)
    }

    pub(super) fn unknown(span: Span, unknown: Unknown) -> Self {
        Self::new(span, Kind::Unknown(unknown))
    }

    /// A text that is not written at that place as it is.
    pub(super) fn text(span: Span, text: impl Into<Arc<str>>) -> Self {
        Self::new(span, Kind::Text(made_up(span, text)))
    }

    /// A text of which parts are not known.
    pub(super) fn composed(span: Span, text: Text, unknowns: BTreeSet<Unknown>) -> Self {
        let kind = match unknowns.is_empty() {
            true => Kind::Text(text),
            false => Kind::Composed(text, Rc::new(unknowns)),
        };
        Self::new(span, kind)
    }

    pub(super) fn list(span: Span, items: impl IntoIterator<Item = Value>) -> Self {
        Self::new(span, Kind::List(items.into_iter().collect()))
    }

    pub(super) fn object(span: Span, members: impl IntoIterator<Item = Member>) -> Self {
        Self::new(span, Kind::Object(members.into_iter().collect()))
    }

    pub(super) fn bool(span: Span, value: bool) -> Self {
        Self::new(span, Kind::Bool(value))
    }

    pub(super) fn number(span: Span, value: f64) -> Self {
        Self::new(span, Kind::Number(value))
    }

    /// The same at another place, where nothing of it is written.
    pub(super) fn moved(self, span: Span) -> Self {
        let kind = match self.kind {
            Kind::Text(text) => Kind::Text(made_up(span, text.shared())),
            Kind::Composed(text, unknowns) => Kind::Composed(made_up(span, text.shared()), unknowns),
            kind => kind,
        };
        Self { span, kind, ..self }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    /// The text of a string, a number or a boolean of which all is known.
    pub(super) fn as_known_text(&self) -> Option<Arc<str>> {
        match &self.kind {
            Kind::Text(text) => Some(text.shared()),
            Kind::Number(number) => Some(written_number(*number).into()),
            Kind::Bool(value) => Some(if *value { "true" } else { "false" }.into()),
            Kind::Json(tree, unknowns) if unknowns.is_empty() => Some(json(tree).into()),
            _ => None,
        }
    }

    /// The text as it stands in another one, with what is not known in it.
    pub(super) fn as_text(&self, unknowns: &mut BTreeSet<Unknown>) -> Option<Arc<str>> {
        match &self.kind {
            Kind::Composed(text, own) => {
                unknowns.extend(own.iter().cloned());
                Some(text.shared())
            }
            Kind::Json(tree, own) => {
                unknowns.extend(own.iter().cloned());
                Some(json(tree).into())
            }
            Kind::Unknown(unknown) => {
                unknowns.insert(unknown.clone());
                Some(unknown.written().into())
            }
            _ => self.as_known_text(),
        }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Bool(value) => Some(*value),
            Kind::Text(text) if text.as_str() == "true" => Some(true),
            Kind::Text(text) if text.as_str() == "false" => Some(false),
            _ => None,
        }
    }

    pub(super) fn as_number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(number) => Some(*number),
            Kind::Text(text) => text.as_str().parse().ok(),
            _ => None,
        }
    }

    /// A whole number that counts something.
    pub(super) fn as_index(&self) -> Option<usize> {
        let number = self.as_number()?;
        let whole = number.fract() == 0.0 && (0.0..=9e15).contains(&number);
        // The text of a whole number reads back as it is, so nothing is cut off.
        whole.then(|| written_number(number).parse().ok()).flatten()
    }

    pub(super) fn as_list(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn as_object(&self) -> Option<&[Member]> {
        match &self.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The value of a key of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.iter().find(|member| &*member.key.value == key).map(|member| &member.value)
    }

    pub(super) fn as_unknown(&self) -> Option<&Unknown> {
        match &self.kind {
            Kind::Unknown(unknown) => Some(unknown),
            _ => None,
        }
    }

    /// All that is not known in it.
    pub(super) fn unknowns(&self, found: &mut BTreeSet<Unknown>) {
        match &self.kind {
            Kind::Composed(_, own) | Kind::Json(_, own) => found.extend(own.iter().cloned()),
            Kind::Unknown(unknown) => {
                found.insert(unknown.clone());
            }
            Kind::List(items) => items.iter().for_each(|item| item.unknowns(found)),
            Kind::Object(members) => members.iter().for_each(|member| member.value.unknowns(found)),
            _ => {}
        }
    }

    /// Whether two values are equal; `None` where that depends on what is not known.
    pub(super) fn same(&self, other: &Self) -> Option<bool> {
        let (mut own, mut theirs) = (BTreeSet::new(), BTreeSet::new());
        self.unknowns(&mut own);
        other.unknowns(&mut theirs);
        if own.is_empty() && theirs.is_empty() {
            return self.same_known(other);
        }
        // Something that exists is not nothing.
        let is_made = |value: &Self| value.as_unknown().is_some_and(|unknown| unknown.sort == Sort::Made);
        let nothing = (is_made(self) && other.is_null()) || (is_made(other) && self.is_null());
        if nothing { Some(false) } else { None }
    }

    fn same_known(&self, other: &Self) -> Option<bool> {
        Some(match (&self.kind, &other.kind) {
            (Kind::Handle(a), Kind::Handle(b)) => return (a == b).then_some(true),
            (Kind::Handle(_), other) | (other, Kind::Handle(_)) => {
                return matches!(other, Kind::Null).then_some(false);
            }
            (Kind::Null, Kind::Null) => true,
            (Kind::List(a), Kind::List(b)) => {
                let same: Option<Vec<bool>> = a.iter().zip(b.iter()).map(|(a, b)| a.same_known(b)).collect();
                a.len() == b.len() && same?.into_iter().all(|same| same)
            }
            (Kind::Object(a), Kind::Object(_)) => {
                let found = a.iter().map(|member| {
                    let theirs = other.get(&member.key.value);
                    theirs.map_or(Some(false), |theirs| member.value.same_known(theirs))
                });
                let same: Option<Vec<bool>> = found.collect();
                let sizes = other.as_object().is_some_and(|b| b.len() == a.len());
                sizes && same?.into_iter().all(|same| same)
            }
            _ => match (self.as_known_text(), other.as_known_text()) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        })
    }

    /// The value as what was read from a document; texts that are JSON are what they say. What is not known stands in it by
    /// its name, and is collected.
    pub(super) fn to_tree(&self, unknowns: &mut BTreeSet<Unknown>) -> Tree {
        if let Kind::Json(tree, own) = &self.kind {
            unknowns.extend(own.iter().cloned());
            return Tree::clone(tree);
        }
        self.tree(unknowns, &Self::to_tree)
    }

    /// The same with texts that are JSON as texts; `None` where those are too long.
    pub(super) fn to_texts(&self, unknowns: &mut BTreeSet<Unknown>) -> Option<Tree> {
        let too_long = std::cell::Cell::new(false);
        let tree = self.encoded(unknowns, &too_long);
        (!too_long.get()).then_some(tree)
    }

    fn encoded(&self, unknowns: &mut BTreeSet<Unknown>, too_long: &std::cell::Cell<bool>) -> Tree {
        if let Kind::Json(tree, own) = &self.kind {
            unknowns.extend(own.iter().cloned());
            let text = json(tree);
            too_long.set(too_long.get() || text.len() > LONGEST_TEXT);
            return Tree { span: self.span, kind: text::Kind::Text(made_up(self.span, text)) };
        }
        self.tree(unknowns, &|value, unknowns| value.encoded(unknowns, too_long))
    }

    fn tree(
        &self,
        unknowns: &mut BTreeSet<Unknown>,
        inner: &dyn Fn(&Self, &mut BTreeSet<Unknown>) -> Tree,
    ) -> Tree {
        let kind = match &self.kind {
            Kind::Null | Kind::Handle(_) => text::Kind::Null,
            Kind::Bool(value) => text::Kind::Bool(*value),
            Kind::Number(number) => text::Kind::Number(written_number(*number).into()),
            Kind::Text(text) => text::Kind::Text(text.clone()),
            Kind::Composed(text, own) => {
                unknowns.extend(own.iter().cloned());
                text::Kind::Text(text.clone())
            }
            Kind::Json(tree, own) => {
                unknowns.extend(own.iter().cloned());
                text::Kind::Text(made_up(self.span, json(tree)))
            }
            Kind::Unknown(unknown) => {
                unknowns.insert(unknown.clone());
                text::Kind::Text(made_up(self.span, unknown.written()))
            }
            Kind::List(items) => text::Kind::List(items.iter().map(|item| inner(item, unknowns)).collect()),
            Kind::Object(members) => {
                let entry = |member: &Member| Entry {
                    key: member.key.clone(),
                    value: inner(&member.value, unknowns),
                };
                text::Kind::Map(Map { entries: members.iter().map(entry).collect() })
            }
        };
        Tree { span: self.span, kind }
    }

    /// What a document says, as a value.
    pub(super) fn from_tree(tree: &Tree) -> Self {
        let kind = match &tree.kind {
            text::Kind::Null => Kind::Null,
            text::Kind::Bool(value) => Kind::Bool(*value),
            text::Kind::Number(number) => match number.parse() {
                Ok(number) => Kind::Number(number),
                Err(_) => Kind::Text(made_up(tree.span, &**number)),
            },
            text::Kind::Text(text) => Kind::Text(text.clone()),
            text::Kind::List(items) => Kind::List(items.iter().map(Self::from_tree).collect()),
            text::Kind::Map(map) => {
                let member =
                    |entry: &Entry| Member { key: entry.key.clone(), value: Self::from_tree(&entry.value) };
                Kind::Object(map.entries.iter().map(member).collect())
            }
        };
        Self::new(tree.span, kind)
    }
}

/// A text whose bytes do not stand at its place.
pub(super) fn made_up(span: Span, text: impl Into<Arc<str>>) -> Text {
    Text::from_source(text, span.start)
}

/// A number as Terraform writes it in texts: whole numbers without a fraction.
pub(super) fn written_number(number: f64) -> String {
    format!("{number}")
}

/// A tree as compact JSON.
pub(super) fn json(tree: &Tree) -> String {
    fn of(tree: &Tree) -> serde_json::Value {
        match &tree.kind {
            text::Kind::Null => serde_json::Value::Null,
            text::Kind::Bool(value) => (*value).into(),
            text::Kind::Number(number) => number
                .parse::<serde_json::Number>()
                .map_or_else(|_| number.to_string().into(), serde_json::Value::Number),
            text::Kind::Text(text) => text.as_str().into(),
            text::Kind::List(items) => items.iter().map(of).collect(),
            text::Kind::Map(map) => {
                map.entries.iter().map(|entry| (entry.key.value.to_string(), of(&entry.value))).collect()
            }
        }
    }
    of(tree).to_string()
}
