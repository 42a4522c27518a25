//! Rule `wide-identity-subject`.

use super::exposure::{self, Wording};
use super::rule::rule;
use super::{Context, Finding, Meta, Rule};
use crate::clouds::ProbeKind;
use crate::evaluator::Bug;

rule! {
    /// ## What it does
    ///
    /// Reports AWS roles that take tokens of an identity provider for more subjects than somebody will have meant: every
    /// repository, project or pipeline of an organization; every branch and pull request of one; every project of an
    /// organization of HCP Terraform; every pod of an EKS cluster. And providers of workload identity pools of Google Cloud
    /// by which every repository, project or pipeline of an organization gets access. And flexible federated credentials of
    /// applications of Azure with such a pattern. The request or the message shows whose token fits.
    ///
    /// ## Why it matters
    ///
    /// Whoever may push a branch, open a pull request within a repository, or create a repository, a project or a pod gets
    /// such a token, without the review that the protected branch asks for.
    ///
    /// ## What to do
    ///
    /// Demand the whole subject: `repo:ORGANIZATION/REPOSITORY:ref:refs/heads/main` or `:environment:production` for GitHub
    /// Actions, `system:serviceaccount:NAMESPACE:ACCOUNT` for a cluster.
    ///
    /// ## What is not covered
    ///
    /// Tokens of other customers of a provider are the rule `open-identity-provider`. All branches without pull requests
    /// (`ref:refs/heads/*`), all accounts of a namespace, and the workspaces of one project are taken to be meant. Other
    /// claims that a trust policy asks for are taken not to fit. Conditions of pools are tried with the names that they and
    /// the policies mention; a binding to one repository is taken to mean all of its branches.
    ///
    /// ## References
    ///
    /// - <https://docs.github.com/en/actions/reference/security/oidc>
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html>
    /// - <https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation>
    /// - <https://learn.microsoft.com/entra/workload-id/workload-identities-flexible-federated-identity-credentials>
    WideIdentitySubject,
    "wide-identity-subject",
    Medium,
    "tokens for more subjects than were meant are taken from an identity provider"
}

const WORDING: Wording = Wording {
    predicate: "takes tokens for subjects that nobody will have meant",
    advice: "spell out the repository and the branch, the workspace, or the service account in what the subject is compared with",
};

impl Rule for WideIdentitySubject {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        exposure::probe(context, ProbeKind::WideSubject, &Self::META, &WORDING, sink)
    }
}
