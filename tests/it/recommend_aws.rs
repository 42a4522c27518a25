//! Policies that are written from recorded use: cases as data (`recommend/aws.json`), and laws on policies and logs that
//! nobody wrote. What is claimed by the proof is held against a second estate in which the text was put in place.

use std::collections::{BTreeMap, BTreeSet};

use leastwise::clouds::Cloud;
use leastwise::clouds::aws::{AWS, Aws};
use leastwise::evaluator::Evaluator;
use leastwise::input;
use leastwise::model::{Estate, Request, Usage, Use};
use leastwise::recommender::{Applicability, Options, Suggestion, recommend};
use leastwise::solver::Portfolio;
use leastwise::usage::{Log, cloudtrail::CloudTrail};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::111122223333:role/worker";

/// An account with one role that holds these inline policies.
fn estate(policies: &BTreeMap<String, Value>, boundary: Option<&Value>) -> Estate {
    let document = |statements: &Value| json!({"Version": "2012-10-17", "Statement": statements});
    let inline: Vec<Value> = policies
        .iter()
        .map(|(name, statements)| json!({"PolicyName": name, "PolicyDocument": document(statements)}))
        .collect();
    let limit = "arn:aws:iam::111122223333:policy/limit";
    let mut role = json!({
        "Arn": ROLE, "RoleName": "worker", "Path": "/", "RoleId": "AROAEXAMPLEWORKER001", "RolePolicyList": inline,
        "AttachedManagedPolicies": [], "InstanceProfileList": [],
        "AssumeRolePolicyDocument": document(&json!([{"Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"}}])),
    });
    let mut managed = Vec::new();
    if let Some(statements) = boundary {
        role["PermissionsBoundary"] =
            json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": limit});
        managed
            .push(json!({"Arn": limit, "PolicyName": "limit", "DefaultVersionId": "v1", "PolicyVersionList":
            [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document(statements)}]}));
    }
    let details =
        json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": managed});
    let loaded = input::load_text("account-details.json", details.to_string());
    assert_eq!(loaded.problems, [], "{details}");
    loaded.estate
}

/// The log of these calls of the role.
fn usage(events: &[Value]) -> Usage {
    let mut log = String::new();
    for event in events {
        let mut record = json!({
            "eventVersion": "1.09",
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/worker/s",
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": ROLE}}},
            "eventTime": "2026-08-01T10:00:00Z", "awsRegion": "eu-west-1", "eventType": "AwsApiCall",
            "recipientAccountId": "111122223333", "requestParameters": event[2], "eventName": event[1],
            "eventSource": format!("{}.amazonaws.com", event[0].as_str().unwrap()),
        });
        if let Some(code) = event[3].as_str() {
            record["errorCode"] = json!(code);
        }
        log.push_str(&format!("{record}\n"));
    }
    let (mut usage, mut problems) = (Usage::default(), Vec::new());
    CloudTrail.read(&mut log.as_bytes(), &mut usage, &mut problems).unwrap();
    assert_eq!((problems.len(), usage.unmapped.len()), (0, 0));
    usage
}

fn suggestions(estate: &Estate, usage: &Usage) -> Vec<Suggestion> {
    within(Portfolio::default().budget, estate, usage)
}

fn within(budget: u64, estate: &Estate, usage: &Usage) -> Vec<Suggestion> {
    let portfolio = Portfolio { budget, ..Portfolio::default() };
    let options = Options { principal: None, days: 1 };
    recommend(&Evaluator::new(estate, &portfolio), usage, &options).unwrap()
}

/// The statements of all policies that are proposed, by the policy's name.
fn proposed(suggestion: &Suggestion) -> BTreeMap<String, Value> {
    let texts = suggestion.replacement.iter().map(|one| {
        let document: Value = serde_json::from_str(one.text.as_deref().unwrap()).unwrap();
        (one.role.clone(), document["Statement"].clone())
    });
    texts.collect()
}

fn texts(value: &Value) -> Vec<&str> {
    value
        .as_str()
        .into_iter()
        .chain(value.as_array().into_iter().flatten().filter_map(Value::as_str))
        .collect()
}

/// "action resource" for all that the allow statements list.
fn allowed(statements: &[Value]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for one in statements.iter().filter(|one| one["Effect"] == "Allow") {
        for action in texts(&one["Action"]) {
            all.extend(texts(&one["Resource"]).iter().map(|resource| format!("{action} {resource}")));
        }
    }
    all
}

#[test]
fn suggestions_are_as_expected() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("recommend/aws.json")).unwrap();
    for case in &cases {
        let policies: BTreeMap<String, Value> = serde_json::from_value(case["policies"].clone()).unwrap();
        let estate = estate(&policies, case.get("boundary"));
        let usage = usage(case["events"].as_array().unwrap());
        let found = suggestions(&estate, &usage);
        let name = case["name"].as_str().unwrap();
        if case["nothing"] == true {
            assert!(found.is_empty(), "{name}: {found:?}");
            continue;
        }
        let [only] = found.as_slice() else { panic!("{name}: {} suggestions", found.len()) };
        let statements: Vec<Value> =
            proposed(only).into_values().flat_map(|list| list.as_array().unwrap().clone()).collect();
        if let Some(expected) = case["statements"].as_array() {
            assert_eq!(&statements, expected, "{name}");
        }
        if let Some(expected) = case["allow"].as_array() {
            let expected = expected.iter().map(|one| one.as_str().unwrap().to_owned()).collect();
            assert_eq!(allowed(&statements), expected, "{name}");
        }
        assert_eq!(only.applicability.as_str(), case["applicability"].as_str().unwrap(), "{name}: {only:?}");
        if let Some(replayed) = case["replayed"].as_u64() {
            assert_eq!(only.proof.replayed, replayed, "{name}");
        }
        for note in case["notes"].as_array().into_iter().flatten() {
            let note = note.as_str().unwrap();
            assert!(only.notes.iter().any(|one| one.contains(note)), "{name}: {:?}", only.notes);
        }
    }
}

#[test]
fn commands_give_before_they_take() {
    let policies =
        BTreeMap::from([("all".to_owned(), json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]))]);
    let usage = usage(&[json!(["s3", "GetObject", {"bucketName": "b", "key": "it's"}])]);
    let [only] = &*suggestions(&estate(&policies, None), &usage) else { panic!("one suggestion") };
    let verbs = |commands: &[String]| -> Vec<String> {
        commands.iter().map(|command| command.split(' ').nth(2).unwrap().to_owned()).collect()
    };
    assert_eq!(verbs(&only.apply), ["get-role-policy", "put-role-policy", "delete-role-policy"]);
    assert_eq!(verbs(&only.rollback), ["put-role-policy", "delete-role-policy"]);
    assert!(only.apply[1].contains(r"arn:aws:s3:::b/it'\''s"), "{}", only.apply[1]);
}

#[test]
fn what_is_too_long_for_one_inline_policy_becomes_managed_ones() {
    let policies =
        BTreeMap::from([("all".to_owned(), json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]))]);
    let events: Vec<Value> = (0..100)
        .map(|number| json!(["dynamodb", "DescribeTable", {"tableName": format!("{number:0100}")}]))
        .collect();
    let [only] = &*suggestions(&estate(&policies, None), &usage(&events)) else { panic!("one suggestion") };
    assert!(only.replacement.len() > 1);
    for one in &only.replacement {
        assert!(one.text.as_deref().unwrap().len() <= 6_144, "{}", one.role);
    }
    assert_eq!((only.applicability, only.proof.replayed), (Applicability::Safe, 100));
    assert!(only.apply.iter().any(|command| command.starts_with("aws iam create-policy ")));
}

const ACTIONS: &[&str] = &["s3:GetObject", "s3:Get*", "s3:*", "*", "dynamodb:GetItem", "s3:PutObject"];
const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/in/*",
    "arn:aws:s3:::b/in/1",
    "arn:aws:s3:::?/in/*",
    "arn:aws:dynamodb:*:*:table/t",
    "arn:aws:s3:::b/${aws:PrincipalTag/team}/*",
];
const USED: &[(&str, &str)] = &[
    ("s3:GetObject", "arn:aws:s3:::b/in/1"),
    ("s3:GetObject", "arn:aws:s3:::b/in/2"),
    ("s3:GetObject", "arn:aws:s3:::b/in/3"),
    ("s3:GetObject", "arn:aws:s3:::b/in/4"),
    ("s3:GetObject", "arn:aws:s3:::b/in/5"),
    ("s3:PutObject", "arn:aws:s3:::c/in/1"),
    ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/t"),
    ("dynamodb:GetItem", ""),
    ("s3:ListAllMyBuckets", "*"),
    ("s3:GetObject", "arn:aws:s3:::b/red/1"),
    ("s3:GetObject", "arn:aws:s3:::b/in/*"),
];
/// Small, because Z3 takes minutes about a few policies that nobody would write.
const BUDGET: u64 = 100_000;

/// What the laws are tried on beside what was used.
const OTHERS: &[(&str, &str)] = &[
    ("s3:GetObject", "arn:aws:s3:::b/out"),
    ("s3:DeleteObject", "arn:aws:s3:::b/in/1"),
    ("s3:GetObject", "arn:aws:s3:::c/in/1"),
    ("iam:CreateUser", "arn:aws:iam::111122223333:user/x"),
    ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/u"),
    ("s3:GetObject", "arn:aws:s3:::b/in/99"),
    ("ec2:DescribeInstances", "*"),
    ("s3:PutObject", "arn:aws:s3:::b/in/1"),
];

fn statements() -> impl Strategy<Value = Value> {
    let one = (
        prop::bool::weighted(0.85),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
        subsequence(ACTIONS, 1..=2),
        subsequence(RESOURCES, 1..=2),
        select(&[None, None, Some("true"), Some("false")][..]),
    );
    let one = one.prop_map(|(allows, not_action, not_resource, actions, resources, secure)| {
        let mut statement = json!({"Effect": if allows { "Allow" } else { "Deny" }});
        statement[if not_action { "NotAction" } else { "Action" }] = json!(actions);
        statement[if not_resource { "NotResource" } else { "Resource" }] = json!(resources);
        if let Some(value) = secure {
            statement["Condition"] = json!({"Bool": {"aws:SecureTransport": value}});
        }
        statement
    });
    prop::collection::vec(one, 1..4).prop_map(|all| json!(all))
}

fn uses(used: &[(&str, &str)]) -> Usage {
    let mut usage = Usage::default();
    for (action, resource) in used {
        let one = Use {
            cloud: AWS,
            principal: ROLE.to_owned(),
            action: (*action).to_owned(),
            resource: (*resource).to_owned(),
            via: String::new(),
        };
        usage.record(one, Some(0));
    }
    usage
}

fn allows(
    estate: &Estate,
    (action, resource): (&str, &str),
    secure: Option<&str>,
    team: Option<&str>,
) -> bool {
    let mut context = BTreeMap::new();
    context.extend(secure.map(|value| ("aws:SecureTransport".to_owned(), vec![value.to_owned()])));
    context.extend(team.map(|value| ("aws:PrincipalTag/team".to_owned(), vec![value.to_owned()])));
    let request = Request {
        cloud: AWS,
        principal: ROLE.to_owned(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context,
    };
    Aws.decide(estate, &request).is_allowed()
}

/// Whatever the policies and the log: the text that is proposed, loaded as a file of its own, keeps every use and allows
/// nothing new, and then nothing is left to propose.
#[test]
fn suggestions_keep_all_use_and_add_nothing() {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner =
        TestRunner::new_with_rng(Config { cases: 24, failure_persistence: None, ..Config::default() }, seed);
    let proposals = std::cell::Cell::new(0);
    let input = (statements(), prop::option::of(statements()), subsequence(USED, 1..USED.len()));
    let law = |(policy, boundary, used): (Value, Option<Value>, Vec<(&'static str, &'static str)>)| {
        let held = BTreeMap::from([("held".to_owned(), policy)]);
        let before = estate(&held, boundary.as_ref());
        let usage = uses(&used);
        for suggestion in within(BUDGET, &before, &usage) {
            let proof = &suggestion.proof;
            prop_assert!(
                proof.keeps.holds != Some(false) && proof.narrows.holds != Some(false),
                "{:?}",
                suggestion
            );
            let is_proven = suggestion.applicability != Applicability::Unproven;
            proposals.set(proposals.get() + u32::from(is_proven));
            let after = estate(&proposed(&suggestion), boundary.as_ref());
            for secure in [None, Some("true"), Some("false")] {
                for team in [None, Some("red"), Some("in")] {
                    for one in used.iter().filter(|(_, resource)| !resource.is_empty()) {
                        let (was, is) =
                            (allows(&before, *one, secure, team), allows(&after, *one, secure, team));
                        prop_assert_eq!(was, is, "{:?} {:?} {:?}", one, secure, team);
                    }
                    for one in OTHERS {
                        let (was, is) =
                            (allows(&before, *one, secure, team), allows(&after, *one, secure, team));
                        prop_assert!(was || !is, "{:?} {:?} {:?} is new", one, secure, team);
                    }
                }
            }
            prop_assert!(within(BUDGET, &after, &usage).is_empty(), "something is left to propose");
        }
        Ok(())
    };
    runner.run(&input, law).unwrap();
    assert!(proposals.get() > 12, "{} proposals only", proposals.get());
}
