//! The tree of management groups and subscriptions.

use super::{Loader, Row, shapes};
use crate::clouds::azure::names::{self, MANAGEMENT_GROUPS, SUBSCRIPTIONS};
use crate::model::ScopeId;
use crate::text::{Problem, Tree};

/// Azure allows six levels below the root group; deeper trees are broken input:
/// <https://learn.microsoft.com/azure/governance/management-groups/overview>.
const MAX_DEPTH: usize = 16;

const SHOW: &str = "az account management-group show --name ROOT --expand --recurse";

impl Loader<'_> {
    /// The tree as `az account management-group show --expand --recurse` prints it, the flat list of
    /// `az account management-group entities list`, or the subscriptions of `az account list`.
    pub fn hierarchy(&mut self, tree: &Tree) {
        for row in self.rows(tree, "a management group or subscription", SHOW, &shapes::LEVEL) {
            self.level(&row, None, 0);
        }
    }

    fn level(&mut self, row: &Row<'_>, parent: Option<ScopeId>, depth: usize) {
        if depth > MAX_DEPTH {
            let problem =
                Problem::error("azure-shape", "management groups are nested deeper than Azure allows");
            self.problems
                .push(problem.at(row.tree.span).help(format!("compare the file with what `{SHOW}` prints")));
            return;
        }
        let Some(id) =
            self.required(row, &["id", "subscriptionId"], "a management group or subscription", SHOW)
        else {
            return;
        };
        let name = full_scope(id);
        if names::scope_kind(&name).is_none() {
            let problem =
                Problem::error("azure-shape", format!("`{id}` is no management group and no subscription"));
            self.problems
                .push(problem.at(row.tree.span).help(format!("compare the file with what `{SHOW}` prints")));
            return;
        }
        self.tenant(row);
        let origin = row.origin(row.tree.span, format!("`{name}`"));
        let above = row.field(&["parent", "details"]).and_then(parent_id);
        let above = above.map(|above| self.placed_scope(&full_scope(above), None, &origin));
        // `/` stands above the root group of a tenant, which is the one that has no parent.
        let root = self.placed_scope(names::ROOT, None, &origin);
        let is_group = name.starts_with(MANAGEMENT_GROUPS);
        let own = self.placed_scope(&name, parent.or(above).or(is_group.then_some(root)), &origin);
        let children = row.field(&["children"]).and_then(Tree::as_list).unwrap_or_default();
        let route = row.route.key("children");
        for (index, tree) in children.iter().enumerate() {
            if tree.as_map().is_none() {
                continue;
            }
            let row = Row { tree, route: route.index(index) };
            self.check(&row, &shapes::LEVEL, SHOW);
            self.level(&row, Some(own), depth + 1);
        }
    }
}

/// `parent: {"id": …}`, or the same inside `details`.
fn parent_id(tree: &Tree) -> Option<&str> {
    let parent = tree.get_ignoring_case("parent").unwrap_or(tree);
    parent.get_ignoring_case("id").and_then(Tree::as_str).filter(|id| !id.is_empty())
}

/// The full name of a scope: subscriptions are also written by their id alone.
fn full_scope(id: &str) -> String {
    match names::guid(id) {
        Some(guid) if !id.contains('/') => format!("{SUBSCRIPTIONS}{guid}"),
        _ if id.contains('/') => names::full_name(id),
        _ => format!("{MANAGEMENT_GROUPS}{}", id.to_ascii_lowercase()),
    }
}
