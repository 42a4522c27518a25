//! Asking whether situations can happen, in the estate as it is and in those that ask "what if". Each question is
//! asked once.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::hop::{Evidence, Hop, Node};
use crate::clouds::escalation::{Ask, AskOn, Asker, Change, Situation};
use crate::clouds::{self, Cloud};
use crate::evaluator::{Answer, Bug, Certainty, Evaluator, Outcome, Witness};
use crate::logic::Formula;
use crate::model::{CloudId, Estate, Gap, GapKind, Object, PrincipalId, Question, Request, Subject};

/// What a step is called.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) kind: Arc<str>,
    pub(super) summary: Arc<str>,
}

/// What became of a question of a situation.
pub(super) enum Verdict {
    No,
    Open,
    Yes(Arc<Evidence>, Certainty),
}

/// Whether a step can be taken.
pub(super) enum Taken {
    No,
    Open,
    Yes(Box<Hop>),
}

/// The estate, the changed estates, and all answers so far.
pub(super) struct Asking<'a> {
    base: Evaluator<'a>,
    changed: BTreeMap<(CloudId, Change), Rc<Estate>>,
    answers: FxHashMap<(Node, Ask), Rc<Verdict>>,
    /// Requests that were allowed, by who may do what in which circumstances: on another resource of the same kind the
    /// same request is often allowed, too, and to see that takes no engine.
    examples: FxHashMap<(Node, Arc<str>, Formula), Request>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(base: Evaluator<'a>) -> Self {
        Self { base, changed: BTreeMap::new(), answers: FxHashMap::default(), examples: FxHashMap::default() }
    }

    pub(super) fn estate(&self) -> &'a Estate {
        self.base.estate()
    }

    /// The estate after a change; the one that was loaded without one.
    pub(super) fn with_estate<T>(
        &mut self,
        cloud: &dyn Cloud,
        change: Option<Change>,
        look: impl FnOnce(&Evaluator<'_>) -> T,
    ) -> T {
        let Some(change) = change else { return look(&self.base) };
        let estate = self.changed.entry((cloud.id(), change));
        let base = self.base;
        let estate = estate.or_insert_with(|| Rc::new(cloud.supposed(base.estate(), change))).clone();
        look(&Evaluator::new(&estate, base.portfolio()))
    }

    /// Whether `from` can take a step.
    pub(super) fn take(&mut self, from: Node, way: &Way, situation: &Situation) -> Result<Taken, Bug> {
        let mut proofs = Vec::new();
        let mut certainty = Certainty::from_gaps(situation.gaps.iter().cloned());
        let mut open = false;
        for ask in &situation.asks {
            match &*self.answer(from, ask)? {
                Verdict::No => return Ok(Taken::No),
                Verdict::Open => open = true,
                Verdict::Yes(proof, sure) => {
                    proofs.push(proof.clone());
                    certainty = certainty.and(sure.clone());
                }
            }
        }
        if open {
            return Ok(Taken::Open);
        }
        let (kind, summary) = (way.kind.clone(), way.summary.clone());
        let (gained, host) = (situation.gained, situation.host);
        Ok(Taken::Yes(Box::new(Hop { from, gained, kind, summary, proofs, host, certainty })))
    }

    fn answer(&mut self, from: Node, ask: &Ask) -> Result<Rc<Verdict>, Bug> {
        let who = match ask.who {
            Asker::Taker => from,
            Asker::Other(id) => Node::as_is(id),
        };
        let key = (who, ask.clone());
        if let Some(ready) = self.answers.get(&key) {
            return Ok(ready.clone());
        }
        let verdict = Rc::new(self.decide(who, ask)?);
        self.answers.insert(key, verdict.clone());
        Ok(verdict)
    }

    fn decide(&mut self, who: Node, ask: &Ask) -> Result<Verdict, Bug> {
        let Some(cloud) = self.cloud_of(who.principal) else { return Ok(Verdict::No) };
        let object = match &ask.on {
            AskOn::Object(object) => object.clone(),
            AskOn::Taker => Object::Named(cloud.as_resource(self.estate(), who.principal)),
        };
        let question = Question {
            cloud: cloud.id(),
            subject: Subject::Principal(who.principal),
            action: Some(ask.action.to_string()),
            object,
        };
        let own = ask.who == Asker::Taker;
        let key = (who, ask.action.clone(), ask.given.clone());
        let example = self.examples.get(&key).cloned();
        let decided = self.with_estate(cloud, who.change, |evaluator| {
            let known = example.and_then(|example| same_on(evaluator, cloud, &question, example));
            verdict(evaluator, question, &ask.given, known, own)
        })?;
        if let (Verdict::Yes(evidence, _), AskOn::Object(Object::Named(_))) = (&decided, &ask.on) {
            self.examples.entry(key).or_insert_with(|| evidence.witness.request.clone());
        }
        Ok(decided)
    }

    pub(super) fn cloud_of(&self, principal: PrincipalId) -> Option<&'static dyn Cloud> {
        self.estate().principal(principal).and_then(|found| clouds::cloud(found.cloud))
    }
}

/// Where a question leaves open which resource it is about, the witness names one that the step makes, or that is taken
/// to exist. That the input does not hold its policy is no doubt then.
fn without_invented(
    estate: &Estate,
    question: &Question,
    witness: &Witness,
    certainty: Certainty,
) -> Certainty {
    let name = &witness.request.resource;
    let known = estate.find_resource(question.cloud, name).is_some();
    if question.object != Object::Any || known {
        return certainty;
    }
    match certainty {
        Certainty::Assuming(gaps) => {
            let quoted = format!("`{name}`");
            let is_about = |gap: &Gap| gap.kind == GapKind::MissingPolicy && gap.message.contains(&quoted);
            Certainty::from_gaps(gaps.into_iter().filter(|gap| !is_about(gap)))
        }
        sure => sure,
    }
}

/// The request of an example on another resource, if the concrete rule allows it.
fn same_on(
    evaluator: &Evaluator<'_>,
    cloud: &dyn Cloud,
    question: &Question,
    example: Request,
) -> Option<Witness> {
    let Object::Named(name) = &question.object else { return None };
    let request = Request { resource: name.clone(), ..example };
    let decision = cloud.decide(evaluator.estate(), &request);
    let sure = !decision.gaps.iter().any(|gap| gap.kind == GapKind::OpaqueCondition);
    (decision.is_allowed() && sure).then_some(Witness { request, decision })
}

/// Whether a request is allowed, and whether it always is: on the resource of the witness, with what else holds.
fn verdict(
    evaluator: &Evaluator<'_>,
    mut question: Question,
    given: &Formula,
    known: Option<Witness>,
    own: bool,
) -> Result<Verdict, Bug> {
    let (witness, certainty) = match known {
        Some(witness) => {
            let certainty = Certainty::from_gaps(witness.decision.gaps.iter().cloned());
            (witness, certainty)
        }
        None => {
            let Answer { outcome, certainty, .. } = evaluator.can(&question, given)?;
            match outcome {
                Outcome::Never => return Ok(Verdict::No),
                Outcome::Undecided => return Ok(Verdict::Open),
                Outcome::Sometimes(witness) => (*witness, certainty),
            }
        }
    };
    let certainty = without_invented(evaluator.estate(), &question, &witness, certainty);
    question.object = Object::Named(witness.request.resource.clone());
    let (refusal, open) = match evaluator.lacks(&question, given)?.outcome {
        Outcome::Sometimes(refusal) => (Some(refusal), false),
        Outcome::Never => (None, false),
        Outcome::Undecided => (None, true),
    };
    Ok(Verdict::Yes(Arc::new(Evidence { witness, refusal, open, own }), certainty))
}
