//! Effective access of a principal, as rows that do not overlap.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::answer::explain;
use super::ask::{Posed, with_fixed};
use super::{Bug, Certainty, Evaluator};
use crate::clouds::Cloud;
use crate::logic::{Actions, Attribute, Formula, Goal, Patterns, ResourceGroup, Shape, Universe};
use crate::model::{Object, Question};
use crate::solver::native::{self, Row, TextClass, rows};
use crate::solver::{self, Portfolio, Reason};

/// All that one question's subject may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// What it may do, in rows that do not overlap.
    pub rows: Vec<AccessRow>,
    /// How sure this is.
    pub certainty: Certainty,
}

/// These actions on these resources under this condition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessRow {
    /// The resources match some pattern of each of these sets; empty where any resource will do.
    pub resources: Vec<Vec<String>>,
    /// The resources match none of these patterns.
    pub except: Vec<String>,
    /// The condition over the rest of the request, as text; `None` where there is none.
    pub condition: Option<String>,
    /// The actions.
    pub actions: RowActions,
}

/// The actions of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowActions {
    /// Every action of the catalog that belongs to the row, in its cloud's spelling, sorted. Each is meant on resources
    /// of its own types only.
    Named(Vec<String>),
    /// All texts that match these patterns, where actions are plain texts.
    Matching {
        /// The actions match some pattern of each of these sets; empty where any action will do.
        patterns: Vec<Vec<String>>,
        /// The actions match none of these patterns.
        except: Vec<String>,
    },
}

impl Access {
    /// The same, if it rests on more.
    #[must_use]
    pub(super) fn resting_on(self, more: &Certainty) -> Self {
        let more = Certainty::from_gaps(more.gaps().iter().cloned());
        Self { certainty: self.certainty.and(more), ..self }
    }
}

impl Evaluator<'_> {
    /// All that is allowed of `question`, narrowed to the requests for which `given` holds. It rests on what one of these
    /// requests rests on, too.
    pub fn access(&self, question: &Question, given: &Formula) -> Result<Access, Bug> {
        let posed = self.pose(question)?;
        let can = self.can_posed(question, &posed, given)?;
        let given = given.clone().and(Self::place(question, &posed));
        Ok(self.access_posed(&posed, &given)?.resting_on(&can.certainty))
    }

    /// What holds of the resources that a question is asked about. Listings repeat it.
    pub(super) fn place(question: &Question, posed: &Posed) -> Formula {
        if question.object == Object::Any {
            return Formula::True;
        }
        let about = |part: &&Formula| part.attributes().iter().eq([&Attribute::resource()]);
        Formula::all(parts(&posed.facts).iter().filter(about).cloned())
    }

    /// [`Evaluator::access`] for a question that was written down already.
    pub(super) fn access_posed(&self, posed: &Posed, given: &Formula) -> Result<Access, Bug> {
        // What holds of every request is no part of what is listed: rows would tell apart what it alone tells apart.
        let given = given.restrict(&posed.known);
        let facts = parts(&posed.facts).iter().filter(|part| !parts(&given).contains(part));
        let facts = Formula::all(facts.cloned());
        let formula = with_fixed(posed.allowed.clone().and(given), &posed.known);
        let universe = posed.cloud.universe();
        let describer = Describer::new(posed.cloud, self.portfolio(), &facts);
        Ok(match describer.rows(&formula, &universe)? {
            Ok(rows) => {
                let more = posed.cloud.rests_on(self.estate(), &posed.allowed);
                Access { rows, certainty: Certainty::from_gaps(posed.gaps.iter().cloned().chain(more)) }
            }
            Err(reason) => Access { rows: Vec::new(), certainty: Certainty::Undecided(explain(reason)) },
        })
    }
}

/// A listing answers as many questions as there are kinds of requests, for an administrator those of all services. It may
/// take as many steps as so many questions.
const QUESTIONS: u64 = 20;

/// Says formulas as rows.
pub(super) struct Describer<'a> {
    cloud: &'a dyn Cloud,
    portfolio: &'a Portfolio,
    /// Holds for every request, so conditions need not repeat it.
    given: &'a Formula,
    /// What was asked already: the same exceptions and groups come together in many rows.
    asked: RefCell<FxHashMap<Formula, bool>>,
}

impl<'a> Describer<'a> {
    pub(super) fn new(cloud: &'a dyn Cloud, portfolio: &'a Portfolio, given: &'a Formula) -> Self {
        Self { cloud, portfolio, given, asked: RefCell::default() }
    }

    /// The requests that satisfy the formula.
    pub(super) fn rows(
        &self,
        formula: &Formula,
        universe: &Universe,
    ) -> Result<Result<Vec<AccessRow>, Reason>, Bug> {
        let budget = self.portfolio.budget.saturating_mul(QUESTIONS);
        let found = match rows(formula, universe, budget) {
            Ok(found) => found,
            Err(reason) => return Ok(Err(reason)),
        };
        let spelled = |folded: &str| self.cloud.display_action(folded);
        let mut merged: BTreeMap<Requests, BTreeSet<String>> = BTreeMap::new();
        for row in &found {
            for (requests, actions) in self.split(row, universe)? {
                merged.entry(requests).or_default().extend(actions.iter().map(|name| spelled(name)));
            }
        }
        Ok(Ok(merged.into_iter().map(|(requests, actions)| requests.with(actions)).collect()))
    }

    /// The row by classes of resources, each with the actions that can be asked on some resource of the class.
    fn split(&self, row: &Row, universe: &Universe) -> Result<Vec<Part>, Bug> {
        let condition = self.sensible(&self.beyond_given(&row.condition))?;
        let mut found = Vec::new();
        for class in &row.resources {
            let Some(own) = self.needed(&condition, class)? else { continue };
            let class = self.tidy(&Attribute::resource(), class, &self.given.clone().and(own.clone()))?;
            let condition = Some(self.spelled(&own)).filter(|_| own != Formula::True);
            match (&row.actions, universe) {
                (native::RowActions::Known(names), Universe::Known(actions)) => {
                    for (group, names) in by_group(names, actions) {
                        if self.meets(&class, &group.patterns)? {
                            let class = self.within(&class, &group.patterns)?;
                            found.push((class.requests(Some(group), condition.clone()), names));
                        }
                    }
                }
                (native::RowActions::Known(names), Universe::Any) => {
                    found.push((class.requests(None, condition.clone()), names.clone()));
                }
                (native::RowActions::Classes(classes), _) => {
                    for actions in classes {
                        let actions = self.tidy(&Attribute::action(), actions, &Formula::True)?;
                        let (kind, patterns) = actions.actions();
                        let requests = class.requests(None, condition.clone());
                        found.push((Requests { actions: kind, ..requests }, patterns));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The condition without those of its parts that are given.
    fn beyond_given(&self, condition: &Formula) -> Formula {
        let given = parts(self.given);
        Formula::all(parts(condition).iter().filter(|part| !given.contains(part)).cloned())
    }

    /// The parts of a condition that do not follow from what is given for a class of resources; `None` where there is no
    /// such request.
    fn needed(&self, condition: &Formula, class: &TextClass) -> Result<Option<Formula>, Bug> {
        if *self.given == Formula::True {
            return Ok(Some(condition.clone()));
        }
        let set = |set: &Patterns| Formula::matches(Attribute::resource(), set.clone());
        let outside = Formula::any(class.outside.iter().map(set));
        let class = Formula::all(class.inside.iter().map(set).chain([outside.not(), self.given.clone()]));
        if !self.exists(class.clone().and(condition.clone()))? {
            return Ok(None);
        }
        let mut kept: Vec<Formula> = parts(condition).to_vec();
        let mut index = 0;
        while index < kept.len() {
            let part = kept.remove(index);
            let rest = kept.iter().cloned().chain([class.clone(), part.clone().not()]);
            if self.exists(Formula::all(rest))? {
                kept.insert(index, part);
                index += 1;
            }
        }
        Ok(Some(Formula::all(kept)))
    }

    /// Leaves out what a reader need not know of a class: patterns that the others imply, and exceptions that none of
    /// its members could match, where `given` holds.
    fn tidy(&self, attribute: &Attribute, class: &TextClass, given: &Formula) -> Result<Texts, Bug> {
        let texts = |inside: &[Patterns], outside: &[Patterns]| Texts {
            attribute: attribute.clone(),
            inside: inside.to_vec(),
            outside: outside.to_vec(),
        };
        let mut inside: Vec<Patterns> =
            class.inside.iter().filter(|set| !set.is_universal()).cloned().collect();
        let mut index = 0;
        while index < inside.len() {
            let candidate = inside.remove(index);
            let rest = texts(&inside, &[]);
            if self.exists(Formula::all([given.clone(), rest.formula(), rest.matches(&candidate).not()]))? {
                inside.insert(index, candidate);
                index += 1;
            }
        }
        let mut outside: Vec<Patterns> = class.outside.clone();
        let mut index = 0;
        while index < outside.len() {
            let candidate = outside.remove(index);
            let rest = texts(&inside, &outside);
            if self.exists(Formula::all([given.clone(), rest.formula(), rest.matches(&candidate)]))? {
                outside.insert(index, candidate);
                index += 1;
            }
        }
        inside.sort();
        outside.sort();
        Ok(texts(&inside, &outside))
    }

    /// The condition without what it says of requests that there are not.
    fn sensible(&self, condition: &Formula) -> Result<Formula, Bug> {
        let always = self.cloud.holds_always(&condition.attributes());
        let left = if always == Formula::True { condition.clone() } else { self.under(&always, condition)? };
        // All of it is about such requests: then it is said as it is.
        Ok(if left == Formula::False { condition.clone() } else { left })
    }

    /// The formula without the parts that always hold, and without those that never do.
    fn under(&self, always: &Formula, formula: &Formula) -> Result<Formula, Bug> {
        let simpler = match formula.shape() {
            Some(Shape::All(parts)) => {
                let parts: Result<Vec<_>, Bug> = parts.iter().map(|part| self.under(always, part)).collect();
                Formula::all(parts?)
            }
            Some(Shape::Any(parts)) => {
                let parts: Result<Vec<_>, Bug> = parts.iter().map(|part| self.under(always, part)).collect();
                Formula::any(parts?)
            }
            _ => formula.clone(),
        };
        if always.attributes().is_disjoint(&simpler.attributes()) {
            return Ok(simpler);
        }
        Ok(if !self.exists(simpler.clone().and(always.clone()))? {
            Formula::False
        } else if !self.exists(simpler.clone().not().and(always.clone()))? {
            Formula::True
        } else {
            simpler
        })
    }

    /// In words, with the names of keys as users write them.
    fn spelled(&self, condition: &Formula) -> String {
        let documents = self.cloud.documents();
        let name = |key: &Attribute| {
            let name = documents.map_or_else(|| key.name().to_owned(), |documents| documents.key_name(key));
            Attribute::new(name, key.kind())
        };
        condition.renamed_by(&name).to_string()
    }

    /// The class without the exceptions that none of these resources could be.
    fn within(&self, class: &Texts, resources: &Patterns) -> Result<Texts, Bug> {
        let inside = || class.inside.iter().chain([resources]).map(|set| class.matches(set));
        let mut outside = Vec::new();
        for exception in &class.outside {
            if self.exists(Formula::all(inside().chain([class.matches(exception)])))? {
                outside.push(exception.clone());
            }
        }
        Ok(Texts { attribute: class.attribute.clone(), inside: class.inside.clone(), outside })
    }

    fn meets(&self, class: &Texts, group: &Patterns) -> Result<bool, Bug> {
        self.exists(class.formula().and(class.matches(group)))
    }

    /// Whether some text satisfies the formula; undecided counts as yes, which only leaves more in a description.
    fn exists(&self, formula: Formula) -> Result<bool, Bug> {
        if let Some(known) = self.asked.borrow().get(&formula) {
            return Ok(*known);
        }
        let goal = Goal::satisfiable(formula.clone(), Universe::Any);
        let decided = self.portfolio.decide(&goal).map_err(Bug::from)?;
        let exists = decided.answer != solver::Answer::Never;
        self.asked.borrow_mut().insert(formula, exists);
        Ok(exists)
    }
}

/// A class of actions or resources, tidied.
struct Texts {
    attribute: Attribute,
    inside: Vec<Patterns>,
    outside: Vec<Patterns>,
}

impl Texts {
    fn matches(&self, patterns: &Patterns) -> Formula {
        Formula::matches(self.attribute.clone(), patterns.clone())
    }

    fn formula(&self) -> Formula {
        let inside = self.inside.iter().map(|set| self.matches(set));
        Formula::all(inside.chain(self.outside.iter().map(|set| self.matches(set).not())))
    }

    /// The actions, with the patterns where these alone say which.
    fn actions(&self) -> (ActionKind, Vec<Arc<str>>) {
        if let ([only], []) = (self.inside.as_slice(), self.outside.as_slice()) {
            return (ActionKind::Patterns, texts(only).iter().map(|text| text.as_str().into()).collect());
        }
        let patterns = self.inside.iter().map(texts).collect();
        (ActionKind::Class { patterns, except: self.outside.iter().flat_map(texts).collect() }, Vec::new())
    }

    /// In words. Actions that take no resource are asked on the one text that stands for none.
    fn requests(&self, group: Option<&ResourceGroup>, condition: Option<String>) -> Requests {
        let actions = ActionKind::Names;
        match group.filter(|group| group.patterns.is_finite()) {
            Some(group) => {
                Requests { resources: vec![texts(&group.patterns)], except: Vec::new(), condition, actions }
            }
            None => Requests {
                resources: self.inside.iter().map(texts).collect(),
                except: self.outside.iter().flat_map(texts).collect(),
                condition,
                actions,
            },
        }
    }
}

/// What must hold together.
pub(super) fn parts(formula: &Formula) -> &[Formula] {
    match formula.shape() {
        Some(Shape::All(parts)) => parts,
        Some(_) => std::slice::from_ref(formula),
        None => &[],
    }
}

fn texts(set: &Patterns) -> Vec<String> {
    set.iter().map(ToString::to_string).collect()
}

/// All of a row but the names or patterns of its actions.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Requests {
    resources: Vec<Vec<String>>,
    except: Vec<String>,
    condition: Option<String>,
    actions: ActionKind,
}

/// How a row says its actions.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum ActionKind {
    /// By names.
    Names,
    /// By patterns of which one must match.
    Patterns,
    /// By more than that.
    Class { patterns: Vec<Vec<String>>, except: Vec<String> },
}

impl Requests {
    fn with(self, listed: BTreeSet<String>) -> AccessRow {
        let listed: Vec<String> = listed.into_iter().collect();
        let actions = match self.actions {
            ActionKind::Names => RowActions::Named(listed),
            ActionKind::Patterns => RowActions::Matching { patterns: vec![listed], except: Vec::new() },
            ActionKind::Class { patterns, except } => RowActions::Matching { patterns, except },
        };
        AccessRow { resources: self.resources, except: self.except, condition: self.condition, actions }
    }
}

/// A piece of a row: requests that differ in their actions only, with names of these or patterns.
type Part = (Requests, Vec<Arc<str>>);

/// The names by the resources they can be asked on.
fn by_group<'a>(names: &[Arc<str>], actions: &'a Actions) -> Vec<(&'a ResourceGroup, Vec<Arc<str>>)> {
    let mut groups: BTreeMap<u32, Vec<Arc<str>>> = BTreeMap::new();
    for name in names {
        if let Some(entry) = actions.find(name) {
            groups.entry(entry.resources).or_default().push(name.clone());
        }
    }
    let group = |index: u32| actions.groups().get(index as usize);
    groups.into_iter().filter_map(|(index, names)| Some((group(index)?, names))).collect()
}
