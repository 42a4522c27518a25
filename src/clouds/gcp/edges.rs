//! Who the members of bindings are among the principals of an estate, what it takes to administer a scope, and what lets
//! one act as service accounts. The steps themselves are data (`escalation`).

use std::collections::BTreeSet;

use super::ast::Member;
use super::members::{self, NOBODY};
use super::names::{self, CLOUD};
use super::roles;
use super::sets::{self, Belongs};
use crate::clouds::Demand;
use crate::logic::{Formula, Patterns};
use crate::model::{Estate, PrincipalId, PrincipalKind, ScopeId, ScopeKind, Subject, Target};

/// What lets one act as a service account, if not without further permissions:
/// <https://cloud.google.com/iam/docs/service-account-impersonation>. Identity tokens (`getOpenIdToken`) are not here:
/// Google's own interfaces do not take them, so nobody becomes the account by one.
const IMPERSONATING: [&str; 6] = [
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccountKeys.create",
];

/// The first permission of a role that lets one act as service accounts.
pub(super) fn impersonating(estate: &Estate, role: &str) -> Option<&'static str> {
    let role = roles::find(estate, role)?;
    IMPERSONATING.into_iter().find(|permission| role.contains(permission))
}

/// The principals that a binding on the scope or above it speaks of, if its role holds what makes an administrator.
pub(super) fn contenders(estate: &Estate, scope: ScopeId) -> BTreeSet<PrincipalId> {
    let demands = administration(estate, scope);
    let mut found = BTreeSet::new();
    for level in estate.ancestry(scope) {
        for (_, binding) in members::bindings(estate, Target::Scope(level)) {
            let role = roles::find(estate, &binding.role.value);
            let counts = role.is_some_and(|role| demands.iter().any(|demand| role.contains(&demand.action)));
            if counts {
                found.extend(binding.members.iter().flat_map(|member| principals(estate, &member.value)));
            }
        }
    }
    found
}

/// The principals of the estate that a member stands for; members of domains and pools only as far as they are named.
pub(super) fn principals(estate: &Estate, member: &Member) -> Vec<PrincipalId> {
    match member {
        Member::Group(_) => {
            let group = estate.find_principal(CLOUD, &member.name());
            group.map(|group| members::members_of(estate, group).0.into_iter().collect()).unwrap_or_default()
        }
        Member::Holders(basic, project) => {
            let holdings = members::holdings(estate, *basic, project);
            let members = holdings.iter().flat_map(|holding| &holding.binding.members);
            let direct = members.filter(|member| !matches!(member.value, Member::Holders(..)));
            direct.flat_map(|member| principals(estate, &member.value)).collect()
        }
        Member::Domain(domain) => {
            let suffix = format!("@{domain}");
            let users = estate.principals().filter(|(_, principal)| {
                principal.cloud == CLOUD
                    && (principal.kind == PrincipalKind::User && principal.name.ends_with(&suffix)
                        || principal.name == member.name())
            });
            users.map(|(id, _)| id).collect()
        }
        Member::AllUsers | Member::AllAuthenticatedUsers => estate
            .principals()
            .filter(|(_, one)| one.cloud == CLOUD && asks(one.kind))
            .map(|(id, _)| id)
            .collect(),
        Member::Deleted(_) => Vec::new(),
        // Whoever could be meant: the question of the step decides.
        Member::Federated(set) => {
            let starts = ["principal", "principalSet"].map(|kind| format!("{kind}://{}/", set.pool));
            named_like(estate, |name| starts.iter().any(|start| name.starts_with(start.as_str())))
        }
        Member::InScope(held, scope) => {
            named_like(estate, |name| sets::among(estate, name, *held, scope) != Belongs::No)
        }
        _ => estate.find_principal(CLOUD, &member.name()).into_iter().collect(),
    }
}

fn named_like(estate: &Estate, fits: impl Fn(&str) -> bool) -> Vec<PrincipalId> {
    let own = estate.principals().filter(|(_, principal)| principal.cloud == CLOUD && asks(principal.kind));
    own.filter(|(_, principal)| fits(&principal.name)).map(|(id, _)| id).collect()
}

fn asks(kind: PrincipalKind) -> bool {
    !matches!(kind, PrincipalKind::Group)
}

/// Who may set the allow policy of a scope may give itself everything in it:
/// <https://cloud.google.com/iam/docs/granting-changing-revoking-access>.
pub(super) fn administration(estate: &Estate, scope: ScopeId) -> Vec<Demand> {
    let Some(known) = estate.scope(scope).filter(|scope| scope.cloud == CLOUD) else { return Vec::new() };
    let kind = match known.kind {
        ScopeKind::Account => "projects",
        ScopeKind::Folder => "folders",
        ScopeKind::Organization => "organizations",
        ScopeKind::Group => return Vec::new(),
    };
    vec![Demand {
        action: format!("resourcemanager.{kind}.setIamPolicy"),
        resources: Patterns::literal(&names::scope_resource(&known.name)),
        given: Formula::True,
        except: Patterns::of([]),
    }]
}

/// The name of a request's principal for the subject of a question.
pub(super) fn asker(estate: &Estate, subject: Subject) -> String {
    match subject {
        Subject::Principal(id) => {
            let name = estate.principal(id).map(|principal| principal.name.clone()).unwrap_or_default();
            if name == "allUsers" { NOBODY.to_owned() } else { name }
        }
        Subject::Outside => members::ANY_ACCOUNT.to_owned(),
        Subject::Anonymous => NOBODY.to_owned(),
    }
}
