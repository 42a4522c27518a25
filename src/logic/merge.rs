//! What the connectives make of literals that stand side by side.

use rustc_hash::{FxHashMap, FxHashSet};

use super::formula::Connective;
use super::{Atom, Attribute, Formula, Literal, Patterns, Ranges};

/// Whether a literal and its negation stand side by side.
pub(super) fn contradicts(parts: &[Formula]) -> bool {
    let of_sign = |positive| {
        let literals = parts.iter().filter_map(Formula::as_literal);
        literals.filter(move |literal| literal.positive == positive).map(|literal| &literal.atom)
    };
    // Most lists hold literals of one sign only.
    if of_sign(true).next().is_none() || of_sign(false).next().is_none() {
        return false;
    }
    let denied: FxHashSet<&Atom> = of_sign(false).collect();
    of_sign(true).any(|atom| denied.contains(atom))
}

/// What literals about one attribute can be merged with each other.
#[derive(PartialEq, Eq, Hash)]
enum Slot<'a> {
    /// Statements about the text, of which the union says the same.
    Texts(&'a Attribute),
    /// Statements about the text that must all hold.
    Narrowed(&'a Attribute),
    Ranges(&'a Attribute, bool),
    Members(&'a Attribute),
}

impl<'a> Slot<'a> {
    fn of(literal: &'a Literal, uniting: bool) -> Option<Self> {
        match &literal.atom {
            Atom::Matches(attribute, _) if literal.positive == uniting => Some(Self::Texts(attribute)),
            Atom::Matches(attribute, _) if !uniting => Some(Self::Narrowed(attribute)),
            Atom::AnyIn(attribute, _) if literal.positive == uniting => Some(Self::Members(attribute)),
            Atom::Within(attribute, _) => Some(Self::Ranges(attribute, literal.positive)),
            _ => None,
        }
    }

    /// The literals of this slot as one formula, or as few.
    fn merge(&self, literals: &[&Literal], uniting: bool) -> Vec<Formula> {
        let patterns = || {
            literals.iter().filter_map(|literal| match &literal.atom {
                Atom::Matches(_, patterns) | Atom::AnyIn(_, patterns) => Some(patterns),
                _ => None,
            })
        };
        let united = || Patterns::of(patterns().flat_map(Patterns::iter).cloned());
        let signed = |formula: Formula, positive: bool| vec![if positive { formula } else { formula.not() }];
        match *self {
            Self::Texts(attribute) => signed(Formula::matches(attribute.clone(), united()), uniting),
            Self::Members(attribute) => signed(Formula::any_in(attribute.clone(), united()), uniting),
            Self::Narrowed(attribute) => narrow(attribute, patterns().cloned().collect()),
            Self::Ranges(attribute, positive) => {
                let mut all = literals.iter().filter_map(|literal| match &literal.atom {
                    Atom::Within(_, ranges) => Some(ranges),
                    _ => None,
                });
                let first = all.next().cloned().unwrap_or_else(Ranges::empty);
                let join = |sum: Ranges, next| {
                    if positive == uniting { sum.union(next) } else { sum.intersection(next) }
                };
                signed(Formula::within(attribute.clone(), all.fold(first, join)), positive)
            }
        }
    }
}

/// Merges the literals that speak of the same attribute: under *any*, patterns are united; under *all*, excluded
/// patterns are united and finite sets are narrowed. `None` when the whole collapses to the absorbing constant.
pub(super) fn merge_literals(parts: Vec<Formula>, connective: Connective) -> Option<Vec<Formula>> {
    let uniting = connective == Connective::Any;
    let mut numbers: FxHashMap<Slot<'_>, usize> = FxHashMap::default();
    let mut groups: Vec<Vec<&Literal>> = Vec::new();
    for literal in parts.iter().filter_map(Formula::as_literal) {
        let Some(slot) = Slot::of(literal, uniting) else { continue };
        let number = *numbers.entry(slot).or_insert(groups.len());
        match groups.get_mut(number) {
            Some(group) => group.push(literal),
            None => groups.push(vec![literal]),
        }
    }
    if groups.iter().all(|group| group.len() == 1) {
        return Some(parts);
    }
    let is_merged = |part: &&Formula| {
        part.as_literal()
            .and_then(|literal| Slot::of(literal, uniting))
            .and_then(|slot| groups.get(*numbers.get(&slot)?))
            .is_some_and(|group| group.len() > 1)
    };
    let mut others: Vec<Formula> = parts.iter().filter(|part| !is_merged(part)).cloned().collect();
    for group in groups.iter().filter(|group| group.len() > 1) {
        let slot = group.first().and_then(|first| Slot::of(first, uniting));
        others.extend(slot.into_iter().flat_map(|slot| slot.merge(group, uniting)));
    }
    if others.contains(&connective.absorbing()) { None } else { Some(drop_constants(others)) }
}

fn drop_constants(mut parts: Vec<Formula>) -> Vec<Formula> {
    parts.retain(|part| !matches!(part, Formula::True | Formula::False));
    parts
}

/// Pattern sets that must all match: a finite one is reduced to the texts that the others match too.
fn narrow(attribute: &Attribute, mut sets: Vec<Patterns>) -> Vec<Formula> {
    if let Some(finite) = sets.iter().position(Patterns::is_finite) {
        let base = sets.swap_remove(finite);
        let kept = base.filter(|pattern| {
            let text = pattern.as_literal().unwrap_or_default();
            sets.iter().all(|set| set.matches(text))
        });
        return vec![Formula::matches(attribute.clone(), kept)];
    }
    sets.into_iter().map(|set| Formula::matches(attribute.clone(), set)).collect()
}
