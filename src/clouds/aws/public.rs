//! What S3 holds for a public bucket policy, and what its Block Public Access makes of one.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>, "The meaning of
//! 'public'" and `RestrictPublicBuckets`. `IgnorePublicAcls` is about access control lists, and their reader's
//! matter; the two others only refuse to store what is public.

use std::net::IpAddr;
use std::sync::Arc;

use super::ast::{Arn, Document, Family, PrincipalName, Quantifier, Statement, Test};
use super::body;
use super::estate::written;
use super::rule::RESOURCE;
use crate::model::{Attachment, Effect, Estate, ResourceId, Target};
use crate::text::Span;

/// Keys by which a statement for everybody can be limited to somebody.
const LIMITING: [&str; 17] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
];

/// The key that limits the policy of a bucket and not that of an access point: "an access point policy that grants access to
/// a set of access points using `s3:DataAccessPointArn` is considered public".
const OF_BUCKETS: &str = "s3:dataaccesspointarn";

/// Whether some policy of a bucket or access point is public. "An access point that has a VPC network origin is always
/// considered non-public", whatever its policy says; whoever asks knows which those are.
pub fn has_public_policy(estate: &Estate, bucket: ResourceId) -> bool {
    let is_point = estate.resource(bucket).is_some_and(|found| found.kind == "s3:accesspoint");
    let attached = estate.attached_to(Target::Resource(bucket)).filter(|one| one.layer == RESOURCE);
    let bodies = attached.filter_map(|one: &Attachment| body(estate.policy(one.policy)?));
    bodies.flat_map(|body| &body.document.statements).any(|statement| is_public(statement, is_point))
}

/// The page's own example of a public policy is one for an identity provider: whoever has an account there is no "fixed"
/// principal.
fn is_public(statement: &Statement, is_point: bool) -> bool {
    let is_open = |name: &PrincipalName| matches!(name, PrincipalName::Anyone | PrincipalName::Federated(_));
    let everybody = statement.principal.as_ref().is_some_and(|principals| {
        principals.negated || principals.names.iter().any(|name| is_open(&name.value))
    });
    let limited = || statement.condition.iter().any(|test| limits(test, is_point));
    statement.effect == Effect::Allow && everybody && !limited()
}

/// Whether a test leaves only fixed values of a key that says who or from where.
fn limits(test: &Test, is_point: bool) -> bool {
    let operator = test.operator;
    let key = test.key.value.trim().to_ascii_lowercase();
    if is_point && key == OF_BUCKETS {
        return false;
    }
    let compares = matches!(
        operator.family,
        Family::StringEquals
            | Family::StringEqualsIgnoreCase
            | Family::StringLike
            | Family::Arn
            | Family::IpAddress
    );
    let demands = !operator.negated && !operator.if_exists && operator.quantifier != Some(Quantifier::All);
    compares
        && demands
        && LIMITING.contains(&key.as_str())
        && test.values.iter().all(|value| is_fixed(&key, &value.value))
}

fn is_fixed(key: &str, value: &str) -> bool {
    let plain = |text: &str| !text.contains(['*', '?']) && !text.contains("${");
    match key {
        "aws:sourceip" => is_narrow(value),
        // The name of the access point may be open as long as the account is not.
        "s3:dataaccesspointarn" => Arn::parse(value).is_some_and(|arn| plain(arn.account)),
        _ => plain(value),
    }
}

/// Networks that are broader than /8, or than /32 for IPv6, count as everybody.
fn is_narrow(value: &str) -> bool {
    match (value.parse::<ipnet::IpNet>(), value.parse::<IpAddr>()) {
        (Ok(ipnet::IpNet::V4(network)), _) => network.prefix_len() >= 8,
        (Ok(ipnet::IpNet::V6(network)), _) => network.prefix_len() >= 32,
        (Err(_), address) => address.is_ok(),
    }
}

/// What `RestrictPublicBuckets` adds to a public policy: only services, and whom the owner's account lets in.
///
/// `span` is where the setting stands.
pub fn restriction(bucket: &str, owner: &str, span: Span) -> Option<Document> {
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Sid": "RestrictPublicBuckets", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": ["{bucket}", "{bucket}/*"], "Condition": {{"StringNotEqualsIfExists": {{"aws:PrincipalAccount": "{owner}"}}, "BoolIfExists": {{"aws:PrincipalIsAWSService": "false"}}}}}}}}"#
    );
    stating(format!("block public access of {bucket}"), &text, span)
}

/// What an access point that belongs to a network adds to its policy: nobody comes from elsewhere.
///
/// `span` is where the network stands.
pub fn bound_to(access_point: &str, network: &str, span: Span) -> Option<Document> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Sid": "NetworkOrigin", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": ["{access_point}", "{access_point}/*"], "Condition": {{"StringNotEquals": {{"aws:SourceVpc": "{network}"}}}}}}}}"#
    );
    network.chars().all(is_name).then(|| stating(format!("network of {access_point}"), &text, span)).flatten()
}

fn stating(name: String, text: &str, span: Span) -> Option<Document> {
    let mut document = written("settings", text)?;
    document.name = Arc::from(name);
    document.span = Some(span);
    document.provided = true;
    for statement in &mut document.statements {
        statement.span = span;
    }
    Some(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page's examples and their neighbours: `true` is public.
    #[test]
    fn what_counts_as_public() {
        for (principal, condition, public) in [
            (r#""*""#, r"{}", true),
            (r#"{"AWS": "*"}"#, r"{}", true),
            (r#"{"AWS": "111122223333"}"#, r"{}", false),
            (r#"{"Service": "cloudtrail.amazonaws.com"}"#, r"{}", false),
            (r#"{"Federated": "graph.facebook.com"}"#, r"{}", true),
            (
                r#"{"Federated": "graph.facebook.com"}"#,
                r#"{"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}"#,
                false,
            ),
            (r#""*""#, r#"{"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}"#, false),
            (r#""*""#, r#"{"StringLike": {"aws:SourceVpc": "vpc-*"}}"#, true),
            (r#""*""#, r#"{"StringLike": {"aws:SourceVpc": ["vpc-91237329", "vpc-*"]}}"#, true),
            (r#""*""#, r#"{"StringNotEquals": {"aws:SourceVpc": "vpc-91237329"}}"#, true),
            (r#""*""#, r#"{"StringEqualsIfExists": {"aws:SourceVpc": "vpc-91237329"}}"#, true),
            (r#""*""#, r#"{"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-a/r-b"}}"#, true),
            (r#""*""#, r#"{"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}"#, false),
            (r#""*""#, r#"{"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}"#, true),
            (r#""*""#, r#"{"StringEquals": {"aws:Referer": "example.com"}}"#, true),
            (r#""*""#, r#"{"Bool": {"aws:SecureTransport": "true"}}"#, true),
            (r#""*""#, r#"{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}"#, false),
            (r#""*""#, r#"{"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}"#, true),
            (r#""*""#, r#"{"IpAddress": {"aws:SourceIp": "2001:db8::/31"}}"#, true),
            (
                r#""*""#,
                r#"{"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:eu-west-1:111122223333:accesspoint/*"}}"#,
                false,
            ),
            (r#""*""#, r#"{"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:*:*:accesspoint/a"}}"#, true),
        ] {
            let text = format!(
                r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": {principal}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": {condition}}}}}"#
            );
            let document = written("p", &text).unwrap();
            let says = |document: &Document, of_point| {
                document.statements.iter().any(|statement| is_public(statement, of_point))
            };
            assert_eq!(says(&document, false), public, "{principal} {condition}");
            let denies = written("p", &text.replace("Allow", "Deny")).unwrap();
            assert!(!says(&denies, false));
            let of_point = public || condition.contains("s3:DataAccessPointArn");
            assert_eq!(says(&document, true), of_point, "{principal} {condition} of an access point");
        }
    }
}
