//! *… must stay able to …*.

use super::judge::{Judge, Ruling};
use super::places::{Named, Place, place};
use super::report::Breach;
use super::{Able, Guardrail};
use crate::evaluator::{Answer, Bug, Outcome, Witness};
use crate::findings::Level;
use crate::model::{Origin, PrincipalId, Question, Subject};

pub(super) fn judge(
    judge: &Judge<'_>,
    guardrail: &Guardrail,
    able: &Able,
    ruling: &mut Ruling,
) -> Result<(), Bug> {
    let Some(cloud) = guardrail.cloud else { return Ok(()) };
    let (who, missing) = judge.people.choose(&able.who, Some(cloud));
    // Whoever is not there is not able to do anything.
    ruling.idle(guardrail, cloud, missing, (guardrail.level, "who is in none of the files"));
    for cloud in judge.clouds(Some(cloud)) {
        let named = Named::new(judge.estate(), cloud);
        let strange = able.on.iter().filter(|name| !named.knows(name));
        ruling.idle(guardrail, cloud.id(), strange, (Level::Medium, "of which the files say nothing"));
        let asking = judge.estate().principals();
        let asking = asking.filter(|(id, one)| who.principals.contains(id) && one.kind.sends_requests());
        for (id, _) in asking {
            for action in &able.to {
                for name in &able.on {
                    ruling.asked = true;
                    let Place { object, within } = place(judge.estate(), cloud, name);
                    let (subject, action) = (Subject::Principal(id), Some(action.clone()));
                    let question = Question { cloud: cloud.id(), subject, action, object };
                    let lack = Lack { judge, guardrail, question, on: &name.text, id };
                    let found = lack.look(&within, able.always, ruling)?;
                    ruling.findings.extend(found.map(|breach| breach.finding(guardrail)));
                }
            }
        }
    }
    Ok(())
}

/// Something that somebody must be able to do.
struct Lack<'a> {
    judge: &'a Judge<'a>,
    guardrail: &'a Guardrail,
    question: Question,
    on: &'a str,
    id: PrincipalId,
}

impl Lack<'_> {
    fn look(
        &self,
        within: &crate::logic::Formula,
        always: bool,
        ruling: &mut Ruling,
    ) -> Result<Option<Breach>, Bug> {
        let evaluator = &self.judge.evaluator;
        let can = evaluator.can(&self.question, within)?;
        match &can.outcome {
            Outcome::Undecided => return Ok(Some(self.breach(can, None))),
            Outcome::Sometimes(_) if !always => {
                ruling.rest_on(&can.certainty);
                return Ok(None);
            }
            Outcome::Sometimes(_) | Outcome::Never => {}
        }
        let lacks = evaluator.lacks(&self.question, within)?;
        Ok(match (&can.outcome, &lacks.outcome) {
            (Outcome::Sometimes(_), Outcome::Never) => {
                ruling.rest_on(&can.certainty.and(lacks.certainty));
                None
            }
            (Outcome::Sometimes(_), Outcome::Undecided) => Some(self.breach(lacks, None)),
            (_, Outcome::Sometimes(refused)) => {
                let shown = (**refused).clone();
                let decided = if can.is_never() { can } else { lacks };
                Some(self.breach(decided, Some(shown)))
            }
            (_, Outcome::Never | Outcome::Undecided) => Some(self.breach(can, None)),
        })
    }

    fn breach(&self, answer: Answer, refused: Option<Witness>) -> Breach {
        let (name, id) = (self.judge.people.name(self.question.subject), &self.guardrail.id);
        let action = self.question.action.as_deref().unwrap_or_default();
        let on = self.on;
        let message = match &answer.outcome {
            Outcome::Undecided => {
                format!(
                    "whether {name} can `{action}` on `{on}`, as the guardrail `{id}` demands, was not decided"
                )
            }
            Outcome::Never => {
                format!("{name} can not `{action}` on `{on}`, which the guardrail `{id}` demands")
            }
            Outcome::Sometimes(_) => {
                format!("{name} can not always `{action}` on `{on}`, which the guardrail `{id}` demands")
            }
        };
        let decision = refused.as_ref().map(|refused| &refused.decision);
        let reasons = decision.into_iter().flat_map(|one| one.because.iter().chain(&one.blocked_by));
        let mut origins: Vec<Origin> = reasons.map(|reason| reason.origin.clone()).collect();
        // What nobody allows stands nowhere: whoever is refused does.
        let own = self.judge.estate().principal(self.id).map(|who| who.origin.clone());
        origins.extend(own.filter(|_| origins.is_empty()));
        Breach {
            cloud: self.question.cloud,
            principal: Some(self.id),
            policy: None,
            name: format!("{name} {action} {on}"),
            message,
            certainty: answer.certainty,
            witness: refused,
            hops: Vec::new(),
            access: Vec::new(),
            origins,
        }
    }
}
