//! The cases of `tests/escalation`: accounts and projects in which one step can be taken, or cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use leastwise::clouds::aws::AWS;
use leastwise::clouds::aws::estate as aws;
use leastwise::clouds::aws::parse::Capacity;
use leastwise::clouds::aws::rule::SERVICE_CONTROL;
use leastwise::clouds::{CLOUDS, Cloud};
use leastwise::evaluator::{Certainty, Evaluator};
use leastwise::graph::{Graph, Hop};
use leastwise::input::{self, Loaded, disk::Limits};
use leastwise::model::{Estate, Origin, Target};
use leastwise::solver::Portfolio;
use leastwise::text::{Route, json};
use serde_json::{Value, json};

use super::{azure, gcp};

const ACCOUNT: &str = "111122223333";

/// What became of the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Never,
    Proven,
    Assuming,
}

struct Case {
    cloud: &'static str,
    file: String,
    value: Value,
}

impl Case {
    fn text(&self, key: &str) -> &str {
        self.value[key].as_str().unwrap_or_default()
    }

    fn name(&self) -> String {
        format!("{}: {} ({})", self.file, self.text("step"), self.text("why"))
    }

    fn expected(&self) -> Found {
        match self.text("expect") {
            "proven" => Found::Proven,
            "assuming" => Found::Assuming,
            "never" => Found::Never,
            other => panic!("{}: expected `{other}`", self.name()),
        }
    }
}

/// The clouds that have cases.
const WITH_CASES: [&str; 3] = ["aws", "gcp", "azure"];

fn all_cases() -> impl Iterator<Item = Case> {
    WITH_CASES.into_iter().flat_map(cases)
}

fn cases(cloud: &'static str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/escalation").join(cloud);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let values: Vec<Value> = serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        all.extend(values.into_iter().map(|value| Case { cloud, file: file.clone(), value }));
    }
    all
}

fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:{kind}/{name}")
}

/// Statements with their defaults; `{target}` and `{start}` in them stand for the ARNs.
fn statements(case: &Value, written: &Value) -> Value {
    let filled =
        written.to_string().replace("{target}", &target_arn(case)).replace("{start}", &start_arn(case));
    let mut list: Vec<Value> = match serde_json::from_str(&filled).unwrap() {
        Value::Array(list) => list,
        one => vec![one],
    };
    for statement in &mut list {
        let statement = statement.as_object_mut().unwrap();
        statement.entry("Effect").or_insert(json!("Allow"));
        if !statement.contains_key("NotResource") {
            statement.entry("Resource").or_insert(json!("*"));
        }
    }
    json!({ "Version": "2012-10-17", "Statement": list })
}

fn start_kind(case: &Value) -> &str {
    case["as"].as_str().unwrap_or("user")
}

fn start_arn(case: &Value) -> String {
    arn(start_kind(case), "start")
}

fn target_arn(case: &Value) -> String {
    match case["target"].as_str().unwrap() {
        "start" => start_arn(case),
        "resource" => case["resource"].as_str().unwrap().to_owned(),
        kind => arn(kind, "target"),
    }
}

fn trust(case: &Value, written: &Value) -> Value {
    let principal = match written {
        Value::String(text) if text == "start" => json!({ "AWS": start_arn(case) }),
        Value::String(text) if text == "account" => json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }),
        Value::String(text) => json!({ "Service": text }),
        Value::Null => json!({ "Service": "nobody.amazonaws.com" }),
        written => {
            let filled = written.to_string().replace("{start}", &start_arn(case));
            let list: Value = serde_json::from_str(&filled).unwrap();
            return json!({ "Version": "2012-10-17", "Statement": list });
        }
    };
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" }],
    })
}

/// What `aws iam get-account-authorization-details` would print.
fn account(case: &Value) -> Value {
    let admin = json!([{ "PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess" }]);
    let editable = json!([{ "PolicyName": "editable", "PolicyArn": arn("policy", "editable") }]);
    let held = if case["holds"] == "editable" { editable } else { admin };
    let inline = |written: &Value| match written {
        Value::Null => json!([]),
        written => json!([{ "PolicyName": "inline", "PolicyDocument": statements(case, written) }]),
    };
    let kind = case["target"].as_str().unwrap();
    let own = kind == "start" && case["holds"] == "editable";
    let mut start = json!({
        "Arn": start_arn(case), "Path": "/", "GroupList": case["groups"].as_array().cloned().unwrap_or_default(),
        "AttachedManagedPolicies": if own { held.clone() } else { json!([]) },
        "UserPolicyList": inline(&case["allow"]), "RolePolicyList": inline(&case["allow"]),
        "AssumeRolePolicyDocument": trust(case, &json!("nobody.amazonaws.com")), "InstanceProfileList": [],
    });
    let now = case.get("editable").unwrap_or(&json!({ "Action": "s3:ListAllMyBuckets" })).clone();
    let mut written = policy("editable", &statements(case, &now));
    for (name, statement) in case["versions"].as_object().into_iter().flatten() {
        let version =
            json!({ "VersionId": name, "IsDefaultVersion": false, "Document": statements(case, statement) });
        written["PolicyVersionList"].as_array_mut().unwrap().push(version);
    }
    // The text of the policy is left to another file.
    let mut policies = if case["versions"] == "unlisted" { vec![] } else { vec![written] };
    if !case["boundary"].is_null() {
        policies.push(policy("boundary", &statements(case, &case["boundary"])));
        start["PermissionsBoundary"] = json!({ "PermissionsBoundaryArn": arn("policy", "boundary") });
    }
    let (mut users, mut groups, mut roles) = (Vec::new(), Vec::new(), Vec::new());
    match start_kind(case) {
        "user" => users.push(start),
        _ => roles.push(start),
    }
    let profiles = if case["profile"] == false {
        json!([])
    } else {
        json!([{ "Arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/target") }])
    };
    let target = json!({
        "Arn": target_arn(case), "Path": "/", "GroupList": [], "AttachedManagedPolicies": held,
        "UserPolicyList": [], "RolePolicyList": [], "GroupPolicyList": [],
        "AssumeRolePolicyDocument": trust(case, &case["trust"]), "InstanceProfileList": profiles,
    });
    match kind {
        "user" => users.push(target),
        "group" => groups.push(target),
        "role" => roles.push(target),
        _ => {}
    }
    for role in case["roles"].as_array().into_iter().flatten() {
        roles.push(json!({
            "Arn": arn("role", role["name"].as_str().unwrap()), "Path": "/",
            "InstanceProfileList": [{ "Arn": arn("instance-profile", role["name"].as_str().unwrap()) }],
            "AttachedManagedPolicies": [], "RolePolicyList": inline(&role["allow"]),
            "AssumeRolePolicyDocument": trust(case, &role["trust"]),
        }));
    }
    json!({ "UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies })
}

fn policy(name: &str, document: &Value) -> Value {
    json!({
        "PolicyName": name, "Arn": arn("policy", name), "DefaultVersionId": "v1",
        "PolicyVersionList": [{ "VersionId": "v1", "IsDefaultVersion": true, "Document": document }],
    })
}

/// The case as a user would load it.
fn load(cloud: &str, case: &Value) -> Loaded {
    match cloud {
        "gcp" => gcp::load(case),
        "azure" => azure::load(case),
        _ => load_account(case),
    }
}

/// What stands above the account is put there without the files of an organization.
fn load_account(case: &Value) -> Loaded {
    let files: Vec<Value> = case["files"].as_array().cloned().unwrap_or_default();
    let mut loaded = if files.is_empty() {
        input::load_text("account.json", account(case).to_string())
    } else {
        load_files(case, &files)
    };
    all_was_read(case, &loaded);
    if !case["scp"].is_null() {
        let document = statements(case, &case["scp"]).to_string();
        let file = loaded.files.add("control.json", document.as_str());
        let tree = json::parse(file, &document, &mut Vec::new()).unwrap();
        let capacity = Capacity::Identity;
        let read = aws::policy(&tree, "control", &Route::root(), capacity, &mut Vec::new()).unwrap();
        let policy = aws::add_policy(&mut loaded.estate, read);
        let scope = loaded.estate.find_scope(AWS, ACCOUNT).unwrap();
        aws::attach(&mut loaded.estate, policy, Target::Scope(scope), SERVICE_CONTROL, Origin::default());
    }
    loaded
}

fn load_files(case: &Value, files: &[Value]) -> Loaded {
    let filled = |file: &Value| file.to_string().replace("{target}", &target_arn(case));
    let others = files.iter().enumerate().map(|(at, file)| (format!("file-{at}.json"), filled(file)));
    load_folder(case, others.chain([("account.json".to_owned(), account(case).to_string())]))
}

/// A folder of files as a user would load it. All of it has to be read.
pub fn load_folder(case: &Value, files: impl IntoIterator<Item = (String, String)>) -> Loaded {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("escalation-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
    let loaded = input::load(&[folder.to_string_lossy().into_owned()], Limits::default());
    fs::remove_dir_all(&folder).unwrap();
    all_was_read(case, &loaded);
    loaded
}

fn all_was_read(case: &Value, loaded: &Loaded) {
    let told: Vec<&str> = loaded.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert!(loaded.problems.is_empty(), "{case}: {}", told.join("\n"));
}

/// What `start` can do by the step, and whether that makes it an administrator.
fn outcome(cloud: &str, case: &Value, loaded: &Loaded) -> (Found, Vec<Hop>) {
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(&loaded.estate, &portfolio);
    let cloud = CLOUDS.iter().find(|found| found.id().as_str() == cloud).unwrap();
    let name = match cloud.id().as_str() {
        "gcp" => gcp::start(case),
        "azure" => azure::start(case),
        _ => start_arn(case),
    };
    // Whoever is in no policy any more is in no export.
    let Some(start) = loaded.estate.find_principal(cloud.id(), &name) else {
        return (Found::Never, Vec::new());
    };
    // What is gained over a resource leads to no administration, so only the way forwards meets it.
    let target = case["target"].as_str().unwrap_or_default();
    let forwards = ["resource", "key-vault"].contains(&target) || target.ends_with("-key");
    let graph = if forwards {
        Graph::around(&evaluator, &[], start).unwrap()
    } else {
        Graph::build(&evaluator, &[]).unwrap()
    };
    assert!(graph.undecided().is_empty(), "{case}: {:?}", graph.undecided());
    let by_step = |hop: &&Hop| *hop.kind == *case["step"].as_str().unwrap() && hop.from.principal == start;
    let all = graph.hops(&evaluator).unwrap();
    let hops: Vec<Hop> = all.iter().filter(by_step).cloned().collect();
    for hop in &all {
        replay(*cloud, &loaded.estate, hop);
    }
    let paths = graph.paths_to_administration(&evaluator).unwrap();
    let reaches = forwards || paths.iter().any(|path| path.from == start);
    let best = hops.iter().map(|hop| &hop.certainty).min();
    let found = match best.filter(|_| reaches) {
        None => Found::Never,
        Some(Certainty::Proven) => Found::Proven,
        Some(Certainty::Assuming(_)) => Found::Assuming,
        Some(Certainty::Undecided(reason)) => panic!("{case}: {reason}"),
    };
    (found, hops)
}

/// Every request of a step in the estate as it is has to be allowed when it is judged alone.
fn replay(cloud: &dyn Cloud, estate: &Estate, hop: &Hop) {
    for evidence in hop.proofs.iter().filter(|evidence| hop.from.change.is_none() || !evidence.own) {
        let decision = cloud.decide(estate, &evidence.witness.request);
        assert!(decision.is_allowed(), "{:?}", evidence.witness.request);
    }
}

#[test]
fn each_case_comes_out_as_it_says() {
    let mut wrong = Vec::new();
    for case in all_cases() {
        let loaded = load(case.cloud, &case.value);
        let (found, _) = outcome(case.cloud, &case.value, &loaded);
        if found != case.expected() {
            wrong.push(format!("{}: {found:?}", case.name()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A case that works with one thing changed that must stop it.
fn stopped(cloud: &str, case: &Value, action: &str) -> Vec<(&'static str, Value)> {
    match cloud {
        "gcp" => gcp::stopped(case, action),
        "azure" => azure::stopped(case, action),
        _ => stopped_in_account(case, action),
    }
}

fn stopped_in_account(case: &Value, action: &str) -> Vec<(&'static str, Value)> {
    let with = |key: &str, value: Value| {
        let mut changed = case.clone();
        changed[key] = value;
        changed
    };
    let granted = case["allow"].as_array().unwrap();
    let mut denied = granted.clone();
    denied.push(json!({ "Effect": "Deny", "Action": action }));
    let mut without: Vec<Value> = granted.iter().filter(|one| one["Action"] != action).cloned().collect();
    without.push(json!({ "Action": "s3:ListAllMyBuckets" }));
    let limit = json!([{ "NotAction": action }]);
    let control = json!([{ "Effect": "Allow", "Action": "*" }, { "Effect": "Deny", "Action": action }]);
    let mut all = vec![("without", with("allow", json!(without))), ("denied", with("allow", json!(denied)))];
    // A boundary does not stop what a trust policy gives to a user by name.
    if case["boundary"].is_null() && case["trust"] != "start" {
        all.push(("bounded", with("boundary", limit)));
    }
    if case["scp"].is_null() {
        all.push(("controlled", with("scp", control)));
    }
    all
}

#[test]
fn a_step_needs_each_of_its_permissions() {
    let needs: BTreeMap<(&str, &str), BTreeSet<&str>> = WITH_CASES
        .into_iter()
        .flat_map(|cloud| super::steps_of(cloud).iter().map(move |step| (cloud, step)))
        .map(|(cloud, step)| ((cloud, &*step.id), step.needs.iter().map(|need| &*need.action).collect()))
        .collect();
    let mut wrong = Vec::new();
    for case in all_cases().filter(|case| case.expected() != Found::Never) {
        for action in needs.get(&(case.cloud, case.text("step"))).into_iter().flatten() {
            for (how, changed) in stopped(case.cloud, &case.value, action) {
                // Whoever is trusted by name needs no permission of its own.
                if how == "without" && case.value["trust"] == "start" {
                    continue;
                }
                let (_, hops) = outcome(case.cloud, &changed, &load(case.cloud, &changed));
                if !hops.is_empty() {
                    wrong.push(format!("{}: {how} `{action}`", case.name()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn each_step_has_a_case_that_works_and_one_that_does_not() {
    let mut works: BTreeSet<(&str, String)> = BTreeSet::new();
    let mut stops: BTreeSet<(&str, String)> = BTreeSet::new();
    for case in all_cases() {
        let set = if case.expected() == Found::Never { &mut stops } else { &mut works };
        set.insert((case.cloud, case.text("step").to_owned()));
    }
    let mut missing = Vec::new();
    for step in WITH_CASES.into_iter().flat_map(super::steps_of) {
        for (set, what) in [(&works, "works"), (&stops, "stops")] {
            if !set.contains(&(step.cloud.as_str(), step.id.to_string())) {
                missing.push(format!("`{}` has no case in which it {what}", step.id));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}
