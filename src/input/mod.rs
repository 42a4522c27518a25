//! Kinds of documents, and how each is loaded into an estate.
//!
//! Loading never fails as a whole: what cannot be read becomes a problem with a place, and the rest is loaded.
//!
//! Invariant: `disk.rs` is the only file of the program that reads the disk or standard input, and `revision.rs` asks
//! git for what a commit holds. Promise: a new input
//! format costs a new file plus one line in [`FORMATS`].

mod aws_account_details;
mod aws_bucket_settings;
mod aws_compute;
mod aws_credential_report;
mod aws_iam_collect;
mod aws_key_grants;
mod aws_layout;
mod aws_managed;
mod aws_members;
mod aws_organization;
mod aws_policy;
mod aws_session_policy;
mod aws_shapes;
mod aws_shares;
mod aws_vpc_endpoints;
mod azure_deny_assignments;
mod azure_directory;
mod azure_directory_roles;
mod azure_eligible_assignments;
mod azure_federated_credentials;
mod azure_management_groups;
mod azure_names;
mod azure_resources;
mod azure_role_assignments;
mod azure_role_definitions;
mod cloudformation;
pub mod digest;
pub mod disk;
pub mod document_pairs;
pub mod gcp_account_keys;
pub mod gcp_asset_policies;
pub mod gcp_boundaries;
pub mod gcp_datasets;
pub mod gcp_deny_policies;
pub mod gcp_group_members;
pub mod gcp_hosts;
pub mod gcp_iam_policy;
pub mod gcp_pool_providers;
pub mod gcp_roles;
mod gcp_rows;
pub mod gcp_settings;
mod escalation_steps;
mod load;
pub mod revision;
pub mod scenarios;
mod terraform;

pub use escalation_steps::read_steps;
pub use load::{
    Base, Loaded, LoadedDocument, comments, content, format_of, load, load_again, load_base, load_beside,
    load_text,
};

use crate::model::Estate;
use crate::text::{FileId, Files, Problem, Tree};

/// Every kind of document that can be loaded. The first of those with the highest confidence loads the document.
pub const FORMATS: &[&dyn Format] = &[
    &aws_iam_collect::AwsIamCollect,
    &aws_account_details::AwsAccountDetails,
    &aws_organization::AwsOrganization,
    &aws_policy::AwsPolicy,
    &aws_bucket_settings::AwsBucketSettings,
    &aws_key_grants::AwsKeyGrants,
    &aws_vpc_endpoints::AwsVpcEndpoints,
    &aws_session_policy::AwsSessionPolicy,
    &aws_shares::AwsShares,
    &aws_compute::AwsCompute,
    &aws_credential_report::AwsCredentialReport,
    &gcp_iam_policy::GcpIamPolicy,
    &gcp_asset_policies::GcpAssetPolicies,
    &gcp_roles::GcpRoles,
    &gcp_group_members::GcpGroupMembers,
    &gcp_pool_providers::GcpPoolProviders,
    &gcp_hosts::GcpHosts,
    &gcp_deny_policies::GcpDenyPolicies,
    &gcp_boundaries::GcpBoundaries,
    &gcp_datasets::GcpDatasets,
    &gcp_settings::GcpSettings,
    &gcp_account_keys::GcpAccountKeys,
    &azure_management_groups::AzureManagementGroups,
    &azure_role_definitions::AzureRoleDefinitions,
    &azure_directory::AzureDirectory,
    &azure_resources::AzureResources,
    &azure_role_assignments::AzureRoleAssignments,
    &azure_deny_assignments::AzureDenyAssignments,
    &azure_eligible_assignments::AzureEligibleAssignments,
    &azure_directory_roles::AzureDirectoryRoles,
    &azure_federated_credentials::AzureFederatedCredentials,
    &cloudformation::CloudFormation,
    &terraform::TerraformPlan,
    &terraform::TerraformSource,
];

/// A kind of document.
pub trait Format: Sync {
    /// A short id: `aws-account-details`.
    fn id(&self) -> &'static str;

    /// What it is and how users get it, in one line.
    fn summary(&self) -> &'static str;

    /// Names of files with the commands that write them, for kinds that take several. What a file is called is a
    /// proposal, except for ids in it.
    fn commands(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether documents of this kind are understood only together: they are loaded at once, after all others.
    fn is_joined(&self) -> bool {
        false
    }

    /// Whether the document is of this kind, judged by its content alone.
    fn detects(&self, tree: &Tree) -> Confidence;

    /// The same, judged by where the file lies too.
    fn detects_at(&self, _path: &str, tree: &Tree) -> Confidence {
        self.detects(tree)
    }

    /// Whether a file at that place must be of this kind, so that anything else in it is a mistake.
    fn claims(&self, _path: &str) -> bool {
        false
    }

    /// Loads the document. What cannot be read is reported and left out.
    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>);

    /// Loads the document as it was before what it plans; where it plans nothing, that is the same.
    fn load_before(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load(document, estate, problems);
    }

    /// Looks at the estate when everything is loaded, for what is missing.
    fn finish(&self, _estate: &mut Estate) {}

    /// Loads all documents of this kind, of which some may speak of other files that were read.
    fn load_beside(
        &self,
        documents: &[Document<'_>],
        _beside: &Beside<'_>,
        estate: &mut Estate,
        problems: &mut Vec<Problem>,
    ) {
        self.load_all(documents, estate, problems);
    }

    /// Loads all documents of this kind.
    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        for document in documents {
            self.load(document, estate, problems);
        }
    }
}

/// A parsed file.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// The file.
    pub file: FileId,
    /// Its path as the user gave it; `-` for standard input.
    pub path: &'a str,
    /// Its content.
    pub tree: &'a Tree,
}

/// All files that were read, for documents that speak of others.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// Their texts.
    pub files: &'a Files,
    /// The paths that they count as, which is not how they are shown where they are taken out of a commit.
    pub paths: &'a [(FileId, String)],
}

/// How sure a format is that a document is of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// It is not.
    No,
    /// It has the general shape, as other kinds have too.
    Likely,
    /// It has marks that no other kind has.
    Certain,
}
