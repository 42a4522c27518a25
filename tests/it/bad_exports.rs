//! Exports of Google Cloud and Azure that are broken: each kind of file of `exports/`, cut off, empty, too deep, of another
//! kind as a whole, and with each value in turn replaced by one of another kind. What is wrong is reported with its place,
//! and the file beside is read all the same. Good ones say the same in JSON and in YAML, and so do broken ones.
//!
//! `unread` names the keys that nothing is made of, whose values may be anything; `named` marks kinds whose files have
//! no names of their own, so that one with something else in it is passed over unless the user names it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use leastwise::input::disk::Limits;
use leastwise::input::{self, FORMATS, Loaded};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Kind {
    format: String,
    file: String,
    unread: BTreeSet<String>,
    #[serde(default)]
    named: bool,
    good: Value,
}

fn kinds() -> Vec<Kind> {
    let read = |text: &str| serde_json::from_str::<Vec<Kind>>(text).unwrap();
    let mut all = read(include_str!("exports/gcp.json"));
    all.extend(read(include_str!("exports/azure.json")));
    all
}

/// A folder of its own with a good file in it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("exports-{test}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        let beside = json!({"bindings": [{"role": "roles/browser", "members": ["user:eve@example.com"]}], "etag": "x"});
        fs::write(path.join("project-beside.iam.json"), beside.to_string()).unwrap();
        Self(path)
    }

    /// Loads the folder with that text in the kind's file; by its name too where it must be named.
    fn load(&self, kind: &Kind, text: &str, named: bool) -> Loaded {
        self.load_as(&kind.file, text, named)
    }

    fn load_as(&self, name: &str, text: &str, named: bool) -> Loaded {
        let file = self.0.join(name);
        fs::write(&file, text).unwrap();
        let mut paths = vec![self.0.to_string_lossy().into_owned()];
        if named {
            paths = vec![
                file.to_string_lossy().into_owned(),
                self.0.join("project-beside.iam.json").to_string_lossy().into_owned(),
            ];
        }
        let loaded = input::load(&paths, Limits::default());
        fs::remove_file(&file).unwrap();
        loaded
    }

    /// What is missing of a good report about this broken text.
    fn complaint(&self, kind: &Kind, text: &str, named: bool) -> Option<&'static str> {
        let loaded = self.load(kind, text, named);
        let is_here = |name: &str| name.ends_with(&kind.file);
        let located = |span: Option<leastwise::text::Span>| {
            span.is_some_and(|span| is_here(loaded.files.path(span.file)))
        };
        if !loaded.problems.iter().any(|problem| located(problem.span)) {
            return Some("nothing is said");
        }
        if !loaded.problems.iter().all(|problem| problem.span.is_some()) {
            return Some("a problem has no place");
        }
        let eve = loaded.estate.principals().any(|(_, principal)| principal.name == "user:eve@example.com");
        (!eve).then_some("the file beside was not read")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn good_exports_have_no_problem_and_each_format_has_one() {
    let folder = Folder::new("good");
    for kind in kinds() {
        let loaded = folder.load(&kind, &kind.good.to_string(), false);
        assert_eq!(loaded.problems, [], "{}", kind.file);
        let formats: Vec<&str> = loaded.documents.iter().map(|document| document.format).collect();
        assert!(formats.contains(&kind.format.as_str()) && formats.len() == 2, "{}: {formats:?}", kind.file);
    }
    let own = FORMATS
        .iter()
        .map(|format| format.id())
        .filter(|id| id.starts_with("gcp-") || id.starts_with("azure-"));
    let missing: Vec<&str> = own.filter(|id| kinds().iter().all(|kind| kind.format != *id)).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn files_that_are_cut_off_empty_or_too_deep_are_said_in_their_place() {
    let folder = Folder::new("cut");
    let mut wrong = Vec::new();
    for kind in kinds() {
        let text = kind.good.to_string();
        let cut = |at: usize| text.chars().take(at).collect::<String>();
        let length = text.chars().count();
        let cuts = [1, length / 3, length / 2, length - 1].map(cut);
        let bad = cuts.into_iter().chain([String::new(), "[".repeat(100_000), format!("{text}{text}")]);
        for text in bad {
            let complaint = folder.complaint(&kind, &text, false);
            wrong.extend(complaint.map(|complaint| format!("{}: {complaint}: {text:.60}", kind.file)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_document_of_another_kind_is_said_in_its_place() {
    let folder = Folder::new("whole");
    let mut wrong = Vec::new();
    for kind in kinds() {
        for other in [json!(7), json!("x"), json!({"x": 1}), json!([7]), json!([[]]), json!({"value": 7})] {
            let complaint = folder.complaint(&kind, &other.to_string(), true);
            wrong.extend(complaint.map(|complaint| format!("{}: {complaint}: {other}", kind.file)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_value_of_another_kind_is_said_in_its_place() {
    let folder = Folder::new("values");
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for kind in kinds() {
        for (at, value) in values(&kind.good, String::new()) {
            let keys: Vec<String> = at.split('/').map(|key| key.replace("~1", "/")).collect();
            if keys.iter().any(|key| kind.unread.contains(key)) {
                continue;
            }
            let others = [json!(7), json!("x"), json!([7]), json!({"x": 1})];
            for other in others.into_iter().filter(|other| of(other) != of(value)) {
                // What stands for a number may be written as a text, and the other way round.
                let mut broken = kind.good.clone();
                *broken.pointer_mut(&at).unwrap() = other.clone();
                tried += 1;
                let complaint = folder.complaint(&kind, &broken.to_string(), kind.named);
                wrong
                    .extend(complaint.map(|complaint| format!("{}: {complaint}: {at} = {other}", kind.file)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 700, "{tried}");
}

/// What a document gives to an estate, in the order of the document.
fn given(loaded: &Loaded) -> Vec<String> {
    let estate = &loaded.estate;
    let principals =
        estate.principals().map(|(_, one)| format!("{} {:?} {:?}", one.name, one.kind, one.facts));
    let resources = estate.resources().map(|(_, one)| format!("{} {:?}", one.name, one.kind));
    let attached = estate.attachments().iter().map(|one| {
        let policy = estate.policy(one.policy).unwrap();
        format!("{} {:?} {:?} {}", policy.name, one.target, one.layer, policy.origin.what)
    });
    let groups = estate.memberships().iter().map(|one| format!("{:?} in {:?}", one.member, one.group));
    principals.chain(resources).chain(attached).chain(groups).collect()
}

/// A document as `gcloud` and `az` print it by `--format=yaml` and `-o yaml`.
fn yaml(value: &Value) -> String {
    let mut text = String::new();
    write_yaml(value, 0, &mut text);
    text
}

fn write_yaml(value: &Value, depth: usize, text: &mut String) {
    let item = |head: &str, value: &Value, text: &mut String| {
        let nested = value.as_array().is_some_and(|items| !items.is_empty())
            || value.as_object().is_some_and(|map| !map.is_empty());
        if nested {
            text.push_str(&format!("{}{head}\n", "  ".repeat(depth)));
            write_yaml(value, depth + 1, text);
        } else {
            text.push_str(&format!("{}{head} {value}\n", "  ".repeat(depth)));
        }
    };
    match value {
        Value::Array(items) => items.iter().for_each(|value| item("-", value, text)),
        Value::Object(map) => map.iter().for_each(|(key, value)| item(&format!("{key:?}:"), value, text)),
        value => text.push_str(&format!("{value}\n")),
    }
}

#[test]
fn exports_say_the_same_in_yaml() {
    let folder = Folder::new("yaml");
    for kind in kinds() {
        let name = kind.file.replace(".json", ".yaml");
        let [json, yaml] = [
            folder.load(&kind, &kind.good.to_string(), kind.named),
            folder.load_as(&name, &yaml(&kind.good), kind.named),
        ];
        assert_eq!(yaml.problems, [], "{name}");
        assert_eq!(given(&json), given(&yaml), "{name}");
        assert!(given(&json).len() > 1, "{name}");
    }
}

#[test]
fn each_value_of_another_kind_is_said_in_its_place_in_yaml() {
    let folder = Folder::new("yaml-values");
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for kind in kinds() {
        let name = kind.file.replace(".json", ".yaml");
        for (at, value) in values(&kind.good, String::new()) {
            let other = if value.is_array() { json!({"x": 1}) } else { json!([7]) };
            let mut broken = kind.good.clone();
            *broken.pointer_mut(&at).unwrap() = other;
            let codes = |loaded: &Loaded| -> Vec<&str> {
                loaded.problems.iter().filter(|one| one.span.is_some()).map(|one| one.code).collect()
            };
            let json = codes(&folder.load(&kind, &broken.to_string(), kind.named));
            let loaded = folder.load_as(&name, &yaml(&broken), kind.named);
            tried += 1;
            if json != codes(&loaded) {
                wrong.push(format!("{name}: {at}: {json:?}, in YAML {:?}", loaded.problems));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

/// All values but the whole, each with the way to it.
fn values(value: &Value, at: String) -> Vec<(String, &Value)> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Array(items) => {
            (0..).zip(items).map(|(index, item): (usize, _)| (index.to_string(), item)).collect()
        }
        Value::Object(map) => map.iter().map(|(key, value)| (key.replace('/', "~1"), value)).collect(),
        _ => Vec::new(),
    };
    let below = inner.into_iter().filter(|(_, value)| !value.is_null()).flat_map(|(key, value)| {
        let at = format!("{at}/{key}");
        std::iter::once((at.clone(), value)).chain(values(value, at)).collect::<Vec<_>>()
    });
    below.collect()
}

fn of(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

#[test]
fn versions_and_pages_that_are_not_known_are_said() {
    let folder = Folder::new("versions");
    for (file, at, value, code) in [
        ("project-q.iam.json", "/version", json!(4), "gcp-policy-version"),
        ("policies.json", "/1/iamPolicy/version", json!(2), "gcp-policy-version"),
        ("boundaries.json", "/0/details/enforcementVersion", json!("99"), "gcp-boundary-version"),
        ("role-assignments-S.json", "/0/conditionVersion", json!("9.0"), "azure-condition-version"),
        (
            "role-definitions.json",
            "/0/permissions/0/conditionVersion",
            json!("9.0"),
            "azure-condition-version",
        ),
    ] {
        let kind = kinds().into_iter().find(|kind| kind.file == file).unwrap();
        let mut newer = kind.good.clone();
        *newer.pointer_mut(at).unwrap() = value;
        let loaded = folder.load(&kind, &newer.to_string(), false);
        let codes: Vec<&str> = loaded.problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [code], "{file}");
        assert!(loaded.problems[0].span.is_some());
    }
    for (file, key, code) in [
        ("eligible-S.json", "nextLink", "azure-pages"),
        ("policies-by-rest.json", "nextPageToken", "gcp-pages"),
    ] {
        let kind = kinds().into_iter().find(|kind| kind.file == file).unwrap();
        let mut page = kind.good.clone();
        page[key] = json!("https://example.com/next");
        let loaded = folder.load(&kind, &page.to_string(), false);
        let codes: Vec<&str> = loaded.problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [code]);
    }
}

/// Each file that is proposed is in the documentation of its cloud, with the words of its command before any option.
#[test]
fn every_command_is_documented() {
    let pages = [
        ("gcp-", include_str!("../../docs/gcp-estate.md")),
        ("azure-", include_str!("../../docs/azure-estate.md")),
    ];
    let mut wrong = Vec::new();
    for (cloud, page) in pages {
        let own = FORMATS.iter().filter(|format| format.id().starts_with(cloud));
        for proposed in own.flat_map(|format| format.commands()) {
            let words: Vec<&str> = proposed.split_whitespace().collect();
            let file = words.iter().find(|word| word.contains(".json")).unwrap();
            let start = words.iter().position(|word| ["gcloud", "bq", "az"].contains(word)).unwrap();
            let command: Vec<&str> =
                words.iter().skip(start).take_while(|word| !word.starts_with(['-', '>'])).copied().collect();
            let same = |page: &str| page.contains(&command.join(" ")) || command == ["az", "rest"];
            if !page.contains(file) || !same(page) {
                wrong.push(format!("{file}: {}", command.join(" ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
