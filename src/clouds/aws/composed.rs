//! Statements that stand for what AWS writes down in other forms than a policy: grants of a KMS key, access control
//! lists of a bucket. As statements they take part in both readings of the rule like any other.
//!
//! How these forms look in files is not in here.

use std::sync::Arc;

use super::ast::{Document, Element, Operator, PrincipalName, Principals, Statement, Test, Version};
use crate::model::Effect;
use crate::text::{Located, Route, Span};

/// An allow statement in parts.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// What it is called in reports.
    pub sid: String,
    /// Whom it allows something.
    pub principal: PrincipalName,
    /// Which actions.
    pub actions: Vec<String>,
    /// On which resource.
    pub resource: String,
    /// Operator, key and values of each test.
    pub tests: Vec<(&'static str, String, Vec<String>)>,
    /// Where it is written.
    pub span: Span,
    /// The way to it inside its file.
    pub route: Route,
}

/// A document of allow statements.
pub fn document(name: &str, span: Span, route: &Route, allowed: Vec<Allowed>) -> Document {
    let statements = allowed.into_iter().zip(0..).map(|(one, index)| statement(one, index)).collect();
    Document {
        name: name.into(),
        span: Some(span),
        route: route.clone(),
        version: Version::V2008,
        id: None,
        statements,
        gaps: Vec::new(),
        provided: true,
    }
}

fn statement(allowed: Allowed, index: usize) -> Statement {
    let Allowed { sid, principal, actions, resource, tests, span, route } = allowed;
    let word = |text: &str| Located::new(Arc::<str>::from(text), span);
    let element = |values: &[String]| Element {
        negated: false,
        values: values.iter().map(|value| word(value)).collect(),
        span,
    };
    let condition = tests.iter().filter_map(|(operator, key, values)| {
        let text = format!("{operator} {key} [{}]", values.join(", ")).into();
        let values = values.iter().map(|value| word(value)).collect();
        Some(Test { operator: Operator::parse(operator)?, key: word(key), values, text })
    });
    Statement {
        index,
        sid: Some(word(&sid)),
        effect: Effect::Allow,
        condition: condition.collect(),
        principal: Some(Principals { negated: false, names: vec![Located::new(principal, span)], span }),
        action: element(&actions),
        resource: Some(element(std::slice::from_ref(&resource))),
        span,
        route,
    }
}
