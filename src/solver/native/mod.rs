//! The native decision procedure: classes of values, then splitting.
//!
//! It decides every goal exactly except those with a relation between texts that stay unknown. For these it decides
//! the formula in which each relation is free to hold or not: if that never holds, neither does the real one; if it
//! can hold, the request is completed by hand and checked, and only a request that passes is an answer.
//! Printing of witnesses and the choice between engines are not done here.

mod arena;
mod bits;
mod choices;
mod classes;
mod implied;
pub(super) mod intervals;
mod known;
mod members;
pub(crate) mod meter;
mod prefixes;
mod problem;
mod rows;
mod search;
pub(super) mod texts;

use self::known::KnownActions;
use self::meter::{Meter, Spent};
use self::problem::Problem;
pub use self::rows::{Row, RowActions, TextClass, rows};
use self::search::Search;
use super::{Answer, Engine, Outcome, Reason};
use crate::logic::{Assignment, Atom, Attribute, Formula, Goal, Patterns, Shape, Universe, Value};

/// The native engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Native;

/// Budgets beyond this are cut: the engine's numbers have 32 bits.
const LARGEST_BUDGET: u64 = 1 << 30;

impl Engine for Native {
    fn name(&self) -> &'static str {
        "native"
    }

    fn decide(&self, goal: &Goal, budget: u64) -> Outcome {
        let budget = budget.min(LARGEST_BUDGET);
        let mut meter = Meter::new(budget);
        let answer = match decide(goal, &mut meter) {
            Ok(Found::Never) => Answer::Never,
            Ok(Found::Sometimes(request)) => Answer::Sometimes(completed(goal, request)),
            Ok(Found::Unsure(_)) => Answer::Undecided(Reason::Fragment),
            Err(Spent) => Answer::Undecided(Reason::Budget),
        };
        Outcome { answer, steps: meter.used() }
    }
}

enum Found {
    Never,
    Sometimes(Assignment),
    /// This request satisfies all but the relations between texts.
    Unsure(Assignment),
}

fn decide(goal: &Goal, meter: &mut Meter) -> Result<Found, Spent> {
    let mut goal = goal.clone();
    if has_relations(&goal.formula) {
        goal.formula = with_fixed_texts(goal.formula);
    }
    let request = match decide_relaxed(&goal, meter)? {
        Found::Unsure(request) => request,
        found => return Ok(found),
    };
    for attempt in ATTEMPTS {
        let known = fixed_references(&goal.formula, &request, attempt);
        let formula = pin(goal.formula.restrict(&known), &known);
        let narrowed = Goal { formula, universe: goal.universe.clone() };
        if let Found::Sometimes(request) = decide_relaxed(&narrowed, meter)? {
            return Ok(Found::Sometimes(request));
        }
    }
    Ok(Found::Unsure(request))
}

/// The request with a text for the principal, action and resource, which every request has, where any will do.
fn completed(goal: &Goal, mut request: Assignment) -> Assignment {
    for attribute in goal.formula.attributes() {
        if attribute.is_always_present() && request.known(&attribute).is_none() {
            request.set(attribute, Value::Text("x".to_owned()));
        }
    }
    request
}

/// Decides the formula in which relations are free, and checks the request if there are any.
fn decide_relaxed(goal: &Goal, meter: &mut Meter) -> Result<Found, Spent> {
    let problem = Problem::new(&goal.formula, meter)?;
    let relaxed = problem.is_relaxed();
    let root = problem.root;
    let lent = Meter::new(meter.left());
    let mut search = Search::new(problem, lent);
    let (found, spent) = match &goal.universe {
        Universe::Any => {
            let found = search.satisfiable(root).map(|holds| {
                holds.then(|| {
                    let mut request = Assignment::new();
                    search.witness(root, &mut request);
                    request
                })
            });
            (found, search.meter.used())
        }
        Universe::Known(actions) => {
            let mut known = KnownActions::new(search, actions);
            let found = known.find(root);
            (found, known.search.meter.used())
        }
    };
    meter.spend(usize::try_from(spent).unwrap_or(usize::MAX))?;
    Ok(match found?.map(|request| completed(goal, request)) {
        None => Found::Never,
        Some(request) if relaxed && goal.formula.evaluate(&request) == Some(false) => Found::Unsure(request),
        Some(request) => Found::Sometimes(request),
    })
}

fn has_relations(formula: &Formula) -> bool {
    let mut found = false;
    formula.for_each_literal(&mut |literal| found |= matches!(literal.atom, Atom::Same(..)));
    found
}

/// Whether a relation refers to one of these attributes.
fn has_relations_on(formula: &Formula, attributes: &[Attribute]) -> bool {
    let mut found = false;
    formula.for_each_literal(&mut |literal| {
        if let Atom::Same(..) = literal.atom {
            found |= literal.atom.attributes().into_iter().any(|name| attributes.contains(name));
        }
    });
    found
}

/// Fills in the texts that the formula itself fixes: a conjunct that allows an attribute just one text.
fn with_fixed_texts(mut formula: Formula) -> Formula {
    for _ in 0..8 {
        let known = fixed_texts(&formula);
        let next = pin(formula.restrict(&known), &known);
        if next == formula {
            break;
        }
        formula = next;
    }
    formula
}

fn fixed_texts(formula: &Formula) -> Assignment {
    let parts: &[Formula] = match formula.shape() {
        Some(Shape::All(parts)) => parts,
        Some(_) => std::slice::from_ref(formula),
        None => &[],
    };
    let mut known = Assignment::new();
    for literal in parts.iter().filter_map(Formula::as_literal).filter(|literal| literal.positive) {
        if let Atom::Matches(attribute, patterns) = &literal.atom
            && let (1, true, Some(only)) = (patterns.len(), patterns.is_finite(), patterns.iter().next())
        {
            known.set(attribute.clone(), Value::Text(only.as_literal().unwrap_or_default().to_owned()));
        }
    }
    known
}

/// The formula together with what is known.
fn pin(formula: Formula, known: &Assignment) -> Formula {
    let literal = |(attribute, value): (&Attribute, Option<&Value>)| match value {
        Some(Value::Text(text)) => Formula::matches(attribute.clone(), Patterns::literal(text)),
        _ => Formula::present(attribute.clone()).not(),
    };
    Formula::all(known.iter().map(literal).chain([formula]))
}

/// How to complete a request that came close.
#[derive(Clone, Copy)]
struct Attempt {
    /// Whether the texts that are compared are fixed too, not only those that patterns refer to.
    both_sides: bool,
    /// Whether empty texts are replaced.
    filled: bool,
}

/// Two keys are the same once both have one text; a key that has to match more than another key must be left open.
const ATTEMPTS: [Attempt; 4] = [
    Attempt { both_sides: true, filled: false },
    Attempt { both_sides: true, filled: true },
    Attempt { both_sides: false, filled: false },
    Attempt { both_sides: false, filled: true },
];

/// Texts for the attributes that relations refer to, but for the resource: those of a request that came close.
fn fixed_references(formula: &Formula, request: &Assignment, attempt: Attempt) -> Assignment {
    let mut known = Assignment::new();
    formula.for_each_literal(&mut |literal| {
        let Atom::Same(text, pattern) = &literal.atom else { return };
        for attribute in text.references().filter(|_| attempt.both_sides).chain(pattern.references()) {
            if *attribute == Attribute::resource() {
                continue;
            }
            match request.text(attribute) {
                Some("") | None if attempt.filled => {
                    known.set(attribute.clone(), Value::Text("x".to_owned()))
                }
                Some(value) => known.set(attribute.clone(), Value::Text(value.to_owned())),
                None => known.set_absent(attribute.clone()),
            }
        }
    });
    known
}
