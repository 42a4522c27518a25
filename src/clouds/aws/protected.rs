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

use super::asker;
use super::ast::Arn;
use super::caller::{Caller, Class};
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
    let is = |part: &str| caller.principal.is_some_and(|(_, found)| found.name.contains(part));
    // IAM Identity Center edits its roles with a role of its own.
    let edits = if is(":role/aws-service-role/") { Formula::False } else { EDITS.clone() };
    let calls = match caller.class {
        Class::Member if is(":federated-user/") => OF_FEDERATED.clone(),
        Class::Member if is(":role/") => TOKENS.clone(),
        _ if caller.is_root() => TAKING_ON.clone(),
        _ => Formula::False,
    };
    let refusal = || Grant {
        effect: Effect::Deny,
        who: Formula::True,
        actions: Formula::True,
        resources: Formula::True,
        condition: Formula::True,
        origin: origin(),
        gaps: Vec::new(),
    };
    let applies = edits.or(calls);
    (applies != Formula::False).then(|| LayerGroup::new(PROTECTED, applies, vec![Arc::new(refusal())]))
}

/// "You cannot call AssumeRole by using AWS account root user credentials":
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
static TAKING_ON: LazyLock<Formula> =
    LazyLock::new(|| Formula::matches(Attribute::action(), Patterns::literal("sts:assumerole")));

/// "You must call the GetFederationToken operation using the long-term security credentials of an IAM user", and the same of
/// the other: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>.
static TOKENS: LazyLock<Formula> = LazyLock::new(|| {
    let names = ["sts:getfederationtoken", "sts:getsessiontoken"];
    Formula::matches(Attribute::action(), Patterns::globs(names))
});

/// With what `GetFederationToken` gives "you cannot call any AWS STS operations except GetCallerIdentity":
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>.
static OF_FEDERATED: LazyLock<Formula> = LazyLock::new(|| {
    let but = Formula::matches(Attribute::action(), Patterns::literal("sts:getcalleridentity"));
    Formula::matches(Attribute::action(), Patterns::globs(["sts:*"])).and(but.not())
});

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
        "the rule that AWS keeps its own policies, roles and aliases to itself, and some calls of STS from some callers"
            .to_owned();
    Origin { what, ..Origin::default() }
}

/// Whether AWS refuses a request, as the concrete rule asks.
pub(super) fn is_refused(caller: &asker::Caller<'_>, action: &str, arn: Option<Arn<'_>>) -> bool {
    // Every request is asked this, and few are about these services.
    let is_of = |head: &str| action.get(..head.len()).is_some_and(|found| found.eq_ignore_ascii_case(head));
    if !is_of("sts:") && !arn.is_some_and(|arn| matches!(arn.service, "iam" | "kms")) {
        return false;
    }
    let Some((service, call)) = action.split_once(':') else { return false };
    let folded = || call.to_ascii_lowercase();
    if service.eq_ignore_ascii_case("sts") {
        let is_known = caller.kind == asker::Kind::Known;
        return is_known
            && match folded().as_str() {
                "getcalleridentity" => false,
                "assumerole" => caller.is_root() || caller.is_federated(),
                "getfederationtoken" | "getsessiontoken" => caller.is_role() || caller.is_federated(),
                _ => caller.is_federated(),
            };
    }
    let Some(arn) = arn.filter(|_| !caller.is_service_linked()) else { return false };
    match arn.service {
        "iam" if service.eq_ignore_ascii_case("iam") => edits_identity(arn, &folded()),
        "kms" if service.eq_ignore_ascii_case("kms") => {
            let edits = ["createalias", "deletealias", "updatealias"];
            arn.resource.starts_with("alias/aws/") && edits.contains(&folded().as_str())
        }
        _ => false,
    }
}

/// Whether a call of IAM edits a policy or role that is not the account's own.
fn edits_identity(arn: Arn<'_>, call: &str) -> bool {
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
