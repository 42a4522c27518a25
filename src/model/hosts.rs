//! What runs as somebody: functions, instances, jobs, and other resources that act with the permissions of a
//! principal. And of which kinds of them the input holds all that there are.

use std::collections::{BTreeMap, BTreeSet};

use super::{Origin, PrincipalId, ResourceId, ScopeId};

/// That a resource runs as a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The resource.
    pub resource: ResourceId,
    /// Its kind, in its cloud's word: `lambda-function`.
    pub kind: String,
    /// As whom it runs.
    pub identity: PrincipalId,
    /// Where this is written.
    pub origin: Origin,
}

/// All that is known of them.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    listed: Vec<Host>,
    by_identity: BTreeMap<PrincipalId, Vec<usize>>,
    complete: BTreeSet<(ScopeId, String)>,
    there: BTreeMap<(ScopeId, String), BTreeSet<ResourceId>>,
    counted: BTreeSet<(ScopeId, String)>,
}

impl Hosts {
    /// Notes that a resource runs as somebody; once is enough.
    pub fn add(&mut self, host: Host) {
        let indexes = self.by_identity.entry(host.identity).or_default();
        let known = |index: &usize| {
            self.listed.get(*index).is_some_and(|old| old.resource == host.resource && old.kind == host.kind)
        };
        if !indexes.iter().any(known) {
            indexes.push(self.listed.len());
            self.listed.push(host);
        }
    }

    /// Notes that the input lists what there is of a kind in a scope, also if that is nothing.
    pub fn list(&mut self, scope: ScopeId, kind: &str) {
        self.complete.insert((scope, kind.to_owned()));
    }

    /// Whether what there is of a kind in a scope is in the input.
    pub fn is_listed(&self, scope: ScopeId, kind: &str) -> bool {
        self.complete.contains(&(scope, kind.to_owned()))
    }

    /// Notes that a resource of a kind is there, whoever it runs as.
    pub fn note(&mut self, scope: ScopeId, kind: &str, resource: ResourceId) {
        self.there.entry((scope, kind.to_owned())).or_default().insert(resource);
    }

    /// Notes that all of a kind in a scope were noted, also if that is nothing.
    pub fn count(&mut self, scope: ScopeId, kind: &str) {
        self.counted.insert((scope, kind.to_owned()));
    }

    /// What was noted of a kind in a scope.
    pub fn noted(&self, scope: ScopeId, kind: &str) -> impl Iterator<Item = ResourceId> {
        self.there.get(&(scope, kind.to_owned())).into_iter().flatten().copied()
    }

    /// Whether all of a kind in a scope were noted.
    pub fn is_counted(&self, scope: ScopeId, kind: &str) -> bool {
        self.counted.contains(&(scope, kind.to_owned()))
    }

    /// What runs as a principal, in the order in which it was loaded.
    pub fn running_as(&self, identity: PrincipalId) -> impl Iterator<Item = &Host> {
        let indexes = self.by_identity.get(&identity).map_or(&[][..], Vec::as_slice);
        indexes.iter().filter_map(|index| self.listed.get(*index))
    }

    /// Everything that runs as somebody, in the order in which it was loaded.
    pub fn iter(&self) -> impl Iterator<Item = &Host> {
        self.listed.iter()
    }
}
