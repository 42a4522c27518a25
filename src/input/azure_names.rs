//! Names of files that say what an export of Azure holds. Anything else in such a file is a mistake, and an empty list
//! says that there is nothing of the kind.

use super::load::stem;
use crate::clouds::azure::load::rows;
use crate::text::Tree;

/// Whether the name of the file begins like one of these, up to an id.
pub(super) fn is_called(path: &str, beginnings: &[&str]) -> bool {
    let Some(stem) = stem(path) else { return false };
    beginnings
        .iter()
        .any(|start| stem.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}

/// Whether the document is a list of nothing.
pub(super) fn is_empty(tree: &Tree) -> bool {
    rows(tree).is_empty()
}
