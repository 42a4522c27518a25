//! Resources of templates, in the words that resources of Terraform have.
//!
//! The properties are those of the resource reference:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>.

use super::functions::Template;
use super::mark;
use crate::input::terraform::Written;
use crate::text::{Entry, Kind, Problem, Route, Span, Tree};

/// Stands for what `Ref` answers.
pub(super) const REF: &str = "";

/// What resources answer to `Ref` and `GetAtt`: `{Name}` is a property, `{~}` is made up.
/// "Return values" of each resource's page.
const ANSWERS: &[(&str, &str, &str)] = &[
    ("AWS::IAM::Role", REF, "{RoleName}"),
    ("AWS::IAM::Role", "Arn", "arn:aws:iam::{account}:role{Path}{RoleName}"),
    ("AWS::IAM::User", REF, "{UserName}"),
    ("AWS::IAM::User", "Arn", "arn:aws:iam::{account}:user{Path}{UserName}"),
    ("AWS::IAM::Group", REF, "{GroupName}"),
    ("AWS::IAM::Group", "Arn", "arn:aws:iam::{account}:group{Path}{GroupName}"),
    ("AWS::IAM::ManagedPolicy", REF, "arn:aws:iam::{account}:policy{Path}{ManagedPolicyName}"),
    ("AWS::IAM::ManagedPolicy", "PolicyArn", "arn:aws:iam::{account}:policy{Path}{ManagedPolicyName}"),
    ("AWS::S3::Bucket", REF, "{BucketName}"),
    ("AWS::S3::Bucket", "Arn", "arn:aws:s3:::{BucketName}"),
    ("AWS::SQS::Queue", REF, "https://sqs.{region}.amazonaws.com/{account}/{QueueName}"),
    ("AWS::SQS::Queue", "QueueUrl", "https://sqs.{region}.amazonaws.com/{account}/{QueueName}"),
    ("AWS::SQS::Queue", "Arn", "arn:aws:sqs:{region}:{account}:{QueueName}"),
    ("AWS::SNS::Topic", REF, "arn:aws:sns:{region}:{account}:{TopicName}"),
    ("AWS::SNS::Topic", "TopicArn", "arn:aws:sns:{region}:{account}:{TopicName}"),
    ("AWS::KMS::Key", REF, "{~}"),
    ("AWS::KMS::Key", "Arn", "arn:aws:kms:{region}:{account}:key/{~}"),
    ("AWS::Lambda::Function", REF, "{FunctionName}"),
    ("AWS::Lambda::Function", "Arn", "arn:aws:lambda:{region}:{account}:function:{FunctionName}"),
    ("AWS::Serverless::Function", REF, "{FunctionName}"),
    ("AWS::Serverless::Function", "Arn", "arn:aws:lambda:{region}:{account}:function:{FunctionName}"),
    ("AWS::DynamoDB::Table", REF, "{TableName}"),
    ("AWS::DynamoDB::Table", "Arn", "arn:aws:dynamodb:{region}:{account}:table/{TableName}"),
    ("AWS::Logs::LogGroup", REF, "{LogGroupName}"),
    ("AWS::Logs::LogGroup", "Arn", "arn:aws:logs:{region}:{account}:log-group:{LogGroupName}:*"),
    ("AWS::SecretsManager::Secret", REF, "arn:aws:secretsmanager:{region}:{account}:secret:{Name}-{~}"),
    ("AWS::Kinesis::Stream", "Arn", "arn:aws:kinesis:{region}:{account}:stream/{Name}"),
    ("AWS::ECR::Repository", REF, "{RepositoryName}"),
    ("AWS::ECR::Repository", "Arn", "arn:aws:ecr:{region}:{account}:repository/{RepositoryName}"),
    (
        "AWS::StepFunctions::StateMachine",
        REF,
        "arn:aws:states:{region}:{account}:stateMachine:{StateMachineName}",
    ),
    (
        "AWS::StepFunctions::StateMachine",
        "Arn",
        "arn:aws:states:{region}:{account}:stateMachine:{StateMachineName}",
    ),
];

/// What a resource answers; what is not in the table is made up.
pub(super) fn answer(template: &Template<'_>, id: &str, attribute: &str) -> String {
    let kind = template.resource(id).and_then(|one| one.get("Type")?.as_str()).unwrap_or_default();
    let row = ANSWERS.iter().find(|(known, name, _)| *known == kind && *name == attribute);
    match row {
        Some((_, _, parts)) => (*parts).to_owned(),
        None if attribute == REF => "{~}".to_owned(),
        None => format!("{}.{attribute}", template.generated(id)),
    }
}

/// Messages about what is not known, with their places.
type Gaps = Vec<(String, Span)>;

/// A resource that is being read.
struct Reading<'r, 't> {
    template: &'r Template<'t>,
    id: &'r str,
    entry: &'r Entry,
    properties: Option<&'r Tree>,
    gaps: &'r mut Gaps,
    written: &'r mut Vec<Written>,
}

/// Reads one entry of `Resources`.
pub(super) fn read(
    template: &Template<'_>,
    entry: &Entry,
    written: &mut Vec<Written>,
    gaps: &mut Gaps,
    problems: &mut Vec<Problem>,
) {
    let id = &*entry.key.value;
    let mut wrong = |message: String, span: Span| {
        problems.push(Problem::error("cloudformation-shape", message).at(span));
    };
    if id.starts_with("Fn::") {
        let message = format!("`{id}` makes resources that are not read{}", mark(&entry.value));
        return gaps.push((message, entry.key.span));
    }
    let Some(kind) = entry.value.get("Type").and_then(Tree::as_str) else {
        let found = entry.value.get("Type").unwrap_or(&entry.value);
        return wrong(format!("resource `{id}` has no `Type` that is a string"), found.span);
    };
    let properties = entry.value.get("Properties");
    if let Some(other) = properties.filter(|given| given.as_map().is_none()) {
        return wrong(
            format!("expected `Properties` to be an object, found {}", other.kind_name()),
            other.span,
        );
    }
    if let Some(condition) = entry.value.get("Condition").and_then(Tree::as_str) {
        match template.condition(condition, 0) {
            Some(false) => return,
            Some(true) => {}
            None if is_about_access(kind) => {
                let message = format!(
                    "whether `{id}` is there rests on the condition `{condition}`, which is not known; it was taken to be"
                );
                gaps.push((message, entry.key.span));
            }
            None => {}
        }
    }
    let mut reading = Reading { template, id, entry, properties, gaps, written };
    reading.resource(kind);
}

fn is_about_access(kind: &str) -> bool {
    kind.starts_with("AWS::IAM::")
        || kind.starts_with("AWS::SSO::")
        || kind.starts_with("AWS::Organizations::")
        || kind.starts_with("AWS::RAM::")
        || ["Policy", "Permission", "AccessEntry", "AccessPoint"].iter().any(|word| kind.ends_with(word))
        || kind == "AWS::KMS::Key"
        || kind == "AWS::Serverless::Function"
}

impl Reading<'_, '_> {
    fn resource(&mut self, kind: &str) {
        match kind {
            "AWS::IAM::Role" => self.role(),
            "AWS::IAM::User" => self.member("aws_iam_user", "UserName", "user"),
            "AWS::IAM::Group" => self.member("aws_iam_group", "GroupName", "group"),
            "AWS::IAM::ManagedPolicy" => self.managed_policy(),
            "AWS::IAM::Policy"
            | "AWS::IAM::RolePolicy"
            | "AWS::IAM::UserPolicy"
            | "AWS::IAM::GroupPolicy" => {
                self.inline_policy();
            }
            "AWS::IAM::UserToGroupAddition" => {
                let entries = vec![self.own("GroupName", "group"), self.own("Users", "users")];
                self.push("aws_iam_group_membership", "", entries);
            }
            "AWS::S3::BucketPolicy" => {
                self.protected("aws_s3_bucket_policy", "Bucket", "bucket", "PolicyDocument")
            }
            "AWS::SQS::QueuePolicy" => self.several("aws_sqs_queue_policy", "Queues", "queue_url"),
            "AWS::SNS::TopicPolicy" => self.several("aws_sns_topic_policy", "Topics", "arn"),
            "AWS::KMS::Key" => self.keyed("aws_kms_key", "KeyPolicy", "Arn"),
            "AWS::SecretsManager::ResourcePolicy" => {
                self.protected(
                    "aws_secretsmanager_secret_policy",
                    "SecretId",
                    "secret_arn",
                    "ResourcePolicy",
                );
            }
            "AWS::ECR::Repository" if self.has("RepositoryPolicyText") => {
                self.keyed("aws_ecr_repository_policy", "RepositoryPolicyText", "Arn");
            }
            "AWS::Serverless::Function" => self.function(),
            "AWS::IAM::InstanceProfile"
            | "AWS::IAM::OIDCProvider"
            | "AWS::IAM::SAMLProvider"
            | "AWS::IAM::AccessKey"
            | "AWS::IAM::ServiceLinkedRole"
            | "AWS::ApplicationAutoScaling::ScalingPolicy"
            | "AWS::AutoScaling::ScalingPolicy" => {}
            "AWS::CloudFormation::Stack" | "AWS::CloudFormation::Macro" => self.unread(kind),
            kind if is_about_access(kind) => self.unread(kind),
            _ => {}
        }
    }

    fn unread(&mut self, kind: &str) {
        let message = format!(
            "`{}` is a `{kind}`, which is not read{}; what it allows was not considered",
            self.id,
            mark(&self.entry.value)
        );
        self.gaps.push((message, self.entry.key.span));
    }

    fn has(&self, name: &str) -> bool {
        self.properties.is_some_and(|all| all.get(name).is_some())
    }

    /// A property that was worked out; what is not known in it is a gap.
    fn value(&mut self, name: &str) -> Option<Tree> {
        let given = self.properties?.get(name)?;
        self.worked_out(given)
    }

    fn worked_out(&mut self, given: &Tree) -> Option<Tree> {
        let found = self.template.value(given);
        for unknown in found.unknowns {
            let message = format!(
                "`{}`: `{unknown}` is not known from the template; it was taken as a name that nothing else has",
                self.id
            );
            self.gaps.push((message, self.entry.key.span));
        }
        found.tree
    }

    /// A property under another name.
    fn own(&mut self, name: &str, as_name: &'static str) -> Option<(&'static str, Tree)> {
        self.value(name).map(|tree| (as_name, tree))
    }

    /// What the resource answers to `Ref` or `GetAtt`.
    fn answered(&mut self, attribute: &str) -> Tree {
        let span = self.entry.key.span;
        let key = if attribute == REF { "Ref" } else { "Fn::GetAtt" };
        let whole = if attribute == REF { self.id.to_owned() } else { format!("{}.{attribute}", self.id) };
        let asked = object(span, vec![(key, Tree::of_text(span, whole))]);
        self.worked_out(&asked).unwrap_or(asked)
    }

    fn push(&mut self, kind: &str, suffix: &str, entries: Vec<Option<(&str, Tree)>>) {
        let span = self.entry.key.span;
        let address = format!("{}{suffix}", self.id);
        self.written.push(Written {
            route: Route::root().key("Resources").key(self.entry.key.value.clone()),
            address,
            kind: kind.to_owned(),
            values: object(span, entries.into_iter().flatten().collect()),
            unknown: object(span, Vec::new()),
            span,
            mark: mark(&self.entry.value),
        });
    }

    /// Properties that users, groups and roles share, and those that they hold.
    fn holder(&mut self, name: &str, arn: Tree) -> Vec<Option<(&'static str, Tree)>> {
        let tags = self.value("Tags").map(|tags| {
            let pair = |tag: &Tree| {
                let key = tag.get("Key")?.as_str()?.to_owned();
                Some((key, tag.get("Value")?.clone()))
            };
            let pairs: Vec<(String, Tree)> =
                tags.as_list().unwrap_or_default().iter().filter_map(pair).collect();
            let entries = pairs.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
            ("tags", object(tags.span, entries))
        });
        let named =
            self.value(name).unwrap_or_else(|| Tree::of_text(arn.span, self.template.generated(self.id)));
        vec![
            Some(("name", named)),
            Some(("arn", arn)),
            self.own("Path", "path"),
            self.own("PermissionsBoundary", "permissions_boundary"),
            tags,
        ]
    }

    fn role(&mut self) {
        let arn = self.answered("Arn");
        let mut entries = self.holder("RoleName", arn);
        entries.push(self.own("AssumeRolePolicyDocument", "assume_role_policy"));
        entries.push(self.own("ManagedPolicyArns", "managed_policy_arns"));
        let policies = self.value("Policies").map(|list| {
            let policies = list.as_list().unwrap_or_default().iter().map(inline);
            ("inline_policy", Tree { span: list.span, kind: Kind::List(policies.collect()) })
        });
        entries.push(policies);
        self.push("aws_iam_role", "", entries);
    }

    fn member(&mut self, kind: &str, name: &str, holder: &'static str) {
        let arn = self.answered("Arn");
        let entries = self.holder(name, arn.clone());
        let own = entries.iter().flatten().find(|(key, _)| *key == "name").map(|(_, name)| name.clone());
        self.push(kind, "", entries);
        for (index, policy) in self.list("Policies").iter().enumerate() {
            let inline = inline(policy);
            let entry = |key: &'static str| inline.get(key).cloned().map(|value| (key, value));
            let holder = own.clone().map(|name| (holder, name));
            self.push(
                &format!("{kind}_policy"),
                &format!(".Policies[{index}]"),
                vec![entry("name"), entry("policy"), holder],
            );
        }
        for (index, policy) in self.list("ManagedPolicyArns").into_iter().enumerate() {
            let holder = own.clone().map(|name| (holder, name));
            let suffix = format!(".ManagedPolicyArns[{index}]");
            self.push(
                &format!("{kind}_policy_attachment"),
                &suffix,
                vec![Some(("policy_arn", policy)), holder],
            );
        }
        for (index, group) in self.list("Groups").into_iter().enumerate() {
            let groups = Tree { span: group.span, kind: Kind::List(vec![group]) };
            let user = own.clone().map(|name| ("user", name));
            self.push(
                "aws_iam_user_group_membership",
                &format!(".Groups[{index}]"),
                vec![Some(("groups", groups)), user],
            );
        }
    }

    fn list(&mut self, name: &str) -> Vec<Tree> {
        self.value(name).and_then(|list| Some(list.as_list()?.to_vec())).unwrap_or_default()
    }

    fn managed_policy(&mut self) {
        let arn = self.answered("PolicyArn");
        let entries = vec![
            self.own("ManagedPolicyName", "name"),
            self.own("Path", "path"),
            self.own("PolicyDocument", "policy"),
            Some(("arn", arn.clone())),
        ];
        self.push("aws_iam_policy", "", entries);
        if ["Roles", "Users", "Groups"].iter().any(|name| self.has(name)) {
            let entries = vec![
                Some(("policy_arn", arn)),
                self.own("Roles", "roles"),
                self.own("Users", "users"),
                self.own("Groups", "groups"),
            ];
            self.push("aws_iam_policy_attachment", ".attachment", entries);
        }
    }

    /// One policy that several may hold: each holds it for itself.
    fn inline_policy(&mut self) {
        let singles = [("RoleName", "role"), ("UserName", "user"), ("GroupName", "group")];
        let lists = [("Roles", "role"), ("Users", "user"), ("Groups", "group")];
        let mut holders: Vec<(&'static str, Tree)> = Vec::new();
        for (name, key) in singles {
            holders.extend(self.own(name, key));
        }
        for (name, key) in lists {
            holders.extend(self.list(name).into_iter().map(|one| (key, one)));
        }
        for (index, (key, holder)) in holders.into_iter().enumerate() {
            let kind = format!("aws_iam_{key}_policy");
            let entries = vec![
                self.own("PolicyName", "name"),
                self.own("PolicyDocument", "policy"),
                Some((key, holder)),
            ];
            self.push(&kind, &format!("[{index}]"), entries);
        }
    }

    fn protected(&mut self, kind: &str, name: &str, key: &'static str, policy: &str) {
        let entries = vec![self.own(name, key), self.own(policy, "policy")];
        self.push(kind, "", entries);
    }

    fn several(&mut self, kind: &str, name: &str, key: &'static str) {
        for (index, one) in self.list(name).into_iter().enumerate() {
            let entries = vec![Some((key, one)), self.own("PolicyDocument", "policy")];
            self.push(kind, &format!("[{index}]"), entries);
        }
    }

    /// A resource with a policy among its own properties.
    fn keyed(&mut self, kind: &'static str, policy: &str, attribute: &str) {
        let arn = self.answered(attribute);
        let key = if kind == "aws_ecr_repository_policy" { "repository" } else { "arn" };
        let entries = vec![Some((key, arn)), self.own(policy, "policy")];
        self.push(kind, "", entries);
    }

    /// A function of SAM without a role of its own has one that is made for it:
    /// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html>.
    fn function(&mut self) {
        if self.has("Role") {
            return;
        }
        let span = self.entry.key.span;
        let name = self.template.generated(&format!("{}Role", self.id));
        let arn = Tree::of_text(span, format!("arn:aws:iam::{}:role/{name}", self.template.account));
        let given = self.value("Policies");
        let one = given.clone().into_iter().collect();
        let given = given.and_then(|given| Some(given.as_list()?.to_vec())).unwrap_or(one);
        let (mut arns, mut inlines) = (Vec::new(), Vec::new());
        for (index, policy) in given.into_iter().enumerate() {
            match policy.as_str() {
                Some(text) if text.starts_with("arn:") => arns.push(policy),
                Some(name) => {
                    arns.push(Tree::of_text(policy.span, format!("arn:aws:iam::aws:policy/{name}")))
                }
                None if policy.get("Statement").is_some() => {
                    let name = Tree::of_text(policy.span, format!("policy {}", index + 1));
                    inlines.push(object(policy.span, vec![("name", name), ("policy", policy)]));
                }
                None => {
                    let message = format!(
                        "`{}` uses a policy template of SAM, which is not read{}; what it allows was not considered",
                        self.id,
                        mark(&policy)
                    );
                    self.gaps.push((message, policy.span));
                }
            }
        }
        let list = |items| Tree { span, kind: Kind::List(items) };
        // The role is made for the service: "AWSLambdaBasicExecutionRole" is always added.
        let basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        arns.push(Tree::of_text(span, basic.to_owned()));
        let trust = r#"{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]}"#;
        let entries = vec![
            Some(("name", Tree::of_text(span, name))),
            Some(("arn", arn)),
            Some(("assume_role_policy", Tree::of_text(span, trust.to_owned()))),
            Some(("managed_policy_arns", list(arns))),
            Some(("inline_policy", list(inlines))),
            self.own("PermissionsBoundary", "permissions_boundary"),
        ];
        self.push("aws_iam_role", "Role", entries);
    }
}

/// `{PolicyName, PolicyDocument}` as `{name, policy}`.
fn inline(policy: &Tree) -> Tree {
    let entry = |name: &str, key: &'static str| policy.get(name).map(|tree| (key, tree.clone()));
    let entries = [entry("PolicyName", "name"), entry("PolicyDocument", "policy")];
    object(policy.span, entries.into_iter().flatten().collect())
}

/// An object whose keys are nowhere written.
fn object(span: Span, entries: Vec<(&str, Tree)>) -> Tree {
    Tree::of_entries(span, entries.into_iter().map(|(key, value)| (span, key, value)))
}
