//! Assignments of the roles of Microsoft Entra ID
//! (<https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments>). Only Global Administrator counts so far.

use super::{Confidence, Document, Format};
use crate::clouds::azure::load::{Loader, Row, rows};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct AzureDirectoryRoles;

impl Format for AzureDirectoryRoles {
    fn id(&self) -> &'static str {
        "azure-directory-roles"
    }

    fn summary(&self) -> &'static str {
        "roles of the directory: az rest --url https://graph.microsoft.com/v1.0/roleManagement/directory/roleAssignments"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "az rest --url https://graph.microsoft.com/v1.0/roleManagement/directory/roleAssignments > directory-roles.json",
        ]
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let fits = |row: &Row<'_>| {
            row.field(&["directoryScopeId"]).is_some() && row.field(&["principalId"]).is_some()
        };
        match rows(tree).first() {
            Some(row) if fits(row) => Confidence::Certain,
            _ => Confidence::No,
        }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        Loader::new(estate, problems).directory_roles(document.tree);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut loader = Loader::new(estate, problems);
        for document in documents {
            loader.directory_roles(document.tree);
        }
    }
}
