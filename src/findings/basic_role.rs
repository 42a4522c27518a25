//! Rule `basic-role`. Whether the holder is an administrator is another rule's work.

use std::collections::BTreeSet;

use super::in_effect::{self, InEffect};
use super::rule::rule;
use super::{Context, Finding, Intent, Level, Meta, Rule};
use crate::clouds::{self, HeldRole, RoleAt, Roles};
use crate::evaluator::Bug;
use crate::model::{PrincipalId, PrincipalKind};

rule! {
    /// ## What it does
    ///
    /// Reports principals for whom a basic role of Google Cloud (`roles/owner`, `roles/editor`, `roles/viewer`) on
    /// a project, folder or organization is in effect, or one of Azure's privileged roles (Owner, Contributor, User
    /// Access Administrator) on any scope. The request that is shown has been decided with all policies. Where denies, a
    /// boundary or a condition take something away, the finding says what is left, and where nothing is left there is
    /// none. A role is looked at where it is held first: what is whole there counts as whole, even if something is taken
    /// from it further down; of any other, what is left is counted over all that lies below. Roles that can only be
    /// activated are not held.
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
            let mut seen = BTreeSet::new();
            let held = roles.held(context.estate, id).into_iter();
            for held in held.filter(|held| roles.is_basic(&held.at.role)) {
                if seen.contains(&held.at) {
                    continue;
                }
                if let Some(found) = in_effect::for_any(context, id, &held)? {
                    sink.extend(finding(context, roles, id, &held, &found));
                    seen.insert(held.at);
                }
            }
        }
        Ok(())
    }
}

fn finding(
    context: &Context<'_>,
    roles: &dyn Roles,
    id: PrincipalId,
    held: &HeldRole,
    found: &InEffect,
) -> Option<Finding> {
    let principal = context.estate.principal(id)?;
    let RoleAt { role, place } = &held.at;
    let what = match (found.limits(), held.permissions.len()) {
        (limits, all) if limits.is_empty() => format!(": {all} permissions"),
        (limits, _) => limits,
    };
    let whom = match found.who == id {
        true => String::new(),
        false => format!("; in effect for its member `{}`", context.estate.principal(found.who)?.name),
    };
    Some(Finding {
        rule: BasicRole::META.id,
        cloud: principal.cloud,
        level: level(roles.changes_things(role) && found.changes_things(), principal.kind),
        certainty: found.certainty(),
        message: format!("`{}` holds the basic role `{role}` on `{place}`{what}{whom}", principal.name),
        primary: held.origin.clone(),
        related: found.related(),
        witness: found.witness(),
        hops: Vec::new(),
        advice: "replace it by predefined roles that hold what is used; `leastwise recommend` finds them where it \
                 reads the cloud's audit log"
            .to_owned(),
        intent: Intent::of(id),
        fingerprint: Finding::fingerprint_of(
            BasicRole::META.id,
            principal.cloud,
            &[&principal.name, role, place],
        ),
    })
}

/// Programs do the same few things all the time, so for them there is no excuse; reading harms least.
fn level(changes_things: bool, kind: PrincipalKind) -> Level {
    match (changes_things, kind) {
        (true, PrincipalKind::ServiceAccount) => Level::High,
        (true, _) => Level::Medium,
        (false, _) => Level::Low,
    }
}
