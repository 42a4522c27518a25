//! Formulas over the attributes of a request, patterns, typed values, concrete evaluation, goals.
//!
//! Invariant: Knows nothing of clouds, files or solvers.
