//! `leastwise recommend`: narrower grants for what was really used.

use std::path::{Path, PathBuf};

use clap::Args;

use super::analysis::{self, Printed};
use super::console::Console;
use super::exit::{self, Exit};
use super::options::{AnalysisOptions, ReportOptions};
use crate::input::disk::{self, Limits};
use crate::pipeline::{Outcome, Task};
use crate::recommender::{Edits, Left, Patch};
use crate::report::{ContentKind, certificate};

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
    /// Also write a certificate that `leastwise verify` checks again: to a file, or one for each suggestion into a folder.
    #[arg(long, value_name = "PATH")]
    certificate: Option<PathBuf>,
    /// Print the changes of the files that make the suggestions come true, as a unified diff in place of the report.
    #[arg(long)]
    diff: bool,
    /// Write these changes into the files.
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    analysis: AnalysisOptions,
    #[command(flatten)]
    report: ReportOptions,
}

impl Recommend {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let task = Task::Recommend {
            usage: self.usage.clone(),
            principal: self.principal.clone(),
            days: self.days,
            certify: self.certificate.is_some(),
            edit: self.diff || self.write,
        };
        let settings = match self.analysis.settings(console) {
            Ok(settings) => settings,
            Err(exit) => return exit,
        };
        let options = (&settings, &self.report);
        let kind = ContentKind::Recommend;
        analysis::run_after(&task, kind, &self.paths, options, None, console, |outcome, console| {
            self.certificate.as_deref().map_or(Ok(()), |path| certify(outcome, path, console))?;
            outcome.edits().map_or(Ok(Printed::Report), |edits| self.edit(edits, settings.limits, console))
        })
    }

    /// Prints and writes the changes of files, and says what is not changed.
    fn edit(&self, edits: &Edits, limits: Limits, console: &mut Console) -> Result<Printed, Exit> {
        for Left { principal, reason } in &edits.left {
            console.err(&format!("no file is changed for `{principal}`: {reason}\n"));
        }
        if self.write {
            write(&edits.patches, limits).map_err(|message| {
                console.fail(&format!("the analysis took place, but no file was changed: {message}"), None)
            })?;
        }
        if !self.diff {
            for patch in edits.patches.iter().filter(|_| self.write) {
                console.err(&format!("changed {}\n", patch.path));
            }
            return Ok(Printed::Report);
        }
        for patch in &edits.patches {
            console.out(&patch.diff);
        }
        Ok(Printed::Other)
    }
}

/// Writes all changes, or none when a file is not as it was read.
fn write(patches: &[Patch], limits: Limits) -> Result<(), String> {
    for patch in patches {
        let holds = disk::holds(Path::new(&patch.path), &patch.before, limits);
        if !holds.map_err(|problem| problem.message)? {
            return Err(format!("`{}` has changed since it was read, or is compressed", patch.path));
        }
    }
    for patch in patches {
        disk::rewrite(Path::new(&patch.path), &patch.after).map_err(|problem| problem.message)?;
    }
    Ok(())
}

/// Writes the certificates of all suggestions.
fn certify(outcome: &Outcome, path: &Path, console: &mut Console) -> Result<(), Exit> {
    let written = disk::folder(path).map_err(|problem| problem.message).and_then(|is_folder| {
        for (number, (name, certificate)) in (1..).zip(outcome.certificates(is_folder)) {
            let text = certificate::render(&certificate)?;
            let file = if is_folder { path.join(file_name(number, &name)) } else { path.to_owned() };
            disk::write(&file, text.as_bytes()).map_err(|problem| problem.message)?;
        }
        Ok(())
    });
    written.map_err(|message| {
        console.fail(&format!("the analysis took place, but no certificate was written: {message}"), None)
    })
}

/// A name that every system takes, and that no other principal has.
fn file_name(number: u32, principal: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = principal.chars().map(plain).take(100).collect();
    format!("{number:03}-{name}.json")
}
