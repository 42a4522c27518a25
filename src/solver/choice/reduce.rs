//! Making a choice smaller without changing its answer.

use std::collections::{BTreeMap, BTreeSet};

use super::Choice;

/// A choice in which nothing is superfluous; options have new numbers, in the old order.
pub(super) struct Reduced {
    /// For each option its number in the original choice and its secondary cost.
    options: Vec<(usize, u64)>,
    needs: BTreeSet<Vec<usize>>,
    /// Weights by payers.
    prices: BTreeMap<Vec<usize>, u128>,
}

/// A part of a choice that shares nothing with the others.
#[derive(Default)]
pub(in crate::solver) struct Part {
    names: Vec<usize>,
    /// The secondary cost of each option.
    pub(in crate::solver) costs: Vec<u64>,
    /// The options of each need, ascending.
    pub(in crate::solver) needs: Vec<Vec<usize>>,
    /// The weight and the payers of each price.
    pub(in crate::solver) prices: Vec<(u128, Vec<usize>)>,
}

impl Part {
    /// The number of an option in the original choice.
    pub(super) fn name(&self, option: usize) -> Option<usize> {
        self.names.get(option).copied()
    }
}

impl Reduced {
    /// Reduces the choice; `None` when some need has no option.
    pub(super) fn of(choice: &Choice) -> Option<Self> {
        let known = |option: &usize| *option < choice.options.len();
        let mut needs: BTreeSet<Vec<usize>> = BTreeSet::new();
        for need in &choice.needs {
            let need: BTreeSet<usize> = need.iter().copied().filter(known).collect();
            needs.insert(need.into_iter().collect());
        }
        if needs.contains(&Vec::new()) {
            return None;
        }
        let mut prices = BTreeMap::new();
        for price in choice.prices.iter().filter(|price| price.weight > 0) {
            let payers: BTreeSet<usize> = price.payers.iter().copied().filter(known).collect();
            *prices.entry(payers.into_iter().collect()).or_insert(0) += u128::from(price.weight);
        }
        let options = choice.options.iter().copied().enumerate().collect();
        let mut reduced = Self { options, needs, prices };
        for _ in 0..3 {
            let before = (reduced.options.len(), reduced.needs.len());
            reduced.drop_implied_needs();
            let kept = reduced.undominated();
            reduced.keep(&kept);
            if (reduced.options.len(), reduced.needs.len()) == before {
                break;
            }
        }
        Some(reduced)
    }

    /// A need is met with another one if all the other's options are among its own.
    fn drop_implied_needs(&mut self) {
        let mut by_size: Vec<&Vec<usize>> = self.needs.iter().collect();
        by_size.sort_by_key(|need| need.len());
        let mut kept: Vec<&Vec<usize>> = Vec::new();
        for need in by_size {
            let implied =
                |smaller: &&Vec<usize>| smaller.iter().all(|option| need.binary_search(option).is_ok());
            if !kept.iter().any(implied) {
                kept.push(need);
            }
        }
        self.needs = kept.into_iter().cloned().collect();
    }

    /// The options that meet some need and are not dominated: by one that meets the same needs and more, makes no
    /// other price due, and comes first by secondary cost and number. The dominated option can be replaced in any
    /// choice without making it worse, nor later in the order of ties.
    fn undominated(&self) -> Vec<usize> {
        let size = self.options.len();
        let needs = masks(size, self.needs.iter());
        let prices = masks(size, self.prices.keys());
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by_key(|option| (self.options.get(*option).map(|(_, cost)| *cost), *option));
        let mut kept: Vec<usize> = Vec::new();
        for option in order {
            let (Some(met), Some(due)) = (needs.get(option), prices.get(option)) else { continue };
            let dominates = |other: &usize| {
                let (Some(others_met), Some(others_due)) = (needs.get(*other), prices.get(*other)) else {
                    return false;
                };
                within(met, others_met) && within(others_due, due)
            };
            if met.iter().any(|word| *word != 0) && !kept.iter().any(dominates) {
                kept.push(option);
            }
        }
        kept.sort_unstable();
        kept
    }

    /// Keeps these options, ascending, and gives them new numbers.
    fn keep(&mut self, kept: &[usize]) {
        let renumbered =
            |list: &Vec<usize>| list.iter().filter_map(|option| kept.binary_search(option).ok()).collect();
        self.needs = self.needs.iter().map(renumbered).collect();
        let mut prices: BTreeMap<Vec<usize>, u128> = BTreeMap::new();
        for (payers, weight) in &self.prices {
            let payers: Vec<usize> = renumbered(payers);
            if !payers.is_empty() {
                *prices.entry(payers).or_insert(0) += weight;
            }
        }
        self.prices = prices;
        self.options = kept.iter().filter_map(|option| self.options.get(*option).copied()).collect();
    }

    /// The parts that can be solved one by one: no option of one meets a need of another or shares a price with it.
    pub(super) fn components(&self) -> Vec<Part> {
        let mut roots: Vec<usize> = (0..self.options.len()).collect();
        for list in self.needs.iter().chain(self.prices.keys()) {
            let Some((first, rest)) = list.split_first() else { continue };
            for option in rest {
                let (a, b) = (root(&roots, *first), root(&roots, *option));
                if let Some(slot) = roots.get_mut(a.max(b)) {
                    *slot = a.min(b);
                }
            }
        }
        let mut parts: BTreeMap<usize, Part> = BTreeMap::new();
        let mut places = Vec::with_capacity(self.options.len());
        for (option, (name, cost)) in self.options.iter().enumerate() {
            let part = parts.entry(root(&roots, option)).or_default();
            places.push(part.names.len());
            part.names.push(*name);
            part.costs.push(*cost);
        }
        let place = |list: &[usize]| list.iter().filter_map(|option| places.get(*option).copied()).collect();
        let home = |list: &[usize]| list.first().map(|option| root(&roots, *option));
        for need in &self.needs {
            if let Some(part) = home(need).and_then(|home| parts.get_mut(&home)) {
                part.needs.push(place(need));
            }
        }
        for (payers, weight) in &self.prices {
            if let Some(part) = home(payers).and_then(|home| parts.get_mut(&home)) {
                part.prices.push((*weight, place(payers)));
            }
        }
        parts.into_values().collect()
    }
}

fn root(roots: &[usize], mut option: usize) -> usize {
    while let Some(parent) = roots.get(option).copied().filter(|parent| *parent != option) {
        option = parent;
    }
    option
}

/// For each option the lists it is in, one bit each.
fn masks<'a>(options: usize, lists: impl ExactSizeIterator<Item = &'a Vec<usize>>) -> Vec<Vec<u64>> {
    let mut masks = vec![vec![0; lists.len().div_ceil(64)]; options];
    for (index, list) in lists.enumerate() {
        for option in list {
            if let Some(word) = masks.get_mut(*option).and_then(|mask| mask.get_mut(index / 64)) {
                *word |= 1 << (index % 64);
            }
        }
    }
    masks
}

fn within(inner: &[u64], outer: &[u64]) -> bool {
    inner.iter().zip(outer).all(|(inner, outer)| inner & !outer == 0)
}
