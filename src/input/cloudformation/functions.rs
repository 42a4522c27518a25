//! Functions, parameters and conditions of a template.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::mark;
use crate::text::{Anchor, Entry, Kind, Map, Span, Text, Tree};

/// A template, with what its names stand for.
pub(super) struct Template<'t> {
    tree: &'t Tree,
    /// What its generated names begin with: where it lies.
    place: String,
    pub(super) account: &'t str,
    /// What is being worked out, against circles.
    open: RefCell<BTreeSet<String>>,
    steps: RefCell<usize>,
}

/// A value that was worked out.
pub(super) struct Found {
    /// `None` where it is taken away: `AWS::NoValue`.
    pub(super) tree: Option<Tree>,
    /// What it rests on that is not known.
    pub(super) unknowns: BTreeSet<String>,
}

/// Values that are worked out at most, and functions in functions.
const MOST_STEPS: usize = 2_000_000;
const DEEPEST: usize = 96;

impl<'t> Template<'t> {
    pub(super) fn new(tree: &'t Tree, path: &str, account: &'t str) -> Self {
        let place = path.trim_start_matches("./").replace(['/', '\\'], ".");
        Self { tree, place, account, open: RefCell::default(), steps: RefCell::default() }
    }

    pub(super) fn resource(&self, id: &str) -> Option<&'t Tree> {
        self.tree.get("Resources")?.get(id)
    }

    /// What a resource is called that has no name: it is made up, and like nothing else.
    pub(super) fn generated(&self, id: &str) -> String {
        format!("<{}#{id}>", self.place)
    }

    /// Transforms and includes that are not read.
    pub(super) fn transforms(&self) -> Vec<(String, Span)> {
        let Some(given) = self.tree.get("Transform") else { return Vec::new() };
        let one = std::slice::from_ref(given);
        let names = given.as_list().unwrap_or(one).iter();
        let unread = names.filter(|name| {
            !matches!(name.as_str(), Some("AWS::Serverless-2016-10-31" | "AWS::LanguageExtensions"))
        });
        let message = |name: &Tree| {
            let shown = name.as_str().unwrap_or("a transform");
            format!(
                "the transform `{shown}` is not read{}; what it makes was not considered",
                mark(self.tree)
            )
        };
        unread.map(|name| (message(name), name.span)).collect()
    }

    /// The value of a part of the template.
    pub(super) fn value(&self, tree: &Tree) -> Found {
        let mut unknowns = BTreeSet::new();
        let tree = self.of(tree, &mut unknowns, 0);
        Found { tree, unknowns }
    }

    fn of(&self, tree: &Tree, unknowns: &mut BTreeSet<String>, depth: usize) -> Option<Tree> {
        *self.steps.borrow_mut() += 1;
        if depth > DEEPEST || *self.steps.borrow() > MOST_STEPS {
            return Some(unknown(tree.span, "what is too much to work out", unknowns));
        }
        match &tree.kind {
            Kind::List(items) => {
                let items = items.iter().filter_map(|item| self.of(item, unknowns, depth + 1));
                Some(Tree { span: tree.span, kind: Kind::List(items.collect()) })
            }
            Kind::Map(map) => match map.entries.as_slice() {
                [only] if only.key.value.starts_with("Fn::") || &*only.key.value == "Ref" => {
                    self.called(&only.key.value, &only.value, tree.span, unknowns, depth + 1)
                }
                entries => {
                    let entry = |entry: &Entry| {
                        let value = self.of(&entry.value, unknowns, depth + 1)?;
                        Some(Entry { key: entry.key.clone(), value })
                    };
                    let entries = entries.iter().filter_map(entry).collect();
                    Some(Tree { span: tree.span, kind: Kind::Map(Map { entries }) })
                }
            },
            _ => Some(tree.clone()),
        }
    }

    fn called(
        &self,
        name: &str,
        argument: &Tree,
        span: Span,
        unknowns: &mut BTreeSet<String>,
        depth: usize,
    ) -> Option<Tree> {
        let items = argument.as_list().unwrap_or_default();
        let result = match (name, items) {
            ("Ref", _) => match argument.as_str() {
                Some("AWS::NoValue") => return None,
                Some(name) => return Some(self.named(name, span, unknowns, depth)),
                None => None,
            },
            ("Fn::GetAtt", _) => {
                let whole = match items {
                    [id, attribute] => Some(format!("{}.{}", id.as_str()?, attribute.as_str()?)),
                    _ => argument.as_str().map(str::to_owned),
                };
                whole.map(|whole| self.attribute(&whole, span, unknowns, depth))
            }
            ("Fn::Sub", []) => argument
                .as_text()
                .map(|text| self.substituted(text, argument.span, &BTreeMap::new(), unknowns, depth)),
            ("Fn::Sub", [template, given]) => template.as_text().map(|text| {
                let own = given.entries().filter_map(|entry| {
                    Some((entry.key.value.to_string(), self.of(&entry.value, unknowns, depth)?))
                });
                let own: BTreeMap<String, Tree> = own.collect();
                self.substituted(text, template.span, &own, unknowns, depth)
            }),
            ("Fn::Join", [separator, list]) => {
                let list = self.of(list, unknowns, depth)?;
                let parts: Option<Vec<String>> =
                    list.as_list().and_then(|list| list.iter().map(Tree::scalar).collect());
                separator
                    .as_str()
                    .zip(parts)
                    .map(|(separator, parts)| Tree::of_text(span, parts.join(separator)))
            }
            ("Fn::Split", [separator, whole]) => {
                let whole = self.of(whole, unknowns, depth)?;
                separator.as_str().zip(whole.as_str()).map(|(separator, whole)| {
                    let parts = whole.split(separator).map(|part| Tree::of_text(span, part.to_owned()));
                    Tree { span, kind: Kind::List(parts.collect()) }
                })
            }
            ("Fn::Select", [index, list]) => {
                let list = self.of(list, unknowns, depth)?;
                let index = index.scalar().and_then(|index| index.parse::<usize>().ok());
                index.and_then(|index| list.as_list()?.get(index).cloned())
            }
            ("Fn::If", [condition, yes, no]) => match self.condition(condition.as_str()?, depth) {
                Some(true) => return self.of(yes, unknowns, depth),
                Some(false) => return self.of(no, unknowns, depth),
                None => None,
            },
            ("Fn::FindInMap", [map, first, second, ..]) => {
                let mut key = |tree: &Tree| self.of(tree, unknowns, depth)?.scalar();
                let (map, first, second) = (key(map)?, key(first)?, key(second)?);
                let found =
                    self.tree.get("Mappings").and_then(|all| all.get(&map)?.get(&first)?.get(&second));
                found.cloned()
            }
            _ => None,
        };
        Some(result.unwrap_or_else(|| {
            let shown = format!("{name}{}", mark(argument));
            unknown(span, &shown, unknowns)
        }))
    }

    /// What `Ref` stands for: a parameter, a pseudo parameter, or a resource.
    fn named(&self, name: &str, span: Span, unknowns: &mut BTreeSet<String>, depth: usize) -> Tree {
        match name {
            "AWS::AccountId" => return Tree::of_text(span, self.account.to_owned()),
            "AWS::Partition" => return Tree::of_text(span, "aws".to_owned()),
            "AWS::URLSuffix" => return Tree::of_text(span, "amazonaws.com".to_owned()),
            _ => {}
        }
        if let Some(parameter) = self.tree.get("Parameters").and_then(|all| all.get(name)) {
            let is_list =
                parameter.get("Type").and_then(Tree::as_str).is_some_and(|kind| kind.contains("List"));
            return match parameter.get("Default") {
                Some(default) => match default.scalar().filter(|_| is_list) {
                    Some(list) => {
                        let items =
                            list.split(',').map(|item| Tree::of_text(default.span, item.trim().to_owned()));
                        Tree { span: default.span, kind: Kind::List(items.collect()) }
                    }
                    None => default.clone(),
                },
                None => unknown(span, name, unknowns),
            };
        }
        match self.resource(name) {
            Some(_) => self.property(name, super::resources::REF, span, unknowns, depth),
            None => unknown(span, name, unknowns),
        }
    }

    /// `Id.Attribute` of a resource.
    fn attribute(&self, whole: &str, span: Span, unknowns: &mut BTreeSet<String>, depth: usize) -> Tree {
        let (id, attribute) = whole.split_once('.').unwrap_or((whole, ""));
        match self.resource(id) {
            Some(_) => self.property(id, attribute, span, unknowns, depth),
            None => unknown(span, whole, unknowns),
        }
    }

    /// What a resource answers. What is not known of it is made up, and like nothing else.
    fn property(
        &self,
        id: &str,
        attribute: &str,
        span: Span,
        unknowns: &mut BTreeSet<String>,
        depth: usize,
    ) -> Tree {
        let key = format!("{id}.{attribute}");
        if !self.open.borrow_mut().insert(key.clone()) {
            return unknown(span, "what refers to itself", unknowns);
        }
        let parts = super::resources::answer(self, id, attribute);
        let mut whole = String::new();
        for (index, part) in parts.split(['{', '}']).enumerate() {
            match part {
                part if index % 2 == 0 => whole.push_str(part),
                "account" => whole.push_str(self.account),
                "region" => whole.push_str(&unknown_text("AWS::Region", unknowns)),
                "~" => whole.push_str(&self.generated(id)),
                name => {
                    let given = self.resource(id).and_then(|one| one.get("Properties")?.get(name));
                    let given = given.and_then(|given| self.of(given, unknowns, depth)?.scalar());
                    match (given, name) {
                        (Some(text), _) => whole.push_str(&text),
                        (None, "Path") => whole.push('/'),
                        (None, _) => whole.push_str(&self.generated(id)),
                    }
                }
            }
        }
        self.open.borrow_mut().remove(&key);
        Tree::of_text(span, whole)
    }

    /// A text with `${Name}`, `${Id.Attribute}` and `${!Literal}`.
    fn substituted(
        &self,
        given: &Text,
        span: Span,
        own: &BTreeMap<String, Tree>,
        unknowns: &mut BTreeSet<String>,
        depth: usize,
    ) -> Tree {
        let source = given.as_str();
        let place = |at: usize| given.source_span(span, at, at).start;
        let (mut whole, mut anchors) = (String::new(), Vec::new());
        let mut at = 0;
        while let Some(open) = source.get(at..).and_then(|rest| rest.find("${")).map(|found| at + found) {
            push(&mut whole, &mut anchors, source.get(at..open).unwrap_or_default(), place(at));
            let Some(end) = source.get(open..).and_then(|rest| rest.find('}')).map(|found| open + found)
            else {
                at = open;
                break;
            };
            let name = source.get(open + 2..end).unwrap_or_default().trim();
            let value = match name.strip_prefix('!') {
                Some(literal) => format!("${{{literal}}}"),
                None => {
                    let tree = match own.get(name) {
                        Some(tree) => tree.clone(),
                        None if name.contains('.') => self.attribute(name, span, unknowns, depth),
                        None => self.named(name, span, unknowns, depth),
                    };
                    tree.scalar().unwrap_or_else(|| unknown_text(name, unknowns))
                }
            };
            push(&mut whole, &mut anchors, &value, place(open));
            at = end + 1;
        }
        push(&mut whole, &mut anchors, source.get(at..).unwrap_or_default(), place(at));
        if anchors.is_empty() {
            anchors.push(Anchor { decoded: 0, source: span.start });
        }
        Tree { span, kind: Kind::Text(Text::anchored(whole, anchors)) }
    }

    /// Whether a condition holds; `None` where that is not known.
    pub(super) fn condition(&self, name: &str, depth: usize) -> Option<bool> {
        let condition = self.tree.get("Conditions")?.get(name)?;
        self.holds(condition, depth + 1)
    }

    fn holds(&self, condition: &Tree, depth: usize) -> Option<bool> {
        if depth > DEEPEST {
            return None;
        }
        let [entry] = condition.as_map()?.entries.as_slice() else { return None };
        let items = entry.value.as_list().unwrap_or_default();
        match (&*entry.key.value, items) {
            ("Condition", _) => self.condition(entry.value.as_str()?, depth),
            ("Fn::Equals", [left, right]) => {
                let (left, right) = (self.value(left), self.value(right));
                let known = left.unknowns.is_empty() && right.unknowns.is_empty();
                let (left, right) = (left.tree?.scalar()?, right.tree?.scalar()?);
                known.then(|| left == right)
            }
            ("Fn::Not", [inner]) => self.holds(inner, depth + 1).map(|holds| !holds),
            ("Fn::And", all) => {
                let all: Vec<Option<bool>> = all.iter().map(|one| self.holds(one, depth + 1)).collect();
                if all.contains(&Some(false)) {
                    Some(false)
                } else {
                    all.iter().all(Option::is_some).then_some(true)
                }
            }
            ("Fn::Or", all) => {
                let all: Vec<Option<bool>> = all.iter().map(|one| self.holds(one, depth + 1)).collect();
                if all.contains(&Some(true)) {
                    Some(true)
                } else {
                    all.iter().all(Option::is_some).then_some(false)
                }
            }
            _ => None,
        }
    }
}

fn push(whole: &mut String, anchors: &mut Vec<Anchor>, part: &str, source: u32) {
    let decoded = u32::try_from(whole.len()).unwrap_or(u32::MAX);
    match anchors.last_mut() {
        Some(last) if last.decoded == decoded => last.source = source,
        _ => anchors.push(Anchor { decoded, source }),
    }
    whole.push_str(part);
}

fn unknown_text(name: &str, unknowns: &mut BTreeSet<String>) -> String {
    unknowns.insert(name.to_owned());
    // A colon would part an ARN.
    format!("<{}>", name.replace("::", "."))
}

fn unknown(span: Span, name: &str, unknowns: &mut BTreeSet<String>) -> Tree {
    let written = unknown_text(name, unknowns);
    Tree::of_text(span, written)
}
