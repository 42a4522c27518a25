//! Use with the keys of a service. A log of data does not tell who had a key, but who had read the keys is known, and
//! whoever did may have made every call that was made with them: so all of these are needed, for everybody who read the
//! keys, and reading the keys is not. Where no call with the keys is known, reading them stays needed.

use std::collections::{BTreeMap, BTreeSet};

use super::needed::{Key, Need, Uses};
use crate::clouds::Roles;
use crate::model::{Estate, PrincipalId, Use};

/// What a principal did itself, and what was done with keys that it had read.
pub(super) struct Split<'u> {
    /// What it did itself, but for reading those keys.
    pub(super) own: Uses<'u>,
    /// What was done with keys, key by key.
    pub(super) with: Vec<(Key, Uses<'u>)>,
    /// What the reader should know.
    pub(super) notes: Vec<String>,
}

/// Splits the use of a principal.
pub(super) fn split<'u>(
    roles: &dyn Roles,
    estate: &Estate,
    id: PrincipalId,
    all: &BTreeMap<PrincipalId, Uses<'u>>,
) -> Split<'u> {
    let mut split = Split { own: Uses::new(), with: Vec::new(), notes: Vec::new() };
    for (one, count) in all.get(&id).into_iter().flatten() {
        let Some(key) = key(roles, estate, one) else {
            split.own.push((*one, *count));
            continue;
        };
        match all.get(&key.id) {
            Some(_) if split.with.iter().any(|(known, _)| known.id == key.id) => {}
            Some(uses) => {
                split.notes.push(said(&key, &others(roles, estate, id, key.id, all)));
                split.with.push((key, uses.clone()));
            }
            None => {
                split.notes.push(format!(
                    "`{}` read the keys of `{}`, and the logs show no call with them: without the log of its data, reading them stays needed",
                    one.action, key.resource
                ));
                split.own.push((*one, *count));
            }
        }
    }
    split
}

/// Marks needs as met with keys.
pub(super) fn marked(needs: Vec<Need>, key: &Key) -> impl Iterator<Item = Need> {
    needs.into_iter().map(|need| Need { with: Some(key.clone()), ..need })
}

fn key(roles: &dyn Roles, estate: &Estate, one: &Use) -> Option<Key> {
    let id = roles.keys_read(estate, &one.action, &one.resource)?;
    let name = estate.principal(id)?.name.clone();
    Some(Key { id, name, action: one.action.clone(), resource: one.resource.clone() })
}

/// Everybody else who read the same keys.
fn others<'e>(
    roles: &dyn Roles,
    estate: &'e Estate,
    id: PrincipalId,
    holder: PrincipalId,
    all: &BTreeMap<PrincipalId, Uses<'_>>,
) -> BTreeSet<&'e str> {
    let read = |uses: &Uses<'_>| {
        uses.iter().any(|(one, _)| roles.keys_read(estate, &one.action, &one.resource) == Some(holder))
    };
    let them = all.iter().filter(|(other, uses)| **other != id && read(uses));
    them.filter_map(|(other, _)| estate.principal(*other)).map(|one| one.name.as_str()).collect()
}

fn said(key: &Key, others: &BTreeSet<&str>) -> String {
    let others = match others.len() {
        0 => String::new(),
        _ => {
            let names: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
            format!("; so did {}, who may have made the same calls", names.join(", "))
        }
    };
    format!(
        "the calls on data were made with keys of `{}`, which it had read{others}: between giving and taking, let it sign in as itself, and then renew the keys, because a copy of them goes on working",
        key.resource
    )
}
