//! The permission graph: who can come to act as whom, with which permissions, and who administers what.
//!
//! A node is a principal, as it is or after a change of its permissions that somebody can make. An edge is a step
//! that somebody can take, with the requests that do it and the answers they rest on. Steps come from the clouds, as
//! data (`policies/*/escalation.yaml`, a user's own files) or as code. Resources whose
//! policy somebody can set are nodes, too, and so are scopes, where paths end. What stands open to the public is no step,
//! and is added to pictures (`open.rs`).
//!
//! What is alike is asked once: targets that a step finds in the same state, and takers on whom the same policies bear
//! (`alike_targets` and `alike_askers` of [`Cloud`](crate::clouds::Cloud)). A step that many can take at many targets is
//! one hub (`hubs.rs`), so the graph grows with the estate and not with the pairs in it. The requests that show a step
//! are looked for when somebody wants to see it.
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
mod numbers;
mod open;
mod outline;
mod outward;
mod paths;
mod seats;
mod towards;

pub use administrators::Administrators;
pub use alternatives::{Alternatives, Bound};
pub use build::Graph;
pub use cut::{Cut, cut, cut_between, cut_from_scope};
pub use explore::{Radius, Reached, What};
pub use hop::{Evidence, Hop, Node, Seat};
pub use open::open;
pub use outline::{By, Edge, Spot};
pub use paths::{Path, Paths};
pub use towards::{Way, Ways};
