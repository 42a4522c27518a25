//! What the rules about single policy documents share: findings about their statements.
//! What is asked about the statements, and how bad the answer is, are the rules' own words.

use super::{Finding, Intent, Level, Meta, Related};
use crate::evaluator::{Certainty, OneDocument, Witness};
use crate::model::Effect;

/// A finding about one statement of a document.
pub(super) struct About<'d, 'a> {
    /// The rule.
    pub(super) meta: &'static Meta,
    /// The policy.
    pub(super) document: &'d OneDocument<'a>,
    /// The statement, by its place.
    pub(super) statement: usize,
    /// What more tells this finding from others about the statement: a condition, a key.
    pub(super) detail: &'d str,
}

/// What a rule says about a statement.
pub(super) struct Said {
    /// How bad it is.
    pub(super) level: Level,
    /// How sure it is.
    pub(super) certainty: Certainty,
    /// One sentence; the name of the statement stands in it.
    pub(super) message: String,
    /// What to do.
    pub(super) advice: String,
}

impl About<'_, '_> {
    /// The statement in words.
    pub(super) fn name(&self) -> &str {
        self.document.statements().get(self.statement).map_or("the statement", |one| one.origin.what.as_str())
    }

    /// The effect of the statement as a word of a sentence.
    pub(super) fn does(&self) -> &'static str {
        if self.effect() == Effect::Allow { "allows" } else { "denies" }
    }

    /// The effect of the statement.
    pub(super) fn effect(&self) -> Effect {
        self.document.statements().get(self.statement).map_or(Effect::Allow, |one| one.effect)
    }

    /// Conditions of the statement in words, by their places. Their order means nothing, so it does not show.
    pub(super) fn conditions(&self, places: &[usize]) -> String {
        let statement = self.document.statements().get(self.statement);
        let conditions = statement.map_or(&[][..], |one| one.conditions.as_slice());
        let chosen = places.iter().filter_map(|place| conditions.get(*place));
        let mut texts: Vec<String> = chosen.map(|condition| format!("`{}`", condition.text)).collect();
        texts.sort();
        texts.join(", ")
    }

    /// The finding that says so; `None` only for a statement of another document.
    pub(super) fn finding(&self, said: Said) -> Option<Finding> {
        let statement = self.document.statements().get(self.statement)?;
        let policy = self.document.policy();
        let mut conditions: Vec<&str> =
            statement.conditions.iter().map(|condition| &*condition.text).collect();
        conditions.sort_unstable();
        let meaning = [
            policy.name.as_str(),
            self.does(),
            &statement.scope.to_string(),
            &conditions.join("; "),
            self.detail,
        ];
        Some(Finding {
            rule: self.meta.id,
            cloud: policy.cloud,
            level: said.level,
            certainty: said.certainty,
            message: said.message,
            primary: statement.origin.clone(),
            related: Vec::new(),
            witness: None,
            hops: Vec::new(),
            advice: said.advice,
            intent: Intent::by(self.document.id()),
            fingerprint: Finding::fingerprint_of(self.meta.id, policy.cloud, &meaning),
        })
    }

    /// The statement `other` as a further place.
    pub(super) fn related(&self, other: usize, message: &str) -> Option<Related> {
        let other = self.document.statements().get(other)?;
        let message = format!("{} {message}", other.origin.what);
        Some(Related { origin: other.origin.clone(), message })
    }
}

/// The finding with a request that shows it.
pub(super) fn shown(finding: Option<Finding>, witness: Option<Witness>) -> Option<Finding> {
    finding.map(|finding| Finding { witness, ..finding })
}
