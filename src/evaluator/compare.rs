//! What a change newly allows: the same question asked of two estates.

use super::answer::explain;
use super::ask::has_unread;
use super::{Answer, Bug, Certainty, Evaluator, Outcome, Witness};
use crate::logic::{Formula, Goal};
use crate::model::Question;
use crate::solver;

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
                (Outcome::Sometimes(Box::new(Witness { request, decision: after })), certainty)
            }
        };
        Ok(Answer { outcome, certainty, engine: decided.engine, steps: decided.steps })
    }
}
