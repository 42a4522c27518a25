//! How AWS documents enter an estate, for every format that holds some: policies, accounts, resources, and the
//! principals that policies name. What the formats look like is not said here.

use std::sync::Arc;

use super::ast::{Arn, Document as Policy, PrincipalName, Version, is_account};
use super::parse::{self, Capacity};
use super::probes::deputies;
use super::{AWS, Body};
use crate::model::{
    Attachment, Estate, Gap, Layer, Origin, Policy as Entry, PolicyId, Principal, PrincipalKind, Resource,
    ResourceId, Scope, ScopeId, ScopeKind, Target,
};
use crate::text::{Files, Kind, Problem, Route, Tree, json};

/// Reads a policy that is written as an object, or as a string that holds the object, percent-encoded or not.
pub fn policy(
    tree: &Tree,
    name: &str,
    route: &Route,
    capacity: Capacity,
    problems: &mut Vec<Problem>,
) -> Option<Policy> {
    match &tree.kind {
        Kind::Text(text) => {
            // API Gateway escapes the policy once more: `{\\"Version\\": ...`.
            let escaped = text.as_str().trim_start().starts_with("{\\");
            let decoding = if escaped { json::Decoding::Escaped } else { json::Decoding::UrlEncoded };
            let inner = json::parse_embedded(text, tree.span, decoding, problems)?;
            parse::policy(&inner, name, route, capacity, problems)
        }
        _ => parse::policy(tree, name, route, capacity, problems),
    }
}

/// Puts a document into the estate.
pub fn add_policy(estate: &mut Estate, document: Policy) -> PolicyId {
    estate.add_policy(document_of(document))
}

/// A document as a policy of an estate.
pub fn document_of(document: Policy) -> Entry {
    let origin = document.origin();
    let name = document.name.to_string();
    Entry { cloud: AWS, name, body: Arc::new(Body::new(document)), origin }
}

/// A policy that allows everything, in place of one whose text is not known; the gaps say so.
pub fn unrestricted(name: &str, gaps: Vec<Gap>) -> Policy {
    const TEXT: &str =
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let read = written(name, TEXT);
    Policy { span: None, gaps, ..read.unwrap_or_else(|| silent(name, Vec::new())) }
}

/// A policy that the program writes itself, without places. `None` when it is no policy.
pub(super) fn written(name: &str, text: &str) -> Option<Policy> {
    written_as(Capacity::Resource, name, text, &mut Vec::new())
}

/// The same, read in a capacity, with what is wrong with it.
pub(super) fn written_as(
    capacity: Capacity,
    name: &str,
    text: &str,
    problems: &mut Vec<Problem>,
) -> Option<Policy> {
    let file = Files::default().add(name, text);
    let tree = json::parse(file, text, problems)?;
    let read = parse::policy(&tree, name, &Route::root(), capacity, problems)?;
    Some(Policy { span: None, ..read })
}

/// A policy without statements: it allows nothing, and beside others changes nothing but what is known.
pub fn silent(name: &str, gaps: Vec<Gap>) -> Policy {
    Policy {
        name: name.into(),
        span: None,
        route: Route::root(),
        version: Version::V2012,
        id: None,
        statements: Vec::new(),
        gaps,
        provided: false,
    }
}

/// What a managed policy goes by as long as its text was not met: one that limits stands for everything, any other for
/// nothing.
pub fn awaited(arn: &str, limits: bool) -> String {
    format!("{arn} as {}", if limits { "a limit" } else { "a grant" })
}

/// Attaches a policy.
pub fn attach(estate: &mut Estate, policy: PolicyId, target: Target, layer: Layer, origin: Origin) {
    estate.attach(Attachment { policy, target, layer, origin });
}

/// The scope of an account.
pub fn account(estate: &mut Estate, number: &str, origin: &Origin) -> Option<ScopeId> {
    if !is_account(number) {
        return None;
    }
    // Nearly everything that is loaded belongs to an account that is there already.
    let known = estate.find_scope(AWS, number);
    known.or_else(|| {
        Some(estate.add_scope(Scope {
            cloud: AWS,
            name: number.to_owned(),
            kind: ScopeKind::Account,
            parent: None,
            origin: origin.clone(),
        }))
    })
}

/// The scope of the account that an ARN names, if that is in the estate or `add` says so.
pub fn home(estate: &mut Estate, arn: &str, add: bool, origin: &Origin) -> Option<ScopeId> {
    let number = Arn::parse(arn)?.account;
    if add { account(estate, number, origin) } else { estate.find_scope(AWS, number) }
}

/// Puts a resource into the estate.
pub fn resource(estate: &mut Estate, arn: &str, home: Option<ScopeId>, origin: Origin) -> ResourceId {
    estate.add_resource(Resource { cloud: AWS, name: arn.to_owned(), kind: resource_kind(arn), home, origin })
}

/// A resource's type by its ARN: `s3:bucket`, `iam:role`, `sqs:queue`. Without a type in the ARN, that of the service's
/// only resource with policies.
fn resource_kind(arn: &str) -> String {
    let Some(arn) = Arn::parse(arn) else { return String::new() };
    let kind = match arn.service {
        "s3" if arn.account.is_empty() => "bucket",
        "sqs" => "queue",
        "sns" => "topic",
        _ => arn.resource.split(['/', ':']).next().unwrap_or_default(),
    };
    format!("{}:{kind}", arn.service)
}

/// [`mentioned`] for a policy of the estate.
pub fn mentioned_in(estate: &mut Estate, policy: PolicyId) {
    let Some(held) = estate.policy(policy).map(|policy| policy.body.clone()) else { return };
    if let Some(body) = held.downcast_ref::<Body>() {
        mentioned(estate, &body.document);
    }
}

/// Adds the principals that a policy names one by one and that are defined nowhere (so far) as mentioned ones.
/// Accounts and `*` are nobody in particular.
pub fn mentioned(estate: &mut Estate, document: &Policy) {
    for statement in &document.statements {
        for service in deputies(statement) {
            if estate.find_principal(AWS, service).is_none() {
                let origin = Origin {
                    span: document.span.map(|_| statement.span),
                    route: statement.route.clone(),
                    what: format!("a statement for everybody in policy `{}`", document.name),
                };
                let (name, facts) = (service.to_owned(), std::collections::BTreeMap::new());
                let kind = PrincipalKind::Service;
                estate.add_principal(Principal { cloud: AWS, name, kind, home: None, facts, origin });
            }
        }
        for name in statement.principal.iter().filter(|names| !names.negated).flat_map(|names| &names.names) {
            let (text, kind) = match &name.value {
                PrincipalName::User(text) | PrincipalName::Role(text) | PrincipalName::Federated(text) => {
                    (text, PrincipalKind::External)
                }
                PrincipalName::Service(text) => (text, PrincipalKind::Service),
                _ => continue,
            };
            if text.contains(['*', '?']) || estate.find_principal(AWS, text).is_some() {
                continue;
            }
            let origin = Origin {
                span: document.span.map(|_| name.span),
                route: statement.route.key("Principal"),
                what: format!("principal `{text}` in policy `{}`", document.name),
            };
            let home = home(estate, text, false, &origin);
            estate.add_principal(Principal {
                cloud: AWS,
                name: text.to_string(),
                kind,
                home,
                facts: std::collections::BTreeMap::new(),
                origin,
            });
        }
    }
}
