//! What is known to be missing, in the words that both sides use.

use super::ast::{Body, Listing, Vault};
use super::catalog::Plane;
use super::names::{self, CLOUD};
use super::{LISTING, VAULT, VAULT_DATA, roles};
use crate::model::{Estate, Gap, GapKind, Origin, Target};

/// The gap of a role whose permissions are not known.
pub(super) fn unknown_role(role: &str, origin: &Origin) -> Gap {
    Gap {
        kind: GapKind::MissingPolicy,
        message: format!("the permissions of role `{role}` are not known; assumed to be none"),
        origin: Some(origin.clone()),
    }
}

/// Whether a list of the whole tenant was exported.
fn is_listed(estate: &Estate, listing: Listing) -> bool {
    let root = estate.find_scope(CLOUD, names::ROOT).map(Target::Scope);
    let mut listed =
        root.into_iter().flat_map(|root| estate.attached_to(root)).filter(|one| one.layer == LISTING);
    listed.any(|one| {
        let body = estate.policy(one.policy).and_then(|policy| policy.body.downcast_ref::<Body>());
        body == Some(&Body::Listed(listing))
    })
}

/// The gap of deny assignments that nobody exported.
pub(super) fn deny_assignments(estate: &Estate) -> Option<Gap> {
    (!is_listed(estate, Listing::DenyAssignments)).then(|| Gap {
        kind: GapKind::AssumedDefault,
        message: "deny assignments are not in the input; assumed to be none".to_owned(),
        origin: None,
    })
}

/// The gap of a resource whose management groups are not known.
pub(super) fn placement(estate: &Estate, name: &str) -> Option<Gap> {
    let subscription = names::subscription(name)?;
    let known = names::is_placed(estate, subscription) || is_listed(estate, Listing::Hierarchy);
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

/// The vaults that the estate knows, with their names.
pub(super) fn vaults(estate: &Estate) -> impl Iterator<Item = (&str, &Vault)> {
    let attached = estate.attachments().iter().filter(|one| one.layer == VAULT);
    attached.filter_map(|one| {
        let Target::Resource(resource) = one.target else { return None };
        match estate.policy(one.policy)?.body.downcast_ref::<Body>()? {
            Body::Vault(vault) => Some((estate.resource(resource)?.name.as_str(), vault)),
            _ => None,
        }
    })
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
    let unknown = about_data && !vaults(estate).any(|(known, _)| known == vault);
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
