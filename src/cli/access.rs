//! `leastwise access`: everything that one principal may do.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ReportOptions};
use crate::pipeline::Task;
use crate::report::ContentKind;

/// Show the effective access of a principal as a table.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Access {
    /// Full name of the principal, or the last part of it; `anonymous` for anybody without credentials, `outside`
    /// for principals of accounts and projects that are not in the files.
    #[arg(value_name = "PRINCIPAL")]
    principal: String,
    /// Files, folders, globs, or `-` for standard input.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<String>,
    /// Only actions that match this pattern, such as `s3:Put*`.
    #[arg(long, value_name = "PATTERN")]
    action: Option<String>,
    /// Only resources that match this pattern, such as `arn:aws:s3:::logs/*`.
    #[arg(long, value_name = "PATTERN")]
    resource: Option<String>,
    #[command(flatten)]
    analysis: AnalysisOptions,
    #[command(flatten)]
    report: ReportOptions,
}

impl Access {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let task = Task::Access {
            principal: self.principal.clone(),
            action: self.action.clone(),
            resource: self.resource.clone(),
        };
        let options = (&self.analysis, &self.report);
        analysis::run(&task, ContentKind::Access, &self.paths, options, None, console)
    }
}
