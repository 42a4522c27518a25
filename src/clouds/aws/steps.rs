//! How principals become other principals by taking on roles, and what makes an administrator.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Document, Element, PrincipalName, Statement};
use super::rule::{IDENTITY, TRUST};
use super::{AWS, body, protected};
use crate::clouds::{Demand, Step};
use crate::logic::{Case, Formula, Pattern, Patterns};
use crate::model::{
    Effect, Estate, Object, PrincipalId, PrincipalKind, Question, ScopeId, ScopeKind, Subject, Target,
};

/// The steps by which principals of the estate may take on its roles.
///
/// The trust policies say who can come into question at all. Whom they name only by its account, or as anybody, must
/// also have an identity statement that speaks of taking on this role, unless a trust that admits everybody stands in
/// the principal's own account. Both are looked at by policy, not by pair, because principals share policies.
pub(super) fn steps(estate: &Estate) -> Vec<Step> {
    let index = Index::of(estate);
    let mut steps = Vec::new();
    for (resource, found) in estate.resources() {
        let Some(to) = estate.find_principal(AWS, &found.name) else { continue };
        let mut from = BTreeSet::new();
        for attachment in estate.attached_to(Target::Resource(resource)).filter(|one| one.layer == TRUST) {
            if let Some(body) = estate.policy(attachment.policy).and_then(body) {
                index.candidates(&body.document, &found.name, &mut from);
            }
        }
        from.remove(&to);
        steps.extend(from.into_iter().map(|from| Step {
            from,
            to,
            kind: "assume-role",
            question: Question {
                cloud: AWS,
                subject: Subject::Principal(from),
                action: Some("sts:AssumeRole".to_owned()),
                object: Object::Named(found.name.clone()),
            },
        }));
    }
    steps
}

/// Principals by what a trust policy may say of them.
struct Index<'e> {
    estate: &'e Estate,
    by_account: BTreeMap<&'e str, Vec<PrincipalId>>,
    /// Who holds a statement that allows to take on some role, by policy.
    assuming: Vec<Assuming>,
    /// Principals whose own policies are not in the estate.
    strangers: Vec<PrincipalId>,
    actors: Vec<PrincipalId>,
}

/// A policy that allows to take on roles.
struct Assuming {
    /// Which roles, by statement; all where a statement says nothing.
    roles: Vec<Option<Roles>>,
    /// Who holds it, also through a group.
    holders: Vec<PrincipalId>,
}

/// The resources of a statement. A variable among them may stand for anything.
struct Roles {
    negated: bool,
    patterns: Vec<Pattern>,
}

impl Roles {
    fn of(element: &Element) -> Self {
        let read = |text: &str| match text.split_once("${") {
            None => Some(Pattern::glob(text, Case::Sensitive)),
            Some(_) if element.negated => None,
            Some((fixed, _)) => Some(Pattern::glob(&format!("{fixed}*"), Case::Sensitive)),
        };
        let patterns = element.values.iter().filter_map(|value| read(&value.value)).collect();
        Self { negated: element.negated, patterns }
    }

    fn may_have(&self, role: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(role)) != self.negated
    }
}

impl<'e> Index<'e> {
    fn of(estate: &'e Estate) -> Self {
        let mut by_account: BTreeMap<&str, Vec<PrincipalId>> = BTreeMap::new();
        let (mut strangers, mut actors) = (Vec::new(), Vec::new());
        for (id, principal) in estate.principals() {
            if principal.cloud != AWS || principal.kind == PrincipalKind::Group {
                continue;
            }
            actors.push(id);
            if let Some(scope) = principal.home.and_then(|home| estate.scope(home)) {
                by_account.entry(&scope.name).or_default().push(id);
            }
            if principal.kind == PrincipalKind::External {
                strangers.push(id);
            }
        }
        Self { estate, by_account, assuming: assuming(estate), strangers, actors }
    }

    /// Whether somebody who asks for things lives in an account.
    fn is_member(&self, id: PrincipalId, account: &str) -> bool {
        let principal = self.estate.principal(id).filter(|principal| principal.kind != PrincipalKind::Group);
        let home = principal.and_then(|principal| principal.home);
        home.and_then(|home| self.estate.scope(home)).is_some_and(|scope| scope.name == account)
    }

    fn candidates(&self, trust: &'e Document, role: &str, from: &mut BTreeSet<PrincipalId>) {
        let allows = trust.statements.iter().filter(|statement| statement.effect == Effect::Allow);
        for statement in allows.filter(|statement| may_be(&statement.action, "sts:AssumeRole")) {
            let Some(principals) = &statement.principal else { continue };
            if principals.negated {
                from.extend(&self.actors);
                continue;
            }
            for name in &principals.names {
                self.admitted(&name.value, role, from);
            }
        }
    }

    fn admitted(&self, name: &PrincipalName, role: &str, from: &mut BTreeSet<PrincipalId>) {
        match name {
            PrincipalName::Anyone => {
                let own = super::ast::Arn::parse(role).and_then(|arn| self.by_account.get(arn.account));
                from.extend(own.into_iter().flatten());
                self.holders(role, |_| true, from);
            }
            PrincipalName::Account(account) => {
                self.holders(role, |id| self.is_member(id, account), from);
            }
            PrincipalName::User(arn)
            | PrincipalName::Role(arn)
            | PrincipalName::Other(arn)
            | PrincipalName::Service(arn)
            | PrincipalName::Federated(arn) => from.extend(self.estate.find_principal(AWS, arn)),
            PrincipalName::Session { account, role, .. } => {
                let members = self.by_account.get(&**account).into_iter().flatten();
                from.extend(members.filter(|id| {
                    let name = self.estate.principal(**id).map_or("", |principal| &principal.name);
                    name.rsplit('/').next() == Some(role)
                }));
            }
            PrincipalName::UniqueId(id) => {
                let has = |fact: &String| **fact == **id;
                from.extend(self.actors.iter().filter(|actor| {
                    let facts = self.estate.principal(**actor).map(|principal| &principal.facts);
                    facts.and_then(|facts| facts.get("unique-id")).is_some_and(has)
                }));
            }
            PrincipalName::Canonical(_) => self.holders(role, |_| true, from),
        }
    }

    /// Those of whom `wanted` holds that have a statement about taking on `role`, and those whose statements are not
    /// known.
    fn holders(&self, role: &str, wanted: impl Fn(PrincipalId) -> bool, from: &mut BTreeSet<PrincipalId>) {
        for policy in &self.assuming {
            if policy.roles.iter().any(|roles| roles.as_ref().is_none_or(|roles| roles.may_have(role))) {
                from.extend(policy.holders.iter().copied().filter(|id| wanted(*id)));
            }
        }
        from.extend(self.strangers.iter().copied().filter(|id| wanted(*id)));
    }
}

/// Each policy that allows to take on roles, with those who hold it, also through a group.
fn assuming(estate: &Estate) -> Vec<Assuming> {
    let mut members: BTreeMap<PrincipalId, Vec<PrincipalId>> = BTreeMap::new();
    for membership in estate.memberships() {
        members.entry(membership.group).or_default().push(membership.member);
    }
    let mut holders: BTreeMap<_, Vec<PrincipalId>> = BTreeMap::new();
    for attachment in estate.attachments().iter().filter(|one| one.layer == IDENTITY) {
        let Target::Principal(id) = attachment.target else { continue };
        let held = holders.entry(attachment.policy).or_default();
        held.push(id);
        held.extend(members.get(&id).into_iter().flatten());
    }
    let relevant = |statement: &&Statement| {
        statement.effect == Effect::Allow && may_be(&statement.action, "sts:AssumeRole")
    };
    let found = holders.into_iter().filter_map(|(policy, holders)| {
        let body = body(estate.policy(policy)?)?;
        let statements = body.document.statements.iter().filter(relevant);
        let roles: Vec<_> = statements.map(|statement| statement.resource.as_ref().map(Roles::of)).collect();
        (!roles.is_empty()).then_some(Assuming { roles, holders })
    });
    found.collect()
}

fn may_be(element: &Element, action: &str) -> bool {
    let fits = |text: &str| Pattern::glob(text.trim(), Case::Insensitive).matches(action);
    element.values.iter().any(|value| fits(&value.value)) != element.negated
}

/// What makes an administrator of an account: to give policies to all of its users and all of its roles.
///
/// Whoever may attach any managed policy, or write any inline policy, on every user and role of an account can give
/// `AdministratorAccess` to whatever it acts as, or to somebody it can act as; nothing inside the account is closed to
/// it then. Both ways (attaching and writing) and both kinds of target are demanded, so that a right over one role
/// does not count as administration of the account; who has less may still get there in steps, which is what paths
/// are for. A boundary or a service control policy that forbids any of the four takes the name away, as it should.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-attach-detach.html>
pub(super) fn administration(estate: &Estate, scope: ScopeId) -> Vec<Demand> {
    let Some(scope) =
        estate.scope(scope).filter(|scope| scope.cloud == AWS && scope.kind == ScopeKind::Account)
    else {
        return Vec::new();
    };
    let partition = partition(estate, &scope.name);
    let all = |kind: &str| {
        let head = format!("arn:{partition}:iam::{}:{kind}/", scope.name);
        Patterns::of([Pattern::prefix(&head, Case::Sensitive)])
    };
    let demand = |action: &str, kind: &str| Demand {
        action: format!("iam:{action}"),
        resources: all(kind),
        given: Formula::True,
        except: protected::roles(),
    };
    vec![
        demand("AttachRolePolicy", "role"),
        demand("AttachUserPolicy", "user"),
        demand("PutRolePolicy", "role"),
        demand("PutUserPolicy", "user"),
    ]
}

/// The partition that the account's own ARNs name.
fn partition<'e>(estate: &'e Estate, account: &str) -> &'e str {
    let arns = estate.principals().filter_map(|(_, principal)| super::ast::Arn::parse(&principal.name));
    arns.filter(|arn| arn.account == account).map(|arn| arn.partition).next().unwrap_or("aws")
}
