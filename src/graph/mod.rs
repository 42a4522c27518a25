//! The permission graph: who can come to act as whom, with which permissions, and who administers what.
//!
//! A node is a principal, as it is or after a change of its permissions that somebody can make. An edge is a step
//! that somebody can take, with the requests that do it and the answers they rest on. Steps come from the clouds, as
//! data (`policies/*/escalation.yaml`, a user's own files) or as code. Resources whose
//! policy somebody can set are nodes, too; scopes are where paths end, and public access is no node.
//!
//! Invariant: petgraph's types do not leave this module.

mod administrators;
mod alternatives;
mod asking;
mod build;
mod classes;
mod cut;
mod explore;
mod hop;
mod hubs;
mod net;
mod outline;
mod outward;
mod paths;
mod seats;
mod towards;

pub use administrators::Administrators;
pub use alternatives::{Alternatives, Bound};
pub use build::Graph;
pub use cut::{Cut, cut};
pub use explore::{Radius, Reached, What};
pub use hop::{Evidence, Hop, Node, Seat};
pub use outline::{By, Edge, Spot};
pub use paths::Path;
pub use towards::Way;
