//! Texts in scripts as classes that the goal cannot tell apart, where nothing else is known of them.
//!
//! String theory takes seconds for statements that need none. An attribute that no relation refers to becomes a bit
//! vector over its classes, which leaves a propositional question. The classes are those of the native engine; scripts
//! that are written for others, and the tests, use strings instead.

use std::collections::{BTreeMap, BTreeSet};

use super::{Writer, class_in};
use crate::logic::{Atom, Attribute, Formula, Goal, Kind, Patterns, Universe};
use crate::solver::native::texts;

/// The classes of one attribute's texts.
pub(super) struct Classes {
    /// For each set of patterns, the classes whose texts match.
    matching: BTreeMap<Patterns, Vec<usize>>,
    /// One text of each class.
    pub(super) examples: Vec<String>,
}

impl Writer {
    /// Finds the classes of the attributes that no relation refers to; attributes with too many stay texts.
    pub(super) fn plan_classes(&mut self, goal: &Goal, groups: &BTreeSet<u32>, budget: u64) {
        for (attribute, sets) in mentioned(goal, groups) {
            let list: Vec<&Patterns> = sets.iter().collect();
            let Some(found) = texts::all_classes(&list, budget) else { continue };
            let mut matching: BTreeMap<Patterns, Vec<usize>> =
                sets.iter().map(|set| (set.clone(), Vec::new())).collect();
            let mut lists: Vec<&mut Vec<usize>> = matching.values_mut().collect();
            let mut examples = Vec::with_capacity(found.len());
            for (class, (matched, example)) in found.into_iter().enumerate() {
                for set in matched {
                    if let Some(list) = lists.get_mut(set) {
                        list.push(class);
                    }
                }
                examples.push(example);
            }
            self.planned.insert(attribute, Classes { matching, examples });
        }
    }

    /// That the attribute's text matches, as a statement about its class; `None` when it has no classes.
    pub(super) fn class_matches(&mut self, attribute: &Attribute, patterns: &Patterns) -> Option<String> {
        let matching = self.planned.get(attribute)?.matching.get(patterns)?.clone();
        let name = self.constant(attribute).name;
        Some(class_in(&name, matching.into_iter()))
    }
}

/// The sets of patterns that the goal mentions of each text that no relation refers to.
fn mentioned(goal: &Goal, groups: &BTreeSet<u32>) -> BTreeMap<Attribute, BTreeSet<Patterns>> {
    let mut found: BTreeMap<Attribute, BTreeSet<Patterns>> = BTreeMap::new();
    let mut related: BTreeSet<Attribute> = BTreeSet::new();
    goal.formula.for_each_literal(&mut |literal| match &literal.atom {
        Atom::Matches(attribute, patterns) if attribute.kind() == Kind::Text => {
            found.entry(attribute.clone()).or_default().insert(patterns.clone());
        }
        Atom::Same(..) => related.extend(literal.atom.attributes().into_iter().cloned()),
        _ => {}
    });
    if let Universe::Known(actions) = &goal.universe {
        found.remove(&Attribute::action());
        let resource = found.entry(Attribute::resource()).or_default();
        let patterns = groups.iter().filter_map(|group| actions.groups().get(*group as usize));
        resource.extend(patterns.map(|group| group.patterns.clone()).filter(is_told));
    }
    found.retain(|attribute, sets| !related.contains(attribute) && !sets.is_empty());
    found
}

/// Whether the patterns are an atom of their own: neither nothing nor everything.
fn is_told(patterns: &Patterns) -> bool {
    Formula::matches(Attribute::resource(), patterns.clone()).as_literal().is_some()
}
