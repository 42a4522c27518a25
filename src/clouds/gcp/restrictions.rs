//! What comes before allow policies, as formulas: deny policies and principal access boundaries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::ast::{Body, Boundary, BoundaryBinding, DenyRule, Member, Permissions};
use super::lower::{Asking, under};
use super::sets::{self, Belongs};
use super::versions::{self, Line};
use super::{ACCESS, ALLOW, BOUNDARY, BOUNDARY_POLICY, DENY, conditions, members, names};
use crate::logic::{Assignment, Attribute, Case, Formula, Pattern, Patterns, Value};
use crate::model::{
    Effect, Estate, Gap, GapKind, Grant, LayerGroup, Layers, Origin, Policy, ScopeId, Target,
};

/// A deny rule as it is written.
pub(super) fn grant(estate: &Estate, rule: &DenyRule, origin: &Origin) -> Arc<Grant> {
    let any = |list: &[crate::text::Located<Member>]| {
        Formula::any(list.iter().map(|member| members::who(estate, &member.value)))
    };
    let listed = rule.principals.iter().chain(&rule.except_principals);
    let mut gaps = rule.gaps.clone();
    gaps.extend(listed.filter_map(|member| members::gap_of(estate, &member.value, origin)));
    gaps.extend(conditions::gaps(rule.condition.as_ref()));
    Arc::new(Grant {
        effect: Effect::Deny,
        who: any(&rule.principals).and(any(&rule.except_principals).not()),
        actions: denied(rule),
        resources: Formula::True,
        condition: conditions::may_hold(rule.condition.as_ref()),
        origin: origin.clone(),
        gaps,
    })
}

/// The permissions that a rule denies.
fn denied(rule: &DenyRule) -> Formula {
    let any = |list: &[crate::text::Located<Permissions>]| {
        Formula::matches(Attribute::action(), Patterns::of(list.iter().map(|one| pattern(&one.value))))
    };
    any(&rule.permissions).and(any(&rule.except_permissions).not())
}

fn pattern(permissions: &Permissions) -> Pattern {
    let Permissions { service, resource, verb } = permissions;
    let glob = match (resource, verb) {
        (None, None) => format!("{service}.*"),
        (Some(resource), None) => format!("{service}.{resource}.*"),
        (None, Some(verb)) => format!("{service}.*.{verb}"),
        (Some(resource), Some(verb)) => {
            return Pattern::literal(&format!("{service}.{resource}.{verb}"), Case::Sensitive);
        }
    };
    Pattern::glob(&glob, Case::Sensitive)
}

/// Eligible to reach the resource: where some bound policy can block the permission, the resource is inside what the
/// bound policies include together; elsewhere they have no effect:
/// <https://cloud.google.com/iam/docs/principal-access-boundary-policies#evaluation>.
pub(super) fn eligible(layers: &Layers) -> Formula {
    let bound = || layers.groups.iter().filter(|group| group.layer == BOUNDARY);
    let over = |group: &LayerGroup, part: fn(&Grant) -> Formula| {
        Formula::any(group.grants.iter().map(|grant| part(grant)))
    };
    Formula::all(bound().map(|one| {
        // What the policy itself includes need not be asked whether it applies: it does where it blocks.
        let included = Formula::any(bound().map(|other| {
            let resources = over(other, |grant| grant.resources.clone());
            if std::ptr::eq(one, other) { resources } else { other.applies.clone().and(resources) }
        }));
        one.applies.clone().and(over(one, |grant| grant.actions.clone())).implies(included)
    }))
}

/// The scopes that boundary policies tell apart.
pub(super) fn scopes(estate: &Estate) -> BTreeSet<ScopeId> {
    let policies = estate.attached_as(BOUNDARY_POLICY).filter_map(|one| estate.policy(one.policy));
    policies
        .filter_map(|policy| match policy.body.downcast_ref::<Body>() {
            Some(Body::Boundary(boundary)) => Some(boundary),
            _ => None,
        })
        .flat_map(|boundary| &boundary.scopes)
        .filter_map(|scope| estate.find_scope(names::CLOUD, &scope.value))
        .collect()
}

impl Asking<'_> {
    /// The rules of the deny policies of `target` that are about who asks and what is asked.
    pub(super) fn denials(&mut self, target: Target, applies: Formula) -> Option<LayerGroup> {
        let estate = self.estate;
        let attached = estate.attached_to(target).filter(|attachment| attachment.layer == DENY);
        let rules = attached.filter_map(|attachment| {
            let policy = estate.policy(attachment.policy)?;
            match policy.body.downcast_ref::<Body>()? {
                Body::Deny(rule) => Some((policy, rule)),
                _ => None,
            }
        });
        let grants: Vec<Arc<Grant>> = rules.filter_map(|(policy, rule)| self.denial(policy, rule)).collect();
        (!grants.is_empty()).then_some(LayerGroup::new(DENY, applies, grants))
    }

    /// What access policies that are bound to `target` may allow or deny, which are not read: both outcomes.
    pub(super) fn access_policies(&mut self, target: Target, applies: &Formula) -> Vec<LayerGroup> {
        if self.action.is_some_and(|action| action != GOVERNED) {
            return Vec::new();
        }
        let estate = self.estate;
        let bound = estate.attached_to(target).filter(|attachment| attachment.layer == ACCESS);
        let bound: Vec<&Policy> = bound.filter_map(|attachment| estate.policy(attachment.policy)).collect();
        let mut groups = Vec::new();
        for policy in bound {
            let gap = unread_access_policy(policy);
            self.gaps.insert(gap.clone());
            for (layer, effect, word) in [(ALLOW, Effect::Allow, "allows"), (DENY, Effect::Deny, "denies")] {
                let grant = Grant {
                    effect,
                    who: Formula::True,
                    actions: Formula::matches(Attribute::action(), Patterns::literal(GOVERNED)),
                    resources: Formula::True,
                    condition: Formula::opaque(format!("access-policy-{word}:{}", policy.name)),
                    origin: policy.origin.clone(),
                    gaps: vec![gap.clone()],
                };
                groups.push(LayerGroup::new(layer, applies.clone(), vec![Arc::new(grant)]));
            }
        }
        groups
    }

    fn denial(&mut self, policy: &Policy, rule: &DenyRule) -> Option<Arc<Grant>> {
        let (estate, origin) = (self.estate, &policy.origin);
        let actions = match self.action {
            Some(action) if !denied_pattern(rule, action) => return None,
            Some(action) => Formula::matches(Attribute::action(), Patterns::literal(action)),
            None => denied(rule),
        };
        let meant = rule.principals.iter().map(|member| self.identity.answers(estate, &member.value));
        let meant = Formula::any(meant);
        if meant != Formula::True {
            let unknown = rule.principals.iter();
            self.gaps
                .extend(unknown.filter_map(|member| self.identity.gap_of(estate, &member.value, origin)));
        }
        let excepted =
            Formula::any(rule.except_principals.iter().map(|member| self.excepted(&member.value, origin)));
        let reach = meant.and(excepted.not());
        if reach == Formula::False {
            return None;
        }
        let mut gaps = rule.gaps.clone();
        gaps.extend(conditions::gaps(rule.condition.as_ref()));
        self.gaps.extend(gaps.iter().cloned());
        self.note_time(rule.condition.as_ref());
        Some(Arc::new(Grant {
            effect: Effect::Deny,
            who: Formula::True,
            actions,
            resources: Formula::True,
            condition: reach.and(conditions::may_hold(rule.condition.as_ref())),
            origin: origin.clone(),
            gaps,
        }))
    }

    /// When an exception is for who asks. Whoever could be in a set of unknown members is not known to be denied.
    fn excepted(&mut self, member: &Member, origin: &Origin) -> Formula {
        let answer = self.identity.answers(self.estate, member);
        match self.identity.gap_of(self.estate, member, origin) {
            Some(gap) if answer != Formula::True => {
                self.gaps.insert(Gap { kind: GapKind::OpaqueCondition, ..gap });
                answer.or(Formula::opaque(format!("member:{}", member.name())))
            }
            _ => answer,
        }
    }

    /// The boundary policies that who asks is bound by, each with what it can block and what it includes.
    pub(super) fn boundaries(&mut self) -> Vec<LayerGroup> {
        let estate = self.estate;
        let mut groups = Vec::new();
        for attachment in estate.attached_as(BOUNDARY) {
            let Some(policy) = estate.policy(attachment.policy) else { continue };
            if let Some(Body::BoundaryBinding(binding)) = policy.body.downcast_ref::<Body>() {
                groups.extend(self.boundary(binding, &policy.origin));
            }
        }
        groups
    }

    fn boundary(&mut self, binding: &BoundaryBinding, origin: &Origin) -> Option<LayerGroup> {
        let set = &binding.principals.value;
        let bound = match sets::in_set(self.estate, &self.identity.name, set) {
            Belongs::No => return None,
            Belongs::Yes => Formula::True,
            Belongs::Unknown => {
                self.gaps.insert(unknown_set(set, origin));
                Formula::opaque(format!("boundary:{set}:{}", self.identity.name))
            }
        };
        let principal = sets::type_and_subject(&self.identity.name);
        let condition = binding.condition.as_ref();
        // Where the condition cannot be evaluated, the policy is enforced:
        // <https://cloud.google.com/iam/docs/principal-access-boundary-policies>.
        let applies = bound.and(conditions::may_hold_for(condition, principal.as_ref()));
        self.gaps.extend(conditions::gaps(condition));
        if applies == Formula::False {
            return None;
        }
        let Some(boundary) = find(self.estate, &binding.policy.value) else {
            self.gaps.insert(unknown_policy(&binding.policy.value, origin));
            return None;
        };
        let grant = Grant {
            effect: Effect::Allow,
            who: Formula::True,
            actions: self.blocks(boundary, origin),
            resources: self.includes(boundary, origin),
            condition: Formula::True,
            origin: origin.clone(),
            gaps: Vec::new(),
        };
        Some(LayerGroup::new(BOUNDARY, applies, vec![Arc::new(grant)]))
    }

    /// The permissions that the policy can block.
    fn blocks(&mut self, boundary: &Boundary, origin: &Origin) -> Formula {
        let mut known = Assignment::default();
        if let Some(action) = self.action {
            known.set(Attribute::action(), Value::Text(action.to_owned()));
        }
        let blocked = blocked_by(boundary.version).restrict(&known);
        let open = unsure(boundary.version).restrict(&known).and(blocked.clone().not());
        if open == Formula::False {
            return blocked;
        }
        self.gaps.insert(unknown_coverage(boundary, origin));
        blocked.or(open.and(Formula::opaque(format!("boundary-version:{}", boundary.version))))
    }

    /// The resources that the policy includes. Where the way to the top is not known, neither is this.
    fn includes(&mut self, boundary: &Boundary, origin: &Origin) -> Formula {
        let estate = self.estate;
        let mut parts = Vec::new();
        for scope in &boundary.scopes {
            let open = Formula::opaque(format!("boundary-includes:{}", scope.value));
            let part = match estate.find_scope(names::CLOUD, &scope.value) {
                Some(id) if scope.value.starts_with("projects/") => {
                    under(estate, id).or(Formula::present(names::ancestry()).not().and(open))
                }
                Some(id) => {
                    let top = Pattern::prefix("organizations/", Case::Sensitive);
                    let complete = Formula::matches(names::ancestry(), Patterns::of([top]));
                    under(estate, id).or(complete.not().and(open))
                }
                None => {
                    self.gaps.insert(unknown_scope(&scope.value, origin));
                    open
                }
            };
            parts.push(part);
        }
        Formula::any(parts)
    }
}

/// Whether a rule denies one permission.
fn denied_pattern(rule: &DenyRule, action: &str) -> bool {
    let any = |list: &[crate::text::Located<Permissions>]| {
        list.iter().any(|one| pattern(&one.value).matches(action))
    };
    any(&rule.permissions) && !any(&rule.except_permissions)
}

/// What a version blocks for sure; one that is newer than the table blocks at least what the newest of it does.
fn blocked_by(version: u32) -> Formula {
    static BLOCKED: LazyLock<BTreeMap<u32, Formula>> = LazyLock::new(|| {
        let by = |version: u32| listed(|line| line.version.is_some_and(|first| first <= version));
        (1..=versions::LATEST).map(|version| (version, by(version))).collect()
    });
    BLOCKED.get(&version.min(versions::LATEST)).cloned().unwrap_or(Formula::False)
}

/// What else a version may block.
fn unsure(version: u32) -> Formula {
    if version > versions::LATEST { Formula::True } else { listed(|line| line.version.is_none()) }
}

/// The permissions of those lines of the table that are kept.
fn listed(keep: impl Fn(&Line) -> bool) -> Formula {
    let patterns = |service: &str, rests: &[&str]| -> Vec<Pattern> {
        let rests = rests.iter();
        rests.map(|rest| Pattern::glob(&format!("{service}.{rest}"), Case::Sensitive)).collect()
    };
    let (mut plain, mut parts) = (Vec::new(), Vec::new());
    for line in versions::lines().iter().filter(|line| keep(line)) {
        let listed = patterns(line.service, &line.permissions);
        if line.except.is_empty() {
            plain.extend(listed);
            continue;
        }
        let of = |patterns| Formula::matches(Attribute::action(), Patterns::of(patterns));
        parts.push(of(listed).and(of(patterns(line.service, &line.except)).not()));
    }
    parts.push(Formula::matches(Attribute::action(), Patterns::of(plain)));
    Formula::any(parts)
}

/// The only permission that access policies govern (November 2026):
/// <https://docs.cloud.google.com/eventarc/advanced/docs/control-publishing-access>.
pub(super) const GOVERNED: &str = "eventarc.messageBuses.publish";

/// The gap of an access policy that bears on a request.
pub(super) fn unread_access_policy(binding: &Policy) -> Gap {
    let message = format!("{} is not read; both outcomes were considered", binding.origin.what);
    open(message, &binding.origin)
}

/// The boundary policy of that name.
pub(super) fn find<'e>(estate: &'e Estate, name: &str) -> Option<&'e Boundary> {
    let policy = estate.policy(estate.find_policy(names::CLOUD, name)?)?;
    match policy.body.downcast_ref::<Body>()? {
        Body::Boundary(boundary) => Some(boundary),
        _ => None,
    }
}

fn open(message: String, origin: &Origin) -> Gap {
    Gap { kind: GapKind::OpaqueCondition, message, origin: Some(origin.clone()) }
}

/// The gap of a set of principals whose members are not known.
pub(super) fn unknown_set(set: &str, origin: &Origin) -> Gap {
    open(format!("who belongs to `{set}` is not in the input; both outcomes were considered"), origin)
}

/// The gap of a boundary policy that is not in the input.
pub(super) fn unknown_policy(name: &str, origin: &Origin) -> Gap {
    let message = format!("the boundary policy `{name}` is not in the input; assumed that it blocks nothing");
    Gap { kind: GapKind::MissingPolicy, message, origin: Some(origin.clone()) }
}

/// The gap of a permission of which it is not known which version blocks it.
pub(super) fn unknown_coverage(boundary: &Boundary, origin: &Origin) -> Gap {
    let version = boundary.version;
    let message = format!(
        "whether enforcement version {version} of principal access boundaries can block the permission is not known; both outcomes were considered"
    );
    open(message, origin)
}

/// The gap of a scope of a boundary policy that is not in the input.
pub(super) fn unknown_scope(scope: &str, origin: &Origin) -> Gap {
    open(format!("what lies in `{scope}` is not in the input; both outcomes were considered"), origin)
}
