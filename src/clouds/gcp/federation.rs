//! Tokens that providers of workload identity pools take (`pools`), and those that service accounts get for others.
//!
//! A token becomes the identities of the pool that policies name and that its attributes fit. That needs no permission, so
//! the step rests on the provider.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ast::{Body, Federated, Member, Which};
use super::escalation;
use super::names::{self, CLOUD};
use super::numbered::NUMBER;
use super::pools::{PROVIDER, Provider};
use super::{ALLOW, Gcp};
use crate::clouds::escalation::{Ask, AskOn, Asker, Basis, Candidates};
use crate::clouds::federation::{self, Admission, Bearer, Expected, Federation, Token};
use crate::clouds::subjects;
use crate::logic::{Attribute, Formula, Kind, Patterns};
use crate::model::{Estate, Gap, GapKind, Object, Origin, Principal, PrincipalKind, Subject};

/// The issuer of what AWS principals sign in place of a token, before the number of their account. What it says of them,
/// its own cloud knows.
pub(super) const CALLERS: &str = "sts.amazonaws.com/";

/// The issuer of tokens of service accounts.
const GOOGLE: &str = "accounts.google.com";

/// What lets others get such tokens: <https://cloud.google.com/iam/docs/create-short-lived-credentials-direct#sa-credentials-oidc>.
const GET_TOKEN: &str = "iam.serviceAccounts.getOpenIdToken";

/// How identities of AWS are named if nothing else is said:
/// <https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers>.
pub(super) fn usual_mapping() -> BTreeMap<Arc<str>, Arc<str>> {
    let role = "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') \
                + 'assumed-role/' + assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn";
    [("google.subject", "assertion.arn"), ("attribute.aws_role", role)]
        .into_iter()
        .map(|(name, source)| (Arc::from(name), Arc::from(source)))
        .collect()
}

impl Federation for Gcp {
    fn expected(&self, estate: &Estate) -> Vec<Expected> {
        let named = Named::of(estate);
        let mut found = Vec::new();
        for (provider, origin) in providers(estate) {
            found.extend(named.of_pool(&provider.pool).map(|which| provider.expected(which, origin)));
        }
        found
    }

    /// A service account gets tokens for itself wherever it runs or has a key:
    /// <https://cloud.google.com/docs/authentication/get-id-token>.
    fn bearers(&self, estate: &Estate, expected: &[Expected]) -> Vec<Bearer> {
        if !expected.iter().any(|one| one.issuer == GOOGLE) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (id, one) in estate.principals().filter(|(_, one)| one.cloud == CLOUD) {
            let number = one.facts.get(NUMBER).filter(|_| one.kind == PrincipalKind::ServiceAccount);
            let Some(number) = number else { continue };
            let mail = one.name.strip_prefix("serviceAccount:").unwrap_or(&one.name);
            let claims = [
                ("iss", "https://accounts.google.com"),
                ("sub", number),
                ("azp", number),
                ("email", mail),
                ("email_verified", "true"),
            ];
            let claims = claims.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            let token = Token { issuer: GOOGLE.to_owned(), claims };
            let itself = Arc::new(Candidates::Only(BTreeSet::from([id])));
            found.push(Bearer { token: token.clone(), who: itself, asks: Vec::new(), gaps: Vec::new() });
            let name = escalation::as_resource(estate, id);
            let who = escalation::holders_on(estate, GET_TOKEN, &name, names::placement(estate, &name));
            let ask = Ask {
                who: Asker::Taker,
                action: Arc::from(GET_TOKEN),
                on: AskOn::Object(Object::Named(name)),
                given: Formula::True,
            };
            found.push(Bearer { token, who: Arc::new(who), asks: vec![ask], gaps: Vec::new() });
        }
        found
    }

    fn settle(&self, estate: &mut Estate, tokens: &[Token]) {
        let mut found: BTreeMap<String, (BTreeMap<String, String>, Origin)> = BTreeMap::new();
        for token in tokens {
            for entry in entries(estate, token) {
                match found.get_mut(&entry.name) {
                    None => {
                        found.insert(entry.name, (entry.facts, entry.origin));
                    }
                    // Where two tokens become the same identity, only what they have in common is known of it.
                    Some((known, _)) => {
                        for (name, value) in entry.facts {
                            if known.get(&name) != Some(&value) {
                                known.insert(open(&name), String::new());
                                known.remove(&name);
                            }
                        }
                    }
                }
            }
        }
        for (name, (facts, origin)) in found {
            let origin = Origin { what: format!("`{name}`"), ..origin };
            let known = estate.find_principal(CLOUD, &name).and_then(|id| estate.principal(id));
            // One that policies name may be somebody of whom no file tells.
            let (kind, home) = (known.map_or(PrincipalKind::StandIn, |known| known.kind), None);
            estate.add_principal(Principal { cloud: CLOUD, name, kind, home, facts, origin });
        }
    }

    fn admitted(&self, estate: &Estate, token: &Token) -> Vec<Admission> {
        let entries = entries(estate, token).into_iter();
        entries
            .filter_map(|entry| {
                let what = &entry.origin.what;
                let remedy = format!("narrow the attribute condition of {what} or delete it");
                let gap = (!entry.is_sure).then(|| Gap {
                    kind: GapKind::OpaqueCondition,
                    message: format!(
                        "it was assumed that the token fulfils the attribute condition of {what}"
                    ),
                    origin: Some(entry.origin.clone()),
                });
                Some(Admission {
                    to: estate.find_principal(CLOUD, &entry.name)?,
                    kind: "exchange-token",
                    asks: Vec::new(),
                    basis: vec![Basis { origin: entry.origin, remedy: remedy.into() }],
                    gaps: gap.into_iter().collect(),
                })
            })
            .collect()
    }
}

/// A token becomes an identity by a provider.
struct Entry {
    /// The name of the identity.
    name: String,
    /// What is known of its attributes.
    facts: BTreeMap<String, String>,
    /// The provider.
    origin: Origin,
    /// Whether it is certain that the token is let in.
    is_sure: bool,
}

/// The identities that a token becomes and that policies speak of.
fn entries(estate: &Estate, token: &Token) -> Vec<Entry> {
    let named = Named::of(estate);
    let mut found = Vec::new();
    for (provider, origin) in providers(estate) {
        if federation::issuer(&provider.issuer) != token.issuer {
            continue;
        }
        let (identity, is_let_in) = provider.judged(&provider.claims(token));
        let meant = named.of_pool(&provider.pool).any(|which| is_one(&identity, which));
        let Some(subject) = identity.get("google.subject").filter(|_| is_let_in != Some(false) && meant)
        else {
            continue;
        };
        let which = Which::Subject(subject.clone());
        let name = Member::Federated(Federated { pool: provider.pool.to_string(), which }).name();
        let (origin, is_sure) = (origin.clone(), is_let_in == Some(true));
        found.push(Entry { name, facts: provider.facts(&identity), origin, is_sure });
    }
    found
}

/// The mark of an identity whose attributes are known.
const ATTRIBUTES: &str = "attributes";

/// That nothing is known of an attribute.
fn open(attribute: &str) -> String {
    format!("open {attribute}")
}

/// What is known of the attributes that policies ask for, if the subject of a question is an identity that a token
/// becomes: those that its provider does not map are not there.
pub(super) fn known(estate: &Estate, subject: Subject) -> Formula {
    let Subject::Principal(id) = subject else { return Formula::True };
    let Some(one) = estate.principal(id).filter(|one| one.facts.contains_key(ATTRIBUTES)) else {
        return Formula::True;
    };
    let Member::Federated(own) = Member::read(&one.name) else { return Formula::True };
    let named = Named::of(estate);
    let asked = named.of_pool(&own.pool).filter_map(|which| match which {
        Which::Attribute(name, _) => Some((name.clone(), Kind::Text)),
        Which::Group(_) => Some(("google.groups".to_owned(), Kind::TextSet)),
        Which::All | Which::Subject(_) | Which::Namespace(_) => None,
    });
    let asked: BTreeMap<String, Kind> = asked.collect();
    Formula::all(asked.into_iter().map(|(name, kind)| {
        let attribute = Attribute::new(name.clone(), kind);
        match one.facts.get(&name) {
            Some(value) => Formula::matches(attribute, Patterns::literal(value)),
            None if one.facts.contains_key(&open(&name)) => Formula::True,
            None => Formula::present(attribute).not(),
        }
    }))
}

/// The identities of pools that bindings name, by pool.
struct Named(BTreeMap<String, BTreeSet<Which>>);

impl Named {
    fn of(estate: &Estate) -> Arc<Self> {
        estate.derived(|estate| {
            let mut found: BTreeMap<String, BTreeSet<Which>> = BTreeMap::new();
            for one in estate.attached_as(ALLOW) {
                let body = estate.policy(one.policy).and_then(|policy| policy.body.downcast_ref::<Body>());
                let Some(Body::Binding(binding)) = body else { continue };
                for member in &binding.members {
                    if let Member::Federated(federated) = &member.value {
                        found.entry(federated.pool.clone()).or_default().insert(federated.which.clone());
                    }
                }
            }
            Self(found)
        })
    }

    fn of_pool(&self, pool: &str) -> impl Iterator<Item = &Which> {
        self.0.get(pool).into_iter().flatten()
    }
}

fn providers(estate: &Estate) -> impl Iterator<Item = (&Provider, &Origin)> {
    estate.attached_as(PROVIDER).filter_map(|one| {
        let policy = estate.policy(one.policy)?;
        match policy.body.downcast_ref::<Body>()? {
            Body::Provider(provider) => Some((provider, &policy.origin)),
            _ => None,
        }
    })
}

/// Whether an identity with these attributes is one of those.
fn is_one(identity: &BTreeMap<String, String>, which: &Which) -> bool {
    let has = |name: &str, value: &String| identity.get(name) == Some(value);
    match which {
        Which::All => true,
        Which::Subject(subject) => has("google.subject", subject),
        Which::Attribute(name, value) => has(name, value),
        // Groups of a token are a list, of which nothing is known.
        Which::Group(_) | Which::Namespace(_) => false,
    }
}

impl Provider {
    /// Whose tokens become an identity, as far as the expressions tell that are comparisons of claims.
    fn expected(&self, which: &Which, origin: &Origin) -> Expected {
        let issuer = federation::issuer(&self.issuer);
        let mut claims: BTreeMap<String, String> = BTreeMap::new();
        let mut told = matches!(which, Which::All);
        let asked = match which {
            Which::Subject(subject) => self.claim("google.subject").map(|claim| (claim, subject)),
            Which::Attribute(name, value) => self.claim(name).map(|claim| (claim, value)),
            Which::Group(_) | Which::Namespace(_) | Which::All => None,
        };
        if let Some((claim, value)) = asked {
            told = true;
            claims.insert(claim.to_owned(), value.clone());
        }
        if issuer.starts_with(CALLERS) {
            return Expected {
                issuer,
                subject: caller(which),
                claims: BTreeMap::new(),
                origin: origin.clone(),
            };
        }
        for (claim, value) in compared(self.condition.as_deref().unwrap_or_default()) {
            claims.entry(claim).or_insert(value);
        }
        let own = claims.remove("sub");
        let (pattern, claims) = match subjects::provider(&issuer) {
            Some(known) if own.is_none() => known.subject_of(&claims),
            _ => (own, claims),
        };
        let subject = told.then(|| pattern.unwrap_or_else(|| "*".to_owned()));
        Expected { issuer, subject, claims, origin: origin.clone() }
    }

    /// What is known of an identity: its attributes, and which of them stay open.
    fn facts(&self, identity: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mapped = self.mapping.keys().map(|name| match identity.get(&**name) {
            Some(value) => (name.to_string(), value.clone()),
            None => (open(name), String::new()),
        });
        mapped.chain([(ATTRIBUTES.to_owned(), String::new())]).collect()
    }

    /// The claim that an attribute is, if it is one as it stands.
    fn claim(&self, attribute: &str) -> Option<&str> {
        let claim = self.mapping.get(attribute)?.trim().strip_prefix("assertion.")?;
        claim.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(claim)
    }

    /// The claims of a token that is meant for this provider.
    fn claims(&self, token: &Token) -> BTreeMap<String, String> {
        let mut claims = token.claims.clone();
        if let Some(account) = token.issuer.strip_prefix(CALLERS) {
            claims.insert("account".to_owned(), account.to_owned());
            claims.insert("arn".to_owned(), token.subject().to_owned());
        } else {
            claims.insert("aud".to_owned(), self.audience.to_string());
        }
        claims
    }
}

/// The callers of AWS that an identity stands for, if its name is one of theirs.
fn caller(which: &Which) -> Option<String> {
    match which {
        Which::Subject(arn) if arn.starts_with("arn:") => Some(arn.clone()),
        Which::Attribute(_, arn) if arn.starts_with("arn:") && arn.contains(":assumed-role/") => {
            Some(format!("{arn}/*"))
        }
        Which::Attribute(_, arn) if arn.starts_with("arn:") => Some(arn.clone()),
        _ => None,
    }
}

/// The claims that a condition compares with constants, all of which have to be so: `assertion.ref == 'refs/heads/main'`.
fn compared(condition: &str) -> Vec<(String, String)> {
    if condition.contains("||") || condition.contains('!') || condition.contains('?') {
        return Vec::new();
    }
    let one = |part: &str| {
        let (left, right) = part.split_once("==")?;
        let claim = left.trim().trim_start_matches('(').trim().strip_prefix("assertion.")?;
        let right = right.trim().trim_end_matches(')').trim();
        let quote = right.chars().next().filter(|c| ['\'', '"'].contains(c))?;
        let value = right.strip_prefix(quote)?.strip_suffix(quote)?;
        let is_plain =
            !value.contains([quote, '\\']) && claim.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_plain.then(|| (claim.to_owned(), value.to_owned()))
    };
    condition.split("&&").filter_map(one).collect()
}
