//! The rows of what the command line of Google Cloud prints: an array of objects, or one. What the REST interface answers
//! is an object with the array under the name of its kind.

use crate::text::{Problem, Route, Tree};

/// What lists are called in answers of the REST interface.
const LISTS: [&str; 10] = [
    "accounts",
    "assets",
    "items",
    "keys",
    "memberships",
    "policyBindings",
    "principalAccessBoundaryPolicies",
    "results",
    "roles",
    "workloadIdentityPoolProviders",
];

/// The rows with the ways to them. An answer that names a further page is not all there is:
/// <https://google.aip.dev/158>.
pub(super) fn rows<'t>(tree: &'t Tree, problems: &mut Vec<Problem>) -> Vec<(Route, &'t Tree)> {
    let next = tree.get("nextPageToken").filter(|next| next.as_str() != Some("") && !next.is_null());
    if let Some(next) = next {
        let message = "the answer has further pages, which are not in the file".to_owned();
        let problem = Problem::error("gcp-pages", message).at(next.span);
        problems.push(
            problem.help("ask for each `nextPageToken` too, and put the rows of all pages into one list"),
        );
    }
    let (items, route) = match (tree.as_list(), answered(tree)) {
        (Some(items), _) => (items, Route::root()),
        (None, Some((key, items))) => (items, Route::root().key(key)),
        (None, None) => return vec![(Route::root(), tree)],
    };
    items.iter().enumerate().map(|(index, item)| (route.index(index), item)).collect()
}

/// The first rows, by which a document is told. The very first may be broken.
pub(super) fn first_rows(tree: &Tree) -> impl Iterator<Item = &Tree> {
    let answered = answered(tree).map(|(_, items)| items);
    let items = tree.as_list().or(answered).unwrap_or(std::slice::from_ref(tree));
    items.iter().take(3)
}

/// Whether it is a list, in one form or the other.
pub(super) fn is_list(tree: &Tree) -> bool {
    tree.as_list().is_some() || answered(tree).is_some()
}

/// The list of an answer with its name. What has a name of its own is no answer.
fn answered(tree: &Tree) -> Option<(&'static str, &[Tree])> {
    if tree.get("name").is_some() {
        return None;
    }
    LISTS.into_iter().find_map(|key| Some((key, tree.get(key)?.as_list()?)))
}
