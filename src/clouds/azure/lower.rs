//! Azure's decision as formulas: grants, and the layers of a question.
//!
//! The rule (<https://learn.microsoft.com/azure/role-based-access-control/overview#how-azure-rbac-determines-if-a-user-has-access-to-a-resource>):
//! a deny assignment that applies ends it; else access is the sum of all role assignments at the scope and above it.
//! Beside it stand the ways that roles have no say in: access policies of key vaults, keys of storage accounts,
//! containers that are open to everybody. This side shares the typed policies and the names of things with `decide`,
//! and nothing else.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use super::ast::{Assignment, Block, Body, DenyAssignment, DirectoryAssignment, HolderKind};
use super::catalog::Plane;
use super::conditions::{self, Place};
use super::directory::{self, Power};
use super::index::Index;
use super::members::{self, Identity};
use super::roles::{self, Definitions};
use super::{ALLOWS, ALONE, DENY, gaps, names, requests};
use crate::logic::{
    Assignment as Known, Attribute, Case, Decimal, Formula, Kind, Pattern, Patterns, Ranges, Token, Value,
};
use crate::model::{
    Effect, Estate, Gap, Grant, Layer, LayerGroup, Layers, Object, Origin, Policy, PolicyId, Question,
    ResourceId, Target,
};

/// The grants of one policy as it is written.
pub(super) fn grants(estate: &Estate, policy: PolicyId, layer: Layer) -> Vec<Arc<Grant>> {
    let Some(policy) = estate.policy(policy).filter(|_| ALLOWS.contains(&layer)) else { return Vec::new() };
    let Some(Body::Assignment(assignment)) = policy.body.downcast_ref::<Body>() else { return Vec::new() };
    let definitions = Definitions::of(estate);
    let role = definitions.find(&assignment.role.value);
    let names = members::principals(estate, &assignment.holder).into_iter();
    let names =
        names.filter_map(|id| estate.principal(id)).map(|who| Pattern::literal(&who.name, Case::Sensitive));
    let who = Formula::matches(Attribute::principal(), Patterns::of(names));
    let blocks = role.map(|role| role.blocks.as_slice()).unwrap_or_default();
    let grant = |block: &Block| {
        let mut gaps = assignment.gaps.clone();
        gaps.extend(conditions::gaps(assignment.condition.as_ref()));
        gaps.extend(conditions::gaps(block.condition.as_ref()));
        Arc::new(Grant {
            effect: Effect::Allow,
            who: who.clone(),
            actions: roles::actions(block, None),
            resources: Formula::True,
            condition: condition(assignment, block, Place::Anywhere),
            origin: policy.origin.clone(),
            gaps,
        })
    };
    blocks.iter().map(grant).collect()
}

fn condition(assignment: &Assignment, block: &Block, place: Place<'_>) -> Formula {
    conditions::holds(assignment.condition.as_ref(), place)
        .and(conditions::holds(block.condition.as_ref(), place))
}

/// The names of all requests on a resource or inside it.
pub(super) fn coverage(estate: &Estate, resource: ResourceId) -> Patterns {
    let name = estate.resource(resource).map(|resource| resource.name.as_str());
    name.map_or_else(|| Patterns::of([]), names::exactly_inside)
}

/// The rule: denied by no deny assignment and allowed by some role assignment, or allowed without roles.
pub(super) fn combine(layers: &Layers) -> Formula {
    let of = |wanted: &[Layer], effect: Effect| {
        let groups = layers.groups.iter().filter(|group| wanted.contains(&group.layer));
        Formula::any(groups.map(|group| group.applies.clone().and(group.effect(effect))))
    };
    let by_roles = of(ALLOWS, Effect::Allow).and(of(&[DENY], Effect::Deny).not());
    by_roles.or(of(ALONE, Effect::Allow))
}

/// All that decides a question.
pub(super) fn layers(estate: &Estate, question: &Question) -> Layers {
    let action = question.action.as_deref().map(str::to_ascii_lowercase);
    let mut asking = Asking {
        estate,
        definitions: Definitions::of(estate),
        identity: Identity::of(estate, question.subject),
        action,
        place: None,
        gaps: BTreeSet::new(),
        asks_names: false,
    };
    let mut known = Known::new().with_text(Attribute::principal(), asking.identity.name.clone());
    if let Some(action) = &asking.action {
        known.set(Attribute::action(), Value::Text(action.clone()));
    }
    let (groups, facts) = match &question.object {
        Object::Any => (asking.anywhere(), names::well_formed()),
        Object::Named(name) => {
            let name = names::full_name(name);
            if asking.is_about_data() {
                // Data lies inside of what people name: a vault, an account, a container.
                let inside = Formula::matches(Attribute::resource(), names::exactly_inside(&name));
                asking.place = Some((name.clone(), true));
                (asking.at(&name, true), inside)
            } else {
                known.set(Attribute::resource(), Value::Text(name.clone()));
                asking.place = Some((name.clone(), false));
                (asking.at(&name, false), Formula::True)
            }
        }
        Object::Within(resource) => {
            let name = estate.resource(*resource).map(|resource| resource.name.clone()).unwrap_or_default();
            asking.place = Some((name.clone(), true));
            (asking.at(&name, true), Formula::matches(Attribute::resource(), coverage(estate, *resource)))
        }
    };
    if groups.iter().any(|group| ALLOWS.contains(&group.layer)) {
        asking.gaps.extend(gaps::deny_assignments(estate));
    }
    let facts = if asking.asks_names { facts.and(conditions::facts(asking.at_place())) } else { facts };
    let conditions = groups.iter().flat_map(|group| &group.grants).map(|grant| &grant.condition);
    let facts = facts.and(real_times(conditions));
    Layers { groups, known, facts, gaps: asking.gaps.into_iter().collect() }
}

/// Requests have a time, and all times lie in years that can be written.
pub(super) fn real_times<'a>(conditions: impl Iterator<Item = &'a Formula>) -> Formula {
    let is_time =
        |attribute: &Attribute| attribute.kind() == Kind::Instant || requests::is_exact_time(attribute);
    let times: BTreeSet<Attribute> = conditions.flat_map(Formula::attributes).filter(is_time).collect();
    let ranges = |first: &Value, last: &Value| {
        let both = Ranges::above(first, true).zip(Ranges::below(last, false));
        both.map_or_else(Ranges::full, |(from, to)| from.intersection(&to))
    };
    let seconds = |seconds: i128| Value::Number(Decimal::from_units(seconds * 1_000_000_000_000));
    let exact = ranges(&seconds(0), &seconds(LAST_SECOND.into()));
    let usual = ranges(&Value::Instant(0), &Value::Instant(LAST_SECOND * 1_000_000));
    Formula::all(times.into_iter().map(|time| {
        let own = if time.kind() == Kind::Instant { &usual } else { &exact };
        let real = Formula::within(time.clone(), own.clone());
        let is_now = time.name() == &*super::condition::Key::now().name;
        if is_now { real } else { Formula::present(time).implies(real) }
    }))
}

/// The last second that can be written with four digits for the year, and a day less.
const LAST_SECOND: i64 = 253_370_764_800;

/// A question in the works.
struct Asking<'e> {
    estate: &'e Estate,
    definitions: Definitions<'e>,
    identity: Identity,
    /// In lower case.
    action: Option<String>,
    /// The resource, and whether what lies in it counts, too.
    place: Option<(String, bool)>,
    gaps: BTreeSet<Gap>,
    asks_names: bool,
}

/// What one policy says to a question.
struct Said {
    effect: Effect,
    actions: Formula,
    resources: Formula,
    condition: Formula,
    gaps: Vec<Gap>,
}

impl<'e> Asking<'e> {
    fn at_place(&self) -> Place<'_> {
        match &self.place {
            None => Place::Anywhere,
            Some((name, false)) => Place::At(name),
            Some((name, true)) => Place::In(name),
        }
    }

    fn is_about_data(&self) -> bool {
        self.action.as_deref().is_some_and(|action| roles::plane(action) == Plane::Data)
    }

    /// The groups for a resource of that name, and for what lies `within` it.
    fn at(&mut self, name: &str, within: bool) -> Vec<LayerGroup> {
        let estate = self.estate;
        self.gaps.extend(gaps::placement(estate, name));
        self.gaps.extend(gaps::vault_model(estate, name, self.action.as_deref()));
        let mut targets: Vec<(Target, Formula)> = names::scopes_above(estate, name)
            .into_iter()
            .map(|scope| (Target::Scope(scope), Formula::True))
            .collect();
        let around = names::enclosing(name).filter_map(|name| estate.find_resource(names::CLOUD, name));
        targets.extend(around.map(|id| (Target::Resource(id), Formula::True)));
        if within {
            let index = Index::of(estate);
            let inner = index.resources_in(name).map(Target::Resource);
            targets.extend(inner.map(|target| (target, self.covered(target))));
        }
        targets.into_iter().flat_map(|(target, applies)| self.groups(target, &applies)).collect()
    }

    /// The groups for a question about any resource.
    fn anywhere(&mut self) -> Vec<LayerGroup> {
        let estate = self.estate;
        self.gaps.extend(gaps::any_placement(estate));
        let targets: BTreeSet<Target> = estate
            .attachments()
            .iter()
            .filter(|one| one.layer == DENY || ALLOWS.contains(&one.layer) || ALONE.contains(&one.layer))
            .map(|one| one.target)
            .filter(|target| gaps::is_own(estate, *target))
            .collect();
        targets
            .into_iter()
            .flat_map(|target| {
                let applies = self.covered(target);
                self.groups(target, &applies)
            })
            .collect()
    }

    fn covered(&self, target: Target) -> Formula {
        Formula::matches(Attribute::resource(), names::below(self.estate, target))
    }

    /// The grants of the policies at `target` that reach who asks, for what is asked, by layers.
    fn groups(&mut self, target: Target, applies: &Formula) -> Vec<LayerGroup> {
        let estate = self.estate;
        let mut groups: Vec<LayerGroup> = Vec::new();
        for attachment in estate.attached_to(target) {
            let Some(policy) = estate.policy(attachment.policy) else { continue };
            let Some(body) = policy.body.downcast_ref::<Body>() else { continue };
            let said = self.said(body, target, policy);
            let grants: Vec<Arc<Grant>> = said.into_iter().map(|said| grant(said, policy)).collect();
            if grants.is_empty() {
                continue;
            }
            match groups.iter_mut().find(|group| group.layer == attachment.layer) {
                Some(group) => group.grants.extend(grants),
                None => groups.push(LayerGroup::new(attachment.layer, applies.clone(), grants)),
            }
        }
        groups
    }

    fn said(&mut self, body: &'e Body, target: Target, policy: &Policy) -> Vec<Said> {
        match body {
            Body::Assignment(assignment) => self.assignment(assignment, &policy.origin),
            Body::Deny(deny) => self.deny(deny, target, &policy.origin),
            Body::Eligible(eligible)
                if self.reaches(&eligible.holder, eligible.kind, &policy.origin, super::ACTIVATE) =>
            {
                let resources = Formula::matches(
                    Attribute::resource(),
                    Patterns::of([Pattern::literal(&eligible.instance, Case::Insensitive)]),
                );
                self.plain(roles::one_of([super::ACTIVATE]), resources)
            }
            Body::Directory(one) => self.directory(one, &policy.origin),
            Body::Vault(vault) if !vault.uses_roles => {
                let own =
                    vault.policies.iter().filter(|one| self.identity.is(&one.holder, HolderKind::Unknown));
                let actions = Formula::any(own.map(|one| roles::data_matching(&one.actions)));
                let unknown: Vec<Gap> = vault
                    .policies
                    .iter()
                    .filter_map(|one| {
                        self.identity.gap(self.estate, &one.holder, HolderKind::Unknown, &policy.origin)
                    })
                    .collect();
                self.gaps.extend(unknown);
                self.plain(actions, Formula::True)
            }
            Body::AccountKey(key) if self.identity.is(&key.holder, HolderKind::Unknown) => {
                let data = roles::data_matching(&[format!("{}*", key.service).into()]);
                self.plain(data, Formula::True)
            }
            Body::Container(container) => {
                let mut said =
                    self.plain(roles::one_of([super::READ_BLOB]), self.readable(target, container.lists));
                for one in &mut said {
                    one.gaps.clone_from(&container.gaps);
                }
                said
            }
            _ => Vec::new(),
        }
    }

    /// What a role of the directory and the like lets do.
    fn directory(&mut self, one: &DirectoryAssignment, origin: &Origin) -> Vec<Said> {
        let asked = |power: &&Power| {
            self.action.as_deref().is_none_or(|action| power.action.eq_ignore_ascii_case(action))
        };
        let powers: Vec<&Power> = directory::powers(one).into_iter().filter(asked).collect();
        let unknown = gaps::directory_role(self.estate, one, origin);
        let own = || self.action.as_deref().unwrap_or(directory::ACTIONS).to_ascii_lowercase();
        let first = match (powers.first(), &unknown) {
            (Some(first), _) => first.action.to_ascii_lowercase(),
            (None, Some(_)) if directory::is_own(&own()) => own(),
            (None, _) => return Vec::new(),
        };
        if !self.reaches(&one.holder, HolderKind::Unknown, origin, &first) {
            return Vec::new();
        }
        self.gaps.extend(unknown);
        self.gaps.extend(gaps::unit(self.estate, one, origin));
        let named = self.place.as_ref().map(|(name, _)| name.as_str());
        let mut said = Vec::new();
        for power in powers {
            let resources = directory::reached(self.estate, one, power, named);
            let action = power.action.to_ascii_lowercase();
            said.extend(self.plain(roles::one_of([action.as_str()]), resources));
        }
        said
    }

    /// What anybody may read of a container: with level `Blob` its blobs, if their names are known.
    fn readable(&self, target: Target, lists: bool) -> Formula {
        if lists {
            return Formula::True;
        }
        let name = match target {
            Target::Resource(id) => self.estate.resource(id).map(|resource| resource.name.as_str()),
            _ => None,
        };
        let prefix = format!("{}{}", name.unwrap_or_default(), names::BLOBS);
        let blobs =
            Pattern::new(prefix.chars().map(Token::Char).chain([Token::One, Token::Run]), Case::Insensitive);
        let list = Pattern::literal("Blob.List", Case::Insensitive);
        let suboperation = conditions::attribute(&super::condition::Key::suboperation());
        Formula::matches(Attribute::resource(), Patterns::of([blobs]))
            .and(Formula::matches(suboperation, Patterns::of([list])).not())
    }

    /// An allow without condition, if it is about what is asked.
    fn plain(&self, actions: Formula, resources: Formula) -> Vec<Said> {
        let actions = match &self.action {
            Some(action) => actions.restrict(&Known::new().with_text(Attribute::action(), action.clone())),
            None => actions,
        };
        if actions == Formula::False {
            return Vec::new();
        }
        vec![Said { effect: Effect::Allow, actions, resources, condition: Formula::True, gaps: Vec::new() }]
    }

    /// Whether a holder is who asks; what is not known of that is noted if `action` may be asked for.
    fn reaches(&mut self, holder: &str, kind: HolderKind, origin: &Origin, action: &str) -> bool {
        let reaches = self.identity.is(holder, kind);
        if !reaches && self.action.as_deref().is_none_or(|asked| asked == action) {
            self.gaps.extend(self.identity.gap(self.estate, holder, kind, origin));
        }
        reaches
    }

    fn assignment(&mut self, assignment: &'e Assignment, origin: &Origin) -> Vec<Said> {
        let reaches = self.identity.is(&assignment.holder, assignment.kind);
        let missing = if reaches {
            None
        } else {
            self.identity.gap(self.estate, &assignment.holder, assignment.kind, origin)
        };
        if !reaches && missing.is_none() {
            return Vec::new();
        }
        let Some(role) = self.definitions.find(&assignment.role.value) else {
            self.gaps.insert(gaps::unknown_role(&assignment.role.value, origin));
            return Vec::new();
        };
        let blocks = role.blocks.iter().map(|block| (block, roles::actions(block, self.action.as_deref())));
        let blocks: Vec<(&Block, Formula)> =
            blocks.filter(|(_, actions)| *actions != Formula::False).collect();
        if blocks.is_empty() {
            return Vec::new();
        }
        if !reaches {
            self.gaps.extend(missing);
            return Vec::new();
        }
        blocks.into_iter().map(|(block, actions)| self.block(assignment, block, actions)).collect()
    }

    fn block(&mut self, assignment: &Assignment, block: &Block, actions: Formula) -> Said {
        let written = [assignment.condition.as_ref(), block.condition.as_ref()];
        self.asks_names |= written.iter().any(|one| conditions::asks_names(*one));
        let mut gaps = assignment.gaps.clone();
        gaps.extend(written.iter().flat_map(|one| conditions::gaps(*one)));
        let condition = condition(assignment, block, self.at_place()).and(self.outside_of_vaults());
        Said { effect: Effect::Allow, actions, resources: Formula::True, condition, gaps }
    }

    /// Roles say nothing of the data of vaults that use access policies.
    fn outside_of_vaults(&self) -> Formula {
        static OF_VAULTS: LazyLock<Formula> =
            LazyLock::new(|| roles::data_matching(&[super::VAULT_DATA.into()]));
        let of_vault = match &self.action {
            Some(action) if gaps::is_vault_data(action) => Formula::True,
            Some(_) => return Formula::True,
            None => OF_VAULTS.clone(),
        };
        let around = self.place.as_ref().map(|(name, _)| name.as_str());
        let closed = gaps::closed_vaults(self.estate, around);
        let patterns = Patterns::of(closed.iter().flat_map(|name| names::inside(name)));
        of_vault.and(Formula::matches(Attribute::resource(), patterns)).not()
    }

    fn deny(&mut self, deny: &DenyAssignment, target: Target, origin: &Origin) -> Vec<Said> {
        let named = deny.principals.iter().chain(&deny.excluded);
        let unknown: Vec<Gap> =
            named.filter_map(|(id, kind)| self.identity.gap(self.estate, id, *kind, origin)).collect();
        let is = |list: &[(Arc<str>, HolderKind)]| list.iter().any(|(id, kind)| self.identity.is(id, *kind));
        let meant = (deny.everybody || is(&deny.principals)) && !is(&deny.excluded);
        let resources = match target {
            Target::Scope(id) if deny.own_scope_only => {
                self.estate.scope(id).map(|scope| scope.name.as_str())
            }
            Target::Resource(id) if deny.own_scope_only => {
                self.estate.resource(id).map(|one| one.name.as_str())
            }
            _ => None,
        };
        let resources = resources.map_or(Formula::True, |name| {
            Formula::matches(Attribute::resource(), Patterns::of([Pattern::literal(name, Case::Insensitive)]))
        });
        let mut said = Vec::new();
        for block in &deny.blocks {
            let actions = roles::actions(block, self.action.as_deref());
            if actions == Formula::False {
                continue;
            }
            self.gaps.extend(unknown.iter().cloned());
            if meant {
                let condition = conditions::holds(deny.condition.as_ref(), self.at_place());
                self.asks_names |= conditions::asks_names(deny.condition.as_ref());
                let (resources, gaps) = (resources.clone(), conditions::gaps(deny.condition.as_ref()));
                said.push(Said { effect: Effect::Deny, actions, resources, condition, gaps });
            }
        }
        said
    }
}

fn grant(said: Said, policy: &Policy) -> Arc<Grant> {
    Arc::new(Grant {
        effect: said.effect,
        who: Formula::True,
        actions: said.actions,
        resources: said.resources,
        condition: said.condition,
        origin: policy.origin.clone(),
        gaps: said.gaps,
    })
}
