//! Rule `default-service-account`.

use super::in_effect::{self, InEffect};
use super::rule::rule;
use super::{Context, Finding, Intent, Meta, Rule};
use crate::clouds::{self, HeldRole, RoleAt};
use crate::evaluator::Bug;
use crate::model::{Principal, PrincipalId};

rule! {
    /// ## What it does
    ///
    /// Reports default service accounts, those of Compute Engine and App Engine, for which a basic role (`roles/owner`,
    /// `roles/editor`, `roles/viewer`) is in effect: with all policies, some of it is left.
    ///
    /// ## Why it matters
    ///
    /// A machine, function or build that is not told which account to run as runs as the default one. Whoever may
    /// start one, or gets into one, has what the account has: with `roles/editor` nearly the whole project. Google gives
    /// the default accounts that role by itself unless an organization policy forbids it.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// - role: roles/editor
    ///   members: [serviceAccount:123456789012-compute@developer.gserviceaccount.com]
    /// ```
    ///
    /// ## What to do
    ///
    /// Give each program an account of its own with the roles that it uses, take the basic role from the default account,
    /// and enforce the organization policy `iam.automaticIamGrantsForDefaultServiceAccounts`.
    ///
    /// ## References
    ///
    /// - <https://cloud.google.com/iam/docs/service-account-types#default>
    /// - <https://cloud.google.com/iam/docs/best-practices-service-accounts#default-service-account>
    DefaultServiceAccount,
    "default-service-account",
    High,
    "a default service account holds a basic role: every program without an account of its own has it"
}

impl Rule for DefaultServiceAccount {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        let estate = context.estate;
        for (id, principal) in estate.principals() {
            let Some(cloud) = clouds::cloud(principal.cloud) else { continue };
            let (Some(accounts), Some(roles)) = (cloud.service_accounts(), cloud.roles()) else { continue };
            let Some(service) = accounts.default_of(estate, id) else { continue };
            for held in roles.held(estate, id).into_iter().filter(|held| roles.is_basic(&held.at.role)) {
                let Some(found) = in_effect::for_one(context, id, &held)? else { continue };
                sink.push(finding(id, principal, service, &held, &found));
            }
        }
        Ok(())
    }
}

fn finding(
    id: PrincipalId,
    principal: &Principal,
    service: &str,
    held: &HeldRole,
    found: &InEffect,
) -> Finding {
    let meta = &DefaultServiceAccount::META;
    let RoleAt { role, place } = &held.at;
    let limits = found.limits();
    Finding {
        rule: meta.id,
        cloud: principal.cloud,
        level: meta.level,
        certainty: found.certainty(),
        message: format!(
            "`{}`, the default account of {service}, holds `{role}` on `{place}`{limits}",
            principal.name
        ),
        primary: held.origin.clone(),
        related: found.related(),
        witness: found.witness(),
        hops: Vec::new(),
        advice: "give programs accounts of their own, and take the role from the default account".to_owned(),
        intent: Intent::of(id),
        fingerprint: Finding::fingerprint_of(meta.id, principal.cloud, &[&principal.name, role, place]),
    }
}
