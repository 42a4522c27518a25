//! What the policy of a resource reaches: the resource itself, and what lies in it. What a policy says of that is not in
//! here, nor on which names an action is asked.

use super::AWS;
use super::ast::{Arn, service_of};
use crate::logic::{Case, Pattern, Patterns};
use crate::model::{Estate, ResourceId};

/// Kinds of resources that hold nothing, or nothing that their policy reaches.
///
/// - "Resource-based policies apply to a single function, version, alias, or layer version":
///   <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>.
/// - A policy of Kinesis is that of "a data stream or registered consumer":
///   <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html>.
const CLOSED: [&str; 7] =
    ["iam:role", "kms:key", "sqs:queue", "sns:topic", "lambda:function", "lambda:layer", "kinesis:stream"];

/// The names of all requests on a resource: its ARN, and what lies inside it.
pub(super) fn coverage(estate: &Estate, resource: ResourceId) -> Patterns {
    let Some(resource) = estate.resource(resource) else { return Patterns::of([]) };
    let name = resource.name.as_str();
    let exact = Pattern::literal(name, Case::Sensitive);
    let inside = |rest: &str| Pattern::prefix(&format!("{name}{rest}"), Case::Sensitive);
    match resource.kind.as_str() {
        closed if CLOSED.contains(&closed) => Patterns::of([exact]),
        "s3:bucket" => Patterns::of([exact, inside("/")]),
        // `API/STAGE/METHOD/PATH`.
        api if api.starts_with("execute-api:") => Patterns::of([exact, inside("/")]),
        // "The resources you can specify include tables and streams. You can control index permissions using the base
        // table's policy": <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html>.
        "dynamodb:table" => Patterns::of([exact, inside(INDEX)]),
        _ => {
            let below = below(name).into_iter().map(|head| Pattern::prefix(&head, Case::Sensitive));
            Patterns::of([exact, inside("/"), inside(":")].into_iter().chain(below))
        }
    }
}

/// The resources of the estate that a request on `name` is a request on: `name` itself, and what it lies in.
pub(super) fn covering(estate: &Estate, name: &str) -> Vec<ResourceId> {
    let cuts = name.match_indices(['/', ':']).map(|(at, _)| at).chain([name.len()]);
    let found = cuts.filter_map(|at| estate.find_resource(AWS, name.get(..at)?));
    let above = above(name).into_iter().filter_map(|name| estate.find_resource(AWS, &name));
    found.chain(above).filter(|id| coverage(estate, *id).matches(name)).collect()
}

/// How the indexes of a table go on behind its name.
const INDEX: &str = "/index/";

/// Whether the policy of a resource of a kind reaches a name that begins with the resource's own and goes on like this.
pub(super) fn reaches(kind: &str, rest: &str) -> bool {
    match (kind, rest.as_bytes().first()) {
        (_, None) => true,
        ("dynamodb:table", _) => rest.starts_with(INDEX),
        (_, Some(b':')) => {
            !CLOSED.contains(&kind) && kind != "s3:bucket" && !kind.starts_with("execute-api:")
        }
        _ => !CLOSED.contains(&kind),
    }
}

/// Where a resource's name is no beginning of the names of what its policy reaches: by service, the type of the resource
/// and the types that stand in its place.
///
/// - "The domain policy is evaluated for all operations against the domain and all resources within the domain":
///   <https://docs.aws.amazon.com/codeartifact/latest/ug/domain-policies.html>; the policy of a repository holds for its
///   packages: <https://docs.aws.amazon.com/codeartifact/latest/ug/repo-policies.html>.
/// - The policy of an event bus gives rules on it, `rule/BUS/*`:
///   <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-example-policy-same-account-creator.html>.
const ELSEWHERE: &[(&str, &str, &[&str])] = &[
    ("codeartifact", "domain", &["repository", "package", "package-group"]),
    ("codeartifact", "repository", &["package"]),
    ("events", "event-bus", &["rule"]),
];

/// How the names begin that the policy of `name` reaches elsewhere.
fn below(name: &str) -> Vec<String> {
    let Some((arn, kind, rest)) = split(name) else { return Vec::new() };
    let of = ELSEWHERE.iter().filter(|(service, holder, _)| *service == arn.service && *holder == kind);
    of.flat_map(|(_, _, kinds)| kinds.iter().map(|kind| format!("{}{kind}/{rest}/", head(arn)))).collect()
}

/// The names of resources whose policies reach `name` although it does not begin with theirs, if there are such.
pub(super) fn above(name: &str) -> Vec<String> {
    let Some((arn, kind, rest)) = split(name) else { return Vec::new() };
    let of = ELSEWHERE.iter().filter(|(service, _, kinds)| *service == arn.service && kinds.contains(&kind));
    let cuts = || rest.match_indices('/').filter_map(|(at, _)| rest.get(..at));
    of.flat_map(|(_, holder, _)| cuts().map(move |cut| format!("{}{holder}/{cut}", head(arn)))).collect()
}

fn split(name: &str) -> Option<(Arn<'_>, &str, &str)> {
    // Every request is asked this, and few are of these services.
    let service = service_of(name)?;
    if !ELSEWHERE.iter().any(|(of, ..)| *of == service) {
        return None;
    }
    let arn = Arn::parse(name)?;
    let (kind, rest) = arn.resource.split_once('/')?;
    Some((arn, kind, rest))
}

fn head(arn: Arn<'_>) -> String {
    format!("arn:{}:{}:{}:{}:", arn.partition, arn.service, arn.region, arn.account)
}
