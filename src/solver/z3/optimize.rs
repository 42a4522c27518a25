//! The cheapest choice by Z3's optimizer: a weighted MaxSAT question with three goals in order.

use z3::ast::Bool;
use z3::{Config, Optimize, Params, SatResult, Symbol, with_z3_config};

use crate::solver::Reason;
use crate::solver::choice::Part;

/// The options of the best choice: least price, then least secondary cost, then fewest options.
pub(in crate::solver) fn cheapest(part: &Part, budget: u64) -> Result<Vec<usize>, Reason> {
    with_z3_config(&Config::new(), || solve(part, budget))
}

fn solve(part: &Part, budget: u64) -> Result<Vec<usize>, Reason> {
    let optimizer = Optimize::new();
    let mut params = Params::new();
    params.set_u32("rlimit", u32::try_from(budget).unwrap_or(u32::MAX));
    optimizer.set_params(&params);
    let options: Vec<Bool> =
        (0..part.costs.len()).map(|option| Bool::new_const(format!("option-{option}"))).collect();
    let any = |list: &[usize]| {
        let terms: Vec<&Bool> = list.iter().filter_map(|option| options.get(*option)).collect();
        Bool::or(&terms)
    };
    for need in &part.needs {
        optimizer.assert(any(need));
    }
    for (weight, payers) in &part.prices {
        soft(&optimizer, &any(payers), *weight, "1-price");
    }
    for (option, cost) in options.iter().zip(&part.costs) {
        soft(&optimizer, option, u128::from(*cost), "2-secondary");
    }
    for option in &options {
        soft(&optimizer, option, 1, "3-number");
    }
    match optimizer.check(&[]) {
        SatResult::Sat => {
            let model = optimizer.get_model().ok_or(Reason::Engine)?;
            let taken =
                |option: &Bool| model.eval(option, true).and_then(|value| value.as_bool()) == Some(true);
            Ok(options
                .iter()
                .enumerate()
                .filter(|(_, option)| taken(option))
                .map(|(index, _)| index)
                .collect())
        }
        SatResult::Unsat => Err(Reason::Engine),
        SatResult::Unknown => Err(Reason::Budget),
    }
}

/// Asks to avoid `cost`, which weighs so much.
fn soft(optimizer: &Optimize, cost: &Bool, weight: u128, goal: &str) {
    if weight > 0 {
        optimizer.assert_soft(&cost.not(), weight, Some(Symbol::String(goal.to_owned())));
    }
}
