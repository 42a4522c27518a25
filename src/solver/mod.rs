//! Decision engines for goals, and the portfolio that asks them. `README.md` beside this file says why they are right.
//!
//! Invariant: a definite answer is sound; an engine that cannot decide within its budget says so and never guesses.
//! Budgets are counted in steps, not in seconds, so that a verdict does not depend on the machine.

pub mod native;
#[cfg(feature = "z3")]
pub mod z3;
mod choice;
mod portfolio;
mod smt;
mod witness;

#[cfg(test)]
mod tests;

pub use choice::{Choice, Price, Selection, choose};
pub use portfolio::{Decided, Disagreement, EngineSelection, Portfolio, Scripts, smt};

use crate::logic::{Assignment, Goal};

/// A procedure that decides goals.
pub trait Engine: Sync {
    /// Its name in reports: `native`, `z3`.
    fn name(&self) -> &'static str;

    /// Whether a request of the goal's universe makes its formula true. Never takes more than about `budget` steps.
    fn decide(&self, goal: &Goal, budget: u64) -> Outcome;
}

/// What an engine found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The answer.
    pub answer: Answer,
    /// The steps it took.
    pub steps: u64,
}

/// The answer to a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// No request of the universe makes the formula true, whatever opaque conditions stand for.
    Never,
    /// This one does. Attributes that it does not mention are absent. If the formula has opaque conditions, they were
    /// taken the way that makes it true.
    Sometimes(Assignment),
    /// It was not decided.
    Undecided(Reason),
}

/// Why a goal was not decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The budget of steps was used up.
    Budget,
    /// The question is outside what the available engines can express.
    Fragment,
    /// The engine gave up by itself.
    Engine,
}
