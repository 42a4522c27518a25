//! The permission graph: who can become whom, and who administers what.
//!
//! Nodes are the principals of an estate; an edge says that one can become another, with the question it rests on and
//! the answer. Resources, scopes and public access are not nodes yet.
//!
//! Invariant: petgraph's types do not leave this module.

mod build;
mod paths;

pub use build::{Graph, Hop, Seat};
pub use paths::Path;
