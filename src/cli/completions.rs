//! `leastwise completions`: what a shell needs to complete commands and options.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::console::Console;
use super::exit::Exit;

/// Print completions for a shell
///
/// bash: leastwise completions bash > ~/.local/share/bash-completion/completions/leastwise
/// zsh: leastwise completions zsh > ~/.zfunc/_leastwise
/// fish: leastwise completions fish > ~/.config/fish/completions/leastwise.fish
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let (mut command, mut script) = (Cli::command(), Vec::new());
        let name = command.get_name().to_owned();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        console.out(&String::from_utf8_lossy(&script));
        Exit::Clean
    }
}
