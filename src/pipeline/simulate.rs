//! Decides scenarios, each of which brings its own policies: there is no estate to be loaded.

use super::{Found, Outcome, Reason, Seals, Stopped};
use crate::evaluator;
use crate::input::disk::Limits;
use crate::input::{Loaded, LoadedDocument, scenarios};
use crate::report::Input;

/// Decides the scenarios of all files that `paths` stand for.
pub(super) fn simulate(paths: &[String], limits: Limits, check: bool) -> Result<Outcome, Box<Stopped>> {
    let mut decisions = Vec::new();
    let mut bug = None;
    let read = scenarios::read(paths, limits, |read| {
        let expected = read.expected.filter(|_| check);
        match evaluator::simulate(read.id, &read.scenario, expected) {
            Ok(decision) => decisions.push(decision),
            Err(broken) => bug = Some(broken),
        }
    });
    let format = "scenarios";
    let inputs =
        read.read.iter().map(|file| Input { path: read.files.path(*file).to_owned(), format }).collect();
    let documents = read.read.iter().map(|file| LoadedDocument { file: *file, format }).collect();
    let loaded = Loaded { files: read.files, problems: read.problems, documents, ..Loaded::default() };
    if let Some(bug) = bug {
        return Err(Box::new(Stopped { loaded, reason: Reason::Bug(bug) }));
    }
    if loaded.documents.is_empty() {
        return Err(Box::new(Stopped { loaded, reason: Reason::NoScenarios }));
    }
    Ok(Outcome {
        loaded,
        inputs,
        rules: Vec::new(),
        undecided: Vec::new(),
        found: Found::Decisions(decisions),
        judged: super::Judgement::default(),
        sealed: Seals::default(),
    })
}
