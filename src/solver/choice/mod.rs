//! The cheapest choice of options that meets all needs: the recommender's choice of roles.
//!
//! A price is paid once, by whoever pays it first, so options that share prices belong together; that makes the
//! question harder than the usual cover. It is reduced first (doubles and dominated options go), then solved by
//! branching with lower bounds, and by Z3's optimizer where that takes too many steps.
//! What options, needs and prices stand for is not known here.

mod branch;
mod reduce;
#[cfg(test)]
mod tests;

use self::reduce::Reduced;
use super::native::meter::Meter;
use super::{EngineSelection, Reason};

/// What can be chosen and what it costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The secondary cost of each option; it only matters between choices of the same price.
    pub options: Vec<u64>,
    /// The needs: of each, at least one of these options must be taken.
    pub needs: Vec<Vec<usize>>,
    /// The prices.
    pub prices: Vec<Price>,
}

/// A price that is paid once if any of some options is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Price {
    /// How much it is.
    pub weight: u64,
    /// The options that make it due.
    pub payers: Vec<usize>,
}

/// The options taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The options, ascending.
    pub options: Vec<usize>,
    /// The sum of the prices paid.
    pub price: u64,
    /// The sum of the options' secondary costs.
    pub secondary: u64,
    /// The engine that found it.
    pub engine: &'static str,
    /// Whether no other choice is better. False when the budget ended first.
    pub optimal: bool,
}

/// The choice with the lowest price; among those the lowest secondary cost, then the fewest options, then the options
/// that come first. (Z3 alone breaks the last tie in an order of its own, which is the same in every run.)
///
/// Gives [`Reason::Fragment`] when some need has no option, [`Reason::Budget`] when no choice at all was found in
/// about `budget` steps, and [`Reason::Engine`] when two engines found different optima.
pub fn choose(choice: &Choice, engines: EngineSelection, budget: u64) -> Result<Selection, Reason> {
    let reduced = Reduced::of(choice).ok_or(Reason::Fragment)?;
    match engines {
        EngineSelection::Native => natively(choice, &reduced, budget),
        EngineSelection::Z3 => with_z3(choice, &reduced, budget),
        EngineSelection::Auto => match natively(choice, &reduced, budget) {
            Ok(found) if found.optimal => Ok(found),
            other => with_z3(choice, &reduced, budget).or(other),
        },
        EngineSelection::Both => both(choice, &reduced, budget),
    }
}

fn both(choice: &Choice, reduced: &Reduced, budget: u64) -> Result<Selection, Reason> {
    let native = natively(choice, reduced, budget);
    match (native, with_z3(choice, reduced, budget)) {
        (Ok(native), Ok(z3)) if native.optimal && z3.optimal => {
            let rank = |found: &Selection| (found.price, found.secondary, found.options.len());
            if rank(&native) == rank(&z3) {
                Ok(Selection { engine: "native and z3", ..native })
            } else {
                Err(Reason::Engine)
            }
        }
        (Ok(native), _) if native.optimal => Ok(native),
        (native, z3) => z3.or(native),
    }
}

fn natively(choice: &Choice, reduced: &Reduced, budget: u64) -> Result<Selection, Reason> {
    let mut meter = Meter::new(budget);
    let mut options = Vec::new();
    let mut optimal = true;
    for part in reduced.components() {
        let (chosen, proved) = branch::solve(&part, &mut meter);
        optimal &= proved;
        options.extend(chosen.ok_or(Reason::Budget)?.iter().filter_map(|option| part.name(*option)));
    }
    Ok(selection(choice, options, "native", optimal))
}

#[cfg(feature = "z3")]
fn with_z3(choice: &Choice, reduced: &Reduced, budget: u64) -> Result<Selection, Reason> {
    let mut options = Vec::new();
    for part in reduced.components() {
        let chosen = super::z3::cheapest(&part, budget)?;
        options.extend(chosen.into_iter().filter_map(|option| part.name(option)));
    }
    Ok(selection(choice, options, "z3", true))
}

#[cfg(not(feature = "z3"))]
fn with_z3(_choice: &Choice, _reduced: &Reduced, _budget: u64) -> Result<Selection, Reason> {
    Err(Reason::Fragment)
}

/// The costs of these options, summed up from the question as it was put.
fn selection(choice: &Choice, mut options: Vec<usize>, engine: &'static str, optimal: bool) -> Selection {
    options.sort_unstable();
    let paid = |price: &&Price| price.payers.iter().any(|payer| options.binary_search(payer).is_ok());
    let price = choice.prices.iter().filter(paid).map(|price| price.weight).fold(0, u64::saturating_add);
    let costs = options.iter().filter_map(|option| choice.options.get(*option));
    let secondary = costs.copied().fold(0, u64::saturating_add);
    Selection { options, price, secondary, engine, optimal }
}

pub(super) use self::reduce::Part;
