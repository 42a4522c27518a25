//! Who may come to be allowed an action, by the statements alone: a cheap look before any question is asked.
//!
//! Inside an account somebody needs an identity statement that allows the action, or the resource has a policy. Who
//! takes on a role is told by the role's trust policy: whom it names only by the account, or as anybody, must also
//! have an identity statement that speaks of taking on this role, unless a trust that admits everybody stands in the
//! principal's own account. Everything is looked at by policy, not by pair, because principals share policies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::has_policy;
use super::index::ActionIndex;
use crate::clouds::aws::ast::{Arn, Document, Element, PrincipalName, Statement};
use crate::clouds::aws::rule::{BOUNDARY, IDENTITY, TRUST, TRUSTED_ACTIONS};
use crate::clouds::aws::{AWS, body};
use crate::clouds::escalation::{Ask, AskOn, Candidates};
use crate::logic::{Case, Pattern};
use crate::model::{Effect, Estate, Object, PolicyId, PrincipalId, PrincipalKind, Target};

/// In place of the services that an unread trust policy may name.
pub(super) const ANY_SERVICE: &str = "";

/// Principals by what policies may say of them.
pub(super) struct Holders {
    by_account: BTreeMap<String, Vec<PrincipalId>>,
    accounts: BTreeMap<PrincipalId, String>,
    /// Who holds a policy, also through a group.
    held: Vec<(PolicyId, Vec<PrincipalId>)>,
    /// Principals whose own policies are not in the estate.
    strangers: BTreeSet<PrincipalId>,
    actors: Vec<PrincipalId>,
    /// By action in lower case: the policies that allow it somewhere.
    by_action: Mutex<FxHashMap<String, Arc<Vec<Speaking>>>>,
    /// By action, resource and account.
    answers: Mutex<FxHashMap<(String, String, String), Arc<Candidates>>>,
    /// Who holds one of these policies in an account: most targets are spoken of by the same few.
    together: Mutex<FxHashMap<Together, Arc<Candidates>>>,
    /// Where a policy stands in `held`.
    places: FxHashMap<PolicyId, usize>,
    /// Who is bounded by a policy.
    bounded: BTreeMap<PolicyId, Vec<PrincipalId>>,
    /// By action in lower case: whom a policy of its own denies it on everything, always.
    barred: Mutex<FxHashMap<String, Arc<BTreeSet<PrincipalId>>>>,
    confined: Mutex<FxHashMap<String, Arc<BTreeSet<PrincipalId>>>>,
    /// By service: the roles whose trust policies name it, or are not known in full.
    serving: FxHashMap<String, Vec<PrincipalId>>,
}

/// Whoever in an account holds one of these policies and is not barred from the action, which is empty where nobody is.
#[derive(PartialEq, Eq, Hash)]
struct Together {
    policies: Vec<usize>,
    account: String,
    action: String,
}

/// A policy that allows an action.
struct Speaking {
    /// On which resources, by statement; on all where a statement says nothing.
    places: Vec<Option<Places>>,
    held: usize,
}

/// The resources of a statement. A variable among them may stand for anything.
struct Places {
    negated: bool,
    patterns: Vec<Pattern>,
}

impl Places {
    fn of(element: &Element) -> Self {
        let read = |text: &str| match text.split_once("${") {
            None => Some(Pattern::glob(text, Case::Sensitive)),
            Some(_) if element.negated => None,
            Some((fixed, _)) => Some(Pattern::glob(&format!("{fixed}*"), Case::Sensitive)),
        };
        let patterns = element.values.iter().filter_map(|value| read(&value.value)).collect();
        Self { negated: element.negated, patterns }
    }

    fn may_have(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(name)) != self.negated
    }
}

/// Those of an estate.
pub(super) fn of(estate: &Estate) -> Arc<Holders> {
    estate.derived(Holders::new)
}

impl Holders {
    fn new(estate: &Estate) -> Self {
        let mut by_account: BTreeMap<String, Vec<PrincipalId>> = BTreeMap::new();
        let mut accounts = BTreeMap::new();
        let (mut strangers, mut actors) = (BTreeSet::new(), Vec::new());
        for (id, principal) in estate.principals() {
            if principal.cloud != AWS || principal.kind == PrincipalKind::Group {
                continue;
            }
            actors.push(id);
            if let Some(scope) = principal.home.and_then(|home| estate.scope(home)) {
                by_account.entry(scope.name.clone()).or_default().push(id);
                accounts.insert(id, scope.name.clone());
            }
            if principal.kind == PrincipalKind::External {
                strangers.insert(id);
            }
        }
        let held = held(estate);
        let places = held.iter().enumerate().map(|(at, (policy, _))| (*policy, at)).collect();
        Self {
            by_account,
            accounts,
            held,
            places,
            strangers,
            actors,
            by_action: Mutex::default(),
            answers: Mutex::default(),
            together: Mutex::default(),
            bounded: bounded(estate),
            barred: Mutex::default(),
            confined: Mutex::default(),
            serving: serving(estate),
        }
    }

    /// Who may come to be allowed what a situation at a target of `account` asks of whoever takes it.
    pub(super) fn candidates(&self, estate: &Estate, ask: &Ask, account: &str) -> Arc<Candidates> {
        let action = ask.action.to_ascii_lowercase();
        let name = match &ask.on {
            AskOn::Object(Object::Named(name)) => name.as_str(),
            _ => "",
        };
        let key = (action, name.to_owned(), account.to_owned());
        let locked = || self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = locked().get(&key) {
            return ready.clone();
        }
        let found = if TRUSTED_ACTIONS.contains(&key.0.as_str()) {
            let barred = self.barred(estate, &key.0);
            let mut admitted = self.admitted(estate, name);
            admitted.retain(|id| !barred.contains(id));
            Arc::new(Candidates::Only(admitted))
        } else if estate.find_resource(AWS, name).is_some_and(|id| has_policy(estate, id)) {
            Arc::new(Candidates::Anybody)
        } else {
            let policies = self.speaking_of(estate, &key.0, name);
            let barred = self.confined(estate, &key.0);
            let action = if barred.is_empty() { String::new() } else { key.0.clone() };
            self.together(Together { policies, account: account.to_owned(), action }, &barred)
        };
        locked().insert(key, found.clone());
        found
    }

    /// Without a policy of the resource, only principals of its own account come to it.
    fn together(&self, key: Together, barred: &BTreeSet<PrincipalId>) -> Arc<Candidates> {
        let locked = || self.together.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = locked().get(&key) {
            return ready.clone();
        }
        let is_own = |id: &PrincipalId| self.accounts.get(id).is_some_and(|own| *own == key.account);
        let held = key.policies.iter().filter_map(|at| self.held.get(*at)).flat_map(|(_, holders)| holders);
        let able = held.copied().filter(|id| is_own(id) && !barred.contains(id));
        let found = Arc::new(Candidates::Only(able.collect()));
        locked().insert(key, found.clone());
        found
    }

    /// Those whom a statement of an own policy, or of the boundary, denies an action on everything without a condition:
    /// no other policy allows it then.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
    fn barred(&self, estate: &Estate, action: &str) -> Arc<BTreeSet<PrincipalId>> {
        let locked = || self.barred.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = locked().get(action) {
            return ready.clone();
        }
        let mut found = BTreeSet::new();
        for spoken in ActionIndex::of(estate).about(action) {
            let denies = |one: &Statement| one.effect == Effect::Deny && is_about_everything(one);
            if spoken.statement(estate).is_some_and(denies) {
                let held = self.places.get(&spoken.policy).and_then(|at| self.held.get(*at));
                found.extend(held.into_iter().flat_map(|(_, holders)| holders));
                found.extend(self.bounded.get(&spoken.policy).into_iter().flatten());
            }
        }
        let found = Arc::new(found);
        locked().insert(action.to_owned(), found.clone());
        found
    }

    /// The same, and those whose boundary has no statement that may allow the action.
    fn confined(&self, estate: &Estate, action: &str) -> Arc<BTreeSet<PrincipalId>> {
        let locked = || self.confined.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = locked().get(action) {
            return ready.clone();
        }
        let mut found = BTreeSet::clone(&self.barred(estate, action));
        for (policy, bounded) in &self.bounded {
            let Some(body) = estate.policy(*policy).and_then(body) else { continue };
            let allows = |one: &Statement| one.effect == Effect::Allow && may_be(&one.action, action);
            if body.document.gaps.is_empty() && !body.document.statements.iter().any(allows) {
                found.extend(bounded);
            }
        }
        let found = Arc::new(found);
        locked().insert(action.to_owned(), found.clone());
        found
    }

    /// Roles whose trust policies name a service.
    pub(super) fn serving(&self, service: &str) -> &[PrincipalId] {
        self.serving.get(service).map_or(&[][..], Vec::as_slice)
    }

    /// The policies with a statement that allows an action on a resource, by their places in `held`; on any if no name
    /// is given.
    fn speaking_of(&self, estate: &Estate, action: &str, name: &str) -> Vec<usize> {
        let may_be =
            |places: &Option<Places>| places.as_ref().is_none_or(|one| name.is_empty() || one.may_have(name));
        let speaking = self.speaking(estate, action);
        let about = speaking.iter().filter(|policy| policy.places.iter().any(may_be));
        about.map(|policy| policy.held).collect()
    }

    /// Those of whom `wanted` holds that have a statement that allows an action on a resource; on any if no name is
    /// given.
    fn holding(
        &self,
        estate: &Estate,
        action: &str,
        name: &str,
        wanted: impl Fn(PrincipalId) -> bool,
        from: &mut BTreeSet<PrincipalId>,
    ) {
        for at in self.speaking_of(estate, action, name) {
            let holders = self.held.get(at).map(|(_, holders)| holders.as_slice());
            from.extend(holders.into_iter().flatten().copied().filter(|id| wanted(*id)));
        }
    }

    /// The policies that allow an action.
    fn speaking(&self, estate: &Estate, action: &str) -> Arc<Vec<Speaking>> {
        let locked = || self.by_action.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = locked().get(action) {
            return ready.clone();
        }
        let mut found: Vec<Speaking> = Vec::new();
        for spoken in ActionIndex::of(estate).about(action) {
            let Some(at) = self.places.get(&spoken.policy).copied() else { continue };
            let Some(statement) = spoken.statement(estate).filter(|one| one.effect == Effect::Allow) else {
                continue;
            };
            let place = statement.resource.as_ref().map(Places::of);
            match found.last_mut().filter(|last| last.held == at) {
                Some(last) => last.places.push(place),
                None => found.push(Speaking { places: vec![place], held: at }),
            }
        }
        let found = Arc::new(found);
        locked().insert(action.to_owned(), found.clone());
        found
    }

    /// Whom the trust policy of a role lets take it on.
    fn admitted(&self, estate: &Estate, role: &str) -> BTreeSet<PrincipalId> {
        let mut from = BTreeSet::new();
        let Some(resource) = estate.find_resource(AWS, role) else { return from };
        for attachment in estate.attached_to(Target::Resource(resource)).filter(|one| one.layer == TRUST) {
            if let Some(body) = estate.policy(attachment.policy).and_then(body) {
                self.trusted(estate, &body.document, role, &mut from);
            }
        }
        if let Some(own) = estate.find_principal(AWS, role) {
            from.remove(&own);
        }
        from
    }

    fn trusted(&self, estate: &Estate, trust: &Document, role: &str, from: &mut BTreeSet<PrincipalId>) {
        let allows = trust.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        for statement in allows.filter(|statement| may_be(&statement.action, "sts:AssumeRole")) {
            let Some(principals) = &statement.principal else { continue };
            if principals.negated {
                from.extend(&self.actors);
                continue;
            }
            for name in &principals.names {
                self.named(estate, &name.value, role, from);
            }
        }
    }

    fn named(&self, estate: &Estate, name: &PrincipalName, role: &str, from: &mut BTreeSet<PrincipalId>) {
        match name {
            PrincipalName::Anyone => {
                let own = Arn::parse(role).and_then(|arn| self.by_account.get(arn.account));
                from.extend(own.into_iter().flatten());
                self.assuming(estate, role, |_| true, from);
            }
            PrincipalName::Account(account) => {
                let is_member =
                    |id: PrincipalId| self.accounts.get(&id).is_some_and(|own| **own == **account);
                self.assuming(estate, role, is_member, from);
            }
            PrincipalName::User(arn)
            | PrincipalName::Role(arn)
            | PrincipalName::Other(arn)
            | PrincipalName::Service(arn)
            | PrincipalName::Federated(arn) => from.extend(estate.find_principal(AWS, arn)),
            PrincipalName::Session { account, role, .. } => {
                let members = self.by_account.get(&**account).into_iter().flatten();
                from.extend(members.filter(|id| {
                    let name = estate.principal(**id).map_or("", |principal| &principal.name);
                    name.rsplit('/').next() == Some(role)
                }));
            }
            PrincipalName::UniqueId(id) => {
                let has = |fact: &String| **fact == **id;
                from.extend(self.actors.iter().filter(|actor| {
                    let facts = estate.principal(**actor).map(|principal| &principal.facts);
                    facts.and_then(|facts| facts.get("unique-id")).is_some_and(has)
                }));
            }
            PrincipalName::Canonical(_) => self.assuming(estate, role, |_| true, from),
        }
    }

    /// Those that have a statement about taking on `role`, and those whose statements are not known.
    fn assuming(
        &self,
        estate: &Estate,
        role: &str,
        wanted: impl Fn(PrincipalId) -> bool,
        from: &mut BTreeSet<PrincipalId>,
    ) {
        self.holding(estate, "sts:assumerole", role, &wanted, from);
        from.extend(self.strangers.iter().copied().filter(|id| wanted(*id)));
    }
}

/// Each policy that is attached to principals, with those who hold it, also through a group.
pub(super) fn held(estate: &Estate) -> Vec<(PolicyId, Vec<PrincipalId>)> {
    let mut members: BTreeMap<PrincipalId, Vec<PrincipalId>> = BTreeMap::new();
    for membership in estate.memberships() {
        members.entry(membership.group).or_default().push(membership.member);
    }
    let mut holders: BTreeMap<PolicyId, Vec<PrincipalId>> = BTreeMap::new();
    for attachment in estate.attachments().iter().filter(|one| one.layer == IDENTITY) {
        let Target::Principal(id) = attachment.target else { continue };
        let held = holders.entry(attachment.policy).or_default();
        held.push(id);
        held.extend(members.get(&id).into_iter().flatten());
    }
    holders.into_iter().collect()
}

/// The roles that each service may take on, by their trust policies.
fn serving(estate: &Estate) -> FxHashMap<String, Vec<PrincipalId>> {
    let mut found: FxHashMap<String, Vec<PrincipalId>> = FxHashMap::default();
    for (id, principal) in estate.principals().filter(|(_, one)| one.kind == PrincipalKind::Role) {
        let Some(resource) = estate.find_resource(AWS, &principal.name) else { continue };
        for attachment in estate.attached_to(Target::Resource(resource)).filter(|one| one.layer == TRUST) {
            let Some(trust) = estate.policy(attachment.policy).and_then(body) else { continue };
            // What could not be read may name any.
            let unread = (!trust.document.gaps.is_empty()).then_some(ANY_SERVICE);
            for service in services(&trust.document).chain(unread) {
                let roles = found.entry(service.to_owned()).or_default();
                if roles.last() != Some(&id) {
                    roles.push(id);
                }
            }
        }
    }
    found
}

/// Each permission boundary with those whom it bounds.
fn bounded(estate: &Estate) -> BTreeMap<PolicyId, Vec<PrincipalId>> {
    let mut found: BTreeMap<PolicyId, Vec<PrincipalId>> = BTreeMap::new();
    for attachment in estate.attached_as(BOUNDARY) {
        if let Target::Principal(id) = attachment.target {
            found.entry(attachment.policy).or_default().push(id);
        }
    }
    found
}

/// Whether a statement holds for all resources in all circumstances.
fn is_about_everything(statement: &Statement) -> bool {
    let all = |element: &Element| !element.negated && element.values.iter().any(|value| &*value.value == "*");
    statement.condition.is_empty() && statement.resource.as_ref().is_some_and(all)
}

fn may_be(element: &Element, action: &str) -> bool {
    let fits = |text: &str| Pattern::glob(text.trim(), Case::Insensitive).matches(action);
    element.values.iter().any(|value| fits(&value.value)) != element.negated
}

/// Whether a trust policy lets a service take on its role.
pub(super) fn names_service(trust: &Document, service: &str) -> bool {
    services(trust).any(|text| text == service)
}

/// Whether a trust policy lets any service take on its role.
pub(super) fn names_services(trust: &Document) -> bool {
    services(trust).next().is_some()
}

fn services(trust: &Document) -> impl Iterator<Item = &str> {
    let allows = trust.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    let names = allows.filter_map(|statement| statement.principal.as_ref());
    let listed = names.filter(|names| !names.negated).flat_map(|names| &names.names);
    listed.filter_map(|name| match &name.value {
        PrincipalName::Service(text) => Some(&**text),
        _ => None,
    })
}
