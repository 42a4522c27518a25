//! Suggestions: what is held, what was used, what to grant instead, and what is proven about the change.

use anstyle::AnsiColor;

use super::words::{self, Page, count, thousands};
use crate::recommender::{Applicability, Proof, ProofCheck, Suggestion, Summary};

/// Longer lists are cut; the JSON report has all of them.
const LISTED: usize = 10;

/// Writes the suggestions and the summary.
pub(super) fn write<'a>(page: &mut Page<'a>, suggestions: &'a [Suggestion], summary: &'a Summary) {
    for suggestion in suggestions {
        page.gap();
        write_one(page, suggestion);
    }
    page.footnotes();
    page.gap();
    let found = page.bold(&match suggestions.len() {
        0 => "No suggestions".to_owned(),
        number => count(number, "suggestion"),
    });
    let looked_at = words::looked_at(page.report);
    page.line(&format!("{found}; {looked_at}."));
    write_summary(page, summary);
}

/// How much goes away, what was watched, and who was not seen.
fn write_summary(page: &mut Page<'_>, summary: &Summary) {
    if summary.before > 0 {
        let (before, gone) = (summary.before, summary.before.saturating_sub(summary.after));
        let numbers = [gone, before, summary.dangerous].map(|number| thousands(number as u64));
        let [gone, before, dangerous] = numbers;
        page.line(&format!("{gone} of {before} permissions go away, {dangerous} dangerous ones among them."));
    }
    if let Some((first, last)) = &summary.window {
        page.line(&format!("The logs go from {first} to {last}."));
    }
    if !summary.unseen.is_empty() {
        let names: Vec<String> = summary.unseen.iter().map(|name| format!("`{name}`")).collect();
        let (shown, more) = names.split_at(names.len().min(LISTED));
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        page.line(&format!("Never seen in the logs, though they hold grants: {}{more}.", shown.join(", ")));
    }
}

fn write_one<'a>(page: &mut Page<'a>, suggestion: &'a Suggestion) {
    let colour = match suggestion.applicability {
        Applicability::Safe => AnsiColor::Green,
        Applicability::Review => AnsiColor::Yellow,
        Applicability::Unproven => AnsiColor::Red,
    };
    let name = page.bold(&suggestion.name);
    let applicability = page.paint(colour.on_default().bold(), suggestion.applicability.as_str());
    page.line(&format!("{name}: {applicability} ({})", meaning(suggestion.applicability)));
    write_before(page, suggestion);
    write_after(page, suggestion);
    write_proof(page, &suggestion.proof);
    for (label, commands) in [("apply", &suggestion.apply), ("undo", &suggestion.rollback)] {
        if !commands.is_empty() {
            page.field(label, &commands.join("\n"));
        }
    }
    for note in &suggestion.notes {
        page.prose("note", note);
    }
}

/// What the word for an applicability promises.
fn meaning(applicability: Applicability) -> &'static str {
    match applicability {
        Applicability::Safe => "everything needed stays allowed and nothing is gained, both proven",
        Applicability::Review => "everything needed stays allowed, but look at what is gained or assumed",
        Applicability::Unproven => "not proven, do not apply it without checking",
    }
}

fn write_before(page: &mut Page<'_>, suggestion: &Suggestion) {
    for (held, first) in suggestion.held.iter().zip(std::iter::once(true).chain(std::iter::repeat(false))) {
        let place =
            words::place(page.report, &held.origin).map(|place| format!("\n{place}")).unwrap_or_default();
        let permissions = count(held.permissions, "permission");
        let used = held.used.len();
        let text = format!("`{}` on `{}`, {permissions}, {used} of them used{place}", held.what, held.place);
        page.field(if first { "holds" } else { "" }, &text);
    }
    let used = suggestion.used.iter().map(|used| {
        let times =
            if used.count == 1 { "once".to_owned() } else { format!("{} times", thousands(used.count)) };
        let resources = count(used.resources, "resource");
        format!("`{}` on {resources} of `{}`, {times}", used.action, used.place)
    });
    let used: Vec<String> = used.collect();
    page.field("used", &if used.is_empty() { "nothing".to_owned() } else { listed(used) });
}

fn write_after(page: &mut Page<'_>, suggestion: &Suggestion) {
    let bindings = suggestion.replacement.iter().map(|binding| {
        format!("`{}` on `{}`, {}", binding.role, binding.place, count(binding.permissions, "permission"))
    });
    let bindings: Vec<String> = bindings.collect();
    page.field("instead", &if bindings.is_empty() { "nothing".to_owned() } else { bindings.join("\n") });
    for text in suggestion.replacement.iter().filter_map(|binding| binding.text.as_deref()) {
        page.field("", &spread(text));
    }
    if !suggestion.chosen_by.is_empty() && !suggestion.replacement.is_empty() {
        page.field("", &format!("chosen by {}", suggestion.chosen_by));
    }
    let excess = suggestion.excess.iter().map(|excess| (excess.place.as_str(), excess.action.as_str()));
    for line in by_place(excess) {
        page.prose("beyond need", &line);
    }
}

/// A policy with one thing on each line, as people read it.
fn spread(text: &str) -> String {
    let parsed = serde_json::from_str::<serde_json::Value>(text);
    parsed.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| text.to_owned())
}

/// "`a`, `b` on `place`" for each place, in the order of its first action.
fn by_place<'a>(permissions: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut places: Vec<(&str, Vec<String>)> = Vec::new();
    for (place, action) in permissions {
        let action = format!("`{action}`");
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, actions)) => actions.push(action),
            None => places.push((place, vec![action])),
        }
    }
    let line = |(place, mut actions): (&str, Vec<String>)| {
        let more = actions.len().saturating_sub(LISTED);
        actions.truncate(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more} on `{place}`", actions.join(", "))
    };
    places.into_iter().map(line).collect()
}

/// Both directions of a proof.
pub(super) fn write_proof<'a>(page: &mut Page<'a>, proof: &'a Proof) {
    write_check(page, &proof.keeps, "everything needed stays allowed");
    if proof.replayed > 0 {
        let uses = thousands(proof.replayed);
        page.field("", &format!("{uses} recorded uses replayed: allowed before and after"));
    }
    let other = if proof.reached.is_empty() { "nothing" } else { "nothing else" };
    write_check(page, &proof.narrows, &format!("{other} becomes allowed that was not"));
    for line in by_place(proof.gained.iter().map(|gained| (gained.place.as_str(), gained.action.as_str()))) {
        page.prose("gained", &format!("not held before: {line}"));
    }
    let reached = proof.reached.iter().map(|one| (one.place.as_str(), one.action.as_str()));
    for line in by_place(reached) {
        page.prose("by keys", &format!("now by itself, before with keys that it may always read: {line}"));
    }
}

fn write_check<'a>(page: &mut Page<'a>, check: &'a ProofCheck, claim: &str) {
    let certainty = page.certainty(&check.certainty);
    let (label, text) = match check.holds {
        Some(true) if certainty == "proven" => ("proven", claim.to_owned()),
        Some(true) => ("holds", format!("{claim}; {certainty}")),
        Some(false) => ("disproven", claim.to_owned()),
        None => ("undecided", format!("whether {claim}; {certainty}")),
    };
    let engine = if check.engine.is_empty() { String::new() } else { format!(" (engine: {})", check.engine) };
    page.field(label, &format!("{text}{engine}"));
    if let Some(counterexample) = &check.counterexample {
        page.field("shown by", &words::request(&counterexample.request));
    }
}

/// The first items, one a line.
fn listed(mut items: Vec<String>) -> String {
    let more = items.len().saturating_sub(LISTED);
    items.truncate(LISTED);
    if more > 0 {
        items.push(format!("and {more} more"));
    }
    items.join("\n")
}
