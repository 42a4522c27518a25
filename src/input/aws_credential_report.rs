//! The credential report of an AWS account: which users have a password, and how many access keys.
//!
//! `aws iam get-credential-report` prints the report as base64 of comma-separated values:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>. A key that was never made has
//! no date of rotation. Nothing else of it is read.

use std::collections::BTreeMap;

use super::aws_layout::is_written_by;
use super::{Confidence, Document, Format};
use crate::clouds::aws::AWS;
use crate::clouds::aws::escalation::{ACCESS_KEYS, PASSWORD};
use crate::model::{Estate, Principal};
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsCredentialReport;

impl Format for AwsCredentialReport {
    fn id(&self) -> &'static str {
        "aws-credential-report"
    }

    fn summary(&self) -> &'static str {
        "passwords and access keys of the users of an AWS account: `aws iam get-credential-report`"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["ACCOUNT/credential-report.json    aws iam get-credential-report"]
    }

    fn claims(&self, path: &str) -> bool {
        is_written_by(path, self.commands())
    }

    /// It tells of users that the account's export defines.
    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let is_text = |key: &str| tree.get(key).and_then(Tree::as_str).is_some();
        if is_text("Content") && is_text("ReportFormat") { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        let content = document.tree.get("Content");
        let text = content.and_then(Tree::as_str).and_then(decoded);
        let rows = text.as_deref().and_then(rows);
        let Some(rows) = rows else {
            let span = content.map_or(document.tree.span, |content| content.span);
            let message = "expected `Content` to be base64 of comma-separated values with a column `arn`";
            let problem = Problem::error("aws-credential-report", message).at(span);
            problems.push(problem.help("export again with `aws iam get-credential-report`"));
            return;
        };
        for row in &rows {
            note(row, estate);
        }
    }
}

type Row<'t> = BTreeMap<&'t str, &'t str>;

/// The rows by the names of their columns. No value of the report holds a comma.
fn rows(text: &str) -> Option<Vec<Row<'_>>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next()?.split(',').map(str::trim).collect();
    names.contains(&"arn").then(|| {
        let row = |line| names.iter().copied().zip(str::split(line, ',').map(str::trim)).collect();
        lines.map(row).collect()
    })
}

/// Notes the facts of a user that is known.
fn note(row: &Row<'_>, estate: &mut Estate) {
    let known = row.get("arn").and_then(|arn| estate.find_principal(AWS, arn));
    let Some(found) = known.and_then(|id| estate.principal(id)).cloned() else { return };
    let made = |key: &str| row.get(key).is_some_and(|date| !["N/A", "not_supported", ""].contains(date));
    let keys = ["access_key_1_last_rotated", "access_key_2_last_rotated"];
    let mut facts = BTreeMap::new();
    if keys.iter().all(|key| row.contains_key(key)) {
        let number = keys.iter().filter(|key| made(key)).count();
        facts.insert(ACCESS_KEYS.to_owned(), number.to_string());
    }
    match row.get("password_enabled").copied() {
        Some(word) if word.eq_ignore_ascii_case("true") => {
            facts.insert(PASSWORD.to_owned(), "true".to_owned());
        }
        Some(word) if word.eq_ignore_ascii_case("false") => {
            facts.insert(PASSWORD.to_owned(), "false".to_owned());
        }
        _ => {}
    }
    estate.add_principal(Principal { facts, ..found });
}

/// What base64 stands for, if it is such and a text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut number) = (0_u32, 0_u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        number += 6;
        if number >= 8 {
            number -= 8;
            bytes.push(u8::try_from((bits >> number) & 0xff).ok()?);
            bits &= (1 << number) - 1;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_read_by_its_columns() {
        assert_eq!(decoded("YXJuLGE=").as_deref(), Some("arn,a"));
        assert_eq!(decoded("YXJuLGEsYg==").as_deref(), Some("arn,a,b"));
        assert_eq!(decoded("YX\u{fc}"), None);
        let table = "user,arn,password_enabled\nann,arn:aws:iam::111122223333:user/ann,true\n";
        let rows = rows(table).unwrap();
        assert_eq!(rows[0]["password_enabled"], "true");
        assert!(super::rows("user,password_enabled\n").is_none());
    }
}
