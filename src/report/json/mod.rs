//! The report for programs. `src/report/README.md` documents the shape; its version is [`SCHEMA`].
//!
//! Invariant: the types written here are apart from the internal ones, so that these can change without a new
//! version. Fields may be added to a version; none is taken away, renamed or given another meaning.

mod convert;
mod decisions;
mod shape;

use super::{Content, Report, Reporter, Style};

/// The version of the shape.
pub const SCHEMA: &str = "leastwise/report/1";

/// JSON of one object.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Reporter for Json {
    fn id(&self) -> &'static str {
        "json"
    }

    fn summary(&self) -> &'static str {
        "for programs: everything, in a documented shape of version 1"
    }

    fn render(&self, report: &Report<'_>, _: Style) -> Result<String, String> {
        if let Content::Decisions(decisions) = report.content {
            return decisions::lines(report, decisions);
        }
        let document = convert::document(report);
        let text = serde_json::to_string_pretty(&document).map_err(|error| error.to_string())?;
        Ok(text + "\n")
    }

    /// The content alone, on one line.
    fn render_item(&self, report: &Report<'_>, _: Style) -> Result<String, String> {
        let content = convert::content(report);
        let text = serde_json::to_string(&content).map_err(|error| error.to_string())?;
        Ok(text + "\n")
    }
}

#[cfg(test)]
mod tests;
