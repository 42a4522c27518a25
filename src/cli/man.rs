//! `leastwise man`: the manual page, of the program or of one of its commands.

use clap::{Args, CommandFactory};
use clap_mangen::Man as Page;

use super::console::Console;
use super::exit::Exit;
use super::{Cli, version};

/// Print the manual page
///
/// leastwise man | man -l -
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Man {
    /// A command, for its own page.
    command: Option<String>,
}

impl Man {
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let program = Cli::command().version(version::line());
        let command = match &self.command {
            None => program,
            Some(name) => match program.find_subcommand(name) {
                Some(command) => {
                    let full = format!("{}-{name}", program.get_name());
                    command.clone().name(full).version(version::line())
                }
                None => {
                    let known: Vec<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
                    let message =
                        format!("error: there is no command `{name}`; there are {}\n", known.join(", "));
                    console.err(&message);
                    return Exit::NotRun;
                }
            },
        };
        let mut page = Vec::new();
        match Page::new(command).render(&mut page) {
            Ok(()) => console.out(&String::from_utf8_lossy(&page)),
            Err(error) => {
                console.err(&format!("error: the page cannot be made: {error}\n"));
                return Exit::NotRun;
            }
        }
        Exit::Clean
    }
}
