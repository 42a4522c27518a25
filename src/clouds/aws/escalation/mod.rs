//! Escalation steps in AWS: what the words of `policies/aws/escalation.yaml` stand for in an estate.
//!
//! A step at a target becomes one situation for each host, policy and principal in between that serves it. What is not
//! looked at: whether a request to a service has parameters that the service would refuse.

mod holders;
mod index;
mod kinds;
mod likeness;
mod supposed;
mod versions;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

pub(super) use kinds::LEXICON;
pub use kinds::{ACCESS_KEYS, INSTANCE_PROFILES, PASSWORD};
pub(super) use likeness::{of_askers, of_targets};
pub(super) use supposed::{supposed, without};

use self::holders::Holders;
use self::kinds::{HostKind, Standing};
use super::ast::Arn;
use super::estate::awaited;
use super::rule::{IDENTITY, RESOURCE, TRUST};
use super::{AWS, body, keys};
use crate::clouds::escalation::{
    self, Ask, AskOn, Asker, Candidates, Change, Gain, Gained, Need, On, Requirement, Situation, Step,
};
use crate::logic::{Attribute, Formula, Kind, Pattern, Patterns};
use crate::model::{
    Effect, Estate, Gap, GapKind, Host, Object, PolicyId, Principal, PrincipalId, PrincipalKind, ResourceId,
    Target,
};

const TAKE_ON: &str = "sts:AssumeRole";

/// The steps that the program ships.
pub(super) fn steps() -> &'static [Step] {
    static STEPS: OnceLock<Vec<Step>> = OnceLock::new();
    STEPS.get_or_init(|| escalation::shipped(AWS, include_str!("../../../../policies/aws/escalation.yaml")).0)
}

/// The step at all targets, or at one principal.
pub(super) fn situations(estate: &Estate, step: &Step, into: Option<PrincipalId>) -> Vec<Situation> {
    let holders = holders::of(estate);
    let mut found = Vec::new();
    let is_wanted = |kind: &str| step.targets.iter().any(|word| *word.value == *kind);
    let mut at = |id: PrincipalId| {
        let Some(principal) = estate.principal(id).filter(|one| is_wanted(kinds::of(one))) else { return };
        let Some(account) = account_of(estate, principal) else { return };
        // "Only the service that depends on the service-linked role" takes it on, so it is of no use to anybody else:
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html>.
        if !principal.name.contains(":role/aws-service-role/") {
            let at = At { estate, holders: &holders, step, id: Some(id), name: &principal.name, account };
            found.extend(at.situations());
        }
    };
    match into {
        Some(id) => at(id),
        None => {
            estate.principals().filter(|(_, one)| one.cloud == AWS).for_each(|(id, _)| at(id));
            found.extend(at_resources(estate, &holders, step));
        }
    }
    found
}

/// The step at the resources of its kinds.
fn at_resources(estate: &Estate, holders: &Holders, step: &Step) -> Vec<Situation> {
    let mut found = Vec::new();
    for (_, resource) in estate.resources().filter(|(_, resource)| resource.cloud == AWS) {
        if !step.targets.iter().any(|word| *word.value == *resource.kind) {
            continue;
        }
        let home = resource.home.and_then(|home| estate.scope(home)).map(|scope| scope.name.as_str());
        let account = home.or_else(|| Arn::parse(&resource.name).map(|arn| arn.account)).unwrap_or_default();
        let at = At { estate, holders, step, id: None, name: &resource.name, account };
        found.extend(at.situations());
    }
    found
}

fn account_of<'e>(estate: &'e Estate, principal: &'e Principal) -> Option<&'e str> {
    let home = principal.home.and_then(|home| estate.scope(home)).map(|scope| scope.name.as_str());
    home.or_else(|| Arn::parse(&principal.name).map(|arn| arn.account))
}

/// A step at one target.
#[derive(Clone, Copy)]
struct At<'a> {
    estate: &'a Estate,
    holders: &'a Holders,
    step: &'a Step,
    /// The target, if it is a principal.
    id: Option<PrincipalId>,
    name: &'a str,
    account: &'a str,
}

/// What a situation uses besides its target.
#[derive(Clone, Copy, Default)]
struct Using<'a> {
    host: Option<&'a Host>,
    via: Option<PrincipalId>,
    policy: Option<PolicyId>,
    /// Which of the other versions of the policy; none where the input does not say which there are.
    version: Option<u32>,
}

/// What has to exist, as far as it is the same for all that a situation uses.
#[derive(Default)]
struct Required {
    asks: Vec<Ask>,
    gaps: Vec<Gap>,
}

impl<'a> At<'a> {
    fn situations(self) -> Vec<Situation> {
        let mut found = Vec::new();
        for using in self.uses() {
            found.extend(self.situation(using));
        }
        found
    }

    /// All that the step can be taken with at this target.
    fn uses(self) -> Vec<Using<'a>> {
        let mut uses = vec![Using::default()];
        for requirement in &self.step.exists {
            match requirement {
                Requirement::Host(kind) => {
                    let known = self.hosts(kind);
                    // Without a list there may be more than those that are known.
                    let assumed = (!self.is_listed(kind)).then_some(None);
                    let hosts: Vec<Option<&Host>> = known.into_iter().map(Some).chain(assumed).collect();
                    uses = product(&uses, &hosts, |using, host| Using { host: *host, ..using });
                }
                Requirement::Via(service) => {
                    let vias = self.between(service);
                    uses = product(&uses, &vias, |using, via| Using { via: Some(*via), ..using });
                }
                Requirement::Trusts(_)
                | Requirement::Target(_)
                | Requirement::Existing(_)
                | Requirement::Assume(_) => {}
            }
        }
        if self.step.needs.iter().any(|need| need.on == On::Policy) {
            let policies = self.editable();
            uses = product(&uses, &policies, |using, policy| Using { policy: Some(*policy), ..using });
        }
        if self.step.gain == Gain::Restore {
            uses = uses.into_iter().flat_map(|using| self.versions(using)).collect();
        }
        uses
    }

    /// The same with each of the other versions of the policy that may give something.
    fn versions(self, using: Using<'a>) -> Vec<Using<'a>> {
        let Some(policy) = using.policy else { return Vec::new() };
        match versions::wider(self.estate, policy) {
            None => vec![using],
            Some(places) => places.into_iter().map(|at| Using { version: Some(at), ..using }).collect(),
        }
    }

    fn situation(self, using: Using<'a>) -> Option<Situation> {
        let mut required = Required::default();
        if self.step.gain == Gain::Restore && using.version.is_none() {
            let what = "another version of the policy that allows more";
            let how = "`aws iam get-account-authorization-details` tells";
            required.gaps.push(assumed(format!("it was assumed that there is {what}; {how}")));
        }
        for requirement in &self.step.exists {
            self.require(requirement, using, &mut required)?;
        }
        let mut asks: Vec<Ask> = Vec::new();
        let mut candidates = Arc::new(Candidates::Anybody);
        for need in &self.step.needs {
            let ask = self.ask(need, using)?;
            let able = self.holders.candidates(self.estate, &ask, self.account);
            candidates = match &*candidates {
                Candidates::Anybody => able,
                Candidates::Only(_) if Arc::ptr_eq(&candidates, &able) => able,
                listed => Arc::new(listed.clone().and(&able)),
            };
            if candidates.is_empty() {
                return None;
            }
            asks.push(ask);
        }
        asks.extend(required.asks);
        Some(Situation {
            gained: self.gained(using)?,
            asks,
            candidates,
            gaps: required.gaps,
            host: using.host.map(|host| host.resource),
            basis: Vec::new(),
        })
    }

    fn gained(self, using: Using<'a>) -> Option<Gained> {
        let change = || match using.policy.filter(|policy| denies(self.estate, *policy)) {
            Some(policy) => Change::Policy(policy),
            None => Change::Allowed,
        };
        let resource = || self.estate.find_resource(AWS, self.name);
        Some(match (self.step.gain, self.id) {
            (Gain::Become, Some(id)) => Gained::Become(id),
            (Gain::Rewrite, Some(id)) => Gained::Rewrite(id, change()),
            (Gain::Restore, Some(id)) => match (using.policy, using.version) {
                (Some(policy), Some(at)) => Gained::Rewrite(id, Change::Version(policy, at)),
                _ => Gained::Rewrite(id, change()),
            },
            (Gain::Join, Some(id)) => Gained::Join(id),
            (Gain::Manage, Some(id)) => Gained::Admit(id),
            (Gain::Manage, None) => Gained::Manage(resource()?),
            (_, None) => return None,
        })
    }

    /// What one thing that has to exist comes to. `None` when it is known not to be there.
    fn require(self, requirement: &Requirement, using: Using<'a>, required: &mut Required) -> Option<()> {
        match requirement {
            Requirement::Trusts(service) => self.trusted(self.name, service, required),
            Requirement::Via(service) => {
                let via = using.via?;
                let name = self.estate.principal(via).map(|found| found.name.as_str())?;
                self.trusted(name, service, required)?;
                required.asks.push(take_on(via, self.name));
                Some(())
            }
            Requirement::Host(kind) if using.host.is_none() => {
                let kind = kinds::host(kind)?;
                // What is not known can only run as roles that the service may act as.
                for service in kind.services {
                    self.trusted(self.name, service, required)?;
                }
                required.gaps.push(self.unlisted(kind));
                Some(())
            }
            Requirement::Host(_) => Some(()),
            // Whatever runs as a role shows that it can.
            Requirement::Target(_) if using.host.is_some() => Some(()),
            Requirement::Target(state) => {
                match kinds::state(self.estate.principal(self.id?)?, state) {
                    Standing::Yes => {}
                    Standing::No => return None,
                    Standing::Unknown(message) => required.gaps.push(assumed(message)),
                }
                Some(())
            }
            // A word of other clouds.
            Requirement::Existing(_) => None,
            Requirement::Assume(what) => {
                required.gaps.push(assumed(format!("it was assumed that there is {what}")));
                Some(())
            }
        }
    }

    /// That a service may act as a role: only if its trust policy names the service, and then it is asked.
    fn trusted(self, role: &str, service: &str, required: &mut Required) -> Option<()> {
        let resource = self.estate.find_resource(AWS, role)?;
        let attached = self.estate.attached_to(Target::Resource(resource));
        let trusts: Vec<_> = attached
            .filter(|one| one.layer == TRUST)
            .filter_map(|one| body(self.estate.policy(one.policy)?))
            .collect();
        let gaps: Vec<Gap> = trusts.iter().flat_map(|trust| trust.document.gaps.iter().cloned()).collect();
        if trusts.iter().any(|trust| holders::names_service(&trust.document, service)) {
            let service = self.estate.find_principal(AWS, service)?;
            required.asks.push(take_on(service, role));
            return Some(());
        }
        // A trust policy that could not be read may name it.
        (!gaps.is_empty()).then(|| required.gaps.extend(gaps))
    }

    /// Roles that a service may act as and that may take on the target.
    fn between(self, service: &str) -> Vec<PrincipalId> {
        let serving = [service, holders::ANY_SERVICE].map(|name| self.holders.serving(name));
        if serving.iter().all(|roles| roles.is_empty()) {
            return Vec::new();
        }
        let ask = Ask {
            who: Asker::Taker,
            action: Arc::from(TAKE_ON),
            on: AskOn::Object(Object::Named(self.name.to_owned())),
            given: Formula::True,
        };
        let able = self.holders.candidates(self.estate, &ask, self.account);
        let listed: BTreeSet<PrincipalId> = match &*able {
            Candidates::Only(listed) => {
                serving.into_iter().flatten().copied().filter(|id| listed.contains(id)).collect()
            }
            Candidates::Anybody => BTreeSet::new(),
        };
        let serves = |id: &PrincipalId| {
            let name = self.estate.principal(*id).filter(|found| found.kind == PrincipalKind::Role);
            let mut required = Required::default();
            name.is_some_and(|found| self.trusted(&found.name, service, &mut required).is_some())
        };
        listed.into_iter().filter(serves).collect()
    }

    /// The policies of the target that can be edited.
    fn editable(self) -> Vec<PolicyId> {
        self.id.map(|id| editable(self.estate, id, self.name, self.account)).unwrap_or_default()
    }

    fn hosts(self, kind: &str) -> Vec<&'a Host> {
        let running = self.id.into_iter().flat_map(|id| self.estate.hosts().running_as(id));
        running.filter(|host| host.kind == kind).collect()
    }

    fn is_listed(self, kind: &str) -> bool {
        let scope = self.estate.find_scope(AWS, self.account);
        scope.is_some_and(|scope| self.estate.hosts().is_listed(scope, kind))
    }

    fn unlisted(self, kind: &HostKind) -> Gap {
        let how = match kind.command {
            Some(command) => format!("`{command}` lists them"),
            None => "no export that is read here lists them".to_owned(),
        };
        assumed(format!(
            "it was assumed that {} in account {} runs as `{}`; {how}",
            kind.noun, self.account, self.name
        ))
    }

    fn ask(self, need: &Need, using: Using<'a>) -> Option<Ask> {
        let named = |name: String| (AskOn::Object(Object::Named(name)), Formula::True);
        let any = |given: Formula| (AskOn::Object(Object::Any), given);
        let (on, place) = match &need.on {
            On::Target => named(self.name.to_owned()),
            On::Via => named(self.estate.principal(using.via?)?.name.clone()),
            On::Policy => named(policy_arn(self.estate, self.name, self.account, using.policy?)?),
            On::Host => match using.host {
                Some(host) => named(self.estate.resource(host.resource)?.name.clone()),
                None => any(in_account(self.account)),
            },
            On::Existing => return None,
            On::Own => (AskOn::Taker, Formula::True),
            On::New => any(in_account(self.account)),
            On::Like(name) => {
                let pattern = Pattern::arn(&name.replace("{home}", self.account));
                any(Formula::matches(Attribute::resource(), Patterns::of([pattern])))
            }
        };
        let context = need.context.iter().map(|(key, value)| holds(key, value));
        let given = Formula::all(std::iter::once(place).chain(context));
        Some(Ask { who: Asker::Taker, action: need.action.clone(), on, given })
    }
}

/// The customer managed policies that are attached to a principal. Those of AWS cannot be edited:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>.
fn editable(estate: &Estate, id: PrincipalId, name: &str, account: &str) -> Vec<PolicyId> {
    let attached = estate.attached_to(Target::Principal(id)).filter(|one| one.layer == IDENTITY);
    let policies: BTreeSet<PolicyId> = attached.map(|one| one.policy).collect();
    policies.into_iter().filter(|policy| policy_arn(estate, name, account, *policy).is_some()).collect()
}

/// The ARN of a customer managed policy of the account of a principal; inline policies have none.
fn policy_arn(estate: &Estate, principal: &str, account: &str, id: PolicyId) -> Option<String> {
    let policy = estate.policy(id)?;
    let partition = Arn::parse(principal)?.partition;
    let arn = format!("arn:{partition}:iam::{account}:policy/{}", policy.name);
    // It is there, too, where its text is in no file.
    let is_called = |name: &str| estate.find_policy(AWS, name) == Some(id);
    (is_called(&arn) || is_called(&awaited(&arn, false))).then_some(arn)
}

/// All combinations.
fn product<A: Copy, B>(left: &[A], right: &[B], join: impl Fn(A, &B) -> A) -> Vec<A> {
    left.iter().flat_map(|one| right.iter().map(|other| join(*one, other)).collect::<Vec<_>>()).collect()
}

/// Somebody takes on a role.
fn take_on(who: PrincipalId, role: &str) -> Ask {
    Ask {
        who: Asker::Other(who),
        action: Arc::from(TAKE_ON),
        on: AskOn::Object(Object::Named(role.to_owned())),
        given: Formula::True,
    }
}

/// Whatever belongs to an account by its ARN, and what has no resource.
fn in_account(account: &str) -> Formula {
    let own = Pattern::arn(&format!("arn:*:*:*:{account}:*"));
    let none = Pattern::literal("*", crate::logic::Case::Sensitive);
    Formula::matches(Attribute::resource(), Patterns::of([own, none]))
}

/// That a condition key has one value.
fn holds(key: &str, value: &str) -> Formula {
    let folded = keys::folded(key);
    let one = Patterns::literal(value);
    match keys::kind(&folded) {
        Some(Kind::TextSet) => {
            let set = Attribute::new(folded, Kind::TextSet);
            Formula::any_in(set.clone(), one.clone()).and(Formula::all_in(set, one))
        }
        Some(Kind::Boolean) => {
            let key = Attribute::new(folded, Kind::Boolean);
            if value == "true" { Formula::is_true(key) } else { Formula::is_false(key) }
        }
        _ => Formula::matches(Attribute::text(folded), one),
    }
}

/// Whether a policy denies something, which editing it takes away.
fn denies(estate: &Estate, policy: PolicyId) -> bool {
    let body = estate.policy(policy).and_then(body);
    body.is_some_and(|body| body.document.statements.iter().any(|one| one.effect == Effect::Deny))
}

fn assumed(message: String) -> Gap {
    Gap { kind: GapKind::AssumedDefault, message, origin: None }
}

/// Whether a resource has a policy of its own.
fn has_policy(estate: &Estate, resource: ResourceId) -> bool {
    estate.attached_to(Target::Resource(resource)).any(|one| one.layer == RESOURCE)
}
