//! Answers, findings and suggestions as text, JSON and SARIF.
//!
//! Invariant: only this module serializes for users; the same content gives the same bytes, and an undecided question
//! is never shown as safe. Promise: a new output format costs a new file plus one line in [`REPORTERS`].

use crate::evaluator::{Access, Answer};
use crate::findings::Finding;
use crate::graph::Path;
use crate::model::{Estate, Gap, Question};
use crate::recommender::Suggestion;
use crate::text::{Files, Problem};

/// Every output format, in the order in which they are listed.
pub const REPORTERS: &[&dyn Reporter] = &[];

/// An output format.
pub trait Reporter: Sync {
    /// Its name on the command line: `text`, `json`, `sarif`.
    fn id(&self) -> &'static str;

    /// What it is for, in one line.
    fn summary(&self) -> &'static str;

    /// Writes the report. An error says, for people, why this format cannot hold this content.
    fn render(&self, report: &Report<'_>, style: Style) -> Result<String, String>;
}

/// How text may look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether colour may be used.
    pub colour: bool,
    /// The width of the terminal in characters, if there is one.
    pub width: Option<usize>,
}

/// What is reported, with all that is needed to explain it.
pub struct Report<'a> {
    /// The texts, for snippets and places.
    pub files: &'a Files,
    /// What was loaded.
    pub estate: &'a Estate,
    /// What was wrong with the files.
    pub problems: &'a [Problem],
    /// The content.
    pub content: Content<'a>,
}

/// What a command found.
pub enum Content<'a> {
    /// `scan`.
    Findings(&'a [Finding]),
    /// `paths`: the paths, and the questions that stayed undecided.
    Paths(&'a [Path], &'a [String]),
    /// `can`.
    Answer(&'a Question, &'a Answer),
    /// `access`.
    Access(&'a Question, &'a Access, &'a [Gap]),
    /// `recommend`.
    Suggestions(&'a [Suggestion]),
}
