//! The proof of a replacement, both ways, about effective access.
//!
//! Comparing the permission lists of two roles would be wrong in both directions: access also comes by way of other
//! bindings that look at what a principal holds (members such as `projectEditor`), and is bounded by denies.

use super::candidates::every_engine;
use super::needed::Need;
use super::{Needed, Proof, ProofCheck};
use crate::clouds;
use crate::evaluator::{Answer, Bug, Certainty, Evaluator, Outcome, Witness};
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{Estate, Object, Principal, PrincipalId, Question, Subject, Verdict};
use crate::solver::Portfolio;

/// A change to be proven.
pub(super) struct Change<'a> {
    /// The estate after it.
    pub(super) changed: &'a Estate,
    /// What has to stay allowed.
    pub(super) used: &'a [Need],
    /// The names of the resources at a place.
    pub(super) below: &'a dyn Fn(&str) -> Patterns,
    /// Whether the change is meant to keep a need on all of its place, not only on what was used there.
    pub(super) is_kept_whole: &'a dyn Fn(&Need) -> bool,
    /// What the new grants give that may not have been held before.
    pub(super) added: &'a [Needed],
}

/// Proves the change from the evaluator's estate for one principal.
pub(super) fn prove(
    evaluator: &Evaluator<'_>,
    change: &Change<'_>,
    id: PrincipalId,
    principal: &Principal,
) -> Result<Proof, Bug> {
    let portfolio = Portfolio { engines: every_engine(), ..evaluator.portfolio().clone() };
    let before = Evaluator::new(evaluator.estate(), &portfolio);
    let after = Evaluator::new(change.changed, &portfolio);
    let question = Question {
        cloud: principal.cloud,
        subject: Subject::Principal(id),
        action: None,
        object: Object::Any,
    };
    let replayed = replay(&before, &after, principal, change.used);
    let keeps = keeps(&before, &after, &question, change)?;
    let gained = gained(&before, &question, change)?;
    let narrows = narrows(&before, &after, &question, &gained)?;
    Ok(Proof { keeps, narrows, gained, replayed })
}

/// How many recorded uses the concrete rule allows both before and after.
fn replay(before: &Evaluator<'_>, after: &Evaluator<'_>, principal: &Principal, used: &[Need]) -> u64 {
    let Some(cloud) = clouds::cloud(principal.cloud) else { return 0 };
    let mut count = 0;
    for need in used {
        for (request, times) in need.requests(principal) {
            let allowed =
                |evaluator: &Evaluator<'_>| cloud.verdict(evaluator.estate(), &request) == Verdict::Allowed;
            if allowed(before) && allowed(after) {
                count += times;
            }
        }
    }
    count
}

/// Whatever of the recorded use was allowed before stays allowed. For each permission first the stronger claim is
/// tried: no request on any resource at the place of use is allowed before and refused after. Where that fails, the
/// claim is made for the very resources that were used.
fn keeps(
    before: &Evaluator<'_>,
    after: &Evaluator<'_>,
    question: &Question,
    change: &Change<'_>,
) -> Result<ProofCheck, Bug> {
    let mut check = Check::default();
    for need in change.used {
        let narrowed = Question { action: Some(need.action.clone()), ..question.clone() };
        // Where the resources are not known, only the stronger claim says something.
        let is_open = need.is_vague() || need.spots.is_empty();
        if is_open || (change.is_kept_whole)(need) {
            let everywhere = Formula::matches(Attribute::resource(), (change.below)(need.place()));
            let answer = before.gains(after, &narrowed, &everywhere)?;
            if is_open || answer.is_never() {
                check.add(answer);
                continue;
            }
        }
        let names = need.resources().into_iter().map(|name| Pattern::literal(name, Case::Sensitive));
        let given = Formula::matches(Attribute::resource(), Patterns::of(names));
        check.add(before.gains(after, &narrowed, &given)?);
    }
    Ok(check.close())
}

/// What the new grants give that was not held before on everything they now cover.
fn gained(before: &Evaluator<'_>, question: &Question, change: &Change<'_>) -> Result<Vec<Needed>, Bug> {
    let mut gained = Vec::new();
    for one in change.added {
        let given = Formula::matches(Attribute::resource(), (change.below)(&one.place));
        let narrowed = Question { action: Some(one.action.clone()), ..question.clone() };
        if !before.lacks(&narrowed, &given)?.is_never() {
            gained.push(one.clone());
        }
    }
    gained.sort();
    gained.dedup();
    Ok(gained)
}

/// Nothing is allowed after that was not before, other than what `gained` lists.
fn narrows(
    before: &Evaluator<'_>,
    after: &Evaluator<'_>,
    question: &Question,
    gained: &[Needed],
) -> Result<ProofCheck, Bug> {
    let mut check = Check::default();
    let listed = gained.iter().map(|one| Pattern::literal(&one.action, Case::Sensitive));
    let given = Formula::matches(Attribute::action(), Patterns::of(listed)).not();
    check.add(after.gains(before, question, &given)?);
    Ok(check.close())
}

/// Adds up the answers to the parts of one direction: each part must be *never*.
struct Check {
    holds: Option<bool>,
    certainty: Certainty,
    counterexample: Option<Witness>,
    engines: Vec<&'static str>,
}

impl Default for Check {
    fn default() -> Self {
        Self { holds: Some(true), certainty: Certainty::Proven, counterexample: None, engines: Vec::new() }
    }
}

impl Check {
    fn add(&mut self, answer: Answer) {
        let certainty = std::mem::replace(&mut self.certainty, Certainty::Proven);
        self.certainty = certainty.and(answer.certainty);
        self.engines.push(answer.engine);
        match answer.outcome {
            Outcome::Never => {}
            Outcome::Undecided => self.holds = self.holds.filter(|holds| !holds),
            Outcome::Sometimes(witness) => {
                self.holds = Some(false);
                self.counterexample.get_or_insert(*witness);
            }
        }
    }

    fn close(mut self) -> ProofCheck {
        self.engines.sort_unstable();
        self.engines.dedup();
        ProofCheck {
            holds: self.holds,
            certainty: self.certainty,
            counterexample: self.counterexample,
            engine: self.engines.join(", "),
        }
    }
}
