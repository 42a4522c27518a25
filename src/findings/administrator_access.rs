//! Rule `administrator-access`. Paths to administrators are another rule's work.

use super::rule::rule;
use super::{Context, Finding, Intent, Level, Meta, Related, Rule};
use crate::evaluator::{Bug, Certainty, Standing, Witness};
use crate::graph::Seat;
use crate::model::PrincipalKind;

rule! {
    /// ## What it does
    ///
    /// Reports principals that administer an account, project or organization *in effect*: all that it takes to give
    /// itself any permission there is allowed, after permission boundaries, denies and conditions.
    ///
    /// For AWS that is attaching and writing policies on every user and role of the account; for Google Cloud it is
    /// setting the allow policy of the project, folder or organization; for Azure it is assigning Owner, or a role that
    /// may assign it, on the subscription, the management group or everything. Whoever administers a scope administers
    /// what lies below it, which is not reported again.
    ///
    /// ## Why it matters
    ///
    /// Whoever holds such a principal's credentials owns everything in the scope. The fewer there are, the fewer have
    /// to be watched.
    ///
    /// ## What is not reported
    ///
    /// A policy that says `"Action": "*"` but is cut down by a permission boundary does not make an administrator and
    /// is not reported here. A principal that is an administrator only under some condition (with a second factor,
    /// say) is reported one level lower, with a request that works and one that does not.
    ///
    /// ## What to do
    ///
    /// Keep administrators to people who need it, behind a second factor, and give programs what they use:
    /// `leastwise recommend` proposes it from their activity logs.
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege>
    /// - <https://cloud.google.com/iam/docs/using-iam-securely>
    /// - <https://learn.microsoft.com/azure/role-based-access-control/best-practices>
    AdministratorAccess,
    "administrator-access",
    High,
    "a principal administers an account, project or organization in effect"
}

impl Rule for AdministratorAccess {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        sink.extend(
            context
                .graph
                .own_seats(context.estate)
                .filter(|seat| seat.node.change.is_none())
                .filter_map(|seat| finding(context, seat)),
        );
        Ok(())
    }
}

fn finding(context: &Context<'_>, seat: &Seat) -> Option<Finding> {
    // What somebody has to become first is the end of a path.
    let who =
        context.estate.principal(seat.node.principal).filter(|who| who.kind != PrincipalKind::StandIn)?;
    let scope = context.estate.scope(seat.scope)?;
    let (level, how, certainty, witness, refusal) = parts(&seat.standing)?;
    let mut origins = witness.decision.because.iter().map(|reason| reason.origin.clone());
    let primary = origins.next().unwrap_or_else(|| who.origin.clone());
    let mut related: Vec<Related> = origins
        .map(|origin| Related { message: format!("{} also takes part", origin.what), origin })
        .collect();
    if let Some(refusal) = refusal {
        let stops = refusal.decision.because.iter().chain(&refusal.decision.blocked_by);
        related.extend(stops.map(|reason| Related {
            message: format!("{} stops it in other circumstances", reason.origin.what),
            origin: reason.origin.clone(),
        }));
    }
    Some(Finding {
        rule: AdministratorAccess::META.id,
        cloud: who.cloud,
        level,
        certainty,
        message: format!("`{}` {how} administers `{}`", who.name, scope.name),
        primary,
        related,
        witness: Some(witness),
        hops: Vec::new(),
        advice: "give it what it uses instead: run `leastwise recommend` with its activity logs; keep administrators \
                 to people, behind a second factor"
            .to_owned(),
        intent: Intent::of(seat.node.principal),
        fingerprint: Finding::fingerprint_of(
            AdministratorAccess::META.id,
            who.cloud,
            &[&who.name, &scope.name, how],
        ),
    })
}

fn parts(standing: &Standing) -> Option<(Level, &'static str, Certainty, Witness, Option<Witness>)> {
    match standing {
        Standing::Always(certainty, witness) => {
            Some((Level::High, "always", certainty.clone(), (**witness).clone(), None))
        }
        Standing::Conditionally(certainty, witness, refusal) => Some((
            Level::Medium,
            "under some conditions",
            certainty.clone(),
            (**witness).clone(),
            Some((**refusal).clone()),
        )),
        Standing::Never(_) | Standing::Undecided(_) => None,
    }
}
