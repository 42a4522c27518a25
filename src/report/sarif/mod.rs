//! Findings as SARIF 2.1.0, for code scanning on pull requests.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>; what GitHub makes of it, and its limits:
//! <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.
//! Only findings have a place in SARIF; answers, tables and suggestions do not.

mod convert;
mod shape;
mod uri;

use super::{ContentKind, Report, Reporter, Style};

/// SARIF of one run.
#[derive(Clone, Copy, Debug)]
pub struct Sarif;

impl Reporter for Sarif {
    fn id(&self) -> &'static str {
        "sarif"
    }

    fn summary(&self) -> &'static str {
        "for code scanning: findings of `scan` and `check` in SARIF 2.1.0"
    }

    fn holds(&self, kind: ContentKind) -> bool {
        matches!(kind, ContentKind::Scan | ContentKind::Check)
    }

    fn render(&self, report: &Report<'_>, _: Style) -> Result<String, String> {
        let findings = report.findings().ok_or_else(|| report.without_findings("SARIF"))?;
        let log = convert::log(report, findings);
        let text = serde_json::to_string_pretty(&log).map_err(|error| error.to_string())?;
        Ok(text + "\n")
    }
}

#[cfg(test)]
mod tests;
