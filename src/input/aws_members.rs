//! How users, groups and roles enter an estate, for every kind of document that holds some. What the documents look like
//! is not in here.

use std::collections::BTreeMap;

use super::aws_managed::{self, unknown};
use crate::clouds::aws::AWS;
use crate::clouds::aws::escalation::INSTANCE_PROFILES;
use crate::clouds::aws::estate::{add_policy, attach, home, policy, resource};
use crate::clouds::aws::parse::Capacity;
use crate::clouds::aws::rule::{IDENTITY, TRUST};
use crate::model::{
    Estate, Layer, Origin, PolicyId, Principal, PrincipalId, PrincipalKind, Scope, ScopeKind, Target,
};
use crate::text::{Problem, Route, Tree};

/// The account that sources make resources in when they do not say which: the only one that other files tell of, else one
/// that is like no other.
pub(super) fn only_account(estate: &Estate) -> String {
    const UNTOLD: &str = "000000000000";
    let is_account = |scope: &Scope| scope.cloud == AWS && scope.kind == ScopeKind::Account;
    let mut told = estate.scopes().map(|(_, scope)| scope).filter(|scope| is_account(scope));
    match (told.next(), told.next()) {
        (Some(scope), None) => scope.name.clone(),
        _ => UNTOLD.to_owned(),
    }
}

/// A user, a group or a role.
pub(super) struct Member<'t> {
    /// Its ARN.
    pub(super) arn: &'t str,
    /// What it is.
    pub(super) kind: PrincipalKind,
    /// The id that AWS stores where policies name it.
    pub(super) unique_id: Option<&'t str>,
    /// The path in its ARN.
    pub(super) path: Option<&'t str>,
    /// Its tags.
    pub(super) tags: Vec<(&'t str, &'t str)>,
    /// The instance profiles it belongs to, by ARN and with spaces between, where that is told.
    pub(super) instance_profiles: Option<String>,
    /// Where it is written.
    pub(super) origin: Origin,
}

/// A policy as it is written, if it is.
#[derive(Clone, Copy)]
pub(super) struct Written<'t> {
    /// The document.
    pub(super) tree: Option<&'t Tree>,
    /// The way to it inside its file.
    pub(super) route: &'t Route,
}

impl Member<'_> {
    /// Puts it into the estate.
    pub(super) fn add(self, estate: &mut Estate) -> PrincipalId {
        let home = home(estate, self.arn, true, &self.origin);
        let mut facts = BTreeMap::new();
        facts.extend(self.unique_id.map(|id| ("unique-id".to_owned(), id.to_owned())));
        facts.extend(self.path.map(|path| ("path".to_owned(), path.to_owned())));
        let tags = self.tags.into_iter();
        facts.extend(tags.map(|(key, value)| (format!("aws:PrincipalTag/{key}"), value.to_owned())));
        let profiles = self.instance_profiles.map(|arns| (INSTANCE_PROFILES.to_owned(), arns));
        facts.extend(profiles);
        let (name, kind, origin) = (self.arn.to_owned(), self.kind, self.origin);
        estate.add_principal(Principal { cloud: AWS, name, kind, home, facts, origin })
    }
}

/// Attaches an inline policy to a principal. One that cannot be read grants nothing, and is a gap.
pub(super) fn inline(
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
    to: (PrincipalId, &str),
    name: &str,
    written: Written<'_>,
    origin: Origin,
) {
    let (id, arn) = to;
    let name = format!("{}/{name}", arn.rsplit('/').next().unwrap_or(arn));
    let read = written.tree.and_then(|tree| policy(tree, &name, written.route, Capacity::Identity, problems));
    let document = read.unwrap_or_else(|| {
        let message = format!("policy `{name}` could not be read; it was taken to grant nothing");
        unknown(&name, None, origin.clone(), message)
    });
    let policy = add_policy(estate, document);
    attach(estate, policy, Target::Principal(id), IDENTITY, origin);
}

/// Attaches the managed policy of that ARN to a principal.
pub(super) fn managed(estate: &mut Estate, arn: &str, id: PrincipalId, layer: Layer, origin: Origin) {
    let policy = aws_managed::refer(estate, arn, layer, &origin);
    attach(estate, policy, Target::Principal(id), layer, origin);
}

/// Puts the trust policy of a role into the estate, and the role as the resource that it protects. One that cannot be
/// read lets nobody in, and is a gap. Whom it names is looked for by the caller, when everybody is loaded.
pub(super) fn trust(
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
    arn: &str,
    written: Written<'_>,
    origin: Origin,
) -> PolicyId {
    let home = home(estate, arn, true, &origin);
    let target = Target::Resource(resource(estate, arn, home, origin.clone()));
    let name = format!("trust policy of {}", arn.split_once(":role/").map_or(arn, |(_, name)| name));
    let read = written.tree.and_then(|tree| policy(tree, &name, written.route, Capacity::Trust, problems));
    let document = read.unwrap_or_else(|| {
        let message = format!("the trust policy of `{arn}` could not be read; it was taken to let nobody in");
        unknown(&name, None, origin.clone(), message)
    });
    let policy = add_policy(estate, document);
    attach(estate, policy, target, TRUST, origin);
    policy
}

/// The policies of a group that is not there are unknown policies of its member.
pub(super) fn missing_group(
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
    to: (PrincipalId, &str),
    name: &str,
    origin: Origin,
) {
    let (id, user) = to;
    let message = format!("group `{name}` of `{user}` is not in the file; its policies are not known");
    let mut problem = Problem::warning("aws-export-incomplete", message.clone());
    problem = origin.span.into_iter().fold(problem, Problem::at);
    problems.push(problem.help("export without `--filter`, or add `Group` to it"));
    let document = unknown(&format!("group {name}"), None, origin.clone(), message);
    let policy = add_policy(estate, document);
    attach(estate, policy, Target::Principal(id), IDENTITY, origin);
}
