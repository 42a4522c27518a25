//! Clouds whose access is given by roles out of a catalog, bound to principals at places of a hierarchy.
//!
//! What the recommender needs to know of such a cloud, and nothing of how it decides.

use std::sync::Arc;

use super::edits::Edit;
use crate::logic::Formula;
use crate::model::{Estate, Layer, Origin, PolicyId, PrincipalId};

/// A cloud whose access is given by roles.
pub trait Roles: Sync {
    /// The roles that may be proposed. Left out are roles that the provider keeps for its own agents, that are not
    /// generally available, or that are legacy.
    fn catalog(&self) -> &RoleCatalog;

    /// How dangerous it is to hold a permission without need, for comparing roles: 1 for reading metadata, up to
    /// 1,000 for permissions that lead to others.
    fn danger(&self, permission: &str) -> u64;

    /// Whether the provider itself calls the role too broad for production: it spans all services.
    fn is_basic(&self, role: &str) -> bool;

    /// The service that a permission belongs to, as [`CandidateRole::service`] names it.
    fn service(&self, permission: &str) -> String;

    /// Whether the role allows more than reading.
    fn changes_things(&self, role: &str) -> bool;

    /// Whether policies in this capacity allow by themselves.
    fn gives(&self, layer: Layer) -> bool;

    /// The roles that are bound to the principal itself, not to a group it belongs to.
    fn held(&self, estate: &Estate, principal: PrincipalId) -> Vec<HeldRole>;

    /// Whether a role that is held all the time could be activated when it is needed instead.
    fn standby(&self, _estate: &Estate, _principal: PrincipalId, _held: &HeldRole) -> Standby {
        Standby::None
    }

    /// What stands in the estate for whoever has the keys that this action on this resource reads out: with them one does
    /// what the service allows to its keys, whoever one is.
    fn keys_read(&self, _estate: &Estate, _action: &str, _resource: &str) -> Option<PrincipalId> {
        None
    }

    /// The places at which a role can be bound so that it holds for `resource`, the narrowest first.
    fn places(&self, estate: &Estate, resource: &str) -> Vec<Place>;

    /// The requests at a place or below it.
    fn within(&self, estate: &Estate, place: &str) -> Formula;

    /// A copy of the estate in which the principal no longer holds `remove` and holds `add`.
    fn replace(&self, estate: &Estate, principal: PrincipalId, remove: &[HeldRole], add: &[RoleAt])
    -> Estate;

    /// What makes the files of the estate say that the principal no longer holds `remove` and holds `add`. The error says,
    /// for people, why they are not changed.
    fn edits(
        &self,
        _estate: &Estate,
        _principal: PrincipalId,
        _remove: &[HeldRole],
        _add: &[RoleAt],
    ) -> Result<Vec<Edit>, String> {
        Err("its files are exports that nothing applies: use the commands".to_owned())
    }

    /// The command that gives a role.
    fn grant_command(&self, principal: &str, role: &RoleAt) -> String;

    /// The command that takes a role.
    fn revoke_command(&self, principal: &str, role: &RoleAt) -> String;
}

/// Roles with their permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleCatalog {
    /// The names of all permissions, sorted.
    pub permissions: Vec<Arc<str>>,
    /// The roles, sorted by name.
    pub roles: Vec<CandidateRole>,
}

/// A role that may be proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateRole {
    /// Its name, as bindings write it.
    pub name: Arc<str>,
    /// The service it was made for, as permissions name it: `storage`.
    pub service: Arc<str>,
    /// Indexes into [`RoleCatalog::permissions`], ascending.
    pub permissions: Vec<u32>,
}

/// A role that a principal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRole {
    /// The role and its place.
    pub at: RoleAt,
    /// The permissions of the role, sorted; shared by all who hold it.
    pub permissions: Arc<[Arc<str>]>,
    /// The policy that gives it.
    pub policy: PolicyId,
    /// The capacity in which that policy gives it.
    pub layer: Layer,
    /// Whether it holds under a condition only. Such a binding is left alone.
    pub conditional: bool,
    /// Where the binding is written.
    pub origin: Origin,
}

/// How a standing assignment stands to activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standby {
    /// There is no activation, or the holder could not use it.
    None,
    /// It could be activated instead.
    Possible,
    /// The holder may activate the same role at the same place already.
    Same,
}

/// A role at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleAt {
    /// The role.
    pub role: String,
    /// The full name of the scope or resource it is bound at.
    pub place: String,
}

/// A place where a role can be bound.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The full name of the scope or resource.
    pub name: String,
    /// How much lies below it, for weighing: 1 for a single resource, more for each level above.
    pub breadth: u64,
}
