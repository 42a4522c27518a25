//! Which permissions principal access boundary policies can block, by enforcement version.
//!
//! The full list is a page of its own, <https://cloud.google.com/iam/docs/pab-blocked-permissions>; this holds the part
//! of it that could be confirmed (November 2026). A permission that is not in here may or may not be blocked, which is
//! a gap wherever it matters.

/// What is used where a policy states no version, or `latest`.
pub(super) const LATEST: u32 = 4;

/// Beginnings of permissions with the first version that can block them.
const FIRST: &[(&str, u32)] = &[
    ("accesscontextmanager.", 2),
    ("beyondcorp.", 2),
    ("bigquery.datasets.", 2),
    ("bigquery.jobs.", 2),
    ("bigquery.models.", 2),
    ("bigquery.routines.", 2),
    ("bigquery.rowAccessPolicies.", 2),
    ("bigquery.tables.", 2),
    ("bigquerydatapolicy.", 2),
    ("bigquerydatatransfer.transfers.", 2),
    ("billing.budgets.", 2),
    ("cloudasset.", 2),
    ("cloudbuild.", 2),
    ("containeranalysis.", 2),
    ("meshconfig.", 2),
    ("essentialcontacts.contacts.", 3),
    ("iam.denypolicies.", 3),
    ("iam.roles.", 3),
    ("iam.serviceAccountKeys.", 3),
    ("iam.serviceAccounts.", 3),
];

/// Permissions that the page names as exceptions in those rows.
const EXCEPTIONS: &[&str] = &[
    "iam.serviceAccounts.createTagBinding",
    "iam.serviceAccounts.deleteTagBinding",
    "iam.serviceAccounts.getCertificateAs",
    "iam.serviceAccounts.listEffectiveTags",
    "iam.serviceAccounts.listTagBindings",
];

/// The beginnings of permissions that a version can block.
pub(super) fn blocked(version: u32) -> impl Iterator<Item = &'static str> {
    FIRST.iter().filter(move |(_, first)| *first <= version).map(|(start, _)| *start)
}

/// The beginnings of all permissions of which it is known which version blocks them.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    FIRST.iter().map(|(start, _)| *start)
}

/// Permissions with such a beginning of which it is not known.
pub(super) fn exceptions() -> impl Iterator<Item = &'static str> {
    EXCEPTIONS.iter().copied()
}
