//! Which targets of a step are alike, and which askers: an account has thousands of roles and a few dozen kinds of
//! them, so what is true of one of a kind is asked once.
//!
//! Two targets are alike if everything that a step looks at is the same for both but their names, and every pattern of
//! a policy that may stand for a principal or a policy matches both names or neither. Two askers are alike with regard
//! to an action if the same policies that speak of it bear on both, and whatever these say of the asker (tags, its ARN)
//! comes out the same.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};

use super::holders;
use super::index::ActionIndex;
use super::kinds::{self, LEXICON, Standing};
use crate::clouds::aws::ast::{PrincipalName, Statement};
use crate::clouds::aws::layers::is_service_linked;
use crate::clouds::aws::rule::{
    ACCESS_LIST, BOUNDARY, ENDPOINT, KEY_GRANT, RESOURCE, RESOURCE_CONTROL, SERVICE_CONTROL, SESSION, TRUST,
    TRUSTED_ACTIONS,
};
use crate::clouds::aws::{AWS, Body, body, keys, sense};
use crate::clouds::escalation::{Change, Gain, Likeness, Need, On, Requirement, Step};
use crate::logic::{Case, Pattern};
use crate::model::{Estate, PolicyId, Principal, PrincipalId, PrincipalKind, ResourceId, Target};

/// The targets of a step that have something to them, each with its kind.
pub(in crate::clouds::aws) fn of_targets(
    estate: &Estate,
    step: &Step,
    change: Option<Change>,
) -> Arc<Likeness> {
    let targets: Arc<Targets> = estate.derived(Targets::new);
    let trusted = |need: &Need| {
        need.on == On::Target && TRUSTED_ACTIONS.contains(&need.action.to_ascii_lowercase().as_str())
    };
    let look = Look {
        kinds: step.targets.iter().map(|word| word.value.to_string()).collect(),
        // Where the step before has opened the trust, all trust policies are the same.
        trust: change != Some(Change::Admitted) && step.needs.iter().any(trusted),
        policies: step.needs.iter().any(|need| need.on == On::Policy),
        versions: step.gain == Gain::Restore,
        alone: step.exists.iter().any(|one| matches!(one, Requirement::Via(_))),
    };
    let locked = || targets.tables.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ready) = locked().get(&look) {
        return ready.clone();
    }
    let table = Arc::new(targets.table(&look));
    locked().insert(look, table.clone());
    table
}

/// Principals by what decides whether they may do an action: those that are not among them are like nobody else.
pub(in crate::clouds::aws) fn of_askers(
    estate: &Estate,
    action: &str,
    change: Option<Change>,
) -> Arc<Likeness> {
    let askers: Arc<Askers> = estate.derived(Askers::new);
    // What else may be changed is the same for all.
    let change =
        change.filter(|change| matches!(change, Change::Policy(_) | Change::Version(..) | Change::Member(_)));
    let key = (action.to_ascii_lowercase(), change);
    let locked = || askers.tables.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ready) = locked().get(&key) {
        return ready.clone();
    }
    let table = Arc::new(askers.table(estate, &key.0, change));
    locked().insert(key, table.clone());
    table
}

/// What a step looks at.
#[derive(PartialEq, Eq, Hash)]
struct Look {
    kinds: Vec<String>,
    /// The whole trust policy, not only the services in it.
    trust: bool,
    /// The policies that can be edited.
    policies: bool,
    /// Their other versions.
    versions: bool,
    /// More than can be compared.
    alone: bool,
}

/// What is known of the principals as targets.
struct Targets {
    profiles: Vec<(PrincipalId, Profile)>,
    tables: Mutex<FxHashMap<Look, Arc<Likeness>>>,
}

struct Profile {
    kind: &'static str,
    /// Account, name and state.
    common: u32,
    /// The trust policy if a service may act as it, or if something about it is not known.
    services: u32,
    trust: u32,
    policies: u32,
    versions: u32,
}

impl Targets {
    fn new(estate: &Estate) -> Self {
        let mentions = Mentions::of(estate);
        let mut common = Numbers::default();
        let mut trusts = Numbers::default();
        let mut policies = Numbers::default();
        let mut versions = Numbers::default();
        let mut profiles = Vec::new();
        let own = estate.principals().filter(|(_, one)| one.cloud == AWS && !kinds::of(one).is_empty());
        for (id, principal) in own.filter(|(_, one)| !is_service_linked(&one.name)) {
            let states: Vec<u8> = LEXICON.states.iter().map(|word| state(principal, word)).collect();
            let resource = estate.find_resource(AWS, &principal.name);
            let apart = estate.hosts().running_as(id).next().is_some()
                || resource.is_some_and(|resource| super::has_policy(estate, resource));
            let name = mentions.signature(&principal.name, apart);
            let (services, trust) = resource.map(|resource| trust(estate, resource)).unwrap_or_default();
            profiles.push((
                id,
                Profile {
                    kind: kinds::of(principal),
                    common: common.of((principal.home, kinds::of(principal), states, name)),
                    services: trusts.of(services),
                    trust: trusts.of(trust),
                    policies: policies.of(editable(estate, &mentions, id, principal)),
                    versions: versions.of(versions_of(estate, id, principal)),
                },
            ));
        }
        Self { profiles, tables: Mutex::default() }
    }

    fn table(&self, look: &Look) -> Likeness {
        let mut numbers = Numbers::default();
        let wanted = |kind: &str| look.kinds.iter().any(|word| word == kind);
        let all = self.profiles.iter().filter(|(_, one)| wanted(one.kind));
        let numbered = all.map(|(id, one)| {
            let trust = if look.trust { one.trust } else { one.services };
            let policies = if look.policies { one.policies } else { 0 };
            let versions = if look.versions { one.versions } else { 0 };
            (*id, Some(numbers.of((one.common, trust, policies, versions, look.alone.then_some(*id)))))
        });
        Likeness::new(numbered.collect(), None)
    }
}

fn state(principal: &Principal, word: &str) -> u8 {
    match kinds::state(principal, word) {
        Standing::Yes => 0,
        Standing::No => 1,
        Standing::Unknown(_) => 2,
    }
}

/// What the trust policies of a role say: of services, or where something is not known; and all of it.
fn trust(estate: &Estate, role: ResourceId) -> (String, String) {
    let (mut services, mut all) = (String::new(), String::new());
    for attachment in estate.attached_to(Target::Resource(role)).filter(|one| one.layer == TRUST) {
        let Some(body) = estate.policy(attachment.policy).and_then(body) else { continue };
        let text = sense::plain(&body.document);
        // A gap may be about a place in the file, which tells the roles apart.
        let gaps =
            if body.document.gaps.is_empty() { String::new() } else { format!("{:?}", body.document.gaps) };
        if !gaps.is_empty() || holders::names_services(&body.document) {
            services.push_str(&text);
            services.push_str(&gaps);
        }
        all.push_str(&text);
        all.push_str(&gaps);
    }
    (services, all)
}

/// The policies of a target that can be edited, in their order: by their names, or as they are if they deny something.
fn editable(
    estate: &Estate,
    mentions: &Mentions,
    id: PrincipalId,
    principal: &Principal,
) -> Vec<(Signature, Option<PolicyId>)> {
    let account = super::account_of(estate, principal).unwrap_or_default();
    let all = super::editable(estate, id, &principal.name, account).into_iter();
    all.filter_map(|policy| {
        let arn = super::policy_arn(estate, &principal.name, account, policy)?;
        Some((mentions.signature(&arn, false), super::denies(estate, policy).then_some(policy)))
    })
    .collect()
}

/// Of the same policies, in their order: those that have other versions, and nothing where it is not known.
fn versions_of(estate: &Estate, id: PrincipalId, principal: &Principal) -> Vec<Option<Option<PolicyId>>> {
    let account = super::account_of(estate, principal).unwrap_or_default();
    let all = super::editable(estate, id, &principal.name, account).into_iter();
    all.map(|policy| estate.versions().of(policy).map(|others| (!others.is_empty()).then_some(policy)))
        .collect()
}

/// Which of the patterns of an estate match a name.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Signature {
    /// These, and nothing else speaks of it.
    Common(Vec<u32>),
    /// Something speaks of it alone.
    Own(String),
}

/// The resources of all statements that may be principals or policies.
struct Mentions {
    names: FxHashSet<String>,
    patterns: Vec<Pattern>,
    /// Such as may stand for one or the other, depending on who asks.
    variable: Vec<Pattern>,
}

const HEADS: [&str; 3] = ["arn:aws:iam:", "arn:aws-cn:iam:", "arn:aws-us-gov:iam:"];

impl Mentions {
    fn of(estate: &Estate) -> Self {
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        let mut found = Self { names: FxHashSet::default(), patterns: Vec::new(), variable: Vec::new() };
        let bodies = estate.policies().filter_map(|(_, policy)| body(policy));
        let others = estate.versions().iter().filter_map(|version| version.body.downcast_ref::<Body>());
        let statements = bodies.chain(others).flat_map(|body| &body.document.statements);
        let texts = statements.filter_map(|one| one.resource.as_ref()).flat_map(|element| &element.values);
        for text in texts.map(|value| &*value.value).filter(|text| *text != "*") {
            let fixed = text.split(['*', '?', '$']).next().unwrap_or(text);
            let may_be = HEADS.iter().any(|head| head.starts_with(fixed) || fixed.starts_with(head));
            if !may_be || !seen.insert(text) {
                continue;
            }
            let glob = |text: &str| Pattern::glob(text, Case::Sensitive);
            match text.split_once("${") {
                Some((before, _)) => found.variable.push(glob(&format!("{before}*"))),
                None if text.contains(['*', '?']) => found.patterns.push(glob(text)),
                None => _ = found.names.insert(text.to_owned()),
            }
        }
        found
    }

    fn signature(&self, name: &str, apart: bool) -> Signature {
        let own = apart || self.names.contains(name) || self.variable.iter().any(|one| one.matches(name));
        if own {
            return Signature::Own(name.to_owned());
        }
        let matching = self.patterns.iter().zip(0..).filter(|(pattern, _)| pattern.matches(name));
        Signature::Common(matching.map(|(_, number)| number).collect())
    }
}

/// A number for each of several values.
struct Numbers<T>(FxHashMap<T, u32>);

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self(FxHashMap::default())
    }
}

impl<T: Hash + Eq> Numbers<T> {
    fn of(&mut self, value: T) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(value).or_insert(next)
    }
}

type Tables = FxHashMap<(String, Option<Change>), Arc<Likeness>>;

/// What is known of the principals as askers.
struct Askers {
    /// Who holds a policy, also through a group.
    held: FxHashMap<PolicyId, Vec<PrincipalId>>,
    bounded: BTreeMap<PrincipalId, Vec<PolicyId>>,
    /// Policies of resources: what they say of somebody is not compared.
    on_resources: FxHashSet<PolicyId>,
    /// Policies that bear on whole accounts.
    common: FxHashSet<PolicyId>,
    /// Those that have further policies of their own.
    apart: BTreeSet<PrincipalId>,
    /// Everybody by what tells principals apart where no policy does.
    plain: Arc<FxHashMap<PrincipalId, u32>>,
    /// By action and change.
    tables: Mutex<Tables>,
}

impl Askers {
    fn new(estate: &Estate) -> Self {
        let mut numbers = Numbers::default();
        let plain = estate.principals().filter(|(_, one)| is_compared(one));
        let mut found = Self {
            held: holders::held(estate).into_iter().collect(),
            bounded: BTreeMap::new(),
            on_resources: FxHashSet::default(),
            common: FxHashSet::default(),
            apart: BTreeSet::new(),
            plain: Arc::new(plain.map(|(id, one)| (id, numbers.of((one.home, kind(one))))).collect()),
            tables: Mutex::default(),
        };
        for one in estate.attachments() {
            match (one.layer, one.target) {
                (BOUNDARY, Target::Principal(id)) => found.bounded.entry(id).or_default().push(one.policy),
                (RESOURCE | KEY_GRANT | ACCESS_LIST, _) => _ = found.on_resources.insert(one.policy),
                (SESSION | ENDPOINT, Target::Principal(id)) => _ = found.apart.insert(id),
                (SERVICE_CONTROL | RESOURCE_CONTROL | ENDPOINT, _) => _ = found.common.insert(one.policy),
                _ => {}
            }
        }
        found
    }

    fn table(&self, estate: &Estate, action: &str, change: Option<Change>) -> Likeness {
        // Trust policies name those whom they let in.
        if TRUSTED_ACTIONS.contains(&action) {
            return Likeness::default();
        }
        let mut common = Traits::default();
        let mut own: BTreeMap<PolicyId, Traits> = BTreeMap::new();
        // A policy that is changed speaks of everything; the policies of a group that everybody joins, to everybody.
        let mut joined: BTreeSet<PolicyId> = BTreeSet::new();
        match change {
            Some(Change::Policy(policy)) => _ = own.insert(policy, Traits::default()),
            Some(Change::Version(policy, at)) => {
                let version =
                    estate.versions().get(policy, at).and_then(|one| one.body.downcast_ref::<Body>());
                let traits = own.entry(policy).or_default();
                version.into_iter().flat_map(|one| &one.document.statements).for_each(|one| traits.add(one));
            }
            Some(Change::Member(group)) => {
                joined.extend(estate.attached_to(Target::Principal(group)).map(|one| one.policy));
            }
            Some(Change::Allowed | Change::Admitted) | None => {}
        }
        let index = ActionIndex::of(estate);
        for spoken in index.about(action) {
            let Some(statement) = spoken.statement(estate) else { continue };
            if self.on_resources.contains(&spoken.policy) {
                return Likeness::default();
            }
            if self.common.contains(&spoken.policy) || joined.contains(&spoken.policy) {
                common.add(statement);
            }
            own.entry(spoken.policy).or_default().add(statement);
        }
        let mut spoken_of: BTreeMap<PrincipalId, Vec<PolicyId>> = BTreeMap::new();
        for policy in own.keys() {
            for holder in self.held.get(policy).into_iter().flatten() {
                spoken_of.entry(*holder).or_default().push(*policy);
            }
        }
        for id in self.bounded.keys().chain(&self.apart) {
            spoken_of.entry(*id).or_default();
        }
        let is_plain = common.is_plain();
        if !is_plain {
            estate.principals().for_each(|(id, _)| _ = spoken_of.entry(id).or_default());
        }
        let mut numbers = Numbers::default();
        let mut told = FxHashMap::default();
        for (id, mut policies) in spoken_of {
            let Some(principal) = estate.principal(id).filter(|one| is_compared(one)) else { continue };
            policies.sort_unstable();
            policies.dedup();
            let bounds = self.bounded.get(&id).cloned().unwrap_or_default();
            let bearing = policies.iter().chain(&bounds).filter_map(|policy| own.get(policy));
            let traits: Option<Vec<Told>> =
                bearing.chain([&common]).map(|traits| traits.of(principal)).collect();
            let number = traits
                .filter(|_| !self.apart.contains(&id))
                .map(|traits| numbers.of((principal.home, kind(principal), policies, bounds, traits)));
            told.insert(id, number);
        }
        Likeness::new(told, is_plain.then(|| self.plain.clone()))
    }
}

/// What tells principals apart whatever policies say.
fn kind(principal: &Principal) -> (PrincipalKind, bool) {
    (principal.kind, is_service_linked(&principal.name))
}

fn is_compared(principal: &Principal) -> bool {
    principal.cloud == AWS && matches!(principal.kind, PrincipalKind::Role | PrincipalKind::User)
}

/// What statements say of whoever asks.
#[derive(Default)]
struct Traits {
    tags: BTreeSet<String>,
    /// Values that its ARN is compared with.
    names: Vec<Pattern>,
    /// Whether it is something that differs from one to another.
    personal: bool,
}

/// What comes out of it for one: the values of tags, and which patterns its ARN matches.
type Told = (Vec<Option<String>>, Vec<bool>);

/// Keys about whoever asks that are the same for all of one kind in one account.
const SHARED: [&str; 6] = [
    keys::PRINCIPAL_ACCOUNT,
    keys::PRINCIPAL_TYPE,
    keys::PRINCIPAL_IS_SERVICE,
    keys::PRINCIPAL_SERVICE_NAME,
    keys::PRINCIPAL_ORG_ID,
    keys::PRINCIPAL_ORG_PATHS,
];

impl Traits {
    fn add(&mut self, statement: &Statement) {
        for test in &statement.condition {
            let key = keys::folded(&test.key.value);
            let is_fixed = test.values.iter().all(|value| !value.value.contains("${"));
            if key == keys::PRINCIPAL_ARN && is_fixed {
                // Inside an account the parts of an ARN that operators take apart are the same for all.
                let texts = test.values.iter().map(|value| &value.value);
                let cases = [Case::Sensitive, Case::Insensitive];
                self.names.extend(texts.flat_map(|text| cases.map(|case| Pattern::glob(text, case))));
            } else {
                self.key(&key);
            }
            test.values.iter().for_each(|value| self.variables(&value.value));
        }
        let resources = statement.resource.iter().flat_map(|element| &element.values);
        resources.for_each(|value| self.variables(&value.value));
        // Where a policy names principals, whom it means is not compared.
        let mut names = statement.principal.iter().flat_map(|names| &names.names);
        self.personal |= names.any(|name| name.value != PrincipalName::Anyone);
    }

    fn variables(&mut self, text: &str) {
        for part in text.split("${").skip(1) {
            let name = part.split(['}', ',']).next().unwrap_or(part);
            self.key(&keys::folded(name.trim()));
        }
    }

    fn key(&mut self, key: &str) {
        if key.starts_with(keys::PRINCIPAL_TAG) {
            self.tags.insert(key.to_owned());
        } else if ["aws:principal", "aws:user"].iter().any(|head| key.starts_with(head)) {
            self.personal |= !SHARED.contains(&key);
        }
    }

    /// Whether nothing is said.
    fn is_plain(&self) -> bool {
        self.tags.is_empty() && self.names.is_empty() && !self.personal
    }

    /// `None` where one asker cannot be compared with another.
    fn of(&self, principal: &Principal) -> Option<Told> {
        if self.personal {
            return None;
        }
        let value = |tag: &String| {
            let mut facts = principal.facts.iter().filter(|(name, _)| keys::folded(name) == *tag);
            facts.next().map(|(_, value)| value.clone())
        };
        let tags = self.tags.iter().map(value).collect();
        Some((tags, self.names.iter().map(|pattern| pattern.matches(&principal.name)).collect()))
    }
}
