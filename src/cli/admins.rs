//! `leastwise admins`: who administers what, directly or in steps.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ReportOptions, StepOptions};
use crate::pipeline::Task;
use crate::report::ContentKind;

/// Show who administers each account, project or subscription, and who can come to in one or more steps.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Admins {
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

impl Admins {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let options = (&self.analysis, &self.extra, &self.report);
        analysis::run_with_steps(&Task::Admins, ContentKind::Admins, &self.paths, options, None, console)
    }
}
