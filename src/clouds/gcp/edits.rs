//! What a change of roles means for files with allow policies: members of bindings, and bindings.
//!
//! A policy that no file holds cannot be changed; what commands would do is `grantable`'s business.

use super::ast::{Binding, Body};
use super::grantable::{bindings, is_one_of};
use super::{ALLOW, names};
use crate::clouds::edits::Edit;
use crate::clouds::{HeldRole, RoleAt};
use crate::model::{Estate, PrincipalId, Target};
use crate::text::Span;
use crate::text::lists::New;

/// The changes of the files.
pub(super) fn edits(
    estate: &Estate,
    principal: PrincipalId,
    remove: &[HeldRole],
    add: &[RoleAt],
) -> Result<Vec<Edit>, String> {
    let name = estate.principal(principal).map(|who| who.name.as_str()).unwrap_or_default();
    let mut edits = Vec::new();
    for (_, _, binding) in bindings(estate).filter(|(_, at, one)| is_one_of(estate, *at, one, remove)) {
        let own = members(binding).filter(|(member, _)| *member == name);
        let take = own.map(|(_, item)| Edit::Take { item, with_owner: true });
        edits.extend(take);
    }
    for at in add {
        edits.push(given(estate, name, at)?);
    }
    Ok(edits)
}

fn members(binding: &Binding) -> impl Iterator<Item = (String, Span)> {
    binding.members.iter().map(|member| (member.value.name(), member.span))
}

/// The member joins a binding of the role, or else gets one of its own in the policy of the place.
fn given(estate: &Estate, name: &str, at: &RoleAt) -> Result<Edit, String> {
    let target = names::scope_of(&at.place).and_then(|scope| estate.find_scope(names::CLOUD, scope));
    let target = target.map(Target::Scope);
    let resource = || estate.find_resource(names::CLOUD, &at.place).map(Target::Resource);
    let unknown = || format!("no file holds the policy of `{}`: use the commands", at.place);
    let target = target.or_else(resource).ok_or_else(unknown)?;
    let own = || bindings(estate).filter(|(_, on, _)| *on == target).map(|(_, _, binding)| binding);
    let joined = own().filter(|one| one.condition.is_none() && *one.role.value == *at.role);
    if let Some((_, beside)) = joined.flat_map(members).next() {
        return Ok(Edit::AddBeside { beside, item: New::Text(name.to_owned()) });
    }
    let text = |text: &str| New::Text(text.to_owned());
    let item = New::Map(vec![("members", New::List(vec![text(name)])), ("role", text(&at.role))]);
    if let Some(binding) = own().next() {
        return Ok(Edit::AddBeside { beside: binding.role.span, item });
    }
    let empty = estate.attached_to(target).filter(|one| one.layer == ALLOW).find(|one| {
        let body = estate.policy(one.policy).and_then(|policy| policy.body.downcast_ref::<Body>());
        matches!(body, Some(Body::Empty))
    });
    let inside = empty.and_then(|one| one.origin.span).ok_or_else(unknown)?;
    Ok(Edit::AddInto { inside, key: "bindings", item })
}
