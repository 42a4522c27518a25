//! What the commands that look at files have in common: run, show problems, report, choose the exit code.

use std::collections::BTreeMap;

use super::console::Console;
use super::exit::{Exit, Facts};
use super::options::{AnalysisOptions, ReportOptions, Reports, StepOptions};
use super::waiting::Waiting;
use crate::evaluator::Bug;
use crate::findings::Level;
use crate::input::Loaded;
use crate::input::{disk, scenarios};
use crate::pipeline::{self, Outcome, Reason, Settings, Stopped, Task};
use crate::report::{ContentKind, Report, Style};
use crate::text::{Files, Problem, Severity, render};

/// Problems of one kind that are shown; the others are counted.
const SHOWN: usize = 20;

/// Runs `task` and reports what it finds. Findings from `threshold` on make the run fail.
pub(super) fn run(
    task: &Task,
    kind: ContentKind,
    paths: &[String],
    options: (&AnalysisOptions, &ReportOptions),
    threshold: Option<Level>,
    console: &mut Console,
) -> Exit {
    match options.0.settings(console) {
        Ok(settings) => run_with(task, kind, paths, (&settings, options.1), threshold, console),
        Err(exit) => exit,
    }
}

/// The same with escalation steps of the user's own.
pub(super) fn run_with_steps(
    task: &Task,
    kind: ContentKind,
    paths: &[String],
    (analysis, extra, report): (&AnalysisOptions, &StepOptions, &ReportOptions),
    threshold: Option<Level>,
    console: &mut Console,
) -> Exit {
    match analysis.settings(console) {
        Ok(settings) => {
            let settings = Settings { steps: extra.steps.clone(), ..settings };
            run_with(task, kind, paths, (&settings, report), threshold, console)
        }
        Err(exit) => exit,
    }
}

/// The same with settings that are there already.
pub(super) fn run_with(
    task: &Task,
    kind: ContentKind,
    paths: &[String],
    options: (&Settings, &ReportOptions),
    threshold: Option<Level>,
    console: &mut Console,
) -> Exit {
    run_after(task, kind, paths, options, threshold, console, |_, _| Ok(Printed::Report))
}

/// What stands on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Printed {
    /// The report.
    Report,
    /// Something else that was printed already.
    Other,
}

/// The same, after something else was done with what came out.
pub(super) fn run_after(
    task: &Task,
    kind: ContentKind,
    paths: &[String],
    (settings, options): (&Settings, &ReportOptions),
    threshold: Option<Level>,
    console: &mut Console,
    first: impl FnOnce(&Outcome, &mut Console) -> Result<Printed, Exit>,
) -> Exit {
    let reports = match options.reports(kind, console) {
        Ok(reports) => reports,
        Err(exit) => return exit,
    };
    let waiting = Waiting::begin(console.may_draw());
    let ran = pipeline::run(task, paths, settings);
    drop(waiting);
    match ran {
        Ok(outcome) => {
            let unread = show_problems(outcome.loaded(), console);
            let done = first(&outcome, console);
            if let Err(exit) = done.and_then(|printed| report(&outcome, &reports, printed, console)) {
                return exit;
            }
            let reaches = |level: Level| threshold.is_some_and(|threshold| level >= threshold);
            let mut found = outcome.findings().iter().filter(|finding| !finding.is_undecided());
            Exit::of(Facts {
                findings: found.any(|finding| reaches(finding.level)) || outcome.differs(),
                unread,
                undecided: outcome.is_undecided(),
            })
        }
        Err(stopped) => {
            show_problems(&stopped.loaded, console);
            explain(&stopped, console)
        }
    }
}

/// Prints one report and writes the others.
fn report(outcome: &Outcome, reports: &Reports, printed: Printed, console: &mut Console) -> Result<(), Exit> {
    let report = outcome.report();
    write(reports, &report, console)?;
    if printed == Printed::Other {
        return Ok(());
    }
    print(reports.printed.render(&report, console.style()), console)
}

/// Writes the reports that go to files.
pub(super) fn write(reports: &Reports, report: &Report<'_>, console: &mut Console) -> Result<(), Exit> {
    for (reporter, path) in &reports.written {
        let text = reporter.render(report, Style::default());
        let written =
            text.and_then(|text| disk::write(path, text.as_bytes()).map_err(|problem| problem.message));
        if let Err(message) = written {
            let message = format!("the analysis took place, but the report was not written: {message}");
            return Err(console.fail(&message, None));
        }
    }
    Ok(())
}

/// Prints a rendered report.
pub(super) fn print(rendered: Result<String, String>, console: &mut Console) -> Result<(), Exit> {
    match rendered {
        Ok(text) => console.out(&text),
        Err(message) => {
            return Err(
                console.fail(&format!("the analysis took place, but cannot be shown: {message}"), None)
            );
        }
    }
    Ok(())
}

/// Shows what was wrong with the files. Answers whether something was left out for it.
fn show_problems(loaded: &Loaded, console: &mut Console) -> bool {
    list_problems(&loaded.files, &loaded.problems, console);
    let errors = count(&loaded.problems, Severity::Error);
    let warnings = count(&loaded.problems, Severity::Warning);
    if errors + warnings > 0 {
        let rest = match (loaded.documents.len(), errors) {
            (0, _) => "",
            (_, 0) => "; everything else was analysed",
            _ => "; what could be read was analysed",
        };
        let errors = phrase(errors, "error");
        let warnings = phrase(warnings, "warning");
        let both: Vec<String> = [errors, warnings].into_iter().flatten().collect();
        console.err(&format!("{} in the input{rest}\n", both.join(" and ")));
    }
    errors > 0
}

/// Shows problems, of each kind only the first ones. Answers whether something was left out for them.
pub(super) fn list_problems(files: &Files, problems: &[Problem], console: &mut Console) -> bool {
    let colour = console.err_colour();
    let mut counts: BTreeMap<(Severity, &str), usize> = BTreeMap::new();
    for problem in problems {
        let count = counts.entry((problem.severity, problem.code)).or_default();
        *count += 1;
        if *count <= SHOWN {
            console.err(&format!("{}\n\n", render(problem, files, colour)));
        }
    }
    for ((severity, code), count) in &counts {
        if *count > SHOWN {
            let more = count - SHOWN;
            console.err(&format!("{}[{code}]: and {more} more like these\n", severity.name()));
        }
    }
    count(problems, Severity::Error) > 0
}

fn count(problems: &[Problem], severity: Severity) -> usize {
    problems.iter().filter(|problem| problem.severity == severity).count()
}

fn phrase(number: usize, noun: &str) -> Option<String> {
    match number {
        0 => None,
        1 => Some(format!("1 {noun}")),
        many => Some(format!("{many} {noun}s")),
    }
}

/// Says why a run stopped.
fn explain(stopped: &Stopped, console: &mut Console) -> Exit {
    match &stopped.reason {
        Reason::NoDocuments => {
            let passed_over = stopped.loaded.passed_over.len();
            let message = match (passed_over, stopped.loaded.problems.len()) {
                (0, _) => "no analysis took place: no document was read".to_owned(),
                (1, _) => format!(
                    "no analysis took place: `{}` is of no kind that is read here",
                    stopped.loaded.passed_over.first().map_or("", String::as_str)
                ),
                (many, _) => {
                    format!("no analysis took place: none of {many} files is of a kind that is read here")
                }
            };
            console.fail(&message, Some("`leastwise formats` lists what is read and how to export it"))
        }
        Reason::NoUsage => console.fail(
            "no analysis took place: no activity log was read",
            Some("`leastwise formats` lists the logs that are read and how to export them"),
        ),
        Reason::NoScenarios => console.fail(
            "no simulation took place: no scenario was read",
            Some(&format!("expected {}", scenarios::SUMMARY)),
        ),
        Reason::NoBase(why) => console.fail(
            &format!("no comparison took place: {why}"),
            Some("`--base` takes a folder, or a commit that is there: `origin/main` has to be fetched first"),
        ),
        Reason::NoCertificates => console.fail(
            "nothing was verified: no certificate was read",
            Some("`leastwise recommend … --certificate FILE` writes one"),
        ),
        Reason::Unanswerable { message, nearest } => {
            let help = (!nearest.is_empty()).then(|| format!("did you mean {}?", alternatives(nearest)));
            console.fail(&format!("no analysis took place: {message}"), help.as_deref())
        }
        Reason::Bug(bug) => confess(bug, console),
    }
}

/// Says that the program is at fault.
pub(super) fn confess(bug: &Bug, console: &mut Console) -> Exit {
    console.fail(
        &format!("{bug}; the analysis took place, but is not trustworthy and not shown"),
        Some("this is a defect of leastwise, not of your files: please report it with the message above"),
    )
}

/// "`a`, `b` or `c`".
pub(super) fn alternatives(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
