//! `leastwise external`: what outsiders reach.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ReportOptions, StepOptions};
use crate::pipeline::Task;
use crate::report::ContentKind;

/// Show what outsiders reach: access that is given to others or to everybody, and paths that begin outside.
///
/// These are the findings of `scan` about outsiders. They do not fail the run; `scan --fail-on` does.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct External {
    /// Files, folders, globs, or `-` for standard input.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<String>,
    #[command(flatten)]
    analysis: AnalysisOptions,
    #[command(flatten)]
    extra: StepOptions,
    #[command(flatten)]
    report: ReportOptions,
}

impl External {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let options = (&self.analysis, &self.extra, &self.report);
        analysis::run_with_steps(&Task::External, ContentKind::Scan, &self.paths, options, None, console)
    }
}
