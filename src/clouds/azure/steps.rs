//! The steps that are not data (`escalation`): activating an eligible assignment, and those by power in the directory, of
//! which a table says who may do what to whom, raising oneself to User Access Administrator among them. And what it takes
//! to administer a scope.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::ast::Body;
use super::directory::{self, MADE_ADMINISTRATOR, NEW_MEMBER, On};
use super::index::Index;
use super::members;
use super::names::{self, CLOUD};
use super::roles::{self, Definitions, OWNER, RBAC_ADMINISTRATOR, USER_ACCESS_ADMINISTRATOR};
use super::{ACTIVATE, ALLOWS, conditions};
use crate::clouds::{Demand, Step};
use crate::logic::{Case, Formula, Kind, Pattern, Patterns};
use crate::model::{
    Estate, Object, PolicyId, Principal, PrincipalId, PrincipalKind, Question, ScopeId, Subject, Target,
};

use super::condition::Key;

/// How the object ids begin of principals that stand for whoever has a key of a service, before the name of that.
pub(super) const KEY_OF: &str = "key of ";
/// The id of the principal that stands for a Global Administrator who has raised access.
pub(super) const ELEVATED: &str = "elevated";

/// Giving somebody a role.
const ASSIGN: &str = "Microsoft.Authorization/roleAssignments/write";

/// All steps that may be possible.
pub(super) fn steps(estate: &Estate) -> Vec<Step> {
    estate.principals().flat_map(|(id, _)| steps_to(estate, id)).collect()
}

/// The steps by which somebody may become that principal.
pub(super) fn steps_to(estate: &Estate, to: PrincipalId) -> Vec<Step> {
    let Some(target) = estate.principal(to).filter(|one| one.cloud == CLOUD) else { return Vec::new() };
    let object = members::object_id(target);
    let mut found = by_directory(estate, to, target, object);
    if target.kind == PrincipalKind::StandIn {
        found.extend(by_activation(estate, to, object));
    }
    found.retain(|step| step.from != step.to);
    found
}

/// Activating an eligible assignment, of which `instance` is the full name.
fn by_activation(estate: &Estate, to: PrincipalId, instance: &str) -> Vec<Step> {
    let Some(policy) = Index::of(estate).eligibility(instance) else { return Vec::new() };
    let body = estate.policy(policy).and_then(|policy| policy.body.downcast_ref::<Body>());
    let Some(Body::Eligible(eligible)) = body else { return Vec::new() };
    let askers = askers(estate, &eligible.holder).into_iter();
    askers.map(|from| step(from, to, "activate-role", ACTIVATE, instance)).collect()
}

/// The steps by power in the directory: to users and service principals, and to what stands for whoever has used it on
/// a group, on the directory itself, or on all of Azure.
fn by_directory(estate: &Estate, to: PrincipalId, target: &Principal, object: &str) -> Vec<Step> {
    let group = object.strip_prefix(NEW_MEMBER).and_then(|group| members::find(estate, group));
    let (resource, wanted): (Option<String>, &[On]) = match (group, target.kind) {
        (Some(group), _) => {
            let all = &[On::Groups, On::UnifiedGroups, On::SecurityGroups, On::RoleAssignableGroups];
            (estate.principal(group).and_then(directory::resource), all)
        }
        (None, PrincipalKind::StandIn) if object == MADE_ADMINISTRATOR => {
            (Some(directory::TENANT.to_owned()), &[On::Directory])
        }
        (None, PrincipalKind::StandIn) if object == ELEVATED => (Some(names::ROOT.to_owned()), &[On::Root]),
        (None, PrincipalKind::User) => (directory::resource(target), &[On::Users]),
        (None, PrincipalKind::ServiceAccount) => (directory::resource(target), &[On::ServicePrincipals]),
        _ => return Vec::new(),
    };
    let Some(resource) = resource else { return Vec::new() };
    let mut found = Vec::new();
    for one in directory::assignments(estate) {
        for power in directory::powers(one).into_iter().filter(|power| wanted.contains(&power.on)) {
            for from in askers(estate, &one.holder) {
                found.push(step(from, to, &power.step, &power.action, &resource));
            }
        }
    }
    found.sort_by(|a, b| (a.from, a.kind).cmp(&(b.from, b.kind)));
    found.dedup();
    found
}

fn step(from: PrincipalId, to: PrincipalId, kind: &'static str, action: &str, resource: &str) -> Step {
    let question = Question {
        cloud: CLOUD,
        subject: Subject::Principal(from),
        action: Some(spelled(action)),
        object: Object::Named(resource.to_owned()),
    };
    Step { from, to, kind, summary: summary(kind), question }
}

/// What happens in a step, in words that follow the name of who takes it.
fn summary(kind: &str) -> &'static str {
    match kind {
        "activate-role" => "activates the role that it is eligible for",
        "add-credential" => "adds a credential to the application and signs in with it",
        "add-member" => "puts itself into the group",
        "assign-directory-role" => "gives itself the role Global Administrator",
        "elevate-access" => "gives itself the right to assign roles in all of Azure",
        "grant-permission" => "grants itself the permission to give itself any role of the directory",
        "make-itself-owner" => "makes itself an owner of the application and adds a credential",
        "reset-password" => "sets another password for the user and signs in with it",
        _ => "",
    }
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
pub(super) struct Candidates<'e> {
    estate: &'e Estate,
    definitions: Definitions<'e>,
    /// The principals that a holder stands for, and whether a role names an action; both are asked over and over.
    holders: BTreeMap<&'e str, BTreeSet<PrincipalId>>,
    named: BTreeMap<(&'e str, String), bool>,
    /// Who has an action at one place, and anywhere.
    right_at: BTreeMap<String, BTreeMap<Target, Rc<BTreeSet<PrincipalId>>>>,
    anywhere: BTreeMap<String, Rc<BTreeSet<PrincipalId>>>,
}

impl<'e> Candidates<'e> {
    pub(super) fn of(estate: &'e Estate) -> Self {
        let definitions = Definitions::of(estate);
        Self {
            estate,
            definitions,
            holders: BTreeMap::new(),
            named: BTreeMap::new(),
            right_at: BTreeMap::new(),
            anywhere: BTreeMap::new(),
        }
    }

    pub(super) fn at(&mut self, action: &str, resource: &str) -> BTreeSet<PrincipalId> {
        let estate = self.estate;
        let scopes = names::scopes_above(estate, resource).into_iter().map(Target::Scope);
        let own = names::enclosing(resource).filter_map(|name| estate.find_resource(CLOUD, name));
        let mut found = BTreeSet::new();
        for target in scopes.chain(own.map(Target::Resource)) {
            found.extend(self.right_at(action, target).iter().copied());
        }
        found
    }

    /// Those whom a policy gives a role that names an action.
    fn holders_of(&mut self, policy: PolicyId, action: &str) -> BTreeSet<PrincipalId> {
        let estate = self.estate;
        let body = estate.policy(policy).and_then(|policy| policy.body.downcast_ref::<Body>());
        let Some(Body::Assignment(assignment)) = body else { return BTreeSet::new() };
        if !self.names(&assignment.role.value, action) {
            return BTreeSet::new();
        }
        let all = self.holders.entry(&assignment.holder);
        all.or_insert_with(|| members::principals(estate, &assignment.holder)).clone()
    }

    fn asking(&self, mut found: BTreeSet<PrincipalId>) -> BTreeSet<PrincipalId> {
        found.retain(|id| {
            let kind = self.estate.principal(*id).map(|one| one.kind);
            !matches!(kind, None | Some(PrincipalKind::Group | PrincipalKind::Public))
        });
        found
    }

    /// Who holds a role that names an action, wherever it is given.
    pub(super) fn anywhere(&mut self, action: &str) -> Rc<BTreeSet<PrincipalId>> {
        let estate = self.estate;
        if let Some(known) = self.anywhere.get(action) {
            return known.clone();
        }
        let mut found = BTreeSet::new();
        for attachment in ALLOWS.iter().flat_map(|layer| estate.attached_as(*layer)) {
            found.extend(self.holders_of(attachment.policy, action));
        }
        let found = Rc::new(self.asking(found));
        self.anywhere.insert(action.to_owned(), found.clone());
        found
    }

    /// Who is given a role that names an action right there.
    fn right_at(&mut self, action: &str, target: Target) -> Rc<BTreeSet<PrincipalId>> {
        let estate = self.estate;
        let known = self.right_at.get(action).and_then(|known| known.get(&target));
        if let Some(known) = known {
            return known.clone();
        }
        let mut found = BTreeSet::new();
        for attachment in estate.attached_to(target) {
            found.extend(self.holders_of(attachment.policy, action));
        }
        let found = Rc::new(self.asking(found));
        self.right_at.entry(action.to_owned()).or_default().insert(target, found.clone());
        found
    }

    fn names(&mut self, role: &'e str, action: &str) -> bool {
        let blocks = self.definitions.find(role).map(|role| role.blocks.as_slice()).unwrap_or_default();
        let folded = action.to_ascii_lowercase();
        let named = || blocks.iter().any(|block| roles::actions(block, Some(&folded)) != Formula::False);
        *self.named.entry((role, folded.clone())).or_insert_with(named)
    }
}

fn asks(kind: PrincipalKind) -> bool {
    !matches!(kind, PrincipalKind::Group | PrincipalKind::Public | PrincipalKind::StandIn)
}

/// All who hold a role at a scope or above it that may assign roles. What is not by a role, such as an access policy of a
/// vault, assigns none.
pub(super) fn contenders(estate: &Estate, scope: ScopeId) -> BTreeSet<PrincipalId> {
    let name = estate.scope(scope).map(|scope| scope.name.as_str()).unwrap_or_default();
    Candidates::of(estate).at(ASSIGN, name)
}

/// Who may give itself the roles that give everything: Owner, or one of those that may give Owner
/// (<https://learn.microsoft.com/azure/role-based-access-control/built-in-roles#privileged>). Writing role assignments
/// is not enough where a condition says which roles may be given
/// (<https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-overview>).
pub(super) fn administration(estate: &Estate, scope: ScopeId) -> Vec<Demand> {
    let Some(known) = estate.scope(scope).filter(|scope| scope.cloud == CLOUD) else { return Vec::new() };
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
