//! Rule `basic-role`. Whether the holder is an administrator is another rule's work.

use std::collections::BTreeMap;

use super::rule::rule;
use super::{Context, Finding, Intent, Level, Meta, Rule};
use crate::clouds;
use crate::evaluator::{Bug, Certainty};
use crate::model::PrincipalKind;

rule! {
    /// ## What it does
    ///
    /// Reports principals that hold a basic role of Google Cloud (`roles/owner`, `roles/editor`, `roles/viewer`) on a
    /// project, folder or organization, or one of Azure's privileged roles (Owner, Contributor, User Access
    /// Administrator) on any scope. Roles that can only be activated are not held.
    ///
    /// ## Why it matters
    ///
    /// Basic roles hold thousands of permissions in hundreds of services, and more with each new service. `roles/editor`
    /// can act as every service account of the project and create keys for them. It also reaches data that its own
    /// permission list does not mention: buckets are bound to "editors of the project" by default. Azure's Contributor
    /// may run commands on every machine, and so act as its identity, and list the keys of every storage account.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// - role: roles/editor
    ///   members: [serviceAccount:uploader@acme-media.iam.gserviceaccount.com]
    /// ```
    ///
    /// A program that only uploads into one bucket needs this, on the bucket:
    ///
    /// ```yaml
    /// - role: roles/storage.objectCreator
    ///   members: [serviceAccount:uploader@acme-media.iam.gserviceaccount.com]
    /// ```
    ///
    /// `leastwise recommend` finds it from the audit log and proves it. For Azure there is no such proposal yet.
    ///
    /// ## References
    ///
    /// - <https://cloud.google.com/iam/docs/roles-overview#basic>
    /// - <https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-modifiable>
    /// - <https://learn.microsoft.com/azure/role-based-access-control/best-practices>
    BasicRole,
    "basic-role",
    Medium,
    "a principal holds a role that spans all services: owner, editor, contributor and the like"
}

impl Rule for BasicRole {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        let principals = context.estate.principals();
        for (id, principal) in principals.filter(|(_, one)| one.kind != PrincipalKind::StandIn) {
            let Some(roles) = clouds::cloud(principal.cloud).and_then(|cloud| cloud.roles()) else {
                continue;
            };
            let mut seen = BTreeMap::new();
            for held in
                roles.held(context.estate, id).into_iter().filter(|held| roles.is_basic(&held.at.role))
            {
                if seen.insert(held.at.clone(), ()).is_some() {
                    continue;
                }
                let level = level(roles.changes_things(&held.at.role), principal.kind);
                sink.push(Finding {
                    rule: Self::META.id,
                    cloud: principal.cloud,
                    level,
                    certainty: Certainty::Proven,
                    message: format!(
                        "`{}` holds the basic role `{}` on `{}`: {} permissions",
                        principal.name,
                        held.at.role,
                        held.at.place,
                        held.permissions.len()
                    ),
                    primary: held.origin.clone(),
                    related: Vec::new(),
                    witness: None,
                    hops: Vec::new(),
                    advice: "replace it by predefined roles that hold what is used; `leastwise recommend` finds them \
                             where it reads the cloud's audit log"
                        .to_owned(),
                    intent: Intent { principal: Some(id), policy: None },
                    fingerprint: Finding::fingerprint_of(
                        Self::META.id,
                        principal.cloud,
                        &[&principal.name, &held.at.role, &held.at.place],
                    ),
                });
            }
        }
        Ok(())
    }
}

/// Programs do the same few things all the time, so for them there is no excuse; reading harms least.
fn level(changes_things: bool, kind: PrincipalKind) -> Level {
    match (changes_things, kind) {
        (true, PrincipalKind::ServiceAccount) => Level::High,
        (true, _) => Level::Medium,
        (false, _) => Level::Low,
    }
}
