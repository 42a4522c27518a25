//! `leastwise check`: what a change newly allows, and for whom.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::Exit;
use super::options::{AnalysisOptions, ConfigurationOptions, ReportOptions, StepOptions};
use crate::input::{Base, disk};
use crate::pipeline::{Settings, Task};
use crate::report::ContentKind;

/// Say who gains what access through a change of policy files, with a request that shows it.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Check {
    /// Files, folders or globs below the current folder, as they are after the change; the whole folder without any, and
    /// none with `--plan` alone.
    #[arg(value_name = "PATHS")]
    paths: Vec<String>,
    /// What they are compared with: a folder that holds them as they were, or a commit, by any name that git
    /// understands (`origin/main`).
    #[arg(long, value_name = "REVISION|FOLDER", default_value = "HEAD")]
    base: String,
    /// Files that do not change and that the policies apply to, such as an export of the account; may be given more
    /// than once.
    #[arg(long, value_name = "PATH")]
    estate: Vec<String>,
    /// A plan of Terraform or OpenTofu as `terraform show -json` writes it, which tells both sides of a change; may be
    /// given more than once.
    #[arg(long, value_name = "FILE")]
    plan: Vec<String>,
    /// Report what was found before the change, too, as if it were new.
    #[arg(long)]
    all: bool,
    /// A question that stayed undecided makes the exit code 3.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    configuration: ConfigurationOptions,
    #[command(flatten)]
    analysis: AnalysisOptions,
    #[command(flatten)]
    extra: StepOptions,
    #[command(flatten)]
    report: ReportOptions,
}

const HELP: &str = "\
Exit codes, the same for every output format:
  0  no gained access and no new finding reaches `--fail-on`
  1  one does
  2  could not run, or could not read all of the input after the change; the rest is compared all the same
  3  with `--strict`: a question that the result rests on stayed undecided
Where several apply, the order is 1, 2, 3. What was found before the change and still is does not count without
`--all`.";

impl Check {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let paths = match (self.paths.as_slice(), self.plan.as_slice()) {
            ([], []) => &[".".to_owned()][..],
            (paths, _) => paths,
        };
        let folder = disk::is_folder(self.base.as_ref());
        let base =
            if folder { Base::Folder(self.base.clone().into()) } else { Base::Revision(self.base.clone()) };
        let base = Some(base).filter(|_| !paths.is_empty());
        let task = Task::Check { base, estate: self.estate.clone(), plans: self.plan.clone(), all: self.all };
        let settings = self.analysis.settings(console);
        let settings = settings.map(|own| Settings { steps: self.extra.steps.clone(), ..own });
        let (settings, threshold) =
            match settings.and_then(|own| self.configuration.settings(own, None, console)) {
                Ok(ready) => ready,
                Err(exit) => return exit,
            };
        let options = (&settings, &self.report);
        let exit = analysis::run_with(&task, ContentKind::Check, paths, options, threshold, console);
        if exit == Exit::Undecided && !self.strict { Exit::Clean } else { exit }
    }
}
