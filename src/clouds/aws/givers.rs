//! Which resources could give something by their own policies to whoever asks a question about any resource. All others
//! can only refuse, so what is never allowed without them is never allowed.

use std::collections::BTreeSet;

use super::body;
use super::layers::Work;
use super::lower::Lowered;
use super::rule::{ACCESS_LIST, KEY_GRANT, RESOURCE, RESOURCE_CONTROL, TRUST};
use crate::logic::{Atom, Attribute, Formula, Literal, Patterns, Shape};
use crate::model::{Attachment, Effect, Estate, Question, ResourceId, Target};

/// The resources with a policy that may allow a request of `question` for which `given` holds, and those about whose
/// policies something is missing: that bears on every answer.
pub(super) fn givers(estate: &Estate, question: &Question, given: &Formula) -> BTreeSet<ResourceId> {
    let work = Work::new(estate, question, None);
    let wanted = [Attribute::action(), Attribute::resource()].map(|attribute| demanded(given, &attribute));
    let may_give = |lowered: &Lowered| {
        let Lowered { whole, direct, role, account, .. } = lowered;
        let [actions, resources] = &wanted;
        whole.effect == Effect::Allow
            && may_meet(actions.as_ref(), &whole.actions)
            && may_meet(resources.as_ref(), &whole.resources)
            && [direct, role, account].into_iter().any(|way| work.concerning(way.as_ref()).is_some())
    };
    let counts = |one: &Attachment| {
        let Some(body) = estate.policy(one.policy).and_then(body) else { return false };
        let is_missing = !body.document.gaps.is_empty();
        match one.layer {
            RESOURCE | KEY_GRANT | ACCESS_LIST | TRUST => is_missing || body.lowered().iter().any(may_give),
            RESOURCE_CONTROL => is_missing,
            _ => false,
        }
    };
    let above = |id: ResourceId| estate.resource(id).and_then(|found| found.home);
    let controls = |id: ResourceId| {
        let levels = above(id).map(|home| estate.ancestry(home)).unwrap_or_default();
        levels.into_iter().flat_map(|scope| estate.attached_to(Target::Scope(scope)))
    };
    let all = work.guarded(&question.object);
    let gives =
        |id: &ResourceId| estate.attached_to(Target::Resource(*id)).any(counts) || controls(*id).any(counts);
    all.iter().copied().filter(gives).collect()
}

/// The patterns of which `given` demands one, if it shows at once that it does.
fn demanded(given: &Formula, attribute: &Attribute) -> Option<Patterns> {
    let of = |part: &Formula| match part.as_literal() {
        Some(Literal { atom: Atom::Matches(about, patterns), positive: true }) if about == attribute => {
            Some(patterns.clone())
        }
        _ => None,
    };
    match given.shape() {
        Some(Shape::All(parts)) => parts.iter().find_map(of),
        _ => of(given),
    }
}

/// Whether what `wanted` says may hold together with what a grant says of the same attribute. What is not seen at once
/// may.
fn may_meet(wanted: Option<&Patterns>, granted: &Formula) -> bool {
    match (wanted, granted.as_literal()) {
        (Some(wanted), Some(Literal { atom: Atom::Matches(about, granted), positive: true }))
            if [Attribute::action(), Attribute::resource()].contains(about) =>
        {
            granted.iter().any(|pattern| wanted.meets(pattern))
        }
        _ => true,
    }
}
