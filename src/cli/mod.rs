//! The command line: arguments, one file per command, exit codes.
//!
//! Invariant: only this module reads the environment or prints. Every command ends in an exit code; `exit.rs` says what
//! the codes mean and is the only place that decides on them.

mod access;
mod admins;
mod analysis;
mod blast_radius;
mod can;
mod catalog;
mod check;
mod compare;
mod completions;
mod console;
mod exit;
mod explain;
mod external;
mod formats;
mod graph;
mod init;
mod interrupt;
mod man;
mod options;
mod paths;
mod recommend;
mod rules;
mod scan;
mod simulate;
mod verify;
mod version;
mod waiting;
mod who_can;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use console::{Console, When};
use exit::Exit;

/// Finds out who can really do what, with a request as evidence, and proposes narrower grants with a proof.
#[derive(Debug, Parser)]
#[command(name = "leastwise", after_help = exit::HELP, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    /// Colour in the output; `auto` follows the terminal and NO_COLOR.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: When,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Scan(scan::Scan),
    Check(check::Check),
    Init(init::Init),
    Paths(paths::Paths),
    BlastRadius(blast_radius::BlastRadius),
    Admins(admins::Admins),
    External(external::External),
    Graph(graph::Graph),
    Can(can::Can),
    Access(access::Access),
    WhoCan(who_can::WhoCan),
    Simulate(simulate::Simulate),
    Recommend(recommend::Recommend),
    Verify(verify::Verify),
    Compare(compare::Compare),
    Rules(rules::Rules),
    Explain(explain::Explain),
    Catalog(catalog::Catalog),
    Formats(formats::Formats),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Runs the program on its arguments, the first of which is its own name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = Cli::command().version(version::line());
    let parsed = command.try_get_matches_from(arguments).and_then(|found| Cli::from_arg_matches(&found));
    match parsed {
        Ok(cli) => {
            interrupt::prepare();
            let mut console = Console::new(cli.color);
            let exit = run(&cli.command, &mut console);
            console.close(exit).into()
        }
        Err(message) => {
            let mut console = Console::new(When::Auto);
            let exit = if message.use_stderr() { Exit::NotRun } else { Exit::Clean };
            let text = message.render();
            if message.use_stderr() {
                console.err(&text.ansi().to_string());
            } else {
                console.out(&text.ansi().to_string());
            }
            console.close(exit).into()
        }
    }
}

fn run(command: &Command, console: &mut Console) -> Exit {
    match command {
        Command::Scan(command) => command.run(console),
        Command::Check(command) => command.run(console),
        Command::Init(command) => command.run(console),
        Command::Paths(command) => command.run(console),
        Command::BlastRadius(command) => command.run(console),
        Command::Admins(command) => command.run(console),
        Command::External(command) => command.run(console),
        Command::Graph(command) => command.run(console),
        Command::Can(command) => command.run(console),
        Command::Access(command) => command.run(console),
        Command::WhoCan(command) => command.run(console),
        Command::Simulate(command) => command.run(console),
        Command::Recommend(command) => command.run(console),
        Command::Verify(command) => command.run(console),
        Command::Compare(command) => command.run(console),
        Command::Rules(command) => command.run(console),
        Command::Explain(command) => command.run(console),
        Command::Catalog(command) => command.run(console),
        Command::Formats(command) => command.run(console),
        Command::Completions(command) => command.run(console),
        Command::Man(command) => command.run(console),
    }
}
