//! `leastwise init`: a configuration to begin with.

use std::path::{Path, PathBuf};

use clap::Args;

use super::console::Console;
use super::exit::Exit;
use crate::configuration::{Draft, FILE};
use crate::input::{self, disk};

/// Write a commented `leastwise.toml` from what lies in a folder. A file that is there already stays as it is.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder that it is about, and that it is written to.
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
}

impl Init {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        if !disk::is_folder(&self.folder) {
            let message = format!("nothing was written: there is no folder `{}`", self.folder.display());
            return console.fail(&message, None);
        }
        let path = if self.folder == Path::new(".") { PathBuf::from(FILE) } else { self.folder.join(FILE) };
        if disk::is_there(&path) {
            let message = format!("nothing was written: `{}` is there already", path.display());
            return console.fail(&message, Some("change it by hand, or move it away first"));
        }
        // What is wrong with the files is for `scan` to say.
        let limits = disk::Limits { sources: true, ..disk::Limits::default() };
        let loaded = input::load(&[self.folder.to_string_lossy().into_owned()], limits);
        let text = Draft { loaded: &loaded }.text();
        match disk::write(&path, text.as_bytes()) {
            Ok(()) => {
                console.out(&format!("`{}` was written; next: `leastwise scan .`\n", path.display()));
                Exit::Clean
            }
            Err(problem) => console.fail(&format!("nothing was written: {}", problem.message), None),
        }
    }
}
