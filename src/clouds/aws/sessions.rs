//! What a request does not say about the session that it is made in, and what was assumed of it. Both matter for few
//! requests only, which is why they are assumptions and no part of the rule.

use super::ast::{Arn, PrincipalName};
use super::rule::RESOURCE;
use super::{asker, body};
use crate::model::{Estate, Gap, GapKind, Request, ResourceId, Target};

/// The assumptions behind the decision on a request.
pub(super) fn of_request(
    estate: &Estate,
    request: &Request,
    caller: &asker::Caller<'_>,
    holders: &[ResourceId],
    is_allowed: bool,
) -> Vec<Gap> {
    let unsaid = (!is_allowed).then(|| opener(estate, request, caller, holders)).flatten();
    let token = is_allowed.then(|| token(request, caller).or_else(|| console(request, caller))).flatten();
    let messages = unsaid.into_iter().chain(token);
    messages.map(|message| Gap { kind: GapKind::AssumedDefault, message, origin: None }).collect()
}

/// A federated session has what a resource policy gives to the user who opened it, so it matters who that was:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
fn opener(
    estate: &Estate,
    request: &Request,
    caller: &asker::Caller<'_>,
    holders: &[ResourceId],
) -> Option<String> {
    if !caller.is_federated() || caller.federated_by().is_some() {
        return None;
    }
    let attached = holders.iter().flat_map(|id| estate.attached_to(Target::Resource(*id)));
    let bodies =
        attached.filter(|one| one.layer == RESOURCE).filter_map(|one| body(estate.policy(one.policy)?));
    let statements = bodies.flat_map(|body| &body.document.statements);
    let names =
        statements.filter_map(|statement| statement.principal.as_ref()).flat_map(|named| &named.names);
    let is_own_user = |name: &PrincipalName| match name {
        PrincipalName::User(arn) => Arn::parse(arn).is_some_and(|arn| caller.account == Some(arn.account)),
        _ => false,
    };
    let matters = names.map(|name| &name.value).any(is_own_user);
    matters.then(|| format!("`{}` was opened by no user that the resource policy names", request.principal))
}

/// What `sts:GetSessionToken` gives cannot call IAM without multi-factor authentication, nor STS but for two calls. A
/// user's request with temporary credentials can also come from the console, to which that does not apply.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>
fn token(request: &Request, caller: &asker::Caller<'_>) -> Option<String> {
    let value = |wanted: &str| {
        let mut context = request.context.iter();
        context.find(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, values)| values)
    };
    if !caller.has_own_credentials() || value("aws:TokenIssueTime").is_none() {
        return None;
    }
    let with_factor = value("aws:MultiFactorAuthPresent")
        .is_some_and(|values| values.iter().any(|value| value.eq_ignore_ascii_case("true")));
    let action = request.action.to_ascii_lowercase();
    let is_barred = match action.split_once(':') {
        Some(("iam", _)) => !with_factor,
        Some(("sts", call)) => !["assumerole", "getcalleridentity"].contains(&call),
        _ => false,
    };
    is_barred
        .then(|| format!("the session of `{}` does not come from `sts:GetSessionToken`", request.principal))
}

/// With what `sts:GetFederationToken` gives "you cannot call any IAM operations using the AWS CLI or the AWS API. This
/// limitation does not apply to console sessions":
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
fn console(request: &Request, caller: &asker::Caller<'_>) -> Option<String> {
    let service = request.action.split(':').next().unwrap_or_default();
    let is_barred = caller.is_federated() && service.eq_ignore_ascii_case("iam");
    is_barred.then(|| format!("`{}` calls IAM from the console, where alone it may", request.principal))
}
