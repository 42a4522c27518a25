//! Service accounts as Google Cloud has them: their keys, who is let to act as all of a project's, and the default ones.

use std::collections::BTreeMap;

use super::ast::Body;
use super::names::{self, CLOUD};
use super::{Gcp, edges, members, roles};
use crate::clouds::{AccountKey, Impersonator, ServiceAccounts};
use crate::model::{
    Estate, Layer, Object, PrincipalId, PrincipalKind, Question, ResourceId, ScopeId, ScopeKind, Subject,
    Target,
};

/// The capacity in which a key is attached to its account.
pub(super) const KEY: Layer = Layer::new("key");

/// No key that is made by users expires unless an organization policy says so; their lists then have this year:
/// <https://cloud.google.com/iam/docs/service-account-creds#user-managed-keys>.
const NEVER: &str = "9999-";

impl ServiceAccounts for Gcp {
    fn keys(&self, estate: &Estate) -> Vec<AccountKey> {
        let attached = estate.attached_as(KEY).filter_map(|attachment| {
            let Target::Principal(account) = attachment.target else { return None };
            let policy = estate.policy(attachment.policy)?;
            let Some(Body::Key(until)) = policy.body.downcast_ref::<Body>() else { return None };
            let until =
                until.as_ref().filter(|until| !until.starts_with(NEVER)).map(|until| until.to_string());
            Some(AccountKey { account, id: policy.name.clone(), until, origin: policy.origin.clone() })
        });
        attached.collect()
    }

    fn impersonators(&self, estate: &Estate) -> Vec<Impersonator> {
        let accounts = accounts_below(estate);
        let mut found = Vec::new();
        for (scope, known) in estate.scopes().filter(|(_, scope)| scope.cloud == CLOUD) {
            let Some(below) = accounts.get(&scope) else { continue };
            for (policy, binding) in members::bindings(estate, Target::Scope(scope)) {
                let role = binding.role.value.to_string();
                let basic = roles::find(estate, &role).is_none_or(roles::Role::is_basic);
                let Some(permission) = edges::impersonating(estate, &role).filter(|_| !basic) else {
                    continue;
                };
                let named = binding.members.iter().filter_map(|member| {
                    let id = estate.find_principal(CLOUD, &member.value.name())?;
                    let kind = estate.principal(id)?.kind;
                    (kind != PrincipalKind::Service).then_some(id)
                });
                found.extend(named.filter_map(|holder| {
                    let account = below.example(estate, holder)?;
                    Some(Impersonator {
                        holder,
                        role: role.clone(),
                        place: known.name.clone(),
                        is_wide: known.kind != ScopeKind::Account,
                        accounts: below.count,
                        question: Question {
                            cloud: CLOUD,
                            subject: Subject::Principal(holder),
                            action: Some(permission.to_owned()),
                            object: Object::Named(estate.resource(account)?.name.clone()),
                        },
                        origin: policy.origin.clone(),
                    })
                }));
            }
        }
        found
    }

    /// <https://cloud.google.com/iam/docs/service-account-types#default>
    fn default_of(&self, estate: &Estate, principal: PrincipalId) -> Option<&'static str> {
        let mail = estate.principal(principal)?.name.strip_prefix("serviceAccount:")?;
        match mail.split_once('@')? {
            (name, "developer.gserviceaccount.com") if name.ends_with("-compute") => Some("Compute Engine"),
            (_, "appspot.gserviceaccount.com") => Some("App Engine"),
            _ => None,
        }
    }
}

/// The service accounts of a scope.
#[derive(Default)]
struct Below {
    count: usize,
    /// Two of them: whoever is one of these may be asked about the other.
    first: Vec<ResourceId>,
}

impl Below {
    /// One that is not the principal itself.
    fn example(&self, estate: &Estate, other_than: PrincipalId) -> Option<ResourceId> {
        let name = estate.principal(other_than)?.name.strip_prefix("serviceAccount:");
        self.first.iter().copied().find(|id| {
            let mail = estate.resource(*id).and_then(|one| one.name.rsplit_once("/serviceAccounts/"));
            mail.is_some_and(|(_, mail)| Some(mail) != name)
        })
    }
}

fn accounts_below(estate: &Estate) -> BTreeMap<ScopeId, Below> {
    let mut found: BTreeMap<ScopeId, Below> = BTreeMap::new();
    let own = estate.resources().filter(|(_, resource)| resource.cloud == CLOUD);
    for (id, resource) in own.filter(|(_, resource)| resource.name.contains("/serviceAccounts/")) {
        let above = names::placement(estate, &resource.name).map(|scope| estate.ancestry(scope));
        for scope in above.unwrap_or_default() {
            let below = found.entry(scope).or_default();
            below.count += 1;
            if below.first.len() < 2 {
                below.first.push(id);
            }
        }
    }
    found
}
