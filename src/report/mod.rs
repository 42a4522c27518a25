//! Answers, findings and suggestions as text, JSON and SARIF; the permission graph as a page, for Graphviz and as GraphML.
//!
//! Invariant: only this module serializes for users; the same content gives the same bytes, and an undecided question
//! is never shown as safe. Promise: a new output format costs a new file plus one line in [`REPORTERS`].

pub mod certificate;
pub mod dot;
pub mod github;
pub mod gitlab;
pub mod graphml;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
mod notes;
mod picture;
pub mod sarif;
pub mod text;

use crate::evaluator::{Access, Answer, Comparison, DifferenceRows, Entrant, Simulated};
use crate::findings::{Finding, Level, Meta};
use crate::graph::{Administrators, Edge, Paths, Radius, Way, Ways};
use crate::guardrails;
use crate::model::{Estate, Question};
use crate::recommender::{Suggestion, Summary, Verified};
use crate::review::{Review, Suppressed};
use crate::text::{Files, Problem, Severity};

/// Every output format, in the order in which they are listed. The first one is the default.
pub const REPORTERS: &[&dyn Reporter] = &[
    &text::Text,
    &json::Json,
    &sarif::Sarif,
    &markdown::Markdown,
    &github::Github,
    &gitlab::Gitlab,
    &junit::Junit,
    &html::Html,
    &dot::Dot,
    &graphml::GraphMl,
];

/// An output format.
pub trait Reporter: Sync {
    /// Its name on the command line: `text`, `json`, `sarif`.
    fn id(&self) -> &'static str;

    /// What it is for, in one line.
    fn summary(&self) -> &'static str;

    /// Whether it has a place for this kind of content.
    fn holds(&self, kind: ContentKind) -> bool {
        ContentKind::ALL.contains(&kind)
    }

    /// Writes the report, with a line break at its end. An error says, for people, why this format cannot hold this
    /// content.
    fn render(&self, report: &Report<'_>, style: Style) -> Result<String, String>;

    /// Writes the report as one of many that follow each other, such as one line each.
    fn render_item(&self, report: &Report<'_>, style: Style) -> Result<String, String> {
        self.render(report, style)
    }
}

/// The output format of that name.
pub fn reporter(id: &str) -> Option<&'static dyn Reporter> {
    REPORTERS.iter().copied().find(|reporter| reporter.id() == id)
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
    /// The documents that were analysed, in the order of loading.
    pub inputs: &'a [Input],
    /// What was wrong with the files.
    pub problems: &'a [Problem],
    /// The rules that were run, in the order in which rules are listed.
    pub rules: &'a [&'static Meta],
    /// The questions that stayed undecided, as half sentences: "whether `a` can become `b`".
    pub undecided: &'a [String],
    /// What came out for the guardrails, in the order of the configuration.
    pub guardrails: &'a [guardrails::Verdict],
    /// The findings that are not reported, because somebody said that they are meant or were there before.
    pub suppressed: &'a [Suppressed],
    /// How many entries of the baseline do not occur any more.
    pub stale: usize,
    /// The content.
    pub content: Content<'a>,
}

/// A document that was analysed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its path as the user gave it; `-` for standard input.
    pub path: String,
    /// The id of the kind of document it was read as.
    pub format: &'static str,
}

/// What a command found.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// `scan`.
    Findings(&'a [Finding]),
    /// `paths`.
    Paths(&'a Paths),
    /// `paths` to a principal or a resource.
    Ways(&'a Ways),
    /// `blast-radius`.
    Radius(&'a Radius),
    /// `admins`.
    Admins(&'a Administrators),
    /// `graph`.
    Graph(&'a [Edge]),
    /// `can`.
    Answer(Verdict<'a>),
    /// `access`.
    Access(&'a Question, &'a Access),
    /// `who-can`; who the question is about is left open. With the ways to those who may, if they were asked for.
    WhoCan(&'a Question, &'a [Entrant], Option<&'a [Way]>),
    /// `recommend`.
    Suggestions(&'a [Suggestion], &'a Summary),
    /// `verify`.
    Verified(&'a [Verified]),
    /// `compare`.
    Comparison(Compared<'a>),
    /// `simulate`.
    Decisions(&'a [Simulated]),
    /// `check`.
    Review(&'a Review),
}

/// Two documents compared.
#[derive(Clone, Copy)]
pub struct Compared<'a> {
    /// The name of the pair.
    pub name: &'a str,
    /// What came out.
    pub comparison: &'a Comparison,
    /// All that was gained and all that was lost, where that was asked for.
    pub rows: Option<&'a [DifferenceRows; 2]>,
}

/// The answer to `can`, from both sides: allowed at least once, refused at least once.
#[derive(Clone, Copy)]
pub struct Verdict<'a> {
    /// The question.
    pub question: &'a Question,
    /// Whether some request of the question is allowed; the witness is allowed.
    pub can: &'a Answer,
    /// Whether some request of the question is refused; the witness is refused.
    pub lacks: &'a Answer,
}

/// Kinds of [`Content`], named like the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentKind {
    /// Findings.
    Scan,
    /// Paths.
    Paths,
    /// What somebody comes to.
    BlastRadius,
    /// Administrators.
    Admins,
    /// The permission graph.
    Graph,
    /// An answer.
    Can,
    /// Effective access.
    Access,
    /// Everybody who may.
    WhoCan,
    /// Suggestions.
    Recommend,
    /// Certificates checked again.
    Verify,
    /// Two documents compared.
    Compare,
    /// Decisions on scenarios.
    Simulate,
    /// What a change means.
    Check,
}

impl ContentKind {
    /// All kinds.
    pub const ALL: [Self; 13] = [
        Self::Scan,
        Self::Paths,
        Self::BlastRadius,
        Self::Admins,
        Self::Graph,
        Self::Can,
        Self::Access,
        Self::WhoCan,
        Self::Recommend,
        Self::Verify,
        Self::Compare,
        Self::Simulate,
        Self::Check,
    ];

    /// The command that finds it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Paths => "paths",
            Self::BlastRadius => "blast-radius",
            Self::Admins => "admins",
            Self::Graph => "graph",
            Self::Can => "can",
            Self::Access => "access",
            Self::WhoCan => "who-can",
            Self::Recommend => "recommend",
            Self::Verify => "verify",
            Self::Compare => "compare",
            Self::Simulate => "simulate",
            Self::Check => "check",
        }
    }
}

impl Content<'_> {
    /// What kind of content this is.
    pub fn kind(&self) -> ContentKind {
        match self {
            Self::Findings(_) => ContentKind::Scan,
            Self::Paths(..) | Self::Ways(..) => ContentKind::Paths,
            Self::Radius(_) => ContentKind::BlastRadius,
            Self::Admins(_) => ContentKind::Admins,
            Self::Graph(_) => ContentKind::Graph,
            Self::Answer(_) => ContentKind::Can,
            Self::Access(..) => ContentKind::Access,
            Self::WhoCan(..) => ContentKind::WhoCan,
            Self::Suggestions(..) => ContentKind::Recommend,
            Self::Verified(_) => ContentKind::Verify,
            Self::Comparison(_) => ContentKind::Compare,
            Self::Decisions(_) => ContentKind::Simulate,
            Self::Review(_) => ContentKind::Check,
        }
    }
}

/// The documentation of a rule in Markdown, without the space that each line of a doc comment begins with.
pub fn documentation(meta: &Meta) -> String {
    let lines = meta.documentation.trim_end().lines();
    let lines: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n")
}

/// How many of what, for summaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Findings that are decided, by level in the order of [`Level::ALL`].
    pub(crate) levels: [usize; Level::ALL.len()],
    /// Questions without an answer, findings that are not decided included.
    pub(crate) undecided: usize,
}

impl Report<'_> {
    /// The findings, where the content has some.
    pub(crate) fn findings(&self) -> Option<&[Finding]> {
        match self.content {
            Content::Findings(findings) => Some(findings),
            Content::Review(review) => Some(&review.findings),
            _ => None,
        }
    }

    /// Why something that holds findings only cannot be written.
    pub(crate) fn without_findings(&self, what: &str) -> String {
        format!("{what} can hold findings only, and `{}` has none", self.content.kind().as_str())
    }

    /// Whether nothing was left out of what was analysed.
    pub(crate) fn is_all_read(&self) -> bool {
        !self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Counts findings and undecided questions.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts { undecided: self.undecided.len(), ..Counts::default() };
        let Some(findings) = self.findings() else { return counts };
        for finding in findings {
            if finding.is_undecided() {
                counts.undecided += 1;
            } else if let Some(count) = counts.levels.get_mut(finding.level as usize) {
                *count += 1;
            }
        }
        counts
    }
}

#[cfg(test)]
mod fixture;
