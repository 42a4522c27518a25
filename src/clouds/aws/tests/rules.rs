//! One or more cases for each rule, with the page that states it. Both sides must give the expected verdict.

use serde_json::{Value as Json, json};

use super::scenario::Scenario;
use crate::model::Verdict::{self, Allowed, ExplicitlyDenied as Denied, ImplicitlyDenied as Nothing};

const USER: &str = "arn:aws:iam::111111111111:user/team/ann";
const ROLE: &str = "arn:aws:iam::111111111111:role/app/worker";
const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/worker/s1";
const OBJECT: &str = "arn:aws:s3:::b/k";
const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/1";
const OTHER_ROLE: &str = "arn:aws:iam::111111111111:role/target";
const FAR_ROLE: &str = "arn:aws:iam::222222222222:role/target";

/// A request of `who`, on something that account `owner` has.
fn ask(who: &str, action: &str, resource: &str, owner: &str, context: Json) -> Json {
    json!({"principal": who, "action": action, "resource": resource, "resource_account": owner, "context": context})
}

fn get(who: &str, context: Json) -> Json {
    ask(who, "s3:GetObject", OBJECT, "111111111111", context)
}

fn statement(effect: &str, more: Json) -> Json {
    let mut statement = json!({"Effect": effect, "Action": "s3:*", "Resource": "*"});
    for (key, value) in more.as_object().unwrap() {
        match value {
            Json::Null => statement.as_object_mut().unwrap().remove(key),
            _ => statement.as_object_mut().unwrap().insert(key.clone(), value.clone()),
        };
    }
    statement
}

fn policy(statements: &[Json]) -> Json {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(more: Json) -> Json {
    policy(&[statement("Allow", more)])
}

fn deny(more: Json) -> Json {
    policy(&[statement("Deny", more)])
}

fn verdict(request: Json, policies: Json) -> Verdict {
    Scenario::new(&json!({"request": request, "policies": policies})).agreed()
}

/// The verdict on a user that has one identity policy with this condition.
fn under(condition: Json, context: Json) -> Verdict {
    verdict(get(USER, context), json!({"identity": [allow(json!({"Condition": condition}))]}))
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn operators_compare_by_type() {
    let cases = [
        (
            json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-west-2"]}}),
            json!({"aws:requestedregion": "eu-west-2"}),
            Allowed,
        ),
        (
            json!({"StringEquals": {"aws:RequestedRegion": "eu-*"}}),
            json!({"aws:RequestedRegion": "eu-west-2"}),
            Nothing,
        ),
        (
            json!({"StringLike": {"aws:RequestedRegion": "eu-*"}}),
            json!({"aws:RequestedRegion": "eu-west-2"}),
            Allowed,
        ),
        (json!({"StringEquals": {"aws:UserAgent": "A"}}), json!({"aws:UserAgent": "a"}), Nothing),
        (json!({"StringEqualsIgnoreCase": {"aws:UserAgent": "A"}}), json!({"aws:UserAgent": "a"}), Allowed),
        (
            json!({"StringNotEqualsIgnoreCase": {"aws:UserAgent": "A"}}),
            json!({"aws:UserAgent": "a"}),
            Nothing,
        ),
        (
            json!({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}),
            json!({"aws:MultiFactorAuthAge": "3599.5"}),
            Allowed,
        ),
        (
            json!({"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}),
            json!({"aws:MultiFactorAuthAge": "3600"}),
            Nothing,
        ),
        (json!({"NumericNotEquals": {"s3:max-keys": "10"}}), json!({"s3:max-keys": "10.0"}), Nothing),
        (
            json!({"DateGreaterThan": {"aws:CurrentTime": "2024-02-29"}}),
            json!({"aws:CurrentTime": "2024-02-29T00:00:00.5Z"}),
            Allowed,
        ),
        (
            json!({"DateLessThan": {"aws:CurrentTime": "2024-03-01T02:00:00+02:00"}}),
            json!({"aws:CurrentTime": "2024-02-29T23:59:59Z"}),
            Allowed,
        ),
        (
            json!({"DateEquals": {"aws:EpochTime": "1709164800"}}),
            json!({"aws:EpochTime": "2024-02-29T00:00:00Z"}),
            Allowed,
        ),
        (json!({"Bool": {"aws:SecureTransport": true}}), json!({"aws:SecureTransport": "true"}), Allowed),
        (json!({"Bool": {"aws:SecureTransport": "false"}}), json!({"aws:SecureTransport": "true"}), Nothing),
        (json!({"Bool": {"aws:SecureTransport": "false"}}), json!({}), Nothing),
        (json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}), json!({}), Allowed),
        (
            json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            json!({"aws:SourceIp": "10.255.0.1"}),
            Allowed,
        ),
        (json!({"IpAddress": {"aws:SourceIp": "10.0.0.7"}}), json!({"aws:SourceIp": "10.0.0.8"}), Nothing),
        (
            json!({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}),
            json!({"aws:SourceIp": "2001:db8::1"}),
            Allowed,
        ),
        (
            json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "11.0.0.0/8"]}}),
            json!({"aws:SourceIp": "11.0.0.1"}),
            Nothing,
        ),
        (json!({"BinaryEquals": {"kms:x": "QmluYXJ5"}}), json!({"kms:x": "QmluYXJ5"}), Allowed),
        (
            json!({"ArnLike": {"aws:SourceVpcArn": "arn:aws:sns:*:1:t*"}}),
            json!({"aws:SourceVpcArn": "arn:aws:sns:eu:1:topic:x"}),
            Allowed,
        ),
        (
            json!({"ArnEquals": {"aws:SourceVpcArn": "arn:aws:*:*:1:topi"}}),
            json!({"aws:SourceVpcArn": "arn:aws:sns:eu:1:topic"}),
            Nothing,
        ),
        (
            json!({"ArnNotLike": {"aws:SourceVpcArn": "arn:aws:sns:*:*:*"}}),
            json!({"aws:SourceVpcArn": "arn:aws:sns:eu:1:topic"}),
            Nothing,
        ),
        (
            json!({"StringEquals": {"aws:PrincipalArn": USER, "aws:username": "ann", "aws:PrincipalAccount": "111111111111"}}),
            json!({}),
            Allowed,
        ),
    ];
    for (condition, context, expected) in cases {
        assert_eq!(under(condition.clone(), context.clone()), expected, "{condition} {context}");
    }
}

// Same page: "If the key that you specify in a policy condition is not present in the request context, the values do
// not match and the condition is false. If the policy condition requires that the key is not matched ... the condition
// is true."
#[test]
fn absent_keys() {
    let negated = json!({"StringNotEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}});
    assert_eq!(under(negated.clone(), json!({})), Allowed);
    assert_eq!(under(negated.clone(), json!({"aws:SourceVpc": "vpc-2"})), Nothing);
    assert_eq!(under(json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}), json!({})), Nothing);
    assert_eq!(under(json!({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}), json!({})), Allowed);
    assert_eq!(under(json!({"StringNotLikeIfExists": {"aws:SourceVpc": "vpc-*"}}), json!({})), Allowed);
    assert_eq!(under(json!({"Null": {"aws:SourceVpc": "true"}}), json!({})), Allowed);
    assert_eq!(under(json!({"Null": {"aws:SourceVpc": false}}), json!({"aws:SourceVpc": "v"})), Allowed);
    assert_eq!(under(json!({"Null": {"aws:TagKeys": "false"}}), json!({"aws:TagKeys": []})), Nothing);
    // A deny with a negated operator fires when the key is absent.
    let guard = json!({"identity": [allow(json!({})), deny(json!({"Condition": negated}))]});
    assert_eq!(verdict(get(USER, json!({})), guard), Denied);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
#[test]
fn set_operators() {
    let all = json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}});
    let any = json!({"ForAnyValue:StringLike": {"aws:TagKeys": ["a*"]}});
    let none = json!({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["a"]}});
    let other = json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}});
    for (condition, keys, expected) in [
        (&all, json!(["a", "b"]), Allowed),
        (&all, json!(["a", "c"]), Nothing),
        (&all, json!([]), Allowed),
        (&any, json!(["x", "ab"]), Allowed),
        (&any, json!(["x"]), Nothing),
        (&any, json!([]), Nothing),
        (&none, json!(["b"]), Allowed),
        (&none, json!(["a", "b"]), Nothing),
        (&other, json!(["a", "b"]), Allowed),
        (&other, json!(["a"]), Nothing),
    ] {
        assert_eq!(under(condition.clone(), json!({"aws:TagKeys": keys})), expected, "{condition} {keys}");
    }
    for (condition, expected) in [(all, Allowed), (any, Nothing), (none, Allowed), (other, Nothing)] {
        assert_eq!(under(condition.clone(), json!({})), expected, "{condition}");
    }
    // On a key with one value the quantifiers decide about its absence only.
    let single = json!({"ForAllValues:StringEquals": {"aws:SourceVpc": "v"}});
    assert_eq!(under(single.clone(), json!({})), Allowed);
    assert_eq!(under(single, json!({"aws:SourceVpc": "w"})), Nothing);
    assert_eq!(under(json!({"ForAnyValue:StringNotEquals": {"aws:SourceVpc": "v"}}), json!({})), Nothing);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
#[test]
fn policy_variables() {
    let on = |resource: &str| json!({"identity": [allow(json!({"Resource": resource}))]});
    let at = |resource: &str, context: Json| ask(USER, "s3:GetObject", resource, "111111111111", context);
    let home = "arn:aws:s3:::b/${aws:username}/*";
    assert_eq!(verdict(at("arn:aws:s3:::b/ann/x", json!({})), on(home)), Allowed);
    assert_eq!(verdict(at("arn:aws:s3:::b/bob/x", json!({})), on(home)), Nothing);
    // Without the version of 2012 the text stands for itself.
    let old = json!({"identity": [{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": home}}]});
    assert_eq!(verdict(at("arn:aws:s3:::b/ann/x", json!({})), old.clone()), Nothing);
    assert_eq!(verdict(at("arn:aws:s3:::b/${aws:username}/x", json!({})), old), Allowed);
    // Special characters, a value that looks like a pattern, and defaults.
    assert_eq!(verdict(at("arn:aws:s3:::b/a*b", json!({})), on("arn:aws:s3:::b/a${*}b")), Allowed);
    assert_eq!(verdict(at("arn:aws:s3:::b/axb", json!({})), on("arn:aws:s3:::b/a${*}b")), Nothing);
    let tagged = "arn:aws:s3:::b/${s3:ExistingObjectTag/team, 'common'}/x";
    assert_eq!(verdict(at("arn:aws:s3:::b/common/x", json!({})), on(tagged)), Allowed);
    assert_eq!(
        verdict(at("arn:aws:s3:::b/common/x", json!({"s3:ExistingObjectTag/team": "blue"})), on(tagged)),
        Nothing
    );
    assert_eq!(
        verdict(at("arn:aws:s3:::b/a*/x", json!({"s3:ExistingObjectTag/team": "a*"})), on(tagged)),
        Allowed
    );
    assert_eq!(
        verdict(at("arn:aws:s3:::b/ab/x", json!({"s3:ExistingObjectTag/team": "a*"})), on(tagged)),
        Nothing
    );
    // No value and no default: equal to nothing, so a negated comparison holds.
    let same = json!({"StringEquals": {"aws:RequestTag/team": "${aws:SourceIdentity}"}});
    let differs = json!({"StringNotEquals": {"aws:RequestTag/team": "${aws:SourceIdentity}"}});
    assert_eq!(under(same.clone(), json!({"aws:RequestTag/team": "x"})), Nothing);
    assert_eq!(under(differs, json!({"aws:RequestTag/team": "x"})), Allowed);
    assert_eq!(under(same, json!({"aws:RequestTag/team": "x", "aws:SourceIdentity": "x"})), Allowed);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html
#[test]
fn negated_elements_and_wildcards() {
    let not_action = json!({"Action": null, "NotAction": ["iam:*", "s3:Delete*"]});
    let identity = |more: Json| json!({"identity": [allow(more)]});
    assert_eq!(verdict(get(USER, json!({})), identity(not_action.clone())), Allowed);
    let delete = ask(USER, "s3:deleteobject", OBJECT, "111111111111", json!({}));
    assert_eq!(verdict(delete, identity(not_action)), Nothing);
    let not_resource = json!({"Resource": null, "NotResource": ["arn:aws:s3:::b", "arn:aws:s3:::c/*"]});
    assert_eq!(verdict(get(USER, json!({})), identity(not_resource)), Allowed);
    assert_eq!(
        verdict(get(USER, json!({})), identity(json!({"Resource": null, "NotResource": "arn:aws:s3:::*/k"}))),
        Nothing
    );
    assert_eq!(verdict(get(USER, json!({})), identity(json!({"Action": "S3:g?tOBJ*"}))), Allowed);
    assert_eq!(verdict(get(USER, json!({})), identity(json!({"Resource": "arn:*/k"}))), Allowed);
    assert_eq!(verdict(get(USER, json!({})), identity(json!({"Resource": "arn:aws:s3:::B/*"}))), Nothing);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
#[test]
fn across_accounts_both_sides_must_allow() {
    let far = |who: &str| ask(who, "s3:GetObject", OBJECT, "222222222222", json!({}));
    let named = |who: &str| allow(json!({"Principal": {"AWS": who}}));
    let own = [allow(json!({}))];
    assert_eq!(verdict(far(USER), json!({"identity": own})), Nothing);
    assert_eq!(verdict(far(USER), json!({"resource": named(USER)})), Nothing);
    for name in [USER, "111111111111", "arn:aws:iam::111111111111:root", "*"] {
        assert_eq!(verdict(far(USER), json!({"identity": own, "resource": named(name)})), Allowed, "{name}");
    }
    // The boundary always counts across accounts.
    let boundary = [allow(json!({"Action": "ec2:*"}))];
    let limited = json!({"identity": own, "resource": named(USER), "permission_boundaries": boundary});
    assert_eq!(verdict(far(USER), limited), Nothing);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
#[test]
fn a_boundary_limits_roles_but_not_sessions_and_users_that_the_resource_names() {
    let policies = |who: &str| json!({"resource": allow(json!({"Principal": {"AWS": who}})), "permission_boundaries": [allow(json!({"Action": "ec2:*"}))]});
    for (caller, named, expected) in [
        (USER, USER, Allowed),
        (ROLE, ROLE, Nothing),
        (SESSION, ROLE, Nothing),
        (SESSION, SESSION, Allowed),
        (SESSION, "arn:aws:sts::111111111111:assumed-role/worker/s2", Nothing),
        (SESSION, "*", Allowed),
    ] {
        assert_eq!(verdict(get(caller, json!({})), policies(named)), expected, "{caller} {named}");
    }
    // Everybody, but only if it is this role: not limited either.
    let by_key = allow(json!({"Principal": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}}}));
    let boundary = json!([allow(json!({"Action": "ec2:*"}))]);
    assert_eq!(
        verdict(get(ROLE, json!({})), json!({"resource": by_key, "permission_boundaries": boundary})),
        Allowed
    );
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
#[test]
fn roles_are_taken_on_with_their_trust() {
    let assume =
        |who: &str, role: &str| ask(who, "sts:AssumeRole", role, role.split(':').nth(4).unwrap(), json!({}));
    let own = [allow(json!({"Action": "sts:AssumeRole"}))];
    let trust = |who: Json| allow(json!({"Action": "sts:AssumeRole", "Resource": null, "Principal": who}));
    let account = trust(json!({"AWS": "111111111111"}));
    for role in [OTHER_ROLE, FAR_ROLE] {
        assert_eq!(verdict(assume(USER, role), json!({"identity": own})), Nothing);
        assert_eq!(verdict(assume(USER, role), json!({"resource": account})), Nothing);
        assert_eq!(verdict(assume(USER, role), json!({"identity": own, "resource": account})), Allowed);
    }
    let direct = json!({"resource": trust(json!({"AWS": USER}))});
    assert_eq!(verdict(assume(USER, OTHER_ROLE), direct.clone()), Allowed);
    assert_eq!(verdict(assume(USER, FAR_ROLE), direct), Nothing);
    // What is done to a role as an IAM object does not ask its trust.
    let pass = ask(USER, "iam:PassRole", OTHER_ROLE, "111111111111", json!({}));
    assert_eq!(verdict(pass, json!({"identity": [allow(json!({"Action": "iam:*"}))]})), Allowed);
    // A service, a provider, nobody.
    let service = trust(json!({"Service": "ec2.amazonaws.com"}));
    assert_eq!(verdict(assume("ec2.amazonaws.com", OTHER_ROLE), json!({"resource": service})), Allowed);
    assert_eq!(verdict(assume("lambda.amazonaws.com", OTHER_ROLE), json!({"resource": service})), Nothing);
    assert_eq!(verdict(assume(USER, OTHER_ROLE), json!({"identity": own, "resource": service})), Nothing);
    assert_eq!(verdict(assume("*", OTHER_ROLE), json!({"resource": trust(json!("*"))})), Nothing);
}

// https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
#[test]
fn keys_must_let_the_account_in() {
    let decrypt = ask(USER, "kms:Decrypt", KEY, "111111111111", json!({}));
    let own = [allow(json!({"Action": "kms:*"}))];
    let key = |who: &str| allow(json!({"Action": "kms:*", "Principal": {"AWS": who}}));
    assert_eq!(verdict(decrypt.clone(), json!({"identity": own, "resource": key(ROLE)})), Nothing);
    assert_eq!(verdict(decrypt.clone(), json!({"identity": own, "resource": key("111111111111")})), Allowed);
    assert_eq!(verdict(decrypt, json!({"resource": key(USER)})), Allowed);
    let alias =
        ask(USER, "kms:DeleteAlias", "arn:aws:kms:eu-west-1:111111111111:alias/a", "111111111111", json!({}));
    assert_eq!(verdict(alias, json!({"identity": own})), Allowed);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
#[test]
fn principals_of_resource_policies() {
    let named = |principal: Json| json!({"resource": allow(json!({"Principal": principal}))});
    assert_eq!(verdict(get("*", json!({})), named(json!("*"))), Allowed);
    assert_eq!(verdict(get("*", json!({})), named(json!({"AWS": "111111111111"}))), Nothing);
    let signed = json!({"resource": allow(json!({"Principal": "*", "Condition": {"Null": {"aws:PrincipalArn": "false"}}}))});
    assert_eq!(verdict(get("*", json!({})), signed.clone()), Nothing);
    assert_eq!(verdict(get(USER, json!({})), signed), Allowed);
    // No partial names.
    assert_eq!(
        verdict(get(USER, json!({})), named(json!({"AWS": "arn:aws:iam::111111111111:user/*"}))),
        Nothing
    );
    assert_eq!(verdict(get(USER, json!({})), named(json!({"AWS": "AIDAANNANNANNANNANN"}))), Nothing);
    let with_id = json!({
        "request": get(USER, json!({})),
        "policies": named(json!({"AWS": "AIDAANNANNANNANNANN"})),
        "facts": {"unique-id": "AIDAANNANNANNANNANN"},
    });
    assert_eq!(Scenario::new(&with_id).agreed(), Allowed);
    let others = json!({"resource": allow(json!({"NotPrincipal": {"AWS": USER}}))});
    assert_eq!(verdict(get(USER, json!({})), others.clone()), Nothing);
    assert_eq!(verdict(get("*", json!({})), others), Allowed);
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    let spared = |names: Json| json!({"identity": [allow(json!({}))], "resource": deny(json!({"NotPrincipal": {"AWS": names}}))});
    assert_eq!(verdict(get(USER, json!({})), spared(json!([USER]))), Denied);
    assert_eq!(verdict(get(USER, json!({})), spared(json!([USER, "111111111111"]))), Allowed);
    assert_eq!(verdict(get(ROLE, json!({})), spared(json!([ROLE, "111111111111"]))), Denied);
    assert_eq!(verdict(get(SESSION, json!({})), spared(json!([ROLE, SESSION, "111111111111"]))), Allowed);
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties
#[test]
fn keys_of_the_caller_cannot_be_contradicted() {
    let lie = json!({"aws:PrincipalArn": ROLE, "aws:PrincipalType": "Account", "aws:PrincipalIsAWSService": "true"});
    let condition = json!({"StringEquals": {"aws:PrincipalArn": USER, "aws:PrincipalType": "User"}, "Bool": {"aws:PrincipalIsAWSService": "false"}});
    assert_eq!(under(condition, lie), Allowed);
    let tagged = |context: Json| {
        let request = get(USER, context);
        let identity = [allow(json!({"Condition": {"StringEquals": {"aws:PrincipalTag/Team": "blue"}}}))];
        let facts = json!({"aws:PrincipalTag/team": "blue"});
        Scenario::new(&json!({"request": request, "policies": {"identity": identity}, "facts": facts}))
            .agreed()
    };
    assert_eq!(tagged(json!({"aws:PrincipalTag/team": "red"})), Allowed);
    // A user has no tags but its own; a role may get some with its session.
    let asked = json!({"StringEquals": {"aws:PrincipalTag/team": "blue"}});
    assert_eq!(under(asked.clone(), json!({"aws:PrincipalTag/team": "blue"})), Nothing);
    let as_role = verdict(
        get(ROLE, json!({"aws:PrincipalTag/team": "blue"})),
        json!({"identity": [allow(json!({"Condition": asked}))]}),
    );
    assert_eq!(as_role, Allowed);
}

// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
#[test]
fn levels_of_the_organization() {
    let own = [allow(json!({}))];
    let all = allow(json!({"Action": "*"}));
    let s3 = allow(json!({}));
    let ec2 = allow(json!({"Action": "ec2:*"}));
    let controlled =
        |levels: Json| verdict(get(USER, json!({})), json!({"identity": own, "service_control": levels}));
    assert_eq!(controlled(json!([[all], [ec2, s3]])), Allowed);
    assert_eq!(controlled(json!([[all], [ec2]])), Nothing);
    assert_eq!(controlled(json!([[all, deny(json!({"Action": "s3:Get*"}))]])), Denied);
    let linked = "arn:aws:iam::111111111111:role/aws-service-role/x.amazonaws.com/X";
    let free = json!({"identity": own, "service_control": [[ec2]]});
    assert_eq!(verdict(get(linked, json!({})), free), Allowed);
    // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
    let guarded =
        json!({"resource": allow(json!({"Principal": "*"})), "resource_control": [[deny(json!({}))]]});
    assert_eq!(verdict(get("*", json!({})), guarded), Denied);
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
#[test]
fn get_caller_identity_needs_nothing() {
    let who = ask(USER, "sts:GetCallerIdentity", "*", "111111111111", json!({}));
    assert_eq!(verdict(who, json!({"identity": [deny(json!({"Action": "*"}))]})), Allowed);
}

#[test]
fn what_cannot_be_read_is_open() {
    for condition in [
        json!({"NumericLessThan": {"aws:MultiFactorAuthAge": "soon"}}),
        json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/99"}}),
        json!({"DateLessThan": {"aws:CurrentTime": "tomorrow"}}),
        json!({"ArnLike": {"aws:SourceVpcArn": "arn:aws:*"}}),
        json!({"StringLike": {"aws:SourceIp": "10.*"}}),
    ] {
        let context = json!({"aws:MultiFactorAuthAge": "5", "aws:SourceIp": "10.0.0.1", "aws:SourceVpcArn": "arn:aws:a:b:c:d"});
        let policies = json!({"identity": [allow(json!({"Condition": condition}))]});
        let scenario = Scenario::new(&json!({"request": get(USER, context), "policies": policies}));
        let object = crate::model::Object::Named(OBJECT.to_owned());
        assert_eq!(scenario.symbolic(object), None, "{condition}");
    }
}

#[test]
fn a_principal_of_another_account() {
    let outside = |who: &str, context: Json, resource: Json| {
        let mut request = get(who, context);
        request["outside"] = json!(true);
        Scenario::new(&json!({"request": request, "policies": {"resource": resource}})).agreed()
    };
    let vendor = "arn:aws:iam::999999999999:role/vendor";
    let named = |who: &str| allow(json!({"Principal": {"AWS": who}}));
    assert_eq!(outside(vendor, json!({}), named(vendor)), Allowed);
    assert_eq!(outside(vendor, json!({}), named("999999999999")), Allowed);
    assert_eq!(outside(vendor, json!({}), named("888888888888")), Nothing);
    assert_eq!(outside("arn:aws:sts::999999999999:assumed-role/vendor/s", json!({}), named(vendor)), Allowed);
    let keyed = |value: &str| {
        allow(
            json!({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": value, "aws:PrincipalType": "AssumedRole"}}}),
        )
    };
    assert_eq!(outside(vendor, json!({}), keyed("999999999999")), Allowed);
    assert_eq!(
        outside(vendor, json!({"aws:PrincipalAccount": "888888888888"}), keyed("888888888888")),
        Nothing
    );
    let shut = policy(&[
        statement("Allow", json!({"Principal": "*"})),
        statement(
            "Deny",
            json!({"Principal": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:*"}}}),
        ),
    ]);
    assert_eq!(outside(vendor, json!({}), shut), Denied);
}
