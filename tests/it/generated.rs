//! Laws that hold whatever the policies say, on policies that nobody wrote: small documents of every kind of AWS, with
//! wildcards, the negated elements, policy variables, and conditions of all operators.
//!
//! The seed is fixed, so each run sees the same documents. `laws.rs` asks the same of an estate.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::Command;

use leastwise::evaluator::Relation;
use leastwise::input::document_pairs::{self, ReadDocuments};
use leastwise::solver::EngineSelection;
use leastwise::text::Severity;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::agreement::{Tried, alone, comparison, tried};

/// Small, because Z3 can take many seconds where variables meet the catalog: with known actions it passes over some ten
/// of 24 pairs then.
const BUDGET: u64 = 200_000;

const KINDS: &[&str] = &["identity", "resource", "trust", "service-control", "resource-control"];
const ACTIONS: &[&str] =
    &["s3:GetObject", "s3:Get*", "S3:PUTobject", "s3:?utObject", "s3:*", "sqs:SendMessage", "*", "ec2:*Tags"];
const TRUSTED: &[&str] = &["sts:AssumeRole", "sts:*", "STS:assumerole", "sts:TagSession"];
const RESOURCES: &[&str] = &[
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::?/k*",
    "arn:aws:s3:::b/${aws:username}/*",
    "arn:aws:s3:::b/${aws:RequestTag/x, 'none'}",
    "arn:aws:s3:::b/${*}",
    "arn:aws:sqs:*:111122223333:q",
];
const PRINCIPALS: &[&str] = &[
    "*",
    "111122223333",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::111122223333:user/ann",
    "arn:aws:iam::111122223333:role/build",
    "arn:aws:sts::111122223333:assumed-role/build/s",
];

/// An operator with a key it compares and values.
type Condition = (&'static str, &'static str, &'static [&'static str]);

const CONDITIONS: &[Condition] = &[
    ("StringEquals", "aws:UserAgent", &["a", "b*"]),
    ("StringNotEquals", "aws:UserAgent", &["a", "b"]),
    ("StringEqualsIfExists", "aws:UserAgent", &["A", "${aws:RequestTag/x}"]),
    ("StringEqualsIgnoreCase", "aws:RequestTag/x", &["A", "b"]),
    ("StringNotEqualsIgnoreCase", "aws:RequestTag/x", &["a"]),
    ("StringLike", "aws:UserAgent", &["a*", "*b", "?"]),
    ("StringNotLike", "aws:UserAgent", &["*a*", "b?"]),
    ("StringLike", "aws:RequestTag/x", &["${aws:username}*", "${aws:username, 'a'}"]),
    ("NumericEquals", "s3:max-keys", &["5", "7.5"]),
    ("NumericNotEquals", "s3:max-keys", &["5"]),
    ("NumericLessThan", "s3:max-keys", &["5", "10"]),
    ("NumericLessThanEquals", "s3:max-keys", &["7.5"]),
    ("NumericGreaterThan", "s3:max-keys", &["5"]),
    ("NumericGreaterThanEqualsIfExists", "s3:max-keys", &["10"]),
    ("DateLessThan", "aws:CurrentTime", &["2024-04-01T00:00:00Z"]),
    ("DateGreaterThanEquals", "aws:CurrentTime", &["2024-04-01T00:00:00Z", "1711929601"]),
    ("DateNotEquals", "aws:TokenIssueTime", &["2024-04-01T00:00:00Z"]),
    ("Bool", "aws:SecureTransport", &["true"]),
    ("BoolIfExists", "aws:SecureTransport", &["false"]),
    ("BinaryEquals", "key", &["QQ==", "Qg=="]),
    ("IpAddress", "aws:SourceIp", &["10.0.0.0/8", "10.1.2.3", "2001:db8::/32"]),
    ("NotIpAddress", "aws:SourceIp", &["10.1.0.0/16", "::/0"]),
    ("ArnLike", "aws:SourceArn", &["arn:aws:sns:*:*:a", "arn:aws:sns:*:111122223333:*"]),
    ("ArnNotEquals", "aws:SourceArn", &["arn:aws:sns:*:*:*"]),
    ("StringLike", "aws:SourceArn", &["arn:aws:sns:*:a"]),
    ("Null", "aws:UserAgent", &["true"]),
    ("Null", "aws:TagKeys", &["false"]),
    ("ForAllValues:StringEquals", "aws:TagKeys", &["a", "b"]),
    ("ForAllValues:StringNotLike", "aws:TagKeys", &["a*"]),
    ("ForAnyValue:StringLike", "aws:TagKeys", &["a?", "b"]),
    ("ForAnyValue:StringNotEquals", "aws:TagKeys", &["a"]),
    ("ForAllValues:StringEqualsIfExists", "aws:TagKeys", &["b"]),
];

fn some_of(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    subsequence(texts, 1..=2).prop_shuffle().prop_map(|texts| match texts.as_slice() {
        [one] => json!(one),
        several => json!(several),
    })
}

/// No test, one, or two.
fn condition() -> impl Strategy<Value = Option<Value>> {
    let one = select(CONDITIONS).prop_flat_map(|(operator, key, values)| {
        subsequence(values, 1..=values.len()).prop_map(move |values| (operator, key, values))
    });
    prop::collection::vec(one, 0..=2).prop_map(|tests| {
        let mut blocks = Map::new();
        for (operator, key, values) in tests {
            let block = blocks.entry(operator).or_insert_with(|| json!({}));
            block.as_object_mut().unwrap().insert(key.to_owned(), json!(values));
        }
        (!blocks.is_empty()).then_some(Value::Object(blocks))
    })
}

/// A statement that may stand in a document of that kind.
fn statement(kind: &'static str, effects: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let seldom = || prop::bool::weighted(0.15);
    let actions = some_of(if kind == "trust" { TRUSTED } else { ACTIONS });
    let names = if kind == "resource-control" { &PRINCIPALS[..1] } else { PRINCIPALS };
    let who = subsequence(names, 1..=names.len().min(2)).prop_map(|names| json!({"AWS": names}));
    let parts =
        (select(effects), seldom(), actions, seldom(), some_of(RESOURCES), condition(), seldom(), who);
    parts.prop_map(move |(effect, not_action, actions, not_resource, resources, condition, not_who, who)| {
        let mut statement = json!({"Effect": effect});
        statement[if not_action { "NotAction" } else { "Action" }] = actions;
        if kind != "trust" {
            statement[if not_resource { "NotResource" } else { "Resource" }] = resources;
        }
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        match kind {
            "identity" | "service-control" => {}
            // What the negated form spares from a deny is not fully documented; the gap says so.
            "resource" if not_who && effect == "Allow" => statement["NotPrincipal"] = who,
            "resource-control" => statement["Principal"] = json!("*"),
            _ => statement["Principal"] = who,
        }
        statement
    })
}

fn effects(kind: &str) -> &'static [&'static str] {
    if kind == "resource-control" { &["Deny"] } else { &["Allow", "Allow", "Deny"] }
}

fn statements(kind: &'static str) -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(statement(kind, effects(kind)), 1..=3)
}

fn document(version: &str, statements: &[Value]) -> Value {
    json!({"Version": version, "Statement": statements})
}

fn version() -> impl Strategy<Value = &'static str> {
    prop_oneof![9 => Just("2012-10-17"), 1 => Just("2008-10-17")]
}

/// A kind with two lists of statements that have something in common.
fn two() -> impl Strategy<Value = (&'static str, Value, Value)> {
    select(KINDS).prop_flat_map(|kind| {
        let parts = (version(), statements(kind), statements(kind), version(), prop::bool::weighted(0.7));
        parts.prop_map(move |(old_version, old, new, new_version, related)| {
            let new = if related { [&old[..old.len() - 1], &new[..1]].concat() } else { new };
            (kind, document(old_version, &old), document(new_version, &new))
        })
    })
}

fn read(kind: &str, old: &Value, new: &Value) -> ReadDocuments {
    let line = json!({"name": "generated", "old": old, "new": new}).to_string();
    let pair = document_pairs::from_line("generated.jsonl", 1, &line, Some(kind));
    assert!(pair.problems.iter().all(|problem| problem.severity != Severity::Error), "{:?}", pair.problems);
    pair.documents.unwrap()
}

/// How the new one stands to the old one, by the native engine.
fn relation(kind: &str, old: &Value, new: &Value, any: bool) -> Relation {
    let found = comparison(&read(kind, old, new), EngineSelection::Native, any, BUDGET);
    found.unwrap_or_else(|bug| panic!("{bug}")).relation
}

/// Runs a law on so many values, the same in each run.
fn for_all<S: Strategy>(cases: u32, strategy: &S, law: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome = TestRunner::new_with_rng(config, rng).run(strategy, |value| {
        law(value);
        Ok::<(), TestCaseError>(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// Relations between unknown texts are not for the native engine alone.
fn may_pass(relation: Relation) -> bool {
    relation == Relation::Undecided
}

fn mirrored(relation: Relation) -> Relation {
    match relation {
        Relation::Narrower => Relation::Broader,
        Relation::Broader => Relation::Narrower,
        same => same,
    }
}

#[test]
fn engines_agree_and_their_witnesses_are_replayed() {
    let count = Cell::new(Tried::default());
    let seen = Cell::new([0_usize; 5]);
    // How often every engine decided: for known actions and for any.
    let checked = Cell::new([0_usize; 2]);
    for_all(24, &two(), |(kind, old, new)| {
        let documents = read(kind, &old, &new);
        for any in [false, true] {
            let mut said = Vec::new();
            for one in alone() {
                let found = comparison(&documents, *one, any, BUDGET).unwrap_or_else(|bug| panic!("{bug}"));
                if found.relation != Relation::Undecided {
                    said.push(found.relation);
                }
            }
            let mut times = checked.get();
            times[usize::from(any)] += usize::from(said.len() == alone().len());
            checked.set(times);
            said.dedup();
            assert!(said.len() <= 1, "native and Z3 disagree: {said:?} for {old} and {new}");
            let mut tries = count.get();
            let wrong = tried(&documents, any, alone(), BUDGET, &mut tries);
            count.set(tries);
            assert!(wrong.is_empty(), "{}\n{kind}: {old} and {new}", wrong.join("\n"));
            let mut all = seen.get();
            all[said.first().map_or(4, |relation| *relation as usize)] += 1;
            seen.set(all);
        }
    });
    let Tried { possible, found } = count.get();
    println!("{:?} by relation; {found} of {possible} possible requests were found by trying", seen.get());
    assert!(found * 10 >= possible * 8, "trying finds {found} of {possible}");
    assert!(checked.get().iter().all(|times| *times >= 10), "all engines decided {:?} of 24", checked.get());
    // Equivalent, narrower, broader and incomparable documents are all among the generated ones.
    assert!(seen.get()[..4].iter().all(|times| *times > 0), "{:?}", seen.get());
    assert!(seen.get()[4] * 5 <= seen.get().iter().sum(), "too many are undecided: {:?}", seen.get());
}

/// A kind, a list of statements, and the same list in which one statement names other actions and another may be gone.
fn edited() -> impl Strategy<Value = (&'static str, Vec<Value>, Vec<Value>)> {
    select(KINDS).prop_flat_map(|kind| {
        let actions = some_of(if kind == "trust" { TRUSTED } else { ACTIONS });
        let parts = (statements(kind), statements(kind), actions, 0_usize..6, any::<bool>());
        parts.prop_map(move |(first, second, actions, at, removes)| {
            let old = [first, second].concat();
            let mut new = old.clone();
            let at = at % old.len();
            let element = if new[at]["NotAction"].is_null() { "Action" } else { "NotAction" };
            new[at][element] = actions;
            if removes {
                new.remove((at + 1) % old.len());
            }
            (kind, old, new)
        })
    })
}

#[test]
fn what_both_documents_say_may_be_left_out() {
    // A deny about every action that never holds: beside it nothing may be left out, and it changes nothing.
    let never = json!({"Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"Null": {"aws:UserAgent": "true"}, "StringLike": {"aws:UserAgent": "*"}}});
    let seen = Cell::new([0_usize; 5]);
    for_all(150, &edited(), |(kind, old, new)| {
        let mut idle = never.clone();
        if kind == "trust" {
            idle.as_object_mut().unwrap().remove("Resource");
        }
        if !["identity", "service-control"].contains(&kind) {
            idle["Principal"] = json!("*");
        }
        let whole: Vec<Value> = [new.as_slice(), &[idle]].concat();
        let document = |statements: &[Value]| document("2012-10-17", statements);
        for any in [false, true] {
            let short = relation(kind, &document(&old), &document(&new), any);
            let full = relation(kind, &document(&old), &document(&whole), any);
            let fits = short == full || may_pass(short) || may_pass(full);
            assert!(fits, "{short:?}, but {full:?} if nothing is left out: {kind} {old:?} and {new:?}");
            let mut all = seen.get();
            all[short as usize] += 1;
            seen.set(all);
        }
    });
    assert!(seen.get()[..4].iter().all(|times| *times >= 4), "{:?}", seen.get());
}

#[test]
fn comparing_backwards_mirrors_the_relation() {
    for_all(60, &two(), |(kind, old, new)| {
        let (there, back) = (relation(kind, &old, &new, true), relation(kind, &new, &old, true));
        assert!(back == mirrored(there) || may_pass(there), "{there:?} and {back:?}: {old} and {new}");
    });
}

#[test]
fn a_deny_never_adds_access() {
    let taken = Cell::new(0);
    let strategy = select(KINDS)
        .prop_flat_map(|kind| (Just(kind), version(), statements(kind), statement(kind, &["Deny"])));
    for_all(80, &strategy, |(kind, version, statements, deny)| {
        let more: Vec<Value> = [statements.as_slice(), &[deny]].concat();
        // Beside a list without any allow AWS puts one that allows all; that must not change with the deny.
        let (old, new) = (document(version, &statements), document(version, &more));
        let found = relation(kind, &old, &new, true);
        let fits = matches!(found, Relation::Equivalent | Relation::Narrower);
        assert!(fits || may_pass(found), "{found:?}: {kind} {old} and {new}");
        taken.set(taken.get() + usize::from(found == Relation::Narrower));
    });
    assert!(taken.get() >= 20, "only {} denies take something", taken.get());
}

#[test]
fn a_removed_allow_never_adds_access() {
    let lost = Cell::new(0);
    let allow: &[&str] = &["Allow"];
    // Those that have allow statements: all but the last.
    let strategy = select(&KINDS[..4]);
    let strategy = strategy.prop_flat_map(|kind| {
        (Just(kind), version(), statements(kind), statement(kind, allow), statement(kind, allow))
    });
    for_all(80, &strategy, |(kind, version, statements, kept, removed)| {
        // One allow is kept: a service control policy without any is read beside one that allows all.
        let less: Vec<Value> = [statements.as_slice(), &[kept]].concat();
        let (old, new) =
            (document(version, &[less.as_slice(), &[removed]].concat()), document(version, &less));
        let found = relation(kind, &old, &new, true);
        let fits = matches!(found, Relation::Equivalent | Relation::Narrower);
        assert!(fits || may_pass(found), "{found:?}: {kind} {old} and {new}");
        lost.set(lost.get() + usize::from(found == Relation::Narrower));
    });
    assert!(lost.get() >= 20, "only {} allows gave something of their own", lost.get());
}

/// The same document with all lists and all keys in another order.
fn shuffled(value: &Value, turn: usize) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| shuffled(item, turn + 1)).collect();
            let by = turn % items.len().max(1);
            items.rotate_left(by);
            if turn % 2 == 1 {
                items.reverse();
            }
            Value::Array(items)
        }
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> =
                map.iter().map(|(key, item)| (key.clone(), shuffled(item, turn + 1))).collect();
            entries.reverse();
            let by = turn % entries.len().max(1);
            entries.rotate_left(by);
            Value::Object(entries.into_iter().collect())
        }
        other => other.clone(),
    }
}

#[test]
fn order_changes_nothing() {
    for_all(30, &(two(), 1_usize..6), |((kind, old, new), turn)| {
        let other = shuffled(&old, turn);
        for any in [false, true] {
            let same = relation(kind, &old, &old, any);
            assert!(same == Relation::Equivalent || may_pass(same), "{same:?}: {old} and itself");
            let found = relation(kind, &old, &other, any);
            assert!(found == Relation::Equivalent || may_pass(found), "{found:?}: {old} and {other}");
        }
        let (plain, turned) =
            (relation(kind, &old, &new, true), relation(kind, &other, &shuffled(&new, turn), true));
        assert_eq!(plain, turned, "{old} and {new}");
    });
}

/// An account with a role and a user who have generated policies. Each statement has a name of its own, because reports
/// name the others by their number.
fn account(identity: &[Value], trust: &[Value]) -> Value {
    let named = |statements: &[Value], prefix: &str| {
        let mut statements = statements.to_vec();
        for (index, statement) in statements.iter_mut().enumerate() {
            statement["Sid"] = json!(format!("{prefix}{index}"));
        }
        document("2012-10-17", &statements)
    };
    json!({
        "UserDetailList": [{
            "Path": "/", "UserName": "ann", "UserId": "AIDAANN", "Arn": "arn:aws:iam::111122223333:user/ann",
            "GroupList": [], "AttachedManagedPolicies": [],
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": named(identity, "Own")}],
        }],
        "GroupDetailList": [],
        "RoleDetailList": [{
            "Path": "/", "RoleName": "build", "RoleId": "AROABUILD", "Arn": "arn:aws:iam::111122223333:role/build",
            "AssumeRolePolicyDocument": named(trust, "Trust"), "AttachedManagedPolicies": [],
            "RolePolicyList": [{"PolicyName": "work", "PolicyDocument": named(identity, "Work")}],
        }],
        "Policies": [],
    })
}

/// The report of a scan as JSON, without places and numbers of list items, and without the order that follows them.
fn scanned(account: &Value) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("generated-{}.json", std::process::id()));
    fs::write(&path, account.to_string()).unwrap();
    let paths = [path.to_str().unwrap().to_owned()];
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output =
        command.args(["scan", "--format", "json", "--engine", "native", &paths[0]]).output().unwrap();
    fs::remove_file(&path).unwrap();
    let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
    unplaced(&mut report);
    serde_json::to_string_pretty(&report).unwrap()
}

fn unplaced(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in ["line", "column", "end_line", "end_column"] {
                map.remove(key);
            }
            // Of two statements that say the same, the later one is reported.
            if map.get("rule").is_some_and(|rule| rule == "redundant-statement") {
                for key in ["message", "primary", "related"] {
                    map.remove(key);
                }
            }
            map.values_mut().for_each(unplaced);
        }
        // Findings and reasons stand in the order of the files.
        Value::Array(items) => {
            items.iter_mut().for_each(unplaced);
            items.sort_by_key(Value::to_string);
        }
        Value::String(text) => {
            // `UserDetailList[0].UserPolicyList[1]`: which item it is, and not what.
            while let Some((before, after)) = text.split_once('[')
                && let Some((number, behind)) = after.split_once(']')
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
            {
                *text = format!("{before}#{behind}");
            }
        }
        _ => {}
    }
}

#[test]
fn a_scan_says_the_same_in_every_order() {
    let found = Cell::new(0);
    let strategy = (statements("identity"), statements("trust"), 1_usize..6);
    for_all(6, &strategy, |(identity, trust, turn)| {
        let plain = account(&identity, &trust);
        let report = scanned(&plain);
        assert_eq!(report, scanned(&shuffled(&plain, turn)), "{plain}");
        found.set(found.get() + usize::from(report.contains("\"rule\"")));
    });
    assert!(found.get() >= 2, "only {} reports say anything", found.get());
}
