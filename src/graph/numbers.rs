//! What makes searches of the graph fast: facts have numbers, what a search knows of them lies in arrays that the next
//! search uses again without clearing them, and what was derived waits in one list for each cost.
//!
//! What facts are, and what follows from them, is said in `net.rs`.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::hop::Node;
use super::net::Fact;
use crate::model::PrincipalId;

/// No number.
pub(super) const NONE: u32 = u32::MAX;

/// Facts by numbers, in the order in which they came up.
#[derive(Default)]
pub(super) struct Numbers {
    all: Vec<Fact>,
    /// Acting as somebody as it is, by the principal: most of what searches look up.
    as_is: Vec<u32>,
    others: FxHashMap<Fact, u32>,
}

impl Numbers {
    /// The number of a fact; a new one if it has none.
    pub(super) fn of(&mut self, fact: Fact) -> u32 {
        let next = u32::try_from(self.all.len()).unwrap_or(NONE);
        let number = match plain(fact) {
            Some(principal) => {
                let at = principal.index();
                if self.as_is.len() <= at {
                    self.as_is.resize(at + 1, NONE);
                }
                match self.as_is.get_mut(at) {
                    Some(number) if *number == NONE => {
                        *number = next;
                        next
                    }
                    Some(number) => *number,
                    None => NONE,
                }
            }
            None => *self.others.entry(fact).or_insert(next),
        };
        if number == next {
            self.all.push(fact);
        }
        number
    }

    /// The number of a fact, if it has one.
    pub(super) fn find(&self, fact: Fact) -> Option<u32> {
        match plain(fact) {
            Some(principal) => self.as_is(principal),
            None => self.others.get(&fact).copied(),
        }
    }

    /// The number of acting as somebody as it is.
    pub(super) fn as_is(&self, principal: PrincipalId) -> Option<u32> {
        self.as_is.get(principal.index()).copied().filter(|number| *number != NONE)
    }

    /// The fact with that number.
    pub(super) fn fact(&self, number: u32) -> Option<Fact> {
        self.all.get(number as usize).copied()
    }
}

fn plain(fact: Fact) -> Option<PrincipalId> {
    match fact {
        Fact::Act(Node { principal, change: None }) => Some(principal),
        _ => None,
    }
}

/// Values by number, all of which are new when something begins anew.
#[derive(Default)]
pub(super) struct Anew<T> {
    round: u32,
    values: Vec<(u32, T)>,
}

impl<T: Default> Anew<T> {
    /// Makes all values new.
    pub(super) fn begin(&mut self) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            // After so many rounds the values of the first would count again.
            self.values.clear();
            self.round = 1;
        }
    }

    /// The value with that number, if it was looked at since all began anew.
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        let (round, value) = self.values.get(number as usize)?;
        (*round == self.round).then_some(value)
    }

    /// The value with that number, to be changed.
    #[expect(clippy::indexing_slicing, reason = "the value was made just before")]
    pub(super) fn at(&mut self, number: u32) -> &mut T {
        let at = number as usize;
        if self.values.len() <= at {
            self.values.resize_with(at + 1, || (0, T::default()));
        }
        let (round, value) = &mut self.values[at];
        if *round != self.round {
            *round = self.round;
            *value = T::default();
        }
        value
    }
}

/// What was derived and not looked at yet, the cheapest first and among these the oldest.
pub(super) struct Open<T> {
    /// What costs as much as what was looked at last, and how much of it was looked at.
    cost: u32,
    now: Vec<(u32, T)>,
    next: usize,
    /// What costs more.
    later: BTreeMap<u32, Vec<(u32, T)>>,
}

impl<T> Default for Open<T> {
    fn default() -> Self {
        Self { cost: 0, now: Vec::new(), next: 0, later: BTreeMap::new() }
    }
}

impl<T: Copy> Open<T> {
    /// Keeps something; it costs no less than what was looked at last.
    pub(super) fn push(&mut self, cost: u32, number: u32, reason: T) {
        let list = if cost <= self.cost { &mut self.now } else { self.later.entry(cost).or_default() };
        list.push((number, reason));
    }

    /// The cheapest: its cost, its number, and what was kept with it.
    pub(super) fn pop(&mut self) -> Option<(u32, u32, T)> {
        if self.next >= self.now.len() {
            let (cost, list) = self.later.pop_first()?;
            (self.cost, self.now, self.next) = (cost, list, 0);
        }
        let (number, reason) = *self.now.get(self.next)?;
        self.next += 1;
        Some((self.cost, number, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_comes_first_and_then_the_oldest() {
        let mut open = Open::default();
        for (cost, number) in [(4, 1), (0, 2), (2, 3), (4, 4), (0, 5)] {
            open.push(cost, number, ());
        }
        let mut seen = Vec::new();
        while let Some((cost, number, ())) = open.pop() {
            seen.push((cost, number));
            if number == 3 {
                open.push(2, 6, ());
                open.push(3, 7, ());
            }
        }
        assert_eq!(seen, [(0, 2), (0, 5), (2, 3), (2, 6), (3, 7), (4, 1), (4, 4)]);
    }

    #[test]
    fn values_begin_anew() {
        let mut values: Anew<u8> = Anew::default();
        values.begin();
        *values.at(3) = 7;
        assert_eq!((values.get(3), values.get(2), values.get(9)), (Some(&7), None, None));
        values.begin();
        assert_eq!(values.get(3), None);
        assert_eq!(*values.at(3), 0);
    }
}
