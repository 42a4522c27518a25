//! Policy documents alone: whose they are, what wraps them, and what is wrong with them.

use super::super::{Document, FORMATS, Format};
use super::*;
use crate::clouds::Cloud;
use crate::clouds::aws::Aws;
use crate::model::{Object, Question, Request, Subject, Verdict};
use crate::text::{Files, json};

fn load(path: &str, text: &str) -> (Estate, Vec<Problem>) {
    let mut files = Files::default();
    let file = files.add(path, text);
    let mut problems = Vec::new();
    let tree = json::parse(file, text, &mut problems).unwrap();
    let best = FORMATS.iter().max_by_key(|format| format.detects(&tree)).unwrap();
    assert_eq!(best.id(), "aws-policy");
    let mut estate = Estate::default();
    AwsPolicy.load(&Document { file, path, tree: &tree }, &mut estate, &mut problems);
    (estate, problems)
}

/// The one problem of a document, as message and help.
fn problem(text: &str) -> (String, String) {
    let (_, problems) = load("p.json", text);
    let [problem] = problems.as_slice() else { panic!("{problems:#?}") };
    assert!(problem.span.is_some());
    (problem.message.clone(), problem.help.clone().unwrap_or_default())
}

fn decide(estate: &Estate, who: &str, action: &str, resource: &str) -> Verdict {
    let request = Request {
        cloud: AWS,
        principal: who.to_owned(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        context: BTreeMap::new(),
    };
    Aws.decide(estate, &request).verdict
}

const IDENTITY: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;
const BUCKET: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:role/v"}, "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}]}"#;

#[test]
fn a_policy_without_principals_has_a_holder() {
    let wrapped = [
        IDENTITY.to_owned(),
        format!(r#"{{"PolicyVersion": {{"Document": {IDENTITY}, "VersionId": "v1"}}}}"#),
        format!(r#"{{"RoleName": "r", "PolicyName": "p", "PolicyDocument": {IDENTITY}}}"#),
        serde_json::json!({"Policy": IDENTITY}).to_string(),
    ];
    for text in wrapped {
        let (estate, problems) = load("a/deploy.json", &text);
        assert_eq!(problems, [], "{text}");
        let holder = estate.principal(estate.find_principal(AWS, "deploy").unwrap()).unwrap();
        assert_eq!((holder.kind, holder.home), (PrincipalKind::Holder, None));
        assert_eq!(decide(&estate, "deploy", "s3:GetObject", "arn:aws:s3:::b/k"), Verdict::Allowed);
        assert_eq!(decide(&estate, "deploy", "sqs:SendMessage", "*"), Verdict::ImplicitlyDenied);
    }
}

#[test]
fn a_policy_with_principals_belongs_to_its_resources() {
    let (estate, problems) = load("bucket.json", &serde_json::json!({"Policy": BUCKET}).to_string());
    assert_eq!(problems, []);
    let (id, bucket) = estate.resources().next().unwrap();
    assert_eq!(
        (bucket.name.as_str(), bucket.kind.as_str(), bucket.home),
        ("arn:aws:s3:::b", "s3:bucket", None)
    );
    assert_eq!(estate.resources().count(), 1);
    assert!(Aws.coverage(&estate, id).matches("arn:aws:s3:::b/k"));
    assert!(!Aws.coverage(&estate, id).matches("arn:aws:s3:::bc"));
    assert_eq!(
        decide(&estate, "arn:aws:iam::999999999999:role/v", "s3:GetObject", "arn:aws:s3:::b/k"),
        Verdict::Allowed
    );
}

#[test]
fn the_wrapper_says_whose_resource_it_is() {
    let text =
        format!(r#"{{"ResourceArn": "arn:aws:s3:::b", "Account": "111111111111", "Policy": {BUCKET}}}"#);
    let (estate, problems) = load("b.json", &text);
    assert_eq!(problems, []);
    let (_, bucket) = estate.resources().next().unwrap();
    assert_eq!(estate.scope(bucket.home.unwrap()).unwrap().name, "111111111111");
    let wrong =
        text.replace("111111111111", "1234").replace("ResourceArn\": \"arn:aws:s3:::b", "ResourceArn\": \"b");
    let messages: Vec<String> = load("b.json", &wrong).1.into_iter().map(|problem| problem.message).collect();
    assert_eq!(
        messages,
        [
            "expected `ResourceArn` to be the ARN of one resource",
            "expected `Account` to be an account number"
        ]
    );
}

#[test]
fn a_trust_policy_is_a_role_of_its_own() {
    let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}}"#;
    let (estate, problems) = load("trust.json", text);
    assert_eq!(problems, []);
    let (_, role) = estate.resources().next().unwrap();
    assert_eq!((role.name.as_str(), role.kind.as_str()), ("arn:aws:iam::unknown:role/trust", "iam:role"));
    let who = "arn:aws:iam::999999999999:user/x";
    assert_eq!(decide(&estate, who, "sts:AssumeRole", &role.name), Verdict::Allowed);
    assert!(Aws.universe_contains("sts:assumerole", &role.name));
}

impl Aws {
    fn universe_contains(self, action: &str, resource: &str) -> bool {
        match self.universe() {
            crate::logic::Universe::Known(actions) => actions.contains(action, resource),
            crate::logic::Universe::Any => true,
        }
    }
}

#[test]
fn problems_are_located_and_help() {
    let of = |statement: &str| format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
    let cases = [
        (of(r#"{"Effect": "Allow", "Actions": "s3:*", "Action": "s3:*", "Resource": "*"}"#), "unknown element `Actions` in a statement", "did you mean `Action`?"),
        (of(r#"{"Effect": "allow", "Action": "s3:*", "Resource": "*"}"#), "expected `Effect` to be `Allow` or `Deny`, found `allow`", "the two values are written with a capital letter"),
        (of(r#"{"Action": "s3:*", "Resource": "*"}"#), "the statement has no `Effect`", "write `\"Effect\": \"Allow\"` or `\"Effect\": \"Deny\"`"),
        (of(r#"{"Effect": "Allow", "Resource": "*"}"#), "the statement has no `Action`", "add `Action` with the actions the statement is about"),
        (of(r#"{"Effect": "Allow", "Action": "s3:*"}"#), "the statement has no `Resource`", "add `Resource` with the ARNs it is about, or \"*\" for all"),
        (of(r#"{"Effect": "Allow", "Action": "s3:*", "NotAction": "s3:*", "Resource": "*"}"#), "the statement has both `Action` and `NotAction`", "keep one of the two; split the statement if you need both"),
        (of(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEqual": {"a:b": "c"}}}"#), "unknown condition operator `StringEqual`", "did you mean `StringEquals`?"),
        (of(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"ForAnyValues:StringLikeIfExists": {"a:b": "c"}}}"#), "unknown condition operator `ForAnyValues:StringLikeIfExists`", "did you mean `ForAnyValue:StringLikeIfExists`?"),
        (of(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"NullIfExists": {"a:b": "true"}}}"#), "unknown condition operator `NullIfExists`", "`Null` asks whether the key exists; write it without `IfExists`"),
        (of("{}"), "the statement is empty", "a statement has at least `Effect`, `Action` and `Resource`"),
        (r#"{"Version": "2012-10-17", "Statement": []}"#.to_owned(), "policy `p` has an empty `Statement`", "add a statement or delete the policy; as it is, it says nothing"),
        (r#"[{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]"#.to_owned(), "expected the policy `p` to be an object, found an array", "a policy is one object with `Version` and `Statement`; put the statements into `Statement`"),
        (r#"{"Version": "2012-10-18", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#.to_owned(), "policy `p` has an unknown `Version`", "write \"2012-10-17\"; other values are treated as \"2008-10-17\" here"),
        (r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}}"#.to_owned(), "it is not clear which resource policy `p` belongs to", "wrap it as {\"ResourceArn\": \"arn:...\", \"Account\": \"...\", \"Policy\": {...}}; it was left out"),
    ];
    for (text, message, help) in cases {
        assert_eq!(problem(&text), (message.to_owned(), help.to_owned()), "{text}");
    }
}

#[test]
fn a_statement_that_is_left_out_is_a_gap() {
    let text = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Sid": "Guard", "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Strng": {"a:b": "c"}}}]}"#;
    let (estate, problems) = load("p.json", text);
    assert_eq!(problems.len(), 1);
    let subject = Subject::Principal(estate.find_principal(AWS, "p").unwrap());
    let gaps = Aws.layers(&estate, &Question { cloud: AWS, subject, action: None, object: Object::Any }).gaps;
    assert_eq!(gaps.len(), 1);
    assert_eq!(
        gaps[0].message,
        "statement `Guard` of policy `p` could not be read and was left out; it may deny more"
    );
}
