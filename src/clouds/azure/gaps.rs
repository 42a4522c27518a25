//! What is known to be missing, in the words that both sides use.

use super::ast::{Body, DirectoryAssignment, Listing, Reach, Vault};
use super::catalog::Plane;
use super::directory;
use super::index::Index;
use super::names::{self, CLOUD};
use super::{VAULT_DATA, roles};
use crate::model::{Estate, Gap, GapKind, Origin, PolicyId, Target};

/// The gap of a role whose permissions are not known.
pub(super) fn unknown_role(role: &str, origin: &Origin) -> Gap {
    Gap {
        kind: GapKind::MissingPolicy,
        message: format!("the permissions of role `{role}` are not known; assumed to be none"),
        origin: Some(origin.clone()),
    }
}

/// The gap of an administrative unit whose members nobody exported.
pub(super) fn unit(estate: &Estate, one: &DirectoryAssignment, origin: &Origin) -> Option<Gap> {
    let Reach::Unit(unit) = &one.reach else { return None };
    (!Index::of(estate).knows_unit(unit)).then(|| Gap {
        kind: GapKind::MissingScope,
        message: format!(
            "the members of the administrative unit `{unit}` are not in the input; assumed to be none"
        ),
        origin: Some(origin.clone()),
    })
}

/// The gap of a role of the directory that is neither in the table nor among the definitions that were read.
pub(super) fn directory_role(estate: &Estate, one: &DirectoryAssignment, origin: &Origin) -> Option<Gap> {
    let is_known = directory::is_known(&one.role) || one.actions.is_some();
    (!is_known && !Index::of(estate).has(Listing::DirectoryRoles)).then(|| Gap {
        kind: GapKind::MissingPolicy,
        message: format!(
            "what the directory role `{}` permits is not in the input; assumed that it gives no power over others",
            one.role
        ),
        origin: Some(origin.clone()),
    })
}

/// The gap of deny assignments that nobody exported.
pub(super) fn deny_assignments(estate: &Estate) -> Option<Gap> {
    (!Index::of(estate).has(Listing::DenyAssignments)).then(|| Gap {
        kind: GapKind::AssumedDefault,
        message: "deny assignments are not in the input; assumed to be none".to_owned(),
        origin: None,
    })
}

/// The gap of a resource whose management groups are not known.
pub(super) fn placement(estate: &Estate, name: &str) -> Option<Gap> {
    let subscription = names::subscription(name)?;
    let known = Index::of(estate).has(Listing::Hierarchy) || names::is_placed(estate, subscription);
    (!known).then(|| unplaced(subscription))
}

/// The gaps of all subscriptions whose management groups are not known.
pub(super) fn any_placement(estate: &Estate) -> Vec<Gap> {
    let scopes = estate.scopes().filter(|(_, scope)| scope.cloud == CLOUD);
    let subscriptions =
        scopes.filter(|(_, scope)| names::subscription(&scope.name) == Some(scope.name.as_str()));
    subscriptions.filter_map(|(_, scope)| placement(estate, &scope.name)).collect()
}

fn unplaced(subscription: &str) -> Gap {
    Gap {
        kind: GapKind::MissingScope,
        message: format!(
            "the management groups above `{subscription}` are not in the input; nothing that it inherits from them was considered"
        ),
        origin: None,
    }
}

/// Whether a target belongs to this cloud.
pub(super) fn is_own(estate: &Estate, target: Target) -> bool {
    let cloud = match target {
        Target::Scope(id) => estate.scope(id).map(|scope| scope.cloud),
        Target::Resource(id) => estate.resource(id).map(|resource| resource.cloud),
        Target::Principal(_) => None,
    };
    cloud == Some(CLOUD)
}

/// A vault whose model the estate knows.
pub(super) fn vault<'e>(estate: &'e Estate, name: &str) -> Option<&'e Vault> {
    Index::of(estate).vault(name).and_then(|policy| as_vault(estate, policy))
}

fn as_vault(estate: &Estate, policy: PolicyId) -> Option<&Vault> {
    match estate.policy(policy)?.body.downcast_ref::<Body>()? {
        Body::Vault(vault) => Some(vault),
        _ => None,
    }
}

/// The names of the vaults that give access to their data by their own policies: all, or those that a resource of that
/// name is, lies in, or holds.
pub(super) fn closed_vaults(estate: &Estate, around: Option<&str>) -> Vec<String> {
    let index = Index::of(estate);
    let is_closed = |policy| as_vault(estate, policy).is_some_and(|vault| !vault.uses_roles);
    if let Some(own) = around.and_then(vault_of) {
        return index
            .vault(own)
            .filter(|policy| is_closed(*policy))
            .map(|_| own.to_owned())
            .into_iter()
            .collect();
    }
    let near = |name: &str| around.is_none_or(|place| name.starts_with(place));
    let closed = index.vaults().filter(|(name, policy)| near(name) && is_closed(*policy));
    closed.map(|(name, _)| name.to_owned()).collect()
}

/// The vault that a name is or lies in.
pub(super) fn vault_of(name: &str) -> Option<&str> {
    let marker = "/providers/Microsoft.KeyVault/vaults/";
    let start = name.find(marker)? + marker.len();
    let length = name.get(start..)?.find('/').unwrap_or(name.len() - start);
    name.get(..start + length)
}

/// The gap of a vault of which it is not known whether roles or its own access policies give access to its data. `action`
/// is in lower case.
pub(super) fn vault_model(estate: &Estate, name: &str, action: Option<&str>) -> Option<Gap> {
    let vault = vault_of(name)?;
    let about_data = action.is_none_or(is_vault_data);
    let unknown = about_data && self::vault(estate, vault).is_none();
    unknown.then(|| Gap {
        kind: GapKind::AssumedDefault,
        message: format!(
            "whether `{vault}` uses roles or access policies is not in the input; assumed that it uses roles"
        ),
        origin: None,
    })
}

/// Whether an action in lower case is asked of a vault's data.
pub(super) fn is_vault_data(action: &str) -> bool {
    roles::plane(action) == Plane::Data && action.starts_with(VAULT_DATA.trim_end_matches('*'))
}
