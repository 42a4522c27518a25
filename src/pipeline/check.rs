//! The files before a change and after it, compared.

use super::{Found, Outcome, Reason, Settings, Stopped, documents, scan};
use crate::evaluator::Evaluator;
use crate::findings::RULES;
use crate::input::disk::Limits;
use crate::input::{self, Base, Loaded};
use crate::review::{self, GAINED_ACCESS, Judged};
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
}

/// Compares what files and plans tell with what they told before.
pub(super) fn check(compared: &Compared<'_>, settings: &Settings) -> Result<Outcome, Box<Stopped>> {
    let Compared { base, paths, estate, plans } = *compared;
    let stopped = |loaded, reason| Box::new(Stopped { loaded, reason });
    let limits = Limits { sources: true, ..settings.limits };
    let mut before = match input::load_base(base, paths, estate, plans, limits) {
        Ok(before) => before,
        Err(why) => return Err(stopped(Loaded::default(), Reason::NoBase(why))),
    };
    let files = std::mem::take(&mut before.files);
    let all: Vec<String> = paths.iter().chain(estate).chain(plans).cloned().collect();
    let mut after = input::load_beside(files, &all, limits);
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
    let compared = (|| {
        let (then, now) = (
            Evaluator::new(&before.estate, &settings.portfolio),
            Evaluator::new(&after.estate, &settings.portfolio),
        );
        let (old, known) = scan(&then, &steps)?;
        let (new, mut undecided) = scan(&now, &steps)?;
        // What stayed open before is not the business of this change.
        undecided.retain(|question| !known.contains(question));
        let judged = |evaluator, findings| Judged { evaluator, findings };
        let found = review::review(judged(&then, old), judged(&now, new))?;
        Ok((found, undecided))
    })();
    match compared {
        Ok((found, undecided)) => Ok(Outcome {
            inputs,
            rules: std::iter::once(&GAINED_ACCESS).chain(RULES.iter().map(|rule| rule.meta())).collect(),
            undecided,
            found: Found::Review(Box::new(found)),
            sealed: super::Seals::default(),
            loaded: after,
        }),
        Err(reason) => Err(stopped(after, reason)),
    }
}

/// A defect of the base stops nobody: it may be just what the change repairs.
fn of_base(problem: Problem) -> Problem {
    let message = format!("before the change: {}", problem.message);
    Problem { severity: Severity::Warning, message, ..problem }
}
