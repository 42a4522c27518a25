//! All that was loaded: principals, resources, scopes, policies, and what is attached to what.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::derived::Derived;
use super::hosts::Hosts;
use super::names::{Family, Names};
use super::versions::Versions;
use super::{CloudId, Gap, Layer, Origin, PolicyId, PrincipalId, ResourceId, ScopeId};

/// Everything that is known, of all clouds together. Loading adds to it; nothing is ever taken out, but a copy can be
/// changed to ask "what if".
#[derive(Clone, Default)]
pub struct Estate {
    principals: Vec<Principal>,
    resources: Vec<Resource>,
    scopes: Vec<Scope>,
    policies: Vec<Policy>,
    attachments: Vec<Attachment>,
    memberships: Vec<Membership>,
    gaps: Vec<Gap>,
    earliest: Option<i64>,
    hosts: Hosts,
    versions: Versions,
    names: Names,
    /// Further names of scopes. A scope that turned out to be another one of a different name is listed with none
    /// of its own: it only keeps its place in the list.
    aliases: BTreeMap<ScopeId, Vec<String>>,
    merged: BTreeSet<ScopeId>,
    by_target: Targets,
    by_layer: FxHashMap<Layer, Vec<u32>>,
    by_policy: Lists,
    /// By member, and by group.
    groups: Lists,
    members: Lists,
    derived: Derived,
}

/// For each id the places of what belongs to it. Ids are numbers without gaps, so nothing is looked up by hash: every
/// decision asks several times.
#[derive(Clone, Default)]
struct Lists(Vec<Vec<u32>>);

impl Lists {
    fn of(&self, id: usize) -> &[u32] {
        self.0.get(id).map_or(&[], Vec::as_slice)
    }

    fn push(&mut self, id: usize, place: u32) {
        if self.0.len() <= id {
            self.0.resize_with(id + 1, Vec::new);
        }
        if let Some(list) = self.0.get_mut(id) {
            list.push(place);
        }
    }

    fn take(&mut self, id: usize) -> Vec<u32> {
        self.0.get_mut(id).map(std::mem::take).unwrap_or_default()
    }
}

/// What is attached to what.
#[derive(Clone, Default)]
struct Targets {
    principals: Lists,
    resources: Lists,
    scopes: Lists,
}

impl Targets {
    fn of(&self, target: Target) -> &[u32] {
        match target {
            Target::Principal(id) => self.principals.of(id.index()),
            Target::Resource(id) => self.resources.of(id.index()),
            Target::Scope(id) => self.scopes.of(id.index()),
        }
    }

    fn push(&mut self, target: Target, place: u32) {
        match target {
            Target::Principal(id) => self.principals.push(id.index(), place),
            Target::Resource(id) => self.resources.push(id.index(), place),
            Target::Scope(id) => self.scopes.push(id.index(), place),
        }
    }
}

/// Somebody or something that can ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Its cloud.
    pub cloud: CloudId,
    /// Its full name, unique in its cloud: an ARN, `serviceAccount:a@b`, an object id.
    pub name: String,
    /// What kind of principal it is.
    pub kind: PrincipalKind,
    /// The account, project or tenant it lives in.
    pub home: Option<ScopeId>,
    /// Facts about it that conditions ask for: tags, unique id, path; by the names its cloud gives them.
    pub facts: BTreeMap<String, String>,
    /// Where it is defined or first mentioned.
    pub origin: Origin,
}

/// Kinds of principals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrincipalKind {
    /// A person or a long-lived user.
    User,
    /// A group; it asks for nothing itself, its members do.
    Group,
    /// A role that others take on.
    Role,
    /// An account of a program.
    ServiceAccount,
    /// The provider's own service.
    Service,
    /// Whoever will hold a policy that was given alone, without anybody it is attached to.
    Holder,
    /// Nobody by itself, but what others become by a step: whoever has activated a role, or has got hold of a key.
    StandIn,
    /// Somebody who is only mentioned: defined in none of the files given.
    External,
    /// A set that everybody belongs to.
    Public,
}

impl PrincipalKind {
    /// Whether such a principal sends requests itself. Groups leave that to their members, what stands for everybody is
    /// asked about as such, and subjects of identity providers act as others.
    pub fn sends_requests(self) -> bool {
        !matches!(self, Self::Group | Self::Public | Self::StandIn)
    }
}

/// Something that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its cloud.
    pub cloud: CloudId,
    /// Its full name, unique in its cloud.
    pub name: String,
    /// Its type as the cloud names it: `s3:bucket`, `storage.googleapis.com/Bucket`.
    pub kind: String,
    /// The account, project or subscription that owns it, if known.
    pub home: Option<ScopeId>,
    /// Where it is defined or first mentioned.
    pub origin: Origin,
}

/// A level of a hierarchy that policies are inherited through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Its cloud.
    pub cloud: CloudId,
    /// Its full name, unique in its cloud: an account number, `projects/p`, a subscription id.
    pub name: String,
    /// What kind of level it is.
    pub kind: ScopeKind,
    /// The level above it, if known.
    pub parent: Option<ScopeId>,
    /// Where it is defined or first mentioned.
    pub origin: Origin,
}

/// Kinds of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// The top: organization or tenant.
    Organization,
    /// Levels between: organizational unit, folder, management group.
    Folder,
    /// What resources belong to: account, project, subscription.
    Account,
    /// A level inside an account: resource group.
    Group,
}

/// The text of a policy in its cloud's own typed form.
pub type PolicyBody = Arc<dyn Any + Send + Sync>;

/// A policy, or one binding of a role.
#[derive(Clone)]
pub struct Policy {
    /// Its cloud.
    pub cloud: CloudId,
    /// Its name for people: a policy name, an ARN, a role.
    pub name: String,
    /// The typed text; only the cloud knows its type.
    pub body: PolicyBody,
    /// Where it stands.
    pub origin: Origin,
}

/// What a policy can be attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A principal: identity policies, boundaries.
    Principal(PrincipalId),
    /// A resource: resource policies, trust, bindings on one resource.
    Resource(ResourceId),
    /// A scope: inherited bindings, service control policies.
    Scope(ScopeId),
}

/// That a policy applies somewhere, and in which capacity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The policy.
    pub policy: PolicyId,
    /// What it is attached to.
    pub target: Target,
    /// In which capacity: the layer of the decision it takes part in.
    pub layer: Layer,
    /// Where the attachment is written, which is not always where the policy stands.
    pub origin: Origin,
}

/// That a principal belongs to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group: PrincipalId,
    /// The member.
    pub member: PrincipalId,
    /// Where this is written.
    pub origin: Origin,
}

/// Loading.
impl Estate {
    /// Adds a principal, or completes the one of the same cloud and name: one that was only mentioned
    /// ([`PrincipalKind::External`]) takes kind, home, facts and origin of its definition.
    pub fn add_principal(&mut self, principal: Principal) -> PrincipalId {
        self.derived.forget();
        if let Some(id) =
            self.names.find(principal.cloud, Family::Principal, &principal.name).map(PrincipalId)
        {
            if let Some(old) = self.principals.get_mut(id.index()) {
                if old.kind == PrincipalKind::External {
                    *old = principal;
                } else {
                    old.home = old.home.or(principal.home);
                    old.facts.extend(principal.facts);
                }
            }
            return id;
        }
        let id = PrincipalId(next(&self.principals));
        self.names.insert(principal.cloud, Family::Principal, &principal.name, id.0);
        self.principals.push(principal);
        id
    }

    /// Adds a resource, or completes the one of the same cloud and name with an owner.
    pub fn add_resource(&mut self, resource: Resource) -> ResourceId {
        self.derived.forget();
        if let Some(id) = self.names.find(resource.cloud, Family::Resource, &resource.name).map(ResourceId) {
            if let Some(old) = self.resources.get_mut(id.index()) {
                old.home = old.home.or(resource.home);
            }
            return id;
        }
        let id = ResourceId(next(&self.resources));
        self.names.insert(resource.cloud, Family::Resource, &resource.name, id.0);
        self.resources.push(resource);
        id
    }

    /// Adds a scope, or completes the one of the same cloud and name with a parent.
    pub fn add_scope(&mut self, scope: Scope) -> ScopeId {
        self.derived.forget();
        if let Some(id) = self.names.find(scope.cloud, Family::Scope, &scope.name).map(ScopeId) {
            if let Some(old) = self.scopes.get_mut(id.index()) {
                old.parent = old.parent.or(scope.parent);
            }
            return id;
        }
        let id = ScopeId(next(&self.scopes));
        self.names.insert(scope.cloud, Family::Scope, &scope.name, id.0);
        self.scopes.push(scope);
        id
    }

    /// Gives a scope a second name, as projects have an id and a number. If a scope of that name exists already, the
    /// two are one: whatever belongs to the other belongs to `scope` from now on.
    pub fn add_scope_name(&mut self, scope: ScopeId, name: &str) {
        let Some(cloud) = self.scope(scope).map(|known| known.cloud) else { return };
        self.derived.forget();
        match self.names.insert(cloud, Family::Scope, name, scope.0).map(ScopeId) {
            Some(other) if other == scope => return,
            Some(other) => self.merge_scopes(scope, other),
            None => {}
        }
        self.aliases.entry(scope).or_default().push(name.to_owned());
    }

    fn merge_scopes(&mut self, kept: ScopeId, other: ScopeId) {
        let parent = self.scope(other).and_then(|scope| scope.parent).filter(|parent| *parent != kept);
        if let Some(scope) = self.scopes.get_mut(kept.index()) {
            scope.parent = scope.parent.or(parent);
        }
        let replace = |id: &mut Option<ScopeId>| {
            if *id == Some(other) {
                *id = Some(kept);
            }
        };
        self.scopes.iter_mut().for_each(|scope| replace(&mut scope.parent));
        self.principals.iter_mut().for_each(|principal| replace(&mut principal.home));
        self.resources.iter_mut().for_each(|resource| replace(&mut resource.home));
        for place in self.by_target.scopes.take(other.index()) {
            if let Some(attachment) = self.attachments.get_mut(place as usize) {
                attachment.target = Target::Scope(kept);
            }
            self.by_target.push(Target::Scope(kept), place);
        }
        self.aliases.remove(&other);
        self.merged.insert(other);
    }

    /// Adds a policy. The same text may be attached many times; add it once.
    pub fn add_policy(&mut self, policy: Policy) -> PolicyId {
        self.derived.forget();
        self.policies.push(policy);
        PolicyId(u32::try_from(self.policies.len() - 1).unwrap_or(u32::MAX))
    }

    /// Gives a policy a name that others refer to it by. The first policy of a name keeps it.
    pub fn name_policy(&mut self, cloud: CloudId, name: &str, policy: PolicyId) {
        if self.names.find(cloud, Family::Policy, name).is_none() {
            self.names.insert(cloud, Family::Policy, name, policy.0);
        }
    }

    /// Puts another policy in the place of one, wherever that is attached.
    pub fn replace_policy(&mut self, id: PolicyId, policy: Policy) {
        self.derived.forget();
        if let Some(old) = self.policies.get_mut(id.index()) {
            *old = policy;
        }
    }

    /// Attaches a policy.
    pub fn attach(&mut self, attachment: Attachment) {
        self.derived.forget();
        let place = next(&self.attachments);
        self.by_target.push(attachment.target, place);
        self.by_layer.entry(attachment.layer).or_default().push(place);
        self.by_policy.push(attachment.policy.index(), place);
        self.attachments.push(attachment);
    }

    /// Puts a principal into a group.
    pub fn add_membership(&mut self, membership: Membership) {
        self.derived.forget();
        let place = next(&self.memberships);
        self.groups.push(membership.member.index(), place);
        self.members.push(membership.group.index(), place);
        self.memberships.push(membership);
    }

    /// Says that no request is made before this time, in microseconds since the Unix epoch. Otherwise that is known of
    /// the time when the facts about its cloud were taken.
    pub fn set_earliest(&mut self, micros: i64) {
        self.earliest = Some(micros);
    }

    /// Notes something that is missing.
    pub fn add_gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    /// What runs as somebody, to add to it.
    pub fn hosts_mut(&mut self) -> &mut Hosts {
        self.derived.forget();
        &mut self.hosts
    }

    /// The other versions of policies, to add to them.
    pub fn versions_mut(&mut self) -> &mut Versions {
        self.derived.forget();
        &mut self.versions
    }

    /// Takes away attachments. For copies that ask "what if".
    pub fn detach(&mut self, gone: impl Fn(&Attachment) -> bool) {
        let kept: Vec<Attachment> = self.attachments.drain(..).filter(|one| !gone(one)).collect();
        self.by_target = Default::default();
        self.by_layer.clear();
        self.by_policy = Default::default();
        for attachment in kept {
            self.attach(attachment);
        }
        self.derived.forget();
    }

    /// Puts another text in place of a policy's. For copies that ask "what if".
    pub fn replace_body(&mut self, policy: PolicyId, body: PolicyBody) {
        self.derived.forget();
        if let Some(policy) = self.policies.get_mut(policy.index()) {
            policy.body = body;
        }
    }
}

/// The number of the item that is added next.
fn next<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

/// Lookups.
impl Estate {
    /// The principal; `None` only for an id of another estate.
    pub fn principal(&self, id: PrincipalId) -> Option<&Principal> {
        self.principals.get(id.index())
    }

    /// The resource; `None` only for an id of another estate.
    pub fn resource(&self, id: ResourceId) -> Option<&Resource> {
        self.resources.get(id.index())
    }

    /// The scope; `None` only for an id of another estate.
    pub fn scope(&self, id: ScopeId) -> Option<&Scope> {
        self.scopes.get(id.index())
    }

    /// The policy; `None` only for an id of another estate.
    pub fn policy(&self, id: PolicyId) -> Option<&Policy> {
        self.policies.get(id.index())
    }

    /// The principal of that cloud and full name.
    pub fn find_principal(&self, cloud: CloudId, name: &str) -> Option<PrincipalId> {
        self.names.find(cloud, Family::Principal, name).map(PrincipalId)
    }

    /// The resource of that cloud and full name.
    pub fn find_resource(&self, cloud: CloudId, name: &str) -> Option<ResourceId> {
        self.names.find(cloud, Family::Resource, name).map(ResourceId)
    }

    /// The resources of that cloud whose names `name` begins with, up to one of these bytes or its end, the shortest
    /// name first: how long the name is, and the resource.
    pub fn resources_at(
        &self,
        cloud: CloudId,
        name: &str,
        separators: [u8; 2],
    ) -> impl Iterator<Item = (usize, ResourceId)> {
        let found = self.names.beginnings(cloud, Family::Resource, name, separators);
        found.map(|(end, number)| (end, ResourceId(number)))
    }

    /// The scope of that cloud and full name.
    pub fn find_scope(&self, cloud: CloudId, name: &str) -> Option<ScopeId> {
        self.names.find(cloud, Family::Scope, name).map(ScopeId)
    }

    /// The policy of that cloud that was given this name.
    pub fn find_policy(&self, cloud: CloudId, name: &str) -> Option<PolicyId> {
        self.names.find(cloud, Family::Policy, name).map(PolicyId)
    }

    /// All principals, in the order in which they were loaded.
    pub fn principals(&self) -> impl Iterator<Item = (PrincipalId, &Principal)> {
        self.principals.iter().zip(0..).map(|(principal, index)| (PrincipalId(index), principal))
    }

    /// All resources, in the order in which they were loaded.
    pub fn resources(&self) -> impl Iterator<Item = (ResourceId, &Resource)> {
        self.resources.iter().zip(0..).map(|(resource, index)| (ResourceId(index), resource))
    }

    /// All scopes, in the order in which they were loaded.
    pub fn scopes(&self) -> impl Iterator<Item = (ScopeId, &Scope)> {
        let all = self.scopes.iter().zip(0..).map(|(scope, index)| (ScopeId(index), scope));
        all.filter(|(id, _)| !self.merged.contains(id))
    }

    /// All names of a scope: its own, then those given by [`Estate::add_scope_name`].
    pub fn scope_names(&self, id: ScopeId) -> impl Iterator<Item = &str> {
        let own = self.scope(id).map(|scope| scope.name.as_str());
        own.into_iter().chain(self.aliases.get(&id).into_iter().flatten().map(String::as_str))
    }

    /// All policies, in the order in which they were loaded.
    pub fn policies(&self) -> impl Iterator<Item = (PolicyId, &Policy)> {
        self.policies.iter().zip(0..).map(|(policy, index)| (PolicyId(index), policy))
    }

    /// All attachments, in the order in which they were loaded.
    pub fn attachments(&self) -> &[Attachment] {
        &self.attachments
    }

    /// What is attached to `target`, in the order in which it was loaded.
    pub fn attached_to(&self, target: Target) -> impl Iterator<Item = &Attachment> + Clone {
        self.by_target.of(target).iter().filter_map(|place| self.attachments.get(*place as usize))
    }

    /// What is attached in one capacity, in the order in which it was loaded.
    pub fn attached_as(&self, layer: Layer) -> impl Iterator<Item = &Attachment> {
        let places = self.by_layer.get(&layer).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| self.attachments.get(*place as usize))
    }

    /// Where a policy is attached, in the order in which it was loaded.
    pub fn attachments_of(&self, policy: PolicyId) -> impl Iterator<Item = &Attachment> {
        let places = self.by_policy.of(policy.index());
        places.iter().filter_map(|place| self.attachments.get(*place as usize))
    }

    /// The groups that a principal belongs to, in the order in which they were loaded.
    pub fn groups_of(&self, member: PrincipalId) -> impl Iterator<Item = &Membership> {
        self.groups.of(member.index()).iter().filter_map(|place| self.memberships.get(*place as usize))
    }

    /// The members of a group, in the order in which they were loaded.
    pub fn members_of(&self, group: PrincipalId) -> impl Iterator<Item = &Membership> {
        self.members.of(group.index()).iter().filter_map(|place| self.memberships.get(*place as usize))
    }

    /// What `make` works out from the whole estate, as long as that stays as it is. There is one value for each type,
    /// so each use has a type of its own.
    pub fn derived<T: Any + Send + Sync>(&self, make: impl FnOnce(&Self) -> T) -> Arc<T> {
        self.derived.get(|| make(self))
    }

    /// All memberships, in the order in which they were loaded.
    pub fn memberships(&self) -> &[Membership] {
        &self.memberships
    }

    /// What runs as somebody.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// The other versions of policies.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// When the first request can be made, if that was said.
    pub fn earliest(&self) -> Option<i64> {
        self.earliest
    }

    /// What is known to be missing.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// The scope and all above it, from the inside out. Ends even if parents form a circle.
    pub fn ancestry(&self, scope: ScopeId) -> Vec<ScopeId> {
        let mut chain = vec![scope];
        while let Some(parent) = chain.last().and_then(|id| self.scope(*id)).and_then(|scope| scope.parent) {
            if chain.contains(&parent) {
                break;
            }
            chain.push(parent);
        }
        chain
    }

    /// Whether nothing was loaded.
    pub fn is_empty(&self) -> bool {
        self.principals.is_empty() && self.resources.is_empty() && self.policies.is_empty()
    }
}
