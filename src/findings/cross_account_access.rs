//! Rule `cross-account-access`.

use super::exposure::{self, Wording};
use super::rule::rule;
use super::{Context, Finding, Meta, Rule};
use crate::clouds::ProbeKind;
use crate::evaluator::Bug;

rule! {
    /// ## What it does
    ///
    /// Reports AWS resources, roles among them, that a user or role of another account may use, where both accounts are
    /// among the files: both sides allow it. Access from accounts that are not among the files, nor members of the
    /// organization that is, is `external-access`; what is open to everybody is `public-resource`.
    ///
    /// ## Why it matters
    ///
    /// Such access is often wanted. It joins the accounts: who breaks into one reaches into the other.
    ///
    /// ## What to do
    ///
    /// Check that the other account needs it, and name a role of it instead of the whole account.
    ///
    /// ## What is not covered yet
    ///
    /// At most 50 principals of other accounts are asked about for each resource. Accounts of the organization whose users
    /// and roles are not among the files are not asked about.
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
    CrossAccountAccess,
    "cross-account-access",
    Info,
    "a principal of another account of the same files may use a resource"
}

const WORDING: Wording = Wording {
    predicate: "can be used from another account",
    advice: "check that the other account needs it, and name one role of it",
};

impl Rule for CrossAccountAccess {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        exposure::probe(context, ProbeKind::Neighbour, &Self::META, &WORDING, sink)
    }
}
