//! The decision rule as a formula.
//!
//! Pages: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>.

use std::sync::LazyLock;

use super::at_home;
use crate::logic::{Attribute, Formula, Pattern, Patterns};
use crate::model::{Effect, Layer, LayerGroup, Layers};

/// Policies attached to the user, its groups, or the role.
pub const IDENTITY: Layer = Layer::new("identity");
/// The permission boundary of a user or role.
pub const BOUNDARY: Layer = Layer::ceiling("permission boundary");
/// The policies that a session was opened with.
pub const SESSION: Layer = Layer::ceiling("session policy");
/// The policy of a resource.
pub const RESOURCE: Layer = Layer::new("resource policy");
/// The name of the second policy that a vault of Glacier can have:
/// <https://docs.aws.amazon.com/amazonglacier/latest/dev/vault-lock-policy.html>.
pub const VAULT_LOCK: &str = "vault lock";
/// A grant of a KMS key. Like a statement of the key's policy it names the grantee, but it needs no statement there:
/// "grants are considered along with key policies and IAM policies".
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
pub const KEY_GRANT: Layer = Layer::new("key grant");
/// The access control list of a bucket: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>.
pub const ACCESS_LIST: Layer = Layer::new("access control list");
/// Says that the Block Public Access of a bucket was looked at; takes part in no decision.
pub const BLOCK_KNOWN: Layer = Layer::new("block public access known");
/// Says which bucket is behind an access point, and to a formula what the bucket makes of a request through it.
pub(super) const BEHIND: Layer = Layer::new("bucket behind the access point");
/// Says that all members of an organization are known; takes part in no decision.
pub const MEMBERS_KNOWN: Layer = Layer::new("members of the organization known");
/// The trust policy of a role.
pub const TRUST: Layer = Layer::new("trust policy");
/// Service control policies of one level of the organization.
pub const SERVICE_CONTROL: Layer = Layer::ceiling("service control policy");
/// Resource control policies of one level of the organization.
pub const RESOURCE_CONTROL: Layer = Layer::ceiling("resource control policy");
/// The policy of the VPC endpoint that a request comes through.
pub const ENDPOINT: Layer = Layer::ceiling("vpc endpoint policy");

/// What AWS lets nobody edit.
pub(super) const PROTECTED: Layer = Layer::ceiling("protection by AWS");

/// What a resource policy gives to a role by the role's ARN.
pub(super) const TO_ROLE: Layer = Layer::new("resource policy naming the role");
/// What a grant of a key gives to a principal by its name, also across accounts: "the grant allows the grantee principal to
/// call the specified grant operations", <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>. The role of
/// Auto Scaling, whose policy has no permission of KMS, uses keys of other accounts by grants alone:
/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html>.
pub(super) const TO_GRANTEE: Layer = Layer::new("key grant naming the principal");
/// What a resource policy lets an account pass on to its principals.
pub(super) const TO_ACCOUNT: Layer = Layer::new("resource policy naming the account");
/// `applies`: the resource belongs to the caller's account.
pub(super) const OWN_ACCOUNT: Layer = Layer::new("same account");
/// The caller's own account is assumed to allow everything.
pub(super) const OWN_SIDE_ASSUMED: Layer = Layer::new("caller's own side, assumed to allow");
/// `applies`: the caller has no identity policies by its nature; the resource side decides alone.
pub(super) const RESOURCE_SIDE_ALONE: Layer = Layer::new("resource side alone");
/// `applies`: a key without a policy in the input, taken to have the default policy, which lets the account in.
pub(super) const DEFAULT_KEY: Layer = Layer::new("default key policy, assumed");
/// `applies`: what needs no permission at all.
pub(super) const ALWAYS: Layer = Layer::new("always allowed");

/// `applies`: what a user may do unless it is denied, whatever allows.
pub(super) const UNLESS_DENIED: Layer = Layer::new("allowed unless denied");

/// The calls that a trust policy decides about:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html>.
pub(super) const TRUSTED_ACTIONS: &[&str] = &[
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
];

/// The calls among them that are about nothing but a role.
const TAKING_ON: &[&str] = &["sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity"];

/// Whether the resource side must allow even inside one account: taking on a role, and everything about a KMS key.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>: "unless the key policy explicitly allows
/// it, you cannot use IAM policies to allow access to a KMS key". Retiring a grant is not up to the key policy at all
/// ([`RETIRING`]).
static NEEDS_RESOURCE_SIDE: LazyLock<Formula> = LazyLock::new(|| {
    let calls =
        |names: &[&str]| Formula::matches(Attribute::action(), Patterns::globs(names.iter().copied()));
    let role = Formula::matches(Attribute::resource(), role_resources());
    let key = Formula::matches(Attribute::resource(), key_resources());
    Formula::any([calls(TAKING_ON), calls(TRUSTED_ACTIONS).and(role), key.and(retires().not())])
});

/// "The `kms:RetireGrant` permission is not effective in a key policy": grants say who may retire them, and identity
/// policies of the account do. <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
const RETIRING: &str = "kms:retiregrant";

/// The requests that key policies have no say about.
pub(super) fn retires() -> Formula {
    Formula::matches(Attribute::action(), Patterns::literal(RETIRING))
}

/// The ARNs of roles.
pub(super) fn role_resources() -> Patterns {
    Patterns::of([Pattern::arn("arn:*:iam::*:role/*")])
}

/// The ARNs of KMS keys; aliases follow the ordinary rule.
pub(super) fn key_resources() -> Patterns {
    Patterns::of([Pattern::arn("arn:*:kms:*:*:key/*")])
}

/// The requests that are allowed.
///
/// - A deny anywhere ends it.
/// - Inside one account, an allow on either side is enough, except where the resource side must speak (above). An
///   allow that reaches the caller through its account counts only together with an identity allow.
/// - Across accounts both sides must allow, but for a grant of a key, which is enough; and the call must be one that is
///   made across accounts.
/// - A user gets a session token unless that is denied.
/// - What comes through an access point must be allowed on the bucket behind it as well.
/// - Boundary and session policies limit what identity policies give and what a resource policy gives to the role;
///   they do not limit what a resource policy of the same account gives to a user, a session or everybody.
pub fn combine(layers: &Layers) -> Formula {
    let allowed = |wanted: Layer| Formula::any(of(layers, wanted).map(allows));
    let ceiling = |wanted: Layer| {
        Formula::all(
            of(layers, wanted).map(|group| group.applies.clone().implies(group.effect(Effect::Allow))),
        )
    };
    let direct = Formula::any([RESOURCE, KEY_GRANT, ACCESS_LIST, TRUST].map(allowed));
    let role = allowed(TO_ROLE);
    let account = allowed(TO_ACCOUNT);
    let own = Formula::any([allowed(IDENTITY), applies(layers, OWN_SIDE_ASSUMED)]);
    let always = applies(layers, ALWAYS);
    let free = applies(layers, UNLESS_DENIED);
    // Most questions about one action end here: nothing below allows what none of these does.
    if [&direct, &role, &account, &own, &free].iter().all(|part| **part == Formula::False) {
        return always;
    }
    let denied = Formula::any(layers.groups.iter().map(|group| group.consulted(Effect::Deny)));
    let limits = Formula::all([ceiling(BOUNDARY), ceiling(SESSION)]);
    let own_limited = own.and(limits.clone());

    let needs = NEEDS_RESOURCE_SIDE.clone();
    let given_inside = Formula::any([direct.clone(), role.clone().and(limits.clone())]);
    let by_grant = allowed(TO_GRANTEE).and(limits);
    let inside = Formula::any([
        given_inside,
        own_limited.clone().and(Formula::any([needs.not(), account.clone(), applies(layers, DEFAULT_KEY)])),
    ]);
    let across = own_limited.and(Formula::any([direct.clone(), role, account])).or(by_grant);
    let same = applies(layers, OWN_ACCOUNT);
    let decided = Formula::any([
        same.clone().and(inside),
        Formula::all([same.not(), across, at_home::calls().not()]),
        applies(layers, RESOURCE_SIDE_ALONE).and(direct),
    ]);
    let ceilings = Formula::all([ceiling(SERVICE_CONTROL), ceiling(ENDPOINT)]);
    let granted = Formula::any([ceilings.and(decided), free]);
    let behind = Formula::all(of(layers, BEHIND).map(|group| group.applies.clone()));
    Formula::any([Formula::all([denied.not(), granted, behind]), always])
}

fn of(layers: &Layers, wanted: Layer) -> impl Iterator<Item = &LayerGroup> {
    layers.groups.iter().filter(move |group| group.layer == wanted)
}

fn allows(group: &LayerGroup) -> Formula {
    group.consulted(Effect::Allow)
}

fn applies(layers: &Layers, wanted: Layer) -> Formula {
    Formula::any(of(layers, wanted).map(|group| group.applies.clone()))
}
