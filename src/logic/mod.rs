//! Formulas over the attributes of a request: patterns, typed values, concrete evaluation, goals.
//!
//! Everything symbolic in the analyzer is one question: is there a request for which this formula holds?
//! A request gives every [`Attribute`] a [`Value`] or leaves it absent; a [`Formula`] says yes or no to it;
//! a [`Goal`] asks for a request that makes a formula true, within a [`Universe`] of actions.
//!
//! Invariant: knows nothing of clouds, files or solvers. Deciding goals is the solver's work; this module only
//! says what they mean, by [`Formula::evaluate`].

mod assignment;
mod attribute;
mod display;
mod formula;
mod goal;
mod implied;
mod merge;
mod pattern;
mod patterns;
mod ranges;
mod restrict;
mod rewrite;
mod template;
mod value;

#[cfg(test)]
mod tests;

pub use assignment::Assignment;
pub use attribute::{Attribute, Kind};
pub use formula::{Atom, Formula, Literal, Shape};
pub use goal::{ActionEntry, Actions, Goal, ResourceGroup, Universe};
pub use pattern::{Case, Pattern, Token, Tokens};
pub use patterns::Patterns;
pub use ranges::Ranges;
pub use template::{Part, Template};
pub use value::{Decimal, Value};
