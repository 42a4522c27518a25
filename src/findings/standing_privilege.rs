//! The rule `standing-privilege`.

use super::in_effect::{self, InEffect};
use super::rule::rule;
use super::{Context, Finding, Intent, Level, Meta, Rule};
use crate::clouds::{self, HeldRole, Standby};
use crate::evaluator::Bug;
use crate::model::{Principal, PrincipalId};

rule! {
    /// ## What it does
    ///
    /// Reports people and groups that hold a role which spans all services and changes things (Owner, Contributor, User
    /// Access Administrator) all the time, in a tenant that has roles to be activated when they are needed. Who may
    /// activate the very role that it holds anyway is reported one level higher.
    ///
    /// ## Why it matters
    ///
    /// Whoever takes over such an account has its rights at once. A role that has to be activated asks for a second
    /// factor, a reason, or somebody's approval first, and ends by itself. Beside a standing assignment of the same
    /// role, activation protects nothing.
    ///
    /// ## What to do
    ///
    /// Make the assignment eligible, and remove the active one. Keep one or two accounts for emergencies.
    ///
    /// ## What is not reported
    ///
    /// Programs, which cannot activate anything, roles of which denies leave nothing, and tenants in whose files nothing is
    /// eligible.
    ///
    /// ## References
    ///
    /// - <https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-configure>
    /// - <https://learn.microsoft.com/azure/role-based-access-control/best-practices>
    StandingPrivilege,
    "standing-privilege",
    Low,
    "somebody holds a broad role all the time that could be activated when it is needed"
}

impl Rule for StandingPrivilege {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        for (id, principal) in context.estate.principals() {
            let Some(roles) = clouds::cloud(principal.cloud).and_then(|cloud| cloud.roles()) else {
                continue;
            };
            let held = roles.held(context.estate, id).into_iter();
            for held in
                held.filter(|held| roles.is_basic(&held.at.role) && roles.changes_things(&held.at.role))
            {
                match roles.standby(context.estate, id, &held) {
                    Standby::None => {}
                    standby => {
                        let found = in_effect::for_any(context, id, &held)?;
                        sink.extend(found.map(|found| finding(id, principal, &held, &found, standby)));
                    }
                }
            }
        }
        Ok(())
    }
}

fn finding(
    id: PrincipalId,
    principal: &Principal,
    held: &HeldRole,
    found: &InEffect,
    standby: Standby,
) -> Finding {
    let meta = &StandingPrivilege::META;
    let limits = found.limits();
    let (role, place) = (&held.at.role, &held.at.place);
    let (level, beside) = match standby {
        Standby::Same => (Level::Medium, ", which it may activate as well"),
        Standby::Possible | Standby::None => (meta.level, ""),
    };
    Finding {
        rule: meta.id,
        cloud: principal.cloud,
        level,
        certainty: found.certainty(),
        message: format!("`{}` holds `{role}` on `{place}` all the time{beside}{limits}", principal.name),
        primary: held.origin.clone(),
        related: found.related(),
        witness: found.witness(),
        hops: Vec::new(),
        advice:
            "make the assignment eligible and remove the active one; keep one or two accounts for emergencies"
                .to_owned(),
        intent: Intent::of(id),
        fingerprint: Finding::fingerprint_of(meta.id, principal.cloud, &[&principal.name, role, place]),
    }
}
