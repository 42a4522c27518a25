//! Policies of VPC endpoints, as `aws ec2 describe-vpc-endpoints` prints them.
//!
//! <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>. Which network uses which endpoint is not
//! read: an endpoint's policy counts for requests whose `aws:SourceVpce` says that they come through it.

use super::aws_layout::{Place, is_written_by};
use super::aws_shapes;
use super::{Confidence, Document, Format};
use crate::clouds::aws::estate::{account, add_policy, attach, mentioned, policy, resource};
use crate::clouds::aws::names;
use crate::clouds::aws::parse::Capacity;
use crate::clouds::aws::rule::ENDPOINT;
use crate::model::{Estate, Target};
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
    // Endpoints of some types have no policy.
    let Some(tree) = endpoint.get("PolicyDocument").filter(|tree| !tree.is_null()) else { return };
    let Some(id) = text("VpcEndpointId") else {
        let problem =
            Problem::error("aws-endpoint-shape", "a VPC endpoint has no `VpcEndpointId`, and was left out");
        problems.push(problem.at(endpoint.span).help("export again with `aws ec2 describe-vpc-endpoints`"));
        return;
    };
    let name = format!("policy of {id}");
    let Some(read) = policy(tree, &name, &route.key("PolicyDocument"), Capacity::Resource, problems) else {
        return;
    };
    mentioned(estate, &read);
    // `com.amazonaws.eu-west-1.s3`
    let region = text("ServiceName").and_then(|name| name.split('.').find(|part| names::is_region(part)));
    let number = text("OwnerId").or(place.account.as_deref()).unwrap_or_default();
    let region_text = region.unwrap_or_default();
    let arn = format!("arn:{}:ec2:{region_text}:{number}:vpc-endpoint/{id}", names::partition(region));
    let origin = read.origin();
    let home = account(estate, number, &origin);
    let resource = resource(estate, &arn, home, origin.clone());
    let policy = add_policy(estate, read);
    attach(estate, policy, Target::Resource(resource), ENDPOINT, origin);
}
