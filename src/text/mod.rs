//! Files, spans, routes and located value trees.
//!
//! Invariant: text, logic: nothing above them. Knows nothing of IAM.
