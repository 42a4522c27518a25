//! What makes an administrator of an account.

use super::{AWS, protected};
use crate::clouds::Demand;
use crate::logic::{Case, Formula, Pattern, Patterns};
use crate::model::{Estate, ScopeId, ScopeKind};

/// What makes an administrator of an account: to give policies to all of its users and all of its roles.
///
/// Whoever may attach any managed policy, or write any inline policy, on every user and role of an account can give
/// `AdministratorAccess` to whatever it acts as, or to somebody it can act as; nothing inside the account is closed to
/// it then. Both ways (attaching and writing) and both kinds of target are demanded, so that a right over one role
/// does not count as administration of the account; who has less may still get there in steps, which is what paths
/// are for. A boundary or a service control policy that forbids any of the four takes the name away, as it should.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-attach-detach.html>
pub(super) fn administration(estate: &Estate, scope: ScopeId) -> Vec<Demand> {
    let Some(scope) =
        estate.scope(scope).filter(|scope| scope.cloud == AWS && scope.kind == ScopeKind::Account)
    else {
        return Vec::new();
    };
    let partition = partition(estate, &scope.name);
    let all = |kind: &str| {
        let head = format!("arn:{partition}:iam::{}:{kind}/", scope.name);
        Patterns::of([Pattern::prefix(&head, Case::Sensitive)])
    };
    let demand = |action: &str, kind: &str| Demand {
        action: format!("iam:{action}"),
        resources: all(kind),
        given: Formula::True,
        except: protected::roles(),
    };
    vec![
        demand("AttachRolePolicy", "role"),
        demand("AttachUserPolicy", "user"),
        demand("PutRolePolicy", "role"),
        demand("PutUserPolicy", "user"),
    ]
}

/// The partition that the account's own ARNs name.
fn partition<'e>(estate: &'e Estate, account: &str) -> &'e str {
    let arns = estate.principals().filter_map(|(_, principal)| super::ast::Arn::parse(&principal.name));
    arns.filter(|arn| arn.account == account).map(|arn| arn.partition).next().unwrap_or("aws")
}
