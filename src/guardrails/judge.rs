//! Judging all guardrails of a configuration over one estate.

use std::cell::OnceCell;

use super::people::People;
use super::report::{BROKEN_GUARDRAIL, idle};
use super::{Claim, Guardrail, Name, able, no_path, no_wider, only};
use crate::clouds::escalation::Step;
use crate::clouds::{CLOUDS, Cloud};
use crate::evaluator::{Bug, Certainty, Evaluator};
use crate::findings::{Finding, Level};
use crate::graph::{Graph, Path};
use crate::model::{CloudId, Estate};
use std::sync::Arc;

/// What guardrails are judged by.
pub struct Judge<'a> {
    pub(super) evaluator: Evaluator<'a>,
    pub(super) graph: &'a Graph,
    pub(super) steps: &'a [Step],
    pub(super) people: People<'a>,
    paths: OnceCell<Vec<Path>>,
}

/// What came out for all guardrails.
#[derive(Debug, Default)]
pub struct Judged {
    /// What breaks guardrails, and what they name that there is not.
    pub findings: Vec<Finding>,
    /// One for each guardrail, in their order.
    pub verdicts: Vec<Verdict>,
}

/// What came out for one guardrail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The guardrail.
    pub id: Arc<str>,
    /// Its kind.
    pub kind: &'static str,
    /// Whether it holds.
    pub outcome: Outcome,
    /// How sure that is.
    pub certainty: Certainty,
}

/// Whether a guardrail holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It does.
    Kept,
    /// Somebody breaks it.
    Broken,
    /// That was not decided.
    Undecided,
    /// There is nothing that it speaks of.
    Idle,
    /// The files tell of no cloud that it speaks of.
    NotAsked,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 5] = [Self::Kept, Self::Broken, Self::Undecided, Self::Idle, Self::NotAsked];

    /// The word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Undecided => "undecided",
            Self::Idle => "idle",
            Self::NotAsked => "not asked",
        }
    }
}

/// What was found for one guardrail.
#[derive(Debug)]
pub(super) struct Ruling {
    pub(super) findings: Vec<Finding>,
    /// What all that was not found rests on.
    pub(super) certainty: Certainty,
    /// Whether there was anything to ask.
    pub(super) asked: bool,
}

impl Ruling {
    pub(super) fn new() -> Self {
        Self { findings: Vec::new(), certainty: Certainty::Proven, asked: false }
    }

    /// Notes what a conclusion rests on.
    pub(super) fn rest_on(&mut self, certainty: &Certainty) {
        let own = std::mem::replace(&mut self.certainty, Certainty::Proven);
        self.certainty = own.and(certainty.clone());
    }

    /// Notes names that stand for nothing.
    pub(super) fn idle<'n>(
        &mut self,
        guardrail: &Guardrail,
        cloud: CloudId,
        names: impl IntoIterator<Item = &'n Name>,
        (level, why): (Level, &str),
    ) {
        if !guardrail.shipped {
            self.findings.extend(names.into_iter().map(|name| idle(guardrail, cloud, name, level, why)));
        }
    }

    fn verdict(&self, guardrail: &Guardrail) -> Verdict {
        let breaches = || self.findings.iter().filter(|finding| finding.rule == BROKEN_GUARDRAIL.id);
        let outcome = if breaches().any(|finding| !finding.is_undecided()) {
            Outcome::Broken
        } else if breaches().next().is_some() || matches!(self.certainty, Certainty::Undecided(_)) {
            Outcome::Undecided
        } else if self.asked {
            Outcome::Kept
        } else if guardrail.shipped {
            Outcome::NotAsked
        } else {
            Outcome::Idle
        };
        let decisive = breaches().find(|finding| outcome != Outcome::Broken || !finding.is_undecided());
        let certainty = decisive.map_or(&self.certainty, |finding| &finding.certainty).clone();
        Verdict { id: guardrail.id.clone(), kind: guardrail.claim.kind(), outcome, certainty }
    }
}

impl<'a> Judge<'a> {
    /// A judge of the evaluator's estate. The graph was built with the evaluator and the steps.
    pub fn new(evaluator: Evaluator<'a>, graph: &'a Graph, steps: &'a [Step]) -> Self {
        let people = People::of(evaluator.estate(), graph);
        Self { evaluator, graph, steps, people, paths: OnceCell::new() }
    }

    /// Judges the guardrails.
    pub fn judge(&self, guardrails: &[Guardrail]) -> Result<Judged, Bug> {
        let mut rulings: Vec<Ruling> = guardrails.iter().map(|_| Ruling::new()).collect();
        only::judge(self, guardrails, &mut rulings)?;
        for (guardrail, ruling) in guardrails.iter().zip(&mut rulings) {
            match &guardrail.claim {
                // All of this kind are judged at once.
                Claim::Only(_) => {}
                Claim::Able(able) => able::judge(self, guardrail, able, ruling)?,
                Claim::NoPath(no_path) => no_path::judge(self, guardrail, no_path, ruling)?,
                Claim::NoWider(no_wider) => no_wider::judge(self, guardrail, no_wider, ruling)?,
            }
        }
        let verdicts = guardrails.iter().zip(&rulings).map(|(one, ruling)| ruling.verdict(one)).collect();
        let findings = rulings.into_iter().flat_map(|ruling| ruling.findings).collect();
        Ok(Judged { findings, verdicts })
    }

    pub(super) fn estate(&self) -> &'a Estate {
        self.evaluator.estate()
    }

    /// The clouds that the files tell of, of these that a guardrail speaks of.
    pub(super) fn clouds(&self, spoken_of: Option<CloudId>) -> Vec<&'static dyn Cloud> {
        let estate = self.estate();
        let is_there = |id: CloudId| {
            estate.principals().any(|(_, one)| one.cloud == id)
                || estate.resources().any(|(_, one)| one.cloud == id)
        };
        let meant = CLOUDS.iter().copied().filter(|cloud| spoken_of.is_none_or(|id| cloud.id() == id));
        meant.filter(|cloud| is_there(cloud.id())).collect()
    }

    /// The cloud under which a finding is put that is about none.
    pub(super) fn cloud_of(&self, guardrail: Option<CloudId>) -> Option<CloudId> {
        let first = || CLOUDS.first().map(|cloud| cloud.id());
        guardrail.or_else(|| self.clouds(None).first().map(|cloud| cloud.id())).or_else(first)
    }

    /// The paths to administration, worked out once.
    pub(super) fn paths(&self) -> Result<&[Path], Bug> {
        if let Some(ready) = self.paths.get() {
            return Ok(ready);
        }
        let paths = self.graph.paths_to_administration(&self.evaluator)?;
        Ok(self.paths.get_or_init(|| paths))
    }
}
