//! Organization keys as formulas: which organization, and which place in it, principals and resources belong to follows
//! from their accounts, so a request cannot say otherwise. The concrete rule says the same in `asker.rs`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid>:
//! the keys are there only for members, and a path is `o-ID/r-ID/ou-ID/`. `aws:SourceOrgID` is about a resource that a
//! service speaks for, which is not known.

use std::collections::BTreeSet;

use super::caller::{Caller, Class};
use super::rule::MEMBERS_KNOWN;
use super::{AWS, keys, presence};
use crate::logic::{Assignment, Attribute, Formula, Kind, Patterns, Value};
use crate::model::{Estate, ScopeId, ScopeKind, Target};

/// The key of the organization's id and that of the place in it.
type Keys = (&'static str, &'static str);

const PRINCIPAL: Keys = (keys::PRINCIPAL_ORG_ID, keys::PRINCIPAL_ORG_PATHS);
const RESOURCE: Keys = (keys::RESOURCE_ORG_ID, keys::RESOURCE_ORG_PATHS);

/// The organization of an account, and the account's place in it as far as that is known.
struct Place<'e> {
    id: &'e str,
    path: Option<String>,
}

/// The organization of the files, if there is one: its id.
fn of_estate(estate: &Estate) -> Option<(ScopeId, &str)> {
    let tops =
        estate.scopes().filter(|(_, scope)| scope.cloud == AWS && scope.kind == ScopeKind::Organization);
    tops.map(|(id, scope)| (id, scope.name.as_str())).find(|(_, name)| name.starts_with("o-"))
}

/// Whether all members of the organization are known.
fn is_complete(estate: &Estate, organization: ScopeId) -> bool {
    estate.attached_to(Target::Scope(organization)).any(|attachment| attachment.layer == MEMBERS_KNOWN)
}

fn place<'e>(estate: &'e Estate, account: &str) -> Option<Place<'e>> {
    let scope = estate.find_scope(AWS, account)?;
    let names: Vec<&str> =
        estate.ancestry(scope).into_iter().filter_map(|id| Some(estate.scope(id)?.name.as_str())).collect();
    let (_, above) = names.split_first()?;
    let id = above.last().copied().filter(|name| name.starts_with("o-"))?;
    let whole = above.iter().rev().nth(1).is_some_and(|name| name.starts_with("r-"));
    let path = whole.then(|| above.iter().rev().map(|name| format!("{name}/")).collect());
    Some(Place { id, path })
}

fn attribute((id, paths): Keys) -> (Attribute, Attribute) {
    (Attribute::text(id), Attribute::new(paths, Kind::TextSet))
}

fn known(place: Option<Place<'_>>, keys: Keys, known: &mut Assignment) {
    let Some(Place { id, path }) = place else { return };
    let (id_key, paths_key) = attribute(keys);
    known.set(id_key, Value::Text(id.to_owned()));
    if let Some(path) = path {
        known.set(paths_key, Value::Set(BTreeSet::from([path])));
    }
}

/// What the caller's account says.
pub(super) fn of_caller(estate: &Estate, caller: &Caller<'_>) -> Assignment {
    let mut facts = Assignment::new();
    match (caller.class, caller.account) {
        // Services and people without credentials are members of none.
        (Class::Bare | Class::Anonymous, _) => {
            let (id, paths) = attribute(PRINCIPAL);
            facts.set_absent(id);
            facts.set_absent(paths);
        }
        (_, Some(account)) => known(place(estate, account), PRINCIPAL, &mut facts),
        (_, None) => {}
    }
    facts
}

/// What the owner of a resource says.
pub(super) fn of_owner(estate: &Estate, owner: &str) -> Assignment {
    let mut facts = Assignment::new();
    known(place(estate, owner), RESOURCE, &mut facts);
    facts
}

/// That whoever is no member cannot say it is: of a caller, or of an owner, whose account is not among the members.
fn no_member(estate: &Estate, keys: Keys) -> Formula {
    let Some((_, id)) = of_estate(estate).filter(|(scope, _)| is_complete(estate, *scope)) else {
        return Formula::True;
    };
    let (id_key, paths_key) = attribute(keys);
    let inside = Patterns::globs([&*format!("{id}/*")]);
    Formula::all([
        Formula::matches(id_key, Patterns::literal(id)).not(),
        Formula::any_in(paths_key, inside).not(),
    ])
}

/// What holds for a caller of whom the account, if it is known, is no member's.
pub(super) fn of_stranger(estate: &Estate, caller: &Caller<'_>) -> Formula {
    let is_member = caller.account.is_some_and(|account| place(estate, account).is_some());
    let open = matches!(caller.class, Class::Member | Class::Assumed) && !is_member;
    if open { no_member(estate, PRINCIPAL) } else { Formula::True }
}

/// What holds for a resource that somebody owns who is no member.
pub(super) fn of_strange_owner(estate: &Estate, owner: &str) -> Formula {
    if place(estate, owner).is_some() { Formula::True } else { no_member(estate, RESOURCE) }
}

/// What holds for resources of which the question leaves open whose they are. `owns` holds for an account's resources.
pub(super) fn of_resources(estate: &Estate, owns: impl Fn(&str) -> Formula) -> Vec<Formula> {
    let (id_key, paths_key) = attribute(RESOURCE);
    let accounts =
        estate.scopes().filter(|(_, scope)| scope.cloud == AWS && scope.kind == ScopeKind::Account);
    let members = accounts.filter_map(|(_, scope)| Some((scope.name.as_str(), place(estate, &scope.name)?)));
    let said = presence::without_owner().not();
    let known = [Formula::present(id_key.clone()), Formula::present(paths_key.clone())];
    let mut facts = vec![Formula::any(known).implies(said.clone())];
    let mut all = Vec::new();
    for (account, Place { id, path }) in members {
        let mut says = vec![Formula::matches(id_key.clone(), Patterns::literal(id))];
        says.extend(path.map(|path| {
            let path = Patterns::literal(&path);
            let some = Formula::any_in(paths_key.clone(), path.clone());
            some.and(Formula::all_in(paths_key.clone(), path))
        }));
        facts.push(owns(account).and(said.clone()).implies(Formula::all(says)));
        all.push(owns(account));
    }
    facts.push(Formula::any(all).or(no_member(estate, RESOURCE)));
    facts
}

/// The names of the keys that follow from the caller and the owner.
pub(super) fn derived(estate: &Estate, caller: &Caller<'_>, owner: Option<&str>) -> Vec<String> {
    let mut facts = of_caller(estate, caller);
    if let Some(owner) = owner {
        facts.extend(&of_owner(estate, owner));
    }
    facts.iter().map(|(attribute, _)| attribute.name().to_owned()).collect()
}
