//! Rule `path-to-administrator`. Principals that are administrators themselves are another rule's work.

use super::rule::rule;
use super::{Context, Finding, Intent, Meta, Rule};
use crate::evaluator::Bug;
use crate::graph::Path;
use crate::model::PrincipalKind;

rule! {
    /// ## What it does
    ///
    /// Reports principals that are no administrators but can become one in one or more steps. In AWS: by taking on roles,
    /// also across accounts, by passing a role to a service, by putting code into what runs as a role already, by making
    /// credentials of users, and by changing policies, groups and trust, as far as boundaries and the organization let
    /// that have effect. In Google Cloud by tokens and keys of service accounts, by services that run as an account that
    /// one may act as, and by changing custom roles and policies of accounts; in Azure by activating an eligible role, by
    /// running code in a resource that has a managed identity, by power in the directory (resetting a password, adding a
    /// credential or a member, assigning a role of the directory), or, as Global Administrator, by raising access. Each
    /// step is one or more requests that the provider's rules allow, shown with the finding.
    ///
    /// Where a step needs something that the files do not show, such as a function that runs as the role, the finding
    /// says that this was assumed.
    ///
    /// Ways to a scope are left out where the same principal can come to administer one above it as a whole.
    ///
    /// ## Why it matters
    ///
    /// Such a principal *is* an administrator to whoever takes it over, and no list of administrators shows it.
    ///
    /// ## What to do
    ///
    /// Break the chain at the step that is easiest to give up: narrow the trust policy or the binding that names the
    /// principal, or take the administrator rights from the end of the chain.
    ///
    /// ## What is not covered yet
    ///
    /// Steps of Azure that give a managed identity to something new, and those by policy assignments and deployment
    /// scripts, are not followed yet.
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining>
    /// - <https://cloud.google.com/iam/docs/service-account-impersonation>
    /// - <https://learn.microsoft.com/azure/role-based-access-control/elevate-access-global-admin>
    PathToAdministrator,
    "path-to-administrator",
    High,
    "a principal can become an administrator in one or more steps"
}

impl Rule for PathToAdministrator {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        let paths = context.graph.paths_to_administration(&context.evaluator)?;
        sink.extend(paths.iter().filter_map(|path| finding(context, path)));
        Ok(())
    }
}

fn finding(context: &Context<'_>, path: &Path) -> Option<Finding> {
    let name = |id| context.estate.principal(id).map(|who| who.name.as_str());
    // The provider's own services take on roles all the time; who can make them do so is another question.
    let start = context.estate.principal(path.from).filter(|start| start.kind != PrincipalKind::Service)?;
    let scope = context.estate.scope(path.seat.scope)?;
    let end = name(path.seat.node.principal)?;
    let first = path.hops.first()?;
    let primary = first.because().first().map_or_else(|| start.origin.clone(), |origin| (*origin).clone());
    Some(Finding {
        rule: PathToAdministrator::META.id,
        cloud: start.cloud,
        level: PathToAdministrator::META.level,
        certainty: path.certainty.clone(),
        message: message(path, &start.name, end, &scope.name),
        primary,
        // The steps carry their own places.
        related: Vec::new(),
        witness: first.witness().cloned(),
        hops: path.hops.clone(),
        advice: "break one step: narrow the trust policy or binding that allows it, or take the administrator rights \
                 from the end of the chain"
            .to_owned(),
        intent: Intent::of(path.from),
        fingerprint: Finding::fingerprint_of(
            PathToAdministrator::META.id,
            start.cloud,
            &[&start.name, &scope.name],
        ),
    })
}

fn message(path: &Path, start: &str, end: &str, scope: &str) -> String {
    let steps =
        if path.hops.len() == 1 { "one step".to_owned() } else { format!("{} steps", path.hops.len()) };
    let changed = path.seat.node.change.is_some();
    let become_it = match (path.seat.node.principal == path.from, changed) {
        (true, _) => format!("`{start}` can give itself what it takes to administer `{scope}`, in {steps}"),
        (false, true) => {
            format!(
                "`{start}` can become `{end}` and give it what it takes to administer `{scope}`, in {steps}"
            )
        }
        (false, false) => {
            format!("`{start}` can become `{end}`, which administers `{scope}`, in {steps}")
        }
    };
    match path.others {
        0 => become_it,
        1 => format!("{become_it}; it comes to another administrator of it, too"),
        more => format!("{become_it}; it comes to {more} more administrators of it, too"),
    }
}
