//! Allow policies as `gcloud … get-iam-policy --format=json` prints them.
//!
//! Such a document does not say what it belongs to. Its file name does, by convention, or a wrapper around it:
//!
//! - `project-P.iam.json`, `folder-N.iam.json`, `organization-N.iam.json`, `bucket-B.iam.json`,
//!   `service-account-MAIL.iam.json` (also `.json` without `.iam`)
//! - `{"resource": "//cloudresourcemanager.googleapis.com/projects/P", "ancestors": ["projects/P", "folders/2",
//!   "organizations/1"], "policy": {…}}`; `ancestors` may be left out
//! - policies of Cloud Storage say their `resourceId` themselves
//!
//! A file may hold an array of wrappers. Several bare policies in one file are not read.

use super::load::stem;
use super::{Confidence, Document, Format};
use crate::clouds::gcp::load::{self, Subject};
use crate::clouds::gcp::{names, shapes};
use crate::model::Estate;
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpIamPolicy;

impl Format for GcpIamPolicy {
    fn id(&self) -> &'static str {
        "gcp-iam-policy"
    }

    fn summary(&self) -> &'static str {
        "an allow policy: gcloud projects get-iam-policy P --format=json > project-P.iam.json"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "project-P.iam.json              gcloud projects get-iam-policy P --format=json",
            "folder-N.iam.json               gcloud resource-manager folders get-iam-policy N --format=json",
            "organization-N.iam.json         gcloud organizations get-iam-policy N --format=json",
            "bucket-B.iam.json               gcloud storage buckets get-iam-policy gs://B --format=json",
            "service-account-MAIL.iam.json   gcloud iam service-accounts get-iam-policy MAIL --format=json",
        ]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        match tree.as_list() {
            Some([first, ..]) if is_wrapper(first) => Confidence::Certain,
            Some(_) => Confidence::No,
            None if is_wrapper(tree) => Confidence::Certain,
            None => bare(tree),
        }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        let tree = document.tree;
        if let Some(items) = tree.as_list() {
            for (index, item) in items.iter().enumerate() {
                wrapper(item, &Route::root().index(index), estate, problems);
            }
        } else if is_wrapper(tree) {
            wrapper(tree, &Route::root(), estate, problems);
        } else if let Some(name) = told(tree).or_else(|| owner(document.path)) {
            let subject = Subject { name: &name, span: tree.span, kind: None, ancestors: Vec::new() };
            load::allow_policy(&subject, tree, &Route::root(), estate, problems);
        } else {
            let message =
                format!("`{}` is an allow policy that does not say what it is set on", document.path);
            problems.push(Problem::error("gcp-policy-of-what", message).at(tree.span).help(
                "name the file `project-ID.iam.json`, `folder-N.iam.json`, `organization-N.iam.json`, \
                 `bucket-NAME.iam.json` or `service-account-MAIL.iam.json`, or wrap the policy as \
                 {\"resource\": \"//cloudresourcemanager.googleapis.com/projects/ID\", \"policy\": {…}}",
            ));
        }
    }
}

fn is_wrapper(tree: &Tree) -> bool {
    let is_name = |name: &Tree| name.as_str().is_some_and(|name| name.starts_with("//"));
    tree.get("resource").is_some_and(is_name)
        && tree.get("policy").is_some_and(|policy| policy.as_map().is_some())
        && tree.get("assetType").is_none()
}

/// A policy has bindings of roles, or is empty but for its `etag` and `version`.
fn bare(tree: &Tree) -> Confidence {
    let has_role = |binding: &Tree| binding.get("role").is_some() && binding.get("members").is_some();
    match tree.get("bindings") {
        Some(bindings) => match bindings.as_list() {
            Some([first, ..]) if has_role(first) && tree.get("etag").is_some() => Confidence::Certain,
            Some([first, ..]) if has_role(first) => Confidence::Likely,
            Some([]) => Confidence::Likely,
            // What is wrong with it is said when it is read.
            _ if tree.get("etag").is_some() => Confidence::Likely,
            _ => Confidence::No,
        },
        None => {
            let only = tree
                .entries()
                .all(|entry| ["etag", "version", "kind", "resourceId"].contains(&&*entry.key.value));
            if only && tree.get("etag").is_some() { Confidence::Likely } else { Confidence::No }
        }
    }
}

fn wrapper(tree: &Tree, route: &Route, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let (Some(resource), Some(policy)) = (tree.get("resource"), tree.get("policy")) else {
        let problem = Problem::error("gcp-policy-shape", "an element without `resource` and `policy`");
        problems.push(problem.at(tree.span).help("give every element both, or leave it out"));
        return;
    };
    let Some(name) = resource.as_str() else {
        let message = format!("`resource` is {}, expected a full resource name", resource.kind_name());
        problems.push(Problem::error("gcp-policy-shape", message).at(resource.span));
        return;
    };
    shapes::check(tree, &shapes::WRAPPER, problems);
    let ancestors = tree.get("ancestors").and_then(Tree::as_list).unwrap_or_default();
    let ancestors = ancestors.iter().filter_map(Tree::as_str).collect();
    let subject = Subject { name, span: resource.span, kind: None, ancestors };
    load::allow_policy(&subject, policy, &route.key("policy"), estate, problems);
}

/// The bucket that a policy of Cloud Storage names itself:
/// <https://cloud.google.com/storage/docs/json_api/v1/buckets/getIamPolicy>.
fn told(tree: &Tree) -> Option<String> {
    let name = format!("//storage.googleapis.com/{}", tree.get("resourceId")?.as_str()?);
    names::bucket(&name).is_some().then_some(name)
}

/// The resource that a file name tells.
fn owner(path: &str) -> Option<String> {
    let stem = stem(path)?;
    let stem = stem.strip_suffix(".iam").unwrap_or(stem);
    let scope = |kind: &str, id: &str| names::scope_resource(&format!("{kind}/{id}"));
    let (kind, id) = stem
        .strip_prefix("service-account-")
        .map_or_else(|| stem.split_once('-'), |id| Some(("mail", id)))?;
    let name = match kind {
        "project" => scope("projects", id),
        "folder" => scope("folders", id),
        "organization" => scope("organizations", id),
        "bucket" => format!("{}{id}", names::BUCKETS),
        "mail" => names::service_account(id)?,
        _ => return None,
    };
    let tells = names::scope_of(&name).is_some() || names::bucket(&name).is_some() || kind == "mail";
    (tells && !id.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;
    use crate::text::{Files, json};

    fn load(path: &str, text: &str) -> (Estate, Vec<Problem>, Confidence) {
        let mut files = Files::default();
        let file = files.add(path, text);
        let (mut estate, mut problems) = (Estate::default(), Vec::new());
        let tree = json::parse(file, text, &mut problems).unwrap();
        GcpIamPolicy.load(&Document { file, path, tree: &tree }, &mut estate, &mut problems);
        (estate, problems, GcpIamPolicy.detects(&tree))
    }

    const POLICY: &str =
        r#"{"bindings":[{"role":"roles/viewer","members":["user:a@x.org"]}],"etag":"x","version":1}"#;

    #[test]
    fn file_names_tell_what_a_policy_is_set_on() {
        assert_eq!(
            owner("a/project-my-app.iam.json").as_deref(),
            Some("//cloudresourcemanager.googleapis.com/projects/my-app")
        );
        assert_eq!(
            owner("bucket-b.c.json").as_deref(),
            Some("//storage.googleapis.com/projects/_/buckets/b.c")
        );
        assert_eq!(
            owner("folder-12.iam.json").as_deref(),
            Some("//cloudresourcemanager.googleapis.com/folders/12")
        );
        assert_eq!(
            owner("service-account-a@p.iam.gserviceaccount.com.iam.json").as_deref(),
            Some("//iam.googleapis.com/projects/p/serviceAccounts/a@p.iam.gserviceaccount.com")
        );
        for path in ["policy.json", "project-.json", "x.txt", "my-project.iam.json", "-"] {
            assert_eq!(owner(path), None, "{path}");
        }
    }

    #[test]
    fn a_policy_goes_onto_its_project() {
        let (estate, problems, confidence) = load("project-p.iam.json", POLICY);
        assert_eq!((problems, confidence), (Vec::new(), Confidence::Certain));
        let scope = estate.find_scope(names::CLOUD, "projects/p").unwrap();
        let attached: Vec<_> = estate.attached_to(Target::Scope(scope)).collect();
        assert_eq!(attached.len(), 1);
        assert_eq!(attached[0].origin.route.to_string(), "bindings[0]");
    }

    #[test]
    fn a_nameless_policy_is_a_problem_with_a_remedy() {
        let (estate, problems, _) = load("policy.json", POLICY);
        assert!(estate.is_empty());
        assert_eq!(problems.len(), 1);
        assert!(problems[0].span.is_some() && problems[0].help.is_some());
    }

    #[test]
    fn wrong_shapes_are_reported_and_the_rest_is_read() {
        let text = r#"{"bindings":[7,{"role":1},{"role":"roles/viewer","members":["user:a@x.org",5]},
            {"role":"roles/owner","members":["user:b@x.org"],"condition":{"title":"t"}}],"etag":"x"}"#;
        let (estate, problems, _) = load("project-p.iam.json", text);
        assert_eq!(problems.len(), 4);
        assert_eq!(estate.policies().count(), 1, "a binding whose condition is lost must not grant");
    }

    #[test]
    fn wrappers_tell_the_hierarchy() {
        let text = format!(
            r#"{{"resource":"//cloudresourcemanager.googleapis.com/projects/p","ancestors":["projects/p","folders/2","organizations/1"],"policy":{POLICY}}}"#
        );
        let (estate, problems, _) = load("x.json", &text);
        assert_eq!(problems, []);
        let scope = estate.find_scope(names::CLOUD, "projects/p").unwrap();
        assert_eq!(names::chain(&estate, scope), "organizations/1/folders/2/projects/p");
    }
}
