//! `leastwise paths`: chains of steps by which somebody becomes an administrator.

use clap::{Args, ValueEnum};

use super::analysis;
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ReportOptions, StepOptions};
use crate::pipeline::{Settings, Task};
use crate::report::ContentKind;

/// Show how principals can become administrators step by step.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Paths {
    /// Files, folders, globs, or `-` for standard input.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<String>,
    /// What the paths lead to.
    #[arg(long, value_name = "GOAL", default_value = "admin")]
    to: Goal,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Goal {
    /// The administration of an account, project or subscription.
    Admin,
}

impl Paths {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let task = match self.to {
            Goal::Admin => Task::Paths { from: self.from.clone() },
        };
        let settings = match self.analysis.settings(console) {
            Ok(settings) => Settings { steps: self.extra.steps.clone(), ..settings },
            Err(exit) => return exit,
        };
        let options = (&settings, &self.report);
        analysis::run_with(&task, ContentKind::Paths, &self.paths, options, None, console)
    }
}
