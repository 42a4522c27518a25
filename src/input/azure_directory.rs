//! Users, groups, service principals, applications, and the members of groups, as `az ad` prints them
//! (<https://learn.microsoft.com/cli/azure/ad>). A list of members does not name its group: the file does,
//! `group-NAME.members.json`.

use super::load::stem;
use super::{Confidence, Document, Format, azure_directory_roles};
use crate::clouds::azure::load::{Loader, Row, is_application, some_row};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct AzureDirectory;

impl Format for AzureDirectory {
    fn id(&self) -> &'static str {
        "azure-directory"
    }

    fn summary(&self) -> &'static str {
        "users, groups, service principals, applications: az ad user list; az ad group list; az ad sp list --all; az ad app list --all"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "az ad user list > users.json",
            "az ad group list > groups.json",
            "az ad sp list --all > service-principals.json",
            "az ad app list --all > applications.json",
            "az ad group member list --group NAME > group-NAME.members.json",
        ]
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let fits = |row: &Row<'_>| {
            let kind = row.text(&["@odata.type"]).unwrap_or_default();
            let marks =
                ["userPrincipalName", "servicePrincipalType", "servicePrincipalNames", "securityEnabled"];
            is_application(row)
                || row.text(&["id", "objectId"]).is_some()
                    && (kind.starts_with("#microsoft.graph.") || row.field(&marks).is_some())
        };
        if some_row(tree, fits) { Confidence::Certain } else { Confidence::No }
    }

    /// A group without members is told by the name of its file alone.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        if azure_directory_roles::is_named(path) {
            return Confidence::No;
        }
        let is_empty = tree.as_list().is_some_and(<[Tree]>::is_empty);
        if group(path).is_some() && is_empty { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        // A group with an address is one of Google Cloud.
        group(path).is_some_and(|group| !group.contains('@'))
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load_all(&[*document], estate, problems);
    }

    /// Applications and members name what the lists describe, so they come last.
    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut loader = Loader::new(estate, problems);
        let lists = documents.iter().filter(|document| group(document.path).is_none());
        let (applications, others): (Vec<&Document<'_>>, Vec<_>) =
            lists.partition(|document| some_row(document.tree, is_application));
        for document in others {
            loader.directory(document.tree);
        }
        for document in applications {
            loader.applications(document.tree);
        }
        for document in documents {
            if let Some(group) = group(document.path) {
                loader.group_members(group, document.tree);
            }
        }
    }
}

/// The group that a file of members is about.
fn group(path: &str) -> Option<&str> {
    let name = stem(path)?.strip_prefix("group-")?.strip_suffix(".members")?;
    (!name.is_empty()).then_some(name)
}
