//! *No wider than this document*.

use super::judge::{Judge, Ruling};
use super::report::Breach;
use super::{Guardrail, NoWider};
use crate::clouds;
use crate::evaluator::{
    Bug, Certainty, Comparison, Difference, DocumentEvaluator, TwoDocuments, Witness, is_short_for,
};
use crate::findings::Level;
use crate::logic::{Case, Pattern};
use crate::model::{Layer, Policy, PolicyId};

pub(super) fn judge(
    judge: &Judge<'_>,
    guardrail: &Guardrail,
    no_wider: &NoWider,
    ruling: &mut Ruling,
) -> Result<(), Bug> {
    let estate = judge.estate();
    let Some(cloud) = guardrail.cloud.and_then(clouds::cloud) else { return Ok(()) };
    let (Some(documents), Some(evaluator)) =
        (cloud.documents(), DocumentEvaluator::new(cloud, judge.evaluator.portfolio(), false))
    else {
        return Ok(());
    };
    for name in &no_wider.policies {
        let pattern = Pattern::glob(&name.text, Case::Sensitive);
        let is_meant = |policy: &Policy| {
            policy.cloud == cloud.id()
                && (pattern.matches(&policy.name)
                    || (name.is_plain() && is_short_for(&name.text, &policy.name)))
        };
        let mut found = false;
        for (id, policy) in estate.policies().filter(|(_, policy)| is_meant(policy)) {
            let layers: Vec<Layer> = estate.attachments_of(id).map(|one| one.layer).collect();
            let Some(kind) = documents.kind_of(policy, &layers) else { continue };
            let reference = no_wider.reference.read_as.iter().find(|(own, _)| *own == kind);
            let Some((kind, old)) = reference else { continue };
            found = true;
            ruling.asked = true;
            let two = TwoDocuments { kind: *kind, old, new: policy };
            let compared = evaluator.compare(two)?;
            let shown = &no_wider.reference.shown;
            match breach(guardrail, id, policy, &compared, shown) {
                Some(breach) => ruling.findings.push(breach.finding(guardrail)),
                None => ruling.rest_on(&compared.certainty),
            }
        }
        if !found {
            let why = "which is no policy of the files that can be held against such a document";
            ruling.idle(guardrail, cloud.id(), [name], (Level::Medium, why));
        }
    }
    Ok(())
}

fn breach(
    guardrail: &Guardrail,
    own: PolicyId,
    policy: &Policy,
    compared: &Comparison,
    than: &str,
) -> Option<Breach> {
    let id = &guardrail.id;
    let gained = match (&compared.gained, &compared.beyond.gained) {
        (Difference::Nothing, beyond) => beyond,
        (gained, _) => gained,
    };
    let (message, witness, certainty) = match gained {
        Difference::Nothing => return None,
        Difference::Some(change) => {
            let request = &change.request;
            let message = format!(
                "the policy `{}` gives `{}` on `{}`, which `{than}` does not, against the guardrail `{id}`",
                policy.name, request.action, request.resource
            );
            let witness = Witness { request: request.clone(), decision: change.allowed.clone() };
            (message, Some(witness), Certainty::from_gaps(change.allowed.gaps.iter().cloned()))
        }
        Difference::Undecided(reason) => {
            let message = format!(
                "whether the policy `{}` gives more than `{than}`, against the guardrail `{id}`, was not decided",
                policy.name
            );
            (message, None, Certainty::Undecided(reason.clone()))
        }
    };
    let because = witness.iter().flat_map(|shown| &shown.decision.because);
    let mut origins: Vec<_> = because.map(|reason| reason.origin.clone()).collect();
    origins.push(policy.origin.clone());
    origins.dedup();
    Some(Breach {
        cloud: policy.cloud,
        principal: None,
        policy: Some(own),
        name: policy.name.clone(),
        message,
        certainty,
        witness,
        hops: Vec::new(),
        access: Vec::new(),
        origins,
    })
}
