//! Which principals belong to a project, a folder, an organization or a pool, as far as names and the hierarchy tell.
//!
//! Facts of the estate, like the placement of resources; who is denied or bound by them is not said here. What the
//! sets hold: <https://cloud.google.com/iam/docs/principal-identifiers>,
//! <https://cloud.google.com/iam/docs/principal-access-boundary-policies#principal-sets>.

use super::ast::{self, Federated, Held, Member, Which};
use super::names::{self, CLOUD};
use crate::model::{Estate, ScopeId};

/// Whether something belongs somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belongs {
    Yes,
    No,
    /// The input does not say.
    Unknown,
}

/// Whether a principal (`serviceAccount:…`, `principal://…`) is in a set that boundary policies are bound to.
pub(super) fn in_set(estate: &Estate, principal: &str, set: &str) -> Belongs {
    let set = set.trim_start_matches("principalSet:");
    if let Some(scope) = set.strip_prefix("//cloudresourcemanager.googleapis.com/") {
        return in_scope(estate, principal, scope);
    }
    let Some(pool) = set.strip_prefix("//") else { return Belongs::Unknown };
    if pool.contains("/workspace/") {
        // Which domains a Workspace account holds is in no file.
        let has_account = principal.starts_with("user:") || principal.starts_with("group:");
        return if has_account { Belongs::Unknown } else { Belongs::No };
    }
    let whole = pool.trim_end_matches("/*");
    match pool_of(principal) {
        Some(own) if own == whole => Belongs::Yes,
        // Agents of one project: <https://cloud.google.com/iam/docs/principal-access-boundary-policies#principal-sets>.
        Some(own) if pool.strip_prefix(own).is_some_and(|rest| rest.starts_with("/attribute.")) => {
            match (pool.rsplit_once("/attribute.container/"), project_of(principal)) {
                (Some((_, container)), Some(project)) => same_project(estate, &project, container),
                _ => Belongs::Unknown,
            }
        }
        _ => Belongs::No,
    }
}

/// The pool of a federated identity: `iam.googleapis.com/…/workloadIdentityPools/p`.
fn pool_of(principal: &str) -> Option<&str> {
    let rest =
        principal.strip_prefix("principal://").or_else(|| principal.strip_prefix("principalSet://"))?;
    ast::pool_of(rest)
}

/// Whether a principal is one of those that a scope holds.
pub(super) fn among(estate: &Estate, principal: &str, held: Held, scope: &str) -> Belongs {
    let mail = principal.strip_prefix("serviceAccount:");
    let is_agent = mail.is_some_and(names::is_service_agent);
    match held {
        Held::All => in_scope(estate, principal, scope),
        Held::ServiceAccounts if mail.is_some() && !is_agent => in_scope(estate, principal, scope),
        Held::ServiceAgents if is_agent => match mail.and_then(names::service_agent_scope) {
            Some(own) => below(estate, &own, scope),
            None => Belongs::Unknown,
        },
        Held::ServiceAccounts | Held::ServiceAgents => Belongs::No,
    }
}

/// Whether a principal belongs to a project, folder or organization. Service accounts, pools of workload identity and
/// agents belong to their project and so to all above it; accounts of people and workforce pools to organizations only.
pub(super) fn in_scope(estate: &Estate, principal: &str, scope: &str) -> Belongs {
    match project_of(principal) {
        Some(project) => below(estate, &project, scope),
        None if !scope.starts_with("organizations/") => Belongs::No,
        None if ["user:", "group:", "domain:", "principal"]
            .iter()
            .any(|kind| principal.starts_with(kind)) =>
        {
            Belongs::Unknown
        }
        None => Belongs::No,
    }
}

/// The project of a service account, of a pool of workload identity or of an agent, as its name tells it.
fn project_of(principal: &str) -> Option<String> {
    if let Some(mail) = principal.strip_prefix("serviceAccount:") {
        return names::service_account_project(mail).map(|project| format!("projects/{project}"));
    }
    let pool = pool_of(principal)?;
    let pooled = pool.strip_prefix("iam.googleapis.com/").and_then(|pool| pool.split_once("/locations/"));
    let project = match pooled {
        Some((project, _)) => project.to_owned(),
        None if ast::is_of_agents(pool) => {
            let (_, rest) = principal.split_once("/projects/")?;
            format!("projects/{}", rest.split('/').next()?)
        }
        None => return None,
    };
    Some(project).filter(|project| project.starts_with("projects/"))
}

/// Whether the scope of that name is another or stands below it.
fn below(estate: &Estate, own: &str, scope: &str) -> Belongs {
    match estate.find_scope(CLOUD, own) {
        Some(own) => inside(estate, own, scope),
        None if own == scope => Belongs::Yes,
        None => Belongs::Unknown,
    }
}

/// Whether two names are of one project.
fn same_project(estate: &Estate, one: &str, other: &str) -> Belongs {
    let found = |name: &str| estate.find_scope(CLOUD, name);
    match (one == other, found(one), found(other)) {
        (true, _, _) => Belongs::Yes,
        (false, Some(one), Some(other)) => {
            if one == other {
                Belongs::Yes
            } else {
                Belongs::No
            }
        }
        _ => Belongs::Unknown,
    }
}

/// Whether a scope is another or stands below it.
fn inside(estate: &Estate, scope: ScopeId, other: &str) -> Belongs {
    let chain = estate.ancestry(scope);
    if let Some(other) = estate.find_scope(CLOUD, other)
        && chain.contains(&other)
    {
        return Belongs::Yes;
    }
    let name = |id: &ScopeId| estate.scope(*id).map(|scope| scope.name.clone()).unwrap_or_default();
    let complete = chain.last().is_some_and(|top| name(top).starts_with("organizations/"));
    // Two projects are told apart by their ids, unless one is written as a number that the estate does not know.
    let is_project = other.starts_with("projects/");
    let known = estate.find_scope(CLOUD, other).is_some();
    let told = if is_project { known } else { complete };
    if told { Belongs::No } else { Belongs::Unknown }
}

/// The type of a principal as conditions of boundary bindings name it, and its subject:
/// <https://cloud.google.com/iam/docs/conditions-attribute-reference#principal>.
pub(super) fn type_and_subject(principal: &str) -> Option<(String, String)> {
    let (kind, subject) = match Member::read(principal) {
        Member::User(mail) => ("WorkspaceIdentity", mail),
        Member::ServiceAccount(mail) => ("ServiceAccount", mail),
        Member::Federated(Federated { pool, which: Which::Subject(subject) }) => {
            let kind = match () {
                () if pool.contains("/workforcePools/") => "WorkforcePoolIdentity",
                () if pool.contains("/workloadIdentityPools/") => "WorkloadPoolIdentity",
                () => "AgentPoolIdentity",
            };
            (kind, subject)
        }
        _ => return None,
    };
    Some((format!("iam.googleapis.com/{kind}"), subject))
}
