//! Scoped replacements for broad grants, chosen by a solver and proven.
//!
//! Invariant: Applicability is computed from the proof, never chosen.
