//! Escalation steps in Azure: what the words of `policies/azure/escalation.yaml` stand for in an estate. The target is a
//! managed identity, the host a resource that has it
//! (<https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview>). Exports of resources tell
//! which have which; an identity that none of them names is not followed.

use std::sync::{Arc, OnceLock};

use super::index::IDENTITY_OF;
use super::names::CLOUD;
use super::steps::Candidates as Holders;
use crate::clouds::escalation::{
    self, Ask, AskOn, Asker, Candidates, Gain, Gained, Lexicon, Need, On, Requirement, Situation, Step,
};
use crate::logic::Formula;
use crate::model::{Estate, Gap, GapKind, Object, PrincipalId, PrincipalKind, ResourceId};

/// The words.
pub(super) const LEXICON: Lexicon = Lexicon {
    targets: &["managed-identity"],
    hosts: &[
        "virtual-machine",
        "scale-set",
        "site",
        "automation-account",
        "container-group",
        "container-app",
        "container-app-job",
        "logic-app",
        "data-factory",
        "arc-machine",
    ],
    states: &[],
};

/// The types of resources that the words for hosts stand for.
const HOSTS: &[(&str, &str)] = &[
    ("virtual-machine", "Microsoft.Compute/virtualMachines"),
    ("scale-set", "Microsoft.Compute/virtualMachineScaleSets"),
    ("site", "Microsoft.Web/sites"),
    ("automation-account", "Microsoft.Automation/automationAccounts"),
    ("container-group", "Microsoft.ContainerInstance/containerGroups"),
    ("container-app", "Microsoft.App/containerApps"),
    ("container-app-job", "Microsoft.App/jobs"),
    ("logic-app", "Microsoft.Logic/workflows"),
    ("data-factory", "Microsoft.DataFactory/factories"),
    ("arc-machine", "Microsoft.HybridCompute/machines"),
];

/// The steps that the program ships.
pub(super) fn steps() -> &'static [Step] {
    static STEPS: OnceLock<Vec<Step>> = OnceLock::new();
    STEPS
        .get_or_init(|| escalation::shipped(CLOUD, include_str!("../../../policies/azure/escalation.yaml")).0)
}

/// The step at all managed identities, or at one.
pub(super) fn situations(estate: &Estate, step: &Step, into: Option<PrincipalId>) -> Vec<Situation> {
    let mut holders = Holders::of(estate);
    let mut found = Vec::new();
    let is_target = step.targets.iter().any(|word| &*word.value == "managed-identity");
    if !is_target || step.gain != Gain::Become {
        return found;
    }
    let mut at = |id: PrincipalId| {
        for (host, name) in hosts_of(estate, step, id) {
            found.extend(situation(step, id, host, &name, &mut holders));
        }
    };
    match into {
        Some(id) => at(id),
        None => estate.principals().for_each(|(id, _)| at(id)),
    }
    found
}

/// The resources that have an identity and are of the kind that the step uses.
fn hosts_of(estate: &Estate, step: &Step, id: PrincipalId) -> Vec<(ResourceId, String)> {
    let principal = estate.principal(id).filter(|one| one.cloud == CLOUD);
    let Some(principal) = principal.filter(|one| one.kind == PrincipalKind::ServiceAccount) else {
        return Vec::new();
    };
    let words = step.exists.iter().filter_map(|one| match one {
        Requirement::Host(word) => Some(&**word),
        _ => None,
    });
    let types: Vec<&str> =
        words.filter_map(|word| HOSTS.iter().find(|(own, _)| *own == word)).map(|(_, kind)| *kind).collect();
    let names = principal.facts.keys().filter_map(|fact| fact.strip_prefix(IDENTITY_OF));
    let known = names.filter_map(|name| {
        let resource = estate.find_resource(CLOUD, name)?;
        let kind = estate.resource(resource)?.kind.as_str();
        types.iter().any(|own| own.eq_ignore_ascii_case(kind)).then(|| (resource, name.to_owned()))
    });
    known.collect()
}

fn situation(
    step: &Step,
    id: PrincipalId,
    host: ResourceId,
    name: &str,
    holders: &mut Holders<'_>,
) -> Option<Situation> {
    let mut gaps = Vec::new();
    for requirement in &step.exists {
        match requirement {
            Requirement::Host(_) => {}
            Requirement::Assume(what) => gaps.push(Gap {
                kind: GapKind::AssumedDefault,
                message: format!("it was assumed that there is {what}"),
                origin: None,
            }),
            // Words of other clouds.
            Requirement::Trusts(_) | Requirement::Target(_) | Requirement::Via(_) => return None,
        }
    }
    let mut asks = Vec::new();
    let mut candidates = Candidates::Anybody;
    for need in &step.needs {
        candidates = candidates.and(&Candidates::Only(holders.at(&need.action, name)));
        asks.push(ask(need, name)?);
    }
    if candidates.is_empty() {
        return None;
    }
    let candidates = Arc::new(candidates);
    Some(Situation { gained: Gained::Become(id), asks, candidates, gaps, host: Some(host) })
}

/// All that is needed is needed on the host: role assignments on it and above count for what lies inside of it, too.
fn ask(need: &Need, name: &str) -> Option<Ask> {
    let on = match need.on {
        On::Host => AskOn::Object(Object::Named(name.to_owned())),
        On::Target | On::Via | On::Policy | On::Own | On::New | On::Like(_) => return None,
    };
    Some(Ask { who: Asker::Taker, action: need.action.clone(), on, given: Formula::True })
}
