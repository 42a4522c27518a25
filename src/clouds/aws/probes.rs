//! Questions about a resource that tell a stranger who should not get in from one who should: the customer of a service
//! that is trusted for everybody, the tenant of an identity provider that many share, the neighbour of another account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::ast::{PrincipalName, Statement};
use super::rule::{RESOURCE, TRUST};
use super::{AWS, body, conditions, keys, layers};
use crate::clouds::{Probe, ProbeKind, subjects};
use crate::logic::{Attribute, Formula, Kind, Patterns};
use crate::model::{
    Effect, Estate, Layer, Object, Principal, PrincipalId, PrincipalKind, Question, ResourceId, Subject,
    Target,
};

/// Services that act for whichever customer asks them and say in `aws:SourceAccount` and `aws:SourceArn` for whom.
/// Others (Amazon EC2, say) use a role only for the account that owns it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html#cross-service-confused-deputy-prevention>
const DEPUTIES: &[&str] = &[
    "apigateway.amazonaws.com",
    "budgets.amazonaws.com",
    "cloudfront.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "config.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "events.amazonaws.com",
    "iot.amazonaws.com",
    "logging.s3.amazonaws.com",
    "logs.amazonaws.com",
    "s3.amazonaws.com",
    "secretsmanager.amazonaws.com",
    "ses.amazonaws.com",
    "sns.amazonaws.com",
];

/// An account and an organization that are nobody's.
const STRANGER: &str = "000000000000";
const STRANGE_ORGANIZATION: &str = "o-0000000000";

/// At most so many neighbours are asked about for each resource.
const NEIGHBOURS: usize = 50;

pub(super) fn probes(estate: &Estate, resource: ResourceId, kind: ProbeKind) -> Vec<Probe> {
    match kind {
        ProbeKind::ForeignSubject | ProbeKind::WideSubject => subjects(estate, resource, kind),
        ProbeKind::ForeignCustomer => foreign_customers(estate, resource),
        ProbeKind::Neighbour => neighbours(estate, resource),
    }
}

/// What a resource's policies of a layer allow.
fn allowing(estate: &Estate, resource: ResourceId, layer: Layer) -> Vec<&Statement> {
    let attached = estate.attached_to(Target::Resource(resource)).filter(|one| one.layer == layer);
    let bodies = attached.filter_map(|one| body(estate.policy(one.policy)?));
    bodies.flat_map(|body| allows(&body.document.statements)).collect()
}

/// The statements that allow.
pub(super) fn allows(statements: &[Statement]) -> impl Iterator<Item = &Statement> {
    statements.iter().filter(|one| one.effect == Effect::Allow)
}

pub(super) fn names(statement: &Statement) -> impl Iterator<Item = &PrincipalName> {
    let listed = statement.principal.iter().filter(|names| !names.negated).flat_map(|names| &names.names);
    listed.map(|name| &name.value)
}

fn question(subject: Subject, action: Option<&str>, object: Object) -> Question {
    Question { cloud: AWS, subject, action: action.map(str::to_owned), object }
}

pub(super) fn is(key: &str, value: &str) -> Formula {
    let attribute = keys::attribute(&keys::folded(key), Kind::Text);
    let value = Patterns::literal(value);
    match attribute.kind() {
        Kind::TextSet => {
            Formula::any_in(attribute.clone(), value.clone()).and(Formula::all_in(attribute, value))
        }
        _ => Formula::matches(Attribute::text(attribute.name()), value),
    }
}

/// Tokens of an identity provider for subjects that are somebody else's, or that nobody meant.
fn subjects(estate: &Estate, resource: ResourceId, kind: ProbeKind) -> Vec<Probe> {
    let Some(role) = estate.resource(resource).map(|found| found.name.clone()) else { return Vec::new() };
    let mut probes = Vec::new();
    for statement in allowing(estate, resource, TRUST) {
        for name in names(statement) {
            let PrincipalName::Federated(text) = name else { continue };
            let host = text.split_once(":oidc-provider/").map_or(&**text, |(_, host)| host);
            let provider = subjects::provider(host);
            let (Some(provider), Some(id)) = (provider, estate.find_principal(AWS, text)) else { continue };
            let patterns = subject_patterns(statement, host);
            let patterns = patterns.iter().map(|pattern| &**pattern);
            let others: BTreeSet<String> = match kind {
                ProbeKind::WideSubject => {
                    let like = patterns.flat_map(|pattern| provider.insiders_like(pattern));
                    like.chain(provider.insiders()).collect()
                }
                _ => {
                    let like = patterns.flat_map(|pattern| provider.strangers_like(pattern));
                    like.chain(provider.strangers()).collect()
                }
            };
            for subject in others {
                let object = Object::Named(role.clone());
                let call = "sts:AssumeRoleWithWebIdentity";
                let given = is(&format!("{host}:sub"), &subject).and(without_claims(statement, host));
                probes.push(Probe {
                    question: question(Subject::Principal(id), Some(call), object),
                    given,
                    token: None,
                });
            }
        }
    }
    probes
}

/// What a statement compares the subject of a token with.
fn subject_patterns(statement: &Statement, host: &str) -> Vec<Arc<str>> {
    let key = keys::folded(&format!("{host}:sub"));
    let tests = statement.condition.iter().filter(|test| keys::folded(&test.key.value) == key);
    tests.flat_map(|test| &test.values).map(|value| value.value.clone()).collect()
}

/// The token has no other claims that the statement asks for: somebody else's would not fit them.
fn without_claims(statement: &Statement, host: &str) -> Formula {
    let head = format!("{host}:");
    let asked: BTreeSet<String> =
        statement.condition.iter().map(|test| keys::folded(&test.key.value)).collect();
    let others = asked
        .into_iter()
        .filter(|key| key.strip_prefix(&head).is_some_and(|claim| !["sub", "aud"].contains(&claim)));
    Formula::all(others.map(|key| Formula::present(keys::attribute(&key, Kind::Text)).not()))
}

fn foreign_customers(estate: &Estate, resource: ResourceId) -> Vec<Probe> {
    let statements = allowing(estate, resource, RESOURCE);
    let named = |name: &'_ PrincipalName| match name {
        PrincipalName::Service(text) => DEPUTIES.iter().copied().find(|deputy| *deputy == &**text),
        _ => None,
    };
    let services: BTreeSet<&str> = statements
        .into_iter()
        .flat_map(|one| names(one).filter_map(named).chain(deputies(one)).collect::<Vec<_>>())
        .collect();
    if services.is_empty() {
        return Vec::new();
    }
    let ids = services.into_iter().filter_map(|service| estate.find_principal(AWS, service));
    let ask = |id| question(Subject::Principal(id), None, Object::Within(resource));
    ids.map(|id| Probe { question: ask(id), given: OF_STRANGER.clone(), token: None }).collect()
}

/// The services that a statement for everybody lets in by what it asks of the source of a request, which nobody else has
/// to tell: those of the sources that it names, or a few where it names none.
pub(super) fn deputies(statement: &Statement) -> Vec<&'static str> {
    let is_source = |key: &str| keys::OF_SERVICES.iter().any(|(name, _)| *name == key);
    let tests = || statement.condition.iter().map(|test| (keys::folded(&test.key.value), test));
    let for_all = names(statement).any(|name| *name == PrincipalName::Anyone);
    if statement.effect != Effect::Allow || !for_all || !tests().any(|(key, _)| is_source(&key)) {
        return Vec::new();
    }
    let sources = tests().filter(|(key, _)| key == "aws:sourcearn").flat_map(|(_, test)| &test.values);
    let services: BTreeSet<&str> = sources.filter_map(|value| value.value.split(':').nth(2)).collect();
    if services.is_empty() || services.iter().any(|service| service.contains(['*', '?', '$'])) {
        return USUAL.to_vec();
    }
    let of = |service: &&&str| services.contains(service.split('.').next().unwrap_or_default());
    DEPUTIES.iter().filter(of).copied().collect()
}

/// Whose requests statements for everybody usually mean.
const USUAL: [&str; 3] = ["events.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"];

/// The service acts for a customer of no known account and organization.
static OF_STRANGER: LazyLock<Formula> = LazyLock::new(|| {
    let account = Patterns::literal(STRANGER);
    let paths = Attribute::new("aws:sourceorgpaths", Kind::TextSet);
    let of_stranger = Patterns::globs([&*format!("{STRANGE_ORGANIZATION}/*")]);
    Formula::all([
        is("aws:SourceAccount", STRANGER),
        is("aws:SourceOrgID", STRANGE_ORGANIZATION),
        Formula::matches(Attribute::text("aws:sourcearn"), conditions::in_account_part(&account)),
        Formula::present(paths.clone()),
        Formula::all_in(paths, of_stranger),
    ])
});

/// Principals of other accounts of the estate that the policy may mean.
fn neighbours(estate: &Estate, resource: ResourceId) -> Vec<Probe> {
    let Some(owner) = estate.resource(resource).and_then(|found| layers::owner(estate, &found.name)) else {
        return Vec::new();
    };
    let statements: Vec<&Statement> =
        [RESOURCE, TRUST].into_iter().flat_map(|layer| allowing(estate, resource, layer)).collect();
    let everybody = statements.iter().any(|one| one.principal.as_ref().is_some_and(|names| names.negated))
        || statements.iter().flat_map(|one| names(one)).any(|name| *name == PrincipalName::Anyone);
    let members = Members::of(estate);
    let is_foreign = |id: &PrincipalId| home(estate, *id).is_some_and(|home| home != owner);
    let mut others: BTreeSet<PrincipalId> = BTreeSet::new();
    if everybody {
        others.extend(members.first.iter().copied().filter(is_foreign).take(NEIGHBOURS));
    }
    for name in statements.iter().flat_map(|one| names(one)).filter(|_| !everybody) {
        match name {
            PrincipalName::Account(account) | PrincipalName::Session { account, .. }
                if **account != *owner =>
            {
                others.extend(members.first_of(account));
            }
            PrincipalName::User(arn) | PrincipalName::Role(arn) => {
                let named = estate.find_principal(AWS, arn);
                others.extend(named.filter(is_foreign));
            }
            _ => {}
        }
    }
    let ask = |id| question(Subject::Principal(id), None, Object::Within(resource));
    others
        .into_iter()
        .take(NEIGHBOURS)
        .map(|id| Probe { question: ask(id), given: Formula::True, token: None })
        .collect()
}

/// The users and roles by their accounts, in the order of the estate.
struct Members {
    by_account: BTreeMap<Box<str>, Vec<PrincipalId>>,
    /// The first of all, as many of an account as are ever asked about.
    first: Vec<PrincipalId>,
}

impl Members {
    fn of(estate: &Estate) -> Arc<Self> {
        estate.derived(|estate| {
            let mut members: BTreeMap<Box<str>, Vec<PrincipalId>> = BTreeMap::new();
            for (id, _) in estate.principals() {
                if let Some(account) = home(estate, id) {
                    members.entry(account.into()).or_default().push(id);
                }
            }
            let first = members.values().flat_map(|own| own.iter().copied().take(NEIGHBOURS));
            let mut first: Vec<PrincipalId> = first.collect();
            first.sort_unstable();
            Self { by_account: members, first }
        })
    }

    /// As many of an account as are ever asked about.
    fn first_of(&self, account: &str) -> impl Iterator<Item = PrincipalId> {
        self.by_account.get(account).into_iter().flatten().copied().take(NEIGHBOURS)
    }
}

/// The account that a user or role lives in.
fn home(estate: &Estate, id: PrincipalId) -> Option<&str> {
    let known = |found: &&Principal| {
        [PrincipalKind::User, PrincipalKind::Role].contains(&found.kind) && found.cloud == AWS
    };
    let scope = estate.principal(id).filter(known)?.home.and_then(|home| estate.scope(home))?;
    Some(&scope.name)
}
