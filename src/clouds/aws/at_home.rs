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
    ("s3", POLICY_CALLS),
    // "Cross-account access to this API operation isn't supported":
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html>, and the same of the others for directory buckets.
    ("s3express", POLICY_CALLS),
    (
        "s3express",
        &[
            "CreateBucket",
            "DeleteBucket",
            "GetEncryptionConfiguration",
            "GetLifecycleConfiguration",
            "GetMetricsConfiguration",
            "PutEncryptionConfiguration",
            "PutLifecycleConfiguration",
            "PutMetricsConfiguration",
        ],
    ),
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
            "GetKeyLastUsage",
            "GetKeyPolicy",
            "GetParametersForImport",
            "ImportKeyMaterial",
            "ListKeyPolicies",
            "ListKeyRotations",
            "ListResourceTags",
            "PutKeyPolicy",
            "ReplicateKey",
            "RotateKeyOnDemand",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateAlias",
            "UpdateKeyDescription",
            "UpdatePrimaryRegion",
        ],
    ),
    // Of the calls that the page's tables list as not supported across accounts, those of the table and of its statements
    // in PartiQL: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-iam-actions.html>
    (
        "dynamodb",
        &[
            "CreateTable",
            "DisableKinesisStreamingDestination",
            "PartiQLDelete",
            "PartiQLInsert",
            "PartiQLSelect",
            "PartiQLUpdate",
            "UpdateTimeToLive",
        ],
    ),
    // "Cross-account permission is effective only for the following operations", and these are none of them:
    // <https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html>
    ("secretsmanager", &["BatchGetSecretValue", "CreateSecret"]),
    // The calling identity must "belong to the owner's account in order to use this operation":
    // <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html>
    ("kinesis", &["PutResourcePolicy"]),
    // "Regardless of the AWS Backup vault's access policy, cross-account access for any action other than
    // backup:CopyIntoBackupVault will be rejected": <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html>.
    // Here are those that change a vault or read its settings: what is in a vault can be shared beside the policy.
    (
        "backup",
        &[
            "DeleteBackupVault",
            "DeleteBackupVaultAccessPolicy",
            "DeleteBackupVaultLockConfiguration",
            "DeleteBackupVaultNotifications",
            "DeleteRecoveryPoint",
            "GetBackupVaultAccessPolicy",
            "GetBackupVaultNotifications",
            "PutBackupVaultAccessPolicy",
            "PutBackupVaultLockConfiguration",
            "PutBackupVaultNotifications",
            "StartBackupJob",
            "UpdateRecoveryPointLifecycle",
        ],
    ),
];

/// The calls about the policy of a bucket.
const POLICY_CALLS: &[&str] = &["DeleteBucketPolicy", "GetBucketPolicy", "PutBucketPolicy"];

/// The requests for such a call.
pub(super) fn calls() -> Formula {
    static ALL: LazyLock<Formula> = LazyLock::new(|| requests(CALLS));
    ALL.clone()
}

/// The requests about the policy of a bucket.
pub(super) fn policy_calls() -> Formula {
    static ALL: LazyLock<Formula> =
        LazyLock::new(|| requests(&[("s3", POLICY_CALLS), ("s3express", POLICY_CALLS)]));
    ALL.clone()
}

fn requests(calls: &[(&str, &[&str])]) -> Formula {
    let names = calls.iter().flat_map(|(service, calls)| calls.iter().map(move |call| (service, call)));
    let names: Vec<String> =
        names.map(|(service, call)| format!("{service}:{}", call.to_ascii_lowercase())).collect();
    Formula::matches(Attribute::action(), Patterns::globs(names.iter().map(String::as_str)))
}

/// Whether an action is such a call.
pub(super) fn is_call(action: &str) -> bool {
    let Some((service, call)) = action.split_once(':') else { return false };
    let mut known = CALLS.iter().filter(|(name, _)| name.eq_ignore_ascii_case(service));
    known.any(|(_, calls)| calls.iter().any(|name| name.eq_ignore_ascii_case(call)))
}

/// Whether a call is about the policy of a bucket.
pub(super) fn is_policy_call(call: &str) -> bool {
    POLICY_CALLS.iter().any(|name| name.eq_ignore_ascii_case(call))
}
