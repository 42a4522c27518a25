//! `data "aws_iam_policy_document"`: a policy of blocks.
//!
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document>.

use std::collections::BTreeSet;

use hcl_edit::Span as _;

use super::evaluate::Scope;
use super::instances::{Handle, World};
use super::value::{Kind, Unknown, Value, made_up};
use crate::text::{self, Entry, Located, Map, Span, Text, Tree, json};

/// The policy that a data source makes.
pub(super) fn json(world: &World<'_>, handle: &Handle, span: Span) -> Value {
    let Some((block, each)) = world.each_of(handle) else { return Value::null(span) };
    let scope = Scope { source: block.source, instance: handle.instance, each: Some(&each), bound: None };
    let content = world.content(&block.of.body, block.at(block.of.span()), scope);
    let mut unknowns = BTreeSet::new();
    let mut statements: Vec<Tree> = Vec::new();
    for key in ["source_json", "source_policy_documents"] {
        merge(&mut statements, others(&content, key, &mut unknowns));
    }
    let own = content.get("statement").and_then(Value::as_list).unwrap_or_default();
    merge(&mut statements, own.iter().map(|one| statement(one, &mut unknowns)).collect());
    for key in ["override_json", "override_policy_documents"] {
        merge(&mut statements, others(&content, key, &mut unknowns));
    }
    let whole = content.span;
    let version = content.get("version").filter(|value| !value.is_null());
    let version = match version {
        Some(value) => value.to_tree(&mut unknowns),
        None => Tree { span: whole, kind: text::Kind::Text(made_up(whole, "2012-10-17")) },
    };
    let list = Tree { span: whole, kind: text::Kind::List(statements) };
    let tree = Tree::of_entries(whole, [(whole, "Version", version), (whole, "Statement", list)]);
    Value::new(whole, Kind::Json(tree.into(), unknowns.into()))
}

/// Statements of other documents that this one takes in. One whose text is not known is named.
fn others(content: &Value, key: &str, unknowns: &mut BTreeSet<Unknown>) -> Vec<Tree> {
    let Some(given) = content.get(key) else { return Vec::new() };
    let one = std::slice::from_ref(given);
    let mut found = Vec::new();
    for document in given.as_list().unwrap_or(one) {
        let tree = match &document.kind {
            Kind::Null => continue,
            Kind::Json(tree, own) => {
                unknowns.extend(own.iter().cloned());
                Some(Tree::clone(tree))
            }
            Kind::Text(text) | Kind::Composed(text, _) => {
                document.unknowns(unknowns);
                json::parse_embedded(text, document.span, json::Decoding::Plain, &mut Vec::new())
            }
            _ => None,
        };
        match tree.as_ref().and_then(|tree| tree.get("Statement")) {
            Some(Tree { kind: text::Kind::List(list), .. }) => found.extend(list.iter().cloned()),
            Some(only) => found.push(only.clone()),
            None => {
                let name = document.as_unknown().map_or(key, |unknown| &unknown.name);
                unknowns.insert(Unknown::open(name));
            }
        }
    }
    found
}

/// A statement with the `Sid` of another one takes its place.
fn merge(statements: &mut Vec<Tree>, more: Vec<Tree>) {
    let sid = |tree: &Tree| tree.get("Sid").and_then(Tree::as_str).unwrap_or_default().to_owned();
    for one in more {
        let name = sid(&one);
        match statements.iter_mut().find(|known| !name.is_empty() && sid(known) == name) {
            Some(known) => *known = one,
            None => statements.push(one),
        }
    }
}

fn statement(block: &Value, unknowns: &mut BTreeSet<Unknown>) -> Tree {
    let span = block.span;
    let mut entries: Vec<(Span, &str, Tree)> = Vec::new();
    let given = |key: &str| {
        let members = block.as_object().unwrap_or_default();
        members.iter().find(|member| &*member.key.value == key && !member.value.is_null())
    };
    if let Some(sid) = given("sid") {
        entries.push((sid.key.span, "Sid", sid.value.to_tree(unknowns)));
    }
    // "effect - Defaults to `Allow`."
    let effect = given("effect").map(|effect| (effect.key.span, effect.value.to_tree(unknowns)));
    let (at, effect) =
        effect.unwrap_or_else(|| (span, Tree { span, kind: text::Kind::Text(made_up(span, "Allow")) }));
    entries.push((at, "Effect", effect));
    let lists = [
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ];
    for (key, name) in lists {
        let Some(list) = given(key) else { continue };
        if list.value.as_list().is_some_and(<[Value]>::is_empty) {
            continue;
        }
        entries.push((list.key.span, name, variables(list.value.to_tree(unknowns))));
    }
    for (key, name) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
        if let Some(blocks) = given(key) {
            entries.push((blocks.key.span, name, principals(&blocks.value, unknowns)));
        }
    }
    if let Some(blocks) = given("condition") {
        entries.push((blocks.key.span, "Condition", conditions(&blocks.value, unknowns)));
    }
    Tree::of_entries(span, entries)
}

/// `principals { type = "AWS" identifiers = [...] }`; all of the type `*` is anybody.
fn principals(blocks: &Value, unknowns: &mut BTreeSet<Unknown>) -> Tree {
    let mut kinds: Vec<(Span, String, Vec<Tree>)> = Vec::new();
    for block in blocks.as_list().unwrap_or_default() {
        let name = block.get("type").and_then(|kind| kind.as_text(unknowns));
        let name = name.as_deref().unwrap_or("AWS").to_owned();
        let identifiers = block.get("identifiers").map(|list| variables(list.to_tree(unknowns)));
        let list = match identifiers {
            Some(Tree { kind: text::Kind::List(list), .. }) => list,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        match kinds.iter_mut().find(|(_, known, _)| *known == name) {
            Some((_, _, known)) => known.extend(list),
            None => kinds.push((block.span, name, list)),
        }
    }
    let span = blocks.span;
    if let [(at, name, list)] = kinds.as_slice()
        && name == "*"
        && list.iter().all(|one| one.as_str() == Some("*"))
    {
        return list
            .first()
            .cloned()
            .unwrap_or(Tree { span: *at, kind: text::Kind::Text(made_up(*at, "*")) });
    }
    let entry = |(at, name, list): (Span, String, Vec<Tree>)| Entry {
        key: Located::new(name.into(), at),
        value: Tree { span: at, kind: text::Kind::List(list) },
    };
    Tree { span, kind: text::Kind::Map(Map { entries: kinds.into_iter().map(entry).collect() }) }
}

/// `condition { test = … variable = … values = […] }`; those with the same test and variable are one.
fn conditions(blocks: &Value, unknowns: &mut BTreeSet<Unknown>) -> Tree {
    let mut tests: Vec<Entry> = Vec::new();
    for block in blocks.as_list().unwrap_or_default() {
        let name = |key: &str, unknowns: &mut BTreeSet<Unknown>| {
            let value = block.get(key);
            let text = value.and_then(|value| value.as_text(unknowns)).unwrap_or_default();
            Located::new(text, value.map_or(block.span, |value| value.span))
        };
        let (test, variable) = (name("test", unknowns), name("variable", unknowns));
        let values = block.get("values").map(|list| variables(list.to_tree(unknowns)));
        let values = match values {
            Some(Tree { kind: text::Kind::List(list), .. }) => list,
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let place = tests.iter().position(|known| known.key.value == test.value).unwrap_or(tests.len());
        if place == tests.len() {
            let empty = Tree { span: block.span, kind: text::Kind::Map(Map::default()) };
            tests.push(Entry { key: test, value: empty });
        }
        let Some(Entry { value: Tree { kind: text::Kind::Map(map), .. }, .. }) = tests.get_mut(place) else {
            continue;
        };
        match map.entries.iter_mut().find(|known| known.key.value == variable.value) {
            Some(Entry { value: Tree { kind: text::Kind::List(list), .. }, .. }) => list.extend(values),
            _ => map.entries.push(Entry {
                key: variable,
                value: Tree { span: block.span, kind: text::Kind::List(values) },
            }),
        }
    }
    Tree { span: blocks.span, kind: text::Kind::Map(Map { entries: tests }) }
}

/// `&{…}` stands for `${…}`, which the language has for itself.
fn variables(tree: Tree) -> Tree {
    let kind = match tree.kind {
        text::Kind::Text(text) if text.as_str().contains("&{") => {
            text::Kind::Text(replaced(&text, tree.span))
        }
        text::Kind::List(items) => text::Kind::List(items.into_iter().map(variables).collect()),
        kind => kind,
    };
    Tree { span: tree.span, kind }
}

/// Both are as long, so what stands in the file stands where it stood.
fn replaced(text: &Text, span: Span) -> Text {
    let changed = text.as_str().replace("&{", "${");
    let start = text.source_span(span, 0, 0).start;
    let same = span.len() as usize == changed.len() + 2 && start == span.start + 1;
    if same { Text::verbatim(changed) } else { made_up(span, changed) }
}
