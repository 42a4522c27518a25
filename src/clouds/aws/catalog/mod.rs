//! What AWS documents about itself: actions with access level, resource types, condition keys and
//! dependent actions; and the AWS managed policies.
//!
//! Names are found in any case (IAM compares action names without case) and given back in AWS's
//! spelling. Actions are sorted by lower-case name and have a stable index, so that `s3:Get*` is a
//! range. Matching of wildcards in general, and what a policy means, are not in here. Global keys
//! (`aws:SourceIp` and the like) appear only where a service lists them.

mod describe;
mod entries;
mod managed;
mod managed_source;
mod read;
mod source;

pub use describe::{describe, search};
pub use entries::{Action, ConditionKey, ResourceType, Service, resource_glob};
pub use managed::{ManagedCatalog, ManagedPolicy};
pub use managed_source::{
    ManagedPolicySource, ManagedSource, decode as decode_managed, encode as encode_managed,
};
pub use read::{read_facts, read_managed_exports, read_managed_facts, read_service_reference};
pub use source::{ActionSource, AwsSource, ResourceSource, ServiceSource, decode, encode};

use crate::clouds::catalog::{CatalogError, Lists, Match, Names, PartInfo, Search, Slot, Strings, glob};
use entries::is_template;
use std::ops::Range;

/// The name of the action catalog.
pub const ID: &str = "aws-actions";
/// The name of the catalog of managed policies.
pub const MANAGED_ID: &str = "aws-managed-policies";

static ACTIONS: Slot<AwsCatalog> =
    Slot::new(ID, include_bytes!("../../../../policies/aws-actions.bin.zst"), source::decode_parts);
static MANAGED: Slot<ManagedCatalog> = Slot::new(
    MANAGED_ID,
    include_bytes!("../../../../policies/aws-managed-policies.bin.zst"),
    managed_source::decode_parts,
);

/// The action catalog in use, or why it cannot be read. Decoded on the first call.
pub fn load() -> Result<&'static AwsCatalog, CatalogError> {
    ACTIONS.get()
}

/// The action catalog in use; an empty one when it cannot be read ([`load`] says why).
pub fn current() -> &'static AwsCatalog {
    ACTIONS.get_or_empty()
}

/// Uses `bytes` in place of the shipped action catalog; an error when they are damaged or the
/// catalog is already in use.
pub fn install(bytes: &[u8]) -> Result<(), CatalogError> {
    ACTIONS.install(bytes)
}

/// The managed policies in use, or why they cannot be read. Decoded on the first call, documents
/// only when asked for.
pub fn load_managed() -> Result<&'static ManagedCatalog, CatalogError> {
    MANAGED.get()
}

/// The managed policies in use; none when they cannot be read ([`load_managed`] says why).
pub fn managed() -> &'static ManagedCatalog {
    MANAGED.get_or_empty()
}

/// Uses `bytes` in place of the shipped managed policies; an error as for [`install`].
pub fn install_managed(bytes: &[u8]) -> Result<(), CatalogError> {
    MANAGED.install(bytes)
}

/// The place of an action in the order of lower-case names; stable within one catalog.
pub type ActionIndex = u32;

/// What an action does to a resource, in AWS's own five classes
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_understand-policy-summary-access-level-summaries.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Lists resources without their content.
    List,
    /// Reads content.
    Read,
    /// Changes tags only.
    Tagging,
    /// Creates, changes or deletes.
    Write,
    /// Grants or changes permissions.
    PermissionsManagement,
}

impl AccessLevel {
    /// All levels, least dangerous first.
    pub const ALL: [AccessLevel; 5] = [
        AccessLevel::List,
        AccessLevel::Read,
        AccessLevel::Tagging,
        AccessLevel::Write,
        AccessLevel::PermissionsManagement,
    ];

    /// AWS's name of the level.
    pub fn name(self) -> &'static str {
        match self {
            AccessLevel::List => "List",
            AccessLevel::Read => "Read",
            AccessLevel::Tagging => "Tagging",
            AccessLevel::Write => "Write",
            AccessLevel::PermissionsManagement => "Permissions management",
        }
    }

    /// Two optional levels in one byte, the first in the low three bits.
    fn pack(first: Option<AccessLevel>, second: Option<AccessLevel>) -> u8 {
        let code = |level: Option<AccessLevel>| match level {
            None => 0,
            Some(AccessLevel::List) => 1,
            Some(AccessLevel::Read) => 2,
            Some(AccessLevel::Tagging) => 3,
            Some(AccessLevel::Write) => 4,
            Some(AccessLevel::PermissionsManagement) => 5,
        };
        code(first) | code(second) << 3
    }

    /// The level with this code.
    fn unpack(code: u8) -> Option<AccessLevel> {
        let index = (code & 7).checked_sub(1)?;
        AccessLevel::ALL.get(index as usize).copied()
    }
}

/// Actions, services, resource types and condition keys of AWS.
#[derive(Clone, Debug, Default)]
pub struct AwsCatalog {
    info: PartInfo,
    services: Names,
    service_flags: Vec<u8>,
    service_keys: Vec<Vec<(u32, u32)>>,
    actions: Names,
    levels: Vec<u8>,
    action_resource_lists: Lists,
    action_resources: Vec<u32>,
    action_key_lists: Lists,
    action_keys: Vec<u32>,
    action_needed_lists: Lists,
    action_needed: Vec<u32>,
    resources: Names,
    resource_arns: Vec<Vec<u32>>,
    resource_key_lists: Lists,
    resource_keys: Vec<u32>,
    arns: Strings,
    keys: Names,
    types: Strings,
}

impl AwsCatalog {
    /// Sources, date and size of the catalog's file.
    pub fn info(&self) -> &PartInfo {
        &self.info
    }

    /// How many of what the catalog holds.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("services", self.services.len()),
            ("actions", self.actions.len()),
            ("resource types", self.resources.len()),
            ("condition keys", self.keys.len()),
        ]
    }

    /// How many actions there are; indices are below this.
    pub fn action_count(&self) -> u32 {
        self.actions.len() as u32
    }

    /// The action with this full name (`s3:GetObject`), ignoring case.
    pub fn action(&self, name: &str) -> Option<Action<'_>> {
        self.actions.find(name).map(|index| Action { catalog: self, index })
    }

    /// The action at `index`.
    pub fn action_at(&self, index: ActionIndex) -> Option<Action<'_>> {
        (index < self.action_count()).then_some(Action { catalog: self, index })
    }

    /// All actions in the order of lower-case names.
    pub fn actions(&self) -> impl Iterator<Item = Action<'_>> {
        self.actions_in(0..self.action_count())
    }

    /// The actions of a range of indices.
    pub fn actions_in(&self, range: Range<ActionIndex>) -> impl Iterator<Item = Action<'_>> {
        range.filter_map(|index| self.action_at(index))
    }

    /// The indices of all actions whose lower-case name begins with `prefix`, given in lower case:
    /// `s3:get` for the pattern `s3:Get*`.
    pub fn with_prefix(&self, prefix: &str) -> Range<ActionIndex> {
        self.actions.with_prefix(prefix)
    }

    /// The actions an IAM action pattern stands for (`*` any text, `?` one character, case ignored),
    /// ascending.
    pub fn matching(&self, pattern: &str) -> impl Iterator<Item = Action<'_>> {
        let pattern = pattern.to_ascii_lowercase();
        let literal = pattern.split(['*', '?']).next().unwrap_or_default();
        let range = self.with_prefix(literal);
        self.actions_in(range).filter(move |action| glob(&pattern, action.folded()))
    }

    /// The service with this prefix (`s3`), ignoring case.
    pub fn service(&self, prefix: &str) -> Option<Service<'_>> {
        self.services.find(prefix).map(|index| Service { catalog: self, index })
    }

    /// All services in the order of their prefixes.
    pub fn services(&self) -> impl Iterator<Item = Service<'_>> {
        (0..self.services.len() as u32).map(|index| Service { catalog: self, index })
    }

    /// The resource type `name` of a service (`s3`, `bucket`), ignoring case.
    pub fn resource_type(&self, service: &str, name: &str) -> Option<ResourceType<'_>> {
        let index = self.resources.find(&format!("{service}:{name}"))?;
        Some(ResourceType { catalog: self, index })
    }

    /// The condition key with this name, ignoring case. A key of a templated family is found by its
    /// members too: `s3:ExistingObjectTag/owner` gives `s3:ExistingObjectTag/<key>`.
    pub fn condition_key(&self, name: &str) -> Option<ConditionKey<'_>> {
        let family = || {
            let (stem, _) = name.split_once('/')?;
            let stem = format!("{}/", stem.to_ascii_lowercase());
            let mut members = self.keys.with_prefix(&stem);
            members.find(|index| is_template(self.keys.get(*index)))
        };
        self.keys.find(name).or_else(family).map(|index| ConditionKey { catalog: self, index })
    }

    /// All condition keys any service lists, in the order of lower-case names.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey<'_>> {
        (0..self.keys.len() as u32).map(|index| ConditionKey { catalog: self, index })
    }

    /// Actions, services and condition keys whose names are near to `text`, best first.
    pub fn search(&self, text: &str, limit: usize) -> Vec<Match> {
        let mut search = Search::new(text);
        for (names, kind) in
            [(&self.actions, "action"), (&self.services, "service"), (&self.keys, "condition key")]
        {
            for index in 0..names.len() as u32 {
                search.offer(names.get(index), names.folded(index), kind);
            }
        }
        search.best(limit)
    }

    /// The facts in plain form, for rebuilding a catalog on top of this one.
    pub fn to_source(&self) -> AwsSource {
        let mut source = AwsSource {
            sources: self.info.sources.clone(),
            date: self.info.date.clone(),
            ..AwsSource::default()
        };
        for service in self.services() {
            if service.supports_rcp() {
                source.rcp_services.insert(service.name().to_owned());
            }
            let plain = ServiceSource {
                actions: service
                    .actions()
                    .map(|action| (action.local_name().to_owned(), action.to_source()))
                    .collect(),
                resources: service
                    .resource_types()
                    .map(|kind| (kind.name().to_owned(), kind.to_source()))
                    .collect(),
                keys: service
                    .condition_keys()
                    .map(|(key, kind)| (key.name().to_owned(), kind.to_owned()))
                    .collect(),
            };
            if plain != ServiceSource::default() {
                source.services.insert(service.name().to_owned(), plain);
            }
        }
        source
    }
}

#[cfg(test)]
mod tests;
