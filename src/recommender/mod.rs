//! Scoped replacements for broad grants: what is needed, which roles cover it at the least excess, and the proof.
//!
//! Invariant: applicability is computed from the proof, never chosen by an author.

mod suggestion;

pub use suggestion::{Applicability, Binding, Excess, Held, Needed, Proof, ProofCheck, Suggestion, Used};
