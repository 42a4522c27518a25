//! The only place that prints. Somebody who stops reading (`| head`) is no error.

#![expect(clippy::disallowed_methods, reason = "this file prints, and asks the terminal for its width")]

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style as Paint};
use clap::ValueEnum;

use super::exit::Exit;
use crate::report::Style;
use crate::text::printable;

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Standard output and standard error.
pub(super) struct Console {
    choice: ColorChoice,
    /// The first failure of standard output that was not its end.
    failure: Option<io::Error>,
    late: LateFailure,
}

/// A failure that is told at the end, because it happens where nobody can print.
#[derive(Clone, Debug, Default)]
pub(super) struct LateFailure(Arc<OnceLock<String>>);

impl LateFailure {
    /// Remembers the first failure.
    pub(super) fn set(&self, message: &str) {
        drop(self.0.set(message.to_owned()));
    }
}

impl Console {
    /// A console that uses colour `when` told to.
    pub(super) fn new(when: When) -> Self {
        let choice = match when {
            When::Auto => ColorChoice::Auto,
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
        };
        Self { choice, failure: None, late: LateFailure::default() }
    }

    /// How text on standard output may look.
    pub(super) fn style(&self) -> Style {
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        Style { colour: self.colour(&io::stdout()), width }
    }

    /// Whether standard error takes colour.
    pub(super) fn err_colour(&self) -> bool {
        self.colour(&io::stderr())
    }

    /// Whether standard error takes more than plain lines, if it is a terminal.
    pub(super) fn may_draw(&self) -> bool {
        self.err_colour()
    }

    fn colour(&self, stream: &impl anstream::stream::RawStream) -> bool {
        match self.choice {
            ColorChoice::Auto => AutoStream::choice(stream) != ColorChoice::Never,
            choice => choice != ColorChoice::Never,
        }
    }

    /// Prints to standard output, as it is.
    pub(super) fn out(&mut self, text: &str) {
        let mut stream = AutoStream::new(io::stdout().lock(), self.choice);
        let written = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
            && self.failure.is_none()
        {
            self.failure = Some(error);
        }
    }

    /// Prints to standard error, as it is. Where that fails there is nobody left to tell.
    pub(super) fn err(&mut self, text: &str) {
        let mut stream = AutoStream::new(io::stderr().lock(), self.choice);
        drop(stream.write_all(text.as_bytes()));
    }

    /// Says why what was asked cannot be done, with advice, and returns the code for it.
    pub(super) fn fail(&mut self, message: &str, help: Option<&str>) -> Exit {
        let (red, cyan) = (AnsiColor::Red.on_default().bold(), AnsiColor::Cyan.on_default().bold());
        let word = |paint: Paint, word: &str| format!("{paint}{word}{paint:#}");
        self.err(&format!("{}: {}\n", word(red, "error"), printable(message)));
        if let Some(help) = help {
            self.err(&format!("{}: {}\n", word(cyan, "help"), printable(help)));
        }
        Exit::NotRun
    }

    /// Where failures can be left that are told at the end.
    pub(super) fn late_failure(&self) -> LateFailure {
        self.late.clone()
    }

    /// Ends the program: with `exit`, unless the output could not be written.
    pub(super) fn close(mut self, exit: Exit) -> Exit {
        match (self.failure.take(), self.late.0.get().cloned()) {
            (None, None) => exit,
            (None, Some(message)) => {
                self.fail(&format!("the analysis took place, but not all was written: {message}"), None)
            }
            (Some(error), _) => self.fail(&format!("the output could not be written: {error}"), None),
        }
    }
}

/// The lines of a table without the blanks that fill its last column.
pub(super) fn without_trailing_blanks(table: &str) -> String {
    table.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}
