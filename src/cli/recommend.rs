//! `leastwise recommend`: narrower grants for what was really used.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ReportOptions};
use crate::pipeline::Task;
use crate::report::ContentKind;

/// Propose narrower grants for what activity logs show to be used, each with a proof.
#[derive(Debug, Args)]
#[command(after_help = exit::HELP)]
pub(super) struct Recommend {
    /// Files, folders, globs, or `-` for standard input, with policies and bindings.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<String>,
    /// Files, folders or globs with activity logs, gzip too.
    #[arg(long, required = true, value_name = "LOG", num_args = 1..)]
    usage: Vec<String>,
    /// Only for this principal: its full name, or the last part of it.
    #[arg(long, value_name = "PRINCIPAL")]
    principal: Option<String>,
    /// For how many days use should have been watched; a shorter log gets a note.
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    days: u32,
    #[command(flatten)]
    analysis: AnalysisOptions,
    #[command(flatten)]
    report: ReportOptions,
}

impl Recommend {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let task =
            Task::Recommend { usage: self.usage.clone(), principal: self.principal.clone(), days: self.days };
        let options = (&self.analysis, &self.report);
        analysis::run(&task, ContentKind::Recommend, &self.paths, options, None, console)
    }
}
