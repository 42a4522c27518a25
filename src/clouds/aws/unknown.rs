//! What is not known of the resource that a question is about: its policy, its access
//! control list, the grants of a key, what blocks public access to it.
//!
//! For both readings of the rule, each of which says for itself who asks and what it concluded. The policies of keys and
//! roles are not in here: without one they have a default (`rule.rs`), or let nobody in.

use super::ast::Arn;
use super::caller::{Caller, Class};
use super::public::has_public_policy;
use super::rule::{ACCESS_LIST, BLOCK_KNOWN, ENDPOINT, KEY_GRANT, RESOURCE, RESOURCE_CONTROL, VAULT_LOCK};
use super::{AWS, Body, access_points, asker, beside_policies, body, catalog, facts, inside, keys, layers};
use crate::logic::{Atom, Formula, Universe};
use crate::model::{
    Attachment, Effect, Estate, Gap, GapKind, Layer, Object, Question, Request, ResourceId, Target,
};

/// Types of resources that can carry a policy, by service and how the last part of the ARN begins.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
const CARRIERS: &[(&str, &str)] = &[
    ("s3", ""),
    ("sqs", ""),
    ("sns", ""),
    ("lambda", "function:"),
    ("lambda", "layer:"),
    ("secretsmanager", "secret:"),
    ("ecr", "repository/"),
    ("elasticfilesystem", "file-system/"),
    ("dynamodb", "table/"),
    ("kinesis", "stream/"),
    ("es", "domain/"),
    ("execute-api", ""),
    ("events", "event-bus/"),
    ("events", "rule/"),
    ("logs", "log-group:"),
    ("glacier", "vaults/"),
    ("backup", "backup-vault:"),
    ("codeartifact", "domain/"),
    ("codeartifact", "repository/"),
    ("glue", "catalog"),
    ("cloudtrail", "channel/"),
    ("cloudtrail", "dashboard/"),
    ("cloudtrail", "eventdatastore/"),
    ("ecr-public", "repository/"),
    ("kafka", "cluster/"),
    ("lex", "bot/"),
    ("lex", "bot-alias/"),
    ("logs", "delivery-destination:"),
    ("logs", "destination:"),
    ("mediastore", "container/"),
    ("rekognition", "project/"),
    ("s3-object-lambda", "accesspoint/"),
    ("s3express", ""),
    ("s3tables", "bucket/"),
    ("schemas", "registry/"),
    ("serverlessrepo", "applications/"),
    ("ses", "identity/"),
    ("signer", "/signing-profiles/"),
    ("vpc-lattice", "service/"),
    ("vpc-lattice", "servicenetwork/"),
];

/// Types whose policies AWS RAM writes: what is shared is allowed to other accounts, and nothing is denied to anybody.
/// <https://docs.aws.amazon.com/ram/latest/APIReference/API_CreatePermission.html>
const SHARED: &[(&str, &str)] = &[
    ("acm-pca", "certificate-authority/"),
    ("codebuild", "project/"),
    ("codebuild", "report-group/"),
    ("network-firewall", "firewall-policy/"),
    ("network-firewall", "stateful-rulegroup/"),
    ("network-firewall", "stateless-rulegroup/"),
    ("ssm", "parameter/"),
    ("ssm-contacts", "contact/"),
    ("ssm-incidents", "response-plan/"),
];

/// What bears on the answer that no request of the question is allowed.
pub(super) fn of_question(estate: &Estate, question: &Question, caller: &Caller<'_>) -> Vec<Gap> {
    let (name, holders) = match &question.object {
        Object::Named(name) => (name.as_str(), inside::covering(estate, name)),
        Object::Within(id) => match estate.resource(*id) {
            Some(found) => (found.name.as_str(), vec![*id]),
            None => return Vec::new(),
        },
        Object::Any => return Vec::new(),
    };
    let action = question.action.as_deref();
    let unasked = action.and_then(|action| unasked(action, &question.object));
    if caller.class == Class::Holder || unasked.is_some() {
        return unasked.into_iter().collect();
    }
    let is_own = caller.account.is_some() && caller.account == layers::owner(estate, name).as_deref();
    policies(estate, name, &holders, !is_own)
        .into_iter()
        .chain(list(estate, name, &holders).filter(|_| !is_own))
        .chain(access_points::handed_over(estate, &holders).filter(|_| !is_own))
        .chain(grants(estate, name, &holders))
        .chain(manager(estate, name))
        .chain(action.and_then(|action| beside_policies::lets_in(estate, action, name, &holders)))
        .chain(action.filter(|_| caller.has_own_credentials()).and_then(token))
        .collect()
}

/// What bears on the decision about a request.
pub(super) fn of_request(
    estate: &Estate,
    request: &Request,
    caller: &asker::Caller<'_>,
    owner: Option<&str>,
    is_allowed: bool,
) -> Vec<Gap> {
    if caller.kind == asker::Kind::Holder {
        return Vec::new();
    }
    let holders: Vec<ResourceId> = asker::holders(estate, &request.resource).iter().collect();
    let is_own = caller.account.is_some() && caller.account == owner;
    // A list and a grant only allow, so they cannot change what is allowed already.
    let list = list(estate, &request.resource, &holders).filter(|_| !is_allowed && !is_own);
    let block = block(estate, &holders).filter(|_| is_allowed && !is_own);
    let grants = grants(estate, &request.resource, &holders).filter(|_| !is_allowed);
    let manager = manager(estate, &request.resource).filter(|_| !is_allowed);
    let policies = policies(estate, &request.resource, &holders, !is_allowed && !is_own);
    let open = beside_policies::lets_in(estate, &request.action, &request.resource, &holders)
        .filter(|_| !is_allowed);
    let asks = beside_policies::asks(estate, request, caller.kind, is_own, &holders).filter(|_| is_allowed);
    // In a scenario the endpoint's policy stands beside the request, and not with an endpoint.
    let is_stated = caller
        .principal
        .is_some_and(|(id, _)| estate.attached_to(Target::Principal(id)).any(|one| one.layer == ENDPOINT));
    let way = way(estate, request).filter(|_| is_allowed && !is_stated);
    let token = token(&request.action).filter(|_| !is_allowed && caller.has_own_credentials());
    let behind = behind(estate, &request.action, &request.resource).filter(|_| is_allowed);
    let handed = access_points::handed_over(estate, &holders).filter(|_| !is_allowed && !is_own);
    let known = policies.into_iter().chain(list).chain(grants).chain(manager).chain(block);
    known.chain(behind).chain(handed).chain(open).chain(asks).chain(way).chain(token).collect()
}

/// What bears on an answer about all resources: of which of those that the files speak of the policy is in none of them.
pub(super) fn of_estate(estate: &Estate) -> Vec<Gap> {
    let own = |id: ResourceId, name: &str| {
        let is_key =
            Arn::parse(name).is_some_and(|arn| arn.service == "kms" && arn.resource.starts_with("key/"));
        if is_key { !has(estate, &[id], RESOURCE) } else { own_policy(estate, name, &[id], true).is_some() }
    };
    let all = estate.resources().filter(|(_, found)| found.cloud == AWS);
    let names: Vec<&str> =
        all.filter(|(id, found)| own(*id, &found.name)).map(|(_, found)| found.name.as_str()).collect();
    let message = match names.as_slice() {
        [] => return Vec::new(),
        [one] => format!("the policy of `{one}` is not in the input"),
        [one, two] => format!("the policies of `{one}` and `{two}` are not in the input"),
        [one, two, rest @ ..] => {
            format!(
                "the policies of `{one}`, `{two}` and {} other resources are not in the input",
                rest.len()
            )
        }
    };
    let message = format!("{message} and were taken to say nothing, of keys to be the default one");
    vec![Gap { kind: GapKind::MissingPolicy, message, origin: None }]
}

/// That an action is never asked on a resource of that kind: `s3:GetObject` is asked on objects, not on their bucket.
fn unasked(action: &str, object: &Object) -> Option<Gap> {
    let (Object::Named(name), Universe::Known(actions)) = (object, facts::universe()) else { return None };
    let folded = action.to_ascii_lowercase();
    if actions.contains(&folded, name) {
        return None;
    }
    let known = catalog::current().action(&folded)?;
    let kinds: Vec<String> =
        known.resource_types().flat_map(|(kind, _)| kind.resource_globs()).take(SHOWN).collect();
    let message = match kinds.as_slice() {
        [] => format!("`{action}` is about no resource: it is asked on `*`, and never on `{name}`"),
        kinds => format!("`{action}` is never asked on `{name}`, only on `{}`", kinds.join("`, `")),
    };
    Some(Gap { kind: GapKind::UnknownAction, message, origin: None })
}

/// At most so many kinds of resources are named.
const SHOWN: usize = 3;

/// That the policy of a resource is not known, or of what it lies in; one that only shares it matters to some.
fn policies(estate: &Estate, name: &str, holders: &[ResourceId], sharing_matters: bool) -> Vec<Gap> {
    let Some(arn) = Arn::parse(name).filter(|_| !name.contains(['*', '?'])) else { return Vec::new() };
    let wider = wider(name, arn);
    let is_known =
        |holder: &str| estate.find_resource(AWS, holder).is_some_and(|id| has(estate, &[id], RESOURCE));
    let missing = wider.iter().filter(|(holder, _)| !is_known(holder)).map(|(_, shown)| unsaid(shown));
    own_policy(estate, name, holders, sharing_matters).into_iter().chain(missing).collect()
}

/// That the policy of a resource itself is not known. What nobody's files mention is not looked for in a policy alone.
fn own_policy(estate: &Estate, name: &str, holders: &[ResourceId], sharing_matters: bool) -> Option<Gap> {
    let arn = Arn::parse(name)?;
    let is_of = |types: &[(&str, &str)]| {
        types.iter().any(|(service, head)| arn.service == *service && arn.resource.starts_with(head))
    };
    let carries = is_of(CARRIERS) || (sharing_matters && is_of(SHARED));
    let wider = wider(name, arn);
    let is_wider = |id: &ResourceId| {
        estate.resource(*id).is_some_and(|found| wider.iter().any(|(holder, _)| *holder == found.name))
    };
    let own: Vec<ResourceId> = holders.iter().copied().filter(|id| !is_wider(id)).collect();
    let known = !carries || name.contains(['*', '?']) || has(estate, &own, RESOURCE);
    (!known).then(|| unsaid(carrier(name, arn)))
}

fn unsaid(name: &str) -> Gap {
    let message = format!("the policy of `{name}` is not in the input and was taken to say nothing");
    Gap { kind: GapKind::MissingPolicy, message, origin: None }
}

/// What else has a policy that decides about a resource beside the resource's own, and what to call it: the domain of a
/// repository of CodeArtifact, and the registry that repositories of ECR lie in.
fn wider(name: &str, arn: Arn<'_>) -> Vec<(String, String)> {
    match (arn.service, arn.resource.split('/').next()) {
        ("codeartifact", Some("repository" | "package")) => {
            let domains = inside::above(name).into_iter().filter(|holder| holder.contains(":domain/"));
            domains
                .filter(|domain| domain.matches('/').count() == 1)
                .map(|domain| (domain.clone(), domain))
                .collect()
        }
        ("ecr", Some("repository")) => {
            let registry = name.split('/').next().unwrap_or(name);
            vec![(registry.to_owned(), format!("{registry}/*"))]
        }
        _ => Vec::new(),
    }
}

/// That the access control list of a bucket is not known. Such lists give nothing to the bucket's own account.
fn list(estate: &Estate, name: &str, holders: &[ResourceId]) -> Option<Gap> {
    let arn = Arn::parse(name).filter(|arn| arn.service == "s3" && arn.account.is_empty())?;
    let known = name.contains(['*', '?']) || has(estate, holders, ACCESS_LIST);
    let message = format!(
        "the access control list of `{}` is not in the input and was taken to give nothing",
        carrier(name, arn)
    );
    (!known).then_some(Gap { kind: GapKind::MissingPolicy, message, origin: None })
}

/// That a key may be one that AWS manages, where a resource control policy denies something: those do not apply to it.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html>
fn manager(estate: &Estate, name: &str) -> Option<Gap> {
    Arn::parse(name).filter(|arn| arn.service == "kms" && arn.resource.starts_with("key/"))?;
    let mut controls =
        estate.attached_as(RESOURCE_CONTROL).filter_map(|one| body(estate.policy(one.policy)?));
    let denies = |body: &Body| body.document.statements.iter().any(|one| one.effect == Effect::Deny);
    let message = format!(
        "`{name}` was taken to be a customer managed key; no resource control policy applies to keys that AWS manages"
    );
    controls.any(denies).then_some(Gap { kind: GapKind::AssumedDefault, message, origin: None })
}

/// That the grants of a key are not known. They stand beside its policy:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
fn grants(estate: &Estate, name: &str, holders: &[ResourceId]) -> Option<Gap> {
    Arn::parse(name).filter(|arn| arn.service == "kms" && arn.resource.starts_with("key/"))?;
    let known = name.contains(['*', '?']) || has(estate, holders, KEY_GRANT);
    let message = format!("the grants of `{name}` are not in the input and were taken to be none");
    (!known).then_some(Gap { kind: GapKind::MissingPolicy, message, origin: None })
}

/// That Block Public Access may stand between a public bucket and whoever is not of its account.
fn block(estate: &Estate, holders: &[ResourceId]) -> Option<Gap> {
    let mut open = holders.iter().filter(|id| {
        let is_bucket = estate.resource(**id).is_some_and(|found| {
            found.cloud == AWS && ["s3:bucket", "s3:accesspoint"].contains(&found.kind.as_str())
        });
        is_bucket && !has(estate, &[**id], BLOCK_KNOWN) && has_public_policy(estate, **id)
    });
    let name = &estate.resource(*open.next()?)?.name;
    let message = format!(
        "Block Public Access of `{name}` or of its account is not in the input and was taken to be off"
    );
    Some(Gap { kind: GapKind::AssumedDefault, message, origin: None })
}

/// That a request through an access point meets a bucket whose policy is not known: "both the access point and the
/// underlying bucket must permit the request",
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html>.
fn behind(estate: &Estate, action: &str, name: &str) -> Option<Gap> {
    let point = access_points::of_request(name)?;
    let is_decided = access_points::stays(action) || access_points::bucket(estate, point).is_some();
    let point = point.rsplit('/').next().unwrap_or(point);
    let message = format!(
        "the bucket behind the access point `{point}` must allow the request as well, which was taken to be so"
    );
    (!is_decided).then_some(Gap { kind: GapKind::AssumedDefault, message, origin: None })
}

/// That a request comes through a VPC endpoint of which no file tells. "If you don't attach an endpoint policy, we attach the
/// default endpoint policy", which "grants full access to the endpoint":
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html#default-endpoint-policy>.
fn way(estate: &Estate, request: &Request) -> Option<Gap> {
    let said = |wanted: &str| {
        let mut context = request.context.iter();
        let found = context.find(|(key, _)| key.trim().eq_ignore_ascii_case(wanted));
        found.and_then(|(_, values)| values.first())
    };
    match (said(keys::SOURCE_VPCE), said(keys::SOURCE_VPC)) {
        (Some(id), _) => through(estate, id),
        (None, Some(network)) => Some(from(network)),
        (None, None) => None,
    }
}

fn through(estate: &Estate, endpoint: &str) -> Option<Gap> {
    let suffix = format!(":vpc-endpoint/{endpoint}");
    let is_known = estate.resources().any(|(_, found)| found.name.ends_with(&suffix));
    let what = format!("the policy of the VPC endpoint `{endpoint}` is not in the input and");
    (!is_known).then(|| taken_to_allow(&what))
}

fn from(network: &str) -> Gap {
    taken_to_allow(&format!(
        "which VPC endpoint of `{network}` the request comes through is open; its policy"
    ))
}

fn taken_to_allow(what: &str) -> Gap {
    let message = format!("{what} was taken to allow everything");
    Gap { kind: GapKind::AssumedDefault, message, origin: None }
}

/// The same of all requests that a formula lets in.
pub(super) fn of_access(estate: &Estate, allowed: &Formula) -> Vec<Gap> {
    let mut gaps = Vec::new();
    allowed.for_each_literal(&mut |literal| {
        let Atom::Matches(attribute, patterns) = &literal.atom else { return };
        let texts = || patterns.iter().filter(|_| literal.positive).map(ToString::to_string);
        match attribute.name() {
            keys::SOURCE_VPCE => gaps.extend(texts().filter_map(|id| through(estate, &id))),
            keys::SOURCE_VPC => gaps.extend(texts().map(|network| from(&network))),
            _ => {}
        }
    });
    gaps
}

/// That AWS's pages do not agree about a deny of `sts:GetSessionToken`. One says that naming the call in policies "has no
/// effect on a user's ability to perform" it, another's example of a deny spares the call so that it goes on to work:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html>.
fn token(action: &str) -> Option<Gap> {
    let message = "a deny was taken to stop `sts:GetSessionToken`, of which AWS says both that it does and that policies have no effect on it";
    let is = action.eq_ignore_ascii_case("sts:GetSessionToken");
    is.then(|| Gap { kind: GapKind::AssumedDefault, message: message.to_owned(), origin: None })
}

/// Whether something is attached in a layer. What settings make of a bucket is written like a policy of it, but tells
/// nothing about the policy that it has; nor does the lock of a vault.
pub(super) fn has(estate: &Estate, holders: &[ResourceId], layer: Layer) -> bool {
    let of = |id: &ResourceId| estate.resource(*id).is_some_and(|found| found.cloud == AWS);
    let is_made_up = |one: &Attachment| {
        let body = estate.policy(one.policy).and_then(body);
        let is_other = |body: &Body| body.document.provided || *body.document.name == *VAULT_LOCK;
        layer == RESOURCE && body.is_some_and(is_other)
    };
    let mut attached =
        holders.iter().filter(|id| of(id)).flat_map(|id| estate.attached_to(Target::Resource(*id)));
    attached.any(|one| one.layer == layer && !is_made_up(one))
}

/// The bucket of an object; other resources as they are.
fn carrier<'n>(name: &'n str, arn: Arn<'_>) -> &'n str {
    let inside = arn.service == "s3" && arn.account.is_empty();
    name.split('/').next().filter(|_| inside).unwrap_or(name)
}
