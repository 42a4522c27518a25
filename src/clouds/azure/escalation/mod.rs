//! Escalation steps in Azure: what the words of `policies/azure/escalation.yaml` stand for in an estate. Targets are
//! managed identities (<https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview>), keys of
//! services, key vaults, and whoever holds a custom role; hosts are resources that have an identity. Exports of resources
//! tell which have which; an identity that none of them names is not followed.
//!
//! Not here: what `steps` has as code, and steps by power in the directory.

mod kinds;
mod supposed;

pub(super) use kinds::LEXICON;
pub(super) use supposed::supposed;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::condition::Key;
use super::conditions;
use super::names::{self, CLOUD};
use super::steps::Candidates as Holders;
use crate::clouds::escalation::{
    self, Ask, AskOn, Asker, Candidates, Change, Gain, Gained, Need, On, Requirement, Situation, Step,
};
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{Estate, Gap, GapKind, Object, PolicyId, PrincipalId, ResourceId};

/// The steps that the program ships.
pub(super) fn steps() -> &'static [Step] {
    static STEPS: OnceLock<Vec<Step>> = OnceLock::new();
    STEPS.get_or_init(|| {
        escalation::shipped(CLOUD, include_str!("../../../../policies/azure/escalation.yaml")).0
    })
}

/// The step at all its targets, or at one principal.
pub(super) fn situations(estate: &Estate, step: &Step, into: Option<PrincipalId>) -> Vec<Situation> {
    let mut holders = Holders::of(estate);
    let custom = (step.gain == Gain::Rewrite).then(|| estate.derived(supposed::Custom::of));
    let mut found = Vec::new();
    let mut at = |target: Target| {
        let roles: Vec<Option<PolicyId>> = match (&custom, target.principal()) {
            (Some(custom), Some(id)) => custom.held(id).map(Some).collect(),
            (Some(_), None) => Vec::new(),
            (None, _) => vec![None],
        };
        for role in roles {
            for host in hosts_of(estate, step, target) {
                let at = At { estate, step, target, host, role };
                found.extend(at.situation(&mut holders));
            }
        }
    };
    let is_target = |id: PrincipalId| {
        let known = estate.principal(id);
        known.is_some_and(|one| step.targets.iter().any(|word| kinds::is_target(estate, one, &word.value)))
    };
    if let Some(id) = into {
        if is_target(id) {
            at(Target::Principal(id));
        }
        return found;
    }
    match &custom {
        Some(custom) => custom.holders().filter(|id| is_target(*id)).for_each(|id| at(Target::Principal(id))),
        None => {
            let all = estate.principals().map(|(id, _)| id);
            all.filter(|id| is_target(*id)).for_each(|id| at(Target::Principal(id)));
        }
    }
    for (id, resource) in estate.resources().filter(|(_, resource)| resource.cloud == CLOUD) {
        if step.targets.iter().any(|word| kinds::is_resource(&resource.kind, &word.value)) {
            at(Target::Resource(id));
        }
    }
    found
}

/// What a step is taken at.
#[derive(Clone, Copy)]
enum Target {
    Principal(PrincipalId),
    Resource(ResourceId),
}

impl Target {
    fn principal(self) -> Option<PrincipalId> {
        match self {
            Self::Principal(id) => Some(id),
            Self::Resource(_) => None,
        }
    }
}

/// The resources that have the target as their identity and are of the kind that the step uses; nothing, once, for a step
/// that uses none.
fn hosts_of(estate: &Estate, step: &Step, target: Target) -> Vec<Option<(ResourceId, String)>> {
    let words: Vec<_> = step
        .exists
        .iter()
        .filter_map(|one| match one {
            Requirement::Host(word) => Some(kinds::host(word)),
            _ => None,
        })
        .collect();
    if words.is_empty() {
        return vec![None];
    }
    let Some(principal) = target.principal().and_then(|id| estate.principal(id)) else { return Vec::new() };
    let mut found = Vec::new();
    for (fact, kind) in words.into_iter().flatten() {
        let names = principal.facts.keys().filter_map(|known| known.strip_prefix(fact));
        for name in names {
            let Some(id) = estate.find_resource(CLOUD, name) else { continue };
            if estate.resource(id).is_some_and(|resource| resource.kind.eq_ignore_ascii_case(kind)) {
                found.push(Some((id, name.to_owned())));
            }
        }
    }
    found
}

/// A step at one target with what it uses.
struct At<'e> {
    estate: &'e Estate,
    step: &'e Step,
    target: Target,
    host: Option<(ResourceId, String)>,
    role: Option<PolicyId>,
}

impl At<'_> {
    fn situation(&self, holders: &mut Holders<'_>) -> Option<Situation> {
        let gaps = self.gaps()?;
        let mut asks = Vec::new();
        let mut candidates = Candidates::Anybody;
        for need in &self.step.needs {
            for ask in self.asks(need)? {
                candidates = match &ask.on {
                    AskOn::Object(Object::Named(name)) => {
                        candidates.and(&Candidates::Only(holders.at(&need.action, name)))
                    }
                    _ => among(candidates, &holders.anywhere(&need.action)),
                };
                if candidates.is_empty() {
                    return None;
                }
                asks.push(ask);
            }
        }
        let host = self.host.as_ref().map(|(id, _)| *id);
        Some(Situation {
            gained: self.gained()?,
            asks,
            candidates: Arc::new(candidates),
            gaps,
            host,
            basis: Vec::new(),
        })
    }

    /// What is taken to be there; `None` where something is known not to be.
    fn gaps(&self) -> Option<Vec<Gap>> {
        let mut gaps = Vec::new();
        for requirement in &self.step.exists {
            match requirement {
                Requirement::Host(_) => {}
                Requirement::Target(state) => {
                    let principal = self.target.principal().and_then(|id| self.estate.principal(id));
                    if !kinds::is_in_state(self.estate, principal, self.name(), state) {
                        return None;
                    }
                }
                Requirement::Assume(what) => gaps.push(Gap {
                    kind: GapKind::AssumedDefault,
                    message: format!("it was assumed that there is {what}"),
                    origin: None,
                }),
                // Words of other clouds.
                Requirement::Trusts(_) | Requirement::Via(_) | Requirement::Existing(_) => return None,
            }
        }
        Some(gaps)
    }

    fn gained(&self) -> Option<Gained> {
        match (self.step.gain, self.target) {
            (Gain::Become, Target::Principal(id)) => Some(Gained::Become(id)),
            (Gain::Rewrite, Target::Principal(id)) => Some(Gained::Rewrite(id, Change::Policy(self.role?))),
            (Gain::Manage, Target::Resource(id)) => Some(Gained::Manage(id)),
            // Members of groups are the directory's business, and identities let nobody in by a policy of their own.
            (Gain::Join | Gain::Manage | Gain::Restore, Target::Principal(_)) | (_, Target::Resource(_)) => {
                None
            }
        }
    }

    /// The name of the target as a resource.
    fn name(&self) -> Option<&str> {
        match self.target {
            Target::Principal(id) => self.estate.principal(id).and_then(kinds::own_resource),
            Target::Resource(id) => self.estate.resource(id).map(|resource| resource.name.as_str()),
        }
    }

    /// The questions of a need: one, but for a role, which has to be written in all scopes it can be given in
    /// (<https://learn.microsoft.com/azure/role-based-access-control/custom-roles#who-can-create-delete-update-or-view-a-custom-role>).
    fn asks(&self, need: &Need) -> Option<Vec<Ask>> {
        let given = given(need)?;
        let ask = |on: Object, place: Formula| Ask {
            who: Asker::Taker,
            action: need.action.clone(),
            on: AskOn::Object(on),
            given: given.clone().and(place),
        };
        let named = |name: &str| vec![ask(Object::Named(name.to_owned()), Formula::True)];
        Some(match &need.on {
            On::Host => named(&self.host.as_ref()?.1),
            On::Target => named(self.name()?),
            On::New => vec![ask(Object::Any, like(&of_type(&need.action)?))],
            On::Like(written) => vec![ask(Object::Any, like(&self.filled(written)?))],
            On::Policy => {
                let role = supposed::role(self.estate, self.role?)?;
                role.scopes.iter().flat_map(|scope| named(scope)).collect()
            }
            On::Via | On::Own | On::Existing => return None,
        })
    }

    /// A pattern of names with what its places stand for.
    fn filled(&self, written: &str) -> Option<String> {
        let mut filled = written.to_owned();
        let host = self.host.as_ref().map(|(_, name)| name.as_str());
        let home = self.name().or(host).and_then(names::subscription);
        let home = home.and_then(|name| name.rsplit('/').next());
        for (place, value) in [("{target}", self.name()), ("{host}", host), ("{home}", home)] {
            if filled.contains(place) {
                filled = filled.replace(place, value?);
            }
        }
        Some(filled)
    }
}

/// Those of the candidates who are listed.
fn among(candidates: Candidates, listed: &BTreeSet<PrincipalId>) -> Candidates {
    match candidates {
        Candidates::Anybody => Candidates::Only(listed.clone()),
        Candidates::Only(mut own) => {
            own.retain(|id| listed.contains(id));
            Candidates::Only(own)
        }
    }
}

/// What the request says of itself.
fn given(need: &Need) -> Option<Formula> {
    let mut all = Vec::new();
    for (key, value) in &need.context {
        let key = Key::of_context(key)?;
        all.push(Formula::matches(conditions::attribute(&key), Patterns::literal(value)));
    }
    Some(Formula::all(all))
}

fn like(pattern: &str) -> Formula {
    Formula::matches(Attribute::resource(), Patterns::of([Pattern::glob(pattern, Case::Insensitive)]))
}

/// What the names look like of all resources that an action is asked on, in any subscription: what is new can lie
/// anywhere in the tenant, and so can the identity that it gets
/// (<https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identities-faq>).
fn of_type(action: &str) -> Option<String> {
    let path = action.strip_suffix("/action").unwrap_or(action).rsplit_once('/')?.0;
    let mut words = path.split('/');
    let mut name = format!("/*/providers/{}", words.next()?);
    for word in words {
        name.push('/');
        name.push_str(word);
        name.push_str("/?*");
    }
    Some(name)
}
