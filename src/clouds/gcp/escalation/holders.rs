//! Who may come to be allowed a permission, by the bindings alone: a cheap look before any question is asked. Conditions,
//! deny policies and boundaries take some of them away again; the questions tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::clouds::escalation::Candidates;
use crate::clouds::gcp::ast::{Binding, Body};
use crate::clouds::gcp::names::{self, CLOUD};
use crate::clouds::gcp::{ALLOW, BOUNDARY, DENY, edges, roles};
use crate::model::{Estate, PolicyId, PrincipalId, ResourceId, ScopeId, Target};

/// Bindings by their roles, and who they are for by the permissions asked so far.
pub(super) struct Holders {
    by_role: BTreeMap<String, Vec<(Target, PolicyId)>>,
    by_action: Mutex<FxHashMap<String, Arc<Places>>>,
    /// Whether conditions look at resources, by permission and scope.
    looking: Mutex<FxHashMap<(String, ScopeId), bool>>,
    /// The resources with policies of their own, by the scope in which they stand.
    listed: BTreeMap<ScopeId, Vec<String>>,
}

/// Where a permission is given, and to whom.
#[derive(Default)]
struct Places(BTreeMap<Target, BTreeSet<PrincipalId>>);

/// Those of an estate.
pub(super) fn of(estate: &Estate) -> Arc<Holders> {
    estate.derived(Holders::new)
}

impl Holders {
    fn new(estate: &Estate) -> Self {
        let mut by_role: BTreeMap<String, Vec<(Target, PolicyId)>> = BTreeMap::new();
        let mut listed: BTreeMap<ScopeId, BTreeSet<String>> = BTreeMap::new();
        for attachment in estate.attached_as(ALLOW) {
            if let Some(binding) = binding(estate, attachment.policy) {
                let places = by_role.entry(binding.role.value.to_string()).or_default();
                places.push((attachment.target, attachment.policy));
            }
            let Target::Resource(id) = attachment.target else { continue };
            if let Some(resource) = estate.resource(id)
                && let Some(scope) = names::placement(estate, &resource.name)
            {
                listed.entry(scope).or_default().insert(resource.name.clone());
            }
        }
        let listed = listed.into_iter().map(|(scope, names)| (scope, names.into_iter().collect())).collect();
        Self { by_role, by_action: Mutex::default(), looking: Mutex::default(), listed }
    }

    /// Who may be allowed the permission on a resource that stands in `scope`.
    pub(super) fn on_resource(
        &self,
        estate: &Estate,
        action: &str,
        name: &str,
        scope: Option<ScopeId>,
    ) -> Candidates {
        let places = self.places(estate, action);
        let own = names::enclosing(name).filter_map(|name| estate.find_resource(CLOUD, name));
        let above = scope.map(|scope| estate.ancestry(scope)).unwrap_or_default();
        let targets = own.map(Target::Resource).chain(above.into_iter().map(Target::Scope));
        places.at(targets)
    }

    /// Who may be allowed the permission in a scope, on whatever stands there.
    pub(super) fn in_scope(&self, estate: &Estate, action: &str, scope: ScopeId) -> Candidates {
        let places = self.places(estate, action);
        let inside = self.listed(scope).iter().filter_map(|name| estate.find_resource(CLOUD, name));
        let above = estate.ancestry(scope).into_iter().map(Target::Scope);
        places.at(inside.map(Target::Resource).chain(above))
    }

    /// Whether some resource of the scope gives the permission by a policy of its own.
    pub(super) fn is_given_inside(&self, estate: &Estate, action: &str, scope: ScopeId) -> bool {
        let places = self.places(estate, action);
        let mut inside = self.listed(scope).iter().filter_map(|name| estate.find_resource(CLOUD, name));
        inside.any(|id| places.0.contains_key(&Target::Resource(id)))
    }

    /// Whether a resource gives the permission by a policy of its own, or one that it lies in does.
    pub(super) fn is_given_on(&self, estate: &Estate, action: &str, resource: ResourceId) -> bool {
        let places = self.places(estate, action);
        let name = estate.resource(resource).map_or("", |resource| resource.name.as_str());
        let mut own = names::enclosing(name).filter_map(|name| estate.find_resource(CLOUD, name));
        own.any(|id| places.0.contains_key(&Target::Resource(id)))
    }

    /// The names of resources of a scope that have policies of their own.
    pub(super) fn listed(&self, scope: ScopeId) -> &[String] {
        self.listed.get(&scope).map_or(&[], Vec::as_slice)
    }

    /// Whether a condition that bears on a permission in a scope speaks of the resource, also if it is not fully
    /// understood.
    pub(super) fn looks_at_resources(&self, estate: &Estate, action: &str, scope: ScopeId) -> bool {
        let locked = || self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (action.to_owned(), scope);
        if let Some(ready) = locked().get(&key) {
            return *ready;
        }
        let above = estate.ancestry(scope);
        let here = above.iter().flat_map(|scope| estate.attached_to(Target::Scope(*scope)));
        let here = here.filter(|one| one.layer == ALLOW || one.layer == DENY);
        let mut all = here.chain(estate.attached_as(BOUNDARY)).filter_map(|one| estate.policy(one.policy));
        let found = all.any(|policy| {
            let condition = match policy.body.downcast_ref::<Body>() {
                Some(Body::Binding(binding)) => {
                    let role = roles::find(estate, &binding.role.value);
                    let gives = role.is_some_and(|role| role.contains(action));
                    binding.condition.as_ref().filter(|_| gives)
                }
                Some(Body::Deny(rule)) => rule.condition.as_ref(),
                Some(Body::BoundaryBinding(binding)) => binding.condition.as_ref(),
                _ => None,
            };
            condition.is_some_and(|condition| condition.source.value.contains("resource."))
        });
        locked().insert(key, found);
        found
    }

    fn places(&self, estate: &Estate, action: &str) -> Arc<Places> {
        let locked = || self.by_action.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = locked().get(action) {
            return ready.clone();
        }
        let mut found = Places::default();
        for (role, bindings) in &self.by_role {
            if roles::find(estate, role).is_none_or(|role| !role.contains(action)) {
                continue;
            }
            for (target, policy) in bindings {
                let members = binding(estate, *policy).map(|binding| binding.members.iter());
                let who = members.into_iter().flatten();
                let who = who.flat_map(|member| edges::principals(estate, &member.value));
                found.0.entry(*target).or_default().extend(who);
            }
        }
        let found = Arc::new(found);
        locked().insert(action.to_owned(), found.clone());
        found
    }
}

impl Places {
    fn at(&self, targets: impl Iterator<Item = Target>) -> Candidates {
        let found = targets.filter_map(|target| self.0.get(&target)).flatten().copied().collect();
        Candidates::Only(found)
    }
}

/// Custom roles with their definitions, and who is given each somewhere.
pub(super) struct Custom(pub(super) BTreeMap<PrincipalId, BTreeMap<String, PolicyId>>);

impl Custom {
    /// The custom roles that each principal holds.
    pub(super) fn of(estate: &Estate) -> Self {
        let mut found: BTreeMap<PrincipalId, BTreeMap<String, PolicyId>> = BTreeMap::new();
        for (role, bindings) in &of(estate).by_role {
            let Some(definition) = roles::definition(estate, role) else { continue };
            for (_, policy) in bindings {
                let members = binding(estate, *policy).map(|binding| binding.members.iter());
                let who = members.into_iter().flatten();
                for id in who.flat_map(|member| edges::principals(estate, &member.value)) {
                    found.entry(id).or_default().insert(role.clone(), definition);
                }
            }
        }
        Self(found)
    }
}

fn binding(estate: &Estate, policy: PolicyId) -> Option<&Binding> {
    match estate.policy(policy)?.body.downcast_ref::<Body>()? {
        Body::Binding(binding) => Some(binding),
        _ => None,
    }
}
