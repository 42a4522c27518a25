//! Effective access of a principal, as rows that do not overlap.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::answer::explain;
use super::ask::with_fixed;
use super::{Bug, Certainty, Evaluator};
use crate::clouds::Cloud;
use crate::logic::{Actions, Attribute, Formula, Goal, Patterns, ResourceGroup, Universe};
use crate::model::Question;
use crate::solver::native::{Row, RowActions, TextClass, rows};
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
    /// The actions in their cloud's spelling, sorted; every action of the catalog that belongs to the row. Each is
    /// meant on resources of its own types only.
    pub actions: Vec<String>,
}

impl Evaluator<'_> {
    /// All that is allowed of `question`, narrowed to the requests for which `given` holds.
    pub fn access(&self, question: &Question, given: &Formula) -> Result<Access, Bug> {
        let posed = self.pose(question)?;
        let formula =
            Formula::all([posed.allowed.clone(), posed.facts.clone(), given.restrict(&posed.known)]);
        let formula = with_fixed(formula, &posed.known);
        let universe = posed.cloud.universe();
        let describer = Describer { cloud: posed.cloud, portfolio: self.portfolio() };
        Ok(match describer.rows(&formula, &universe)? {
            Ok(rows) => Access { rows, certainty: Certainty::from_gaps(posed.gaps) },
            Err(reason) => Access { rows: Vec::new(), certainty: Certainty::Undecided(explain(reason)) },
        })
    }
}

/// Says formulas as rows.
pub(super) struct Describer<'a> {
    pub(super) cloud: &'a dyn Cloud,
    pub(super) portfolio: &'a Portfolio,
}

impl Describer<'_> {
    /// The requests that satisfy the formula.
    pub(super) fn rows(
        &self,
        formula: &Formula,
        universe: &Universe,
    ) -> Result<Result<Vec<AccessRow>, Reason>, Bug> {
        let found = match rows(formula, universe, self.portfolio.budget) {
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
        let condition = Some(row.condition.to_string()).filter(|_| row.condition != Formula::True);
        let mut found = Vec::new();
        for class in &row.resources {
            let class = self.tidy(class)?;
            match (&row.actions, universe) {
                (RowActions::Known(names), Universe::Known(actions)) => {
                    for (group, names) in by_group(names, actions) {
                        if self.meets(&class, &group.patterns)? {
                            found.push((class.requests(Some(group), condition.clone()), names));
                        }
                    }
                }
                (RowActions::Known(names), Universe::Any) => {
                    found.push((class.requests(None, condition.clone()), names.clone()));
                }
                (RowActions::Classes(classes), _) => {
                    let names = classes.iter().map(|class| class.example.as_str().into()).collect();
                    found.push((class.requests(None, condition.clone()), names));
                }
            }
        }
        Ok(found)
    }

    /// Leaves out what a reader need not know of a class: patterns that the others imply, and exceptions that none of
    /// its members could match.
    fn tidy(&self, class: &TextClass) -> Result<Resources, Bug> {
        let mut inside: Vec<Patterns> =
            class.inside.iter().filter(|set| !set.is_universal()).cloned().collect();
        let mut index = 0;
        while index < inside.len() {
            let candidate = inside.remove(index);
            let rest = Resources { inside: inside.clone(), outside: Vec::new() };
            if self.exists(rest.formula().and(resource_in(&candidate).not()))? {
                inside.insert(index, candidate);
                index += 1;
            }
        }
        let mut outside: Vec<Patterns> = class.outside.clone();
        let mut index = 0;
        while index < outside.len() {
            let candidate = outside.remove(index);
            let rest = Resources { inside: inside.clone(), outside: outside.clone() };
            if self.exists(rest.formula().and(resource_in(&candidate)))? {
                outside.insert(index, candidate);
                index += 1;
            }
        }
        inside.sort();
        outside.sort();
        Ok(Resources { inside, outside })
    }

    fn meets(&self, class: &Resources, group: &Patterns) -> Result<bool, Bug> {
        self.exists(class.formula().and(resource_in(group)))
    }

    /// Whether some text satisfies the formula; undecided counts as yes, which only leaves more in a description.
    fn exists(&self, formula: Formula) -> Result<bool, Bug> {
        let decided = self.portfolio.decide(&Goal::satisfiable(formula, Universe::Any)).map_err(Bug::from)?;
        Ok(decided.answer != solver::Answer::Never)
    }
}

fn resource_in(patterns: &Patterns) -> Formula {
    Formula::matches(Attribute::resource(), patterns.clone())
}

/// A class of resources, tidied.
struct Resources {
    inside: Vec<Patterns>,
    outside: Vec<Patterns>,
}

impl Resources {
    fn formula(&self) -> Formula {
        let inside = self.inside.iter().map(resource_in);
        Formula::all(inside.chain(self.outside.iter().map(|set| resource_in(set).not())))
    }

    /// In words. Actions that take no resource are asked on the one text that stands for none.
    fn requests(&self, group: Option<&ResourceGroup>, condition: Option<String>) -> Requests {
        let texts = |set: &Patterns| set.iter().map(ToString::to_string).collect::<Vec<String>>();
        match group.filter(|group| group.patterns.is_finite()) {
            Some(group) => {
                Requests { resources: vec![texts(&group.patterns)], except: Vec::new(), condition }
            }
            None => Requests {
                resources: self.inside.iter().map(texts).collect(),
                except: self.outside.iter().flat_map(texts).collect(),
                condition,
            },
        }
    }
}

/// All of a row but its actions.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Requests {
    resources: Vec<Vec<String>>,
    except: Vec<String>,
    condition: Option<String>,
}

impl Requests {
    fn with(self, actions: BTreeSet<String>) -> AccessRow {
        AccessRow {
            resources: self.resources,
            except: self.except,
            condition: self.condition,
            actions: actions.into_iter().collect(),
        }
    }
}

/// A piece of a row: requests that differ in their actions only.
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
