//! Findings as a code quality report of GitLab.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use serde::Serialize;

use super::notes::notes;
use super::{ContentKind, Report, Reporter, Style};
use crate::findings::{Finding, Level};

/// JSON of a list of issues.
#[derive(Clone, Copy, Debug)]
pub struct Gitlab;

impl Reporter for Gitlab {
    fn id(&self) -> &'static str {
        "gitlab"
    }

    fn summary(&self) -> &'static str {
        "for merge requests of GitLab: findings of `scan` and `check` as a code quality report"
    }

    fn holds(&self, kind: ContentKind) -> bool {
        matches!(kind, ContentKind::Scan | ContentKind::Check)
    }

    fn render(&self, report: &Report<'_>, _: Style) -> Result<String, String> {
        let findings = report.findings().ok_or_else(|| report.without_findings("a code quality report"))?;
        let notes = notes(report).join("; ");
        let note = (!notes.is_empty()).then(|| note(report, notes));
        let issues = findings.iter().map(|finding| issue(report, finding)).chain(note);
        let issues: Vec<Issue<'_>> = issues.collect();
        let text = serde_json::to_string_pretty(&issues).map_err(|error| error.to_string())?;
        Ok(text + "\n")
    }
}

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// What is said of all findings. There is no other place for it than an issue.
fn note<'a>(report: &'a Report<'_>, description: String) -> Issue<'a> {
    let path = report.inputs.first().map_or("", |input| input.path.as_str());
    Issue {
        description,
        check_name: "leastwise",
        fingerprint: "leastwise-notes",
        severity: "info",
        location: Location { path, lines: Lines { begin: 1 } },
    }
}

fn issue<'a>(report: &'a Report<'_>, finding: &'a Finding) -> Issue<'a> {
    let severity = match finding.level {
        Level::High => "critical",
        Level::Medium => "major",
        Level::Low => "minor",
        Level::Info => "info",
    };
    let open = if finding.is_undecided() { "Undecided: " } else { "" };
    // An issue needs a file: what stands in none is shown at the beginning of the first one.
    let first = || report.inputs.first().map_or("", |input| input.path.as_str());
    let (path, begin) = match finding.primary.span {
        Some(span) => (report.files.path(span.file), report.files.start(span).line),
        None => (first(), 1),
    };
    Issue {
        description: format!("{open}{}", finding.message),
        check_name: finding.rule,
        fingerprint: &finding.fingerprint,
        severity,
        location: Location { path, lines: Lines { begin } },
    }
}

#[cfg(test)]
mod tests {
    use crate::report::Content;
    use crate::report::fixture::Fixture;

    #[test]
    fn issues() {
        let fixture = Fixture::new();
        insta::assert_snapshot!(fixture.render("gitlab", Content::Findings(&fixture.findings)));
    }
}
