//! Rule `default-service-account`.

use super::rule::rule;
use super::{Context, Finding, Intent, Meta, Rule};
use crate::clouds;
use crate::evaluator::{Bug, Certainty};

rule! {
    /// ## What it does
    ///
    /// Reports default service accounts, those of Compute Engine and App Engine, that hold a basic role (`roles/owner`,
    /// `roles/editor`, `roles/viewer`).
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
            let held = roles.held(estate, id).into_iter().map(|held| (held.at, held.origin));
            sink.extend(held.filter(|(at, _)| roles.is_basic(&at.role)).map(|(at, origin)| {
                Finding {
                    rule: Self::META.id,
                    cloud: principal.cloud,
                    level: Self::META.level,
                    certainty: Certainty::Proven,
                    message: format!(
                        "`{}`, the default account of {service}, holds `{}` on `{}`",
                        principal.name, at.role, at.place
                    ),
                    primary: origin,
                    related: Vec::new(),
                    witness: None,
                    hops: Vec::new(),
                    advice: "give programs accounts of their own, and take the role from the default account"
                        .to_owned(),
                    intent: Intent { principal: Some(id), policy: None },
                    fingerprint: Finding::fingerprint_of(
                        Self::META.id,
                        principal.cloud,
                        &[&principal.name, &at.role, &at.place],
                    ),
                }
            }));
        }
        Ok(())
    }
}
