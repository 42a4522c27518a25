//! Exports as users have them: whole, in pages, encoded, incomplete, and wrong.
#![expect(clippy::disallowed_methods, reason = "an export outside the repository is loaded and timed")]

use std::collections::BTreeMap;
use std::io::Read;

use super::super::{Document, FORMATS, Format};
use super::*;
use crate::clouds::Cloud;
use crate::clouds::aws::Aws;
use crate::model::{Object, Question, Request, ScopeKind, Subject, Verdict};
use crate::text::{Files, json};

fn load(text: &str) -> (Files, Estate, Vec<Problem>) {
    let mut files = Files::default();
    let file = files.add("account.json", text);
    let mut problems = Vec::new();
    let tree = json::parse(file, text, &mut problems).unwrap();
    let best = FORMATS.iter().max_by_key(|format| format.detects(&tree)).unwrap();
    assert_eq!((best.id(), best.detects(&tree)), ("aws-account-details", Confidence::Certain));
    let mut estate = Estate::default();
    let document = Document { file, path: "account.json", tree: &tree };
    AwsAccountDetails.load(&document, &mut estate, &mut problems);
    (files, estate, problems)
}

const ACCOUNT: &str = r#"{
  "UserDetailList": [{
    "Path": "/team/", "UserName": "ann", "UserId": "AIDAANN", "Arn": "arn:aws:iam::111111111111:user/team/ann",
    "GroupList": ["devs"], "AttachedManagedPolicies": [{"PolicyName": "ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
    "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sqs%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"}],
    "Tags": [{"Key": "team", "Value": "blue"}]
  }],
  "GroupDetailList": [{
    "Path": "/x/", "GroupName": "devs", "GroupId": "AGPA", "Arn": "arn:aws:iam::111111111111:group/x/devs",
    "GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sns:*", "Resource": "*"}}}],
    "AttachedManagedPolicies": []
  }],
  "RoleDetailList": [{
    "Path": "/", "RoleName": "r", "RoleId": "AROAR", "Arn": "arn:aws:iam::111111111111:role/r",
    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
      "Principal": {"AWS": ["arn:aws:iam::111111111111:user/team/ann", "arn:aws:iam::999999999999:role/vendor"], "Service": "ec2.amazonaws.com"}}]},
    "InstanceProfileList": [], "RolePolicyList": [],
    "AttachedManagedPolicies": [{"PolicyName": "m", "PolicyArn": "arn:aws:iam::111111111111:policy/p/m"}],
    "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": "arn:aws:iam::111111111111:policy/b"}
  }],
  "Policies": [{"PolicyName": "m", "Arn": "arn:aws:iam::111111111111:policy/p/m", "DefaultVersionId": "v2", "PolicyVersionList": [
    {"VersionId": "v1", "IsDefaultVersion": false, "Document": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}},
    {"VersionId": "v2", "IsDefaultVersion": true, "Document": "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:Get*\",\"Resource\":\"*\"}}"}
  ]}]
}"#;

const ANN: &str = "arn:aws:iam::111111111111:user/team/ann";
const R: &str = "arn:aws:iam::111111111111:role/r";

fn verdict(estate: &Estate, who: &str, action: &str, resource: &str) -> Verdict {
    let request = Request {
        cloud: AWS,
        principal: who.to_owned(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: BTreeMap::new(),
    };
    let decision = Aws.decide(estate, &request);
    let subject = Subject::Principal(estate.find_principal(AWS, who).unwrap());
    let question = Question {
        cloud: AWS,
        subject,
        action: Some(action.to_owned()),
        object: Object::Named(resource.to_owned()),
    };
    let layers = Aws.layers(estate, &question);
    let symbolic = Aws.combine(&layers).restrict(&layers.known).evaluate(&Aws.assignment(estate, &request));
    assert_eq!(symbolic, Some(decision.is_allowed()), "{request:?}");
    decision.verdict
}

#[test]
fn an_account_is_loaded_with_all_that_is_attached() {
    let (files, estate, problems) = load(ACCOUNT);
    assert_eq!(problems, []);
    let allowed =
        |who: &str, action: &str| verdict(&estate, who, action, "arn:aws:s3:::b/k") == Verdict::Allowed;
    assert!(allowed(ANN, "sqs:SendMessage"), "inline, percent-encoded");
    assert!(allowed(ANN, "sns:Publish"), "by its group, which has a path");
    assert!(allowed(ANN, "s3:GetObject"), "managed by AWS, from the catalog");
    assert!(!allowed(ANN, "s3:PutObject"));
    assert!(allowed(R, "s3:GetObject"), "the default version, as a string");
    assert!(!allowed(R, "s3:PutObject"), "no other version");
    assert_eq!(verdict(&estate, ANN, "sts:AssumeRole", R), Verdict::Allowed);
    let (_, scope) = estate.scopes().next().unwrap();
    assert_eq!((scope.name.as_str(), scope.kind), ("111111111111", ScopeKind::Account));
    let ann = estate.principal(estate.find_principal(AWS, ANN).unwrap()).unwrap();
    assert_eq!(ann.facts["aws:PrincipalTag/team"], "blue");
    assert_eq!(ann.kind, PrincipalKind::User);
    let vendor = estate.find_principal(AWS, "arn:aws:iam::999999999999:role/vendor").unwrap();
    assert_eq!(estate.principal(vendor).unwrap().kind, PrincipalKind::External);
    assert_eq!(
        verdict(&estate, "arn:aws:iam::999999999999:role/vendor", "sts:AssumeRole", R),
        Verdict::Allowed
    );
    assert_eq!(verdict(&estate, "ec2.amazonaws.com", "sts:AssumeRole", R), Verdict::Allowed);
    // Statements point into the file, also those inside an encoded string.
    let request = Request {
        cloud: AWS,
        principal: ANN.into(),
        action: "sqs:SendMessage".into(),
        resource: "*".into(),
        context: BTreeMap::new(),
    };
    let decision = Aws.decide(&estate, &request);
    let reason = &decision.because[0];
    assert_eq!(reason.origin.what, "statement 1 of policy `ann/own`");
    assert!(files.slice(reason.origin.span.unwrap()).starts_with("%7B%22Effect"));
    assert_eq!(
        reason.origin.route.to_string(),
        "UserDetailList[0].UserPolicyList[0].PolicyDocument.Statement[0]"
    );
}

#[test]
fn a_missing_boundary_is_a_gap_and_not_a_denial() {
    let (_, estate, _) = load(ACCOUNT);
    let question = Question {
        cloud: AWS,
        subject: Subject::Principal(estate.find_principal(AWS, R).unwrap()),
        action: None,
        object: Object::Any,
    };
    let gaps = Aws.layers(&estate, &question).gaps;
    assert!(gaps.iter().any(|gap| gap.message.contains("policy/b`, a permission boundary")), "{gaps:?}");
}

#[test]
fn pages_are_put_together() {
    let tree: serde_json::Value = serde_json::from_str(ACCOUNT).unwrap();
    let page = |key: &str| serde_json::json!({key: tree[key], "IsTruncated": true});
    let pages = serde_json::json!([
        page("UserDetailList"),
        page("GroupDetailList"),
        page("RoleDetailList"),
        page("Policies")
    ]);
    let (_, estate, problems) = load(&pages.to_string());
    assert_eq!(problems, []);
    assert_eq!(
        verdict(&estate, ANN, "sns:Publish", "arn:aws:sns:eu-west-1:111111111111:t"),
        Verdict::Allowed
    );
    assert_eq!(verdict(&estate, R, "s3:GetObject", "arn:aws:s3:::b/k"), Verdict::Allowed);
}

#[test]
fn what_is_wrong_is_said_and_the_rest_is_loaded() {
    let text = ACCOUNT
        .replace("\"GroupList\": [\"devs\"]", "\"GroupList\": [\"devs\", \"ops\"]")
        .replace("\"sns:*\"", "7")
        .replace("arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/NoSuchPolicy")
        .replace("\"Policies\": [{", "\"Policies\": [{\"PolicyName\": \"nameless\"}, {");
    let (_, estate, problems) = load(&text);
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "an entry of `Policies` has no `Arn` and was left out",
            "expected `Action` to be a string or an array of strings, found a number",
            "group `ops` of `arn:aws:iam::111111111111:user/team/ann` is not in the file; its policies are not known",
        ]
    );
    assert!(problems.iter().all(|problem| problem.span.is_some()));
    assert_eq!(verdict(&estate, ANN, "sqs:SendMessage", "*"), Verdict::Allowed);
    let question = Question {
        cloud: AWS,
        subject: Subject::Principal(estate.find_principal(AWS, ANN).unwrap()),
        action: None,
        object: Object::Any,
    };
    let gaps: Vec<String> = Aws.layers(&estate, &question).gaps.into_iter().map(|gap| gap.message).collect();
    assert_eq!(gaps.len(), 3, "{gaps:?}");
    assert!(gaps.iter().any(|gap| gap.contains("group `ops`")));
    assert!(gaps.iter().any(|gap| gap.contains("NoSuchPolicy")));
    assert!(
        gaps.iter()
            .any(|gap| gap.contains("statement 1 of policy `devs/g`") && gap.contains("may grant more"))
    );
}

#[test]
fn a_real_account_is_loaded() {
    let shared = std::env::var("LEASTWISE_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let Ok(packed) = std::fs::read(format!("{shared}/oracles/aws-account-example.json.gz")) else {
        println!("skipped: no aws-account-example.json.gz in {shared}/oracles");
        return;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    let start = std::time::Instant::now();
    let (_, estate, problems) = load(&text);
    let loaded = start.elapsed();
    assert_eq!(problems, []);
    let users = estate.principals().filter(|(_, principal)| principal.kind == PrincipalKind::User).count();
    let roles = estate.principals().filter(|(_, principal)| principal.kind == PrincipalKind::Role).count();
    assert_eq!((users, roles), (44, 78));
    let start = std::time::Instant::now();
    let steps = Aws.steps(&estate).len();
    let stepped = start.elapsed();
    let start = std::time::Instant::now();
    let lowered: usize = estate.policies().map(|(id, _)| Aws.grants(&estate, id, IDENTITY).len()).sum();
    println!("{lowered} statements as formulas in {:?}", start.elapsed());
    let mut times = [std::time::Duration::ZERO; 3];
    for (id, _) in estate.principals() {
        let question =
            Question { cloud: AWS, subject: Subject::Principal(id), action: None, object: Object::Any };
        let start = std::time::Instant::now();
        let layers = Aws.layers(&estate, &question);
        times[0] += start.elapsed();
        let start = std::time::Instant::now();
        let formula = Aws.combine(&layers);
        times[1] += start.elapsed();
        let start = std::time::Instant::now();
        let _ = formula.restrict(&layers.known);
        times[2] += start.elapsed();
    }
    println!("loaded in {loaded:?}; {steps} steps in {stepped:?}");
    println!("for all principals: layers {:?}, formula {:?}, restriction {:?}", times[0], times[1], times[2]);
}
