//! What a rule reports.

use std::sync::Arc;

use crate::evaluator::{Certainty, Witness};
use crate::graph::Hop;
use crate::logic::Formula;
use crate::model::{CloudId, Origin, PolicyId, PrincipalId, Question};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Worth tidying up.
    Low,
    /// Worth a change when there is an occasion.
    Medium,
    /// Worth a change now.
    High,
}

impl Level {
    /// All levels, from the least to the worst.
    pub const ALL: [Self; 4] = [Self::Info, Self::Low, Self::Medium, Self::High];

    /// The name in reports and options.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Something that a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The id of the rule.
    pub rule: &'static str,
    /// The cloud it is about.
    pub cloud: CloudId,
    /// How bad it is.
    pub level: Level,
    /// How sure it is.
    pub certainty: Certainty,
    /// What was found: one sentence, lower case, no final period, names in backticks.
    pub message: String,
    /// Where: the text that grants what should not be.
    pub primary: Origin,
    /// What else took part.
    pub related: Vec<Related>,
    /// A request that shows it.
    pub witness: Option<Witness>,
    /// The steps, for findings about paths.
    pub hops: Vec<Hop>,
    /// What to do about it.
    pub advice: String,
    /// What it is about, for those who repair it.
    pub intent: Intent,
    /// The same for the same finding in every run: made from rule, cloud and meaning, never from places in files.
    pub fingerprint: String,
}

/// A further place that took part in a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub origin: Origin,
    /// In which way.
    pub message: String,
}

/// What it is about, for those who repair it or look for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// Whose access.
    pub principal: Option<PrincipalId>,
    /// Given by what.
    pub policy: Option<PolicyId>,
    /// All of the access that it is about, where questions say it: other requests may be allowed than the one that is
    /// shown. Each with what holds for these requests.
    pub access: Vec<(Question, Formula)>,
    /// Against which guardrail it is.
    pub guardrail: Option<Arc<str>>,
}

impl Intent {
    /// About the access of somebody.
    pub fn of(principal: PrincipalId) -> Self {
        Self { principal: Some(principal), ..Self::default() }
    }

    /// About what a policy gives.
    pub fn by(policy: PolicyId) -> Self {
        Self { policy: Some(policy), ..Self::default() }
    }
}

impl Finding {
    /// Whether this is a question that stayed open rather than a fact.
    pub fn is_undecided(&self) -> bool {
        matches!(self.certainty, Certainty::Undecided(_))
    }

    /// Makes the fingerprint of a finding whose meaning is `meaning`: the names of principal, action and resource
    /// that it is about, say.
    pub fn fingerprint_of(rule: &str, cloud: CloudId, meaning: &[&str]) -> String {
        let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        for part in [rule, cloud.as_str()].iter().chain(meaning) {
            for byte in part.bytes().chain([0]) {
                hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
            }
        }
        format!("{hash:032x}")
    }
}
