//! What refuses a request before allow policies are asked: the concrete side of deny policies and principal access
//! boundaries.

use std::collections::BTreeSet;

use super::ast::{Body, BoundaryBinding, DenyRule, Permissions};
use super::decide::{Judge, Meant};
use super::names::{self, CLOUD};
use super::sets::{self, Belongs};
use super::truth::Truth;
use super::{ACCESS, BOUNDARY, DENY, restrictions, versions};
use crate::model::{Effect, Gap, GapKind, Origin, Reason, ScopeId, Target};

impl Judge<'_> {
    /// The deny rules that refuse the request, from the resource's own level upwards. Each stands alone; nothing below
    /// undoes one (<https://cloud.google.com/iam/docs/deny-overview#inheritance>).
    pub(super) fn denials(&mut self, place: Option<ScopeId>) -> Vec<Reason> {
        let estate = self.estate;
        let (mut level, mut seen, mut found) = (place, BTreeSet::new(), Vec::new());
        while let Some(scope) = level.filter(|scope| seen.insert(*scope)) {
            self.note_access_policies(scope);
            for attachment in estate.attached_to(Target::Scope(scope)).filter(|one| one.layer == DENY) {
                let Some(policy) = estate.policy(attachment.policy) else { continue };
                if let Some(Body::Deny(rule)) = policy.body.downcast_ref::<Body>()
                    && self.is_denied(rule, &policy.origin)
                {
                    found.push(Reason {
                        layer: DENY,
                        effect: Some(Effect::Deny),
                        origin: policy.origin.clone(),
                    });
                }
            }
            level = estate.scope(scope).and_then(|scope| scope.parent);
        }
        found
    }

    /// Access policies may allow or deny; their rules are not read.
    fn note_access_policies(&mut self, scope: ScopeId) {
        if self.request.action != restrictions::GOVERNED {
            return;
        }
        let bound = self.estate.attached_to(Target::Scope(scope)).filter(|one| one.layer == ACCESS);
        let bound = bound.filter_map(|attachment| self.estate.policy(attachment.policy));
        self.gaps.extend(bound.map(restrictions::unread_access_policy));
    }

    fn is_denied(&mut self, rule: &DenyRule, origin: &Origin) -> bool {
        let action = self.request.action.as_str();
        let names =
            |list: &[crate::text::Located<Permissions>]| list.iter().any(|one| covers(&one.value, action));
        if !names(&rule.permissions) || names(&rule.except_permissions) {
            return false;
        }
        let mut meant = false;
        for member in &rule.principals {
            meant |= self.meant(&member.value, origin).is_some();
        }
        if !meant {
            return false;
        }
        for member in &rule.except_principals {
            match self.means(&member.value, origin) {
                Meant::Yes(_) => return false,
                Meant::No => {}
                // Whoever could be an exception is not known to be denied.
                Meant::Unknown(gap) => {
                    self.gaps.insert(Gap { kind: GapKind::OpaqueCondition, ..gap });
                    return false;
                }
            }
        }
        self.gaps.extend(rule.gaps.iter().cloned());
        // "If the condition can't be evaluated, the deny rule applies":
        // <https://cloud.google.com/iam/docs/deny-overview#denial-conditions>.
        let truth = self.asked.judge(rule.condition.as_ref(), origin, &mut self.gaps);
        matches!(truth, Truth::Holds | Truth::Fails)
    }

    /// The bindings of boundary policies that leave the resource out; none if it is eligible.
    pub(super) fn outside(&mut self, place: Option<ScopeId>) -> Vec<Reason> {
        let estate = self.estate;
        let (mut blocking, mut included) = (Vec::new(), false);
        for attachment in estate.attached_as(BOUNDARY) {
            let Some(policy) = estate.policy(attachment.policy) else { continue };
            let Some(Body::BoundaryBinding(binding)) = policy.body.downcast_ref::<Body>() else { continue };
            if !self.is_bound(binding, &policy.origin) {
                continue;
            }
            let Some(boundary) = restrictions::find(estate, &binding.policy.value) else {
                self.gaps.insert(restrictions::unknown_policy(&binding.policy.value, &policy.origin));
                continue;
            };
            match blocks(boundary.version, &self.request.action) {
                Belongs::Yes => {
                    blocking.push(Reason { layer: BOUNDARY, effect: None, origin: policy.origin.clone() });
                }
                Belongs::No => {}
                Belongs::Unknown => {
                    self.gaps.insert(restrictions::unknown_coverage(boundary, &policy.origin));
                }
            }
            for scope in &boundary.scopes {
                included |= self.includes(&scope.value, place, &policy.origin);
            }
        }
        if included { Vec::new() } else { blocking }
    }

    fn is_bound(&mut self, binding: &BoundaryBinding, origin: &Origin) -> bool {
        let set = &binding.principals.value;
        match sets::in_set(self.estate, &self.request.principal, set) {
            Belongs::No => return false,
            Belongs::Unknown => {
                self.gaps.insert(restrictions::unknown_set(set, origin));
                return false;
            }
            Belongs::Yes => {}
        }
        self.asked.principal = sets::type_and_subject(&self.request.principal);
        let truth = self.asked.judge(binding.condition.as_ref(), origin, &mut self.gaps);
        self.asked.principal = None;
        // "If the condition evaluates to true or cannot be evaluated", the policy is enforced:
        // <https://cloud.google.com/iam/docs/principal-access-boundary-policies>.
        matches!(truth, Truth::Holds | Truth::Fails)
    }

    /// Whether the place of the resource is a scope or below it; what is not known is taken to be.
    fn includes(&mut self, wanted: &str, place: Option<ScopeId>, origin: &Origin) -> bool {
        let estate = self.estate;
        let mut level = place;
        let mut seen = BTreeSet::new();
        let mut top = String::new();
        while let Some(scope) = level.filter(|scope| seen.insert(*scope)) {
            if estate.scope_names(scope).any(|name| name == wanted) {
                return true;
            }
            let known = estate.scope(scope);
            top = known.map(|scope| scope.name.clone()).unwrap_or_default();
            level = known.and_then(|scope| scope.parent);
        }
        let is_listed = estate.find_scope(CLOUD, wanted).is_some();
        let is_project = names::scope_kind(wanted) == Some(crate::model::ScopeKind::Account);
        let told = if is_project { place.is_some() } else { top.starts_with("organizations/") };
        if is_listed && told {
            return false;
        }
        self.gaps.insert(restrictions::unknown_scope(wanted, origin));
        true
    }
}

/// Whether a version of boundaries can block a permission.
fn blocks(version: u32, action: &str) -> Belongs {
    let (mut blocked, mut unsure) = (false, version > versions::LATEST);
    for line in versions::lines() {
        let Some(rest) = action.strip_prefix(line.service).and_then(|rest| rest.strip_prefix('.')) else {
            continue;
        };
        let fits = |listed: &[&str]| listed.iter().any(|one| is_listed(one, rest));
        if fits(&line.permissions) && !fits(&line.except) {
            blocked |= line.version.is_some_and(|first| first <= version);
            unsure |= line.version.is_none();
        }
    }
    match (blocked, unsure) {
        (true, _) => Belongs::Yes,
        (false, true) => Belongs::Unknown,
        (false, false) => Belongs::No,
    }
}

/// Whether what follows the service is this: `roles.delete`, `roles.*`, `*.delete`, `*`.
fn is_listed(listed: &str, rest: &str) -> bool {
    match (listed.strip_suffix('*'), listed.strip_prefix('*')) {
        (Some(start), _) => rest.starts_with(start),
        (None, Some(end)) => rest.ends_with(end),
        (None, None) => rest == listed,
    }
}

/// Whether a permission is one of these: `service.resource.verb`, where the resource may have dots.
fn covers(permissions: &Permissions, action: &str) -> bool {
    let Some(rest) =
        action.strip_prefix(permissions.service.as_str()).and_then(|rest| rest.strip_prefix('.'))
    else {
        return false;
    };
    match (&permissions.resource, &permissions.verb) {
        (None, None) => true,
        (Some(resource), None) => {
            rest.strip_prefix(resource.as_str()).is_some_and(|rest| rest.starts_with('.'))
        }
        (None, Some(verb)) => rest.strip_suffix(verb.as_str()).is_some_and(|rest| rest.ends_with('.')),
        (Some(resource), Some(verb)) => {
            rest.strip_prefix(resource.as_str()).and_then(|rest| rest.strip_prefix('.')) == Some(verb)
        }
    }
}
