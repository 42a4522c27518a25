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

/// The patterns of one wanted set without those that a banned set covers: a text must match one of them. The set is
/// taken whose patterns are fewest and say most. `None` if there is no wanted set.
pub(super) fn seeds<'a>(
    wanted: &[&'a Patterns],
    banned: &[&Patterns],
    meter: &mut Meter,
) -> Result<Option<Vec<&'a Pattern>>, Spent> {
    let weight = |pattern: &&Pattern| 1000 / (1 + pattern.literal_prefix().len());
    let mut best: Option<(usize, Vec<&Pattern>)> = None;
    for patterns in wanted {
        meter.spend(1 + patterns.len() * (1 + banned.len()))?;
        let is_open = |pattern: &&Pattern| !banned.iter().any(|banned| banned.cover(pattern));
        let seeds: Vec<&Pattern> = patterns.iter().filter(is_open).collect();
        let weight = seeds.iter().map(weight).sum();
        if best.as_ref().is_none_or(|(lightest, _)| weight < *lightest) {
            best = Some((weight, seeds));
        }
    }
    Ok(best.map(|(_, seeds)| seeds))
}

/// What is left of a wanted set.
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
        let Some(seeds) = seeds(&self.wanted, &self.banned, meter)? else { return Ok(Left::Anything) };
        let meets_all = |pattern: &Pattern| {
            self.wanted.iter().all(|patterns| patterns.cover(pattern) || patterns.meets(pattern))
        };
        Ok(Left::Some(seeds.into_iter().filter(|pattern| meets_all(pattern)).collect()))
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
