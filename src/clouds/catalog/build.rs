//! Rebuilding catalogs: which kind of export a file is, and every part that some files make.
//!
//! Files are told apart by content, never by name. Reading the files and writing the results is
//! the caller's business.

use super::{CatalogError, json};
use crate::clouds::{aws, azure, gcp};
use serde_json::Value;
use std::collections::BTreeMap;

/// What an export holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SourceKind {
    /// One service of AWS's service reference.
    AwsServiceReference,
    /// AWS managed policies (`get-account-authorization-details`, `list-policies`, `get-policy-version`).
    AwsManagedPolicies,
    /// Roles as `gcloud iam roles list` or `describe` print them.
    GcpRoles,
    /// Roles as `az role definition list` prints them.
    AzureRoles,
    /// Operations as `az provider operation list` prints them.
    AzureOperations,
    /// The project's own fact table of AWS actions.
    AwsFacts,
    /// The project's own fact table of AWS managed policies.
    AwsManagedFacts,
    /// The project's own fact table of GCP roles.
    GcpFacts,
    /// The project's own fact table of Azure roles.
    AzureRoleFacts,
    /// The project's own fact table of Azure operations.
    AzureOperationFacts,
}

/// A part that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltPart {
    /// The part: `aws-actions`.
    pub id: &'static str,
    /// The file's content; [`install`](super::install) takes it, and its place is `{id}.bin.zst`.
    pub bytes: Vec<u8>,
}

/// What kind of export a file is, `None` when it is none that catalogs are built from.
pub fn detect(text: &str) -> Option<SourceKind> {
    let value: Value = serde_json::from_str(text).ok()?;
    let first = match &value {
        Value::Array(items) => items.first()?,
        other => other.get("value").and_then(|page| page.get(0)).unwrap_or(other),
    };
    let has = |keys: &[&str]| keys.iter().all(|key| value.get(key).is_some());
    let first_has = |keys: &[&str]| keys.iter().all(|key| first.get(key).is_some());
    let names_a_role = json::text(first, "name").contains("roles/");
    let kinds = [
        (has(&["services", "rcpServices"]), SourceKind::AwsFacts),
        (has(&["policies", "sources"]), SourceKind::AwsManagedFacts),
        (has(&["permissions", "roles", "source"]), SourceKind::GcpFacts),
        (has(&["roles", "source"]), SourceKind::AzureRoleFacts),
        (has(&["control", "data", "sources"]), SourceKind::AzureOperationFacts),
        (has(&["Name", "Actions"]), SourceKind::AwsServiceReference),
        (has(&["PolicyVersion"]) || has(&["Policies"]), SourceKind::AwsManagedPolicies),
        (has(&["roles"]) || names_a_role, SourceKind::GcpRoles),
        (first_has(&["roleName"]) || first_has(&["IsCustom"]), SourceKind::AzureRoles),
        (first.pointer("/properties/roleName").is_some(), SourceKind::AzureRoles),
        (first_has(&["operations"]) || first_has(&["resourceTypes"]), SourceKind::AzureOperations),
    ];
    kinds.into_iter().find(|(is, _)| *is).map(|(_, kind)| kind)
}

/// Builds every part for which `files` (path and text) hold an export, in a fixed order. `date`
/// (`YYYY-MM-DD`) is written into parts built from provider exports, which carry none. AWS's service
/// reference is completed with what it lacks (dependent actions, required resource types) from the
/// catalog in use. Files of no known kind and facts that cannot be used become problems; an error
/// means that a part could not be written at all.
pub fn build(
    files: &[(String, String)],
    date: &str,
    problems: &mut Vec<String>,
) -> Result<Vec<BuiltPart>, CatalogError> {
    let mut sorted: BTreeMap<SourceKind, Vec<(String, String)>> = BTreeMap::new();
    for (path, text) in files {
        match detect(text) {
            Some(kind) => sorted.entry(kind).or_default().push((path.clone(), text.clone())),
            None => problems.push(format!(
                "`{path}` is no export that a catalog can be built from; \
                 expected JSON of the AWS service reference, `gcloud iam roles`, \
                 `az role definition list` or `az provider operation list`"
            )),
        }
    }
    let mut built = Vec::new();
    for (kind, files) in &sorted {
        let (id, bytes) = build_part(*kind, files, date, problems)?;
        built.retain(|part: &BuiltPart| part.id != id);
        built.push(BuiltPart { id, bytes });
    }
    built.sort_by_key(|part| part.id);
    Ok(built)
}

/// Builds one part from files of one kind.
fn build_part(
    kind: SourceKind,
    files: &[(String, String)],
    date: &str,
    problems: &mut Vec<String>,
) -> Result<(&'static str, Vec<u8>), CatalogError> {
    let date = date.to_owned();
    let from = |what: &str| vec![format!("{what}, {date}")];
    let (path, text) = files.last().map(|(path, text)| (path.as_str(), text.as_str())).unwrap_or_default();
    Ok(match kind {
        SourceKind::AwsServiceReference => {
            let mut source = aws::catalog::read_service_reference(files, problems);
            source.sources = from("AWS service reference");
            source.complete_from(&aws::catalog::current().to_source());
            source.drop_unknown_dependents(problems);
            source.date = date;
            (aws::catalog::ID, aws::catalog::encode(&source)?)
        }
        SourceKind::AwsManagedPolicies => {
            let mut source = aws::catalog::read_managed_exports(files, problems);
            (source.sources, source.date) = (from("AWS IAM API"), date);
            (aws::catalog::MANAGED_ID, aws::catalog::encode_managed(&source)?)
        }
        SourceKind::GcpRoles => {
            let mut source = gcp::catalog::read_roles(files, problems);
            (source.sources, source.date) = (from("gcloud iam roles"), date);
            (gcp::catalog::ID, gcp::catalog::encode(&source)?)
        }
        SourceKind::AzureRoles => {
            let mut source = azure::catalog::read_roles(files, problems);
            (source.sources, source.date) = (from("az role definition list"), date);
            (azure::catalog::ID, azure::catalog::encode(&source)?)
        }
        SourceKind::AzureOperations => {
            let mut source = azure::catalog::read_operations(files, problems);
            (source.sources, source.date) = (from("az provider operation list"), date);
            (azure::catalog::OPERATIONS_ID, azure::catalog::encode_operations(&source)?)
        }
        SourceKind::AwsFacts => {
            (aws::catalog::ID, aws::catalog::encode(&aws::catalog::read_facts(path, text, problems))?)
        }
        SourceKind::AwsManagedFacts => {
            let source = aws::catalog::read_managed_facts(path, text, problems);
            (aws::catalog::MANAGED_ID, aws::catalog::encode_managed(&source)?)
        }
        SourceKind::GcpFacts => {
            (gcp::catalog::ID, gcp::catalog::encode(&gcp::catalog::read_facts(path, text, problems))?)
        }
        SourceKind::AzureRoleFacts => {
            let source = azure::catalog::read_role_facts(path, text, problems);
            (azure::catalog::ID, azure::catalog::encode(&source)?)
        }
        SourceKind::AzureOperationFacts => {
            let source = azure::catalog::read_operation_facts(path, text, problems);
            (azure::catalog::OPERATIONS_ID, azure::catalog::encode_operations(&source)?)
        }
    })
}
