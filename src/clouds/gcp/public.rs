//! Public access prevention: a setting of a bucket, or of all below a project, folder or organization by the constraint
//! `storage.publicAccessPrevention`, that cancels `allUsers` and `allAuthenticatedUsers` in policies of buckets:
//! <https://cloud.google.com/storage/docs/public-access-prevention>. A fact of the estate, like where a bucket stands.

use super::ast::Body;
use super::names;
use crate::model::{Estate, Layer, Target};

/// The capacity in which the setting is attached.
pub(super) const PREVENTION: Layer = Layer::new("public access prevention");

/// Whether the policy of `target` gives nothing to the public.
pub(super) fn is_prevented(estate: &Estate, target: Target) -> bool {
    let Target::Resource(id) = target else { return false };
    let Some(bucket) = estate.resource(id).and_then(|resource| names::bucket(&resource.name)) else {
        return false;
    };
    let name = format!("{}{bucket}", names::BUCKETS);
    let own = estate.find_resource(names::CLOUD, &name).map(Target::Resource);
    if own.is_some_and(|own| setting(estate, own) == Some(true)) {
        return true;
    }
    // A bucket that enforces nothing itself inherits; of the levels above, the nearest that says something counts.
    let above = names::placement(estate, &name).map(|scope| estate.ancestry(scope)).unwrap_or_default();
    above.into_iter().find_map(|scope| setting(estate, Target::Scope(scope))).unwrap_or(false)
}

fn setting(estate: &Estate, target: Target) -> Option<bool> {
    estate.attached_to(target).filter(|attachment| attachment.layer == PREVENTION).find_map(|attachment| {
        match estate.policy(attachment.policy)?.body.downcast_ref::<Body>()? {
            Body::Prevention(prevented) => Some(*prevented),
            _ => None,
        }
    })
}
