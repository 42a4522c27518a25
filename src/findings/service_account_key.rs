//! Rule `service-account-key`.

use super::rule::rule;
use super::{Context, Finding, Intent, Level, Meta, Rule};
use crate::clouds::{AccountKey, CLOUDS};
use crate::evaluator::{Bug, Certainty};
use crate::model::CloudId;

rule! {
    /// ## What it does
    ///
    /// Reports keys of service accounts that users have made and that still work: those without an end as medium,
    /// those with one as low. Keys that the provider holds and those that are disabled are passed over. For Azure, these
    /// are the secrets and certificates by which service principals sign in, their own and those of their applications.
    ///
    /// ## Why it matters
    ///
    /// Whoever has a copy of the key is the account, from anywhere, without a second factor, until somebody deletes the
    /// key. Keys end up in repositories, images and mail, and no policy shows who has one.
    ///
    /// ## Example
    ///
    /// ```console
    /// $ gcloud iam service-accounts keys list --iam-account=app@acme.iam.gserviceaccount.com --format=json > keys-of-app.json
    /// $ leastwise scan keys-of-app.json
    /// $ az ad sp list --all > service-principals.json
    /// $ az ad app list --all > applications.json
    /// $ leastwise scan service-principals.json applications.json
    /// ```
    ///
    /// ## What to do
    ///
    /// Let programs in the cloud run as the account, let programs elsewhere prove who they are by workload identity
    /// federation, and let people impersonate the account. Then delete the key and forbid new ones with the
    /// organization policy `iam.disableServiceAccountKeyCreation`. In Azure, let programs run as managed identities or use
    /// federated credentials.
    ///
    /// ## What is not covered
    ///
    /// How old a key is and when it was used last. Only accounts whose lists of keys are among the files are looked at.
    ///
    /// ## References
    ///
    /// - <https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys>
    /// - <https://cloud.google.com/iam/docs/service-account-creds#user-managed-keys>
    /// - <https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration>
    ServiceAccountKey,
    "service-account-key",
    Medium,
    "a service account has a key that works from anywhere"
}

impl Rule for ServiceAccountKey {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        for cloud in CLOUDS {
            let keys = cloud.service_accounts().map(|accounts| accounts.keys(context.estate));
            let found = keys.unwrap_or_default();
            sink.extend(found.into_iter().filter_map(|key| finding(context, cloud.id(), key)));
        }
        Ok(())
    }
}

fn finding(context: &Context<'_>, cloud: CloudId, key: AccountKey) -> Option<Finding> {
    let account = context.estate.principal(key.account)?;
    let (level, until) = match key.until {
        Some(until) => (Level::Low, format!("that works until {until}")),
        None => (Level::Medium, "that never expires".to_owned()),
    };
    Some(Finding {
        rule: ServiceAccountKey::META.id,
        cloud,
        level,
        certainty: Certainty::Proven,
        message: format!("`{}` has the key `{}` {until}", account.name, key.id),
        primary: key.origin,
        related: Vec::new(),
        witness: None,
        hops: Vec::new(),
        advice: "let its programs run as the account or federate their identity, then delete the key"
            .to_owned(),
        intent: Intent::of(key.account),
        fingerprint: Finding::fingerprint_of(ServiceAccountKey::META.id, cloud, &[&account.name, &key.id]),
    })
}
