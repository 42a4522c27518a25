//! The concrete rule: whether one request is allowed, judged from the typed bindings.
//!
//! Walks from the resource up to the organization, as the documentation describes
//! (<https://cloud.google.com/iam/docs/policy-types#evaluation>), and shares no code with `lower`: both read the same
//! typed policies, so each checks the other. It evaluates conditions by itself, too.

use std::collections::BTreeSet;

use super::ast::{Basic, Binding, Body, Condition, Federated, Member, Which};
use super::defaults::Container;
use super::members::NOBODY;
use super::names::{self, CLOUD};
use super::sets::{self, Belongs};
use super::truth::{Asked, Truth};
use super::{ALLOW, lower, public, roles, tops};
use crate::model::{
    Decision, Effect, Estate, Gap, GapKind, Origin, Reason, Request, ScopeId, Target, Verdict,
};

/// Judges one request: deny policies come first, then principal access boundaries, then allow policies
/// (<https://cloud.google.com/iam/docs/policy-types#evaluation>).
pub(super) fn decide(estate: &Estate, request: &Request) -> Decision {
    let resource = names::full_name(&request.resource);
    let asked = Asked::new(&resource, request);
    let mut judge =
        Judge { estate, request, resource: &resource, asked, because: Vec::new(), gaps: BTreeSet::new() };
    let place = judge.place();
    let denials = judge.denials(place);
    judge.visit(place);
    judge.because.dedup();
    let would = !judge.because.is_empty();
    let outside = if would && denials.is_empty() { judge.outside(place) } else { Vec::new() };
    let gaps = judge.gaps.into_iter().collect();
    if !denials.is_empty() {
        let blocked_by = if would { denials.clone() } else { Vec::new() };
        return Decision { verdict: Verdict::ExplicitlyDenied, because: denials, blocked_by, gaps };
    }
    if !would || !outside.is_empty() {
        let verdict = Verdict::ImplicitlyDenied;
        return Decision { verdict, because: Vec::new(), blocked_by: outside, gaps };
    }
    Decision { verdict: Verdict::Allowed, because: judge.because, blocked_by: Vec::new(), gaps }
}

pub(super) struct Judge<'a> {
    pub(super) estate: &'a Estate,
    pub(super) request: &'a Request,
    pub(super) resource: &'a str,
    pub(super) asked: Asked<'a>,
    because: Vec<Reason>,
    pub(super) gaps: BTreeSet<Gap>,
}

/// Whether somebody is meant by a member.
pub(super) enum Meant {
    /// Yes, because of these bindings of basic roles (none for a member that is named).
    Yes(Vec<Reason>),
    No,
    /// It is not known; taken to be no.
    Unknown(Gap),
}

impl Judge<'_> {
    /// Where the resource stands: what the estate knows, else what the request says.
    fn place(&mut self) -> Option<ScopeId> {
        let said = || self.request.context.get(names::ANCESTRY).and_then(|values| values.first());
        let scope = names::placement(self.estate, self.resource)
            .or_else(|| said().and_then(|chain| names::end_of_chain(self.estate, chain)));
        if scope.is_none() {
            self.gaps.insert(lower::unplaced(self.resource));
        }
        scope.inspect(|scope| self.gaps.extend(tops::gap(self.estate, *scope)))
    }

    /// Looks at every policy from the resource upwards.
    fn visit(&mut self, place: Option<ScopeId>) {
        let names: Vec<&str> = names::enclosing(self.resource).collect();
        for name in names {
            if let Some(id) = self.estate.find_resource(CLOUD, name) {
                self.policy(Target::Resource(id));
            }
        }
        if let (Some((kind, name)), Some(scope)) = (Container::around(self.resource), place)
            && kind.is_assumed(self.estate, name, scope)
        {
            self.default_policy(kind, scope);
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
        let prevented = public::is_prevented(estate, target);
        for attachment in estate.attached_to(target).filter(|attachment| attachment.layer == ALLOW) {
            let Some(policy) = estate.policy(attachment.policy) else { continue };
            if let Some(Body::Binding(binding)) = policy.body.downcast_ref::<Body>() {
                self.binding(binding, &policy.origin, prevented);
            }
        }
    }

    fn binding(&mut self, binding: &Binding, origin: &Origin, prevented: bool) {
        let role = roles::find(self.estate, &binding.role.value);
        if role.is_some_and(|role| !role.contains(&self.request.action)) {
            return;
        }
        for member in binding.members.iter().filter(|member| !prevented || !member.value.is_public()) {
            let Some(through) = self.meant(&member.value, origin) else { continue };
            if role.is_none() {
                self.gaps.insert(lower::unknown_role(&binding.role.value, origin));
                return;
            }
            if !self.grants_now(binding.condition.as_ref(), origin) {
                return;
            }
            self.gaps.extend(binding.gaps.iter().cloned());
            self.because.push(reason(origin));
            self.because.extend(through);
            return;
        }
    }

    /// A condition that fails, or is not known, does not grant.
    fn grants_now(&mut self, condition: Option<&Condition>, origin: &Origin) -> bool {
        self.asked.judge(condition, origin, &mut self.gaps) == Truth::Holds
    }

    /// The bindings through which a member stands for who asks; what is not known is noted and taken to be nobody.
    pub(super) fn meant(&mut self, member: &Member, origin: &Origin) -> Option<Vec<Reason>> {
        match self.means(member, origin) {
            Meant::Yes(through) => Some(through),
            Meant::No => None,
            Meant::Unknown(gap) => {
                self.gaps.insert(gap);
                None
            }
        }
    }

    /// Whether the member stands for who asks.
    pub(super) fn means(&mut self, member: &Member, origin: &Origin) -> Meant {
        let principal = self.request.principal.as_str();
        let named = |meant: bool| if meant { Meant::Yes(Vec::new()) } else { Meant::No };
        match member {
            Member::AllUsers => named(true),
            Member::AllAuthenticatedUsers => {
                let is_federated = principal.starts_with("principal");
                named(principal != NOBODY && principal != "allUsers" && !is_federated)
            }
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
            Member::Federated(set) => named(is_in_pool(set, self.request)),
            Member::InScope(..) if principal == member.name() => named(true),
            Member::InScope(held, scope) => match sets::among(self.estate, principal, *held, scope) {
                Belongs::Yes => named(true),
                Belongs::No => named(false),
                Belongs::Unknown => Meant::Unknown(nobody(&member.name(), origin)),
            },
            Member::Other(text) => {
                let single = text.starts_with("principal://") || text.starts_with("serviceAccount:");
                let could_be = self.could_be_member() || principal.starts_with("principal");
                if text == principal || single || !could_be {
                    return named(text == principal);
                }
                Meant::Unknown(nobody(text, origin))
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
            let members = id.into_iter().flat_map(|id| self.estate.members_of(id));
            let members: Vec<String> = members
                .filter_map(|one| self.estate.principal(one.member))
                .map(|member| member.name.clone())
                .collect();
            if members.is_empty() {
                unknown.push(name);
            }
            open.extend(members);
        }
        if unknown.is_empty() || !self.could_be_member() {
            return Meant::No;
        }
        let message =
            format!("the members of `{}` are not in the input; assumed to be none", unknown.join("`, `"));
        Meant::Unknown(Gap { kind: GapKind::MissingScope, message, origin: Some(origin.clone()) })
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
            meant = meant || self.meant(&member.value, origin).is_some();
        }
        meant && self.grants_now(binding.condition.as_ref(), origin)
    }

    /// The policy of a bucket or a dataset that nobody has changed.
    fn default_policy(&mut self, kind: Container, scope: ScopeId) {
        let name = self.estate.scope(scope).map(|scope| scope.name.clone()).unwrap_or_default();
        let Some(project) = name.strip_prefix("projects/") else { return };
        for (role, holders) in kind.bindings() {
            if !roles::find(self.estate, role).is_some_and(|role| role.contains(&self.request.action)) {
                continue;
            }
            for basic in *holders {
                let Meant::Yes(through) = self.holders(*basic, project) else { continue };
                let origin = kind.origin(role, *basic, project);
                self.gaps.insert(kind.gap(project, &origin));
                self.because.push(reason(&origin));
                self.because.extend(through);
            }
        }
    }
}

/// The gap of a set of which no member is known.
fn nobody(name: &str, origin: &Origin) -> Gap {
    let message = format!("who belongs to `{name}` is not known; assumed to be nobody of the input");
    Gap { kind: GapKind::MissingScope, message, origin: Some(origin.clone()) }
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

/// Whether who asks is of these identities of a pool: by its subject, or by what its token says.
pub(super) fn is_in_pool(set: &Federated, request: &Request) -> bool {
    let principal = request.principal.as_str();
    let single = principal.strip_prefix(&set.identities());
    let Some(rest) = principal
        .strip_prefix("principal://")
        .or_else(|| principal.strip_prefix("principalSet://"))
        .and_then(|rest| rest.strip_prefix(set.pool.as_str())?.strip_prefix('/'))
    else {
        return false;
    };
    let says = |key: &str, value: &str| {
        request.context.get(key).is_some_and(|values| values.iter().any(|own| own == value))
    };
    match &set.which {
        Which::All => true,
        Which::Subject(subject) => single == Some(subject),
        Which::Group(group) => rest.strip_prefix("group/") == Some(group) || says("google.groups", group),
        Which::Namespace(namespace) => {
            let own = single.and_then(|subject| subject.strip_prefix("ns/")?.split_once("/sa/"));
            own.map(|(own, _)| own).or(rest.strip_prefix("namespace/")) == Some(namespace)
        }
        Which::Attribute(name, value) => {
            match rest.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('/')) {
                Some(own) => own == value,
                None => says(name, value),
            }
        }
    }
}
