//! Problems as people read them: place, snippet, label, help. The only file that knows the snippet library.
//! Machine-readable reports are not made here.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::files::{Files, floor_boundary};
use super::problem::{Problem, Severity};
use super::span::Span;

/// A span over more lines than this is shown by its first line.
const MAX_LINES: u32 = 6;
/// A line longer than this many bytes is cut around the span.
const MAX_LINE: usize = 240;
/// What remains on each side of the span's beginning in a line that is cut.
const MARGIN: usize = 60;
const CUT: &str = "...";
/// What the library writes for a snippet without a path. The place is given apart from the snippet, because the
/// library would count the column in the cut line.
const NO_PATH: &str = ":::";

/// A message with marked places and remarks, before it is laid out. [`Problem`]s and findings are both shown so.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    /// How much it matters, which chooses the colour.
    pub weight: Weight,
    /// The word in front: `error`, `high`.
    pub name: &'a str,
    /// The id in brackets after it.
    pub id: &'a str,
    /// The message.
    pub title: &'a str,
    /// The places, the most important one first.
    pub marks: Vec<Mark>,
    /// A path to name where there is no place.
    pub path: Option<&'a str>,
    /// What stands below: a word and a text, which may have several lines.
    pub remarks: Vec<(&'a str, String)>,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Worth knowing.
    Light,
    /// Worth a look.
    Middling,
    /// Worth acting on at once.
    Heavy,
}

/// A place in a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where.
    pub span: Span,
    /// A few words beside the marked text.
    pub label: Option<String>,
}

/// The problem with `path:line:column`, the marked lines, label and help, without a final line break.
///
/// `colour` adds ANSI colour. Lines of any length may be marked: a long one is cut around the span.
#[must_use]
pub fn render(problem: &Problem, files: &Files, colour: bool) -> String {
    let notice = Notice {
        weight: match problem.severity {
            Severity::Error => Weight::Heavy,
            Severity::Warning => Weight::Middling,
        },
        name: problem.severity.name(),
        id: problem.code,
        title: &problem.message,
        marks: problem.span.map(|span| Mark { span, label: problem.label.clone() }).into_iter().collect(),
        path: problem.path.as_deref(),
        remarks: problem.help.iter().map(|help| ("help", help.clone())).collect(),
    };
    render_notice(&notice, files, colour)
}

/// The notice as [`render`] shows a problem. Control characters in its texts are shown, not obeyed.
#[must_use]
pub fn render_notice(notice: &Notice<'_>, files: &Files, colour: bool) -> String {
    let level = match notice.weight {
        Weight::Heavy => Level::ERROR,
        Weight::Middling => Level::WARNING,
        Weight::Light => Level::NOTE,
    };
    let title = level.with_name(notice.name).primary_title(printable(notice.title)).id(notice.id);
    let mut group = Group::with_title(title);
    for (place, mark) in notice.marks.iter().enumerate() {
        let position = files.start(mark.span);
        let origin = Origin::path(printable(files.path(mark.span.file)));
        let origin = origin.line(position.line as usize).char_column(position.column as usize);
        let excerpt = Excerpt::of(mark.span, files);
        let kind = if place == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(excerpt.mark).label(mark.label.as_deref().map(printable));
        let snippet = Snippet::source(excerpt.source).line_start(excerpt.line).annotation(annotation);
        group = group.element(origin).element(snippet);
    }
    if let Some(path) = notice.path.filter(|_| notice.marks.is_empty()) {
        group = group.element(Origin::path(printable(path)));
    }
    for (name, text) in &notice.remarks {
        group = group.element(Level::HELP.with_name(*name).message(printable(text)));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let rendered = renderer.render(&[group]);
    let lines: Vec<&str> = rendered.lines().filter(|line| without_colour(line).trim() != NO_PATH).collect();
    lines.join("\n")
}

/// The text with everything that a terminal would obey instead of show written out: names in policies come from
/// whoever wrote them. Line breaks stay.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let turns_text =
            matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if (c.is_control() && c != '\n') || turns_text {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn without_colour(line: &str) -> String {
    let mut in_escape = false;
    let mut is_text = |c: char| {
        let was_escape = in_escape || c == '\u{1b}';
        in_escape = was_escape && c != 'm';
        !was_escape
    };
    line.chars().filter(|c| is_text(*c)).collect()
}

/// The lines of a span, short enough to be shown.
struct Excerpt {
    source: String,
    /// Number of the first line.
    line: usize,
    /// The span inside `source`.
    mark: Range<usize>,
}

impl Excerpt {
    fn of(span: Span, files: &Files) -> Self {
        let text = files.text(span.file);
        let (first, last) = (files.start(span).line, files.end(span).line);
        let (line_start, line_end) = files.line_range(span.file, first).unwrap_or((0, text.len()));
        let block_end = files.line_range(span.file, last).map_or(line_end, |(_, end)| end);
        let start = floor_boundary(text, (span.start as usize).max(line_start)).min(block_end);
        let end = floor_boundary(text, span.end as usize).clamp(start, block_end);
        let lines_are_short = || (first..=last).all(|line| files.line(span.file, line).len() <= MAX_LINE);
        let shown = if first == last || last - first >= MAX_LINES || !lines_are_short() {
            line_start..line_end.max(line_start)
        } else {
            line_start..block_end
        };
        let start = start.min(shown.end);
        Self::cut(text, shown.clone(), start..end.clamp(start, shown.end), first as usize)
    }

    /// The part `shown` of the text with `mark` marked; cut on both sides of the mark when it is one long line.
    fn cut(text: &str, shown: Range<usize>, mark: Range<usize>, line: usize) -> Self {
        let is_one_line = !text.get(shown.clone()).unwrap_or("").contains('\n');
        let (mut from, mut to) = (shown.start, shown.end);
        if is_one_line && shown.len() > MAX_LINE {
            from = floor_boundary(text, mark.start.saturating_sub(MARGIN)).max(shown.start);
            let wanted = mark.end.min(mark.start + 2 * MARGIN) + MARGIN;
            to = floor_boundary(text, wanted).clamp(from, shown.end);
        }
        let before = if from > shown.start { CUT } else { "" };
        let after = if to < shown.end { CUT } else { "" };
        let source = format!("{before}{}{after}", text.get(from..to).unwrap_or(""));
        let place = |at: usize| at.clamp(from, to) - from + before.len();
        Self { mark: place(mark.start)..place(mark.end), source, line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, start: usize, end: usize) -> String {
        let mut files = Files::default();
        let file = files.add("dir/a.json", text);
        let span = Span::new(file, u32::try_from(start).unwrap(), u32::try_from(end).unwrap());
        let problem =
            Problem::error("some-code", "the key `a` is wrong").at(span).label("this one").help("mend it");
        let plain = render(&problem, &files, false);
        let coloured = render(&problem, &files, true);
        assert!(coloured.contains('\u{1b}'));
        assert_eq!(without_colour(&coloured), plain);
        plain
    }

    #[test]
    fn a_problem_shows_place_line_label_and_help() {
        let text = "{\n  \"é\": 1,\n  \"a\": 2\n}\n";
        let start = text.find("\"a\"").unwrap();
        let expected = [
            "error[some-code]: the key `a` is wrong",
            " --> dir/a.json:3:3",
            "  |",
            "3 |   \"a\": 2",
            "  |   ^^^ this one",
            "  |",
            "  = help: mend it",
        ];
        assert_eq!(shown(text, start, start + 3).lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_span_of_some_lines_is_shown_whole_and_one_of_many_by_its_first() {
        let text = "{\n  \"é\": 1,\n  \"a\": 2\n}\n";
        assert!(shown(text, 0, text.len() - 1).contains("4 | | }"));
        let many = text.repeat(10);
        let shown = shown(&many, 0, many.len());
        assert!(shown.contains("1 | {\n") && !shown.contains("2 |"), "{shown}");
    }

    #[test]
    fn places_without_text_are_shown() {
        assert!(shown("", 0, 0).contains("dir/a.json:1:1"));
        assert!(shown("[\n", 2, 2).contains("dir/a.json:2:1"));
        assert!(shown("é", 1, 99).contains("dir/a.json:1:1"));
        assert!(shown("[]", 50, 60).contains("dir/a.json:1:3"));
    }

    #[test]
    fn a_problem_without_a_loaded_file_names_the_path() {
        let problem = Problem::warning("no-file", "cannot read this").in_path("b.json");
        let shown = render(&problem, &Files::default(), false);
        assert_eq!(shown.lines().next(), Some("warning[no-file]: cannot read this"));
        assert!(shown.contains("--> b.json"), "{shown}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_mark() {
        let text = format!("[{}]", "\"é\\n\",".repeat(1_000_000));
        let middle = 7 * 500_000 + 1;
        let cases = [
            (0, 1),
            (middle, middle + 6),
            (0, text.len()),
            (middle, 2 * middle),
            (text.len() - 1, text.len()),
        ];
        for (start, end) in cases {
            let shown = shown(&text, start, end);
            assert!(shown.len() < 1000, "{}", shown.len());
            let column = text.get(..start).unwrap().chars().count() + 1;
            assert!(shown.contains(&format!("--> dir/a.json:1:{column}\n")), "{shown}");
            let (line, marks) = shown.split_once("1 | ").unwrap().1.split_once("\n  | ").unwrap();
            let mark = marks.find('^').unwrap();
            let first = line.chars().nth(mark).unwrap();
            assert_eq!(Some(first), text.get(start..).unwrap().chars().next(), "{shown}");
        }
    }
}
