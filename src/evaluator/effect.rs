//! What is left of a role that somebody holds, after all that denies, bounds or limits it.
//!
//! Which roles are worth asking about is for others to say.
//!
//! An organization has thousands of holders of the same few roles. Where nothing bears on a role, what it allows is just
//! what it says, which the formulas show by being the same. Where something does, it mostly is the same for all holders,
//! and the engines are asked once: each request that they find is judged for each holder.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::ask::{Posed, with_fixed};
use super::{Bug, Certainty, Evaluator, Outcome, RowActions, Witness};
use crate::clouds::{self, Cloud, HeldRole};
use crate::logic::{Assignment, Formula, Goal, Universe};
use crate::model::{self, Grant, Layer, Layers, Object, PrincipalId, Question, Subject};
use crate::solver::{Answer as Found, Decided, EngineSelection};

/// What is left of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// How much of it.
    pub left: Left,
    /// How sure that is.
    pub certainty: Certainty,
    /// An allowed request that the role allows.
    pub witness: Option<Box<Witness>>,
    /// A request that the role would allow and that is refused.
    pub refusal: Option<Box<Witness>>,
    /// Whether what is left does more than reading; taken to be so where it was not decided.
    pub changes_things: bool,
}

/// How much is left of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// All of it, always.
    All,
    /// This many of its permissions, each in some requests. `None` where it was not decided how many.
    Some(Option<usize>),
    /// It was not decided whether anything is.
    Undecided,
}

impl Evaluator<'_> {
    /// What is left of the role for `who`: its holder, or somebody in the group that holds it; `None` where nothing is.
    /// Only what this very role allows counts, so no other role makes up for what was taken.
    pub fn effect(&self, who: PrincipalId, held: &HeldRole) -> Result<Option<Effect>, Bug> {
        let Some(cloud) = self.estate().principal(who).and_then(|who| clouds::cloud(who.cloud)) else {
            return Ok(None);
        };
        // Most roles are whole at their own place, about which there is far less to ask than about all below it. Where
        // something is taken from it there, it may be whole further down: a boundary may include a single project.
        let mut here = None;
        if !held.conditional {
            here = Inquiry::new(self, cloud, who, held, Object::Named(held.at.place.clone())).effect()?;
            if here.as_ref().is_some_and(|here| here.left == Left::All) {
                return Ok(here);
            }
        }
        let anywhere = Inquiry::new(self, cloud, who, held, Object::Any).effect()?;
        let is_open = anywhere.as_ref().is_none_or(|anywhere| anywhere.left == Left::Undecided);
        Ok(if is_open && here.is_some() { here } else { anywhere })
    }
}

/// A question about one role of somebody.
struct Inquiry<'a> {
    evaluator: &'a Evaluator<'a>,
    cloud: &'static dyn Cloud,
    held: &'a HeldRole,
    question: Question,
    /// What is allowed if the role is all that allows.
    alone: Posed,
    /// What the role says, its condition aside.
    meant: Formula,
    /// What the role says.
    given: Formula,
}

impl<'a> Inquiry<'a> {
    fn new(
        evaluator: &'a Evaluator<'a>,
        cloud: &'static dyn Cloud,
        who: PrincipalId,
        held: &'a HeldRole,
        object: Object,
    ) -> Self {
        let estate = evaluator.estate();
        let question = Question { cloud: cloud.id(), subject: Subject::Principal(who), action: None, object };
        let alone = Posed::of(cloud, estate, layers_by(evaluator, cloud, &question, held));
        let grants = cloud.grants(estate, held.policy, held.layer);
        let place = cloud.roles().map_or(Formula::True, |roles| roles.within(estate, &held.at.place));
        let over = |part: fn(&Grant) -> Formula| {
            Formula::any(grants.iter().map(|grant| part(grant))).and(place.clone()).restrict(&alone.known)
        };
        let meant = over(|grant| grant.actions.clone());
        let given = over(|grant| grant.actions.clone().and(grant.condition.clone()));
        Self { evaluator, cloud, held, question, alone, meant, given }
    }

    fn effect(&self) -> Result<Option<Effect>, Bug> {
        if self.alone.allowed == self.meant
            && self.alone.facts == Formula::True
            && let Some(witness) = self.telling()?
        {
            let certainty = Certainty::from_gaps(witness.decision.gaps.iter().cloned());
            let witness = Some(Box::new(witness));
            return Ok(Some(Effect {
                left: Left::All,
                certainty,
                witness,
                refusal: None,
                changes_things: true,
            }));
        }
        let solved = self.solved()?;
        let certainty = Certainty::from_gaps(self.alone.gaps.iter().cloned());
        let witness = match &solved.can.answer {
            Found::Never => return Ok(None),
            Found::Undecided(reason) => {
                let certainty = Certainty::Undecided(super::answer::explain(*reason));
                let left = Left::Undecided;
                return Ok(Some(Effect {
                    left,
                    certainty,
                    witness: None,
                    refusal: None,
                    changes_things: true,
                }));
            }
            Found::Sometimes(found) => {
                let found = self.whole(found);
                let witness =
                    self.evaluator.replay(&self.question, &self.alone, &found, solved.can.engine, true)?;
                self.evaluator.told(self.cloud, witness, &Formula::True)
            }
        };
        let (left, refusal) = match &solved.lacks.answer {
            Found::Never => (Left::All, None),
            Found::Undecided(_) => (Left::Some(solved.left), None),
            Found::Sometimes(found) => (Left::Some(solved.left), self.refusal(found)),
        };
        let certainty = Certainty::from_gaps(certainty.gaps().iter().chain(&witness.decision.gaps).cloned());
        let (witness, refusal) = (Some(Box::new(witness)), refusal.map(Box::new));
        Ok(Some(Effect { left, certainty, witness, refusal, changes_things: solved.changes_things }))
    }

    /// What was found, with what is known of this very question.
    fn whole(&self, found: &Assignment) -> Assignment {
        let mut found = found.clone();
        found.extend(&self.alone.known);
        found
    }

    /// The request that is refused, unless another role allows it.
    fn refusal(&self, found: &Assignment) -> Option<Witness> {
        let request = self.cloud.request(self.evaluator.estate(), &self.question, &self.whole(found));
        let decision = self.cloud.decide(self.evaluator.estate(), &request);
        let witness = (!decision.is_allowed()).then_some(Witness { request, decision })?;
        Some(self.evaluator.told(self.cloud, witness, &self.meant))
    }

    /// An allowed request for what is most dangerous in the role.
    fn telling(&self) -> Result<Option<Witness>, Bug> {
        let Some(action) = self.worst() else { return Ok(None) };
        let question = Question { action: Some(action.to_string()), ..self.question.clone() };
        let answer = self.evaluator.can(&question, &Formula::True)?;
        Ok(match answer.outcome {
            Outcome::Sometimes(witness) => Some(*witness),
            Outcome::Never | Outcome::Undecided => None,
        })
    }

    /// The most dangerous permission of the role; of several the first.
    fn worst(&self) -> Option<Arc<str>> {
        let known = self.evaluator.estate().derived(|_| Known::default());
        let mut known = known.worst.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = known.get(&self.held.at.role) {
            return ready.clone();
        }
        let roles = self.cloud.roles()?;
        let rank = |name: &&Arc<str>| std::cmp::Reverse(roles.danger(name));
        let found = self.held.permissions.iter().min_by_key(rank).cloned();
        known.insert(self.held.at.role.clone(), found.clone());
        found
    }

    /// What the engines say, asked once for all questions that differ by names only.
    fn solved(&self) -> Result<Arc<Solved>, Bug> {
        let portfolio = self.evaluator.portfolio();
        let formulas = [&self.alone.allowed, &self.alone.facts, &self.meant, &self.given].map(Formula::clone);
        let key = (formulas, portfolio.engines, portfolio.budget);
        let known = self.evaluator.estate().derived(|_| Known::default());
        // Which resource it is makes no difference if every action can be asked on any.
        let shared = self.evaluator.takes_shortcuts() && is_open(&self.cloud.universe());
        let ready =
            |known: &Known| known.solved.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(ready) = shared.then(|| ready(&known)).flatten() {
            return Ok(ready);
        }
        let solved = Arc::new(self.solve()?);
        known.solved.lock().unwrap_or_else(PoisonError::into_inner).insert(key, solved.clone());
        Ok(solved)
    }

    fn solve(&self) -> Result<Solved, Bug> {
        let decide = |formula: Formula| {
            let goal = Goal::satisfiable(with_fixed(formula, &self.alone.known), self.cloud.universe());
            self.evaluator.portfolio().decide(&goal).map_err(Bug::from)
        };
        let facts = &self.alone.facts;
        let can = decide(Formula::all([self.alone.allowed.clone(), facts.clone(), self.given.clone()]))?;
        if !matches!(can.answer, Found::Sometimes(_)) {
            return Ok(Solved { lacks: can.clone(), can, left: None, changes_things: true });
        }
        let refused = self.alone.allowed.clone().not();
        let lacks = decide(Formula::all([refused, facts.clone(), self.meant.clone()]))?;
        let left = if lacks.answer == Found::Never { None } else { self.left()? };
        let dangerous = |name: &String| self.cloud.roles().is_some_and(|roles| roles.danger(name) > 1);
        let changes_things = left.as_ref().is_none_or(|left| left.iter().any(dangerous));
        Ok(Solved { can, lacks, left: left.map(|left| left.len()), changes_things })
    }

    /// The permissions that are left.
    fn left(&self) -> Result<Option<BTreeSet<String>>, Bug> {
        let access = self.evaluator.access_posed(&self.alone, &self.given)?;
        if matches!(access.certainty, Certainty::Undecided(_)) {
            return Ok(None);
        }
        let names = access.rows.into_iter().map(|row| match row.actions {
            RowActions::Named(names) => Some(names),
            RowActions::Matching { .. } => None,
        });
        let names: Option<Vec<Vec<String>>> = names.collect();
        Ok(names.map(|names| names.into_iter().flatten().collect()))
    }
}

/// The layers of a question as they were if the role were all that allows.
fn layers_by(evaluator: &Evaluator<'_>, cloud: &dyn Cloud, question: &Question, held: &HeldRole) -> Layers {
    let mut layers = cloud.layers(evaluator.estate(), question);
    let own = evaluator.estate().policy(held.policy).map(|policy| &policy.origin);
    let gives = |layer: Layer| cloud.roles().is_some_and(|roles| roles.gives(layer));
    for group in layers.groups.iter_mut().filter(|group| gives(group.layer)) {
        group.grants.retain(|grant| grant.effect != model::Effect::Allow || Some(&grant.origin) == own);
    }
    layers
}

fn is_open(universe: &Universe) -> bool {
    match universe {
        Universe::Known(actions) => actions.groups().iter().all(|group| group.patterns.is_universal()),
        Universe::Any => true,
    }
}

/// What the engines say of a role.
struct Solved {
    can: Decided,
    lacks: Decided,
    left: Option<usize>,
    changes_things: bool,
}

/// The formulas of a question, and who was asked.
type Key = ([Formula; 4], EngineSelection, u64);

/// What was found for an estate.
#[derive(Default)]
struct Known {
    worst: Mutex<FxHashMap<String, Option<Arc<str>>>>,
    solved: Mutex<FxHashMap<Key, Arc<Solved>>>,
}
