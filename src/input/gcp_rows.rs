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

/// Whether it is an empty list, in one form or the other. The REST interface leaves out what is empty.
pub(super) fn is_empty_list(tree: &Tree, key: &str) -> bool {
    match (tree.as_list(), tree.as_map(), tree.get(key)) {
        (Some(items), _, _) => items.is_empty(),
        (None, Some(_), Some(own)) => own.as_list().is_some_and(<[Tree]>::is_empty),
        (None, Some(map), None) => map.entries.is_empty(),
        (None, None, _) => false,
    }
}

/// Whether the file is called like one of these, possibly with more after a hyphen.
pub(super) fn named_by(path: &str, beginnings: &[&str]) -> bool {
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    let is_rest = |rest: &str| rest.is_empty() || rest.starts_with('-');
    beginnings.iter().any(|start| stem.strip_prefix(start).is_some_and(is_rest))
}

/// The list of an answer with its name. What has a name of its own is no answer.
fn answered(tree: &Tree) -> Option<(&'static str, &[Tree])> {
    if tree.get("name").is_some() {
        return None;
    }
    LISTS.into_iter().find_map(|key| Some((key, tree.get(key)?.as_list()?)))
}
