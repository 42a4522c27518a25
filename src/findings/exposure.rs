//! What the rules about public and external access share: asking for each resource what a stranger may do, and
//! putting the answer into a finding. Which strangers, and how bad it is, are the rules' own words.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::{Context, Finding, Intent, Meta, Related};
use crate::clouds::{self, Probe, ProbeKind};
use crate::evaluator::{Answer, Bug, Outcome};
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{CloudId, Object, Origin, Question, ResourceId, Subject, Target};

/// Resources that policies are attached to, in the order of the estate: only those can let a stranger in by
/// themselves.
pub(super) fn guarded_resources(context: &Context<'_>) -> Vec<ResourceId> {
    context
        .estate
        .resources()
        .map(|(id, _)| id)
        .filter(|id| context.estate.attached_to(Target::Resource(*id)).next().is_some())
        .collect()
}

/// What strangers may do on resources, as far as it was asked; `None` where that is nothing without asking.
#[derive(Default)]
pub(super) struct Strangers(RefCell<FxHashMap<(Subject, ResourceId), Option<Answer>>>);

/// What a stranger may do on `resource` or inside it; `None` where that is nothing without asking.
pub(super) fn ask(
    context: &Context<'_>,
    subject: Subject,
    resource: ResourceId,
) -> Result<Option<Answer>, Bug> {
    let known = &context.strangers.0;
    if let Some(ready) = known.borrow().get(&(subject, resource)) {
        return Ok(ready.clone());
    }
    let answer = ask_newly(context, subject, resource)?;
    known.borrow_mut().insert((subject, resource), answer.clone());
    Ok(answer)
}

fn ask_newly(context: &Context<'_>, subject: Subject, resource: ResourceId) -> Result<Option<Answer>, Bug> {
    let Some(cloud) = context.estate.resource(resource).map(|resource| resource.cloud) else {
        return Ok(None);
    };
    let Some(rules) = clouds::cloud(cloud) else { return Ok(None) };
    if context.evaluator.takes_shortcuts() && !rules.may_admit(context.estate, subject, resource) {
        return Ok(None);
    }
    context.evaluator.can(&question(cloud, subject, resource), &Formula::True).map(Some)
}

/// What of `answer`, about `resource`, does not rest on resources inside it that are `open` themselves and so have a
/// finding of their own.
pub(super) fn beside_inner(
    context: &Context<'_>,
    subject: Subject,
    resource: ResourceId,
    answer: Answer,
    open: &[ResourceId],
) -> Result<Answer, Bug> {
    let estate = context.estate;
    let Some(own) = estate.resource(resource) else { return Ok(answer) };
    let Some(cloud) = clouds::cloud(own.cloud).filter(|_| !rests_on(context, resource, &answer)) else {
        return Ok(answer);
    };
    let around = cloud.coverage(estate, resource);
    let lies_in = |one: ResourceId| {
        let name = estate.resource(one).filter(|one| one.cloud == own.cloud).map(|one| &one.name);
        name.is_some_and(|name| around.matches(name))
    };
    let inner = open.iter().filter(|one| lies_in(**one)).map(|one| cloud.coverage(estate, *one));
    let inner = inner.filter(|within| !within.matches(&own.name));
    // Some clouds compare names without case, and no other differs from one inside it by nothing else.
    let spelled = |within: &Patterns| {
        Patterns::of(within.iter().map(|one| Pattern::new(one.tokens(), Case::Insensitive)))
    };
    let elsewhere = inner.map(|within| Formula::matches(Attribute::resource(), spelled(&within)).not());
    match Formula::all(elsewhere) {
        Formula::True => Ok(answer),
        elsewhere => context.evaluator.can(&question(own.cloud, subject, resource), &elsewhere),
    }
}

/// Whether a policy of the resource itself is a reason for the answer.
fn rests_on(context: &Context<'_>, resource: ResourceId, answer: &Answer) -> bool {
    let Outcome::Sometimes(witness) = &answer.outcome else { return false };
    let own = context.estate.attached_to(Target::Resource(resource));
    let mut own = own.filter_map(|one| context.estate.policy(one.policy)).map(|policy| &policy.origin);
    own.any(|origin| witness.decision.because.iter().any(|reason| reason.origin == *origin))
}

/// One finding for each resource that a stranger of that kind gets at. What everybody gets at is said by `public-resource`
/// alone.
pub(super) fn probe(
    context: &Context<'_>,
    kind: ProbeKind,
    meta: &'static Meta,
    wording: &Wording,
    sink: &mut Vec<Finding>,
) -> Result<(), Bug> {
    for resource in guarded_resources(context) {
        let cloud = context.estate.resource(resource).and_then(|resource| clouds::cloud(resource.cloud));
        for probe in cloud.map(|cloud| cloud.probes(context.estate, resource, kind)).unwrap_or_default() {
            let answer = beyond_everybody(context, &probe, resource)?;
            if !answer.is_never() {
                let asked = (probe.question.clone(), probe.given.clone());
                let mut found = finding(context, meta, wording, resource, (asked, answer));
                if let (Some(found), Some(token)) = (&mut found, &probe.token) {
                    found.message = format!("{}, with a token for `{token}`", found.message);
                    found.lead_with(context.estate.resource(resource).map(|what| what.origin.clone()));
                }
                sink.extend(found);
                break;
            }
        }
    }
    Ok(())
}

/// What the stranger may do that nobody may do without credentials.
fn beyond_everybody(context: &Context<'_>, probe: &Probe, resource: ResourceId) -> Result<Answer, Bug> {
    let public = ask(context, Subject::Anonymous, resource)?;
    if !public.is_some_and(|answer| matches!(answer.outcome, Outcome::Sometimes(_))) {
        return context.evaluator.can(&probe.question, &probe.given);
    }
    let everybody = question(probe.question.cloud, Subject::Anonymous, resource);
    context.evaluator.can_beyond(&probe.question, &probe.given, &everybody)
}

/// A question with what holds of its requests, and the answer.
pub(super) type Asked = ((Question, Formula), Answer);

/// What [`ask`] asks about a resource of the estate.
pub(super) fn question_of(
    context: &Context<'_>,
    subject: Subject,
    resource: ResourceId,
) -> Option<(Question, Formula)> {
    let cloud = context.estate.resource(resource)?.cloud;
    Some((question(cloud, subject, resource), Formula::True))
}

fn question(cloud: CloudId, subject: Subject, resource: ResourceId) -> Question {
    Question { cloud, subject, action: None, object: Object::Within(resource) }
}

impl Finding {
    /// Shows something else first; what was first takes part.
    fn lead_with(&mut self, origin: Option<Origin>) {
        let Some(origin) = origin else { return };
        let first = std::mem::replace(&mut self.primary, origin);
        self.related.insert(0, Related { message: format!("{} also takes part", first.what), origin: first });
    }
}

/// Words of a rule about strangers.
pub(super) struct Wording {
    /// What follows the name of the resource in the message.
    pub(super) predicate: &'static str,
    /// What to do.
    pub(super) advice: &'static str,
}

/// The finding, if there is access; an undecided question is a finding too.
pub(super) fn finding(
    context: &Context<'_>,
    meta: &'static Meta,
    wording: &Wording,
    resource: ResourceId,
    (asked, answer): Asked,
) -> Option<Finding> {
    let what = context.estate.resource(resource)?;
    let (message, witness) = match answer.outcome {
        Outcome::Never => return None,
        Outcome::Sometimes(witness) => (
            format!(
                "`{}` {}: `{}` is allowed to `{}`",
                what.name, wording.predicate, witness.request.action, witness.request.principal
            ),
            Some(*witness),
        ),
        Outcome::Undecided => {
            (format!("whether `{}` {} was not decided", what.name, wording.predicate), None)
        }
    };
    let mut origins: Vec<_> = witness
        .iter()
        .flat_map(|witness| &witness.decision.because)
        .map(|reason| reason.origin.clone())
        .collect();
    let primary = if origins.is_empty() { what.origin.clone() } else { origins.remove(0) };
    Some(Finding {
        rule: meta.id,
        cloud: what.cloud,
        level: meta.level,
        certainty: answer.certainty,
        message,
        primary,
        related: origins
            .into_iter()
            .map(|origin| Related { message: format!("{} also takes part", origin.what), origin })
            .collect(),
        fingerprint: Finding::fingerprint_of(meta.id, what.cloud, &[&what.name]),
        witness,
        hops: Vec::new(),
        advice: wording.advice.to_owned(),
        intent: Intent { access: vec![asked], ..Intent::default() },
    })
}
