//! The concrete rule: whether one request is allowed, judged from the typed bindings.
//!
//! Walks from the resource up to the organization, as the documentation describes
//! (<https://cloud.google.com/iam/docs/policy-types#evaluation>), and shares no code with `lower`: both read the same
//! typed policies, so each checks the other. It evaluates conditions by itself, too.

use std::collections::BTreeSet;

use super::ast::{Basic, Binding, Body, Comparison, Condition, Expression, Key, Member, Order};
use super::members::NOBODY;
use super::names::{self, CLOUD};
use super::{ALLOW, condition_text, defaults, lower, roles};
use crate::model::{
    Decision, Effect, Estate, Gap, GapKind, Origin, Reason, Request, ScopeId, Target, Verdict,
};

/// Judges one request.
pub(super) fn decide(estate: &Estate, request: &Request) -> Decision {
    let resource = names::full_name(&request.resource);
    let mut judge =
        Judge { estate, request, resource: &resource, because: Vec::new(), gaps: BTreeSet::new() };
    let place = judge.place();
    judge.visit(place);
    let verdict = if judge.because.is_empty() { Verdict::ImplicitlyDenied } else { Verdict::Allowed };
    judge.because.dedup();
    Decision {
        verdict,
        because: judge.because,
        blocked_by: Vec::new(),
        gaps: judge.gaps.into_iter().collect(),
    }
}

struct Judge<'a> {
    estate: &'a Estate,
    request: &'a Request,
    resource: &'a str,
    because: Vec<Reason>,
    gaps: BTreeSet<Gap>,
}

/// Whether somebody is meant by a member.
enum Meant {
    /// Yes, because of these bindings of basic roles (none for a member that is named).
    Yes(Vec<Reason>),
    No,
}

impl Judge<'_> {
    /// Where the resource stands: what the estate knows, else what the request says.
    fn place(&mut self) -> Option<ScopeId> {
        if let Some(scope) = names::placement(self.estate, self.resource) {
            return Some(scope);
        }
        let said = self.request.context.get(names::ANCESTRY).and_then(|values| values.first());
        let scope = said.and_then(|chain| names::end_of_chain(self.estate, chain));
        if scope.is_none() {
            self.gaps.insert(lower::unplaced(self.resource));
        }
        scope
    }

    /// Looks at every policy from the resource upwards.
    fn visit(&mut self, place: Option<ScopeId>) {
        let names: Vec<&str> = names::enclosing(self.resource).collect();
        for name in names {
            if let Some(id) = self.estate.find_resource(CLOUD, name) {
                self.policy(Target::Resource(id));
            }
        }
        if let (Some(bucket), Some(scope)) = (names::bucket(self.resource), place)
            && defaults::is_assumed(self.estate, bucket, scope)
        {
            self.default_policy(scope);
        }
        let mut level = place;
        let mut seen = BTreeSet::new();
        while let Some(scope) = level.filter(|scope| seen.insert(*scope)) {
            self.policy(Target::Scope(scope));
            level = self.estate.scope(scope).and_then(|scope| scope.parent);
        }
    }

    fn policy(&mut self, target: Target) {
        let estate = self.estate;
        for attachment in estate.attached_to(target).filter(|attachment| attachment.layer == ALLOW) {
            let Some(policy) = estate.policy(attachment.policy) else { continue };
            if let Some(Body::Binding(binding)) = policy.body.downcast_ref::<Body>() {
                self.binding(binding, &policy.origin);
            }
        }
    }

    fn binding(&mut self, binding: &Binding, origin: &Origin) {
        let role = roles::find(self.estate, &binding.role.value);
        if role.is_some_and(|role| !role.contains(&self.request.action)) {
            return;
        }
        for member in &binding.members {
            let Meant::Yes(through) = self.means(&member.value, origin) else { continue };
            if role.is_none() {
                self.gaps.insert(lower::unknown_role(&binding.role.value, origin));
                return;
            }
            if !self.condition(binding.condition.as_ref(), origin) {
                return;
            }
            self.gaps.extend(binding.gaps.iter().cloned());
            self.because.push(reason(origin));
            self.because.extend(through);
            return;
        }
    }

    /// Whether the member stands for who asks.
    fn means(&mut self, member: &Member, origin: &Origin) -> Meant {
        let principal = self.request.principal.as_str();
        let named = |meant: bool| if meant { Meant::Yes(Vec::new()) } else { Meant::No };
        match member {
            Member::AllUsers => named(true),
            Member::AllAuthenticatedUsers => named(principal != NOBODY && principal != "allUsers"),
            Member::User(mail) => named(principal.strip_prefix("user:") == Some(mail)),
            Member::ServiceAccount(mail) => named(principal.strip_prefix("serviceAccount:") == Some(mail)),
            Member::Group(mail) => self.in_group(mail, origin),
            Member::Domain(domain) => {
                let of_domain = principal
                    .strip_prefix("user:")
                    .and_then(|mail| mail.rsplit_once('@'))
                    .is_some_and(|(_, own)| own == domain);
                named(of_domain || principal.strip_prefix("domain:") == Some(domain))
            }
            Member::Holders(basic, project) => self.holders(*basic, project),
            Member::Deleted(_) => Meant::No,
            Member::Other(text) => {
                if text != principal && !text.starts_with("principal://") {
                    self.gaps.insert(Gap {
                        kind: GapKind::MissingScope,
                        message: format!(
                            "who belongs to `{text}` is not known; assumed to be nobody of the input"
                        ),
                        origin: Some(origin.clone()),
                    });
                }
                named(text == principal)
            }
        }
    }

    /// Whether who asks is the group or in it, also through other groups.
    fn in_group(&mut self, mail: &str, origin: &Origin) -> Meant {
        let mut open = vec![format!("group:{mail}")];
        let mut seen = BTreeSet::new();
        let mut unknown = Vec::new();
        while let Some(name) = open.pop() {
            if name == self.request.principal {
                return Meant::Yes(Vec::new());
            }
            if !name.starts_with("group:") || !seen.insert(name.clone()) {
                continue;
            }
            let id = self.estate.find_principal(CLOUD, &name);
            let members = self.estate.memberships().iter().filter(|one| Some(one.group) == id);
            let members: Vec<String> = members
                .filter_map(|one| self.estate.principal(one.member))
                .map(|member| member.name.clone())
                .collect();
            if members.is_empty() {
                unknown.push(name);
            }
            open.extend(members);
        }
        if !unknown.is_empty() && self.could_be_member() {
            let message =
                format!("the members of `{}` are not in the input; assumed to be none", unknown.join("`, `"));
            self.gaps.insert(Gap { kind: GapKind::MissingScope, message, origin: Some(origin.clone()) });
        }
        Meant::No
    }

    fn could_be_member(&self) -> bool {
        ["user:", "serviceAccount:"].iter().any(|kind| self.request.principal.starts_with(kind))
    }

    /// Whether who asks holds a basic role on a project; the bindings that give it are part of the reason.
    fn holders(&mut self, basic: Basic, project: &str) -> Meant {
        let estate = self.estate;
        let mut level = estate.find_scope(CLOUD, &format!("projects/{project}"));
        let mut inherited = false;
        while let Some(scope) = level {
            let mut through = Vec::new();
            for attachment in estate.attached_to(Target::Scope(scope)).filter(|one| one.layer == ALLOW) {
                let Some(policy) = estate.policy(attachment.policy) else { continue };
                let Some(Body::Binding(binding)) = policy.body.downcast_ref::<Body>() else { continue };
                if *binding.role.value == *basic.role() && self.binds_directly(binding, &policy.origin) {
                    through.push(reason(&policy.origin));
                }
            }
            if !through.is_empty() {
                if inherited {
                    self.gaps.extend(inheritance(basic, project, &through));
                }
                return Meant::Yes(through);
            }
            inherited = true;
            let above = estate.scope(scope).and_then(|scope| scope.parent);
            level = above.filter(|above| *above != scope);
        }
        Meant::No
    }

    fn binds_directly(&mut self, binding: &Binding, origin: &Origin) -> bool {
        let direct = binding.members.iter().filter(|member| !matches!(member.value, Member::Holders(..)));
        let mut meant = false;
        for member in direct {
            meant = meant || matches!(self.means(&member.value, origin), Meant::Yes(_));
        }
        meant && self.condition(binding.condition.as_ref(), origin)
    }

    /// The policy of a bucket that nobody has changed.
    fn default_policy(&mut self, scope: ScopeId) {
        let name = self.estate.scope(scope).map(|scope| scope.name.clone()).unwrap_or_default();
        let Some(project) = name.strip_prefix("projects/") else { return };
        for (role, holders) in defaults::BINDINGS {
            if !roles::find(self.estate, role).is_some_and(|role| role.contains(&self.request.action)) {
                continue;
            }
            for basic in holders {
                let Meant::Yes(through) = self.holders(*basic, project) else { continue };
                let origin = defaults::origin(role, *basic, project);
                self.gaps.insert(defaults::gap(project, &origin));
                self.because.push(reason(&origin));
                self.because.extend(through);
            }
        }
    }

    /// Whether the condition holds. One that cannot be evaluated does not grant.
    fn condition(&mut self, condition: Option<&Condition>, origin: &Origin) -> bool {
        let Some(condition) = condition else { return true };
        match self.evaluate(&condition.expression) {
            Ok(holds) => holds,
            Err(Failure::Fails) => false,
            Err(Failure::Opaque) => {
                self.gaps.insert(Gap {
                    kind: GapKind::OpaqueCondition,
                    message: format!(
                        "the condition `{}` is not understood; it was taken not to hold",
                        condition.source.value
                    ),
                    origin: Some(origin.clone()),
                });
                false
            }
        }
    }

    fn evaluate(&self, expression: &Expression) -> Result<bool, Failure> {
        match expression {
            Expression::Constant(value) => Ok(*value),
            Expression::Not(inner) => self.evaluate(inner).map(|value| !value),
            Expression::And(left, right) => absorb(self.evaluate(left), self.evaluate(right), false),
            Expression::Or(left, right) => absorb(self.evaluate(left), self.evaluate(right), true),
            Expression::Text(key, comparison, wanted) => {
                let value = self.text(*key, wanted)?;
                Ok(match comparison {
                    Comparison::Equals => value == *wanted,
                    Comparison::StartsWith => value.starts_with(wanted.as_str()),
                    Comparison::EndsWith => value.ends_with(wanted.as_str()),
                })
            }
            Expression::Time(order, instant) => {
                let said = self.request.context.get("request.time").and_then(|values| values.first());
                let now = said.and_then(|text| condition_text::instant(text)).ok_or(Failure::Fails)?;
                Ok(match order {
                    Order::Before => now < *instant,
                    Order::NotAfter => now <= *instant,
                    Order::At => now == *instant,
                    Order::NotBefore => now >= *instant,
                    Order::After => now > *instant,
                })
            }
            Expression::Opaque(_) => Err(Failure::Opaque),
        }
    }

    /// An attribute of the resource; it fails for services that do not recognize it.
    fn text(&self, key: Key, wanted: &str) -> Result<String, Failure> {
        let (service, relative) =
            self.resource.strip_prefix("//").and_then(|name| name.split_once('/')).ok_or(Failure::Fails)?;
        if !super::conditions::recognizes_attributes(service) {
            return Err(Failure::Fails);
        }
        match key {
            Key::Name => Ok(relative.to_owned()),
            Key::Service => Ok(service.to_owned()),
            Key::Type => {
                let types = ["Bucket", "Object", "ManagedFolder"]
                    .map(|kind| format!("storage.googleapis.com/{kind}"));
                let known = wanted == "cloudresourcemanager.googleapis.com/Project"
                    || types.iter().any(|kind| kind == wanted);
                if known { Ok(self.kind(service, relative)) } else { Err(Failure::Opaque) }
            }
        }
    }

    fn kind(&self, service: &str, relative: &str) -> String {
        let kind = match (service, relative.strip_prefix("projects/_/buckets/")) {
            ("storage.googleapis.com", Some(rest)) if rest.contains("/objects/") => "Object",
            ("storage.googleapis.com", Some(rest)) if rest.contains("/managedFolders/") => "ManagedFolder",
            ("storage.googleapis.com", Some(rest)) if !rest.contains('/') => "Bucket",
            ("cloudresourcemanager.googleapis.com", _) if relative.starts_with("projects/") => "Project",
            _ => "",
        };
        format!("{service}/{kind}")
    }
}

/// Why an expression has no value.
#[derive(Clone, Copy, PartialEq)]
enum Failure {
    /// The service answers with an error, too.
    Fails,
    /// It is not understood here.
    Opaque,
}

/// `&&` and `||`: a side that decides absorbs the failure of the other. What is not understood could have decided.
fn absorb(
    left: Result<bool, Failure>,
    right: Result<bool, Failure>,
    decisive: bool,
) -> Result<bool, Failure> {
    match (left, right) {
        (Ok(value), _) | (_, Ok(value)) if value == decisive => Ok(decisive),
        (Ok(_), Ok(_)) => Ok(!decisive),
        (Err(Failure::Opaque), _) | (_, Err(Failure::Opaque)) => Err(Failure::Opaque),
        _ => Err(Failure::Fails),
    }
}

fn reason(origin: &Origin) -> Reason {
    Reason { layer: ALLOW, effect: Some(Effect::Allow), origin: origin.clone() }
}

fn inheritance(basic: Basic, project: &str, through: &[Reason]) -> Option<Gap> {
    let message = format!(
        "`{}` is held on `projects/{project}` by inheritance only; assumed that `{}{project}` stands for its holders, too",
        basic.role(),
        basic.prefix(),
    );
    let origin = through.first().map(|reason| reason.origin.clone());
    Some(Gap { kind: GapKind::AssumedDefault, message, origin })
}
