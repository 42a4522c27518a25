//! Decision engines for goals, and the portfolio that asks them.
//!
//! Invariant: Definite answers are sound; an engine never guesses.

pub mod native;
#[cfg(feature = "z3")]
pub mod z3;
