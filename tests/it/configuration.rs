//! `leastwise.toml`: its mistakes, each with its place, its schema, and `init`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use leastwise::text::{Files, toml};
use serde_json::Value;

/// Mistakes: the text of a configuration, the code of the problem, the text that it is about, and what helps.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    ("packs = [", "toml-syntax", "", ""),
    ("pakcs = ['baseline']", "unknown-key", "pakcs", "did you mean `packs`?"),
    ("packs = ['basline']", "wrong-value", "'basline'", "did you mean `baseline`?"),
    ("packs = 1", "wrong-type", "1", ""),
    ("fail_on = 'hihg'", "wrong-value", "'hihg'", ""),
    ("fail_on = true", "wrong-type", "true", ""),
    ("include = ['none/*.toml']", "no-such-file", "'none/*.toml'", ""),
    ("levels = 'high'", "wrong-type", "'high'", "[levels]"),
    ("[levels]\nwildcard-acton = 'low'", "wrong-value", "wildcard-acton", "did you mean `wildcard-action`?"),
    ("[levels]\nwildcard-action = 'lwo'", "wrong-value", "'lwo'", ""),
    ("[levels]\nwildcard-action = 3", "wrong-type", "3", ""),
    ("[[path]]\nglob = 'a***b'\nlevels = {}", "bad-glob", "'a***b'", ""),
    ("[[path]]\nlevels = {}", "missing-key", "levels", ""),
    ("[path]\nglob = 'a'", "wrong-type", "[path]", "[[path]]"),
    (
        "[[ignore]]\nrule = 'wildcard-action'\nreason = 'r'\nowner = 'o'",
        "missing-key",
        "'wildcard-action'",
        "[levels]",
    ),
    ("[[ignore]]\nrule = 'wildcard-action'\naction = 's3:*'\nowner = 'o'", "missing-key", "rule", ""),
    (
        "[[ignore]]\nrule = 'wildcard-action'\naction = 's3:*'\nreason = 'r'\nowner = 'o'\nexpires = '31.1.2027'",
        "wrong-value",
        "'31.1.2027'",
        "2027-01-31",
    ),
    ("[[guardrail]]\nid = 'x'", "guardrail", "id", "nobody_but"),
    ("[[guardrail]]\nnobody_but = []\nmay = 's3:GetObject'\non = '*'", "missing-key", "nobody_but", ""),
    ("[[guardrail]]\nid = 'x'\nnobody_but = []\nmay = []\non = '*'\ncloud = 'aws'", "wrong-type", "[]", ""),
    (
        "[[guardrail]]\nid = 'x'\nnobody_but = []\nmay = 's3:GetObjcet'\non = 'arn:aws:s3:::b/*'",
        "unknown-action",
        "'s3:GetObjcet'",
        "s3:GetObject",
    ),
    ("[[guardrail]]\nid = 'x'\nnobody_but = []\nmay = '*'\non = '*'", "guardrail", "id", "add `cloud"),
    (
        "[[guardrail]]\nid = 'x'\nnobody_but = []\nmay = 's3:GetObject'\non = '*'\nunles = {}",
        "unknown-key",
        "unles",
        "did you mean `unless`?",
    ),
    (
        "[[guardrail]]\nid = 'x'\nnobody_but = []\nmay = 's3:GetObject'\non = '*'\nunless = { Bol = { a = 'true' } }",
        "aws-policy-operator",
        "Bol",
        "",
    ),
    (
        "[[guardrail]]\nid = 'x'\nnobody_but = []\nmay = 'storage.objects.get'\non = '*'\nunless = 'resource.name =='",
        "condition",
        "'resource.name =='",
        "",
    ),
    (
        "[[guardrail]]\nid = 'x'\nmust_stay_able = 'a'\nto = 's3:Get*'\non = 'arn:aws:s3:::b'",
        "unknown-action",
        "'s3:Get*'",
        "",
    ),
    (
        "[[guardrail]]\nid = 'x'\nno_path_from = 'a'\nto = ['administration', 'b']",
        "guardrail",
        "'administration'",
        "",
    ),
    (
        "[[guardrail]]\nid = 'x'\nno_path_from = 'a'\nto = 'administration'\nlevel = 'bad'",
        "wrong-value",
        "'bad'",
        "",
    ),
    (
        "[[guardrail]]\nid = 'x'\nno_path_from = 'a'\nto = 'administration'\n[[guardrail]]\nid = 'x'\nno_path_from = 'b'\nto = 'administration'",
        "guardrail",
        "'x'",
        "",
    ),
    ("[guardrail]\nid = 'x'", "wrong-type", "[guardrail]", "[[guardrail]]"),
    ("baseline = 'none.json'", "unreadable-file", "", "--write-baseline"),
    ("crown_jewels = [1]", "wrong-type", "1", ""),
];

const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;

#[test]
fn each_mistake_has_its_place_and_the_rest_is_analysed() {
    let folder = Folder::new("mistakes");
    folder.write("a.json", POLICY);
    for (text, code, about, help) in MISTAKES {
        folder.write("leastwise.toml", text);
        let output = folder.leastwise(&["scan", "a.json", "--format", "json"]);
        let report: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{text}: {why}"));
        let problems = report["problems"].as_array().unwrap();
        let found = problems.iter().find(|one| one["code"] == *code);
        let found = found.unwrap_or_else(|| panic!("{text}: no `{code}` in {problems:#?}"));
        if !about.is_empty() {
            assert_eq!(marked(text, &found["place"]), *about, "{text}: {found:#}");
        }
        assert!(found["help"].as_str().unwrap_or_default().contains(help), "{text}: {found:#}");
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert_eq!(report["summary"]["documents"], 1, "{text}");
    }
}

#[test]
fn a_configuration_that_is_named_has_to_be_there() {
    let folder = Folder::new("named");
    folder.write("a.json", POLICY);
    let output = folder.leastwise(&["scan", "a.json", "--config", "none.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("none.toml"));
}

/// It is looked for up to the root of the repository, and its patterns are seen from its own folder.
#[test]
fn a_configuration_above_counts() {
    let folder = Folder::new("above");
    let wild = POLICY.replace("s3:GetObject", "s3:*");
    folder.write("repository/.git/HEAD", "");
    folder.write(
        "repository/leastwise.toml",
        "[[path]]\nglob = 'deep/*/a.json'\nlevels = { wildcard-action = 'off' }\n",
    );
    folder.write("repository/deep/er/a.json", &wild);
    folder.write("leastwise.toml", "this is = never read");
    folder.write("plain/.git/HEAD", "");
    folder.write("plain/a.json", &wild);
    let scan = |below: &str, more: &[&str]| -> Value {
        let output = folder.at(below).leastwise(&[&["scan", "a.json", "--format", "json"], more].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(scan("repository/deep/er", &[])["summary"]["suppressed"]["off"], 1);
    assert_eq!(scan("repository/deep/er", &["--no-config"])["summary"]["suppressed"]["off"], 0);
    assert_eq!(scan("plain", &[])["problems"], Value::Array(Vec::new()));
}

#[test]
fn files_beside_it_hold_guardrails() {
    let folder = Folder::new("beside");
    folder.write("a.json", POLICY);
    folder.write("leastwise.toml", "include = ['rules/*.toml']\n");
    folder.write(
        "rules/s3.toml",
        "fail_on = 'low'\n[[guardrail]]\nid = 'x'\nnobody_but = []\nmay = 's3:GetObject'\non = '*'\n",
    );
    let output = folder.leastwise(&["scan", "a.json", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["guardrails"][0]["outcome"], "broken");
    assert_eq!(report["problems"][0]["code"], "unknown-key");
    assert_eq!(report["problems"][0]["place"]["path"], "rules/s3.toml");
}

/// A baseline is written, hides what it holds, tells what does not occur any more, and loses it.
#[test]
fn a_baseline_shrinks() {
    let folder = Folder::new("baseline");
    let wild = |action: &str| POLICY.replace("s3:GetObject", action);
    folder.write("a.json", &wild("s3:*"));
    folder.write("b.json", &wild("sqs:*"));
    folder.write("leastwise.toml", "baseline = 'known.json'\nfail_on = 'low'\n");
    let scan = |more: &[&str]| folder.leastwise(&[&["scan", ".", "--format", "json"], more].concat());
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let first = scan(&["--write-baseline"]);
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    assert!(said(&first).contains("2 findings: 0 as before, 2 added, 0 that"), "{}", said(&first));
    let second = scan(&[]);
    assert_eq!(second.status.code(), Some(0));
    let report: Value = serde_json::from_slice(&second.stdout).unwrap();
    assert_eq!(report["summary"]["suppressed"]["baseline"], 2);
    // Lines may move, and what is new is reported.
    folder.write("a.json", &format!("\n\n{}", wild("s3:*")));
    folder.write("b.json", &wild("sns:*"));
    let third = scan(&[]);
    assert_eq!(third.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&third.stdout).unwrap();
    assert_eq!(
        (&report["summary"]["suppressed"]["baseline"], &report["stale_baseline"]),
        (&1.into(), &1.into())
    );
    let fourth = scan(&["--write-baseline"]);
    assert!(said(&fourth).contains("2 findings: 1 as before, 1 added, 1 that"), "{}", said(&fourth));
    assert_eq!(scan(&[]).status.code(), Some(0));
    let before = folder.read("known.json");
    scan(&["--write-baseline"]);
    assert_eq!(folder.read("known.json"), before);
    // A broken one is told, and nothing is hidden by it.
    folder.write("known.json", "{\"schema\": 1}");
    let broken = scan(&[]);
    assert_eq!(broken.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&broken.stdout).unwrap();
    assert_eq!(report["problems"][0]["code"], "baseline");
}

#[test]
fn init_writes_what_can_be_used_and_overwrites_nothing() {
    let folder = Folder::new("init");
    folder.write("a.json", POLICY);
    folder.write("bucket-b.json", r#"{"Policy": "{\"Version\": \"2012-10-17\", \"Statement\": []}"}"#);
    let output = folder.leastwise(&["init"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = folder.read("leastwise.toml");
    assert!(text.contains("Amazon Web Services") && text.contains("× aws-policy"), "{text}");
    assert!(schema().is_valid(&as_json(&text)), "{text}");
    let scanned = folder.leastwise(&["scan", "."]);
    assert_eq!(scanned.status.code(), Some(0), "{}", String::from_utf8_lossy(&scanned.stderr));
    // With all examples in use it is as valid.
    let uncommented: Vec<&str> = text
        .lines()
        .map(|line| {
            line.strip_prefix('#').filter(|rest| !rest.starts_with(' ') && !rest.is_empty()).unwrap_or(line)
        })
        .collect();
    let used = uncommented.join("\n").replace("\"leastwise-baseline.json\"", "\"b.json\"");
    assert!(used.contains("\n[[guardrail]]\n") && used.contains("\n[[ignore]]\n"), "{used}");
    folder.write("b.json", r#"{"schema": "leastwise/baseline/1", "findings": []}"#);
    folder.write("leastwise.toml", &used);
    let output = folder.leastwise(&["scan", "a.json", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let errors: Vec<&Value> =
        report["problems"].as_array().unwrap().iter().filter(|one| one["severity"] == "error").collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(schema().is_valid(&as_json(&used)), "{used}");
    let again = folder.leastwise(&["init"]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(folder.read("leastwise.toml"), used);
}

/// The schema says what the program says: of the packs, of what the documents show, and of each mistake that is one of the
/// shape.
#[test]
fn the_schema_knows_the_shape() {
    let schema = schema();
    let valid = |text: &str| schema.is_valid(&as_json(text));
    for (name, text) in leastwise::configuration::PACKS {
        let errors: Vec<String> = schema.iter_errors(&as_json(text)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
    let mut shown = 0;
    for page in ["docs/configuration.md", "docs/guardrails.md"] {
        let text = fs::read_to_string(package().join(page)).unwrap();
        for block in text.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let errors: Vec<String> =
                schema.iter_errors(&as_json(block)).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{page}: {block}: {errors:#?}");
            shown += 1;
        }
    }
    assert!(shown >= 7, "{shown}");
    let of_shape = ["unknown-key", "wrong-type", "missing-key"];
    for (text, code, ..) in MISTAKES.iter().filter(|(_, code, ..)| of_shape.contains(code)) {
        assert!(!valid(text), "{code}: {text}");
    }
}

fn schema() -> jsonschema::Validator {
    let text = fs::read_to_string(package().join("docs/leastwise.schema.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn as_json(text: &str) -> Value {
    let file = Files::default().add("leastwise.toml", text);
    let mut problems = Vec::new();
    let tree = toml::parse(file, text, &mut problems);
    crate::check::value(&tree.unwrap_or_else(|| panic!("{text}: {problems:?}")))
}

/// The text that a place stands for.
fn marked(text: &str, place: &Value) -> String {
    let number = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap();
    let line = text.lines().nth(number("line") - 1).unwrap();
    let width = number("end_column").saturating_sub(number("column"));
    line.chars().skip(number("column") - 1).take(width).collect()
}

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of its own, gone afterwards.
struct Folder {
    root: PathBuf,
    at: PathBuf,
    owned: bool,
}

impl Folder {
    fn new(name: &str) -> Self {
        let root =
            std::env::temp_dir().join(format!("leastwise-configuration-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&root));
        fs::create_dir_all(&root).unwrap();
        Self { at: root.clone(), root, owned: true }
    }

    fn at(&self, below: &str) -> Self {
        Self { at: self.root.join(below), root: self.root.clone(), owned: false }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.at.join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at.join(name)).unwrap()
    }

    fn leastwise(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_leastwise")).args(arguments).current_dir(&self.at).output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.owned {
            drop(fs::remove_dir_all(&self.root));
        }
    }
}
