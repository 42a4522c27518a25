//! Deny assignments: the REST interface by `az rest` (the command line has no command of its own), or
//! `Get-AzDenyAssignment` (<https://learn.microsoft.com/azure/role-based-access-control/deny-assignments>).

use super::{Confidence, Document, Format, azure_names};
use crate::clouds::azure::load::{Loader, Row, some_row};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct AzureDenyAssignments;

impl Format for AzureDenyAssignments {
    fn id(&self) -> &'static str {
        "azure-deny-assignments"
    }

    fn summary(&self) -> &'static str {
        "deny assignments: az rest --url \"https://management.azure.com/subscriptions/S/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01\""
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "az rest --url \"https://management.azure.com/subscriptions/S/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01\" > deny-assignments-S.json",
        ]
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let fits = |row: &Row<'_>| {
            let kind = row.text(&["type"]).unwrap_or_default();
            let name =
                row.field(&["denyAssignmentName", "doNotApplyToChildScopes", "excludePrincipals"]).is_some();
            name && row.field(&["principals"]).is_some()
                || kind.eq_ignore_ascii_case("Microsoft.Authorization/denyAssignments")
        };
        if some_row(tree, fits) { Confidence::Certain } else { Confidence::No }
    }

    /// An empty answer is told by the name of its file alone: that nothing is denied is worth knowing.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let is_empty = self.claims(path) && azure_names::is_empty(tree);
        if is_empty { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        azure_names::is_called(path, &["deny-assignments"])
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        Loader::new(estate, problems).deny_assignments(document.tree);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut loader = Loader::new(estate, problems);
        for document in documents {
            loader.deny_assignments(document.tree);
        }
    }
}
