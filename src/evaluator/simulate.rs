//! Decisions on single requests by the clouds' concrete rules. No engine takes part.

use super::Bug;
use crate::clouds::{self, Scenario};
use crate::model::{Decision, Verdict};

/// The decision on one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// The scenario's id.
    pub id: String,
    /// The decision with its reasons.
    pub decision: Decision,
    /// The decision that was expected, where it is compared.
    pub expected: Option<Verdict>,
}

impl Simulated {
    /// Whether the decision is another than the one that was expected.
    pub fn differs(&self) -> bool {
        self.expected.is_some_and(|expected| expected != self.decision.verdict)
    }
}

/// Decides one scenario. An error for a cloud without rules is a defect of the program.
pub fn simulate(id: String, scenario: &Scenario, expected: Option<Verdict>) -> Result<Simulated, Bug> {
    let Scenario { estate, request } = scenario;
    let Some(cloud) = clouds::cloud(request.cloud) else {
        return Err(Bug { message: format!("no rules for the cloud `{}`", request.cloud) });
    };
    Ok(Simulated { id, decision: cloud.decide(estate, request), expected })
}
