//! Allow policies of many resources from Cloud Asset Inventory.
//!
//! Two shapes: what `gcloud asset search-all-iam-policies --scope=… --format=json` prints
//! (<https://cloud.google.com/asset-inventory/docs/reference/rest/v1/TopLevel/searchAllIamPolicies>) and what
//! `gcloud asset list|export --content-type=iam-policy` writes, as an array or one document per line
//! (<https://cloud.google.com/asset-inventory/docs/reference/rest/v1/Asset>). A search names the project of a resource
//! by its number; rows of projects tell which id that is, so they are loaded first. Rows of `--content-type=resource`
//! tell what exists and where it stands, and of custom roles, buckets, datasets and keys of service accounts what decides
//! about access.

use super::gcp_rows::{first_rows, rows};
use super::{Confidence, Document, Format};
use crate::clouds::gcp::load::{self, Subject};
use crate::clouds::gcp::{numbered, shapes};
use crate::model::Estate;
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpAssetPolicies;

impl Format for GcpAssetPolicies {
    fn id(&self) -> &'static str {
        "gcp-asset-policies"
    }

    fn summary(&self) -> &'static str {
        "allow policies of a whole organization: gcloud asset search-all-iam-policies --scope=organizations/N --format=json"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "policies.json      gcloud asset search-all-iam-policies --scope=organizations/N --format=json",
            "assets.jsonl       gcloud asset export --organization=N --content-type=iam-policy --output-path=gs://B/assets.jsonl",
            "resources.jsonl    gcloud asset export --organization=N --content-type=resource --output-path=gs://B/resources.jsonl",
        ]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let has_policy = |row: &Tree| {
            row.get("resource").is_some() && row.get("policy").is_some()
                || row.get("name").is_some()
                    && (row.get("iamPolicy").is_some() || row.get("iam_policy").is_some())
        };
        let is_own = |row: &Tree| {
            row.get("assetType").or_else(|| row.get("asset_type")).is_some()
                && (has_policy(row) || row.get("name").is_some() && data(row).is_some())
        };
        if first_rows(tree).any(is_own) { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut later = Vec::new();
        for (route, tree) in rows(document.tree, problems) {
            match Row::read(tree, route, problems) {
                Some(row) if row.subject.kind == Some(PROJECT) => row.load(estate, problems),
                row => later.extend(row),
            }
        }
        for row in later {
            row.load(estate, problems);
        }
    }

    fn finish(&self, estate: &mut Estate) {
        numbered::settle(estate);
    }
}

const PROJECT: &str = "cloudresourcemanager.googleapis.com/Project";

struct Row<'t> {
    subject: Subject<'t>,
    content: Content<'t>,
    route: Route,
}

/// What a row holds of its resource.
enum Content<'t> {
    Policy(&'t Tree),
    Data(&'t Tree),
}

/// A search for permissions prints only the bindings that give them, and says so:
/// <https://cloud.google.com/asset-inventory/docs/reference/rest/v1/IamPolicySearchResult>.
fn searched_for(tree: &Tree, problems: &mut Vec<Problem>) {
    let matched = tree.get("explanation").and_then(|told| told.get("matchedPermissions"));
    let Some(matched) = matched.filter(|matched| matched.entries().next().is_some()) else { return };
    let message = "the policy holds only the bindings that a search for permissions found".to_owned();
    let problem = Problem::error("gcp-asset-query", message).at(matched.span);
    problems.push(problem.help("search again without --query: what is not printed is taken to be absent"));
}

/// What an export of resources says of one.
fn data(tree: &Tree) -> Option<&Tree> {
    tree.get("resource")?.get("data").filter(|data| data.as_map().is_some())
}

impl<'t> Row<'t> {
    fn read(tree: &'t Tree, route: Route, problems: &mut Vec<Problem>) -> Option<Self> {
        let first = |keys: &[&str]| {
            keys.iter().find_map(|key| {
                Some((tree.get(key)?, tree.entries().find(|entry| &*entry.key.value == *key)?))
            })
        };
        let name = first(&["resource", "name"]).map(|(name, _)| name);
        let policy = first(&["policy", "iamPolicy", "iam_policy"])
            .map(|(policy, entry)| (Content::Policy(policy), route.key(entry.key.value.clone())));
        let name = if data(tree).is_some() { tree.get("name") } else { name };
        let data = data(tree).map(|data| (Content::Data(data), route.key("resource").key("data")));
        let (Some(place), Some((content, route))) = (name, policy.or(data)) else {
            if tree.get("assetType").is_none() || name.is_none() || tree.get("resource").is_some() {
                let problem =
                    Problem::error("gcp-asset-shape", "a row without the name of a resource and its policy");
                problems.push(problem.at(tree.span).help("export with --content-type=iam-policy"));
            }
            return None;
        };
        let Some(name) = place.as_str() else {
            let message = format!("the name of a resource is {}, expected a string", place.kind_name());
            problems.push(Problem::error("gcp-asset-shape", message).at(place.span));
            return None;
        };
        shapes::check(tree, &shapes::ASSET, problems);
        searched_for(tree, problems);
        let text = |key: &str| tree.get(key).and_then(Tree::as_str);
        let texts = |key: &str| {
            tree.get(key).and_then(Tree::as_list).unwrap_or_default().iter().filter_map(Tree::as_str)
        };
        let mut ancestors: Vec<&str> = texts("ancestors").collect();
        if ancestors.is_empty() {
            ancestors =
                text("project").into_iter().chain(texts("folders")).chain(text("organization")).collect();
        }
        let kind = text("assetType").or_else(|| text("asset_type"));
        Some(Self { subject: Subject { name, span: place.span, kind, ancestors }, content, route })
    }

    fn load(&self, estate: &mut Estate, problems: &mut Vec<Problem>) {
        match self.content {
            Content::Policy(policy) => {
                load::allow_policy(&self.subject, policy, &self.route, estate, problems)
            }
            Content::Data(data) => match self.subject.kind {
                Some("storage.googleapis.com/Bucket") => {
                    super::gcp_settings::settings(&self.subject, data, &self.route, estate, problems);
                }
                Some("iam.googleapis.com/ServiceAccount") => {
                    numbered::account(&self.subject, data, &self.route, estate, problems);
                }
                Some("iam.googleapis.com/ServiceAccountKey") => {
                    let named = Some(self.subject.name);
                    super::gcp_account_keys::key(data, named, &self.route, estate, problems);
                }
                Some("iam.googleapis.com/Role") => load::custom_role(data, &self.route, estate, problems),
                Some("bigquery.googleapis.com/Dataset") => load::dataset(data, &self.route, estate, problems),
                _ => load::known(&self.subject, &self.route, estate),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clouds::gcp::names::{CLOUD, chain, placement};
    use crate::text::{Files, json};

    fn load(text: &str) -> (Estate, Vec<Problem>) {
        let mut files = Files::default();
        let file = files.add("assets.json", text);
        let (mut estate, mut problems) = (Estate::default(), Vec::new());
        let tree = json::parse(file, text, &mut problems).unwrap();
        assert_eq!(GcpAssetPolicies.detects(&tree), Confidence::Certain);
        GcpAssetPolicies.load(
            &Document { file, path: "assets.json", tree: &tree },
            &mut estate,
            &mut problems,
        );
        (estate, problems)
    }

    #[test]
    fn a_search_links_buckets_to_projects_and_numbers_to_ids() {
        let (estate, problems) = load(
            r#"[{"resource":"//storage.googleapis.com/b","assetType":"storage.googleapis.com/Bucket","project":"projects/77",
                 "folders":["folders/2"],"organization":"organizations/1","policy":{"bindings":[]}},
                {"resource":"//cloudresourcemanager.googleapis.com/projects/p","assetType":"cloudresourcemanager.googleapis.com/Project",
                 "project":"projects/77","folders":["folders/2"],"organization":"organizations/1",
                 "policy":{"bindings":[{"role":"roles/viewer","members":["user:a@x.org"]}]}}]"#,
        );
        assert_eq!(problems, []);
        let scope = estate.find_scope(CLOUD, "projects/p").unwrap();
        assert_eq!(estate.find_scope(CLOUD, "projects/77"), Some(scope));
        assert_eq!(chain(&estate, scope), "organizations/1/folders/2/projects/p");
        assert_eq!(
            placement(&estate, "//storage.googleapis.com/projects/_/buckets/b/objects/o"),
            Some(scope)
        );
        assert_eq!(placement(&estate, "//compute.googleapis.com/projects/77/zones/z"), Some(scope));
    }

    #[test]
    fn an_export_of_resources_tells_what_exists() {
        let (estate, problems) = load(
            r#"[{"name":"//storage.googleapis.com/b","assetType":"storage.googleapis.com/Bucket","ancestors":["projects/77","organizations/1"],
                 "resource":{"version":"v1","data":{"name":"b","iamConfiguration":{"publicAccessPrevention":"enforced"}}}},
                {"name":"//iam.googleapis.com/projects/p/roles/r","assetType":"iam.googleapis.com/Role","ancestors":["projects/77"],
                 "resource":{"data":{"name":"projects/p/roles/r","includedPermissions":["storage.objects.get"]}}},
                {"name":"//compute.googleapis.com/projects/p/zones/z/instances/i","assetType":"compute.googleapis.com/Instance",
                 "ancestors":["projects/77"],"resource":{"data":{}}}, {"assetType":"x","resource":{"data":{}}}]"#,
        );
        assert_eq!(problems.len(), 1);
        // A setting, a role, and that a project has nothing above it in its own row.
        assert_eq!(estate.attachments().len(), 3);
        assert!(estate.find_resource(CLOUD, "//storage.googleapis.com/projects/_/buckets/b").is_some());
    }

    /// An export names an account by its number, and a policy of it may stand in another file that comes first.
    #[test]
    fn accounts_are_known_by_number_and_by_address() {
        let row = |what: &str, kind: &str, content: &str| {
            format!(
                r#"{{"name":"//iam.googleapis.com/projects/p/serviceAccounts/{what}","assetType":"iam.googleapis.com/{kind}","ancestors":["projects/77"],{content}}}"#
            )
        };
        let policy = r#""iamPolicy":{"bindings":[{"role":"roles/iam.serviceAccountUser","members":["user:a@x.org"]}]}"#;
        let key = r#""resource":{"data":{"name":"projects/p/serviceAccounts/104/keys/k","keyType":"USER_MANAGED"}}"#;
        let account = r#""resource":{"data":{"name":"projects/p/serviceAccounts/s@p.iam.gserviceaccount.com","email":"s@p.iam.gserviceaccount.com","uniqueId":"104"}}"#;
        let rows = [
            row("104", "ServiceAccount", policy),
            row("104/keys/k", "ServiceAccountKey", key),
            row("104", "ServiceAccount", account),
            row("999", "ServiceAccount", policy),
        ];
        let (mut estate, problems) = load(&format!("[{}]", rows.join(",")));
        assert_eq!(problems, []);
        GcpAssetPolicies.finish(&mut estate);
        let mail = "s@p.iam.gserviceaccount.com";
        let account = estate.find_principal(CLOUD, &format!("serviceAccount:{mail}")).unwrap();
        let resource =
            estate.find_resource(CLOUD, &format!("//iam.googleapis.com/projects/p/serviceAccounts/{mail}"));
        assert_eq!(estate.attached_to(crate::model::Target::Principal(account)).count(), 1);
        assert_eq!(estate.attached_to(crate::model::Target::Resource(resource.unwrap())).count(), 1);
        assert_eq!(estate.gaps().len(), 1, "whose number is 999 is not known");
    }

    #[test]
    fn an_export_is_read_too() {
        let (estate, problems) = load(
            r#"{"name":"//cloudresourcemanager.googleapis.com/folders/2","assetType":"cloudresourcemanager.googleapis.com/Folder",
                "iamPolicy":{"bindings":[{"role":"roles/viewer","members":["group:g@x.org"]}]},"ancestors":["folders/2","organizations/1"]}"#,
        );
        assert_eq!(problems, []);
        let scope = estate.find_scope(CLOUD, "folders/2").unwrap();
        assert_eq!(chain(&estate, scope), "organizations/1/folders/2");
        assert_eq!(estate.policies().count(), 1);
    }
}
