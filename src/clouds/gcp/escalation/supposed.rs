//! Estates that ask "what if": the same with changes that a step makes. Deny policies and principal access boundaries
//! stay as they are, so a change gives no more than they leave.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{accounts, holders};
use crate::clouds::escalation::{Candidates, Change};
use crate::clouds::gcp::ast::{Binding, Body, Member, RoleDefinition};
use crate::clouds::gcp::names::CLOUD;
use crate::clouds::gcp::{ALLOW, catalog, load};
use crate::model::{Estate, Origin, PolicyId, PrincipalId, Target};
use crate::text::Located;

const SET_POLICY: &str = "iam.serviceAccounts.setIamPolicy";

/// What lets somebody act as an account by one request: tokens and signatures, and keys.
const ADMITTING: [&str; 2] = ["roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountKeyAdmin"];

/// The estate after a change. No step changes permissions of a principal without a role, or members of a group: groups
/// are managed outside of what allow policies govern.
pub(in crate::clouds::gcp) fn supposed(estate: &Estate, change: Change) -> Estate {
    let mut changed = estate.clone();
    match change {
        Change::Policy(policy) => fill(&mut changed, policy),
        Change::Admitted => admit(&mut changed),
        Change::Allowed | Change::Member(_) | Change::Version(..) => {}
    }
    changed
}

/// A custom role with all permissions that it can have. One of a project cannot have those that are only good for
/// folders and organizations: <https://cloud.google.com/iam/docs/creating-custom-roles>.
fn fill(estate: &mut Estate, policy: PolicyId) {
    let body = estate.policy(policy).and_then(|policy| policy.body.downcast_ref::<Body>());
    let Some(Body::Role(role)) = body else { return };
    let of_project = role.name.starts_with("projects/");
    let fits = |name: &&str| {
        let higher = ["resourcemanager.folders.", "resourcemanager.organizations."];
        !of_project || !higher.iter().any(|start| name.starts_with(start))
    };
    let mut permissions: Vec<Arc<str>> =
        catalog::current().permissions().filter(fits).map(Arc::from).collect();
    permissions.sort();
    let role = RoleDefinition { name: role.name.clone(), permissions, span: role.span };
    estate.replace_body(policy, Arc::new(Body::Role(role)));
}

/// Whoever may come to set the policy of a service account is let in by it.
fn admit(estate: &mut Estate) {
    let holders = holders::of(estate);
    let mut found: Vec<(String, BTreeSet<PrincipalId>)> = Vec::new();
    for (id, _) in estate.principals().filter(|(_, one)| one.cloud == CLOUD) {
        for account in accounts(estate, id) {
            let Some(name) = account.name else { continue };
            if let Candidates::Only(who) = holders.on_resource(estate, SET_POLICY, &name, Some(account.scope))
                && !who.is_empty()
            {
                found.push((name, who));
            }
        }
    }
    let mut written = estate.attached_as(ALLOW).filter_map(|one| {
        match estate.policy(one.policy)?.body.downcast_ref::<Body>()? {
            Body::Binding(binding) => Some(binding.role.span),
            _ => None,
        }
    });
    // Bindings stand somewhere; what these are is told by their origin.
    let Some(span) = written.next() else { return };
    drop(written);
    for (name, who) in found {
        let names = who.into_iter().filter_map(|id| estate.principal(id)).map(|one| one.name.clone());
        let members: Vec<Located<Member>> =
            names.map(|name| Located::new(Member::read(&name), span)).collect();
        let resource = load::placed(&name, None, Origin::default(), estate);
        for role in ADMITTING {
            let binding = Binding {
                role: Located::new(Arc::from(role), span),
                members: members.clone(),
                condition: None,
                gaps: Vec::new(),
            };
            let origin = Origin { what: "what an earlier step put there".to_owned(), ..Origin::default() };
            load::attach(estate, role, Body::Binding(binding), Target::Resource(resource), origin);
        }
    }
}
