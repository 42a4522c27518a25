//! Questions about the graph: what somebody comes to, by which ways, and what cuts them.

use leastwise::clouds::aws::AWS;
use leastwise::clouds::escalation::Gained;
use leastwise::evaluator::{Certainty, Evaluator};
use leastwise::graph::{self, Bound, Graph, Node, What};
use leastwise::input::{self, Loaded};
use leastwise::solver::Portfolio;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

fn arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{name}")
}

fn document(statements: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn user(name: &str, statements: &Value) -> Value {
    json!({
        "Arn": arn(&format!("user/{name}")), "GroupList": [], "AttachedManagedPolicies": [],
        "UserPolicyList": [{ "PolicyName": "own", "PolicyDocument": document(statements) }],
    })
}

fn role(name: &str, trusts: &Value, statements: &Value) -> Value {
    let trust = json!([{ "Effect": "Allow", "Principal": trusts, "Action": "sts:AssumeRole" }]);
    json!({
        "Arn": arn(&format!("role/{name}")), "AttachedManagedPolicies": [], "InstanceProfileList": [],
        "AssumeRolePolicyDocument": document(&trust),
        "RolePolicyList": [{ "PolicyName": "own", "PolicyDocument": document(statements) }],
    })
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Sid": action.replace(':', ""), "Effect": "Allow", "Action": action, "Resource": resource })
}

/// `ann` comes to the administrators by `left` and by `right`, and both go through `middle`.
fn diamond() -> Loaded {
    let root = json!({ "AWS": arn("root") });
    let assume = |name: &str| allow("sts:AssumeRole", &arn(&format!("role/{name}")));
    let account = json!({
        "UserDetailList": [user("ann", &json!([assume("left"), assume("right")]))],
        "GroupDetailList": [],
        "RoleDetailList": [
            role("left", &root, &json!([assume("middle")])),
            role("right", &root, &json!([assume("middle")])),
            role("middle", &root, &json!([allow("iam:AttachRolePolicy", &arn("role/admin")), assume("admin")])),
            role("admin", &root, &json!([allow("*", "*")])),
            role("aside", &json!({ "Service": "lambda.amazonaws.com" }), &json!([allow("s3:*", "*")])),
        ],
        "Policies": [],
    });
    input::load_text("account.json", account.to_string())
}

#[test]
fn what_somebody_comes_to_is_listed_with_the_steps() {
    let loaded = diamond();
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(&loaded.estate, &portfolio);
    let id = |name: &str| loaded.estate.find_principal(AWS, &arn(name)).unwrap();
    let graph = Graph::around(&evaluator, &[], id("user/ann")).unwrap();
    let reached = graph.reached(&evaluator, id("user/ann")).unwrap();
    let acts: Vec<(&str, usize)> = reached
        .iter()
        .filter_map(|one| match one.what {
            What::Acts(Node { principal, change: None }) => {
                Some((loaded.estate.principal(principal)?.name.as_str(), one.hops.len()))
            }
            _ => None,
        })
        .collect();
    let (ann, left, right) = (arn("user/ann"), arn("role/left"), arn("role/right"));
    let (middle, admin) = (arn("role/middle"), arn("role/admin"));
    assert_eq!(acts, [(&*ann, 0), (&*left, 1), (&*right, 1), (&*middle, 2), (&*admin, 3)]);
    let administers = reached.iter().find(|one| matches!(one.what, What::Administers(_))).unwrap();
    assert_eq!((administers.hops.len(), &administers.certainty), (3, &Certainty::Proven));
    let decides = |one: &&graph::Reached| matches!(one.what, What::Decides(Gained::Rewrite(..)));
    let rewrite = reached.iter().find(decides).unwrap();
    assert_eq!(&*rewrite.hops.last().unwrap().kind, "attach-role-policy");
    // Nobody else is there, and what is not connected is not.
    assert!(!acts.iter().any(|(name, _)| name.ends_with("aside")));
}

#[test]
fn ways_are_told_apart_by_whom_they_lead_through() {
    let loaded = diamond();
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(&loaded.estate, &portfolio);
    let id = |name: &str| loaded.estate.find_principal(AWS, &arn(name)).unwrap();
    let graph = Graph::around(&evaluator, &[], id("user/ann")).unwrap();
    let all = graph
        .alternatives(&evaluator, id("user/ann"), Node::as_is(id("role/admin")), Bound::default())
        .unwrap();
    let through: Vec<Vec<&str>> = all
        .ways
        .iter()
        .map(|way| {
            let name = |gained: Gained| loaded.estate.principal(gained.principal().unwrap()).unwrap();
            way.iter().map(|hop| name(hop.gained).name.rsplit('/').next().unwrap()).collect()
        })
        .collect();
    let mut sorted = through.clone();
    sorted.sort();
    assert_eq!(sorted, [["left", "middle", "admin"], ["right", "middle", "admin"]]);
    assert!(!all.more);
    let one = Bound { number: 1, ..Bound::default() };
    let some = graph.alternatives(&evaluator, id("user/ann"), Node::as_is(id("role/admin")), one).unwrap();
    assert!(some.ways.len() == 1 && some.more);
    let short = Bound { length: 3, ..Bound::default() };
    assert!(
        graph
            .alternatives(&evaluator, id("user/ann"), Node::as_is(id("role/admin")), short)
            .unwrap()
            .ways
            .is_empty()
    );
}

#[test]
fn a_smallest_cut_takes_the_grant_that_all_ways_share() {
    let loaded = diamond();
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(&loaded.estate, &portfolio);
    let ann = loaded.estate.find_principal(AWS, &arn("user/ann")).unwrap();
    let cut = graph::cut(&evaluator, &[], ann).unwrap();
    assert!(cut.complete && cut.smallest, "{cut:?}");
    assert_eq!(cut.grants.len(), 1, "{cut:?}");
    let what = &cut.grants[0].what;
    let shared = ["middle/own", "trust policy of middle", "trust policy of admin"];
    assert!(shared.iter().any(|name| what.contains(name)), "{what}");
}

/// Two statements give the same, so taking one away is not enough.
#[test]
fn a_cut_takes_all_that_give_the_same() {
    let own = json!([
        allow("iam:PutUserPolicy", &arn("user/ann")),
        allow("iam:Put*", "*"),
        allow("iam:AttachUserPolicy", &arn("user/ann")),
    ]);
    let account = json!({ "UserDetailList": [user("ann", &own)], "GroupDetailList": [], "RoleDetailList": [], "Policies": [] });
    let loaded = input::load_text("account.json", account.to_string());
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(&loaded.estate, &portfolio);
    let ann = loaded.estate.find_principal(AWS, &arn("user/ann")).unwrap();
    let cut = graph::cut(&evaluator, &[], ann).unwrap();
    assert!(cut.complete && cut.smallest, "{cut:?}");
    assert_eq!(cut.grants.len(), 3, "{cut:?}");
}
