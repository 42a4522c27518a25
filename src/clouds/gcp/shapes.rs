//! Which kind of value stands under which key of what the command line of Google Cloud prints, as far as nobody else
//! reports it. A value of another kind would be taken for one that is absent.
//!
//! The kinds are those of the references that each document's format names.

use crate::text::{
    Problem, Shape,
    Shape::{Flag, List, Map, Number, Objects, Text, Values},
    Tree,
};

const CONDITION: Shape = Map(&[("title", Text)]);

/// An allow policy.
pub const POLICY: Shape =
    Map(&[("version", Number), ("bindings", Objects(&Map(&[("condition", CONDITION)])))]);

/// A row of Asset Inventory, its policy or data aside.
pub const ASSET: Shape = Map(&[
    ("assetType", Text),
    ("asset_type", Text),
    ("project", Text),
    ("folders", List(&Text)),
    ("organization", Text),
    ("ancestors", List(&Text)),
]);

/// An allow policy with the resource that it is set on, that aside.
pub const WRAPPER: Shape = Map(&[("ancestors", List(&Text))]);

/// A custom role.
pub const ROLE: Shape = Map(&[("includedPermissions", List(&Text)), ("deleted", Flag), ("stage", Text)]);

/// A deny policy.
pub const DENY_POLICY: Shape =
    Map(&[("rules", Objects(&Map(&[("denyRule", Map(&[("denialCondition", CONDITION)]))])))]);

/// A principal access boundary policy, or a binding of one.
pub const BOUNDARY: Shape = Map(&[
    ("details", Map(&[("rules", List(&Map(&[("effect", Text)])))])),
    ("policyKind", Text),
    ("condition", CONDITION),
]);

/// A dataset.
pub const DATASET: Shape = Map(&[("access", Objects(&Map(&[("condition", CONDITION)])))]);

/// A bucket, in the words of the API or of the command line.
pub const BUCKET: Shape = Map(&[
    (
        "iamConfiguration",
        Map(&[("publicAccessPrevention", Text), ("uniformBucketLevelAccess", Map(&[("enabled", Flag)]))]),
    ),
    ("public_access_prevention", Text),
    ("uniform_bucket_level_access", Flag),
]);

/// A service account.
pub const ACCOUNT: Shape = Map(&[("name", Text), ("email", Text), ("uniqueId", Text)]);

/// An instance of Compute Engine.
pub const INSTANCE: Shape = Map(&[
    ("name", Text),
    ("selfLink", Text),
    ("status", Text),
    ("serviceAccounts", List(&Map(&[("email", Text), ("scopes", List(&Text))]))),
]);

const IN_JOB: Shape = Map(&[("serviceAccountName", Text)]);

/// A job of Cloud Run.
pub const JOB: Shape = Map(&[
    (
        "metadata",
        Map(&[
            ("name", Text),
            ("namespace", Text),
            ("labels", Map(&[("cloud.googleapis.com/location", Text)])),
        ]),
    ),
    ("spec", Map(&[("template", Map(&[("spec", Map(&[("template", Map(&[("spec", IN_JOB)]))]))]))])),
]);

/// A service of Cloud Run.
pub const SERVICE: Shape = Map(&[
    (
        "metadata",
        Map(&[
            ("name", Text),
            ("namespace", Text),
            ("labels", Map(&[("cloud.googleapis.com/location", Text)])),
        ]),
    ),
    ("spec", Map(&[("template", Map(&[("spec", IN_JOB)]))])),
]);

/// A function of either generation.
pub const FUNCTION: Shape = Map(&[
    ("name", Text),
    ("state", Text),
    ("status", Text),
    ("serviceAccountEmail", Text),
    ("serviceConfig", Map(&[("serviceAccountEmail", Text)])),
]);

/// A key of a service account.
pub const KEY: Shape = Map(&[("name", Text), ("disabled", Flag), ("validBeforeTime", Text)]);

/// A provider of a workload identity pool.
pub const PROVIDER: Shape = Map(&[
    ("name", Text),
    ("state", Text),
    ("disabled", Flag),
    ("attributeCondition", Text),
    ("attributeMapping", Values(&Text)),
    ("oidc", Map(&[("issuerUri", Text), ("allowedAudiences", List(&Text))])),
    ("aws", Map(&[("accountId", Text)])),
]);

/// A membership of a group.
pub const MEMBERSHIP: Shape = Map(&[("type", Text)]);

/// The address of a member of a group.
pub const MEMBER_KEY: Shape = Map(&[("id", Text)]);

/// Reports what is of another kind than expected.
pub fn check(tree: &Tree, shape: &Shape, problems: &mut Vec<Problem>) {
    shape.check(tree, &mut |span, message| {
        let problem = Problem::error("gcp-policy-shape", message).at(span);
        problems.push(problem.help("export it again with --format=json, and leave what is printed as it is"));
    });
}
