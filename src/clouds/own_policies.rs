//! Clouds whose access is given by policies that are written for a principal and attached to it.
//!
//! What the recommender needs to know of such a cloud, and nothing of how it decides.

use super::edits::Edit;
use crate::logic::Patterns;
use crate::model::{Estate, Origin, Policy, PolicyId, Principal, PrincipalId};

/// A cloud in which principals have policies of their own.
pub trait OwnPolicies: Sync {
    /// The policies of the principal itself that allow something, not those of groups it belongs to.
    fn held(&self, estate: &Estate, principal: PrincipalId) -> Vec<HeldPolicy>;

    /// Why nobody but the provider can change what the principal holds, if that is so.
    fn fixed(&self, principal: &Principal) -> Option<&'static str>;

    /// The resources that a log names by something else: the role of a profile. An empty name is one that is not known.
    fn resources(&self, estate: &Estate, action: &str, resource: &str) -> Vec<String>;

    /// The place at which use of a resource is added up, as a pattern: what holds it for small things of which there
    /// are many, such as objects; else itself.
    fn place(&self, resource: &str) -> String;

    /// What an action needs beside itself, and on what. Without a place it is not known on what.
    fn also_needed(&self, action: &str, resource: &str) -> Vec<(String, Option<String>)>;

    /// Policies that allow the accesses as far as those that are held allow them, under their conditions, within the
    /// provider's limits. The error says, for people, why there are none.
    fn write(
        &self,
        estate: &Estate,
        principal: PrincipalId,
        held: &[HeldPolicy],
        accesses: &[Access],
    ) -> Result<NewPolicies, String>;

    /// A policy from its text. The error says, for people, why it cannot be read.
    fn read(&self, name: &str, text: &str) -> Result<NewPolicy, String>;

    /// A copy of the estate in which the principal holds `new` in place of `held`.
    fn replace(
        &self,
        estate: &Estate,
        principal: PrincipalId,
        held: &[HeldPolicy],
        new: &[NewPolicy],
    ) -> Estate;

    /// What makes the files of the estate say that the principal holds `new` in place of `held`. The error says, for
    /// people, why they are not changed.
    fn edits(
        &self,
        estate: &Estate,
        principal: PrincipalId,
        held: &[HeldPolicy],
        new: &[NewPolicy],
    ) -> Result<Vec<Edit>, String>;

    /// The commands that make the change, and those that take it back. Both give before they take.
    fn commands(
        &self,
        principal: &Principal,
        held: &[HeldPolicy],
        new: &[NewPolicy],
    ) -> (Vec<String>, Vec<String>);

    /// The names of the resources at a place.
    fn below(&self, place: &str) -> Patterns {
        Patterns::globs([place])
    }
}

/// A policy that a principal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPolicy {
    /// What commands call it: its name, or the full name if it stands for itself.
    pub name: String,
    /// Whether it is a policy of its own that others may hold, too.
    pub is_shared: bool,
    /// How many actions of the catalog it allows on something.
    pub permissions: usize,
    /// Where it is written.
    pub origin: Origin,
    /// The policy.
    pub policy: PolicyId,
}

/// An action that has to stay allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The action.
    pub action: String,
    /// On which resources; none where that is not known, so that all stay that it is allowed on now.
    pub on: Vec<Whereto>,
}

/// Resources of an access.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whereto {
    /// This one.
    Exactly(String),
    /// All that match a pattern, among them those that were used.
    Pattern(String, Vec<String>),
}

/// Policies to be given.
#[derive(Clone)]
pub struct NewPolicies {
    /// The policies; empty when nothing that was asked for is allowed by those that are held.
    pub policies: Vec<NewPolicy>,
    /// The actions that no held policy allows.
    pub not_allowed: Vec<String>,
    /// Whether the held policies say just the same.
    pub is_held_already: bool,
}

/// A policy to be given.
#[derive(Clone)]
pub struct NewPolicy {
    /// Its name.
    pub name: String,
    /// Whether it becomes a policy of its own.
    pub is_shared: bool,
    /// Its text.
    pub text: String,
    /// How many actions it allows.
    pub permissions: usize,
    /// The text as the estate holds it: what was proven is about this.
    pub policy: Policy,
}
