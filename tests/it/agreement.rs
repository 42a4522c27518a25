//! The engines against each other: native, Z3 and the one that tries requests, on goals and on pairs of documents.
//!
//! What an engine finds is evaluated and replayed here again, although the portfolio and the evaluator do so too: this
//! file would notice if they stopped.

use std::collections::BTreeSet;

use leastwise::clouds::documents::{Rule, Rules};
use leastwise::evaluator::{Bug, Comparison, Difference, DocumentEvaluator, TwoDocuments};
use leastwise::input::document_pairs::ReadDocuments;
use leastwise::logic::{Assignment, Formula, Goal, Universe};
use leastwise::solver::{Answer, EngineSelection, Portfolio};

use crate::brute_force::{BruteForce, satisfies};

/// How good trying is: goals that hold sometimes, and of these those for which it found a request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tried {
    pub(crate) possible: usize,
    pub(crate) found: usize,
}

/// The engines that are built in, each alone.
pub(crate) fn alone() -> &'static [EngineSelection] {
    if cfg!(feature = "z3") {
        &[EngineSelection::Native, EngineSelection::Z3]
    } else {
        &[EngineSelection::Native]
    }
}

pub(crate) fn portfolio(engines: EngineSelection, budget: u64) -> Portfolio {
    Portfolio { engines, budget, scripts: None }
}

/// The budget that users have if they name none.
pub(crate) fn usual_budget() -> u64 {
    Portfolio::default().budget
}

/// Asks each engine alone. One may pass if another decides; what any of them finds, or trying does, refutes *never*.
/// `holds`: a request is known that does.
pub(crate) fn agree(
    goal: &Goal,
    holds: bool,
    engines: &[EngineSelection],
    budget: u64,
    count: &mut Tried,
) -> Vec<String> {
    let tried = BruteForce::default().find(goal);
    let mut wrong = Vec::new();
    let mut witnesses: Vec<Assignment> = tried.iter().cloned().collect();
    let (mut never, mut passed) = (Vec::new(), Vec::new());
    for one in engines {
        match portfolio(*one, budget).decide(goal).map(|decided| decided.answer) {
            Err(clash) => wrong.push(format!("{clash:?}")),
            Ok(Answer::Never) => never.push(one),
            Ok(Answer::Sometimes(request)) if satisfies(goal, &request) => witnesses.push(request),
            Ok(Answer::Sometimes(request)) => {
                wrong.push(format!("{one:?}: {request:?} does not satisfy {}", goal.formula));
            }
            Ok(Answer::Undecided(_)) => passed.push(one),
        }
    }
    if !never.is_empty() && (holds || !witnesses.is_empty()) {
        wrong.push(format!("{never:?}: never, but {:?} satisfies {}", witnesses.first(), goal.formula));
    }
    if cfg!(feature = "z3") && passed.len() == alone().len() && budget >= usual_budget() {
        wrong.push(format!("undecided: {}", goal.formula));
    }
    count.possible += usize::from(!witnesses.is_empty());
    count.found += usize::from(tried.is_some());
    wrong
}

/// Compares, and replays what is found with the concrete rule.
pub(crate) fn comparison(
    read: &ReadDocuments,
    engines: EngineSelection,
    any: bool,
    budget: u64,
) -> Result<Comparison, Bug> {
    let portfolio = portfolio(engines, budget);
    let evaluator = DocumentEvaluator::new(read.cloud, &portfolio, any).unwrap();
    let two = TwoDocuments { kind: read.kind, old: &read.old, new: &read.new };
    let found = evaluator.compare(two)?;
    for (difference, allowing, other) in
        [(&found.gained, &read.new, &read.old), (&found.lost, &read.old, &read.new)]
    {
        if let Difference::Some(change) = difference {
            let decide = |policy| read.cloud.documents().unwrap().decide(read.kind, policy, &change.request);
            let (yes, no) = (decide(allowing), decide(other));
            if (!yes.is_allowed() || no.is_allowed()) && yes.gaps.is_empty() && no.gaps.is_empty() {
                return Err(Bug { message: format!("{change:?} does not survive its replay") });
            }
        }
    }
    Ok(found)
}

/// Looks for a request that one document allows and the other does not by trying; what is found refutes an engine
/// that denies it, and the concrete rule must say so too.
pub(crate) fn tried(
    read: &ReadDocuments,
    any: bool,
    engines: &[EngineSelection],
    budget: u64,
    count: &mut Tried,
) -> Vec<String> {
    let documents = read.cloud.documents().unwrap();
    let rules = documents.rules(read.kind, &read.old, &read.new);
    let allowed = |rules: &Rules| {
        let any = |rules: &[Rule]| Formula::any(rules.iter().map(Rule::formula));
        any(&rules.allows).and(any(&rules.denies).not())
    };
    let (old, new) = (allowed(&rules.old), allowed(&rules.new));
    let universe = || if any { Universe::Any } else { read.cloud.universe() };
    let mut wrong = Vec::new();
    for (more, less, by, of) in [(&new, &old, &read.new, &read.old), (&old, &new, &read.old, &read.new)] {
        let formula = Formula::all([more.clone(), less.clone().not(), rules.facts.clone()]);
        let goal = Goal::satisfiable(formula, universe());
        wrong.extend(agree(&goal, false, engines, budget, count));
        let Some(found) = BruteForce::default().find(&goal) else { continue };
        let names: BTreeSet<String> =
            found.iter().map(|(attribute, _)| attribute.name().to_owned()).collect();
        if names.len() < found.iter().count() || !goal.formula.opaques().is_empty() {
            // One name as of two kinds, or a condition that cannot be read: not a request that the rule can judge.
            continue;
        }
        let request = documents.request(read.kind, &found);
        let decide = |policy| documents.decide(read.kind, policy, &request).is_allowed();
        if !decide(by) || decide(of) {
            wrong.push(format!("the rule sees no difference in {request:?} of {}", goal.formula));
        }
    }
    wrong
}
