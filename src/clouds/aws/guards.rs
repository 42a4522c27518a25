//! What the formulas of every question need to know of the whole estate, worked out once: whose resources there are,
//! and which of them have policies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::ast::{Arn, PrincipalName};
use super::inside::{coverage, covering};
use super::layers::trusted_calls;
use super::rule::{ACCESS_LIST, KEY_GRANT, RESOURCE, RESOURCE_CONTROL, TRUST, TRUSTED_ACTIONS};
use super::{AWS, body, no_say};
use crate::logic::{Assignment, Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{
    Attachment, Effect, Estate, Layer, LayerGroup, Object, PolicyId, ResourceId, ScopeId, Target,
};

/// What follows from the estate alone.
struct Guards {
    /// By account: what is asked on its resources whose ARN names no account.
    owned: BTreeMap<String, Patterns>,
    /// The same of all other accounts, for the few accounts that were asked about last.
    others: Mutex<BTreeMap<String, Patterns>>,
    /// The same for whoever owns nothing of it.
    all_owned: Patterns,
    keys: Patterns,
    has_roles: bool,
    /// The resources with policies that can decide about an action; about any action under the empty text.
    by_action: Mutex<FxHashMap<String, Arc<Guarded>>>,
    /// What is asked on a resource, and which of it its policy, or the trust policy of a role, decides about.
    on_it: Vec<(Formula, Formula)>,
    /// The resources that lie in others, both ways.
    related: FxHashMap<ResourceId, Vec<ResourceId>>,
    /// The groups of a policy's grants that every caller shares whom all of them may concern.
    whole: Mutex<FxHashMap<(PolicyId, ResourceId, Layer), WholeGroups>>,
}

/// For so many accounts it is kept what all others own.
const ACCOUNTS_KEPT: usize = 8;

/// The groups of one policy, with all its grants.
type WholeGroups = Arc<[LayerGroup]>;

/// Resources with policies that decide about an action, by whom the policies speak of.
struct Guarded {
    all: Arc<Vec<ResourceId>>,
    /// They speak of everybody, or of somebody who is not told by a name, or something about them is not known.
    open: Vec<ResourceId>,
    /// They speak of nobody but these names and account numbers.
    named: FxHashMap<Box<str>, Vec<ResourceId>>,
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
        let all_owned = Patterns::of(lists.values().flatten().cloned());
        let others = Mutex::default();
        let owned = lists.into_iter().map(|(owner, patterns)| (owner, Patterns::of(patterns))).collect();
        let keys = Patterns::of(keys);
        let by_action = Mutex::default();
        let on_it = estate.resources().map(|(id, _)| asked_on(estate, id)).collect();
        let (related, whole) = (related(estate), Mutex::default());
        Guards { owned, others, all_owned, keys, has_roles, by_action, on_it, related, whole }
    })
}

impl Guards {
    /// What is asked on the resources of all accounts but one. Questions come account by account, so those of a few are
    /// kept, not of all: together they would grow with the square of the accounts.
    fn others(&self, account: &str) -> Patterns {
        if !self.owned.contains_key(account) {
            return self.all_owned.clone();
        }
        let locked = || self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = locked().get(account) {
            return ready.clone();
        }
        let others = self.owned.iter().filter(|(owner, _)| *owner != account).map(|(_, patterns)| patterns);
        let found = Patterns::of(others.flat_map(|patterns| patterns.iter().cloned().collect::<Vec<_>>()));
        let mut kept = locked();
        if kept.len() >= ACCOUNTS_KEPT {
            kept.clear();
        }
        kept.insert(account.to_owned(), found.clone());
        found
    }
}

fn related(estate: &Estate) -> FxHashMap<ResourceId, Vec<ResourceId>> {
    let mut related: FxHashMap<ResourceId, Vec<ResourceId>> = FxHashMap::default();
    for (id, resource) in estate.resources().filter(|(_, resource)| resource.cloud == AWS) {
        for other in covering(estate, &resource.name).into_iter().filter(|other| *other != id) {
            related.entry(id).or_default().push(other);
            related.entry(other).or_default().push(id);
        }
    }
    related
}

/// A resource, what it lies in and what lies in it: their policies decide about requests on it.
pub(super) fn around(estate: &Estate, resource: ResourceId) -> Vec<ResourceId> {
    let guards = guards(estate);
    let related = guards.related.get(&resource).into_iter().flatten().copied();
    std::iter::once(resource).chain(related).collect()
}

fn asked_on(estate: &Estate, id: ResourceId) -> (Formula, Formula) {
    let on_it = Formula::matches(Attribute::resource(), coverage(estate, id));
    let trusts = estate.attached_to(Target::Resource(id)).any(|one| one.layer == TRUST);
    let kind = estate.resource(id).map_or("", |found| &found.kind);
    let decided = match (trusts, kind) {
        (true, _) => trusted_calls().and(on_it.clone()),
        (false, kind) => match no_say::calls(kind) {
            Some(calls) => calls.not().and(on_it.clone()),
            None => on_it.clone(),
        },
    };
    (on_it, decided)
}

/// The owner of a resource whose ARN names no account, if the estate knows one.
fn unnumbered_owner(estate: &Estate, id: ResourceId) -> Option<&str> {
    let resource = estate.resource(id).filter(|resource| resource.cloud == AWS)?;
    let home = resource.home.and_then(|home| estate.scope(home))?;
    Arn::parse(&resource.name).filter(|arn| arn.account.is_empty()).map(|_| home.name.as_str())
}

fn has_policy(estate: &Estate, id: ResourceId) -> bool {
    estate.attached_to(Target::Resource(id)).any(|one| one.layer == RESOURCE)
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
    near(estate, &guards(estate).others(account), object)
}

/// The patterns that requests on the object can match; all where that may be anything. A question about one resource
/// would otherwise hold the names of all.
fn near(estate: &Estate, patterns: &Patterns, object: &Object) -> Patterns {
    let Object::Within(id) = object else { return patterns.clone() };
    Patterns::of(coverage(estate, *id).iter().flat_map(|asked| patterns.meeting(asked)))
}

/// The same of these resources only.
pub(super) fn owned_by_others_among(
    estate: &Estate,
    account: &str,
    among: &BTreeSet<ResourceId>,
) -> Patterns {
    let others = among.iter().copied();
    let others = others.filter(|id| unnumbered_owner(estate, *id).is_some_and(|owner| owner != account));
    Patterns::of(others.flat_map(|id| coverage(estate, id).iter().cloned().collect::<Vec<_>>()))
}

/// The keys with a policy; none but the object, where the question names one.
pub(super) fn keys(estate: &Estate, object: &Object) -> Patterns {
    let Object::Named(name) = object else { return near(estate, &guards(estate).keys, object) };
    let found = estate.find_resource(AWS, name).filter(|id| has_policy(estate, *id));
    let key = found.and_then(|id| estate.resource(id)).filter(|resource| resource.kind == "kms:key");
    Patterns::of(key.map(|key| Pattern::literal(&key.name, Case::Sensitive)))
}

/// The keys with a policy among these resources.
pub(super) fn keys_among(estate: &Estate, among: &BTreeSet<ResourceId>) -> Patterns {
    let with_policy = among.iter().filter(|id| has_policy(estate, **id));
    let keys = with_policy.filter_map(|id| estate.resource(*id)).filter(|found| found.kind == "kms:key");
    Patterns::of(keys.map(|key| Pattern::literal(&key.name, Case::Sensitive)))
}

/// Whether the estate knows a role.
pub(super) fn has_roles(estate: &Estate) -> bool {
    guards(estate).has_roles
}

/// What is asked on the resources of the estate.
pub(super) fn covered(estate: &Estate) -> Patterns {
    let covered = estate.derived(|estate| {
        let own = estate.resources().filter(|(_, resource)| resource.cloud == AWS);
        Covered(Patterns::of(
            own.flat_map(|(id, _)| coverage(estate, id).iter().cloned().collect::<Vec<_>>()),
        ))
    });
    covered.0.clone()
}

/// The formulas of [`Guards::on_it`].
pub(super) fn on_it(estate: &Estate, id: ResourceId) -> (Formula, Formula) {
    guards(estate).on_it.get(id.index()).cloned().unwrap_or_default()
}

/// The groups of a policy of a resource, which are the same for all callers whom
/// the same grants concern. `groups` are those of one caller; where the kept ones are the same, a copy of these is answered, which
/// knows already what follows from them.
pub(super) fn shared(
    estate: &Estate,
    attachment: &Attachment,
    resource: ResourceId,
    groups: Vec<LayerGroup>,
) -> Vec<LayerGroup> {
    let guards = guards(estate);
    let key = (attachment.policy, resource, attachment.layer);
    let same = |kept: &LayerGroup, own: &LayerGroup| {
        kept.layer == own.layer
            && kept.applies == own.applies
            && kept.grants.len() == own.grants.len()
            && kept.grants.iter().zip(&own.grants).all(|(one, two)| Arc::ptr_eq(one, two))
    };
    let mut known = guards.whole.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = known.get(&key) {
        let fits = kept.len() == groups.len() && kept.iter().zip(&groups).all(|(kept, own)| same(kept, own));
        return if fits { kept.to_vec() } else { groups };
    }
    for group in &groups {
        group.consulted(Effect::Allow);
        group.consulted(Effect::Deny);
    }
    known.insert(key, groups.clone().into());
    groups
}

/// The resources whose policies, or whose place in the organization, can decide about `action`, or about any action.
/// Those about which something is missing are among them in any case. With the names of a caller, those that speak
/// of nobody but others are left out.
pub(super) fn resources(
    estate: &Estate,
    action: Option<&str>,
    caller: Option<[&str; 2]>,
) -> Arc<Vec<ResourceId>> {
    let guarded = guarded(estate, action);
    let Some(names) = caller else { return guarded.all.clone() };
    let named = names.iter().filter_map(|name| guarded.named.get(*name)).flatten();
    let mut found: Vec<ResourceId> = guarded.open.iter().chain(named).copied().collect();
    found.sort_unstable();
    found.dedup();
    Arc::new(found)
}

/// How many [`resources`] there are, or a few more.
pub(super) fn how_many(estate: &Estate, action: Option<&str>, caller: Option<[&str; 2]>) -> usize {
    let guarded = guarded(estate, action);
    let Some(names) = caller else { return guarded.all.len() };
    let named = names.iter().filter_map(|name| guarded.named.get(*name)).map(Vec::len);
    guarded.open.len() + named.sum::<usize>()
}

fn guarded(estate: &Estate, action: Option<&str>) -> Arc<Guarded> {
    let guards = guards(estate);
    let name = action.unwrap_or_default();
    let locked = || guards.by_action.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ready) = locked().get(name) {
        return ready.clone();
    }
    let known = action.map(|action| Assignment::new().with_text(Attribute::action(), action));
    let trusted = action.is_none_or(|action| TRUSTED_ACTIONS.contains(&action));
    let mut controlled: FxHashMap<ScopeId, bool> = FxHashMap::default();
    let mut guarded = Guarded { all: Arc::default(), open: Vec::new(), named: FxHashMap::default() };
    let mut all = Vec::new();
    for (id, resource) in estate.resources().filter(|(_, resource)| resource.cloud == AWS) {
        let mut reach = Reach::default();
        for one in estate.attached_to(Target::Resource(id)) {
            if [RESOURCE, KEY_GRANT, ACCESS_LIST].contains(&one.layer) || (one.layer == TRUST && trusted) {
                reach.add(estate, one, known.as_ref());
            }
        }
        reach.open |= resource
            .home
            .is_some_and(|home| *controlled.entry(home).or_insert_with(|| is_controlled(estate, home)));
        if reach.open {
            guarded.open.push(id);
        }
        if reach.open || !reach.names.is_empty() {
            all.push(id);
        }
        for name in reach.names {
            guarded.named.entry(name.into()).or_default().push(id);
        }
    }
    guarded.all = Arc::new(all);
    let guarded = Arc::new(guarded);
    locked().insert(name.to_owned(), guarded.clone());
    guarded
}

/// Whom policies speak of.
#[derive(Default)]
struct Reach<'e> {
    open: bool,
    names: BTreeSet<&'e str>,
}

impl<'e> Reach<'e> {
    fn add(&mut self, estate: &'e Estate, attachment: &Attachment, known: Option<&Assignment>) {
        let Some(body) = estate.policy(attachment.policy).and_then(body) else { return };
        self.open |= !body.document.gaps.is_empty();
        for (statement, lowered) in body.document.statements.iter().zip(body.lowered()) {
            if known.is_some_and(|known| lowered.whole.actions.evaluate(known) == Some(false)) {
                continue;
            }
            let Some(principals) = &statement.principal else { continue };
            self.open |= principals.negated;
            for name in &principals.names {
                match &name.value {
                    PrincipalName::Account(text)
                    | PrincipalName::User(text)
                    | PrincipalName::Role(text)
                    | PrincipalName::Other(text)
                    | PrincipalName::Service(text)
                    | PrincipalName::Federated(text) => {
                        self.names.insert(text);
                    }
                    PrincipalName::Anyone
                    | PrincipalName::Session { .. }
                    | PrincipalName::UniqueId(_)
                    | PrincipalName::Canonical(_) => self.open = true,
                }
            }
        }
    }
}

fn is_controlled(estate: &Estate, home: ScopeId) -> bool {
    let mut above = estate.ancestry(home).into_iter();
    above.any(|scope| estate.attached_to(Target::Scope(scope)).any(|one| one.layer == RESOURCE_CONTROL))
}
