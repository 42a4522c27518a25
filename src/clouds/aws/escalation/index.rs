//! Which statements of an estate speak of an action, looked up instead of looked for: an analysis asks about a hundred
//! actions, and an account has thousands of statements.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::clouds::aws::ast::Statement;
use crate::clouds::aws::body;
use crate::logic::{Case, Pattern};
use crate::model::{Estate, PolicyId};

/// A statement, by its policy and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spoken {
    pub(super) policy: PolicyId,
    at: usize,
}

/// All statements by the actions they speak of.
pub(super) struct ActionIndex {
    exact: FxHashMap<String, Vec<Spoken>>,
    patterns: Vec<(Pattern, Vec<Spoken>)>,
    /// Those that leave actions out, each with the patterns of these.
    negated: Vec<(Spoken, Vec<Pattern>)>,
}

impl ActionIndex {
    /// That of an estate.
    pub(super) fn of(estate: &Estate) -> Arc<Self> {
        estate.derived(Self::new)
    }

    fn new(estate: &Estate) -> Self {
        let mut exact: FxHashMap<String, Vec<Spoken>> = FxHashMap::default();
        let mut places: FxHashMap<String, usize> = FxHashMap::default();
        let mut patterns: Vec<(Pattern, Vec<Spoken>)> = Vec::new();
        let mut negated = Vec::new();
        for (policy, found) in estate.policies() {
            let Some(body) = body(found) else { continue };
            for (at, statement) in body.document.statements.iter().enumerate() {
                let spoken = Spoken { policy, at };
                let texts = statement.action.values.iter().map(|value| folded(&value.value));
                if statement.action.negated {
                    negated.push((spoken, texts.map(|text| pattern(&text)).collect()));
                    continue;
                }
                for text in texts {
                    if !text.contains(['*', '?']) {
                        exact.entry(text).or_default().push(spoken);
                        continue;
                    }
                    let next = patterns.len();
                    let place = *places.entry(text.clone()).or_insert(next);
                    if place == next {
                        patterns.push((pattern(&text), Vec::new()));
                    }
                    if let Some((_, all)) = patterns.get_mut(place) {
                        all.push(spoken);
                    }
                }
            }
        }
        Self { exact, patterns, negated }
    }

    /// The statements that may be about an action in lower case, each once, in the order of policies.
    pub(super) fn about(&self, action: &str) -> Vec<Spoken> {
        let mut found: Vec<Spoken> = self.exact.get(action).cloned().unwrap_or_default();
        for (pattern, all) in &self.patterns {
            if pattern.matches(action) {
                found.extend(all);
            }
        }
        let speaks = |left_out: &[Pattern]| !left_out.iter().any(|pattern| pattern.matches(action));
        found.extend(self.negated.iter().filter(|(_, left_out)| speaks(left_out)).map(|(spoken, _)| spoken));
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Spoken {
    /// The statement.
    pub(super) fn statement(self, estate: &Estate) -> Option<&Statement> {
        body(estate.policy(self.policy)?)?.document.statements.get(self.at)
    }
}

fn folded(action: &str) -> String {
    action.trim().to_ascii_lowercase()
}

fn pattern(text: &str) -> Pattern {
    Pattern::glob(text, Case::Sensitive)
}
