//! What plainly follows: what shows when two formulas are laid side by side, without looking for values.
//!
//! Most edits of policies only narrow or widen what a rule says, and then no engine need be asked.

use super::{Atom, Formula, Literal, Patterns, Shape};

impl Formula {
    /// Whether `other` holds wherever this formula does, as far as the parts of both show it in so many steps, which
    /// are taken off `steps`. A yes is right; a no says nothing.
    pub fn plainly_implies(&self, other: &Self, steps: &mut usize) -> bool {
        let Some(left) = steps.checked_sub(1) else { return false };
        *steps = left;
        match (self, other) {
            (Self::False, _) | (_, Self::True) => return true,
            (Self::True, _) | (_, Self::False) => return false,
            _ if self == other => return true,
            // What speaks of nothing in common does not follow plainly.
            _ if self.mentions() & other.mentions() == 0 => return false,
            _ => {}
        }
        match (self.shape(), other.shape()) {
            (_, Some(Shape::All(parts))) => parts.iter().all(|part| self.plainly_implies(part, steps)),
            (Some(Shape::Any(parts)), _) => parts.iter().all(|part| part.plainly_implies(other, steps)),
            (Some(Shape::Literal(one)), Some(Shape::Literal(other))) => follows(one, other, steps),
            (one, two) => {
                let parts = |shape: Option<&'_ Shape>| match shape {
                    Some(Shape::All(parts) | Shape::Any(parts)) => parts.clone(),
                    _ => [].into(),
                };
                parts(one).iter().any(|part| part.plainly_implies(other, steps))
                    || parts(two).iter().any(|part| self.plainly_implies(part, steps))
            }
        }
    }
}

fn follows(one: &Literal, other: &Literal, steps: &mut usize) -> bool {
    let same = one.atom.attributes() == other.atom.attributes();
    match (&one.atom, &other.atom) {
        _ if !same => false,
        (Atom::Matches(_, mine), Atom::Matches(_, theirs)) if one.positive && !other.positive => {
            spend(mine, steps) && !mine.iter().any(|pattern| theirs.meets(pattern))
        }
        (Atom::Matches(_, mine), Atom::Matches(_, theirs))
        | (Atom::AnyIn(_, mine), Atom::AnyIn(_, theirs))
        | (Atom::AllIn(_, mine), Atom::AllIn(_, theirs)) => match (one.positive, other.positive) {
            (true, true) => covers(theirs, mine, steps),
            (false, false) => covers(mine, theirs, steps),
            _ => false,
        },
        (Atom::Within(_, mine), Atom::Within(_, theirs)) => match (one.positive, other.positive) {
            (true, true) => mine.intersection(theirs) == *mine,
            (false, false) => mine.intersection(theirs) == *theirs,
            _ => false,
        },
        // An atom about an absent attribute is false.
        (Atom::Present(_), _) => !one.positive && !other.positive,
        (_, Atom::Present(_)) => one.positive && other.positive,
        _ => false,
    }
}

/// Whether each pattern of `inner` is covered by one of `outer`.
fn covers(outer: &Patterns, inner: &Patterns, steps: &mut usize) -> bool {
    spend(inner, steps) && inner.iter().all(|pattern| outer.cover(pattern))
}

fn spend(patterns: &Patterns, steps: &mut usize) -> bool {
    let left = steps.checked_sub(patterns.len());
    *steps = left.unwrap_or_default();
    left.is_some()
}
