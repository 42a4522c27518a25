//! Google Cloud: allow policies, roles and conditions.
//!
//! Read in this order: `ast` (typed policies), `cel` and `parse` (from documents), `names` (resources and hierarchy),
//! `roles`, `members`, `conditions`, `lower` (formulas), `decide` (the concrete rule), `edges` (impersonation),
//! `load` (documents into an estate). Not read yet: deny policies, principal access boundaries, access control lists,
//! public access prevention, organization policies.

pub mod ast;
pub mod catalog;
pub mod cel;
mod condition_text;
mod conditions;
mod decide;
mod defaults;
mod edges;
mod grantable;
pub mod load;
mod lower;
mod members;
pub mod names;
mod parse;
mod roles;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::{Cloud, Demand, Step};
use crate::logic::{
    ActionEntry, Actions, Assignment, Attribute, Formula, Patterns, ResourceGroup, Universe, Value,
};
use crate::model::{
    CloudId, Decision, Estate, Grant, Layer, Layers, PolicyId, Question, Request, ResourceId, ScopeId,
};

/// Bindings of allow policies.
pub const ALLOW: Layer = Layer::new("allow policy");
/// Rules of deny policies, which come first.
pub const DENY: Layer = Layer::new("deny policy");

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
        let text = |attribute: Attribute| witness.text(&attribute).unwrap_or_default().to_owned();
        let mut context = BTreeMap::new();
        let resource = text(Attribute::resource());
        if let Some(chain) = witness.text(&names::ancestry())
            && names::placement(estate, &resource).is_none()
            && names::end_of_chain(estate, chain).is_some()
        {
            context.insert(names::ANCESTRY.to_owned(), vec![chain.to_owned()]);
        }
        if let Some(Value::Instant(micros)) = witness.value(&conditions::request_time())
            && let Ok(time) = jiff::Timestamp::from_microsecond(*micros)
        {
            context.insert("request.time".to_owned(), vec![time.to_string()]);
        }
        Request {
            cloud: names::CLOUD,
            principal: edges::asker(estate, question.subject),
            action: text(Attribute::action()),
            resource,
            context,
        }
    }

    fn assignment(&self, estate: &Estate, request: &Request) -> Assignment {
        let resource = names::full_name(&request.resource);
        let action = self.action(&request.action).unwrap_or_else(|_| request.action.clone());
        let placed = names::placement(estate, &resource).map(|scope| names::chain(estate, scope));
        let said = || request.context.get(names::ANCESTRY).and_then(|values| values.first()).cloned();
        let mut known = Assignment::new()
            .with_text(Attribute::principal(), request.principal.clone())
            .with_text(Attribute::action(), action)
            .with_text(Attribute::resource(), resource);
        match placed.or_else(said) {
            Some(chain) => known.set(names::ancestry(), Value::Text(chain)),
            None => known.set_absent(names::ancestry()),
        }
        let time = request.context.get("request.time").and_then(|values| values.first());
        match time.and_then(|text| condition_text::instant(text)) {
            Some(instant) => known.set(conditions::request_time(), Value::Instant(instant)),
            None => known.set_absent(conditions::request_time()),
        }
        known
    }

    fn decide(&self, estate: &Estate, request: &Request) -> Decision {
        decide::decide(estate, request)
    }

    fn coverage(&self, estate: &Estate, resource: ResourceId) -> Patterns {
        lower::coverage(estate, resource)
    }

    fn steps(&self, estate: &Estate) -> Vec<Step> {
        edges::steps(estate)
    }

    fn roles(&self) -> Option<&dyn crate::clouds::Roles> {
        Some(self)
    }

    fn administration(&self, estate: &Estate, scope: ScopeId) -> Vec<Demand> {
        edges::administration(estate, scope)
    }
}
