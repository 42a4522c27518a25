//! An estate for one request, and both answers to it.

use serde_json::Value as Json;

use crate::clouds::Cloud;
use crate::clouds::aws::scenario::{asked, build, kind};
use crate::clouds::aws::{AWS, Aws, caller};
use crate::model::{
    Decision, Estate, Object, Origin, Principal, PrincipalKind, Question, Request, Subject, Verdict,
};
use crate::text::{Files, json};

pub(super) struct Scenario {
    pub(super) estate: Estate,
    pub(super) request: Request,
}

impl Scenario {
    /// From the form `{"request": {..}, "policies": {..}}`, and two things that users cannot say: `facts` about the
    /// principal, and `"outside": true` in the request for a principal that is not in the estate.
    pub(super) fn new(case: &Json) -> Self {
        let mut case = case.clone();
        let outside = case["request"].as_object_mut().unwrap().remove("outside").is_some();
        let text = case.to_string();
        let file = Files::default().add("case.json", text.as_str());
        let mut problems = Vec::new();
        let tree = json::parse(file, &text, &mut problems).unwrap();
        let asked = asked(&tree, &mut problems).unwrap_or_else(|| panic!("{problems:?}"));
        let who = kind(&asked.request.principal).unwrap_or(PrincipalKind::Holder);
        let built = build(asked, (!outside).then_some(who), &mut problems);
        let mut scenario = Self { estate: (*built.estate).clone(), request: built.request };
        for (key, value) in case["facts"].as_object().into_iter().flatten() {
            scenario.add_fact(key, value.as_str().unwrap());
        }
        scenario
    }

    fn add_fact(&mut self, key: &str, value: &str) {
        let (id, _) = caller::find(&self.estate, &self.request.principal);
        let known = self.estate.principal(id.unwrap()).unwrap().clone();
        let facts = [(key.to_owned(), value.to_owned())].into();
        self.estate.add_principal(Principal { facts, origin: Origin::default(), ..known });
    }

    /// The decision, after checking that the verdict alone is the same.
    pub(super) fn decide(&self) -> Decision {
        let decision = Aws.decide(&self.estate, &self.request);
        assert_eq!(Aws.verdict(&self.estate, &self.request), decision.verdict, "{:?}", self.request);
        decision
    }

    /// The symbolic answer: the formula of the question about this very request, at this request. `None` when it rests
    /// on a condition that cannot be read. The question names the action too, or leaves it open; its answer is the same.
    pub(super) fn symbolic(&self, object: Object) -> Option<bool> {
        let open = self.answer(object.clone(), None);
        let named = self.answer(object, Some(self.request.action.clone()));
        assert_eq!(named, open, "naming the action changes the answer: {:?}", self.request);
        open
    }

    fn answer(&self, object: Object, action: Option<String>) -> Option<bool> {
        let (found, _) = caller::find(&self.estate, &self.request.principal);
        let subject = match found {
            Some(id) => Subject::Principal(id),
            None if self.request.principal == "*" => Subject::Anonymous,
            None => Subject::Outside,
        };
        let question = Question { cloud: AWS, subject, action, object };
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
