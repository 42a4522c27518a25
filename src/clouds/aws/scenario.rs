//! One request with all policies that decide it, written down together: read into an estate of its own.
//!
//! Policies are complete: a type that is not there does not apply, and nothing is assumed about what else there may be.
//! An estate cannot say that, so the gaps are filled with policies that say nothing: a resource without a policy in the
//! scenario has an empty one, a level of an organization without policies allows nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{Arn, is_account};
use super::caller::{FEDERATED_BY, is_federated_session, session_of};
use super::estate::{account, add_policy, attach, policy, resource, silent, unrestricted};
use super::parse::Capacity;
use super::rule::{
    BOUNDARY, ENDPOINT, IDENTITY, RESOURCE, RESOURCE_CONTROL, SERVICE_CONTROL, SESSION, TRUST,
};
use super::{AWS, ast};
use crate::clouds::Scenario;
use crate::model::{
    Estate, Layer, Origin, Principal, PrincipalKind, Request, Scope, ScopeId, ScopeKind, Target,
};
use crate::text::{Entry, Problem, Route, Severity, Tree};

const REQUEST: [&str; 6] = ["principal", "federated_by", "action", "resource", "resource_account", "context"];
/// Policies that are attached to whoever asks, each a list.
const OWN: [(&str, Layer); 4] = [
    ("identity", IDENTITY),
    ("permission_boundaries", BOUNDARY),
    ("session", SESSION),
    ("vpc_endpoint", ENDPOINT),
];
/// Policies of the levels of an organization, each a list of lists, the root first.
const LEVELS: [(&str, Layer); 2] =
    [("service_control", SERVICE_CONTROL), ("resource_control", RESOURCE_CONTROL)];
/// The policy of the resource, an object.
const ON_RESOURCE: &str = "resource";

/// Reads `{"request": {…}, "policies": {…}}`. `None` after at least one problem when a part of it cannot be read: a
/// decision without that part would be about something else.
pub(super) fn scenario(tree: &Tree, problems: &mut Vec<Problem>) -> Option<Scenario> {
    let before = problems.len();
    let asked = asked(tree, problems)?;
    let kind = Reader { problems }.kind(tree, &asked.request.principal)?;
    let scenario = build(asked, Some(kind), problems);
    let broken = problems.iter().skip(before).any(|problem| problem.severity == Severity::Error);
    (!broken).then_some(scenario)
}

/// What is asked, and the policies as they are written.
pub(super) struct Asked<'t> {
    pub(super) request: Request,
    /// The account that owns the resource, if it is said or stands in the ARN.
    owner: Option<String>,
    /// The user that opened the federated session which asks, if it is said.
    federated_by: Option<String>,
    policies: Option<&'t Tree>,
}

/// The request and where the policies are. `None` after a problem.
pub(super) fn asked<'t>(tree: &'t Tree, problems: &mut Vec<Problem>) -> Option<Asked<'t>> {
    Reader { problems }.asked(tree)
}

struct Reader<'a> {
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn asked<'t>(&mut self, tree: &'t Tree) -> Option<Asked<'t>> {
        let Some(request) = tree.get("request") else {
            self.shape(tree, "the scenario has no `request`", REQUEST_HELP);
            return None;
        };
        self.known_keys(request, "request", &REQUEST);
        let principal = self.text(request, "principal");
        let action = self.text(request, "action").filter(|action| self.action(request, action));
        let resource = self.text(request, "resource");
        let context = request.get("context").map_or(Some(BTreeMap::new()), |tree| self.context(tree));
        let (principal, action, resource, context) = (principal?, action?, resource?, context?);
        let owner = self.owner(request, &resource).ok()?;
        let federated_by = self.federated_by(request, &principal).ok()?;
        let request = Request { cloud: AWS, principal, action, resource, context };
        let policies = tree.get("policies").filter(|policies| !policies.is_null());
        Some(Asked { request, owner, federated_by, policies })
    }

    fn shape(&mut self, tree: &Tree, message: impl Into<String>, help: &str) {
        self.problems.push(Problem::error("scenario-shape", message).at(tree.span).help(help));
    }

    /// Refuses what would be overlooked silently: a misspelled type of policy decides.
    fn known_keys(&mut self, tree: &Tree, owner: &str, known: &[&str]) {
        if tree.as_map().is_none() {
            let message = format!("expected `{owner}` to be an object, found {}", tree.kind_name());
            self.shape(tree, message, &format!("its keys are `{}`", known.join("`, `")));
        }
        for Entry { key, .. } in tree.entries().filter(|entry| !known.contains(&&*entry.key.value)) {
            let message = format!("unknown key `{}` in `{owner}`", key.value);
            let problem = Problem::error("scenario-shape", message).at(key.span);
            self.problems.push(problem.help(format!("the keys are `{}`", known.join("`, `"))));
        }
    }

    fn text(&mut self, request: &Tree, key: &str) -> Option<String> {
        match request.get(key) {
            Some(value) => {
                let text = value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
                if text.is_none() {
                    self.shape(
                        value,
                        format!("expected `{key}` to be a string with something in it"),
                        REQUEST_HELP,
                    );
                }
                text
            }
            None => {
                self.shape(request, format!("the request has no `{key}`"), REQUEST_HELP);
                None
            }
        }
    }

    fn action(&mut self, request: &Tree, action: &str) -> bool {
        let named =
            action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
        let fits = named && !action.contains(['*', '?']);
        if !fits {
            let place = request.get("action").unwrap_or(request);
            let message = format!("expected one action, found `{action}`");
            self.shape(place, message, "write it as `service:Action`, such as `s3:GetObject`");
        }
        fits
    }

    /// Names of keys to their values. A value is text, a number, a truth value, or a list of these.
    fn context(&mut self, tree: &Tree) -> Option<BTreeMap<String, Vec<String>>> {
        if tree.as_map().is_none() {
            self.shape(
                tree,
                format!("expected `context` to be an object, found {}", tree.kind_name()),
                CONTEXT_HELP,
            );
            return None;
        }
        let mut context = BTreeMap::new();
        for Entry { key, value } in tree.entries() {
            let items = value.as_list().map_or(std::slice::from_ref(value), |items| items);
            let values: Option<Vec<String>> = items.iter().map(Tree::scalar).collect();
            let Some(values) = values else {
                self.shape(value, format!("`{}` has a value that is none", key.value), CONTEXT_HELP);
                return None;
            };
            context.insert(key.value.to_string(), values);
        }
        Some(context)
    }

    /// The account that owns the resource. An error after a problem.
    fn owner(&mut self, request: &Tree, resource: &str) -> Result<Option<String>, ()> {
        let arn = Arn::parse(resource).map(|arn| arn.account).filter(|number| is_account(number));
        let Some(stated) = request.get("resource_account").filter(|tree| !tree.is_null()) else {
            return Ok(arn.map(str::to_owned));
        };
        let number = stated.scalar().filter(|number| is_account(number));
        match (number, arn) {
            (Some(number), Some(other)) if number != other => {
                let message =
                    format!("`resource_account` is `{number}`, but the resource's ARN says `{other}`");
                self.shape(stated, message, "leave one of them out, or make them agree");
                Err(())
            }
            (Some(number), _) => Ok(Some(number)),
            (None, _) => {
                let help = "write its twelve digits as a string, or leave it out if the ARN has it";
                self.shape(stated, "expected `resource_account` to be an account number", help);
                Err(())
            }
        }
    }

    /// The user that opened the session which asks. An error after a problem.
    fn federated_by(&mut self, request: &Tree, principal: &str) -> Result<Option<String>, ()> {
        let Some(stated) = request.get("federated_by").filter(|tree| !tree.is_null()) else {
            return Ok(None);
        };
        let session = Arn::parse(principal).filter(|_| is_federated_session(principal));
        let is_user = |arn: &Arn<'_>| arn.service == "iam" && arn.resource.starts_with("user/");
        let user = stated.as_str().and_then(|text| Arn::parse(text).filter(is_user));
        match (session, user) {
            (Some(session), Some(user)) if session.account == user.account => {
                Ok(stated.as_str().map(str::to_owned))
            }
            (None, _) => {
                let message = format!("`federated_by` says who opened a session, but `{principal}` is none");
                self.shape(
                    stated,
                    message,
                    "leave it out, or name an `arn:aws:sts::ACCOUNT:federated-user/NAME`",
                );
                Err(())
            }
            (Some(_), _) => {
                let message = "expected `federated_by` to be a user of the session's account";
                self.shape(stated, message, "write the user's ARN: `arn:aws:iam::ACCOUNT:user/NAME`");
                Err(())
            }
        }
    }

    /// What kind of principal a name stands for.
    fn kind(&mut self, tree: &Tree, name: &str) -> Option<PrincipalKind> {
        let kind = kind(name);
        if kind.is_none() {
            let place = tree.get("request").and_then(|request| request.get("principal")).unwrap_or(tree);
            let help = "write the ARN of a user, role or session, a service such as `lambda.amazonaws.com`, \
                        an identity provider, or `*` for anybody without credentials";
            self.shape(place, format!("`{name}` is no principal"), help);
        }
        kind
    }
}

const REQUEST_HELP: &str = "a request is {\"principal\", \"federated_by\", \"action\", \"resource\", \"resource_account\", \"context\"}";
const CONTEXT_HELP: &str =
    "write keys with their values: {\"aws:SourceIp\": \"203.0.113.7\", \"aws:TagKeys\": [\"a\", \"b\"]}";

/// What kind of principal goes by a name; `None` when none does.
pub(super) fn kind(name: &str) -> Option<PrincipalKind> {
    if let Some(arn) = Arn::parse(name) {
        return match arn.resource.split('/').next() {
            Some("role" | "assumed-role") => Some(PrincipalKind::Role),
            Some("oidc-provider" | "saml-provider") => Some(PrincipalKind::External),
            Some("user" | "federated-user" | "root") => Some(PrincipalKind::User),
            _ => None,
        };
    }
    match name {
        "*" => Some(PrincipalKind::Public),
        _ if name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn") => {
            Some(PrincipalKind::Service)
        }
        // A web identity provider goes by its host.
        _ if name.contains('.') && !name.contains([':', ' ', '*']) => Some(PrincipalKind::External),
        _ => None,
    }
}

/// The estate in which the request is decided. Of whoever asks the kind is known, or nothing at all; then its own side is
/// taken to allow.
pub(super) fn build(asked: Asked<'_>, kind: Option<PrincipalKind>, problems: &mut Vec<Problem>) -> Scenario {
    let Asked { request, owner, federated_by, policies } = asked;
    let mut builder = Builder { estate: Estate::default(), policies, reader: Reader { problems } };
    if let Some(policies) = policies {
        let own = OWN.iter().chain(&LEVELS).map(|(key, _)| *key);
        let keys: Vec<&str> = own.chain([ON_RESOURCE]).collect();
        builder.reader.known_keys(policies, "policies", &keys);
    }
    let innermost = builder.levels();
    if let Some(kind) = kind {
        builder.caller(&request.principal, federated_by, kind, innermost);
    }
    builder.resource(&request.resource, owner.as_deref(), innermost);
    Scenario { estate: Arc::new(builder.estate), request }
}

struct Builder<'a, 't> {
    estate: Estate,
    policies: Option<&'t Tree>,
    reader: Reader<'a>,
}

impl<'t> Builder<'_, 't> {
    fn given(&self, key: &str) -> Option<&'t Tree> {
        self.policies.and_then(|policies| policies.get(key)).filter(|tree| !tree.is_null())
    }

    fn items(&mut self, tree: &'t Tree, name: &str, of_what: &str) -> &'t [Tree] {
        let items = tree.as_list();
        if items.is_none() {
            let message =
                format!("expected `{name}` to be an array of {of_what}, found {}", tree.kind_name());
            self.reader.shape(tree, message, "put what it holds into an array");
        }
        items.unwrap_or_default()
    }

    fn attach(&mut self, tree: &Tree, name: &str, route: &Route, to: (Target, Layer), capacity: Capacity) {
        if let Some(document) = policy(tree, name, route, capacity, self.reader.problems) {
            self.attach_document(document, to);
        }
    }

    fn attach_document(&mut self, document: ast::Document, (target, layer): (Target, Layer)) {
        let origin = document.origin();
        let id = add_policy(&mut self.estate, document);
        attach(&mut self.estate, id, target, layer, origin);
    }

    /// One chain of levels for both kinds of control policies: each kind is asked about another side of the request,
    /// so the account of the caller and that of the resource can share it. Answers the innermost level.
    fn levels(&mut self) -> Option<ScopeId> {
        let mut chain: Vec<ScopeId> = Vec::new();
        for (key, layer) in LEVELS {
            let Some(tree) = self.given(key) else { continue };
            let route = policies_route().key(key);
            for (index, level) in self.items(tree, key, "levels").iter().enumerate() {
                let scope = match chain.get(index) {
                    Some(scope) => *scope,
                    None => {
                        let id = self.level(index, chain.last().copied());
                        chain.push(id);
                        id
                    }
                };
                let name = format!("{key}[{index}]");
                let documents = self.items(level, &name, "policies");
                let to = (Target::Scope(scope), layer);
                // Resource control policies name the principals that they are for, service control policies do not.
                let capacity =
                    if layer == RESOURCE_CONTROL { Capacity::Resource } else { Capacity::Identity };
                if documents.is_empty() {
                    self.attach_document(
                        ast::Document { route: route.index(index), ..silent(&name, Vec::new()) },
                        to,
                    );
                }
                for (place, document) in documents.iter().enumerate() {
                    let route = route.index(index).index(place);
                    self.attach(document, &format!("{name}[{place}]"), &route, to, capacity);
                }
            }
        }
        chain.last().copied()
    }

    fn level(&mut self, index: usize, parent: Option<ScopeId>) -> ScopeId {
        let name = format!("level {index}");
        let kind = if index == 0 { ScopeKind::Organization } else { ScopeKind::Folder };
        self.estate.add_scope(Scope { cloud: AWS, name, kind, parent, origin: Origin::default() })
    }

    fn account(&mut self, number: &str, parent: Option<ScopeId>) -> Option<ScopeId> {
        let id = account(&mut self.estate, number, &Origin::default())?;
        let Some(scope) = self.estate.scope(id).cloned() else { return Some(id) };
        Some(self.estate.add_scope(Scope { parent, ..scope }))
    }

    fn caller(
        &mut self,
        asking: &str,
        federated_by: Option<String>,
        kind: PrincipalKind,
        parent: Option<ScopeId>,
    ) {
        let name = session_of(asking).map_or(asking.to_owned(), |(role, _)| role);
        let number = Arn::parse(&name).map(|arn| arn.account.to_owned()).unwrap_or_default();
        // Control policies of an organization reach its own users and roles, not services and strangers.
        let home = self.account(&number, parent);
        let origin = Origin { what: format!("`{name}`"), ..Origin::default() };
        let facts = federated_by.into_iter().map(|user| (FEDERATED_BY.to_owned(), user)).collect();
        let id = self.estate.add_principal(Principal { cloud: AWS, name, kind, home, facts, origin });
        if arn_resource(asking) == Some("root") {
            // "By default, the root user has full access"; identity policies and boundaries cannot be attached to it:
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html>
            let document = unrestricted("full access of the root user", Vec::new());
            self.attach_document(document, (Target::Principal(id), IDENTITY));
        }
        if is_federated_session(asking)
            && !self.given("session").is_some_and(|tree| tree.as_list() != Some(&[]))
        {
            // "If you do not pass any session policies, then the resulting federated user session has no permissions",
            // except what resource policies give to the session itself:
            // <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
            let document = silent("no session policy was passed", Vec::new());
            self.attach_document(document, (Target::Principal(id), SESSION));
        }
        for (key, layer) in OWN {
            let Some(tree) = self.given(key) else { continue };
            if key == "identity" {
                self.check_identity(tree, kind);
            }
            let route = policies_route().key(key);
            for (index, document) in self.items(tree, key, "policies").iter().enumerate() {
                let to = (Target::Principal(id), layer);
                let capacity = if layer == ENDPOINT && names(document) {
                    Capacity::Resource
                } else {
                    Capacity::Identity
                };
                self.attach(document, &format!("{key}[{index}]"), &route.index(index), to, capacity);
            }
        }
    }

    /// Services, federated identities and people without credentials have no identity policies.
    fn check_identity(&mut self, tree: &Tree, kind: PrincipalKind) {
        let bare = matches!(kind, PrincipalKind::Public | PrincipalKind::Service | PrincipalKind::External);
        if bare && !tree.as_list().unwrap_or_default().is_empty() {
            let message = "`identity` does not apply: this principal has no identity policies";
            let problem = Problem::warning("scenario-unused", message).at(tree.span);
            self.reader.problems.push(problem.help("remove them, or name the role that has them"));
        }
    }

    fn resource(&mut self, name: &str, owner: Option<&str>, parent: Option<ScopeId>) {
        let given = self.given(ON_RESOURCE);
        let Some(arn) = Arn::parse(name) else {
            if let Some(tree) = given {
                let message = format!("a request on `{name}` meets no resource policy");
                self.reader.shape(tree, message, "name the resource by its ARN, or remove the policy");
            }
            return;
        };
        let whole = match (arn.service, arn.resource.split('/').next()) {
            ("s3", Some(bucket)) if arn.account.is_empty() => format!("arn:{}:s3:::{bucket}", arn.partition),
            _ => name.to_owned(),
        };
        let home = owner.and_then(|owner| self.account(owner, parent));
        let id = resource(&mut self.estate, &whole, home, Origin::default());
        let is_role = arn.service == "iam" && arn.resource.starts_with("role/");
        let to = (Target::Resource(id), if is_role { TRUST } else { RESOURCE });
        match given {
            Some(tree) => {
                let route = policies_route().key(ON_RESOURCE);
                self.attach(tree, ON_RESOURCE, &route, to, Capacity::Resource);
            }
            None => self.attach_document(silent(ON_RESOURCE, Vec::new()), to),
        }
    }
}

/// Whether a statement of the document says whom it is about.
fn names(document: &Tree) -> bool {
    let Some(found) = document.get("Statement") else { return false };
    let statements = found.as_list().unwrap_or(std::slice::from_ref(found));
    statements.iter().any(|one| one.get("Principal").or(one.get("NotPrincipal")).is_some())
}

fn arn_resource(name: &str) -> Option<&str> {
    Arn::parse(name).map(|arn| arn.resource)
}

fn policies_route() -> Route {
    Route::root().key("policies")
}
