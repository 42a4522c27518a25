//! Custom roles as `gcloud iam roles describe R --project=P --format=json` prints them, or an array of them. What
//! `gcloud iam roles list` prints lacks the permissions; such roles are not loaded
//! (<https://cloud.google.com/iam/docs/reference/rest/v1/RoleView>). Asset Inventory has all at once.

use super::gcp_rows::{first_rows, rows};
use super::{Confidence, Document, Format};
use crate::clouds::gcp::load;
use crate::model::Estate;
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpRoles;

impl Format for GcpRoles {
    fn id(&self) -> &'static str {
        "gcp-roles"
    }

    fn summary(&self) -> &'static str {
        "custom roles: gcloud iam roles describe R --project=P --format=json"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "role-R.json                  gcloud iam roles describe R --project=P --format=json",
            "role-R.json                  gcloud iam roles describe R --organization=N --format=json",
            "roles.json                   gcloud asset list --organization=N --asset-types=iam.googleapis.com/Role --content-type=resource --format=json",
        ]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        first_rows(tree).map(confidence).max().unwrap_or(Confidence::No)
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        for (route, row) in rows(document.tree, problems) {
            role(row, &route, estate, problems);
        }
    }
}

fn confidence(role: &Tree) -> Confidence {
    let name = role.get("name").and_then(Tree::as_str).unwrap_or_default();
    let is_name = name.starts_with("roles/") || name.contains("/roles/");
    let has = |key: &str| role.get(key).is_some();
    match (is_name, has("includedPermissions") || has("stage")) {
        (true, true) => Confidence::Certain,
        (true, false) if has("title") => Confidence::Likely,
        _ => Confidence::No,
    }
}

fn role(tree: &Tree, route: &Route, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let gone = tree.get("deleted").and_then(Tree::as_bool) == Some(true);
    if tree.as_map().is_some() && tree.get("includedPermissions").is_none() && !gone {
        let name = tree.get("name").and_then(Tree::as_str).unwrap_or_default();
        if !name.starts_with("roles/") {
            let message = format!("the role `{name}` is listed without its permissions");
            let problem = Problem::warning("gcp-role-permissions", message).at(tree.span);
            problems.push(
                problem
                    .help("export it with `gcloud iam roles describe`, or all of them with `gcloud asset list --asset-types=iam.googleapis.com/Role --content-type=resource`"),
            );
        }
        return;
    }
    load::custom_role(tree, route, estate, problems);
}
