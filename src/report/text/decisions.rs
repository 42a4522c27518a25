//! Decisions on scenarios, one a line.

use anstyle::AnsiColor;

use super::words::{self, Page};
use crate::evaluator::Simulated;
use crate::model::Verdict;
use crate::text::printable;

/// Writes the decisions, then how many there are of each, and how many were expected otherwise.
pub(super) fn write(page: &mut Page<'_>, decisions: &[Simulated]) {
    for simulated in decisions {
        one(page, simulated);
    }
    page.gap();
    let count = |verdict| decisions.iter().filter(|one| one.decision.verdict == verdict).count();
    let counts: Vec<String> =
        Verdict::ALL.iter().map(|verdict| format!("{} {}", count(*verdict), words_of(*verdict))).collect();
    let scenarios = words::count(decisions.len(), "scenario");
    page.line(&format!("{scenarios}: {}", counts.join(", ")));
    let compared = decisions.iter().filter(|one| one.expected.is_some()).count();
    if compared > 0 {
        let different = decisions.iter().filter(|one| one.differs()).count();
        page.line(&format!("{compared} compared with what was expected: {different} different"));
    }
}

fn one(page: &mut Page<'_>, simulated: &Simulated) {
    const WIDEST: usize = 17;
    let decision = &simulated.decision;
    let colour = if decision.is_allowed() { AnsiColor::Green } else { AnsiColor::Red };
    let word = page.paint(colour.on_default(), &format!("{:<WIDEST$}", words_of(decision.verdict)));
    let mut notes: Vec<String> = Vec::new();
    if let Some(expected) = simulated.expected.filter(|_| simulated.differs()) {
        notes.push(format!("expected {}", words_of(expected)));
    }
    let denied = decision.verdict == Verdict::ExplicitlyDenied;
    let blocked = decision.blocked_by.iter().filter(|_| !denied).map(|reason| ("blocked by", reason));
    for (word, reason) in decision.because.iter().map(|reason| ("by", reason)).chain(blocked) {
        let origin = words::origin(page.report, &reason.origin);
        notes.push(format!("{word} {origin}, {}", reason.layer.as_str()));
    }
    notes.extend(decision.gaps.iter().map(|gap| format!("assuming that {}", gap.message)));
    let notes = if notes.is_empty() { String::new() } else { format!("  {}", notes.join("; ")) };
    let rest = printable(&format!("{}{notes}", simulated.id)).replace('\n', " ");
    page.line(&format!("{word}  {rest}"));
}

fn words_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::ExplicitlyDenied => "explicitly denied",
        Verdict::ImplicitlyDenied => "implicitly denied",
    }
}
