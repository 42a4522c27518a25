//! Findings as the lines by which a job of GitHub Actions annotates files.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message>. GitHub
//! shows the first ten of each kind in a step; the lines are all written, the worst first.

use super::notes::notes;
use super::{ContentKind, Report, Reporter, Style};
use crate::findings::{Finding, Level};
use crate::text::printable;

/// Annotations of a job.
#[derive(Clone, Copy, Debug)]
pub struct Github;

impl Reporter for Github {
    fn id(&self) -> &'static str {
        "github"
    }

    fn summary(&self) -> &'static str {
        "for jobs of GitHub Actions: findings of `scan` and `check` as annotations"
    }

    fn holds(&self, kind: ContentKind) -> bool {
        matches!(kind, ContentKind::Scan | ContentKind::Check)
    }

    fn render(&self, report: &Report<'_>, _: Style) -> Result<String, String> {
        let findings = report.findings().ok_or_else(|| report.without_findings("annotations"))?;
        let mut text: String = findings.iter().map(|finding| line(report, finding)).collect();
        for question in report.undecided {
            text.push_str(&format!(
                "::warning title=undecided::{}\n",
                message(&format!("not decided: {question}"))
            ));
        }
        for note in notes(report) {
            text.push_str(&format!("::notice title=leastwise::{}\n", message(&note)));
        }
        Ok(text)
    }
}

fn line(report: &Report<'_>, finding: &Finding) -> String {
    let command = match finding.level {
        _ if finding.is_undecided() => "warning",
        Level::High => "error",
        Level::Medium => "warning",
        Level::Low | Level::Info => "notice",
    };
    let undecided = if finding.is_undecided() { " (undecided)" } else { "" };
    let mut properties = vec![format!("title={}", property(&format!("{}{undecided}", finding.rule)))];
    if let Some(span) = finding.primary.span {
        let (start, end) = (report.files.start(span), report.files.end(span));
        properties.push(format!("file={}", property(report.files.path(span.file))));
        properties.push(format!("line={}", start.line));
        properties.push(format!("endLine={}", end.line));
        // Columns mean something on one line only.
        if start.line == end.line {
            properties.push(format!("col={}", start.column));
            properties.push(format!("endColumn={}", end.column));
        }
    }
    let advice = if finding.advice.is_empty() { String::new() } else { format!("\n{}", finding.advice) };
    format!("::{command} {}::{}\n", properties.join(","), message(&format!("{}{advice}", finding.message)))
}

fn message(text: &str) -> String {
    printable(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Content;
    use crate::report::fixture::Fixture;

    #[test]
    fn annotations() {
        let fixture = Fixture::new();
        insta::assert_snapshot!(fixture.render("github", Content::Findings(&fixture.findings)));
    }

    #[test]
    fn nothing_from_a_file_ends_a_line_or_a_property() {
        assert_eq!(property("a:b,c%\n::error::x"), "a%3Ab%2Cc%25%0A%3A%3Aerror%3A%3Ax");
        assert_eq!(message("50 %\r\nof it: all"), "50 %25\\u{d}%0Aof it: all");
    }
}
