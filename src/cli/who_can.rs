//! `leastwise who-can`: everybody who may do something.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ReportOptions, StepOptions};
use crate::pipeline::Task;
use crate::report::ContentKind;

/// Show who may do an action on a resource, under which conditions, and by which rules.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct WhoCan {
    /// The action, such as `s3:GetObject` or `storage.objects.create`.
    #[arg(value_name = "ACTION")]
    action: String,
    /// Full name of the resource, or the last part of it; `*` for any.
    #[arg(value_name = "RESOURCE")]
    resource: String,
    /// Files, folders, globs, or `-` for standard input.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<String>,
    /// Show also who can come to act as somebody who may, step by step.
    #[arg(long)]
    via_paths: bool,
    #[command(flatten)]
    analysis: AnalysisOptions,
    #[command(flatten)]
    extra: StepOptions,
    #[command(flatten)]
    report: ReportOptions,
}

impl WhoCan {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let task = Task::WhoCan {
            action: self.action.clone(),
            resource: self.resource.clone(),
            via_paths: self.via_paths,
        };
        let options = (&self.analysis, &self.extra, &self.report);
        analysis::run_with_steps(&task, ContentKind::WhoCan, &self.paths, options, None, console)
    }
}
