//! What is asked of a whole estate with every question, worked out once and kept with it.
//!
//! Both sides look things up here: it says where something is written, and nothing of what it means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::ast::{Body, Listing};
use super::directory::UNIT;
use super::names::CLOUD;
use super::{ALLOW, DIRECTORY, ELIGIBILITY, LISTING, ROLE_DEFINITION, VAULT, members};
use crate::model::{Estate, PolicyId, PrincipalId, PrincipalKind, ResourceId, ScopeId, Target};

/// The facts of principals that begin so name the resource whose managed identity they are.
pub(super) const IDENTITY_OF: &str = "identity of ";
/// The facts that begin so name the cluster whose nodes run as the identity.
pub(super) const KUBELET_OF: &str = "kubelet identity of ";
/// The fact of a managed identity that is a resource of its own: the name of that.
pub(super) const OWN_RESOURCE: &str = "own resource";

/// Whether a fact of a principal tells a managed identity.
pub(super) fn is_identity(fact: &str) -> bool {
    fact.starts_with(IDENTITY_OF) || fact.starts_with(KUBELET_OF) || fact == OWN_RESOURCE
}

/// Where things are in an estate.
#[derive(Default)]
pub(super) struct Index {
    /// Principals by object id.
    objects: FxHashMap<String, PrincipalId>,
    /// Active role assignments by the object id of whom they are for.
    held: FxHashMap<Arc<str>, Vec<(PolicyId, Target)>>,
    /// Power in the directory by the object id of whom it is for.
    directory: FxHashMap<Arc<str>, Vec<PolicyId>>,
    /// Roles that somebody may activate, by its object id, and where.
    eligible: FxHashMap<Arc<str>, Vec<(String, Target)>>,
    /// Eligible assignments by their full names.
    instances: FxHashMap<Arc<str>, PolicyId>,
    /// Object ids that hold a role in Azure or in the directory, or may activate one.
    holders: BTreeSet<Arc<str>>,
    /// Administrative units of which members are known.
    units: BTreeSet<String>,
    /// Role definitions of the files by GUID and by name.
    roles: FxHashMap<Arc<str>, PolicyId>,
    /// Resources by name, in order.
    resources: BTreeMap<String, ResourceId>,
    /// Vaults whose model is known, by name.
    vaults: BTreeMap<String, PolicyId>,
    /// The scopes right below a scope.
    below: FxHashMap<ScopeId, Vec<ScopeId>>,
    /// Groups with the groups below them, themselves included, of which no list of members was read.
    open: FxHashMap<PrincipalId, BTreeSet<PrincipalId>>,
    /// Lists of the whole tenant that were read.
    listed: BTreeSet<Listing>,
}

impl Index {
    /// The index of an estate.
    pub(super) fn of(estate: &Estate) -> Arc<Self> {
        estate.derived(Self::build)
    }

    fn build(estate: &Estate) -> Self {
        let mut index = Self::default();
        for (id, one) in estate.principals().filter(|(_, one)| one.cloud == CLOUD) {
            index.objects.entry(members::object_id(one).to_owned()).or_insert(id);
            for fact in one.facts.keys() {
                if let Some(unit) = fact.strip_prefix(UNIT) {
                    index.units.insert(unit.to_owned());
                }
            }
        }
        let own = estate.resources().filter(|(_, one)| one.cloud == CLOUD);
        index.resources = own.map(|(id, one)| (one.name.clone(), id)).collect();
        for (id, scope) in estate.scopes().filter(|(_, scope)| scope.cloud == CLOUD) {
            if let Some(parent) = scope.parent {
                index.below.entry(parent).or_default().push(id);
            }
        }
        index.add_policies(estate);
        index.add_open_groups(estate);
        index
    }

    fn add_policies(&mut self, estate: &Estate) {
        let body = |policy: PolicyId| estate.policy(policy)?.body.downcast_ref::<Body>();
        for one in estate.attached_as(ALLOW) {
            if let Some(Body::Assignment(assignment)) = body(one.policy) {
                self.held.entry(assignment.holder.clone()).or_default().push((one.policy, one.target));
            }
        }
        for one in estate.attached_as(DIRECTORY) {
            if let Some(Body::Directory(assignment)) = body(one.policy) {
                self.directory.entry(assignment.holder.clone()).or_default().push(one.policy);
                self.holders.insert(assignment.holder.clone());
            }
        }
        for one in estate.attached_as(ELIGIBILITY) {
            if let Some(Body::Eligible(eligible)) = body(one.policy) {
                self.holders.insert(eligible.holder.clone());
                self.instances.entry(eligible.instance.clone()).or_insert(one.policy);
                let name = estate.policy(one.policy).map(|policy| policy.name.clone()).unwrap_or_default();
                self.eligible.entry(eligible.holder.clone()).or_default().push((name, one.target));
            }
        }
        self.holders.extend(self.held.keys().cloned());
        for one in estate.attached_as(ROLE_DEFINITION) {
            if let Some(Body::Role(role)) = body(one.policy) {
                self.roles.entry(role.id.clone()).or_insert(one.policy);
                self.roles.entry(role.name.clone()).or_insert(one.policy);
            }
        }
        for one in estate.attached_as(VAULT) {
            if let (Target::Resource(id), Some(Body::Vault(_))) = (one.target, body(one.policy)) {
                let name = estate.resource(id).map(|resource| resource.name.clone()).unwrap_or_default();
                self.vaults.entry(name).or_insert(one.policy);
            }
        }
        for one in estate.attached_as(LISTING).filter(|one| matches!(one.target, Target::Scope(_))) {
            if let Some(Body::Listed(listing)) = body(one.policy) {
                self.listed.insert(*listing);
            }
        }
    }

    fn add_open_groups(&mut self, estate: &Estate) {
        let listed: BTreeSet<PrincipalId> = estate
            .attached_as(LISTING)
            .filter_map(|one| match one.target {
                Target::Principal(id) => Some(id),
                _ => None,
            })
            .collect();
        let groups =
            estate.principals().filter(|(_, one)| one.cloud == CLOUD && one.kind == PrincipalKind::Group);
        for (id, _) in groups {
            // Who may become a member is none yet.
            let stands_in = |id| estate.principal(id).is_some_and(|one| one.kind == PrincipalKind::StandIn);
            let mut members = estate.members_of(id).map(|membership| membership.member);
            if listed.contains(&id) || members.any(|member| !stands_in(member)) {
                continue;
            }
            let mut above = vec![id];
            while let Some(group) = above.pop() {
                if self.open.entry(group).or_default().insert(id) {
                    above.extend(estate.groups_of(group).map(|membership| membership.group));
                }
            }
        }
    }

    /// The principal of that object id.
    pub(super) fn principal(&self, object: &str) -> Option<PrincipalId> {
        self.objects.get(object).copied()
    }

    /// The active role assignments for an object id, and where they are made.
    pub(super) fn held(&self, object: &str) -> &[(PolicyId, Target)] {
        self.held.get(object).map_or(&[], Vec::as_slice)
    }

    /// The power in the directory of an object id.
    pub(super) fn directory(&self, object: &str) -> &[PolicyId] {
        self.directory.get(object).map_or(&[], Vec::as_slice)
    }

    /// Whether anything is eligible.
    pub(super) fn has_eligible(&self) -> bool {
        !self.eligible.is_empty()
    }

    /// The roles that an object id may activate, and where.
    pub(super) fn eligible(&self, object: &str) -> &[(String, Target)] {
        self.eligible.get(object).map_or(&[], Vec::as_slice)
    }

    /// The groups that hold a role in Azure or in the directory, or may activate one.
    pub(super) fn groups_with_roles(&self, estate: &Estate) -> Vec<PrincipalId> {
        let all = self.holders.iter().filter_map(|holder| self.principal(holder));
        let is_group = |id: &PrincipalId| {
            estate.principal(*id).is_some_and(|one| one.cloud == CLOUD && one.kind == PrincipalKind::Group)
        };
        all.filter(is_group).collect()
    }

    /// Whether members of an administrative unit are known.
    pub(super) fn knows_unit(&self, unit: &str) -> bool {
        self.units.contains(unit)
    }

    /// The role definition of the files of that GUID or name.
    pub(super) fn role(&self, role: &str) -> Option<PolicyId> {
        self.roles.get(role).copied()
    }

    /// That somebody may activate the eligible assignment of that full name.
    pub(super) fn eligibility(&self, instance: &str) -> Option<PolicyId> {
        self.instances.get(instance).copied()
    }

    /// The resources whose names lie in a name, itself not included.
    pub(super) fn resources_in(&self, name: &str) -> impl Iterator<Item = ResourceId> {
        let start = format!("{name}/");
        let inner = self.resources.range(start.clone()..);
        inner.take_while(move |(own, _)| own.starts_with(&start)).map(|(_, id)| *id)
    }

    /// Where the model of a vault is said.
    pub(super) fn vault(&self, name: &str) -> Option<PolicyId> {
        self.vaults.get(name).copied()
    }

    /// All vaults whose model is known, by name.
    pub(super) fn vaults(&self) -> impl Iterator<Item = (&str, PolicyId)> {
        self.vaults.iter().map(|(name, policy)| (name.as_str(), *policy))
    }

    /// A scope and all below it.
    pub(super) fn scopes_in(&self, scope: ScopeId) -> BTreeSet<ScopeId> {
        let (mut found, mut open) = (BTreeSet::from([scope]), vec![scope]);
        while let Some(scope) = open.pop() {
            let below = self.below.get(&scope).into_iter().flatten().copied();
            open.extend(below.filter(|scope| found.insert(*scope)));
        }
        found
    }

    /// The groups at or below a group of which no list of members was read.
    pub(super) fn open_groups(&self, group: PrincipalId) -> impl Iterator<Item = PrincipalId> {
        self.open.get(&group).into_iter().flatten().copied()
    }

    /// Whether a list of the whole tenant was read.
    pub(super) fn has(&self, listing: Listing) -> bool {
        self.listed.contains(&listing)
    }
}
