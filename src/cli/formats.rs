//! `leastwise formats`: what can be read, and how to get it.

use clap::Args;

use super::console::Console;
use super::exit::Exit;
use crate::input::{FORMATS, scenarios};
use crate::report::REPORTERS;
use crate::usage::LOGS;

/// List the kinds of documents that are read, with how to export them, and the formats of reports.
#[derive(Debug, Args)]
pub(super) struct Formats {}

impl Formats {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let read = FORMATS.iter().map(|format| (format.id(), format.summary()));
        let written = REPORTERS.iter().map(|reporter| (reporter.id(), reporter.summary()));
        console.out("Documents that are read, told by their content:\n");
        console.out(&list(read));
        console.out("\nActivity logs that `recommend` reads, told by their content:\n");
        console.out(&list(LOGS.iter().map(|log| (log.id(), log.summary()))));
        console.out("\nScenarios that `simulate` decides:\n");
        console.out(&list([("scenarios", scenarios::SUMMARY)].into_iter()));
        console.out("\nReports that are written:\n");
        console.out(&list(written));
        Exit::Clean
    }
}

fn list(items: impl Iterator<Item = (&'static str, &'static str)> + Clone) -> String {
    let width = items.clone().map(|(id, _)| id.len()).max().unwrap_or(0);
    items.map(|(id, summary)| format!("  {id:<width$}  {summary}\n")).collect()
}
