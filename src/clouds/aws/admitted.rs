//! Whom users ask about though no file tells of them, because AWS says who they are: principals of accounts whose export
//! is not there, services, and root users, which no export lists.
//!
//! Whoever is in an account whose export is there and is not in the export does not exist, so it is not admitted.

use std::collections::BTreeMap;

use super::AWS;
use super::ast::{Arn, is_account};
use super::estate::{add_policy, attach, unrestricted};
use super::rule::IDENTITY;
use crate::model::{Estate, Origin, Principal, PrincipalKind, Target};

/// Adds the principal that `typed` names to the estate, if it is one of these; an account's number stands for its root
/// user, and so for "the account".
pub(super) fn admit(estate: &mut Estate, typed: &str) {
    let name = if is_account(typed) { format!("arn:aws:iam::{typed}:root") } else { typed.to_owned() };
    if estate.find_principal(AWS, &name).is_some() {
        return;
    }
    match Arn::parse(&name) {
        None if name.ends_with(".amazonaws.com") => add(estate, &name, PrincipalKind::Service),
        Some(arn) if is_account(arn.account) && is_principal(arn) => {
            match (is_exported(estate, arn.account), arn.resource == "root") {
                (false, _) => add(estate, &name, PrincipalKind::External),
                (true, true) => add_root(estate, &name),
                (true, false) => {}
            }
        }
        _ => {}
    }
}

fn is_principal(arn: Arn<'_>) -> bool {
    let kind = arn.resource.split('/').next().unwrap_or_default();
    let is_named = arn.resource.split('/').nth(1).is_some_and(|name| !name.is_empty());
    let is_whole = !arn.resource.contains(['*', '?']);
    match (arn.service, kind) {
        ("iam", "user" | "role") | ("sts", "federated-user") => is_named && is_whole,
        ("iam", _) => arn.resource == "root",
        _ => false,
    }
}

/// Whether some file lists the users and roles of an account.
fn is_exported(estate: &Estate, account: &str) -> bool {
    let home = estate.find_scope(AWS, account);
    let is_own = |principal: &Principal| {
        matches!(principal.kind, PrincipalKind::User | PrincipalKind::Role) && principal.home == home
    };
    home.is_some() && estate.principals().any(|(_, principal)| principal.cloud == AWS && is_own(principal))
}

fn add(estate: &mut Estate, name: &str, kind: PrincipalKind) {
    let account = Arn::parse(name).map(|arn| arn.account);
    let home = account.and_then(|account| estate.find_scope(AWS, account));
    let origin = Origin { what: format!("the question about `{name}`"), ..Origin::default() };
    let facts = BTreeMap::new();
    estate.add_principal(Principal { cloud: AWS, name: name.to_owned(), kind, home, facts, origin });
}

/// "By default, all requests are implicitly denied with the exception of the AWS account root user, which has full access":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>.
fn add_root(estate: &mut Estate, name: &str) {
    add(estate, name, PrincipalKind::User);
    let Some(id) = estate.find_principal(AWS, name) else { return };
    let origin = Origin { what: format!("the full access of the root user `{name}`"), ..Origin::default() };
    let policy = add_policy(estate, unrestricted("full access of the root user", Vec::new()));
    attach(estate, policy, Target::Principal(id), IDENTITY, origin);
}
