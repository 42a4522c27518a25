//! The page that text is written on, and the phrases that all kinds of content share.

use anstyle::{AnsiColor, Style as Paint};

use crate::evaluator::Certainty;
use crate::graph::Hop;
use crate::model::{Gap, Origin, PrincipalId, Reason, Request, ScopeId};
use crate::report::{Report, Style};
use crate::text::{Span, printable};

/// The width of a page when the terminal does not tell one: fits a terminal and a log viewer.
const WIDTH: usize = 100;
/// Pages are neither so narrow that no name fits nor so wide that lines cannot be followed.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=120;
/// The context of a request can be long; the JSON report has all of it.
const MAX_CONTEXT: usize = 8;

/// A text that is being written.
pub(super) struct Page<'a> {
    /// What is reported.
    pub(super) report: &'a Report<'a>,
    /// Whether colour may be used.
    pub(super) colour: bool,
    /// The width in characters.
    pub(super) width: usize,
    text: String,
    /// What conclusions of this page rest on, in the order in which it was first mentioned.
    assumptions: Vec<&'a Gap>,
}

impl<'a> Page<'a> {
    /// An empty page.
    pub(super) fn new(report: &'a Report<'a>, style: Style) -> Self {
        let width = style.width.unwrap_or(WIDTH).clamp(*WIDTHS.start(), *WIDTHS.end());
        Self { report, colour: style.colour, width, text: String::new(), assumptions: Vec::new() }
    }

    /// The text with the list of assumptions and the undecided questions at its end.
    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Adds a line.
    pub(super) fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// Adds an empty line, unless the page is empty.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// The text in a colour, if colour may be used. Control characters are written out.
    pub(super) fn paint(&self, paint: Paint, text: &str) -> String {
        let text = printable(text);
        if self.colour { format!("{paint}{text}{paint:#}") } else { text }
    }

    /// A bold text.
    pub(super) fn bold(&self, text: &str) -> String {
        self.paint(Paint::new().bold(), text)
    }

    /// Adds `label: text` below an item; further lines of the text are indented like the first.
    pub(super) fn field(&mut self, label: &str, text: &str) {
        const COLUMN: usize = 12;
        let label = self.paint(AnsiColor::Cyan.on_default(), &format!("{label:<COLUMN$}"));
        let text = printable(text).replace('\n', &format!("\n  {:COLUMN$} ", ""));
        self.line(&format!("  {label} {text}"));
    }

    /// Adds a field whose text is prose, broken into lines of the page's width.
    pub(super) fn prose(&mut self, label: &str, text: &str) {
        let text = wrapped(text, self.width.saturating_sub(15));
        self.field(label, &text);
    }

    /// Adds `number. text`; further lines of the text are indented like the first.
    pub(super) fn step(&mut self, number: usize, text: &str) {
        let text = wrapped(&printable(text), self.width.saturating_sub(5)).replace('\n', "\n     ");
        self.line(&format!("  {number}. {text}"));
    }

    /// How sure a conclusion is, in a few words. What is assumed is numbered, and listed once at the end.
    pub(super) fn certainty(&mut self, certainty: &'a Certainty) -> String {
        match certainty {
            Certainty::Proven => "proven".to_owned(),
            Certainty::Undecided(reason) => format!("undecided: {reason}"),
            Certainty::Assuming(gaps) => {
                let numbers: Vec<String> = gaps.iter().map(|gap| format!("[{}]", self.number(gap))).collect();
                format!("follows from the files, assuming {}", numbers.join(" "))
            }
        }
    }

    fn number(&mut self, gap: &'a Gap) -> usize {
        if let Some(at) = self.assumptions.iter().position(|known| *known == gap) {
            return at + 1;
        }
        self.assumptions.push(gap);
        self.assumptions.len()
    }

    /// Lists what was assumed on this page, what is missing for all of it, and the questions that stayed open.
    pub(super) fn footnotes(&mut self) {
        if !self.assumptions.is_empty() {
            self.gap();
            let heading = self.bold("Assumed, because the files do not say:");
            self.line(&heading);
            for (gap, number) in std::mem::take(&mut self.assumptions).into_iter().zip(1..) {
                let place = gap.origin.as_ref().and_then(|origin| place(self.report, origin));
                let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
                let text = format!("[{number}] {}{place}", printable(&gap.message));
                let text = wrapped(&text, self.width.saturating_sub(6)).replace('\n', "\n      ");
                self.line(&format!("  {text}"));
            }
        }
        if !self.report.estate.gaps().is_empty() {
            self.gap();
            let heading = self.bold("Missing for all answers:");
            self.line(&heading);
            for gap in self.report.estate.gaps() {
                let text = wrapped(&printable(&gap.message), self.width.saturating_sub(4));
                self.line(&format!("  - {}", text.replace('\n', "\n    ")));
            }
        }
        if !self.report.undecided.is_empty() {
            self.gap();
            let heading = self.paint(AnsiColor::Yellow.on_default().bold(), "Not decided:");
            self.line(&heading);
            for question in self.report.undecided {
                self.line(&format!("  - {}", printable(question)));
            }
        }
    }
}

/// `path:line:column` of an origin that stands in a file.
pub(super) fn place(report: &Report<'_>, origin: &Origin) -> Option<String> {
    origin.span.map(|span| place_of(report, span))
}

/// `path:line:column` of the beginning of a span.
pub(super) fn place_of(report: &Report<'_>, span: Span) -> String {
    let start = report.files.start(span);
    format!("{}:{}:{}", report.files.path(span.file), start.line, start.column)
}

/// What an origin is, and where it stands.
pub(super) fn origin(report: &Report<'_>, origin: &Origin) -> String {
    match place(report, origin) {
        Some(place) if origin.what.is_empty() => place,
        Some(place) => format!("{} ({place})", origin.what),
        None => origin.what.clone(),
    }
}

/// A rule that took part in a decision: what it is, where it stands, in which layer.
pub(super) fn reason(report: &Report<'_>, reason: &Reason) -> String {
    format!("{}\nin the layer `{}`", origin(report, &reason.origin), reason.layer.as_str())
}

/// The request of a witness, one attribute a line.
pub(super) fn request(request: &Request) -> String {
    let mut lines = vec![
        format!("principal  {}", request.principal),
        format!("action     {}", request.action),
        format!("resource   {}", request.resource),
    ];
    for (index, (key, values)) in request.context.iter().take(MAX_CONTEXT).enumerate() {
        let heading = if index == 0 { "context" } else { "" };
        let value = if values.is_empty() { "(no value)".to_owned() } else { values.join(", ") };
        lines.push(format!("{heading:<10} {key} = {value}"));
    }
    if let Some(more) = request.context.len().checked_sub(MAX_CONTEXT).filter(|more| *more > 0) {
        lines.push(format!("{:<10} and {more} more", ""));
    }
    lines.join("\n")
}

/// The text with line breaks instead of spaces where a line would be longer than `width` characters. Names in backticks
/// and places in parentheses stay whole, so that they can be copied.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        let mut current = String::new();
        for word in words(line) {
            let length = current.chars().count() + 1 + word.chars().count();
            if !current.is_empty() && length > width {
                lines.push(std::mem::take(&mut current));
            }
            current.push_str(if current.is_empty() { &indent } else { " " });
            current.push_str(word);
        }
        lines.push(current);
    }
    lines.join("\n")
}

/// The parts of a line between spaces that stand neither in backticks nor in parentheses.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut depth) = (false, 0_u32);
    let parts = line.split(move |c| {
        match c {
            '`' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ' ' && !quoted && depth == 0
    });
    parts.filter(|part| !part.is_empty())
}

/// One step of a path as a sentence, with the rules that allow it.
pub(super) fn hop(report: &Report<'_>, hop: &Hop) -> (String, Vec<String>) {
    let because = hop.because().into_iter().map(|because| origin(report, because)).collect();
    (hop.sentence(report.estate), because)
}

/// The full name of a principal.
pub(super) fn principal<'a>(report: &Report<'a>, id: PrincipalId) -> &'a str {
    report.estate.principal(id).map_or("", |principal| &principal.name)
}

/// The full name of a scope.
pub(super) fn scope<'a>(report: &Report<'a>, id: ScopeId) -> &'a str {
    report.estate.scope(id).map_or("", |scope| &scope.name)
}

/// A number with its noun: `no findings`, `1 finding`, `1,204 findings`.
pub(super) fn count(number: usize, noun: &str) -> String {
    match number {
        0 => format!("no {noun}s"),
        1 => format!("1 {noun}"),
        many => format!("{} {noun}s", thousands(many as u64)),
    }
}

/// A number with commas between groups of three digits.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What was looked at: documents and principals.
pub(super) fn looked_at(report: &Report<'_>) -> String {
    let principals = report.estate.principals().count();
    format!("{} and {} analysed", count(report.inputs.len(), "document"), count(principals, "principal"))
}
