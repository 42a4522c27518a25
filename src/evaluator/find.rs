//! Finding what the user names: principals by full or short name.

use crate::model::{Estate, PrincipalId};

/// No principal, or more than one, goes by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// None does; these come nearest.
    Nobody(Vec<String>),
    /// Several do.
    Several(Vec<String>),
}

/// The principal that `typed` names: its full name, or the last part of it (`deploy` for `…:role/ci/deploy`, `a@b` for
/// `user:a@b`) if that is unambiguous.
pub fn find_principal(estate: &Estate, typed: &str) -> Result<PrincipalId, Unknown> {
    let exact: Vec<_> = estate.principals().filter(|(_, principal)| principal.name == typed).collect();
    let matches = if exact.is_empty() {
        estate.principals().filter(|(_, principal)| is_short_for(typed, &principal.name)).collect()
    } else {
        exact
    };
    match matches.as_slice() {
        [(id, _)] => Ok(*id),
        [] => Err(Unknown::Nobody(nearest(estate, typed))),
        several => {
            Err(Unknown::Several(several.iter().map(|(_, principal)| principal.name.clone()).collect()))
        }
    }
}

/// Whether the short name is what stands behind a separator of the full one.
pub fn is_short_for(short: &str, full: &str) -> bool {
    full.strip_suffix(short).is_some_and(|before| before.ends_with(['/', ':']))
}

/// Up to five principals whose names contain what was typed, or share its last word.
fn nearest(estate: &Estate, typed: &str) -> Vec<String> {
    let wanted = typed.to_ascii_lowercase();
    let last = wanted.rsplit(['/', ':']).next().unwrap_or(&wanted).to_owned();
    let contains = |name: &str| {
        let name = name.to_ascii_lowercase();
        let tail = name.rsplit(['/', ':']).next().unwrap_or(&name).to_owned();
        !last.is_empty() && (name.contains(&last) || last.contains(&tail))
    };
    let mut names: Vec<String> = estate
        .principals()
        .filter(|(_, principal)| contains(&principal.name))
        .map(|(_, principal)| principal.name.clone())
        .collect();
    names.sort();
    names.truncate(5);
    names
}
