//! What AWS keeps for itself, whatever policies say: its managed policies, the roles of IAM Identity Center, the roles
//! that are linked to services and the aliases of its keys cannot be edited by anybody in the account. As formulas, and what
//! `decide.rs` asks of one request.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>: "You cannot change the
//! permissions defined in AWS managed policies".
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html>: `UnmodifiableEntity`, "only the
//! service that depends on the service-linked role can modify or delete the role on your behalf".
//! <https://docs.aws.amazon.com/singlesignon/latest/userguide/howtocreatepermissionset.html>: roles below `aws-reserved`
//! are changed by IAM Identity Center only, which acts with a service-linked role.

use std::sync::{Arc, LazyLock};

use super::ast::Arn;
use super::caller::Caller;
use super::rule::PROTECTED;
use crate::logic::{Attribute, Formula, Pattern, Patterns};
use crate::model::{Effect, Grant, LayerGroup, Origin};

/// Edits of a role.
const ROLE_EDITS: &[&str] = &[
    "iam:attachrolepolicy",
    "iam:deleterole",
    "iam:deleterolepermissionsboundary",
    "iam:deleterolepolicy",
    "iam:detachrolepolicy",
    "iam:putrolepermissionsboundary",
    "iam:putrolepolicy",
    "iam:updateassumerolepolicy",
    "iam:updaterole",
];

/// Edits of a managed policy.
const POLICY_EDITS: &[&str] = &[
    "iam:createpolicyversion",
    "iam:deletepolicy",
    "iam:deletepolicyversion",
    "iam:setdefaultpolicyversion",
    "iam:tagpolicy",
    "iam:untagpolicy",
];

/// Edits of an alias of a KMS key. `alias/aws/` is reserved for the keys that AWS manages:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/alias-create.html>.
const ALIAS_EDITS: &[&str] = &["kms:createalias", "kms:deletealias", "kms:updatealias"];

/// The edits that AWS refuses to `caller`.
pub(super) fn group(caller: &Caller<'_>) -> Option<LayerGroup> {
    // IAM Identity Center edits its roles with a role of its own.
    let by_service =
        caller.principal.is_some_and(|(_, found)| found.name.contains(":role/aws-service-role/"));
    let refusal = || Grant {
        effect: Effect::Deny,
        who: Formula::True,
        actions: Formula::True,
        resources: Formula::True,
        condition: Formula::True,
        origin: origin(),
        gaps: Vec::new(),
    };
    let applies = if caller.is_root() { EDITS.clone().or(TAKING_ON.clone()) } else { EDITS.clone() };
    (!by_service).then(|| LayerGroup::new(PROTECTED, applies, vec![Arc::new(refusal())]))
}

/// "You cannot call AssumeRole by using AWS account root user credentials":
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
static TAKING_ON: LazyLock<Formula> =
    LazyLock::new(|| Formula::matches(Attribute::action(), Patterns::literal("sts:assumerole")));

/// The roles that nobody in the account edits.
pub(super) fn roles() -> Patterns {
    let arns = ["arn:*:iam::*:role/aws-reserved/*", "arn:*:iam::*:role/aws-service-role/*"];
    Patterns::of(arns.iter().map(|arn| Pattern::arn(arn)))
}

static EDITS: LazyLock<Formula> = LazyLock::new(|| {
    let calls =
        |names: &[&str]| Formula::matches(Attribute::action(), Patterns::globs(names.iter().copied()));
    let on = |patterns: Patterns| Formula::matches(Attribute::resource(), patterns);
    let policies = Patterns::of([Pattern::arn("arn:*:iam::aws:policy/*")]);
    let aliases = Patterns::of([Pattern::arn("arn:*:kms:*:*:alias/aws/*")]);
    Formula::any([
        calls(ROLE_EDITS).and(on(roles())),
        calls(POLICY_EDITS).and(on(policies)),
        calls(ALIAS_EDITS).and(on(aliases)),
    ])
});

/// What refuses, for reports.
pub(super) fn origin() -> Origin {
    let what =
        "the rule that AWS keeps its own policies, roles and aliases to itself, and roles from root users"
            .to_owned();
    Origin { what, ..Origin::default() }
}

/// Whether a call of IAM edits a policy or role that is not the account's own.
pub(super) fn edits_identity(arn: Arn<'_>, call: &str) -> bool {
    const VERBS: [&str; 9] =
        ["attach", "create", "delete", "detach", "put", "setdefault", "tag", "untag", "update"];
    let mut path = arn.resource.split('/');
    let what = match (path.next(), path.next()) {
        (Some("policy"), Some(_)) if arn.account == "aws" => "policy",
        (Some("role"), Some("aws-reserved" | "aws-service-role")) => "role",
        _ => return false,
    };
    // Descriptions and tags of such roles are the account's own.
    let own = what == "role" && (call.ends_with("tagrole") || call == "updateroledescription");
    let kind = call.contains(what) || call == "updateassumerolepolicy";
    let makes = ["createrole", "createpolicy"].contains(&call);
    kind && !own && !makes && VERBS.iter().any(|verb| call.starts_with(verb))
}
