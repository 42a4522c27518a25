//! `leastwise verify`: certificates checked again from the inputs.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::Exit;
use super::options::{AnalysisOptions, ReportOptions};
use crate::pipeline::Task;
use crate::report::ContentKind;

/// Check certificates of suggestions again, from the estate and the logs alone.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Verify {
    /// A file or a folder that `leastwise recommend … --certificate` wrote.
    #[arg(value_name = "CERTIFICATE")]
    certificate: String,
    /// The files, folders or globs with policies and bindings that the certificate was made from.
    #[arg(required = true, value_name = "PATHS")]
    paths: Vec<String>,
    /// The activity logs that it was made from.
    #[arg(long, required = true, value_name = "LOG", num_args = 1..)]
    usage: Vec<String>,
    #[command(flatten)]
    analysis: AnalysisOptions,
    #[command(flatten)]
    report: ReportOptions,
}

const HELP: &str = "\
Exit codes:
  0  every replacement holds: all recorded use stays allowed, and nothing becomes allowed that was not
  1  one does not: a file has changed, the certificate says something else than the files, or a claim fails
  2  could not run, or could not read all of the input, certificates included
  3  none fails, but an engine left open whether a claim holds; raise `--budget`
Where several apply, the order is 1, 2, 3.";

impl Verify {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let task = Task::Verify { usage: self.usage.clone(), certificates: vec![self.certificate.clone()] };
        let options = (&self.analysis, &self.report);
        analysis::run(&task, ContentKind::Verify, &self.paths, options, None, console)
    }
}
