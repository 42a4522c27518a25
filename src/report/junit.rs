//! Findings as test results in JUnit's XML, which most servers for continuous integration show: a finding is a test that
//! failed, an open question one that ended in an error, and a finding that is not reported one that was skipped. Without any there is one test, which
//! passed.

use super::notes::notes;
use super::{ContentKind, Report, Reporter, Style};
use crate::evaluator::Certainty;
use crate::findings::Finding;
use crate::review::Suppressed;
use crate::text::printable;

/// XML of one suite.
#[derive(Clone, Copy, Debug)]
pub struct Junit;

impl Reporter for Junit {
    fn id(&self) -> &'static str {
        "junit"
    }

    fn summary(&self) -> &'static str {
        "for servers that show test results: findings of `scan` and `check` in JUnit's XML"
    }

    fn holds(&self, kind: ContentKind) -> bool {
        matches!(kind, ContentKind::Scan | ContentKind::Check)
    }

    fn render(&self, report: &Report<'_>, _: Style) -> Result<String, String> {
        let findings = report.findings().ok_or_else(|| report.without_findings("test results"))?;
        let open = findings.iter().filter(|finding| finding.is_undecided()).count();
        let errors = open + report.undecided.len();
        let skipped = report.suppressed.len();
        let tests = (findings.len() + report.undecided.len() + skipped).max(1);
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let counts = format!(
            "tests=\"{tests}\" failures=\"{}\" errors=\"{errors}\" skipped=\"{skipped}\"",
            findings.len() - open
        );
        text.push_str(&format!("<testsuites {counts}>\n  <testsuite name=\"leastwise\" {counts}>\n"));
        for finding in findings {
            text.push_str(&case(report, finding));
        }
        for question in report.undecided {
            text.push_str(&format!(
                "    <testcase classname=\"undecided\" name=\"{0}\">\n      <error message=\"not decided: {0}\"/>\n    </testcase>\n",
                escaped(question)
            ));
        }
        for Suppressed { finding, why } in report.suppressed {
            text.push_str(&format!(
                "    <testcase classname=\"{}\" name=\"{}\">\n      <skipped message=\"{}\"/>\n    </testcase>\n",
                escaped(finding.rule),
                escaped(&finding.message),
                escaped(&why.justification())
            ));
        }
        for (note, number) in notes(report).iter().zip(1..) {
            text.push_str(&format!("    <!-- note {number}: {} -->\n", escaped(note).replace("--", "- -")));
        }
        if findings.is_empty() && report.undecided.is_empty() && skipped == 0 {
            text.push_str("    <testcase classname=\"leastwise\" name=\"no findings\"/>\n");
        }
        text.push_str("  </testsuite>\n</testsuites>\n");
        Ok(text)
    }
}

fn case(report: &Report<'_>, finding: &Finding) -> String {
    let place =
        finding.primary.span.map(|span| (report.files.path(span.file), report.files.start(span).line));
    let at =
        place.map(|(path, line)| format!(" file=\"{}\" line=\"{line}\"", escaped(path))).unwrap_or_default();
    let (element, why) = match &finding.certainty {
        Certainty::Undecided(reason) => ("error", reason.as_str()),
        Certainty::Proven | Certainty::Assuming(_) => ("failure", finding.advice.as_str()),
    };
    format!(
        "    <testcase classname=\"{rule}\" name=\"{message}\"{at}>\n      <{element} type=\"{level}\" message=\"{message}\">{why}</{element}>\n    </testcase>\n",
        rule = escaped(finding.rule),
        message = escaped(&finding.message),
        level = finding.level.as_str(),
        why = escaped(why)
    )
}

/// XML has no control characters, not even written out; they are shown as the text report shows them.
fn escaped(text: &str) -> String {
    let text = printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\n', "&#10;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Content;
    use crate::report::fixture::Fixture;

    #[test]
    fn results() {
        let fixture = Fixture::new();
        insta::assert_snapshot!(fixture.render("junit", Content::Findings(&fixture.findings)));
    }

    #[test]
    fn nothing_from_a_file_becomes_markup() {
        assert_eq!(escaped("<a b=\"c\">&\u{1b}"), "&lt;a b=&quot;c&quot;&gt;&amp;\\u{1b}");
    }
}
