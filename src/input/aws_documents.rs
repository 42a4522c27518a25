//! What the AWS formats share: putting documents, accounts, roles and the principals that policies name into an estate.
//!
//! Not a format of its own.

use std::sync::Arc;

use crate::clouds::aws::ast::{Arn, Document as Policy, PrincipalName, is_account};
use crate::clouds::aws::parse::{self, Capacity};
use crate::clouds::aws::{AWS, Body};
use crate::model::{
    Attachment, Estate, Layer, Origin, Policy as Entry, PolicyId, Principal, PrincipalKind, Resource,
    ResourceId, Scope, ScopeId, ScopeKind, Target,
};
use crate::text::{Kind, Problem, Route, Tree, json};

/// Reads a policy that is written as an object, or as a string that holds the object, percent-encoded or not.
pub(super) fn policy(
    tree: &Tree,
    name: &str,
    route: &Route,
    capacity: Capacity,
    problems: &mut Vec<Problem>,
) -> Option<Policy> {
    match &tree.kind {
        Kind::Text(text) => {
            let inner = json::parse_embedded(text, tree.span, json::Decoding::UrlEncoded, problems)?;
            parse::policy(&inner, name, route, capacity, problems)
        }
        _ => parse::policy(tree, name, route, capacity, problems),
    }
}

/// Puts a document into the estate.
pub(super) fn add_policy(estate: &mut Estate, document: Policy) -> PolicyId {
    let origin = document.origin();
    let name = document.name.to_string();
    estate.add_policy(Entry { cloud: AWS, name, body: Arc::new(Body::new(document)), origin })
}

/// Attaches a policy.
pub(super) fn attach(estate: &mut Estate, policy: PolicyId, target: Target, layer: Layer, origin: Origin) {
    estate.attach(Attachment { policy, target, layer, origin });
}

/// The scope of an account.
pub(super) fn account(estate: &mut Estate, number: &str, origin: &Origin) -> Option<ScopeId> {
    is_account(number).then(|| {
        estate.add_scope(Scope {
            cloud: AWS,
            name: number.to_owned(),
            kind: ScopeKind::Account,
            parent: None,
            origin: origin.clone(),
        })
    })
}

/// The scope of the account that an ARN names, if that is in the estate or `add` says so.
pub(super) fn home(estate: &mut Estate, arn: &str, add: bool, origin: &Origin) -> Option<ScopeId> {
    let number = Arn::parse(arn)?.account.to_owned();
    if add { account(estate, &number, origin) } else { estate.find_scope(AWS, &number) }
}

/// Puts a resource into the estate.
pub(super) fn resource(estate: &mut Estate, arn: &str, home: Option<ScopeId>, origin: Origin) -> ResourceId {
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

/// Adds the principals that a policy names one by one and that are defined nowhere (so far) as mentioned ones.
/// Accounts and `*` are nobody in particular.
pub(super) fn mentioned(estate: &mut Estate, document: &Policy) {
    for statement in &document.statements {
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
