//! `leastwise can`: one question, answered with a request as evidence.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ReportOptions};
use crate::pipeline::Task;
use crate::report::ContentKind;

/// Answer whether a principal may do an action on a resource, and why.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Can {
    /// Full name of the principal, or the last part of it; `anonymous` for anybody without credentials, `outside`
    /// for principals of accounts and projects that are not in the files. A full ARN need not be in the files if its
    /// account is not.
    #[arg(value_name = "PRINCIPAL")]
    principal: String,
    /// The action, such as `s3:GetObject` or `storage.objects.create`; `*` for any.
    #[arg(value_name = "ACTION")]
    action: String,
    /// Full name of the resource, or the last part of it; `*` for any.
    #[arg(value_name = "RESOURCE")]
    resource: String,
    /// Files, folders, globs, or `-` for standard input.
    #[arg(required_unless_present = "estate", value_name = "PATHS")]
    paths: Vec<String>,
    /// The same as PATHS.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    estate: Vec<String>,
    #[command(flatten)]
    analysis: AnalysisOptions,
    #[command(flatten)]
    report: ReportOptions,
}

impl Can {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let task = Task::Can {
            principal: self.principal.clone(),
            action: self.action.clone(),
            resource: self.resource.clone(),
        };
        let paths: Vec<String> = self.paths.iter().chain(&self.estate).cloned().collect();
        analysis::run(&task, ContentKind::Can, &paths, (&self.analysis, &self.report), None, console)
    }
}
