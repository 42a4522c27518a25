//! Certificates that were checked again: whether each holds, and what is not as it says.

use anstyle::AnsiColor;

use super::suggestions::write_proof;
use super::words::{self, Page, count};
use crate::recommender::Verified;

/// Writes what became of each certificate, and how many hold.
pub(super) fn write<'a>(page: &mut Page<'a>, all: &'a [Verified]) {
    for verified in all {
        page.gap();
        write_one(page, verified);
    }
    page.footnotes();
    page.gap();
    let holding = all.iter().filter(|one| one.as_str() == "holds").count();
    let words = format!("{holding} of {} hold", count(all.len(), "replacement"));
    let bold = page.bold(&words);
    let looked_at = words::looked_at(page.report);
    page.line(&format!("{bold}; {looked_at}."));
}

fn write_one<'a>(page: &mut Page<'a>, verified: &'a Verified) {
    let colour = match verified.as_str() {
        "holds" => AnsiColor::Green,
        "undecided" => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    };
    let name = page.bold(&verified.principal);
    let word = page.paint(colour.on_default().bold(), verified.as_str());
    let how = verified.proof.as_ref().filter(|_| verified.failures.is_empty());
    let how = how.map(|proof| format!(" ({})", proof.applicability().as_str())).unwrap_or_default();
    page.line(&format!("{name}: {word}{how}"));
    page.field("certificate", &verified.path);
    for failure in &verified.failures {
        page.prose("fails", failure);
    }
    if let Some(proof) = &verified.proof {
        write_proof(page, proof);
    }
}
