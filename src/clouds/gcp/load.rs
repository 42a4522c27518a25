//! Puts what documents say into an estate: policies on scopes and resources, the hierarchy, roles, groups.
//!
//! Formats (`input/gcp_*`) know the shapes of documents and call these functions; nothing is judged here.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::accounts::KEY;
use super::ast::{Body, Federated, Member, Which};
use super::cel;
use super::names::{self, CLOUD};
use super::pools::{PROVIDER, Provider};
use super::public::PREVENTION;
use super::roles::ROLE_DEFINITION;
use super::{ACCESS, ALLOW, BOUNDARY, BOUNDARY_POLICY, DENY};
use super::{dataset, federation, numbered, parse, restricting, shapes, tops, unlisted};
use crate::model::{
    Attachment, Estate, Membership, Origin, Policy, Principal, PrincipalId, PrincipalKind, Resource,
    ResourceId, Scope, ScopeId, Target,
};
use crate::text::{Problem, Route, Span, Tree};

/// What a document says of the place of a policy.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The resource that the policy is set on, as the document names it.
    pub name: &'a str,
    /// Where that is written, or else the policy.
    pub span: Span,
    /// Its type, such as `storage.googleapis.com/Bucket`, if the document says so.
    pub kind: Option<&'a str>,
    /// The scopes above it from the inside out, itself possibly included: `projects/p`, `folders/2`.
    pub ancestors: Vec<&'a str>,
}

/// Loads one allow policy. `route` leads to `policy` inside its document.
pub fn allow_policy(
    subject: &Subject<'_>,
    policy: &Tree,
    route: &Route,
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
) {
    let Some(bindings) = parse::policy(policy, route, problems) else { return };
    bound(subject, bindings, policy.span, route, estate);
}

/// Puts the bindings of one allow policy onto its resource.
pub(super) fn bound(
    subject: &Subject<'_>,
    bindings: Vec<parse::PlacedBinding>,
    span: Span,
    route: &Route,
    estate: &mut Estate,
) {
    let name = names::full_name(subject.name);
    let origin = |what: String, span: Span, route: Route| Origin { span: Some(span), route, what };
    let told: Vec<&str> = bindings
        .iter()
        .flat_map(|placed| &placed.binding.members)
        .filter_map(|member| {
            if let Member::Holders(_, project) = &member.value { Some(project.as_str()) } else { None }
        })
        .collect();
    let place = origin(format!("resource `{name}`"), subject.span, Route::root());
    let target = target(&name, subject, told.first().copied(), &place, estate);
    let label = label(&name);
    if bindings.is_empty() {
        let origin = origin(format!("allow policy of {label}"), span, route.clone());
        attach(estate, "empty allow policy", Body::Empty, target, origin);
    }
    for placed in bindings {
        let role = placed.binding.role.value.clone();
        for member in &placed.binding.members {
            let what = format!("member `{}`", member.value.name());
            self::member(estate, &member.value, origin(what, member.span, placed.route.clone()));
        }
        let what = format!("binding of `{role}` in the allow policy of {label}");
        let origin = origin(what, placed.binding.role.span, placed.route);
        attach(estate, &role, Body::Binding(placed.binding), target, origin);
    }
}

pub(super) fn attach(estate: &mut Estate, name: &str, body: Body, target: Target, origin: Origin) {
    let layer = match &body {
        Body::Role(_) => ROLE_DEFINITION,
        Body::Deny(_) => DENY,
        Body::Boundary(_) => BOUNDARY_POLICY,
        Body::BoundaryBinding(_) => BOUNDARY,
        Body::Prevention(_) => PREVENTION,
        Body::Key(_) => KEY,
        Body::AccessBinding(_) => ACCESS,
        Body::Provider(_) => PROVIDER,
        Body::Binding(_) | Body::Empty | Body::Document(_) => ALLOW,
    };
    let refers = match &body {
        Body::Boundary(boundary) => Some(boundary.name.clone()),
        _ => None,
    };
    let policy = estate.add_policy(Policy {
        cloud: CLOUD,
        name: name.to_owned(),
        body: Arc::new(body),
        origin: origin.clone(),
    });
    if let Some(name) = refers {
        estate.name_policy(CLOUD, &name, policy);
    }
    estate.attach(Attachment { policy, target, layer, origin });
}

/// How a resource is called in sentences.
fn label(name: &str) -> String {
    match (names::scope_of(name), names::bucket(name)) {
        (Some(scope), _) => format!("`{scope}`"),
        (None, Some(bucket)) => format!("bucket `{bucket}`"),
        _ => match name.rsplit_once("/serviceAccounts/") {
            Some((_, mail)) => format!("service account `{mail}`"),
            None => format!("`{name}`"),
        },
    }
}

/// What the policy is attached to, created with all that is known of its place. `told` is a project that the policy
/// itself mentions by a convenience value, which for a bucket is its own.
fn target(
    name: &str,
    subject: &Subject<'_>,
    told: Option<&str>,
    origin: &Origin,
    estate: &mut Estate,
) -> Target {
    let target = target_of(name, subject, told, origin, estate);
    if let [only] = subject.ancestors.as_slice()
        && only.starts_with("projects/")
        && let Some(project) = estate.find_scope(CLOUD, only)
    {
        tops::note(estate, project, origin);
    }
    target
}

fn target_of(
    name: &str,
    subject: &Subject<'_>,
    told: Option<&str>,
    origin: &Origin,
    estate: &mut Estate,
) -> Target {
    if let Some(project) = new_project(name, subject, origin, estate) {
        return Target::Scope(project);
    }
    let above = hierarchy(&subject.ancestors, origin, estate);
    if let (Some(told), Some(above), None) = (names::told_scope(name), above, names::scope_of(name))
        && told.starts_with("projects/")
        && is_project(above, estate)
    {
        same_project(&told, above, origin, estate);
    }
    if let Some(scope) = names::scope_of(name) {
        return Target::Scope(scope_of(scope, above, origin, estate));
    }
    let told = told.filter(|_| above.is_none() && names::bucket(name).is_some());
    let home = above
        .or_else(|| told.and_then(|project| scope(&format!("projects/{project}"), None, origin, estate)));
    let kind = subject.kind.map_or_else(|| kind_of(name), str::to_owned);
    Target::Resource(resource(name, kind, home, origin.clone(), estate))
}

/// A project that its own row names by id and, among what is above it, by number. The number becomes its second name
/// at once if nobody has mentioned it yet: joining two scopes later looks at all that stands in either.
fn new_project(name: &str, subject: &Subject<'_>, origin: &Origin, estate: &mut Estate) -> Option<ScopeId> {
    let own = names::scope_of(name).filter(|own| own.starts_with("projects/") && !is_number(own))?;
    let (number, above) = subject.ancestors.split_first().filter(|(first, _)| is_number(first))?;
    if estate.find_scope(CLOUD, number).is_some() {
        return None;
    }
    let above = hierarchy(above, origin, estate);
    let project = scope(own, above, origin, estate)?;
    estate.add_scope_name(project, number);
    Some(project)
}

/// Whether a project is named by its number.
fn is_number(name: &str) -> bool {
    name.strip_prefix("projects/").is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()))
}

/// The scope that a policy is set on. Asset Inventory names projects by id and their ancestors by number: two project
/// names in one place are the same project.
fn scope_of(name: &str, above: Option<ScopeId>, origin: &Origin, estate: &mut Estate) -> ScopeId {
    match above {
        Some(above) if name.starts_with("projects/") && is_project(above, estate) => {
            same_project(name, above, origin, estate)
        }
        Some(above) if estate.scope_names(above).any(|own| own == name) => above,
        above => {
            scope(name, above, origin, estate).unwrap_or_else(|| estate.add_scope(unnamed(name, origin)))
        }
    }
}

fn is_project(id: ScopeId, estate: &Estate) -> bool {
    estate.scope(id).is_some_and(|scope| scope.name.starts_with("projects/"))
}

/// One project that is written in two ways keeps its id as its name.
fn same_project(name: &str, other: ScopeId, origin: &Origin, estate: &mut Estate) -> ScopeId {
    let known = estate.scope(other).map(|scope| scope.name.clone()).unwrap_or_default();
    if known == name || estate.scope_names(other).any(|own| own == name) {
        return other;
    }
    if is_number(name) && !is_number(&known) {
        estate.add_scope_name(other, name);
        return other;
    }
    let parent = estate.scope(other).and_then(|scope| scope.parent);
    let Some(own) = scope(name, parent, origin, estate) else { return other };
    estate.add_scope_name(own, &known);
    own
}

/// The innermost of these scopes, all of them known and linked from now on.
fn hierarchy(ancestors: &[&str], origin: &Origin, estate: &mut Estate) -> Option<ScopeId> {
    ancestors.iter().rev().fold(None, |parent, name| scope(name, parent, origin, estate).or(parent))
}

/// The scope of that name with what is now known of it.
pub fn scope(name: &str, parent: Option<ScopeId>, origin: &Origin, estate: &mut Estate) -> Option<ScopeId> {
    let kind = names::scope_kind(name)?;
    let origin = Origin { what: format!("`{name}`"), ..origin.clone() };
    Some(estate.add_scope(Scope { cloud: CLOUD, name: name.to_owned(), kind, parent, origin }))
}

fn unnamed(name: &str, origin: &Origin) -> Scope {
    let kind = crate::model::ScopeKind::Group;
    Scope { cloud: CLOUD, name: name.to_owned(), kind, parent: None, origin: origin.clone() }
}

fn resource(
    name: &str,
    kind: String,
    home: Option<ScopeId>,
    origin: Origin,
    estate: &mut Estate,
) -> ResourceId {
    let home = names::told_scope(name).and_then(|told| scope(&told, None, &origin, estate)).or(home);
    if let Some((_, mail)) = name.rsplit_once("/serviceAccounts/").filter(|(_, mail)| mail.contains('@')) {
        add_principal(estate, &Member::ServiceAccount(mail.to_ascii_lowercase()), origin.clone());
    }
    estate.add_resource(Resource { cloud: CLOUD, name: name.to_owned(), kind, home, origin })
}

/// The type of a resource by its name, where documents do not say it.
fn kind_of(name: &str) -> String {
    let service = name.strip_prefix("//").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let kind = match (names::bucket(name), name.rsplit_once("/serviceAccounts/")) {
        (Some(_), _) if name.contains("/managedFolders/") => "ManagedFolder",
        (Some(_), _) => "Bucket",
        (None, Some(_)) => "ServiceAccount",
        _ => return service.to_owned(),
    };
    format!("{service}/{kind}")
}

/// Takes note of a member: a principal, and for a service account the resource that it is, too.
fn member(estate: &mut Estate, member: &Member, origin: Origin) {
    add_principal(estate, member, origin.clone());
    if let Member::ServiceAccount(mail) = member
        && !names::is_service_agent(mail)
        && let Some(name) = names::service_account(mail)
    {
        let kind = kind_of(&name);
        resource(&name, kind, None, origin, estate);
    }
}

/// Takes note of a principal of its own.
pub(super) fn principal(estate: &mut Estate, member: &Member, origin: Origin) {
    add_principal(estate, member, origin);
}

/// A resource that stands in `home` unless its name tells where.
pub(super) fn placed(name: &str, home: Option<ScopeId>, origin: Origin, estate: &mut Estate) -> ResourceId {
    resource(name, kind_of(name), home, origin, estate)
}

fn add_principal(estate: &mut Estate, member: &Member, origin: Origin) -> Option<PrincipalId> {
    let kind = match member {
        Member::AllUsers | Member::AllAuthenticatedUsers => PrincipalKind::Public,
        Member::User(_) => PrincipalKind::User,
        Member::ServiceAccount(mail) if names::is_service_agent(mail) => PrincipalKind::Service,
        Member::ServiceAccount(_) => PrincipalKind::ServiceAccount,
        Member::Group(_) | Member::Domain(_) => PrincipalKind::Group,
        Member::InScope(..) => PrincipalKind::Group,
        Member::Other(text) if text.starts_with("principalSet://") => PrincipalKind::Group,
        // A set of identities of a pool stands for one of them, nobody being listed anywhere.
        Member::Federated(_) | Member::Other(_) => PrincipalKind::External,
        Member::Holders(..) | Member::Deleted(_) => return None,
    };
    let project = match member {
        Member::ServiceAccount(mail) if kind == PrincipalKind::ServiceAccount => {
            names::service_account_project(mail)
        }
        _ => None,
    };
    let home = project.and_then(|project| scope(&format!("projects/{project}"), None, &origin, estate));
    let facts = BTreeMap::new();
    Some(estate.add_principal(Principal { cloud: CLOUD, name: member.name(), kind, home, facts, origin }))
}

/// Loads one deny policy onto the project, folder or organization that its name tells:
/// <https://cloud.google.com/iam/docs/deny-overview#attachment-point>.
pub fn deny_policy(tree: &Tree, route: &Route, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let Some(policy) = restricting::deny_policy(tree, route, problems) else { return };
    unlisted::listed(estate, unlisted::Kind::Deny);
    let place = Origin { span: Some(tree.span), route: route.clone(), what: policy.label() };
    let Some(target) = scope(&policy.scope, None, &place, estate) else { return };
    for placed in policy.rules {
        let listed = placed.rule.principals.iter().chain(&placed.rule.except_principals);
        for member in listed {
            let what = format!("member `{}`", member.value.name());
            let origin = Origin { span: Some(member.span), route: placed.route.clone(), what };
            self::member(estate, &member.value, origin);
        }
        let what = format!("rule of deny policy `{}` on `{}`", policy.name, policy.scope);
        let origin = Origin { span: Some(placed.span), route: placed.route, what };
        attach(estate, &policy.name, Body::Deny(placed.rule), Target::Scope(target), origin);
    }
}

/// Loads a principal access boundary policy, or a binding of one:
/// <https://cloud.google.com/iam/docs/principal-access-boundary-policies>.
pub fn boundary(tree: &Tree, route: &Route, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let Some((name, body)) = restricting::boundary(tree, problems) else { return };
    if !matches!(body, Body::Boundary(_)) {
        unlisted::listed(estate, unlisted::Kind::Boundary);
    }
    let what = match &body {
        Body::BoundaryBinding(binding) => {
            format!("binding of boundary policy `{}`", restricting::short(&binding.policy.value))
        }
        Body::AccessBinding(policy) => format!("binding of access policy `{}`", restricting::short(policy)),
        _ => format!("boundary policy `{}`", restricting::short(&name)),
    };
    let origin = Origin { span: Some(tree.span), route: route.clone(), what };
    if let Body::AccessBinding(_) = body {
        return access_binding(tree, &name, body, origin, estate, problems);
    }
    let owner = name.split_once("/locations/").and_then(|(owner, _)| scope(owner, None, &origin, estate));
    match owner {
        Some(owner) => attach(estate, &name, body, Target::Scope(owner), origin),
        None => problems.push(
            Problem::error("gcp-boundary-name", format!("the name `{name}` tells no owner"))
                .at(tree.span)
                .help("export it again with --format=json"),
        ),
    }
}

/// Attaches the binding of an access policy to the scope that it targets:
/// <https://docs.cloud.google.com/iam/docs/policy-types>.
fn access_binding(
    tree: &Tree,
    name: &str,
    body: Body,
    origin: Origin,
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
) {
    let target = tree.get("target").and_then(|target| target.get("resource")).and_then(Tree::as_str);
    let full = target.map(names::full_name).unwrap_or_default();
    match names::scope_of(&full).and_then(|scope| self::scope(scope, None, &origin, estate)) {
        Some(scope) => attach(estate, name, body, Target::Scope(scope), origin),
        None => problems.push(
            Problem::error(
                "gcp-access-target",
                format!("the binding `{name}` has no project, folder or organization as its target"),
            )
            .at(tree.span)
            .help("expected `target.resource` to be `//cloudresourcemanager.googleapis.com/projects/P`"),
        ),
    }
}

/// Takes note of public access prevention of a bucket or a scope, by full resource name.
pub fn prevention(subject: &Subject<'_>, prevented: bool, route: &Route, estate: &mut Estate) {
    let name = names::full_name(subject.name);
    let what = format!("public access prevention of {}", label(&name));
    let origin = Origin { span: Some(subject.span), route: route.clone(), what };
    let target = target(&name, subject, None, &origin, estate);
    attach(estate, "public access prevention", Body::Prevention(prevented), target, origin);
}

/// Takes note of a key of the service account of that mail address or number, that works until then.
pub fn account_key(
    project: &str,
    mail: &str,
    id: &str,
    until: Option<&str>,
    span: Span,
    route: &Route,
    estate: &mut Estate,
) {
    let account = Member::ServiceAccount(mail.to_ascii_lowercase());
    let what = format!("key `{id}` of service account `{mail}`");
    let origin = Origin { span: Some(span), route: route.clone(), what };
    let body = Body::Key(until.map(Arc::from));
    if !mail.contains('@') {
        return numbered::key(mail, project, body, id, origin, estate);
    }
    member(estate, &account, origin.clone());
    let Some(target) = add_principal(estate, &account, origin.clone()) else { return };
    attach(estate, id, body, Target::Principal(target), origin);
}

/// Takes note of a resource without a policy, and of where it stands.
pub fn known(subject: &Subject<'_>, route: &Route, estate: &mut Estate) {
    let name = names::full_name(subject.name);
    let what = format!("resource `{name}`");
    let origin = Origin { span: Some(subject.span), route: route.clone(), what };
    target(&name, subject, None, &origin, estate);
}

/// Loads the access entries of a BigQuery dataset as bindings on it; without them, that there is such a dataset.
pub fn dataset(tree: &Tree, route: &Route, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let Some(dataset) = dataset::read(tree, route, problems) else { return };
    let subject = Subject { name: &dataset.name, span: tree.span, kind: None, ancestors: Vec::new() };
    for gap in dataset.gaps {
        estate.add_gap(gap);
    }
    match dataset.bindings {
        Some(bindings) => bound(&subject, bindings, tree.span, route, estate),
        None => known(&subject, route, estate),
    }
}

/// Loads a custom role onto the project or organization that its name tells. Predefined roles are in the catalog and
/// are passed over.
pub fn custom_role(tree: &Tree, route: &Route, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let Some(role) = parse::role(tree, problems) else { return };
    if role.name.starts_with("roles/") {
        return;
    }
    let origin =
        Origin { span: Some(role.span), route: route.clone(), what: format!("role `{}`", role.name) };
    let owner = role.name.split_once("/roles/").and_then(|(owner, _)| scope(owner, None, &origin, estate));
    match owner {
        Some(owner) => {
            let name = role.name.clone();
            attach(estate, &name, Body::Role(role), Target::Scope(owner), origin);
        }
        None => problems.push(
            Problem::error("gcp-role-name", format!("the role name `{}` tells no owner", role.name))
                .at(role.span)
                .help("custom roles are named `projects/P/roles/R` or `organizations/N/roles/R`"),
        ),
    }
}

/// Takes note that `member` (`user:ada@example.com`) belongs to the group of mail address `group`.
pub fn group_member(group: &str, member: &str, origin: &Origin, estate: &mut Estate) {
    let group = add_principal(estate, &Member::Group(group.to_ascii_lowercase()), origin.clone());
    let member = add_principal(estate, &Member::read(member), origin.clone());
    if let (Some(group), Some(member)) = (group, member) {
        estate.add_membership(Membership { group, member, origin: origin.clone() });
    }
}

/// Whether a name is that of a provider of a workload identity pool.
pub fn is_pool_provider(name: &str) -> bool {
    name.split_once("/workloadIdentityPools/").is_some_and(|(_, rest)| rest.contains("/providers/"))
}

/// Loads a provider of a workload identity pool. One that is disabled or deleted lets nobody in, and those of SAML are not
/// looked at.
pub fn pool_provider(tree: &Tree, route: &Route, estate: &mut Estate, problems: &mut Vec<Problem>) {
    shapes::check(tree, &shapes::PROVIDER, problems);
    let text = |tree: &Tree, key: &str| tree.get(key).and_then(Tree::as_str).map(str::to_owned);
    let name = text(tree, "name").filter(|name| is_pool_provider(name));
    let Some((name, pool)) = name.and_then(|name| {
        let pool = name.split("/providers/").next()?;
        Some((name.clone(), format!("iam.googleapis.com/{}", pool.trim_start_matches('/'))))
    }) else {
        let message = "a provider whose `name` is not `projects/N/locations/global/workloadIdentityPools/P/providers/X`";
        let problem = Problem::error("gcp-pool-provider", message).at(tree.span);
        problems.push(problem.help("export the list again with --format=json"));
        return;
    };
    let off = tree.get("disabled").and_then(Tree::as_bool) == Some(true)
        || text(tree, "state").is_some_and(|state| state != "ACTIVE");
    let of_account = tree.get("aws").and_then(|aws| text(aws, "accountId"));
    let of_account = of_account.map(|account| format!("{}{account}", federation::CALLERS));
    let issuer = tree.get("oidc").and_then(|oidc| text(oidc, "issuerUri"));
    let Some(issuer) = issuer.or(of_account).filter(|_| !off) else { return };
    let mut expression = |found: &Tree| {
        let source = found.as_str().filter(|source| !source.trim().is_empty())?;
        let Err(error) = cel::parse(source) else { return Some(Ok(Arc::from(source))) };
        let message = format!("`{source}` cannot be read: {}", error.message);
        let problem = Problem::error("gcp-pool-provider", message).at(found.span);
        problems.push(problem.help("whom the provider lets in is not looked at"));
        Some(Err(()))
    };
    let condition = tree.get("attributeCondition").and_then(&mut expression).transpose();
    let entries = tree.get("attributeMapping").into_iter().flat_map(Tree::entries);
    let mapping: Result<BTreeMap<Arc<str>, Arc<str>>, ()> = entries
        .filter_map(|entry| Some(expression(&entry.value)?.map(|source| (entry.key.value.clone(), source))))
        .collect();
    let (Ok(condition), Ok(mut mapping)) = (condition, mapping) else { return };
    if mapping.is_empty() && tree.get("aws").is_some() {
        mapping = federation::usual_mapping();
    }
    let audiences = tree.get("oidc").and_then(|oidc| oidc.get("allowedAudiences")).and_then(Tree::as_list);
    let audience = audiences.and_then(|all| all.iter().find_map(Tree::as_str)).map(str::to_owned);
    let audience = audience.unwrap_or_else(|| format!("https://iam.googleapis.com/{name}"));
    let origin = Origin { span: Some(tree.span), route: route.clone(), what: format!("provider `{name}`") };
    let all = Member::Federated(Federated { pool: pool.clone(), which: Which::All });
    add_principal(estate, &all, origin.clone());
    let resource = placed(&format!("//iam.googleapis.com/{name}"), None, origin.clone(), estate);
    let provider =
        Provider { pool: pool.into(), issuer: issuer.into(), audience: audience.into(), condition, mapping };
    attach(estate, &name, Body::Provider(provider), Target::Resource(resource), origin);
}
