//! Scenarios for `simulate`: single requests with all policies that decide them, as a JSON array, as JSON Lines, or one
//! alone. What a scenario says about its request and policies is read by its cloud. Instead of policies it may name the
//! folder of an estate, which is loaded once for all scenarios that name it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{self, Found, Limits};
use super::load::{has_lines, load_beside};
use crate::clouds::{CLOUDS, Scenario, cloud};
use crate::model::{CloudId, Estate, Request, Verdict};
use crate::text::{FileId, Files, Kind, Problem, Tree, json};

/// What a file of scenarios is, in one line.
pub const SUMMARY: &str = "scenarios: `{\"id\", \"cloud\": \"aws\", \"request\": {…}, \"policies\": {…}}` in a JSON array or JSON Lines";

/// The cloud of a scenario that names none.
const DEFAULT_CLOUD: &str = "aws";

/// Whom requests name that come from nobody in particular.
const ANYBODY: [&str; 3] = ["*", "allAuthenticatedUsers", "outside"];

/// What a scenario may say.
const KEYS: [&str; 6] = ["id", "cloud", "request", "policies", "estate", "expected"];

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
    /// The estates that scenarios named, by their folders; none where nothing could be read.
    estates: BTreeMap<PathBuf, Option<Arc<Estate>>>,
}

/// Reads the scenarios of all files that `paths` stand for and hands each to `each`, in the order of the files. What
/// cannot be read is reported and left out.
pub fn read(paths: &[String], limits: Limits, mut each: impl FnMut(ReadScenario)) -> ScenarioFiles {
    let mut all = ScenarioFiles::default();
    for found in disk::expand(paths, limits, &mut all.problems) {
        match disk::read(&found.path, limits) {
            Ok(text) => all.add(&found, text, limits, &mut each),
            Err(problem) => all.problems.push(*problem),
        }
    }
    all
}

impl ScenarioFiles {
    fn add(&mut self, found: &Found, text: String, limits: Limits, each: &mut impl FnMut(ReadScenario)) {
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
            let read = scenario(item, number, &mut self.problems);
            if let Some(read) = read.and_then(|read| self.in_its_estate(read, item, &found.path, limits)) {
                each(read);
            }
        }
    }

    /// The scenario with the estate that it names, if it does. `None` after a problem.
    fn in_its_estate(
        &mut self,
        mut read: ReadScenario,
        tree: &Tree,
        path: &Path,
        limits: Limits,
    ) -> Option<ReadScenario> {
        let Some(named) = tree.get("estate").filter(|named| !named.is_null()) else { return Some(read) };
        let text = named.as_str().filter(|_| tree.get("policies").is_none_or(Tree::is_null));
        let Some(text) = text else {
            let message = "expected a scenario to have either `policies`, or the path of an `estate`";
            let problem = Problem::error("scenario-shape", message).at(named.span);
            self.problems.push(problem.help("export folders are described by `leastwise formats`"));
            return None;
        };
        let folder = path.parent().map_or_else(|| PathBuf::from(text), |folder| folder.join(text));
        let Some(estate) = self.estate(&folder, limits) else {
            let message = format!("there is nothing that could be read in the estate `{}`", folder.display());
            let problem = Problem::error("scenario-estate", message).at(named.span);
            self.problems.push(problem.help("the path is taken from where the file of scenarios lies"));
            return None;
        };
        let request = &mut read.scenario.request;
        let place = tree.get("request").and_then(|request| request.get("principal")).unwrap_or(tree);
        match called(&estate, request.cloud, &request.principal).as_slice() {
            [name] => request.principal.clone_from(name),
            [] => self
                .problems
                .extend(stranger(&estate, request, &folder).map(|problem| problem.at(place.span))),
            several => {
                let message = format!("`{}` may be several principals of the estate", request.principal);
                let problem = Problem::error("scenario-principal", message).at(place.span);
                self.problems.push(problem.help(format!("write one of `{}`", several.join("`, `"))));
                return None;
            }
        }
        read.scenario.estate = estate;
        Some(read)
    }

    fn estate(&mut self, folder: &Path, limits: Limits) -> Option<Arc<Estate>> {
        if let Some(known) = self.estates.get(folder) {
            return known.clone();
        }
        let paths = [folder.to_string_lossy().into_owned()];
        let loaded = load_beside(std::mem::take(&mut self.files), &paths, limits);
        self.files = loaded.files;
        self.problems.extend(loaded.problems);
        let estate = (!loaded.documents.is_empty()).then(|| Arc::new(loaded.estate));
        self.estates.insert(folder.to_owned(), estate.clone());
        estate
    }
}

/// The full names of the principals that go by it: by the name, by that without its kind, or by an id.
fn called(estate: &Estate, cloud: CloudId, typed: &str) -> Vec<String> {
    if estate.find_principal(cloud, typed).is_some() {
        return vec![typed.to_owned()];
    }
    let own = estate.principals().filter(|(_, one)| one.cloud == cloud);
    let fitting = own.filter(|(_, one)| {
        let short = one.name.split_once(':').map_or(one.name.as_str(), |(_, short)| short);
        short.eq_ignore_ascii_case(typed) || one.facts.values().any(|fact| fact.eq_ignore_ascii_case(typed))
    });
    fitting.map(|(_, found)| found.name.clone()).collect()
}

/// That nobody goes by the name, unless it is one that stands for anybody. The decision is made all the same: a request
/// may well come from somebody whom no export mentions.
fn stranger(estate: &Estate, request: &Request, folder: &Path) -> Option<Problem> {
    let known = cloud(request.cloud).and_then(|cloud| cloud.find_principal(estate, &request.principal));
    if known.is_some() || ANYBODY.contains(&request.principal.as_str()) {
        return None;
    }
    let message = format!(
        "no file of the estate `{}` mentions `{}`; it was decided as somebody who is in no group and holds nothing",
        folder.display(),
        request.principal
    );
    let problem = Problem::warning("scenario-principal", message);
    Some(problem.help("compare its spelling with the exports; what everybody may do, it may do as well"))
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
