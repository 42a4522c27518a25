//! Rules over an estate, and what they report.
//!
//! Invariant: A new finding costs a new file plus one line in `RULES`.
