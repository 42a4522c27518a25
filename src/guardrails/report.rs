//! Broken and idle guardrails as findings.

use super::{Guardrail, Name};
use crate::evaluator::{Certainty, Witness};
use crate::findings::{Finding, Intent, Level, Meta, Related};
use crate::graph::Hop;
use crate::logic::Formula;
use crate::model::{CloudId, Origin, PolicyId, PrincipalId, Question};

/// The rule about guardrails that do not hold.
pub const BROKEN_GUARDRAIL: Meta = Meta {
    id: "broken-guardrail",
    summary: "access is against a guardrail of the configuration",
    level: Level::High,
    documentation: " ## What it does

 Reports who does what a guardrail of `leastwise.toml`, or of one of its packs, rules out: a request that is allowed and
 must not be, one that is refused and must be allowed, a path that must not be there. It is decided of all requests, with all
 policies, boundaries, denials and conditions. Each principal that breaks a guardrail is one finding, of the guardrail's
 level.

 Where it stayed open whether a guardrail holds, that is a finding too, which is undecided: such a guardrail does not count
 as kept.

 ## Why it matters

 A guardrail is what a team agreed on. Whoever breaks it does so by some statement, which the finding names.

 ## What to do

 Narrow what grants the access, or, if the access is meant, name the principal in the guardrail: that is a change of the
 agreement, and somebody has to approve it.
",
};

/// The rule about guardrails that speak of nothing.
pub const IDLE_GUARDRAIL: Meta = Meta {
    id: "idle-guardrail",
    summary: "a guardrail names something that there is not",
    level: Level::Medium,
    documentation: " ## What it does

 Reports names and patterns in guardrails and crown jewels that match nothing: no principal, no resource or statement of
 the files, or actions that are never asked on such resources.

 ## Why it matters

 A rule that cannot fail is no rule. A name with a mistake in it looks like a guardrail that holds.

 ## What to do

 Correct the name, give the files that tell of it (`--estate` of `check`), or remove the guardrail.
",
};

/// How a guardrail is broken.
pub(super) struct Breach {
    pub(super) cloud: CloudId,
    /// Who breaks it: its id, and a name that is the same in every run.
    pub(super) principal: Option<PrincipalId>,
    /// The policy that breaks it, if it is about one.
    pub(super) policy: Option<PolicyId>,
    pub(super) name: String,
    /// What is wrong, in words.
    pub(super) message: String,
    pub(super) certainty: Certainty,
    pub(super) witness: Option<Witness>,
    pub(super) hops: Vec<Hop>,
    /// All that is against the guardrail, as questions.
    pub(super) access: Vec<(Question, Formula)>,
    /// Where it comes from, the most telling first.
    pub(super) origins: Vec<Origin>,
}

impl Breach {
    pub(super) fn finding(self, guardrail: &Guardrail) -> Finding {
        let mut origins = self.origins;
        // What the provider wrote stands in no file.
        let at = origins.iter().position(|origin| origin.span.is_some()).unwrap_or(0);
        let primary = if origins.is_empty() { guardrail.origin.clone() } else { origins.remove(at) };
        let mut related: Vec<Related> = origins
            .into_iter()
            .map(|origin| Related { message: format!("{} also takes part", origin.what), origin })
            .collect();
        if primary != guardrail.origin {
            let message = "this rules it out".to_owned();
            related.push(Related { origin: guardrail.origin.clone(), message });
        }
        let why = match &*guardrail.reason {
            "" => String::new(),
            reason => format!(" (the guardrail is there because: {reason})"),
        };
        Finding {
            rule: BROKEN_GUARDRAIL.id,
            cloud: self.cloud,
            level: guardrail.level,
            certainty: self.certainty,
            message: self.message,
            primary,
            related,
            witness: self.witness,
            hops: self.hops,
            advice: format!("take away what gives it, or agree on it by changing the guardrail{why}"),
            intent: Intent {
                principal: self.principal,
                policy: self.policy,
                access: self.access,
                guardrail: Some(guardrail.id.clone()),
            },
            fingerprint: Finding::fingerprint_of(
                BROKEN_GUARDRAIL.id,
                self.cloud,
                &[&guardrail.id, &self.name],
            ),
        }
    }
}

/// That a name of a guardrail stands for nothing.
pub(super) fn idle(guardrail: &Guardrail, cloud: CloudId, name: &Name, level: Level, why: &str) -> Finding {
    let message = format!("the guardrail `{}` names `{}`, {why}", guardrail.id, name.text);
    Finding {
        intent: Intent { guardrail: Some(guardrail.id.clone()), ..Intent::default() },
        fingerprint: Finding::fingerprint_of(IDLE_GUARDRAIL.id, cloud, &[&guardrail.id, &name.text]),
        ..idle_name(cloud, name, level, message)
    }
}

/// That a name of the configuration stands for nothing.
pub(super) fn idle_name(cloud: CloudId, name: &Name, level: Level, message: String) -> Finding {
    Finding {
        rule: IDLE_GUARDRAIL.id,
        cloud,
        level,
        certainty: Certainty::Proven,
        message,
        primary: name.origin.clone(),
        related: Vec::new(),
        witness: None,
        hops: Vec::new(),
        advice: "correct the name, give the files that tell of it, or remove it".to_owned(),
        intent: Intent::default(),
        fingerprint: Finding::fingerprint_of(IDLE_GUARDRAIL.id, cloud, &[&name.text]),
    }
}
