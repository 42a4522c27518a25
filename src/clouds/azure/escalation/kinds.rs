//! What the words of steps stand for: kinds of targets, hosts and states.

use crate::clouds::azure::gaps;
use crate::clouds::azure::index::{self, IDENTITY_OF, KUBELET_OF, OWN_RESOURCE};
use crate::clouds::azure::members;
use crate::clouds::azure::names::CLOUD;
use crate::clouds::azure::steps::KEY_OF;
use crate::clouds::escalation::Lexicon;
use crate::model::{Estate, Principal, PrincipalKind};

/// The words.
pub(in crate::clouds::azure) const LEXICON: Lexicon = Lexicon {
    targets: &[
        "managed-identity",
        "user",
        "group",
        "service-principal",
        "storage-key",
        "cosmos-key",
        "service-bus-key",
        "event-hubs-key",
        "key-vault",
    ],
    hosts: &[
        "virtual-machine",
        "scale-set",
        "site",
        "site-slot",
        "automation-account",
        "batch-pool",
        "container-group",
        "container-app",
        "container-app-job",
        "data-factory",
        "deployment-script",
        "image-template",
        "kubernetes-cluster",
        "logic-app",
        "policy-assignment",
        "registry-task",
        "arc-machine",
    ],
    existing: &[],
    states: &["user-assigned", "access-policies", "roles"],
};

/// A kind of resources that run as an identity: its word, how the facts begin that name such resources, and their type.
const HOSTS: &[(&str, &str, &str)] = &[
    ("virtual-machine", IDENTITY_OF, "Microsoft.Compute/virtualMachines"),
    ("scale-set", IDENTITY_OF, "Microsoft.Compute/virtualMachineScaleSets"),
    ("site", IDENTITY_OF, "Microsoft.Web/sites"),
    ("site-slot", IDENTITY_OF, "Microsoft.Web/sites/slots"),
    ("automation-account", IDENTITY_OF, "Microsoft.Automation/automationAccounts"),
    ("batch-pool", IDENTITY_OF, "Microsoft.Batch/batchAccounts/pools"),
    ("container-group", IDENTITY_OF, "Microsoft.ContainerInstance/containerGroups"),
    ("container-app", IDENTITY_OF, "Microsoft.App/containerApps"),
    ("container-app-job", IDENTITY_OF, "Microsoft.App/jobs"),
    ("data-factory", IDENTITY_OF, "Microsoft.DataFactory/factories"),
    ("deployment-script", IDENTITY_OF, "Microsoft.Resources/deploymentScripts"),
    ("image-template", IDENTITY_OF, "Microsoft.VirtualMachineImages/imageTemplates"),
    ("kubernetes-cluster", KUBELET_OF, "Microsoft.ContainerService/managedClusters"),
    ("logic-app", IDENTITY_OF, "Microsoft.Logic/workflows"),
    ("policy-assignment", IDENTITY_OF, "Microsoft.Authorization/policyAssignments"),
    ("registry-task", IDENTITY_OF, "Microsoft.ContainerRegistry/registries/tasks"),
    ("arc-machine", IDENTITY_OF, "Microsoft.HybridCompute/machines"),
];

/// The types of services whose keys open their data, with the word for such a key.
const KEYS: &[(&str, &str)] = &[
    ("storage-key", "Microsoft.Storage/storageAccounts"),
    ("cosmos-key", "Microsoft.DocumentDB/databaseAccounts"),
    ("service-bus-key", "Microsoft.ServiceBus/namespaces"),
    ("event-hubs-key", "Microsoft.EventHub/namespaces"),
];

/// The types of resources that are targets themselves.
const RESOURCES: &[(&str, &str)] = &[("key-vault", "Microsoft.KeyVault/vaults")];

/// Whether a principal is a target of that kind.
pub(super) fn is_target(estate: &Estate, principal: &Principal, word: &str) -> bool {
    let is = |kind| principal.cloud == CLOUD && principal.kind == kind;
    match word {
        "managed-identity" => is(PrincipalKind::ServiceAccount) && is_identity(principal),
        "user" => is(PrincipalKind::User),
        "group" => is(PrincipalKind::Group),
        "service-principal" => is(PrincipalKind::ServiceAccount) && !is_identity(principal),
        word => {
            let wanted = KEYS.iter().find(|(own, _)| *own == word).map(|(_, kind)| *kind);
            is(PrincipalKind::StandIn) && wanted.is_some() && service_of(estate, principal) == wanted
        }
    }
}

/// Whether a resource of that type is a target of that kind.
pub(super) fn is_resource(kind: &str, word: &str) -> bool {
    RESOURCES.iter().any(|(own, of)| *own == word && of.eq_ignore_ascii_case(kind))
}

fn is_identity(principal: &Principal) -> bool {
    principal.facts.keys().any(|fact| index::is_identity(fact))
}

/// The type of the service that a key belongs to.
fn service_of(estate: &Estate, principal: &Principal) -> Option<&'static str> {
    let name = members::object_id(principal).strip_prefix(KEY_OF)?;
    let resource = estate.find_resource(CLOUD, name).and_then(|id| estate.resource(id))?;
    KEYS.iter().find(|(_, kind)| kind.eq_ignore_ascii_case(&resource.kind)).map(|(_, kind)| *kind)
}

/// The name of the resource that a principal is, or whose key it stands for.
pub(super) fn own_resource(principal: &Principal) -> Option<&str> {
    let own = principal.facts.get(OWN_RESOURCE).map(String::as_str);
    own.or_else(|| members::object_id(principal).strip_prefix(KEY_OF))
}

/// How facts about hosts of that kind begin, and their type.
pub(super) fn host(word: &str) -> Option<(&'static str, &'static str)> {
    HOSTS.iter().find(|(own, ..)| *own == word).map(|(_, fact, kind)| (*fact, *kind))
}

/// Whether a target is in a state: that of a vault has to be known from its own export.
pub(super) fn is_in_state(
    estate: &Estate,
    principal: Option<&Principal>,
    name: Option<&str>,
    state: &str,
) -> bool {
    let vault = || name.and_then(|name| gaps::vault(estate, name));
    match state {
        "user-assigned" => principal.is_some_and(|one| one.facts.contains_key(OWN_RESOURCE)),
        "access-policies" => vault().is_some_and(|vault| !vault.uses_roles),
        "roles" => vault().is_some_and(|vault| vault.uses_roles),
        _ => false,
    }
}
