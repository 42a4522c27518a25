//! Managed policies by their ARNs, across files: one file attaches a policy, another may hold its text. What text an
//! export of an account leaves out (a policy that is only used as a boundary, say) is looked for in the other files,
//! then in the catalog, and is a gap if it is in neither. What the files look like is not in here.

use crate::clouds::aws::ast::{Arn, Document as Policy, Element, Statement, Version, Word};
use crate::clouds::aws::estate::{add_policy, awaited, document_of};
use crate::clouds::aws::rule::{BOUNDARY, SESSION};
use crate::clouds::aws::{AWS, managed_policy};
use crate::model::{Effect, Estate, Gap, GapKind, Layer, Origin, PolicyId};
use crate::text::{Located, Route, Span};

/// Puts the text of a managed policy into the estate, also where it was missed until now.
pub(super) fn define(estate: &mut Estate, arn: &str, document: Policy) -> PolicyId {
    // An export also holds the policies of AWS that something is attached to, under the account `aws`.
    let provided = Arn::parse(arn).is_some_and(|arn| arn.account == "aws");
    let document = Policy { provided, ..document };
    let missed = [false, true].map(|limits| estate.find_policy(AWS, &awaited(arn, limits)));
    for id in missed.into_iter().flatten() {
        estate.replace_policy(id, document_of(document.clone()));
    }
    let [granting, _] = missed;
    let id = granting.unwrap_or_else(|| add_policy(estate, document));
    estate.name_policy(AWS, arn, id);
    id
}

/// The managed policy of that ARN, for attaching it in `layer`.
pub(super) fn refer(estate: &mut Estate, arn: &str, layer: Layer, origin: &Origin) -> PolicyId {
    if let Some(id) = estate.find_policy(AWS, arn) {
        return id;
    }
    if let Some(document) = managed_policy(arn) {
        return define(estate, arn, document);
    }
    let limits = [BOUNDARY, SESSION].contains(&layer);
    let name = awaited(arn, limits);
    if let Some(id) = estate.find_policy(AWS, &name) {
        return id;
    }
    let id = add_policy(estate, stand_in(arn, limits, origin));
    estate.name_policy(AWS, &name, id);
    id
}

/// A policy whose text is nowhere: one that limits is taken to allow everything, any other to grant nothing, and both
/// leave a gap.
fn stand_in(arn: &str, limits: bool, origin: &Origin) -> Policy {
    let (message, statement) = if limits {
        let message = format!(
            "the text of `{arn}`, a permission boundary, is not in the input; it was taken to allow everything"
        );
        (message, origin.span.map(|span| everything(span, &origin.route)))
    } else {
        (format!("the text of `{arn}` is not in the input; it was taken to grant nothing"), None)
    };
    let name = arn.split_once(":policy/").map_or(arn, |(_, name)| name);
    unknown(name, statement, origin.clone(), message)
}

/// What stands in for a policy whose text is not known.
pub(super) fn unknown(name: &str, statement: Option<Statement>, origin: Origin, message: String) -> Policy {
    Policy {
        name: name.into(),
        span: origin.span,
        route: origin.route.clone(),
        version: Version::V2012,
        id: None,
        statements: statement.into_iter().collect(),
        gaps: vec![Gap { kind: GapKind::MissingPolicy, message, origin: Some(origin) }],
        provided: false,
    }
}

fn everything(span: Span, route: &Route) -> Statement {
    let star: Word = Located::new("*".into(), span);
    let element = || Element { negated: false, values: vec![star.clone()], span };
    Statement {
        index: 0,
        sid: None,
        effect: Effect::Allow,
        principal: None,
        action: element(),
        resource: Some(element()),
        condition: Vec::new(),
        span,
        route: route.clone(),
    }
}
