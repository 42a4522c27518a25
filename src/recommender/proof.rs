//! The proof of a replacement, both ways, about effective access.
//!
//! Comparing the permission lists of two roles would be wrong in both directions: access also comes by way of other
//! bindings that look at what a principal holds (members such as `projectEditor`), and is bounded by denies.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::every_engine;
use super::needed::{Key, Need};
use super::{Needed, Proof, ProofCheck};
use crate::clouds;
use crate::evaluator::{Answer, Bug, Certainty, Evaluator, Outcome, Witness};
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{Estate, Object, Principal, PrincipalId, Question, Request, Subject, Verdict};
use crate::solver::Portfolio;

/// A change to be proven.
pub(super) struct Change<'a> {
    /// The estate after it.
    pub(super) changed: &'a Estate,
    /// What has to stay allowed.
    pub(super) used: &'a [Need],
    /// The requests at a place or below it.
    pub(super) within: &'a dyn Fn(&str) -> Formula,
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
    let replay = replay(&before, &after, principal, change.used);
    let replayed = replay.kept;
    let keeps = keeps(&before, &after, &question, change, &replay)?;
    let (gained, reached) = gained(&before, &question, change)?;
    let listed: Vec<&Needed> = gained.iter().chain(&reached).collect();
    let narrows = narrows(&before, &after, &question, change, &listed)?;
    Ok(Proof { keeps, narrows, gained, reached, replayed })
}

/// What the concrete rule says of the recorded uses.
#[derive(Default)]
struct Replay {
    /// How many are allowed before and after.
    kept: u64,
    /// An action and a resource that are allowed before, and not after.
    lost: Option<(String, String)>,
}

fn replay(before: &Evaluator<'_>, after: &Evaluator<'_>, principal: &Principal, used: &[Need]) -> Replay {
    let mut replay = Replay::default();
    let Some(cloud) = clouds::cloud(principal.cloud) else { return replay };
    for need in used {
        for (request, times) in need.requests(principal) {
            let allowed = |evaluator: &Evaluator<'_>, request: &Request| {
                cloud.verdict(evaluator.estate(), request) == Verdict::Allowed
            };
            // What was done with keys was allowed to those who have them.
            let key = need.with.as_ref();
            let recorded = key.map(|key| Request { principal: key.name.clone(), ..request.clone() });
            let was = allowed(before, recorded.as_ref().unwrap_or(&request));
            match (was, allowed(after, &request)) {
                (true, true) => replay.kept += times,
                (true, false) if replay.lost.is_none() && key.is_none() => {
                    replay.lost = Some((request.action, request.resource));
                }
                _ => {}
            }
        }
    }
    replay
}

/// So many resources are asked about at once: engines take long about hundreds of names.
const AT_ONCE: usize = 16;

/// Whatever of the recorded use was allowed before stays allowed. For each permission first the stronger claim is
/// tried: no request on any resource at the place of use is allowed before and refused after. Where that fails, the
/// claim is made for the very resources that were used.
fn keeps(
    before: &Evaluator<'_>,
    after: &Evaluator<'_>,
    question: &Question,
    change: &Change<'_>,
    replay: &Replay,
) -> Result<ProofCheck, Bug> {
    let mut check = Check::default();
    if let Some((action, resource)) = &replay.lost {
        // Asked first, because it most likely ends all further questions.
        let object = Object::Named(resource.clone());
        let narrowed = Question { action: Some(action.clone()), object, ..question.clone() };
        let answer = before.gains(after, &narrowed, &Formula::True)?;
        if answer.witness().is_some() {
            check.add(answer);
        }
    }
    for need in change.used {
        if check.holds == Some(false) {
            break;
        }
        let narrowed = Question { action: Some(need.action.clone()), ..question.clone() };
        if need.with.is_some() {
            check.add(given_to_itself(after, &narrowed, need, change)?);
            continue;
        }
        // Where the resources are not known, only the stronger claim says something.
        let is_open = need.is_vague() || need.spots.is_empty();
        if is_open || (change.is_kept_whole)(need) {
            let everywhere = (change.within)(need.place());
            let answer = before.gains(after, &narrowed, &everywhere)?;
            if is_open || answer.is_never() {
                check.add(answer);
                continue;
            }
        }
        let resources: Vec<&str> = need.resources().into_iter().collect();
        for some in resources.chunks(AT_ONCE) {
            let names = some.iter().map(|name| Pattern::literal(name, Case::Sensitive));
            let given = Formula::matches(Attribute::resource(), Patterns::of(names));
            check.add(before.gains(after, &narrowed, &given)?);
        }
    }
    Ok(check.close())
}

/// What was done with keys was never allowed to the principal itself, so that nothing is lost says nothing: every such
/// request has to be allowed after the change. *Never* means that none is refused.
fn given_to_itself(
    after: &Evaluator<'_>,
    narrowed: &Question,
    need: &Need,
    change: &Change<'_>,
) -> Result<Answer, Bug> {
    if (change.is_kept_whole)(need) {
        let everywhere = (change.within)(need.place());
        let answer = after.lacks(narrowed, &everywhere)?;
        if answer.is_never() {
            return Ok(answer);
        }
    }
    let names = need.resources().into_iter().map(|name| Pattern::literal(name, Case::Sensitive));
    after.lacks(narrowed, &Formula::matches(Attribute::resource(), Patterns::of(names)))
}

/// What the new grants give that was not held before on everything they now cover. What stays open is not listed, so that
/// `narrows` has to decide about it. Apart from it what keys gave already that the principal always may read.
fn gained(
    before: &Evaluator<'_>,
    question: &Question,
    change: &Change<'_>,
) -> Result<(Vec<Needed>, Vec<Needed>), Bug> {
    let (mut gained, mut reached) = (Vec::new(), Vec::new());
    let keys = readable(before, question, change)?;
    for one in change.added {
        let given = (change.within)(&one.place);
        let narrowed = Question { action: Some(one.action.clone()), ..question.clone() };
        if before.lacks(&narrowed, &given)?.witness().is_none() {
            continue;
        }
        let mut by_key = false;
        for key in &keys {
            let holder = Question { subject: Subject::Principal(key.id), ..narrowed.clone() };
            by_key = by_key || before.lacks(&holder, &given)?.is_never();
        }
        if by_key { reached.push(one.clone()) } else { gained.push(one.clone()) }
    }
    for list in [&mut gained, &mut reached] {
        list.sort();
        list.dedup();
    }
    Ok((gained, reached))
}

/// The keys that were used and that the principal always may read.
fn readable<'c>(
    before: &Evaluator<'_>,
    question: &Question,
    change: &'c Change<'_>,
) -> Result<Vec<&'c Key>, Bug> {
    let used: BTreeSet<&Key> = change.used.iter().filter_map(|need| need.with.as_ref()).collect();
    let mut readable = Vec::new();
    for key in used {
        let object = Object::Named(key.resource.clone());
        let reading = Question { action: Some(key.action.clone()), object, ..question.clone() };
        if before.lacks(&reading, &Formula::True)?.is_never() {
            readable.push(key);
        }
    }
    Ok(readable)
}

/// Nothing is allowed after that was not before, other than what is listed at its place.
fn narrows(
    before: &Evaluator<'_>,
    after: &Evaluator<'_>,
    question: &Question,
    change: &Change<'_>,
    listed: &[&Needed],
) -> Result<ProofCheck, Bug> {
    let mut check = Check::default();
    let mut by_place: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in listed {
        // Clouds that compare names of actions without case ask about them in lower case.
        let spellings = [one.action.clone(), one.action.to_ascii_lowercase()];
        by_place.entry(&one.place).or_default().extend(spellings);
    }
    let other = by_place.into_iter().map(|(place, actions)| {
        let actions = actions.iter().map(|action| Pattern::literal(action, Case::Sensitive));
        let action = Formula::matches(Attribute::action(), Patterns::of(actions));
        let there = (change.within)(place);
        Formula::all([action, there]).not()
    });
    let given = Formula::all(other);
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
