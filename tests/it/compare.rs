//! Comparing policy documents: real edits of AWS managed policies, AWS's own samples for its check for no new access,
//! and what hostile or broken input gets.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::read::MultiGzDecoder;
use leastwise::evaluator::{
    AccessRow, Comparison, Difference, DifferenceRows, DocumentEvaluator, Relation, RowActions, TwoDocuments,
};
use leastwise::input::document_pairs::{self, ReadDocuments};
use leastwise::solver::{EngineSelection, Portfolio};
use serde_json::{Value, json};

use crate::shared::shared;

/// Every so many pairs are also decided by Z3 here; all of them take more than a minute.
const SAMPLED: usize = 10;

fn portfolio(engines: EngineSelection) -> Portfolio {
    Portfolio { engines, ..Portfolio::default() }
}

/// Native with a check by Z3, where that is built in.
fn referee() -> EngineSelection {
    if cfg!(feature = "z3") { EngineSelection::Both } else { EngineSelection::Native }
}

fn read(line: &str, kind: Option<&str>) -> ReadDocuments {
    let pair = document_pairs::from_line("pairs.jsonl", 1, line, kind);
    pair.documents.unwrap_or_else(|| panic!("{}: {:?}", pair.name, pair.problems))
}

fn compare(read: &ReadDocuments, engines: EngineSelection, any: bool) -> Comparison {
    let portfolio = portfolio(engines);
    let evaluator = DocumentEvaluator::new(read.cloud, &portfolio, any).unwrap();
    let two = TwoDocuments { kind: read.kind, old: &read.old, new: &read.new };
    let found = evaluator.compare(two).unwrap();
    for (difference, allowing, other) in
        [(&found.gained, &read.new, &read.old), (&found.lost, &read.old, &read.new)]
    {
        if let Difference::Some(change) = difference {
            let decide = |policy| read.cloud.documents().unwrap().decide(read.kind, policy, &change.request);
            assert!(decide(allowing).is_allowed(), "{change:?}");
            assert!(!decide(other).is_allowed(), "{change:?}");
            assert_eq!(decide(allowing), change.allowed);
        }
    }
    found
}

fn of(old: &Value, new: &Value, kind: Option<&str>) -> Comparison {
    let line = json!({"name": "x", "old": old, "new": new}).to_string();
    compare(&read(&line, kind), referee(), false)
}

fn lines(path: &Path) -> impl Iterator<Item = String> {
    let file = fs::File::open(path).unwrap();
    let reader: Box<dyn BufRead> = match path.extension() {
        Some(ending) if ending == "gz" => Box::new(BufReader::new(MultiGzDecoder::new(file))),
        _ => Box::new(BufReader::new(file)),
    };
    reader.lines().map(Result::unwrap)
}

#[test]
fn real_edits_of_managed_policies() {
    let Some(path) = shared("bench/policy-edits-shared.jsonl.gz") else { return };
    let mut relations = std::collections::BTreeMap::new();
    for (index, line) in lines(&path).enumerate() {
        let engines = if index % SAMPLED == 0 { referee() } else { EngineSelection::Native };
        let pair = read(&line, None);
        let found = compare(&pair, engines, false);
        assert_ne!(found.relation, Relation::Undecided, "{}: {:?}", pair.new.name, found.certainty);
        *relations.entry(found.relation.as_str()).or_insert(0) += 1;
    }
    assert_eq!(relations.values().sum::<i32>(), 942);
    for relation in ["equivalent", "narrower", "broader", "incomparable"] {
        assert!(relations.contains_key(relation), "{relations:?}");
    }
}

/// The one sample whose text contradicts its own verdict; `tests/corpus/README.md` says why.
const SLIP: (&str, &str) =
    ("identity-policies/check-access-to-sensitive-resource/ec2-network-acl.md", "policy 3");

/// A difference for actions that no catalog knows is said and does not count.
#[test]
fn actions_that_no_catalog_knows_are_told_apart() {
    let allow = |actions: Value| policy("Allow", &actions);
    let deny = |actions: Value| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": actions, "Resource": "*"},
        ]})
    };
    let found = of(&allow(json!("s3:GetObject")), &allow(json!(["s3:GetObject", "nosuch:Thing"])), None);
    assert_eq!(found.relation, Relation::Equivalent);
    assert_eq!(beyond(&found.beyond.gained), Some("nosuch:thing".to_owned()));
    assert_eq!(beyond(&found.beyond.lost), None);

    // All actions of today, one by one, are not all of them.
    let listed: Vec<&str> =
        vec!["sts:AssumeRole", "sts:Get*", "sts:Set*", "sts:Tag*", "sts:Assume*", "sts:Decode*"];
    let found = of(&deny(json!("sts:*")), &deny(json!(listed)), None);
    match found.relation {
        // The list may lack an action by the time this is read; then the difference is an ordinary one.
        Relation::Broader => assert_eq!(beyond(&found.beyond.gained), None),
        other => {
            assert_eq!(other, Relation::Equivalent);
            assert!(beyond(&found.beyond.gained).is_some_and(|action| action.starts_with("sts:")));
        }
    }
    assert_eq!(beyond(&found.beyond.lost), None);

    // No pattern speaks of the action that tells them apart.
    let not = |action: &str| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "NotAction": action, "Resource": "arn:aws:nosuch:::thing"},
        ]})
    };
    let line =
        json!({"name": "x", "old": policy("Deny", &json!("*")), "new": not("s3:GetObject")}).to_string();
    // Z3 would look at each kind of resource of the catalog, for minutes.
    let found = compare(&read(&line, Some("identity")), EngineSelection::Native, false);
    assert_eq!(beyond(&found.beyond.lost), None);
    let shown = found.relation == Relation::Broader || beyond(&found.beyond.gained).is_some();
    assert!(shown, "{found:?}");

    let found = of(&allow(json!("s3:*")), &allow(json!("s3:Get*")), None);
    assert_eq!(found.relation, Relation::Narrower);
    assert_eq!((beyond(&found.beyond.gained), beyond(&found.beyond.lost)), (None, None));
}

fn beyond(difference: &Difference) -> Option<String> {
    match difference {
        Difference::Nothing => None,
        Difference::Undecided(reason) => panic!("{reason}"),
        Difference::Some(change) => Some(change.request.action.clone()),
    }
}

fn policy(effect: &str, actions: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": actions, "Resource": "*"}]})
}

#[test]
fn samples_of_the_check_for_no_new_access() {
    let Some(path) = shared("oracles/aws-no-new-access.jsonl") else { return };
    let (mut count, mut differs) = (0, Vec::new());
    for line in lines(&path) {
        let sample: Value = serde_json::from_str(&line).unwrap();
        let kind = sample["kind"].as_str().unwrap().to_ascii_lowercase();
        let pair =
            json!({"name": sample["name"], "old": sample["existing"], "new": sample["new"]}).to_string();
        let found = compare(&read(&pair, Some(&kind)), referee(), true);
        assert_ne!(found.relation, Relation::Undecided, "{sample}");
        let passes = matches!(found.gained, Difference::Nothing);
        if passes != (sample["expected"] == "PASS") {
            differs.push((
                sample["file"].as_str().unwrap().to_owned(),
                sample["name"].as_str().unwrap().to_owned(),
            ));
        }
        count += 1;
    }
    assert_eq!(count, 101);
    let is_slip = |(file, name): &(String, String)| file == SLIP.0 && name.contains(SLIP.1);
    assert!(differs.iter().all(is_slip), "{differs:#?}");
}

fn allow(action: &Value, resource: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
}

#[test]
fn a_document_stands_to_another_in_one_of_four_ways() {
    let narrow = allow(&json!("s3:GetObject"), &json!("arn:aws:s3:::logs/*"));
    let broad = allow(&json!("s3:Get*"), &json!("arn:aws:s3:::logs/*"));
    let other = allow(&json!("s3:PutObject"), &json!("*"));
    let spelled = allow(&json!(["S3:getobject", "s3:GetObject"]), &json!(["arn:aws:s3:::logs/*"]));
    let relation = |old, new| of(old, new, None).relation.as_str();
    assert_eq!(relation(&narrow, &broad), "broader");
    assert_eq!(relation(&broad, &narrow), "narrower");
    assert_eq!(relation(&narrow, &other), "incomparable");
    assert_eq!(relation(&narrow, &spelled), "equivalent");
    assert_eq!(relation(&broad, &broad), "equivalent");
}

/// An action is only asked on resources of its types, unless every text counts.
#[test]
fn the_catalog_decides_which_requests_exist() {
    let old = allow(&json!("s3:ListAllMyBuckets"), &json!("*"));
    let new = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
        {"Effect": "Allow", "Action": "s3:NoSuchAction", "Resource": "*"},
    ]});
    let line = json!({"name": "x", "old": old, "new": new}).to_string();
    let pair = read(&line, None);
    assert_eq!(compare(&pair, referee(), false).relation, Relation::Equivalent);
    assert_eq!(compare(&pair, referee(), true).relation, Relation::Broader);
}

#[test]
fn each_kind_is_told_by_its_content() {
    let with = |statement: &Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let resource = with(&json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*"}));
    let trust =
        with(&json!({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}));
    let guard = with(&json!({"Effect": "Deny", "Action": "iam:*", "Resource": "*"}));
    let shield = with(&json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}}));
    let plain = allow(&json!("s3:GetObject"), &json!("*"));
    let kind = |one: &Value| of(one, one, None).kind.id;
    let kinds = [&plain, &resource, &trust, &guard, &shield].map(kind);
    assert_eq!(kinds, ["identity", "resource", "trust", "service-control", "resource-control"]);
    assert_eq!(of(&guard, &guard, Some("identity")).kind.id, "identity");
}

/// Guardrails leave more when they deny less.
#[test]
fn a_deny_less_is_a_gain() {
    let deny = |actions: &Value| {
        json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": actions, "Resource": "*"}]})
    };
    let found = of(&deny(&json!(["iam:*", "s3:*"])), &deny(&json!("iam:*")), None);
    assert_eq!(found.relation, Relation::Broader);
    let Difference::Some(change) = found.gained else { panic!() };
    assert!(change.request.action.starts_with("s3:"), "{change:?}");
    assert_eq!(change.refused.because.len(), 1);
}

/// A principal and the account it belongs to cannot contradict each other.
#[test]
fn a_role_belongs_to_its_account() {
    let trust = |principal: &str| {
        json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}]})
    };
    let (account, role) = (trust("111122223333"), trust("arn:aws:iam::111122223333:role/x"));
    assert_eq!(of(&account, &role, None).relation, Relation::Narrower);
    assert_eq!(of(&role, &account, None).relation, Relation::Broader);
    assert_eq!(of(&trust("444455556666"), &role, None).relation, Relation::Incomparable);
    let with_condition = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}}]});
    assert_eq!(of(&account, &with_condition, None).relation, Relation::Equivalent);
}

#[test]
fn wrapped_documents_are_understood() {
    let plain = allow(&json!("s3:GetObject"), &json!("*"));
    let text = plain.to_string();
    for wrapped in [
        json!({"PolicyVersion": {"Document": plain, "VersionId": "v1"}}),
        json!({"PolicyDocument": text}),
        json!({"Policy": text}),
        json!({"Policy": {"PolicySummary": {"Name": "p"}, "Content": text}}),
        json!(text),
    ] {
        assert_eq!(of(&plain, &wrapped, None).relation, Relation::Equivalent, "{wrapped}");
    }
}

/// Hundreds of overlapping wildcards end by their budget, not in a hang.
#[test]
fn pattern_bombs_end_by_budget() {
    let bomb = |letters: &str| -> Value {
        let pattern = |index: usize| {
            let middle: String =
                letters.chars().cycle().skip(index).take(40).map(|c| format!("*{c}")).collect();
            format!("arn:aws:s3:::{middle}*{index}")
        };
        (0..200).map(pattern).collect::<Vec<_>>().into()
    };
    let line = json!({"name": "x", "old": allow(&json!("s3:*"), &bomb("abcab")),
        "new": allow(&json!("s3:*"), &bomb("abcba"))})
    .to_string();
    let pair = read(&line, None);
    let portfolio = Portfolio { engines: EngineSelection::Native, budget: 200_000, ..Portfolio::default() };
    let evaluator = DocumentEvaluator::new(pair.cloud, &portfolio, false).unwrap();
    let started = Instant::now();
    let two = TwoDocuments { kind: pair.kind, old: &pair.old, new: &pair.new };
    let found = evaluator.compare(two).unwrap();
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
    assert!(found.steps <= 500_000, "{}", found.steps);
}

/// The program itself, with nothing of the test's environment.
fn leastwise(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_leastwise"))
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn folder(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("compare-{test}-{}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn two_files_with_text_json_scripts_and_exit_codes() {
    let folder = folder("files");
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let narrow = allow(&json!("s3:GetObject"), &json!("arn:aws:s3:::b/*"));
    let old = file("old.json", &serde_json::to_string_pretty(&narrow).unwrap());
    let new = file(
        "new.json",
        "{\"Version\": \"2012-10-17\",\n \"Statement\": [\n  {\"Sid\": \"All\", \"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}\n ]}",
    );
    let (code, out, err) = leastwise(&["compare", &old, &new], "");
    assert_eq!((code, err.as_str()), (1, ""));
    for said in ["broader:", "statement `All`", "new.json:3:3", "lost         nothing", "proven"] {
        assert!(out.contains(said), "`{said}` is missing in:\n{out}");
    }
    let scripts = folder.join("scripts");
    fs::create_dir_all(&scripts).unwrap();
    let dump = scripts.to_str().unwrap();
    let (code, out, _) = leastwise(&["compare", &new, &old, "--format", "json", "--dump-smt", dump], "");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["relation"], &report["gained"]), (0, &json!("narrower"), &Value::Null));
    assert_eq!(report["lost"]["because"][0]["origin"]["place"]["line"], 3);
    assert!(!report["lost"]["rows"].as_array().unwrap().is_empty());
    let mut script = fs::read_dir(&scripts).unwrap().map(|entry| entry.unwrap().path());
    let script = script.find(|path| path.extension().is_some_and(|ending| ending == "smt2")).unwrap();
    assert!(fs::read_to_string(script).unwrap().contains("(check-sat)"));
    let (code, out, err) = leastwise(&["compare", &old, &new, "--dump-smt", "no/such/folder"], "");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("no/such/folder"), "{err}");
    let (code, out, err) = leastwise(&["compare", &old, "no-such.json"], "");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("no-such.json"), "{err}");
    let (code, _, err) = leastwise(&["compare", &old, "-"], "{\"recipes\": []}");
    assert_eq!(code, 2);
    assert!(err.contains("expected a policy document"), "{err}");
    drop(fs::remove_dir_all(&folder));
}

/// One bad line is reported with its place, and the others are compared.
#[test]
fn pairs_are_compared_line_by_line() {
    let (small, large) = (allow(&json!("s3:GetObject"), &json!("*")), allow(&json!("s3:*"), &json!("*")));
    let pair =
        |name: &str, old: &Value, new: &Value| json!({"name": name, "old": old, "new": new}).to_string();
    let input = format!(
        "{}\n\n{{\"name\": \"broken\", \"old\": [}}\n{}\n{}\n",
        pair("first", &small, &large),
        json!({"name": "half", "old": small}),
        pair("last", &large, &small)
    );
    let (code, out, err) = leastwise(&["compare", "--pairs", "-", "--format", "json"], &input);
    let found: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> =
        found.iter().map(|one| (one["name"].as_str().unwrap(), one["relation"].as_str().unwrap())).collect();
    assert_eq!(names, [("first", "broader"), ("last", "narrower")]);
    for key in ["name", "relation", "gained", "lost", "engine", "steps", "certainty"] {
        assert!(found[0].get(key).is_some(), "{key}");
    }
    assert_eq!(code, 1);
    for said in ["-:3:", "-:4:1", "the pair has no `new`"] {
        assert!(err.contains(said), "`{said}` is missing in:\n{err}");
    }
    let (code, _, _) = leastwise(&["compare", "--pairs", "-"], &pair("only", &large, &small));
    assert_eq!(code, 0);
    let (code, _, err) = leastwise(&["compare", "--pairs", "-"], "\n");
    assert_eq!(code, 2, "{err}");
    let starved = ["compare", "--pairs", "-", "--engine", "native", "--budget", "3"];
    assert_eq!(leastwise(&starved, &pair("only", &large, &small)).0, 3);
}

/// Where actions are plain texts, rows say which by their patterns, not by an example.
#[test]
fn rows_of_plain_texts_speak_in_patterns() {
    let old = allow(&json!("s3:Get*"), &json!("*"));
    let new = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:Get*", "iam:Pass*", "sts:?et*"], "Resource": "*"},
        {"Effect": "Allow", "NotAction": ["iam:*", "s3:*", "sts:*"], "Resource": "arn:aws:ec2:*"},
        {"Effect": "Deny", "Action": "s3:GetBucket*", "Resource": "*"},
    ]});
    let portfolio = portfolio(referee());
    let read = read(&json!({"name": "x", "old": old, "new": new}).to_string(), None);
    let evaluator = DocumentEvaluator::new(read.cloud, &portfolio, true).unwrap();
    let rows = evaluator.rows(TwoDocuments { kind: read.kind, old: &read.old, new: &read.new }).unwrap();
    let [DifferenceRows::Rows(gained), DifferenceRows::Rows(lost)] = rows else { panic!("{rows:?}") };
    let matching = |patterns: &[&str], except: &[&str]| {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let patterns = if patterns.is_empty() { Vec::new() } else { vec![texts(patterns)] };
        RowActions::Matching { patterns, except: texts(except) }
    };
    let said = |rows: &[AccessRow]| {
        rows.iter().map(|row| (row.actions.clone(), row.resources.concat())).collect::<Vec<_>>()
    };
    assert_eq!(
        said(&gained),
        [
            // The deny has no part in what is gained, so what it says is not repeated.
            (matching(&["iam:pass*", "sts:?et*"], &[]), Vec::new()),
            (matching(&[], &["iam:*", "s3:*", "sts:*"]), vec!["arn:aws:ec2:*".to_owned()]),
        ]
    );
    assert_eq!(said(&lost), [(matching(&["s3:getbucket*"], &[]), Vec::new())]);

    let folder = folder("patterns");
    let file = |name: &str, policy: &Value| {
        let path = folder.join(name);
        fs::write(&path, policy.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (old, new) = (file("old.json", &old), file("new.json", &new));
    let (_, out, _) = leastwise(&["compare", "--universe", "any", &old, &new], "");
    for line in ["│ iam:pass*, sts:?et*", "│ any except iam:*, s3:*, sts:*", "│ s3:getbucket*"] {
        assert!(out.contains(line), "`{line}` is missing in:\n{out}");
    }
    let (_, out, _) = leastwise(&["compare", "--universe", "any", &old, &new, "--format", "json"], "");
    let report: Value = serde_json::from_str(&out).unwrap();
    let row = &report["lost"]["rows"][0];
    assert_eq!(row["actions"], json!([]));
    assert_eq!(row["matching"], json!({"patterns": [["s3:getbucket*"]], "except": []}));
    drop(fs::remove_dir_all(&folder));
}

/// What holds for every request, such as which principals exist, is not repeated as a condition of each row.
#[test]
fn rows_do_not_repeat_what_always_holds() {
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}}});
    let policy = |statements: &[&Value]| json!({"Version": "2012-10-17", "Statement": statements});
    let new = policy(&[&statement]);
    let old = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": "*"}]});
    let line = json!({"name": "x", "old": old, "new": new}).to_string();
    let (read, portfolio) = (read(&line, None), portfolio(referee()));
    let evaluator = DocumentEvaluator::new(read.cloud, &portfolio, false).unwrap();
    let two = TwoDocuments { kind: read.kind, old: &read.old, new: &read.new };
    let [DifferenceRows::Rows(gained), DifferenceRows::Rows(_)] = evaluator.rows(two).unwrap() else {
        panic!()
    };
    let conditions: Vec<_> = gained.iter().map(|row| row.condition.as_deref()).collect();
    assert_eq!(conditions, [Some("aws:PrincipalOrgID ~ `o-abc1234567`")]);
}
