//! What the formulas of every question need to know of the whole estate, worked out once: whose resources there are,
//! and which of them have policies.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::ast::Arn;
use super::layers::covering;
use super::rule::{RESOURCE, RESOURCE_CONTROL, TRUST, TRUSTED_ACTIONS};
use super::{AWS, body, coverage};
use crate::logic::{Assignment, Attribute, Case, Pattern, Patterns};
use crate::model::{Attachment, Estate, Object, ResourceId, ScopeId, Target};

/// What follows from the estate alone.
struct Guards {
    /// By account: what is asked on its resources whose ARN names no account; and the same of all other accounts.
    owned: BTreeMap<String, Patterns>,
    others: BTreeMap<String, Patterns>,
    /// The same for whoever owns nothing of it.
    all_owned: Patterns,
    keys: Patterns,
    has_roles: bool,
    /// The resources with policies that can decide about an action; about any action under the empty text.
    by_action: Mutex<FxHashMap<String, Arc<Vec<ResourceId>>>>,
}

/// What is asked on any resource of the estate; few questions need it.
struct Covered(Patterns);

fn guards(estate: &Estate) -> Arc<Guards> {
    estate.derived(|estate| {
        let mut lists: BTreeMap<String, Vec<Pattern>> = BTreeMap::new();
        let mut keys = Vec::new();
        let mut has_roles = false;
        for (id, resource) in estate.resources() {
            has_roles |= resource.kind == "iam:role";
            if resource.kind == "kms:key" && has_policy(estate, id) {
                keys.push(Pattern::literal(&resource.name, Case::Sensitive));
            }
            if let Some(owner) = unnumbered_owner(estate, id) {
                lists.entry(owner.to_owned()).or_default().extend(coverage(estate, id).iter().cloned());
            }
        }
        let all = |keep: &dyn Fn(&str) -> bool| {
            let kept = lists.iter().filter(|(owner, _)| keep(owner));
            Patterns::of(kept.flat_map(|(_, patterns)| patterns.iter().cloned()))
        };
        let others = lists.keys().map(|own| (own.clone(), all(&|owner| owner != own))).collect();
        let all_owned = all(&|_| true);
        let owned = lists.into_iter().map(|(owner, patterns)| (owner, Patterns::of(patterns))).collect();
        Guards { owned, others, all_owned, keys: Patterns::of(keys), has_roles, by_action: Mutex::default() }
    })
}

/// The owner of a resource whose ARN names no account, if the estate knows one.
fn unnumbered_owner(estate: &Estate, id: ResourceId) -> Option<&str> {
    let resource = estate.resource(id).filter(|resource| resource.cloud == AWS)?;
    let home = resource.home.and_then(|home| estate.scope(home))?;
    Arn::parse(&resource.name).filter(|arn| arn.account.is_empty()).map(|_| home.name.as_str())
}

fn has_policy(estate: &Estate, id: ResourceId) -> bool {
    estate.attached_to(Target::Resource(id)).next().is_some()
}

/// What is asked on the resources of an account whose ARN names no account.
pub(super) fn owned_by(estate: &Estate, account: &str) -> Patterns {
    guards(estate).owned.get(account).cloned().unwrap_or_else(|| Patterns::of([]))
}

/// What is asked on such resources of other accounts; of the object only, where the question names one.
pub(super) fn owned_by_others(estate: &Estate, account: &str, object: &Object) -> Patterns {
    if let Object::Named(name) = object {
        let found = covering(estate, name);
        let others =
            found.iter().filter(|id| unnumbered_owner(estate, **id).is_some_and(|owner| owner != account));
        return Patterns::of(others.flat_map(|id| coverage(estate, *id).iter().cloned().collect::<Vec<_>>()));
    }
    let guards = guards(estate);
    guards.others.get(account).unwrap_or(&guards.all_owned).clone()
}

/// The keys with a policy; none but the object, where the question names one.
pub(super) fn keys(estate: &Estate, object: &Object) -> Patterns {
    let Object::Named(name) = object else { return guards(estate).keys.clone() };
    let found = estate.find_resource(AWS, name).filter(|id| has_policy(estate, *id));
    let key = found.and_then(|id| estate.resource(id)).filter(|resource| resource.kind == "kms:key");
    Patterns::of(key.map(|key| Pattern::literal(&key.name, Case::Sensitive)))
}

/// Whether the estate knows a role.
pub(super) fn has_roles(estate: &Estate) -> bool {
    guards(estate).has_roles
}

/// What is asked on the resources of the estate.
pub(super) fn covered(estate: &Estate) -> Patterns {
    let covered = estate.derived(|estate| {
        let own = estate.resources().filter(|(_, resource)| resource.cloud == AWS);
        Covered(Patterns::of(own.flat_map(|(id, _)| coverage(estate, id).iter().cloned().collect::<Vec<_>>())))
    });
    covered.0.clone()
}

/// The resources whose policies, or whose place in the organization, can decide about `action`, or about any action.
/// Those about which something is missing are among them in any case.
pub(super) fn resources(estate: &Estate, action: Option<&str>) -> Arc<Vec<ResourceId>> {
    let guards = guards(estate);
    let name = action.unwrap_or_default();
    let locked = || guards.by_action.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ready) = locked().get(name) {
        return ready.clone();
    }
    let known = action.map(|action| Assignment::new().with_text(Attribute::action(), action));
    let trusted = action.is_none_or(|action| TRUSTED_ACTIONS.contains(&action));
    let mut controlled: FxHashMap<ScopeId, bool> = FxHashMap::default();
    let found = estate.resources().filter(|(id, resource)| {
        let decides = |one: &Attachment| match one.layer {
            RESOURCE => speaks_of(estate, one, known.as_ref()),
            TRUST => trusted && speaks_of(estate, one, known.as_ref()),
            _ => false,
        };
        resource.cloud == AWS
            && (estate.attached_to(Target::Resource(*id)).any(decides)
                || resource.home.is_some_and(|home| {
                    *controlled.entry(home).or_insert_with(|| is_controlled(estate, home))
                }))
    });
    let found = Arc::new(found.map(|(id, _)| id).collect::<Vec<_>>());
    locked().insert(name.to_owned(), found.clone());
    found
}

/// Whether a statement of the policy is about the action, or something is missing in it.
fn speaks_of(estate: &Estate, attachment: &Attachment, known: Option<&Assignment>) -> bool {
    let Some(body) = estate.policy(attachment.policy).and_then(body) else { return false };
    let Some(known) = known else { return true };
    !body.document.gaps.is_empty()
        || body.lowered().iter().any(|lowered| lowered.whole.actions.evaluate(known) != Some(false))
}

fn is_controlled(estate: &Estate, home: ScopeId) -> bool {
    let mut above = estate.ancestry(home).into_iter();
    above.any(|scope| estate.attached_to(Target::Scope(scope)).any(|one| one.layer == RESOURCE_CONTROL))
}
