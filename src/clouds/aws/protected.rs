//! What AWS keeps for itself, whatever policies say: its managed policies, the roles of IAM Identity Center, and the roles
//! that are linked to services cannot be edited by anybody in the account. As formulas; `decide.rs` says the same for
//! one request.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>: "You cannot change the
//! permissions defined in AWS managed policies".
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html>: `UnmodifiableEntity`, "only the
//! service that depends on the service-linked role can modify or delete the role on your behalf".
//! <https://docs.aws.amazon.com/singlesignon/latest/userguide/howtocreatepermissionset.html>: roles below `aws-reserved`
//! are changed by IAM Identity Center only, which acts with a service-linked role.

use std::sync::LazyLock;

use super::caller::Caller;
use crate::logic::{Assignment, Attribute, Formula, Pattern, Patterns};
use crate::model::Origin;

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

/// That such an edit does not take place: no request of `caller` is one. An administrator is one nevertheless, so this is
/// a fact about requests and no limit of somebody's access.
pub(super) fn facts(caller: &Caller<'_>) -> Formula {
    // IAM Identity Center edits its roles with a role of its own.
    let by_service =
        caller.principal.is_some_and(|(_, found)| found.name.contains(":role/aws-service-role/"));
    if by_service { Formula::True } else { EDITS.clone().not() }
}

/// Whether a call is such an edit.
pub(super) fn is_edit(action: &str, resource: &str) -> bool {
    let known = Assignment::new()
        .with_text(Attribute::action(), action.to_ascii_lowercase())
        .with_text(Attribute::resource(), resource);
    EDITS.restrict(&known) == Formula::True
}

static EDITS: LazyLock<Formula> = LazyLock::new(|| {
    let calls =
        |names: &[&str]| Formula::matches(Attribute::action(), Patterns::globs(names.iter().copied()));
    let on = |arns: &[&str]| {
        Formula::matches(Attribute::resource(), Patterns::of(arns.iter().map(|arn| Pattern::arn(arn))))
    };
    let roles = ["arn:*:iam::*:role/aws-reserved/*", "arn:*:iam::*:role/aws-service-role/*"];
    Formula::any([
        calls(ROLE_EDITS).and(on(&roles)),
        calls(POLICY_EDITS).and(on(&["arn:*:iam::aws:policy/*"])),
    ])
});

/// What refuses, for reports.
pub(super) fn origin() -> Origin {
    let what = "the rule that only AWS edits its own policies and roles".to_owned();
    Origin { what, ..Origin::default() }
}
