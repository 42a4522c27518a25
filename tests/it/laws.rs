//! Laws that hold whatever the policies say: an estate gains nothing over itself, a deny only takes, a removed allow
//! gives nothing, and the order of files and statements changes nothing.

use leastwise::clouds;
use leastwise::evaluator::Evaluator;
use leastwise::input::{self, Loaded};
use leastwise::logic::Formula;
use leastwise::model::{Object, PrincipalKind, Question, Subject};
use leastwise::solver::{EngineSelection, Portfolio};
use serde_json::{Value, json};

const ACCOUNT: &str = include_str!("../../examples/aws-organization/prod/account-details.json");

fn load(account: &Value) -> Loaded {
    let loaded = input::load_text("account.json", account.to_string());
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    loaded
}

fn account() -> Value {
    serde_json::from_str(ACCOUNT).expect("the example is JSON")
}

fn portfolio() -> Portfolio {
    let engines = if cfg!(feature = "z3") { EngineSelection::Both } else { EngineSelection::Native };
    Portfolio { engines, ..Portfolio::default() }
}

/// The principals of `after` that may do something that they could not do in `before`.
fn gainers(before: &Loaded, after: &Loaded) -> Vec<String> {
    let portfolio = portfolio();
    let (old, new) = (Evaluator::new(&before.estate, &portfolio), Evaluator::new(&after.estate, &portfolio));
    let mut found = Vec::new();
    for (id, principal) in after.estate.principals() {
        if matches!(principal.kind, PrincipalKind::Group | PrincipalKind::External | PrincipalKind::Service) {
            continue;
        }
        assert_eq!(before.estate.principal(id).map(|other| &other.name), Some(&principal.name));
        let question = Question {
            cloud: principal.cloud,
            subject: Subject::Principal(id),
            action: None,
            object: Object::Any,
        };
        let answer = new.gains(&old, &question, &Formula::True).expect("the engines agree");
        if !answer.is_never() {
            found.push(principal.name.clone());
        }
    }
    found
}

/// Calls `change` with each policy document of the account's users, groups and roles.
fn change_documents(account: &mut Value, change: &dyn Fn(&mut Vec<Value>)) {
    let lists = [
        ("UserDetailList", "UserPolicyList"),
        ("GroupDetailList", "GroupPolicyList"),
        ("RoleDetailList", "RolePolicyList"),
    ];
    for (owners, policies) in lists {
        for owner in account[owners].as_array_mut().into_iter().flatten() {
            for policy in owner[policies].as_array_mut().into_iter().flatten() {
                if let Some(statements) = policy["PolicyDocument"]["Statement"].as_array_mut() {
                    change(statements);
                }
            }
        }
    }
}

#[test]
fn nothing_is_gained_over_itself() {
    let loaded = load(&account());
    assert_eq!(gainers(&loaded, &loaded), Vec::<String>::new());
}

#[test]
fn a_deny_only_takes() {
    let mut changed = account();
    change_documents(&mut changed, &|statements| {
        statements.push(json!({
            "Effect": "Deny", "Action": "s3:Put*", "Resource": "*",
            "Condition": { "StringNotEquals": { "aws:PrincipalTag/team": "platform" } }
        }));
    });
    let (before, after) = (load(&account()), load(&changed));
    assert_eq!(gainers(&before, &after), Vec::<String>::new());
    assert!(!gainers(&after, &before).is_empty(), "the deny takes something");
}

#[test]
fn a_removed_allow_gives_nothing() {
    let mut changed = account();
    change_documents(&mut changed, &|statements| {
        if statements.len() > 1 && statements.last().is_some_and(|last| last["Effect"] == "Allow") {
            statements.pop();
        }
    });
    let (before, after) = (load(&account()), load(&changed));
    assert_eq!(gainers(&before, &after), Vec::<String>::new());
    assert!(!gainers(&after, &before).is_empty(), "something was removed");
}

#[test]
fn the_order_of_statements_and_owners_changes_nothing() {
    let mut changed = account();
    change_documents(&mut changed, &|statements| statements.reverse());
    let (before, after) = (load(&account()), load(&changed));
    assert_eq!(gainers(&before, &after), Vec::<String>::new());
    assert_eq!(gainers(&after, &before), Vec::<String>::new());
}

#[test]
fn every_step_and_seat_is_decided_in_the_example() {
    let loaded = load(&account());
    for cloud in clouds::CLOUDS {
        for step in cloud.steps(&loaded.estate) {
            let portfolio = portfolio();
            let answer = Evaluator::new(&loaded.estate, &portfolio).can(&step.question, &Formula::True);
            assert!(!answer.expect("the engines agree").is_undecided(), "{step:?}");
        }
    }
}
