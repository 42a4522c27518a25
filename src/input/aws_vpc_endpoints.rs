//! Policies of VPC endpoints, as `aws ec2 describe-vpc-endpoints` prints them.
//!
//! <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>. Which network uses which endpoint is not
//! read: an endpoint's policy counts for requests whose `aws:SourceVpce` says that they come through it. An endpoint
//! without a policy in the list has none, and lets everything through; one that is in no list is an assumption
//! (`clouds/aws/unknown.rs`).

use super::aws_layout::{Place, is_written_by};
use super::aws_shapes;
use super::{Confidence, Document, Format};
use crate::clouds::aws::ast::{Document as Policy, PrincipalName};
use crate::clouds::aws::estate::{account, add_policy, attach, mentioned, policy, resource};
use crate::clouds::aws::names;
use crate::clouds::aws::parse::Capacity;
use crate::clouds::aws::rule::ENDPOINT;
use crate::model::{Estate, Origin, Target};
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsVpcEndpoints;

impl Format for AwsVpcEndpoints {
    fn id(&self) -> &'static str {
        "aws-vpc-endpoints"
    }

    fn summary(&self) -> &'static str {
        "VPC endpoints with their policies: `aws ec2 describe-vpc-endpoints`"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["ACCOUNT/ec2/REGION/vpc-endpoints.json    aws ec2 describe-vpc-endpoints"]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let list = tree.get("VpcEndpoints").and_then(Tree::as_list);
        if list.is_some() { Confidence::Certain } else { Confidence::No }
    }

    fn claims(&self, path: &str) -> bool {
        aws_shapes::is_called(path, &["vpc-endpoints"]) || is_written_by(path, self.commands())
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        aws_shapes::check(document.tree, &aws_shapes::ENDPOINTS, problems);
        let place = Place::of(document.path);
        let endpoints = document.tree.get("VpcEndpoints").and_then(Tree::as_list).unwrap_or_default();
        for (index, endpoint) in endpoints.iter().enumerate() {
            let route = Route::root().key("VpcEndpoints").index(index);
            load(endpoint, &route, &place, estate, problems);
        }
    }
}

fn load(endpoint: &Tree, route: &Route, place: &Place, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let text = |key: &str| endpoint.get(key).and_then(Tree::as_str);
    let Some(id) = text("VpcEndpointId") else {
        let problem =
            Problem::error("aws-endpoint-shape", "a VPC endpoint has no `VpcEndpointId`, and was left out");
        problems.push(problem.at(endpoint.span).help("export again with `aws ec2 describe-vpc-endpoints`"));
        return;
    };
    // `com.amazonaws.eu-west-1.s3`
    let region = text("ServiceName").and_then(|name| name.split('.').find(|part| names::is_region(part)));
    let number = text("OwnerId").or(place.account.as_deref()).unwrap_or_default();
    let region_text = region.unwrap_or_default();
    let arn = format!("arn:{}:ec2:{region_text}:{number}:vpc-endpoint/{id}", names::partition(region));
    // Endpoints of some types have no policy.
    let Some(tree) = endpoint.get("PolicyDocument").filter(|tree| !tree.is_null()) else {
        let origin =
            Origin { span: Some(endpoint.span), what: format!("VPC endpoint {id}"), route: route.clone() };
        let home = account(estate, number, &origin);
        resource(estate, &arn, home, origin);
        return;
    };
    let name = format!("policy of {id}");
    let read = policy(tree, &name, &route.key("PolicyDocument"), Capacity::Resource, problems);
    let Some(mut read) = read else { return };
    mentioned(estate, &read);
    if text("VpcEndpointType") == Some("Gateway") {
        for_root_users(&mut read, names::partition(region));
    }
    let origin = read.origin();
    let home = account(estate, number, &origin);
    let resource = resource(estate, &arn, home, origin.clone());
    let policy = add_policy(estate, read);
    attach(estate, policy, Target::Resource(resource), ENDPOINT, origin);
}

/// Of a gateway endpoint "access is granted to the AWS account root user only, not all users and roles" where its policy
/// names an account: <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#vpc-endpoint-policies-gateway>.
fn for_root_users(document: &mut Policy, partition: &str) {
    let names = document.statements.iter_mut().filter_map(|statement| statement.principal.as_mut());
    for name in names.flat_map(|principals| &mut principals.names) {
        if let PrincipalName::Account(number) = &name.value {
            name.value = PrincipalName::User(format!("arn:{partition}:iam::{number}:root").into());
        }
    }
}
