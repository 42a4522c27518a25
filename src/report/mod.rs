//! Answers, findings and suggestions as text, JSON and SARIF.
//!
//! Invariant: A new output format costs a new file plus one line in `REPORTERS`; only this module serializes for users.
