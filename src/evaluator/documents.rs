//! Two policy documents: what the new one allows that the old one does not, and the other way round.

use super::access::{Describer, parts};
use super::answer::explain;
use super::ask::has_unread;
use super::idle::without_idle;
use super::{AccessRow, Bug, Certainty};
use rustc_hash::FxHashMap;

use crate::clouds::Cloud;
use crate::clouds::documents::{DocumentKind, Documents, Rule, Rules, RulesOfTwo};
use crate::logic::{Actions, Atom, Attribute, Case, Formula, Goal, Literal, Pattern, Patterns, Universe};
use crate::model::{Decision, Policy, Request};
use crate::solver::{self, Portfolio};

/// How the new document stands to the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Both allow the same requests.
    Equivalent,
    /// The new one allows less.
    Narrower,
    /// The new one allows more.
    Broader,
    /// Each allows something that the other does not.
    Incomparable,
    /// One of the two questions was not decided.
    Undecided,
}

/// Two documents compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// As what both were read.
    pub kind: DocumentKind,
    /// How the new one stands to the old one.
    pub relation: Relation,
    /// What the new one allows and the old one does not.
    pub gained: Difference,
    /// What the old one allows and the new one does not.
    pub lost: Difference,
    /// What is gained and lost with actions that no catalog knows, where nothing is with those that it does.
    pub beyond: BeyondCatalog,
    /// How sure all of it is.
    pub certainty: Certainty,
    /// The engines that decided.
    pub engine: &'static str,
    /// The steps they took in all.
    pub steps: u64,
}

/// What one document allows and the other does not.
#[derive(Clone, Debug)]
pub enum Difference {
    /// Nothing.
    Nothing,
    /// Some requests; this is one.
    Some(Box<Change>),
    /// It was not decided, for this reason.
    Undecided(String),
}

/// Differences that exist only for actions that no catalog knows: those of the future, and misspelled ones. They have
/// no part in the relation.
#[derive(Clone, Debug)]
pub struct BeyondCatalog {
    /// What the new document allows and the old one does not.
    pub gained: Difference,
    /// What the old document allows and the new one does not.
    pub lost: Difference,
}

/// One request that one document allows and the other does not.
#[derive(Clone, Debug)]
pub struct Change {
    /// The request.
    pub request: Request,
    /// What the document that allows it says, with the statements that do so.
    pub allowed: Decision,
    /// What the other says, with the statements that deny it, if any do.
    pub refused: Decision,
}

/// The whole of a difference, as rows that do not overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceRows {
    /// The rows.
    Rows(Vec<AccessRow>),
    /// They could not be listed, for this reason.
    Undecided(String),
}

/// Compares documents of one cloud.
#[derive(Clone, Copy)]
pub struct DocumentEvaluator<'a> {
    cloud: &'a dyn Cloud,
    documents: &'a dyn Documents,
    portfolio: &'a Portfolio,
    any: bool,
}

/// Two documents of one kind.
#[derive(Clone, Copy)]
pub struct TwoDocuments<'a> {
    /// What they are.
    pub kind: DocumentKind,
    /// The old one.
    pub old: &'a Policy,
    /// The new one.
    pub new: &'a Policy,
}

impl<'a> TwoDocuments<'a> {
    /// What the new document allows and the old one does not.
    fn forwards(self) -> Direction<'a> {
        Direction { kind: self.kind, allowing: self.new, other: self.old }
    }

    /// What the old document allows and the new one does not.
    fn backwards(self) -> Direction<'a> {
        Direction { kind: self.kind, allowing: self.old, other: self.new }
    }
}

/// Which of two documents must allow what the other does not.
#[derive(Clone, Copy)]
struct Direction<'a> {
    kind: DocumentKind,
    allowing: &'a Policy,
    other: &'a Policy,
}

/// Stands for the actions that neither a catalog nor the documents name.
const UNKNOWN_ACTION: &str = "unknown:unknown";

impl<'a> DocumentEvaluator<'a> {
    /// An evaluator of the cloud's documents; `None` when it has none that can be compared. With `any`, actions and
    /// resources are plain texts, otherwise only the requests that the catalog knows count.
    pub fn new(cloud: &'a dyn Cloud, portfolio: &'a Portfolio, any: bool) -> Option<Self> {
        let documents = cloud.documents()?;
        Some(Self { cloud, documents, portfolio, any })
    }

    /// Compares the documents. Each request that is shown has been replayed by the cloud's concrete rule.
    pub fn compare(&self, two: TwoDocuments<'_>) -> Result<Comparison, Bug> {
        let rules = self.documents.rules(two.kind, two.old, two.new);
        let (more, less) = (gain(&rules), loss(&rules));
        let known = self.universe();
        let (gained, first) = self.ask(&rules, more.clone(), &known, two.forwards())?;
        let (lost, second) = self.ask(&rules, less.clone(), &known, two.backwards())?;
        let beyond = BeyondCatalog {
            gained: self.ask_beyond(&rules, more, &gained, two.forwards())?,
            lost: self.ask_beyond(&rules, less, &lost, two.backwards())?,
        };
        let relation = match (&gained, &lost) {
            (Difference::Undecided(_), _) | (_, Difference::Undecided(_)) => Relation::Undecided,
            (Difference::Nothing, Difference::Nothing) => Relation::Equivalent,
            (Difference::Nothing, Difference::Some(_)) => Relation::Narrower,
            (Difference::Some(_), Difference::Nothing) => Relation::Broader,
            (Difference::Some(_), Difference::Some(_)) => Relation::Incomparable,
        };
        let reason = [&gained, &lost].into_iter().find_map(|difference| match difference {
            Difference::Undecided(reason) => Some(reason.clone()),
            _ => None,
        });
        let certainty = reason.map_or_else(|| Certainty::from_gaps(rules.gaps), Certainty::Undecided);
        let engine = if first.0 == "shape" { second.0 } else { first.0 };
        Ok(Comparison {
            kind: two.kind,
            relation,
            gained,
            lost,
            beyond,
            certainty,
            engine,
            steps: first.1 + second.1,
        })
    }

    /// All that the new document allows and the old one does not, and the other way round, as rows.
    pub fn rows(&self, two: TwoDocuments<'_>) -> Result<[DifferenceRows; 2], Bug> {
        let rules = self.documents.rules(two.kind, two.old, two.new);
        let describer = Describer::new(self.cloud, self.portfolio, &rules.facts);
        let mut found = Vec::new();
        for formula in [gain(&rules), loss(&rules)] {
            found.push(match describer.rows(&formula, &self.universe())? {
                Ok(rows) => DifferenceRows::Rows(rows),
                Err(reason) => DifferenceRows::Undecided(explain(reason)),
            });
        }
        let mut found = found.into_iter();
        let mut next = || found.next().unwrap_or(DifferenceRows::Rows(Vec::new()));
        Ok([next(), next()])
    }

    fn universe(&self) -> Universe {
        if self.any { Universe::Any } else { self.cloud.universe() }
    }

    /// Whether the formula, which did not hold for any known action, holds for an unknown one.
    ///
    /// Actions that match no pattern of the formula are all alike, so one unknown name stands for them.
    fn ask_beyond(
        &self,
        rules: &RulesOfTwo,
        formula: Formula,
        difference: &Difference,
        direction: Direction<'_>,
    ) -> Result<Difference, Bug> {
        let Universe::Known(actions) = self.universe() else { return Ok(Difference::Nothing) };
        if !matches!(difference, Difference::Nothing) || formula == Formula::False {
            return Ok(Difference::Nothing);
        }
        let formula = formula.rewritten(&|atom| of_unknown_action(atom, &actions));
        if formula == Formula::False {
            return Ok(Difference::Nothing);
        }
        let mut asked = vec![Pattern::literal(UNKNOWN_ACTION, Case::Sensitive)];
        formula.for_each_literal(&mut |literal| match &literal.atom {
            Atom::Matches(attribute, patterns) if *attribute == Attribute::action() => {
                asked.extend(patterns.iter().cloned());
            }
            _ => {}
        });
        let asked = Patterns::of(asked);
        let entries =
            actions.matching(&asked).into_iter().filter_map(|at| actions.entries().get(at as usize));
        let known = Patterns::of(entries.map(|entry| Pattern::literal(&entry.name, Case::Sensitive)));
        let unknown = Formula::matches(Attribute::action(), asked)
            .and(Formula::matches(Attribute::action(), known).not());
        Ok(self.ask(rules, formula.and(unknown), &Universe::Any, direction)?.0)
    }

    /// Whether the formula holds for some request, which one document then allows and the other does not.
    fn ask(
        &self,
        rules: &RulesOfTwo,
        formula: Formula,
        universe: &Universe,
        Direction { kind, allowing, other }: Direction<'_>,
    ) -> Result<(Difference, (&'static str, u64)), Bug> {
        let goal = Goal::satisfiable(formula.and(rules.facts.clone()), universe.clone());
        let decided = self.portfolio.decide(&goal).map_err(Bug::from)?;
        let difference = match decided.answer {
            solver::Answer::Never => Difference::Nothing,
            solver::Answer::Undecided(reason) => Difference::Undecided(explain(reason)),
            solver::Answer::Sometimes(found) => {
                let request = self.documents.request(kind, &found);
                let allowed = self.documents.decide(kind, allowing, &request);
                let refused = self.documents.decide(kind, other, &request);
                let unread = has_unread(&rules.gaps);
                if (!allowed.is_allowed() || refused.is_allowed()) && !unread {
                    return Err(Bug {
                        message: format!(
                            "a difference found by engine `{}` does not survive its replay: {request:?} should be allowed by `{}` ({:?}) and not by `{}` ({:?})",
                            decided.engine, allowing.name, allowed.verdict, other.name, refused.verdict
                        ),
                    });
                }
                let same = |next: &Request| {
                    self.documents.decide(kind, allowing, next) == allowed
                        && self.documents.decide(kind, other, next) == refused
                };
                let request = without_idle(self.cloud, request, same);
                Difference::Some(Box::new(Change { request, allowed, refused }))
            }
        };
        Ok((difference, (decided.engine, decided.steps)))
    }
}

impl Relation {
    /// The word for it: `equivalent`, `narrower`, `broader`, `incomparable`, `undecided`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equivalent => "equivalent",
            Self::Narrower => "narrower",
            Self::Broader => "broader",
            Self::Incomparable => "incomparable",
            Self::Undecided => "undecided",
        }
    }
}

/// What `new` allows and `old` does not.
fn gain(rules: &RulesOfTwo) -> Formula {
    minus(&rules.new, &rules.old)
}

fn loss(rules: &RulesOfTwo) -> Formula {
    minus(&rules.old, &rules.new)
}

/// What `more` allows and `less` does not: not allowed there, or denied there. What both say need not be looked at: a
/// request that `less` allows by the same rule is not missing there, and one that `more` denies by the same rule is
/// not allowed.
fn minus(more: &Rules, less: &Rules) -> Formula {
    let own = beyond(without(&more.allows, &less.allows), &less.allows);
    let own = any(&own).and(any(&near(&own, &less.allows)).not());
    let denied = any(&beyond(without(&less.denies, &more.denies), &more.denies));
    let newly = if denied == Formula::False { Formula::False } else { any(&more.allows).and(denied) };
    own.or(newly).and(any(&more.denies).not())
}

/// The rules of `others` that may be about a request that some rule is about. What is left unsaid reads better: who lost a
/// role is not one of those who keep it.
fn near(rules: &[Rule], others: &[Rule]) -> Vec<Rule> {
    if rules.len().saturating_mul(others.len()) > MOST {
        return others.to_vec();
    }
    let meets = |other: &&Rule| rules.iter().any(|rule| !plainly_apart(&rule.rest, &other.rest));
    others.iter().filter(meets).cloned().collect()
}

/// Whether both ask one attribute for texts of which none is among those that the other asks for.
fn plainly_apart(one: &Formula, other: &Formula) -> bool {
    let asked = |formula: &Formula| -> Vec<(Attribute, Patterns)> {
        let literals = parts(formula).iter().filter_map(Formula::as_literal);
        let positive = literals.filter_map(|literal| match &literal.atom {
            Atom::Matches(attribute, patterns) if literal.positive => {
                Some((attribute.clone(), patterns.clone()))
            }
            _ => None,
        });
        positive.collect()
    };
    let others = asked(other);
    asked(one).iter().any(|(attribute, patterns)| {
        let same = others.iter().filter(|(own, _)| own == attribute);
        same.map(|(_, texts)| texts).any(|texts| !texts.iter().any(|text| patterns.meets(text)))
    })
}

fn any(rules: &[Rule]) -> Formula {
    Formula::any(rules.iter().map(Rule::formula))
}

/// The rules without the actions that `known` speaks of in the same words and with the same rest.
fn without(rules: &[Rule], known: &[Rule]) -> Vec<Rule> {
    let mut alike: FxHashMap<u64, Vec<&Rule>> = FxHashMap::default();
    for one in known {
        alike.entry(one.rest.fingerprint()).or_default().push(one);
    }
    let left = |rule: &Rule| {
        let mut actions = rule.actions.clone();
        let alike = alike.get(&rule.rest.fingerprint()).into_iter().flatten();
        for one in alike.filter(|one| one.rest == rule.rest) {
            if one.actions == actions || one.actions == Formula::True {
                return None;
            }
            if let (Some(mine), Some(theirs)) = (patterns(&actions), patterns(&one.actions)) {
                actions = Formula::matches(Attribute::action(), mine.without(theirs));
            }
        }
        (actions != Formula::False).then(|| Rule { actions, rest: rule.rest.clone() })
    };
    rules.iter().filter_map(left).collect()
}

/// So many steps are taken to find rules that plainly say no more than another.
const MOST: usize = 100_000;

/// The rules that do not plainly say less than one of `others` does alone.
fn beyond(rules: Vec<Rule>, others: &[Rule]) -> Vec<Rule> {
    let mut steps = MOST;
    // Many rules are about the same actions: these are compared once.
    let mut numbers: FxHashMap<u64, usize> = FxHashMap::default();
    let mut groups: Vec<(&Formula, Vec<&Formula>)> = Vec::new();
    for other in others.iter().filter(|_| !rules.is_empty()) {
        let number = *numbers.entry(other.actions.fingerprint()).or_insert(groups.len());
        match groups.get_mut(number) {
            Some((actions, rests)) if **actions == other.actions => rests.push(&other.rest),
            _ => groups.push((&other.actions, vec![&other.rest])),
        }
    }
    let mut is_covered = |rule: &Rule| {
        groups.iter().any(|(actions, rests)| {
            rule.actions.plainly_implies(actions, &mut steps)
                && rests.iter().any(|rest| rule.rest.plainly_implies(rest, &mut steps))
        })
    };
    rules.into_iter().filter(|rule| !is_covered(rule)).collect()
}

/// What is left of an atom for actions that are not among `known`: the names of those match none of them.
fn of_unknown_action(atom: &Atom, known: &Actions) -> Formula {
    match atom {
        Atom::Matches(attribute, patterns) if *attribute == Attribute::action() => {
            let may_match =
                |pattern: &Pattern| pattern.as_literal().is_none_or(|name| known.find(name).is_none());
            Formula::matches(attribute.clone(), patterns.filter(may_match))
        }
        atom => Formula::literal(Literal { atom: atom.clone(), positive: true }),
    }
}

/// The patterns of a formula that says no more than that the action matches one of them.
fn patterns(formula: &Formula) -> Option<&Patterns> {
    match formula.as_literal() {
        Some(Literal { atom: Atom::Matches(attribute, patterns), positive: true })
            if *attribute == Attribute::action() =>
        {
            Some(patterns)
        }
        _ => None,
    }
}
