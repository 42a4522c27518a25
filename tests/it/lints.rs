//! The rules about single policy documents: cases in `tests/fixtures/lints`, each with the page that decides it, against
//! every engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leastwise::findings::{Finding, RULES};
use leastwise::pipeline::{self, Settings, Task};
use leastwise::solver::{EngineSelection, Portfolio};
use serde::Deserialize;
use serde_json::{Value, json};

const LINTS: [&str; 6] = [
    "denied-allow",
    "dodgeable-deny",
    "idle-condition",
    "impossible-condition",
    "redundant-statement",
    "vacuous-condition",
];

/// One policy and all that the rules say about it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The provider's page that decides it.
    page: String,
    /// What the policy is attached to.
    r#as: String,
    policy: Value,
    expected: Vec<Expected>,
    /// What Z3 alone passes over: denied relations with wildcards that it is not told of.
    #[serde(default)]
    beyond_z3: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    rule: String,
    /// The `Sid` of the statement.
    statement: String,
    level: String,
    certainty: String,
    /// The `Sid` of the statement that covers it.
    by: Option<String>,
    /// The key that the request lacks.
    key: Option<String>,
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cases(rule: &str) -> Vec<Case> {
    let file = package().join("tests/fixtures/lints").join(format!("{rule}.json"));
    serde_json::from_str(&fs::read_to_string(&file).unwrap())
        .unwrap_or_else(|error| panic!("{rule}: {error}"))
}

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("lints-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, content: &Value) {
        fs::write(self.0.join(name), content.to_string()).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const ACCOUNT: &str = "111122223333";

/// An account with one user and one managed policy.
fn account(arn: &str, policy: &Value, user: Value) -> Value {
    let mut described = json!({
        "Path": "/", "UserName": "ann", "UserId": "AIDAANN", "Arn": format!("arn:aws:iam::{ACCOUNT}:user/ann"),
        "GroupList": [], "UserPolicyList": [], "AttachedManagedPolicies": [],
    });
    described.as_object_mut().unwrap().extend(user.as_object().unwrap().clone());
    let version = json!({"VersionId": "v1", "IsDefaultVersion": true, "Document": policy});
    let managed = json!({"Arn": arn, "DefaultVersionId": "v1", "PolicyVersionList": [version]});
    json!({"UserDetailList": [described], "GroupDetailList": [], "RoleDetailList": [], "Policies": [managed]})
}

/// Writes the policy the way it comes to somebody who attaches it so.
fn write(folder: &Folder, attached: &str, policy: &Value) {
    let own = format!("arn:aws:iam::{ACCOUNT}:policy/p");
    let with = |arn: &str| json!({"AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": arn}]});
    match attached {
        "identity" | "trust" | "resource" => folder.put("p.json", policy),
        "boundary" => {
            let bounded = json!({"PermissionsBoundary": {"PermissionsBoundaryArn": own}});
            folder.put("account.json", &account(&own, policy, bounded));
        }
        "customer-managed" => folder.put("account.json", &account(&own, policy, with(&own))),
        "provided" => {
            let arn = "arn:aws:iam::aws:policy/p";
            folder.put("account.json", &account(arn, policy, with(arn)));
        }
        "service-control" => {
            const KIND: &str = "SERVICE_CONTROL_POLICY";
            let summary = json!({"Id": "p-forbid0000", "Name": "p", "Type": KIND, "AwsManaged": false});
            let types = json!([{"Type": KIND, "Status": "ENABLED"}]);
            for (name, content) in [
                (
                    "organization.json",
                    json!({"Organization": {"Id": "o-abcdefghij", "MasterAccountId": "999900001111"}}),
                ),
                ("roots.json", json!({"Roots": [{"Id": "r-ab12", "Name": "Root", "PolicyTypes": types}]})),
                ("accounts-of-r-ab12.json", json!({"Accounts": [{"Id": ACCOUNT, "Name": "a"}]})),
                ("service-control.json", json!({"Policies": [summary]})),
                (
                    "policy-p-forbid0000.json",
                    json!({"Policy": {"PolicySummary": summary, "Content": policy.to_string()}}),
                ),
                (
                    "targets-of-p-forbid0000.json",
                    json!({"Targets": [{"TargetId": "r-ab12", "Name": "n", "Type": "ROOT"}]}),
                ),
            ] {
                folder.put(name, &content);
            }
        }
        other => panic!("nothing is attached as `{other}`"),
    }
}

fn scan(folder: &Folder, engines: EngineSelection) -> Vec<Finding> {
    let settings =
        Settings { portfolio: Portfolio { engines, ..Portfolio::default() }, ..Settings::default() };
    let paths = [folder.0.to_str().unwrap().to_owned()];
    let outcome = pipeline::run(&Task::Scan, &paths, &settings);
    let outcome = outcome.unwrap_or_else(|stopped| panic!("{:?}", stopped.reason));
    outcome.findings().iter().filter(|finding| LINTS.contains(&finding.rule)).cloned().collect()
}

/// What a finding says, in the words of the cases.
fn said(finding: &Finding) -> [String; 4] {
    let sid = finding.primary.what.split('`').nth(1).unwrap_or_default();
    [finding.rule, sid, finding.level.as_str(), finding.certainty.as_str()].map(str::to_owned)
}

fn differences(case: &Case, found: &[Finding]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut left: Vec<&Finding> = found.iter().collect();
    for expected in &case.expected {
        let wanted =
            [&expected.rule, &expected.statement, &expected.level, &expected.certainty].map(Clone::clone);
        let Some(place) = left.iter().position(|finding| said(finding) == wanted) else {
            wrong.push(format!("{}: missing {wanted:?}", case.name));
            continue;
        };
        let finding = left.remove(place);
        let by = finding.related.first().and_then(|related| related.origin.what.split('`').nth(1));
        if expected.rule != "dodgeable-deny" && by != expected.by.as_deref() {
            wrong.push(format!("{}: covered by {by:?}", case.name));
        }
        if let Some(key) = &expected.key {
            let witness = finding.witness.as_ref().expect("a request shows it");
            if witness.request.context.contains_key(key) {
                wrong.push(format!("{}: the request has `{key}`: {:?}", case.name, witness.request));
            }
        }
    }
    wrong.extend(
        left.into_iter().map(|more| format!("{}: besides {:?}: {}", case.name, said(more), more.message)),
    );
    wrong
}

fn check(engines: EngineSelection) {
    let mut wrong = Vec::new();
    for rule in LINTS {
        for (number, case) in cases(rule).iter().enumerate() {
            assert!(case.page.starts_with("https://docs.aws.amazon.com/"), "{}", case.name);
            if case.beyond_z3 && engines == EngineSelection::Z3 {
                continue;
            }
            let folder = Folder::new(&format!("{engines:?}-{rule}-{number}"));
            write(&folder, &case.r#as, &case.policy);
            wrong.extend(differences(case, &scan(&folder, engines)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn native_finds_what_the_pages_say() {
    check(EngineSelection::Native);
}

#[cfg(feature = "z3")]
#[test]
fn z3_finds_what_the_pages_say() {
    check(EngineSelection::Z3);
}

#[cfg(feature = "z3")]
#[test]
fn both_engines_agree() {
    check(EngineSelection::Both);
}

#[test]
fn every_rule_has_cases_for_both_sides() {
    for rule in LINTS {
        assert!(RULES.iter().any(|known| known.meta().id == rule), "{rule}");
        let cases = cases(rule);
        let fires = |case: &&Case| case.expected.iter().any(|expected| expected.rule == rule);
        assert!(cases.iter().filter(fires).count() >= 3, "{rule}");
        assert!(cases.iter().filter(|case| case.expected.is_empty()).count() >= 3, "{rule}");
    }
}

/// `LEASTWISE_BLESS=1 cargo test --test it lints` writes the report anew; read the difference before you keep it.
#[test]
fn the_report_reads_like_this() {
    let folder = "tests/fixtures/lints/report";
    let output = Command::new(env!("CARGO_BIN_EXE_leastwise"))
        .args(["scan", &format!("{folder}/deploy.json"), "--engine", "native"])
        .current_dir(package())
        .env_clear()
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let file = package().join(folder).join("expected.txt");
    if std::env::var_os("LEASTWISE_BLESS").is_some() {
        fs::write(&file, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(&file).unwrap_or_default());
    for rule in LINTS {
        assert!(text.contains(&format!("[{rule}]")), "{rule}");
    }
}
