//! Policies of VPC endpoints as formulas: each is a ceiling for the requests that come through its endpoint.
//!
//! <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>. That an endpoint carries the requests of
//! one service only is not modelled: a request through the endpoint of another service does not occur.

use super::rule::ENDPOINT;
use super::{AWS, Body, body, keys};
use crate::logic::{Attribute, Formula, Kind, Patterns};
use crate::model::{Estate, LayerGroup, Target};

/// The policies of all endpoints.
pub(super) fn groups(estate: &Estate) -> Vec<LayerGroup> {
    let endpoints =
        estate.resources().filter(|(_, found)| found.cloud == AWS && found.kind == "ec2:vpc-endpoint");
    let policies = endpoints.flat_map(|(id, found)| {
        let attached = estate.attached_to(Target::Resource(id)).filter(|one| one.layer == ENDPOINT);
        attached.map(move |attachment| (found, attachment))
    });
    let group = policies.filter_map(|(found, attachment)| {
        let id = found.name.rsplit('/').next()?;
        let through = Formula::matches(Attribute::text(keys::SOURCE_VPCE), Patterns::literal(id));
        let body: &Body = body(estate.policy(attachment.policy)?)?;
        let named = body.document.statements.iter().zip(body.lowered());
        let named = named.filter(|(statement, _)| statement.principal.is_some());
        let grants = named.map(|(_, lowered)| lowered.whole.clone()).collect();
        Some(LayerGroup::new(ENDPOINT, through, grants))
    });
    group.collect()
}

/// Requests through an endpoint carry no address of the internet: `aws:SourceIp` is there "except when the requester uses a
/// VPC endpoint to make the request", the keys of the endpoint "only if the requester uses a VPC endpoint".
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-network-properties>
pub(super) fn no_address() -> Formula {
    let through = [keys::SOURCE_VPCE, keys::SOURCE_VPC].map(|key| Formula::present(Attribute::text(key)));
    let address = Formula::present(Attribute::new(keys::SOURCE_IP, Kind::Address));
    Formula::any(through).implies(address.not())
}
