//! What a team has said of findings: their levels, and which of them are meant. Nothing vanishes: what is not reported is
//! counted, with the reason.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ignore::Meaning;
use super::{Baseline, Change, Ignore, Levels};
use crate::evaluator::{Bug, Certainty, Evaluator};
use crate::findings::{Finding, Intent, Level, Meta};
use crate::graph::Hop;
use crate::model::{CloudId, Origin};
use crate::text::Span;

/// The rule about entries whose time is over.
pub const EXPIRED_IGNORE: Meta = Meta {
    id: "expired-ignore",
    summary: "an entry that ignores findings has expired",
    level: Level::Medium,
    documentation: " ## What it does

 Reports entries of `[[ignore]]` whose `expires` is over. They do not apply any more, so what they were about is reported
 again.

 ## Why it matters

 An exception without an end is a rule.

 ## What to do

 Take the access away, or have the owner of the entry decide again and set a later day.
",
};

/// The rule about entries that apply to nothing.
pub const UNMATCHED_IGNORE: Meta = Meta {
    id: "unmatched-ignore",
    summary: "an entry or a comment that ignores findings applies to none",
    level: Level::Low,
    documentation: " ## What it does

 Reports entries of `[[ignore]]`, and comments `leastwise: ignore`, that no finding is covered by.

 ## Why it matters

 Either the access is gone, and the entry waits for somebody to grant it again unseen; or the access came to give more than
 the entry says, and is reported.

 ## What to do

 Remove the entry, or have its owner decide about what is granted now.
",
};

/// A comment that says of what stands behind it that it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineIgnore {
    /// The id of a rule.
    pub rule: Arc<str>,
    /// Why it is meant.
    pub reason: Arc<str>,
    /// Where the comment stands.
    pub span: Span,
    /// What it is about.
    pub covers: Span,
}

/// All that a team has said of findings.
#[derive(Clone, Debug, Default)]
pub struct Accepting {
    /// How bad they are.
    pub levels: Levels,
    /// Which are meant.
    pub ignores: Vec<Ignore>,
    /// Which were there when the team began.
    pub baseline: Option<Baseline>,
}

/// A finding that is not reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// Why it is not.
    pub why: Why,
}

/// Why a finding is not reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A comment beside it says so.
    Comment(Arc<str>),
    /// An entry of the configuration says so: its reason, its owner, and until when.
    Entry(Arc<str>, Arc<str>, Option<Arc<str>>),
    /// It is in the baseline.
    Baseline(Arc<str>),
    /// The rule is off here.
    Off,
}

impl Why {
    /// The words of [`Why::as_str`].
    pub const WORDS: [&str; 4] = ["comment", "entry", "baseline", "off"];

    /// The word for it in reports for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Comment(_) => "comment",
            Self::Entry(..) => "entry",
            Self::Baseline(_) => "baseline",
            Self::Off => "off",
        }
    }

    /// The reason, for people.
    pub fn justification(&self) -> String {
        match self {
            Self::Comment(reason) => reason.to_string(),
            Self::Entry(reason, owner, None) => format!("{reason} ({owner})"),
            Self::Entry(reason, owner, Some(until)) => format!("{reason} ({owner}, until {until})"),
            Self::Baseline(path) => format!("it is in the baseline `{path}`"),
            Self::Off => "the rule is off in the configuration".to_owned(),
        }
    }
}

/// What is left of findings.
#[derive(Debug, Default)]
pub struct Accepted {
    /// Those that are reported, with their levels, and those about what was said of them.
    pub findings: Vec<Finding>,
    /// The others.
    pub suppressed: Vec<Suppressed>,
    /// Entries of the baseline that do not occur any more.
    pub stale: usize,
}

/// What findings are held against.
pub struct Saying<'a> {
    /// The estate they are about.
    pub evaluator: Evaluator<'a>,
    /// What a change gives, if they are about one.
    pub gained: &'a [Change],
    /// What comments say.
    pub comments: &'a [InlineIgnore],
    /// The path of a place, seen from the folder of the configuration.
    pub path: &'a dyn Fn(Span) -> String,
    /// The time from which on requests are made, if it is known.
    pub now: Option<i64>,
}

impl Accepting {
    /// Sorts findings into those that are reported and the others. `known` are not to be reported, but count for what
    /// entries and the baseline apply to.
    pub fn apply(
        &self,
        findings: Vec<Finding>,
        known: &[Finding],
        saying: &Saying<'_>,
    ) -> Result<Accepted, Bug> {
        let meaning = Meaning::new(saying.evaluator, saying.gained);
        let mut sorting = Sorting { accepting: self, saying, meaning, used: Used::default() };
        let mut accepted = Accepted::default();
        for finding in known {
            sorting.why(finding)?;
        }
        for finding in findings {
            match sorting.why(&finding)? {
                Some(why) => accepted.suppressed.push(Suppressed { finding, why }),
                None => accepted.findings.push(sorting.levelled(finding)),
            }
        }
        let about_entries = sorting.about_entries();
        accepted.findings.extend(about_entries.into_iter().map(|finding| sorting.levelled(finding)));
        // Within a rule the order that it was found in stays.
        accepted.findings.sort_by(|a, b| (b.level, a.rule).cmp(&(a.level, b.rule)));
        let occurs = sorting.used.baseline.len();
        let stale = self.baseline.as_ref().map(|baseline| baseline.entries.len().saturating_sub(occurs));
        accepted.stale = stale.unwrap_or_default();
        Ok(accepted)
    }
}

/// Sorting in progress.
struct Sorting<'a> {
    accepting: &'a Accepting,
    saying: &'a Saying<'a>,
    meaning: Meaning<'a>,
    used: Used,
}

/// What applied to something, by place.
#[derive(Default)]
struct Used {
    comments: BTreeSet<usize>,
    entries: BTreeSet<usize>,
    baseline: BTreeSet<String>,
}

impl Sorting<'_> {
    /// Why a finding is not reported. All that applies to it is noted, not only the first.
    fn why(&mut self, finding: &Finding) -> Result<Option<Why>, Bug> {
        if finding.is_undecided() {
            return Ok(None);
        }
        let mut why = None;
        let setting = self.accepting.levels.of(finding, self.path(finding).as_deref());
        if setting.is_some_and(|setting| setting.level.is_none()) {
            why = Some(Why::Off);
        }
        for (index, comment) in self.saying.comments.iter().enumerate() {
            // A comment at one line of a statement is about a finding that shows all of it.
            let about = |span: Span| comment.covers.contains(span) || span.contains(comment.covers);
            let inside = |origin: &Origin| origin.span.is_some_and(about);
            if *comment.rule == *finding.rule && places(finding).any(inside) {
                self.used.comments.insert(index);
                why.get_or_insert_with(|| Why::Comment(comment.reason.clone()));
            }
        }
        for (index, entry) in self.accepting.ignores.iter().enumerate() {
            if !self.is_over(entry) && self.meaning.is_covered(finding, entry)? {
                self.used.entries.insert(index);
                let until = entry.expires.as_ref().map(|(_, day)| day.clone());
                why.get_or_insert_with(|| Why::Entry(entry.reason.clone(), entry.owner.clone(), until));
            }
        }
        if let Some(baseline) = self.accepting.baseline.as_ref().filter(|baseline| baseline.holds(finding)) {
            self.used.baseline.insert(format!("{} {}", finding.rule, finding.fingerprint));
            why.get_or_insert_with(|| Why::Baseline(baseline.path.clone()));
        }
        Ok(why)
    }

    fn levelled(&self, finding: Finding) -> Finding {
        let setting = self.accepting.levels.of(&finding, self.path(&finding).as_deref());
        let level = setting.and_then(|setting| setting.level).unwrap_or(finding.level);
        Finding { level, ..finding }
    }

    /// The path of the file that a finding is shown in.
    fn path(&self, finding: &Finding) -> Option<String> {
        places(finding).find_map(|origin| origin.span).map(|span| (self.saying.path)(span))
    }

    fn is_over(&self, entry: &Ignore) -> bool {
        let expires = entry.expires.as_ref().map(|(instant, _)| *instant);
        expires.zip(self.saying.now).is_some_and(|(expires, now)| expires <= now)
    }

    /// What is wrong with entries and comments themselves.
    fn about_entries(&self) -> Vec<Finding> {
        let Some(cloud) = cloud_of(&self.saying.evaluator) else { return Vec::new() };
        let about = |meta: &'static Meta, meaning: &str, message: String, origin: Origin| Finding {
            rule: meta.id,
            cloud,
            level: meta.level,
            certainty: Certainty::Proven,
            message,
            primary: origin,
            related: Vec::new(),
            witness: None,
            hops: Vec::new(),
            advice: "remove it, or have its owner decide again".to_owned(),
            intent: Intent::default(),
            fingerprint: Finding::fingerprint_of(meta.id, cloud, &[meaning]),
        };
        let mut found = Vec::new();
        for (index, entry) in self.accepting.ignores.iter().enumerate() {
            let Ignore { rule, owner, .. } = entry;
            let meaning = entry.meaning();
            if let Some((_, day)) = entry.expires.as_ref().filter(|_| self.is_over(entry)) {
                let message = format!("the entry of `{owner}` that ignores `{rule}` expired on {day}");
                found.push(about(&EXPIRED_IGNORE, &meaning, message, entry.origin.clone()));
            } else if !self.used.entries.contains(&index) {
                let message = format!("the entry of `{owner}` that ignores `{rule}` covers no finding");
                found.push(about(&UNMATCHED_IGNORE, &meaning, message, entry.origin.clone()));
            }
        }
        for (index, comment) in self.saying.comments.iter().enumerate() {
            if !self.used.comments.contains(&index) {
                let InlineIgnore { rule, reason, span, .. } = comment;
                let message = format!("the comment that ignores `{rule}` covers no finding");
                let what = "this comment".to_owned();
                let origin = Origin { span: Some(*span), what, ..Origin::default() };
                found.push(about(&UNMATCHED_IGNORE, &format!("{rule} {reason}"), message, origin));
            }
        }
        found
    }
}

/// Where a finding is shown: its first place, and the steps of a path.
fn places(finding: &Finding) -> impl Iterator<Item = &Origin> {
    let steps = finding.hops.iter().flat_map(Hop::because);
    [&finding.primary].into_iter().chain(steps)
}

/// What is about no cloud is put under the first that the files tell of.
fn cloud_of(evaluator: &Evaluator<'_>) -> Option<CloudId> {
    evaluator.estate().policies().next().map(|(_, policy)| policy.cloud)
}
