//! What services decide beside policies, by settings that no file tells: whom they let in whom no policy lets in, and what
//! they ask of those whom a policy lets in. An answer that depends on it says so.

use super::asker::Kind;
use super::body;
use super::rule::{RESOURCE, VAULT_LOCK};
use crate::model::{Estate, Gap, GapKind, Request, ResourceId, Target};

/// That a service lets in whom no policy lets in, as long as the resource has none. Of a file system: "the default EFS file
/// system policy does not use IAM to authenticate, and grants full access to any anonymous client that can connect to the
/// file system using a mount target",
/// <https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html#default-filesystempolicy>. Of an API: its
/// methods say what they ask for, and may ask for nothing,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html>.
pub(super) fn lets_in(estate: &Estate, action: &str, name: &str, holders: &[ResourceId]) -> Option<Gap> {
    let folded = action.to_ascii_lowercase();
    let message = match folded.split_once(':') {
        Some(("elasticfilesystem", call)) if call.starts_with("client") => format!(
            "without a policy of its own `{name}` lets in everybody who reaches one of its mount targets; networks are not read"
        ),
        Some(("execute-api", _)) => format!(
            "without a policy of its own the methods of `{name}` are open unless they ask for authorization, which is not read"
        ),
        _ => return None,
    };
    let of = holders.iter().flat_map(|id| estate.attached_to(Target::Resource(*id)));
    let mut bodies =
        of.filter(|one| one.layer == RESOURCE).filter_map(|one| body(estate.policy(one.policy)?));
    let has_statements = bodies.any(|body| !body.document.statements.is_empty());
    (!has_statements).then_some(Gap { kind: GapKind::AssumedDefault, message, origin: None })
}

/// What a service asks of whoever a policy lets in, of which nothing is known here.
pub(super) fn asks(
    estate: &Estate,
    request: &Request,
    caller: Kind,
    is_own: bool,
    holders: &[ResourceId],
) -> Option<Gap> {
    let (service, call) = request.action.split_once(':')?;
    let (service, call) = (service.to_ascii_lowercase(), call.to_ascii_lowercase());
    let (name, is_anonymous) = (&request.resource, caller == Kind::Anonymous);
    let message = match (&*service, &*call) {
        // Without authentication by IAM the policy of the API decides about everybody alike; with another authorizer that
        // has a say: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html>
        ("execute-api", _) if is_anonymous => {
            format!("the methods of `{name}` were taken to ask for no authorization")
        }
        ("execute-api", _) => format!("the methods of `{name}` were taken to ask for authorization by IAM"),
        // "Starting in October 2025, new function URLs will require both lambda:InvokeFunctionUrl and
        // lambda:InvokeFunction permissions": <https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html>
        ("lambda", "invokefunctionurl") => {
            let kind = if is_anonymous { "`NONE`" } else { "`AWS_IAM`" };
            format!(
                "`{name}` was taken to have a URL of the type {kind}; one that was made since October 2025 asks for `lambda:InvokeFunction` as well"
            )
        }
        // A domain in a VPC is reached from there only:
        // <https://docs.aws.amazon.com/opensearch-service/latest/developerguide/vpc.html>
        ("es", call) if call.starts_with("eshttp") && is_anonymous => {
            format!("`{name}` was taken to have a public endpoint; networks are not read")
        }
        // "You can't use the AWS managed key (aws/secretsmanager) for cross-account access":
        // <https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html>
        ("secretsmanager", "getsecretvalue") if !is_own => {
            format!("the key that `{name}` is encrypted with was taken to let other accounts in")
        }
        // "The following four resources must have permissions granted":
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/olap-policies.html>
        ("s3-object-lambda", _) => {
            format!(
                "the access point and the function behind `{name}` were taken to allow the request as well"
            )
        }
        // A lock is a second policy: <https://docs.aws.amazon.com/amazonglacier/latest/dev/vault-lock-policy.html>
        ("glacier", _) if !has_lock(estate, holders) => {
            format!("the lock of the vault `{name}` is not in the input and was taken to deny nothing")
        }
        // The policy of a vault may deny calls on what is in it, and a recovery point does not say where it is:
        // <https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault-access-policy.html>
        ("backup", _) if name.contains(":recovery-point:") || name.contains("snapshot/") => {
            format!("the policy of the vault that holds `{name}` was taken to deny nothing")
        }
        _ => return None,
    };
    Some(Gap { kind: GapKind::AssumedDefault, message, origin: None })
}

/// Whether the lock of a vault is known.
fn has_lock(estate: &Estate, of: &[ResourceId]) -> bool {
    let mut attached = of.iter().flat_map(|id| estate.attached_to(Target::Resource(*id)));
    attached.any(|one| estate.policy(one.policy).is_some_and(|policy| policy.name == VAULT_LOCK))
}
