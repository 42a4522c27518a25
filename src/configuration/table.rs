//! Reading a table by its keys: what is expected, what was found, and what may have been meant.

use std::sync::Arc;

use crate::clouds::catalog;
use crate::guardrails::Name;
use crate::model::Origin;
use crate::text::{Kind, Problem, Span, Tree};

/// A table that is read by its keys.
pub(super) struct Table<'t, 'p> {
    pub(super) tree: &'t Tree,
    what: &'static str,
    pub(super) problems: &'p mut Vec<Problem>,
}

impl<'t, 'p> Table<'t, 'p> {
    pub(super) fn new(tree: &'t Tree, what: &'static str, problems: &'p mut Vec<Problem>) -> Self {
        Self { tree, what, problems }
    }

    /// Tells of keys that are not among these.
    pub(super) fn only(&mut self, known: &[&str]) {
        for entry in self.tree.entries() {
            if !known.contains(&&*entry.key.value) {
                let message = format!("{} has no key `{}`", self.what, entry.key.value);
                let problem = Problem::error("unknown-key", message).at(entry.key.span);
                self.problems.push(problem.help(meant(&entry.key.value, known, "keys")));
            }
        }
    }

    fn wrong(&mut self, span: Span, key: &str, expected: &str, found: &str) {
        let message = format!("expected `{key}` to be {expected}, found {found}");
        self.problems.push(Problem::error("wrong-type", message).at(span));
    }

    pub(super) fn text(&mut self, key: &str) -> Option<Name> {
        let value = self.tree.get(key)?;
        match value.as_str() {
            Some("") => self.wrong(value.span, key, "a text", "an empty one"),
            Some(text) => return Some(named(text, value.span)),
            None => self.wrong(value.span, key, "a string", value.kind_name()),
        }
        None
    }

    /// The same, where it has to be there.
    pub(super) fn needed(&mut self, key: &str) -> Option<Name> {
        if self.tree.get(key).is_none() {
            self.lacks(key);
        }
        self.text(key)
    }

    pub(super) fn lacks(&mut self, key: &str) {
        let message = format!("{} lacks `{key}`", self.what);
        self.problems.push(Problem::error("missing-key", message).at(beginning(self.tree)));
    }

    /// A string, or an array of strings.
    pub(super) fn texts(&mut self, key: &str) -> Vec<Name> {
        let Some(value) = self.tree.get(key) else { return Vec::new() };
        let items = match &value.kind {
            Kind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(value),
        };
        let mut texts = Vec::new();
        for item in items {
            match item.as_str() {
                Some("") => self.wrong(item.span, key, "a text", "an empty one"),
                Some(text) => texts.push(named(text, item.span)),
                None => self.wrong(item.span, key, "strings", item.kind_name()),
            }
        }
        texts
    }

    /// The same, where there has to be at least one.
    pub(super) fn needed_texts(&mut self, key: &str) -> Vec<Name> {
        match self.tree.get(key) {
            None => self.lacks(key),
            Some(value) if value.as_list().is_some_and(<[Tree]>::is_empty) => {
                self.wrong(value.span, key, "an array of strings", "an empty one");
            }
            Some(_) => {}
        }
        self.texts(key)
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.tree.get(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.wrong(value.span, key, "true or false", value.kind_name());
        }
        flag
    }

    /// One of these words.
    pub(super) fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let name = self.text(key)?;
        choice(&name, key, choices, self.problems)
    }

    /// An array of tables.
    pub(super) fn tables(&mut self, key: &str, what: &'static str) -> Vec<&'t Tree> {
        let Some(value) = self.tree.get(key) else { return Vec::new() };
        let Some(items) = value.as_list() else {
            let message = format!("expected `{key}` to be an array of tables, found {}", value.kind_name());
            let help = format!("write {what} as `[[{key}]]`");
            self.problems.push(Problem::error("wrong-type", message).at(value.span).help(help));
            return Vec::new();
        };
        let (tables, others): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.as_map().is_some());
        for other in others {
            self.wrong(other.span, key, "an array of tables", other.kind_name());
        }
        tables
    }
}

/// One of these words.
pub(super) fn choice<T: Copy>(
    name: &Name,
    key: &str,
    choices: &[(&str, T)],
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let found = choices.iter().find(|(word, _)| **word == *name.text).map(|(_, value)| *value);
    if found.is_none() {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("`{word}`")).collect();
        let message = format!("expected `{key}` to be one of {}, found `{}`", words.join(", "), name.text);
        problems.push(located(Problem::error("wrong-value", message), name));
    }
    found
}

/// That there is nothing of that name.
pub(super) fn no_such(name: &Name, what: &str, known: &[&str]) -> Problem {
    let message = format!("there is no {what} `{}`", name.text);
    let help = meant(&name.text, known, &format!("{what}s"));
    located(Problem::error("wrong-value", message).help(help), name)
}

/// The problem at the place of a name.
pub(super) fn located(problem: Problem, name: &Name) -> Problem {
    match name.origin.span {
        Some(span) => problem.at(span),
        None => problem,
    }
}

/// What may have been meant, or all that there is.
fn meant(typed: &str, known: &[&str], what: &str) -> String {
    let near = catalog::nearest_names(typed, known.iter().copied(), 3);
    match near.as_slice() {
        [] => format!("the {what} are `{}`", known.join("`, `")),
        near => format!("did you mean `{}`?", near.join("`, `")),
    }
}

fn named(text: &str, span: Span) -> Name {
    let what = format!("`{text}`");
    Name { text: Arc::from(text), origin: Origin { span: Some(span), what, ..Origin::default() } }
}

/// A table that is long is marked by its beginning.
fn beginning(tree: &Tree) -> Span {
    let first = tree.entries().next().map(|entry| entry.key.span);
    first.unwrap_or(tree.span)
}
