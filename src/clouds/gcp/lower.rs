//! Allow policies as formulas: grants, and the layers of a question.
//!
//! The rule: allow policies are united down the hierarchy, from organization through folders and project to the
//! resource; nothing below takes back what is given above
//! (<https://cloud.google.com/iam/docs/resource-hierarchy-access-control>). Deny policies and principal access
//! boundaries, which come before them, are in `restrictions`. This side shares the typed policies and the names of
//! things with `decide`, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ast::{Basic, Binding, Body, Condition, Member};
use super::defaults::Container;
use super::members::{self, Identity};
use super::{ACCESS, ALLOW, DENY, conditions, federation, index, names, public, restrictions, roles, tops};
use crate::logic::{Assignment, Attribute, Case, Formula, Kind, Pattern, Patterns, Ranges, Value};
use crate::model::{
    Effect, Estate, Gap, GapKind, Grant, Layer, LayerGroup, Layers, Object, Origin, PolicyId, Question,
    ResourceId, ScopeId, Target,
};

/// The grants of one policy as it is written.
pub(super) fn grants(estate: &Estate, policy: PolicyId, layer: Layer) -> Vec<Arc<Grant>> {
    let Some(policy) = estate.policy(policy) else { return Vec::new() };
    let binding = match policy.body.downcast_ref::<Body>() {
        Some(Body::Binding(binding)) if layer == ALLOW => binding,
        Some(Body::Deny(rule)) if layer == DENY => {
            return vec![restrictions::grant(estate, rule, &policy.origin)];
        }
        _ => return Vec::new(),
    };
    let mut gaps = binding.gaps.clone();
    gaps.extend(
        binding.members.iter().filter_map(|member| members::gap_of(estate, &member.value, &policy.origin)),
    );
    gaps.extend(conditions::gaps(binding.condition.as_ref()));
    let role = roles::find(estate, &binding.role.value);
    gaps.extend(role.is_none().then(|| unknown_role(&binding.role.value, &policy.origin)));
    vec![Arc::new(Grant {
        effect: Effect::Allow,
        who: Formula::any(binding.members.iter().map(|member| members::who(estate, &member.value))),
        actions: role.map_or(Formula::False, roles::Role::actions),
        resources: Formula::True,
        condition: conditions::holds(binding.condition.as_ref()),
        origin: policy.origin.clone(),
        gaps,
    })]
}

/// The gap of a role whose permissions are not known.
pub(super) fn unknown_role(role: &str, origin: &Origin) -> Gap {
    Gap {
        kind: GapKind::MissingPolicy,
        message: format!("the permissions of role `{role}` are not known; assumed to be none"),
        origin: Some(origin.clone()),
    }
}

/// All that decides a question.
pub(super) fn layers(estate: &Estate, question: &Question) -> Layers {
    let identity = Identity::of(estate, question.subject);
    let mut asking = Asking {
        estate,
        identity,
        action: question.action.as_deref(),
        gaps: BTreeSet::new(),
        parts_of_time: Vec::new(),
    };
    let mut known = Assignment::new().with_text(Attribute::principal(), asking.identity.name.clone());
    if let Some(action) = &question.action {
        known.set(Attribute::action(), Value::Text(action.clone()));
    }
    let (mut groups, facts) = match &question.object {
        Object::Any => asking.anywhere(),
        Object::Named(name) => {
            let name = names::full_name(name);
            known.set(Attribute::resource(), Value::Text(name.clone()));
            (asking.at(&name, None, &mut known), Formula::True)
        }
        Object::Within(resource) => {
            let name = estate.resource(*resource).map(|resource| resource.name.clone()).unwrap_or_default();
            let facts = Formula::matches(Attribute::resource(), coverage(estate, *resource));
            (asking.at(&name, Some(*resource), &mut known), facts)
        }
    };
    if !groups.is_empty() {
        groups.extend(asking.boundaries());
    }
    let mentions_time = groups
        .iter()
        .flat_map(|group| &group.grants)
        .any(|grant| grant.condition.attributes().contains(&conditions::request_time()));
    let facts = if mentions_time { facts.and(real_time()) } else { facts };
    let facts =
        facts.and(Formula::all(asking.parts_of_time)).and(federation::known(estate, question.subject));
    Layers { groups, known, facts, gaps: asking.gaps.into_iter().collect() }
}

/// Requests have a time, in years that can be written.
pub(super) fn real_time() -> Formula {
    let [first, last] = [0, 253_370_764_800_000_000].map(Value::Instant);
    let ranges = Ranges::above(&first, true).zip(Ranges::below(&last, false));
    let ranges = ranges.map_or_else(Ranges::full, |(from, to)| from.intersection(&to));
    Formula::within(Attribute::new("request.time", Kind::Instant), ranges)
}

/// The names of all requests on a resource or inside it.
pub(super) fn coverage(estate: &Estate, resource: ResourceId) -> Patterns {
    Patterns::of(estate.resource(resource).into_iter().flat_map(|resource| names::inside(&resource.name)))
}

/// The rule: denied by no deny policy, inside of the principal access boundary, and allowed by some allow policy.
pub(super) fn combine(layers: &Layers) -> Formula {
    let of = |layer: Layer, effect: Effect| {
        let groups = layers.groups.iter().filter(move |group| group.layer == layer);
        Formula::any(groups.map(|group| group.applies.clone().and(group.effect(effect))))
    };
    of(ALLOW, Effect::Allow).and(of(DENY, Effect::Deny).not()).and(restrictions::eligible(layers))
}

/// A question in the works.
pub(super) struct Asking<'a> {
    pub(super) estate: &'a Estate,
    pub(super) identity: Identity,
    pub(super) action: Option<&'a str>,
    pub(super) gaps: BTreeSet<Gap>,
    /// What holds of the parts of a time that conditions ask for.
    parts_of_time: Vec<Formula>,
}

impl Asking<'_> {
    /// The groups for a resource whose place is known, and what is `known` of its place.
    fn at(&mut self, name: &str, within: Option<ResourceId>, known: &mut Assignment) -> Vec<LayerGroup> {
        let estate = self.estate;
        let scope = names::placement(estate, name);
        match scope {
            Some(scope) => {
                known.set(names::ancestry(), Value::Text(names::chain(estate, scope)));
                self.gaps.extend(tops::gap(estate, scope));
            }
            None => {
                known.set_absent(names::ancestry());
                self.gaps.insert(unplaced(name));
            }
        }
        let mut scopes = scope.map(|scope| estate.ancestry(scope)).unwrap_or_default();
        scopes.reverse();
        let mut targets: Vec<(Target, Formula)> =
            scopes.into_iter().map(|scope| (Target::Scope(scope), Formula::True)).collect();
        let mut around: Vec<ResourceId> =
            names::enclosing(name).filter_map(|name| estate.find_resource(names::CLOUD, name)).collect();
        around.reverse();
        targets.extend(around.into_iter().map(|id| (Target::Resource(id), Formula::True)));
        if within.is_some() {
            let inner = index::inside(estate, name);
            targets.extend(inner.into_iter().map(|id| (Target::Resource(id), self.covered(id))));
        }
        let mut groups: Vec<LayerGroup> = Vec::new();
        for (target, applies) in targets {
            groups.extend(self.access_policies(target, &applies));
            groups.extend(self.denials(target, applies.clone()));
            groups.extend(self.group(target, applies));
        }
        if let Some((kind, name)) = Container::around(name)
            && let Some(scope) = scope
            && kind.is_assumed(estate, name, scope)
        {
            let grants = self.default_grants(kind, scope);
            groups.extend((!grants.is_empty()).then(|| LayerGroup::new(ALLOW, Formula::True, grants)));
        }
        groups
    }

    /// The groups and facts for a question about any resource.
    fn anywhere(&mut self) -> (Vec<LayerGroup>, Formula) {
        let estate = self.estate;
        let attached = [ALLOW, DENY, ACCESS].into_iter().flat_map(|layer| estate.attached_as(layer));
        let targets: BTreeSet<Target> = attached.map(|attachment| attachment.target).collect();
        let mut groups = Vec::new();
        let mut relevant = BTreeSet::new();
        for target in targets {
            let applies = match target {
                Target::Scope(scope) => under(estate, scope),
                Target::Resource(resource) => self.covered(resource),
                Target::Principal(_) => continue,
            };
            let mut found = self.access_policies(target, &applies);
            found.extend(self.denials(target, applies.clone()));
            found.extend(self.group(target, applies));
            if !found.is_empty() {
                relevant.extend(if let Target::Scope(scope) = target { Some(scope) } else { None });
            }
            groups.extend(found);
        }
        let projects: Vec<ScopeId> = estate
            .scopes()
            .filter(|(_, scope)| scope.cloud == names::CLOUD && names::scope_kind(&scope.name).is_some())
            .filter(|(_, scope)| scope.name.starts_with("projects/"))
            .map(|(id, _)| id)
            .collect();
        for (project, kind) in projects.into_iter().flat_map(|one| Container::ALL.map(|kind| (one, kind))) {
            let grants = self.default_grants(kind, project);
            let some = if grants.is_empty() { Formula::False } else { kind.assumed(estate, project) };
            if some != Formula::False {
                groups.push(LayerGroup::new(ALLOW, self.exactly_in(project).and(some), grants));
                relevant.insert(project);
            }
        }
        relevant.extend(restrictions::scopes(estate));
        self.gaps.extend(relevant.iter().filter_map(|scope| tops::gap(estate, *scope)));
        let facts = Hierarchy::of(estate, &relevant).facts();
        (groups, facts)
    }

    /// The resource is the one of that id or lies in it.
    fn covered(&self, resource: ResourceId) -> Formula {
        Formula::matches(Attribute::resource(), coverage(self.estate, resource))
    }

    fn exactly_in(&self, scope: ScopeId) -> Formula {
        Formula::matches(names::ancestry(), Patterns::literal(&names::chain(self.estate, scope)))
    }

    /// The grants of a policy that reach who asks, for what is asked; `None` if there are none.
    fn group(&mut self, target: Target, applies: Formula) -> Option<LayerGroup> {
        let estate = self.estate;
        let prevented = public::is_prevented(estate, target);
        let grants: Vec<Arc<Grant>> = members::bindings(estate, target)
            .filter_map(|(policy, binding)| self.grant(binding, &policy.origin, prevented))
            .collect();
        (!grants.is_empty()).then_some(LayerGroup::new(ALLOW, applies, grants))
    }

    fn grant(&mut self, binding: &Binding, origin: &Origin, prevented: bool) -> Option<Arc<Grant>> {
        let reach = self.reach(binding, prevented);
        let Some(role) = roles::find(self.estate, &binding.role.value) else {
            if reach != Formula::False {
                self.gaps.insert(unknown_role(&binding.role.value, origin));
            }
            return None;
        };
        if self.action.is_some_and(|action| !role.contains(action)) {
            return None;
        }
        if reach != Formula::True {
            let unknown = binding.members.iter();
            let unknown =
                unknown.filter_map(|member| self.identity.gap_of(self.estate, &member.value, origin));
            self.gaps.extend(unknown);
        }
        if reach == Formula::False {
            return None;
        }
        let mut gaps = binding.gaps.clone();
        gaps.extend(conditions::gaps(binding.condition.as_ref()));
        gaps.extend(binding.members.iter().filter_map(|member| self.inherited_gap(&member.value)));
        self.note_time(binding.condition.as_ref());
        Some(Arc::new(Grant {
            effect: Effect::Allow,
            who: Formula::True,
            actions: self.actions(role),
            resources: Formula::True,
            condition: reach.and(conditions::holds(binding.condition.as_ref())),
            origin: origin.clone(),
            gaps,
        }))
    }

    /// Takes note of the parts of a time that a condition asks for.
    pub(super) fn note_time(&mut self, condition: Option<&Condition>) {
        let facts = conditions::calendar_facts(condition.map(|condition| &condition.expression));
        if facts != Formula::True && !self.parts_of_time.contains(&facts) {
            self.parts_of_time.push(facts);
        }
    }

    /// What a role gives of what is asked.
    fn actions(&self, role: roles::Role<'_>) -> Formula {
        self.action.map_or_else(|| role.actions(), |action| roles::one_of([action]))
    }

    /// When the binding is for who asks.
    fn reach(&self, binding: &Binding, prevented: bool) -> Formula {
        let members = binding.members.iter().filter(|member| !prevented || !member.value.is_public());
        Formula::any(members.map(|member| self.identity.answers(self.estate, &member.value)))
    }

    fn inherited_gap(&self, member: &Member) -> Option<Gap> {
        match member {
            Member::Holders(basic, project) => {
                members::inherited_gap(self.estate, &self.identity, *basic, project)
            }
            _ => None,
        }
    }

    /// The grants of the default policy of a bucket or a dataset in `project`.
    fn default_grants(&self, kind: Container, project: ScopeId) -> Vec<Arc<Grant>> {
        let name = self.estate.scope(project).map(|scope| scope.name.as_str()).unwrap_or_default();
        let Some(id) = name.strip_prefix("projects/") else { return Vec::new() };
        let mut grants = Vec::new();
        for (role_name, holders) in kind.bindings() {
            let Some(role) = roles::find(self.estate, role_name) else { continue };
            if self.action.is_some_and(|action| !role.contains(action)) {
                continue;
            }
            for basic in *holders {
                grants.extend(self.default_grant(kind, (role_name, role), *basic, id));
            }
        }
        grants
    }

    fn default_grant(
        &self,
        kind: Container,
        (name, role): (&str, roles::Role<'_>),
        basic: Basic,
        project: &str,
    ) -> Option<Arc<Grant>> {
        let condition = members::holds(self.estate, &self.identity, basic, project);
        if condition == Formula::False {
            return None;
        }
        let origin = kind.origin(name, basic, project);
        let mut gaps = vec![kind.gap(project, &origin)];
        gaps.extend(members::inherited_gap(self.estate, &self.identity, basic, project));
        Some(Arc::new(Grant {
            effect: Effect::Allow,
            who: Formula::True,
            actions: self.actions(role),
            resources: Formula::True,
            condition,
            origin,
            gaps,
        }))
    }
}

/// The resource stands in the scope, directly or further down.
pub(super) fn under(estate: &Estate, scope: ScopeId) -> Formula {
    Formula::matches(names::ancestry(), Patterns::of(names::inside(&names::chain(estate, scope))))
}

/// The gap of a resource that stands nobody knows where.
pub(super) fn unplaced(name: &str) -> Gap {
    let what = match names::bucket(name) {
        Some(bucket) => format!("the project of bucket `{bucket}`"),
        None => format!("the project of `{name}`"),
    };
    Gap {
        kind: GapKind::MissingScope,
        message: format!("{what} is not in the input; nothing that it inherits was considered"),
        origin: None,
    }
}

/// The scopes that a question about any resource tells apart, with the resources of each.
///
/// Scopes below the same relevant ones are one class. What is said of them is true of every request, whatever the
/// question, so that the facts of two questions can be held together; of scopes below no relevant one nothing has to
/// be said. Only known scopes are taken to exist.
struct Hierarchy<'e> {
    estate: &'e Estate,
    relevant: &'e BTreeSet<ScopeId>,
    /// By the relevant scopes above them: the members of a class.
    classes: BTreeMap<Vec<ScopeId>, Vec<ScopeId>>,
}

impl<'e> Hierarchy<'e> {
    fn of(estate: &'e Estate, relevant: &'e BTreeSet<ScopeId>) -> Self {
        let mut classes: BTreeMap<Vec<ScopeId>, Vec<ScopeId>> = BTreeMap::new();
        for (id, _) in estate.scopes().filter(|(_, scope)| scope.cloud == names::CLOUD) {
            let above: Vec<ScopeId> =
                estate.ancestry(id).into_iter().filter(|scope| relevant.contains(scope)).collect();
            if !above.is_empty() {
                classes.entry(above).or_default().push(id);
            }
        }
        Self { estate, relevant, classes }
    }

    fn facts(&self) -> Formula {
        let well_formed = Pattern::glob("//?*.googleapis.com/?*", Case::Sensitive);
        // Only Cloud Storage writes `_` for a project.
        let nameless = Pattern::glob("//*/projects/_/*", Case::Sensitive);
        let nameless = Formula::matches(Attribute::resource(), Patterns::of([nameless]));
        let mut parts = vec![
            Formula::matches(Attribute::resource(), Patterns::of([well_formed])),
            nameless.implies(names::in_storage()),
        ];
        let unlisted = names::in_some_bucket().and(self.known_in_storage().not());
        let mut all = Vec::new();
        for members in self.classes.values() {
            let chains = members.iter().map(|id| names::chain(self.estate, *id));
            let chains = Patterns::of(chains.map(|chain| Pattern::literal(&chain, Case::Sensitive)));
            let here = Formula::matches(names::ancestry(), chains);
            let own = self.resources_in(members);
            parts.push(own.clone().implies(here.clone()));
            parts.push(here.clone().implies(own.or(unlisted.clone())));
            all.push(here);
        }
        let below = self.relevant.iter().map(|scope| under(self.estate, *scope));
        parts.push(Formula::any(below).implies(Formula::any(all)));
        Formula::all(parts)
    }

    /// Known resources of Cloud Storage, whose names do not tell where they stand.
    fn known_in_storage(&self) -> Formula {
        let known = self.estate.resources().filter(|(_, resource)| names::bucket(&resource.name).is_some());
        let patterns = known.flat_map(|(_, resource)| names::inside(&resource.name));
        Formula::matches(Attribute::resource(), Patterns::of(patterns))
    }

    /// The resources that stand in one of these scopes, by their names or by what the estate knows.
    fn resources_in(&self, scopes: &[ScopeId]) -> Formula {
        let told = names::told_to_be_in(scopes.iter().flat_map(|id| self.estate.scope_names(*id)));
        let known = self.estate.resources().filter(|(_, resource)| {
            resource.cloud == names::CLOUD && resource.home.is_some_and(|home| scopes.contains(&home))
        });
        let known = known.filter(|(_, resource)| !names::tells_scope(&resource.name));
        let patterns = known.flat_map(|(_, resource)| names::inside(&resource.name));
        told.or(Formula::matches(Attribute::resource(), Patterns::of(patterns)))
    }
}
