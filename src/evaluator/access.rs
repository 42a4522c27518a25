//! Effective access of a principal, as rows that do not overlap.

use super::answer::explain;
use super::ask::with_fixed;
use super::{Bug, Certainty, Evaluator};
use crate::logic::{Formula, Patterns};
use crate::model::Question;
use crate::solver::native::{Row, RowActions, rows};

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
    /// The resources match each of these, which are patterns or sets of patterns; empty where any resource will do.
    pub resources: Vec<String>,
    /// The resources match none of these.
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
        match rows(&formula, &posed.cloud.universe(), self.portfolio().budget) {
            Ok(found) => {
                let spelled = |folded: &str| posed.cloud.display_action(folded);
                let mut rows: Vec<AccessRow> = found.iter().flat_map(|row| describe(row, &spelled)).collect();
                rows.sort();
                Ok(Access { rows, certainty: Certainty::from_gaps(posed.gaps) })
            }
            Err(reason) => Ok(Access { rows: Vec::new(), certainty: Certainty::Undecided(explain(reason)) }),
        }
    }
}

/// One row for each class of resources.
fn describe(row: &Row, spelled: &dyn Fn(&str) -> String) -> Vec<AccessRow> {
    let mut actions: Vec<String> = match &row.actions {
        RowActions::Known(names) => names.iter().map(|name| spelled(name)).collect(),
        RowActions::Classes(classes) => classes.iter().map(|class| spelled(&class.example)).collect(),
    };
    actions.sort();
    let condition = Some(row.condition.to_string()).filter(|_| row.condition != Formula::True);
    let texts = |sets: &[Patterns]| {
        let open = |set: &&Patterns| !set.is_universal();
        sets.iter().filter(open).map(ToString::to_string).collect()
    };
    row.resources
        .iter()
        .map(|class| AccessRow {
            resources: texts(&class.inside),
            except: texts(&class.outside),
            condition: condition.clone(),
            actions: actions.clone(),
        })
        .collect()
}
