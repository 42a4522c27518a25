//! The rule `guest-with-privileges`.

use std::collections::BTreeSet;

use super::in_effect::{self, InEffect};
use super::rule::rule;
use super::{Context, Finding, Intent, Meta, Rule};
use crate::clouds;
use crate::clouds::HeldRole;
use crate::evaluator::Bug;
use crate::model::{Estate, Principal, PrincipalId};

rule! {
    /// ## What it does
    ///
    /// Reports guests, users whose account belongs to another organization, for whom a role is in effect which spans all
    /// services and changes things, such as Owner, Contributor or User Access Administrator: they hold it themselves, or
    /// by a group that they are in, also through other groups. A role of which deny assignments leave nothing is not
    /// reported.
    ///
    /// ## Why it matters
    ///
    /// Another organization decides how such an account is protected, whether a second factor is asked for, and whether
    /// it is closed when its owner leaves. A group is easily forgotten to have guests.
    ///
    /// ## What to do
    ///
    /// Take the guest out of the group, or give it a narrow role at a narrow scope. Where it has to administer, let it
    /// activate the role for a while instead of holding it.
    ///
    /// ## References
    ///
    /// - <https://learn.microsoft.com/azure/role-based-access-control/role-assignments-external-users>
    /// - <https://learn.microsoft.com/azure/security/fundamentals/identity-management-best-practices>
    GuestWithPrivileges,
    "guest-with-privileges",
    High,
    "a guest holds a role that spans all services"
}

impl Rule for GuestWithPrivileges {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        let estate = context.estate;
        for (id, principal) in estate.principals() {
            let Some(cloud) = clouds::cloud(principal.cloud) else { continue };
            let Some(roles) = cloud.roles().filter(|_| cloud.is_guest(principal)) else { continue };
            for holder in with_groups(estate, id) {
                let held = roles.held(estate, holder).into_iter();
                let broad =
                    held.filter(|held| roles.is_basic(&held.at.role) && roles.changes_things(&held.at.role));
                for held in broad {
                    if let Some(found) = in_effect::for_one(context, id, &held)? {
                        sink.extend(finding(estate, principal, holder, &held, &found));
                    }
                }
            }
        }
        Ok(())
    }
}

/// A principal and all groups that it is in.
fn with_groups(estate: &Estate, principal: PrincipalId) -> BTreeSet<PrincipalId> {
    let (mut found, mut open) = (BTreeSet::from([principal]), vec![principal]);
    while let Some(member) = open.pop() {
        open.extend(estate.groups_of(member).map(|one| one.group).filter(|group| found.insert(*group)));
    }
    found
}

fn finding(
    estate: &Estate,
    principal: &Principal,
    holder: PrincipalId,
    held: &HeldRole,
    found: &InEffect,
) -> Option<Finding> {
    let (role, place) = (&held.at.role, &held.at.place);
    let (guest, limits) = (found.who, found.limits());
    let by = match holder == guest {
        true => String::new(),
        false => format!(" by `{}`", estate.principal(holder)?.name),
    };
    let meta = &GuestWithPrivileges::META;
    Some(Finding {
        rule: meta.id,
        cloud: principal.cloud,
        level: meta.level,
        certainty: found.certainty(),
        message: format!("the guest `{}` holds `{role}` on `{place}`{by}{limits}", principal.name),
        primary: held.origin.clone(),
        related: found.related(),
        witness: found.witness(),
        hops: Vec::new(),
        advice: "take it out of the group or give it a narrow role at a narrow scope; let guests activate what they \
                 need to administer"
            .to_owned(),
        intent: Intent::of(guest),
        fingerprint: Finding::fingerprint_of(meta.id, principal.cloud, &[&principal.name, role, place, &by]),
    })
}
