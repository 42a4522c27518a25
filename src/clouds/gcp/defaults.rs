//! What a bucket's policy is when nobody has changed it.
//!
//! A new bucket gives the holders of the basic roles of its project their access by convenience values in its own
//! policy, not by inheritance; its owner may remove them. With uniform bucket-level access the two object roles are
//! part of it; with access control lists, the default list of new objects gives the same:
//! <https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-modifiable>.

use std::collections::BTreeSet;

use super::ALLOW;
use super::ast::Basic;
use super::names::{BUCKETS, CLOUD};
use crate::model::{Estate, Gap, GapKind, Origin, ScopeId, Target};

/// The roles of the default policy, and the convenience values that get each.
pub(super) const BINDINGS: [(&str, &[Basic]); 4] = [
    ("roles/storage.legacyBucketOwner", &[Basic::Editor, Basic::Owner]),
    ("roles/storage.legacyBucketReader", &[Basic::Viewer]),
    ("roles/storage.legacyObjectOwner", &[Basic::Editor, Basic::Owner]),
    ("roles/storage.legacyObjectReader", &[Basic::Viewer]),
];

/// Whether the policy of a bucket is in the input.
pub(super) fn has_policy(estate: &Estate, bucket: &str) -> bool {
    let Some(id) = estate.find_resource(CLOUD, &format!("{BUCKETS}{bucket}")) else { return false };
    estate.attached_to(Target::Resource(id)).any(|attachment| attachment.layer == ALLOW)
}

/// Whether the default policy is assumed for a bucket of `project`: if the input knows the bucket but not its policy,
/// or knows no bucket policy of that project at all. An export that holds some of them is taken to hold all.
pub(super) fn is_assumed(estate: &Estate, bucket: &str, project: ScopeId) -> bool {
    if has_policy(estate, bucket) {
        return false;
    }
    estate.find_resource(CLOUD, &format!("{BUCKETS}{bucket}")).is_some()
        || !has_listed_buckets(estate, project)
}

/// Whether the policy of some bucket of the project is in the input.
pub(super) fn has_listed_buckets(estate: &Estate, project: ScopeId) -> bool {
    estate.derived(Listed::of).0.contains(&project)
}

/// The projects of which the policy of some bucket is in the input.
struct Listed(BTreeSet<ScopeId>);

impl Listed {
    fn of(estate: &Estate) -> Self {
        let buckets = estate.resources().filter(|(_, resource)| {
            let bucket = resource.name.strip_prefix(BUCKETS);
            resource.cloud == CLOUD
                && bucket.is_some_and(|bucket| !bucket.contains('/') && has_policy(estate, bucket))
        });
        Self(buckets.filter_map(|(_, resource)| resource.home).collect())
    }
}

/// What a default binding is called.
pub(super) fn origin(role: &str, basic: Basic, project: &str) -> Origin {
    let what = format!("default binding of `{role}` to `{}{project}` on a new bucket", basic.prefix());
    Origin { what, ..Origin::default() }
}

/// What was assumed.
pub(super) fn gap(project: &str, origin: &Origin) -> Gap {
    Gap {
        kind: GapKind::AssumedDefault,
        message: format!(
            "the allow policy of a bucket in `projects/{project}` is not in the input; assumed the bindings of a new bucket"
        ),
        origin: Some(origin.clone()),
    }
}
