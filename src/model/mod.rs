//! The cloud-neutral vocabulary: estates, principals, resources, scopes, policies, grants, requests, decisions.
//!
//! Invariant: holds data and lookups only. What a policy means is its cloud's business; the text of a policy is kept
//! as an opaque body that only its cloud can read.

mod decision;
mod derived;
mod names;
mod estate;
mod gap;
mod grant;
mod hosts;
mod ids;
mod question;
mod usage;
mod versions;

pub use decision::{Decision, Reason, Verdict};
pub use estate::{
    Attachment, Estate, Membership, Policy, PolicyBody, Principal, PrincipalKind, Resource, Scope, ScopeKind,
    Target,
};
pub use gap::{Gap, GapKind, Origin};
pub use grant::{Effect, Grant, Layer, LayerGroup, Layers};
pub use hosts::{Host, Hosts};
pub use ids::{CloudId, PolicyId, PrincipalId, ResourceId, ScopeId};
pub use question::{Object, Question, Request, Subject};
pub use usage::{Usage, Use};
pub use versions::{Version, Versions};
