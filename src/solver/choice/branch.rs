//! The exact choice by branching: on the need with the fewest options, cheapest option first, with a lower bound.

use rustc_hash::FxHashMap;

use super::Part;
use crate::solver::native::meter::{Meter, Spent};

/// The best choice in one part, and whether it is proved to be the best. `None` when the budget ended before any was
/// found.
pub(super) fn solve(part: &Part, meter: &mut Meter) -> (Option<Vec<usize>>, bool) {
    let mut search = Search::new(part);
    let proved = search.greedy(meter).and_then(|()| search.descend(meter, 0)).is_ok();
    (search.best.map(|(_, options)| options), proved)
}

/// What the look-ahead found.
struct Ahead {
    /// The need to branch on.
    need: usize,
    /// No completion is better.
    bound: Cost,
    /// What is left of each price after the bound has taken its part.
    left: Vec<u128>,
}

/// Price, secondary cost, number of options.
type Cost = (u128, u128, usize);

struct Search<'a> {
    part: &'a Part,
    /// The prices that each option makes due.
    dues: Vec<Vec<usize>>,
    /// The needs that each option meets.
    meets: Vec<Vec<usize>>,
    /// How many of the taken options make each price due.
    paid: Vec<u32>,
    taken: Vec<usize>,
    /// How many of the taken options meet each need.
    met: Vec<u32>,
    /// How often each option is ruled out.
    banned: Vec<u32>,
    cost: Cost,
    best: Option<(Cost, Vec<usize>)>,
}

/// More levels than this are not tried; each takes one option for one more need.
const DEEPEST: usize = 2000;

impl<'a> Search<'a> {
    fn new(part: &'a Part) -> Self {
        Self {
            part,
            dues: by_option(part, part.prices.iter().map(|(_, payers)| payers)),
            meets: by_option(part, part.needs.iter()),
            paid: vec![0; part.prices.len()],
            taken: Vec::new(),
            met: vec![0; part.needs.len()],
            banned: vec![0; part.costs.len()],
            cost: (0, 0, 0),
            best: None,
        }
    }

    fn descend(&mut self, meter: &mut Meter, depth: usize) -> Result<(), Spent> {
        let Some(ahead) = self.look_ahead(meter)? else {
            self.compare();
            return Ok(());
        };
        if depth > DEEPEST {
            return Err(Spent);
        }
        if self.is_worse(ahead.bound) {
            return Ok(());
        }
        let mut banned = self.hopeless(&ahead, meter)?;
        banned.iter().for_each(|option| bump(&mut self.banned, *option, true));
        let mut result = Ok(());
        for (price, cost, option) in self.candidates(ahead.need) {
            let next = (self.cost.0 + price, self.cost.1 + u128::from(cost), self.cost.2 + 1);
            if self.is_worse(next) {
                continue;
            }
            let before = std::mem::replace(&mut self.cost, next);
            self.toggle(option, true);
            result = self.descend(meter, depth + 1);
            self.toggle(option, false);
            self.cost = before;
            bump(&mut self.banned, option, true);
            banned.push(option);
            if result.is_err() {
                break;
            }
        }
        banned.into_iter().for_each(|option| bump(&mut self.banned, option, false));
        result
    }

    fn is_worse(&self, bound: Cost) -> bool {
        self.best.as_ref().is_some_and(|(best, _)| bound > *best)
    }

    /// The unmet need with the fewest options and a lower bound of every completion; `None` when all needs are met.
    ///
    /// The bound splits each unpaid price among the unmet needs. A need's share of the bound is the least that any of
    /// its options costs by what is left of the prices; that much is then taken from the prices of each of its
    /// options, so that no part of a price is counted for two needs. Every completion takes some option of each need,
    /// so it pays at least the shares; and an option that is taken for whatever reason also pays all that is left of
    /// its prices in the end.
    fn look_ahead(&self, meter: &mut Meter) -> Result<Option<Ahead>, Spent> {
        let mut unmet: Vec<(usize, usize)> = Vec::new();
        let mut cheapest = 0;
        for (need, options) in self.part.needs.iter().enumerate() {
            if self.met.get(need).is_some_and(|met| *met > 0) {
                continue;
            }
            meter.spend(1 + options.len() / 8)?;
            let open = options.iter().filter(|option| self.is_open(**option));
            let costs = open.filter_map(|option| self.part.costs.get(*option));
            cheapest = cheapest.max(costs.clone().min().copied().unwrap_or(0));
            unmet.push((costs.count(), need));
        }
        unmet.sort_unstable();
        let Some((count, need)) = unmet.first().copied() else { return Ok(None) };
        if count == 0 {
            let bound = (u128::MAX, u128::MAX, usize::MAX);
            return Ok(Some(Ahead { need, bound, left: Vec::new() }));
        }
        let unpaid = |(price, (weight, _)): (usize, &(u128, Vec<usize>))| {
            if self.is_unpaid(price) { *weight } else { 0 }
        };
        let mut left: Vec<u128> = self.part.prices.iter().enumerate().map(unpaid).collect();
        meter.spend(left.len() / 8)?;
        let mut price = self.cost.0;
        for (_, need) in unmet {
            price += self.share(need, &mut left, meter)?;
        }
        let bound = (price, self.cost.1 + u128::from(cheapest), self.cost.2 + 1);
        Ok(Some(Ahead { need, bound, left }))
    }

    /// A need's share of the bound, taken from what is left of the prices.
    fn share(&self, need: usize, left: &mut [u128], meter: &mut Meter) -> Result<u128, Spent> {
        let options: Vec<usize> =
            self.part.needs.get(need).into_iter().flatten().copied().filter(|o| self.is_open(*o)).collect();
        let steps: usize =
            options.iter().map(|option| 1 + self.dues.get(*option).map_or(0, Vec::len) / 4).sum();
        meter.spend(steps)?;
        let share = options.iter().map(|option| self.reduced(*option, left)).min().unwrap_or(0);
        if share == 0 {
            return Ok(0);
        }
        let mut taken: FxHashMap<usize, u128> = FxHashMap::default();
        for option in options {
            let dues = self.dues.get(option).map(Vec::as_slice).unwrap_or_default();
            let already: u128 = dues.iter().filter_map(|due| taken.get(due)).sum();
            let mut missing = share.saturating_sub(already);
            for due in dues {
                if missing == 0 {
                    break;
                }
                if let Some(slot) = left.get_mut(*due).filter(|slot| **slot > 0) {
                    let part = missing.min(*slot);
                    *slot -= part;
                    missing -= part;
                    *taken.entry(*due).or_insert(0) += part;
                }
            }
        }
        Ok(share)
    }

    /// What is left of an option's prices.
    fn reduced(&self, option: usize, left: &[u128]) -> u128 {
        self.dues.get(option).into_iter().flatten().filter_map(|due| left.get(*due)).sum()
    }

    /// The open options that cannot be part of a better choice than the best so far.
    fn hopeless(&self, ahead: &Ahead, meter: &mut Meter) -> Result<Vec<usize>, Spent> {
        let Some(((most, ..), _)) = &self.best else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for option in (0..self.part.costs.len()).filter(|option| self.is_open(*option)) {
            let left = self.reduced(option, &ahead.left);
            meter.spend(1 + self.dues.get(option).map_or(0, Vec::len) / 8)?;
            if ahead.bound.0.saturating_add(left) > *most {
                found.push(option);
            }
        }
        Ok(found)
    }

    /// A first choice: what adds least per need, until all are met, and then without what is not needed.
    fn greedy(&mut self, meter: &mut Meter) -> Result<(), Spent> {
        let mut options: Vec<usize> = Vec::new();
        while self.met.contains(&0) {
            let mut best: Option<(u128, u64, usize)> = None;
            for option in 0..self.part.costs.len() {
                let news =
                    self.meets.get(option).into_iter().flatten().filter(|n| self.met.get(**n) == Some(&0));
                let Some(news) = u128::try_from(news.count()).ok().filter(|news| *news > 0) else { continue };
                meter.spend(1 + self.dues.get(option).map_or(0, Vec::len) / 8)?;
                let cost = self.part.costs.get(option).copied().unwrap_or(0);
                let rank = ((self.extra(option) << 10) / news, cost, option);
                best = Some(best.map_or(rank, |best| best.min(rank)));
            }
            let Some((.., option)) = best else { break };
            self.toggle(option, true);
            options.push(option);
        }
        for option in options.clone().into_iter().rev() {
            let needed = |need: &usize| self.met.get(*need) == Some(&1);
            if !self.meets.get(option).into_iter().flatten().any(needed) {
                self.toggle(option, false);
                options.retain(|kept| *kept != option);
            }
        }
        options.sort_unstable();
        let paid = self.part.prices.iter().zip(&self.paid).filter(|(_, paid)| **paid > 0);
        let price = paid.map(|((weight, _), _)| *weight).sum();
        let secondary =
            options.iter().filter_map(|o| self.part.costs.get(*o)).map(|cost| u128::from(*cost)).sum();
        options.iter().for_each(|option| self.toggle(*option, false));
        self.best = Some(((price, secondary, options.len()), options));
        Ok(())
    }

    /// The open options of a need: what they add to the price, their secondary cost, their number; best first.
    fn candidates(&self, need: usize) -> Vec<(u128, u64, usize)> {
        let options = self.part.needs.get(need).into_iter().flatten().copied();
        let mut list: Vec<_> = options
            .filter(|option| self.is_open(*option))
            .map(|option| (self.extra(option), self.part.costs.get(option).copied().unwrap_or(0), option))
            .collect();
        list.sort_unstable();
        list
    }

    fn is_open(&self, option: usize) -> bool {
        self.banned.get(option) == Some(&0)
    }

    fn is_unpaid(&self, price: usize) -> bool {
        self.paid.get(price) == Some(&0)
    }

    /// What taking the option adds to the price.
    fn extra(&self, option: usize) -> u128 {
        let dues = self.dues.get(option).into_iter().flatten().filter(|due| self.is_unpaid(**due));
        dues.filter_map(|due| self.part.prices.get(*due)).map(|(weight, _)| *weight).sum()
    }

    /// Takes an option or puts it back.
    fn toggle(&mut self, option: usize, take: bool) {
        for due in self.dues.get(option).into_iter().flatten() {
            bump(&mut self.paid, *due, take);
        }
        for need in self.meets.get(option).into_iter().flatten() {
            bump(&mut self.met, *need, take);
        }
        if take {
            self.taken.push(option);
        } else {
            self.taken.retain(|taken| *taken != option);
        }
    }

    /// Keeps the options taken if they are better than the best so far.
    fn compare(&mut self) {
        let mut options = self.taken.clone();
        options.sort_unstable();
        let found = (self.cost, options);
        if self.best.as_ref().is_none_or(|best| found < *best) {
            self.best = Some(found);
        }
    }
}

/// For each option the lists it is in.
fn by_option<'a>(part: &Part, lists: impl Iterator<Item = &'a Vec<usize>>) -> Vec<Vec<usize>> {
    let mut found = vec![Vec::new(); part.costs.len()];
    for (index, list) in lists.enumerate() {
        for option in list {
            if let Some(own) = found.get_mut(*option) {
                own.push(index);
            }
        }
    }
    found
}

fn bump(counts: &mut [u32], index: usize, up: bool) {
    if let Some(count) = counts.get_mut(index) {
        *count = if up { *count + 1 } else { *count - 1 };
    }
}
