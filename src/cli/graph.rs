//! `leastwise graph`: the permission graph, to look at and for other programs.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ReportOptions, StepOptions};
use crate::pipeline::Task;
use crate::report::ContentKind;

/// Draw who can come to act as whom, and who administers what.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Graph {
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

impl Graph {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let options = (&self.analysis, &self.extra, &self.report);
        analysis::run_with_steps(&Task::Graph, ContentKind::Graph, &self.paths, options, None, console)
    }
}
