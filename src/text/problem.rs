//! A defect in the user's files: what is wrong, where, and how to repair it. Showing it is `render.rs`' work.

use super::span::Span;

/// A defect in the user's files. Collected, never thrown: the other files go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Stable kebab-case id of the kind of problem, for filters and machine-readable reports.
    pub code: &'static str,
    /// What is wrong: lower case, the user's thing in backticks, no final period.
    pub message: String,
    /// Where, when a file could be loaded.
    pub span: Option<Span>,
    /// The path, when no file could be loaded.
    pub path: Option<String>,
    /// A few words beside the marked text.
    pub label: Option<String>,
    /// How to repair it.
    pub help: Option<String>,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something was left out of the analysis, or may not mean what its author thinks.
    Warning,
    /// A document, or the part named, could not be read.
    Error,
}

impl Severity {
    /// `warning` or `error`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Problem {
    /// A problem that keeps a document, or the part named, from being read.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    /// A problem that lets reading go on.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    /// The same problem at a place in a loaded file.
    #[must_use]
    pub fn at(self, span: Span) -> Self {
        Self { span: Some(span), ..self }
    }

    /// The same problem about a file that could not be loaded.
    #[must_use]
    pub fn in_path(self, path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..self }
    }

    /// The same problem with a few words beside the marked text.
    #[must_use]
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// The same problem with advice how to repair it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Self {
        Self { severity, code, message, span: None, path: None, label: None, help: None }
    }
}
