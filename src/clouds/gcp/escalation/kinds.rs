//! The words of Google Cloud in files of escalation steps: targets and hosts.

use crate::clouds::escalation::Lexicon;
use crate::clouds::gcp::names;
use crate::model::{Principal, PrincipalKind};

/// The words.
pub(in crate::clouds::gcp) const LEXICON: Lexicon = Lexicon {
    targets: &[
        "service-account",
        "cloud-build-account",
        "google-apis-account",
        "service-agent",
        "user",
        "federated",
    ],
    hosts: &[
        "compute-instance",
        "run-job",
        "run-service",
        "cloud-function",
        "dataproc-cluster",
        "composer-environment",
    ],
    existing: &["compute-instance", "run-job", "run-service", "cloud-function"],
    states: &[],
};

/// What a kind of hosts is called in a sentence.
pub(super) fn host(word: &str) -> &'static str {
    match word {
        "compute-instance" => "an instance",
        "run-job" => "a Cloud Run job",
        "run-service" => "a Cloud Run service",
        "cloud-function" => "a function",
        "dataproc-cluster" => "a Dataproc cluster",
        "composer-environment" => "a Composer environment",
        _ => "a resource",
    }
}

/// The mail address of a service account.
pub(super) fn mail(principal: &Principal) -> Option<&str> {
    principal.name.strip_prefix("serviceAccount:")
}

/// The word for a principal as a target.
pub(super) fn of(principal: &Principal) -> &'static str {
    let domain = mail(principal).and_then(|mail| mail.split_once('@')).map_or("", |(_, domain)| domain);
    match (principal.kind, domain) {
        (_, CLOUD_BUILD) => "cloud-build-account",
        (_, GOOGLE_APIS) => "google-apis-account",
        (PrincipalKind::ServiceAccount, _) => "service-account",
        (PrincipalKind::Service, _) => "service-agent",
        (PrincipalKind::User, _) => "user",
        (PrincipalKind::External, _) => "federated",
        _ => "",
    }
}

/// The legacy account of Cloud Build: <https://cloud.google.com/build/docs/cloud-build-service-account>.
const CLOUD_BUILD: &str = "cloudbuild.gserviceaccount.com";
/// The account that Deployment Manager acts as: <https://cloud.google.com/iam/docs/service-account-types#google-apis>.
const GOOGLE_APIS: &str = "cloudservices.gserviceaccount.com";

/// The project that the mail address of a service account tells, by id or number, also where the account is one that a
/// service uses by itself.
pub(super) fn project(mail: &str) -> Option<&str> {
    match mail.split_once('@') {
        Some((number, CLOUD_BUILD | GOOGLE_APIS)) => Some(number),
        _ => names::service_account_project(mail),
    }
}
