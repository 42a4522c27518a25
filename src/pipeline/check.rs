//! The files before a change and after it, compared.

use super::accepting::Said;
use super::scan::{Judgement, Scanned, scan};
use super::{Found, Outcome, Reason, Settings, Stopped, documents};
use crate::clouds::escalation::Step;
use crate::evaluator::Evaluator;
use crate::input::disk::Limits;
use crate::input::{self, Base, Loaded};
use crate::review::{self, Judged};
use crate::text::{Problem, Severity};

/// What is compared with what.
pub(super) struct Compared<'a> {
    /// What the files were.
    pub(super) base: Option<&'a Base>,
    /// The files.
    pub(super) paths: &'a [String],
    /// What lies beside both times.
    pub(super) estate: &'a [String],
    /// What tells both sides by itself.
    pub(super) plans: &'a [String],
    /// Whether what was found before is reported, too.
    pub(super) all: bool,
}

/// Compares what files and plans tell with what they told before.
pub(super) fn check(compared: &Compared<'_>, settings: &Settings) -> Result<Outcome, Box<Stopped>> {
    let Compared { base, paths, estate, plans, all } = *compared;
    let stopped = |loaded, reason| Box::new(Stopped { loaded, reason });
    let limits = Limits { sources: true, ..settings.limits };
    let texts = settings.configuration.files.clone();
    let mut before = match input::load_base(texts, base, paths, estate, plans, limits) {
        Ok(before) => before,
        Err(why) => return Err(stopped(Loaded::default(), Reason::NoBase(why))),
    };
    let files = std::mem::take(&mut before.files);
    let everything: Vec<String> = paths.iter().chain(estate).chain(plans).cloned().collect();
    let mut after = input::load_beside(files, &everything, limits);
    let inputs = documents(&after);
    if inputs.is_empty() && before.documents.is_empty() {
        return Err(stopped(after, Reason::NoDocuments));
    }
    let mut problems: Vec<Problem> = before.problems.into_iter().map(of_base).collect();
    problems.append(&mut after.problems);
    after.problems = problems;
    let steps = input::read_steps(&settings.steps, settings.limits, &mut after);
    if let Some(earliest) = settings.earliest {
        before.estate.set_earliest(earliest);
        after.estate.set_earliest(earliest);
    }
    let said = Said::of(settings, &mut after);
    let compared = (|| {
        let (then, now) = (
            Evaluator::new(&before.estate, &settings.portfolio),
            Evaluator::new(&after.estate, &settings.portfolio),
        );
        let (old, new) = (look(&then, &steps, &said)?, look(&now, &steps, &said)?);
        let mut undecided = new.undecided;
        // What stayed open before is not the business of this change.
        undecided.retain(|question| !old.undecided.contains(question));
        let judged = |evaluator, findings| Judged { evaluator, findings };
        let mut found = review::review(judged(&then, old.findings), judged(&now, new.findings))?;
        if all {
            found.findings.append(&mut found.known.clone());
        }
        let fresh = (std::mem::take(&mut found.findings), found.known.as_slice());
        let accepted = said.apply(now, &after.files, fresh, &found.gained)?;
        let (findings, judged) = Judgement::new(new.verdicts, accepted, &said);
        found.findings = findings;
        Ok((found, undecided, judged))
    })();
    match compared {
        Ok((found, undecided, judged)) => Ok(Outcome {
            inputs,
            rules: super::rules().collect(),
            undecided,
            found: Found::Review(Box::new(found)),
            judged,
            sealed: super::Seals::default(),
            loaded: after,
        }),
        Err(reason) => Err(stopped(after, reason)),
    }
}

/// What all rules and guardrails find in one of the two, and the ways to crown jewels.
fn look(evaluator: &Evaluator<'_>, steps: &[Step], said: &Said<'_>) -> Result<Scanned, Reason> {
    scan(evaluator, steps, said, &said.configuration.crown_jewels)
}

/// A defect of the base stops nobody: it may be just what the change repairs.
fn of_base(problem: Problem) -> Problem {
    let message = format!("before the change: {}", problem.message);
    Problem { severity: Severity::Warning, message, ..problem }
}
