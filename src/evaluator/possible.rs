//! Whether there are such requests at all, whoever is allowed what: of what a rule speaks, and whether one description
//! of requests covers another. Says nothing about any estate, so there is no request to be replayed.

use super::answer::explain;
use super::{Bug, Evaluator};
use crate::clouds;
use crate::logic::{Formula, Goal};
use crate::model::CloudId;
use crate::solver::Answer;

/// Whether some request can be such.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Possible {
    /// There is one.
    Yes,
    /// There is none.
    No,
    /// That was not decided, for this reason.
    Undecided(String),
}

impl Evaluator<'_> {
    /// Whether any request of a cloud satisfies the formula.
    pub fn is_possible(&self, cloud: CloudId, formula: &Formula) -> Result<Possible, Bug> {
        let Some(cloud) = clouds::cloud(cloud) else { return Ok(Possible::No) };
        let goal = Goal::satisfiable(formula.clone(), cloud.universe());
        let decided = self.portfolio().decide(&goal).map_err(Bug::from)?;
        Ok(match decided.answer {
            Answer::Never => Possible::No,
            Answer::Sometimes(_) => Possible::Yes,
            Answer::Undecided(reason) => Possible::Undecided(explain(reason)),
        })
    }
}
