//! *Nobody but … may … on … unless …*.

use std::collections::BTreeMap;

use super::judge::{Judge, Ruling};
use super::people::Chosen;
use super::places::{Named, Place, place};
use super::report::Breach;
use super::{Claim, Guardrail, Only};
use crate::clouds::Cloud;
use crate::evaluator::{Answer, Asked, Bug, Outcome, Possible};
use crate::findings::Level;
use crate::logic::{Attribute, Formula, Patterns};
use crate::model::{Object, Question, Subject};

/// Judges all guardrails of this kind: each principal is asked about once for all of them.
pub(super) fn judge(judge: &Judge<'_>, guardrails: &[Guardrail], rulings: &mut [Ruling]) -> Result<(), Bug> {
    for cloud in judge.clouds(None) {
        let mut prepared = Vec::new();
        for (guardrail, ruling) in guardrails.iter().zip(rulings.iter_mut()) {
            if let Claim::Only(only) = &guardrail.claim
                && guardrail.cloud == Some(cloud.id())
            {
                prepared.push((prepare(judge, cloud, guardrail, only, ruling)?, ruling));
            }
        }
        for subject in judge.people.askers(cloud.id()) {
            let mut asked: BTreeMap<Object, Asked<'_>> = BTreeMap::new();
            for (one, ruling) in prepared.iter_mut().filter(|(one, _)| !one.but.holds(subject)) {
                one.ask(judge, subject, &mut asked, ruling)?;
            }
        }
    }
    for (guardrail, ruling) in guardrails.iter().zip(rulings) {
        if let Claim::Only(only) = &guardrail.claim
            && let Some(cloud) = guardrail.cloud
            && judge.clouds(Some(cloud)).is_empty()
        {
            let why = "and the files tell of nothing in that cloud";
            ruling.idle(guardrail, cloud, only.on.first(), (Level::Medium, why));
        }
    }
    Ok(())
}

/// A guardrail with what its names stand for.
struct Prepared<'g> {
    guardrail: &'g Guardrail,
    cloud: &'static dyn Cloud,
    but: Chosen,
    /// Holds for strangers whom the files name and who may.
    named: Formula,
    /// Where it is asked, with the requests that it rules out there.
    places: Vec<(Object, Formula)>,
}

fn prepare<'g>(
    judge: &Judge<'_>,
    cloud: &'static dyn Cloud,
    guardrail: &'g Guardrail,
    only: &'g Only,
    ruling: &mut Ruling,
) -> Result<Prepared<'g>, Bug> {
    let (but, strange) = judge.people.choose(&only.but, Some(cloud.id()));
    ruling.idle(guardrail, cloud.id(), strange, (Level::Low, "who is in none of the files"));
    let files = Named::new(judge.estate(), cloud);
    let mut places = Vec::new();
    for name in &only.on {
        let Place { object, within } = place(judge.estate(), cloud, name);
        let ruled_out = Formula::all([only.may.clone(), within, only.unless.clone().not()]);
        let mut possible = ruled_out.clone();
        if let Object::Named(_) | Object::Within(_) = object {
            possible = possible.and(Formula::matches(Attribute::resource(), covered(judge, cloud, &object)));
        }
        let is_known = guardrail.shipped || files.knows(name);
        match judge.evaluator.is_possible(cloud.id(), &possible)? {
            Possible::No => {
                let why = "on which these actions are never asked";
                ruling.idle(guardrail, cloud.id(), [name], (Level::Medium, why));
                continue;
            }
            _ if !is_known => {
                let why = "of which the files say nothing";
                ruling.idle(guardrail, cloud.id(), [name], (Level::Medium, why));
            }
            // An undecided question is asked again with all that decides it.
            Possible::Yes | Possible::Undecided(_) => ruling.asked = true,
        }
        places.push((object, ruled_out));
    }
    let named = judge.people.mentioned(&but, cloud);
    Ok(Prepared { guardrail, cloud, but, named, places })
}

/// The names of all requests on a place.
fn covered(judge: &Judge<'_>, cloud: &dyn Cloud, object: &Object) -> Patterns {
    match object {
        Object::Any => Patterns::anything(),
        Object::Named(name) => cloud.written(name),
        Object::Within(id) => cloud.coverage(judge.estate(), *id),
    }
}

impl Prepared<'_> {
    fn ask<'a>(
        &self,
        judge: &Judge<'a>,
        subject: Subject,
        asked: &mut BTreeMap<Object, Asked<'a>>,
        ruling: &mut Ruling,
    ) -> Result<(), Bug> {
        let mut open = None;
        for (object, ruled_out) in &self.places {
            if !asked.contains_key(object) {
                let question =
                    Question { cloud: self.cloud.id(), subject, action: None, object: object.clone() };
                asked.insert(object.clone(), judge.evaluator.ask(question)?);
            }
            let Some(question) = asked.get(object) else { continue };
            let answer = question.can(&self.given(subject, ruled_out))?;
            match &answer.outcome {
                Outcome::Never => ruling.rest_on(&answer.certainty),
                Outcome::Undecided => open = Some(answer),
                Outcome::Sometimes(_) => {
                    ruling.findings.push(self.breach(judge, subject, answer).finding(self.guardrail));
                    return Ok(());
                }
            }
        }
        let open = open.map(|answer| self.breach(judge, subject, answer).finding(self.guardrail));
        ruling.findings.extend(open);
        Ok(())
    }

    /// What is ruled out for somebody.
    fn given(&self, subject: Subject, ruled_out: &Formula) -> Formula {
        match subject {
            Subject::Outside => ruled_out.clone().and(self.named.clone().not()),
            Subject::Principal(_) | Subject::Anonymous => ruled_out.clone(),
        }
    }

    fn breach(&self, judge: &Judge<'_>, subject: Subject, answer: Answer) -> Breach {
        let (name, id) = (judge.people.name(subject), &self.guardrail.id);
        let witness = match answer.outcome {
            Outcome::Sometimes(witness) => Some(*witness),
            Outcome::Never | Outcome::Undecided => None,
        };
        let message = match &witness {
            Some(shown) => format!(
                "{name} may `{}` on `{}`, against the guardrail `{id}`",
                shown.request.action, shown.request.resource
            ),
            None => format!("whether {name} may do what the guardrail `{id}` rules out was not decided"),
        };
        let because = witness.iter().flat_map(|shown| &shown.decision.because);
        let origins = because.map(|reason| reason.origin.clone()).collect();
        let principal = match subject {
            Subject::Principal(id) => Some(id),
            Subject::Outside | Subject::Anonymous => None,
        };
        let cloud = self.cloud.id();
        let question = |object: &Object| Question { cloud, subject, action: None, object: object.clone() };
        let access =
            self.places.iter().map(|(object, ruled_out)| (question(object), self.given(subject, ruled_out)));
        Breach {
            cloud,
            principal,
            policy: None,
            name,
            message,
            certainty: answer.certainty,
            witness,
            hops: Vec::new(),
            access: access.collect(),
            origins,
        }
    }
}
