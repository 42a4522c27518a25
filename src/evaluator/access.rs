//! Effective access of a principal, as rows that do not overlap.

use super::answer::explain;
use super::{Bug, Certainty, Evaluator};
use crate::logic::Formula;
use crate::model::Question;
use crate::solver::Reason;

/// All that one question's subject may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// What it may do, in rows that do not overlap.
    pub rows: Vec<AccessRow>,
    /// How sure this is.
    pub certainty: Certainty,
}

/// These actions on these resources under this condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRow {
    /// The actions in their cloud's spelling, sorted; every action of the catalog that belongs to the row.
    pub actions: Vec<String>,
    /// The patterns that the resources match; empty where any resource will do.
    pub resources: Vec<String>,
    /// The patterns that the resources do not match.
    pub except: Vec<String>,
    /// The condition over the rest of the request, as text; `None` where there is none.
    pub condition: Option<String>,
}

impl Evaluator<'_> {
    /// All that is allowed of `question`, narrowed to the requests for which `given` holds.
    pub fn access(&self, question: &Question, given: &Formula) -> Result<Access, Bug> {
        let posed = self.pose(question)?;
        let formula =
            Formula::all([posed.allowed.clone(), posed.facts.clone(), given.restrict(&posed.known)]);
        let certainty = if formula == Formula::False {
            Certainty::from_gaps(posed.gaps)
        } else {
            Certainty::Undecided(explain(Reason::Fragment))
        };
        Ok(Access { rows: Vec::new(), certainty })
    }
}
