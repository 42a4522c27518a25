//! The facts of the catalog of built-in roles in plain form, and the compact file they become.

use super::{AzureCatalog, BlockRecord, ID, parse_guid};
use crate::clouds::catalog::{
    Builder, CatalogError, Container, Cursor, Damage, ListPool, Lists, Names, Strings, Writer, whole,
};
use std::collections::{BTreeMap, BTreeSet};

/// The facts of the catalog of built-in roles before encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AzureSource {
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// The date of the newest source, `YYYY-MM-DD`.
    pub date: String,
    /// Roles by GUID, in lower case with hyphens.
    pub roles: BTreeMap<String, RoleSource>,
}

/// One built-in role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSource {
    /// Its name.
    pub name: String,
    /// Its permission blocks, in the source's order.
    pub blocks: Vec<BlockSource>,
}

/// One permission block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlockSource {
    /// `actions`.
    pub actions: BTreeSet<String>,
    /// `notActions`.
    pub not_actions: BTreeSet<String>,
    /// `dataActions`.
    pub data_actions: BTreeSet<String>,
    /// `notDataActions`.
    pub not_data_actions: BTreeSet<String>,
    /// The condition under which the block applies.
    pub condition: Option<String>,
    /// The version of the condition language.
    pub condition_version: Option<String>,
}

impl BlockSource {
    /// The four pattern lists in the order they are stored.
    fn lists(&self) -> [&BTreeSet<String>; 4] {
        [&self.actions, &self.not_actions, &self.data_actions, &self.not_data_actions]
    }
}

/// Encodes the catalog; the same source gives the same bytes. Roles whose key is not a GUID are left
/// out. An error means the compressor failed.
pub fn encode(source: &AzureSource) -> Result<Vec<u8>, CatalogError> {
    let mut roles: Vec<([u8; 16], &RoleSource)> =
        source.roles.iter().filter_map(|(guid, role)| Some((parse_guid(guid)?, role))).collect();
    let order = |name: &str| (name.to_ascii_lowercase(), name.to_owned());
    roles.sort_by_cached_key(|(guid, role)| (order(&role.name), *guid));
    let blocks = || roles.iter().flat_map(|(_, role)| &role.blocks);
    let patterns = Names::plan(blocks().flat_map(|block| block.lists()).flatten().map(String::as_str));
    let conditions: BTreeSet<&str> = blocks()
        .flat_map(|block| [&block.condition, &block.condition_version])
        .flatten()
        .map(String::as_str)
        .collect();
    let mut file = Builder::new(ID, &source.sources, &source.date);
    file.section(|writer| Strings::write(writer, roles.iter().map(|(_, role)| role.name.as_str())));
    file.section(|writer| roles.iter().for_each(|(guid, _)| writer.raw(guid)));
    file.section(|writer| Strings::write(writer, patterns.iter().copied()));
    file.section(|writer| Strings::write(writer, conditions.iter().copied()));
    file.section(|writer| write_blocks(writer, &roles, &patterns, &conditions));
    file.finish()
}

/// Pattern lists, then the number of blocks of each role and each block's references.
fn write_blocks(
    writer: &mut Writer,
    roles: &[([u8; 16], &RoleSource)],
    patterns: &[&str],
    conditions: &BTreeSet<&str>,
) {
    let index: BTreeMap<&str, u32> = patterns.iter().copied().zip(0u32..).collect();
    let texts: BTreeMap<&str, usize> = conditions.iter().copied().zip(1usize..).collect();
    let (mut pool, mut records) = (ListPool::default(), Writer::default());
    for (_, role) in roles {
        records.number(role.blocks.len());
        for block in &role.blocks {
            for list in block.lists() {
                let members = list.iter().filter_map(|pattern| index.get(pattern.as_str()).copied());
                records.number(pool.add(members.collect()));
            }
            for text in [&block.condition, &block.condition_version] {
                let number = text.as_deref().and_then(|text| texts.get(text).copied());
                records.number(number.unwrap_or_default());
            }
        }
    }
    pool.write(writer);
    writer.raw(&records.finish());
}

/// Decodes what [`encode`] wrote; damaged bytes are an error that says what is wrong.
pub fn decode(bytes: &[u8]) -> Result<AzureCatalog, CatalogError> {
    decode_parts(bytes).map_err(|damage| CatalogError::damaged(ID, damage))
}

/// The decoder without the part's name in its errors.
pub(super) fn decode_parts(bytes: &[u8]) -> Result<AzureCatalog, Damage> {
    let file = Container::open(ID, bytes)?;
    let mut catalog = AzureCatalog { info: file.info.clone(), ..AzureCatalog::default() };
    catalog.names = whole(file.section(0)?, Names::read)?;
    let ids = whole(file.section(1)?, |cursor| cursor.bytes(catalog.names.len() * 16))?;
    catalog.ids = ids.as_chunks::<16>().0.to_vec();
    catalog.by_id = catalog.ids.iter().copied().zip(0u32..).collect();
    catalog.by_id.sort_unstable();
    catalog.patterns = whole(file.section(2)?, Names::read)?;
    catalog.conditions = whole(file.section(3)?, Strings::read)?;
    whole(file.section(4)?, |cursor| read_blocks(cursor, &mut catalog))?;
    Ok(catalog)
}

/// Reads what [`write_blocks`] wrote.
fn read_blocks(cursor: &mut Cursor<'_>, catalog: &mut AzureCatalog) -> Result<(), Damage> {
    catalog.lists = Lists::read(cursor, catalog.patterns.len())?;
    let texts = catalog.conditions.len();
    for _ in 0..catalog.names.len() {
        for _ in 0..cursor.count()? {
            let lists = cursor.column(4, catalog.lists.len())?;
            let lists = <[u32; 4]>::try_from(lists).map_err(|_| Damage("a block is incomplete"))?;
            let (condition, version) = (cursor.number()?, cursor.number()?);
            if condition as usize > texts || version as usize > texts {
                return Err(Damage("a reference points outside its table"));
            }
            catalog.blocks.push(BlockRecord { lists, condition, version });
        }
        let end = u32::try_from(catalog.blocks.len()).map_err(|_| Damage("it has too many blocks"))?;
        catalog.block_ends.push(end);
    }
    Ok(())
}
