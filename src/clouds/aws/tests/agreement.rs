//! Random policies and requests: what the formula says of a request is what the concrete rule decides.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::scenario::Scenario;
use crate::model::Object;

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(texts).prop_map(str::to_owned)
}

fn some_of(texts: &'static [&'static str]) -> impl Strategy<Value = Json> {
    proptest::sample::subsequence(texts, 1..=2).prop_map(|texts| json!(texts))
}

const ACTIONS: &[&str] = &["s3:GetObject", "s3:*", "S3:Put*", "sts:AssumeRole", "*", "kms:De?rypt"];
const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:iam::*:role/t",
    "arn:aws:s3:::b/${aws:RequestTag/x, 'none'}",
    "arn:aws:kms:*:*:key/1",
];
const PRINCIPALS: &[&str] = &[
    "*",
    "111111111111",
    "arn:aws:iam::222222222222:root",
    "arn:aws:iam::111111111111:user/ann",
    "arn:aws:iam::111111111111:role/p/r",
    "arn:aws:sts::111111111111:assumed-role/r/s",
    "arn:aws:iam::999999999999:role/v",
];

fn condition() -> impl Strategy<Value = Json> {
    let text = (
        one_of(&["", "ForAllValues:", "ForAnyValue:"]),
        one_of(&["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"]),
        one_of(&["", "IfExists"]),
        one_of(&[
            "aws:TagKeys",
            "aws:RequestTag/x",
            "aws:username",
            "aws:PrincipalAccount",
            "aws:ResourceAccount",
            "aws:PrincipalTag/t",
        ]),
        some_of(&[
            "a",
            "A*",
            "ann",
            "111111111111",
            "${aws:username}",
            "${aws:RequestTag/x, 'none'}",
            "none",
        ]),
    );
    let text = text.prop_map(|(quantifier, operator, suffix, key, values)| {
        // A set is never compared with a variable that is open.
        let values = if key == "aws:TagKeys" { json!(["a", "b"]) } else { values };
        json!({format!("{quantifier}{operator}{suffix}"): {key: values}})
    });
    let typed = prop_oneof![
        Just(json!({"NumericLessThanEquals": {"aws:MultiFactorAuthAge": "10"}})),
        Just(json!({"NumericNotEqualsIfExists": {"aws:MultiFactorAuthAge": ["10", "11.5"]}})),
        Just(json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}})),
        Just(json!({"IpAddressIfExists": {"aws:SourceIp": ["10.0.0.0/8", "::1"]}})),
        Just(json!({"Bool": {"aws:SecureTransport": "false"}})),
        Just(json!({"DateGreaterThan": {"aws:CurrentTime": "2024-01-01T00:00:00Z"}})),
        Just(json!({"Null": {"aws:TagKeys": "false", "aws:username": "true"}})),
        Just(json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}})),
        Just(
            json!({"ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::1*:user/*", "arn:aws:iam::999999999999:*"]}})
        ),
    ];
    prop_oneof![2 => Just(json!({})), 3 => text, 3 => typed]
}

fn statement(with_principal: bool) -> impl Strategy<Value = Json> {
    let effect = prop_oneof![3 => Just("Allow"), 1 => Just("Deny")];
    let not = || prop_oneof![6 => Just(false), 1 => Just(true)];
    (effect, not(), some_of(ACTIONS), not(), some_of(RESOURCES), condition(), not(), some_of(PRINCIPALS))
        .prop_map(
            move |(
                effect,
                not_action,
                actions,
                not_resource,
                resources,
                condition,
                not_principal,
                principals,
            )| {
                let mut statement = json!({"Effect": effect, "Condition": condition});
                statement[if not_action { "NotAction" } else { "Action" }] = actions;
                statement[if not_resource { "NotResource" } else { "Resource" }] = resources;
                if with_principal {
                    statement[if not_principal { "NotPrincipal" } else { "Principal" }] =
                        json!({"AWS": principals});
                }
                statement
            },
        )
}

fn policy(with_principal: bool) -> impl Strategy<Value = Json> {
    let version = prop_oneof![3 => Just("2012-10-17"), 1 => Just("2008-10-17")];
    (version, prop::collection::vec(statement(with_principal), 1..4))
        .prop_map(|(version, statements)| json!({"Version": version, "Statement": statements}))
}

fn context() -> impl Strategy<Value = Json> {
    let maybe = |key: &'static str, values: &'static [&'static str]| {
        prop_oneof![
            Just(None),
            proptest::sample::select(values).prop_map(move |value| Some((key, json!(value))))
        ]
    };
    let tags = prop_oneof![
        Just(None),
        proptest::sample::subsequence(vec!["a", "b", "c"], 0..=3)
            .prop_map(|tags| Some(("aws:TagKeys", json!(tags))))
    ];
    let keys = (
        tags,
        maybe("aws:RequestTag/x", &["a", "A*", "none", "ann"]),
        maybe("aws:MultiFactorAuthAge", &["9", "10.0", "12"]),
        maybe("aws:SourceIp", &["10.1.1.1", "::1", "11.0.0.1"]),
        maybe("aws:SecureTransport", &["true", "false"]),
        maybe("aws:CurrentTime", &["2023-12-31T23:59:59.999Z", "2024-06-01T00:00:00Z"]),
        maybe("aws:PrincipalTag/t", &["a", "none"]),
    );
    // Requests with many keys are looked through in another way.
    let others = prop_oneof![4 => Just(0), 1 => Just(40)];
    (keys, others).prop_map(|((a, b, c, d, e, f, g), others)| {
        let keys = [a, b, c, d, e, f, g].into_iter().flatten().map(|(key, value)| (key.to_owned(), value));
        keys.chain((0..others).map(|number| (format!("aws:RequestTag/other{number}"), json!("a")))).collect()
    })
}

fn scenario() -> impl Strategy<Value = Json> {
    let who = one_of(&[
        "arn:aws:iam::111111111111:user/ann",
        "arn:aws:iam::111111111111:role/p/r",
        "arn:aws:sts::111111111111:assumed-role/r/s",
        "arn:aws:iam::999999999999:role/v",
        "*",
        "holder",
    ]);
    let what = prop_oneof![
        Just(("s3:GetObject", "arn:aws:s3:::b/ann/x")),
        Just(("s3:PutObject", "arn:aws:s3:::b/none")),
        Just(("sts:AssumeRole", "arn:aws:iam::111111111111:role/t")),
        Just(("kms:Decrypt", "arn:aws:kms:eu-west-1:111111111111:key/1")),
    ];
    let lists = prop::collection::vec(policy(false), 0..3);
    let few = || prop::collection::vec(policy(false), 0..2);
    let resource = prop_oneof![Just(Json::Null), policy(true)];
    (who, what, proptest::bool::ANY, lists, few(), few(), resource, context()).prop_map(
        |(who, (action, resource), same, identity, boundaries, session, on_resource, context)| {
            let owner = if same || !resource.contains(":s3:") { "111111111111" } else { "222222222222" };
            let mut request = json!({"principal": who, "action": action, "resource": resource, "resource_account": owner, "context": context});
            if who.contains("999999999999") {
                request["outside"] = json!(true);
            }
            json!({
                "request": request,
                "policies": {"identity": identity, "permission_boundaries": boundaries, "session": session, "resource": on_resource},
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn the_formula_says_what_the_rule_decides(case in scenario()) {
        let scenario = Scenario::new(&case);
        let allowed = scenario.decide().is_allowed();
        for object in [Object::Named(scenario.request.resource.clone()), Object::Any] {
            if let Some(symbolic) = scenario.symbolic(object) {
                prop_assert_eq!(symbolic, allowed, "{}", case);
            }
        }
    }
}
