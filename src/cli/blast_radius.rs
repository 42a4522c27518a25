//! `leastwise blast-radius`: everything that a principal comes to.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ReportOptions, StepOptions};
use crate::pipeline::Task;
use crate::report::ContentKind;

/// Show everything that a principal comes to in one or more steps.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct BlastRadius {
    /// The principal: its full name, or the last part of it.
    #[arg(value_name = "PRINCIPAL")]
    principal: String,
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

impl BlastRadius {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let task = Task::BlastRadius { principal: self.principal.clone() };
        let options = (&self.analysis, &self.extra, &self.report);
        analysis::run_with_steps(&task, ContentKind::BlastRadius, &self.paths, options, None, console)
    }
}
