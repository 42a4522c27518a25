//! Role definitions: `az role definition list`, the REST interface, or `Get-AzRoleDefinition`
//! (<https://learn.microsoft.com/azure/role-based-access-control/role-definitions-list>).

use super::{Confidence, Document, Format, azure_names};
use crate::clouds::azure::load::{Loader, Row, some_row};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct AzureRoleDefinitions;

impl Format for AzureRoleDefinitions {
    fn id(&self) -> &'static str {
        "azure-role-definitions"
    }

    fn summary(&self) -> &'static str {
        "custom roles: az role definition list --custom-role-only"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["az role definition list --custom-role-only > role-definitions.json"]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let fits = |row: &Row<'_>| {
            let has_permissions = row.field(&["permissions"]).is_some_and(|list| list.as_list().is_some())
                || row.field(&["NotDataActions"]).is_some();
            has_permissions && row.field(&["roleName", "isCustom"]).is_some()
        };
        if some_row(tree, fits) { Confidence::Certain } else { Confidence::No }
    }

    /// A list of nothing is told by the name of its file alone.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let is_empty = self.claims(path) && azure_names::is_empty(tree);
        if is_empty { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        azure_names::is_called(path, &["role-definitions"])
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        Loader::new(estate, problems).role_definitions(document.tree);
    }
}
