//! What a bucket's policy is when nobody has changed it.
//!
//! A new bucket gives the holders of the basic roles of its project their access by convenience values in its own
//! policy, not by inheritance; its owner may remove them. With uniform bucket-level access the two object roles are
//! part of it; with access control lists, the default list of new objects gives the same:
//! <https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-modifiable>.

use super::ALLOW;
use super::ast::Basic;
use super::names::{BUCKETS, CLOUD};
use crate::model::{Estate, Gap, GapKind, Origin, Target};

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
