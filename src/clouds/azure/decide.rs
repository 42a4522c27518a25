//! The concrete rule: whether one request is allowed, judged from the typed assignments.
//!
//! Follows the steps of
//! <https://learn.microsoft.com/azure/role-based-access-control/overview#how-azure-rbac-determines-if-a-user-has-access-to-a-resource>:
//! deny assignments first, then role assignments from the resource upwards, each with its role's blocks and conditions.
//! It shares no code with `lower`: both read the same typed policies, so each checks the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ast::{Assignment, Block, Body, DenyAssignment, HolderKind, Listing};
use super::catalog::Plane;
use super::condition::Condition;
use super::evaluate::{Facts, Outcome, wildcard};
use super::members::{NOBODY, OUTSIDER};
use super::names::{self, CLOUD};
use super::roles::{self, Definitions};
use super::{
    ACTIVATE, ALLOWS, ALONE, DENY, LISTING, OBJECT_ID, READ_BLOB, decide_directory, directory, gaps,
};
use crate::model::{
    Decision, Effect, Estate, Gap, GapKind, Layer, Origin, Principal, PrincipalId, PrincipalKind, Reason,
    Request, Target, Verdict,
};

/// Judges one request.
pub(super) fn decide(estate: &Estate, request: &Request) -> Decision {
    let resource = names::full_name(&request.resource);
    let action = request.action.to_ascii_lowercase();
    let mut judge = Judge {
        estate,
        definitions: Definitions::of(estate),
        plane: roles::plane(&action),
        facts: Facts { request, action: &action, resource: &resource },
        who: Who::of(estate, &request.principal),
        allowed: Vec::new(),
        alone: Vec::new(),
        denied: Vec::new(),
        gaps: BTreeSet::new(),
        groups: estate.derived(Groups::of),
    };
    judge.visit();
    judge.decision()
}

struct Judge<'a> {
    estate: &'a Estate,
    definitions: Definitions<'a>,
    plane: Plane,
    facts: Facts<'a>,
    who: Who,
    /// Role assignments that allow it.
    allowed: Vec<Reason>,
    /// What allows it without roles.
    alone: Vec<Reason>,
    /// Deny assignments that apply.
    denied: Vec<Reason>,
    gaps: BTreeSet<Gap>,
    groups: Arc<Groups>,
}

/// The groups of an estate.
struct Groups {
    /// By object id.
    by_object: BTreeMap<String, PrincipalId>,
    /// Those of which no list of members was read.
    unlisted: BTreeSet<PrincipalId>,
}

impl Groups {
    fn of(estate: &Estate) -> Self {
        let groups = || estate.principals().filter(|(_, one)| one.cloud == CLOUD);
        let stands_in = |id| estate.principal(id).is_some_and(|one| one.kind == PrincipalKind::StandIn);
        let real = estate.memberships().iter().filter(|one| !stands_in(one.member));
        let with_members: BTreeSet<PrincipalId> = real.map(|one| one.group).collect();
        let is_unlisted = |id: &PrincipalId, one: &Principal| {
            one.kind == PrincipalKind::Group && !with_members.contains(id) && !is_listed(estate, *id)
        };
        let unlisted: BTreeSet<PrincipalId> =
            groups().filter(|(id, one)| is_unlisted(id, one)).map(|(id, _)| id).collect();
        let known = |id: &PrincipalId| unlisted.contains(id) || with_members.contains(id);
        let by_object =
            groups().filter(|(id, _)| known(id)).map(|(id, one)| (object(one).to_owned(), id)).collect();
        Self { by_object, unlisted }
    }
}

/// Whether a list of the members of a group was read, be it empty.
fn is_listed(estate: &Estate, group: PrincipalId) -> bool {
    estate.attached_to(Target::Principal(group)).any(|one| {
        let policy = estate.policy(one.policy).and_then(|policy| policy.body.downcast_ref::<Body>());
        one.layer == LISTING && policy == Some(&Body::Listed(Listing::Members))
    })
}

/// Who asks.
struct Who {
    /// Its object id and those of all groups it is in.
    ids: BTreeSet<String>,
    outside: bool,
    could_join: bool,
}

impl Who {
    fn of(estate: &Estate, name: &str) -> Self {
        let mut who = Self { ids: BTreeSet::new(), outside: name == OUTSIDER, could_join: false };
        let Some(id) = estate.find_principal(CLOUD, name).filter(|_| name != NOBODY) else { return who };
        let (mut in_them, mut fresh) = (BTreeSet::from([id]), BTreeSet::from([id]));
        while !fresh.is_empty() {
            let above = fresh.iter().flat_map(|id| estate.groups_of(*id)).map(|one| one.group);
            fresh = above.filter(|group| !in_them.contains(group)).collect();
            in_them.extend(&fresh);
        }
        who.ids =
            in_them.iter().filter_map(|id| estate.principal(*id)).map(|one| object(one).to_owned()).collect();
        let kind = estate.principal(id).map(|one| one.kind);
        who.could_join = !matches!(
            kind,
            None | Some(PrincipalKind::StandIn | PrincipalKind::Public | PrincipalKind::Holder)
        );
        who
    }
}

fn object(principal: &Principal) -> &str {
    principal.facts.get(OBJECT_ID).unwrap_or(&principal.name)
}

impl Judge<'_> {
    /// Looks at everything from the resource upwards: what it is and lies in, its resource group, subscription,
    /// management groups, the root.
    fn visit(&mut self) {
        let estate = self.estate;
        let mut targets = Vec::new();
        for name in names::enclosing(self.facts.resource) {
            targets.extend(estate.find_resource(CLOUD, name).map(Target::Resource));
            let mut level = estate.find_scope(CLOUD, name);
            while let Some(scope) = level.filter(|scope| !targets.contains(&Target::Scope(*scope))) {
                targets.push(Target::Scope(scope));
                level = estate.scope(scope).and_then(|scope| scope.parent);
            }
        }
        let root = estate.find_scope(CLOUD, names::ROOT).map(Target::Scope);
        targets.extend(root.filter(|root| !targets.contains(root)));
        for target in targets {
            for attachment in estate.attached_to(target) {
                let Some(policy) = estate.policy(attachment.policy) else { continue };
                if let Some(body) = policy.body.downcast_ref::<Body>() {
                    self.policy(body, target, attachment.layer, &policy.origin);
                }
            }
        }
    }

    fn policy(&mut self, body: &Body, target: Target, layer: Layer, origin: &Origin) {
        match body {
            Body::Assignment(assignment) if ALLOWS.contains(&layer) => {
                self.assignment(assignment, layer, origin)
            }
            Body::Deny(deny) if layer == DENY => self.deny(deny, target, origin),
            body if ALONE.contains(&layer) && self.without_roles(body, target, origin) => {
                self.alone.push(reason(layer, Effect::Allow, origin));
            }
            _ => {}
        }
    }

    fn assignment(&mut self, assignment: &Assignment, layer: Layer, origin: &Origin) {
        let Some(meant) = self.meant(&assignment.holder, assignment.kind, origin) else { return };
        let Some(role) = self.definitions.find(&assignment.role.value) else {
            self.gaps.insert(gaps::unknown_role(&assignment.role.value, origin));
            return;
        };
        let fitting: Vec<&Block> = role.blocks.iter().filter(|block| self.covers(block)).collect();
        if fitting.is_empty() {
            return;
        }
        if let Err(gap) = meant {
            self.gaps.insert(gap);
            return;
        }
        if self.is_closed_vault() {
            return;
        }
        let conditions = |block: &&Block| [assignment.condition.clone(), block.condition.clone()];
        let all: Vec<[Option<Condition>; 2]> = fitting.iter().map(conditions).collect();
        let mut holds = false;
        for pair in all {
            holds |= pair.iter().flatten().all(|one| self.holds(one, origin));
        }
        if holds {
            self.gaps.extend(assignment.gaps.iter().cloned());
            self.allowed.push(reason(layer, Effect::Allow, origin));
        }
    }

    /// Whether the block allows the action: named on its plane and not subtracted there.
    fn covers(&self, block: &Block) -> bool {
        if directory::is_own(self.facts.action) {
            return false;
        }
        let (given, taken) = match self.plane {
            Plane::Control => (&block.actions, &block.not_actions),
            Plane::Data => (&block.data_actions, &block.not_data_actions),
        };
        let names = |list: &[Arc<str>]| list.iter().any(|pattern| wildcard(pattern, self.facts.action));
        names(given) && !names(taken)
    }

    /// Whether a holder is who asks: yes, or what is missing to know it; `None` if it is somebody else.
    fn meant(&self, holder: &str, kind: HolderKind, origin: &Origin) -> Option<Result<(), Gap>> {
        if self.who.ids.contains(holder) || (self.who.outside && kind == HolderKind::ForeignGroup) {
            return Some(Ok(()));
        }
        if !self.who.could_join || !matches!(kind, HolderKind::Group | HolderKind::Unknown) {
            return None;
        }
        if self.groups.unlisted.is_empty() {
            return None;
        }
        let group = self.groups.by_object.get(holder).copied()?;
        let (mut below, mut fresh) = (BTreeSet::from([group]), BTreeSet::from([group]));
        while !fresh.is_empty() {
            let members = fresh.iter().flat_map(|id| self.estate.members_of(*id)).map(|one| one.member);
            let groups = members.filter(|id| {
                self.estate.principal(*id).is_some_and(|member| member.kind == PrincipalKind::Group)
            });
            fresh = groups.filter(|id| !below.contains(id)).collect();
            below.extend(&fresh);
        }
        let unknown: Vec<String> = below
            .iter()
            .filter(|group| self.groups.unlisted.contains(*group))
            .filter_map(|group| self.estate.principal(*group))
            .map(|group| format!("`{}`", group.name))
            .collect();
        (!unknown.is_empty()).then(|| {
            Err(Gap {
                kind: GapKind::MissingScope,
                message: format!(
                    "the members of {} are not in the input; assumed to be none",
                    unknown.join(", ")
                ),
                origin: Some(origin.clone()),
            })
        })
    }

    /// Whether the data asked for lies in a vault that gives access by its own policies:
    /// <https://learn.microsoft.com/azure/key-vault/general/rbac-access-policy>.
    fn is_closed_vault(&mut self) -> bool {
        if !gaps::is_vault_data(self.facts.action) {
            return false;
        }
        let Some(name) = gaps::vault_of(self.facts.resource) else { return false };
        let known = gaps::vault(self.estate, name).map(|vault| vault.uses_roles);
        if known.is_none() {
            self.gaps.extend(gaps::vault_model(self.estate, self.facts.resource, Some(self.facts.action)));
        }
        known == Some(false)
    }

    fn deny(&mut self, deny: &DenyAssignment, target: Target, origin: &Origin) {
        let scope = match target {
            Target::Scope(id) => self.estate.scope(id).map(|scope| scope.name.as_str()),
            Target::Resource(id) => self.estate.resource(id).map(|resource| resource.name.as_str()),
            Target::Principal(_) => None,
        };
        if deny.own_scope_only && scope != Some(self.facts.resource) {
            return;
        }
        if !deny.blocks.iter().any(|block| self.covers(block)) {
            return;
        }
        let mut listed = deny.everybody;
        for (holder, kind) in &deny.principals {
            match self.meant(holder, *kind, origin) {
                Some(Ok(())) => listed = true,
                Some(Err(gap)) => drop(self.gaps.insert(gap)),
                None => {}
            }
        }
        let mut spared = false;
        for (holder, kind) in &deny.excluded {
            match self.meant(holder, *kind, origin) {
                Some(Ok(())) => spared = true,
                Some(Err(gap)) => drop(self.gaps.insert(gap)),
                None => {}
            }
        }
        if listed && !spared && deny.condition.as_ref().is_none_or(|condition| self.holds(condition, origin))
        {
            self.denied.push(reason(DENY, Effect::Deny, origin));
        }
    }

    /// Access that no role gives and no deny assignment takes.
    fn without_roles(&mut self, body: &Body, target: Target, origin: &Origin) -> bool {
        let action = self.facts.action;
        match body {
            Body::Eligible(eligible) => {
                action == ACTIVATE
                    && self.facts.resource.eq_ignore_ascii_case(&eligible.instance)
                    && self.is(&eligible.holder, eligible.kind, origin)
            }
            Body::Directory(one) => {
                let may = decide_directory::allows(self.estate, one, action, self.facts.resource);
                let asks = directory::powers(one).iter().any(|own| own.action.eq_ignore_ascii_case(action));
                let unknown = gaps::directory_role(self.estate, one, origin);
                let asks = asks || unknown.is_some() && directory::is_own(action);
                if asks && self.is(&one.holder, HolderKind::Unknown, origin) {
                    self.gaps.extend(unknown);
                    self.gaps.extend(gaps::unit(self.estate, one, origin));
                    return may;
                }
                false
            }
            Body::Vault(vault) if !vault.uses_roles && self.plane == Plane::Data => {
                let fitting =
                    vault.policies.iter().filter(|one| one.actions.iter().any(|own| wildcard(own, action)));
                let holders: Vec<Arc<str>> = fitting.map(|one| one.holder.clone()).collect();
                holders.iter().any(|holder| self.is(holder, HolderKind::Unknown, origin))
            }
            Body::AccountKey(key) => {
                self.plane == Plane::Data
                    && action.starts_with(&*key.service)
                    && self.is(&key.holder, HolderKind::Unknown, origin)
            }
            Body::Container(container) if action == READ_BLOB => {
                let own = match target {
                    Target::Resource(id) => self.estate.resource(id).map(|one| one.name.as_str()),
                    _ => None,
                };
                let inner = own.and_then(|own| self.facts.resource.strip_prefix(own));
                let is_blob =
                    inner.and_then(|rest| rest.strip_prefix("/blobs/")).is_some_and(|blob| !blob.is_empty());
                let suboperation = self.facts.request.context.get(super::condition::SUBOPERATION);
                let lists = suboperation
                    .is_some_and(|own| own.iter().any(|one| one.eq_ignore_ascii_case("Blob.List")));
                let open = container.lists || (is_blob && !lists);
                if open {
                    self.gaps.extend(container.gaps.iter().cloned());
                }
                open
            }
            _ => false,
        }
    }

    fn is(&mut self, holder: &str, kind: HolderKind, origin: &Origin) -> bool {
        match self.meant(holder, kind, origin) {
            Some(Ok(())) => true,
            Some(Err(gap)) => {
                self.gaps.insert(gap);
                false
            }
            None => false,
        }
    }

    /// Whether a condition holds. One that stays open is taken not to, and what it asks of the principal is only what
    /// the request says.
    fn holds(&mut self, condition: &Condition, origin: &Origin) -> bool {
        condition.expression.for_each_key(&mut |key| {
            if key.is_of_principal() {
                self.gaps.insert(Gap {
                    kind: GapKind::UnknownValue,
                    message: format!("`{}` is not in the input; the request says what was assumed", key.name),
                    origin: Some(origin.clone()),
                });
            }
        });
        match self.facts.evaluate(&condition.expression) {
            Outcome::Holds => true,
            Outcome::Fails => false,
            Outcome::Open => {
                let mut is_read = true;
                condition.expression.for_each_opaque(&mut |_, _| is_read = false);
                let why = match is_read {
                    true => "rests on an attribute that the request lacks",
                    false => "is not understood",
                };
                self.gaps.insert(Gap {
                    kind: GapKind::OpaqueCondition,
                    message: format!("the condition `{}` {why}; it was taken not to hold", condition.source),
                    origin: Some(origin.clone()),
                });
                false
            }
        }
    }

    fn decision(mut self) -> Decision {
        let by_roles = !self.allowed.is_empty() && self.denied.is_empty();
        let verdict = match (by_roles || !self.alone.is_empty(), self.denied.is_empty()) {
            (true, _) => Verdict::Allowed,
            (false, false) => Verdict::ExplicitlyDenied,
            (false, true) => Verdict::ImplicitlyDenied,
        };
        if by_roles {
            self.gaps.extend(gaps::deny_assignments(self.estate));
        }
        if verdict == Verdict::ImplicitlyDenied {
            self.gaps.extend(gaps::placement(self.estate, self.facts.resource));
        }
        let (because, blocked_by) = match verdict {
            Verdict::Allowed if by_roles => {
                (self.allowed.into_iter().chain(self.alone).collect(), Vec::new())
            }
            Verdict::Allowed => (self.alone, Vec::new()),
            Verdict::ExplicitlyDenied if self.allowed.is_empty() => (self.denied, Vec::new()),
            Verdict::ExplicitlyDenied => (self.denied.clone(), self.denied),
            Verdict::ImplicitlyDenied => (Vec::new(), Vec::new()),
        };
        Decision { verdict, because, blocked_by, gaps: self.gaps.into_iter().collect() }
    }
}

fn reason(layer: Layer, effect: Effect, origin: &Origin) -> Reason {
    Reason { layer, effect: Some(effect), origin: origin.clone() }
}
