//! What Google Cloud documents about itself: predefined roles and the permissions they hold.
//!
//! Permissions and roles have stable indices in the order of their lower-case names. A permission
//! that is in no predefined role is not known here. What a binding means is not in here.

mod describe;
mod read;
mod set;
mod source;

pub use describe::{describe, search};
pub use read::{read_facts, read_roles};
pub use set::PermissionSet;
pub use source::{GcpSource, RoleSource, decode, encode};

use crate::clouds::catalog::{CatalogError, Match, Names, PartInfo, Runs, Search, Slot, Strings};
use std::ops::Range;

/// The name of the catalog of roles.
pub const ID: &str = "gcp-roles";

static ROLES: Slot<GcpCatalog> =
    Slot::new(ID, include_bytes!("../../../../policies/gcp-roles.bin.zst"), source::decode_parts);

/// The roles in use, or why they cannot be read. Decoded on the first call.
pub fn load() -> Result<&'static GcpCatalog, CatalogError> {
    ROLES.get()
}

/// The roles in use; none when they cannot be read ([`load`] says why).
pub fn current() -> &'static GcpCatalog {
    ROLES.get_or_empty()
}

/// Uses `bytes` in place of the shipped catalog; an error when they are damaged or the catalog is
/// already in use.
pub fn install(bytes: &[u8]) -> Result<(), CatalogError> {
    ROLES.install(bytes)
}

/// The place of a permission in the order of lower-case names; stable within one catalog.
pub type PermissionIndex = u32;
/// The place of a role in the order of lower-case names; stable within one catalog.
pub type RoleIndex = u32;

/// How far a role has come
/// (<https://cloud.google.com/iam/docs/reference/rest/v1/organizations.roles#RoleLaunchStage>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Generally available.
    Ga,
    /// Beta.
    Beta,
    /// Alpha: may change without notice.
    Alpha,
    /// Early access.
    Eap,
    /// On its way out.
    Deprecated,
    /// Exists, grants nothing.
    Disabled,
    /// The source does not say.
    #[default]
    Unknown,
}

/// The bit beside a stage's code that says [`Role::is_gone`].
const GONE: u8 = 0x80;

impl Stage {
    /// All stages.
    pub const ALL: [Stage; 7] = [
        Stage::Ga,
        Stage::Beta,
        Stage::Alpha,
        Stage::Eap,
        Stage::Deprecated,
        Stage::Disabled,
        Stage::Unknown,
    ];

    /// Google's word for the stage.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Ga => "GA",
            Stage::Beta => "BETA",
            Stage::Alpha => "ALPHA",
            Stage::Eap => "EAP",
            Stage::Deprecated => "DEPRECATED",
            Stage::Disabled => "DISABLED",
            Stage::Unknown => "UNKNOWN",
        }
    }

    /// The stage with this name, [`Stage::Unknown`] for any other text.
    pub fn from_name(name: &str) -> Stage {
        let found = Stage::ALL.into_iter().find(|stage| stage.name().eq_ignore_ascii_case(name));
        found.unwrap_or_default()
    }
}

/// Predefined roles and permissions of Google Cloud.
#[derive(Clone, Debug, Default)]
pub struct GcpCatalog {
    info: PartInfo,
    permissions: Names,
    roles: Names,
    titles: Strings,
    stages: Vec<u8>,
    sets: Runs,
}

impl GcpCatalog {
    /// Sources, date and size of the catalog's file.
    pub fn info(&self) -> &PartInfo {
        &self.info
    }

    /// How many of what the catalog holds.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![("roles", self.roles.len()), ("permissions", self.permissions.len())]
    }

    /// How many permissions there are; indices are below this.
    pub fn permission_count(&self) -> u32 {
        self.permissions.len() as u32
    }

    /// How many roles there are; indices are below this.
    pub fn role_count(&self) -> u32 {
        self.roles.len() as u32
    }

    /// The index of a permission (`storage.objects.get`), ignoring case.
    pub fn permission(&self, name: &str) -> Option<PermissionIndex> {
        self.permissions.find(name)
    }

    /// The name of the permission at `index` in Google's spelling, empty when there is none.
    pub fn permission_name(&self, index: PermissionIndex) -> &str {
        self.permissions.get(index)
    }

    /// All permissions in the order of lower-case names.
    pub fn permissions(&self) -> impl Iterator<Item = &str> {
        self.permissions.iter()
    }

    /// The indices of all permissions whose lower-case name begins with `prefix`, given in lower
    /// case: `storage.objects.`.
    pub fn with_prefix(&self, prefix: &str) -> Range<PermissionIndex> {
        self.permissions.with_prefix(prefix)
    }

    /// The predefined role with this name, with or without `roles/`, ignoring case.
    pub fn role(&self, name: &str) -> Option<Role<'_>> {
        let name = name.strip_prefix("roles/").unwrap_or(name);
        self.roles.find(name).map(|index| Role { catalog: self, index })
    }

    /// The role at `index`.
    pub fn role_at(&self, index: RoleIndex) -> Option<Role<'_>> {
        (index < self.role_count()).then_some(Role { catalog: self, index })
    }

    /// All roles in the order of lower-case names.
    pub fn roles(&self) -> impl Iterator<Item = Role<'_>> {
        (0..self.role_count()).map(|index| Role { catalog: self, index })
    }

    /// Whether a role holds a permission.
    pub fn role_contains(&self, role: RoleIndex, permission: PermissionIndex) -> bool {
        self.sets.contains(role, permission)
    }

    /// The roles that hold a permission, ascending.
    pub fn roles_with(&self, permission: PermissionIndex) -> impl Iterator<Item = Role<'_>> {
        self.roles().filter(move |role| self.role_contains(role.index, permission))
    }

    /// An empty set of this catalog's permissions.
    pub fn empty_set(&self) -> PermissionSet {
        PermissionSet::new(self.permission_count())
    }

    /// Roles and permissions whose names are near to `text`, best first.
    pub fn search(&self, text: &str, limit: usize) -> Vec<Match> {
        let mut search = Search::new(text.strip_prefix("roles/").unwrap_or(text));
        for index in 0..self.role_count() {
            search.offer(&format!("roles/{}", self.roles.get(index)), self.roles.folded(index), "role");
        }
        for index in 0..self.permission_count() {
            search.offer(self.permissions.get(index), self.permissions.folded(index), "permission");
        }
        search.best(limit)
    }

    /// The facts in plain form, for rebuilding a catalog on top of this one.
    pub fn to_source(&self) -> GcpSource {
        let plain = |role: Role<'_>| RoleSource {
            title: role.title().to_owned(),
            stage: role.stage(),
            gone: role.is_gone(),
            permissions: role.permissions().map(|index| self.permission_name(index).to_owned()).collect(),
        };
        GcpSource {
            sources: self.info.sources.clone(),
            date: self.info.date.clone(),
            permissions: self.permissions().map(str::to_owned).collect(),
            roles: self.roles().map(|role| (role.short_name().to_owned(), plain(role))).collect(),
        }
    }
}

/// One predefined role.
#[derive(Clone, Copy, Debug)]
pub struct Role<'a> {
    catalog: &'a GcpCatalog,
    index: RoleIndex,
}

impl<'a> Role<'a> {
    /// Its place in the catalog.
    pub fn index(self) -> RoleIndex {
        self.index
    }

    /// Its name as bindings write it: `roles/storage.objectCreator`.
    pub fn name(self) -> String {
        format!("roles/{}", self.short_name())
    }

    /// Its name without `roles/`: `storage.objectCreator`.
    pub fn short_name(self) -> &'a str {
        self.catalog.roles.get(self.index)
    }

    /// The service in its name: `storage`, empty for `owner` and its like.
    pub fn service(self) -> &'a str {
        self.short_name().split_once('.').map_or("", |(service, _)| service)
    }

    /// Its title, empty when the source has none.
    pub fn title(self) -> &'a str {
        self.catalog.titles.get(self.index)
    }

    /// How far it has come.
    pub fn stage(self) -> Stage {
        let code = self.catalog.stages.get(self.index as usize).copied().unwrap_or_default();
        Stage::ALL.get((code & !GONE) as usize).copied().unwrap_or_default()
    }

    /// Whether the provider no longer listed it when the source was made. Bindings to it may still
    /// exist; it is nothing to recommend.
    pub fn is_gone(self) -> bool {
        self.catalog.stages.get(self.index as usize).is_some_and(|code| code & GONE != 0)
    }

    /// Whether it is one of the three basic roles `owner`, `editor`, `viewer`
    /// (<https://cloud.google.com/iam/docs/roles-overview#basic>).
    pub fn is_basic(self) -> bool {
        matches!(self.short_name(), "owner" | "editor" | "viewer")
    }

    /// Whether its name says that it is made for a service agent and not for people or workloads
    /// (<https://cloud.google.com/iam/docs/service-agents>).
    pub fn is_service_agent(self) -> bool {
        self.short_name().to_ascii_lowercase().contains("serviceagent")
    }

    /// Whether its name says that it stands for an older permission system, as
    /// `storage.legacyBucketOwner` for bucket ACLs
    /// (<https://cloud.google.com/storage/docs/access-control/iam-roles#legacy-roles>).
    pub fn is_legacy(self) -> bool {
        self.short_name().split('.').any(|word| word.starts_with("legacy"))
    }

    /// How many permissions it holds.
    pub fn len(self) -> usize {
        self.catalog.sets.get(self.index).iter().map(|(start, end)| (end - start) as usize).sum()
    }

    /// Whether it holds no permission.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The indices of its permissions, ascending.
    pub fn permissions(self) -> impl Iterator<Item = PermissionIndex> + 'a {
        self.catalog.sets.members(self.index)
    }

    /// Its permissions as a set.
    pub fn permission_set(self) -> PermissionSet {
        let mut set = self.catalog.empty_set();
        for permission in self.permissions() {
            set.insert(permission);
        }
        set
    }

    /// Whether it holds a permission.
    pub fn contains(self, permission: PermissionIndex) -> bool {
        self.catalog.role_contains(self.index, permission)
    }
}

#[cfg(test)]
mod tests;
