//! Puts what documents say into an estate: principals, scopes, resources, assignments.
//!
//! Formats (`input/azure_*`) know which document is which and call these functions, and so do scenarios; nothing is
//! judged here. Each kind of row is read in the shapes that the command line, the REST interface (with `properties`)
//! and PowerShell (with capitals) give it. What cannot be read is reported with its place; the rest is loaded.

mod assignments;
mod directory;
mod federated;
mod hierarchy;
mod powers;
mod resources;
mod shapes;

pub use directory::is_application;
pub use federated::is_of_identity as is_federated_of_identity;
pub use powers::Owned;

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::ast::{Body, HolderKind, Listing};
use super::names::{self, CLOUD};
use super::roles::Definitions;
use super::{LISTING, OBJECT_ID};
use crate::model::{
    Attachment, Estate, Layer, Origin, Policy, Principal, PrincipalId, PrincipalKind, Resource, Scope,
    ScopeId, Target,
};
use crate::text::{Problem, Route, Shape, Span, Tree};

/// A name, and actions.
type NamedActions = (String, Arc<[Arc<str>]>);

/// An estate in the works.
pub struct Loader<'a> {
    estate: &'a mut Estate,
    problems: &'a mut Vec<Problem>,
    /// Principals by object id.
    by_id: BTreeMap<String, PrincipalId>,
    /// Whether storage accounts let containers be public, as far as that is said.
    accounts: BTreeMap<String, Option<bool>>,
    /// Whether the keys of services are turned off, as far as that is said.
    keys_off: BTreeMap<String, bool>,
    /// The names of the estate's own roles by GUID.
    role_names: BTreeMap<String, String>,
    /// Names and actions of the directory's roles by id.
    directory_roles: BTreeMap<String, NamedActions>,
    /// The assignments that were read, by their own full names: what is inherited stands in the export of each
    /// subscription.
    seen: FxHashSet<String>,
}

/// A row of a document, and the way to it.
#[derive(Clone, Debug)]
pub struct Row<'t> {
    tree: &'t Tree,
    route: Route,
}

impl<'a> Loader<'a> {
    /// A loader into `estate`.
    pub fn new(estate: &'a mut Estate, problems: &'a mut Vec<Problem>) -> Self {
        let own = estate.principals().filter(|(_, one)| one.cloud == CLOUD);
        let by_id = own.filter_map(|(id, one)| Some((one.facts.get(OBJECT_ID)?.clone(), id))).collect();
        let role_names = Definitions::of(estate).names();
        Self {
            estate,
            problems,
            by_id,
            accounts: BTreeMap::new(),
            keys_off: BTreeMap::new(),
            role_names,
            directory_roles: BTreeMap::new(),
            seen: FxHashSet::default(),
        }
    }

    /// The principal of an object id, known from now on. `name` is what people call it.
    fn principal(
        &mut self,
        object: &str,
        kind: PrincipalKind,
        name: Option<&str>,
        origin: Origin,
    ) -> PrincipalId {
        let object = object.to_ascii_lowercase();
        if let Some(known) = self.by_id.get(&object) {
            return *known;
        }
        let prefix = match kind {
            PrincipalKind::User => "user",
            PrincipalKind::Group => "group",
            PrincipalKind::ServiceAccount => "servicePrincipal",
            _ => "principal",
        };
        let label = name.filter(|name| !name.is_empty()).map_or_else(|| object.clone(), str::to_owned);
        let label = if kind == PrincipalKind::User { label.to_ascii_lowercase() } else { label };
        let mut full = format!("{prefix}:{label}");
        // Names for people need not be unique. One that came without an id is taken to be this one.
        let taken = self.estate.find_principal(CLOUD, &full).and_then(|id| self.estate.principal(id));
        if taken.is_some_and(|other| other.facts.contains_key(OBJECT_ID)) {
            full = format!("{full} ({object})");
        }
        let facts = BTreeMap::from([(OBJECT_ID.to_owned(), object.clone())]);
        let principal = Principal { cloud: CLOUD, name: full, kind, home: None, facts, origin };
        let id = self.estate.add_principal(principal);
        self.by_id.insert(object, id);
        id
    }

    /// Adds a fact about a principal.
    fn fact(&mut self, id: PrincipalId, name: &str, value: &str) {
        if let Some(known) = self.estate.principal(id) {
            let mut facts = known.facts.clone();
            facts.insert(name.to_owned(), value.to_owned());
            self.estate.add_principal(Principal { facts, ..known.clone() });
        }
    }

    fn name_of(&self, id: PrincipalId) -> String {
        self.estate.principal(id).map(|one| one.name.clone()).unwrap_or_default()
    }

    /// What an assignment at `scope` is attached to, known from now on with all that its name tells.
    fn target(&mut self, scope: &str, origin: &Origin) -> Target {
        let name = names::full_name(scope);
        if names::scope_kind(&name).is_some() {
            return Target::Scope(self.scope(&name, origin));
        }
        let around: Vec<&str> =
            names::enclosing(&name).filter(|name| names::scope_kind(name).is_some()).collect();
        let home = around.into_iter().next().map(|home| self.scope(home, origin));
        let kind = resource_kind(&name);
        let origin = Origin { what: format!("resource `{name}`"), ..origin.clone() };
        Target::Resource(self.estate.add_resource(Resource { cloud: CLOUD, name, kind, home, origin }))
    }

    /// A scope of that full name, with the subscription above a resource group.
    fn scope(&mut self, name: &str, origin: &Origin) -> ScopeId {
        let above = names::subscription(name).filter(|subscription| *subscription != name);
        let parent = above.map(|above| self.placed_scope(above, None, origin));
        self.placed_scope(name, parent, origin)
    }

    fn placed_scope(&mut self, name: &str, parent: Option<ScopeId>, origin: &Origin) -> ScopeId {
        let kind = names::scope_kind(name).unwrap_or(crate::model::ScopeKind::Group);
        let origin = Origin { what: format!("`{name}`"), ..origin.clone() };
        self.estate.add_scope(Scope { cloud: CLOUD, name: name.to_owned(), kind, parent, origin })
    }

    fn attach(&mut self, name: &str, body: Body, target: Target, layer: Layer, origin: Origin) {
        let body = Arc::new(body);
        let policy = self.estate.add_policy(Policy {
            cloud: CLOUD,
            name: name.to_owned(),
            body,
            origin: origin.clone(),
        });
        self.estate.attach(Attachment { policy, target, layer, origin });
    }

    /// Notes that a list was exported.
    fn listed(&mut self, listing: Listing, target: Target, origin: Origin) {
        self.attach("list", Body::Listed(listing), target, LISTING, origin);
    }

    /// Notes that these lists hold all there is.
    pub(super) fn complete(&mut self, listings: impl IntoIterator<Item = Listing>) {
        let origin = Origin { what: "the scenario".to_owned(), ..Origin::default() };
        let root = self.target(names::ROOT, &origin);
        for listing in listings {
            self.listed(listing, root, origin.clone());
        }
    }

    fn wrong(&mut self, tree: &Tree, what: &str, expected: &str, command: &str) {
        // Said when the kinds of the row's values were looked at.
        if self.problems.iter().rev().take(16).any(|problem| problem.span == Some(tree.span)) {
            return;
        }
        let message = format!("{what} is {}, expected {expected}", tree.kind_name());
        let problem = Problem::error("azure-shape", message).at(tree.span);
        self.problems.push(problem.help(format!("compare the file with what `{command}` prints")));
    }

    /// The text of a field that has to be there.
    fn required<'t>(&mut self, row: &Row<'t>, keys: &[&str], what: &str, command: &str) -> Option<&'t str> {
        match row.field(keys) {
            Some(found) if !found.is_null() => {
                let text = found.as_str().filter(|text| !text.is_empty());
                if text.is_none() {
                    let key = keys.first().copied().unwrap_or_default();
                    self.wrong(
                        found,
                        &format!("`{key}` of {what}"),
                        "a string with something in it",
                        command,
                    );
                }
                text
            }
            _ => {
                let key = keys.first().copied().unwrap_or_default();
                let problem =
                    Problem::error("azure-shape", format!("{what} has no `{key}`")).at(row.tree.span);
                self.problems.push(problem.help(format!("compare the file with what `{command}` prints")));
                None
            }
        }
    }

    /// The rows of a document; a row that is no object is a problem.
    fn rows<'t>(&mut self, tree: &'t Tree, what: &str, command: &str, shape: &Shape) -> Vec<Row<'t>> {
        self.check_pages(tree, command);
        let rows = rows(tree);
        let (read, broken): (Vec<Row<'t>>, Vec<Row<'t>>) =
            rows.into_iter().partition(|row| row.tree.as_map().is_some());
        for row in broken {
            self.wrong(row.tree, what, "an object", command);
        }
        for row in &read {
            self.check(row, shape, command);
        }
        read
    }
}

/// Whether one of the first rows is of a kind. The very first may be broken.
pub fn some_row(tree: &Tree, fits: impl Fn(&Row<'_>) -> bool) -> bool {
    rows(tree).iter().take(3).any(fits)
}

/// The rows of a list, of the `value` of a REST answer, or the one object.
pub fn rows(tree: &Tree) -> Vec<Row<'_>> {
    let (items, route) = match (tree.as_list(), tree.get("value").and_then(Tree::as_list)) {
        (Some(items), _) => (items, Route::root()),
        (None, Some(items)) => (items, Route::root().key("value")),
        (None, None) => return vec![Row { tree, route: Route::root() }],
    };
    items.iter().enumerate().map(|(index, tree)| Row { tree, route: route.index(index) }).collect()
}

impl<'t> Row<'t> {
    /// The row itself.
    pub fn tree(&self) -> &'t Tree {
        self.tree
    }

    /// The way to it.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// The value of the first of these keys, here or under `properties`, in any case.
    pub fn field(&self, keys: &[&str]) -> Option<&'t Tree> {
        let inner = self.tree.get_ignoring_case("properties");
        keys.iter().find_map(|key| {
            let own = self.tree.get_ignoring_case(key).filter(|found| !found.is_null());
            own.or_else(|| {
                inner.and_then(|inner| inner.get_ignoring_case(key)).filter(|found| !found.is_null())
            })
        })
    }

    /// The text of the first of these keys.
    pub fn text(&self, keys: &[&str]) -> Option<&'t str> {
        self.field(keys).and_then(Tree::as_str)
    }

    /// Where the row stands.
    fn origin(&self, span: Span, what: String) -> Origin {
        Origin { span: Some(span), route: self.route.clone(), what }
    }
}

/// The type that a resource's name tells: `Microsoft.Storage/storageAccounts/blobServices/containers`.
pub(super) fn resource_kind(name: &str) -> String {
    let Some((_, rest)) = name.rsplit_once("/providers/") else { return String::new() };
    let mut words = rest.split('/');
    let mut kind = words.next().unwrap_or_default().to_owned();
    while let (Some(word), _) = (words.next(), words.next()) {
        kind.push('/');
        kind.push_str(word);
    }
    kind
}

/// The kind of principal for a kind of holder.
fn principal_kind(kind: HolderKind) -> PrincipalKind {
    match kind {
        HolderKind::User => PrincipalKind::User,
        HolderKind::Group | HolderKind::ForeignGroup => PrincipalKind::Group,
        HolderKind::ServicePrincipal => PrincipalKind::ServiceAccount,
        HolderKind::Unknown => PrincipalKind::External,
    }
}
