//! Tokens: how somebody outside of all clouds, or in another one, comes to act as a principal of a cloud.
//!
//! A cloud that federates says whose tokens its estate waits for, which tokens its own principals can get, and what a token
//! leads to. This module brings the three together and knows none of the clouds: whoever bears a token that another part
//! of the estate lets in can take the step. Subjects of tokens that belong to nobody in the estate (a repository, a
//! workspace, an account of a cluster) become principals here, of no cloud.
//!
//! A subject with wildcards stands for everybody whose subject fits. What it leads to is asked for one of them that nobody
//! named, so only what all of them can take counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::escalation::{Ask, Basis, Candidates, Gained, Situation};
use super::subjects;
use super::{CLOUDS, Cloud};
use crate::logic::{Case, Pattern};
use crate::model::{CloudId, Estate, Gap, Origin, Principal, PrincipalId, PrincipalKind};

/// What subjects of tokens belong to in place of a cloud.
pub const SUBJECTS: CloudId = CloudId::new("identity-provider");

const ISSUER: &str = "issuer";
const SUBJECT: &str = "subject";
const CLAIM: &str = "claim ";

/// A cloud that takes tokens of identity providers.
pub trait Federation: Sync {
    /// Whose tokens the estate waits for.
    fn expected(&self, estate: &Estate) -> Vec<Expected>;

    /// Who of the cloud's principals can get tokens that somebody waits for.
    fn bearers(&self, _estate: &Estate, _expected: &[Expected]) -> Vec<Bearer> {
        Vec::new()
    }

    /// Makes principals of what tokens turn into, where that is nobody in the estate yet.
    fn settle(&self, _estate: &mut Estate, _tokens: &[Token]) {}

    /// What a token leads to.
    fn admitted(&self, estate: &Estate, token: &Token) -> Vec<Admission>;
}

/// That tokens of an issuer are waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The issuer as [`issuer`] writes it.
    pub issuer: String,
    /// Whose, with wildcards; none where that cannot be told.
    pub subject: Option<String>,
    /// Further claims that are asked for.
    pub claims: BTreeMap<String, String>,
    /// Where that is written.
    pub origin: Origin,
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The issuer as [`issuer`] writes it.
    pub issuer: String,
    /// The claims that are known. The audience is for whoever asks for the token to choose.
    pub claims: BTreeMap<String, String>,
}

/// Somebody who can get a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The token.
    pub token: Token,
    /// Who.
    pub who: Arc<Candidates>,
    /// What has to be allowed for it.
    pub asks: Vec<Ask>,
    /// What is not known about it.
    pub gaps: Vec<Gap>,
}

/// What a token leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Admission {
    /// As whom the bearer acts.
    pub to: PrincipalId,
    /// By which step, as an id.
    pub kind: &'static str,
    /// What has to be allowed for it.
    pub asks: Vec<Ask>,
    /// What lets the token in, where that is no request.
    pub basis: Vec<Basis>,
    /// What is not known about it.
    pub gaps: Vec<Gap>,
}

/// A step by a token.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// Its id.
    pub kind: &'static str,
    /// The step.
    pub situation: Situation,
}

impl Crossing {
    /// What happens, in words that follow the name of who takes the step.
    pub const SUMMARY: &str = "presents a token that is let in";
}

impl Token {
    /// The claim that says whose it is.
    pub fn subject(&self) -> &str {
        self.claims.get("sub").map_or("", String::as_str)
    }
}

/// An issuer as it is compared: without scheme and final slash.
pub fn issuer(url: &str) -> String {
    url.trim().strip_prefix("https://").unwrap_or(url.trim()).trim_end_matches('/').to_owned()
}

/// Whether a text fits a pattern of `*` and `?`.
pub fn fits(pattern: &str, text: &str) -> bool {
    Pattern::glob(pattern, Case::Sensitive).matches(text)
}

/// All steps by tokens.
pub fn crossings(estate: &Estate) -> Vec<Crossing> {
    let expected = expected(estate);
    if expected.is_empty() {
        return Vec::new();
    }
    let mut bearers = outsiders(estate);
    bearers.extend(federated().flat_map(|cloud| cloud.bearers(estate, &expected)));
    let mut found: Vec<(Crossing, BTreeSet<PrincipalId>)> = Vec::new();
    let mut places: FxHashMap<(Admission, Vec<Ask>, Vec<Gap>), usize> = FxHashMap::default();
    for bearer in &bearers {
        let Candidates::Only(who) = &*bearer.who else { continue };
        for admission in federated().flat_map(|cloud| cloud.admitted(estate, &bearer.token)) {
            let asks: Vec<Ask> = bearer.asks.iter().chain(&admission.asks).cloned().collect();
            let gaps: Vec<Gap> = bearer.gaps.iter().chain(&admission.gaps).cloned().collect();
            let key = (admission.clone(), bearer.asks.clone(), bearer.gaps.clone());
            let place = *places.entry(key).or_insert_with(|| {
                let situation = Situation {
                    gained: Gained::Become(admission.to),
                    asks,
                    candidates: Arc::new(Candidates::Only(BTreeSet::new())),
                    gaps,
                    host: None,
                    basis: admission.basis.clone(),
                };
                found.push((Crossing { kind: admission.kind, situation }, BTreeSet::new()));
                found.len() - 1
            });
            if let Some((_, all)) = found.get_mut(place) {
                all.extend(who.iter().copied().filter(|one| *one != admission.to));
            }
        }
    }
    let taken = found.into_iter().filter(|(_, who)| !who.is_empty());
    taken
        .map(|(mut crossing, who)| {
            crossing.situation.candidates = Arc::new(Candidates::Only(who));
            crossing
        })
        .collect()
}

/// Makes principals of the subjects that the estate waits for and that are nobody in it.
pub fn add_subjects(estate: &mut Estate) {
    let expected = expected(estate);
    if expected.is_empty() {
        return;
    }
    let bearers: Vec<Bearer> = federated().flat_map(|cloud| cloud.bearers(estate, &expected)).collect();
    for one in expected {
        // Whoever it is meant for is somebody of the estate, or becomes one here.
        let Some(subject) = &one.subject else { continue };
        let is_own = |bearer: &Bearer| {
            bearer.token.issuer == one.issuer && fits(subject, bearer.token.subject()) && subject != "*"
        };
        if bearers.iter().any(is_own) {
            continue;
        }
        let mut facts: BTreeMap<String, String> =
            one.claims.iter().map(|(name, value)| (format!("{CLAIM}{name}"), value.clone())).collect();
        facts.insert(ISSUER.to_owned(), one.issuer.clone());
        facts.insert(SUBJECT.to_owned(), subject.clone());
        let name = name(&one.issuer, subject, &one.claims);
        let (kind, origin) = (PrincipalKind::External, Origin { what: format!("`{name}`"), ..one.origin });
        // The first place that speaks of a subject is where it stands.
        if estate.find_principal(SUBJECTS, &name).is_none() {
            estate.add_principal(Principal { cloud: SUBJECTS, name, kind, home: None, facts, origin });
        }
    }
    let all = outsiders(estate).into_iter().chain(bearers).map(|bearer| bearer.token);
    let mut tokens: Vec<Token> = Vec::new();
    for token in all {
        if tokens.last() != Some(&token) {
            tokens.push(token);
        }
    }
    for cloud in federated() {
        cloud.settle(estate, &tokens);
    }
}

/// `subject://token.actions.githubusercontent.com/repo:acme/app:*?ref=refs/heads/main`
fn name(issuer: &str, subject: &str, claims: &BTreeMap<String, String>) -> String {
    let claims: Vec<String> = claims.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let claims = if claims.is_empty() { String::new() } else { format!("?{}", claims.join("&")) };
    format!("subject://{issuer}/{subject}{claims}")
}

/// The subjects of [`add_subjects`] with the tokens that they get.
fn outsiders(estate: &Estate) -> Vec<Bearer> {
    let own = estate.principals().filter(|(_, one)| one.cloud == SUBJECTS);
    own.filter_map(|(id, one)| {
        let issuer = one.facts.get(ISSUER)?.clone();
        let pattern = one.facts.get(SUBJECT)?;
        let known = subjects::provider(&issuer);
        let subject = known.map_or_else(|| subjects::anybody(pattern), |known| known.anybody(pattern));
        let mut claims = known.map(|known| known.told(&subject)).unwrap_or_default();
        let asked = one.facts.iter().filter_map(|(fact, value)| Some((fact.strip_prefix(CLAIM)?, value)));
        claims.extend(asked.map(|(name, value)| (name.to_owned(), value.clone())));
        claims.insert("sub".to_owned(), subject);
        claims.insert("iss".to_owned(), format!("https://{issuer}"));
        let who = Arc::new(Candidates::Only(BTreeSet::from([id])));
        Some(Bearer { token: Token { issuer, claims }, who, asks: Vec::new(), gaps: Vec::new() })
    })
    .collect()
}

fn expected(estate: &Estate) -> Vec<Expected> {
    federated().flat_map(|cloud| cloud.expected(estate)).collect()
}

fn federated() -> impl Iterator<Item = &'static dyn Federation> {
    CLOUDS.iter().filter_map(|cloud: &&'static dyn Cloud| cloud.federation())
}
