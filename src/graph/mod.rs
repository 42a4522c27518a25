//! The permission graph: who can come to act as whom, with which permissions, and who administers what.
//!
//! A node is a principal, as it is or after a change of its permissions that somebody can make. An edge is a step
//! that somebody can take, with the requests that do it and the answers they rest on. Steps come from the clouds, as
//! data (`policies/*/escalation.yaml`, a user's own files) or as code. Resources, scopes and public access are not
//! nodes yet.
//!
//! Invariant: petgraph's types do not leave this module.

mod asking;
mod build;
mod hop;
mod net;
mod outline;
mod paths;

pub use build::Graph;
pub use hop::{Evidence, Hop, Node, Seat};
pub use outline::{By, Edge, Spot};
pub use paths::Path;
