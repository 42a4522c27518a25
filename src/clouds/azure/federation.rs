//! Tokens of other issuers that federated credentials take for applications and managed identities
//! (<https://learn.microsoft.com/entra/workload-id/workload-identity-federation>), and the tokens that these get for others.
//!
//! Nothing has to be allowed for it, so the step rests on the credential. The audience is for whoever gets the token to
//! choose, and not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ast::{Body, FederatedCredential};
use super::names::{self, CLOUD};
use super::{APPLICATION_ID, Azure, FEDERATED, LISTING, members};
use crate::clouds::escalation::{Basis, Candidates};
use crate::clouds::federation::{self, Admission, Bearer, Expected, Federation, Token};
use crate::clouds::{Probe, ProbeKind, subjects};
use crate::logic::Formula;
use crate::model::{
    Estate, Gap, GapKind, Object, Origin, PrincipalKind, Question, ResourceId, Subject, Target,
};

impl Federation for Azure {
    fn expected(&self, estate: &Estate) -> Vec<Expected> {
        let all = credentials(estate);
        all.map(|(credential, origin)| {
            let subject = credential.claims.iter().find(|claim| claim.name == "sub");
            let others = credential.claims.iter().filter(|claim| claim.name != "sub" && !claim.is_pattern);
            Expected {
                issuer: federation::issuer(&credential.issuer),
                subject: Some(subject.map_or_else(|| "*".to_owned(), |claim| claim.value.clone())),
                claims: others.map(|claim| (claim.name.clone(), claim.value.clone())).collect(),
                origin: origin.clone(),
            }
        })
        .collect()
    }

    /// Applications and managed identities get tokens that say which they are by their object ids:
    /// <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>.
    fn bearers(&self, estate: &Estate, expected: &[Expected]) -> Vec<Bearer> {
        let tenants = tenants(estate);
        let wanted: BTreeSet<(&str, &str)> =
            expected.iter().filter_map(|one| Some((one.issuer.as_str(), tenant_of(&one.issuer)?))).collect();
        let mut found = Vec::new();
        for (issuer, tenant) in wanted {
            if !tenants.is_empty() && !tenants.contains(tenant) {
                continue;
            }
            let gap = tenants.is_empty().then(|| Gap {
                kind: GapKind::AssumedDefault,
                message: format!("it was assumed that the tenant of the directory is `{tenant}`"),
                origin: None,
            });
            let programs = estate
                .principals()
                .filter(|(_, one)| one.cloud == CLOUD && one.kind == PrincipalKind::ServiceAccount);
            found.extend(programs.map(|(id, one)| {
                let object = members::object_id(one);
                let mut claims: BTreeMap<String, String> = [
                    ("iss", format!("https://{issuer}")),
                    ("sub", object.to_owned()),
                    ("oid", object.to_owned()),
                    ("tid", tenant.to_owned()),
                ]
                .map(|(name, value)| (name.to_owned(), value))
                .into();
                if let Some(application) = one.facts.get(APPLICATION_ID) {
                    claims.insert("appid".to_owned(), application.clone());
                    claims.insert("azp".to_owned(), application.clone());
                }
                Bearer {
                    token: Token { issuer: issuer.to_owned(), claims },
                    who: Arc::new(Candidates::Only(BTreeSet::from([id]))),
                    asks: Vec::new(),
                    gaps: gap.iter().cloned().collect(),
                }
            }));
        }
        found
    }

    fn admitted(&self, estate: &Estate, token: &Token) -> Vec<Admission> {
        let mut found = Vec::new();
        for (credential, origin) in credentials(estate) {
            if federation::issuer(&credential.issuer) != token.issuer {
                continue;
            }
            let Some(to) = members::find(estate, &credential.holder) else { continue };
            let holds: Vec<Option<bool>> =
                credential.claims.iter().map(|claim| claim.holds(&token.claims)).collect();
            if holds.contains(&Some(false)) {
                continue;
            }
            let unknown = credential.claims.iter().zip(&holds).filter(|(_, holds)| holds.is_none());
            let gaps = unknown.map(|(claim, _)| Gap {
                kind: GapKind::OpaqueCondition,
                message: format!("it was assumed that `{}` of the token fits {}", claim.name, origin.what),
                origin: Some(origin.clone()),
            });
            let remedy = format!("delete {} or narrow it", origin.what);
            found.push(Admission {
                to,
                kind: "federated-credential",
                asks: Vec::new(),
                basis: vec![Basis { origin: origin.clone(), remedy: remedy.into() }],
                gaps: gaps.collect(),
            });
        }
        found
    }
}

/// Questions about tokens that a credential takes beside those that were meant: what may whoever signs in so do?
pub(super) fn probes(estate: &Estate, resource: ResourceId, kind: ProbeKind) -> Vec<Probe> {
    let attached = estate.attached_to(Target::Resource(resource)).filter(|one| one.layer == FEDERATED);
    let own = attached.filter_map(|one| match estate.policy(one.policy)?.body.downcast_ref::<Body>()? {
        Body::Federated(credential) => Some(credential),
        _ => None,
    });
    own.flat_map(|credential| credential.probes(estate, kind)).collect()
}

impl FederatedCredential {
    fn probes(&self, estate: &Estate, kind: ProbeKind) -> Vec<Probe> {
        let (Some(provider), Some(to)) =
            (subjects::provider(&self.issuer), members::find(estate, &self.holder))
        else {
            return Vec::new();
        };
        let patterns: Vec<&str> = self
            .claims
            .iter()
            .filter(|claim| claim.name == "sub" && claim.is_pattern)
            .map(|claim| claim.value.as_str())
            .collect();
        let others: BTreeSet<String> = match kind {
            ProbeKind::ForeignSubject if patterns.is_empty() => BTreeSet::new(),
            ProbeKind::ForeignSubject => {
                patterns.iter().flat_map(|pattern| provider.strangers_like(pattern)).collect()
            }
            ProbeKind::WideSubject => {
                patterns.iter().flat_map(|pattern| provider.insiders_like(pattern)).collect()
            }
            _ => BTreeSet::new(),
        };
        // Somebody else's token does not have the other claims that are asked for, unless its subject tells them.
        let fits = |subject: &String| {
            let mut claims = provider.told(subject);
            claims.insert("sub".to_owned(), subject.clone());
            self.claims.iter().all(|claim| claim.holds(&claims) == Some(true))
        };
        let question =
            Question { cloud: CLOUD, subject: Subject::Principal(to), action: None, object: Object::Any };
        others
            .into_iter()
            .filter(fits)
            .map(|token| Probe { question: question.clone(), given: Formula::True, token: Some(token) })
            .collect()
    }
}

fn credentials(estate: &Estate) -> impl Iterator<Item = (&FederatedCredential, &Origin)> {
    estate.attached_as(FEDERATED).filter_map(|one| {
        let policy = estate.policy(one.policy)?;
        match policy.body.downcast_ref::<Body>()? {
            Body::Federated(credential) => Some((credential, &policy.origin)),
            _ => None,
        }
    })
}

/// The tenants that the input speaks of.
fn tenants(estate: &Estate) -> BTreeSet<&str> {
    let listed = estate.attached_as(LISTING).filter_map(|one| estate.policy(one.policy));
    listed
        .filter_map(|policy| match policy.body.downcast_ref::<Body>()? {
            Body::Tenant(tenant) => Some(&**tenant),
            _ => None,
        })
        .collect()
}

/// The tenant whose tokens an issuer makes, in either of the two versions:
/// <https://learn.microsoft.com/entra/identity-platform/access-tokens#token-formats>.
fn tenant_of(issuer: &str) -> Option<&str> {
    let second =
        issuer.strip_prefix("login.microsoftonline.com/").and_then(|rest| rest.strip_suffix("/v2.0"));
    let tenant = issuer.strip_prefix("sts.windows.net/").or(second)?;
    names::guid(tenant).is_some().then_some(tenant)
}
