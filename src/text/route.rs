//! The symbolic path of a value inside a document, as in `Statement[0].Action[2]`. Unlike a span it survives
//! reformatting, so it is what reports and fingerprints name.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use super::tree::{Kind, Tree};

/// The way from the root of a document to one value. A longer route holds on to the shorter one that it was made of, so
/// that a large document has each step once.
#[derive(Clone, Debug, Default)]
pub struct Route(Option<Arc<Link>>);

/// The last step of a route, and the way to it.
#[derive(Debug)]
struct Link {
    before: Route,
    step: Step,
}

/// One step down a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into an object, by key.
    Key(Key),
    /// Into an array, by place, counted from 0.
    Index(u32),
}

/// A key of an object: one that the program knows, or one that was read.
#[derive(Clone, Debug)]
pub enum Key {
    /// One that the program knows.
    Known(&'static str),
    /// One that was read.
    Read(Arc<str>),
}

impl Route {
    /// The route of the document itself: no step at all.
    #[must_use]
    pub fn root() -> Self {
        Self(None)
    }

    /// This route and one step more.
    #[must_use]
    pub fn child(&self, step: Step) -> Self {
        Self(Some(Arc::new(Link { before: self.clone(), step })))
    }

    /// This route and the step into the entry `key`.
    #[must_use]
    pub fn key(&self, key: impl Into<Key>) -> Self {
        self.child(Step::Key(key.into()))
    }

    /// This route and the step to the element `index`, counted from 0.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.child(Step::Index(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// Lengthens this route by one step.
    pub fn push(&mut self, step: Step) {
        *self = self.child(step);
    }

    /// The steps from the root on.
    #[must_use]
    pub fn steps(&self) -> Vec<&Step> {
        let mut steps: Vec<&Step> = self.links().map(|link| &link.step).collect();
        steps.reverse();
        steps
    }

    /// Whether this is the route of the document itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_none()
    }

    /// The value this route leads to in `tree`, if there is one. The first of duplicate keys is taken.
    #[must_use]
    pub fn find<'t>(&self, tree: &'t Tree) -> Option<&'t Tree> {
        self.steps().into_iter().try_fold(tree, |tree, step| match (step, &tree.kind) {
            (Step::Key(key), Kind::Map(_)) => tree.get(key),
            (Step::Index(index), Kind::List(items)) => items.get(*index as usize),
            _ => None,
        })
    }

    /// The steps from the last one on.
    fn links(&self) -> impl Iterator<Item = &Link> {
        std::iter::successors(self.0.as_deref(), |link| link.before.0.as_deref())
    }

    /// Whether both are one route in memory, as nearly all routes are that are compared.
    fn is_shared_with(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (own, other) => own.is_none() && other.is_none(),
        }
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.is_shared_with(other)
            || self.links().map(|link| &link.step).eq(other.links().map(|link| &link.step))
    }
}

impl Eq for Route {}

impl PartialOrd for Route {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Step by step from the root on, so that routes stand in the order of their documents.
impl Ord for Route {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.is_shared_with(other) { Ordering::Equal } else { self.steps().cmp(&other.steps()) }
    }
}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.links().for_each(|link| link.step.hash(state));
    }
}

impl FromIterator<Step> for Route {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        steps.into_iter().fold(Self::root(), |route, step| route.child(step))
    }
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Known(key) => key,
            Self::Read(key) => key,
        }
    }
}

impl From<&'static str> for Key {
    fn from(key: &'static str) -> Self {
        Self::Known(key)
    }
}

impl From<Arc<str>> for Key {
    fn from(key: Arc<str>) -> Self {
        Self::Read(key)
    }
}

impl From<String> for Key {
    fn from(key: String) -> Self {
        Self::Read(key.into())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

/// `Statement[0].Action[2]`; a key that is no plain word stands in brackets: `Condition["aws:SourceIp"]`.
impl fmt::Display for Route {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.steps().into_iter().enumerate() {
            match step {
                Step::Index(index) => write!(out, "[{index}]")?,
                Step::Key(key) if !is_plain_word(key) => write!(out, "[{:?}]", &**key)?,
                Step::Key(key) if place == 0 => out.write_str(key)?,
                Step::Key(key) => write!(out, ".{}", &**key)?,
            }
        }
        Ok(())
    }
}

fn is_plain_word(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::super::{Files, json};
    use super::*;

    #[test]
    fn a_route_reads_as_one_would_write_it() {
        let route =
            Route::root().key("Statement").index(0).key("Condition").key("aws:SourceIp").index(2).key("a");
        assert_eq!(route.to_string(), "Statement[0].Condition[\"aws:SourceIp\"][2].a");
        assert_eq!(Route::root().index(3).key("").to_string(), "[3][\"\"]");
        assert_eq!(Route::default().to_string(), "");
    }

    #[test]
    fn a_route_leads_to_its_value() {
        let text = r#"{"a": [1, {"b": "x", "b": "y"}]}"#;
        let mut files = Files::default();
        let tree = json::parse(files.add("a", text), text, &mut Vec::new()).unwrap();
        let mut route = Route::root().key("a").index(1);
        assert_eq!(route.find(&tree).unwrap().kind_name(), "an object");
        route.push(Step::Key("b".into()));
        assert_eq!(route.find(&tree).unwrap().as_str(), Some("x"));
        assert_eq!(Route::root().key("a").key("b").find(&tree), None);
        assert_eq!(Route::root().key("a").index(2).find(&tree), None);
    }
}
