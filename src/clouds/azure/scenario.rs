//! One request with everything that decides it, written down together: read into an estate of its own.
//!
//! `policies` holds documents as `az` prints them, each under the name of its kind. They are complete: what is not
//! there does not exist, and no gap is noted for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::Listing;
use super::load::{Loader, Owned};
use super::members::{NOBODY, OUTSIDER};
use super::names::CLOUD;
use crate::clouds::Scenario;
use crate::model::{Estate, Principal, PrincipalKind, Request};
use crate::text::{Entry, Problem, Severity, Tree};

const REQUEST: [&str; 4] = ["principal", "action", "resource", "context"];
/// In the order in which they are read: who and what there is, then who may do what.
const POLICIES: [&str; 16] = [
    "management_groups",
    "role_definitions",
    "users",
    "groups",
    "service_principals",
    "group_members",
    "resources",
    "containers",
    "role_assignments",
    "deny_assignments",
    "eligible_assignments",
    "administrative_units",
    "directory_role_definitions",
    "directory_roles",
    "app_roles",
    "owners",
];

const HELP: &str = "a request is {\"principal\", \"action\", \"resource\", \"context\"}: a name such as \
                    `user:ann@example.org` or an object id, an operation, a full resource id, and attributes of \
                    conditions such as `@Request[…]`";

/// Reads `{"request": {…}, "policies": {…}}`. `None` after at least one problem when a part of it cannot be read.
pub(super) fn scenario(tree: &Tree, problems: &mut Vec<Problem>) -> Option<Scenario> {
    let before = problems.len();
    let request = request(tree, problems);
    let mut estate = Estate::default();
    if let Some(policies) = tree.get("policies").filter(|policies| !policies.is_null()) {
        self::policies(policies, &POLICIES, &mut estate, problems);
    }
    let broken = problems.iter().skip(before).any(|problem| problem.severity == Severity::Error);
    let mut request = request.filter(|_| !broken)?;
    Loader::new(&mut estate, problems).complete([Listing::DenyAssignments, Listing::Hierarchy]);
    request.principal = known_as(&mut estate, &request.principal);
    Some(Scenario { estate: Arc::new(estate), request })
}

fn shape(problems: &mut Vec<Problem>, tree: &Tree, message: impl Into<String>, help: &str) {
    problems.push(Problem::error("scenario-shape", message).at(tree.span).help(help));
}

/// Refuses what would be overlooked silently: a misspelled kind of policy decides.
fn known_keys(tree: &Tree, owner: &str, known: &[&str], problems: &mut Vec<Problem>) {
    if tree.as_map().is_none() {
        let message = format!("expected `{owner}` to be an object, found {}", tree.kind_name());
        shape(problems, tree, message, &format!("its keys are `{}`", known.join("`, `")));
    }
    for Entry { key, .. } in tree.entries().filter(|entry| !known.contains(&&*entry.key.value)) {
        let problem = Problem::error("scenario-shape", format!("unknown key `{}` in `{owner}`", key.value));
        problems.push(problem.at(key.span).help(format!("the keys are `{}`", known.join("`, `"))));
    }
}

fn request(tree: &Tree, problems: &mut Vec<Problem>) -> Option<Request> {
    let Some(asked) = tree.get("request") else {
        shape(problems, tree, "the scenario has no `request`", HELP);
        return None;
    };
    known_keys(asked, "request", &REQUEST, problems);
    let mut text = |key: &str| {
        let found = asked.get(key).and_then(Tree::as_str).filter(|text| !text.is_empty());
        if found.is_none() {
            let message = format!("expected `{key}` of the request to be a string with something in it");
            shape(problems, asked.get(key).unwrap_or(asked), message, HELP);
        }
        found.map(str::to_owned)
    };
    let (principal, action, resource) = (text("principal"), text("action"), text("resource"));
    let action = action.filter(|action| {
        let is_one = action.contains('/') && !action.contains('*');
        if !is_one {
            let message = format!("expected one operation, found `{action}`");
            shape(
                problems,
                asked.get("action").unwrap_or(asked),
                message,
                "write it as `Microsoft.Compute/virtualMachines/read`",
            );
        }
        is_one
    });
    let context = context(asked.get("context"), problems);
    let (principal, action, resource, context) = (principal?, action?, resource?, context?);
    Some(Request { cloud: CLOUD, principal, action, resource, context })
}

/// Attributes with their values.
fn context(tree: Option<&Tree>, problems: &mut Vec<Problem>) -> Option<BTreeMap<String, Vec<String>>> {
    let Some(tree) = tree.filter(|tree| !tree.is_null()) else { return Some(BTreeMap::new()) };
    if tree.as_map().is_none() {
        shape(
            problems,
            tree,
            format!("expected `context` to be an object, found {}", tree.kind_name()),
            HELP,
        );
        return None;
    }
    let mut context = BTreeMap::new();
    for Entry { key, value } in tree.entries() {
        let items = value.as_list().unwrap_or(std::slice::from_ref(value));
        let values: Option<Vec<String>> = items.iter().map(Tree::scalar).collect();
        let attribute = super::condition::Key::of_context(&key.value);
        let (Some(values), Some(attribute)) = (values, attribute) else {
            shape(
                problems,
                value,
                format!("`{}` is no attribute of a condition with its values", key.value),
                HELP,
            );
            return None;
        };
        context.insert(attribute.name.to_string(), values);
    }
    Some(context)
}

/// Reads the documents of an object by their names, of which `kinds` are known, in that order.
pub(super) fn policies(tree: &Tree, kinds: &[&str], estate: &mut Estate, problems: &mut Vec<Problem>) {
    known_keys(tree, "policies", kinds, problems);
    let mut loader = Loader::new(estate, problems);
    for kind in kinds.iter().copied() {
        let Some(document) = tree.get(kind).filter(|document| !document.is_null()) else { continue };
        match kind {
            "management_groups" => loader.hierarchy(document),
            "role_definitions" => loader.role_definitions(document),
            "users" | "groups" | "service_principals" => loader.directory(document),
            "group_members" => {
                for Entry { key, value } in document.entries() {
                    loader.group_members(&key.value, value);
                }
            }
            "resources" => {
                loader.switches(document);
                loader.resources(document);
            }
            "containers" => loader.containers(document, None),
            "role_assignments" => loader.role_assignments(document),
            "deny_assignments" => loader.deny_assignments(document),
            "eligible_assignments" => loader.eligible_assignments(document),
            "administrative_units" => {
                for Entry { key, value } in document.entries() {
                    loader.unit_members(&key.value, value);
                }
            }
            "app_roles" => loader.app_roles(document),
            "directory_role_definitions" => loader.directory_role_definitions(document),
            "owners" => {
                for Entry { key, value } in document.entries() {
                    loader.owners(Owned::Object, &key.value, value);
                }
            }
            _ => loader.directory_roles(document),
        }
    }
    loader.finish();
}

/// The full name of who asks: given as such, or by object id. Somebody whom no document mentions is in no group and
/// holds nothing.
fn known_as(estate: &mut Estate, typed: &str) -> String {
    if [NOBODY, OUTSIDER].contains(&typed) || estate.find_principal(CLOUD, typed).is_some() {
        return typed.to_owned();
    }
    let by_id = super::members::find(estate, &typed.to_ascii_lowercase());
    if let Some(known) = by_id.and_then(|id| estate.principal(id)) {
        return known.name.clone();
    }
    estate.add_principal(Principal {
        cloud: CLOUD,
        name: typed.to_owned(),
        kind: PrincipalKind::Holder,
        home: None,
        facts: BTreeMap::new(),
        origin: Default::default(),
    });
    typed.to_owned()
}
