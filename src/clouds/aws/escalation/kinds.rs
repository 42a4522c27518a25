//! The words of AWS in files of escalation steps: targets, hosts, states of targets.

use crate::clouds::escalation::Lexicon;
use crate::model::{Principal, PrincipalKind};

/// The words.
pub(in crate::clouds::aws) const LEXICON: Lexicon = Lexicon {
    targets: &[
        "role",
        "user",
        "group",
        "s3:bucket",
        "kms:key",
        "sqs:queue",
        "sns:topic",
        "lambda:function",
        "secretsmanager:secret",
        "ecr:repository",
    ],
    hosts: &[
        "apprunner-service",
        "bedrock-code-interpreter",
        "cloudformation-stack",
        "cloudformation-stack-set",
        "codebuild-project",
        "ec2-instance",
        "ec2-launch-template",
        "ecs-task-definition",
        "glue-dev-endpoint",
        "glue-job",
        "lambda-function",
        "sagemaker-notebook",
    ],
    existing: &[],
    states: &["instance-profile", "password", "no-password", "spare-access-key", "two-access-keys"],
};

/// A kind of resources that run as a role.
pub(super) struct HostKind {
    word: &'static str,
    /// What it is called in a sentence.
    pub(super) noun: &'static str,
    /// The services that act as the role for it.
    pub(super) services: &'static [&'static str],
    /// The command whose answer lists them, if that is read here.
    pub(super) command: Option<&'static str>,
}

const fn kind(
    word: &'static str,
    noun: &'static str,
    services: &'static [&'static str],
    command: Option<&'static str>,
) -> HostKind {
    HostKind { word, noun, services, command }
}

const HOSTS: &[HostKind] = &[
    kind(
        "apprunner-service",
        "an App Runner service",
        &["tasks.apprunner.amazonaws.com"],
        Some("aws apprunner describe-service"),
    ),
    kind("bedrock-code-interpreter", "a code interpreter", &["bedrock-agentcore.amazonaws.com"], None),
    kind(
        "cloudformation-stack",
        "a stack",
        &["cloudformation.amazonaws.com"],
        Some("aws cloudformation describe-stacks"),
    ),
    // A stack set works with roles that another role takes on, so the role itself trusts no service.
    kind("cloudformation-stack-set", "a stack set", &[], None),
    kind(
        "codebuild-project",
        "a build project",
        &["codebuild.amazonaws.com"],
        Some("aws codebuild batch-get-projects"),
    ),
    kind("ec2-instance", "an instance", &["ec2.amazonaws.com"], Some("aws ec2 describe-instances")),
    kind("ec2-launch-template", "a launch template", &["ec2.amazonaws.com"], None),
    kind(
        "ecs-task-definition",
        "a task definition",
        &["ecs-tasks.amazonaws.com"],
        Some("aws ecs describe-task-definition"),
    ),
    kind("glue-dev-endpoint", "a development endpoint", &["glue.amazonaws.com"], None),
    kind("glue-job", "a job", &["glue.amazonaws.com"], Some("aws glue get-jobs")),
    kind("lambda-function", "a function", &["lambda.amazonaws.com"], Some("aws lambda list-functions")),
    kind(
        "sagemaker-notebook",
        "a notebook instance",
        &["sagemaker.amazonaws.com"],
        Some("aws sagemaker describe-notebook-instance"),
    ),
];

/// The kind of hosts of that word.
pub(super) fn host(word: &str) -> Option<&'static HostKind> {
    HOSTS.iter().find(|kind| kind.word == word)
}

/// The word for a principal as a target.
pub(super) fn of(principal: &Principal) -> &'static str {
    match principal.kind {
        PrincipalKind::Role => "role",
        PrincipalKind::User => "user",
        PrincipalKind::Group => "group",
        _ => "",
    }
}

/// Whether a target is in a state.
pub(super) enum Standing {
    Yes,
    No,
    /// The input does not say; the message says what was assumed.
    Unknown(String),
}

/// Whether a principal is in the state of that word, by the facts that exports tell of it.
pub(super) fn state(principal: &Principal, word: &str) -> Standing {
    let name = &principal.name;
    let fact = |key: &str| principal.facts.get(key).map(String::as_str);
    let told = |holds: bool| if holds { Standing::Yes } else { Standing::No };
    match word {
        "instance-profile" => match fact(INSTANCE_PROFILES) {
            Some(listed) => told(!listed.is_empty()),
            None => Standing::Unknown(format!("it was assumed that `{name}` belongs to an instance profile")),
        },
        "password" | "no-password" => match fact(PASSWORD) {
            Some(there) => told((there == "true") == (word == "password")),
            None if word == "password" => {
                Standing::Unknown(format!("it was assumed that `{name}` has a password"))
            }
            None => Standing::Unknown(format!("it was assumed that `{name}` has no password yet")),
        },
        "spare-access-key" | "two-access-keys" => match fact(ACCESS_KEYS) {
            Some(number) => told((number == "2") == (word == "two-access-keys")),
            None if word == "two-access-keys" => {
                Standing::Unknown(format!("it was assumed that `{name}` has two access keys"))
            }
            None => Standing::Unknown(format!("it was assumed that `{name}` has fewer than two access keys")),
        },
        _ => Standing::No,
    }
}

/// The fact that lists the instance profiles a role belongs to, with spaces between.
pub const INSTANCE_PROFILES: &str = "instance-profiles";
/// The fact that says whether a user has a password.
pub const PASSWORD: &str = "password";
/// The fact that counts the access keys of a user.
pub const ACCESS_KEYS: &str = "access-keys";
