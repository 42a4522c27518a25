//! Calls that nobody makes on a resource of another account, whatever its policy says.
//!
//! Not in here: calls that no policy of a resource is asked about in the first place, which the catalog knows by their
//! types of resources, and what a service does for its customers. A call that no page names is taken to be open to others.

use std::sync::LazyLock;

use crate::logic::{Attribute, Formula, Patterns};

/// Services with the calls that are for the owner's account alone.
const CALLS: &[(&str, &[&str])] = &[
    // "Cross-account permissions don't apply to the following actions":
    // <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-limitations-of-custom-policies.html>
    (
        "sqs",
        &[
            "AddPermission",
            "CancelMessageMoveTask",
            "CreateQueue",
            "DeleteQueue",
            "ListMessageMoveTasks",
            "ListQueueTags",
            "RemovePermission",
            "SetQueueAttributes",
            "StartMessageMoveTask",
            "TagQueue",
            "UntagQueue",
        ],
    ),
    // The calling identity must "belong to the bucket owner's account in order to use this operation":
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>, and the same of the other two.
    ("s3", &["DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy"]),
    // "Cross-account use: No"; a permission for such a call on a key of another account "is not effective":
    // <https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html>
    (
        "kms",
        &[
            "CancelKeyDeletion",
            "CreateAlias",
            "DeleteAlias",
            "DeleteImportedKeyMaterial",
            "DisableKey",
            "DisableKeyRotation",
            "EnableKey",
            "EnableKeyRotation",
            "GetKeyPolicy",
            "GetParametersForImport",
            "ImportKeyMaterial",
            "ListKeyPolicies",
            "ListKeyRotations",
            "ListResourceTags",
            "PutKeyPolicy",
            "ReplicateKey",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateAlias",
            "UpdateKeyDescription",
            "UpdatePrimaryRegion",
        ],
    ),
];

/// The requests for such a call.
pub(super) fn calls() -> Formula {
    static ALL: LazyLock<Formula> = LazyLock::new(|| {
        let names = CALLS.iter().flat_map(|(service, calls)| calls.iter().map(move |call| (service, call)));
        let names: Vec<String> =
            names.map(|(service, call)| format!("{service}:{}", call.to_ascii_lowercase())).collect();
        Formula::matches(Attribute::action(), Patterns::globs(names.iter().map(String::as_str)))
    });
    ALL.clone()
}

/// Whether an action is such a call.
pub(super) fn is_call(action: &str) -> bool {
    let Some((service, call)) = action.split_once(':') else { return false };
    let mut known = CALLS.iter().filter(|(name, _)| name.eq_ignore_ascii_case(service));
    known.any(|(_, calls)| calls.iter().any(|name| name.eq_ignore_ascii_case(call)))
}
