//! Who made a call: `userIdentity` of an event, brought back to the name that an estate has.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

use serde_json::Value;

use super::text;

/// Who called.
pub(super) struct Caller {
    /// The ARN of the user, role or root user; the name of a service; what there is of a stranger.
    pub(super) name: String,
    /// The service that called for it; empty without one.
    pub(super) via: String,
}

/// The caller of an event; `None` where it names nobody.
pub(super) fn caller(event: &Value) -> Option<Caller> {
    let identity = event.get("userIdentity")?;
    let service = text(identity, "invokedBy");
    let (name, is_service) = match text(identity, "type").unwrap_or_default() {
        // A service of its own accord: nobody stands behind it.
        "AWSService" => (service.map(str::to_owned), true),
        // Who signs in with an identity provider has no access yet but what a trust policy gives.
        "SAMLUser" | "WebIdentityUser" => (text(identity, "identityProvider").map(str::to_owned), false),
        // Somebody of another account, of whom the account that was called learns the unique id only.
        "AWSAccount" if text(identity, "arn").is_none() => (stranger(identity), false),
        _ => (issuer(identity).or_else(|| own(identity)), false),
    };
    let via = service.filter(|_| !is_service).unwrap_or_default().to_owned();
    name.map(|name| Caller { name, via })
}

/// The role or user whose temporary credentials were used: a session has the access of its role.
fn issuer(identity: &Value) -> Option<String> {
    let issuer = identity.get("sessionContext")?.get("sessionIssuer")?;
    text(issuer, "arn").map(str::to_owned)
}

/// Without an issuer the name of a session stays as it is: the estate finds the role by it.
fn own(identity: &Value) -> Option<String> {
    let arn = text(identity, "arn").map(str::to_owned);
    arn.or_else(|| text(identity, "principalId").map(str::to_owned))
}

fn stranger(identity: &Value) -> Option<String> {
    let account = text(identity, "accountId").unwrap_or("an unknown account");
    text(identity, "principalId").map(|id| match account {
        "ANONYMOUS_PRINCIPAL" | "anonymous" => "*".to_owned(),
        _ => format!("{id} of account {account}"),
    })
}
