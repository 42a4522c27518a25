//! One request with all policies that decide it, written down together: read into an estate of its own.
//!
//! Policies are complete: what is not there does not apply, and a bucket or a dataset without a policy has an empty one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{Body, Member};
use super::defaults::Container;
use super::load::{self, Subject};
use super::names::{self, CLOUD};
use super::tops;
use crate::clouds::Scenario;
use crate::model::{Estate, Origin, Request, ScopeId, Target};
use crate::text::{Entry, Problem, Route, Severity, Tree};

const REQUEST: [&str; 4] = ["principal", "action", "resource", "context"];
const POLICIES: [&str; 9] = [
    "hierarchy",
    "allow",
    "deny",
    "boundaries",
    "boundary_bindings",
    "roles",
    "groups",
    "datasets",
    "public_access_prevention",
];
const REQUEST_HELP: &str = "a request is {\"principal\", \"action\", \"resource\", \"context\"}";

/// Reads `{"request": {…}, "policies": {…}}`. `None` after at least one problem when a part of it cannot be read: a
/// decision without that part would be about something else.
pub(super) fn scenario(tree: &Tree, problems: &mut Vec<Problem>) -> Option<Scenario> {
    let before = problems.len();
    let request = Reader { problems }.request(tree)?;
    let mut builder = Builder { estate: Estate::default(), reader: Reader { problems }, place: None };
    if let Some(policies) = tree.get("policies").filter(|policies| !policies.is_null()) {
        builder.policies(policies);
    }
    builder.complete(&request, tree);
    let mut estate = builder.estate;
    let tops: Vec<ScopeId> =
        estate.scopes().filter(|(_, scope)| scope.parent.is_none()).map(|(id, _)| id).collect();
    for top in tops {
        tops::note(&mut estate, top, &Origin::default());
    }
    let broken = problems.iter().skip(before).any(|problem| problem.severity == Severity::Error);
    (!broken).then_some(Scenario { estate: Arc::new(estate), request })
}

struct Reader<'a> {
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn shape(&mut self, tree: &Tree, message: impl Into<String>, help: &str) {
        self.problems.push(Problem::error("scenario-shape", message).at(tree.span).help(help));
    }

    /// Refuses what would be overlooked silently: a misspelled kind of policy decides.
    fn known_keys(&mut self, tree: &Tree, owner: &str, known: &[&str]) {
        let keys = format!("the keys are `{}`", known.join("`, `"));
        if tree.as_map().is_none() {
            let message = format!("expected `{owner}` to be an object, found {}", tree.kind_name());
            self.shape(tree, message, &keys);
        }
        for Entry { key, .. } in tree.entries().filter(|entry| !known.contains(&&*entry.key.value)) {
            let message = format!("unknown key `{}` in `{owner}`", key.value);
            self.problems.push(Problem::error("scenario-shape", message).at(key.span).help(&*keys));
        }
    }

    fn request(&mut self, tree: &Tree) -> Option<Request> {
        let Some(request) = tree.get("request") else {
            self.shape(tree, "the scenario has no `request`", REQUEST_HELP);
            return None;
        };
        self.known_keys(request, "request", &REQUEST);
        let principal = self.text(request, "principal").filter(|name| self.principal(request, name));
        let action = self.text(request, "action").filter(|action| self.action(request, action));
        let resource = self.text(request, "resource");
        let context = request.get("context").map_or(Some(BTreeMap::new()), |tree| self.context(tree));
        let (principal, action, resource) = (principal?, action?, names::full_name(&resource?));
        Some(Request { cloud: CLOUD, principal, action, resource, context: context? })
    }

    fn text(&mut self, request: &Tree, key: &str) -> Option<String> {
        let text = request.get(key).and_then(Tree::as_str).filter(|text| !text.is_empty());
        if text.is_none() {
            let place = request.get(key).unwrap_or(request);
            self.shape(place, format!("expected `{key}` to be a string with something in it"), REQUEST_HELP);
        }
        text.map(str::to_owned)
    }

    fn principal(&mut self, request: &Tree, name: &str) -> bool {
        let kinds = ["user:", "serviceAccount:", "group:", "principal://", "principalSet://"];
        let fits =
            ["*", "allAuthenticatedUsers"].contains(&name) || kinds.iter().any(|kind| name.starts_with(kind));
        if !fits {
            let place = request.get("principal").unwrap_or(request);
            let help = "write `user:MAIL`, `serviceAccount:MAIL`, `principal://…`, `allAuthenticatedUsers` for a \
                        stranger with a Google account, or `*` for anybody without credentials";
            self.shape(place, format!("`{name}` is no principal"), help);
        }
        fits
    }

    fn action(&mut self, request: &Tree, action: &str) -> bool {
        let fits = action.split('.').count() >= 3 && !action.contains(['*', '/', ':']);
        if !fits {
            let place = request.get("action").unwrap_or(request);
            let help = "write it as `service.resource.verb`, such as `storage.objects.get`";
            self.shape(place, format!("expected one permission, found `{action}`"), help);
        }
        fits
    }

    /// Attributes with their values, each text, a number, or a list of these.
    fn context(&mut self, tree: &Tree) -> Option<BTreeMap<String, Vec<String>>> {
        const HELP: &str = "write attributes with their values: {\"request.time\": \"2027-01-01T09:00:00Z\"}";
        if tree.as_map().is_none() {
            let message = format!("expected `context` to be an object, found {}", tree.kind_name());
            self.shape(tree, message, HELP);
            return None;
        }
        let mut context = BTreeMap::new();
        for Entry { key, value } in tree.entries() {
            let items = value.as_list().map_or(std::slice::from_ref(value), |items| items);
            let Some(values) = items.iter().map(Tree::scalar).collect::<Option<Vec<String>>>() else {
                self.shape(value, format!("`{}` has a value that is none", key.value), HELP);
                return None;
            };
            context.insert(key.value.to_string(), values);
        }
        Some(context)
    }
}

struct Builder<'a> {
    estate: Estate,
    reader: Reader<'a>,
    /// Where resources stand whose names do not tell it.
    place: Option<ScopeId>,
}

impl Builder<'_> {
    fn policies(&mut self, policies: &Tree) {
        self.reader.known_keys(policies, "policies", &POLICIES);
        let given = |key: &str| policies.get(key).filter(|tree| !tree.is_null());
        if let Some(tree) = given("hierarchy") {
            self.hierarchy(tree);
        }
        for key in POLICIES.iter().filter(|key| **key != "hierarchy" && **key != "groups") {
            let Some(tree) = given(key) else { continue };
            let Some(items) = tree.as_list() else {
                let message = format!("expected `{key}` to be an array, found {}", tree.kind_name());
                self.reader.shape(tree, message, "put what it holds into an array");
                continue;
            };
            for (index, item) in items.iter().enumerate() {
                self.policy(key, item, &Route::root().key("policies").key(*key).index(index));
            }
        }
        if let Some(groups) = given("groups") {
            self.groups(groups);
        }
    }

    /// A chain of scopes from the top, or a list of chains, of which the first is that of the resource.
    fn hierarchy(&mut self, tree: &Tree) {
        let items = tree.as_list().unwrap_or_default();
        let chains: Vec<&[Tree]> = match items.first().map(|first| first.as_list().is_some()) {
            Some(true) => items.iter().map(|chain| chain.as_list().unwrap_or_default()).collect(),
            _ => vec![items],
        };
        for chain in chains {
            let mut parent = None;
            for level in chain {
                let origin = Origin { span: Some(level.span), ..Origin::default() };
                let name = level.as_str().unwrap_or_default();
                match load::scope(name, parent, &origin, &mut self.estate) {
                    Some(scope) => parent = Some(scope),
                    None => {
                        let help = "write the levels from the top: [\"organizations/1\", \"folders/2\", \"projects/p\"]";
                        self.reader.shape(level, "this is no project, folder or organization", help);
                    }
                }
            }
            self.place = self.place.or(parent);
        }
        if self.place.is_none() {
            self.reader.shape(
                tree,
                "the hierarchy has no level",
                "leave it out, or write levels from the top",
            );
        }
    }

    fn policy(&mut self, key: &str, item: &Tree, route: &Route) {
        let (estate, problems) = (&mut self.estate, &mut *self.reader.problems);
        match key {
            "deny" => load::deny_policy(item, route, estate, problems),
            "boundaries" | "boundary_bindings" => load::boundary(item, route, estate, problems),
            "roles" => load::custom_role(item, route, estate, problems),
            "datasets" => load::dataset(item, route, estate, problems),
            "public_access_prevention" => match item.as_str() {
                Some(name) => {
                    let subject = Subject { name, span: item.span, kind: None, ancestors: Vec::new() };
                    load::prevention(&subject, true, route, estate);
                }
                None => self.reader.shape(
                    item,
                    "this is no bucket and no scope",
                    "write `gs://b` or `projects/p`",
                ),
            },
            _ => self.allow(item, route),
        }
    }

    fn allow(&mut self, item: &Tree, route: &Route) {
        let (Some(resource), Some(policy)) = (item.get("resource"), item.get("policy")) else {
            let help = "write {\"resource\": \"projects/p\", \"policy\": {\"bindings\": […]}}";
            self.reader.shape(item, "an allow policy without `resource` and `policy`", help);
            return;
        };
        let Some(name) = resource.as_str() else {
            self.reader.shape(
                resource,
                "`resource` is no name",
                "write `projects/p`, `gs://b` or a full resource name",
            );
            return;
        };
        let subject = Subject { name, span: resource.span, kind: None, ancestors: Vec::new() };
        let route = route.key("policy");
        load::allow_policy(&subject, policy, &route, &mut self.estate, self.reader.problems);
    }

    fn groups(&mut self, groups: &Tree) {
        for Entry { key, value } in groups.entries() {
            for member in value.as_list().unwrap_or_default() {
                let origin = Origin { span: Some(member.span), ..Origin::default() };
                match member.as_str() {
                    Some(member) => load::group_member(&key.value, member, &origin, &mut self.estate),
                    None => self.reader.shape(member, "a member is no string", "write `user:MAIL`"),
                }
            }
        }
        if groups.as_map().is_none() {
            self.reader.shape(groups, "`groups` is no object", "write {\"g@x.org\": [\"user:a@x.org\"]}");
        }
    }

    /// Whoever asks and what is asked for, and an empty policy for a bucket or a dataset that has none.
    fn complete(&mut self, request: &Request, tree: &Tree) {
        let origin = Origin { span: Some(tree.span), ..Origin::default() };
        if !["*", "allAuthenticatedUsers"].contains(&request.principal.as_str()) {
            load::principal(&mut self.estate, &Member::read(&request.principal), origin.clone());
        }
        let container = Container::around(&request.resource).map(|(_, name)| name);
        let name = container.unwrap_or(&request.resource);
        if names::scope_of(name).is_some() {
            return;
        }
        let place = self.place;
        let id = load::placed(name, place, origin.clone(), &mut self.estate);
        let has_policy = self.estate.attached_to(Target::Resource(id)).any(|one| one.layer == super::ALLOW);
        if container.is_some() && !has_policy {
            load::attach(&mut self.estate, "empty allow policy", Body::Empty, Target::Resource(id), origin);
        }
    }
}
