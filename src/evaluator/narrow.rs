//! Answering a question about any resource with few of the policies that bear on it.
//!
//! A large account has a policy for each bucket, queue and key, and each may refuse some request; to show that somebody
//! may do something, one request is enough, and nearly all of these policies say nothing about it. So the question is
//! first asked as if no resource had a policy. A request that comes out is judged by the concrete rule, which looks at
//! all policies: if it is allowed there, it is an answer. If it is not, the policies of the resource it is about join
//! the question. If none comes out, the policies that could allow something join; with these and still none, the answer
//! is *never*, because the policies that are left can only refuse.
//!
//! Sound, because the question with fewer policies allows all that the whole one allows
//! ([`Cloud::layers_among`]), and because no request is shown that the concrete
//! rule did not allow. What does not come to an end in a few rounds is asked with all policies.

use std::collections::BTreeSet;

use super::ask::{Posed, with_fixed};
use super::{Answer, Bug, Certainty, Evaluator, Outcome, Witness};
use crate::clouds::Cloud;
use crate::logic::{Assignment, Formula, Goal};
use crate::model::{Question, ResourceId};
use crate::solver;

/// So often a question is asked with a few policies before it is asked with all.
const ROUNDS: usize = 8;

impl Evaluator<'_> {
    /// Like [`Evaluator::can`], where a few policies are enough. `without` is the question without the policies of
    /// resources.
    pub(super) fn can_by_few(
        &self,
        question: &Question,
        without: &Posed,
        given: &Formula,
    ) -> Result<Option<Answer>, Bug> {
        let cloud = without.cloud;
        let mut givers: Option<BTreeSet<ResourceId>> = None;
        let mut among = BTreeSet::new();
        let mut steps = 0;
        for _ in 0..ROUNDS {
            let posed = if among.is_empty() { None } else { self.pose_among(cloud, question, &among) };
            let posed = posed.as_ref().unwrap_or(without);
            let goal = goal(posed, posed.allowed.clone(), given);
            let decided = self.portfolio().decide(&goal).map_err(Bug::from)?;
            steps += decided.steps;
            let (outcome, certainty) = match decided.answer {
                solver::Answer::Undecided(_) => return Ok(None),
                solver::Answer::Never => {
                    let givers = givers.get_or_insert_with(|| cloud.givers(self.estate(), question, given));
                    if !givers.is_subset(&among) {
                        among.append(&mut givers.clone());
                        continue;
                    }
                    (Outcome::Never, Certainty::from_gaps(posed.gaps.clone()))
                }
                solver::Answer::Sometimes(found) => {
                    let witness = self.judged(question, posed, &goal, found);
                    if !witness.decision.is_allowed() {
                        let known = among.len();
                        among.extend(cloud.guardians(self.estate(), &witness.request));
                        if among.len() == known {
                            return Ok(None);
                        }
                        continue;
                    }
                    shown(witness)
                }
            };
            return Ok(Some(Answer { outcome, certainty, engine: decided.engine, steps }));
        }
        Ok(None)
    }

    /// Like [`Evaluator::lacks`], where a request that the concrete rule denies is found without the policies of
    /// resources.
    pub(super) fn lacks_by_few(
        &self,
        question: &Question,
        without: &Posed,
        given: &Formula,
    ) -> Result<Option<Answer>, Bug> {
        let refused = without.allowed.clone().not();
        let goal = goal(without, refused, given);
        let decided = self.portfolio().decide(&goal).map_err(Bug::from)?;
        let solver::Answer::Sometimes(found) = decided.answer else { return Ok(None) };
        let witness = self.judged(question, without, &goal, found);
        if witness.decision.is_allowed() {
            return Ok(None);
        }
        let (outcome, certainty) = shown(witness);
        Ok(Some(Answer { outcome, certainty, engine: decided.engine, steps: decided.steps }))
    }

    /// The request that an engine found, in the words of the estate, judged by the concrete rule with all policies.
    fn judged(&self, question: &Question, posed: &Posed, goal: &Goal, found: Assignment) -> Witness {
        let mut found = self.familiar(question, posed, goal, found);
        found.extend(&posed.known);
        let request = posed.cloud.request(self.estate(), question, &found);
        let decision = posed.cloud.decide(self.estate(), &request);
        Witness { request, decision }
    }

    /// The question with the policies of these resources only; `None` where the cloud has no such thing.
    pub(super) fn pose_among(
        &self,
        cloud: &'static dyn Cloud,
        question: &Question,
        resources: &BTreeSet<ResourceId>,
    ) -> Option<Posed> {
        let layers = cloud.layers_among(self.estate(), question, resources)?;
        Some(Posed::of(cloud, self.estate(), layers))
    }
}

/// A witness as an outcome, with what its decision rests on.
fn shown(witness: Witness) -> (Outcome, Certainty) {
    let certainty = Certainty::from_gaps(witness.decision.gaps.iter().cloned());
    (Outcome::Sometimes(Box::new(witness)), certainty)
}

fn goal(posed: &Posed, asked: Formula, given: &Formula) -> Goal {
    let formula = Formula::all([asked, posed.facts.clone(), given.restrict(&posed.known)]);
    Goal::satisfiable(with_fixed(formula, &posed.known), posed.cloud.universe())
}
