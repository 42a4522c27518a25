//! The report for people: at a terminal, in a log, in a mail. Everything is in it but what only machines need
//! (fingerprints, full lists of actions); those are in the JSON report.

mod access;
mod admins;
mod answer;
mod comparison;
mod decisions;
mod findings;
mod graph;
mod paths;
mod radius;
mod review;
mod suggestions;
mod verified;
mod ways;
mod who_can;
mod words;

use super::{Content, Report, Reporter, Style};
use words::Page;

/// Text with snippets.
#[derive(Clone, Copy, Debug)]
pub struct Text;

impl Reporter for Text {
    fn id(&self) -> &'static str {
        "text"
    }

    fn summary(&self) -> &'static str {
        "for people: snippets, tables, advice"
    }

    fn render(&self, report: &Report<'_>, style: Style) -> Result<String, String> {
        let mut page = Page::new(report, style);
        match report.content {
            Content::Findings(findings) => findings::write(&mut page, findings),
            Content::Paths(found) => paths::write(&mut page, found),
            Content::Ways(ways) => ways::write(&mut page, ways),
            Content::Radius(radius) => radius::write(&mut page, radius),
            Content::Admins(admins) => admins::write(&mut page, admins),
            Content::Graph(edges) => graph::write(&mut page, edges),
            Content::Answer(verdict) => answer::write(&mut page, verdict),
            Content::Access(question, access) => access::write(&mut page, question, access),
            Content::WhoCan(question, entrants, ways) => who_can::write(&mut page, question, entrants, ways),
            Content::Suggestions(suggestions, summary) => {
                suggestions::write(&mut page, suggestions, summary);
            }
            Content::Verified(verified) => verified::write(&mut page, verified),
            Content::Comparison(compared) => comparison::write(&mut page, compared),
            Content::Decisions(decisions) => decisions::write(&mut page, decisions),
            Content::Review(review) => review::write(&mut page, review),
        }
        Ok(page.finish())
    }

    fn render_item(&self, report: &Report<'_>, style: Style) -> Result<String, String> {
        Ok(self.render(report, style)? + "\n")
    }
}

#[cfg(test)]
mod tests;
