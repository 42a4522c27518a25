//! Items taken out of lists of JSON and YAML and put into them, as changes of the text: the way that a file is written
//! is kept, with its comments. Only lists change; whatever else a change would take is refused.

use super::json;
use super::render_value::{Style, value};
use super::{Entry, Kind, Located, Map, Span, Splice, Text, Tree};

/// What happens to the items of one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListEdit {
    /// The places of items that are taken out, counted from 0.
    pub take: Vec<usize>,
    /// Items that are put in at the end.
    pub add: Vec<New>,
}

/// A value that stands in no file yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum New {
    /// A string.
    Text(String),
    /// An array.
    List(Vec<New>),
    /// An object, with its entries in order.
    Map(Vec<(&'static str, New)>),
    /// What this text says as JSON.
    Json(String),
}

impl New {
    /// As a value, for printing: it has no place of its own.
    fn tree(&self, nowhere: Span) -> Result<Tree, String> {
        let kind = match self {
            Self::Text(text) => Kind::Text(Text::verbatim(text.as_str())),
            Self::List(items) => {
                Kind::List(items.iter().map(|item| item.tree(nowhere)).collect::<Result<_, _>>()?)
            }
            Self::Map(entries) => {
                let entry = |(key, value): &(&str, Self)| {
                    Ok(Entry { key: Located::new((*key).into(), nowhere), value: value.tree(nowhere)? })
                };
                Kind::Map(Map { entries: entries.iter().map(entry).collect::<Result<_, String>>()? })
            }
            Self::Json(text) => {
                let read = json::parse(nowhere.file, text, &mut Vec::new());
                return read.ok_or_else(|| format!("`{text}` is no JSON"));
            }
        };
        Ok(Tree { span: nowhere, kind })
    }
}

/// The changes of `text` that make `edit` of the list. The error says, for people, why that cannot be done.
pub fn edit(text: &str, list: &Tree, edit: &ListEdit) -> Result<Vec<Splice>, String> {
    let Some(items) = list.as_list() else { return Err("it is no list".to_owned()) };
    let added = edit.add.iter().map(|new| new.tree(list.span)).collect::<Result<_, _>>()?;
    let is_taken: Vec<bool> = (0..items.len()).map(|index| edit.take.contains(&index)).collect();
    let change = Change { text, list: list.span, items, is_taken, added };
    match text.get(list.span.start as usize..).and_then(|rest| rest.chars().next()) {
        Some('[') if items.is_empty() => change.in_empty(),
        Some('[') => change.in_brackets(),
        _ => change.in_block(),
    }
}

/// How many places a level is indented where the text does not tell.
const USUAL: &str = "  ";

struct Change<'a> {
    text: &'a str,
    list: Span,
    items: &'a [Tree],
    is_taken: Vec<bool>,
    added: Vec<Tree>,
}

impl Change<'_> {
    fn slice(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    fn splice(&self, start: u32, end: u32, new: String) -> Splice {
        Splice { span: Span::new(self.list.file, start, end), new }
    }

    /// The white space that the line of `at` begins with.
    fn indent(&self, at: u32) -> &str {
        let line = self.slice(self.line_start(at), at);
        line.get(..line.len() - line.trim_start().len()).unwrap_or_default()
    }

    fn line_start(&self, at: u32) -> u32 {
        let before = self.text.get(..at as usize).unwrap_or_default();
        offset(before.rfind('\n').map_or(0, |found| found + 1))
    }

    /// Just after the line break of the line of `at`.
    fn line_end(&self, at: u32) -> u32 {
        let rest = self.text.get(at as usize..).unwrap_or_default();
        at.saturating_add(offset(rest.find('\n').map_or(rest.len(), |found| found + 1)))
    }

    /// One level of indentation of the file: that of its first indented line.
    fn unit(&self) -> &str {
        let first = self.text.lines().find(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty());
        first.and_then(|line| line.get(..line.len() - line.trim_start().len())).unwrap_or(USUAL)
    }

    /// `[]`, with nothing but white space in it.
    fn in_empty(&self) -> Result<Vec<Splice>, String> {
        if self.added.is_empty() {
            return Ok(Vec::new());
        }
        let (start, end) = (self.list.start + 1, self.list.end.saturating_sub(1));
        if !self.slice(start, end).trim().is_empty() {
            return Err("there is a comment in the empty list".to_owned());
        }
        let (outer, unit) = (self.indent(self.list.start), self.unit());
        let is_compact = !self.text.trim_end().contains('\n') || self.line_end(0) >= self.list.end;
        if is_compact {
            let values: Vec<String> = self.added.iter().map(|tree| value(tree, &Style::Compact)).collect();
            return Ok(vec![self.splice(start, end, values.join(", "))]);
        }
        let indent = format!("{outer}{unit}");
        let style = Style::Spread { indent: &indent, unit };
        let values: Vec<String> =
            self.added.iter().map(|tree| format!("\n{indent}{}", value(tree, &style))).collect();
        Ok(vec![self.splice(start, end, format!("{}\n{outer}", values.join(",")))])
    }

    /// A list in brackets, of JSON or of YAML: what stands between items is a comma and white space.
    fn in_brackets(&self) -> Result<Vec<Splice>, String> {
        let Some((first, last)) = self.items.first().zip(self.items.last()) else { return Ok(Vec::new()) };
        let lead = self.slice(self.list.start + 1, first.span.start);
        let between: Vec<&str> =
            self.items.windows(2).map(|pair| self.between(pair)).collect::<Result<_, String>>()?;
        let tail = self.slice(last.span.end, self.list.end.saturating_sub(1));
        if !lead.trim().is_empty() || !tail.trim().is_empty() {
            return Err("there is a comment beside the items of the list".to_owned());
        }
        let gap = match (between.first(), lead.contains('\n')) {
            (_, true) => format!(",{lead}"),
            (Some(known), false) => (*known).to_owned(),
            (None, false) => ", ".to_owned(),
        };
        let new: Vec<String> = self.added.iter().map(|tree| self.in_style(tree, lead)).collect();
        let kept: Vec<usize> =
            (0..self.items.len()).filter(|index| self.is_taken.get(*index) == Some(&false)).collect();
        let (Some(first_kept), Some(last_kept)) = (kept.first(), kept.last()) else {
            return Ok(vec![match new.is_empty() {
                true => self.splice(self.list.start + 1, self.list.end.saturating_sub(1), String::new()),
                false => self.splice(first.span.start, last.span.end, new.join(&gap)),
            }]);
        };
        let mut splices = Vec::new();
        let place = |index: usize| self.items.get(index).map_or(self.list, |item| item.span);
        if *first_kept > 0 {
            splices.push(self.splice(first.span.start, place(*first_kept).start, String::new()));
        }
        for pair in kept.windows(2) {
            if let [one, next] = pair
                && next - one > 1
            {
                // The comma before the next item stays.
                splices.push(self.splice(place(*one).end, place(next - 1).end, String::new()));
            }
        }
        let added: String = new.iter().map(|text| format!("{gap}{text}")).collect();
        if *last_kept + 1 < self.items.len() || !added.is_empty() {
            splices.push(self.splice(place(*last_kept).end, last.span.end, added));
        }
        Ok(splices)
    }

    fn between(&self, pair: &[Tree]) -> Result<&str, String> {
        let [one, next] = pair else { return Ok(",") };
        let gap = self.slice(one.span.end, next.span.start);
        if gap.trim() == "," {
            Ok(gap)
        } else {
            Err("there is a comment between the items of the list".to_owned())
        }
    }

    /// A new item, written as the others are: over several lines where they stand on lines of their own.
    fn in_style(&self, tree: &Tree, lead: &str) -> String {
        let Some((_, indent)) = lead.rsplit_once('\n') else { return value(tree, &Style::Compact) };
        let closing = self.indent(self.list.end.saturating_sub(1));
        let unit = indent.strip_prefix(closing).filter(|unit| !unit.is_empty()).unwrap_or(USUAL);
        value(tree, &Style::Spread { indent, unit })
    }

    /// A list of YAML whose items stand on lines that begin with a dash.
    fn in_block(&self) -> Result<Vec<Splice>, String> {
        let Some(last) = self.items.last() else { return Err("the list is empty".to_owned()) };
        let dash = self.dash(last)?;
        let mut splices = Vec::new();
        for (item, _) in self.items.iter().zip(&self.is_taken).filter(|(_, taken)| **taken) {
            self.dash(item)?;
            let (start, end) = (self.line_start(item.span.start), self.line_end(self.last_byte(item)));
            splices.push(self.splice(start, end, String::new()));
        }
        let end = self.line_end(self.last_byte(last));
        if !self.added.is_empty() {
            splices.push(self.splice(end, end, self.block_items(dash, end)));
        } else if self.is_taken.iter().all(|taken| *taken) {
            splices.push(self.emptied()?);
        }
        Ok(splices)
    }

    /// Where an item ends; what a block of text ends with belongs to it.
    fn last_byte(&self, item: &Tree) -> u32 {
        let whole = self.slice(item.span.start, item.span.end);
        item.span.start.saturating_add(offset(whole.trim_end().len()))
    }

    fn block_items(&self, dash: &str, end: u32) -> String {
        let ends_line = self.slice(0, end).ends_with('\n');
        let indent = format!("{dash}  ");
        let style = Style::Block { indent: &indent };
        let items = self.added.iter().map(|tree| format!("{dash}- {}\n", value(tree, &style)));
        let items: String = items.collect();
        if ends_line { items } else { format!("\n{}", items.trim_end()) }
    }

    /// The indentation of the dash of an item, which has to be all that stands before it on its line.
    fn dash(&self, item: &Tree) -> Result<&str, String> {
        let before = self.slice(self.line_start(item.span.start), item.span.start);
        let indent = before.trim_end().strip_suffix('-');
        indent
            .filter(|indent| indent.trim().is_empty())
            .ok_or_else(|| "an item does not stand on a line of its own".to_owned())
    }

    /// Says that the list is empty, behind its key.
    fn emptied(&self) -> Result<Splice, String> {
        let before = self.slice(0, self.list.start);
        let end = before.trim_end().trim_end_matches('-').trim_end();
        if !end.ends_with(':') {
            return Err("there is a comment between the list and its key".to_owned());
        }
        let at = offset(end.len());
        Ok(self.splice(at, at, " []".to_owned()))
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The values on the way from the root to the one that stands at just this place, the root first. Empty if there is
/// none.
#[must_use]
pub fn way(tree: &Tree, to: Span) -> Vec<&Tree> {
    let mut way = Vec::new();
    find(tree, to, &mut way);
    way
}

fn find<'t>(tree: &'t Tree, to: Span, way: &mut Vec<&'t Tree>) -> bool {
    if tree.span != to && !tree.span.contains(to) {
        return false;
    }
    way.push(tree);
    let inside = match &tree.kind {
        Kind::List(items) => items.iter().any(|item| find(item, to, way)),
        Kind::Map(map) => map.entries.iter().any(|entry| find(&entry.value, to, way)),
        _ => false,
    };
    if inside || tree.span == to {
        return true;
    }
    way.pop();
    false
}

#[cfg(test)]
mod tests;
