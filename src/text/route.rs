//! The symbolic path of a value inside a document, as in `Statement[0].Action[2]`. Unlike a span it survives
//! reformatting, so it is what reports and fingerprints name.

use std::fmt;
use std::sync::Arc;

use super::tree::{Kind, Tree};

/// The way from the root of a document to one value. Cloning shares the steps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route(Arc<[Step]>);

/// One step down a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into an object, by key.
    Key(Arc<str>),
    /// Into an array, by place, counted from 0.
    Index(u32),
}

impl Route {
    /// The route of the document itself: no step at all.
    #[must_use]
    pub fn root() -> Self {
        Self(Arc::from([]))
    }

    /// This route and one step more.
    #[must_use]
    pub fn child(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain(std::iter::once(step)).collect())
    }

    /// This route and the step into the entry `key`.
    #[must_use]
    pub fn key(&self, key: impl Into<Arc<str>>) -> Self {
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
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the route of the document itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The value this route leads to in `tree`, if there is one. The first of duplicate keys is taken.
    #[must_use]
    pub fn find<'t>(&self, tree: &'t Tree) -> Option<&'t Tree> {
        self.0.iter().try_fold(tree, |tree, step| match (step, &tree.kind) {
            (Step::Key(key), Kind::Map(_)) => tree.get(key),
            (Step::Index(index), Kind::List(items)) => items.get(*index as usize),
            _ => None,
        })
    }
}

impl Default for Route {
    fn default() -> Self {
        Self::root()
    }
}

impl FromIterator<Step> for Route {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

/// `Statement[0].Action[2]`; a key that is no plain word stands in brackets: `Condition["aws:SourceIp"]`.
impl fmt::Display for Route {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(out, "[{index}]")?,
                Step::Key(key) if !is_plain_word(key) => write!(out, "[{key:?}]")?,
                Step::Key(key) if place == 0 => write!(out, "{key}")?,
                Step::Key(key) => write!(out, ".{key}")?,
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
