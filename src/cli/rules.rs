//! `leastwise rules`: the rules as a table.

use clap::Args;
use tabled::builder::Builder;
use tabled::settings::Style;

use super::console::{Console, without_trailing_blanks};
use super::exit::Exit;
use crate::pipeline::rules;

/// List the rules of `scan` and `check`.
#[derive(Debug, Args)]
pub(super) struct Rules {}

impl Rules {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let mut table = Builder::default();
        table.push_record(["rule", "level", "finds"]);
        for meta in rules() {
            table.push_record([meta.id, meta.level.as_str(), meta.summary]);
        }
        let mut table = table.build();
        table.with(Style::blank());
        let table = without_trailing_blanks(&table.to_string());
        console.out(&format!("{table}\n"));
        Exit::Clean
    }
}
