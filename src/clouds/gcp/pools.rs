//! Providers of workload identity pools: which tokens they let in, and what those are in the pool
//! (<https://cloud.google.com/iam/docs/workload-identity-federation#providers>). A binding speaks of identities of a pool
//! and says nothing of tokens; this is where tokens of somebody else become identities.
//!
//! What somebody comes to by a token is in `federation`. Not here: providers of SAML, and probes of providers of AWS
//! accounts, which everybody has for himself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ast::{Body, Federated, Member, Which};
use super::cel::{self, Environment, Failure, Value};
use super::names::CLOUD;
use super::truth;
use crate::clouds::{Probe, ProbeKind, subjects};
use crate::logic::{Attribute, Formula, Kind, Patterns};
use crate::model::{Estate, Layer, Object, Question, ResourceId, Subject, Target};

/// The capacity in which a provider is attached to itself.
pub(super) const PROVIDER: Layer = Layer::new("identity provider");

/// A provider of OpenID Connect, or of the principals of an AWS account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The pool: `iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p`.
    pub pool: Arc<str>,
    /// The issuer of the tokens; for AWS as `aws::CALLERS` says it.
    pub issuer: Arc<str>,
    /// The audience that tokens are for.
    pub audience: Arc<str>,
    /// What a token has to fulfil; none lets all in.
    pub condition: Option<Arc<str>>,
    /// What the attributes of an identity are, by their names: `google.subject`, `attribute.repository`.
    pub mapping: BTreeMap<Arc<str>, Arc<str>>,
}

/// Questions about tokens that a provider lets in: what may the identities do that they become?
pub(super) fn probes(estate: &Estate, resource: ResourceId, kind: ProbeKind) -> Vec<Probe> {
    if !matches!(kind, ProbeKind::ForeignSubject | ProbeKind::WideSubject) {
        return Vec::new();
    }
    let attached = estate.attached_to(Target::Resource(resource)).filter(|one| one.layer == PROVIDER);
    let providers =
        attached.filter_map(|one| match estate.policy(one.policy)?.body.downcast_ref::<Body>()? {
            Body::Provider(provider) => Some(provider),
            _ => None,
        });
    providers.flat_map(|provider| provider.probes(estate, kind)).collect()
}

impl Provider {
    fn probes(&self, estate: &Estate, kind: ProbeKind) -> Vec<Probe> {
        let Some(own) = subjects::provider(&self.issuer) else { return Vec::new() };
        let named = self.members(estate);
        let everybody = Member::Federated(Federated { pool: self.pool.to_string(), which: Which::All });
        let Some(id) = estate.find_principal(CLOUD, &everybody.name()) else { return Vec::new() };
        if own.strangers().is_empty() {
            return Vec::new();
        }
        let token = |whose: Option<&str>| {
            let mut claims = own.claims(whose);
            claims.insert("aud".to_owned(), self.audience.to_string());
            claims
        };
        let tokens = match kind {
            ProbeKind::ForeignSubject => vec![token(None)],
            _ => self.owners(&named, &token(None)).iter().map(|owner| token(Some(owner))).collect(),
        };
        let mut probes = Vec::new();
        for claims in tokens {
            let Some(identity) = self.identity(&claims) else { continue };
            let question =
                Question { cloud: CLOUD, subject: Subject::Principal(id), action: None, object: Object::Any };
            probes.push(Probe { question, given: given(&identity, &named), token: None });
        }
        probes
    }

    /// The identities of the pool that policies name.
    fn members(&self, estate: &Estate) -> Vec<Which> {
        let all = estate.principals().filter(|(_, one)| one.cloud == CLOUD);
        let named = all.filter_map(|(_, one)| match Member::read(&one.name) {
            Member::Federated(federated) if *federated.pool == *self.pool => Some(federated.which),
            _ => None,
        });
        named.collect()
    }

    /// Names that may be those of whom the provider is meant for: they stand in policies, or in a condition that does not
    /// let everybody in. Whether they are is seen by trying.
    fn owners(&self, named: &[Which], stranger: &BTreeMap<String, String>) -> BTreeSet<String> {
        let closed = self.condition.as_deref().filter(|_| self.identity(stranger).is_none());
        let quoted = closed.unwrap_or_default().split(['\'', '"']).skip(1).step_by(2);
        let values = named.iter().filter_map(|which| match which {
            Which::Attribute(_, value) => Some(value.as_str()),
            _ => None,
        });
        let first = |text: &str| text.split('/').next().unwrap_or_default().to_owned();
        let mut owners: BTreeSet<String> = quoted.chain(values).map(first).collect();
        owners.remove("");
        owners
    }

    /// The attributes of the identity that a token becomes; `None` if it is not let in. Attributes that cannot be worked
    /// out are taken to be absent.
    fn identity(&self, claims: &BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
        let (identity, is_let_in) = self.judged(claims);
        (is_let_in == Some(true)).then_some(identity)
    }

    /// The attributes of the identity that a token becomes, and whether it is let in if that can be told.
    pub(super) fn judged(
        &self,
        claims: &BTreeMap<String, String>,
    ) -> (BTreeMap<String, String>, Option<bool>) {
        let token = Token { claims, mapped: &BTreeMap::new() };
        let mapped: BTreeMap<String, String> = self
            .mapping
            .iter()
            .filter_map(|(name, expression)| match value(expression, &token) {
                Some(Value::String(value)) => Some((name.to_string(), value)),
                _ => None,
            })
            .collect();
        let token = Token { claims, mapped: &mapped };
        let holds = match self.condition.as_ref().map(|condition| value(condition, &token)) {
            None => Some(true),
            Some(Some(Value::Bool(holds))) => Some(holds),
            Some(_) => None,
        };
        (mapped, holds)
    }
}

/// What an expression comes to for a token.
fn value(source: &str, token: &Token<'_>) -> Option<Value> {
    cel::evaluate(&cel::parse(source).ok()?, token).ok()
}

/// That an identity has these attributes, and no other of those that policies name.
fn given(identity: &BTreeMap<String, String>, named: &[Which]) -> Formula {
    let asked: BTreeSet<String> = named
        .iter()
        .filter_map(|which| match which {
            Which::Attribute(name, _) => Some(name.clone()),
            _ => None,
        })
        .collect();
    let attributes = asked.into_iter().map(|name| {
        let attribute = Attribute::text(name.clone());
        match identity.get(&name) {
            Some(value) => Formula::matches(attribute, Patterns::literal(value)),
            None => Formula::present(attribute).not(),
        }
    });
    let groups = Formula::present(Attribute::new("google.groups", Kind::TextSet)).not();
    Formula::all(attributes.chain([groups]))
}

/// What conditions and mappings of a provider see of a token:
/// <https://cloud.google.com/iam/docs/workload-identity-federation#mapping>.
struct Token<'a> {
    claims: &'a BTreeMap<String, String>,
    mapped: &'a BTreeMap<String, String>,
}

impl Environment for Token<'_> {
    fn variable(&self, path: &str) -> Option<Result<Value, Failure>> {
        let text = |value: &String| Value::String(value.clone());
        if path == "assertion" {
            let entries = self.claims.iter().map(|(name, value)| (text(name), text(value)));
            return Some(Ok(Value::Map(entries.collect())));
        }
        let found = match path.strip_prefix("assertion.") {
            Some(claim) => self.claims.get(claim),
            None if path.starts_with("google.") || path.starts_with("attribute.") => self.mapped.get(path),
            None => return None,
        };
        Some(found.map(text).ok_or_else(|| Failure::Error(format!("the token has no `{path}`"))))
    }

    fn call(
        &self,
        _path: Option<&str>,
        target: Option<&Value>,
        name: &str,
        arguments: &[Value],
    ) -> Option<Result<Value, Failure>> {
        match (target, name, arguments) {
            (Some(Value::String(text)), "extract", [Value::String(template)]) => {
                Some(Ok(Value::String(truth::extracted(text, template)?)))
            }
            _ => None,
        }
    }
}
