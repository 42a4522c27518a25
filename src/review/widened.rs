//! Findings that were there before a change and are about more after it.

use crate::evaluator::{Bug, Evaluator, Outcome};
use crate::findings::Finding;
use crate::model::{Estate, Object, Question, Subject};

/// The finding as it is news: with a request that was not allowed before. `None` where it is about nothing more.
pub(super) fn widened(
    before: &Evaluator<'_>,
    after: &Evaluator<'_>,
    finding: &Finding,
) -> Result<Option<Finding>, Bug> {
    for (question, given) in &finding.intent.access {
        let then = translated(after.estate(), before.estate(), question);
        let old = then.map(|question| before.side(question)).transpose()?;
        let other = given.clone().not();
        let Some(more) = after.side(question.clone())?.beyond(old.as_ref(), &other)? else { continue };
        let Outcome::Sometimes(shown) = more.answer.outcome else {
            let message = format!("{}; whether more than before was not decided", finding.message);
            return Ok(Some(Finding {
                certainty: more.answer.certainty,
                message,
                witness: None,
                fingerprint: fingerprint(finding),
                ..finding.clone()
            }));
        };
        let request = &shown.request;
        let message = format!(
            "{}; after the change also `{}` on `{}`",
            finding.message, request.action, request.resource
        );
        let because = shown.decision.because.iter().map(|reason| &reason.origin);
        let primary = because.into_iter().find(|origin| origin.span.is_some()).cloned();
        return Ok(Some(Finding {
            certainty: more.answer.certainty,
            message,
            primary: primary.unwrap_or_else(|| finding.primary.clone()),
            witness: Some(*shown),
            fingerprint: fingerprint(finding),
            ..finding.clone()
        }));
    }
    Ok(None)
}

/// A finding of its own: a baseline that holds the old one does not hold what came to it.
fn fingerprint(finding: &Finding) -> String {
    Finding::fingerprint_of(finding.rule, finding.cloud, &[&finding.fingerprint, "more"])
}

/// A question about one estate, asked of another. `None` where that tells of no such principal or resource.
fn translated(from: &Estate, to: &Estate, question: &Question) -> Option<Question> {
    let cloud = question.cloud;
    let subject = match question.subject {
        Subject::Principal(id) => Subject::Principal(to.find_principal(cloud, &from.principal(id)?.name)?),
        stranger => stranger,
    };
    let object = match &question.object {
        Object::Within(id) => Object::Within(to.find_resource(cloud, &from.resource(*id)?.name)?),
        other => other.clone(),
    };
    Some(Question { cloud, subject, action: question.action.clone(), object })
}
