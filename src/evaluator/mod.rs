//! Questions and answers: can, effective access, and the witness behind each answer.
//!
//! Invariant: Every witness has been replayed by the concrete rule before it leaves this module.
