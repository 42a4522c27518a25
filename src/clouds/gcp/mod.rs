//! Google Cloud: allow policies, deny policies, principal access boundaries, roles and conditions.
//!
//! Read in this order: `ast` (typed policies), `cel`, `expressions` and `parse` (from documents), `names` (resources and
//! hierarchy), `types`, `versions` (facts of Google's), `roles`, `sets`, `public`, `pools`; then the formulas: `members`,
//! `conditions`, `lower`, `restrictions`; the concrete rule: `truth`, `decide`, `refusals`; `requests` (between the two);
//! `edges` (who is meant by a member, and administration), `escalation` (steps as data), `load` (documents into an estate), `unlisted` (what no file speaks of). Not in here: access control lists of Cloud Storage,
//! VPC Service Controls, other organization policies than public access prevention.

mod accounts;
pub mod ast;
pub mod catalog;
pub mod cel;
mod conditions;
mod dataset;
mod decide;
mod defaults;
mod documents;
mod edges;
mod edits;
mod escalation;
mod expressions;
mod extracts;
mod federation;
mod grantable;
pub mod hosts;
mod index;
pub mod load;
mod lower;
mod members;
pub mod names;
pub mod numbered;
mod parse;
pub mod pools;
mod public;
mod refusals;
mod regexes;
mod requests;
mod restricting;
mod restrictions;
mod roles;
mod scenario;
mod sets;
pub mod shapes;
mod terraform;
mod tops;
mod truth;
mod types;
pub mod unlisted;
mod versions;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use super::clock::Clocks;
use super::{Cloud, Demand, Probe, ProbeKind, Scenario, Step};
use crate::logic::{ActionEntry, Actions, Assignment, Formula, Patterns, ResourceGroup, Universe};
use crate::model::{
    CloudId, Decision, Estate, Grant, Layer, Layers, PolicyId, PrincipalId, Question, Request, ResourceId,
    ScopeId,
};
use crate::text::{Problem, Tree};

/// Bindings of allow policies.
pub const ALLOW: Layer = Layer::new("allow policy");
/// Rules of deny policies, which come first.
pub const DENY: Layer = Layer::new("deny policy");
/// Bindings of principal access boundary policies, which bound what allow policies give.
pub const BOUNDARY: Layer = Layer::ceiling("principal access boundary");
/// Bindings of access policies, which allow or deny and are not read.
const ACCESS: Layer = Layer::new("access policy");
/// The capacity in which a principal access boundary policy is attached to its organization; bindings apply it.
const BOUNDARY_POLICY: Layer = Layer::ceiling("principal access boundary policy");

/// Google Cloud.
#[derive(Clone, Copy, Debug)]
pub struct Gcp;

impl Cloud for Gcp {
    fn id(&self) -> CloudId {
        names::CLOUD
    }

    fn name(&self) -> &'static str {
        "Google Cloud"
    }

    /// Every permission of the catalog, on any resource: which permission is asked on which type of resource is
    /// documented for few.
    fn universe(&self) -> Universe {
        static KNOWN: LazyLock<Arc<Actions>> = LazyLock::new(|| {
            let names = catalog::current().permissions();
            let entries = names.map(|name| ActionEntry { name: name.into(), resources: 0 }).collect();
            Arc::new(Actions::new(entries, vec![ResourceGroup { patterns: Patterns::anything() }]))
        });
        Universe::Known(KNOWN.clone())
    }

    fn action(&self, typed: &str) -> Result<String, Vec<String>> {
        let catalog = catalog::current();
        match catalog.permission(typed) {
            Some(index) => Ok(catalog.permission_name(index).to_owned()),
            None => Err(catalog
                .search(typed, 16)
                .into_iter()
                .filter(|found| catalog.permission(&found.name).is_some())
                .map(|found| found.name)
                .take(5)
                .collect()),
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

    /// All but the place of the resource: conditions alone ask for them.
    fn may_lack(&self, key: &str) -> bool {
        key != names::ANCESTRY
    }

    fn assignment(&self, estate: &Estate, request: &Request) -> Assignment {
        requests::assignment(estate, request)
    }

    fn decide(&self, estate: &Estate, request: &Request) -> Decision {
        decide::decide(estate, request)
    }

    fn scenario(&self, tree: &Tree, problems: &mut Vec<Problem>) -> Option<Scenario> {
        scenario::scenario(tree, problems)
    }

    fn claims(&self, written: &str) -> bool {
        let beginnings = ["//", "gs://", "projects/", "folders/", "organizations/"];
        beginnings.iter().any(|beginning| written.starts_with(beginning))
    }

    fn written(&self, written: &str) -> Patterns {
        Patterns::globs([names::full_name(written).as_str()])
    }

    fn circumstances(&self, condition: &Tree, problems: &mut Vec<Problem>) -> Option<Formula> {
        parse::circumstances(condition, problems).map(|read| conditions::holds(Some(&read)))
    }

    fn coverage(&self, estate: &Estate, resource: ResourceId) -> Patterns {
        lower::coverage(estate, resource)
    }

    /// All steps are data.
    fn steps(&self, _estate: &Estate) -> Vec<Step> {
        Vec::new()
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

    fn as_resource(&self, estate: &Estate, principal: PrincipalId) -> String {
        escalation::as_resource(estate, principal)
    }

    fn clocks(&self) -> Option<&'static Clocks> {
        static CLOCKS: LazyLock<Clocks> =
            LazyLock::new(|| Clocks::new(&catalog::current().info().date, [(conditions::request_time(), 0)]));
        Some(&CLOCKS)
    }

    fn probes(&self, estate: &Estate, resource: ResourceId, kind: ProbeKind) -> Vec<Probe> {
        pools::probes(estate, resource, kind)
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

    fn documents(&self) -> Option<&dyn crate::clouds::documents::Documents> {
        Some(&documents::GcpDocuments)
    }

    fn administration(&self, estate: &Estate, scope: ScopeId) -> Vec<Demand> {
        edges::administration(estate, scope)
    }

    fn contenders(&self, estate: &Estate, scope: ScopeId) -> Option<BTreeSet<PrincipalId>> {
        Some(edges::contenders(estate, scope))
    }
}
