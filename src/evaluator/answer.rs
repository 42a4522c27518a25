//! What comes back from a question.

use std::fmt;

use crate::model::{Decision, Gap, Request};
use crate::solver::{Disagreement, Reason};

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was found.
    pub outcome: Outcome,
    /// How sure it is.
    pub certainty: Certainty,
    /// Which engine decided.
    pub engine: &'static str,
    /// The steps it took.
    pub steps: u64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is no such request.
    Never,
    /// There is: this one.
    Sometimes(Box<Witness>),
    /// It was not decided.
    Undecided,
}

/// A concrete request with the decision that the cloud's own rule makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The request.
    pub request: Request,
    /// The decision.
    pub decision: Decision,
}

/// How far an answer can be relied on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It follows from the input.
    Proven,
    /// It follows from the input and from assumptions about what is missing.
    Assuming(Vec<Gap>),
    /// It was not decided, for this reason.
    Undecided(String),
}

impl Certainty {
    /// Proven if there is no gap, assuming otherwise. Gaps are sorted, doubles removed.
    pub fn from_gaps(gaps: impl IntoIterator<Item = Gap>) -> Self {
        let mut gaps: Vec<Gap> = gaps.into_iter().collect();
        gaps.sort();
        gaps.dedup();
        if gaps.is_empty() { Self::Proven } else { Self::Assuming(gaps) }
    }

    /// The certainty of a conclusion that rests on both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Undecided(reason), _) | (_, Self::Undecided(reason)) => Self::Undecided(reason),
            (Self::Assuming(mut gaps), Self::Assuming(more)) => {
                gaps.extend(more);
                Self::from_gaps(gaps)
            }
            (Self::Assuming(gaps), Self::Proven) | (Self::Proven, Self::Assuming(gaps)) => {
                Self::Assuming(gaps)
            }
            (Self::Proven, Self::Proven) => Self::Proven,
        }
    }

    /// One word for it: `proven`, `assuming`, `undecided`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Assuming(_) => "assuming",
            Self::Undecided(_) => "undecided",
        }
    }

    /// What is assumed; empty for the others.
    pub fn gaps(&self) -> &[Gap] {
        match self {
            Self::Assuming(gaps) => gaps,
            Self::Proven | Self::Undecided(_) => &[],
        }
    }
}

impl Answer {
    /// The witness, if there is one.
    pub fn witness(&self) -> Option<&Witness> {
        match &self.outcome {
            Outcome::Sometimes(witness) => Some(witness),
            Outcome::Never | Outcome::Undecided => None,
        }
    }

    /// Whether it is decided that there is no such request.
    pub fn is_never(&self) -> bool {
        self.outcome == Outcome::Never
    }

    /// Whether it was not decided.
    pub fn is_undecided(&self) -> bool {
        self.outcome == Outcome::Undecided
    }
}

/// Why the engines did not decide, for people.
pub(super) fn explain(reason: Reason) -> String {
    match reason {
        Reason::Budget => "the budget of steps was used up; raise it with `--budget`".to_owned(),
        Reason::Fragment => {
            "the question relates unknown values in a way that no available engine can decide".to_owned()
        }
        Reason::Engine => "the engine gave up".to_owned(),
    }
}

/// An invariant of the program broke: two engines contradict each other, or a witness does not survive its replay.
/// Never the user's fault, and never shown as a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bug {
    /// What broke, with all that is needed to reproduce it.
    pub message: String,
}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "internal error: {}", self.message)
    }
}

impl std::error::Error for Bug {}

impl From<Disagreement> for Bug {
    fn from(clash: Disagreement) -> Self {
        Self {
            message: format!(
                "the engines disagree: native says {:?}, z3 says {:?} of {}",
                clash.native, clash.z3, clash.formula
            ),
        }
    }
}
