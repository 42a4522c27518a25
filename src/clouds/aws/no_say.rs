//! Requests that the policy of a resource has no say about, although they are made on the resource: by the call, and by
//! who asks. What such a policy says to all other requests is not in here.

use super::{asker, at_home, caller};
use crate::logic::{Attribute, Formula, Patterns};

/// Some calls of the service that a kind of resource belongs to, in lower case.
enum Calls {
    These(&'static [&'static str]),
    /// All but these; a star stands for any end.
    AllBut(&'static [&'static str]),
}

/// Kinds of resources with the calls that their policies are not asked about.
const CALLS: &[(&str, Calls)] = &[
    // "The kms:RetireGrant permission is not effective in a key policy":
    // <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
    ("kms:key", Calls::These(&["retiregrant"])),
    // "Resource-based policies only apply to the domain's subresources, not the domain itself. In resource-based policies,
    // the es:* action is equivalent to es:ESHttp*", but for searches across clusters:
    // <https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ac.html#ac-types-resource>
    ("es:domain", Calls::AllBut(&["eshttp*", "escrossclusterget"])),
    // "The resource policy on the domain is ignored when evaluting permissions. This ensures that the owner of a domain
    // cannot lock themselves out of the domain", and the same of a repository:
    // <https://docs.aws.amazon.com/codeartifact/latest/APIReference/API_PutDomainPermissionsPolicy.html>,
    // <https://docs.aws.amazon.com/codeartifact/latest/APIReference/API_PutRepositoryPermissionsPolicy.html>
    ("codeartifact:domain", Calls::These(&["putdomainpermissionspolicy"])),
    ("codeartifact:repository", Calls::These(&["putrepositorypermissionspolicy"])),
];

/// "Policy only applies when operations are invoked by AWS service principals (not IAM users, roles, or cross-account
/// principals)": <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html>
const FOR_SERVICES: &str = "logs:log-group";

/// "The root principal in a bucket owner's AWS account can perform the GetBucketPolicy, PutBucketPolicy, and
/// DeleteBucketPolicy API actions, even if their bucket policy explicitly denies the root principal's access":
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>. It has full access beside the policy.
const OWNED: [&str; 2] = ["s3:bucket", "s3express:bucket"];

/// The calls that the policies of a kind of resource have no say about, whoever asks.
pub(super) fn calls(kind: &str) -> Option<Formula> {
    let service = kind.split(':').next().unwrap_or_default();
    let formula = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("{service}:{name}")).collect();
        Formula::matches(Attribute::action(), Patterns::globs(names.iter().map(String::as_str)))
    };
    let (_, calls) = CALLS.iter().find(|(of, _)| *of == kind)?;
    Some(match calls {
        Calls::These(names) => formula(names),
        Calls::AllBut(names) => formula(names).not(),
    })
}

/// What the policy of a resource of a kind, in the caller's own account or not, has no say about because of who asks.
pub(super) fn of_caller(caller: &caller::Caller<'_>, kind: &str, is_own: bool) -> Formula {
    if kind == FOR_SERVICES && !caller.is_service() {
        return Formula::True;
    }
    if is_own && OWNED.contains(&kind) && caller.is_root() { at_home::policy_calls() } else { Formula::False }
}

/// Whether the policies of a kind of resource have no say about the request of a caller.
pub(super) fn is_unheard(kind: &str, action: &str, caller: &asker::Caller<'_>, is_own: bool) -> bool {
    if kind == FOR_SERVICES && !caller.is_service() {
        return true;
    }
    let owns = is_own && caller.is_root() && OWNED.contains(&kind);
    let calls = CALLS.iter().find(|(of, _)| *of == kind).map(|(_, calls)| calls);
    if !owns && calls.is_none() {
        return false;
    }
    let Some((service, call)) = action.split_once(':') else { return false };
    if owns && at_home::is_policy_call(call) {
        return true;
    }
    let Some(calls) = calls else { return false };
    let in_service = kind.split(':').next().is_some_and(|own| own.eq_ignore_ascii_case(service));
    let is_one = |name: &&str| match name.strip_suffix('*') {
        Some(head) => call.get(..head.len()).is_some_and(|found| found.eq_ignore_ascii_case(head)),
        None => name.eq_ignore_ascii_case(call),
    };
    match calls {
        Calls::These(names) => in_service && names.iter().any(is_one),
        Calls::AllBut(names) => !(in_service && names.iter().any(is_one)),
    }
}
