//! What all suggestions come to: how much of what is granted goes away, what was watched, and who was never seen.
//!
//! It counts what grants name, not effective access; that is the proof's business.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::needed;
use super::{Goes, Options, Suggestion};
use crate::clouds::own_policies::{HeldPolicy, NewPolicy, OwnPolicies};
use crate::clouds::{self, HeldRole, RoleAt, Roles, clock};
use crate::model::{Estate, Principal, PrincipalId, PrincipalKind, Usage};

/// What all suggestions come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The times of the first and the last event of the logs.
    pub window: Option<(String, String)>,
    /// For how many days use should have been watched.
    pub days: u32,
    /// How many permissions are granted to the principals of suggestions, one by one.
    pub before: usize,
    /// How many of them still are afterwards.
    pub after: usize,
    /// How many of those that go are dangerous: they change who has access, or make their holder somebody else.
    pub dangerous: usize,
    /// Principals with grants of their own that the logs never show. Nothing is proposed for them.
    pub unseen: Vec<String>,
}

/// Adds up suggestions, and looks for principals that were never seen.
pub fn summary(estate: &Estate, usage: &Usage, options: &Options, suggestions: &[Suggestion]) -> Summary {
    let seen = needed::by_principal(estate, usage);
    let is_unseen = |(id, who): &(PrincipalId, &Principal)| {
        options.principal.is_none_or(|only| only == *id)
            && !matches!(who.kind, PrincipalKind::Group | PrincipalKind::Public | PrincipalKind::StandIn)
            && !seen.contains_key(id)
            && holds(estate, *id, who)
    };
    let unseen = estate.principals().filter(is_unseen).map(|(_, who)| who.name.clone());
    let total = |count: fn(&Goes) -> usize| suggestions.iter().map(|one| count(&one.goes)).sum();
    Summary {
        window: usage.window.map(|(first, last)| (clock::written(first), clock::written(last))),
        days: options.days,
        before: total(|goes| goes.before),
        after: total(|goes| goes.after),
        dangerous: total(|goes| goes.dangerous.len()),
        unseen: unseen.collect(),
    }
}

fn holds(estate: &Estate, id: PrincipalId, who: &Principal) -> bool {
    let Some(cloud) = clouds::cloud(who.cloud) else { return false };
    let by_role = cloud.roles().is_some_and(|roles| !roles.held(estate, id).is_empty());
    by_role || cloud.own_policies().is_some_and(|own| !own.held(estate, id).is_empty())
}

/// From this on a permission leads to others.
const DANGEROUS: u64 = 1_000;

/// What goes when roles give way to others.
pub(super) fn of_roles(roles: &dyn Roles, held: &[HeldRole], wanted: &[RoleAt]) -> Goes {
    let before: BTreeSet<Arc<str>> = held.iter().flat_map(|one| one.permissions.iter().cloned()).collect();
    let catalog = roles.catalog();
    let mut after: BTreeSet<Arc<str>> = BTreeSet::new();
    for at in wanted {
        let own = held.iter().find(|held| held.at == *at);
        let listed = || catalog.roles.iter().find(|role| *role.name == *at.role);
        match own {
            Some(own) => after.extend(own.permissions.iter().cloned()),
            None => after.extend(
                listed()
                    .into_iter()
                    .flat_map(|role| &role.permissions)
                    .filter_map(|index| catalog.permissions.get(*index as usize).cloned()),
            ),
        }
    }
    goes(&before, &after, |permission| roles.danger(permission) >= DANGEROUS)
}

/// What goes when policies give way to others.
pub(super) fn of_policies(
    own: &dyn OwnPolicies,
    estate: &Estate,
    held: &[HeldPolicy],
    new: &[NewPolicy],
) -> Goes {
    let policies = held.iter().filter_map(|one| estate.policy(one.policy));
    let before: BTreeSet<Arc<str>> = policies.flat_map(|policy| own.allowed(policy)).collect();
    let after = new.iter().flat_map(|one| own.allowed(&one.policy)).collect();
    goes(&before, &after, |action| own.gives_access(action))
}

fn goes(
    before: &BTreeSet<Arc<str>>,
    after: &BTreeSet<Arc<str>>,
    is_dangerous: impl Fn(&str) -> bool,
) -> Goes {
    let gone = before.difference(after).filter(|one| is_dangerous(one)).map(|one| one.to_string());
    Goes { before: before.len(), after: after.len(), dangerous: gone.collect() }
}
