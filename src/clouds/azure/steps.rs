//! The steps by which principals become others: activating an eligible assignment, raising oneself to User Access
//! Administrator, running code as a managed identity, taking the keys of a storage account. And what it takes to
//! administer a scope.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::Body;
use super::directory::{self, MADE_ADMINISTRATOR, NEW_MEMBER, On};
use super::index::{IDENTITY_OF, Index};
use super::members;
use super::names::{self, CLOUD};
use super::roles::{self, Definitions, OWNER, RBAC_ADMINISTRATOR, USER_ACCESS_ADMINISTRATOR};
use super::{ACTIVATE, ELEVATE, conditions};
use crate::clouds::{Demand, Step};
use crate::logic::{Case, Formula, Kind, Pattern, Patterns};
use crate::model::{
    Estate, Object, PrincipalId, PrincipalKind, Question, ScopeId, ScopeKind, Subject, Target,
};

use super::condition::Key;

/// The id of the principal that stands for a Global Administrator who has raised access.
pub(super) const ELEVATED: &str = "elevated";

/// Running code inside a resource, by its type: whoever may do it acts as the resource's managed identities.
/// <https://learn.microsoft.com/azure/virtual-machines/run-command-overview>,
/// <https://learn.microsoft.com/azure/virtual-machines/extensions/overview>,
/// <https://learn.microsoft.com/azure/app-service/resources-kudu>.
const RUNS: [(&str, &str, &str); 4] = [
    (
        "Microsoft.Compute/virtualMachines",
        "Microsoft.Compute/virtualMachines/runCommand/action",
        "run-command",
    ),
    (
        "Microsoft.Compute/virtualMachines",
        "Microsoft.Compute/virtualMachines/extensions/write",
        "vm-extension",
    ),
    ("Microsoft.Web/sites", "Microsoft.Web/sites/publishxml/action", "publishing-profile"),
    (
        "Microsoft.Automation/automationAccounts",
        "Microsoft.Automation/automationAccounts/jobs/write",
        "automation-job",
    ),
];

/// Giving somebody a role.
const ASSIGN: &str = "Microsoft.Authorization/roleAssignments/write";
const LIST_KEYS: &str = "Microsoft.Storage/storageAccounts/listKeys/action";

/// All steps that may be possible.
pub(super) fn steps(estate: &Estate) -> Vec<Step> {
    let mut found = Vec::new();
    let mut candidates = Candidates::of(estate);
    for attachment in estate.attachments() {
        let body = estate.policy(attachment.policy).and_then(|policy| policy.body.downcast_ref::<Body>());
        match body {
            Some(Body::Eligible(eligible)) => {
                let to = estate.find_principal(CLOUD, &eligible.activated);
                for from in askers(estate, &eligible.holder) {
                    found.extend(step(from, to, "activate-role", ACTIVATE, &eligible.instance));
                }
            }
            Some(Body::Directory(one)) if directory::powers(one).iter().any(|own| own.on == On::Root) => {
                let to = members::find(estate, ELEVATED);
                for from in askers(estate, &one.holder) {
                    found.extend(step(from, to, "elevate-access", ELEVATE, names::ROOT));
                }
            }
            Some(Body::AccountKey(key)) => {
                let Target::Resource(account) = attachment.target else { continue };
                let Some(account) = estate.resource(account) else { continue };
                let to = members::find(estate, &key.holder);
                for from in candidates.at(LIST_KEYS, &account.name) {
                    found.extend(step(from, to, "list-keys", LIST_KEYS, &account.name));
                }
            }
            _ => {}
        }
    }
    found.extend(identities(estate, &mut candidates));
    found.retain(|step| step.from != step.to);
    found
}

/// The steps by power in the directory: to users and service principals, and to what stands for whoever has used it on
/// a group or on the directory itself.
pub(super) fn steps_to(estate: &Estate, to: PrincipalId) -> Vec<Step> {
    let Some(target) = estate.principal(to).filter(|one| one.cloud == CLOUD) else { return Vec::new() };
    let object = members::object_id(target);
    let group = object.strip_prefix(NEW_MEMBER).and_then(|group| members::find(estate, group));
    let (resource, wanted): (Option<String>, &[On]) = match (group, target.kind) {
        (Some(group), _) => {
            (estate.principal(group).and_then(directory::resource), &[On::Groups, On::RoleAssignableGroups])
        }
        (None, PrincipalKind::StandIn) if object == MADE_ADMINISTRATOR => {
            (Some(directory::TENANT.to_owned()), &[On::Directory])
        }
        (None, PrincipalKind::User) => (directory::resource(target), &[On::Users]),
        (None, PrincipalKind::ServiceAccount) => (directory::resource(target), &[On::ServicePrincipals]),
        _ => return Vec::new(),
    };
    let Some(resource) = resource else { return Vec::new() };
    let mut found = Vec::new();
    for one in directory::assignments(estate) {
        for power in directory::powers(one).iter().filter(|power| wanted.contains(&power.on)) {
            for from in askers(estate, &one.holder) {
                found.extend(step(from, Some(to), &power.step, &power.action, &resource));
            }
        }
    }
    found.retain(|step| step.from != step.to);
    found.sort_by(|a, b| (a.from, a.kind).cmp(&(b.from, b.kind)));
    found.dedup();
    found
}

fn step(
    from: PrincipalId,
    to: Option<PrincipalId>,
    kind: &'static str,
    action: &str,
    resource: &str,
) -> Option<Step> {
    let question = Question {
        cloud: CLOUD,
        subject: Subject::Principal(from),
        action: Some(spelled(action)),
        object: Object::Named(resource.to_owned()),
    };
    Some(Step { from, to: to?, kind, question })
}

fn spelled(action: &str) -> String {
    super::catalog::operations().find(action).map_or_else(|| action.to_owned(), |one| one.name().to_owned())
}

/// Who asks among those that a holder stands for.
fn askers(estate: &Estate, holder: &str) -> BTreeSet<PrincipalId> {
    let mut all = members::principals(estate, holder);
    // What stands for somebody asks for itself alone: whoever it stands for is asked about anyway.
    all.retain(|id| {
        estate.principal(*id).is_some_and(|one| asks(one.kind) || members::object_id(one) == holder)
    });
    all.retain(|id| estate.principal(*id).is_some_and(|one| one.kind != PrincipalKind::Group));
    all
}

/// Who holds a role at a resource or above it that names an action; denies and conditions aside.
struct Candidates<'e> {
    estate: &'e Estate,
    definitions: Definitions<'e>,
    /// The principals that a holder stands for, and whether a role names an action; both are asked over and over.
    holders: BTreeMap<&'e str, BTreeSet<PrincipalId>>,
    named: BTreeMap<(&'e str, &'static str), bool>,
}

impl<'e> Candidates<'e> {
    fn of(estate: &'e Estate) -> Self {
        let definitions = Definitions::of(estate);
        Self { estate, definitions, holders: BTreeMap::new(), named: BTreeMap::new() }
    }

    fn at(&mut self, action: &'static str, resource: &str) -> BTreeSet<PrincipalId> {
        let estate = self.estate;
        let scopes = names::scopes_above(estate, resource).into_iter().map(Target::Scope);
        let own = names::enclosing(resource).filter_map(|name| estate.find_resource(CLOUD, name));
        let mut found = BTreeSet::new();
        for attachment in
            scopes.chain(own.map(Target::Resource)).flat_map(|target| estate.attached_to(target))
        {
            let body = estate.policy(attachment.policy).and_then(|policy| policy.body.downcast_ref::<Body>());
            if let Some(Body::Assignment(assignment)) = body
                && self.names(&assignment.role.value, action)
            {
                let all = self.holders.entry(&assignment.holder);
                found.extend(
                    all.or_insert_with(|| members::principals(estate, &assignment.holder)).iter().copied(),
                );
            }
        }
        found.retain(|id| {
            let kind = estate.principal(*id).map(|one| one.kind);
            !matches!(kind, None | Some(PrincipalKind::Group | PrincipalKind::Public))
        });
        found
    }

    fn names(&mut self, role: &'e str, action: &'static str) -> bool {
        let blocks = self.definitions.find(role).map(|role| role.blocks.as_slice()).unwrap_or_default();
        let folded = action.to_ascii_lowercase();
        let named = || blocks.iter().any(|block| roles::actions(block, Some(&folded)) != Formula::False);
        *self.named.entry((role, action)).or_insert_with(named)
    }
}

fn asks(kind: PrincipalKind) -> bool {
    !matches!(kind, PrincipalKind::Group | PrincipalKind::Public | PrincipalKind::StandIn)
}

/// From everybody to the managed identities of the resources that run code.
fn identities(estate: &Estate, candidates: &mut Candidates<'_>) -> Vec<Step> {
    let (mut found, index) = (Vec::new(), Index::of(estate));
    for (_, resource) in estate.resources().filter(|(_, resource)| resource.cloud == CLOUD) {
        let ways: Vec<_> =
            RUNS.iter().filter(|(kind, ..)| kind.eq_ignore_ascii_case(&resource.kind)).collect();
        if ways.is_empty() {
            continue;
        }
        let identities = index.identities(&resource.name);
        for (_, action, kind) in ways.into_iter().filter(|_| !identities.is_empty()) {
            for from in candidates.at(action, &resource.name) {
                found.extend(
                    identities.iter().filter_map(|to| step(from, Some(*to), kind, action, &resource.name)),
                );
            }
        }
    }
    found
}

/// The fact by which a principal is the managed identity of a resource.
pub(super) fn identity_fact(resource: &str) -> String {
    format!("{IDENTITY_OF}{resource}")
}

/// The scopes that are administered on their own, with all who hold a role there that may assign roles. What is not by a
/// role, such as an access policy of a vault, assigns none.
pub(super) fn contenders(estate: &Estate) -> Vec<(ScopeId, BTreeSet<PrincipalId>)> {
    let mut candidates = Candidates::of(estate);
    let own = estate.scopes().filter(|(_, scope)| scope.cloud == CLOUD && scope.kind != ScopeKind::Group);
    own.map(|(id, scope)| (id, candidates.at(ASSIGN, &scope.name))).collect()
}

/// Who may give itself the roles that give everything: Owner, or one of those that may give Owner
/// (<https://learn.microsoft.com/azure/role-based-access-control/built-in-roles#privileged>). Writing role assignments
/// is not enough where a condition says which roles may be given
/// (<https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-overview>). Resource groups
/// are not administered on their own.
pub(super) fn administration(estate: &Estate, scope: ScopeId) -> Vec<Demand> {
    let Some(known) = estate.scope(scope).filter(|scope| scope.cloud == CLOUD) else { return Vec::new() };
    if known.kind == ScopeKind::Group {
        return Vec::new();
    }
    let roles = [OWNER, USER_ACCESS_ADMINISTRATOR, RBAC_ADMINISTRATOR];
    let role = Key::new("@Request", "Microsoft.Authorization/roleAssignments:RoleDefinitionId", Kind::Text);
    let privileged = Patterns::of(roles.map(|guid| Pattern::literal(guid, Case::Sensitive)));
    vec![Demand {
        action: ASSIGN.to_owned(),
        resources: Patterns::of([Pattern::literal(&known.name, Case::Sensitive)]),
        except: Patterns::of([]),
        given: role.map_or(Formula::True, |key| Formula::matches(conditions::attribute(&key), privileged)),
    }]
}
