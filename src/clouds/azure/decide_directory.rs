//! The concrete rule for actions of the directory: whether one assignment lets do one action on one object.
//!
//! It shares the table of powers with `directory` and looks at the single object from its name.

use std::collections::BTreeSet;

use super::ast::{Body, DirectoryAssignment, Reach};
use super::directory::{self, MANAGED_ELSEWHERE, On, PROGRAM_TYPE, ROLE_ASSIGNABLE, TENANT, UNIFIED, UNIT};
use super::index;
use super::names::{self, CLOUD};
use super::{DIRECTORY, OBJECT_ID};
use crate::model::{Estate, Principal, PrincipalId, PrincipalKind};

/// Whether the assignment lets its holder do `action`, in lower case, on `resource`.
pub(super) fn allows(estate: &Estate, one: &DirectoryAssignment, action: &str, resource: &str) -> bool {
    let mut powers = directory::powers(one);
    powers.retain(|power| power.action.eq_ignore_ascii_case(action));
    if powers.is_empty() {
        return false;
    }
    let mut powers = powers.into_iter();
    if resource == names::ROOT || resource == TENANT {
        let wanted = if resource == TENANT { On::Directory } else { On::Root };
        return one.reach == Reach::Tenant && powers.any(|power| power.on == wanted);
    }
    let Some((kind, object)) = resource
        .strip_prefix(TENANT)
        .and_then(|rest| rest.strip_prefix('/'))
        .and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let Some((id, target)) = object_of(estate, object) else { return false };
    let reaches = match &one.reach {
        Reach::Tenant => true,
        Reach::Unit(unit) => target.facts.contains_key(&format!("{UNIT}{unit}")),
        Reach::Object(own) => **own == *object,
    };
    reaches
        && powers.any(|power| match (power.on, kind, target.kind) {
            (On::Users, "users", PrincipalKind::User) => match &power.whose_roles_are_among {
                None => true,
                Some(allowed) => holds_only(estate, id, allowed),
            },
            (On::ServicePrincipals, "servicePrincipals", PrincipalKind::ServiceAccount) => {
                !is_managed_identity(target)
            }
            (On::Groups, "groups", PrincipalKind::Group) => is_open_group(target),
            (On::UnifiedGroups, "groups", PrincipalKind::Group) => {
                is_open_group(target) && target.facts.contains_key(UNIFIED)
            }
            (On::SecurityGroups, "groups", PrincipalKind::Group) => {
                is_open_group(target) && !target.facts.contains_key(UNIFIED)
            }
            (On::RoleAssignableGroups, "groups", PrincipalKind::Group) => {
                target.facts.contains_key(ROLE_ASSIGNABLE) && !target.facts.contains_key(MANAGED_ELSEWHERE)
            }
            _ => false,
        })
}

/// A group whose members are for administrators of groups to add.
fn is_open_group(target: &Principal) -> bool {
    !target.facts.contains_key(ROLE_ASSIGNABLE) && !target.facts.contains_key(MANAGED_ELSEWHERE)
}

fn is_managed_identity(target: &Principal) -> bool {
    let said = target.facts.get(PROGRAM_TYPE).map(String::as_str);
    said == Some("ManagedIdentity") || target.facts.keys().any(|fact| index::is_identity(fact))
}

fn object_of<'e>(estate: &'e Estate, object: &str) -> Option<(PrincipalId, &'e Principal)> {
    let id = super::members::find(estate, object)?;
    estate.principal(id).filter(|one| one.cloud == CLOUD).map(|one| (id, one))
}

/// Whether a user holds no roles of the directory but these, itself or by a group, and neither is in nor owns a group
/// that roles can be assigned to.
fn holds_only(estate: &Estate, user: PrincipalId, allowed: &BTreeSet<String>) -> bool {
    let (mut all, mut fresh) = (BTreeSet::from([user]), BTreeSet::from([user]));
    while !fresh.is_empty() {
        let above = fresh.iter().flat_map(|id| estate.groups_of(*id)).map(|one| one.group);
        fresh = above.filter(|group| !all.contains(group)).collect();
        all.extend(&fresh);
    }
    let known: Vec<&Principal> = all.iter().filter_map(|id| estate.principal(*id)).collect();
    if known.iter().any(|one| one.kind == PrincipalKind::Group && one.facts.contains_key(ROLE_ASSIGNABLE)) {
        return false;
    }
    let ids: BTreeSet<&str> =
        known.iter().map(|one| one.facts.get(OBJECT_ID).map_or(one.name.as_str(), String::as_str)).collect();
    estate.attached_as(DIRECTORY).all(|attachment| {
        let body = estate.policy(attachment.policy).and_then(|policy| policy.body.downcast_ref::<Body>());
        match body {
            Some(Body::Directory(held)) if ids.contains(&*held.holder) => match (&*held.role, &held.reach) {
                (directory::OWNER, Reach::Object(object)) => {
                    let owned = object_of(estate, object).map(|(_, owned)| owned);
                    !owned.is_some_and(|owned| owned.facts.contains_key(ROLE_ASSIGNABLE))
                }
                (role, _) => allowed.contains(role),
            },
            _ => true,
        }
    })
}
