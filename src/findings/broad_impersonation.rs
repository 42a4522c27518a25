//! Rule `broad-impersonation`. What an impersonated account administers is `path-to-administrator`'s work.

use super::rule::rule;
use super::{Context, Finding, Intent, Level, Meta, Related, Rule};
use crate::clouds::{CLOUDS, Impersonator};
use crate::evaluator::{Answer, Bug, Outcome};
use crate::logic::Formula;
use crate::model::CloudId;

rule! {
    /// ## What it does
    ///
    /// Reports whoever may act as every service account of a project, folder or organization because a role that lets
    /// one do so is bound there, and not on the accounts themselves. The request that is shown has been decided with
    /// all policies: a deny policy or a boundary that stops it silences the finding. Basic roles, which also let one do
    /// this, are the business of `basic-role`.
    ///
    /// ## Why it matters
    ///
    /// The holder has all that any of the accounts has, of those that will be made in the future, too. On a folder or
    /// an organization this crosses projects, and is reported as high.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// # on the project
    /// - role: roles/iam.serviceAccountUser
    ///   members: [group:developers@acme.example]
    /// ```
    ///
    /// Bind the role on the one account that is needed instead:
    ///
    /// ```console
    /// $ gcloud iam service-accounts add-iam-policy-binding deploy@acme.iam.gserviceaccount.com --member=group:developers@acme.example --role=roles/iam.serviceAccountUser
    /// ```
    ///
    /// ## References
    ///
    /// - <https://cloud.google.com/iam/docs/best-practices-service-accounts#project-folder-grants>
    /// - <https://cloud.google.com/iam/docs/service-account-permissions>
    BroadImpersonation,
    "broad-impersonation",
    Medium,
    "somebody may act as every service account of a project, folder or organization"
}

impl Rule for BroadImpersonation {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        for cloud in CLOUDS {
            let found = cloud.service_accounts().map(|accounts| accounts.impersonators(context.estate));
            for one in found.unwrap_or_default() {
                let answer = context.evaluator.can(&one.question, &Formula::True)?;
                sink.extend(finding(context, cloud.id(), one, answer));
            }
        }
        Ok(())
    }
}

fn finding(context: &Context<'_>, cloud: CloudId, one: Impersonator, answer: Answer) -> Option<Finding> {
    let holder = context.estate.principal(one.holder)?;
    let Impersonator { role, place, accounts, .. } = &one;
    let reach = format!("every service account of `{place}`, {accounts} of them known");
    let (message, witness) = match answer.outcome {
        Outcome::Never => return None,
        Outcome::Undecided => {
            (format!("whether `{}` may act as {reach}, was not decided", holder.name), None)
        }
        Outcome::Sometimes(witness) => {
            (format!("`{}` may act as {reach}, by `{role}`", holder.name), Some(*witness))
        }
    };
    let reasons = witness.iter().flat_map(|witness| &witness.decision.because);
    let others = reasons.map(|reason| &reason.origin).filter(|origin| **origin != one.origin);
    let related = others.map(|origin| Related {
        message: format!("{} also takes part", origin.what),
        origin: origin.clone(),
    });
    Some(Finding {
        rule: BroadImpersonation::META.id,
        cloud,
        level: if one.is_wide { Level::High } else { Level::Medium },
        certainty: answer.certainty,
        message,
        related: related.collect(),
        witness,
        hops: Vec::new(),
        advice: "bind the role on the accounts that are needed instead of the whole scope".to_owned(),
        intent: Intent::of(one.holder),
        fingerprint: Finding::fingerprint_of(
            BroadImpersonation::META.id,
            cloud,
            &[&holder.name, role, place],
        ),
        primary: one.origin,
    })
}
