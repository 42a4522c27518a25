//! Guardrails and what a team says of findings, as data: files, a configuration, and what has to come out. With `before`,
//! a change is checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leastwise::configuration::PACKS;
use leastwise::text::Files;
use leastwise::text::toml;
use serde::Deserialize;
use serde_json::Value;

use crate::check::yaml;

/// One case.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    /// `leastwise.toml`; none where there is none.
    config: Option<String>,
    /// File names with their texts.
    files: BTreeMap<String, String>,
    /// The same before a change; those that are not named are as after it, and what is `null` is new.
    before: Option<BTreeMap<String, Option<String>>>,
    /// What stands behind the paths.
    #[serde(default)]
    arguments: Vec<String>,
    /// How the guardrails stand: all of them that are not in packs.
    #[serde(default)]
    guardrails: BTreeMap<String, String>,
    /// How some guardrails of packs stand.
    #[serde(default)]
    packs: BTreeMap<String, String>,
    /// Who breaks them, of those that are reported.
    #[serde(default)]
    broken: BTreeMap<String, BTreeSet<String>>,
    /// The rules about guardrails and entries that are reported, and any others that are named here.
    #[serde(default)]
    found: BTreeSet<String>,
    /// Rules that must not be reported.
    #[serde(default)]
    not_found: BTreeSet<String>,
    /// What is not reported, by rule, and why.
    #[serde(default)]
    suppressed: BTreeMap<String, String>,
    /// Texts in which the first places of findings of a rule stand.
    #[serde(default)]
    places: BTreeMap<String, String>,
    /// Levels of findings of a rule.
    #[serde(default)]
    levels: BTreeMap<String, String>,
    /// Problems, each by its code and the text that it is about.
    #[serde(default)]
    problems: Vec<(String, String)>,
    /// Parts of messages that must be there.
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    exit: i32,
}

/// The rules of which a case says all that are found.
const OWN: [&str; 5] =
    ["broken-guardrail", "idle-guardrail", "expired-ignore", "unmatched-ignore", "crown-jewel-path"];

#[test]
fn each_case_comes_out_as_it_should() {
    let (mut seen, mut failed) = (BTreeSet::new(), Vec::new());
    for case in cases() {
        assert!(seen.insert(case.id.clone()), "{} stands twice", case.id);
        if std::panic::catch_unwind(|| case.run()).is_err() {
            failed.push(case.id);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
    assert!(seen.len() >= 40, "{}", seen.len());
}

/// A guardrail that was never seen to fail may not be able to.
#[test]
fn each_guardrail_of_a_pack_is_seen_to_fail_and_to_hold() {
    let cases = cases();
    for (pack, text) in PACKS {
        let mut problems = Vec::new();
        let file = Files::default().add(pack, text);
        let tree = toml::parse(file, text, &mut problems).unwrap();
        let guardrails = tree.get("guardrail").unwrap().as_list().unwrap();
        assert!(guardrails.len() >= 8, "{pack} has {}", guardrails.len());
        for guardrail in guardrails {
            let id = guardrail.get("id").unwrap().as_str().unwrap();
            for outcome in ["broken", "kept"] {
                let is_shown = |case: &Case| case.packs.get(id).is_some_and(|one| one == outcome);
                assert!(cases.iter().any(is_shown), "no case shows `{id}` {outcome}");
            }
        }
    }
}

impl Case {
    fn run(&self) {
        let folder =
            std::env::temp_dir().join(format!("leastwise-guardrails-{}-{}", std::process::id(), self.id));
        drop(fs::remove_dir_all(&folder));
        let (work, base) = (folder.join("work"), folder.join("base"));
        for (name, text) in &self.files {
            write(&work.join("files").join(name), text);
            if let Some(before) = &self.before
                && before.get(name).is_none_or(Option::is_some)
            {
                let text = before.get(name).cloned().flatten().unwrap_or_else(|| text.clone());
                write(&base.join("files").join(name), &text);
            }
        }
        for (name, text) in self.before.iter().flatten() {
            if let (false, Some(text)) = (self.files.contains_key(name), text) {
                write(&base.join("files").join(name), text);
            }
        }
        if let Some(config) = &self.config {
            write(&work.join("leastwise.toml"), config);
        }
        let mut arguments = match &self.before {
            None => vec!["scan", "files"],
            Some(_) => vec!["check", "files", "--base", base.to_str().unwrap()],
        };
        arguments.extend(["--format", "json"]);
        arguments.extend(self.arguments.iter().map(String::as_str));
        let out = Command::new(env!("CARGO_BIN_EXE_leastwise"))
            .args(&arguments)
            .current_dir(&work)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        let report: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|why| panic!("{why}: {said}"));
        self.compare(&report, &work, &said);
        assert_eq!(out.status.code().unwrap(), self.exit, "{} exit code: {said}", self.id);
        fs::remove_dir_all(&folder).unwrap();
    }

    fn compare(&self, report: &Value, work: &Path, said: &str) {
        let id = &self.id;
        let findings = match self.before {
            None => list(&report["findings"]),
            Some(_) => list(&report["review"]["new_findings"]),
        };
        let shown = || serde_json::to_string_pretty(findings).unwrap();
        let outcomes: BTreeMap<String, String> = list(&report["guardrails"])
            .iter()
            .map(|one| (text_of(&one["id"]), text_of(&one["outcome"])))
            .collect();
        let from_packs =
            |name: &str| PACKS.iter().any(|(_, text)| text.contains(&format!("id = \"{name}\"")));
        let own: BTreeMap<_, _> =
            outcomes.clone().into_iter().filter(|(name, _)| !from_packs(name)).collect();
        assert_eq!(own, self.guardrails, "{id} guardrails: {} {said}", shown());
        for (name, outcome) in &self.packs {
            assert_eq!(outcomes.get(name), Some(outcome), "{id} {name}: {} {said}", shown());
        }
        let mut broken: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for finding in findings.iter().filter(|one| one["rule"] == "broken-guardrail") {
            let named = [&finding["principal"], &finding["policy"], &finding["witness"]["principal"]];
            let who = named.into_iter().find_map(Value::as_str).unwrap_or("nobody");
            broken.entry(text_of(&finding["guardrail"])).or_default().insert(who.to_owned());
        }
        if self.packs.is_empty() {
            assert_eq!(broken, self.broken, "{id} broken: {}", shown());
        }
        let rules: BTreeSet<String> = findings.iter().map(|one| text_of(&one["rule"])).collect();
        let told = rules.iter().filter(|rule| OWN.contains(&rule.as_str()) || self.found.contains(*rule));
        let told: BTreeSet<String> = told.cloned().collect();
        if self.packs.is_empty() {
            assert_eq!(told, self.found, "{id} found: {}", shown());
        }
        assert!(rules.is_disjoint(&self.not_found), "{id}: {rules:?}");
        let suppressed = list(&report["suppressed"]);
        let suppressed: BTreeMap<String, String> =
            suppressed.iter().map(|one| (text_of(&one["finding"]["rule"]), text_of(&one["by"]))).collect();
        assert_eq!(suppressed, self.suppressed, "{id} suppressed: {}", shown());
        for (rule, text) in &self.places {
            let finding = findings.iter().find(|one| one["rule"] == **rule).unwrap();
            let place = slice(work, &finding["primary"]["place"]);
            assert!(place.contains(text.as_str()), "{id}: {place}");
        }
        for (rule, level) in &self.levels {
            let own = findings.iter().filter(|one| one["rule"] == **rule).map(|one| text_of(&one["level"]));
            assert_eq!(own.collect::<BTreeSet<_>>(), BTreeSet::from([level.clone()]), "{id} {rule}");
        }
        let problems: Vec<(String, String)> = list(&report["problems"])
            .iter()
            .map(|one| (text_of(&one["code"]), slice(work, &one["place"])))
            .collect();
        assert_eq!(problems, self.problems, "{id} problems: {said}");
        for part in &self.says {
            let messages = findings.iter().chain(list(&report["problems"])).map(|one| {
                format!("{} {}", text_of(&one["message"]), one["help"].as_str().unwrap_or_default())
            });
            let messages: Vec<String> = messages.collect();
            assert!(messages.iter().any(|message| message.contains(part.as_str())), "{id}: {messages:#?}");
        }
    }
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guardrails");
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    let mut cases = Vec::new();
    for path in all {
        let text = fs::read_to_string(&path).unwrap();
        let read: Vec<Case> =
            serde_json::from_value(yaml(&text)).unwrap_or_else(|why| panic!("{path:?}: {why}"));
        cases.extend(read);
    }
    cases
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The text that a place of the report stands for; empty for none.
fn slice(work: &Path, place: &Value) -> String {
    let Some(path) = place["path"].as_str() else { return String::new() };
    let text = fs::read_to_string(work.join(path)).unwrap();
    let number = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (first, last) = (number("line") - 1, number("end_line") - 1);
    if first == last {
        let width = number("end_column") - number("column");
        return lines[first].chars().skip(number("column") - 1).take(width).collect();
    }
    lines[first..=last.min(lines.len() - 1)].join("\n")
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
