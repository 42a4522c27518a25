//! The classes of texts for the common case: every pattern is a fixed text or a fixed beginning.
//!
//! Such patterns see of a text only whether it is one of the fixed texts, and which of the fixed beginnings it has.
//! The beginnings that a text has are nested, so the longest one decides, and one member for each fixed text, one for
//! each beginning (which continues in no known way), and one for the rest represent all texts.

use rustc_hash::FxHashSet;

use super::bits::Bits;
use super::meter::{Meter, Spent};
use super::texts::{Question, TextClass, all_patterns, unlike};
use crate::logic::{Case, Pattern};

/// The classes, or `None` when some pattern has another form.
pub(super) fn classes(question: &Question<'_>, meter: &mut Meter) -> Result<Option<Vec<TextClass>>, Spent> {
    let mut keys = Vec::new();
    for (set, pattern) in all_patterns(question.sets) {
        let Some((text, open)) = simple(pattern) else { return Ok(None) };
        keys.push((text, open, set));
    }
    meter.spend(4 + 2 * keys.len())?;
    keys.sort_unstable();
    Walk { question, keys: &keys, seen: FxHashSet::default(), classes: Vec::new() }.run(meter).map(Some)
}

/// The fixed text of a pattern, and whether it is only the beginning.
fn simple(pattern: &Pattern) -> Option<(&str, bool)> {
    if pattern.case() == Case::Insensitive {
        return None;
    }
    match pattern.as_prefix() {
        Some(beginning) => Some((beginning, true)),
        None => pattern.as_literal().map(|text| (text, false)),
    }
}

struct Walk<'a> {
    question: &'a Question<'a>,
    /// Text, whether it is a beginning, set; sorted.
    keys: &'a [(&'a str, bool, usize)],
    seen: FxHashSet<Bits>,
    classes: Vec<TextClass>,
}

impl Walk<'_> {
    fn run(mut self, meter: &mut Meter) -> Result<Vec<TextClass>, Spent> {
        let size = self.question.sets.len();
        let mut around: Vec<(&str, Bits)> = Vec::new();
        let empty = self.keys.iter().take_while(|(text, ..)| text.is_empty());
        match empty.map(|(_, open, _)| *open).max() {
            // Every text has the empty beginning: there is no text outside.
            Some(true) => {}
            Some(false) => self.add_inside("", Bits::none(size), meter)?,
            None => self.add(Bits::none(size), String::new(), meter)?,
        }
        for group in self.keys.chunk_by(|a, b| a.0 == b.0) {
            let Some((text, ..)) = group.first() else { continue };
            while around.last().is_some_and(|(outer, _)| !text.starts_with(*outer)) {
                around.pop();
            }
            let mut inside = around.last().map_or_else(|| Bits::none(size), |(_, bits)| bits.clone());
            group.iter().filter(|key| key.1).for_each(|key| inside.insert(key.2));
            let mut exact = inside.clone();
            group.iter().filter(|key| !key.1).for_each(|key| exact.insert(key.2));
            meter.spend(2 + text.len() / 8)?;
            self.add(exact.clone(), (*text).to_owned(), meter)?;
            if group.iter().any(|key| key.1) {
                if exact != inside {
                    self.add_inside(text, inside.clone(), meter)?;
                }
                around.push((text, inside));
            }
        }
        Ok(self.classes)
    }

    /// Adds the class of texts that begin with `text` and have no longer known beginning.
    fn add_inside(&mut self, text: &str, matched: Bits, meter: &mut Meter) -> Result<(), Spent> {
        let keys = self.keys;
        let goes_on = |c: char| {
            let longer = format!("{text}{c}");
            let at = keys.partition_point(|(key, ..)| **key < *longer);
            keys.get(at).is_some_and(|(key, ..)| key.starts_with(longer.as_str()))
        };
        let example = format!("{text}{}", unlike(goes_on));
        self.add(matched, example, meter)
    }

    fn add(&mut self, matched: Bits, example: String, meter: &mut Meter) -> Result<(), Spent> {
        if self.question.admits(&matched) && self.seen.insert(matched.clone()) {
            meter.spend(1 + example.len() / 8)?;
            self.classes.push(TextClass { matched, example });
        }
        Ok(())
    }
}
