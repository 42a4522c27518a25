//! What a change means, for a comment on a pull request and for the summary of a job: the verdict first, then who gains
//! what, then the new findings. Everything that comes from files is escaped or set as code.

use super::notes::notes;
use super::{Content, ContentKind, Report, Reporter, Style};
use crate::evaluator::{AccessRow, Certainty, RowActions};
use crate::findings::Finding;
use crate::model::Origin;
use crate::review::{Change, GAINED_ACCESS, Review, Who};
use crate::text::printable;

/// Markdown as the forges read it.
#[derive(Clone, Copy, Debug)]
pub struct Markdown;

/// GitHub refuses comments that are longer than 65,536 characters.
const MOST: usize = 60_000;
/// Actions that a row names; the others are counted.
const NAMED: usize = 8;
/// Rows of one principal.
const ROWS: usize = 20;

impl Reporter for Markdown {
    fn id(&self) -> &'static str {
        "markdown"
    }

    fn summary(&self) -> &'static str {
        "for comments on pull requests and summaries of jobs: what `check` found"
    }

    fn holds(&self, kind: ContentKind) -> bool {
        kind == ContentKind::Check
    }

    fn render(&self, report: &Report<'_>, _: Style) -> Result<String, String> {
        let Content::Review(review) = report.content else {
            let command = report.content.kind().as_str();
            return Err(format!("Markdown holds what `check` finds, and not that of `{command}`"));
        };
        Ok(page(report, review))
    }
}

fn page(report: &Report<'_>, review: &Review) -> String {
    let mut page =
        Page { text: format!("{MARK}\n## leastwise: {}\n", headline(report, review)), left_out: 0 };
    page.add(&certainty(&review.rests_on));
    let changes: [(&[Change], &str); 2] = [(&review.gained, "gains"), (&review.lost, "loses")];
    for (changes, word) in changes {
        for change in changes {
            page.add(&section(report, review, change, word));
        }
    }
    let gains: Vec<&Finding> = review.findings.iter().filter(|one| one.rule != GAINED_ACCESS.id).collect();
    if !gains.is_empty() {
        page.add("\n### New findings\n");
    }
    for finding in gains {
        page.add(&item(report, finding));
    }
    for question in report.undecided {
        page.add(&format!("\n- not decided: {}\n", escaped(question)));
    }
    page.finish(report, review)
}

/// By this line a comment is found again, to be changed in place of a second one.
const MARK: &str = "<!-- leastwise check -->";

/// A page that stays within the forge's limit.
struct Page {
    text: String,
    left_out: usize,
}

impl Page {
    fn add(&mut self, part: &str) {
        if self.text.len() + part.len() > MOST {
            self.left_out += 1;
        } else {
            self.text.push_str(part);
        }
    }

    fn finish(mut self, report: &Report<'_>, review: &Review) -> String {
        if self.left_out > 0 {
            self.text.push_str(&format!("\n{} more parts were left out here.\n", self.left_out));
        }
        self.text.push_str(&format!(
            "\n<sub>{} findings as before, {} resolved.{}</sub>\n",
            review.known.len(),
            review.resolved.len(),
            notes(report).iter().map(|note| format!(" {}.", escaped(note))).collect::<String>()
        ));
        self.text
    }
}

fn headline(report: &Report<'_>, review: &Review) -> String {
    let open = review.gained.iter().filter(|change| change.is_undecided()).count();
    match (review.gained.len() - open, open) {
        (0, 0) if review.rests_on != Certainty::Proven => {
            "nobody gains access, if what is assumed holds".to_owned()
        }
        (0, 0) if report.is_all_read() => "nobody gains access".to_owned(),
        (0, 0) => "nobody gains access by what could be read".to_owned(),
        (0, open) => format!("nobody gains access for sure, {open} undecided"),
        (1, 0) => "1 principal gains access".to_owned(),
        (many, 0) => format!("{many} principals gain access"),
        (many, open) => format!("{many} gain access, {open} undecided"),
    }
}

fn section(report: &Report<'_>, review: &Review, change: &Change, word: &str) -> String {
    let name = match &change.who {
        Who::Anonymous => "anybody, without credentials,".to_owned(),
        Who::Outside => "somebody outside the given files".to_owned(),
        Who::Principal(name) => code(name),
    };
    let alone = match (change.alone, word) {
        (false, _) => "",
        (true, "gains") => " (new)",
        (true, _) => " (gone)",
    };
    let mut text =
        format!("\n### {name}{alone} {word}\n\n| actions | resources | condition |\n|---|---|---|\n");
    let rows = &change.surplus.access.rows;
    for row in rows.iter().take(ROWS) {
        text.push_str(&line(row));
    }
    if rows.len() > ROWS {
        text.push_str(&format!("\nand {} more rows\n", rows.len() - ROWS));
    }
    let shown = change.surplus.answer.witness();
    if let Some(witness) = shown {
        let request = &witness.request;
        text.push_str(&format!("\nFor example {} on {}", code(&request.action), code(&request.resource)));
        let because: Vec<String> =
            witness.decision.because.iter().filter_map(|reason| place(report, &reason.origin)).collect();
        if !because.is_empty() && word == "gains" {
            text.push_str(&format!(", allowed at {}", because.join(", ")));
        }
        text.push_str(".\n");
    }
    let found =
        review.findings.iter().find(|one| one.rule == GAINED_ACCESS.id && one.message.contains(&name));
    text.push_str(&certainty(found.map_or(&change.surplus.access.certainty, |found| &found.certainty)));
    text
}

fn line(row: &AccessRow) -> String {
    let actions = match &row.actions {
        RowActions::Named(names) => shortened(names),
        RowActions::Matching { patterns, except } => {
            let some: Vec<String> = patterns.iter().map(|set| shortened(set)).collect();
            let but =
                if except.is_empty() { String::new() } else { format!(" except {}", shortened(except)) };
            format!("{}{but}", some.join(" and "))
        }
    };
    let sets: Vec<String> = row.resources.iter().map(|set| shortened(set)).collect();
    let resources = if sets.is_empty() { "any".to_owned() } else { sets.join(" and ") };
    let but =
        if row.except.is_empty() { String::new() } else { format!(" except {}", shortened(&row.except)) };
    let condition = row.condition.as_deref().map(code).unwrap_or_default();
    format!("| {actions} | {resources}{but} | {condition} |\n")
}

fn shortened(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| code(name)).collect();
    if names.len() > NAMED {
        shown.push(format!("{} more", names.len() - NAMED));
    }
    shown.join(", ")
}

fn item(report: &Report<'_>, finding: &Finding) -> String {
    let place = place(report, &finding.primary).map(|place| format!(" at {place}")).unwrap_or_default();
    let steps: Vec<String> = finding
        .hops
        .iter()
        .zip(1..)
        .map(|(hop, number)| {
            let allows =
                hop.because().into_iter().filter_map(|origin| super::markdown::place(report, origin));
            let allows: Vec<String> = allows.collect();
            let by = if allows.is_empty() { String::new() } else { format!(" ({})", allows.join(", ")) };
            format!("  {number}. {}{by}\n", escaped(&hop.sentence(report.estate)))
        })
        .collect();
    format!(
        "\n- **{}** {} ({}){place}\n{}{}",
        finding.level.as_str(),
        escaped(&finding.message),
        finding.rule,
        steps.concat(),
        certainty(&finding.certainty)
    )
}

fn certainty(certainty: &Certainty) -> String {
    match certainty {
        Certainty::Proven => String::new(),
        Certainty::Undecided(reason) => format!("\nUndecided: {}.\n", escaped(reason)),
        Certainty::Assuming(gaps) => {
            let gaps: Vec<String> = gaps.iter().map(|gap| escaped(&gap.message)).collect();
            format!("\nAssuming: {}.\n", gaps.join("; "))
        }
    }
}

/// `` `path:12` ``.
fn place(report: &Report<'_>, origin: &Origin) -> Option<String> {
    let span = origin.span?;
    Some(code(&format!("{}:{}", report.files.path(span.file), report.files.start(span).line)))
}

/// A text as code, whatever it holds: a fence is longer than any run of backticks in it, and a bar would end a cell.
fn code(text: &str) -> String {
    let text = printable(text).replace(['\n', '\r'], " ").replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let gap = if longest > 0 { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// A message of ours, whose names stand in backticks: outside of these nothing may be taken for markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    let mut inside = false;
    for c in printable(text).chars() {
        match c {
            '`' => inside = !inside,
            '<' if !inside => {
                escaped.push_str("&lt;");
                continue;
            }
            '*' | '_' | '[' | ']' | '|' | '\\' if !inside => escaped.push('\\'),
            '|' => escaped.push('\\'),
            '\n' | '\r' => {
                escaped.push(' ');
                continue;
            }
            _ => {}
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::Fixture;

    #[test]
    fn review() {
        let fixture = Fixture::new();
        insta::assert_snapshot!(fixture.render("markdown", Content::Review(&fixture.review)));
    }

    #[test]
    fn nothing_from_a_file_becomes_markup() {
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(code("a|b\nc"), "`a\\|b c`");
        assert_eq!(escaped("`*x*` may *do* <b>"), "`*x*` may \\*do\\* &lt;b>");
    }
}
