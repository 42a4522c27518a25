//! Microsoft Azure: role assignments, role definitions, deny assignments, conditions, and the ways around them.
//!
//! Read in this order: `ast` and `condition` (typed policies), `abac` (conditions from texts), `names` (resources and
//! hierarchy), `index` (where things are in an estate), `roles`, `members`, `directory` (power beside Azure's roles), `further`
//! (operations without a catalog),
//! `times`, `conditions`, `lower` (formulas), `decide`, `decide_directory` and `evaluate` (the concrete rule), `escalation` and
//! `steps` (becoming others), `credentials`, `claims` and `federation` (tokens of other issuers), `assignable` (roles to propose), `load` (documents into an estate), `scenario`, `documents` (two of them side
//! by side). Not read: Azure Policy, locks, network rules, shared access signatures, and delegations of Azure
//! Lighthouse.

mod abac;
mod assignable;
pub mod ast;
pub mod catalog;
mod claims;
pub mod condition;
mod conditions;
mod credentials;
mod decide;
mod decide_directory;
mod directory;
mod documents;
mod escalation;
mod evaluate;
mod federation;
mod further;
mod gaps;
mod index;
pub mod load;
mod lower;
mod members;
pub mod names;
mod requests;
mod roles;
mod scenario;
mod steps;
mod times;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use super::clock::Clocks;
use super::{Cloud, Demand, Probe, ProbeKind, Scenario, Step};
use crate::logic::{
    ActionEntry, Actions, Assignment, Case, Formula, Pattern, Patterns, ResourceGroup, Universe,
};
use crate::model::{
    CloudId, Decision, Estate, Grant, Layer, Layers, PolicyId, Principal, PrincipalId, PrincipalKind,
    Question, Request, ResourceId, ScopeId,
};
use crate::text::{Problem, Tree};

/// Role assignments.
pub const ALLOW: Layer = Layer::new("role assignment");
/// Assignments that a principal may activate; they are for whoever has done so.
pub const ELIGIBLE: Layer = Layer::new("eligible assignment");
/// Administrators of the classic deployment model.
pub const CLASSIC: Layer = Layer::new("classic administrator");
/// Deny assignments, which come first.
pub const DENY: Layer = Layer::new("deny assignment");
/// That somebody may activate an assignment.
pub const ELIGIBILITY: Layer = Layer::new("eligibility");
/// Roles of the directory, permissions of Microsoft Graph, and owners.
pub const DIRECTORY: Layer = Layer::new("directory role");
/// Access policies of key vaults.
pub const VAULT: Layer = Layer::new("vault access policy");
/// Keys of storage accounts and the like.
pub const KEY: Layer = Layer::new("account key");
/// Containers that are open to everybody.
pub const PUBLIC: Layer = Layer::new("anonymous access");
/// The capacity in which a role definition is held.
pub const ROLE_DEFINITION: Layer = Layer::new("role definition");
/// Credentials that take tokens of other issuers.
pub const FEDERATED: Layer = Layer::new("federated credential");
/// Secrets and certificates of programs.
pub const CREDENTIAL: Layer = Layer::new("credential");
/// The capacity in which it is noted that a list was exported.
pub const LISTING: Layer = Layer::new("listing");

/// The layers that give roles, from which deny assignments take.
const ALLOWS: &[Layer] = &[ALLOW, ELIGIBLE, CLASSIC];
/// The layers that allow by themselves.
const ALONE: &[Layer] = &[ELIGIBILITY, DIRECTORY, VAULT, KEY, PUBLIC];

/// The fact of a principal that is its object id.
pub const OBJECT_ID: &str = "id";
/// The fact of a principal that is its application's id.
pub const APPLICATION_ID: &str = "application";
/// The fact of a user that tells guests: `Guest` or `Member`.
pub const USER_TYPE: &str = "type";

/// Activating an eligible assignment, in lower case.
const ACTIVATE: &str = "microsoft.authorization/roleassignmentschedulerequests/write";
/// Reading and listing blobs, in lower case.
const READ_BLOB: &str = "microsoft.storage/storageaccounts/blobservices/containers/blobs/read";
/// The data of key vaults, in lower case.
const VAULT_DATA: &str = "microsoft.keyvault/vaults/*";
/// The template id of the directory's role Global Administrator:
/// <https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference#global-administrator>.
const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// Microsoft Azure.
#[derive(Clone, Copy, Debug)]
pub struct Azure;

/// The object id of what stands for whoever has a key of a service.
pub fn key_of(service: &str) -> String {
    format!("{}{service}", steps::KEY_OF)
}

impl Cloud for Azure {
    fn id(&self) -> CloudId {
        names::CLOUD
    }

    fn name(&self) -> &'static str {
        "Microsoft Azure"
    }

    /// Every operation of the catalog, on any resource: an operation is asked on resources of its type, on what holds
    /// them, and on scopes above.
    fn universe(&self) -> Universe {
        static KNOWN: LazyLock<Arc<Actions>> = LazyLock::new(|| {
            let operations = catalog::operations().operations();
            let names = operations.map(|one| one.folded().to_owned());
            let names = names.chain(further::operations().map(str::to_ascii_lowercase));
            let entries = names.map(|name| ActionEntry { name: name.into(), resources: 0 }).collect();
            Arc::new(Actions::new(entries, vec![ResourceGroup { patterns: Patterns::anything() }]))
        });
        Universe::Known(KNOWN.clone())
    }

    fn action(&self, typed: &str) -> Result<String, Vec<String>> {
        let operations = catalog::operations();
        let known = operations.find(typed.trim()).map(|operation| operation.name());
        match known.or_else(|| further::spelled(typed.trim())) {
            Some(name) => Ok(name.to_owned()),
            None => Err(operations.search(typed, 5).into_iter().map(|found| found.name).collect()),
        }
    }

    fn grants(&self, estate: &Estate, policy: PolicyId, layer: Layer) -> Vec<Arc<Grant>> {
        lower::grants(estate, policy, layer)
    }

    fn layers(&self, estate: &Estate, question: &Question) -> Layers {
        lower::layers(estate, question)
    }

    fn combine(&self, layers: &Layers) -> Formula {
        lower::combine(layers)
    }

    fn request(&self, estate: &Estate, question: &Question, witness: &Assignment) -> Request {
        requests::request(estate, question, witness)
    }

    fn assignment(&self, _estate: &Estate, request: &Request) -> Assignment {
        requests::assignment(request)
    }

    fn decide(&self, estate: &Estate, request: &Request) -> Decision {
        decide::decide(estate, request)
    }

    fn scenario(&self, tree: &Tree, problems: &mut Vec<Problem>) -> Option<Scenario> {
        scenario::scenario(tree, problems)
    }

    fn claims(&self, written: &str) -> bool {
        written.starts_with('/') && !written.starts_with("//")
    }

    fn written(&self, written: &str) -> Patterns {
        Patterns::of([Pattern::glob(&names::full_name(written), Case::Insensitive)])
    }

    fn circumstances(&self, condition: &Tree, problems: &mut Vec<Problem>) -> Option<Formula> {
        conditions::circumstances(condition, problems)
    }

    fn coverage(&self, estate: &Estate, resource: ResourceId) -> Patterns {
        lower::coverage(estate, resource)
    }

    fn steps(&self, estate: &Estate) -> Vec<Step> {
        steps::steps(estate)
    }

    fn escalation(&self) -> &'static [super::escalation::Step] {
        escalation::steps()
    }

    fn lexicon(&self) -> super::escalation::Lexicon {
        escalation::LEXICON
    }

    fn situations(
        &self,
        estate: &Estate,
        step: &super::escalation::Step,
        into: Option<PrincipalId>,
    ) -> Vec<super::escalation::Situation> {
        escalation::situations(estate, step, into)
    }

    fn supposed(&self, estate: &Estate, change: super::escalation::Change) -> Estate {
        escalation::supposed(estate, change)
    }

    fn clocks(&self) -> Option<&'static Clocks> {
        static CLOCKS: LazyLock<Clocks> = LazyLock::new(|| {
            Clocks::new(&catalog::current().info().date, [(conditions::attribute(&condition::Key::now()), 0)])
        });
        Some(&CLOCKS)
    }

    /// A log names principals by their object ids, which are the same under every name.
    fn find_principal(&self, estate: &Estate, name: &str) -> Option<PrincipalId> {
        estate.find_principal(names::CLOUD, name).or_else(|| members::find(estate, name))
    }

    /// <https://learn.microsoft.com/entra/external-id/user-properties>: `userType`, or the mark in the name of a user from
    /// elsewhere.
    fn is_guest(&self, principal: &Principal) -> bool {
        let said = principal.facts.get(USER_TYPE);
        let by_name = || principal.name.to_ascii_lowercase().contains("#ext#@");
        principal.kind == PrincipalKind::User
            && said.map_or_else(by_name, |kind| kind.eq_ignore_ascii_case("Guest"))
    }

    fn roles(&self) -> Option<&dyn crate::clouds::Roles> {
        Some(self)
    }

    fn service_accounts(&self) -> Option<&dyn crate::clouds::ServiceAccounts> {
        Some(self)
    }

    fn federation(&self) -> Option<&dyn crate::clouds::federation::Federation> {
        Some(self)
    }

    fn probes(&self, estate: &Estate, resource: ResourceId, kind: ProbeKind) -> Vec<Probe> {
        federation::probes(estate, resource, kind)
    }

    fn documents(&self) -> Option<&dyn crate::clouds::documents::Documents> {
        Some(&documents::AzureDocuments)
    }

    fn steps_to(&self, estate: &Estate, to: PrincipalId) -> Option<Vec<Step>> {
        Some(steps::steps_to(estate, to))
    }

    fn contenders(&self, estate: &Estate, scope: ScopeId) -> Option<BTreeSet<PrincipalId>> {
        Some(steps::contenders(estate, scope))
    }

    fn administration(&self, estate: &Estate, scope: ScopeId) -> Vec<Demand> {
        steps::administration(estate, scope)
    }
}
