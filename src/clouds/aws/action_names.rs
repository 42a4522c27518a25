//! The actions of a statement, to be found fast where there are many; a part of the concrete rule.

use rustc_hash::{FxHashMap, FxHashSet};

use super::ast::Element;
use super::globs::Glob;

/// Up to so many names are compared one by one.
const FEW: usize = 12;

/// The actions of `Action` or `NotAction`. Names ignore case:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>.
#[derive(Debug)]
pub(super) struct Actions {
    negated: bool,
    list: List,
}

#[derive(Debug)]
enum List {
    Few(Vec<Glob>),
    Many {
        /// Whole names, in lower case.
        names: FxHashSet<Box<str>>,
        /// Patterns that name their service, by its name with the colon, in lower case.
        by_service: FxHashMap<Box<str>, Vec<Glob>>,
        others: Vec<Glob>,
    },
}

impl Actions {
    pub(super) fn of(element: &Element) -> Self {
        let globs: Vec<Glob> =
            element.values.iter().map(|value| Glob::of_action(value.value.trim())).collect();
        let list = if globs.len() <= FEW { List::Few(globs) } else { List::sorted(globs) };
        Self { negated: element.negated, list }
    }

    /// The actions of the element for somebody who asks about this one alone: other services' are left out.
    pub(super) fn near(element: &Element, action: &str) -> Self {
        let own = service(action).unwrap_or(action).as_bytes();
        // Bytes, because lists are long and few of their names are left.
        let may_match = |text: &&str| {
            let head = text.as_bytes().iter().zip(own);
            let apart = head.take_while(|(byte, own)| byte.eq_ignore_ascii_case(own)).count();
            apart == own.len()
                || text.as_bytes().iter().take(apart + 1).any(|byte| matches!(byte, b'*' | b'?'))
        };
        let texts = element.values.iter().map(|value| value.value.trim());
        let globs = texts.filter(may_match).map(Glob::of_action).collect();
        Self { negated: element.negated, list: List::Few(globs) }
    }

    /// Whether the action is among them.
    pub(super) fn have(&self, action: &str) -> bool {
        let listed = match &self.list {
            List::Few(globs) => globs.iter().any(|glob| glob.matches_plain(action)),
            List::Many { names, by_service, others } => {
                let folded = action.to_ascii_lowercase();
                let any = |globs: &[Glob]| globs.iter().any(|glob| glob.matches_plain(&folded));
                names.contains(&*folded)
                    || service(&folded).and_then(|head| by_service.get(head)).is_some_and(|globs| any(globs))
                    || any(others)
            }
        };
        listed != self.negated
    }
}

impl List {
    fn sorted(globs: Vec<Glob>) -> Self {
        let mut names = FxHashSet::default();
        let mut by_service: FxHashMap<Box<str>, Vec<Glob>> = FxHashMap::default();
        let mut others = Vec::new();
        for glob in globs {
            if let Some(text) = glob.as_text() {
                names.insert(text.to_ascii_lowercase().into());
            } else if let Some(head) = service(glob.beginning()) {
                by_service.entry(head.to_ascii_lowercase().into()).or_default().push(glob);
            } else {
                others.push(glob);
            }
        }
        Self::Many { names, by_service, others }
    }
}

/// The name of the service with its colon.
fn service(name: &str) -> Option<&str> {
    name.get(..=name.find(':')?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::{Files, Located, Span};

    proptest! {
        /// What is left out for one action has no part in it.
        #[test]
        fn near_one_action_the_same(
            globs in prop::collection::vec("([sS]3|s\\*|\\?3|sqs|\\*)?:?[aA?*]{0,2}", 0..16),
            action in "(s3|S3|sqs|s)?:?[aA]{0,2}",
            negated: bool,
        ) {
            let span = Span::new(Files::default().add("policy", ""), 0, 0);
            let values = globs.iter().map(|glob| Located::new(glob.as_str().into(), span)).collect();
            let element = Element { negated, values, span };
            prop_assert_eq!(Actions::near(&element, &action).have(&action), Actions::of(&element).have(&action));
        }
    }
}
