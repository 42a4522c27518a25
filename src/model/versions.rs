//! The other versions of policies: texts that hold nothing now, but that somebody may be able to put in force.

use std::collections::BTreeMap;

use super::{PolicyBody, PolicyId};

/// A version of a policy that is not the one in force.
#[derive(Clone)]
pub struct Version {
    /// What it is called: `v1`.
    pub name: String,
    /// The typed text; only the cloud knows its type.
    pub body: PolicyBody,
}

/// All that is known of them.
#[derive(Clone, Default)]
pub struct Versions {
    known: BTreeMap<PolicyId, Vec<Version>>,
}

impl Versions {
    /// Notes which versions a policy has beside the one in force: all of them, also if that is none.
    pub fn list(&mut self, policy: PolicyId, others: Vec<Version>) {
        self.known.insert(policy, others);
    }

    /// The other versions of a policy; `None` if the input does not say which there are.
    pub fn of(&self, policy: PolicyId) -> Option<&[Version]> {
        self.known.get(&policy).map(Vec::as_slice)
    }

    /// The version at a place among the others of a policy.
    pub fn get(&self, policy: PolicyId, at: u32) -> Option<&Version> {
        self.of(policy)?.get(usize::try_from(at).ok()?)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Version> {
        self.known.values().flatten()
    }
}
