//! Roles and the permissions they hold: predefined ones from the catalog, custom ones from the estate.

use std::sync::{Arc, LazyLock, OnceLock};

use super::ast::{Body, RoleDefinition};
use super::catalog;
use super::names::CLOUD;
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{Estate, Layer, PolicyId, Target};

/// The capacity in which a custom role is attached to the project or organization that defines it.
pub(super) const ROLE_DEFINITION: Layer = Layer::new("role definition");

/// A role whose permissions are known.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role<'e> {
    /// One that Google maintains.
    Predefined(catalog::Role<'static>),
    /// One that the user defines.
    Custom(&'e RoleDefinition),
}

/// The role of that name; `None` when it is neither in the catalog nor in the estate.
pub(super) fn find<'e>(estate: &'e Estate, name: &str) -> Option<Role<'e>> {
    if name.starts_with("roles/") {
        return catalog::current().role(name).map(Role::Predefined);
    }
    match estate.policy(definition(estate, name)?)?.body.downcast_ref::<Body>()? {
        Body::Role(role) => Some(Role::Custom(role)),
        _ => None,
    }
}

/// The policy that defines a custom role.
pub(super) fn definition(estate: &Estate, name: &str) -> Option<PolicyId> {
    let (scope, _) = name.split_once("/roles/").filter(|(scope, _)| !scope.is_empty())?;
    let target = Target::Scope(estate.find_scope(CLOUD, scope)?);
    let mut definitions = estate.attached_to(target).filter(|attachment| attachment.layer == ROLE_DEFINITION);
    let is_it = |policy: PolicyId| match estate.policy(policy)?.body.downcast_ref::<Body>()? {
        Body::Role(role) if short(&role.name) == short(name) => Some(policy),
        _ => None,
    };
    definitions.find_map(|attachment| is_it(attachment.policy))
}

fn short(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, short)| short)
}

impl Role<'_> {
    /// Whether it is one of the basic roles, which span all services.
    pub(super) fn is_basic(self) -> bool {
        matches!(self, Self::Predefined(role) if role.is_basic())
    }

    /// Whether it holds the permission.
    pub(super) fn contains(self, permission: &str) -> bool {
        match self {
            Self::Predefined(role) => {
                catalog::current().permission(permission).is_some_and(|index| role.contains(index))
            }
            Self::Custom(role) => role.permissions.binary_search_by(|own| (**own).cmp(permission)).is_ok(),
        }
    }

    /// The action is one of its permissions. Built once per predefined role: `roles/owner` holds thousands.
    pub(super) fn actions(self) -> Formula {
        static PREDEFINED: LazyLock<Vec<OnceLock<Formula>>> =
            LazyLock::new(|| (0..catalog::current().role_count()).map(|_| OnceLock::new()).collect());
        match self {
            Self::Predefined(role) => match PREDEFINED.get(role.index() as usize) {
                Some(slot) => slot.get_or_init(|| predefined(role)).clone(),
                None => predefined(role),
            },
            Self::Custom(role) => one_of(role.permissions.iter().map(Arc::as_ref)),
        }
    }
}

fn predefined(role: catalog::Role<'static>) -> Formula {
    one_of(role.permissions().map(|index| catalog::current().permission_name(index)))
}

/// The action is one of these permissions.
pub(super) fn one_of<'a>(permissions: impl IntoIterator<Item = &'a str>) -> Formula {
    let patterns = permissions.into_iter().map(|name| Pattern::literal(name, Case::Sensitive));
    Formula::matches(Attribute::action(), Patterns::of(patterns))
}
