//! Role assignments that may be activated with Privileged Identity Management
//! (<https://learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-instances/list-for-scope>).

use super::{Confidence, Document, Format, azure_names};
use crate::clouds::azure::load::{Loader, Row, some_row};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct AzureEligibleAssignments;

impl Format for AzureEligibleAssignments {
    fn id(&self) -> &'static str {
        "azure-eligible-assignments"
    }

    fn summary(&self) -> &'static str {
        "eligible assignments: az rest --url \"https://management.azure.com/subscriptions/S/providers/Microsoft.Authorization/roleEligibilityScheduleInstances?api-version=2020-10-01\""
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "az rest --url \"https://management.azure.com/subscriptions/S/providers/Microsoft.Authorization/roleEligibilityScheduleInstances?api-version=2020-10-01\" > eligible-S.json",
        ]
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let fits = |row: &Row<'_>| {
            let kind = [row.text(&["id"]), row.text(&["type"])].map(Option::unwrap_or_default);
            let kind = kind.join(" ").to_ascii_lowercase();
            row.field(&["principalId"]).is_some()
                && row.field(&["directoryScopeId"]).is_none()
                && row.field(&["roleDefinitionId"]).is_some()
                && (kind.contains("roleeligibilityschedule")
                    || row.field(&["roleEligibilityScheduleId"]).is_some())
        };
        if some_row(tree, fits) { Confidence::Certain } else { Confidence::No }
    }

    /// A list of nothing is told by the name of its file alone.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let is_empty = self.claims(path) && azure_names::is_empty(tree);
        if is_empty { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        azure_names::is_called(path, &["eligible", "eligible-assignments"])
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        Loader::new(estate, problems).eligible_assignments(document.tree);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut loader = Loader::new(estate, problems);
        for document in documents {
            loader.eligible_assignments(document.tree);
        }
    }
}
