//! Live collection from the clouds, the only module that may open a connection.
//!
//! Invariant: Not built yet: nothing here connects anywhere.
