//! The classes of sets of texts that some statements about members cannot tell apart.

use rustc_hash::FxHashSet;

use super::bits::Bits;
use super::meter::{Meter, Spent};
use super::texts::{self, Question};
use crate::logic::Patterns;

/// A class of sets: the statements that hold, and the members of one of its sets.
pub(super) struct SetClass {
    pub(super) matched: Bits,
    pub(super) example: Vec<String>,
}

/// A statement about the members of a set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantifier {
    /// Some member matches.
    Any,
    /// Every member matches.
    All,
}

/// All classes of present sets, the empty one first. Starting with no member, classes of members are added as long as
/// that makes a combination of statements true that was not seen before; what a set makes true depends only on the
/// classes of its members, so no combination is missed.
pub(super) fn classes(
    statements: &[(Quantifier, &Patterns)],
    meter: &mut Meter,
) -> Result<Vec<SetClass>, Spent> {
    let sets: Vec<&Patterns> = statements.iter().map(|(_, patterns)| *patterns).collect();
    let size = sets.len();
    let question = Question { sets: &sets, wanted: Bits::none(size), banned: Bits::none(size) };
    let kinds = texts::classes(&question, meter)?;
    let (mut any, mut all) = (Bits::none(size), Bits::none(size));
    for (index, (quantifier, _)) in statements.iter().enumerate() {
        let mask = if *quantifier == Quantifier::Any { &mut any } else { &mut all };
        mask.insert(index);
    }
    let mut seen = FxHashSet::default();
    seen.insert(all.clone());
    let mut found = vec![SetClass { matched: all.clone(), example: Vec::new() }];
    let mut at = 0;
    while let Some(SetClass { matched, example }) = found.get(at) {
        let (matched, example) = (matched.clone(), example.clone());
        for kind in &kinds {
            meter.spend(1 + size / 16)?;
            let next = add(&matched, &kind.matched, &any, &all);
            if seen.insert(next.clone()) {
                meter.spend(8 + example.len())?;
                let mut members = example.clone();
                members.push(kind.example.clone());
                found.push(SetClass { matched: next, example: members });
            }
        }
        at += 1;
    }
    Ok(found)
}

/// What holds after a member of a class is added: more of the `any`, less of the `all`.
fn add(held: &Bits, member: &Bits, any: &Bits, all: &Bits) -> Bits {
    let mut some = member.clone();
    some.unite(held);
    some.intersect(any);
    let mut every = member.clone();
    every.intersect(held);
    every.intersect(all);
    some.unite(&every);
    some
}
