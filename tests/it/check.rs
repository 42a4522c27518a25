//! Changes of policy files as data: what was there before, what is there after, and who gains or loses what by that.
//! Each case is checked against a folder and against a commit.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leastwise::text::{self, Files, Kind, Tree};
use serde::Deserialize;
use serde_json::Value;

/// One change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    /// File names with their texts; what is `null` after was deleted. Files that are not named after are as before.
    #[serde(default)]
    before: BTreeMap<String, String>,
    #[serde(default)]
    after: BTreeMap<String, Option<String>>,
    /// A plan, which tells both sides by itself.
    plan: Option<String>,
    /// Who gains, and actions of which each must be among those that it gains.
    #[serde(default)]
    gained: BTreeMap<String, Vec<String>>,
    /// Actions that must not be among what anybody gains.
    #[serde(default)]
    not_gained: Vec<String>,
    #[serde(default)]
    lost: BTreeMap<String, Vec<String>>,
    /// The rules of new findings, `gained-access` aside.
    #[serde(default)]
    new: BTreeSet<String>,
    #[serde(default)]
    resolved: BTreeSet<String>,
    /// A text of a new file in which the first place of the first gain stands.
    grants: Option<String>,
    /// Whether something is not told any more that the result rests on.
    #[serde(default)]
    rests: bool,
    #[serde(default)]
    exit: i32,
}

#[test]
fn each_change_means_what_it_should() {
    let (mut seen, mut failed) = (BTreeSet::new(), Vec::new());
    for file in sorted(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check")) {
        let text = fs::read_to_string(&file).unwrap();
        let cases: Vec<Case> =
            serde_json::from_value(yaml(&text)).unwrap_or_else(|why| panic!("{file:?}: {why}"));
        for case in cases {
            assert!(seen.insert(case.id.clone()), "{} stands twice", case.id);
            if std::panic::catch_unwind(|| case.run()).is_err() {
                failed.push(case.id);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    assert!(seen.len() >= 20, "{}", seen.len());
}

impl Case {
    fn run(&self) {
        let folder = std::env::temp_dir().join(format!("leastwise-check-{}-{}", std::process::id(), self.id));
        drop(fs::remove_dir_all(&folder));
        let (work, base) = (folder.join("work"), folder.join("base"));
        if let Some(plan) = &self.plan {
            write(&work.join("plan.json"), plan);
            self.check(&work, &["--plan", "plan.json"]);
            return fs::remove_dir_all(&folder).unwrap();
        }
        for (name, text) in &self.before {
            write(&base.join(name), text);
            write(&work.join(name), text);
        }
        commit(&work);
        for (name, text) in &self.after {
            match text {
                Some(text) => write(&work.join(name), text),
                None => fs::remove_file(work.join(name)).unwrap(),
            }
        }
        let base = base.to_string_lossy().into_owned();
        let by_folder = self.check(&work, &["--base", &base]);
        let by_commit = self.check(&work, &["--base", "HEAD"]);
        // The two differ only in how files of the base are called.
        assert_eq!(by_folder["review"]["gained"], by_commit["review"]["gained"], "{}", self.id);
        fs::remove_dir_all(&folder).unwrap();
    }

    fn check(&self, work: &Path, arguments: &[&str]) -> Value {
        let (code, report) = leastwise(work, &[&["check", "--format", "json"], arguments].concat());
        let review = &report["review"];
        assert_eq!(changes(&review["gained"], &self.gained), self.gained, "{} gained: {review:#}", self.id);
        assert_eq!(changes(&review["lost"], &self.lost), self.lost, "{} lost: {review:#}", self.id);
        let gained: BTreeSet<String> = list(&review["gained"]).iter().flat_map(actions).collect();
        for action in &self.not_gained {
            assert!(!gained.contains(action), "{}: {action}", self.id);
        }
        let mut new = rules(&review["new_findings"]);
        new.remove("gained-access");
        assert_eq!(new, self.new, "{} new findings: {:#}", self.id, review["new_findings"]);
        assert_eq!(rules(&review["resolved_findings"]), self.resolved, "{} resolved", self.id);
        assert_eq!(code, self.exit, "{} exit code", self.id);
        let silent = self.gained.is_empty() && !self.rests;
        assert_eq!(
            review["rests_on"]["kind"] == "assuming",
            self.rests,
            "{}: {:#}",
            self.id,
            review["rests_on"]
        );
        assert_eq!(review["gains_nothing"], silent, "{}", self.id);
        if let Some(grants) = &self.grants {
            let place = &review["gained"][0]["witness"]["because"][0]["origin"]["place"];
            let text = slice(work, place);
            assert!(text.contains(grants.as_str()), "{}: {text}", self.id);
        }
        report
    }
}

/// Who changes, with those of its actions that the case names; an unexpected one has all of them.
fn changes(all: &Value, expected: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for change in list(all) {
        let who = change["principal"].as_str().unwrap().to_owned();
        let own = actions(change);
        let named = match expected.get(&who) {
            Some(named) => named.iter().filter(|name| own.contains(*name)).cloned().collect(),
            None => own.into_iter().collect(),
        };
        found.insert(who, named);
    }
    found
}

fn actions(change: &Value) -> BTreeSet<String> {
    let rows = list(&change["rows"]).iter();
    rows.flat_map(|row| list(&row["actions"])).map(|action| action.as_str().unwrap().to_owned()).collect()
}

fn rules(findings: &Value) -> BTreeSet<String> {
    list(findings).iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The text that a place of the report stands for.
fn slice(work: &Path, place: &Value) -> String {
    let text = fs::read_to_string(work.join(place["path"].as_str().unwrap())).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let number = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap();
    lines[number("line") - 1..number("end_line")].join("\n")
}

fn leastwise(work: &Path, arguments: &[&str]) -> (i32, Value) {
    let out =
        Command::new(env!("CARGO_BIN_EXE_leastwise")).args(arguments).current_dir(work).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    let report = serde_json::from_slice(&out.stdout).unwrap_or_else(|why| panic!("{why}: {said}"));
    (out.status.code().unwrap(), report)
}

fn commit(work: &Path) {
    git(work, &["init", "--quiet"]);
    git(work, &["add", "--all"]);
    git(work, &["commit", "--quiet", "--allow-empty", "--message", "base"]);
}

fn git(work: &Path, arguments: &[&str]) {
    fs::create_dir_all(work).unwrap();
    let done = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(work)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

pub(super) fn yaml(text: &str) -> Value {
    let file = Files::default().add("cases.yaml", text);
    let mut problems = Vec::new();
    let tree = text::yaml::parse(file, text, &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    value(&tree.unwrap())
}

pub(super) fn value(tree: &Tree) -> Value {
    match &tree.kind {
        Kind::Null => Value::Null,
        Kind::Bool(is) => Value::Bool(*is),
        Kind::Number(number) => serde_json::from_str(number).unwrap(),
        Kind::Text(_) => Value::String(tree.as_str().unwrap().to_owned()),
        Kind::List(items) => items.iter().map(value).collect(),
        Kind::Map(map) => {
            map.entries.iter().map(|entry| (entry.key.value.to_string(), value(&entry.value))).collect()
        }
    }
}

/// A repository that is none, paths that lead out of it, and a base that is not there: nothing is compared then, and
/// why is said.
#[test]
fn without_a_base_nothing_is_compared() {
    let folder = std::env::temp_dir().join(format!("leastwise-check-{}-bad", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    let policy = r#"{"Version": "2012-10-17", "Statement": []}"#;
    write(&folder.join("repository/a.json"), policy);
    write(&folder.join("plain/a.json"), policy);
    commit(&folder.join("repository"));
    for (place, arguments, said) in [
        ("plain", &["check"][..], "git says"),
        ("repository", &["check", "--base", "nowhere"], "git knows no commit `nowhere`"),
        ("repository", &["check", "--base=--help"], "git knows no commit `--help`"),
        ("repository", &["check", "--base", "HEAD:a.json"], "git knows no commit"),
        ("repository", &["check", "../plain"], "does not lie below the current folder"),
        ("repository", &["check", "nothing.json"], "nothing.json"),
    ] {
        let out = Command::new(env!("CARGO_BIN_EXE_leastwise"))
            .args(arguments)
            .env("GIT_CEILING_DIRECTORIES", &folder)
            .current_dir(folder.join(place))
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&out.stderr);
        assert!(error.contains(said), "{arguments:?}: {error}");
        assert_eq!(out.status.code(), Some(2), "{arguments:?}");
        assert!(out.stdout.is_empty(), "{arguments:?}");
    }
    fs::remove_dir_all(&folder).unwrap();
}

/// What is broken after the change was left out, so nobody can say that nothing is gained; what was broken before is no
/// fault of the change.
#[test]
fn broken_files_are_never_silence() {
    let folder = std::env::temp_dir().join(format!("leastwise-check-{}-broken", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;
    let half = policy.get(..policy.len() / 2).unwrap();
    for (name, before, after, code, safe) in [
        ("after", policy, half, 2, false),
        ("before", half, policy, 0, false),
        ("both", half, half, 2, false),
    ] {
        let work = folder.join(name);
        write(&work.join("a.json"), before);
        write(&work.join("b.json"), policy);
        commit(&work);
        write(&work.join("a.json"), after);
        let (found, report) = leastwise(&work, &["check", "--format", "json"]);
        assert_eq!(found, code, "{name}");
        assert_eq!(report["review"]["gains_nothing"], safe, "{name}");
        assert!(!list(&report["problems"]).is_empty(), "{name}");
    }
    fs::remove_dir_all(&folder).unwrap();
}

/// A folder is compared with a folder, wherever the two lie.
#[test]
fn folders_are_compared_wherever_they_lie() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pull-request");
    let [before, after] = ["before", "after"].map(|side| example.join(side).to_string_lossy().into_owned());
    let (code, report) =
        leastwise(&std::env::temp_dir(), &["check", &after, "--base", &before, "--format", "json"]);
    assert_eq!(code, 1);
    let reports = "arn:aws:iam::111122223333:role/reports";
    assert!(list(&report["review"]["gained"]).iter().any(|change| change["principal"] == reports));
    let (code, report) =
        leastwise(&std::env::temp_dir(), &["check", &after, "--base", &after, "--format", "json"]);
    assert_eq!((code, &report["review"]["gains_nothing"]), (0, &Value::Bool(true)));
}
