//! Role assignments that may be activated with Privileged Identity Management
//! (<https://learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-instances/list-for-scope>).

use super::{Confidence, Document, Format};
use crate::clouds::azure::load::{Loader, Row, rows};
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
                && row.field(&["roleDefinitionId"]).is_some()
                && (kind.contains("roleeligibilityschedule")
                    || row.field(&["roleEligibilityScheduleId"]).is_some())
        };
        match rows(tree).first() {
            Some(row) if fits(row) => Confidence::Certain,
            _ => Confidence::No,
        }
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
