//! What the exit codes mean, and the only place where one is chosen.

use std::process::ExitCode;

/// The text about exit codes in `--help`.
pub(super) const HELP: &str = "\
Exit codes, the same for every output format:
  0  clean: everything named was read, and no finding reaches `--fail-on`
  1  at least one finding reaches `--fail-on`
  2  could not run, or could not read all of the input: wrong usage, or a file or a part of one
     is unreadable or of no known kind; what could be read is analysed and reported all the same
  3  ran, but a question that the result rests on stayed undecided
Where several apply, the order is 1, 2, 3. Whoever stops a run gets 130. The answers of `can`, `who-can`, `paths`, `access` and
`recommend` are no findings: they exit with 0, 2 or 3.";

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done, and nothing to complain about.
    Clean = 0,
    /// Findings at or above the threshold.
    Findings = 1,
    /// Not done, or not on all of the input.
    NotRun = 2,
    /// Done, but a question stayed open.
    Undecided = 3,
}

/// What an analysis came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// A decided finding reaches the threshold.
    pub(super) findings: bool,
    /// A part of the input was left out because it could not be read: a problem of severity *error*.
    pub(super) unread: bool,
    /// A question that the result rests on stayed open.
    pub(super) undecided: bool,
}

impl Exit {
    /// The end of an analysis that took place.
    pub(super) fn of(facts: Facts) -> Self {
        match facts {
            Facts { findings: true, .. } => Self::Findings,
            Facts { unread: true, .. } => Self::NotRun,
            Facts { undecided: true, .. } => Self::Undecided,
            Facts { .. } => Self::Clean,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_come_before_unread_input_and_unread_input_before_open_questions() {
        let exit = |findings, unread, undecided| Exit::of(Facts { findings, unread, undecided }) as u8;
        assert_eq!(exit(false, false, false), 0);
        assert_eq!(exit(true, true, true), 1);
        assert_eq!(exit(true, false, false), 1);
        assert_eq!(exit(false, true, true), 2);
        assert_eq!(exit(false, false, true), 3);
    }
}
