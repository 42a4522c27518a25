//! Tokens of identity providers that roles take
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc.html>), and the calls that users and roles
//! sign for providers which take those in place of tokens.
//!
//! A trust policy is asked as it is, by a request of the provider with the claims of the token. Not here: tokens that tell
//! subjects by `amr` alone, and what an assertion of SAML says; whoever the provider of SAML vouches for is one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ast::{Arn, Family, PrincipalName, Statement, Test};
use super::probes::{allows, is, names};
use super::rule::TRUST;
use super::{AWS, Aws, body, keys};
use crate::clouds::Step;
use crate::clouds::escalation::{Ask, AskOn, Asker, Candidates};
use crate::clouds::federation::{self, Admission, Bearer, Expected, Federation, Token};
use crate::logic::Formula;
use crate::model::{
    Estate, Gap, GapKind, Object, Origin, Principal, PrincipalId, PrincipalKind, Question, Subject, Target,
};

const TAKE_ON: &str = "sts:AssumeRoleWithWebIdentity";
const TAKE_ON_BY_SAML: &str = "sts:AssumeRoleWithSAML";
/// The issuer of what a principal of an account signs in place of a token, before the account's number.
pub(crate) const CALLERS: &str = "sts.amazonaws.com/";
/// The name of a session that nobody gave.
const ANY_SESSION: &str = "any";

/// A role that takes tokens of a provider.
struct Door {
    role: PrincipalId,
    provider: PrincipalId,
    /// The provider as condition keys begin with it.
    host: Arc<str>,
    /// Patterns of subjects, each with where it stands; none stands for any subject.
    subjects: Vec<(Option<String>, Origin)>,
    /// The claims that are asked for.
    claims: BTreeSet<String>,
}

/// All of them by issuer.
struct Doors(BTreeMap<String, Vec<Door>>);

impl Federation for Aws {
    fn expected(&self, estate: &Estate) -> Vec<Expected> {
        let doors = Doors::of(estate);
        let mut expected = Vec::new();
        for (issuer, doors) in &doors.0 {
            for (subject, origin) in doors.iter().flat_map(|door| &door.subjects) {
                let subject = subject.clone().unwrap_or_else(|| "*".to_owned());
                let (issuer, claims) = (issuer.clone(), BTreeMap::new());
                expected.push(Expected { issuer, subject: Some(subject), claims, origin: origin.clone() });
            }
        }
        expected
    }

    /// Whoever may sign a request for `GetCallerIdentity`, which needs no permission, shows by it who it is:
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
    fn bearers(&self, estate: &Estate, expected: &[Expected]) -> Vec<Bearer> {
        let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for one in expected {
            if let Some(account) = one.issuer.strip_prefix(CALLERS) {
                wanted.entry(account).or_default().extend(one.subject.as_deref());
            }
        }
        let callers = estate.principals().filter(|(_, one)| one.cloud == AWS && !wanted.is_empty());
        callers
            .flat_map(|(id, one)| {
                let account = Arn::parse(&one.name).map(|arn| arn.account);
                let subjects = account.and_then(|account| wanted.get(account));
                subjects.map(|subjects| tokens(id, one, subjects)).unwrap_or_default()
            })
            .collect()
    }

    fn admitted(&self, estate: &Estate, token: &Token) -> Vec<Admission> {
        let doors = Doors::of(estate);
        let own = doors.0.get(&token.issuer).into_iter().flatten();
        own.filter(|door| door.may_open(token.subject()))
            .filter_map(|door| door.admission(estate, token))
            .collect()
    }
}

const BY_SAML: &str = "takes on the role with an assertion of the provider";

/// The steps of whom providers of SAML vouch for: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_saml.html>.
pub(super) fn steps(estate: &Estate) -> Vec<Step> {
    let mut found = Vec::new();
    for (role, name, statement, _) in trusting(estate) {
        for provider in names(statement) {
            let PrincipalName::Federated(text) = provider else { continue };
            let from = estate.find_principal(AWS, text).filter(|_| text.contains(":saml-provider/"));
            let Some(from) = from else { continue };
            let (subject, action) = (Subject::Principal(from), Some(TAKE_ON_BY_SAML.to_owned()));
            let object = Object::Named(name.to_owned());
            let question = Question { cloud: AWS, subject, action, object };
            found.push(Step { from, to: role, kind: "assume-role-with-saml", summary: BY_SAML, question });
        }
    }
    found.dedup();
    found
}

/// The statements by which roles let somebody in.
fn trusting(estate: &Estate) -> Vec<(PrincipalId, &str, &Statement, Origin)> {
    let mut found = Vec::new();
    for one in estate.attached_as(TRUST) {
        let Target::Resource(resource) = one.target else { continue };
        let name = estate.resource(resource).map_or("", |found| found.name.as_str());
        let Some(role) = estate.find_principal(AWS, name) else { continue };
        let Some(body) = estate.policy(one.policy).and_then(body) else { continue };
        for statement in allows(&body.document.statements) {
            found.push((role, name, statement, body.document.statement_origin(statement)));
        }
    }
    found
}

impl Doors {
    fn of(estate: &Estate) -> Arc<Self> {
        estate.derived(Self::new)
    }

    fn new(estate: &Estate) -> Self {
        let mut doors: BTreeMap<String, BTreeMap<(PrincipalId, PrincipalId), Door>> = BTreeMap::new();
        for (role, _, statement, origin) in trusting(estate) {
            for name in names(statement) {
                let PrincipalName::Federated(text) = name else { continue };
                let Some(provider) = estate.find_principal(AWS, text) else { continue };
                let host = match text.split_once(":oidc-provider/") {
                    Some((_, host)) => host,
                    None if text.starts_with("arn:") => continue,
                    None => text,
                };
                let own = doors.entry(federation::issuer(host)).or_default();
                let door = own.entry((role, provider)).or_insert_with(|| Door {
                    role,
                    provider,
                    host: host.into(),
                    subjects: Vec::new(),
                    claims: BTreeSet::new(),
                });
                door.add(statement, &origin);
            }
        }
        Self(doors.into_iter().map(|(issuer, own)| (issuer, own.into_values().collect())).collect())
    }
}

impl Door {
    fn add(&mut self, statement: &Statement, origin: &Origin) {
        let before = format!("{}:", keys::folded(&self.host));
        let mut subjects = Vec::new();
        for test in &statement.condition {
            let key = keys::folded(&test.key.value);
            let Some(claim) = key.strip_prefix(&before) else { continue };
            if claim == "sub" {
                subjects.extend(patterns(test).unwrap_or_default());
            }
            self.claims.insert(claim.to_owned());
        }
        if subjects.is_empty() {
            self.subjects.push((None, origin.clone()));
        }
        self.subjects.extend(subjects.into_iter().map(|subject| (Some(subject), origin.clone())));
    }

    /// Whether the role may take a token of that subject, by what its conditions compare the subject with. The trust
    /// policy decides.
    fn may_open(&self, subject: &str) -> bool {
        let mut all = self.subjects.iter();
        all.any(|(pattern, _)| pattern.as_ref().is_none_or(|pattern| federation::fits(pattern, subject)))
    }

    fn admission(&self, estate: &Estate, token: &Token) -> Option<Admission> {
        let role = estate.principal(self.role)?;
        let told = self.claims.iter().filter_map(|claim| Some((claim, self.told(token, claim)?)));
        let given = Formula::all(told.map(|(claim, value)| is(&format!("{}:{claim}", self.host), value)));
        let ask = Ask {
            who: Asker::Other(self.provider),
            action: Arc::from(TAKE_ON),
            on: AskOn::Object(Object::Named(role.name.clone())),
            given,
        };
        let kind = "assume-role-with-web-identity";
        Some(Admission { to: self.role, kind, asks: vec![ask], basis: Vec::new(), gaps: Vec::new() })
    }

    /// The value of a claim by the name that condition keys have for it. Google's audience is another claim if the token
    /// says for whom it was made:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif>.
    fn told<'t>(&self, token: &'t Token, claim: &str) -> Option<&'t str> {
        let name = if &*self.host == "accounts.google.com" && claim == "aud" { "azp" } else { claim };
        token.claims.get(name).map(String::as_str)
    }
}

/// The patterns that a test compares with, if it is one that all fitting subjects fulfil. What stands for itself in it is
/// no pattern, and no subject has it.
fn patterns(test: &Test) -> Option<Vec<String>> {
    let operator = &test.operator;
    let is_plain = !operator.negated && !operator.if_exists;
    let values = test.values.iter().map(|value| &*value.value).filter(|value| !value.contains("${"));
    match operator.family {
        Family::StringLike if is_plain => Some(values.map(str::to_owned).collect()),
        Family::StringEquals if is_plain => {
            Some(values.filter(|value| !value.contains(['*', '?'])).map(str::to_owned).collect())
        }
        _ => None,
    }
}

/// What a user or role can show of itself.
fn tokens(id: PrincipalId, one: &Principal, subjects: &[&str]) -> Vec<Bearer> {
    let Some(arn) = Arn::parse(&one.name) else { return Vec::new() };
    let (partition, account) = (arn.partition, arn.account);
    let bearer = |subject: String, gaps: Vec<Gap>| Bearer {
        token: Token {
            issuer: format!("{CALLERS}{account}"),
            claims: BTreeMap::from([
                ("account".to_owned(), account.to_owned()),
                ("arn".to_owned(), subject.clone()),
                ("sub".to_owned(), subject),
            ]),
        },
        who: Arc::new(Candidates::Only(BTreeSet::from([id]))),
        asks: Vec::new(),
        gaps,
    };
    match one.kind {
        PrincipalKind::User => vec![bearer(one.name.clone(), Vec::new())],
        PrincipalKind::Role => {
            let short = one.name.rsplit('/').next().unwrap_or_default();
            let before = format!("arn:{partition}:sts::{account}:assumed-role/{short}/");
            let mut all = vec![bearer(format!("{before}{ANY_SESSION}"), Vec::new())];
            // Who takes on a role names the session, unless a service does.
            let named: BTreeSet<&str> = subjects
                .iter()
                .filter_map(|subject| subject.strip_prefix(&before))
                .filter(|session| !session.contains(['*', '?']))
                .collect();
            for session in named {
                let message =
                    format!("it was assumed that a session of `{}` is called `{session}`", one.name);
                let gap = Gap { kind: GapKind::AssumedDefault, message, origin: None };
                all.push(bearer(format!("{before}{session}"), vec![gap]));
            }
            all
        }
        _ => Vec::new(),
    }
}
