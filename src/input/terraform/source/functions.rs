//! The functions of the language, as far as texts and collections of policies need them.
//!
//! <https://developer.hashicorp.com/terraform/language/functions>. A function whose result depends on what is not known, or
//! that is not here (those of hashes, times and addresses, regular expressions, and those of providers), has no result.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::evaluate::{Bound, Scope, pairs};
use super::instances::World;
use super::texts::Composed;
use super::value::{Kind, Member, Value};
use crate::text::{Located, Span, Text, json};

/// A call.
pub(super) struct Call<'c, 'm> {
    pub(super) name: &'c str,
    pub(super) arguments: &'c [Value],
    pub(super) span: Span,
    pub(super) world: &'c World<'m>,
    pub(super) scope: Scope<'c, 'm>,
}

impl<'m> Call<'_, 'm> {
    pub(super) fn result(&self) -> Option<Value> {
        self.of_encodings()
            .or_else(|| self.of_texts())
            .or_else(|| self.of_lists())
            .or_else(|| self.of_several())
            .or_else(|| self.of_rows())
            .or_else(|| self.of_objects())
            .or_else(|| self.of_files())
            .or_else(|| self.of_numbers())
    }

    fn argument(&self, index: usize) -> Option<&Value> {
        self.arguments.get(index)
    }

    /// A text that is known.
    fn known(&self, index: usize) -> Option<Arc<str>> {
        self.argument(index)?.as_known_text()
    }

    fn list(&self, index: usize) -> Option<&[Value]> {
        self.argument(index)?.as_list()
    }

    fn object(&self, index: usize) -> Option<&[Member]> {
        self.argument(index)?.as_object()
    }

    /// A text that stands where it is computed.
    fn text(&self, text: impl Into<Arc<str>>) -> Option<Value> {
        Some(Value::text(self.span, text))
    }

    fn boolean(&self, value: bool) -> Option<Value> {
        Some(Value::bool(self.span, value))
    }

    fn items(&self, items: impl IntoIterator<Item = Value>) -> Option<Value> {
        Some(Value::list(self.span, items))
    }

    fn of_encodings(&self) -> Option<Value> {
        let value = self.argument(0)?;
        match self.name {
            "jsonencode" => {
                let mut unknowns = BTreeSet::new();
                let tree = value.to_texts(&mut unknowns)?;
                Some(Value::new(value.span, Kind::Json(tree.into(), unknowns.into())))
            }
            "jsondecode" => decoded(value),
            "tostring" => match &value.kind {
                Kind::Number(_) | Kind::Bool(_) => self.text(value.as_known_text()?),
                _ => Some(value.clone()),
            },
            "tonumber" => value.as_number().map(|number| Value::number(self.span, number)),
            "tobool" => value.as_bool().and_then(|value| self.boolean(value)),
            "sensitive" | "nonsensitive" | "tolist" | "tomap" | "ephemeralasnull" | "tuple" => {
                Some(value.clone())
            }
            _ => None,
        }
    }

    fn of_texts(&self) -> Option<Value> {
        match self.name {
            "format" => {
                let mut composed = Composed::default();
                formatted(&self.known(0)?, self.arguments.get(1..)?, &mut composed, self.span)?;
                Some(composed.finish(self.span))
            }
            "join" => {
                let separator = Value::text(self.span, self.known(0)?);
                let mut composed = Composed::default();
                for (index, item) in self.list(1)?.iter().enumerate() {
                    if index > 0 {
                        composed.value(&separator, self.span.start);
                    }
                    composed.value(item, self.span.start).then_some(())?;
                }
                Some(composed.finish(self.span))
            }
            "split" => {
                let (separator, text) = (self.known(0)?, self.known(1)?);
                let parts: Vec<&str> = match (&*separator, &*text) {
                    (_, "") => Vec::new(),
                    ("", text) => text.split("").filter(|part| !part.is_empty()).collect(),
                    (separator, text) => text.split(separator).collect(),
                };
                self.items(parts.into_iter().map(|part| Value::text(self.span, part)))
            }
            "replace" => {
                let (text, from, to) = (self.known(0)?, self.known(1)?, self.known(2)?);
                let is_expression = from.len() > 1 && from.starts_with('/') && from.ends_with('/');
                (!is_expression).then(|| Value::text(self.span, text.replace(&*from, &to)))
            }
            "lower" => self.text(self.known(0)?.to_lowercase()),
            "upper" => self.text(self.known(0)?.to_uppercase()),
            "title" => self.text(titled(&self.known(0)?)),
            "trimspace" => self.text(self.known(0)?.trim()),
            "chomp" => self.text(self.known(0)?.trim_end_matches(['\n', '\r'])),
            "trimprefix" => {
                let (text, part) = (self.known(0)?, self.known(1)?);
                self.text(text.strip_prefix(&*part).unwrap_or(&text))
            }
            "trimsuffix" => {
                let (text, part) = (self.known(0)?, self.known(1)?);
                self.text(text.strip_suffix(&*part).unwrap_or(&text))
            }
            "trim" => {
                let (text, parts) = (self.known(0)?, self.known(1)?);
                self.text(text.trim_matches(|c| parts.contains(c)))
            }
            "substr" => {
                let text: Vec<char> = self.known(0)?.chars().collect();
                let from = self.argument(1)?.as_index()?;
                let rest = text.get(from..).unwrap_or_default();
                let length = self.argument(2)?.as_number()?;
                let taken = self.argument(2)?.as_index().filter(|_| length >= 0.0).unwrap_or(rest.len());
                self.text(rest.iter().take(taken).collect::<String>())
            }
            "startswith" => self.boolean(self.known(0)?.starts_with(&*self.known(1)?)),
            "endswith" => self.boolean(self.known(0)?.ends_with(&*self.known(1)?)),
            "strcontains" => self.boolean(self.known(0)?.contains(&*self.known(1)?)),
            "indent" => {
                let spaces = " ".repeat(self.argument(0)?.as_index()?.min(256));
                self.text(self.known(1)?.replace('\n', &format!("\n{spaces}")))
            }
            "basename" => self.text(self.known(0)?.rsplit('/').next().unwrap_or_default()),
            "dirname" => self.text(self.known(0)?.rsplit_once('/').map_or(".", |(folder, _)| folder)),
            _ => None,
        }
    }

    fn of_lists(&self) -> Option<Value> {
        match self.name {
            // What is not known stays in the list, so that it is not dropped.
            "concat" => {
                let all = self.arguments.iter().flat_map(|one| match one.as_list() {
                    Some(items) => items.to_vec(),
                    None => vec![one.clone()],
                });
                self.items(all.collect::<Vec<_>>())
            }
            "flatten" => {
                let mut items = Vec::new();
                self.list(0)?.iter().for_each(|item| flatten(item, &mut items));
                self.items(items)
            }
            "distinct" => self.items(distinct(self.list(0)?)?),
            "setunion" => {
                let all: Option<Vec<&[Value]>> = self.arguments.iter().map(Value::as_list).collect();
                self.items(distinct(&all?.concat())?)
            }
            "toset" => {
                let mut items = distinct(self.list(0)?)?;
                items.sort_by_key(|item| item.as_text(&mut BTreeSet::new()));
                self.items(items)
            }
            "sort" => {
                let mut items = self.list(0)?.to_vec();
                items.sort_by_key(|item| item.as_text(&mut BTreeSet::new()));
                self.items(items)
            }
            "reverse" => self.items(self.list(0)?.iter().rev().cloned().collect::<Vec<_>>()),
            "compact" => {
                let kept = |item: &&Value| !item.is_null() && item.as_known_text().as_deref() != Some("");
                self.items(self.list(0)?.iter().filter(kept).cloned().collect::<Vec<_>>())
            }
            "element" => {
                let items = self.list(0)?;
                let index = self.argument(1)?.as_index()?.checked_rem(items.len())?;
                items.get(index).cloned()
            }
            "one" => match self.list(0)? {
                [] => Some(Value::null(self.span)),
                [only] => Some(only.clone()),
                _ => None,
            },
            "slice" => {
                let (from, to) = (self.argument(1)?.as_index()?, self.argument(2)?.as_index()?);
                self.items(self.list(0)?.get(from..to)?.to_vec())
            }
            "contains" => {
                let found: Vec<Option<bool>> =
                    self.list(0)?.iter().map(|item| item.same(self.argument(1)?)).collect();
                if found.contains(&Some(true)) {
                    return self.boolean(true);
                }
                found.iter().all(Option::is_some).then(|| Value::bool(self.span, false))
            }
            _ => None,
        }
    }

    /// Functions that choose among their arguments or combine them.
    fn of_several(&self) -> Option<Value> {
        match self.name {
            "coalesce" => {
                let is_empty =
                    |value: &Value| value.is_null() || value.as_known_text().as_deref() == Some("");
                self.arguments.iter().find(|value| !is_empty(value)).cloned()
            }
            "coalescelist" => self
                .arguments
                .iter()
                .find(|value| value.as_list().is_none_or(|list| !list.is_empty()))
                .cloned(),
            "setintersection" | "setsubtract" => {
                let (first, second) = (self.list(0)?, self.list(1)?);
                let stays = self.name == "setintersection";
                let mut items = Vec::new();
                for item in first {
                    let found: Option<Vec<bool>> = second.iter().map(|other| item.same(other)).collect();
                    if found?.contains(&true) == stays {
                        items.push(item.clone());
                    }
                }
                self.items(items)
            }
            "setproduct" => {
                let lists: Option<Vec<&[Value]>> = self.arguments.iter().map(Value::as_list).collect();
                let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
                for list in lists? {
                    if rows.len().saturating_mul(list.len()) > MOST_ITEMS {
                        return None;
                    }
                    let with = |row: &Vec<Value>| {
                        let row = row.clone();
                        list.iter().map(move |item| row.iter().cloned().chain([item.clone()]).collect())
                    };
                    rows = rows.iter().flat_map(with).collect();
                }
                self.items(
                    rows.into_iter().map(|row: Vec<Value>| Value::list(self.span, row)).collect::<Vec<_>>(),
                )
            }
            _ => None,
        }
    }

    /// Functions that make lists, or one value of a list.
    fn of_rows(&self) -> Option<Value> {
        match self.name {
            "formatlist" => {
                let length = self.arguments.iter().filter_map(Value::as_list).map(<[Value]>::len).max()?;
                let mut rows = Vec::new();
                for row in 0..length {
                    let of = |one: &Value| match one.as_list() {
                        Some(items) => items.get(row).cloned(),
                        None => Some(one.clone()),
                    };
                    let arguments: Option<Vec<Value>> = self.arguments.iter().map(of).collect();
                    let call = Call { name: "format", arguments: &arguments?, ..*self };
                    rows.push(call.of_texts()?);
                }
                self.items(rows)
            }
            "range" => {
                let numbers: Option<Vec<usize>> = self.arguments.iter().map(Value::as_index).collect();
                let (from, to) = match numbers?.as_slice() {
                    [to] => (0, *to),
                    [from, to] => (*from, *to),
                    _ => return None,
                };
                let numbers =
                    (from..to.min(from.saturating_add(MOST_ITEMS))).map(|number| number.to_string());
                self.items(numbers.map(|number| Value::text(self.span, number)).collect::<Vec<_>>())
            }
            "alltrue" | "anytrue" => {
                let all: Option<Vec<bool>> = self.list(0)?.iter().map(Value::as_bool).collect();
                let all = all?;
                self.boolean(if self.name == "alltrue" { !all.contains(&false) } else { all.contains(&true) })
            }
            _ => None,
        }
    }

    fn of_objects(&self) -> Option<Value> {
        match self.name {
            "merge" => {
                let mut merged: Vec<Member> = Vec::new();
                for one in self.arguments.iter().filter(|one| !one.is_null()) {
                    for member in one.as_object()? {
                        merged.retain(|known| known.key.value != member.key.value);
                        merged.push(member.clone());
                    }
                }
                Some(Value::object(self.span, merged))
            }
            "keys" | "values" => {
                let keys = self.name == "keys";
                self.object(0)?;
                let pairs = pairs(self.argument(0)?)?.into_iter();
                self.items(pairs.map(|(key, value)| if keys { key } else { value }).collect::<Vec<_>>())
            }
            "lookup" => {
                let (key, of) = (self.known(1)?, self.argument(0)?);
                of.as_object()?;
                of.get(&key).or(self.argument(2)).cloned()
            }
            "zipmap" => {
                let (keys, values) = (self.list(0)?, self.list(1)?);
                let member = |(key, value): (&Value, &Value)| {
                    let name = key.as_known_text()?;
                    Some(Member { key: Located::new(name, key.span), value: value.clone() })
                };
                let members: Option<Vec<Member>> = keys.iter().zip(values).map(member).collect();
                Some(Value::object(self.span, members?))
            }
            "length" => {
                let value = self.argument(0)?;
                let number = match &value.kind {
                    Kind::List(items) => items.len(),
                    Kind::Object(members) => members.len(),
                    _ => value.as_known_text()?.chars().count(),
                };
                self.text(number.to_string())
            }
            _ => None,
        }
    }

    fn of_files(&self) -> Option<Value> {
        match self.name {
            "file" => {
                let (file, text) = self.world.texts.get(&self.known(0)?)?;
                let span = Span::new(file, 0, u32::try_from(text.len()).unwrap_or(u32::MAX));
                let text = Text::from_source(text, 0);
                Some(Value::new(span, Kind::Text(text)))
            }
            "fileexists" => self.world.texts.get(&self.known(0)?).and_then(|_| self.boolean(true)),
            "fileset" => {
                let found = self.world.texts.matching(&self.known(0)?, &self.known(1)?);
                self.items(found.into_iter().map(|path| Value::text(self.span, path)).collect::<Vec<_>>())
            }
            "templatefile" => {
                let (source, template) = self.world.texts.template(&self.known(0)?)?;
                let members = self.object(1)?.to_vec();
                self.template(source, template, &members, None)
            }
            _ => None,
        }
    }

    /// A template with names for all these values, and no others.
    fn template(
        &self,
        source: &'m super::modules::Source,
        template: &'m hcl_edit::template::Template,
        members: &[Member],
        outer: Option<&Bound<'_>>,
    ) -> Option<Value> {
        match members.split_first() {
            Some((first, rest)) => {
                let bound = Bound { name: &first.key.value, value: first.value.clone(), outer };
                self.template(source, template, rest, Some(&bound))
            }
            None => {
                let end = u32::try_from(source.text.len()).unwrap_or(u32::MAX);
                let span = Span::new(source.file, 0, end);
                let scope = Scope { source, instance: self.scope.instance, each: None, bound: outer };
                Some(self.world.template(template, span, false, scope))
            }
        }
    }

    fn of_numbers(&self) -> Option<Value> {
        let numbers: Option<Vec<f64>> = self.arguments.iter().map(Value::as_number).collect();
        let numbers = numbers?;
        let first = numbers.first().copied()?;
        let number = match self.name {
            "max" => numbers.iter().copied().fold(first, f64::max),
            "min" => numbers.iter().copied().fold(first, f64::min),
            "abs" => first.abs(),
            "ceil" => first.ceil(),
            "floor" => first.floor(),
            _ => return None,
        };
        Some(Value::number(self.span, number))
    }
}

/// Lists that functions make have at most so many elements.
const MOST_ITEMS: usize = 100_000;

/// What a text of JSON says.
fn decoded(value: &Value) -> Option<Value> {
    match &value.kind {
        Kind::Json(tree, unknowns) if unknowns.is_empty() => Some(Value::from_tree(tree)),
        Kind::Text(text) => {
            let tree = json::parse_embedded(text, value.span, json::Decoding::Plain, &mut Vec::new())?;
            Some(Value::from_tree(&tree))
        }
        _ => None,
    }
}

fn flatten(value: &Value, items: &mut Vec<Value>) {
    match value.as_list() {
        Some(inner) => inner.iter().for_each(|item| flatten(item, items)),
        None => items.push(value.clone()),
    }
}

/// `None` where there are too many to compare each with each.
fn distinct(items: &[Value]) -> Option<Vec<Value>> {
    const MOST: usize = 10_000;
    if items.len() > MOST {
        return None;
    }
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !kept.iter().any(|known| known.same(item) == Some(true)) {
            kept.push(item.clone());
        }
    }
    Some(kept)
}

fn titled(text: &str) -> String {
    let mut after_space = true;
    text.chars()
        .map(|c| {
            let c = if after_space { c.to_ascii_uppercase() } else { c };
            after_space = c.is_whitespace();
            c
        })
        .collect()
}

/// `%s`, `%d`, `%v` and `%q`, one after the other; `None` for what is not here.
fn formatted(format: &str, arguments: &[Value], composed: &mut Composed, span: Span) -> Option<()> {
    let mut parts = format.split('%');
    let mut arguments = arguments.iter();
    let mut push = |text: &str| composed_text(composed, text, span);
    push(parts.next()?);
    while let Some(part) = parts.next() {
        let Some(verb) = part.chars().next() else {
            // `%%`: what stands behind the second is plain.
            composed_text(composed, "%", span);
            composed_text(composed, parts.next()?, span);
            continue;
        };
        let argument = arguments.next()?;
        match verb {
            's' | 'v' | 'd' => composed.value(argument, span.start).then_some(())?,
            'q' => {
                let quoted = serde_json::Value::from(&*argument.as_known_text()?).to_string();
                composed_text(composed, &quoted, span);
            }
            _ => return None,
        }
        composed_text(composed, part.get(verb.len_utf8()..)?, span);
    }
    Some(())
}

fn composed_text(composed: &mut Composed, text: &str, span: Span) {
    composed.value(&Value::text(span, text), span.start);
}
