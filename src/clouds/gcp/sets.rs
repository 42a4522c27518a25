//! Which principals belong to a project, a folder, an organization or a pool, as far as names and the hierarchy tell.
//!
//! Facts of the estate, like the placement of resources; who is denied or bound by them is not said here. What the
//! sets hold: <https://cloud.google.com/iam/docs/principal-identifiers>,
//! <https://cloud.google.com/iam/docs/principal-access-boundary-policies#principal-sets>.

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

const IAM: &str = "//iam.googleapis.com/";

/// Whether a principal (`serviceAccount:…`, `principal://…`) is in a set that boundary policies are bound to.
pub(super) fn in_set(estate: &Estate, principal: &str, set: &str) -> Belongs {
    let set = set.trim_start_matches("principalSet:");
    if let Some(scope) = set.strip_prefix("//cloudresourcemanager.googleapis.com/") {
        return in_scope(estate, principal, scope);
    }
    let Some(pool) = set.strip_prefix(IAM) else { return Belongs::Unknown };
    if pool.contains("/workspace/") {
        // Which domains a Workspace account holds is in no file.
        let has_account = principal.starts_with("user:") || principal.starts_with("group:");
        return if has_account { Belongs::Unknown } else { Belongs::No };
    }
    let pool = pool.trim_end_matches("/*");
    match pool_of(principal) {
        Some(own) if own.strip_prefix("iam.googleapis.com/") == Some(pool) => Belongs::Yes,
        _ => Belongs::No,
    }
}

/// The pool of a federated identity: `iam.googleapis.com/…/workloadIdentityPools/p`.
fn pool_of(principal: &str) -> Option<&str> {
    let rest =
        principal.strip_prefix("principal://").or_else(|| principal.strip_prefix("principalSet://"))?;
    let start = ["/workloadIdentityPools/", "/workforcePools/"]
        .into_iter()
        .find_map(|part| rest.find(part).map(|at| at + part.len()))?;
    let length = rest.get(start..)?.find('/')?;
    rest.get(..start + length)
}

/// Whether a principal belongs to a project, folder or organization. Service accounts and pools of workload identity
/// belong to their project and so to all above it; accounts of people and workforce pools to organizations only.
pub(super) fn in_scope(estate: &Estate, principal: &str, scope: &str) -> Belongs {
    let project = match principal.strip_prefix("serviceAccount:") {
        Some(mail) => names::service_account_project(mail).map(|project| format!("projects/{project}")),
        None => pool_of(principal)
            .and_then(|pool| pool.strip_prefix("iam.googleapis.com/"))
            .and_then(|pool| pool.split_once("/locations/"))
            .map(|(project, _)| project.to_owned())
            .filter(|project| project.starts_with("projects/")),
    };
    match project {
        Some(project) => match estate.find_scope(CLOUD, &project) {
            Some(own) => inside(estate, own, scope),
            None if project == scope => Belongs::Yes,
            None => Belongs::Unknown,
        },
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
    let (kind, subject) = match principal.split_once(':') {
        Some(("user", mail)) => ("iam.googleapis.com/GoogleAccount", mail),
        Some(("serviceAccount", mail)) => ("iam.googleapis.com/ServiceAccount", mail),
        Some(("principal", _)) if principal.contains("/workforcePools/") => {
            ("iam.googleapis.com/WorkforcePoolIdentity", principal)
        }
        Some(("principal", _)) => ("iam.googleapis.com/WorkloadPoolIdentity", principal),
        _ => return None,
    };
    Some((kind.to_owned(), subject.to_owned()))
}
