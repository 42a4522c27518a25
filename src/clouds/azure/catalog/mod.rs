//! What Azure documents about itself: built-in roles with their permission blocks, and the
//! operations of its resource providers as far as they are known.
//!
//! The list of operations is a lower bound, not the full provider list: an operation that is not in
//! it may exist. Azure compares operation names without case; some do not end in `read`, `write`,
//! `delete` or `action`, so nothing is derived from the ending.

mod describe;
mod operations;
mod read;
mod source;

pub use describe::{describe, search};
pub use operations::{
    AzureOperations, Operation, OperationsSource, decode as decode_operations, encode as encode_operations,
};
pub use read::{read_operation_facts, read_operations, read_role_facts, read_roles};
pub use source::{AzureSource, BlockSource, RoleSource, decode, encode};

use crate::clouds::catalog::{CatalogError, Lists, Match, Names, PartInfo, Search, Slot, Strings, glob};

/// The name of the catalog of built-in roles.
pub const ID: &str = "azure-roles";
/// The name of the catalog of operations.
pub const OPERATIONS_ID: &str = "azure-operations";

static ROLES: Slot<AzureCatalog> =
    Slot::new(ID, include_bytes!("../../../../policies/azure-roles.bin.zst"), source::decode_parts);
static OPERATIONS: Slot<AzureOperations> = Slot::new(
    OPERATIONS_ID,
    include_bytes!("../../../../policies/azure-operations.bin.zst"),
    operations::decode_parts,
);

/// The built-in roles in use, or why they cannot be read. Decoded on the first call.
pub fn load() -> Result<&'static AzureCatalog, CatalogError> {
    ROLES.get()
}

/// The built-in roles in use; none when they cannot be read ([`load`] says why).
pub fn current() -> &'static AzureCatalog {
    ROLES.get_or_empty()
}

/// Uses `bytes` in place of the shipped roles; an error when they are damaged or the catalog is
/// already in use.
pub fn install(bytes: &[u8]) -> Result<(), CatalogError> {
    ROLES.install(bytes)
}

/// The operations in use, or why they cannot be read. Decoded on the first call.
pub fn load_operations() -> Result<&'static AzureOperations, CatalogError> {
    OPERATIONS.get()
}

/// The operations in use; none when they cannot be read ([`load_operations`] says why).
pub fn operations() -> &'static AzureOperations {
    OPERATIONS.get_or_empty()
}

/// Uses `bytes` in place of the shipped operations; an error as for [`install`].
pub fn install_operations(bytes: &[u8]) -> Result<(), CatalogError> {
    OPERATIONS.install(bytes)
}

/// Which of Azure's two planes an operation belongs to
/// (<https://learn.microsoft.com/azure/role-based-access-control/role-definitions#control-and-data-actions>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plane {
    /// Management of resources: `actions`, `notActions`.
    Control,
    /// Data inside resources: `dataActions`, `notDataActions`.
    Data,
}

/// The built-in roles of Azure.
#[derive(Clone, Debug, Default)]
pub struct AzureCatalog {
    info: PartInfo,
    names: Names,
    ids: Vec<[u8; 16]>,
    by_id: Vec<([u8; 16], u32)>,
    patterns: Names,
    lists: Lists,
    conditions: Strings,
    blocks: Vec<BlockRecord>,
    block_ends: Vec<u32>,
}

/// One permission block: four pattern lists, and condition and version as index plus one, 0 if none.
#[derive(Clone, Copy, Debug, Default)]
struct BlockRecord {
    lists: [u32; 4],
    condition: u32,
    version: u32,
}

impl AzureCatalog {
    /// Sources, date and size of the catalog's file.
    pub fn info(&self) -> &PartInfo {
        &self.info
    }

    /// How many of what the catalog holds.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![
            ("built-in roles", self.names.len()),
            ("permission blocks", self.blocks.len()),
            ("operation patterns", self.patterns.len()),
        ]
    }

    /// The role with this GUID, name (ignoring case) or role definition id
    /// (`/subscriptions/../roleDefinitions/<guid>`).
    pub fn role(&self, guid_or_name: &str) -> Option<Role<'_>> {
        let last = guid_or_name.rsplit('/').next().unwrap_or(guid_or_name);
        let by_id = |guid: [u8; 16]| {
            let at = self.by_id.binary_search_by(|(known, _)| known.cmp(&guid)).ok()?;
            self.by_id.get(at).map(|(_, index)| *index)
        };
        let index = match parse_guid(last) {
            Some(guid) => by_id(guid),
            None => self.names.find(guid_or_name),
        };
        index.map(|index| Role { catalog: self, index })
    }

    /// All roles in the order of lower-case names.
    pub fn roles(&self) -> impl Iterator<Item = Role<'_>> {
        (0..self.names.len() as u32).map(|index| Role { catalog: self, index })
    }

    /// Roles whose names are near to `text`, best first.
    pub fn search(&self, text: &str, limit: usize) -> Vec<Match> {
        let mut search = Search::new(text);
        for index in 0..self.names.len() as u32 {
            search.offer(self.names.get(index), self.names.folded(index), "role");
        }
        search.best(limit)
    }

    /// The facts in plain form, for rebuilding a catalog on top of this one.
    pub fn to_source(&self) -> AzureSource {
        AzureSource {
            sources: self.info.sources.clone(),
            date: self.info.date.clone(),
            roles: self.roles().map(|role| (role.guid(), role.to_source())).collect(),
        }
    }
}

/// One built-in role.
#[derive(Clone, Copy, Debug)]
pub struct Role<'a> {
    catalog: &'a AzureCatalog,
    index: u32,
}

impl<'a> Role<'a> {
    /// Its place in the order of lower-case names; stable within one catalog.
    pub fn index(self) -> u32 {
        self.index
    }

    /// Its name: `Storage Blob Data Reader`.
    pub fn name(self) -> &'a str {
        self.catalog.names.get(self.index)
    }

    /// Its GUID in lower case with hyphens.
    pub fn guid(self) -> String {
        format_guid(self.catalog.ids.get(self.index as usize).copied().unwrap_or_default())
    }

    /// Its permission blocks. Blocks add up; `notActions` subtract within their own block only.
    pub fn blocks(self) -> impl Iterator<Item = Block<'a>> {
        let ends = &self.catalog.block_ends;
        let end = ends.get(self.index as usize).copied().unwrap_or_default();
        let start = self.index.checked_sub(1).and_then(|before| ends.get(before as usize).copied());
        let catalog = self.catalog;
        let records =
            catalog.blocks.get(start.unwrap_or_default() as usize..end as usize).unwrap_or_default();
        records.iter().map(move |record| Block { catalog, record })
    }

    /// Whether a block names the operation and does not subtract it, conditions aside.
    pub fn allows(self, operation: &str, plane: Plane) -> bool {
        let folded = operation.to_ascii_lowercase();
        let any =
            |mut patterns: Patterns<'_>| patterns.any(|pattern| glob(&pattern.to_ascii_lowercase(), &folded));
        self.blocks().any(|block| any(block.allowed(plane)) && !any(block.subtracted(plane)))
    }

    /// The facts in plain form.
    fn to_source(self) -> RoleSource {
        let all = |patterns: Patterns<'_>| patterns.map(str::to_owned).collect();
        let block = |block: Block<'_>| BlockSource {
            actions: all(block.allowed(Plane::Control)),
            not_actions: all(block.subtracted(Plane::Control)),
            data_actions: all(block.allowed(Plane::Data)),
            not_data_actions: all(block.subtracted(Plane::Data)),
            condition: block.condition().map(str::to_owned),
            condition_version: block.condition_version().map(str::to_owned),
        };
        RoleSource { name: self.name().to_owned(), blocks: self.blocks().map(block).collect() }
    }
}

/// Operation patterns of a permission block, in the order of their lower-case form.
#[derive(Clone, Debug)]
pub struct Patterns<'a> {
    catalog: &'a AzureCatalog,
    rest: std::slice::Iter<'a, u32>,
}

impl<'a> Iterator for Patterns<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.rest.next().map(|index| self.catalog.patterns.get(*index))
    }
}

/// One permission block of a role.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    catalog: &'a AzureCatalog,
    record: &'a BlockRecord,
}

impl<'a> Block<'a> {
    /// `actions` or `dataActions`.
    pub fn allowed(self, plane: Plane) -> Patterns<'a> {
        let [actions, _, data, _] = self.record.lists;
        self.patterns(if plane == Plane::Control { actions } else { data })
    }

    /// `notActions` or `notDataActions`.
    pub fn subtracted(self, plane: Plane) -> Patterns<'a> {
        let [_, not_actions, _, not_data] = self.record.lists;
        self.patterns(if plane == Plane::Control { not_actions } else { not_data })
    }

    /// The condition under which the block applies, in Azure's condition language.
    pub fn condition(self) -> Option<&'a str> {
        self.record.condition.checked_sub(1).map(|index| self.catalog.conditions.get(index))
    }

    /// The version of the condition language: `2.0`.
    pub fn condition_version(self) -> Option<&'a str> {
        self.record.version.checked_sub(1).map(|index| self.catalog.conditions.get(index))
    }

    /// The patterns of a list.
    fn patterns(self, list: u32) -> Patterns<'a> {
        Patterns { catalog: self.catalog, rest: self.catalog.lists.get(list).iter() }
    }
}

/// The sixteen bytes of a GUID written as `8-4-4-4-12` hexadecimal digits, in that order.
fn parse_guid(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<&str> = text.split('-').collect();
    if !groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) {
        return None;
    }
    let value = u128::from_str_radix(&groups.concat(), 16).ok()?;
    text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()).then(|| value.to_be_bytes())
}

/// A GUID in lower case with hyphens.
fn format_guid(bytes: [u8; 16]) -> String {
    let value = u128::from_be_bytes(bytes);
    let part = |shift: u32, digits: u32| (value >> shift) & ((1 << (digits * 4)) - 1);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 8),
        part(80, 4),
        part(64, 4),
        part(48, 4),
        part(0, 12)
    )
}

#[cfg(test)]
mod tests;
