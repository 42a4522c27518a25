//! Which kind of value stands under which key. A value of another kind would be taken for one that is absent, and with
//! it would vanish what it says.
//!
//! What keys there are, and how a misfit is reported, is for others to say.

use super::{Entry, Span, Tree};

/// What is expected of a value. `null` counts as absent.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A string.
    Text,
    /// True or false.
    Flag,
    /// A number.
    Number,
    /// An object of such values, whatever their keys.
    Values(&'static Shape),
    /// An array of such values.
    List(&'static Shape),
    /// The items of an array; that it is one, others check.
    Each(&'static Shape),
    /// The objects among the items of an array; what is wrong with it and with the others, others check.
    Objects(&'static Shape),
    /// An object, of which these keys matter.
    Map(&'static [(&'static str, Shape)]),
}

use Shape::{Each, Flag, List, Map, Number, Objects, Text, Values};

impl Shape {
    /// Tells `report` of each value that is of another kind, by its place and in words. A document that is null says nothing
    /// at all, which is one of them.
    pub fn check(&self, tree: &Tree, report: &mut dyn FnMut(Span, String)) {
        if tree.is_null() {
            return report(tree.span, "expected `the document` to be something, found null".to_owned());
        }
        Check { ignoring_case: false, report }.value(tree, self, "the document");
    }

    /// The same where the case of keys does not matter.
    pub fn check_ignoring_case(&self, tree: &Tree, report: &mut dyn FnMut(Span, String)) {
        Check { ignoring_case: true, report }.value(tree, self, "the document");
    }
}

struct Check<'a> {
    ignoring_case: bool,
    report: &'a mut dyn FnMut(Span, String),
}

impl Check<'_> {
    fn value(&mut self, tree: &Tree, shape: &Shape, name: &str) {
        let expected = match shape {
            _ if tree.is_null() => return,
            Text if tree.as_str().is_none() => "a string",
            Flag if tree.as_bool().is_none() => "true or false",
            Number if tree.as_u64().is_none() => "a number",
            List(_) if tree.as_list().is_none() => "an array",
            Map(_) | Values(_) if tree.as_map().is_none() => "an object",
            Text | Flag | Number => return,
            List(item) | Each(item) => {
                for found in tree.as_list().unwrap_or_default() {
                    self.value(found, item, name);
                }
                return;
            }
            Objects(item) => {
                let items = tree.as_list().unwrap_or_default().iter();
                items
                    .filter(|found| found.as_map().is_some())
                    .for_each(|found| self.value(found, item, name));
                return;
            }
            Map(keys) => {
                for (key, shape) in *keys {
                    let found = if self.ignoring_case { tree.get_ignoring_case(key) } else { tree.get(key) };
                    if let Some(value) = found {
                        self.value(value, shape, key);
                    }
                }
                return;
            }
            Values(shape) => {
                for Entry { key, value } in tree.entries() {
                    self.value(value, shape, &key.value);
                }
                return;
            }
        };
        let message = format!("expected `{name}` to be {expected}, found {}", tree.kind_name());
        (self.report)(tree.span, message);
    }
}
