//! Principal access boundary policies and their bindings, as
//! `gcloud iam principal-access-boundary-policies list --organization=N --location=global --format=json` and
//! `gcloud iam policy-bindings list --organization=N --location=global --format=json` print them.

use super::gcp_rows::{first_rows, is_empty_list, named_by, rows};
use super::{Confidence, Document, Format};
use crate::clouds::gcp::load;
use crate::clouds::gcp::unlisted::{self, Kind};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpBoundaries;

impl Format for GcpBoundaries {
    fn id(&self) -> &'static str {
        "gcp-boundaries"
    }

    fn summary(&self) -> &'static str {
        "principal access boundary policies and their bindings: gcloud iam principal-access-boundary-policies list, gcloud iam policy-bindings list"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "boundaries.json           gcloud iam principal-access-boundary-policies list --organization=N --location=global --format=json",
            "boundary-bindings.json    gcloud iam policy-bindings list --organization=N --location=global --format=json",
        ]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let parts = ["/principalAccessBoundaryPolicies/", "/policyBindings/"];
        let is_own = |row: &Tree| {
            let name = row.get("name").and_then(Tree::as_str).unwrap_or_default();
            parts.iter().any(|part| name.contains(part))
        };
        if first_rows(tree).any(is_own) { Confidence::Certain } else { Confidence::No }
    }

    /// An empty answer is told by the name of its file alone.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let is_empty = named_by(path, &["boundaries", "boundary-bindings"]) && is_empty_answer(tree);
        if is_empty { Confidence::Certain } else { self.detects(tree) }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        if is_empty_answer(document.tree) {
            return unlisted::listed(estate, Kind::Boundary);
        }
        for (route, row) in rows(document.tree, problems) {
            load::boundary(row, &route, estate, problems);
        }
    }
}

/// Whether there are no policies, or no bindings of them.
fn is_empty_answer(tree: &Tree) -> bool {
    ["principalAccessBoundaryPolicies", "policyBindings"].iter().any(|key| is_empty_list(tree, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Files, json};

    #[test]
    fn policies_and_bindings_are_read_and_the_rest_is_located() {
        let text = r#"[
          {"name":"organizations/1/locations/global/principalAccessBoundaryPolicies/b","details":{"rules":[
            {"resources":["//cloudresourcemanager.googleapis.com/projects/p","nonsense"],"effect":"ALLOW"}],"enforcementVersion":"2"}},
          {"name":"organizations/1/locations/global/policyBindings/x","policyKind":"PRINCIPAL_ACCESS_BOUNDARY",
           "target":{"principalSet":"//cloudresourcemanager.googleapis.com/organizations/1"},
           "policy":"organizations/1/locations/global/principalAccessBoundaryPolicies/b"},
          {"name":"organizations/1/locations/global/policyBindings/y","policyKind":"ACCESS","policy":"a"},
          {"name":"organizations/1/locations/global/principalAccessBoundaryPolicies/c"},
          {"name":"organizations/1/locations/global/principalAccessBoundaryPolicies/d","details":{"enforcementVersion":"99"}},
          {"name":"nobody/policyBindings/z","target":{"principalSet":"x"},"policy":"y"}, 5]"#;
        let mut files = Files::default();
        let file = files.add("pab.json", text);
        let (mut estate, mut problems) = (Estate::default(), Vec::new());
        let tree = json::parse(file, text, &mut problems).unwrap();
        assert_eq!(GcpBoundaries.detects(&tree), Confidence::Certain);
        GcpBoundaries.load(&Document { file, path: "pab.json", tree: &tree }, &mut estate, &mut problems);
        assert_eq!(estate.attachments().len(), 3);
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(
            codes,
            [
                "gcp-boundary-resource",
                "gcp-access-target",
                "gcp-policy-shape",
                "gcp-boundary-version",
                "gcp-boundary-name",
                "gcp-policy-shape"
            ]
        );
        assert!(problems.iter().all(|problem| problem.span.is_some()));
    }
}
