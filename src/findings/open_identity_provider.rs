//! Rule `open-identity-provider`.

use super::exposure::{self, Wording};
use super::rule::rule;
use super::{Context, Finding, Meta, Rule};
use crate::clouds::ProbeKind;
use crate::evaluator::Bug;

rule! {
    /// ## What it does
    ///
    /// Reports AWS roles that trust an identity provider that many share (GitHub Actions, GitLab, HCP Terraform,
    /// Buildkite) without saying whose tokens they accept, or with a pattern that the name of somebody else fits. And
    /// providers of workload identity pools of Google Cloud that let such tokens in, where a policy gives the identities
    /// access, and flexible federated credentials of applications of Azure. The request or the message shows a token of
    /// somebody else that works.
    ///
    /// ## Why it matters
    ///
    /// Such a provider signs tokens for all its customers. A role that checks only the audience can be taken on by any
    /// workflow of any of them.
    ///
    /// ## What to do
    ///
    /// Demand the subject in a condition of the trust policy: `token.actions.githubusercontent.com:sub` with your
    /// organization and repository, and the like for the other providers. In Google Cloud demand
    /// `assertion.repository_owner` in the attribute condition of the provider, and give access to
    /// `attribute.repository` rather than to all identities of the pool.
    ///
    /// ## What is not covered yet
    ///
    /// Providers of your own, and shared providers that are told apart by the audience (Amazon Cognito, Google), are not
    /// asked about. Subjects within one organization are the rule `wide-identity-subject`. Functions in conditions of a pool
    /// that are not read, and claims that are not tried, count as a token that is not let in.
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html>
    /// - <https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines>
    /// - <https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws>
    OpenIdentityProvider,
    "open-identity-provider",
    High,
    "everybody who uses a shared identity provider can take on a role"
}

const WORDING: Wording = Wording {
    predicate: "can be taken on with somebody else's token",
    advice: "demand the provider's `sub` claim in a condition of the trust policy, or whose token it is in the attribute condition of the pool's provider",
};

impl Rule for OpenIdentityProvider {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        exposure::probe(context, ProbeKind::ForeignSubject, &Self::META, &WORDING, sink)
    }
}
