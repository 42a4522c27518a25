//! What providers make of resources: attributes that nobody writes, as far as they follow from those that are written.
//!
//! The attributes are those of the providers' documentation, "Attribute Reference" of each resource:
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs>,
//! <https://registry.terraform.io/providers/hashicorp/google/latest/docs>. All others are made up: they are like nothing else.

use std::collections::BTreeSet;

use super::evaluate::Scope;
use super::instances::{Handle, Name, Of, World};
use super::policy_document;
use super::texts::Composed;
use super::value::{Unknown, Value};
use crate::text::Span;

/// An attribute and what it is put together of: `{name}` is another attribute, `{path|/}` has a default, `{~}` is like
/// nothing else, `{account}` and `{region}` are those of the provider.
type Row = (&'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    ("aws_iam_role", "arn", "arn:aws:iam::{account}:role{path|/}{name}"),
    ("aws_iam_role", "id", "{name}"),
    ("aws_iam_user", "arn", "arn:aws:iam::{account}:user{path|/}{name}"),
    ("aws_iam_user", "id", "{name}"),
    ("aws_iam_group", "arn", "arn:aws:iam::{account}:group{path|/}{name}"),
    ("aws_iam_group", "id", "{name}"),
    ("aws_iam_policy", "arn", "arn:aws:iam::{account}:policy{path|/}{name}"),
    ("aws_iam_policy", "id", "{arn}"),
    ("aws_iam_instance_profile", "arn", "arn:aws:iam::{account}:instance-profile{path|/}{name}"),
    ("aws_iam_instance_profile", "id", "{name}"),
    ("aws_s3_bucket", "arn", "arn:aws:s3:::{bucket}"),
    ("aws_s3_bucket", "id", "{bucket}"),
    ("aws_sqs_queue", "arn", "arn:aws:sqs:{region}:{account}:{name}"),
    ("aws_sqs_queue", "url", "https://sqs.{region}.amazonaws.com/{account}/{name}"),
    ("aws_sqs_queue", "id", "{url}"),
    ("aws_sns_topic", "arn", "arn:aws:sns:{region}:{account}:{name}"),
    ("aws_sns_topic", "id", "{arn}"),
    ("aws_kms_key", "arn", "arn:aws:kms:{region}:{account}:key/{~}"),
    ("aws_kms_key", "id", "{~}"),
    ("aws_kms_key", "key_id", "{~}"),
    ("aws_secretsmanager_secret", "arn", "arn:aws:secretsmanager:{region}:{account}:secret:{name}-{~}"),
    ("aws_secretsmanager_secret", "id", "{arn}"),
    ("aws_lambda_function", "arn", "arn:aws:lambda:{region}:{account}:function:{function_name}"),
    ("aws_lambda_function", "id", "{function_name}"),
    ("aws_dynamodb_table", "arn", "arn:aws:dynamodb:{region}:{account}:table/{name}"),
    ("aws_dynamodb_table", "id", "{name}"),
    ("aws_dynamodb_table", "stream_arn", "{arn}/stream/{~}"),
    ("aws_kinesis_stream", "arn", "arn:aws:kinesis:{region}:{account}:stream/{name}"),
    ("aws_kinesis_stream", "id", "{arn}"),
    (
        "aws_kinesis_firehose_delivery_stream",
        "arn",
        "arn:aws:firehose:{region}:{account}:deliverystream/{name}",
    ),
    ("aws_cloudwatch_log_group", "arn", "arn:aws:logs:{region}:{account}:log-group:{name}"),
    ("aws_cloudwatch_log_group", "id", "{name}"),
    ("aws_cloudwatch_event_bus", "arn", "arn:aws:events:{region}:{account}:event-bus/{name}"),
    ("aws_cloudwatch_event_rule", "arn", "arn:aws:events:{region}:{account}:rule/{name}"),
    ("aws_ecr_repository", "arn", "arn:aws:ecr:{region}:{account}:repository/{name}"),
    ("aws_ecr_repository", "id", "{name}"),
    ("aws_efs_file_system", "arn", "arn:aws:elasticfilesystem:{region}:{account}:file-system/{~}"),
    ("aws_efs_file_system", "id", "{~}"),
    ("aws_sfn_state_machine", "arn", "arn:aws:states:{region}:{account}:stateMachine:{name}"),
    ("aws_sfn_state_machine", "id", "{arn}"),
    ("aws_ssm_parameter", "arn", "arn:aws:ssm:{region}:{account}:parameter{name}"),
    ("aws_ssm_parameter", "id", "{name}"),
    ("aws_codebuild_project", "arn", "arn:aws:codebuild:{region}:{account}:project/{name}"),
    ("aws_codepipeline", "arn", "arn:aws:codepipeline:{region}:{account}:{name}"),
    ("aws_ecs_cluster", "arn", "arn:aws:ecs:{region}:{account}:cluster/{name}"),
    ("aws_eks_cluster", "arn", "arn:aws:eks:{region}:{account}:cluster/{name}"),
    ("aws_instance", "arn", "arn:aws:ec2:{region}:{account}:instance/{~}"),
    ("aws_instance", "id", "{~}"),
    ("aws_iam_saml_provider", "arn", "arn:aws:iam::{account}:saml-provider/{name}"),
    ("aws_organizations_organization", "id", "{~}"),
    ("google_service_account", "email", "{account_id}@{project}.iam.gserviceaccount.com"),
    ("google_service_account", "member", "serviceAccount:{email}"),
    ("google_service_account", "name", "projects/{project}/serviceAccounts/{email}"),
    ("google_service_account", "id", "{name}"),
    ("google_storage_bucket", "id", "{name}"),
    ("google_project", "id", "projects/{project_id}"),
    ("google_project_iam_custom_role", "id", "projects/{project}/roles/{role_id}"),
    ("google_project_iam_custom_role", "name", "{id}"),
    ("google_organization_iam_custom_role", "id", "organizations/{org_id}/roles/{role_id}"),
    ("google_organization_iam_custom_role", "name", "{id}"),
    ("google_folder", "id", "folders/{~}"),
    ("google_folder", "name", "{id}"),
];

/// What data sources answer, of the arguments that they are asked with.
const DATA: &[Row] = &[
    ("aws_caller_identity", "account_id", "{account}"),
    ("aws_caller_identity", "id", "{account}"),
    ("aws_partition", "partition", "aws"),
    ("aws_partition", "id", "aws"),
    ("aws_partition", "dns_suffix", "amazonaws.com"),
    ("aws_region", "name", "{region}"),
    ("aws_region", "region", "{region}"),
    ("aws_region", "id", "{region}"),
    ("aws_iam_policy", "arn", "arn:aws:iam::{account}:policy{path_prefix|/}{name}"),
    ("aws_iam_role", "arn", "arn:aws:iam::{account}:role/{name}"),
    ("aws_iam_role", "id", "{name}"),
    ("aws_iam_user", "arn", "arn:aws:iam::{account}:user/{user_name}"),
    ("aws_iam_group", "arn", "arn:aws:iam::{account}:group/{group_name}"),
    ("aws_s3_bucket", "arn", "arn:aws:s3:::{bucket}"),
    ("aws_s3_bucket", "id", "{bucket}"),
    ("aws_sqs_queue", "arn", "arn:aws:sqs:{region}:{account}:{name}"),
    ("aws_sns_topic", "arn", "arn:aws:sns:{region}:{account}:{name}"),
    ("aws_lambda_function", "arn", "arn:aws:lambda:{region}:{account}:function:{function_name}"),
    ("aws_dynamodb_table", "arn", "arn:aws:dynamodb:{region}:{account}:table/{name}"),
    ("google_service_account", "email", "{account_id}@{project}.iam.gserviceaccount.com"),
    ("google_service_account", "member", "serviceAccount:{email}"),
    ("google_service_account", "name", "projects/{project}/serviceAccounts/{email}"),
    ("google_project", "id", "projects/{project_id}"),
    ("google_storage_bucket", "id", "{name}"),
];

/// Whether a name is one of an instance of a resource, not of an attribute.
pub(super) fn is_index(name: &str) -> bool {
    name.is_empty() || name.bytes().next().is_some_and(|first| first.is_ascii_digit())
}

/// An attribute that is not written.
pub(super) fn made(world: &World<'_>, handle: &Handle, name: &str, span: Span) -> Value {
    let (kind, rows, is_data) = match &handle.of {
        Of::Resource(kind, _) => (kind, ROWS, false),
        Of::Data(kind, _) => (kind, DATA, true),
        Of::Module => return Value::null(span),
    };
    if is_data && &**kind == "aws_iam_policy_document" && matches!(name, "json" | "minified_json") {
        return policy_document::json(world, handle, span);
    }
    let row = rows.iter().find(|(known, attribute, _)| *known == &**kind && *attribute == name);
    if let Some((_, _, parts)) = row {
        return put_together(world, handle, parts, span);
    }
    match (is_data, &**kind, name) {
        (_, "aws_iam_openid_connect_provider", "arn" | "id") => identity_provider(world, handle, span),
        (_, "google_service_account" | "google_project_iam_custom_role", "project") => {
            provider(world, handle, name, span)
        }
        // A data source may answer anything.
        (true, ..) => Value::unknown(span, Unknown::open(format!("{}.{name}", world.address(handle)))),
        // Of a provider's own making, also where only the beginning of a name is given.
        _ => Value::unknown(span, Unknown::made(format!("{}.{name}", world.address(handle)))),
    }
}

/// The ARN of an OIDC provider has its URL without the scheme.
fn identity_provider(world: &World<'_>, handle: &Handle, span: Span) -> Value {
    let url = world.argument(handle, "url").and_then(|url| url.as_known_text());
    let Some(url) = url else { return Value::unknown(span, Unknown::open(world.address(handle))) };
    let host = url.strip_prefix("https://").unwrap_or(&url).trim_end_matches('/');
    Value::text(span, format!("arn:aws:iam::{}:oidc-provider/{host}", world.account))
}

fn put_together(world: &World<'_>, handle: &Handle, parts: &str, span: Span) -> Value {
    let mut composed = Composed::default();
    for (index, part) in parts.split(['{', '}']).enumerate() {
        let value = match part {
            part if index % 2 == 0 => Value::text(span, part),
            "account" => Value::text(span, world.account.as_str()),
            "region" => provider(world, handle, "region", span),
            "~" => Value::unknown(span, Unknown::made(world.address(handle))),
            part => {
                let (name, default) =
                    part.split_once('|').map_or((part, None), |(name, rest)| (name, Some(rest)));
                match (world.argument(handle, name), default) {
                    (Some(value), _) => value,
                    (None, Some(default)) => Value::text(span, default),
                    (None, None) => world.attribute_of(handle, name, span),
                }
            }
        };
        composed.value(&value, span.start);
    }
    composed.finish(span)
}

/// An argument of the provider's configuration, in the module of the resource or in those that call it.
fn provider(world: &World<'_>, handle: &Handle, name: &str, span: Span) -> Value {
    let (Of::Resource(kind, _) | Of::Data(kind, _)) = &handle.of else { return Value::null(span) };
    let own = kind.split('_').next().unwrap_or_default();
    let mut id = handle.instance;
    while let Some(instance) = world.instance(id) {
        let found = instance.module.providers.iter().find(|block| {
            let labels = &block.of.labels;
            labels.first().is_some_and(|label| label.as_str() == own) && block.argument("alias").is_none()
        });
        if let Some((block, value)) = found.and_then(|block| Some((block, block.argument(name)?))) {
            let scope = Scope { source: block.source, instance: id, each: None, bound: None };
            return world
                .once(id, Name::Provider(own.into(), name.into()), span, || world.value(value, scope));
        }
        match &instance.caller {
            Some(caller) => id = caller.instance,
            None => break,
        }
    }
    Value::unknown(span, Unknown::open(format!("the {name} of the provider")))
}

/// Arguments that name something: one that is not known is a name that nothing else has.
pub(super) fn is_name(argument: &str) -> bool {
    const NAMES: [&str; 14] = [
        "name",
        "role",
        "user",
        "group",
        "bucket",
        "policy_arn",
        "project",
        "folder",
        "org_id",
        "service_account_id",
        "function_name",
        "queue_url",
        "key_id",
        "arn",
    ];
    NAMES.contains(&argument)
}

/// Arguments that name a resource by its id, and the ARN that follows from it.
const IDS: &[Row] = &[
    ("aws_kms_key_policy", "key_id", "arn:aws:kms:{region}:{account}:key/{key_id}"),
    ("aws_ecr_repository_policy", "repository", "arn:aws:ecr:{region}:{account}:repository/{repository}"),
    (
        "aws_efs_file_system_policy",
        "file_system_id",
        "arn:aws:elasticfilesystem:{region}:{account}:file-system/{file_system_id}",
    ),
];

/// The value of an argument; where it names a resource by an id, the resource's ARN.
pub(super) fn identified(world: &World<'_>, handle: &Handle, kind: &str, name: &str, value: Value) -> Value {
    let row = IDS.iter().find(|(known, argument, _)| *known == kind && *argument == name);
    let has_arn = value.as_text(&mut BTreeSet::new()).is_some_and(|text| text.starts_with("arn:"));
    match row {
        Some((_, _, parts)) if !has_arn => put_together(world, handle, parts, value.span),
        _ => value,
    }
}

/// Whether the ARN of resources of this type follows from their arguments.
pub(super) fn has_arn(kind: &str) -> bool {
    ROWS.iter().any(|(known, attribute, _)| *known == kind && *attribute == "arn")
}
