//! Two documents of Google Cloud side by side: two roles, or two allow policies.
//!
//! A document is read as if it were alone: groups and convenience values stand for themselves, and a role of an allow
//! policy is the predefined one of that name. What a custom role in a policy holds is a gap.

use std::borrow::Cow;
use std::sync::Arc;

use super::ast::{Binding, Body, Member};
use super::members::NOBODY;
use super::names::CLOUD;
use super::truth::{Asked, Truth};
use super::{ALLOW, catalog, conditions, lower, members, parse, requests, roles};
use crate::clouds::documents::{DocumentKind, Documents, HOLDER, Opened, Rule, Rules, RulesOfTwo};
use crate::logic::{Assignment, Attribute, Formula, Patterns};
use crate::model::{Decision, Effect, Estate, Gap, Origin, Policy, Reason, Request, Verdict};
use crate::text::{Located, Problem, Route, Tree};

/// Permissions under a name.
const ROLE: DocumentKind = DocumentKind { id: "role", name: "role of Google Cloud" };
/// Who has which role.
const POLICY: DocumentKind = DocumentKind { id: "allow-policy", name: "allow policy of Google Cloud" };

/// The documents of this cloud.
#[derive(Clone, Copy, Debug)]
pub struct GcpDocuments;

impl Documents for GcpDocuments {
    fn kinds(&self) -> &'static [DocumentKind] {
        &[ROLE, POLICY]
    }

    fn open<'t>(&self, tree: &'t Tree, _: &mut Vec<Problem>) -> Option<Opened<'t>> {
        let (found, route) = match tree.get("policy").filter(|policy| policy.get("bindings").is_some()) {
            Some(policy) => (policy, Route::root().key("policy")),
            None => (tree, Route::root()),
        };
        let is_policy = found.get("bindings").is_some_and(|bindings| bindings.as_list().is_some());
        (is_policy || is_role(found)).then_some(Opened { tree: Cow::Borrowed(found), route })
    }

    fn guess(&self, old: &Tree, new: &Tree) -> DocumentKind {
        if is_role(old) && is_role(new) { ROLE } else { POLICY }
    }

    fn read(
        &self,
        document: &Opened<'_>,
        name: &str,
        kind: DocumentKind,
        problems: &mut Vec<Problem>,
    ) -> Option<Policy> {
        let tree = &*document.tree;
        let body = if kind == ROLE {
            let mut role = parse::role(tree, problems)?;
            if tree.get("includedPermissions").is_none() {
                role.permissions = predefined(&role.name, tree, problems)?;
            }
            Body::Role(role)
        } else {
            let bindings = parse::policy(tree, &document.route, problems)?;
            Body::Document(bindings.into_iter().map(|placed| (placed.binding, placed.route)).collect())
        };
        let origin =
            Origin { span: Some(tree.span), route: document.route.clone(), what: format!("`{name}`") };
        Some(Policy { cloud: CLOUD, name: name.to_owned(), body: Arc::new(body), origin })
    }

    fn named(&self, name: &str) -> Option<String> {
        let role = catalog::current().role(name).filter(|_| name.starts_with("roles/"))?;
        Some(format!("{{\"name\": {:?}}}", role.name()))
    }

    fn nearest(&self, name: &str) -> Vec<String> {
        let found = if name.starts_with("roles/") { catalog::current().search(name, 8) } else { Vec::new() };
        let roles = found.into_iter().map(|one| one.name).filter(|one| one.starts_with("roles/"));
        roles.take(3).collect()
    }

    fn rules(&self, _: DocumentKind, old: &Policy, new: &Policy) -> RulesOfTwo {
        let (mut gaps, mut facts) = (Vec::new(), Vec::new());
        let [old, new] = [old, new].map(|policy| rules(policy, &mut gaps, &mut facts));
        RulesOfTwo { old, new, facts: Formula::all(facts), gaps }
    }

    fn request(&self, kind: DocumentKind, witness: &Assignment) -> Request {
        let mut request = requests::alone(witness);
        if kind == ROLE {
            request.principal = HOLDER.to_owned();
        }
        request
    }

    fn decide(&self, _: DocumentKind, policy: &Policy, request: &Request) -> Decision {
        decide(policy, request)
    }
}

/// A role by its permissions, or one of Google's by its name.
fn is_role(tree: &Tree) -> bool {
    let name = tree.get("name").and_then(Tree::as_str).unwrap_or_default();
    let named = name.starts_with("roles/") || name.contains("/roles/");
    tree.get("includedPermissions").is_some() || named && tree.get("bindings").is_none()
}

/// The permissions of a role that is given by its name alone.
fn predefined(name: &str, tree: &Tree, problems: &mut Vec<Problem>) -> Option<Vec<Arc<str>>> {
    let Some(role) = catalog::current().role(name).filter(|_| name.starts_with("roles/")) else {
        let message =
            format!("the role `{name}` has no `includedPermissions` and is none of Google's that is known");
        let problem = Problem::error("gcp-role-permissions", message).at(tree.span);
        problems.push(problem.help("export it with `gcloud iam roles describe`"));
        return None;
    };
    let mut names: Vec<Arc<str>> =
        role.permissions().map(|index| catalog::current().permission_name(index).into()).collect();
    names.sort();
    Some(names)
}

fn rules(policy: &Policy, gaps: &mut Vec<Gap>, facts: &mut Vec<Formula>) -> Rules {
    let allows = match policy.body.downcast_ref::<Body>() {
        Some(Body::Role(role)) => {
            let actions = roles::one_of(role.permissions.iter().map(Arc::as_ref));
            vec![Rule { actions, rest: Formula::True }]
        }
        Some(Body::Document(bindings)) => bindings
            .iter()
            .flat_map(|(binding, route)| of_binding(binding, &origin(policy, binding, route), gaps, facts))
            .collect(),
        _ => Vec::new(),
    };
    Rules { allows, denies: Vec::new() }
}

/// One rule for each member: of two versions of a binding, only those are compared who are not in both.
fn of_binding(
    binding: &Binding,
    origin: &Origin,
    gaps: &mut Vec<Gap>,
    facts: &mut Vec<Formula>,
) -> Vec<Rule> {
    let condition = binding.condition.as_ref();
    gaps.extend(binding.gaps.iter().cloned());
    gaps.extend(conditions::gaps(condition));
    let nothing = Estate::default();
    let Some(role) = roles::find(&nothing, &binding.role.value) else {
        gaps.push(lower::unknown_role(&binding.role.value, origin));
        return Vec::new();
    };
    let holds = conditions::holds(condition);
    facts.push(conditions::calendar_facts(condition.map(|condition| &condition.expression)));
    if holds.attributes().contains(&conditions::request_time()) {
        facts.push(lower::real_time());
    }
    let of = |member: &Located<Member>| Rule {
        actions: role.actions(),
        rest: alone(&member.value).and(holds.clone()),
    };
    binding.members.iter().map(of).collect()
}

/// The principals that a member stands for when nothing else is known.
fn alone(member: &Member) -> Formula {
    let named = |name: &str| Formula::matches(Attribute::principal(), Patterns::literal(name));
    match member {
        Member::AllUsers => Formula::True,
        Member::AllAuthenticatedUsers | Member::Domain(_) | Member::Federated(_) => {
            members::who(&Estate::default(), member)
        }
        Member::Deleted(_) => Formula::False,
        member => named(&member.name()),
    }
}

fn origin(policy: &Policy, binding: &Binding, route: &Route) -> Origin {
    let what = format!("binding of `{}` in `{}`", binding.role.value, policy.name);
    Origin { span: Some(binding.role.span), route: route.clone(), what }
}

/// What a document alone says to one request, from its typed text.
fn decide(policy: &Policy, request: &Request) -> Decision {
    let (mut because, mut gaps) = (Vec::new(), Vec::new());
    let mut allow = |origin: Origin| {
        because.push(Reason { layer: ALLOW, effect: Some(Effect::Allow), origin });
    };
    match policy.body.downcast_ref::<Body>() {
        Some(Body::Role(role)) if role.permissions.iter().any(|own| **own == *request.action) => {
            allow(policy.origin.clone());
        }
        Some(Body::Document(bindings)) => {
            for (binding, route) in bindings {
                let origin = origin(policy, binding, route);
                if gives(binding, request, &origin, &mut gaps) {
                    allow(origin);
                }
            }
        }
        _ => {}
    }
    let verdict = if because.is_empty() { Verdict::ImplicitlyDenied } else { Verdict::Allowed };
    Decision { verdict, because, blocked_by: Vec::new(), gaps }
}

fn gives(binding: &Binding, request: &Request, origin: &Origin, gaps: &mut Vec<Gap>) -> bool {
    if !binding.members.iter().any(|member| is_meant(&member.value, request)) {
        return false;
    }
    let nothing = Estate::default();
    match roles::find(&nothing, &binding.role.value) {
        None => {
            gaps.push(lower::unknown_role(&binding.role.value, origin));
            return false;
        }
        Some(role) if !role.contains(&request.action) => return false,
        Some(_) => {}
    }
    let truth = Asked::new(&request.resource, request).judge(binding.condition.as_ref(), origin, gaps);
    if truth == Truth::Holds {
        gaps.extend(binding.gaps.iter().cloned());
    }
    truth == Truth::Holds
}

fn is_meant(member: &Member, request: &Request) -> bool {
    let principal = request.principal.as_str();
    match member {
        Member::AllUsers => true,
        Member::AllAuthenticatedUsers => principal != NOBODY && !principal.starts_with("principal"),
        Member::Domain(domain) => {
            let own = principal.strip_prefix("user:").and_then(|mail| mail.strip_suffix(domain.as_str()));
            own.is_some_and(|start| start.ends_with('@')) || principal == member.name()
        }
        Member::Federated(set) => super::decide::is_in_pool(set, request),
        Member::Deleted(_) => false,
        member => member.name() == principal,
    }
}
