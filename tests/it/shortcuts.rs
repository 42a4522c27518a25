//! What is only there to be fast changes nothing: on made-up accounts, the findings with every shortcut are those of
//! asking every question for itself with all policies. Only which request shows that a wildcard has effect may differ.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use leastwise::clouds;
use leastwise::evaluator::{Certainty, Evaluator, OneDocument};
use leastwise::findings::{self, Context, Finding};
use leastwise::graph::Graph;
use leastwise::input;
use leastwise::input::disk::Limits;
use leastwise::model::{CloudId, Estate};
use leastwise::solver::Portfolio;

use crate::made_up::{Size, accounts};

/// The same accounts that the benchmark measures, small enough for tests.
#[test]
fn shortcuts_change_no_finding() {
    let mut found = 0;
    for seed in 0..5 {
        let size = Size { resources: 60, policies: 60, seed, ..Size::of(80) };
        let size = Size { accounts: 1 + seed % 3, ..size };
        found += compare(&load(&format!("seed-{seed}"), size));
    }
    assert!(found > 30, "only {found} findings were compared");
}

/// Boundaries, denies and cross-account policies in the way of wildcards, which the made-up accounts have few of.
#[test]
fn shortcuts_change_no_finding_about_guarded_wildcards() {
    let folder = folder("guarded");
    let account = "111122223333";
    let role = |name: &str, policy: &str, boundary: &str| {
        format!(
            r#"{{"Arn": "arn:aws:iam::{account}:role/{name}", "RoleName": "{name}", "RoleId": "AROA{name}", "Path": "/",
            "AssumeRolePolicyDocument": {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow",
            "Principal": {{"Service": "ec2.amazonaws.com"}}, "Action": "sts:AssumeRole"}}]}},
            "RolePolicyList": [{{"PolicyName": "own", "PolicyDocument": {{"Version": "2012-10-17", "Statement": [{policy}]}}}}],
            "AttachedManagedPolicies": []{boundary}}}"#
        )
    };
    let only = |arn: &str| format!(r#"{{"Effect": "Allow", "Action": "s3:*", "Resource": "{arn}"}}"#);
    let boundary = format!(
        r#", "PermissionsBoundary": {{"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::{account}:policy/none"}}"#
    );
    let roles = [
        role("closed", &only("arn:aws:s3:::closed/*"), ""),
        role("partly", &only("arn:aws:s3:::partly*"), ""),
        role("foreign", &only("arn:aws:s3:::foreign/*"), ""),
        role("given", &only("arn:aws:s3:::given/*"), ""),
        role("bounded", r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#, &boundary),
        role("keys", r#"{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}"#, ""),
        role(
            "key",
            &format!(
                r#"{{"Effect": "Allow", "Action": "kms:*", "Resource": "arn:aws:kms:eu-west-1:{account}:key/1"}}"#
            ),
            "",
        ),
        role("assumes", r#"{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}"#, ""),
    ];
    let none = format!(
        r#"{{"PolicyName": "none", "Arn": "arn:aws:iam::{account}:policy/none", "DefaultVersionId": "v1",
        "PolicyVersionList": [{{"VersionId": "v1", "IsDefaultVersion": true, "Document": {{"Version": "2012-10-17",
        "Statement": [{{"Effect": "Allow", "Action": "ec2:StopInstances", "Resource": "arn:aws:ec2:*:*:instance/none"}}]}}}}]}}"#
    );
    let details = format!(
        r#"{{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [{}], "Policies": [{none}]}}"#,
        roles.join(",")
    );
    let of = |arn: &str, owner: &str, statement: &str| {
        format!(
            r#"{{"ResourceArn": "{arn}", "Account": "{owner}", "Policy": {{"Version": "2012-10-17", "Statement": [{statement}]}}}}"#
        )
    };
    let deny = |arn: &str| {
        format!(r#"{{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "{arn}/*"}}"#)
    };
    let allow = |arn: &str, who: &str| {
        format!(
            r#"{{"Effect": "Allow", "Principal": {{"AWS": "{who}"}}, "Action": "s3:GetObject", "Resource": "{arn}/*"}}"#
        )
    };
    let given = format!("arn:aws:iam::{account}:role/given");
    let mut resources = vec![
        of("arn:aws:s3:::closed", account, &deny("arn:aws:s3:::closed")),
        of("arn:aws:s3:::partly", account, &deny("arn:aws:s3:::partly")),
        of("arn:aws:s3:::foreign", "444455556666", &allow("arn:aws:s3:::foreign", "444455556666")),
        of("arn:aws:s3:::given", "444455556666", &allow("arn:aws:s3:::given", &given)),
        of(
            &format!("arn:aws:kms:eu-west-1:{account}:key/1"),
            account,
            r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/other"}, "Action": "kms:*", "Resource": "*"}"#,
        ),
    ];
    // Questions that few resources bear on are asked with all of them anyway.
    for index in 0..50 {
        let arn = format!("arn:aws:s3:::other-{index}");
        resources.push(of(&arn, account, &deny(&arn)));
    }
    write(&folder, "details.json", &details);
    write(&folder, "resources.json", &format!("[{}]", resources.join(",")));
    assert!(compare(&loaded(&folder)) >= 8);
}

/// An account is administered from inside only, unless the input says that its principals have policies as other resources
/// do: then a role of another account that such a policy names is asked, too.
#[test]
fn shortcuts_miss_no_administrator_from_another_account() {
    let folder = folder("administered");
    let (own, other) = ("111122223333", "444455556666");
    let role = |account: &str, policy: &str| {
        format!(
            r#"{{"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{{
            "Arn": "arn:aws:iam::{account}:role/admin", "RoleName": "admin", "RoleId": "AROA{account}", "Path": "/",
            "AssumeRolePolicyDocument": {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow",
            "Principal": {{"Service": "ec2.amazonaws.com"}}, "Action": "sts:AssumeRole"}}]}},
            "RolePolicyList": [{{"PolicyName": "own", "PolicyDocument": {{"Version": "2012-10-17", "Statement": [{policy}]}}}}],
            "AttachedManagedPolicies": []}}]}}"#
        )
    };
    let all = r#"{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}"#;
    write(&folder, "own.json", &role(own, r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#));
    write(&folder, "other.json", &role(other, all));
    let administrators = |estate: &Estate| {
        let portfolio = Portfolio::default();
        let evaluator = Evaluator::new(estate, &portfolio);
        let all = found(evaluator);
        all.iter().filter(|finding| finding.rule == "administrator-access").count()
    };
    let aws = clouds::cloud(CloudId::new("aws")).unwrap();
    let contenders = |estate: &Estate, account: &str| {
        let scope = estate.find_scope(aws.id(), account).unwrap();
        aws.contenders(estate, scope).map(|all| all.len())
    };
    let before = loaded(&folder);
    assert_eq!(administrators(&before), 1, "of its own account alone");
    assert_eq!((contenders(&before, own), contenders(&before, other)), (Some(0), Some(1)));
    compare(&before);
    let policy = format!(
        r#"{{"ResourceArn": "arn:aws:iam::{own}:user", "Account": "{own}", "Policy": {{"Version": "2012-10-17", "Statement": [{{
        "Effect": "Allow", "Principal": {{"AWS": "arn:aws:iam::{other}:role/admin"}}, "Action": "iam:*", "Resource": "*"}}]}}}}"#
    );
    write(&folder, "policy.json", &policy);
    let after = loaded(&folder);
    assert_eq!((contenders(&after, own), contenders(&after, other)), (None, None));
    compare(&after);
}

/// Documents whose statements overlap in every way, which the made-up accounts have few of: what one says of another, of
/// its own conditions, and of keys that are left out.
#[test]
fn shortcuts_change_no_finding_about_documents() {
    let folder = folder("documents");
    let actions = [
        r#""Action": "s3:GetObject""#,
        r#""Action": ["S3:get*", "sqs:SendMessage"]"#,
        r#""Action": "s3:ListBucket""#,
        r#""Action": "dynamodb:Put*""#,
        r#""Action": "*""#,
        r#""NotAction": "s3:*""#,
    ];
    let resources = [
        r#""Resource": "*""#,
        r#""Resource": "arn:aws:s3:::bucket/*""#,
        r#""Resource": ["arn:aws:s3:::bucket/a", "arn:aws:s3:::other"]"#,
        r#""Resource": "arn:aws:s3:::${aws:username}/*""#,
        r#""NotResource": "arn:aws:s3:::bucket/*""#,
    ];
    let conditions = [
        "",
        "",
        r#", "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}"#,
        r#", "Condition": {"StringLike": {"aws:RequestedRegion": "*"}}"#,
        r#", "Condition": {"StringEquals": {"s3:prefix": "home/"}}"#,
        r#", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}"#,
        r#", "Condition": {"StringEquals": {"aws:SourceAccount": "1"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#,
        r#", "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}"#,
        r#", "Condition": {"StringEquals": {"aws:RequestedRegion": "x"}, "StringNotEquals": {"aws:RequestedRegion": "x"}}"#,
    ];
    let mut state = 7_u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % limit
    };
    let mut policies = Vec::new();
    for index in 0..150 {
        let mut statements = Vec::new();
        for _ in 0..=below(4) {
            let effect = if below(3) == 0 { "Deny" } else { "Allow" };
            let (action, resource) = (actions[below(actions.len())], resources[below(resources.len())]);
            let condition = conditions[below(conditions.len())];
            statements.push(format!(r#"{{"Effect": "{effect}", {action}, {resource}{condition}}}"#));
        }
        // Attached to nobody: only the documents are asked about.
        policies.push(format!(
            r#"{{"PolicyName": "p{index}", "Arn": "arn:aws:iam::111122223333:policy/p{index}", "DefaultVersionId": "v1",
            "PolicyVersionList": [{{"VersionId": "v1", "IsDefaultVersion": true, "Document": {{"Version": "2012-10-17",
            "Statement": [{}]}}}}]}}"#,
            statements.join(", ")
        ));
    }
    let details = format!(
        r#"{{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": [{}]}}"#,
        policies.join(",")
    );
    write(&folder, "details.json", &details);
    let estate = loaded(&folder);
    compare(&estate);
    let portfolio = Portfolio::default();
    let rules: BTreeSet<&str> =
        found(Evaluator::new(&estate, &portfolio)).iter().map(|finding| finding.rule).collect();
    for rule in [
        "denied-allow",
        "dodgeable-deny",
        "idle-condition",
        "impossible-condition",
        "redundant-statement",
        "vacuous-condition",
    ] {
        assert!(rules.contains(rule), "no `{rule}` was compared");
    }
}

/// Compares both ways, and answers how many findings there are.
fn compare(estate: &Estate) -> usize {
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(estate, &portfolio);
    let (fast, slow) = (found(evaluator), found(evaluator.without_shortcuts()));
    for (fast, slow) in fast.iter().zip(&slow) {
        assert_eq!(comparable(fast), comparable(slow));
    }
    assert_eq!(fast.len(), slow.len());
    fast.len()
}

/// The finding; for a wildcard, whether there is a request that shows it, and not which. What is assumed for the request
/// goes with it.
fn comparable(finding: &Finding) -> (Finding, bool, bool) {
    let mut finding = finding.clone();
    let (shown, undecided) = (finding.witness.is_some(), finding.is_undecided());
    if finding.rule == "wildcard-action" && shown {
        assert!(finding.witness.take().is_some_and(|witness| witness.decision.is_allowed()));
        finding.certainty = Certainty::Proven;
    }
    (finding, shown, undecided)
}

fn found(evaluator: Evaluator<'_>) -> Vec<Finding> {
    let graph = Graph::build(&evaluator, &[]).unwrap();
    let documents = OneDocument::all(&evaluator);
    findings::run(&Context::new(evaluator, &graph, &documents)).unwrap()
}

fn load(name: &str, size: Size) -> Estate {
    let folder = folder(name);
    for account in accounts(size) {
        let mut details = String::new();
        account.details(|text| details.push_str(text));
        write(&folder, &format!("{}-details.json", account.id()), &details);
        let resources: Vec<_> = account.resources().collect();
        let text = serde_json::to_string(&resources).unwrap();
        write(&folder, &format!("{}-resources.json", account.id()), &text);
    }
    loaded(&folder)
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shortcuts").join(name);
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn loaded(folder: &Path) -> Estate {
    let loaded = input::load(&[folder.to_string_lossy().into_owned()], Limits::default());
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems.first());
    loaded.estate
}
