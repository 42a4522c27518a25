//! Providers of workload identity pools: what `gcloud iam workload-identity-pools providers list` prints
//! (<https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers>).

use super::gcp_rows::{first_rows, rows};
use super::{Confidence, Document, Format};
use crate::clouds::gcp::load;
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpPoolProviders;

impl Format for GcpPoolProviders {
    fn id(&self) -> &'static str {
        "gcp-pool-providers"
    }

    fn summary(&self) -> &'static str {
        "providers of a workload identity pool: gcloud iam workload-identity-pools providers list"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "providers-of-POOL.json    gcloud iam workload-identity-pools providers list --workload-identity-pool=POOL --location=global --format=json",
        ]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let is_own = |row: &Tree| row.get("name").and_then(Tree::as_str).is_some_and(load::is_pool_provider);
        if first_rows(tree).any(is_own) { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        for (route, row) in rows(document.tree, problems) {
            load::pool_provider(row, &route, estate, problems);
        }
    }
}
