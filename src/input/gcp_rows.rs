//! The rows of what the command line of Google Cloud prints: an array of objects, or one.

use crate::text::{Route, Tree};

/// The rows with the ways to them.
pub(super) fn rows(tree: &Tree) -> Vec<(Route, &Tree)> {
    match tree.as_list() {
        Some(items) => {
            items.iter().enumerate().map(|(index, item)| (Route::root().index(index), item)).collect()
        }
        None => vec![(Route::root(), tree)],
    }
}

/// The first rows, by which a document is told. The very first may be broken.
pub(super) fn first_rows(tree: &Tree) -> impl Iterator<Item = &Tree> {
    let items = tree.as_list().unwrap_or(std::slice::from_ref(tree));
    items.iter().take(3)
}
