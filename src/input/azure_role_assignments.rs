//! Role assignments: `az role assignment list`, flat or as the REST interface has them, or `Get-AzRoleAssignment`
//! (<https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-cli>).

use super::{Confidence, Document, Format, azure_names};
use crate::clouds::azure::load::{Loader, Row, some_row};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct AzureRoleAssignments;

impl Format for AzureRoleAssignments {
    fn id(&self) -> &'static str {
        "azure-role-assignments"
    }

    fn summary(&self) -> &'static str {
        "role assignments: az role assignment list --all --include-inherited"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "az role assignment list --all --include-inherited --subscription S > role-assignments-S.json",
            "az rest --url \"https://management.azure.com/subscriptions/S/providers/Microsoft.Authorization/classicAdministrators?api-version=2015-07-01\" > role-assignments-classic-S.json",
            "az role assignment list --scope /providers/Microsoft.Management/managementGroups/ROOT > role-assignments-root.json",
        ]
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let fits = |row: &Row<'_>| {
            let has_role = row.field(&["roleDefinitionId", "roleDefinitionName"]).is_some();
            let has_place = row.field(&["scope"]).is_some();
            let eligible = named_as(row, "/roleeligibilityschedule")
                || row.field(&["roleEligibilityScheduleId", "memberType"]).is_some();
            let who = row.field(&["principalId", "principalName", "objectId"]).is_some();
            let is_classic = row.field(&["emailAddress"]).is_some()
                && named_as(row, "microsoft.authorization/classicadministrators");
            is_classic
                || has_role && has_place && who && !eligible && row.field(&["directoryScopeId"]).is_none()
        };
        if some_row(tree, fits) { Confidence::Certain } else { Confidence::No }
    }

    /// A list of nothing is told by the name of its file alone.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let is_empty = self.claims(path) && azure_names::is_empty(tree);
        if is_empty { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        azure_names::is_called(path, &["role-assignments"])
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        Loader::new(estate, problems).role_assignments(document.tree);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut loader = Loader::new(estate, problems);
        for document in documents {
            loader.role_assignments(document.tree);
        }
    }
}

/// Whether the id or the type of a row has that part.
fn named_as(row: &Row<'_>, part: &str) -> bool {
    let own = [row.text(&["id"]), row.text(&["type"])];
    own.into_iter().flatten().any(|text| text.to_ascii_lowercase().contains(part))
}
