//! Estates that ask "what if": the same with changes that a step makes.
//!
//! What a step may set to anything is set to what serves whoever takes it best. What the step cannot change stays:
//! boundaries, denials in other policies, and everything of the organization.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::clouds::aws::ast::Statement;
use crate::clouds::aws::estate::{add_policy, attach, unrestricted, written};
use crate::clouds::aws::lower::Body;
use crate::clouds::aws::rule::{IDENTITY, TRUST};
use crate::clouds::aws::{AWS, body};
use crate::clouds::escalation::Change;
use crate::model::{Estate, Membership, Origin, PolicyBody, PolicyId, PrincipalId, PrincipalKind, Target};

/// A policy that a step before has put in place.
const PUT: &str = "what an earlier step put there";

/// In a trust policy, naming everybody lets in whoever may call at all: inside the account no further permission is
/// needed then, and boundaries do not count.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html>
const ADMIT: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"},
    "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]}}"#;

/// The estate without the statements that stand in these places, in every policy that has them.
pub(in crate::clouds::aws) fn without(estate: &Estate, grants: &BTreeSet<Origin>) -> Estate {
    let mut changed = estate.clone();
    for (id, policy) in estate.policies() {
        let Some(document) = body(policy).map(|body| &body.document) else { continue };
        let is_gone = |one: &Statement| grants.contains(&document.statement_origin(one));
        if document.statements.iter().any(is_gone) {
            let mut rest = document.clone();
            rest.statements.retain(|one| !is_gone(one));
            changed.replace_body(id, Arc::new(Body::new(rest)));
        }
    }
    changed
}

/// The estate after a change.
pub(in crate::clouds::aws) fn supposed(estate: &Estate, change: Change) -> Estate {
    let mut changed = estate.clone();
    match change {
        Change::Allowed => allow(&mut changed),
        Change::Policy(policy) => changed.replace_body(policy, everything()),
        Change::Version(policy, at) => {
            if let Some(version) = estate.versions().get(policy, at) {
                changed.replace_body(policy, version.body.clone());
            }
        }
        Change::Member(group) => join(&mut changed, group),
        Change::Admitted => admit(&mut changed),
    }
    changed
}

fn everything() -> PolicyBody {
    Arc::new(Body::new(unrestricted(PUT, Vec::new())))
}

fn allow(estate: &mut Estate) {
    let policy = add_policy(estate, unrestricted(PUT, Vec::new()));
    let all: Vec<PrincipalId> = estate
        .principals()
        .filter(|(_, one)| one.cloud == AWS && matches!(one.kind, PrincipalKind::User | PrincipalKind::Role))
        .map(|(id, _)| id)
        .collect();
    for id in all {
        attach(estate, policy, Target::Principal(id), IDENTITY, Origin::default());
    }
}

/// Only users are members of groups: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html>.
fn join(estate: &mut Estate, group: PrincipalId) {
    let home = estate.principal(group).and_then(|found| found.home);
    let users: Vec<PrincipalId> = estate
        .principals()
        .filter(|(_, one)| one.cloud == AWS && one.kind == PrincipalKind::User && one.home == home)
        .map(|(id, _)| id)
        .collect();
    let already: Vec<PrincipalId> =
        estate.memberships().iter().filter(|one| one.group == group).map(|one| one.member).collect();
    for member in users.into_iter().filter(|user| !already.contains(user)) {
        estate.add_membership(Membership { group, member, origin: Origin::default() });
    }
}

fn admit(estate: &mut Estate) {
    let Some(document) = written(PUT, ADMIT) else { return };
    let body: PolicyBody = Arc::new(Body::new(document));
    let trusts: Vec<PolicyId> =
        estate.attachments().iter().filter(|one| one.layer == TRUST).map(|one| one.policy).collect();
    for policy in trusts {
        estate.replace_body(policy, body.clone());
    }
}
