//! The answer to one question: yes or no, always or sometimes, and by which rules.

use anstyle::AnsiColor;

use super::words::{self, Page};
use crate::evaluator::{Answer, Outcome, Witness};
use crate::model::{Object, Question, Subject, Verdict as Decided};
use crate::report::{Report, Verdict};

/// Writes the answer, its reasons and its certainty.
pub(super) fn write<'a>(page: &mut Page<'a>, verdict: Verdict<'a>) {
    let question = describe(page.report, verdict.question);
    let (word, colour) = match (&verdict.can.outcome, &verdict.lacks.outcome) {
        (Outcome::Undecided, _) => ("undecided", AnsiColor::Yellow),
        (Outcome::Never, _) => ("no", AnsiColor::Red),
        (Outcome::Sometimes(_), Outcome::Never) => ("yes, always", AnsiColor::Green),
        (Outcome::Sometimes(_), Outcome::Sometimes(_)) => ("yes, under some circumstances", AnsiColor::Green),
        (Outcome::Sometimes(_), Outcome::Undecided) => {
            ("yes, but whether always is undecided", AnsiColor::Yellow)
        }
    };
    let word = page.paint(colour.on_default().bold(), word);
    let question = crate::text::printable(&question);
    page.line(&format!("{word}: {question}"));
    if let Some(witness) = verdict.can.witness() {
        page.field("allowed", &words::request(&witness.request));
        for because in &witness.decision.because {
            let reason = words::reason(page.report, because);
            page.field("by", &reason);
        }
    }
    if let Some(witness) = verdict.lacks.witness() {
        page.field("refused", &words::request(&witness.request));
        write_refusal(page, witness);
    }
    write_certainty(page, verdict.can, verdict.lacks);
    page.footnotes();
}

/// Why a request is refused.
fn write_refusal(page: &mut Page<'_>, witness: &Witness) {
    let decision = &witness.decision;
    // What denies explicitly is both why and what blocks; it is said once.
    let blocked = decision.blocked_by.iter().filter(|_| decision.verdict != Decided::ExplicitlyDenied);
    for because in decision.because.iter().chain(blocked) {
        let reason = words::reason(page.report, because);
        page.field("by", &reason);
    }
    if decision.verdict == Decided::ImplicitlyDenied && decision.blocked_by.is_empty() {
        page.field("because", "no rule allows it");
    }
}

fn write_certainty<'a>(page: &mut Page<'a>, can: &'a Answer, lacks: &'a Answer) {
    let decided = if can.is_undecided() { &can.certainty } else { &lacks.certainty };
    let certainty = if can.is_never() || can.is_undecided() {
        page.certainty(&can.certainty)
    } else {
        let (first, second) = (page.certainty(&can.certainty), page.certainty(decided));
        if first == second { first } else { format!("{first}\nwhether always: {second}") }
    };
    page.field("certainty", &certainty);
    page.field("engine", can.engine);
}

/// The question in words.
pub(super) fn describe(report: &Report<'_>, question: &Question) -> String {
    let who = match question.subject {
        Subject::Principal(id) => format!("`{}`", words::principal(report, id)),
        Subject::Outside => "somebody outside of the files given".to_owned(),
        Subject::Anonymous => "anybody without credentials".to_owned(),
    };
    format!("{who} may {}", describe_request(report, question))
}

/// The action and the resource of a question in words.
pub(super) fn describe_request(report: &Report<'_>, question: &Question) -> String {
    let action = question.action.as_ref().map_or("do anything".to_owned(), |action| format!("`{action}`"));
    let object = match &question.object {
        Object::Any => "any resource".to_owned(),
        Object::Named(name) => format!("`{name}`"),
        Object::Within(id) => {
            let name = report.estate.resource(*id).map_or("", |resource| &resource.name);
            format!("`{name}` or inside it")
        }
    };
    format!("{action} on {object}")
}
