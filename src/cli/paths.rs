//! `leastwise paths`: chains of steps by which somebody becomes an administrator, or somebody else.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ReportOptions, StepOptions};
use crate::pipeline::Task;
use crate::report::ContentKind;

/// Show how principals can become administrators, or somebody else, step by step.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Paths {
    /// Files, folders, globs, or `-` for standard input.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<String>,
    /// What the paths lead to: `admin`, a principal, the full name of a resource, which stands for those who may do
    /// something on it, or an account, project, subscription or resource group, which stands for its administration.
    /// Without `--from`, whoever administers the place where a principal lives is not listed: it comes to anything
    /// there.
    #[arg(long, value_name = "GOAL", default_value = ADMIN)]
    to: String,
    /// Only paths that this principal starts: its full name, or the last part of it.
    #[arg(long, value_name = "PRINCIPAL")]
    from: Option<String>,
    #[command(flatten)]
    analysis: AnalysisOptions,
    #[command(flatten)]
    extra: StepOptions,
    #[command(flatten)]
    report: ReportOptions,
}

/// The administration of any account, project or subscription.
const ADMIN: &str = "admin";

impl Paths {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let to = (self.to != ADMIN).then(|| self.to.clone());
        let task = Task::Paths { from: self.from.clone(), to };
        let options = (&self.analysis, &self.extra, &self.report);
        analysis::run_with_steps(&task, ContentKind::Paths, &self.paths, options, None, console)
    }
}
