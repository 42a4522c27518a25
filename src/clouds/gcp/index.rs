//! What is looked up again and again in an estate, worked out once: which resources lie inside of another, which bindings
//! name somebody, and which give basic roles. An organization has hundreds of thousands of bindings.

use std::collections::BTreeMap;

use super::ALLOW;
use super::ast::{Basic, Binding, Body};
use super::names::CLOUD;
use crate::model::{Estate, Policy, PolicyId, ResourceId, ScopeId, Target};

/// The resources of Google Cloud in the order of their names.
struct ByName(Vec<ResourceId>);

/// The resources of the estate that lie inside of the one of that name, in the order of the estate.
pub(super) fn inside(estate: &Estate, name: &str) -> Vec<ResourceId> {
    let sorted = estate.derived(|estate| {
        let own = estate.resources().filter(|(_, resource)| resource.cloud == CLOUD);
        let mut ids: Vec<ResourceId> = own.map(|(id, _)| id).collect();
        ids.sort_by_key(|id| name_of(estate, *id));
        ByName(ids)
    });
    let start = format!("{name}/");
    let first = sorted.0.partition_point(|id| name_of(estate, *id) < start.as_str());
    let from = sorted.0.get(first..).unwrap_or_default();
    let mut found: Vec<ResourceId> =
        from.iter().copied().take_while(|id| name_of(estate, *id).starts_with(&start)).collect();
    found.sort_unstable();
    found
}

fn name_of(estate: &Estate, id: ResourceId) -> &str {
    estate.resource(id).map(|resource| resource.name.as_str()).unwrap_or_default()
}

/// The bindings in which a member is written, by the member.
struct ByMember(BTreeMap<String, Vec<(PolicyId, Target)>>);

/// The bindings that name the member itself, with what they are attached to, in the order of the estate.
pub(super) fn bindings_of<'e>(
    estate: &'e Estate,
    member: &str,
) -> impl Iterator<Item = (PolicyId, Target, &'e Binding)> {
    let all = estate.derived(by_member);
    let own = all.0.get(member).cloned().unwrap_or_default();
    own.into_iter().filter_map(|(policy, target)| Some((policy, target, binding(estate, policy)?)))
}

fn by_member(estate: &Estate) -> ByMember {
    let mut all: BTreeMap<String, Vec<(PolicyId, Target)>> = BTreeMap::new();
    for attachment in estate.attached_as(ALLOW) {
        let place = (attachment.policy, attachment.target);
        for member in binding(estate, attachment.policy).map(|binding| &binding.members).into_iter().flatten()
        {
            let places = all.entry(member.value.name()).or_default();
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
    }
    ByMember(all)
}

/// The bindings of basic roles, by the scope that they stand on.
struct Basics(BTreeMap<ScopeId, Vec<PolicyId>>);

/// The bindings of a basic role right on a scope. Most scopes have few, whatever else they bind.
pub(super) fn basic_bindings(
    estate: &Estate,
    scope: ScopeId,
    basic: Basic,
) -> impl Iterator<Item = (&Policy, &Binding)> {
    let all = estate.derived(basics);
    let own = all.0.get(&scope).cloned().unwrap_or_default();
    let found = own.into_iter().filter_map(|id| Some((estate.policy(id)?, binding(estate, id)?)));
    found.filter(move |(_, binding)| *binding.role.value == *basic.role())
}

fn basics(estate: &Estate) -> Basics {
    let mut all: BTreeMap<ScopeId, Vec<PolicyId>> = BTreeMap::new();
    for attachment in estate.attached_as(ALLOW) {
        let (Target::Scope(scope), Some(binding)) = (attachment.target, binding(estate, attachment.policy))
        else {
            continue;
        };
        if [Basic::Owner, Basic::Editor, Basic::Viewer].iter().any(|one| *binding.role.value == *one.role()) {
            all.entry(scope).or_default().push(attachment.policy);
        }
    }
    Basics(all)
}

fn binding(estate: &Estate, policy: PolicyId) -> Option<&Binding> {
    match estate.policy(policy)?.body.downcast_ref::<Body>()? {
        Body::Binding(binding) => Some(binding),
        _ => None,
    }
}
