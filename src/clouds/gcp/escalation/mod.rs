//! Escalation steps in Google Cloud: what the words of `policies/gcp/escalation.yaml` stand for in an estate.
//!
//! A step at a service account becomes one situation for each name of the account, host and account in between that
//! serves it. What is made new is made in the account's own project: elsewhere a constraint that is set unless somebody
//! lifts it forbids to use the account
//! (<https://cloud.google.com/iam/docs/attach-service-accounts#enabling-cross-project>). What is not looked at: whether
//! a service's interface is enabled, its quota, and what its parameters have to be.

mod holders;
mod kinds;
mod supposed;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

pub(super) use kinds::LEXICON;
pub(super) use supposed::supposed;

use self::holders::{Custom, Holders};
use super::index;
use super::names::{self, CLOUD};
use crate::clouds::escalation::{
    self, Ask, AskOn, Asker, Candidates, Change, Gain, Gained, Need, On, Requirement, Situation, Step,
};
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{
    Estate, Gap, GapKind, Host, Object, PolicyId, PrincipalId, PrincipalKind, ResourceId, ScopeId, Target,
};

/// What lets one account make tokens by way of others:
/// <https://cloud.google.com/iam/docs/create-short-lived-credentials-delegated>.
const DELEGATE: &str = "iam.serviceAccounts.implicitDelegation";

/// Who may be allowed a permission on a resource, by the bindings alone.
pub(super) fn holders_on(estate: &Estate, action: &str, name: &str, scope: Option<ScopeId>) -> Candidates {
    holders::of(estate).on_resource(estate, action, name, scope)
}

/// The steps that the program ships.
pub(super) fn steps() -> &'static [Step] {
    static STEPS: OnceLock<Vec<Step>> = OnceLock::new();
    STEPS.get_or_init(|| {
        escalation::shipped(CLOUD, include_str!("../../../../policies/gcp/escalation.yaml")).0
    })
}

/// The step at all targets, or at one principal.
pub(super) fn situations(estate: &Estate, step: &Step, into: Option<PrincipalId>) -> Vec<Situation> {
    let holders = holders::of(estate);
    let mut found = Vec::new();
    let mut at = |id: PrincipalId| {
        let kind = estate.principal(id).filter(|one| one.cloud == CLOUD).map_or("", kinds::of);
        if step.targets.iter().any(|word| *word.value == *kind) {
            found.extend(At { estate, holders: &holders, step, id }.situations());
        }
    };
    match into {
        Some(id) => at(id),
        None => estate.principals().for_each(|(id, _)| at(id)),
    }
    found
}

/// The name of the resource that a principal is.
pub(super) fn as_resource(estate: &Estate, principal: PrincipalId) -> String {
    let own = accounts(estate, principal).into_iter().find_map(|account| account.name);
    own.or_else(|| estate.principal(principal).map(|found| found.name.clone())).unwrap_or_default()
}

/// A service account at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Account {
    /// The resource that it is, if others can be let to act as it.
    name: Option<String>,
    /// Where it lives.
    scope: ScopeId,
    /// What was assumed about that.
    gap: Option<Gap>,
}

/// The places where a service account lives: one, unless the input names its project in two ways. Where only the number
/// of a project is known, and nothing else of it, the account is taken to live where it is given a role: the default
/// accounts of services are named by number.
fn accounts(estate: &Estate, id: PrincipalId) -> Vec<Account> {
    let Some(mail) = estate.principal(id).and_then(kinds::mail) else { return Vec::new() };
    let Some(project) = kinds::project(mail) else { return Vec::new() };
    let is_resource = names::service_account(mail).is_some();
    let named =
        |scope: &str| is_resource.then(|| format!("//iam.googleapis.com/{scope}/serviceAccounts/{mail}"));
    let told = format!("projects/{project}");
    let mut found: Vec<Account> = Vec::new();
    for name in resources_of(estate, mail) {
        if let Some(scope) = names::placement(estate, &name) {
            found.push(Account { name: Some(name), scope, gap: None });
        }
    }
    if let Some(scope) = estate.find_scope(CLOUD, &told).filter(|_| found.is_empty()) {
        found.push(Account { name: named(&told), scope, gap: None });
    }
    if !project.bytes().all(|b| b.is_ascii_digit()) || found.iter().any(|one| is_known(estate, one.scope)) {
        return found;
    }
    let member = format!("serviceAccount:{mail}");
    let given: BTreeSet<ScopeId> = index::bindings_of(estate, &member)
        .filter_map(|(_, target, _)| if let Target::Scope(scope) = target { Some(scope) } else { None })
        .collect();
    for scope in given {
        let Some(place) = estate.scope(scope).filter(|one| one.name.starts_with("projects/")) else {
            continue;
        };
        let message =
            format!("it was assumed that `{mail}` belongs to `{}`, where it has a role", place.name);
        found.push(Account { name: named(&place.name), scope, gap: Some(assumed(message)) });
    }
    found
}

/// Whether more is known of a scope than its name.
fn is_known(estate: &Estate, scope: ScopeId) -> bool {
    let has_parent = estate.scope(scope).is_some_and(|scope| scope.parent.is_some());
    has_parent || estate.attached_to(Target::Scope(scope)).next().is_some()
}

/// The resources that a service account is, by its mail address.
fn resources_of(estate: &Estate, mail: &str) -> Vec<String> {
    let all = estate.derived(ByMail::of);
    all.0.get(mail).cloned().unwrap_or_default()
}

/// The resources that service accounts are, by their mail addresses.
struct ByMail(BTreeMap<String, Vec<String>>);

impl ByMail {
    fn of(estate: &Estate) -> Self {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (_, resource) in estate.resources().filter(|(_, resource)| resource.cloud == CLOUD) {
            if let Some((_, mail)) = resource.name.rsplit_once("/serviceAccounts/") {
                found.entry(mail.to_ascii_lowercase()).or_default().push(resource.name.clone());
            }
        }
        Self(found)
    }
}

/// A step at one target.
#[derive(Clone, Copy)]
struct At<'a> {
    estate: &'a Estate,
    holders: &'a Holders,
    step: &'a Step,
    id: PrincipalId,
}

/// What a situation uses besides its target.
#[derive(Clone, Default)]
struct Using<'a> {
    account: Option<Account>,
    host: Option<&'a Host>,
    /// Something that is there, whoever it runs as.
    existing: Option<ResourceId>,
    /// The account in between, and what has to hold between it and the target.
    via: Option<(PrincipalId, Vec<Ask>)>,
    role: Option<(String, PolicyId)>,
}

impl<'a> At<'a> {
    fn situations(self) -> Vec<Situation> {
        let mut found = Vec::new();
        for using in self.uses() {
            found.extend(self.situation(&using));
        }
        found
    }

    /// All that the step can be taken with at this target.
    fn uses(self) -> Vec<Using<'a>> {
        if self.step.gain == Gain::Rewrite {
            let held = self.estate.derived(Custom::of);
            let roles = held.0.get(&self.id).into_iter().flatten();
            return roles
                .map(|(name, policy)| Using { role: Some((name.clone(), *policy)), ..Using::default() })
                .collect();
        }
        let accounts = accounts(self.estate, self.id).into_iter();
        let mut uses: Vec<Using<'_>> =
            accounts.map(|account| Using { account: Some(account), ..Using::default() }).collect();
        for requirement in &self.step.exists {
            uses = match requirement {
                Requirement::Host(kind) => {
                    uses.iter().flat_map(|using| self.with_hosts(using, kind)).collect()
                }
                Requirement::Via(action) => {
                    uses.iter().flat_map(|using| self.with_vias(using, action)).collect()
                }
                Requirement::Existing(kind) => {
                    uses.iter().flat_map(|using| self.with_existing(using, kind)).collect()
                }
                Requirement::Trusts(_) | Requirement::Target(_) | Requirement::Assume(_) => uses,
            };
        }
        uses
    }

    fn with_hosts(self, using: &Using<'a>, kind: &str) -> Vec<Using<'a>> {
        let scope = using.account.as_ref().map(|account| account.scope);
        let hosts = self.estate.hosts();
        let known = hosts.running_as(self.id).filter(|host| host.kind == kind).map(Some);
        // Without a list there may be more than those that are known.
        let open = scope.is_none_or(|scope| !hosts.is_listed(scope, kind));
        known.chain(open.then_some(None)).map(|host| Using { host, ..using.clone() }).collect()
    }

    /// What is there of a kind: one of those that are alike, and each that policies may tell from the others.
    fn with_existing(self, using: &Using<'a>, kind: &str) -> Vec<Using<'a>> {
        let Some(scope) = using.account.as_ref().map(|account| account.scope) else { return Vec::new() };
        let hosts = self.estate.hosts();
        let needs = self.step.needs.iter().filter(|need| need.on == On::Existing);
        let actions: Vec<&str> = needs.map(|need| &*need.action).collect();
        let looks = |action: &&str| self.holders.looks_at_resources(self.estate, action, scope);
        let told_apart = actions.iter().any(looks);
        let is_own = |id: &ResourceId| {
            told_apart || actions.iter().any(|action| self.holders.is_given_on(self.estate, action, *id))
        };
        let (own, alike): (Vec<ResourceId>, Vec<ResourceId>) = hosts.noted(scope, kind).partition(is_own);
        let known = own.into_iter().chain(alike.into_iter().take(1)).map(Some);
        // Without a list there may be more than those that are known.
        let open = !hosts.is_counted(scope, kind);
        known.chain(open.then_some(None)).map(|existing| Using { existing, ..using.clone() }).collect()
    }

    /// The accounts that may `action` the target, and those from which delegation leads to one of them, each with the
    /// shortest chain.
    fn with_vias(self, using: &Using<'a>, action: &str) -> Vec<Using<'a>> {
        let Some(target) = using.account.as_ref().and_then(|account| account.name.clone()) else {
            return Vec::new();
        };
        let mut seen = BTreeSet::from([self.id]);
        let mut open = vec![(action.to_owned(), target, Vec::new())];
        let mut found = Vec::new();
        while let Some((action, name, links)) = (!open.is_empty()).then(|| open.remove(0)) {
            let scope = names::placement(self.estate, &name);
            let Candidates::Only(who) = self.holders.on_resource(self.estate, &action, &name, scope) else {
                continue;
            };
            for via in who {
                let kind = self.estate.principal(via).map(|one| one.kind);
                if kind != Some(PrincipalKind::ServiceAccount) || !seen.insert(via) {
                    continue;
                }
                let ask = Ask {
                    who: Asker::Other(via),
                    action: Arc::from(action.as_str()),
                    on: AskOn::Object(Object::Named(name.clone())),
                    given: Formula::True,
                };
                let links: Vec<Ask> = std::iter::once(ask).chain(links.iter().cloned()).collect();
                open.push((DELEGATE.to_owned(), as_resource(self.estate, via), links.clone()));
                found.push(Using { via: Some((via, links)), ..using.clone() });
            }
        }
        found
    }

    fn situation(self, using: &Using<'a>) -> Option<Situation> {
        let mut gaps: Vec<Gap> = using.account.iter().filter_map(|account| account.gap.clone()).collect();
        for requirement in &self.step.exists {
            match requirement {
                Requirement::Host(kind) if using.host.is_none() => gaps.push(self.unlisted(kind, using)?),
                Requirement::Existing(kind) if using.existing.is_none() => {
                    gaps.push(self.uncounted(kind, using)?)
                }
                Requirement::Assume(what) => {
                    gaps.push(assumed(format!("it was assumed that there is {what}")))
                }
                // No account trusts a service of its own accord, and none has states that steps ask for.
                Requirement::Trusts(_) | Requirement::Target(_) => return None,
                Requirement::Host(_) | Requirement::Existing(_) | Requirement::Via(_) => {}
            }
        }
        let mut asks = Vec::new();
        let mut candidates = Candidates::Anybody;
        for need in &self.step.needs {
            let (ask, who) = self.ask(need, using)?;
            candidates = candidates.and(&who);
            if candidates.is_empty() {
                return None;
            }
            asks.push(ask);
        }
        asks.extend(using.via.iter().flat_map(|(_, links)| links.iter().cloned()));
        let host = using.host.map(|host| host.resource);
        Some(Situation {
            gained: self.gained(using)?,
            asks,
            candidates: Arc::new(candidates),
            gaps,
            host,
            basis: Vec::new(),
        })
    }

    fn gained(self, using: &Using<'a>) -> Option<Gained> {
        match self.step.gain {
            Gain::Become => Some(Gained::Become(self.id)),
            Gain::Rewrite => {
                using.role.as_ref().map(|(_, role)| Gained::Rewrite(self.id, Change::Policy(*role)))
            }
            Gain::Manage => Some(Gained::Admit(self.id)),
            // Members of groups are managed outside of allow policies.
            Gain::Join | Gain::Restore => None,
        }
    }

    fn unlisted(self, kind: &str, using: &Using<'a>) -> Option<Gap> {
        let noun = kinds::host(kind);
        let place = self.estate.scope(using.account.as_ref()?.scope).map(|scope| scope.name.as_str())?;
        let name = self.estate.principal(self.id).map(|one| one.name.as_str())?;
        Some(assumed(format!("it was assumed that {noun} in `{place}` runs as `{name}`")))
    }

    fn uncounted(self, kind: &str, using: &Using<'a>) -> Option<Gap> {
        let noun = kinds::host(kind);
        let place = self.estate.scope(using.account.as_ref()?.scope).map(|scope| scope.name.as_str())?;
        Some(assumed(format!("it was assumed that there is {noun} in `{place}`")))
    }

    /// The question of a need, and who comes into question for it.
    fn ask(self, need: &Need, using: &Using<'a>) -> Option<(Ask, Candidates)> {
        let estate = self.estate;
        let action = &*need.action;
        let named = |name: String| {
            let scope = names::placement(estate, &name);
            let who = self.holders.on_resource(estate, action, &name, scope);
            ((AskOn::Object(Object::Named(name)), Formula::True), who)
        };
        let home = || using.account.as_ref().map(|account| account.scope);
        let ((on, given), who) = match &need.on {
            On::Target => named(using.account.as_ref()?.name.clone()?),
            On::Via => named(as_resource(estate, using.via.as_ref()?.0)),
            On::Policy => named(format!("//iam.googleapis.com/{}", using.role.as_ref()?.0)),
            On::Own => ((AskOn::Taker, Formula::True), Candidates::Anybody),
            On::Host | On::Existing => match using.host.map(|host| host.resource).or(using.existing) {
                Some(resource) => named(estate.resource(resource)?.name.clone()),
                None if self.holders.is_given_inside(estate, action, home()?) => {
                    (anything(estate, home()?), self.holders.in_scope(estate, action, home()?))
                }
                None => (self.fresh(action, home()?), self.holders.in_scope(estate, action, home()?)),
            },
            On::New => (self.fresh(action, home()?), self.holders.in_scope(estate, action, home()?)),
            On::Like(name) => {
                let scope = estate.scope(home()?)?.name.as_str();
                let project = scope.strip_prefix("projects/").unwrap_or(scope);
                let pattern = Pattern::glob(&name.replace("{home}", project), Case::Sensitive);
                let (on, place) = anything(estate, home()?);
                let like = Formula::matches(Attribute::resource(), Patterns::of([pattern]));
                ((on, place.and(like)), self.holders.in_scope(estate, action, home()?))
            }
        };
        let ask = Ask { who: Asker::Taker, action: need.action.clone(), on, given };
        Some((ask, who))
    }

    /// Something that is made in a scope. It has no policy yet, so what speaks of it are the policies above: as long as
    /// none of them looks at the resource, it is as good as its project.
    fn fresh(self, action: &str, scope: ScopeId) -> (AskOn, Formula) {
        if !self.holders.looks_at_resources(self.estate, action, scope) {
            let name = self.estate.scope(scope).map(|scope| names::scope_resource(&scope.name));
            return (AskOn::Object(Object::Named(name.unwrap_or_default())), Formula::True);
        }
        let (on, place) = anything(self.estate, scope);
        let taken = self.holders.listed(scope).iter().flat_map(|name| names::inside(name));
        (on, place.and(Formula::matches(Attribute::resource(), Patterns::of(taken)).not()))
    }
}

/// Whatever stands in a scope. Names in which another scope stands before the project's are no names of anything.
fn anything(estate: &Estate, scope: ScopeId) -> (AskOn, Formula) {
    let here = Patterns::literal(&names::chain(estate, scope));
    let nested = ["projects", "folders", "organizations"].map(|kind| format!("//*/{kind}/*/projects/*"));
    let nested = Patterns::of(nested.map(|glob| Pattern::glob(&glob, Case::Sensitive)));
    let sound = Formula::matches(Attribute::resource(), nested).not();
    (AskOn::Object(Object::Any), Formula::matches(names::ancestry(), here).and(sound))
}

fn assumed(message: String) -> Gap {
    Gap { kind: GapKind::AssumedDefault, message, origin: None }
}
