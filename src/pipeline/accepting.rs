//! What a team has said of findings, made ready: its configuration, the comments in the files, and the baseline.

use std::path::PathBuf;

use super::{Settings, rule_ids};
use crate::configuration::{Configuration, INLINE_SIGN, RuleIds, inline_ignores};
use crate::evaluator::{Bug, Evaluator};
use crate::findings::Finding;
use crate::input::{self, Loaded, disk};
use crate::review::{Accepted, Accepting, Baseline, Change, InlineIgnore, Saying};
use crate::text::{Files, Problem, Span, json};

/// Where a baseline lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineFile {
    /// Its path.
    pub path: PathBuf,
    /// Whether it may not be there yet.
    pub may_lack: bool,
}

/// What a team has said.
pub(super) struct Said<'a> {
    pub(super) configuration: &'a Configuration,
    accepting: Accepting,
    comments: Vec<InlineIgnore>,
    now: Option<i64>,
}

impl<'a> Said<'a> {
    /// Reads what is not read yet, and adds what is wrong with any of it to the problems.
    pub(super) fn of(settings: &'a Settings, loaded: &mut Loaded) -> Self {
        let configuration = &*settings.configuration;
        let mut problems = configuration.problems.clone();
        let mut accepting = configuration.accepting.clone();
        accepting.baseline = settings.baseline.as_ref().and_then(|file| {
            let read = baseline(file, settings, &mut loaded.files);
            read.map_err(|problem| problems.extend(problem)).ok()
        });
        let dated = accepting.ignores.iter().find(|entry| entry.expires.is_some());
        if let (Some(entry), None) = (dated, settings.earliest) {
            let message = "whether entries have expired was not looked at: nobody said what day it is";
            let problem =
                Problem::warning("no-day", message).help("give it with `--now`, as `--now 2027-01-31`");
            problems.push(match entry.origin.span {
                Some(span) => problem.at(span),
                None => problem,
            });
        }
        let ids = rule_ids();
        let mut comments = Vec::new();
        let mut files: Vec<_> = loaded.documents.iter().map(|document| document.file).collect();
        files.dedup();
        for file in files {
            let found = input::comments(&loaded.files, file, INLINE_SIGN);
            comments.extend(inline_ignores(found, RuleIds(&ids), &mut problems));
        }
        loaded.problems.extend(problems);
        Self { configuration, accepting, comments, now: settings.earliest }
    }

    /// The baseline, if there is one.
    pub(super) fn baseline(&self) -> Option<&Baseline> {
        self.accepting.baseline.as_ref()
    }

    /// Sorts findings into those that are reported and the others.
    pub(super) fn apply(
        &self,
        evaluator: Evaluator<'_>,
        files: &Files,
        (findings, known): (Vec<Finding>, &[Finding]),
        gained: &[Change],
    ) -> Result<Accepted, Bug> {
        let path = |span: Span| self.configuration.path_of(files, span);
        let (comments, now) = (&self.comments, self.now);
        self.accepting.apply(findings, known, &Saying { evaluator, gained, comments, path: &path, now })
    }
}

fn baseline(file: &BaselineFile, settings: &Settings, files: &mut Files) -> Result<Baseline, Vec<Problem>> {
    let shown = file.path.to_string_lossy();
    if file.may_lack && !disk::is_file(&file.path) {
        return Ok(Baseline { path: (&*shown).into(), ..Baseline::default() });
    }
    let text = disk::read(&file.path, settings.limits).map_err(|problem| {
        let help = "`leastwise scan … --write-baseline=FILE` writes one";
        vec![problem.help(help)]
    })?;
    let id = files.add(&*shown, text);
    let text = files.shared_text(id);
    let mut problems = Vec::new();
    let read = json::parse(id, &text, &mut problems);
    let read = read.map(|tree| Baseline::read(&shown, &tree, &mut problems));
    read.filter(|_| problems.is_empty()).ok_or(problems)
}
