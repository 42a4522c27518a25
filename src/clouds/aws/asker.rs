//! Who asks and who owns what is asked for; a part of the concrete rule.

use std::collections::BTreeMap;

use super::AWS;
use super::ast::{Arn, is_account};
use super::evaluate::Context;
use crate::model::{Estate, Principal, PrincipalId, PrincipalKind, Request, ResourceId};

/// Who asks, as the concrete rule sees it.
pub(super) struct Caller<'e> {
    pub(super) kind: Kind,
    pub(super) principal: Option<(PrincipalId, &'e Principal)>,
    /// The user, role, service or provider, without session.
    pub(super) name: String,
    pub(super) session: Option<String>,
    pub(super) account: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its identity policies are in the estate.
    Known,
    /// A policy without anybody it is attached to.
    Holder,
    /// An AWS principal of which nothing is known.
    Stranger,
    /// Service or federated identity.
    Bare,
    Anonymous,
}

impl<'e> Caller<'e> {
    pub(super) fn find(estate: &'e Estate, name: &str) -> Self {
        let (role, session) = match split_session(name) {
            Some((role, session)) => (Some(role), Some(session)),
            None => (None, None),
        };
        let wanted = role.as_deref().unwrap_or(name);
        let exact = estate.find_principal(AWS, name).or_else(|| estate.find_principal(AWS, wanted));
        let id = exact.or_else(|| role.as_deref().and_then(|role| role_with_path(estate, role)));
        let principal = id.and_then(|id| estate.principal(id).map(|principal| (id, principal)));
        let name = principal.map_or(wanted, |(_, principal)| principal.name.as_str()).to_owned();
        let kind = match principal.map(|(_, principal)| principal.kind) {
            _ if name == "*" => Kind::Anonymous,
            Some(PrincipalKind::Holder) => Kind::Holder,
            Some(PrincipalKind::Service | PrincipalKind::Public) => Kind::Bare,
            Some(PrincipalKind::External) if is_provider(&name) => Kind::Bare,
            Some(PrincipalKind::External) | None => Kind::Stranger,
            Some(_) => Kind::Known,
        };
        let home = principal.and_then(|(_, principal)| principal.home).and_then(|home| estate.scope(home));
        let in_arn =
            Arn::parse(&name).map(|arn| arn.account.to_owned()).filter(|account| !account.is_empty());
        let account = home.map(|scope| scope.name.clone()).or(in_arn).filter(|_| kind != Kind::Bare);
        Self { kind, principal, name, session, account }
    }

    /// The keys of the request, with those that follow from the caller and the resource.
    pub(super) fn context(&self, estate: &Estate, request: &Request, owner: Option<&str>) -> Context {
        let mut values: BTreeMap<String, Vec<String>> = request
            .context
            .iter()
            .map(|(key, values)| (key.trim().to_ascii_lowercase(), values.clone()))
            .collect();
        if self.kind != Kind::Holder {
            self.describe(&mut values);
        }
        if let Some(owner) = owner.or(self.account.as_deref()) {
            values.insert("aws:resourceaccount".to_owned(), vec![owner.to_owned()]);
            place_in_organization(estate, owner, "aws:resourceorg", &mut values);
        }
        match (&self.account, self.kind) {
            (_, Kind::Bare | Kind::Anonymous) => {
                values.retain(|name, _| !name.starts_with("aws:principalorg"));
            }
            (Some(account), _) => place_in_organization(estate, account, "aws:principalorg", &mut values),
            (None, _) => {}
        }
        let service = self.principal.is_some_and(|(_, principal)| principal.kind == PrincipalKind::Service);
        values.insert("aws:principalisawsservice".to_owned(), vec![service.to_string()]);
        if !service {
            values.remove("aws:principalservicename");
            values.remove("aws:principalservicenameslist");
        }
        Context { values }
    }

    /// The keys of a request of somebody of whom nothing but the name is known: those it carries, and the two that
    /// stand in the ARN of whoever signs requests.
    pub(super) fn of_stranger(&self, request: &Request) -> Context {
        let carried = request.context.iter();
        let mut values: BTreeMap<String, Vec<String>> =
            carried.map(|(key, values)| (key.trim().to_ascii_lowercase(), values.clone())).collect();
        let signs = |arn: &Arn<'_>| {
            let kind = arn.resource.split('/').next().unwrap_or_default();
            matches!((arn.service, kind), ("iam", "user" | "role" | "root") | ("sts", "federated-user"))
        };
        if let Some(arn) = Arn::parse(&self.name).filter(|arn| signs(arn) && !arn.account.is_empty()) {
            values.insert("aws:principalarn".to_owned(), vec![self.name.clone()]);
            values.entry("aws:principalaccount".to_owned()).or_insert_with(|| vec![arn.account.to_owned()]);
        }
        Context { values }
    }

    fn describe(&self, values: &mut BTreeMap<String, Vec<String>>) {
        let mut put = |key: &str, value: Option<&str>| match value {
            Some(value) => {
                values.insert(key.to_owned(), vec![value.to_owned()]);
            }
            None => {
                values.remove(key);
            }
        };
        let resource = Arn::parse(&self.name).map(|arn| arn.resource);
        let in_arn = resource.is_some() && !matches!(self.kind, Kind::Bare | Kind::Anonymous);
        let kind = resource.and_then(|resource| match resource.split('/').next() {
            Some("user") => Some("User"),
            Some("role" | "assumed-role") => Some("AssumedRole"),
            Some("federated-user") => Some("FederatedUser"),
            Some("root") => Some("Account"),
            _ => None,
        });
        let anonymous = self.kind == Kind::Anonymous;
        let word = anonymous.then_some("anonymous");
        put("aws:principalarn", in_arn.then_some(self.name.as_str()));
        put("aws:principalaccount", word.or(self.account.as_deref().filter(|_| in_arn)));
        if in_arn || self.kind == Kind::Bare || anonymous {
            put("aws:principaltype", anonymous.then_some("Anonymous").or(kind.filter(|_| in_arn)));
        }
        if anonymous {
            put("aws:userid", None);
        }
        if self.kind == Kind::Stranger && self.principal.is_none() {
            return;
        }
        let user = resource.and_then(|resource| resource.strip_prefix("user/")).filter(|_| in_arn);
        put("aws:username", user.and_then(|path| path.rsplit('/').next()));
        let Some((_, principal)) = self.principal else { return };
        if let (Some(_), Some(id)) = (user, principal.facts.get("unique-id")) {
            put("aws:userid", Some(id));
        }
        if principal.kind == PrincipalKind::Service {
            put("aws:principalservicename", Some(&principal.name));
        }
        let tags: BTreeMap<String, &String> = principal
            .facts
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .filter(|(name, _)| name.starts_with("aws:principaltag/"))
            .collect();
        for (name, value) in &tags {
            put(name, Some(value));
        }
        if principal.kind == PrincipalKind::User {
            values.retain(|name, _| !name.starts_with("aws:principaltag/") || tags.contains_key(name));
        }
    }
}

/// The organization of an account and the way to the account, which a request cannot contradict:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgpaths>.
fn place_in_organization(
    estate: &Estate,
    account: &str,
    stem: &str,
    values: &mut BTreeMap<String, Vec<String>>,
) {
    let mut way = Vec::new();
    let mut at = estate.find_scope(AWS, account).and_then(|id| estate.scope(id)?.parent);
    while let Some(scope) = at.and_then(|id| estate.scope(id)).filter(|_| way.len() < 64) {
        way.insert(0, scope.name.as_str());
        at = scope.parent;
    }
    let Some(id) = way.first().filter(|name| name.starts_with("o-")) else { return };
    values.insert(format!("{stem}id"), vec![(*id).to_owned()]);
    if way.get(1).is_some_and(|name| name.starts_with("r-")) {
        values.insert(format!("{stem}paths"), vec![format!("{}/", way.join("/"))]);
    }
}

fn is_provider(name: &str) -> bool {
    !name.starts_with("arn:") || name.contains(":oidc-provider/") || name.contains(":saml-provider/")
}

/// `arn:aws:sts::1:assumed-role/R/S` as `arn:aws:iam::1:role/R` and `S`.
fn split_session(name: &str) -> Option<(String, String)> {
    let (head, tail) = name.split_once(":assumed-role/")?;
    let (role, session) = tail.split_once('/')?;
    Some((format!("{}:role/{role}", head.replacen(":sts:", ":iam:", 1)), session.to_owned()))
}

/// The role of that name whatever its path; the ARN of a session lacks the path.
fn role_with_path(estate: &Estate, plain: &str) -> Option<PrincipalId> {
    let plain = Arn::parse(plain)?;
    let found = estate.principals().find(|(_, principal)| {
        Arn::parse(&principal.name).is_some_and(|arn| {
            arn.account == plain.account
                && arn.resource.starts_with("role/")
                && arn.resource.rsplit('/').next() == plain.resource.rsplit('/').next()
        })
    });
    found.map(|(id, _)| id)
}

/// The resources of the estate that `name` is, or lies in: an object in its bucket.
pub(super) fn holders(estate: &Estate, name: &str) -> Vec<ResourceId> {
    let lies_in = |whole: &str, part: &str, colon: bool| {
        part == whole
            || part
                .strip_prefix(whole)
                .is_some_and(|rest| rest.starts_with('/') || (colon && rest.starts_with(':')))
    };
    let closed = |kind: &str| matches!(kind, "iam:role" | "kms:key" | "sqs:queue" | "sns:topic");
    let mut ends: Vec<usize> = name.match_indices(['/', ':']).map(|(at, _)| at).collect();
    ends.push(name.len());
    let candidates = ends.into_iter().filter_map(|end| estate.find_resource(AWS, name.get(..end)?));
    let fits = |id: &ResourceId| {
        estate.resource(*id).is_some_and(|resource| {
            if closed(&resource.kind) {
                resource.name == name
            } else {
                lies_in(&resource.name, name, resource.kind != "s3:bucket")
            }
        })
    };
    candidates.filter(fits).collect()
}

pub(super) fn owner(estate: &Estate, name: &str) -> Option<String> {
    let number = Arn::parse(name).map(|arn| arn.account.to_owned()).filter(|account| is_account(account));
    number.or_else(|| {
        let homes = holders(estate, name).into_iter().filter_map(|id| estate.resource(id)?.home);
        homes.filter_map(|home| estate.scope(home)).map(|scope| scope.name.clone()).next()
    })
}
