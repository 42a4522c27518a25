//! Deny policies as `gcloud iam policies get NAME --kind=denypolicies --attachment-point=… --format=json` prints them:
//! one, an array of them, or an object with `policies`. The list of the same command lacks the rules, so it is of use only
//! where it is empty.

use super::gcp_rows::{is_empty_list, named_by};
use super::{Confidence, Document, Format};
use crate::clouds::gcp::load;
use crate::clouds::gcp::unlisted::{self, Kind};
use crate::model::Estate;
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpDenyPolicies;

impl Format for GcpDenyPolicies {
    fn id(&self) -> &'static str {
        "gcp-deny-policies"
    }

    fn summary(&self) -> &'static str {
        "a deny policy: gcloud iam policies get NAME --kind=denypolicies --attachment-point=… --format=json"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "deny-NAME.json    gcloud iam policies get NAME --kind=denypolicies --attachment-point=cloudresourcemanager.googleapis.com/projects/P --format=json",
            "deny-policies.json    gcloud iam policies list --kind=denypolicies --attachment-point=cloudresourcemanager.googleapis.com/projects/P --format=json",
        ]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let first = rows(tree).next().map(|(_, first)| first);
        let name = first.and_then(|one| one.get("name")).and_then(Tree::as_str).unwrap_or_default();
        if name.starts_with("policies/") && name.contains("/denypolicies/") {
            return Confidence::Certain;
        }
        match first.and_then(|one| one.get("rules")).and_then(Tree::as_list) {
            Some([rule, ..]) if rule.get("denyRule").is_some() => Confidence::Likely,
            _ => Confidence::No,
        }
    }

    /// An empty answer is told by the name of its file alone: that nothing is denied is worth knowing.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let is_empty = named_by(path, &["deny-policies"]) && is_empty_list(tree, "policies");
        if is_empty { Confidence::Certain } else { self.detects(tree) }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        if is_empty_list(document.tree, "policies") {
            return unlisted::listed(estate, Kind::Deny);
        }
        for (route, row) in rows(document.tree) {
            load::deny_policy(row, &route, estate, problems);
        }
    }

    fn finish(&self, estate: &mut Estate) {
        unlisted::note(estate);
    }
}

/// The policies of a document with the ways to them.
fn rows(tree: &Tree) -> Box<dyn Iterator<Item = (Route, &Tree)> + '_> {
    let listed = |items: &'_ [Tree], route: Route| -> Vec<(Route, usize)> {
        (0..items.len()).map(|index| (route.index(index), index)).collect()
    };
    let (items, route) = match (tree.as_list(), tree.get("policies").and_then(Tree::as_list)) {
        (Some(items), _) => (items, Route::root()),
        (None, Some(items)) => (items, Route::root().key("policies")),
        (None, None) => return Box::new(std::iter::once((Route::root(), tree))),
    };
    Box::new(listed(items, route).into_iter().filter_map(|(route, index)| Some((route, items.get(index)?))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Files, json};

    fn load(text: &str) -> (Estate, Vec<Problem>, Confidence) {
        let mut files = Files::default();
        let file = files.add("deny.json", text);
        let (mut estate, mut problems) = (Estate::default(), Vec::new());
        let tree = json::parse(file, text, &mut problems).unwrap();
        let document = Document { file, path: "deny.json", tree: &tree };
        GcpDenyPolicies.load(&document, &mut estate, &mut problems);
        (estate, problems, GcpDenyPolicies.detects(&tree))
    }

    const NAME: &str = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies/d";

    #[test]
    fn a_policy_is_one_attachment_a_rule() {
        let (estate, problems, confidence) = load(&format!(
            r#"{{"name":"{NAME}","kind":"DenyPolicy","rules":[
                {{"denyRule":{{"deniedPrincipals":["principalSet://goog/public:all"],"deniedPermissions":["iam.googleapis.com/roles.delete"]}}}},
                {{"denyRule":{{"deniedPrincipals":["principal://goog/subject/A@x.org"],"deniedPermissions":["iam.googleapis.com/*.*"],
                   "exceptionPermissions":["iam.googleapis.com/roles.get"],
                   "denialCondition":{{"title":"t","expression":"resource.matchTag('1/env','prod')"}}}}}}]}}"#
        ));
        assert_eq!((problems, confidence), (Vec::new(), Confidence::Certain));
        assert_eq!(estate.attachments().len(), 2);
        assert_eq!(estate.attachments()[1].origin.route.to_string(), "rules[1]");
    }

    #[test]
    fn what_cannot_be_read_is_located_and_the_rest_goes_on() {
        let (estate, problems, _) = load(&format!(
            r#"[{{"name":"{NAME}","rules":[7,
                {{"denyRule":{{"deniedPrincipals":"all"}}}},
                {{"denyRule":{{"deniedPermissions":["storage.objects.get"]}}}},
                {{"denyRule":{{"deniedPrincipals":["principalSet://goog/public:all"],"deniedPermissions":["iam.googleapis.com/roles.delete"]}}}}]}},
              {{"name":"{NAME}","uid":"list"}}, {{"name":"policies/x/denypolicies/y","rules":[]}}, []]"#
        ));
        assert_eq!(estate.attachments().len(), 1);
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(
            codes,
            [
                "gcp-policy-shape",
                "gcp-policy-shape",
                "gcp-deny-permission",
                "gcp-deny-policy-rules",
                "gcp-deny-policy-name",
                "gcp-policy-shape"
            ]
        );
        assert!(problems.iter().all(|problem| problem.span.is_some()));
    }
}
