//! Federated credentials of applications and of managed identities, as `az` prints them
//! (<https://learn.microsoft.com/cli/azure/ad/app/federated-credential>,
//! <https://learn.microsoft.com/cli/azure/identity/federated-credential>). Those of an application do not say whose they
//! are: the file does, `app-APP.federated-credentials.json`.

use super::load::stem;
use super::{Confidence, Document, Format, azure_names};
use crate::clouds::azure::load::{Loader, Row, is_federated_of_identity, some_row};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct AzureFederatedCredentials;

impl Format for AzureFederatedCredentials {
    fn id(&self) -> &'static str {
        "azure-federated-credentials"
    }

    fn summary(&self) -> &'static str {
        "federated credentials: az ad app federated-credential list; az identity federated-credential list"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "az ad app federated-credential list --id APP > app-APP.federated-credentials.json",
            "az identity federated-credential list --identity-name NAME --resource-group GROUP > identity-NAME.federated-credentials.json",
        ]
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let fits = |row: &Row<'_>| {
            let asks = row.field(&["subject", "claimsMatchingExpression"]).is_some();
            is_federated_of_identity(row)
                || (row.field(&["issuer"]).is_some() && row.field(&["audiences"]).is_some() && asks)
        };
        if some_row(tree, fits) { Confidence::Certain } else { Confidence::No }
    }

    /// A list of nothing is told by the name of its file alone.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let is_empty = self.claims(path) && azure_names::is_empty(tree);
        if is_empty { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        application(path).is_some() || stem(path).is_some_and(|stem| stem.ends_with(ENDING))
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load_all(&[*document], estate, problems);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        for document in documents {
            let application = application(document.path);
            let nameless = application.is_none() && !some_row(document.tree, is_federated_of_identity);
            if nameless && !azure_names::is_empty(document.tree) {
                let message = "it is not said whose federated credentials these are";
                let problem = Problem::error("azure-federated-credential", message).at(document.tree.span);
                problems.push(problem.help("call the file `app-APP.federated-credentials.json`, APP being the id or the name of the application"));
                continue;
            }
            Loader::new(estate, problems).federated_credentials(application, document.tree);
        }
    }
}

const ENDING: &str = ".federated-credentials";

/// The application that a file is about.
fn application(path: &str) -> Option<&str> {
    let name = stem(path)?.strip_prefix("app-")?.strip_suffix(ENDING)?;
    (!name.is_empty()).then_some(name)
}
