//! Amazon Web Services.
//!
//! `ast` and `parse` hold and read documents; `lower`, `conditions`, `layers` and `rule` say as formulas what AWS
//! decides; `decide` and `evaluate` say it for one request, from the same documents and with no other code in common;
//! `escalation`, `administration` and `requests` connect both to the rest of the program; `documents` and `statements` are about documents on their
//! own.
//!
//! In an estate, principals and resources are named by their ARNs, accounts by their twelve digits. A role is there
//! twice under one name: as the principal that acts, and as the resource (`iam:role`) that its trust policy protects.
//! The policy of a VPC endpoint is attached to the endpoint, and takes part in requests that come through it.

pub mod access_points;
mod action_names;
mod administration;
mod admitted;
pub mod ast;
mod caller;
pub mod catalog;
pub mod composed;
mod conditions;
mod asker;
mod at_home;
mod beside_policies;
mod decide;
mod differing;
mod documents;
mod endpoints;
pub mod escalation;
pub mod estate;
mod evaluate;
mod facts;
mod federation;
mod familiar;
mod follows;
mod givers;
mod globs;
mod guards;
mod inside;
pub mod keys;
mod layers;
mod lower;
mod meeting;
mod named;
pub mod names;
mod no_say;
mod notes;
mod organization;
mod outside;
mod own_policies;
pub mod parse;
mod presence;
mod probes;
mod protected;
pub mod public;
mod requests;
pub mod rule;
mod scenario;
mod sense;
mod service_keys;
mod sessions;
mod statements;

mod unknown;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::clock::Clocks;
use super::documents::Documents;
use super::escalation as escalation_steps;
use super::federation::Federation;
use super::own_policies::OwnPolicies;
use super::{Cloud, Demand, Probe, ProbeKind, Scenario, Step};
use crate::logic::{Assignment, Attribute, Formula, Patterns, Universe};
use crate::model::{
    CloudId, Decision, Effect, Estate, Gap, Grant, Layer, Layers, Origin, Policy, PolicyId, PrincipalId,
    Question, Request, ResourceId, ScopeId, Subject, Verdict,
};
use crate::text::{Problem, Tree};

pub use facts::managed_policy;
pub use lower::Body;

/// The id of this cloud.
pub const AWS: CloudId = CloudId::new("aws");

/// The rules of AWS.
#[derive(Clone, Copy, Debug)]
pub struct Aws;

impl Cloud for Aws {
    fn id(&self) -> CloudId {
        AWS
    }

    fn name(&self) -> &'static str {
        "Amazon Web Services"
    }

    fn universe(&self) -> Universe {
        facts::universe()
    }

    fn action(&self, typed: &str) -> Result<String, Vec<String>> {
        facts::action(typed)
    }

    fn grants(&self, estate: &Estate, policy: PolicyId, _layer: Layer) -> Vec<Arc<Grant>> {
        let body = estate.policy(policy).and_then(body);
        body.map(|body| body.lowered().iter().map(|lowered| lowered.whole.clone()).collect())
            .unwrap_or_default()
    }

    fn layers(&self, estate: &Estate, question: &Question) -> Layers {
        layers::layers(estate, question)
    }

    fn layers_among(
        &self,
        estate: &Estate,
        question: &Question,
        resources: &BTreeSet<ResourceId>,
    ) -> Option<Layers> {
        layers::layers_among(estate, question, resources)
    }

    fn givers(&self, estate: &Estate, question: &Question, given: &Formula) -> BTreeSet<ResourceId> {
        givers::givers(estate, question, given)
    }

    fn guardians(&self, estate: &Estate, request: &Request) -> Vec<ResourceId> {
        inside::covering(estate, &request.resource)
    }

    fn combine(&self, layers: &Layers) -> Formula {
        rule::combine(layers)
    }

    fn familiar(&self, estate: &Estate, question: &Question, witness: &Assignment) -> Vec<Assignment> {
        familiar::familiar(estate, question, witness)
    }

    fn request(&self, estate: &Estate, question: &Question, witness: &Assignment) -> Request {
        requests::request(AWS, estate, question, witness)
    }

    fn assignment(&self, estate: &Estate, request: &Request) -> Assignment {
        requests::assignment(estate, request)
    }

    fn decide(&self, estate: &Estate, request: &Request) -> Decision {
        decide::decide(estate, request)
    }

    fn verdict(&self, estate: &Estate, request: &Request) -> Verdict {
        decide::verdict(estate, request)
    }

    fn scenario(&self, tree: &Tree, problems: &mut Vec<Problem>) -> Option<Scenario> {
        scenario::scenario(tree, problems)
    }

    fn mentioned(&self, name: &str) -> Patterns {
        let account = name.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
        match account {
            Some(account) => Patterns::globs([format!("arn:*:*:*:{account}:*").as_str()]),
            None => Patterns::literal(name),
        }
    }

    fn claims(&self, written: &str) -> bool {
        written.starts_with("arn:")
    }

    fn circumstances(&self, condition: &Tree, problems: &mut Vec<Problem>) -> Option<Formula> {
        let tests = parse::circumstances(condition, problems)?;
        let mut wrong = |test: &ast::Test, why: &str| {
            let message = format!("the condition `{}` cannot be read: {why}", test.text);
            problems.push(Problem::error("condition", message).at(test.key.span));
            None
        };
        let holds = |test: &ast::Test| match conditions::test(test, ast::Version::V2012, Effect::Allow) {
            Ok(formula) => match conditions::unsaid(&formula) {
                Some(why) => wrong(test, why),
                None => Some(formula),
            },
            Err(why) => wrong(test, &why.0),
        };
        // All are looked at, so that all mistakes are told.
        let parts: Vec<Option<Formula>> = tests.iter().map(holds).collect();
        parts.into_iter().collect::<Option<Vec<Formula>>>().map(Formula::all)
    }

    fn coverage(&self, estate: &Estate, resource: ResourceId) -> Patterns {
        inside::coverage(estate, resource)
    }

    /// Those of providers of SAML; all others are data.
    fn steps(&self, estate: &Estate) -> Vec<Step> {
        federation::steps(estate)
    }

    fn escalation(&self) -> &'static [escalation_steps::Step] {
        escalation::steps()
    }

    fn lexicon(&self) -> escalation_steps::Lexicon {
        escalation::LEXICON
    }

    fn situations(
        &self,
        estate: &Estate,
        step: &escalation_steps::Step,
        into: Option<PrincipalId>,
    ) -> Vec<escalation_steps::Situation> {
        escalation::situations(estate, step, into)
    }

    fn alike_targets(
        &self,
        estate: &Estate,
        step: &escalation_steps::Step,
        change: Option<escalation_steps::Change>,
    ) -> Option<Arc<escalation_steps::Likeness>> {
        Some(escalation::of_targets(estate, step, change))
    }

    fn alike_askers(
        &self,
        estate: &Estate,
        action: &str,
        change: Option<escalation_steps::Change>,
    ) -> Option<Arc<escalation_steps::Likeness>> {
        Some(escalation::of_askers(estate, action, change))
    }

    fn supposed(&self, estate: &Estate, change: escalation_steps::Change) -> Estate {
        escalation::supposed(estate, change)
    }

    fn without(&self, estate: &Estate, grants: &BTreeSet<Origin>) -> Estate {
        escalation::without(estate, grants)
    }

    fn administration(&self, estate: &Estate, scope: ScopeId) -> Vec<Demand> {
        administration::administration(estate, scope)
    }

    fn contenders(&self, estate: &Estate, scope: ScopeId) -> Option<BTreeSet<PrincipalId>> {
        administration::contenders(estate, scope)
    }

    fn administrable(&self, estate: &Estate, principal: PrincipalId) -> Option<BTreeSet<ScopeId>> {
        administration::administrable(estate, principal)
    }

    fn may_admit(&self, estate: &Estate, stranger: Subject, resource: ResourceId) -> bool {
        outside::may_be_admitted(estate, stranger, resource)
    }

    fn probes(&self, estate: &Estate, resource: ResourceId, kind: ProbeKind) -> Vec<Probe> {
        probes::probes(estate, resource, kind)
    }

    fn clocks(&self) -> Option<&'static Clocks> {
        Some(keys::clocks())
    }

    fn own_policies(&self) -> Option<&dyn OwnPolicies> {
        Some(self)
    }

    fn rests_on(&self, estate: &Estate, allowed: &Formula) -> Vec<Gap> {
        unknown::of_access(estate, allowed)
    }

    fn unread(&self, estate: &Estate) -> Vec<Gap> {
        unknown::of_estate(estate)
    }

    fn admit(&self, estate: &mut Estate, typed: &str) {
        admitted::admit(estate, typed);
    }

    fn find_principal(&self, estate: &Estate, name: &str) -> Option<PrincipalId> {
        caller::find(estate, name).0
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html>. Some services call
    /// without saying which they are.
    fn called_via(&self, service: &str) -> BTreeMap<String, Vec<String>> {
        let mut known = BTreeMap::from([("aws:ViaAWSService".to_owned(), vec!["true".to_owned()])]);
        if service.ends_with(".amazonaws.com") {
            let keys = ["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"];
            known.extend(keys.map(|key| (key.to_owned(), vec![service.to_owned()])));
        }
        known
    }

    fn federation(&self) -> Option<&dyn Federation> {
        Some(self)
    }

    fn holds_always(&self, attributes: &BTreeSet<Attribute>) -> Formula {
        // Whether these requests are signed is not known here.
        Formula::all(presence::facts(attributes, &Formula::False))
    }

    fn documents(&self) -> Option<&dyn Documents> {
        Some(&documents::AwsDocuments)
    }
}

/// A policy's body, if it is one of this cloud's.
pub fn body(policy: &Policy) -> Option<&Body> {
    policy.body.downcast_ref()
}
