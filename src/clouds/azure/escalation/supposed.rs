//! Estates that ask "what if": the same with changes that a step makes. Where a role is given, conditions of its
//! assignments and deny assignments stay as they are, so a change gives no more than they leave.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::clouds::azure::ast::{Block, Body, RoleDefinition};
use crate::clouds::azure::index::Index;
use crate::clouds::azure::names::MANAGEMENT_GROUPS;
use crate::clouds::azure::{ALLOWS, members};
use crate::clouds::escalation::Change;
use crate::model::{Estate, PolicyId, PrincipalId};

/// The estate after a change. Members of groups and credentials are the directory's business, and steps by them are
/// code (`steps`).
pub(in crate::clouds::azure) fn supposed(estate: &Estate, change: Change) -> Estate {
    let mut changed = estate.clone();
    if let Change::Policy(policy) = change {
        fill(&mut changed, policy);
    }
    changed
}

/// A custom role with everything. One that can be given in a management group has no data actions:
/// <https://learn.microsoft.com/azure/role-based-access-control/custom-roles#custom-role-limits>.
fn fill(estate: &mut Estate, policy: PolicyId) {
    let Some(role) = role(estate, policy) else { return };
    let everything = || vec![Arc::from("*")];
    let higher = role.scopes.iter().any(|scope| scope.starts_with(MANAGEMENT_GROUPS));
    let block = Block {
        actions: everything(),
        data_actions: if higher { Vec::new() } else { everything() },
        ..Block::default()
    };
    let filled = RoleDefinition { blocks: vec![block], ..role.clone() };
    estate.replace_body(policy, Arc::new(Body::Role(filled)));
}

/// The role definition that a policy holds.
pub(super) fn role(estate: &Estate, policy: PolicyId) -> Option<&RoleDefinition> {
    match estate.policy(policy)?.body.downcast_ref::<Body>()? {
        Body::Role(role) => Some(role),
        _ => None,
    }
}

/// The custom roles that principals hold.
pub(super) struct Custom(BTreeMap<PrincipalId, BTreeSet<PolicyId>>);

impl Custom {
    /// Those of the estate. A role that names no scopes is none that could be written anywhere.
    pub(super) fn of(estate: &Estate) -> Self {
        let index = Index::of(estate);
        let mut found: BTreeMap<PrincipalId, BTreeSet<PolicyId>> = BTreeMap::new();
        for one in ALLOWS.iter().flat_map(|layer| estate.attached_as(*layer)) {
            let body = estate.policy(one.policy).and_then(|policy| policy.body.downcast_ref::<Body>());
            let Some(Body::Assignment(assignment)) = body else { continue };
            let written = index.role(&assignment.role.value);
            let written = written.filter(|id| role(estate, *id).is_some_and(|role| !role.scopes.is_empty()));
            if let (Some(policy), Some(holder)) = (written, members::find(estate, &assignment.holder)) {
                found.entry(holder).or_default().insert(policy);
            }
        }
        Self(found)
    }

    /// Those that a principal is given itself.
    pub(super) fn held(&self, id: PrincipalId) -> impl Iterator<Item = PolicyId> {
        self.0.get(&id).into_iter().flatten().copied()
    }

    /// All that hold one.
    pub(super) fn holders(&self) -> impl Iterator<Item = PrincipalId> {
        self.0.keys().copied()
    }
}
