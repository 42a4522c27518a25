//! `leastwise scan`: all findings in the files.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, FailOn, ReportOptions, StepOptions};
use crate::pipeline::Task;
use crate::report::ContentKind;

/// Look for dangerous access in policies and bindings.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Scan {
    /// Files, folders, globs, or `-` for standard input.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<String>,
    /// The level from which on a finding makes the exit code 1.
    #[arg(long, value_name = "LEVEL", default_value = "high")]
    fail_on: FailOn,
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
        let options = (&self.analysis, &self.extra, &self.report);
        let threshold = self.fail_on.threshold();
        analysis::run_with_steps(&Task::Scan, ContentKind::Scan, &self.paths, options, threshold, console)
    }
}
