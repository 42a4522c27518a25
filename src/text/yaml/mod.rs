//! YAML as located trees, for what cloud tools print with `--format=yaml`.
//!
//! The core schema of YAML 1.2: `null`, `true`, numbers; everything else is a string. Anchors and aliases are followed
//! within limits, merge keys (`<<`) and tags that change a type are refused: no cloud tool writes them, and what they
//! mean is not agreed upon. The parser is `saphyr-parser`; only its events are used, so that each value keeps its place.

mod comments;
#[cfg(test)]
mod tests;

pub use comments::comments;

use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Marked, Tag};

use super::{Entry, FileId, Kind, Located, Map, Problem, Span, Text, Tree};

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 128;
/// The code of the problem of a tag: templates have them, exports do not.
pub const TAGGED: &str = "yaml-tag";
/// More values than this, those that aliases stand for included, are refused.
const MAX_VALUES: usize = 2_000_000;

/// The document that a text is; several become an array. `None` after a problem.
pub fn parse(file: FileId, text: &str, problems: &mut Vec<Problem>) -> Option<Tree> {
    let mut reader = Reader::new(file, text);
    let mut documents = Vec::new();
    for event in Parser::new_from_str(text) {
        let read = match event {
            Ok((event, place)) => reader.event(event, place),
            Err(error) => Err(reader.problem(error.info(), error.marker().index(), error.marker().index())),
        };
        match read {
            Ok(document) => documents.extend(document),
            Err(problem) => {
                problems.push(*problem);
                return None;
            }
        }
    }
    match (documents.pop(), documents.is_empty()) {
        (Some(only), true) => Some(only),
        (Some(last), false) => {
            let span = documents.first().map_or(last.span, |first| first.span.to(last.span));
            documents.push(last);
            Some(Tree { span, kind: Kind::List(documents) })
        }
        (None, _) => {
            problems.push(*reader.problem("the file is empty", 0, 0));
            None
        }
    }
}

type Read<T> = Result<T, Box<Problem>>;

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    /// The byte of each character: the parser counts characters.
    bytes: Vec<u32>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Tree, usize)>,
    values: usize,
}

/// A list or an object that is not closed yet.
struct Open {
    anchor: usize,
    start: u32,
    /// How many values were read before it.
    before: usize,
    content: Content,
    /// The function that its tag stands for.
    function: Option<&'static str>,
}

enum Content {
    List(Vec<Tree>),
    Map(Vec<Entry>, Option<Located<Arc<str>>>),
}

impl<'t> Reader<'t> {
    fn new(file: FileId, text: &'t str) -> Self {
        let bytes = text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect();
        Self { file, text, bytes, open: Vec::new(), anchors: BTreeMap::new(), values: 0 }
    }

    fn byte(&self, character: usize) -> u32 {
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.bytes.get(character).copied().unwrap_or(end)
    }

    fn span(&self, place: Marked) -> Span {
        let (start, end) = (self.byte(place.start.index()), self.byte(place.end.index()));
        Span::new(self.file, start, end.max(start))
    }

    fn problem(&self, message: &str, start: usize, end: usize) -> Box<Problem> {
        let span = Span::new(self.file, self.byte(start), self.byte(end.max(start)));
        Box::new(Problem::error("yaml-syntax", format!("this is no YAML: {message}")).at(span))
    }

    fn wrong(&self, message: &str, place: Marked) -> Box<Problem> {
        self.problem(message, place.start.index(), place.end.index())
    }

    fn tagged(&self, tag: &Tag, place: Marked) -> Box<Problem> {
        let mut problem = self.wrong(&format!("the tag `{}{}` is not read", tag.handle, tag.suffix), place);
        problem.code = TAGGED;
        problem
    }

    /// Takes one event; answers with a document that it completes.
    fn event(&mut self, event: Event<'_>, place: Marked) -> Read<Option<Tree>> {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let function = tag.as_deref().and_then(function);
                let kind = match function {
                    Some(_) => Kind::Text(self.text(&value, place)),
                    None => self.scalar(&value, style, tag.as_deref(), place)?,
                };
                let tree = called(function, Tree { span: self.span(place), kind });
                self.value(tree, anchor, 1, place)
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(anchor, Content::List(Vec::new()), tag.as_deref(), place)
            }
            Event::MappingStart(anchor, tag) => {
                self.open(anchor, Content::Map(Vec::new(), None), tag.as_deref(), place)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(place),
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let (tree, size) = known.ok_or_else(|| self.wrong("the alias stands for nothing", place))?;
                let deepest = self.open.len() + depth(&tree);
                if deepest > MAX_DEPTH {
                    return Err(self.wrong("it is nested too deeply", place));
                }
                self.value(tree, 0, size, place)
            }
            Event::DocumentStart(_) => {
                self.anchors.clear();
                Ok(None)
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(None),
        }
    }

    fn open(
        &mut self,
        anchor: usize,
        content: Content,
        tag: Option<&Tag>,
        place: Marked,
    ) -> Read<Option<Tree>> {
        let function = tag.and_then(function);
        let is_core = |tag: &&Tag| ["seq", "map"].contains(&tag.suffix.as_str());
        if let Some(tag) = tag.filter(|tag| function.is_none() && !is_core(tag)) {
            return Err(self.tagged(tag, place));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.wrong("it is nested too deeply", place));
        }
        if matches!(self.open.last(), Some(Open { content: Content::Map(_, None), .. })) {
            return Err(self.wrong("a key is an object or an array", place));
        }
        let start = self.byte(place.start.index());
        self.open.push(Open { anchor, start, before: self.values, content, function });
        Ok(None)
    }

    fn close(&mut self, place: Marked) -> Read<Option<Tree>> {
        let Some(open) = self.open.pop() else { return Ok(None) };
        let last = match &open.content {
            Content::List(items) => items.last().map(|item| item.span.end),
            Content::Map(entries, _) => entries.last().map(|entry| entry.value.span.end),
        };
        // A block ends where the next begins; what matters is where its last value does.
        let end = match self.text.get(open.start as usize..).and_then(|text| text.chars().next()) {
            Some('[' | '{') => self.byte(place.end.index()),
            _ => last.unwrap_or_else(|| self.byte(place.end.index())),
        };
        let kind = match open.content {
            Content::List(items) => Kind::List(items),
            Content::Map(entries, _) => Kind::Map(Map { entries }),
        };
        let size = self.values - open.before + 1;
        let span = Span::new(self.file, open.start, end.max(open.start));
        let tree = called(open.function, Tree { span, kind });
        self.value(tree, open.anchor, size, place)
    }

    /// Puts a complete value where it belongs.
    fn value(&mut self, tree: Tree, anchor: usize, size: usize, place: Marked) -> Read<Option<Tree>> {
        let is_alias = anchor == 0 && size > 1;
        self.values += if is_alias { size } else { 1 };
        if self.values > MAX_VALUES {
            return Err(self.wrong("it holds too many values", place));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, (tree.clone(), size));
        }
        let key_of_it = as_key(&tree, self.file, self.text);
        let is_key = matches!(self.open.last(), Some(Open { content: Content::Map(_, None), .. }));
        if is_key && key_of_it.is_none() {
            return Err(self.wrong("this is no key that is read here", place));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => return Ok(Some(tree)),
            Some(Content::List(items)) => items.push(tree),
            Some(Content::Map(entries, key)) => match key.take() {
                Some(key) => entries.push(Entry { key, value: tree }),
                None => *key = key_of_it,
            },
        }
        Ok(None)
    }

    fn scalar(&self, value: &str, style: ScalarStyle, tag: Option<&Tag>, place: Marked) -> Read<Kind> {
        let as_text = match tag.map(|tag| tag.suffix.as_str()) {
            None => style != ScalarStyle::Plain,
            Some("str") => true,
            Some(_) => {
                return Err(tag.map_or_else(|| self.wrong("a tag", place), |tag| self.tagged(tag, place)));
            }
        };
        Ok(if as_text { Kind::Text(self.text(value, place)) } else { self.plain(value, place) })
    }

    fn plain(&self, value: &str, place: Marked) -> Kind {
        match value {
            "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
            "true" | "True" | "TRUE" => Kind::Bool(true),
            "false" | "False" | "FALSE" => Kind::Bool(false),
            _ if is_number(value) => Kind::Number(value.into()),
            _ => Kind::Text(self.text(value, place)),
        }
    }

    /// A string with its way back: exact where it stands in the file as it is, else to its beginning.
    fn text(&self, value: &str, place: Marked) -> Text {
        let span = self.span(place);
        let source = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let start = source.find(value).and_then(|at| u32::try_from(at).ok()).unwrap_or(0);
        Text::from_source(value, span.start.saturating_add(start))
    }
}

/// The function of CloudFormation that a tag is short for: `!Sub x` is `{"Fn::Sub": "x"}`.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>
fn function(tag: &Tag) -> Option<&'static str> {
    const FUNCTIONS: [&str; 20] = [
        "Ref",
        "Condition",
        "Fn::And",
        "Fn::Base64",
        "Fn::Cidr",
        "Fn::Contains",
        "Fn::Equals",
        "Fn::FindInMap",
        "Fn::GetAZs",
        "Fn::GetAtt",
        "Fn::If",
        "Fn::ImportValue",
        "Fn::Join",
        "Fn::Length",
        "Fn::Not",
        "Fn::Or",
        "Fn::Select",
        "Fn::Split",
        "Fn::Sub",
        "Fn::Transform",
    ];
    let own = tag.handle == "!" && !tag.suffix.is_empty();
    let names = |name: &&&str| name.strip_prefix("Fn::").unwrap_or(name) == tag.suffix.as_str();
    FUNCTIONS.iter().filter(|_| own).find(names).copied()
}

/// What a function is called with, as JSON has it.
fn called(function: Option<&'static str>, tree: Tree) -> Tree {
    let Some(name) = function else { return tree };
    let span = tree.span;
    let entry = Entry { key: Located::new(name.into(), span), value: tree };
    Tree { span, kind: Kind::Map(Map { entries: vec![entry] }) }
}

/// The key of an entry; merge keys are none.
fn as_key(tree: &Tree, file: FileId, text: &str) -> Option<Located<Arc<str>>> {
    let span = Span::new(file, tree.span.start, tree.span.end);
    let source = text.get(span.start as usize..span.end as usize)?;
    let key: Arc<str> = match &tree.kind {
        Kind::Text(text) if text.as_str() == "<<" && source == "<<" => return None,
        Kind::Text(text) => text.shared(),
        Kind::Number(number) => (**number).into(),
        Kind::Bool(_) | Kind::Null => source.into(),
        Kind::List(_) | Kind::Map(_) => return None,
    };
    Some(Located::new(key, span))
}

/// How many levels a value has. It was built within the limit.
fn depth(tree: &Tree) -> usize {
    match &tree.kind {
        Kind::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Kind::Map(map) => 1 + map.entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0),
        _ => 0,
    }
}

/// A decimal number of the core schema: <https://yaml.org/spec/1.2.2/#1032-tag-resolution>.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = digits.split_once(['e', 'E']).map_or((digits, None), |(m, e)| (m, Some(e)));
    let all = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|text| text.strip_prefix(['-', '+']).unwrap_or(text));
    all(whole)
        && all(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|digits| !digits.is_empty() && all(digits))
}
