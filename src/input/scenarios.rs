//! Scenarios for `simulate`: single requests with all policies that decide them, as a JSON array, as JSON Lines, or one
//! alone. What a scenario says about its request and policies is read by its cloud; an estate of many is not built.

use super::disk::{self, Found, Limits};
use super::load::has_lines;
use crate::clouds::{CLOUDS, Scenario};
use crate::model::Verdict;
use crate::text::{FileId, Files, Kind, Problem, Tree, json};

/// What a file of scenarios is, in one line.
pub const SUMMARY: &str = "scenarios: `{\"id\", \"cloud\": \"aws\", \"request\": {…}, \"policies\": {…}}` in a JSON array or JSON Lines";

/// The cloud of a scenario that names none.
const DEFAULT_CLOUD: &str = "aws";

/// What a scenario may say.
const KEYS: [&str; 5] = ["id", "cloud", "request", "policies", "expected"];

/// A scenario that was read.
pub struct ReadScenario {
    /// Its id; without one in the file, its number there: `#1` is the first.
    pub id: String,
    /// The decision that its author expects, if any.
    pub expected: Option<Verdict>,
    /// What is asked and known.
    pub scenario: Scenario,
}

/// What reading needs and leaves behind.
#[derive(Default)]
pub struct ScenarioFiles {
    /// The texts, for snippets.
    pub files: Files,
    /// What was wrong with them.
    pub problems: Vec<Problem>,
    /// The files that held at least one scenario.
    pub read: Vec<FileId>,
}

/// Reads the scenarios of all files that `paths` stand for and hands each to `each`, in the order of the files. What
/// cannot be read is reported and left out.
pub fn read(paths: &[String], limits: Limits, mut each: impl FnMut(ReadScenario)) -> ScenarioFiles {
    let mut all = ScenarioFiles::default();
    for found in disk::expand(paths, limits, &mut all.problems) {
        match disk::read(&found.path, limits) {
            Ok(text) => all.add(&found, text, &mut each),
            Err(problem) => all.problems.push(*problem),
        }
    }
    all
}

impl ScenarioFiles {
    fn add(&mut self, found: &Found, text: String, each: &mut impl FnMut(ReadScenario)) {
        let path = found.path.to_string_lossy().into_owned();
        let file = self.files.add(path.clone(), text);
        let text = self.files.shared_text(file);
        let items = if has_lines(&found.path) || looks_like_lines(&text) {
            json::parse_lines(file, &text, &mut self.problems)
        } else {
            match json::parse(file, &text, &mut self.problems) {
                Some(Tree { kind: Kind::List(items), .. }) => items,
                Some(tree) => vec![tree],
                None => return,
            }
        };
        // A folder may hold other things beside scenarios.
        if !found.named && !items.iter().any(|item| item.get("request").is_some()) {
            return;
        }
        if items.is_empty() {
            let problem = Problem::error("no-scenario", format!("`{path}` holds no scenario"));
            self.problems.push(problem.in_path(path).help(format!("expected {SUMMARY}")));
            return;
        }
        self.read.push(file);
        for (item, number) in items.iter().zip(1..) {
            if let Some(read) = scenario(item, number, &mut self.problems) {
                each(read);
            }
        }
    }
}

/// Whether a text without a telling name is JSON Lines: several lines begin an object. In a document that is broken
/// into lines for people, only the first does.
fn looks_like_lines(text: &str) -> bool {
    text.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']).starts_with('{')
        && text.lines().filter(|line| line.starts_with('{')).nth(1).is_some()
}

fn scenario(tree: &Tree, number: usize, problems: &mut Vec<Problem>) -> Option<ReadScenario> {
    if tree.as_map().is_none() {
        let message = format!("expected a scenario to be an object, found {}", tree.kind_name());
        let problem = Problem::error("scenario-shape", message).at(tree.span);
        problems.push(problem.help(format!("expected {SUMMARY}")));
        return None;
    }
    let unknown = tree.entries().filter(|entry| !KEYS.contains(&&*entry.key.value));
    let unknown: Vec<Problem> = unknown
        .map(|entry| {
            let message = format!("unknown key `{}` in the scenario", entry.key.value);
            let problem = Problem::error("scenario-shape", message).at(entry.key.span);
            problem.help(format!("the keys are `{}`", KEYS.join("`, `")))
        })
        .collect();
    if !unknown.is_empty() {
        // A misspelt `policies` would be a request without policies.
        problems.extend(unknown);
        return None;
    }
    let id = id(tree, number, problems)?;
    let expected = match tree.get("expected") {
        Some(value) if !value.is_null() => Some(expected(value, problems)?),
        _ => None,
    };
    let name = tree.get("cloud").filter(|value| !value.is_null());
    let wanted = name.map_or(Some(DEFAULT_CLOUD), Tree::as_str);
    let Some(cloud) = CLOUDS.iter().find(|cloud| Some(cloud.id().as_str()) == wanted) else {
        let clouds: Vec<&str> = CLOUDS.iter().map(|cloud| cloud.id().as_str()).collect();
        let problem = Problem::error("scenario-cloud", "the scenario is of no cloud that is known here");
        let problem = problem.at(name.unwrap_or(tree).span);
        problems.push(problem.help(format!("write one of `{}`", clouds.join("`, `"))));
        return None;
    };
    let scenario = cloud.scenario(tree, problems)?;
    Some(ReadScenario { id, expected, scenario })
}

fn id(tree: &Tree, number: usize, problems: &mut Vec<Problem>) -> Option<String> {
    let Some(value) = tree.get("id").filter(|value| !value.is_null()) else {
        return Some(format!("#{number}"));
    };
    let id = match &value.kind {
        Kind::Text(text) => Some(text.as_str().to_owned()),
        Kind::Number(source) => Some(source.to_string()),
        _ => None,
    };
    if id.is_none() {
        let message = format!("expected `id` to be a string, found {}", value.kind_name());
        problems.push(Problem::error("scenario-shape", message).at(value.span));
    }
    id
}

/// The words of decisions, as scenarios and reports write them.
fn expected(value: &Tree, problems: &mut Vec<Problem>) -> Option<Verdict> {
    let found = Verdict::ALL.into_iter().find(|verdict| Some(verdict.as_str()) == value.as_str());
    if found.is_none() {
        let words: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect();
        let problem = Problem::error("scenario-shape", "`expected` is no decision").at(value.span);
        problems.push(problem.help(format!("write one of `{}`", words.join("`, `"))));
    }
    found
}
