//! Condition keys: their names as attributes, their types, and their spelling.
//!
//! Key names ignore case, so attributes carry them in lower case:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>. The global keys stand in
//! the table below, those of services in the catalog.

use std::sync::LazyLock;

use super::catalog;
use crate::clouds::clock::Clocks;
use crate::logic::{Attribute, Kind};

/// The global condition keys in AWS's spelling, with the type of their values. A slash at the end stands for a family.
const GLOBAL: &[(&str, Kind)] = &[
    ("aws:AssumedRoot", Kind::Boolean),
    ("aws:CalledVia", Kind::TextSet),
    ("aws:CalledViaAWSMCP", Kind::Text),
    ("aws:CalledViaFirst", Kind::Text),
    ("aws:CalledViaLast", Kind::Text),
    ("aws:ChatbotSourceArn", Kind::Text),
    ("aws:CurrentTime", Kind::Instant),
    ("aws:Ec2InstanceSourcePrivateIPv4", Kind::Address),
    ("aws:Ec2InstanceSourceVpc", Kind::Text),
    ("aws:EpochTime", Kind::Instant),
    ("aws:FederatedProvider", Kind::Text),
    ("aws:IsMcpServiceAction", Kind::Boolean),
    ("aws:MultiFactorAuthAge", Kind::Number),
    ("aws:MultiFactorAuthPresent", Kind::Boolean),
    ("aws:PrincipalAccount", Kind::Text),
    ("aws:PrincipalArn", Kind::Text),
    ("aws:PrincipalIsAWSService", Kind::Boolean),
    ("aws:PrincipalOrgID", Kind::Text),
    ("aws:PrincipalOrgPaths", Kind::TextSet),
    ("aws:PrincipalServiceName", Kind::Text),
    ("aws:PrincipalServiceNamesList", Kind::TextSet),
    ("aws:PrincipalTag/", Kind::Text),
    ("aws:PrincipalType", Kind::Text),
    ("aws:RequestTag/", Kind::Text),
    ("aws:RequestedRegion", Kind::Text),
    ("aws:ResourceAccount", Kind::Text),
    ("aws:ResourceOrgID", Kind::Text),
    ("aws:ResourceOrgPaths", Kind::TextSet),
    ("aws:ResourceTag/", Kind::Text),
    ("aws:SecureTransport", Kind::Boolean),
    ("aws:SignInSessionArn", Kind::Text),
    ("aws:SourceAccount", Kind::Text),
    ("aws:SourceArn", Kind::Text),
    ("aws:SourceIdentity", Kind::Text),
    ("aws:SourceIp", Kind::Address),
    ("aws:SourceOrgID", Kind::Text),
    ("aws:SourceOrgPaths", Kind::TextSet),
    ("aws:SourceVpc", Kind::Text),
    ("aws:SourceVpcArn", Kind::Text),
    ("aws:SourceVpce", Kind::Text),
    ("aws:TagKeys", Kind::TextSet),
    ("aws:TokenIssueTime", Kind::Instant),
    ("aws:UserAgent", Kind::Text),
    ("aws:VpcSourceIp", Kind::Address),
    ("aws:VpceAccount", Kind::Text),
    ("aws:VpceOrgID", Kind::Text),
    ("aws:VpceOrgPaths", Kind::TextSet),
    ("aws:ViaAWSMCPService", Kind::Boolean),
    ("aws:ViaAWSService", Kind::Boolean),
    ("aws:referer", Kind::Text),
    ("aws:userid", Kind::Text),
    ("aws:username", Kind::Text),
];

/// `aws:PrincipalArn`.
pub const PRINCIPAL_ARN: &str = "aws:principalarn";
/// `aws:PrincipalAccount`.
pub const PRINCIPAL_ACCOUNT: &str = "aws:principalaccount";
/// `aws:PrincipalType`.
pub const PRINCIPAL_TYPE: &str = "aws:principaltype";
/// `aws:PrincipalIsAWSService`.
pub const PRINCIPAL_IS_SERVICE: &str = "aws:principalisawsservice";
/// `aws:PrincipalServiceName`.
pub const PRINCIPAL_SERVICE_NAME: &str = "aws:principalservicename";
/// `aws:PrincipalTag/`.
pub const PRINCIPAL_TAG: &str = "aws:principaltag/";
/// Keys that a request carries "only when the call to your resource is being made directly by an AWS service principal":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcearn>,
/// and the same of the account, the organization and its paths there.
pub const OF_SERVICES: [(&str, Kind); 4] = [
    ("aws:sourceaccount", Kind::Text),
    ("aws:sourcearn", Kind::Text),
    ("aws:sourceorgid", Kind::Text),
    ("aws:sourceorgpaths", Kind::TextSet),
];
/// Keys about the credentials of users and roles, which neither services nor people without credentials have. "Properties of
/// a role session" are "only available when a request is made by a principal with role session or federated user principal
/// credentials":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-role-session-properties>;
/// and who called before is there "when a service uses the credentials of an IAM principal":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia>.
pub const OF_CREDENTIALS: [(&str, Kind); 23] = [
    ("aws:assumedroot", Kind::Boolean),
    ("aws:calledvia", Kind::TextSet),
    ("aws:calledviaawsmcp", Kind::Text),
    ("aws:calledviafirst", Kind::Text),
    ("aws:calledvialast", Kind::Text),
    ("aws:chatbotsourcearn", Kind::Text),
    ("aws:ec2instancesourceprivateipv4", Kind::Address),
    ("aws:ec2instancesourcevpc", Kind::Text),
    ("aws:federatedprovider", Kind::Text),
    ("aws:multifactorauthage", Kind::Number),
    ("aws:multifactorauthpresent", Kind::Boolean),
    ("aws:signinsessionarn", Kind::Text),
    ("aws:sourceidentity", Kind::Text),
    (TOKEN_ISSUE_TIME, Kind::Instant),
    ("codebuild:buildarn", Kind::Text),
    ("codebuild:projectarn", Kind::Text),
    ("ec2:roledelivery", Kind::Number),
    ("ec2:sourceinstancearn", Kind::Text),
    ("glue:credentialissuingservice", Kind::Text),
    ("glue:roleassumedby", Kind::Text),
    ("identitystore:userid", Kind::TextSet),
    ("lambda:sourcefunctionarn", Kind::Text),
    ("ssm:sourceinstancearn", Kind::Text),
];
/// `aws:TokenIssueTime`.
pub const TOKEN_ISSUE_TIME: &str = "aws:tokenissuetime";
/// `aws:ViaAWSService`.
pub const VIA_SERVICE: &str = "aws:viaawsservice";
/// `aws:SourceOwner`, which the default policy of a topic asks for. Its availability is on no page; that policy is for
/// everybody and lets in nobody but the owner ("By default, the topic owner has permissions to publish the topic",
/// <https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.iam.permissions.html>), so whoever is no service can
/// have no account but its own there.
pub const SOURCE_OWNER: &str = "aws:sourceowner";
/// `aws:ResourceAccount`.
pub const RESOURCE_ACCOUNT: &str = "aws:resourceaccount";
/// `aws:username`.
pub const USER_NAME: &str = "aws:username";
/// `aws:userid`.
pub const USER_ID: &str = "aws:userid";

/// `aws:PrincipalOrgID`.
pub const PRINCIPAL_ORG_ID: &str = "aws:principalorgid";
/// `aws:PrincipalOrgPaths`.
pub const PRINCIPAL_ORG_PATHS: &str = "aws:principalorgpaths";
/// `aws:ResourceOrgID`.
pub const RESOURCE_ORG_ID: &str = "aws:resourceorgid";
/// `aws:ResourceOrgPaths`.
pub const RESOURCE_ORG_PATHS: &str = "aws:resourceorgpaths";
/// `aws:SourceVpc`.
pub const SOURCE_VPC: &str = "aws:sourcevpc";
/// `aws:SourceVpce`.
pub const SOURCE_VPCE: &str = "aws:sourcevpce";
/// `aws:SourceIp`.
pub const SOURCE_IP: &str = "aws:sourceip";

/// The name of the session that a role acts in. No condition key: policies name it only inside a principal's ARN.
pub const SESSION: &str = "session name";
/// The unique id that AWS stores for a principal that a policy names.
pub const UNIQUE_ID: &str = "unique id";

/// The key as attributes carry it.
pub fn folded(key: &str) -> String {
    key.trim().to_ascii_lowercase()
}

/// The type of a key's values, if the key is known.
pub fn kind(folded: &str) -> Option<Kind> {
    if folded.ends_with(METHODS) {
        return Some(Kind::TextSet);
    }
    global(folded).map(|(_, kind)| kind).or_else(|| super::facts::key_kind(folded))
}

/// How somebody signed in at a web identity provider, whose name stands before it: "the key is multivalued",
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif>.
const METHODS: &str = ":amr";

/// The attribute of a key: of the key's own type, or of `otherwise` when that is not known.
pub fn attribute(folded: &str, otherwise: Kind) -> Attribute {
    Attribute::new(folded, kind(folded).unwrap_or(otherwise))
}

/// The key as AWS spells it.
pub fn spelling(folded: &str) -> String {
    let family = folded.split_once('/').map_or("", |(_, member)| member);
    match global(folded) {
        Some((name, _)) => format!("{name}{family}"),
        None => super::facts::key_spelling(folded).unwrap_or_else(|| folded.to_owned()),
    }
}

fn global(folded: &str) -> Option<(&'static str, Kind)> {
    let wanted = folded.split_once('/').map_or(folded.len(), |(stem, _)| stem.len() + 1);
    let wanted = folded.get(..wanted)?;
    GLOBAL.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).copied()
}

/// The longest that temporary credentials can last, in seconds:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>.
pub(super) const LONGEST_SESSION: i64 = 129_600;

/// The keys that hold a time: that of the request, and when the credentials were issued.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tokenissuetime>
pub(super) fn clocks() -> &'static Clocks {
    static CLOCKS: LazyLock<Clocks> = LazyLock::new(|| {
        let keys = [("aws:currenttime", 0), ("aws:epochtime", 0), (TOKEN_ISSUE_TIME, LONGEST_SESSION)];
        let keys = keys.map(|(name, age)| (Attribute::new(name, Kind::Instant), age));
        Clocks::new(&catalog::current().info().date, keys)
    });
    &CLOCKS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Conditions speak of a key in its own type, so what is said of it in another one would be about nothing.
    #[test]
    fn what_is_said_of_keys_is_said_in_their_types() {
        for (name, said) in OF_CREDENTIALS.iter().chain(&OF_SERVICES) {
            assert_eq!(kind(name).unwrap_or(*said), *said, "{name}");
            assert_eq!(folded(name), *name);
        }
    }
}
