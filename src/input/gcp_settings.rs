//! What else decides about public access, and what exists: buckets, service accounts, and the organization policy on
//! public access prevention.
//!
//! - `gcloud storage buckets list --project=P --format=json` (also with `--raw`)
//! - `gcloud iam service-accounts list --project=P --format=json`
//! - `gcloud org-policies describe storage.publicAccessPrevention --project=P --format=json`

use super::gcp_rows::{first_rows, rows};
use super::{Confidence, Document, Format};
use crate::clouds::gcp::load::{self, Subject};
use crate::clouds::gcp::{names, numbered, shapes};
use crate::model::{Estate, Gap, GapKind, Origin};
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpSettings;

/// What a document lists.
#[derive(Clone, Copy, PartialEq)]
enum Listed {
    Bucket,
    ServiceAccount,
    OrganizationPolicy,
}

const CONSTRAINT: &str = "/policies/storage.publicAccessPrevention";

impl Format for GcpSettings {
    fn id(&self) -> &'static str {
        "gcp-settings"
    }

    fn summary(&self) -> &'static str {
        "buckets, service accounts, public access prevention: gcloud storage buckets list, gcloud iam service-accounts list, gcloud org-policies describe"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "buckets.json             gcloud storage buckets list --project=P --format=json",
            "service-accounts.json    gcloud iam service-accounts list --project=P --format=json",
            "public-access.json       gcloud org-policies describe storage.publicAccessPrevention --project=P --format=json",
        ]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        if first_rows(tree).any(|row| listed(row).is_some()) { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        for (route, row) in rows(document.tree, problems) {
            self::row(row, &route, estate, problems);
        }
    }
}

fn text<'t>(tree: &'t Tree, key: &str) -> Option<&'t str> {
    tree.get(key)?.as_str()
}

fn listed(tree: &Tree) -> Option<Listed> {
    let name = text(tree, "name").unwrap_or_default();
    if text(tree, "storage_url").is_some_and(|url| url.starts_with("gs://"))
        || text(tree, "kind") == Some("storage#bucket")
    {
        Some(Listed::Bucket)
    } else if name.contains("/serviceAccounts/") && tree.get("email").is_some() {
        Some(Listed::ServiceAccount)
    } else if name.ends_with(CONSTRAINT) {
        Some(Listed::OrganizationPolicy)
    } else {
        None
    }
}

fn row(tree: &Tree, route: &Route, estate: &mut Estate, problems: &mut Vec<Problem>) {
    match listed(tree) {
        Some(Listed::Bucket) => bucket(tree, route, estate, problems),
        Some(Listed::ServiceAccount) => {
            let name = format!("//iam.googleapis.com/{}", text(tree, "name").unwrap_or_default());
            numbered::account(&subject(&name, tree), tree, route, estate, problems);
        }
        Some(Listed::OrganizationPolicy) => organization_policy(tree, route, estate, problems),
        None => {
            let problem = Problem::error(
                "gcp-settings-shape",
                "neither a bucket, a service account nor an organization policy",
            );
            problems.push(problem.at(tree.span).help("export the list again with --format=json"));
        }
    }
}

fn subject<'a>(name: &'a str, tree: &Tree) -> Subject<'a> {
    Subject { name, span: tree.span, kind: None, ancestors: Vec::new() }
}

fn bucket(tree: &Tree, route: &Route, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let Some(name) = text(tree, "name").filter(|name| !name.is_empty()) else {
        problems.push(Problem::error("gcp-settings-shape", "a bucket without a name").at(tree.span));
        return;
    };
    settings(&subject(&format!("gs://{name}"), tree), tree, route, estate, problems);
}

/// Takes note of a bucket and its settings, in the words of the API or of `gcloud storage`.
pub(super) fn settings(
    subject: &Subject<'_>,
    tree: &Tree,
    route: &Route,
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
) {
    shapes::check(tree, &shapes::BUCKET, problems);
    load::known(subject, route, estate);
    let configuration = tree.get("iamConfiguration");
    let prevention = configuration
        .and_then(|raw| text(raw, "publicAccessPrevention"))
        .or_else(|| text(tree, "public_access_prevention"));
    if prevention == Some("enforced") {
        load::prevention(subject, true, route, estate);
    }
    let uniform = configuration
        .and_then(|raw| raw.get("uniformBucketLevelAccess")?.get("enabled")?.as_bool())
        .or_else(|| tree.get("uniform_bucket_level_access")?.as_bool());
    if uniform == Some(false) {
        let name = names::full_name(subject.name);
        estate.add_gap(Gap {
            kind: GapKind::MissingPolicy,
            message: format!(
                "`{name}` has access control lists beside its policy, which are not read; they may give more"
            ),
            origin: Some(Origin {
                span: Some(subject.span),
                route: route.clone(),
                what: format!("bucket `{name}`"),
            }),
        });
    }
}

fn organization_policy(tree: &Tree, route: &Route, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let owner = text(tree, "name").and_then(|name| name.strip_suffix(CONSTRAINT)).unwrap_or_default();
    let rules = tree.get("spec").and_then(|spec| spec.get("rules")).and_then(Tree::as_list);
    let name = names::scope_resource(owner);
    match rules {
        Some([rule])
            if rule.get("condition").is_none() && rule.get("enforce").and_then(Tree::as_bool).is_some() =>
        {
            let enforced = rule.get("enforce").and_then(Tree::as_bool) == Some(true);
            load::prevention(&subject(&name, tree), enforced, route, estate);
        }
        _ => {
            let message =
                "an organization policy that is not one rule with `enforce` and without a condition";
            let problem = Problem::warning("gcp-organization-policy", message).at(tree.span);
            problems.push(problem.help("it was left out: public access is not taken to be prevented by it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Files, json};

    #[test]
    fn settings_are_read_in_both_wordings() {
        let text = r#"[
          {"storage_url":"gs://a/","name":"a","public_access_prevention":"enforced","uniform_bucket_level_access":true},
          {"kind":"storage#bucket","name":"b","iamConfiguration":{"publicAccessPrevention":"inherited","uniformBucketLevelAccess":{"enabled":false}}},
          {"name":"projects/p/serviceAccounts/s@p.iam.gserviceaccount.com","email":"s@p.iam.gserviceaccount.com"},
          {"name":"projects/p/policies/storage.publicAccessPrevention","spec":{"rules":[{"enforce":true}]}},
          {"name":"projects/p/policies/storage.publicAccessPrevention","spec":{"rules":[{"enforce":true,"condition":{}}]}}, {}]"#;
        let mut files = Files::default();
        let file = files.add("s.json", text);
        let (mut estate, mut problems) = (Estate::default(), Vec::new());
        let tree = json::parse(file, text, &mut problems).unwrap();
        assert_eq!(GcpSettings.detects(&tree), Confidence::Certain);
        GcpSettings.load(&Document { file, path: "s.json", tree: &tree }, &mut estate, &mut problems);
        assert_eq!(estate.attachments().len(), 2);
        assert_eq!(estate.gaps().len(), 1);
        assert!(estate.find_principal(names::CLOUD, "serviceAccount:s@p.iam.gserviceaccount.com").is_some());
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["gcp-organization-policy", "gcp-settings-shape"]);
    }
}
