//! How long an account takes to be loaded and analysed, beside the time that parsing its JSON alone takes, and how
//! that grows with its size.
//!
//! Accounts are made up here, the same every time: most roles share a few hundred distinct policies, a tenth has
//! inline policies of its own, and trust policies follow a few patterns. `cargo bench --bench account -- 1000 10000`
//! measures these numbers of principals.

#![expect(clippy::print_stdout, reason = "prints times and ratios")]
#![expect(clippy::disallowed_methods, reason = "writes the account to a folder of its own")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use leastwise::clouds::CLOUDS;
use leastwise::evaluator::{Evaluator, OneDocument};
use leastwise::findings::{self, Context};
use leastwise::graph::Graph;
use leastwise::input;
use leastwise::input::disk::Limits;
use leastwise::solver::Portfolio;
use leastwise::text::{Files, json as reader};
use serde_json::{Value, json};

#[path = "clock/mod.rs"]
mod clock;

use clock::Clock;

const ACCOUNT: &str = "111122223333";
/// Up to so many principals every stage runs several times, and the fastest run counts.
const REPEATED: usize = 5_000;
const RUNS: usize = 5;
const MEASURABLE: Duration = Duration::from_millis(100);

/// How much there is of what.
struct Size {
    roles: usize,
    users: usize,
    groups: usize,
    policies: usize,
    buckets: usize,
}

impl Size {
    /// An account of so many users and roles, and as many buckets.
    fn of(principals: usize) -> Self {
        let users = principals / 10;
        Self {
            roles: principals - users,
            users,
            groups: 5 + principals / 100,
            policies: (principals / 4).clamp(10, 400),
            buckets: principals,
        }
    }
}

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![100, 300, 1_000, 3_000, 10_000] } else { sizes };
    // What is the same for every account is not counted.
    CLOUDS.iter().for_each(|cloud| drop(cloud.universe()));
    println!("principals  buckets     JSON    parse     load  analyse  together / parse  findings");
    for size in sizes {
        measure(size);
    }
}

fn measure(principals: usize) {
    let folder = std::env::temp_dir().join(format!("leastwise-account-{}-{principals}", std::process::id()));
    let texts = write(&folder, &Size::of(principals));
    let bytes: usize = texts.iter().map(String::len).sum();
    let runs = if principals <= REPEATED { RUNS } else { 1 };
    let parse = fastest(runs, || texts.iter().for_each(|text| parse(text)));
    let paths = [folder.to_string_lossy().into_owned()];
    let load = fastest(runs, || drop(black_box(input::load(&paths, Limits::default()))));
    let loaded = input::load(&paths, Limits::default());
    let mut found = 0;
    let analyse = fastest(runs, || found = analyse(&loaded.estate.clone()));
    let whole = (load + analyse).as_secs_f64();
    println!(
        "{principals:>10} {:>8} {:>5.1} MB {:>6.0} ms {:>5.0} ms {:>5.0} ms {:>17.1} {found:>9}",
        Size::of(principals).buckets,
        bytes as f64 / 1e6,
        millis(parse),
        millis(load),
        millis(analyse),
        whole / parse.as_secs_f64()
    );
    drop(fs::remove_dir_all(&folder));
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The time that one of several runs takes. A run is repeated until it can be measured: the system counts what a thread
/// ran in pieces of some milliseconds.
fn fastest(runs: usize, mut work: impl FnMut()) -> Duration {
    let mut timed = || {
        let clock = Clock::start();
        let mut rounds = 0_u32;
        loop {
            work();
            rounds += 1;
            let ran = clock.elapsed();
            if ran >= MEASURABLE {
                return ran / rounds;
            }
        }
    };
    (0..runs).map(|_| timed()).min().unwrap_or_default()
}

fn parse(text: &str) {
    let file = Files::default().add("account", text);
    black_box(reader::parse(file, text, &mut Vec::new()));
}

/// What `leastwise scan` does.
fn analyse(estate: &leastwise::model::Estate) -> usize {
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(estate, &portfolio);
    let documents = OneDocument::all(&evaluator);
    let found = Graph::build(&evaluator, &[]).and_then(|graph| {
        findings::run(&Context { estate, evaluator, graph: &graph, documents: &documents })
    });
    found.map_or(0, |found| found.len())
}

/// Writes the account into a folder: one file for its principals, and one for each bucket. Answers all texts.
fn write(folder: &Path, size: &Size) -> Vec<String> {
    drop(fs::create_dir_all(folder));
    let mut texts = Vec::new();
    let mut put = |path: PathBuf, value: &Value| {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        drop(fs::write(path, &text));
        texts.push(text);
    };
    put(folder.join("account.json"), &account(size));
    for index in 0..size.buckets {
        put(folder.join(format!("bucket-{index:06}.json")), &bucket(index, size));
    }
    texts
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts.get(self.below(texts.len())).copied().unwrap_or_default()
    }
}

const SERVICES: &[(&str, &[&str], &str)] = &[
    ("s3", &["GetObject", "PutObject", "ListBucket", "DeleteObject"], "arn:aws:s3:::bucket-"),
    ("sqs", &["SendMessage", "ReceiveMessage", "DeleteMessage"], "arn:aws:sqs:eu-west-1:111122223333:queue-"),
    ("dynamodb", &["GetItem", "PutItem", "Query"], "arn:aws:dynamodb:eu-west-1:111122223333:table/t"),
    ("lambda", &["InvokeFunction", "GetFunction"], "arn:aws:lambda:eu-west-1:111122223333:function:f"),
    ("secretsmanager", &["GetSecretValue"], "arn:aws:secretsmanager:eu-west-1:111122223333:secret:s"),
    ("kms", &["Decrypt", "Encrypt"], "arn:aws:kms:eu-west-1:111122223333:key/"),
];

fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), value);
    }
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// One to four statements, each about a few actions on one resource.
fn permissions(dice: &mut Dice) -> Value {
    let count = 1 + dice.below(4);
    let statements: Vec<Value> = (0..count)
        .map(|index| {
            let Some((service, names, head)) = SERVICES.get(dice.below(SERVICES.len())) else {
                return json!({});
            };
            let actions: Vec<String> =
                (0..=dice.below(3)).map(|_| format!("{service}:{}", dice.of(names))).collect();
            let tail = if *service == "s3" { "/*" } else { "" };
            let mut statement = json!({
                "Sid": format!("S{index}"), "Effect": "Allow", "Action": actions,
                "Resource": format!("{head}{}{tail}", dice.below(1000)),
            });
            if dice.below(6) == 0 {
                put(
                    &mut statement,
                    "Condition",
                    json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
                );
            }
            statement
        })
        .collect();
    document(&statements)
}

/// Most are narrow; a few speak of whole services, of taking on roles, or of everything.
fn managed(index: usize, dice: &mut Dice) -> Value {
    let allow = |action: Value, resource: &str| {
        document(&[json!({"Effect": "Allow", "Action": action, "Resource": resource})])
    };
    match index % 50 {
        0 if index == 0 => allow(json!("*"), "*"),
        7 => allow(json!(["sqs:*", "sns:Publish"]), "*"),
        13 => allow(
            json!("sts:AssumeRole"),
            &format!("arn:aws:iam::{ACCOUNT}:role/team/role-{}", dice.below(50)),
        ),
        19 => document(&[
            json!({"Effect": "Allow", "Action": "*", "Resource": "*"}),
            json!({"Effect": "Deny", "Action": ["iam:*", "organizations:*", "sts:AssumeRole"], "Resource": "*"}),
        ]),
        _ => permissions(dice),
    }
}

fn trust(index: usize, size: &Size, dice: &mut Dice) -> Value {
    let services =
        ["lambda.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "glue.amazonaws.com"];
    let (principal, action) = match index % 10 {
        0 => (json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}), "sts:AssumeRole"),
        1 => {
            let number = dice.below(size.roles);
            (json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:role/team/role-{number}")}), "sts:AssumeRole")
        }
        2 => {
            let provider =
                format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com");
            (json!({"Federated": provider}), "sts:AssumeRoleWithWebIdentity")
        }
        _ => (json!({"Service": dice.of(&services)}), "sts:AssumeRole"),
    };
    document(&[json!({"Effect": "Allow", "Principal": principal, "Action": action})])
}

fn policy_arn(index: usize) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/policy-{index}")
}

fn attached(size: &Size, dice: &mut Dice) -> Value {
    let attached: Vec<Value> = (0..dice.below(4))
        .map(|_| {
            // One in two hundred is an administrator.
            let index = if dice.below(600) == 0 { 0 } else { 1 + dice.below(size.policies - 1) };
            json!({"PolicyName": format!("policy-{index}"), "PolicyArn": policy_arn(index)})
        })
        .collect();
    json!(attached)
}

/// What `aws iam get-account-authorization-details` answers.
fn account(size: &Size) -> Value {
    let mut dice = Dice(1);
    let policies: Vec<Value> = (0..size.policies)
        .map(|index| {
            json!({
                "PolicyName": format!("policy-{index}"), "PolicyId": format!("ANPA{index:016}"),
                "Arn": policy_arn(index), "Path": "/", "DefaultVersionId": "v1", "IsAttachable": true,
                "PolicyVersionList": [{
                    "Document": managed(index, &mut dice), "VersionId": "v1", "IsDefaultVersion": true,
                    "CreateDate": "2026-01-01T00:00:00Z",
                }],
            })
        })
        .collect();
    let groups: Vec<Value> = (0..size.groups)
        .map(|index| {
            json!({
                "Path": "/", "GroupName": format!("group-{index}"), "GroupId": format!("AGPA{index:016}"),
                "Arn": format!("arn:aws:iam::{ACCOUNT}:group/group-{index}"), "GroupPolicyList": [],
                "CreateDate": "2026-01-01T00:00:00Z", "AttachedManagedPolicies": attached(size, &mut dice),
            })
        })
        .collect();
    let users: Vec<Value> = (0..size.users)
        .map(|index| {
            json!({
                "Path": "/", "UserName": format!("user-{index}"), "UserId": format!("AIDA{index:016}"),
                "Arn": format!("arn:aws:iam::{ACCOUNT}:user/user-{index}"), "UserPolicyList": [],
                "CreateDate": "2026-01-01T00:00:00Z", "GroupList": [format!("group-{}", dice.below(size.groups))],
                "AttachedManagedPolicies": attached(size, &mut dice), "Tags": [{"Key": "team", "Value": "a"}],
            })
        })
        .collect();
    let roles: Vec<Value> = (0..size.roles).map(|index| role(index, size, &mut dice)).collect();
    json!({
        "UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies,
        "IsTruncated": false,
    })
}

fn role(index: usize, size: &Size, dice: &mut Dice) -> Value {
    let name = format!("role-{index}");
    let inline = if dice.below(10) == 0 {
        json!([{"PolicyName": "own", "PolicyDocument": permissions(dice)}])
    } else {
        json!([])
    };
    let mut role = json!({
        "Path": "/team/", "RoleName": name, "RoleId": format!("AROA{index:016}"),
        "Arn": format!("arn:aws:iam::{ACCOUNT}:role/team/{name}"), "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": trust(index, size, dice), "InstanceProfileList": [],
        "RolePolicyList": inline, "AttachedManagedPolicies": attached(size, dice),
        "Tags": [{"Key": "team", "Value": dice.of(&["a", "b", "c"])}, {"Key": "stage", "Value": "prod"}],
        "RoleLastUsed": {"LastUsedDate": "2026-10-01T00:00:00Z", "Region": "eu-west-1"},
    });
    if dice.below(20) == 0 {
        put(
            &mut role,
            "PermissionsBoundary",
            json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": policy_arn(19)}),
        );
    }
    role
}

/// A bucket with a policy: transport security for all, access for one role, and now and then for another account.
fn bucket(index: usize, size: &Size) -> Value {
    let mut dice = Dice(u64::try_from(index).unwrap_or(0) + 17);
    let arn = format!("arn:aws:s3:::bucket-{index}");
    let reader = match dice.below(50) {
        0 => json!({"AWS": "arn:aws:iam::999988887777:root"}),
        1 => json!({"Service": "cloudtrail.amazonaws.com"}),
        _ => json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:role/team/role-{}", dice.below(size.roles))}),
    };
    json!({"ResourceArn": arn, "Account": ACCOUNT, "Policy": document(&[
        json!({
            "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": [arn, format!("{arn}/*")], "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }),
        json!({
            "Sid": "Reader", "Effect": "Allow", "Principal": reader, "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [arn, format!("{arn}/*")],
        }),
    ])})
}
