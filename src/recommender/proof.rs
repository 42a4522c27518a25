//! The proof of a replacement, both ways, about effective access.
//!
//! Comparing the permission lists of two roles would be wrong in both directions: access also comes by way of other
//! bindings that look at what a principal holds (members such as `projectEditor`), and is bounded by denies.

use super::candidates::every_engine;
use super::needed::Need;
use super::{Needed, Proof, ProofCheck};
use crate::clouds::{self, RoleAt, Roles};
use crate::evaluator::{Answer, Bug, Certainty, Evaluator, Outcome, Witness};
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{Estate, Object, Principal, PrincipalId, Question, Subject};
use crate::solver::Portfolio;

/// Proves the change from the evaluator's estate to `changed` for one principal.
pub(super) fn prove(
    evaluator: &Evaluator<'_>,
    changed: &Estate,
    roles: &dyn Roles,
    id: PrincipalId,
    principal: &Principal,
    used: &[Need],
    add: &[RoleAt],
) -> Result<Proof, Bug> {
    let portfolio = Portfolio { engines: every_engine(), ..evaluator.portfolio().clone() };
    let before = Evaluator::new(evaluator.estate(), &portfolio);
    let after = Evaluator::new(changed, &portfolio);
    let question = Question {
        cloud: principal.cloud,
        subject: Subject::Principal(id),
        action: None,
        object: Object::Any,
    };
    let replayed = replay(&before, &after, principal, used);
    let keeps = keeps(&before, &after, roles, &question, used)?;
    let gained = gained(&before, roles, &question, add)?;
    let narrows = narrows(&before, &after, &question, &gained)?;
    Ok(Proof { keeps, narrows, gained, replayed })
}

/// How many recorded uses the concrete rule allows both before and after.
fn replay(before: &Evaluator<'_>, after: &Evaluator<'_>, principal: &Principal, used: &[Need]) -> u64 {
    let Some(cloud) = clouds::cloud(principal.cloud) else { return 0 };
    let mut count = 0;
    for need in used {
        for (request, times) in need.requests(principal).zip(need.resources.values()) {
            let allowed = |evaluator: &Evaluator<'_>| cloud.decide(evaluator.estate(), &request).is_allowed();
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
    roles: &dyn Roles,
    question: &Question,
    used: &[Need],
) -> Result<ProofCheck, Bug> {
    let mut check = Check::default();
    for need in used {
        let narrowed = Question { action: Some(need.action.clone()), ..question.clone() };
        let everywhere = roles.below(before.estate(), need.place());
        let answer = before.gains(after, &narrowed, &Formula::matches(Attribute::resource(), everywhere))?;
        if answer.is_never() {
            check.add(answer);
            continue;
        }
        let names = need.resources.keys().map(|name| Pattern::literal(name, Case::Sensitive));
        let given = Formula::matches(Attribute::resource(), Patterns::of(names));
        check.add(before.gains(after, &narrowed, &given)?);
    }
    Ok(check.close())
}

/// The permissions of the new roles that were not held before on everything they now cover.
fn gained(
    before: &Evaluator<'_>,
    roles: &dyn Roles,
    question: &Question,
    add: &[RoleAt],
) -> Result<Vec<Needed>, Bug> {
    let mut gained = Vec::new();
    for at in add {
        let Some(role) = roles.catalog().roles.iter().find(|role| *role.name == *at.role) else { continue };
        let given = Formula::matches(Attribute::resource(), roles.below(before.estate(), &at.place));
        for index in &role.permissions {
            let Some(permission) = roles.catalog().permissions.get(*index as usize) else { continue };
            let narrowed = Question { action: Some(permission.to_string()), ..question.clone() };
            if !before.lacks(&narrowed, &given)?.is_never() {
                gained.push(Needed { action: permission.to_string(), place: at.place.clone() });
            }
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
