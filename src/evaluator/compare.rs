//! What a change newly allows: the same question asked of two estates.

use super::access::Describer;
use super::answer::explain;
use super::ask::{Posed, has_unread, with_fixed};
use super::idle::without_idle;
use super::{Access, Answer, Bug, Certainty, Evaluator, Outcome, Witness};
use crate::logic::{Assignment, Formula, Goal};
use crate::model::{Gap, Question, Request};
use crate::solver;

/// What somebody may do in one estate and not in another.
#[derive(Clone, Debug)]
pub struct Surplus {
    /// One request of them, with the decision of the estate that allows it; undecided if that is not known.
    pub answer: Answer,
    /// All of them, as rows that do not overlap.
    pub access: Access,
}

/// Somebody's access in one estate, written down to be compared.
pub struct Side<'a> {
    evaluator: Evaluator<'a>,
    question: Question,
    posed: Posed,
}

impl Side<'_> {
    /// Whether both allow the same requests, as far as that shows without an engine.
    pub fn is_plainly_like(&self, other: &Self) -> bool {
        self.posed.allowed == other.posed.allowed && self.posed.facts == other.posed.facts
    }

    /// What is missing and bears on what is allowed.
    pub fn gaps(&self) -> &[Gap] {
        &self.posed.gaps
    }

    /// Whether it allows nothing, as far as that shows without an engine.
    pub fn allows_plainly_nothing(&self) -> bool {
        self.posed.allowed == Formula::False
    }

    /// Holds for what is allowed here and not there.
    pub fn more_than(&self, other: Option<&Self>) -> Formula {
        match other {
            Some(other) => self.posed.allowed.clone().and(other.posed.allowed.clone().not()),
            None => self.posed.allowed.clone(),
        }
    }

    /// What is allowed here and not there; all of it where there is no other side. `None` where that is nothing for
    /// sure. Requests for which `except` holds are not looked at.
    pub fn beyond(&self, other: Option<&Self>, except: &Formula) -> Result<Option<Surplus>, Bug> {
        let (own, portfolio) = (&self.posed, self.evaluator.portfolio());
        let theirs = other.map(|other| &other.posed);
        if self.allows_plainly_nothing() || theirs.is_some_and(|theirs| theirs.allowed == own.allowed) {
            return Ok(None);
        }
        let possible = own.facts.clone().and(theirs.map_or(Formula::True, |theirs| theirs.facts.clone()));
        let more = self.more_than(other).and(except.restrict(&own.known).not());
        // What holds of every request is asked for, and no part of what is listed.
        let listed = with_fixed(more, &own.known);
        let formula = listed.clone().and(possible.clone());
        let universe = own.cloud.universe();
        let goal = Goal::satisfiable(formula.clone(), universe.clone());
        let decided = portfolio.decide(&goal).map_err(Bug::from)?;
        let gaps = || own.gaps.iter().chain(theirs.into_iter().flat_map(|theirs| &theirs.gaps)).cloned();
        let (outcome, certainty) = match decided.answer {
            solver::Answer::Never => return Ok(None),
            solver::Answer::Undecided(reason) => (Outcome::Undecided, Certainty::Undecided(explain(reason))),
            solver::Answer::Sometimes(found) => {
                let mut found = self.evaluator.familiar(&self.question, own, &goal, found);
                found.extend(&own.known);
                let witness = self.shown(other, &found, decided.engine)?;
                let certainty = Certainty::from_gaps(witness.decision.gaps.iter().cloned());
                (Outcome::Sometimes(Box::new(witness)), certainty)
            }
        };
        let describer = Describer::new(own.cloud, portfolio, &possible);
        let access = match describer.rows(&listed, &universe)? {
            Ok(rows) => Access { rows, certainty: Certainty::from_gaps(gaps()) },
            Err(reason) => Access { rows: Vec::new(), certainty: Certainty::Undecided(explain(reason)) },
        };
        let answer = Answer { outcome, certainty, engine: decided.engine, steps: decided.steps };
        Ok(Some(Surplus { answer, access }))
    }

    /// The request, judged in both estates.
    fn shown(&self, other: Option<&Self>, found: &Assignment, engine: &str) -> Result<Witness, Bug> {
        let cloud = self.posed.cloud;
        let request = cloud.request(self.evaluator.estate(), &self.question, found);
        let decision = cloud.decide(self.evaluator.estate(), &request);
        let there = other.map(|other| cloud.decide(other.evaluator.estate(), &request));
        let survives = decision.is_allowed() && there.as_ref().is_none_or(|there| !there.is_allowed());
        let unread =
            has_unread(&decision.gaps) || there.as_ref().is_some_and(|there| has_unread(&there.gaps));
        if !survives && !unread {
            return Err(Bug {
                message: format!(
                    "a difference found by engine `{engine}` does not survive its replay: {request:?}, here {:?}, there {:?}",
                    decision.verdict,
                    there.map(|there| there.verdict)
                ),
            });
        }
        let verdict = |side: &Self, request: &Request| cloud.decide(side.evaluator.estate(), request);
        let same = |next: &Request| {
            verdict(self, next) == decision && other.map(|other| verdict(other, next)) == there
        };
        let request = without_idle(cloud, request, same);
        Ok(Witness { request, decision })
    }
}

impl<'a> Evaluator<'a> {
    /// Writes down what the subject of a question may do, to be compared with another estate.
    pub fn side(&self, question: Question) -> Result<Side<'a>, Bug> {
        let posed = self.pose(&question)?;
        Ok(Side { evaluator: *self, question, posed })
    }
}

impl Evaluator<'_> {
    /// Is there a request of `question`, with `given`, that is allowed here and not in `before`? *Never* means that the
    /// change from `before` to this estate gains nothing. The witness carries this estate's decision.
    ///
    /// Both estates must hold the subject of the question under the same id.
    pub fn gains(&self, before: &Evaluator<'_>, question: &Question, given: &Formula) -> Result<Answer, Bug> {
        let (new, old) = (self.pose(question)?, before.pose(question)?);
        // Most principals are not touched by a change: what is equal needs no engine.
        let gained = if new.allowed == old.allowed { Formula::False } else { new.allowed.clone() };
        let formula = Formula::all([
            gained,
            new.facts.clone(),
            old.allowed.clone().not(),
            old.facts.clone(),
            given.restrict(&new.known),
        ]);
        let goal = Goal::satisfiable(formula, new.cloud.universe());
        let decided = self.portfolio().decide(&goal).map_err(Bug::from)?;
        let (outcome, certainty) = match decided.answer {
            solver::Answer::Never => {
                (Outcome::Never, Certainty::from_gaps(new.gaps.into_iter().chain(old.gaps)))
            }
            solver::Answer::Undecided(reason) => (Outcome::Undecided, Certainty::Undecided(explain(reason))),
            solver::Answer::Sometimes(mut found) => {
                found.extend(&new.known);
                let request = new.cloud.request(self.estate(), question, &found);
                let after = new.cloud.decide(self.estate(), &request);
                let then = new.cloud.decide(before.estate(), &request);
                if (!after.is_allowed() || then.is_allowed())
                    && !has_unread(&after.gaps)
                    && !has_unread(&then.gaps)
                {
                    return Err(Bug {
                        message: format!(
                            "a gain found by engine `{}` does not survive its replay: {request:?}, before {:?}, after {:?}",
                            decided.engine, then.verdict, after.verdict
                        ),
                    });
                }
                let certainty = Certainty::from_gaps(after.gaps.iter().chain(&then.gaps).cloned());
                let same = |next: &Request| {
                    let holds = || given.evaluate(&new.cloud.assignment(self.estate(), next)) == Some(true);
                    new.cloud.decide(self.estate(), next) == after
                        && new.cloud.decide(before.estate(), next) == then
                        && (*given == Formula::True || holds())
                };
                let request = without_idle(new.cloud, request, same);
                (Outcome::Sometimes(Box::new(Witness { request, decision: after })), certainty)
            }
        };
        Ok(Answer { outcome, certainty, engine: decided.engine, steps: decided.steps })
    }
}
