//! Asking whether situations can happen, in the estate as it is and in those that ask "what if". Each question is
//! asked once.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::hop::{Evidence, Hop, Node};
use super::hubs::Template;
use crate::clouds::escalation::{Ask, AskOn, Asker, Change, Likeness, Situation};
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

/// What became of a question of a situation, with what shows it.
pub(super) enum Verdict {
    No,
    Open,
    Yes(Arc<Evidence>, Certainty),
}

/// What became of it, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    No,
    Open,
    /// Whether it follows from the input alone.
    Yes(bool),
}

/// Whether a request is allowed.
enum Allowed {
    No,
    Open,
    Yes(Box<Witness>, Certainty),
}

/// Whether a step can be taken.
pub(super) enum Taken {
    No,
    Open,
    Yes(Box<Hop>),
}

/// A situation whose questions have numbers.
pub(super) struct Posed {
    pub(super) situation: Rc<Situation>,
    asks: Vec<usize>,
}

/// The estate, the changed estates, and all answers so far.
pub(super) struct Asking<'a> {
    base: Evaluator<'a>,
    memory: Memory,
}

/// What was worked out so far.
#[derive(Default)]
pub(super) struct Memory {
    changed: BTreeMap<(CloudId, Change), Rc<Estate>>,
    numbers: FxHashMap<Ask, usize>,
    /// Who is answered alike, by the number of the question and the change of the estate.
    alike: FxHashMap<(usize, Option<Change>), Option<Arc<Likeness>>>,
    known: FxHashMap<(usize, Option<Change>, Who), Known>,
    answers: FxHashMap<(Node, Ask), Rc<Verdict>>,
    /// Requests that were allowed, by who may do what in which circumstances: on another resource of the same kind the
    /// same request is often allowed, too, and to see that takes no engine.
    examples: FxHashMap<(Node, Arc<str>, Formula), Request>,
}

/// Whose answer it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    One(PrincipalId),
    /// All that are alike.
    Like(u32),
}

impl<'a> Asking<'a> {
    pub(super) fn new(base: Evaluator<'a>, memory: Memory) -> Self {
        Self { base, memory }
    }

    pub(super) fn into_memory(self) -> Memory {
        self.memory
    }

    pub(super) fn estate(&self) -> &'a Estate {
        self.base.estate()
    }

    pub(super) fn takes_shortcuts(&self) -> bool {
        self.base.takes_shortcuts()
    }

    /// The estate after a change; the one that was loaded without one.
    pub(super) fn with_estate<T>(
        &mut self,
        cloud: &dyn Cloud,
        change: Option<Change>,
        look: impl FnOnce(&Evaluator<'_>) -> T,
    ) -> T {
        let Some(change) = change else { return look(&self.base) };
        let estate = self.memory.changed.entry((cloud.id(), change));
        let base = self.base;
        let estate = estate.or_insert_with(|| Rc::new(cloud.supposed(base.estate(), change))).clone();
        look(&Evaluator::new(&estate, base.portfolio()))
    }

    /// Which targets of a step are alike; `None` if that is not to be used.
    pub(super) fn alike_targets(&self, template: &Template, change: Option<Change>) -> Option<Arc<Likeness>> {
        let alike = || template.cloud.alike_targets(self.estate(), &template.step, change);
        self.takes_shortcuts().then(alike).flatten()
    }

    /// The numbers of somebody with regard to several actions, if it may be like others in all of them.
    pub(super) fn likeness<'d>(
        &self,
        cloud: &dyn Cloud,
        actions: impl Iterator<Item = &'d str>,
        who: Node,
    ) -> Option<Vec<u32>> {
        let estate = Some(self.estate()).filter(|_| self.takes_shortcuts())?;
        actions.map(|action| cloud.alike_askers(estate, action, who.change)?.get(who.principal)).collect()
    }

    /// The situation, ready to be asked of many.
    pub(super) fn pose(&mut self, situation: Rc<Situation>) -> Posed {
        let numbers = &mut self.memory.numbers;
        let mut number = |ask: &Ask| {
            let next = numbers.len();
            *numbers.entry(ask.clone()).or_insert(next)
        };
        let asks = situation.asks.iter().map(&mut number).collect();
        Posed { situation, asks }
    }

    /// The number that those have who are answered alike.
    fn like(&mut self, who: Node, ask: &Ask, number: usize) -> Option<u32> {
        let key = (number, who.change);
        if !self.memory.alike.contains_key(&key) {
            let compared = self.takes_shortcuts() && ask.who == Asker::Taker && ask.on != AskOn::Taker;
            let cloud = self.cloud_of(who.principal).filter(|_| compared);
            let alike = cloud.and_then(|cloud| cloud.alike_askers(self.estate(), &ask.action, who.change));
            self.memory.alike.insert(key, alike);
        }
        self.memory.alike.get(&key)?.as_ref()?.get(who.principal)
    }

    /// Whether `from` can take the step of a situation, in short.
    pub(super) fn can_take(&mut self, from: Node, posed: &Posed) -> Result<Known, Bug> {
        let mut all = Known::Yes(posed.situation.gaps.is_empty());
        for (ask, number) in posed.situation.asks.iter().zip(&posed.asks) {
            match self.known(from, ask, *number)? {
                Known::No => return Ok(Known::No),
                Known::Open => all = Known::Open,
                Known::Yes(sure) => {
                    if let Known::Yes(all) = &mut all {
                        *all &= sure;
                    }
                }
            }
        }
        Ok(all)
    }

    fn known(&mut self, from: Node, ask: &Ask, number: usize) -> Result<Known, Bug> {
        let who = asker(from, ask);
        let like = self.like(who, ask, number);
        let key = (number, who.change, like.map_or(Who::One(who.principal), Who::Like));
        if let Some(known) = self.memory.known.get(&key) {
            return Ok(*known);
        }
        let known = match self.allowed(who, ask)? {
            Allowed::No => Known::No,
            Allowed::Open => Known::Open,
            Allowed::Yes(_, certainty) => Known::Yes(certainty == Certainty::Proven),
        };
        self.memory.known.insert(key, known);
        Ok(known)
    }

    /// Whether `from` can take a step, with the requests that show it.
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
        let (gained, host, basis) = (situation.gained, situation.host, situation.basis.clone());
        Ok(Taken::Yes(Box::new(Hop { from, gained, kind, summary, proofs, basis, host, certainty })))
    }

    fn answer(&mut self, from: Node, ask: &Ask) -> Result<Rc<Verdict>, Bug> {
        let who = asker(from, ask);
        let key = (who, ask.clone());
        if let Some(ready) = self.memory.answers.get(&key) {
            return Ok(ready.clone());
        }
        let verdict = Rc::new(match self.allowed(who, ask)? {
            Allowed::No => Verdict::No,
            Allowed::Open => Verdict::Open,
            Allowed::Yes(witness, certainty) => {
                let evidence = self.evidence(who, ask, *witness)?;
                Verdict::Yes(Arc::new(evidence), certainty)
            }
        });
        self.memory.answers.insert(key, verdict.clone());
        Ok(verdict)
    }

    fn allowed(&mut self, who: Node, ask: &Ask) -> Result<Allowed, Bug> {
        let Some((cloud, question)) = self.question(who, ask) else { return Ok(Allowed::No) };
        let key = (who, ask.action.clone(), ask.given.clone());
        let example = self.memory.examples.get(&key).cloned();
        let allowed = self.with_estate(cloud, who.change, |evaluator| {
            match example.and_then(|example| same_on(evaluator, cloud, &question, example)) {
                Some(witness) => {
                    let certainty = Certainty::from_gaps(witness.decision.gaps.iter().cloned());
                    Ok(Allowed::Yes(Box::new(witness), certainty))
                }
                None => allowed(evaluator, &question, &ask.given),
            }
        })?;
        if let (Allowed::Yes(witness, _), Object::Named(_)) = (&allowed, &question.object) {
            self.memory.examples.entry(key).or_insert_with(|| witness.request.clone());
        }
        Ok(allowed)
    }

    /// The evidence for an allowed request: whether it always is, on the resource of the witness, with what else holds.
    fn evidence(&mut self, who: Node, ask: &Ask, witness: Witness) -> Result<Evidence, Bug> {
        let own = ask.who == Asker::Taker;
        let mut evidence = Evidence { witness, refusal: None, open: false, own };
        let Some((cloud, mut question)) = self.question(who, ask) else { return Ok(evidence) };
        question.object = Object::Named(evidence.witness.request.resource.clone());
        let lacks =
            self.with_estate(cloud, who.change, |evaluator| evaluator.lacks(&question, &ask.given))?;
        match lacks.outcome {
            Outcome::Sometimes(refusal) => evidence.refusal = Some(refusal),
            Outcome::Never => {}
            Outcome::Undecided => evidence.open = true,
        }
        Ok(evidence)
    }

    fn question(&self, who: Node, ask: &Ask) -> Option<(&'static dyn Cloud, Question)> {
        let cloud = self.cloud_of(who.principal)?;
        let object = match &ask.on {
            AskOn::Object(object) => object.clone(),
            AskOn::Taker => Object::Named(cloud.as_resource(self.estate(), who.principal)),
        };
        let (subject, action) = (Subject::Principal(who.principal), Some(ask.action.to_string()));
        Some((cloud, Question { cloud: cloud.id(), subject, action, object }))
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

fn allowed(evaluator: &Evaluator<'_>, question: &Question, given: &Formula) -> Result<Allowed, Bug> {
    let any = question.object == Object::Any;
    let answer =
        if any { evaluator.ask(question.clone())?.can(given) } else { evaluator.can(question, given) };
    let Answer { outcome, certainty, .. } = answer?;
    Ok(match outcome {
        Outcome::Never => Allowed::No,
        Outcome::Undecided => Allowed::Open,
        Outcome::Sometimes(witness) => {
            let certainty = without_invented(evaluator.estate(), question, &witness, certainty);
            Allowed::Yes(witness, certainty)
        }
    })
}

/// Who asks a question of a step that `from` takes.
fn asker(from: Node, ask: &Ask) -> Node {
    match ask.who {
        Asker::Taker => from,
        Asker::Other(id) => Node::as_is(id),
    }
}
