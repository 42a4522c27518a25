//! Asking: from a question to a goal, and from the engine's model back to a request that was judged again.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::access::parts;
use super::answer::explain;
use super::statements::with_facts;
use super::{Answer, Bug, Certainty, Outcome, Witness};
use crate::clouds::{self, Cloud};
use crate::logic::{Assignment, Attribute, Formula, Goal, Patterns};
use crate::model::{Estate, Gap, GapKind, Layers, Question};
use crate::solver::{self, Portfolio};

/// Answers questions about one estate.
#[derive(Clone, Copy)]
pub struct Evaluator<'a> {
    estate: &'a Estate,
    portfolio: &'a Portfolio,
    shortcuts: bool,
}

/// A question that is written down once, to be asked under several restrictions.
pub struct Asked<'a> {
    evaluator: Evaluator<'a>,
    question: Question,
    /// With all policies; written down when a few are not enough.
    whole: OnceCell<Posed>,
    /// Without the policies of resources, if the cloud can do without them.
    without: Option<Posed>,
}

impl Asked<'_> {
    /// [`Evaluator::can`] for this question.
    pub fn can(&self, given: &Formula) -> Result<Answer, Bug> {
        if let Some(without) = &self.without
            && let Some(answer) = self.evaluator.can_by_few(&self.question, without, given)?
        {
            return Ok(answer);
        }
        self.evaluator.can_posed(&self.question, self.whole()?, given)
    }

    /// [`Evaluator::lacks`] for this question.
    pub fn lacks(&self, given: &Formula) -> Result<Answer, Bug> {
        if let Some(without) = &self.without
            && let Some(answer) = self.evaluator.lacks_by_few(&self.question, without, given)?
        {
            return Ok(answer);
        }
        self.evaluator.lacks_posed(&self.question, self.whole()?, given)
    }

    fn whole(&self) -> Result<&Posed, Bug> {
        if let Some(ready) = self.whole.get() {
            return Ok(ready);
        }
        let posed = self.evaluator.pose(&self.question)?;
        Ok(self.whole.get_or_init(|| posed))
    }
}

/// A question in the form that engines understand.
pub(crate) struct Posed {
    /// The cloud it is asked of.
    pub(crate) cloud: &'static dyn Cloud,
    /// Holds for the requests that are allowed; what is known of the question is filled in.
    pub(crate) allowed: Formula,
    /// Holds for the requests that can occur.
    pub(crate) facts: Formula,
    /// What was filled in.
    pub(crate) known: Assignment,
    /// What is missing and bears on every answer.
    pub(crate) gaps: Vec<Gap>,
}

impl Posed {
    pub(super) fn of(cloud: &'static dyn Cloud, estate: &Estate, layers: Layers) -> Self {
        let allowed = cloud.combine(&layers).restrict(&layers.known);
        let times = cloud.clocks().map(|clocks| clocks.facts(&allowed, estate.earliest()));
        Self {
            cloud,
            facts: layers.facts.restrict(&layers.known).and(times.unwrap_or(Formula::True)),
            allowed,
            known: layers.known,
            gaps: layers.gaps,
        }
    }
}

/// The rules of the cloud that a question is asked of.
fn rules(question: &Question) -> Result<&'static dyn Cloud, Bug> {
    clouds::cloud(question.cloud)
        .ok_or_else(|| Bug { message: format!("no rules for the cloud `{}`", question.cloud) })
}

impl<'a> Evaluator<'a> {
    /// An evaluator of `estate` that asks `portfolio`.
    pub fn new(estate: &'a Estate, portfolio: &'a Portfolio) -> Self {
        Self { estate, portfolio, shortcuts: true }
    }

    /// The same without what is only there to be fast: every question is asked for itself, with all policies. The
    /// answers are the same, which tests compare.
    #[must_use]
    pub fn without_shortcuts(self) -> Self {
        Self { shortcuts: false, ..self }
    }

    /// Whether questions may be answered by others that must have the same answer, or with fewer policies.
    pub(crate) fn takes_shortcuts(&self) -> bool {
        self.shortcuts
    }

    /// The estate.
    pub fn estate(&self) -> &'a Estate {
        self.estate
    }

    /// The engines.
    pub fn portfolio(&self) -> &'a Portfolio {
        self.portfolio
    }

    /// Writes a question down, to be asked more than once.
    pub fn ask(&self, question: Question) -> Result<Asked<'a>, Bug> {
        let cloud = rules(&question)?;
        let fewest = || self.pose_among(cloud, &question, &BTreeSet::new());
        let without = self.shortcuts.then(fewest).flatten();
        Ok(Asked { evaluator: *self, question, whole: OnceCell::new(), without })
    }

    /// Is there an allowed request of `question` for which `given` holds too? The witness is allowed.
    pub fn can(&self, question: &Question, given: &Formula) -> Result<Answer, Bug> {
        if let Some(answer) = self.shortcuts.then(|| self.plainly(question, given)).flatten() {
            return Ok(answer);
        }
        self.can_posed(question, &self.pose(question)?, given)
    }

    /// [`Evaluator::can`] for what the subject of `others`, who may do some of it, cannot ask for with success as well:
    /// another request for the same action on the same resource counts as the same, as long as it need not say anything
    /// else. *Never* means that whoever asks `others` may do all of it.
    pub fn can_beyond(&self, question: &Question, given: &Formula, others: &Question) -> Result<Answer, Bug> {
        let others = self.pose(others)?;
        let open_to_others = with_facts(others.allowed, parts(&others.facts));
        self.can(question, &given.clone().and(open_to_others.not()))
    }

    /// [`Evaluator::can`] for a question that was written down already.
    pub(super) fn can_posed(
        &self,
        question: &Question,
        posed: &Posed,
        given: &Formula,
    ) -> Result<Answer, Bug> {
        self.decide(question, posed, posed.allowed.clone(), given, true)
    }

    /// Is there a request of `question` for which `given` holds and that is not allowed? *Never* means that all such
    /// requests are allowed. The witness is denied.
    pub fn lacks(&self, question: &Question, given: &Formula) -> Result<Answer, Bug> {
        self.lacks_posed(question, &self.pose(question)?, given)
    }

    /// [`Evaluator::lacks`] for a question that was written down already.
    pub(super) fn lacks_posed(
        &self,
        question: &Question,
        posed: &Posed,
        given: &Formula,
    ) -> Result<Answer, Bug> {
        self.decide(question, posed, posed.allowed.clone().not(), given, false)
    }

    /// Writes the question down as formulas.
    pub(crate) fn pose(&self, question: &Question) -> Result<Posed, Bug> {
        let cloud = rules(question)?;
        Ok(Posed::of(cloud, self.estate, cloud.layers(self.estate, question)))
    }

    fn decide(
        &self,
        question: &Question,
        posed: &Posed,
        asked: Formula,
        given: &Formula,
        expect_allowed: bool,
    ) -> Result<Answer, Bug> {
        let formula = Formula::all([asked, posed.facts.clone(), given.restrict(&posed.known)]);
        let goal = Goal::satisfiable(with_fixed(formula, &posed.known), posed.cloud.universe());
        let decided = self.portfolio.decide(&goal).map_err(Bug::from)?;
        let (outcome, certainty) = match decided.answer {
            solver::Answer::Never => (Outcome::Never, Certainty::from_gaps(posed.gaps.clone())),
            solver::Answer::Undecided(reason) => (Outcome::Undecided, Certainty::Undecided(explain(reason))),
            solver::Answer::Sometimes(found) => {
                let mut found = self.familiar(question, posed, &goal, found);
                found.extend(&posed.known);
                let witness = self.replay(question, posed, &found, decided.engine, expect_allowed)?;
                let witness = self.told(posed.cloud, witness, given);
                let certainty = Certainty::from_gaps(witness.decision.gaps.iter().cloned());
                (Outcome::Sometimes(Box::new(witness)), certainty)
            }
        };
        Ok(Answer { outcome, certainty, engine: decided.engine, steps: decided.steps })
    }

    /// The witness in the words of the estate, if the formula holds for it too.
    pub(super) fn familiar(
        &self,
        question: &Question,
        posed: &Posed,
        goal: &Goal,
        found: Assignment,
    ) -> Assignment {
        let proposed = posed.cloud.familiar(self.estate, question, &found);
        proposed.into_iter().find(|next| goal.admits(next)).unwrap_or(found)
    }

    /// Judges a witness by the concrete rule. If that rule meets a condition it cannot read, it may differ from the
    /// formula, which tried both ways; the answer then carries the gap.
    pub(super) fn replay(
        &self,
        question: &Question,
        posed: &Posed,
        found: &Assignment,
        engine: &str,
        expect_allowed: bool,
    ) -> Result<Witness, Bug> {
        let request = posed.cloud.request(self.estate, question, found);
        let decision = posed.cloud.decide(self.estate, &request);
        if decision.is_allowed() != expect_allowed && !has_unread(&decision.gaps) {
            return Err(Bug {
                message: format!(
                    "the witness of engine `{engine}` does not survive its replay: {request:?} was expected to be {}, the rule says {:?}",
                    if expect_allowed { "allowed" } else { "denied" },
                    decision
                ),
            });
        }
        Ok(Witness { request, decision })
    }
}

/// Whether the rule met a condition that it cannot read. It may then differ from the formula, which tried both ways.
pub(super) fn has_unread(gaps: &[Gap]) -> bool {
    gaps.iter().any(|gap| gap.kind == GapKind::OpaqueCondition)
}

/// Keeps the action and the resource of a question that names them: the universe speaks of both, so the goal must
/// know them even where the formula no longer mentions them.
pub(super) fn with_fixed(formula: Formula, known: &Assignment) -> Formula {
    let fixed = [Attribute::action(), Attribute::resource()].into_iter().filter_map(|attribute| {
        let text = known.text(&attribute)?.to_owned();
        Some(Formula::matches(attribute, Patterns::literal(&text)))
    });
    Formula::all(fixed.chain([formula]))
}
