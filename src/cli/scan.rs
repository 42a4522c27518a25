//! `leastwise scan`: all findings in the files.

use std::path::{Path, PathBuf};

use clap::Args;

use super::analysis::{self, Printed};
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ConfigurationOptions, ReportOptions, StepOptions};
use crate::input::disk;
use crate::pipeline::{Outcome, Settings, Task};
use crate::report::ContentKind;
use crate::review::{Baseline, Why};

/// Look for dangerous access in policies and bindings.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Scan {
    /// Files, folders, globs, or `-` for standard input.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<String>,
    /// Write the findings that there are now as a baseline, in place of the one that is there: entries that do not occur
    /// any more are left out. Findings do not make such a run fail. Without a file, the baseline that is named is meant.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    write_baseline: Option<Option<PathBuf>>,
    #[command(flatten)]
    configuration: ConfigurationOptions,
    #[command(flatten)]
    analysis: AnalysisOptions,
    #[command(flatten)]
    extra: StepOptions,
    #[command(flatten)]
    report: ReportOptions,
}

impl Scan {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let settings = self.analysis.settings(console);
        let settings = settings.map(|own| Settings { steps: self.extra.steps.clone(), ..own });
        let named = self.write_baseline.as_ref().and_then(Option::as_deref);
        let settings = settings.and_then(|own| self.configuration.settings(own, named, console));
        let (mut settings, threshold) = match settings {
            Ok(ready) => ready,
            Err(exit) => return exit,
        };
        let written = match (&self.write_baseline, &mut settings.baseline) {
            (None, _) => None,
            (Some(_), Some(file)) => {
                file.may_lack = true;
                Some(file.path.clone())
            }
            (Some(_), None) => {
                let help = "write `--write-baseline=FILE`, or name it in the configuration";
                return console.fail("no analysis took place: no baseline is named", Some(help));
            }
        };
        let threshold = threshold.filter(|_| written.is_none());
        let options = (&settings, &self.report);
        analysis::run_after(
            &Task::Scan,
            ContentKind::Scan,
            &self.paths,
            options,
            threshold,
            console,
            |outcome, console| match &written {
                Some(path) => write(path, outcome, console).map(|()| Printed::Report),
                None => Ok(Printed::Report),
            },
        )
    }
}

/// Writes a baseline of what is reported and of what is in the old one.
fn write(path: &Path, outcome: &Outcome, console: &mut Console) -> Result<(), Exit> {
    let old = outcome.suppressed().iter().filter(|one| matches!(one.why, Why::Baseline(_)));
    let all = outcome.findings().iter().chain(old.map(|one| &one.finding));
    let before = outcome.baseline().cloned().unwrap_or_else(Baseline::default);
    let rewritten = before.rewritten(all);
    let done = rewritten.and_then(|(text, changed)| {
        disk::write(path, text.as_bytes()).map(|()| changed).map_err(|problem| problem.message)
    });
    match done {
        Ok(changed) => {
            console.err(&format!(
                "`{}` has {} findings: {} as before, {} added, {} that do not occur any more left out\n",
                path.display(),
                changed.kept + changed.added,
                changed.kept,
                changed.added,
                changed.dropped
            ));
            Ok(())
        }
        Err(message) => {
            let message = format!("the analysis took place, but the baseline was not written: {message}");
            Err(console.fail(&message, None))
        }
    }
}
