//! The permission graph: what leads from one principal to another, and paths through it.
//!
//! Invariant: petgraph's types do not leave this module.
