//! Questions that name who, what and on which resource have one request that carries nothing else. If it is allowed,
//! that is the answer, and no formula has to be written down.
//!
//! Sound, because the request is one of those that are asked about, and the concrete rule judges it. Where it is denied
//! nothing is known yet: another with the keys that conditions ask for may be allowed.

use super::{Answer, Certainty, Evaluator, Outcome, Witness};
use crate::clouds;
use crate::logic::{Assignment, Attribute, Formula, Universe};
use crate::model::{Object, Question, Subject, Verdict};

impl Evaluator<'_> {
    /// The answer that the plain request gives, if the question has one, `given` holds for it, and it is allowed.
    pub(super) fn plainly(&self, question: &Question, given: &Formula) -> Option<Answer> {
        let (Subject::Principal(_), Some(action), Object::Named(name)) =
            (question.subject, &question.action, &question.object)
        else {
            return None;
        };
        let cloud = clouds::cloud(question.cloud)?;
        let folded = action.to_ascii_lowercase();
        match cloud.universe() {
            Universe::Known(actions) if !actions.contains(&folded, name) => return None,
            _ => {}
        }
        let named = Assignment::new()
            .with_text(Attribute::action(), folded)
            .with_text(Attribute::resource(), name.clone());
        let request = cloud.request(self.estate(), question, &named);
        let holds = || given.evaluate(&cloud.assignment(self.estate(), &request)) == Some(true);
        let is_allowed = cloud.verdict(self.estate(), &request) == Verdict::Allowed;
        if !is_allowed || !(*given == Formula::True || holds()) {
            return None;
        }
        let decision = cloud.decide(self.estate(), &request);
        let certainty = Certainty::from_gaps(decision.gaps.iter().cloned());
        let outcome = Outcome::Sometimes(Box::new(Witness { request, decision }));
        Some(Answer { outcome, certainty, engine: "plain request", steps: 0 })
    }
}
