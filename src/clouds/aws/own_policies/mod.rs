//! What the recommender needs to know of identity policies: which a principal holds, how used resources add up, and the
//! commands that change what it holds. `write` makes policies, `print` turns statements into text; what a policy means
//! is `lower`'s and `decide`'s business.

mod commands;
mod edits;
mod print;
mod write;

use super::action_names::Actions;
use super::ast::Arn;
use super::escalation::INSTANCE_PROFILES;
use super::rule::IDENTITY;
use super::{AWS, Aws, Body, body, catalog};
use crate::clouds::edits::Edit;
use crate::clouds::own_policies::{Access, HeldPolicy, NewPolicies, NewPolicy, OwnPolicies};
use crate::model::{
    Attachment, Effect, Estate, Origin, PolicyId, Principal, PrincipalId, PrincipalKind, Target,
};

/// To hand a role to a service.
const PASS_ROLE: &str = "iam:PassRole";

impl OwnPolicies for Aws {
    fn held(&self, estate: &Estate, principal: PrincipalId) -> Vec<HeldPolicy> {
        let Some(who) = estate.principal(principal) else { return Vec::new() };
        let own = estate.attached_to(Target::Principal(principal)).filter(|one| one.layer == IDENTITY);
        own.filter_map(|attachment| held(estate, who, attachment)).collect()
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html>: only the service
    /// changes its roles; <https://docs.aws.amazon.com/singlesignon/latest/userguide/using-service-linked-roles.html>:
    /// only IAM Identity Center changes those of permission sets.
    fn fixed(&self, principal: &Principal) -> Option<&'static str> {
        let path = principal.name.split_once(":role/").map(|(_, path)| path).unwrap_or_default();
        if path.starts_with("aws-service-role/") {
            Some("only its service can change a service-linked role")
        } else if path.starts_with("aws-reserved/") {
            Some("the role of a permission set is changed in IAM Identity Center")
        } else {
            None
        }
    }

    fn resources(&self, estate: &Estate, action: &str, resource: &str) -> Vec<String> {
        if action != PASS_ROLE || !resource.contains(":instance-profile/") {
            return vec![resource.to_owned()];
        }
        // A log may name a profile without its path.
        let name = resource.rsplit('/').next().unwrap_or_default();
        let has = |principal: &Principal| {
            let profiles = principal.facts.get(INSTANCE_PROFILES).map(String::as_str).unwrap_or_default();
            profiles.split(' ').any(|one| one == resource || one.rsplit('/').next() == Some(name))
        };
        let account = Arn::parse(resource).map(|arn| arn.account);
        let roles =
            estate.principals().filter(|(_, one)| one.cloud == AWS && one.kind == PrincipalKind::Role);
        let roles =
            roles.filter(|(_, one)| Arn::parse(&one.name).map(|arn| arn.account) == account && has(one));
        let found: Vec<String> = roles.map(|(_, one)| one.name.clone()).collect();
        if found.is_empty() { vec![String::new()] } else { found }
    }

    /// Objects and log streams come and go: they are added up by the first folder of their bucket, and by log group.
    fn place(&self, resource: &str) -> String {
        place(resource)
            .unwrap_or_else(|| if resource.is_empty() { "*".to_owned() } else { resource.to_owned() })
    }

    fn also_needed(&self, action: &str, resource: &str) -> Vec<(String, Option<String>)> {
        let Some(action) = catalog::current().action(action) else { return Vec::new() };
        let needed = action.depends_on().map(|needed| {
            let fits = || super::facts::is_asked_on(needed.folded(), resource);
            let place = match needed.has_resource_types() {
                false => Some("*".to_owned()),
                true if fits() => Some(resource.to_owned()),
                true => None,
            };
            (needed.name().to_owned(), place)
        });
        needed.collect()
    }

    fn write(
        &self,
        estate: &Estate,
        principal: PrincipalId,
        held: &[HeldPolicy],
        accesses: &[Access],
    ) -> Result<NewPolicies, String> {
        write::write(estate, principal, held, accesses)
    }

    fn read(&self, name: &str, text: &str) -> Result<NewPolicy, String> {
        write::policy(name.to_owned(), false, text.to_owned())
    }

    fn replace(
        &self,
        estate: &Estate,
        principal: PrincipalId,
        held: &[HeldPolicy],
        new: &[NewPolicy],
    ) -> Estate {
        let mut changed = estate.clone();
        let target = Target::Principal(principal);
        changed.detach(|one| {
            one.target == target && one.layer == IDENTITY && held.iter().any(|held| held.policy == one.policy)
        });
        for one in new {
            let policy = changed.add_policy(one.policy.clone());
            let origin = Origin { what: format!("the proposed policy `{}`", one.name), ..Origin::default() };
            changed.attach(Attachment { policy, target, layer: IDENTITY, origin });
        }
        changed
    }

    fn edits(
        &self,
        estate: &Estate,
        principal: PrincipalId,
        held: &[HeldPolicy],
        new: &[NewPolicy],
    ) -> Result<Vec<Edit>, String> {
        edits::edits(estate.principal(principal), held, new)
    }

    fn commands(
        &self,
        principal: &Principal,
        held: &[HeldPolicy],
        new: &[NewPolicy],
    ) -> (Vec<String>, Vec<String>) {
        commands::commands(principal, held, new)
    }
}

/// An attached policy, if it allows something.
fn held(estate: &Estate, who: &Principal, attachment: &Attachment) -> Option<HeldPolicy> {
    let body = estate.policy(attachment.policy).and_then(body)?;
    let (name, is_shared) = called(estate, who, attachment.policy)?;
    let allows = body.document.statements.iter().any(|one| one.effect == Effect::Allow);
    allows.then(|| HeldPolicy {
        name,
        is_shared,
        permissions: permissions(body),
        origin: attachment.origin.clone(),
        policy: attachment.policy,
    })
}

/// The ARN of a managed policy, or the name of an inline one; and which of them it is.
fn called(estate: &Estate, who: &Principal, policy: PolicyId) -> Option<(String, bool)> {
    let name = &estate.policy(policy)?.name;
    let own = Arn::parse(&who.name)?;
    for account in ["aws", own.account] {
        let arn = format!("arn:{}:iam::{account}:policy/{name}", own.partition);
        if estate.find_policy(AWS, &arn) == Some(policy) {
            return Some((arn, true));
        }
    }
    let holder = who.name.rsplit('/').next().unwrap_or_default();
    let inline = name.strip_prefix(holder).and_then(|rest| rest.strip_prefix('/'));
    Some((inline.unwrap_or(name).to_owned(), false))
}

/// How many actions of the catalog some statement allows.
fn permissions(body: &Body) -> usize {
    let allowing = body.document.statements.iter().filter(|one| one.effect == Effect::Allow);
    let allowed: Vec<Actions> = allowing.map(|one| Actions::of(&one.action)).collect();
    catalog::current()
        .actions()
        .filter(|action| allowed.iter().any(|some| some.have(action.folded())))
        .count()
}

/// The pattern for small things of which there are many.
fn place(resource: &str) -> Option<String> {
    let arn = Arn::parse(resource)?;
    match arn.service {
        "s3" if arn.account.is_empty() => {
            let (bucket, key) = arn.resource.split_once('/')?;
            let folder = key.split_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
            // A folder whose name is a pattern itself is left to its bucket.
            let folder = if folder.contains(['*', '?', '$']) { String::new() } else { folder };
            Some(format!("arn:{}:s3:::{bucket}/{folder}*", arn.partition))
        }
        "logs" => {
            let (group, _) = resource.split_once(":log-stream:")?;
            Some(format!("{group}:log-stream:*"))
        }
        _ => None,
    }
}
