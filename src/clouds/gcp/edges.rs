//! The steps by which principals of Google Cloud become others: service accounts and their keys; and what it takes to
//! administer a scope.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::Member;
use super::members::{self, NOBODY};
use super::names::{self, CLOUD};
use super::roles;
use super::sets::{self, Belongs};
use crate::clouds::{Demand, Step};
use crate::logic::{Formula, Patterns};
use crate::model::{
    Estate, Object, PrincipalId, PrincipalKind, Question, ResourceId, ScopeId, ScopeKind, Subject, Target,
};

/// What lets one act as a service account, and the kind of step it is:
/// <https://cloud.google.com/iam/docs/service-account-impersonation>. Identity tokens (`getOpenIdToken`) are not here:
/// Google's own interfaces do not take them, so nobody becomes the account by one.
const WAYS: [(&str, &str); 6] = [
    ("iam.serviceAccounts.getAccessToken", "get-access-token"),
    ("iam.serviceAccounts.signBlob", "sign-blob"),
    ("iam.serviceAccounts.signJwt", "sign-jwt"),
    ("iam.serviceAccounts.implicitDelegation", "implicit-delegation"),
    ("iam.serviceAccounts.actAs", "act-as"),
    ("iam.serviceAccountKeys.create", "create-key"),
];

/// All steps that some binding on a service account, or above it, speaks for.
pub(super) fn steps(estate: &Estate) -> Vec<Step> {
    let own = estate.resources().filter(|(_, resource)| resource.cloud == CLOUD);
    let mut found = BTreeSet::new();
    for (id, resource) in own {
        let account = resource.name.rsplit_once("/serviceAccounts/").map(|(_, mail)| mail);
        let account =
            account.and_then(|mail| estate.find_principal(CLOUD, &format!("serviceAccount:{mail}")));
        if let Some(to) = account {
            collect(estate, to, id, &mut found);
        }
    }
    asked(estate, found)
}

/// Those of them that lead to one principal.
pub(super) fn steps_to(estate: &Estate, to: PrincipalId) -> Vec<Step> {
    let mut found = BTreeSet::new();
    let mail = estate.principal(to).and_then(|principal| principal.name.strip_prefix("serviceAccount:"));
    for id in mail.map(|mail| names_of_account(estate, mail)).into_iter().flatten() {
        collect(estate, to, id, &mut found);
    }
    asked(estate, found)
}

/// The resources that a service account is: one, or two where some document names its project by number.
fn names_of_account(estate: &Estate, mail: &str) -> Vec<ResourceId> {
    let accounts = estate.derived(Accounts::of);
    accounts.0.get(mail).cloned().unwrap_or_default()
}

/// The resources that service accounts are, by their mail addresses.
struct Accounts(BTreeMap<String, Vec<ResourceId>>);

impl Accounts {
    fn of(estate: &Estate) -> Self {
        let mut found: BTreeMap<String, Vec<ResourceId>> = BTreeMap::new();
        for (id, resource) in estate.resources().filter(|(_, resource)| resource.cloud == CLOUD) {
            if let Some((_, mail)) = resource.name.rsplit_once("/serviceAccounts/") {
                found.entry(mail.to_owned()).or_default().push(id);
            }
        }
        Self(found)
    }
}

/// A step, before its question is written down: from, to, kind, permission, and the resource that the account is.
type Bare = (PrincipalId, PrincipalId, &'static str, &'static str, ResourceId);

fn collect(estate: &Estate, to: PrincipalId, account: ResourceId, found: &mut BTreeSet<Bare>) {
    for target in targets(estate, account) {
        for (_, binding) in members::bindings(estate, target) {
            let ways = ways(estate, &binding.role.value);
            if ways.is_empty() {
                continue;
            }
            let from = binding.members.iter().flat_map(|member| principals(estate, &member.value));
            for from in from.collect::<BTreeSet<_>>().into_iter().filter(|from| *from != to) {
                found.extend(ways.iter().map(|(permission, kind)| (from, to, *kind, *permission, account)));
            }
        }
    }
}

/// The ways that a role opens.
pub(super) fn ways(estate: &Estate, role: &str) -> Vec<(&'static str, &'static str)> {
    let Some(role) = roles::find(estate, role) else { return Vec::new() };
    WAYS.into_iter().filter(|(permission, _)| role.contains(permission)).collect()
}

fn asked(estate: &Estate, found: BTreeSet<Bare>) -> Vec<Step> {
    let steps = found.into_iter();
    steps.filter_map(|(from, to, kind, action, on)| step(estate, from, to, kind, action, on)).collect()
}

/// The principals that a binding on the scope or above it speaks of, if its role holds what makes an administrator.
pub(super) fn contenders(estate: &Estate, scope: ScopeId) -> BTreeSet<PrincipalId> {
    let demands = administration(estate, scope);
    let mut found = BTreeSet::new();
    for level in estate.ancestry(scope) {
        for (_, binding) in members::bindings(estate, Target::Scope(level)) {
            let role = roles::find(estate, &binding.role.value);
            let counts = role.is_some_and(|role| demands.iter().any(|demand| role.contains(&demand.action)));
            if counts {
                found.extend(binding.members.iter().flat_map(|member| principals(estate, &member.value)));
            }
        }
    }
    found
}

fn step(
    estate: &Estate,
    from: PrincipalId,
    to: PrincipalId,
    kind: &'static str,
    action: &str,
    on: ResourceId,
) -> Option<Step> {
    let question = Question {
        cloud: CLOUD,
        subject: Subject::Principal(from),
        action: Some(action.to_owned()),
        object: Object::Named(estate.resource(on)?.name.clone()),
    };
    Some(Step { from, to, kind, question })
}

/// The policies that speak for a service account: its own and those of all levels above.
fn targets(estate: &Estate, resource: ResourceId) -> Vec<Target> {
    let name = estate.resource(resource).map(|resource| resource.name.as_str()).unwrap_or_default();
    let above = names::placement(estate, name).map(|scope| estate.ancestry(scope)).unwrap_or_default();
    std::iter::once(Target::Resource(resource)).chain(above.into_iter().map(Target::Scope)).collect()
}

/// The principals of the estate that a member stands for; members of domains and pools only as far as they are named.
fn principals(estate: &Estate, member: &Member) -> Vec<PrincipalId> {
    match member {
        Member::Group(_) => {
            let group = estate.find_principal(CLOUD, &member.name());
            group.map(|group| members::members_of(estate, group).0.into_iter().collect()).unwrap_or_default()
        }
        Member::Holders(basic, project) => {
            let holdings = members::holdings(estate, *basic, project);
            let members = holdings.iter().flat_map(|holding| &holding.binding.members);
            let direct = members.filter(|member| !matches!(member.value, Member::Holders(..)));
            direct.flat_map(|member| principals(estate, &member.value)).collect()
        }
        Member::Domain(domain) => {
            let suffix = format!("@{domain}");
            let users = estate.principals().filter(|(_, principal)| {
                principal.cloud == CLOUD
                    && (principal.kind == PrincipalKind::User && principal.name.ends_with(&suffix)
                        || principal.name == member.name())
            });
            users.map(|(id, _)| id).collect()
        }
        Member::AllUsers | Member::AllAuthenticatedUsers => estate
            .principals()
            .filter(|(_, one)| one.cloud == CLOUD && asks(one.kind))
            .map(|(id, _)| id)
            .collect(),
        Member::Deleted(_) => Vec::new(),
        // Whoever could be meant: the question of the step decides.
        Member::Federated(set) => {
            let starts = ["principal", "principalSet"].map(|kind| format!("{kind}://{}/", set.pool));
            named_like(estate, |name| starts.iter().any(|start| name.starts_with(start.as_str())))
        }
        Member::InScope(scope) => {
            named_like(estate, |name| sets::in_scope(estate, name, scope) != Belongs::No)
        }
        _ => estate.find_principal(CLOUD, &member.name()).into_iter().collect(),
    }
}

fn named_like(estate: &Estate, fits: impl Fn(&str) -> bool) -> Vec<PrincipalId> {
    let own = estate.principals().filter(|(_, principal)| principal.cloud == CLOUD && asks(principal.kind));
    own.filter(|(_, principal)| fits(&principal.name)).map(|(id, _)| id).collect()
}

fn asks(kind: PrincipalKind) -> bool {
    !matches!(kind, PrincipalKind::Group)
}

/// Who may set the allow policy of a scope may give itself everything in it:
/// <https://cloud.google.com/iam/docs/granting-changing-revoking-access>.
pub(super) fn administration(estate: &Estate, scope: ScopeId) -> Vec<Demand> {
    let Some(known) = estate.scope(scope).filter(|scope| scope.cloud == CLOUD) else { return Vec::new() };
    let kind = match known.kind {
        ScopeKind::Account => "projects",
        ScopeKind::Folder => "folders",
        ScopeKind::Organization => "organizations",
        ScopeKind::Group => return Vec::new(),
    };
    vec![Demand {
        action: format!("resourcemanager.{kind}.setIamPolicy"),
        resources: Patterns::literal(&names::scope_resource(&known.name)),
        given: Formula::True,
        except: Patterns::of([]),
    }]
}

/// The name of a request's principal for the subject of a question.
pub(super) fn asker(estate: &Estate, subject: Subject) -> String {
    match subject {
        Subject::Principal(id) => {
            let name = estate.principal(id).map(|principal| principal.name.clone()).unwrap_or_default();
            if name == "allUsers" { NOBODY.to_owned() } else { name }
        }
        Subject::Outside => members::ANY_ACCOUNT.to_owned(),
        Subject::Anonymous => NOBODY.to_owned(),
    }
}
