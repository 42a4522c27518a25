//! Which engines are asked, in which order, and what is recorded.

use std::fmt;
use std::sync::Arc;

use super::native::Native;
use super::{Answer, Engine, Outcome, Reason, witness};
use crate::logic::{Assignment, Formula, Goal, Universe};
use crate::progress;

/// Which engines may answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EngineSelection {
    /// The native engine, then Z3 for what native hands over.
    #[default]
    Auto,
    /// The native engine alone.
    Native,
    /// Z3 alone.
    Z3,
    /// Both, and they must agree.
    Both,
}

/// Asks the engines.
#[derive(Clone, Debug)]
pub struct Portfolio {
    /// Which engines may answer.
    pub engines: EngineSelection,
    /// The most steps that each engine may take for one goal. Of what the native engine hands over, Z3 takes fewer.
    pub budget: u64,
    /// Who wants to see each goal that reaches an engine, as a script for any SMT solver.
    pub scripts: Option<Scripts>,
}

/// A step of Z3 takes this many times as long as one of the native engine, about. What the native engine hands over is
/// given as much less of the budget, so that a question that nobody can answer ends within seconds.
const WEIGHT: u64 = 8;

/// Takes scripts in SMT-LIB, one for each goal that was not decided by its shape.
#[derive(Clone)]
pub struct Scripts(Arc<dyn Fn(&str) + Send + Sync>);

impl Scripts {
    /// Hands each script to `take`. Nothing about the analysis depends on what it does.
    pub fn new(take: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripts")
    }
}

/// An answer with the engine that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The answer.
    pub answer: Answer,
    /// Which engine gave it; `shape` when simplification alone decided, `native and z3` when both were asked and agree.
    pub engine: &'static str,
    /// The steps taken by all engines that were asked.
    pub steps: u64,
}

/// Two engines contradict each other: a bug of the program, to be reported as such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// What the native engine says.
    pub native: Answer,
    /// What Z3 says.
    pub z3: Answer,
    /// The formula in question, as text.
    pub formula: String,
}

impl Default for Portfolio {
    fn default() -> Self {
        Self { engines: EngineSelection::default(), budget: 10_000_000, scripts: None }
    }
}

impl Portfolio {
    /// Decides `goal`. An error means that two engines contradict each other, or that an engine named a request that
    /// does not do what was asked.
    ///
    /// A request that makes the formula true whatever opaque conditions stand for is worth more than one that needs them,
    /// so it is looked for first.
    pub fn decide(&self, goal: &Goal) -> Result<Decided, Disagreement> {
        progress::step();
        if goal.formula.opaques().is_empty() {
            return self.decide_at_once(goal);
        }
        let firmly = Goal { formula: goal.formula.without_opaque(), universe: goal.universe.clone() };
        let first = self.decide_at_once(&firmly)?;
        if matches!(first.answer, Answer::Sometimes(_)) {
            return Ok(first);
        }
        let second = self.decide_at_once(goal)?;
        Ok(Decided { steps: first.steps.saturating_add(second.steps), ..second })
    }

    fn decide_at_once(&self, goal: &Goal) -> Result<Decided, Disagreement> {
        let by_shape = |answer| Ok(Decided { answer, engine: "shape", steps: 0 });
        match (&goal.formula, &goal.universe) {
            (Formula::False, _) => return by_shape(Answer::Never),
            (Formula::True, Universe::Any) => return by_shape(Answer::Sometimes(Assignment::new())),
            _ => {}
        }
        if let Some(Scripts(take)) = &self.scripts {
            take(&smt(goal));
        }
        match self.engines {
            EngineSelection::Native => self.ask(&Native, goal, self.budget),
            EngineSelection::Z3 => self.ask_z3(goal, self.budget),
            EngineSelection::Auto => {
                let first = self.ask(&Native, goal, self.budget)?;
                match first.answer {
                    Answer::Undecided(_) => {
                        let second = self.ask_z3(goal, self.budget / WEIGHT)?;
                        Ok(better(first, second))
                    }
                    _ => Ok(first),
                }
            }
            EngineSelection::Both => {
                let (native, z3) = (self.ask(&Native, goal, self.budget)?, self.ask_z3(goal, self.budget)?);
                match (&native.answer, &z3.answer) {
                    (Answer::Never, Answer::Sometimes(_)) | (Answer::Sometimes(_), Answer::Never) => {
                        Err(Disagreement {
                            native: native.answer,
                            z3: z3.answer,
                            formula: goal.formula.to_string(),
                        })
                    }
                    (Answer::Undecided(_), _) | (_, Answer::Undecided(_)) => Ok(better(native, z3)),
                    _ => Ok(Decided { engine: "native and z3", ..better(native, z3) }),
                }
            }
        }
    }

    #[cfg(feature = "z3")]
    fn ask_z3(&self, goal: &Goal, budget: u64) -> Result<Decided, Disagreement> {
        self.ask(&super::z3::Z3, goal, budget)
    }

    #[cfg(not(feature = "z3"))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "the same signature as with the feature"
    )]
    fn ask_z3(&self, _goal: &Goal, _budget: u64) -> Result<Decided, Disagreement> {
        Ok(Decided { answer: Answer::Undecided(Reason::Fragment), engine: "z3", steps: 0 })
    }

    /// Asks one engine, and checks and completes the request that it names.
    fn ask(&self, engine: &dyn Engine, goal: &Goal, budget: u64) -> Result<Decided, Disagreement> {
        let Outcome { answer, steps } = engine.decide(goal, budget);
        let answer = match answer {
            Answer::Sometimes(request) if !goal.admits(&request) => {
                return Err(refuted(engine.name(), goal, request));
            }
            Answer::Sometimes(request) => {
                witness::finish(goal, request).map_or(Answer::Undecided(Reason::Fragment), Answer::Sometimes)
            }
            other => other,
        };
        Ok(Decided { answer, engine: engine.name(), steps })
    }
}

/// Takes the definite answer of two; the first if both are.
fn better(first: Decided, second: Decided) -> Decided {
    let steps = first.steps.saturating_add(second.steps);
    let undecided = |decided: &Decided| matches!(decided.answer, Answer::Undecided(_));
    let told = matches!(first.answer, Answer::Undecided(Reason::Budget));
    let taken = match (undecided(&first), undecided(&second)) {
        (true, false) => second,
        // Both gave up: that the budget was too small says more than that a question has no encoding.
        (true, true) if !told => second,
        _ => first,
    };
    Decided { steps, ..taken }
}

/// The engine's request does not satisfy the goal.
fn refuted(engine: &str, goal: &Goal, request: Assignment) -> Disagreement {
    let formula = format!("`{engine}` names a request that does not satisfy: {}", goal.formula);
    let (claimed, silent) = (Answer::Sometimes(request), Answer::Undecided(Reason::Engine));
    if engine == "native" {
        Disagreement { native: claimed, z3: silent, formula }
    } else {
        Disagreement { native: silent, z3: claimed, formula }
    }
}

/// The goal as a script in SMT-LIB that any solver reads; a comment that says so where the goal has no encoding.
pub fn smt(goal: &Goal) -> String {
    super::smt::standalone(goal).unwrap_or_else(|| format!("; no encoding for: {}\n", goal.formula))
}
