//! Each kind of file of an AWS estate, with each defect that a file can have. The files stand in `estate/complete.json`
//! and, as iam-collect writes them, in `estate/collected.json`; a format whose commands have no file there fails a test, so
//! what is here holds for a new one too.
//!
//! - A value of another kind than AWS prints is reported with its place, or was never read: then the estate is the same.
//! - A file that cannot be read counts as one that is missing, and is reported.
//! - What is missing is named by the answers that it touches (`estate/missing.json`).

use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use leastwise::clouds::aws::body;
use leastwise::input::disk::Limits;
use leastwise::input::{FORMATS, Loaded, load};
use leastwise::model::Estate;
use serde::Deserialize;
use serde_json::{Value, json};

type Files = BTreeMap<String, Value>;

fn complete() -> Files {
    serde_json::from_str(include_str!("estate/complete.json")).unwrap()
}

pub(super) fn collected() -> Files {
    serde_json::from_str(include_str!("estate/collected.json")).unwrap()
}

/// Files in a folder that is gone in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &Files) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("files-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        let folder = Self(path);
        files.iter().for_each(|(file, content)| folder.put(file, &content.to_string()));
        folder
    }

    fn put(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(&self) -> Loaded {
        load(&[self.0.to_str().unwrap().to_owned()], Limits::default())
    }

    /// What is loaded when a file holds `text`, or is not there.
    fn with(&self, file: &str, text: Option<&str>) -> Loaded {
        let path = self.0.join(file);
        let before = fs::read_to_string(&path).unwrap();
        match text {
            Some(text) => self.put(file, text),
            None => fs::remove_file(&path).unwrap(),
        }
        let loaded = self.load();
        self.put(file, &before);
        loaded
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Whether a problem with a place in `file` was reported.
fn is_reported(loaded: &Loaded, file: &str) -> bool {
    loaded
        .problems
        .iter()
        .any(|problem| problem.span.is_some_and(|span| loaded.files.path(span.file).ends_with(file)))
}

/// All that an estate says, as text without places.
fn said(estate: &Estate) -> String {
    let mut text = String::new();
    fn put(text: &mut String, value: impl Debug) {
        writeln!(text, "{value:?}").unwrap();
    }
    estate.principals().for_each(|one| put(&mut text, one));
    estate.resources().for_each(|one| put(&mut text, one));
    estate.scopes().for_each(|one| put(&mut text, one));
    for (id, policy) in estate.policies() {
        put(&mut text, (id, &policy.name, body(policy).map(|body| &body.document)));
    }
    estate.attachments().iter().for_each(|one| put(&mut text, one));
    estate.memberships().iter().for_each(|one| put(&mut text, one));
    estate.hosts().iter().for_each(|one| put(&mut text, one));
    for (scope, _) in estate.scopes() {
        for kind in HOSTS {
            put(&mut text, estate.hosts().is_listed(scope, kind));
        }
    }
    put(&mut text, estate.gaps());
    without_places(&text)
}

const HOSTS: [&str; 8] = [
    "lambda-function",
    "ec2-instance",
    "codebuild-project",
    "ecs-task-definition",
    "glue-job",
    "sagemaker-notebook",
    "cloudformation-stack",
    "apprunner-service",
];

fn without_places(text: &str) -> String {
    let mut parts = text.split("Span {");
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        rest.push_str(part.split_once('}').map_or(part, |(_, rest)| rest));
    }
    rest
}

/// The pointers to all values inside a value.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), found));
        }
        Value::Object(map) => map.iter().for_each(|(key, item)| {
            places(item, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        _ => {}
    }
}

/// Values of other kinds.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(_) => vec![json!("x"), json!({"x": 1})],
        Value::Object(_) => vec![json!(7), json!([value])],
        Value::Bool(_) => vec![json!("yes"), json!([value])],
        _ => vec![json!(7.5), json!([[value]])],
    }
}

/// Files that users write themselves, and call as they like.
const OWN: [&str; 2] = ["111122223333/wrapped.json", "111122223333/session.json"];

/// Files that decide nothing of their own: the ARNs of others say the same, or they are indexes.
const SILENT: [&str; 4] = [
    "organization/organization.json",
    "aws/accounts/111122223333/organization.json",
    "/structure.json",
    "/indexes/buckets-to-accounts.json",
];

fn another_kind(name: &str, files: &Files) {
    let folder = Folder::new(name, files);
    let whole = folder.load();
    assert!(whole.problems.is_empty(), "{:?}", whole.problems);
    let before = said(&whole.estate);
    let mut wrong = Vec::new();
    for (file, content) in files {
        let mut found = Vec::new();
        places(content, "", &mut found);
        for place in found {
            let mut others = others(content.pointer(&place).unwrap());
            // What lies in a list or beside the proposed names is told by its content alone.
            let unsaid =
                |other: &Value| place.is_empty() && (other.is_array() || OWN.contains(&file.as_str()));
            // One and a list of one are the same in a policy, and values of conditions are of any kind.
            let is_policy = place.contains("Statement");
            let legal =
                |other: &Value| other.is_array() || other.is_string() || place.contains("/Condition/");
            others.retain(|other| !(is_policy && legal(other)));
            for other in others.into_iter().filter(|other| !unsaid(other)) {
                let mut broken = content.clone();
                *broken.pointer_mut(&place).unwrap() = other.clone();
                let loaded = folder.with(file, Some(&broken.to_string()));
                if !is_reported(&loaded, file) && said(&loaded.estate) != before {
                    wrong.push(format!("{file} {place} = {other:.60}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "read as something else without a word:\n{}", wrong.join("\n"));
}

#[test]
fn a_value_of_another_kind_is_reported_or_never_read() {
    another_kind("kinds", &complete());
    another_kind("kinds-collected", &collected());
}

/// A file that is cut off, of another kind as a whole, too deep, or not text counts as one that is missing.
fn unreadable(name: &str, files: &Files) {
    let folder = Folder::new(name, files);
    let whole = said(&folder.load().estate);
    let mut wrong = Vec::new();
    for (file, content) in files {
        let text = content.to_string();
        let half: String = text.chars().take(text.chars().count() / 2).collect();
        let missing = said(&folder.with(file, None).estate);
        if missing == whole && !SILENT.iter().any(|silent| file.ends_with(silent)) {
            wrong.push(format!("{file} tells nothing"));
        }
        let deep = format!("{{\"x\":{}", "[".repeat(100_000));
        for bad in [half, deep, format!("{text}{text}"), String::new(), "\u{0}".to_owned(), "null".to_owned()]
        {
            let loaded = folder.with(file, Some(&bad));
            let shown: String = bad.chars().take(40).collect();
            let is_unsaid = bad == "null" && OWN.contains(&file.as_str());
            if !is_unsaid && !is_reported(&loaded, file) {
                wrong.push(format!("{file}: not reported: {shown}"));
            }
            if said(&loaded.estate) != missing {
                wrong.push(format!("{file}: not as if it was missing: {shown}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_that_cannot_be_read_counts_as_missing() {
    unreadable("unreadable", &complete());
    unreadable("unreadable-collected", &collected());
}

/// A command of any format has a file here, and is in the documentation.
#[test]
fn every_command_has_a_file_here_and_is_documented() {
    let documented = include_str!("../../docs/aws-estate.md");
    let files = complete();
    let mut wrong = Vec::new();
    for format in FORMATS.iter().filter(|format| format.id().starts_with("aws-")) {
        for command in format.commands() {
            let (file, command) = command.split_once(' ').unwrap();
            if !files.keys().any(|name| is_like(name, file)) && !file.starts_with("public-access-block-of-") {
                wrong.push(format!("no file is like `{file}`"));
            }
            let command = command.trim().split(',').next().unwrap();
            if !documented.contains(command) {
                wrong.push(format!("`{command}` is not documented"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a name has what the proposed one has beside its capitals, in that order.
fn is_like(name: &str, proposed: &str) -> bool {
    let parts = proposed.split(|c: char| c.is_ascii_uppercase());
    let rest = parts.into_iter().try_fold(name, |rest, part| rest.split_once(part).map(|(_, rest)| rest));
    rest.is_some_and(str::is_empty) && name.split('/').count() == proposed.split('/').count()
}

/// A question whose answer rests on files.
#[derive(Deserialize)]
struct Missing {
    without: Vec<String>,
    ask: Vec<String>,
    says: String,
}

/// Files of which no single answer says that they are missing, and why.
const UNSAID: [(&str, &str); 14] = [
    ("/session.json", "AWS keeps no session policies"),
    ("/organization.json", "the ARNs of the other files say the same"),
    ("-associations.json", "they tell of policies that are missing, and are not missed themselves"),
    ("/units-of-", "who is an outsider is told by tests/it/organization.rs"),
    ("/accounts-of-ou-", "the same"),
    ("/credential-report.json", "escalation steps name what they assume: tests/it/escalation.rs"),
    ("/functions.json", "the same"),
    ("/instances.json", "the same"),
    ("/projects.json", "the same"),
    ("/jobs.json", "the same"),
    ("/stacks.json", "the same"),
    ("/ecs/", "the same"),
    ("/sagemaker/", "the same"),
    ("/apprunner/", "the same"),
];

/// The report of a command, and whether it says that the input was read in part only.
fn report(folder: &Folder, ask: &[&str]) -> (Value, bool) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output = command.args(ask).arg(&folder.0).args(["--format", "json"]).env_clear().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{ask:?}: {said}"));
    (report, output.status.code().unwrap() == 2)
}

/// All that a part of a report assumes.
fn assumed(part: &Value) -> Vec<String> {
    match part {
        Value::Array(parts) => parts.iter().flat_map(assumed).collect(),
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, part)| match key.as_str() {
                "gaps" => part
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|gap| gap["message"].as_str().unwrap().to_owned())
                    .collect(),
                _ => assumed(part),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The gaps of an answer.
fn gaps(folder: &Folder, ask: &[String]) -> Vec<String> {
    let ask: Vec<&str> = ask.iter().map(String::as_str).collect();
    assumed(&report(folder, &ask).0["answer"])
}

#[test]
fn what_is_missing_is_named_by_the_answers_that_it_touches() {
    let rows: Vec<Missing> = serde_json::from_str(include_str!("estate/missing.json")).unwrap();
    let files = complete();
    let folder = Folder::new("missing", &files);
    let mut wrong = Vec::new();
    for Missing { without, ask, says } in &rows {
        if gaps(&folder, ask).iter().any(|gap| gap.contains(says)) {
            wrong.push(format!("{ask:?} says `{says}` with all files"));
        }
        without.iter().for_each(|file| fs::remove_file(folder.0.join(file)).unwrap());
        let found = gaps(&folder, ask);
        if !found.iter().any(|gap| gap.contains(says)) {
            wrong.push(format!("{ask:?} without {without:?}: expected `{says}`, found {found:?}"));
        }
        without.iter().for_each(|file| folder.put(file, &files[file].to_string()));
    }
    let named = |file: &String| rows.iter().any(|row| row.without.contains(file));
    let excused = |file: &String| UNSAID.iter().any(|(part, _)| file.contains(part));
    wrong.extend(
        files.keys().filter(|file| !named(file) && !excused(file)).map(|file| format!("{file}: no row")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the commands that answer questions say to one question, one after the other: each with the part of its report.
fn answers(folder: &Folder, ask: &[String]) -> impl Iterator<Item = (String, Value, bool)> {
    let [_, who, action, resource] = ask else { panic!("{ask:?}") };
    let commands = [
        (vec!["can", who, action, resource], "answer"),
        (vec!["who-can", action, resource], "who_can"),
        (vec!["access", who, "--action", action, "--resource", resource], "access"),
    ];
    let commands = commands.map(|(ask, part)| (ask.into_iter().map(str::to_owned).collect::<Vec<_>>(), part));
    commands.into_iter().map(|(ask, part)| {
        let typed: Vec<&str> = ask.iter().map(String::as_str).collect();
        let (report, unread) = report(folder, &typed);
        (ask.join(" "), report[part].clone(), unread)
    })
}

/// A file that is missing, cut off or of another shape is named by each command whose answer it touches.
#[test]
fn every_command_names_what_is_missing_or_broken() {
    let rows: Vec<Missing> = serde_json::from_str(include_str!("estate/missing.json")).unwrap();
    let files = complete();
    let mut wrong = Vec::new();
    let parts = rows.chunks(rows.len().div_ceil(4)).enumerate();
    std::thread::scope(|scope| {
        let done: Vec<_> = parts
            .map(|(index, rows)| {
                let files = &files;
                scope.spawn(move || {
                    let folder = Folder::new(&format!("commands-{index}"), files);
                    rows.iter().flat_map(|row| unnamed(&folder, files, row)).collect::<Vec<_>>()
                })
            })
            .collect();
        done.into_iter().for_each(|part| wrong.extend(part.join().unwrap()));
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The commands that do not say what a row expects when its files are damaged.
fn unnamed(folder: &Folder, files: &Files, Missing { without, ask, says }: &Missing) -> Vec<String> {
    let mut wrong = Vec::new();
    for damage in ["gone", "cut", "shape"] {
        for file in without {
            let text = files[file].to_string();
            let half: String = text.chars().take(text.chars().count() / 2).collect();
            match damage {
                "gone" => fs::remove_file(folder.0.join(file)).unwrap(),
                "cut" => folder.put(file, &half),
                _ => folder.put(file, "7"),
            }
        }
        // Such a file counts as missing, as the test above shows, so one command is enough; users' own files are told by
        // their content alone.
        let all = answers(folder, ask).take(if damage == "shape" { 1 } else { 3 });
        let is_unsaid = damage == "shape" && without.iter().any(|file| OWN.contains(&file.as_str()));
        for (command, answer, unread) in all.filter(|_| !is_unsaid) {
            if !assumed(&answer).iter().any(|gap| gap.contains(says)) {
                wrong.push(format!("{command}: {damage} {without:?}: expected `{says}`"));
            }
            if unread != (damage != "gone") {
                wrong.push(format!("{command}: {damage} {without:?}: no problem was reported"));
            }
        }
        without.iter().for_each(|file| folder.put(file, &files[file].to_string()));
    }
    wrong
}

/// Another file that says something else than the estate does.
#[derive(Deserialize)]
struct Contradiction {
    file: String,
    content: Value,
    says: String,
}

#[test]
fn two_files_that_contradict_each_other_are_reported() {
    let rows: Vec<Contradiction> = serde_json::from_str(include_str!("estate/contradictions.json")).unwrap();
    let files = complete();
    let folder = Folder::new("contradictions", &files);
    let mut wrong = Vec::new();
    for Contradiction { file, content, says } in rows {
        folder.put(&file, &content.to_string());
        let loaded = folder.load();
        fs::remove_file(folder.0.join(&file)).unwrap();
        let messages: Vec<&str> = loaded.problems.iter().map(|problem| problem.message.as_str()).collect();
        let located = loaded.problems.iter().any(|problem| problem.span.is_some());
        if !located || !messages.iter().any(|message| message.contains(&says)) {
            wrong.push(format!("{file}: expected `{says}`, found {messages:?}"));
        }
        assert_eq!(loaded.documents.len(), files.len() + 1, "{file}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
