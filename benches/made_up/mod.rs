//! Made-up AWS accounts of any size, the same every time, with the variety of real ones: most roles share a few hundred
//! managed policies, some have inline policies of their own or the same as many others, trust policies follow all the
//! patterns that are common, and resources of several services have policies that differ by little more than a name.

use serde_json::{Value, json};

/// How much there is of what, in all accounts together.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub accounts: usize,
    pub roles: usize,
    pub users: usize,
    pub groups: usize,
    pub policies: usize,
    pub resources: usize,
    /// Accounts of another seed are other accounts.
    pub seed: usize,
}

impl Size {
    /// An account of so many users and roles, and as many resources.
    pub fn of(principals: usize) -> Self {
        let users = principals / 10;
        Self {
            accounts: 1,
            roles: principals - users,
            users,
            groups: 5 + principals / 100,
            policies: (principals / 4).clamp(10, 1_500),
            resources: principals,
            seed: 0,
        }
    }

    /// The share of one account.
    fn share(self) -> Self {
        let of = |all: usize| all.div_ceil(self.accounts.max(1)).max(1);
        Self {
            accounts: self.accounts,
            roles: of(self.roles),
            users: of(self.users),
            groups: of(self.groups),
            policies: of(self.policies).max(60.min(self.policies)),
            resources: of(self.resources),
            seed: self.seed,
        }
    }
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn of(what: u64, account: Account, index: usize) -> Self {
        let number = |value: usize| u64::try_from(value).unwrap_or(0);
        let mut dice = Self(
            what ^ (number(account.size.seed) << 52) ^ (number(account.number) << 36) ^ (number(index) << 4),
        );
        (0..3).for_each(|_| _ = dice.below(2));
        dice
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts.get(self.below(texts.len())).copied().unwrap_or_default()
    }
}

/// One account of several.
#[derive(Clone, Copy)]
pub struct Account {
    number: usize,
    size: Size,
}

/// Somebody else's account.
const STRANGER: &str = "999988887777";
const ORGANIZATION: &str = "o-abcdefghij";

/// All accounts of that size.
pub fn accounts(size: Size) -> impl Iterator<Item = Account> {
    let share = size.share();
    (0..size.accounts.max(1)).map(move |number| Account { number, size: share })
}

/// Services with actions and how their ARNs begin; `#` stands for the account.
const SERVICES: &[(&str, &[&str], &str)] = &[
    ("s3", &["GetObject", "PutObject", "ListBucket", "DeleteObject"], "arn:aws:s3:::bucket-"),
    ("sqs", &["SendMessage", "ReceiveMessage", "DeleteMessage"], "arn:aws:sqs:eu-west-1:#:queue-"),
    ("dynamodb", &["GetItem", "PutItem", "Query"], "arn:aws:dynamodb:eu-west-1:#:table/t"),
    ("lambda", &["InvokeFunction", "GetFunction"], "arn:aws:lambda:eu-west-1:#:function:f"),
    ("secretsmanager", &["GetSecretValue"], "arn:aws:secretsmanager:eu-west-1:#:secret:s"),
    ("kms", &["Decrypt", "Encrypt"], "arn:aws:kms:eu-west-1:#:key/"),
];

fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(action: Value, resource: Value) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn list(write: &mut impl FnMut(&str), name: &str, count: usize, item: impl Fn(usize) -> Value) {
    write(&format!("\"{name}\": ["));
    for index in 0..count {
        write(if index == 0 { "\n" } else { ",\n" });
        write(&serde_json::to_string_pretty(&item(index)).unwrap_or_default());
    }
    write("\n],\n");
}

impl Account {
    pub fn id(self) -> String {
        format!("{:012}", 111_122_223_333 + self.number)
    }

    fn of_service(self, head: &str, rest: &str) -> String {
        format!("{}{rest}", head.replace('#', &self.id()))
    }

    fn role_arn(self, index: usize) -> String {
        format!("arn:aws:iam::{}:role/team/role-{index}", self.id())
    }

    fn policy_arn(self, index: usize) -> String {
        format!("arn:aws:iam::{}:policy/policy-{index}", self.id())
    }

    /// Users, groups, roles and managed policies, as `aws iam get-account-authorization-details` answers, in pieces.
    pub fn details(self, mut write: impl FnMut(&str)) {
        write("{\n");
        list(&mut write, "UserDetailList", self.size.users, |index| self.user(index));
        list(&mut write, "GroupDetailList", self.size.groups, |index| self.group(index));
        list(&mut write, "RoleDetailList", self.size.roles, |index| self.role(index));
        list(&mut write, "Policies", self.size.policies, |index| self.managed(index));
        write("\"IsTruncated\": false\n}\n");
    }

    /// The resources, each with its policy.
    pub fn resources(self) -> impl Iterator<Item = Value> {
        (0..self.size.resources).map(move |index| self.resource(index))
    }

    /// One to four statements, each about a few actions on one resource.
    fn permissions(self, dice: &mut Dice) -> Value {
        let count = 1 + dice.below(4);
        let statements: Vec<Value> = (0..count)
            .map(|index| {
                let Some((service, names, head)) = SERVICES.get(dice.below(SERVICES.len())) else {
                    return json!({});
                };
                let actions: Vec<String> =
                    (0..=dice.below(3)).map(|_| format!("{service}:{}", dice.one_of(names))).collect();
                let tail = if *service == "s3" { "/*" } else { "" };
                let resource = self.of_service(head, &format!("{}{tail}", dice.below(1000)));
                let mut statement = allow(json!(actions), json!(resource));
                put(&mut statement, "Sid", json!(format!("S{index}")));
                let condition = match dice.below(12) {
                    0 => json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
                    1 => json!({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}),
                    2 => json!({"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "198.51.100.0/24"]}}),
                    _ => return statement,
                };
                put(&mut statement, "Condition", condition);
                statement
            })
            .collect();
        document(&statements)
    }

    /// Most are narrow; a few speak of whole services, of taking on roles, or of everything.
    fn text_of_managed(self, index: usize, dice: &mut Dice) -> Value {
        match index % 50 {
            0 if index == 0 => document(&[allow(json!("*"), json!("*"))]),
            7 => document(&[allow(json!(["sqs:*", "sns:Publish"]), json!("*"))]),
            13 => {
                let role = self.role_arn(dice.below(50));
                document(&[allow(json!("sts:AssumeRole"), json!(role))])
            }
            19 => document(&[
                allow(json!("*"), json!("*")),
                json!({"Effect": "Deny", "Action": ["iam:*", "organizations:*", "sts:AssumeRole"],
                    "Resource": "*"}),
            ]),
            29 => document(&[allow(
                json!(["s3:Get*", "s3:List*", "ec2:Describe*", "logs:*", "cloudwatch:*"]),
                json!("*"),
            )]),
            37 => {
                document(&[json!({"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"],
                "Resource": "*"})])
            }
            _ => self.permissions(dice),
        }
    }

    fn managed(self, index: usize) -> Value {
        let mut dice = Dice::of(1, self, index);
        json!({
            "PolicyName": format!("policy-{index}"), "PolicyId": format!("ANPA{index:016}"),
            "Arn": self.policy_arn(index), "Path": "/", "DefaultVersionId": "v1", "IsAttachable": true,
            "PolicyVersionList": [{
                "Document": self.text_of_managed(index, &mut dice), "VersionId": "v1", "IsDefaultVersion": true,
                "CreateDate": "2026-01-01T00:00:00Z",
            }],
        })
    }

    fn attached(self, dice: &mut Dice) -> Value {
        let attached: Vec<Value> = (0..dice.below(4))
            .map(|_| {
                // One in two hundred is an administrator.
                let index = if dice.below(600) == 0 { 0 } else { 1 + dice.below(self.size.policies - 1) };
                json!({"PolicyName": format!("policy-{index}"), "PolicyArn": self.policy_arn(index)})
            })
            .collect();
        json!(attached)
    }

    fn group(self, index: usize) -> Value {
        let mut dice = Dice::of(2, self, index);
        json!({
            "Path": "/", "GroupName": format!("group-{index}"), "GroupId": format!("AGPA{index:016}"),
            "Arn": format!("arn:aws:iam::{}:group/group-{index}", self.id()), "GroupPolicyList": [],
            "CreateDate": "2026-01-01T00:00:00Z", "AttachedManagedPolicies": self.attached(&mut dice),
        })
    }

    fn user(self, index: usize) -> Value {
        let mut dice = Dice::of(3, self, index);
        json!({
            "Path": "/", "UserName": format!("user-{index}"), "UserId": format!("AIDA{index:016}"),
            "Arn": format!("arn:aws:iam::{}:user/user-{index}", self.id()), "UserPolicyList": [],
            "CreateDate": "2026-01-01T00:00:00Z", "GroupList": [format!("group-{}", dice.below(self.size.groups))],
            "AttachedManagedPolicies": self.attached(&mut dice),
            "Tags": [{"Key": "team", "Value": dice.one_of(&["a", "b", "c"])}],
        })
    }

    fn trust(self, index: usize, dice: &mut Dice) -> Value {
        let own = self.id();
        let services =
            ["lambda.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "glue.amazonaws.com"];
        let github = format!("arn:aws:iam::{own}:oidc-provider/token.actions.githubusercontent.com");
        let saml = format!("arn:aws:iam::{own}:saml-provider/staff");
        let audience = "token.actions.githubusercontent.com:aud";
        let subject = "token.actions.githubusercontent.com:sub";
        let aws = |name: String| json!({"AWS": name});
        let (principal, action, condition) = match index % 20 {
            0 | 1 => (aws(format!("arn:aws:iam::{own}:root")), "sts:AssumeRole", json!(null)),
            2 | 3 => (aws(self.role_arn(dice.below(self.size.roles))), "sts:AssumeRole", json!(null)),
            4 => {
                let repository = format!("repo:acme/service-{}:ref:refs/heads/main", dice.below(500));
                let tests = json!({"StringEquals": {audience: "sts.amazonaws.com", subject: repository}});
                (json!({"Federated": github}), "sts:AssumeRoleWithWebIdentity", tests)
            }
            5 if dice.below(20) == 0 => {
                let tests = json!({"StringEquals": {audience: "sts.amazonaws.com"}});
                (json!({"Federated": github}), "sts:AssumeRoleWithWebIdentity", tests)
            }
            6 => {
                let tests = json!({"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}});
                (json!({"Federated": saml}), "sts:AssumeRoleWithSAML", tests)
            }
            7 if dice.below(5) == 0 => {
                let tests = json!({"StringEquals": {"sts:ExternalId": format!("x{}", dice.below(100))}});
                (aws(format!("arn:aws:iam::{STRANGER}:root")), "sts:AssumeRole", tests)
            }
            8 if self.size.accounts > 1 => {
                let other = Self { number: dice.below(self.size.accounts), ..self };
                (aws(other.role_arn(dice.below(self.size.roles))), "sts:AssumeRole", json!(null))
            }
            _ => (json!({"Service": dice.one_of(&services)}), "sts:AssumeRole", json!(null)),
        };
        let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": action});
        if !condition.is_null() {
            put(&mut statement, "Condition", condition);
        }
        document(&[statement])
    }

    /// A tenth has inline policies of its own, a twentieth the same as others but for the role's name, and another
    /// twentieth the very same text.
    fn inline(self, index: usize, dice: &mut Dice) -> Value {
        let text = match dice.below(20) {
            0 | 1 => self.permissions(dice),
            2 => {
                let own = format!("arn:aws:s3:::shared-data/role-{index}/*");
                document(&[allow(json!(["s3:GetObject", "s3:PutObject"]), json!(own))])
            }
            3 => document(&[allow(
                json!(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]),
                json!("arn:aws:logs:*:*:*"),
            )]),
            _ => return json!([]),
        };
        json!([{"PolicyName": "own", "PolicyDocument": text}])
    }

    fn role(self, index: usize) -> Value {
        let mut dice = Dice::of(4, self, index);
        let inline = self.inline(index, &mut dice);
        let mut role = json!({
            "Path": "/team/", "RoleName": format!("role-{index}"), "RoleId": format!("AROA{index:016}"),
            "Arn": self.role_arn(index), "CreateDate": "2026-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": self.trust(index, &mut dice), "InstanceProfileList": [],
            "RolePolicyList": inline, "AttachedManagedPolicies": self.attached(&mut dice),
            "Tags": [{"Key": "team", "Value": dice.one_of(&["a", "b", "c"])}, {"Key": "stage", "Value": "prod"}],
            "RoleLastUsed": {"LastUsedDate": "2026-10-01T00:00:00Z", "Region": "eu-west-1"},
        });
        if dice.below(20) == 0 {
            let boundary = self.policy_arn(if dice.below(2) == 0 { 19 } else { 7 });
            let value = json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary});
            put(&mut role, "PermissionsBoundary", value);
        }
        role
    }

    fn resource(self, index: usize) -> Value {
        let mut dice = Dice::of(5, self, index);
        let (arn, policy) = match index % 10 {
            5 | 6 => self.queue(index, &mut dice),
            7 => self.topic(index),
            8 => self.key(index, &mut dice),
            9 => self.secret(index, &mut dice),
            _ => self.bucket(index, &mut dice),
        };
        json!({"ResourceArn": arn, "Account": self.id(), "Policy": policy})
    }

    /// Transport security for all, access for one role, and now and then for another account, a service, or everybody
    /// of the organization.
    fn bucket(self, index: usize, dice: &mut Dice) -> (String, Value) {
        let name = if self.number == 0 {
            format!("bucket-{index}")
        } else {
            format!("bucket-{}-{index}", self.number)
        };
        let arn = format!("arn:aws:s3:::{name}");
        let both = json!([arn, format!("{arn}/*")]);
        let reader = |principal: Value| {
            json!({"Sid": "Reader", "Effect": "Allow", "Principal": principal,
                "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": both})
        };
        let reader = match dice.below(50) {
            0 => reader(json!({"AWS": format!("arn:aws:iam::{STRANGER}:root")})),
            1 => reader(json!({"Service": "cloudtrail.amazonaws.com"})),
            2 => {
                let mut all = reader(json!("*"));
                put(&mut all, "Condition", json!({"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}));
                all
            }
            _ => reader(json!({"AWS": self.role_arn(dice.below(self.size.roles))})),
        };
        let tls = json!({
            "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": both, "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        });
        let policy = document(&[tls, reader]);
        (arn, policy)
    }

    fn queue(self, index: usize, dice: &mut Dice) -> (String, Value) {
        let arn = self.of_service("arn:aws:sqs:eu-west-1:#:queue-", &index.to_string());
        let topic =
            self.of_service("arn:aws:sns:eu-west-1:#:topic-", &dice.below(self.size.resources).to_string());
        let policy = document(&[json!({
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
            "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        })]);
        (arn, policy)
    }

    fn topic(self, index: usize) -> (String, Value) {
        let arn = self.of_service("arn:aws:sns:eu-west-1:#:topic-", &index.to_string());
        let policy = document(&[json!({
            "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["sns:Publish", "sns:Subscribe"],
            "Resource": arn, "Condition": {"StringEquals": {"aws:SourceOwner": self.id()}},
        })]);
        (arn, policy)
    }

    fn key(self, index: usize, dice: &mut Dice) -> (String, Value) {
        let arn = self
            .of_service("arn:aws:kms:eu-west-1:#:key/", &format!("{index:08x}-0000-4000-8000-000000000000"));
        let role = self.role_arn(dice.below(self.size.roles));
        let policy = document(&[
            json!({"Sid": "Account", "Effect": "Allow",
                "Principal": {"AWS": format!("arn:aws:iam::{}:root", self.id())}, "Action": "kms:*", "Resource": "*"}),
            json!({"Sid": "Use", "Effect": "Allow", "Principal": {"AWS": role},
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"}),
        ]);
        (arn, policy)
    }

    fn secret(self, index: usize, dice: &mut Dice) -> (String, Value) {
        let arn = self.of_service("arn:aws:secretsmanager:eu-west-1:#:secret:s", &format!("{index}-AbCdEf"));
        let role = self.role_arn(dice.below(self.size.roles));
        let policy = document(&[json!({
            "Effect": "Deny", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalArn": role}},
        })]);
        (arn, policy)
    }
}
