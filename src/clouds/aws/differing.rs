//! Of what two documents differ in: the actions that they may say something different about.
//!
//! Edits leave most of a policy as it was. What both documents say in the same words need not be read as formulas to see
//! that it makes no difference, and policies have hundreds of kilobytes.
//!
//! Statements that differ in nothing but their actions are taken together, as if they were one with all these actions.
//! An action that is listed for the same rest on one side only is a *changed* one. For an action that no changed one
//! matches, both documents say the same: whatever statement of one is about it has one with the same rest on the other
//! side that lists the same pattern, or excepts the same. So it is enough to compare what they say about the actions that changed ones match,
//! and patterns that match none of these are left out, of both documents alike.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::ast::{Document, Element, Principals, Statement, Test, Word};
use super::lower;
use crate::logic::{Formula, Patterns};

/// The actions that two documents may say something different about.
#[derive(Debug)]
pub(super) enum Differing {
    /// Any.
    Everything,
    /// Those that match one of the patterns.
    Among {
        patterns: Patterns,
        /// The services of all patterns, sorted; `None` if some pattern may be about any service.
        services: Option<Vec<String>>,
    },
}

/// Statements that differ in nothing but their actions.
struct Alike<'d> {
    first: &'d Statement,
    /// Their actions, in the old document and in the new one.
    sides: [Vec<&'d Element>; 2],
}

/// What the documents may differ in, of those of their statements that `speak`.
pub(super) fn between(old: &Document, new: &Document, speaks: impl Fn(&Statement) -> bool) -> Differing {
    // The version decides what the rest of a statement means.
    if old.version != new.version {
        return Differing::Everything;
    }
    let mut groups: Vec<Alike<'_>> = Vec::new();
    let mut numbers: FxHashMap<u64, usize> = FxHashMap::default();
    for (side, document) in [old, new].into_iter().enumerate() {
        for statement in document.statements.iter().filter(|statement| speaks(statement)) {
            let number = *numbers.entry(hash_of_rest(statement)).or_insert(groups.len());
            if number == groups.len() {
                groups.push(Alike { first: statement, sides: [Vec::new(), Vec::new()] });
            }
            let Some(group) = groups.get_mut(number) else { continue };
            if !have_same_rest(group.first, statement) {
                return Differing::Everything;
            }
            if let Some(elements) = group.sides.get_mut(side) {
                elements.push(&statement.action);
            }
        }
    }
    let mut changed = Vec::new();
    for group in &groups {
        let [old, new] = &group.sides;
        let are_same = old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same_values(old, new));
        if are_same {
            continue;
        }
        // Two lists that are excepted differ for what one of them lists; more of them are about all that one excepts
        // and another does not.
        if group.first.action.negated && (old.len(), new.len()) != (1, 1) {
            return Differing::Everything;
        }
        changed.extend(listed_once(old, new));
    }
    Differing::among(&changed)
}

/// So far ahead a list is searched for what the other goes on with.
const AHEAD: usize = 32;

/// The actions that only one side lists, and perhaps some that both do: lists that were edited go on alike for long
/// stretches, and comparing these side by side is much cheaper than looking each action up.
fn listed_once<'d>(old: &[&'d Element], new: &[&'d Element]) -> Vec<&'d str> {
    let listed = |side: &[&'d Element]| -> Vec<&'d str> {
        side.iter().flat_map(|element| &element.values).map(|value| &*value.value).collect()
    };
    let (old, new) = (listed(old), listed(new));
    let (mut mine, mut theirs) = (&*old, &*new);
    let (mut only_old, mut only_new) = (Vec::new(), Vec::new());
    while let (Some((next, rest)), false) = (mine.split_first(), theirs.is_empty()) {
        mine = rest;
        match theirs.iter().take(AHEAD).position(|other| other == next) {
            Some(skipped) => {
                only_new.extend(theirs.iter().take(skipped));
                theirs = theirs.get(skipped + 1..).unwrap_or_default();
            }
            None => only_old.push(*next),
        }
    }
    only_old.extend(mine);
    only_new.extend(theirs);
    let moved: FxHashSet<&str> = only_old.iter().copied().collect();
    let moved: FxHashSet<&str> = only_new.iter().copied().filter(|one| moved.contains(one)).collect();
    only_old.append(&mut only_new);
    only_old.retain(|one| !moved.contains(one));
    only_old
}

impl Differing {
    fn among(changed: &[&str]) -> Self {
        let patterns = Patterns::of(changed.iter().map(|text| lower::action(text)));
        if patterns.is_universal() {
            return Self::Everything;
        }
        let services: Option<Vec<String>> =
            changed.iter().map(|text| service(text.trim()).map(str::to_ascii_lowercase)).collect();
        let services = services.map(|mut services| {
            services.sort_unstable();
            services.dedup();
            services
        });
        Self::Among { patterns, services }
    }

    /// What a statement says about its actions, as far as it matters here.
    pub(super) fn actions(&self, element: &Element) -> Formula {
        let kept = element.values.iter().map(|value| value.value.trim());
        let matches = match self {
            Self::Everything => lower::matches_action(kept.map(lower::action)),
            Self::Among { patterns, services } => {
                let near = kept.filter(|text| may_be_of(text, services.as_ref())).map(lower::action);
                lower::matches_action(near.filter(|pattern| patterns.meets(pattern)))
            }
        };
        if element.negated { matches.not() } else { matches }
    }
}

/// Whether the pattern for actions may match one of these services.
fn may_be_of(text: &str, services: Option<&Vec<String>>) -> bool {
    let (Some(services), Some(own)) = (services, service(text)) else { return true };
    let lower = |byte: u8| byte.to_ascii_lowercase();
    services.binary_search_by(|one| one.bytes().cmp(own.bytes().map(lower))).is_ok()
}

/// The service that a pattern for actions names; `None` if it may be any.
fn service(text: &str) -> Option<&str> {
    let end = text.bytes().position(|byte| matches!(byte, b':' | b'*' | b'?'))?;
    let (head, tail) = text.split_at_checked(end)?;
    tail.starts_with(':').then_some(head)
}

fn have_same_rest(one: &Statement, other: &Statement) -> bool {
    one.effect == other.effect
        && one.action.negated == other.action.negated
        && same(one.principal.as_ref(), other.principal.as_ref(), same_principals)
        && same(one.resource.as_ref(), other.resource.as_ref(), |one, other| {
            one.negated == other.negated && same_values(one, other)
        })
        && one.condition.len() == other.condition.len()
        && one.condition.iter().zip(&other.condition).all(|(one, other)| same_test(one, other))
}

fn same<T>(one: Option<&T>, other: Option<&T>, alike: impl Fn(&T, &T) -> bool) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => alike(one, other),
        _ => false,
    }
}

fn same_words(one: &[Word], other: &[Word]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.value == other.value)
}

fn same_values(one: &Element, other: &Element) -> bool {
    same_words(&one.values, &other.values)
}

fn same_principals(one: &Principals, other: &Principals) -> bool {
    let names = one.names.iter().zip(&other.names);
    one.negated == other.negated
        && one.names.len() == other.names.len()
        && names.into_iter().all(|(one, other)| one.value == other.value)
}

fn same_test(one: &Test, other: &Test) -> bool {
    one.operator == other.operator
        && one.key.value == other.key.value
        && same_words(&one.values, &other.values)
}

/// The same for statements with the same rest.
fn hash_of_rest(statement: &Statement) -> u64 {
    let mut hasher = FxHasher::default();
    (statement.effect, statement.action.negated).hash(&mut hasher);
    if let Some(named) = &statement.principal {
        named.negated.hash(&mut hasher);
        named.names.iter().for_each(|name| name.value.hash(&mut hasher));
    }
    let words = |words: &[Word], hasher: &mut FxHasher| {
        words.len().hash(hasher);
        words.iter().for_each(|word| word.value.hash(hasher));
    };
    if let Some(resource) = &statement.resource {
        resource.negated.hash(&mut hasher);
        words(&resource.values, &mut hasher);
    }
    for test in &statement.condition {
        test.operator.hash(&mut hasher);
        test.key.value.hash(&mut hasher);
        words(&test.values, &mut hasher);
    }
    hasher.finish()
}
