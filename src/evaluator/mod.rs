//! Questions about access and their answers, each with a concrete request as the witness.
//!
//! A question becomes a goal: the cloud writes it down as a formula, the portfolio decides it, and the witness is
//! judged once more by the cloud's concrete rule before anybody sees it.
//!
//! Most questions about a large estate need no formula of all that bears on them. What spares the work is kept apart from
//! asking, one file for each way, and [`Evaluator::without_shortcuts`] does without any of them, so that a test can
//! compare:
//!
//! - `plain`: who, what and on which resource make a request, and the concrete rule judges it;
//! - `narrow`: a question about any resource is asked with few of the policies of resources;
//! - `alike`: documents that differ by names only are asked once;
//! - `parts`: what has no attribute in common is asked apart, and the same part once.
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
mod effect;
mod find;
mod idle;
mod left_out;
mod narrow;
mod parts;
mod plain;
mod possible;
mod simulate;
mod statements;
mod who_can;

pub use access::{Access, AccessRow, RowActions};
pub use administration::Standing;
pub use answer::{Answer, Bug, Certainty, Outcome, Witness};
pub use ask::{Asked, Evaluator};
pub use compare::{Side, Surplus};
pub use documents::{
    BeyondCatalog, Change, Comparison, Difference, DifferenceRows, DocumentEvaluator, Relation, TwoDocuments,
};
pub use effect::{Effect, Left};
pub use find::{Unknown, find_principal, is_short_for};
pub use left_out::{Dodge, Shown, Vacuous};
pub use possible::Possible;
pub use simulate::{Simulated, simulate};
pub use statements::{Conditions, Covered, OneDocument};
pub use who_can::{Entrant, Extent};
