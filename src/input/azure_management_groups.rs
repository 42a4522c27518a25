//! The tree of management groups and subscriptions: `az account management-group show --expand --recurse`
//! (<https://learn.microsoft.com/cli/azure/account/management-group>), its flat list of entities, or `az account list`.

use super::{Confidence, Document, Format, azure_names};
use crate::clouds::azure::load::{Loader, Row, some_row};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct AzureManagementGroups;

impl Format for AzureManagementGroups {
    fn id(&self) -> &'static str {
        "azure-management-groups"
    }

    fn summary(&self) -> &'static str {
        "the tree above subscriptions: az account management-group show --name ROOT --expand --recurse"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "az account management-group show --name ROOT --expand --recurse > management-groups.json",
            "az account management-group entities list > management-groups.json   # instead, without the right to see the whole tree",
            "az account list --all > subscriptions.json",
        ]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let fits = |row: &Row<'_>| {
            let id = row.text(&["id"]).unwrap_or_default().to_ascii_lowercase();
            let kind = row.text(&["type"]).unwrap_or_default().to_ascii_lowercase();
            let is_group = id.starts_with("/providers/microsoft.management/managementgroups/")
                && (kind.contains("managementgroups") || row.field(&["children", "displayName"]).is_some());
            let is_entity =
                id.starts_with("/subscriptions/") && row.field(&["parent", "parentNameChain"]).is_some();
            let is_account = row.field(&["tenantId"]).is_some()
                && row.field(&["isDefault", "subscriptionId", "homeTenantId"]).is_some()
                && row.field(&["state"]).is_some();
            is_group || is_entity || is_account
        };
        if some_row(tree, fits) { Confidence::Certain } else { Confidence::No }
    }

    /// A list of nothing is told by the name of its file alone.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let is_empty = self.claims(path) && azure_names::is_empty(tree);
        if is_empty { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        azure_names::is_called(path, &["management-groups"])
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        Loader::new(estate, problems).hierarchy(document.tree);
    }
}
