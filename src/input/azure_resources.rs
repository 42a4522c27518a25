//! Resources with their managed identities, storage accounts and containers, key vaults, as `az` prints them
//! (<https://learn.microsoft.com/cli/azure/resource>). A list of containers from the data plane does not name its
//! account: the file does, `containers-ACCOUNT.json`.

use super::load::stem;
use super::{Confidence, Document, Format, azure_names};
use crate::clouds::azure::load::{Loader, Row, is_federated_of_identity, rows, some_row};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct AzureResources;

impl Format for AzureResources {
    fn id(&self) -> &'static str {
        "azure-resources"
    }

    fn summary(&self) -> &'static str {
        "resources: az resource list; az identity list; az aks list; az policy assignment list; az storage account list; az storage container-rm list; az keyvault show; az cosmosdb list"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "az resource list > resources.json",
            "az identity list > identities.json",
            "az aks list > clusters.json",
            "az policy assignment list --disable-scope-strict-match > policy-assignments.json",
            "az cosmosdb list > cosmos-accounts.json   # and the like: az servicebus namespace list, az eventhubs namespace list",
            "az storage account list > storage-accounts.json",
            "az storage container-rm list --storage-account ACCOUNT > containers-ACCOUNT.json",
            "az storage container list --account-name ACCOUNT --auth-mode login > containers-ACCOUNT.json   # instead",
            "az keyvault show --name VAULT > vault-VAULT.json",
        ]
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let fits = |row: &Row<'_>| {
            let id = row.text(&["id"]).unwrap_or_default().to_ascii_lowercase();
            let of_policy = id.contains("/providers/microsoft.authorization/policyassignments/");
            let is_resource = (id.starts_with("/subscriptions/") || of_policy)
                && id.contains("/providers/")
                && (of_policy || !id.contains("/providers/microsoft.authorization/"))
                && row.field(&["type", "location"]).is_some();
            (is_resource && !is_federated_of_identity(row)) || is_container(row)
        };
        if some_row(tree, fits) { Confidence::Certain } else { Confidence::No }
    }

    /// A list of nothing is told by the name of its file alone.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let is_empty = self.claims(path) && azure_names::is_empty(tree);
        if is_empty { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        azure_names::is_called(path, &["storage-accounts", "containers", "vault"])
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load_all(&[*document], estate, problems);
    }

    /// Switches that only some exports tell come first, and containers, which need those of their accounts, last.
    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut loader = Loader::new(estate, problems);
        documents.iter().for_each(|document| loader.switches(document.tree));
        let are_containers = |document: &Document<'_>| rows(document.tree).first().is_some_and(is_container);
        for document in documents.iter().filter(|document| !are_containers(document)) {
            loader.resources(document.tree);
        }
        for document in documents.iter().filter(|document| are_containers(document)) {
            loader.containers(document.tree, account(document.path));
        }
    }
}

fn is_container(row: &Row<'_>) -> bool {
    let id = row.text(&["id"]).unwrap_or_default().to_ascii_lowercase();
    let of_data_plane =
        row.field(&["hasImmutabilityPolicy", "hasLegalHold", "leaseState", "publicAccess"]).is_some();
    id.contains("/blobservices/default/containers/")
        || (id.is_empty() && of_data_plane && row.field(&["name"]).is_some())
}

/// The account that a file of containers is about.
fn account(path: &str) -> Option<&str> {
    let name = stem(path)?.strip_prefix("containers-")?;
    (!name.is_empty()).then_some(name)
}
