//! The Z3 engine: it reads the script of a goal, and its models are read back as requests.
//!
//! Z3 decides what the native engine hands over: relations between unknown texts, and goals that split into too many
//! classes. Known actions are kept to their resources only as far as the models ask for it.
//! The encoding is not done here: see `solver::smt`.

mod decode;
mod optimize;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use z3::{Config, Params, SatResult, Solver, StatisticsValue, with_z3_config};

pub(in crate::solver) use self::optimize::cheapest;
use super::smt::{self, Script, Texts};
use super::{Answer, Engine, Outcome, Reason};
use crate::logic::{Assignment, Attribute, Goal, Universe};

/// The Z3 engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Z3;

/// Before this release Z3 gives up on ordinary questions about patterns.
const OLDEST: (u32, u32) = (5, 1);

static RECENT: LazyLock<bool> = LazyLock::new(|| is_recent(z3::full_version()));

impl Engine for Z3 {
    fn name(&self) -> &'static str {
        "z3"
    }

    fn decide(&self, goal: &Goal, budget: u64) -> Outcome {
        decide(goal, Texts::Classes(budget), budget)
    }
}

/// Z3 with every text as a string, as `--dump-smt` writes it. It shares nothing with the native engine, and takes
/// seconds for goals of some statements.
#[cfg(test)]
pub(super) struct Direct;

#[cfg(test)]
impl Engine for Direct {
    fn name(&self) -> &'static str {
        "z3-direct"
    }

    fn decide(&self, goal: &Goal, budget: u64) -> Outcome {
        decide(goal, Texts::Direct, budget)
    }
}

/// The name and number of the library that is linked, as it tells them: `Z3 5.4.1.0`.
pub fn version() -> &'static str {
    z3::full_version()
}

/// Whether the library that is linked is recent enough to be asked.
pub fn is_usable() -> bool {
    *RECENT
}

/// Whether the text, such as `Z3 5.4.1.0`, names a release that is recent enough.
fn is_recent(version: &str) -> bool {
    let mut numbers =
        version.split(|c: char| !c.is_ascii_digit() && c != '.').filter(|part| part.contains('.'));
    let mut parts = numbers.next().unwrap_or_default().split('.').map(|part| part.parse().unwrap_or(0_u32));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= OLDEST
}

/// Asks for models until one keeps its action to the action's resources, or there is none.
fn decide(goal: &Goal, texts: Texts, budget: u64) -> Outcome {
    if !*RECENT {
        return Outcome { answer: Answer::Undecided(Reason::Fragment), steps: 0 };
    }
    let mut groups = BTreeSet::new();
    let mut steps = 0_u64;
    loop {
        let left = budget.saturating_sub(steps);
        let Some(script) = smt::script(goal, &groups, texts) else {
            return Outcome { answer: Answer::Undecided(Reason::Fragment), steps };
        };
        if left == 0 {
            return Outcome { answer: Answer::Undecided(Reason::Budget), steps };
        }
        // A context of its own: the answer then does not depend on what was asked before.
        let (found, taken) = with_z3_config(&Config::new(), || solve(&script, left));
        steps = steps.saturating_add(taken.max(1));
        let request = match found {
            Ok(Some(model)) => model,
            Ok(None) => return Outcome { answer: Answer::Never, steps },
            Err(reason) => return Outcome { answer: Answer::Undecided(reason), steps },
        };
        match astray(goal, &request) {
            Some(group) if groups.insert(group) => {}
            _ => return Outcome { answer: Answer::Sometimes(request), steps },
        }
    }
}

/// The group of resources that the request's action is kept to but its resource is not in.
fn astray(goal: &Goal, request: &Assignment) -> Option<u32> {
    let Universe::Known(actions) = &goal.universe else { return None };
    let entry = actions.find(request.text(&Attribute::action())?)?;
    let resource = request.text(&Attribute::resource()).unwrap_or_default();
    let fits = actions.group(entry).is_some_and(|group| group.patterns.matches(resource));
    (!fits).then_some(entry.resources)
}

/// A request that satisfies the script, if there is one, and the steps taken.
fn solve(script: &Script, budget: u64) -> (Result<Option<Assignment>, Reason>, u64) {
    let solver = Solver::new();
    let mut params = Params::new();
    params.set_u32("rlimit", u32::try_from(budget).unwrap_or(u32::MAX));
    solver.set_params(&params);
    solver.from_string(script.text.as_str());
    if solver.get_assertions().is_empty() {
        return (Err(Reason::Engine), 0);
    }
    let result = solver.check();
    let steps = match solver.get_statistics().value("rlimit count") {
        Some(StatisticsValue::UInt(count)) => u64::from(count),
        _ => 1,
    };
    let found = match result {
        SatResult::Unsat => Ok(None),
        SatResult::Sat => solver
            .get_model()
            .and_then(|model| decode::request(script, &model))
            .map(Some)
            .ok_or(Reason::Engine),
        SatResult::Unknown => {
            let reason = solver.get_reason_unknown().unwrap_or_default();
            let spent =
                ["canceled", "resource limits", "max. resource"].iter().any(|word| reason.contains(word));
            Err(if spent { Reason::Budget } else { Reason::Engine })
        }
    };
    (found, steps)
}
