//! The statements of one document beside each other: which say nothing, and which conditions make no difference.
//!
//! These questions are about what is written, so actions and resources are plain texts here: a statement about actions
//! that the catalog does not know yet is not taken to say nothing. Questions that show requests are in `left_out.rs`.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::alike::{Alike, Likenesses, Matter};
use super::answer::explain;
use super::parts::{self, Parts};
use super::{Bug, Certainty, Evaluator};
use crate::clouds;
use crate::clouds::documents::{DocumentKind, Documents, Statement, Statements};
use crate::logic::{Assignment, Attribute, Formula, Goal, Universe};
use crate::model::{Effect, Layer, Policy, PolicyId, Target};
use crate::solver::{Answer, Portfolio};

/// One policy of an estate as a document on its own.
pub struct OneDocument<'a> {
    id: PolicyId,
    pub(super) documents: &'a dyn Documents,
    pub(super) portfolio: &'a Portfolio,
    pub(super) policy: &'a Policy,
    pub(super) kind: DocumentKind,
    read: OnceLock<Statements>,
    alike: Alike,
    /// What is known of parts of formulas, for all documents; none where nothing is to be spared.
    parts: Option<Arc<Parts>>,
    /// The actions that exist, for requests that are shown.
    pub(super) known: Universe,
}

/// A statement that changes nothing, because others say it all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The statement, by its place among [`OneDocument::statements`].
    pub statement: usize,
    /// The one that says it all, where one alone does.
    pub by: Option<usize>,
    /// How sure it is; whether it is so may be undecided.
    pub certainty: Certainty,
}

/// What is so of the conditions of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// The statement, by its place among [`OneDocument::statements`].
    pub statement: usize,
    /// The conditions that it is so of, by their places in the statement.
    pub conditions: Vec<usize>,
    /// How sure it is; whether it is so may be undecided.
    pub certainty: Certainty,
}

/// What came out of asking whether a formula can hold, where no request is shown.
enum Can {
    Never,
    Sometimes,
    Undecided(String),
}

/// The same, with the request.
pub(super) enum Held {
    Never,
    Sometimes(Assignment, &'static str),
    Undecided(String),
}

impl<'a> OneDocument<'a> {
    /// The policies of the estate that their users can change, each once however often it is attached, in the order of
    /// the estate.
    pub fn all(evaluator: &Evaluator<'a>) -> Vec<Self> {
        let mut known = evaluator.takes_shortcuts().then(Likenesses::default);
        let parts = known.as_ref().map(|_| Arc::default());
        let policies = evaluator.estate().policies();
        let new = |(id, policy)| Self::new(evaluator, id, policy, known.as_mut(), parts.clone());
        policies.filter_map(new).collect()
    }

    fn new(
        evaluator: &Evaluator<'a>,
        id: PolicyId,
        policy: &'a Policy,
        known: Option<&mut Likenesses>,
        parts: Option<Arc<Parts>>,
    ) -> Option<Self> {
        let estate = evaluator.estate();
        let cloud = clouds::cloud(policy.cloud)?;
        let documents = cloud.documents()?;
        let layers: Vec<Layer> = estate.attachments_of(id).map(|one| one.layer).collect();
        let kind = documents.kind_of(policy, &layers)?;
        let own = || {
            let mut targets = estate.attachments_of(id).map(|one| one.target);
            match (targets.next(), targets.next()) {
                (Some(Target::Resource(resource)), None) => estate.resource(resource),
                _ => None,
            }
        };
        let alike = known.and_then(|known| {
            let sense = documents.sense(policy, own().map(|resource| resource.name.as_str()))?;
            Some(known.of(kind, sense))
        });
        Some(Self {
            id,
            documents,
            portfolio: evaluator.portfolio(),
            policy,
            kind,
            read: OnceLock::new(),
            alike: alike.unwrap_or_default(),
            parts,
            known: cloud.universe(),
        })
    }

    /// What it says, made ready when the first question needs it.
    pub(super) fn read(&self) -> &Statements {
        self.read.get_or_init(|| self.documents.statements(self.kind, self.policy))
    }

    /// Answers a question for which nothing is found in documents of which nothing is found in one that is alike.
    pub(super) fn unless_alike<T>(
        &self,
        question: Matter,
        ask: impl FnOnce() -> Result<Vec<T>, Bug>,
    ) -> Result<Vec<T>, Bug> {
        if self.alike.is_quiet(question) {
            return Ok(Vec::new());
        }
        let found = ask()?;
        if found.is_empty() {
            self.alike.be_quiet(question);
        }
        Ok(found)
    }

    /// Which policy it is.
    pub fn id(&self) -> PolicyId {
        self.id
    }

    /// The policy.
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Its statements, in document order.
    pub fn statements(&self) -> &[Statement] {
        &self.read().statements
    }

    /// The allow statements that grant nothing, because the document's deny statements cover them.
    pub fn denied(&self) -> Result<Vec<Covered>, Bug> {
        self.unless_alike(Matter::Denied, || self.find_denied())
    }

    fn find_denied(&self) -> Result<Vec<Covered>, Bug> {
        let denies: Vec<usize> = self.of(Effect::Deny).collect();
        let mut found = Vec::new();
        if let (false, Some(open)) = (denies.is_empty(), self.too_many(self.statements().len())) {
            return Ok(vec![open]);
        }
        for (index, allow) in self.numbered(Effect::Allow).filter(|_| !denies.is_empty()) {
            let left = allow.formula().and(self.any(&denies, Statement::formula).not());
            let (by, certainty) = match self.can(left)? {
                Can::Sometimes => continue,
                Can::Undecided(reason) => (None, Certainty::Undecided(reason)),
                Can::Never if !self.can_apply(allow)? => continue,
                Can::Never => {
                    let by = self.first_over(index, &denies, Statement::formula)?;
                    (by, self.certainty(by.into_iter().chain([index]), &denies, by.is_none()))
                }
            };
            found.push(Covered { statement: index, by, certainty });
        }
        Ok(found)
    }

    /// The statements that can be taken out, all of them together: the other statements of the same effect say all that
    /// they say. Of two that say the same the later one is meant.
    pub fn redundant(&self) -> Result<Vec<Covered>, Bug> {
        self.unless_alike(Matter::Redundant, || self.find_redundant())
    }

    fn find_redundant(&self) -> Result<Vec<Covered>, Bug> {
        let mut found = Vec::new();
        for effect in [Effect::Allow, Effect::Deny] {
            self.redundant_of(effect, &mut found)?;
        }
        Ok(found)
    }

    fn redundant_of(&self, effect: Effect, found: &mut Vec<Covered>) -> Result<(), Bug> {
        let mut kept: Vec<usize> = self.of(effect).collect();
        if let Some(open) = self.too_many(kept.len()) {
            found.push(open);
            return Ok(());
        }
        let mut candidates = Vec::new();
        for (index, statement) in self.numbered(effect).filter(|_| kept.len() > 1) {
            match self.beyond(index, &without(&kept, index))? {
                Can::Sometimes => {}
                Can::Never if self.can_apply(statement)? => candidates.push(index),
                Can::Never => {}
                Can::Undecided(reason) => found.push(Covered {
                    statement: index,
                    by: None,
                    certainty: Certainty::Undecided(reason),
                }),
            }
        }
        // What one other statement says goes first, so that as much as possible goes.
        let mut covered = Vec::new();
        for index in candidates.iter().rev().copied() {
            if let Some(by) = self.first_over(index, &without(&kept, index), |one| one.effects.clone())? {
                kept = without(&kept, index);
                covered.push((index, by));
            }
        }
        for (index, by) in &covered {
            let by = last_of(&covered, *by);
            let certainty = self.certainty([*index, by], &[], false);
            found.push(Covered { statement: *index, by: Some(by), certainty });
        }
        for index in candidates.into_iter().rev().filter(|index| !covered.iter().any(|(one, _)| one == index))
        {
            let others = without(&kept, index);
            if let Can::Never = self.beyond(index, &others)? {
                kept = others;
                let certainty = self.certainty([index], &kept, true);
                found.push(Covered { statement: index, by: None, certainty });
            }
        }
        Ok(())
    }

    /// That a question stays open because so many statements would have to be held against one another.
    fn too_many(&self, statements: usize) -> Option<Covered> {
        let reason = format!(
            "the policy has {statements} statements that would have to be compared, of more than {MOST} that is not tried"
        );
        let certainty = Certainty::Undecided(reason);
        (statements > MOST).then_some(Covered { statement: 0, by: None, certainty })
    }

    /// The statements that never apply, because their conditions never all hold.
    pub fn impossible(&self) -> Result<Vec<Conditions>, Bug> {
        self.unless_alike(Matter::Impossible, || self.find_impossible())
    }

    fn find_impossible(&self) -> Result<Vec<Conditions>, Bug> {
        let mut found = Vec::new();
        for (index, statement) in self.conditional() {
            let certainty = match self.can(statement.formula())? {
                Can::Sometimes => continue,
                Can::Undecided(reason) => Certainty::Undecided(reason),
                Can::Never => match self.can(statement.scope.clone())? {
                    Can::Never => continue,
                    Can::Undecided(reason) => Certainty::Undecided(reason),
                    Can::Sometimes => self.certainty([index], &[], false),
                },
            };
            let conditions = (0..statement.conditions.len()).collect();
            found.push(Conditions { statement: index, conditions, certainty });
        }
        Ok(found)
    }

    /// The conditions that always hold for what their statement is about.
    pub fn idle(&self) -> Result<Vec<Conditions>, Bug> {
        self.unless_alike(Matter::Idle, || self.find_idle())
    }

    fn find_idle(&self) -> Result<Vec<Conditions>, Bug> {
        let mut found = Vec::new();
        for (index, statement) in self.conditional() {
            let (mut conditions, mut open) = (Vec::new(), Vec::new());
            let mut reason = None;
            for (place, condition) in statement.conditions.iter().enumerate() {
                let fails = statement.scope.clone().and(condition.formula.clone().not());
                match self.can(fails)? {
                    Can::Sometimes => {}
                    Can::Never => conditions.push(place),
                    Can::Undecided(why) => {
                        open.push(place);
                        reason = reason.or(Some(why));
                    }
                }
            }
            if !conditions.is_empty() && self.can_apply(statement)? {
                let certainty = self.certainty([index], &[], false);
                found.push(Conditions { statement: index, conditions, certainty });
            }
            if let Some(reason) = reason {
                let certainty = Certainty::Undecided(reason);
                found.push(Conditions { statement: index, conditions: open, certainty });
            }
        }
        Ok(found)
    }

    pub(super) fn numbered(&self, effect: Effect) -> impl Iterator<Item = (usize, &Statement)> {
        self.read().statements.iter().enumerate().filter(move |(_, statement)| statement.effect == effect)
    }

    fn of(&self, effect: Effect) -> impl Iterator<Item = usize> {
        self.numbered(effect).map(|(index, _)| index)
    }

    fn conditional(&self) -> impl Iterator<Item = (usize, &Statement)> {
        self.read().statements.iter().enumerate().filter(|(_, statement)| !statement.conditions.is_empty())
    }

    fn any(&self, indexes: &[usize], said: impl Fn(&Statement) -> Formula) -> Formula {
        Formula::any(indexes.iter().filter_map(|index| self.read().statements.get(*index)).map(said))
    }

    /// Whether the statement says something that the others do not. Statements about other actions have no part in that;
    /// they are left out where the question is too hard with them.
    fn beyond(&self, index: usize, others: &[usize]) -> Result<Can, Bug> {
        let effects = |one: &Statement| one.effects.clone();
        let left =
            |others: &[usize]| self.can(self.any(&[index], effects).and(self.any(others, effects).not()));
        let held = left(others)?;
        if !matches!(held, Can::Undecided(_)) {
            return Ok(held);
        }
        let actions = self.any(&[index], |one| one.actions.clone());
        let mut near = Vec::new();
        for other in others {
            let both = self.any(&[*other], |one| one.actions.clone()).and(actions.clone());
            if !matches!(self.can(both)?, Can::Never) {
                near.push(*other);
            }
        }
        if near.len() == others.len() { Ok(held) } else { left(&near) }
    }

    /// The first of `others` that says all that the statement says.
    fn first_over(
        &self,
        index: usize,
        others: &[usize],
        said: impl Fn(&Statement) -> Formula,
    ) -> Result<Option<usize>, Bug> {
        for other in others {
            let left = self.any(&[index], &said).and(self.any(&[*other], &said).not());
            if let Can::Never = self.can(left)? {
                return Ok(Some(*other));
            }
        }
        Ok(None)
    }

    /// Whether some request is one that the statement is about. What is not decided counts as none.
    fn can_apply(&self, statement: &Statement) -> Result<bool, Bug> {
        Ok(matches!(self.can(statement.formula())?, Can::Sometimes))
    }

    /// Whether the formula holds for some request. Actions and resources are plain texts.
    fn can(&self, formula: Formula) -> Result<Can, Bug> {
        let whole = self.with_facts(formula);
        let parts = self.parts.as_ref().zip(parts::apart(&whole)).filter(|(_, parts)| parts.len() > 1);
        let decided = |part: Formula| -> Result<Option<bool>, Bug> {
            Ok(match self.ask(part, &Universe::Any)? {
                Held::Never => Some(false),
                Held::Sometimes(..) => Some(true),
                Held::Undecided(_) => None,
            })
        };
        let in_parts = parts.map(|(known, parts)| known.can_hold(parts, decided));
        if let Some(can) = in_parts.transpose()?.flatten() {
            return Ok(if can { Can::Sometimes } else { Can::Never });
        }
        Ok(match self.ask(whole, &Universe::Any)? {
            Held::Never => Can::Never,
            Held::Sometimes(..) => Can::Sometimes,
            Held::Undecided(reason) => Can::Undecided(reason),
        })
    }

    pub(super) fn held(&self, formula: Formula, universe: &Universe) -> Result<Held, Bug> {
        self.ask(self.with_facts(formula), universe)
    }

    fn ask(&self, formula: Formula, universe: &Universe) -> Result<Held, Bug> {
        let goal = Goal::satisfiable(formula, universe.clone());
        let decided = self.portfolio.decide(&goal).map_err(Bug::from)?;
        Ok(match decided.answer {
            Answer::Never => Held::Never,
            Answer::Sometimes(found) => Held::Sometimes(found, decided.engine),
            Answer::Undecided(reason) => Held::Undecided(explain(reason)),
        })
    }

    /// The formula with the facts that bear on it.
    fn with_facts(&self, formula: Formula) -> Formula {
        with_facts(formula, &self.read().facts)
    }

    /// The certainty of what rests on these statements, and on `more` of them if `all`.
    fn certainty(&self, indexes: impl IntoIterator<Item = usize>, more: &[usize], all: bool) -> Certainty {
        let more = more.iter().copied().filter(|_| all);
        let statements =
            indexes.into_iter().chain(more).filter_map(|index| self.read().statements.get(index));
        Certainty::from_gaps(statements.flat_map(|statement| statement.gaps.iter().cloned()))
    }
}

/// The formula with the facts that bear on it. The others would only fill a request with keys that do not matter.
pub(super) fn with_facts(formula: Formula, facts: &[Formula]) -> Formula {
    let mut attributes = formula.attributes();
    let mut left: Vec<(BTreeSet<Attribute>, &Formula)> =
        facts.iter().map(|fact| (fact.attributes(), fact)).collect();
    let mut parts = vec![formula];
    while let Some(place) = left.iter().position(|(asked, _)| !asked.is_disjoint(&attributes)) {
        let (asked, fact) = left.swap_remove(place);
        attributes.extend(asked);
        parts.push(fact.clone());
    }
    Formula::all(parts)
}

/// So many statements of a policy are held against one another: many more than any cloud takes in one policy.
const MOST: usize = 2_000;

fn without(indexes: &[usize], index: usize) -> Vec<usize> {
    indexes.iter().copied().filter(|one| *one != index).collect()
}

/// The statement that stays, where the one that covers is itself covered. Each was covered by one that was still there,
/// so this comes to an end.
fn last_of(covered: &[(usize, usize)], by: usize) -> usize {
    let next = |by: usize| covered.iter().find(|(index, _)| *index == by).map(|(_, by)| *by);
    std::iter::successors(Some(by), |by| next(*by)).last().unwrap_or(by)
}
