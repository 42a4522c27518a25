//! `leastwise compare`: what a new policy document allows that the old one does not, and the other way round.

use std::io::{BufRead, Read};
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::analysis::{confess, list_problems, print, write};
use super::console::Console;
use super::exit::{Exit, Facts};
use super::options::{AnalysisOptions, ReportOptions, Reports};
use crate::evaluator::{Comparison, Difference, DocumentEvaluator, Relation, TwoDocuments};
use crate::input::disk;
use crate::input::document_pairs::{self, DocumentPair, ReadDocuments};
use crate::model::Estate;
use crate::pipeline::Settings;
use crate::report::{Compared, Content, ContentKind, Input, Report};
use crate::text::Problem;

const HELP: &str = "\
Exit codes:
  0  the new document allows nothing that the old one does not (with --pairs: none of them does)
  1  something is gained
  2  could not run, or could not read all of the input
  3  ran, but whether something is gained or lost stayed undecided
Where several apply, the order is 1, 2, 3.";

/// Compare two policy documents: what one allows and the other does not, with a request as evidence.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Compare {
    /// The old document, or the name of a role of Azure or Google Cloud; `-` for standard input.
    #[arg(value_name = "OLD", required_unless_present = "pairs")]
    old: Option<PathBuf>,
    /// The new document, or the name of a role; `-` for standard input.
    #[arg(value_name = "NEW", required_unless_present = "pairs")]
    new: Option<PathBuf>,
    /// Compare many: a file with one `{"name": …, "old": …, "new": …}` a line, may be gzip; `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["old", "new", "output"])]
    pairs: Option<PathBuf>,
    /// What the documents are attached to; judged by their content where it is not given.
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    kind: Option<String>,
    /// The requests that exist: those that the catalog knows, or any texts as action and resource.
    #[arg(long, value_name = "UNIVERSE", default_value = "known")]
    universe: Universe,
    #[command(flatten)]
    analysis: AnalysisOptions,
    #[command(flatten)]
    report: ReportOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Universe {
    Known,
    Any,
}

fn kinds() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(document_pairs::kinds().map(|kind| kind.id))
}

impl Compare {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let prepared = self
            .analysis
            .settings(console)
            .and_then(|settings| Ok((settings, self.report.reports(ContentKind::Compare, console)?)));
        let (settings, reports) = match prepared {
            Ok(prepared) => prepared,
            Err(exit) => return exit,
        };
        let mut run = Run { compare: self, settings, reports, facts: Facts::default() };
        let done = match (&self.pairs, &self.old, &self.new) {
            (Some(pairs), ..) => run.many(pairs, console),
            (None, Some(old), Some(new)) => run.two(old, new, console),
            _ => Err(console.fail("no comparison took place: two documents are needed", None)),
        };
        done.map_or_else(|exit| exit, |()| Exit::of(run.facts))
    }
}

/// One run of the command.
struct Run<'a> {
    compare: &'a Compare,
    settings: Settings,
    reports: Reports,
    facts: Facts,
}

impl Run<'_> {
    fn two(
        &mut self,
        old: &std::path::Path,
        new: &std::path::Path,
        console: &mut Console,
    ) -> Result<(), Exit> {
        let kind = self.compare.kind.as_deref();
        let pair = document_pairs::from_files(old, new, kind, self.settings.limits);
        self.facts.unread |= list_problems(&pair.files, &pair.problems, console);
        let Some(documents) = &pair.documents else {
            let message = "no comparison took place: two documents of one kind are needed";
            return Err(console.fail(message, None));
        };
        let Some(evaluator) = self.evaluator(documents) else { return Ok(()) };
        let two = two(documents);
        let compared = evaluator.compare(two).and_then(|found| Ok((found, evaluator.rows(two)?)));
        let (comparison, rows) = compared.map_err(|bug| confess(&bug, console))?;
        self.note(&comparison);
        let compared = Compared { name: &pair.name, comparison: &comparison, rows: Some(&rows) };
        let estate = Estate::default();
        let report = report(&pair, &estate, compared);
        write(&self.reports, &report, console)?;
        print(self.reports.printed.render(&report, console.style()), console)
    }

    /// Compares pair after pair, so that memory does not grow with their number.
    fn many(&mut self, path: &std::path::Path, console: &mut Console) -> Result<(), Exit> {
        let shown = path.to_string_lossy().into_owned();
        let stop = |problem: &Problem, console: &mut Console| {
            console.fail(&format!("no comparison took place: {}", problem.message), problem.help.as_deref())
        };
        let mut lines = disk::open_lines(path).map_err(|problem| stop(&problem, console))?;
        let mut seen = false;
        for number in 1.. {
            let mut line = Vec::new();
            let most = self.settings.limits.file_bytes;
            let read = lines.by_ref().take(most.saturating_add(1)).read_until(b'\n', &mut line);
            if let Err(error) = read {
                return Err(
                    console.fail(&format!("cannot read `{shown}` from line {number} on: {error}"), None)
                );
            }
            if line.is_empty() {
                break;
            }
            if u64::try_from(line.len()).is_ok_and(|length| length > most) {
                let message = format!("line {number} of `{shown}` is larger than {} MiB", most >> 20);
                return Err(console.fail(&message, Some("raise the limit with `--max-file-size`")));
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            seen = true;
            self.line(&shown, number, &line, console)?;
        }
        if seen {
            Ok(())
        } else {
            Err(console.fail(&format!("no comparison took place: `{shown}` holds no pair"), None))
        }
    }

    fn line(&mut self, path: &str, number: u32, line: &[u8], console: &mut Console) -> Result<(), Exit> {
        let Ok(text) = std::str::from_utf8(line) else {
            console.fail(&format!("line {number} of `{path}` is not UTF-8 text"), None);
            self.facts.unread = true;
            return Ok(());
        };
        let pair = document_pairs::from_line(path, number, text, self.compare.kind.as_deref());
        self.facts.unread |= list_problems(&pair.files, &pair.problems, console);
        let Some(documents) = &pair.documents else { return Ok(()) };
        let Some(evaluator) = self.evaluator(documents) else { return Ok(()) };
        let comparison = evaluator.compare(two(documents)).map_err(|bug| confess(&bug, console))?;
        self.note(&comparison);
        let compared = Compared { name: &pair.name, comparison: &comparison, rows: None };
        let estate = Estate::default();
        let item = self.reports.printed.render_item(&report(&pair, &estate, compared), console.style());
        print(item, console)
    }

    fn evaluator(&self, documents: &ReadDocuments) -> Option<DocumentEvaluator<'_>> {
        let any = self.compare.universe == Universe::Any;
        DocumentEvaluator::new(documents.cloud, &self.settings.portfolio, any)
    }

    fn note(&mut self, comparison: &Comparison) {
        self.facts.findings |= matches!(comparison.gained, Difference::Some(_));
        self.facts.undecided |= comparison.relation == Relation::Undecided;
    }
}

fn two(documents: &ReadDocuments) -> TwoDocuments<'_> {
    TwoDocuments { kind: documents.kind, old: &documents.old, new: &documents.new }
}

fn report<'a>(pair: &'a DocumentPair, estate: &'a Estate, compared: Compared<'a>) -> Report<'a> {
    const NONE: &[Input] = &[];
    Report {
        files: &pair.files,
        estate,
        inputs: NONE,
        problems: &pair.problems,
        rules: &[],
        undecided: &[],
        guardrails: &[],
        suppressed: &[],
        stale: 0,
        content: Content::Comparison(compared),
    }
}
