//! Questions about access and their answers, each with a concrete request as the witness.
//!
//! A question becomes a goal: the cloud writes it down as a formula, the portfolio decides it, and the witness is
//! judged once more by the cloud's concrete rule before anybody sees it.
//!
//! Invariant: every witness that leaves this module has been replayed; an answer that is not decided says so and is
//! never shown as safe.

mod access;
mod administration;
mod alike;
mod answer;
mod ask;
mod compare;
mod documents;
mod find;
mod left_out;
mod narrow;
mod simulate;
mod statements;
mod who_can;

pub use access::{Access, AccessRow};
pub use administration::Standing;
pub use answer::{Answer, Bug, Certainty, Outcome, Witness};
pub use ask::{Asked, Evaluator};
pub use documents::{
    BeyondCatalog, Change, Comparison, Difference, DifferenceRows, DocumentEvaluator, Relation, TwoDocuments,
};
pub use find::{Unknown, find_principal};
pub use left_out::{Dodge, Shown, Vacuous};
pub use simulate::{Simulated, simulate};
pub use statements::{Conditions, Covered, OneDocument};
pub use who_can::{Entrant, Extent};
