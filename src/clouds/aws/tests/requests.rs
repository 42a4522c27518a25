//! From witnesses to requests and back, what makes an administrator, and the catalog's part.

use std::collections::BTreeSet;

use serde_json::json;

use super::scenario::Scenario;
use crate::clouds::Cloud;
use crate::clouds::aws::{AWS, Aws};
use crate::logic::{Assignment, Attribute, Decimal, Kind, Universe, Value};
use crate::model::{Object, Question, Subject, Verdict};

fn scenario(who: &str, policies: &serde_json::Value) -> Scenario {
    let request = json!({"principal": who, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "resource_account": "111111111111", "context": {}});
    Scenario::new(&json!({"request": request, "policies": policies}))
}

const ROLE: &str = "arn:aws:iam::111111111111:role/p/r";

fn question(scenario: &Scenario) -> Question {
    let subject = Subject::Principal(scenario.estate.find_principal(AWS, ROLE).unwrap());
    Question { cloud: AWS, subject, action: None, object: Object::Any }
}

#[test]
fn a_witness_is_printed_as_users_write_it_and_read_back() {
    let scenario = scenario(ROLE, &json!({"identity": []}));
    let question = question(&scenario);
    let mut witness = Aws.layers(&scenario.estate, &question).known;
    let text = |name: &str| Attribute::text(name);
    witness = witness
        .with_text(Attribute::action(), "s3:getobject")
        .with_text(Attribute::resource(), "arn:aws:s3:::b/k");
    witness =
        witness.with_text(text("session name"), "s1").with_text(text("s3:existingobjecttag/team"), "blue");
    witness.set(Attribute::new("aws:sourceip", Kind::Address), Value::Address("10.0.0.1".parse().unwrap()));
    witness.set(Attribute::new("aws:currenttime", Kind::Instant), Value::Instant(1_709_164_800_500_000));
    witness.set(
        Attribute::new("aws:multifactorauthage", Kind::Number),
        Value::Number(Decimal::parse("9.5").unwrap()),
    );
    witness.set(Attribute::new("aws:tagkeys", Kind::TextSet), Value::Set(BTreeSet::from(["a".to_owned()])));
    let request = Aws.request(&scenario.estate, &question, &witness);
    assert_eq!(request.principal, "arn:aws:sts::111111111111:assumed-role/r/s1");
    assert_eq!(request.action, "s3:GetObject");
    let context: Vec<(&str, &str)> =
        request.context.iter().map(|(key, value)| (key.as_str(), value[0].as_str())).collect();
    assert_eq!(
        context,
        [
            ("aws:CurrentTime", "2024-02-29T00:00:00.5Z"),
            ("aws:MultiFactorAuthAge", "9.5"),
            ("aws:SourceIp", "10.0.0.1"),
            ("aws:TagKeys", "a"),
            ("s3:ExistingObjectTag/team", "blue"),
        ]
    );
    let back = Aws.assignment(&scenario.estate, &request);
    for (attribute, value) in witness.iter().filter(|(_, value)| value.is_some()) {
        assert_eq!(back.value(attribute), value, "{attribute:?}");
    }
}

#[test]
fn a_witness_that_leaves_all_open_is_still_a_request() {
    let scenario = scenario(ROLE, &json!({"identity": []}));
    let outside = Question { subject: Subject::Outside, ..question(&scenario) };
    let request = Aws.request(&scenario.estate, &outside, &Assignment::new());
    assert_eq!(request.principal, "arn:aws:iam::000000000000:user/anybody");
    let anonymous = Question { subject: Subject::Anonymous, ..question(&scenario) };
    assert_eq!(Aws.request(&scenario.estate, &anonymous, &Assignment::new()).principal, "*");
}

#[test]
fn an_administrator_gives_policies_to_all_users_and_roles() {
    let admin = |policies: serde_json::Value| {
        let mut scenario = scenario(ROLE, &policies);
        let (account, _) = scenario.estate.scopes().find(|(_, scope)| scope.name == "111111111111").unwrap();
        let demands = Aws.administration(&scenario.estate, account);
        assert_eq!(demands.len(), 4);
        demands.iter().all(|demand| {
            scenario.request.action.clone_from(&demand.action);
            let kind = if demand.action.contains("Role") { "role" } else { "user" };
            scenario.request.resource = format!("arn:aws:iam::111111111111:{kind}/any");
            assert!(demand.resources.matches(&scenario.request.resource));
            scenario.agreed() == Verdict::Allowed
        })
    };
    let policy = |action: &str| json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
    assert!(admin(json!({"identity": [policy("*")]})));
    assert!(admin(json!({"identity": [policy("iam:*")]})));
    assert!(!admin(json!({"identity": [policy("iam:AttachRolePolicy")]})));
    assert!(!admin(json!({"identity": [policy("*")], "permission_boundaries": [policy("s3:*")]})));
}

#[test]
fn the_universe_knows_what_an_action_is_asked_on() {
    let Universe::Known(actions) = Aws.universe() else { panic!("no catalog") };
    assert!(actions.entries().len() > 15_000, "{}", actions.entries().len());
    for (action, resource, exists) in [
        ("s3:getobject", "arn:aws:s3:::b/k", true),
        ("s3:getobject", "*", false),
        ("s3:listallmybuckets", "*", true),
        ("s3:listallmybuckets", "arn:aws:s3:::b", false),
        ("sts:assumerole", "arn:aws:iam::111111111111:role/p/r", true),
        ("sts:assumerole", "arn:aws:iam::111111111111:user/u", false),
        ("iam:attachuserpolicy", "arn:aws:iam::111111111111:user/u", true),
        ("kms:decrypt", "arn:aws-us-gov:kms:us-gov-east-1:1:key/k", true),
        ("s3:nosuchaction", "*", false),
    ] {
        assert_eq!(actions.contains(action, resource), exists, "{action} {resource}");
    }
    assert_eq!(Aws.action("S3:getobject"), Ok("s3:GetObject".to_owned()));
    assert!(Aws.action("s3:GetObjekt").unwrap_err().contains(&"s3:GetObject".to_owned()));
}
