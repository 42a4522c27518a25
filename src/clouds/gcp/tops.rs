//! Where the hierarchy ends. An organization stands above all; a project may stand alone, which only an export that lists
//! what is above it tells. Of any other project or folder it is not known what it inherits.

use std::sync::Arc;

use super::ast::Body;
use super::names::CLOUD;
use crate::model::{Attachment, Estate, Gap, GapKind, Layer, Origin, Policy, ScopeId, ScopeKind, Target};

/// The capacity in which it is noted that nothing stands above a scope.
const TOP: Layer = Layer::new("top of the hierarchy");

/// Notes that nothing stands above a scope.
pub(super) fn note(estate: &mut Estate, scope: ScopeId, origin: &Origin) {
    if is_noted(estate, scope) {
        return;
    }
    let body = Arc::new(Body::Empty);
    let policy = Policy { cloud: CLOUD, name: "top".to_owned(), body, origin: origin.clone() };
    let policy = estate.add_policy(policy);
    estate.attach(Attachment { policy, target: Target::Scope(scope), layer: TOP, origin: origin.clone() });
}

fn is_noted(estate: &Estate, scope: ScopeId) -> bool {
    estate.attached_to(Target::Scope(scope)).any(|attachment| attachment.layer == TOP)
}

/// The gap of a scope of which it is not known what it inherits.
pub(super) fn gap(estate: &Estate, scope: ScopeId) -> Option<Gap> {
    let top = estate.ancestry(scope).into_iter().last().unwrap_or(scope);
    let known = estate.scope(top)?;
    let is_top = known.kind == ScopeKind::Organization || is_noted(estate, top);
    (!is_top).then(|| Gap {
        kind: GapKind::MissingScope,
        message: format!(
            "what stands above `{}` is not in the input; nothing that it inherits was considered",
            known.name
        ),
        origin: None,
    })
}
