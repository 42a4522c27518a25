//! The facts of the catalog of roles in plain form, and the compact file they become.

use super::{GONE, GcpCatalog, ID, Stage};
use crate::clouds::catalog::{Builder, CatalogError, Container, Damage, Names, Runs, Strings, whole};
use std::collections::{BTreeMap, BTreeSet};

/// The facts of the catalog of roles before encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GcpSource {
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// The date of the newest source, `YYYY-MM-DD`.
    pub date: String,
    /// Permissions that are known without any role holding them; those of roles are added.
    pub permissions: BTreeSet<String>,
    /// Roles by name without `roles/`.
    pub roles: BTreeMap<String, RoleSource>,
}

/// One predefined role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSource {
    /// Its title.
    pub title: String,
    /// How far it has come.
    pub stage: Stage,
    /// Whether the provider no longer listed it when the source was made.
    pub gone: bool,
    /// The names of its permissions.
    pub permissions: BTreeSet<String>,
}

/// Encodes the catalog; the same source gives the same bytes. An error means the compressor failed.
pub fn encode(source: &GcpSource) -> Result<Vec<u8>, CatalogError> {
    let held = source.roles.values().flat_map(|role| &role.permissions);
    let permissions = Names::plan(source.permissions.iter().chain(held).map(String::as_str));
    let index: BTreeMap<&str, u32> = permissions.iter().copied().zip(0u32..).collect();
    let names = Names::plan(source.roles.keys().map(String::as_str));
    let roles: Vec<&RoleSource> = names.iter().filter_map(|name| source.roles.get(*name)).collect();
    let members = |role: &&RoleSource| {
        let mut members: Vec<u32> =
            role.permissions.iter().filter_map(|name| index.get(name.as_str()).copied()).collect();
        members.sort_unstable();
        members
    };
    let sets: Vec<Vec<u32>> = roles.iter().map(members).collect();
    let mut file = Builder::new(ID, &source.sources, &source.date);
    file.section(|writer| Strings::write(writer, permissions.iter().copied()));
    file.section(|writer| Strings::write(writer, names.iter().copied()));
    file.section(|writer| Strings::write(writer, roles.iter().map(|role| role.title.as_str())));
    file.section(|writer| {
        for role in &roles {
            let code = Stage::ALL.iter().position(|stage| *stage == role.stage);
            let code = code.and_then(|code| u8::try_from(code).ok()).unwrap_or_default();
            writer.byte(if role.gone { code | GONE } else { code });
        }
    });
    file.section(|writer| Runs::write(writer, &sets));
    file.finish()
}

/// Decodes what [`encode`] wrote; damaged bytes are an error that says what is wrong.
pub fn decode(bytes: &[u8]) -> Result<GcpCatalog, CatalogError> {
    decode_parts(bytes).map_err(|damage| CatalogError::damaged(ID, damage))
}

/// The decoder without the part's name in its errors.
pub(super) fn decode_parts(bytes: &[u8]) -> Result<GcpCatalog, Damage> {
    let file = Container::open(ID, bytes)?;
    let permissions = whole(file.section(0)?, Names::read)?;
    let roles = whole(file.section(1)?, Names::read)?;
    let titles = whole(file.section(2)?, Strings::read)?;
    let stages = whole(file.section(3)?, |cursor| cursor.bytes(roles.len()))?;
    let sets = whole(file.section(4)?, |cursor| Runs::read(cursor, permissions.len()))?;
    if titles.len() != roles.len() || sets.len() != roles.len() {
        return Err(Damage("its columns differ in length"));
    }
    Ok(GcpCatalog { info: file.info.clone(), permissions, roles, titles, stages, sets })
}
