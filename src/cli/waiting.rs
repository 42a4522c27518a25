//! What is shown while somebody waits at a terminal: one line on standard error that is written again and again, and is
//! gone at the end. Nothing is shown in a pipe, where colours are off, or in the first half second.

#![expect(clippy::disallowed_methods, reason = "this file writes to the terminal that somebody waits at")]

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::progress::{self, Now, Stage};

/// Nobody waits for what takes less.
const AT_FIRST: Duration = Duration::from_millis(500);
/// How long a line stays.
const NEXT: Duration = Duration::from_millis(100);
/// Back to the beginning of the line, which is emptied.
const CLEAR: &str = "\r\x1b[K";

/// Shows how far a run has come until it is dropped.
pub(super) struct Waiting(Option<(Sender<()>, JoinHandle<()>)>);

impl Waiting {
    /// Begins to show it, if `allowed` and if standard error is a terminal.
    pub(super) fn begin(allowed: bool) -> Self {
        if !allowed || !io::stderr().is_terminal() {
            return Self(None);
        }
        let (end, ended) = mpsc::channel();
        let shown = thread::spawn(move || {
            let mut pause = AT_FIRST;
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                if let Some(now) = progress::now() {
                    print(&format!("{CLEAR}{}", line(now)));
                }
                pause = NEXT;
            }
            if pause == NEXT {
                print(CLEAR);
            }
        });
        Self(Some((end, shown)))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some((end, shown)) = self.0.take() {
            drop(end);
            // A thread that failed has nothing more to show.
            drop(shown.join());
        }
    }
}

/// Empties the line of whatever was shown, if standard error is a terminal.
pub(super) fn clear() {
    if io::stderr().is_terminal() {
        print(CLEAR);
    }
}

/// Where that fails there is nobody who waits.
fn print(text: &str) {
    let mut stream = io::stderr().lock();
    drop(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
}

fn line(now: Now) -> String {
    let (verb, noun) = match now.stage {
        Stage::Reading => ("reading", "files"),
        Stage::Logs => ("reading logs", "files"),
        Stage::Asking => ("asking", "questions"),
        Stage::Searching => ("searching for paths", ""),
        Stage::Reporting => ("writing the report", ""),
    };
    match now.total {
        _ if noun.is_empty() => format!("{verb} …"),
        0 => format!("{verb}: {} {noun}", now.done),
        total => format!("{verb}: {} of {total} {noun}", now.done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_done_and_how_much_of_it() {
        let line = |stage, done, total| line(Now { stage, done, total });
        assert_eq!(line(Stage::Reading, 3, 40), "reading: 3 of 40 files");
        assert_eq!(line(Stage::Asking, 1200, 0), "asking: 1200 questions");
        assert_eq!(line(Stage::Searching, 0, 0), "searching for paths …");
    }

    #[test]
    fn nothing_is_shown_that_is_not_allowed() {
        assert!(Waiting::begin(false).0.is_none());
    }
}
