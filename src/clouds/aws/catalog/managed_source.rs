//! The facts of the catalog of managed policies in plain form, and the file they become.
//!
//! Documents stay JSON text, because the policy loader reads them like any other policy. They are
//! packed in chunks that are unfolded on demand. Large chunks: documents repeat each other so much
//! that small ones cost half as much again in size, and unfolding two megabytes takes a millisecond.

use super::{MANAGED_ID, ManagedCatalog};
use crate::clouds::catalog::{
    Builder, CatalogError, Container, Cursor, Damage, Names, Strings, Writer, whole,
};
use std::collections::BTreeMap;

/// A chunk is closed when it holds this many bytes of documents.
const CHUNK: usize = 2 << 20;

/// The facts of the catalog of managed policies before encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedSource {
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// The date of the newest source, `YYYY-MM-DD`.
    pub date: String,
    /// Policies by name.
    pub policies: BTreeMap<String, ManagedPolicySource>,
}

/// One managed policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedPolicySource {
    /// The path in its ARN, with slashes at both ends: `/service-role/`.
    pub path: String,
    /// The default version: `v11`.
    pub version: String,
    /// When that version was published, `YYYY-MM-DD`.
    pub updated: String,
    /// Whether AWS no longer offers it for new attachments.
    pub deprecated: bool,
    /// The document as JSON text.
    pub document: String,
}

/// Encodes the catalog; the same source gives the same bytes. An error means the compressor failed.
pub fn encode(source: &ManagedSource) -> Result<Vec<u8>, CatalogError> {
    let names = Names::plan(source.policies.keys().map(String::as_str));
    let policies: Vec<&ManagedPolicySource> =
        names.iter().filter_map(|name| source.policies.get(*name)).collect();
    let mut file = Builder::new(MANAGED_ID, &source.sources, &source.date);
    file.section(|writer| Strings::write(writer, names.iter().copied()));
    let columns: [fn(&ManagedPolicySource) -> &str; 3] =
        [|policy| &policy.path, |policy| &policy.version, |policy| &policy.updated];
    for column in columns {
        let values: Vec<&str> = policies.iter().map(|policy| column(policy)).collect();
        file.section(|writer| write_repeating(writer, &values));
    }
    let mut chunks = vec![String::new()];
    file.section(|writer| {
        for policy in &policies {
            writer.byte(u8::from(policy.deprecated));
            let begin = chunks.last().is_none_or(|chunk| chunk.len() >= CHUNK);
            if begin {
                chunks.push(String::new());
            }
            writer.byte(u8::from(begin));
            writer.number(policy.document.len());
            if let Some(chunk) = chunks.last_mut() {
                chunk.push_str(&policy.document);
            }
        }
    });
    for chunk in chunks {
        file.chunk(chunk.into_bytes());
    }
    file.finish()
}

/// Decodes what [`encode`] wrote; damaged bytes are an error that says what is wrong.
pub fn decode(bytes: &[u8]) -> Result<ManagedCatalog, CatalogError> {
    decode_parts(bytes).map_err(|damage| CatalogError::damaged(MANAGED_ID, damage))
}

/// The decoder without the part's name in its errors.
pub(super) fn decode_parts(bytes: &[u8]) -> Result<ManagedCatalog, Damage> {
    let file = Container::open(MANAGED_ID, bytes)?;
    let mut catalog = ManagedCatalog { info: file.info.clone(), ..ManagedCatalog::default() };
    catalog.names = whole(file.section(0)?, Names::read)?;
    let count = catalog.names.len();
    catalog.paths = whole(file.section(1)?, |cursor| read_repeating(cursor, count))?;
    catalog.versions = whole(file.section(2)?, |cursor| read_repeating(cursor, count))?;
    catalog.dates = whole(file.section(3)?, |cursor| read_repeating(cursor, count))?;
    whole(file.section(4)?, |cursor| {
        let (mut chunk, mut start) = (0u32, 0u32);
        for _ in 0..count {
            catalog.deprecated.push(cursor.byte()? == 1);
            if cursor.byte()? == 1 {
                (chunk, start) = (chunk + 1, 0);
            }
            let len = cursor.number()?;
            let end = start.checked_add(len).ok_or(Damage("a document is too large"))?;
            catalog.documents.push((chunk, start..end));
            start = end;
        }
        Ok(())
    })?;
    catalog.chunks = file.into_chunks().into_iter().map(super::managed::Chunk::new).collect();
    Ok(catalog)
}

/// A column of texts of which many are equal: the distinct ones sorted, then one index each.
fn write_repeating(writer: &mut Writer, values: &[&str]) {
    let mut distinct = values.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    Strings::write(writer, distinct.iter().copied());
    for value in values {
        writer.number(distinct.binary_search(value).unwrap_or_default());
    }
}

/// Reads what [`write_repeating`] wrote.
fn read_repeating(cursor: &mut Cursor<'_>, count: usize) -> Result<(Strings, Vec<u32>), Damage> {
    let distinct = Strings::read(cursor)?;
    let column = cursor.column(count, distinct.len())?;
    Ok((distinct, column))
}
