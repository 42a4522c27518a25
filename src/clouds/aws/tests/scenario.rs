//! An estate for one request, and both answers to it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::clouds::Cloud;
use crate::clouds::aws::ast::{Arn, is_account};
use crate::clouds::aws::parse::{self, Capacity};
use crate::clouds::aws::rule::{
    BOUNDARY, ENDPOINT, IDENTITY, RESOURCE, RESOURCE_CONTROL, SERVICE_CONTROL, SESSION, TRUST,
};
use crate::clouds::aws::{AWS, Aws, Body};
use crate::model::{
    Attachment, Decision, Estate, Layer, Object, Origin, Policy, Principal, PrincipalKind, Question, Request,
    Resource, Scope, ScopeId, ScopeKind, Subject, Target, Verdict,
};
use crate::text::{Files, Problem, Route, json};

pub(super) struct Scenario {
    pub(super) estate: Estate,
    pub(super) request: Request,
    pub(super) problems: Vec<Problem>,
}

fn account(estate: &mut Estate, number: &str, parent: Option<ScopeId>) -> ScopeId {
    let scope = Scope {
        cloud: AWS,
        name: number.to_owned(),
        kind: ScopeKind::Account,
        parent,
        origin: Origin::default(),
    };
    estate.add_scope(scope)
}

fn principal_kind(name: &str) -> PrincipalKind {
    match Arn::parse(name).map(|arn| arn.resource.split('/').next().unwrap().to_owned()).as_deref() {
        Some("role") => PrincipalKind::Role,
        Some("oidc-provider" | "saml-provider") => PrincipalKind::External,
        Some(_) => PrincipalKind::User,
        None if name.ends_with(".amazonaws.com") => PrincipalKind::Service,
        None => PrincipalKind::Holder,
    }
}

impl Scenario {
    /// From the form `{"request": {..}, "policies": {..}}`.
    pub(super) fn new(case: &Json) -> Self {
        let mut scenario =
            Self { estate: Estate::default(), request: request(&case["request"]), problems: Vec::new() };
        let none = Json::Null;
        let policies = case.get("policies").unwrap_or(&none);
        let parent = scenario.levels(&policies["service_control"], SERVICE_CONTROL, "o");
        let resource_parent = scenario.levels(&policies["resource_control"], RESOURCE_CONTROL, "r");
        let asked = scenario.request.clone();
        if asked.principal != "*" && case["request"]["outside"].is_null() {
            let name = super::super::caller::session_of(&asked.principal)
                .map_or(asked.principal.clone(), |(role, _)| role);
            let number =
                Arn::parse(&name).map(|arn| arn.account.to_owned()).filter(|number| is_account(number));
            let home = number.map(|number| account(&mut scenario.estate, &number, parent));
            let facts: BTreeMap<String, String> = case["facts"]
                .as_object()
                .map(|facts| {
                    facts
                        .iter()
                        .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
                        .collect()
                })
                .unwrap_or_default();
            let id = scenario.estate.add_principal(Principal {
                cloud: AWS,
                kind: principal_kind(&name),
                name,
                home,
                facts,
                origin: Origin::default(),
            });
            for (key, layer) in [
                ("identity", IDENTITY),
                ("permission_boundaries", BOUNDARY),
                ("session", SESSION),
                ("vpc_endpoint", ENDPOINT),
            ] {
                for document in policies[key].as_array().into_iter().flatten() {
                    scenario.attach(document, Target::Principal(id), layer, Capacity::Identity);
                }
            }
        }
        scenario.resource(case, &policies["resource"], resource_parent);
        scenario
    }

    fn levels(&mut self, levels: &Json, layer: Layer, prefix: &str) -> Option<ScopeId> {
        let mut parent = None;
        for (index, level) in levels.as_array()?.iter().enumerate() {
            let scope = Scope {
                cloud: AWS,
                name: format!("{prefix}{index}"),
                kind: ScopeKind::Folder,
                parent,
                origin: Origin::default(),
            };
            let id = self.estate.add_scope(scope);
            parent = Some(id);
            for document in level.as_array().unwrap() {
                self.attach(document, Target::Scope(id), layer, Capacity::Identity);
            }
        }
        parent
    }

    fn resource(&mut self, case: &Json, document: &Json, parent: Option<ScopeId>) {
        let name = self.request.resource.clone();
        let Some(arn) = Arn::parse(&name) else { return };
        let owner = case["request"]["resource_account"].as_str().unwrap_or(arn.account).to_owned();
        let home = is_account(&owner).then(|| account(&mut self.estate, &owner, parent));
        let (whole, kind) = match (arn.service, arn.resource.split('/').next().unwrap()) {
            ("s3", bucket) => (format!("arn:aws:s3:::{bucket}"), "s3:bucket".to_owned()),
            ("sqs", _) => (name.clone(), "sqs:queue".to_owned()),
            (service, kind) => (name.clone(), format!("{service}:{kind}")),
        };
        let is_role = kind == "iam:role";
        let id = self.estate.add_resource(Resource {
            cloud: AWS,
            name: whole,
            kind,
            home,
            origin: Origin::default(),
        });
        if document.is_object() {
            let layer = if is_role { TRUST } else { RESOURCE };
            self.attach(document, Target::Resource(id), layer, Capacity::Resource);
        }
    }

    fn attach(&mut self, document: &Json, target: Target, layer: Layer, capacity: Capacity) {
        let text = document.to_string();
        let file = Files::default().add("case.json", text.as_str());
        let tree = json::parse(file, &text, &mut self.problems).unwrap();
        let Some(document) = parse::policy(&tree, "case", &Route::root(), capacity, &mut self.problems)
        else {
            return;
        };
        let origin = document.origin();
        let body = std::sync::Arc::new(Body::new(document));
        let policy =
            self.estate.add_policy(Policy { cloud: AWS, name: "case".into(), body, origin: origin.clone() });
        self.estate.attach(Attachment { policy, target, layer, origin });
    }

    pub(super) fn decide(&self) -> Decision {
        Aws.decide(&self.estate, &self.request)
    }

    /// The symbolic answer: the formula of the question about this very request, at this request. `None` when it rests
    /// on a condition that cannot be read.
    pub(super) fn symbolic(&self, object: Object) -> Option<bool> {
        let (found, _) = super::super::caller::find(&self.estate, &self.request.principal);
        let subject = match found {
            Some(id) => Subject::Principal(id),
            None if self.request.principal == "*" => Subject::Anonymous,
            None => Subject::Outside,
        };
        let question = Question { cloud: AWS, subject, action: None, object };
        let layers = Aws.layers(&self.estate, &question);
        let assignment = Aws.assignment(&self.estate, &self.request);
        let formula = Aws.combine(&layers);
        let fixed = formula.restrict(&layers.known);
        assert_eq!(
            fixed.evaluate(&assignment),
            formula.evaluate(&assignment),
            "what is known contradicts the request"
        );
        if self.request.resource.starts_with("arn:") {
            assert_ne!(
                layers.facts.evaluate(&assignment),
                Some(false),
                "facts exclude the request {:?}",
                layers.facts
            );
        }
        fixed.evaluate(&assignment)
    }

    /// The decision, after checking that the symbolic side agrees.
    pub(super) fn agreed(&self) -> Verdict {
        let decision = self.decide();
        for object in [Object::Named(self.request.resource.clone()), Object::Any] {
            assert_eq!(
                self.symbolic(object),
                Some(decision.is_allowed()),
                "{:?}\n{decision:#?}",
                self.request
            );
        }
        decision.verdict
    }
}

fn request(json: &Json) -> Request {
    let text = |key: &str| json[key].as_str().unwrap().to_owned();
    let values = |value: &Json| match value {
        Json::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
        Json::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    };
    let context = json["context"]
        .as_object()
        .map(|context| context.iter().map(|(key, value)| (key.clone(), values(value))).collect())
        .unwrap_or_default();
    Request {
        cloud: AWS,
        principal: text("principal"),
        action: text("action"),
        resource: text("resource"),
        context,
    }
}
