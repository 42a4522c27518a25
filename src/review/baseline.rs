//! A baseline: findings that were there when a team began, by their fingerprints. It shrinks: what does not occur any more
//! is left out when it is written again.
//!
//! Gained access has no place in it, since it is about one change, and open questions have none, since they are always
//! shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::GAINED_ACCESS;
use crate::findings::Finding;
use crate::text::{Problem, Span, Tree};

/// The version of the shape.
const SCHEMA: &str = "leastwise/baseline/1";

/// The findings of a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// Where it was read from.
    pub path: Arc<str>,
    /// By rule and fingerprint, with the message that they had.
    pub entries: BTreeMap<(Arc<str>, Arc<str>), Arc<str>>,
}

/// What writing a baseline changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Entries that were there and still occur.
    pub kept: usize,
    /// Findings that were not in it.
    pub added: usize,
    /// Entries that do not occur any more.
    pub dropped: usize,
}

impl Baseline {
    /// Reads a baseline. What is no entry becomes a problem, and the others count.
    pub fn read(path: &str, tree: &Tree, problems: &mut Vec<Problem>) -> Self {
        let mut read = Self { path: path.into(), ..Self::default() };
        let mut wrong = |span: Span, message: String| {
            let help = "`leastwise scan … --write-baseline` writes one";
            problems.push(Problem::error("baseline", message).at(span).help(help));
        };
        if tree.get("schema").and_then(Tree::as_str) != Some(SCHEMA) {
            wrong(tree.span, format!("expected a baseline with the `schema` `{SCHEMA}`"));
            return read;
        }
        let Some(entries) = tree.get("findings").and_then(Tree::as_list) else {
            wrong(tree.span, "expected `findings` to be an array".to_owned());
            return read;
        };
        for entry in entries {
            let text = |key: &str| entry.get(key).and_then(Tree::as_str).map(Arc::<str>::from);
            match (text("rule"), text("fingerprint")) {
                (Some(rule), Some(fingerprint)) => {
                    read.entries.insert((rule, fingerprint), text("message").unwrap_or_default());
                }
                _ => wrong(entry.span, "expected an entry to have a `rule` and a `fingerprint`".to_owned()),
            }
        }
        read
    }

    /// Whether the finding is in it.
    pub fn holds(&self, finding: &Finding) -> bool {
        is_kept(finding) && self.entries.contains_key(&key(finding))
    }

    /// The baseline of these findings, as text, and what differs from this one.
    pub fn rewritten<'f>(
        &self,
        findings: impl IntoIterator<Item = &'f Finding>,
    ) -> Result<(String, Rewritten), String> {
        let now: BTreeMap<_, &str> = findings
            .into_iter()
            .filter(|finding| is_kept(finding))
            .map(|finding| (key(finding), finding.message.as_str()))
            .collect();
        let kept = now.keys().filter(|key| self.entries.contains_key(key)).count();
        let entries = now.iter().map(|((rule, fingerprint), message)| Entry { rule, fingerprint, message });
        let file = File { schema: SCHEMA, findings: entries.collect() };
        let text = serde_json::to_string_pretty(&file).map_err(|error| error.to_string())?;
        let changed =
            Rewritten { kept, added: now.len() - kept, dropped: self.entries.len().saturating_sub(kept) };
        Ok((text + "\n", changed))
    }
}

fn is_kept(finding: &Finding) -> bool {
    finding.rule != GAINED_ACCESS.id && !finding.is_undecided()
}

fn key(finding: &Finding) -> (Arc<str>, Arc<str>) {
    (finding.rule.into(), finding.fingerprint.as_str().into())
}

#[derive(Serialize)]
struct File<'a> {
    schema: &'static str,
    findings: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    rule: &'a str,
    fingerprint: &'a str,
    message: &'a str,
}
