//! What follows for some statements about a text from others that are fixed.
//!
//! Only what shows when two patterns are laid side by side is found. A formula is cheaper to decide without the
//! statements that follow, and most formulas about policies have no others.

use super::meter::{Meter, Spent};
use crate::logic::{Pattern, Patterns};

/// Sets of patterns of one text, some of which must match and some of which must not.
pub(super) struct Fixed<'a> {
    wanted: Vec<&'a Patterns>,
    banned: Vec<&'a Patterns>,
}

/// What is left of the wanted set with the fewest patterns.
pub(super) enum Left<'a> {
    /// There is no wanted set.
    Anything,
    /// A text must match one of these.
    Some(Vec<&'a Pattern>),
}

impl<'a> Fixed<'a> {
    /// The sets for which `fixed` says whether they match.
    pub(super) fn new(sets: impl Iterator<Item = (&'a Patterns, Option<bool>)>) -> Self {
        let mut all = Self { wanted: Vec::new(), banned: Vec::new() };
        for (patterns, fixed) in sets {
            match fixed {
                Some(true) => all.wanted.push(patterns),
                Some(false) => all.banned.push(patterns),
                None => {}
            }
        }
        all
    }

    fn is_banned(&self, pattern: &Pattern) -> bool {
        self.banned.iter().any(|patterns| patterns.cover(pattern))
    }

    /// The patterns of which a text must match one.
    pub(super) fn left(&self, meter: &mut Meter) -> Result<Left<'a>, Spent> {
        let Some(smallest) = self.wanted.iter().min_by_key(|patterns| patterns.len()) else {
            return Ok(Left::Anything);
        };
        meter.spend(smallest.len() * (self.wanted.len() + self.banned.len()))?;
        let meets_all = |pattern: &Pattern| {
            self.wanted.iter().all(|patterns| patterns.cover(pattern) || patterns.meets(pattern))
        };
        let left = smallest.iter().filter(|pattern| !self.is_banned(pattern) && meets_all(pattern));
        Ok(Left::Some(left.collect()))
    }

    /// Whether a set matches wherever the fixed ones are as they should be (`Some(true)`), or never does
    /// (`Some(false)`).
    pub(super) fn value(
        &self,
        left: &Left<'_>,
        set: &Patterns,
        meter: &mut Meter,
    ) -> Result<Option<bool>, Spent> {
        let Left::Some(left) = left else {
            meter.spend(1 + set.len() / 4)?;
            let never = !self.banned.is_empty() && set.iter().all(|pattern| self.is_banned(pattern));
            return Ok(never.then_some(false));
        };
        let mut steps = 1;
        let is_sure = left.iter().all(|pattern| {
            steps += 1;
            set.cover(pattern)
        });
        let can_match = |pattern: &&Pattern| {
            steps += 1;
            set.meeting(pattern).iter().any(|own| !self.is_banned(own))
        };
        let value = if is_sure {
            Some(true)
        } else if left.iter().any(can_match) {
            None
        } else {
            Some(false)
        };
        meter.spend(steps)?;
        Ok(value)
    }
}
