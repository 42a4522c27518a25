//! Asking once of what is alike gives the steps that asking each for itself gives, in accounts made up of everything
//! that may tell principals apart: tags, names in conditions and resources, variables, boundaries, trust, denials.

use std::collections::BTreeSet;

use leastwise::clouds::escalation::Change;
use leastwise::evaluator::Evaluator;
use leastwise::graph::Graph;
use leastwise::input;
use leastwise::model::Estate;
use leastwise::solver::Portfolio;
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const SEEDS: u64 = 50;

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

fn arn(rest: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{rest}")
}

fn statement(dice: &mut Dice) -> Value {
    let actions = [
        "sts:AssumeRole",
        "iam:PassRole",
        "lambda:*",
        "lambda:CreateFunction",
        "iam:Put*",
        "iam:CreateAccessKey",
        "iam:UpdateAssumeRolePolicy",
        "iam:CreatePolicyVersion",
        "ssm:SendCommand",
        "iam:AddUserToGroup",
        "*",
    ];
    let resources = [
        "*",
        "*",
        "arn:aws:iam::111122223333:role/app/*",
        "arn:aws:iam::111122223333:role/r-1",
        "arn:aws:iam::*:role/r-?",
        "arn:aws:iam::111122223333:user/${aws:username}",
        "arn:aws:iam::111122223333:policy/p-*",
        "arn:aws:iam::111122223333:role/${aws:PrincipalTag/team}",
    ];
    let chosen: Vec<&str> = (0..=dice.below(2)).map(|_| dice.one(&actions)).collect();
    let effect = if dice.below(6) == 0 { "Deny" } else { "Allow" };
    let mut found = json!({ "Effect": effect, "Action": chosen, "Resource": dice.one(&resources) });
    let condition = match dice.below(9) {
        0 => json!({ "StringEquals": { "aws:PrincipalTag/team": "a" } }),
        1 => json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/app/*" } }),
        2 => json!({ "StringEquals": { "aws:username": "u-1" } }),
        3 => json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } }),
        _ => return found,
    };
    found["Condition"] = condition;
    found
}

fn document(dice: &mut Dice, most: usize) -> Value {
    let statements: Vec<Value> = (0..=dice.below(most)).map(|_| statement(dice)).collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn trust(dice: &mut Dice) -> Value {
    let principal = match dice.below(5) {
        0 => json!({ "AWS": arn("root") }),
        1 => json!({ "AWS": arn("role/r-0") }),
        2 => json!({ "AWS": "*" }),
        _ => json!({ "Service": dice.one(&["lambda.amazonaws.com", "ec2.amazonaws.com"]) }),
    };
    json!({ "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }] })
}

fn tags(dice: &mut Dice) -> Value {
    json!([{ "Key": "team", "Value": dice.one(&["a", "b"]) }])
}

fn attached(dice: &mut Dice) -> Value {
    let count = dice.below(3);
    let all: Vec<Value> = (0..count)
        .map(|_| {
            let name = format!("p-{}", dice.below(6));
            json!({ "PolicyName": name, "PolicyArn": arn(&format!("policy/{name}")) })
        })
        .collect();
    json!(all)
}

fn account(seed: u64) -> Value {
    let dice = &mut Dice(seed);
    let policies: Vec<Value> = (0..6)
        .map(|index| {
            let text = if index == 0 {
                json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] })
            } else {
                document(dice, 3)
            };
            json!({ "PolicyName": format!("p-{index}"), "Arn": arn(&format!("policy/p-{index}")), "Path": "/",
                "DefaultVersionId": "v1",
                "PolicyVersionList": [{ "Document": text, "VersionId": "v1", "IsDefaultVersion": true }] })
        })
        .collect();
    let roles: Vec<Value> = (0..9)
        .map(|index| {
            let path = if dice.below(3) == 0 { "/app/" } else { "/" };
            let mut role = json!({
                "RoleName": format!("r-{index}"), "Path": path, "Arn": arn(&format!("role{path}r-{index}")),
                "AssumeRolePolicyDocument": trust(dice), "Tags": tags(dice), "RolePolicyList": [],
                "InstanceProfileList": [], "AttachedManagedPolicies": attached(dice),
            });
            if dice.below(5) == 0 {
                let boundary = arn(&format!("policy/p-{}", dice.below(6)));
                role["PermissionsBoundary"] =
                    json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary });
            }
            role
        })
        .collect();
    let users: Vec<Value> = (0..4)
        .map(|index| {
            json!({ "UserName": format!("u-{index}"), "Path": "/", "Arn": arn(&format!("user/u-{index}")),
                "GroupList": if dice.below(2) == 0 { json!(["g"]) } else { json!([]) },
                "Tags": tags(dice), "UserPolicyList": [], "AttachedManagedPolicies": attached(dice) })
        })
        .collect();
    let group = json!({ "GroupName": "g", "Path": "/", "Arn": arn("group/g"), "GroupPolicyList": [],
        "AttachedManagedPolicies": attached(dice) });
    json!({ "UserDetailList": users, "GroupDetailList": [group], "RoleDetailList": roles, "Policies": policies })
}

/// Who can gain what by which step, and who administers what.
fn steps(estate: &Estate, graph: &Graph, evaluator: &Evaluator<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    // Through a trust that somebody opened, others are asked only as far as they matter.
    let hops = graph.hops(evaluator).unwrap().into_iter();
    let hops = hops.filter(|hop| hop.from.change != Some(Change::Admitted));
    let hops =
        hops.map(|hop| format!("{:?} {} {:?} {}", hop.from, hop.kind, hop.gained, hop.certainty.as_str()));
    let paths = graph.paths_to_administration(evaluator).unwrap();
    let name = |id| estate.principal(id).map_or("", |one| one.name.as_str());
    let ends = paths.iter().map(|path| format!("{} {}", name(path.from), path.certainty.as_str()));
    (hops.collect(), ends.collect())
}

#[test]
fn what_is_alike_is_the_same() {
    let portfolio = Portfolio::default();
    let mut all = 0;
    for seed in 0..SEEDS {
        let loaded = input::load_text("account.json", account(seed * 7_919 + 1).to_string());
        let estate = &loaded.estate;
        let once = Evaluator::new(estate, &portfolio);
        let each = once.without_shortcuts();
        let graph =
            |evaluator: &Evaluator<'_>| steps(estate, &Graph::build(evaluator, &[]).unwrap(), evaluator);
        let ((some, ends), (every, all_ends)) = (graph(&once), graph(&each));
        let (lacking, added) = (every.difference(&some), some.difference(&every));
        let differing: [Vec<&String>; 2] = [lacking.collect(), added.collect()];
        assert!(differing.iter().all(Vec::is_empty), "account {seed} lacks and adds {differing:#?}");
        assert_eq!(ends, all_ends, "account {seed}");
        all += some.len();
    }
    assert!(all > 500, "the accounts have to have steps: {all}");
}
