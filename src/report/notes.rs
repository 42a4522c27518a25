//! What every report says of the configuration, in sentences: how the guardrails stand, and what is not reported for which
//! reason.

use super::Report;
use crate::evaluator::Certainty;
use crate::guardrails::Outcome;
use crate::review::Why;

/// The sentences, without a final period; none where there is nothing to say.
pub(super) fn notes(report: &Report<'_>) -> Vec<String> {
    [guardrails(report), suppressed(report), stale(report)].into_iter().flatten().collect()
}

fn guardrails(report: &Report<'_>) -> Option<String> {
    let count = |outcome: Outcome| report.guardrails.iter().filter(|one| one.outcome == outcome).count();
    let parts = Outcome::ALL.map(|outcome| (count(outcome), outcome));
    let parts = parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, outcome)| {
        let assuming = report.guardrails.iter().filter(|one| {
            one.outcome == Outcome::Kept && outcome == Outcome::Kept && one.certainty != Certainty::Proven
        });
        match assuming.count() {
            0 => format!("{number} {}", outcome.as_str()),
            some => format!("{number} {} ({some} if what is assumed holds)", outcome.as_str()),
        }
    });
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| format!("guardrails: {}", parts.join(", ")))
}

fn suppressed(report: &Report<'_>) -> Option<String> {
    let count = |is_so: fn(&Why) -> bool| report.suppressed.iter().filter(|one| is_so(&one.why)).count();
    let parts = [
        (count(|why| matches!(why, Why::Comment(_))), "by comments"),
        (count(|why| matches!(why, Why::Entry(..))), "by entries of the configuration"),
        (count(|why| matches!(why, Why::Baseline(_))), "in the baseline"),
        (count(|why| matches!(why, Why::Off)), "of rules that are off"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts.map(|(number, by)| format!("{number} {by}")).collect();
    (!parts.is_empty()).then(|| format!("findings that are not reported: {}", parts.join(", ")))
}

fn stale(report: &Report<'_>) -> Option<String> {
    let occur = "any more; `scan --write-baseline` leaves them out";
    match report.stale {
        0 => None,
        1 => Some(format!("1 entry of the baseline does not occur {occur}")),
        many => Some(format!("{many} entries of the baseline do not occur {occur}")),
    }
}
