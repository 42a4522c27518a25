//! Lookup of AWS managed policies. Documents are unfolded only when somebody asks for one.

use super::MANAGED_ID;
use super::managed_source::{ManagedPolicySource, ManagedSource};
use crate::clouds::catalog::{CatalogError, Damage, Match, Names, PartInfo, Search, Strings, decompress};
use std::ops::Range;
use std::sync::OnceLock;

/// The AWS managed policies, each in its default version.
#[derive(Debug, Default)]
pub struct ManagedCatalog {
    pub(super) info: PartInfo,
    pub(super) names: Names,
    pub(super) paths: (Strings, Vec<u32>),
    pub(super) versions: (Strings, Vec<u32>),
    pub(super) dates: (Strings, Vec<u32>),
    pub(super) deprecated: Vec<bool>,
    pub(super) documents: Vec<(u32, Range<u32>)>,
    pub(super) chunks: Vec<Chunk>,
}

/// Some documents in a row, packed until the first is asked for.
#[derive(Debug)]
pub(super) struct Chunk {
    packed: Vec<u8>,
    unfolded: OnceLock<Result<String, Damage>>,
}

impl Chunk {
    /// A chunk from its compressed bytes.
    pub(super) fn new(packed: Vec<u8>) -> Chunk {
        Chunk { packed, unfolded: OnceLock::new() }
    }

    /// The documents, one after the other.
    fn text(&self) -> Result<&str, Damage> {
        let unfold =
            || String::from_utf8(decompress(&self.packed)?).map_err(|_| Damage("a text is not UTF-8"));
        self.unfolded.get_or_init(unfold).as_deref().map_err(|damage| *damage)
    }
}

impl ManagedCatalog {
    /// Sources, date and size of the catalog's file.
    pub fn info(&self) -> &PartInfo {
        &self.info
    }

    /// How many of what the catalog holds.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        vec![("managed policies", self.names.len())]
    }

    /// The policy with this ARN (in any partition; documents are those of the `aws` partition) or
    /// with this name (ignoring case).
    pub fn find(&self, arn_or_name: &str) -> Option<ManagedPolicy<'_>> {
        let Some(rest) = arn_or_name.strip_prefix("arn:") else {
            return self.names.find(arn_or_name).map(|index| ManagedPolicy { catalog: self, index });
        };
        let (partition, rest) = rest.split_once(':')?;
        let path_and_name = rest.strip_prefix("iam::aws:policy")?;
        let (_, name) = path_and_name.rsplit_once('/')?;
        let found = ManagedPolicy { catalog: self, index: self.names.find(name)? };
        let same = path_and_name.strip_prefix(found.path()) == Some(name) && found.name() == name;
        (same && !partition.is_empty()).then_some(found)
    }

    /// All policies in the order of lower-case names.
    pub fn policies(&self) -> impl Iterator<Item = ManagedPolicy<'_>> {
        (0..self.names.len() as u32).map(|index| ManagedPolicy { catalog: self, index })
    }

    /// Policies whose names are near to `text` (a name or an ARN), best first.
    pub fn search(&self, text: &str, limit: usize) -> Vec<Match> {
        let name = if text.starts_with("arn:") { text.rsplit('/').next().unwrap_or(text) } else { text };
        let mut search = Search::new(name);
        for index in 0..self.names.len() as u32 {
            search.offer(self.names.get(index), self.names.folded(index), "managed policy");
        }
        search.best(limit)
    }

    /// The facts in plain form; unfolds every document.
    pub fn to_source(&self) -> Result<ManagedSource, CatalogError> {
        let mut source = ManagedSource {
            sources: self.info.sources.clone(),
            date: self.info.date.clone(),
            ..ManagedSource::default()
        };
        for policy in self.policies() {
            let plain = ManagedPolicySource {
                path: policy.path().to_owned(),
                version: policy.version().to_owned(),
                updated: policy.updated().to_owned(),
                deprecated: policy.is_deprecated(),
                document: policy.document()?.to_owned(),
            };
            source.policies.insert(policy.name().to_owned(), plain);
        }
        Ok(source)
    }
}

/// One managed policy.
#[derive(Clone, Copy, Debug)]
pub struct ManagedPolicy<'a> {
    catalog: &'a ManagedCatalog,
    index: u32,
}

impl<'a> ManagedPolicy<'a> {
    /// Its name: `ReadOnlyAccess`.
    pub fn name(self) -> &'a str {
        self.catalog.names.get(self.index)
    }

    /// The path in its ARN, with slashes at both ends: `/`, `/service-role/`.
    pub fn path(self) -> &'a str {
        repeating(&self.catalog.paths, self.index)
    }

    /// Its ARN in the partition `aws`.
    pub fn arn(self) -> String {
        format!("arn:aws:iam::aws:policy{}{}", self.path(), self.name())
    }

    /// Its default version: `v11`.
    pub fn version(self) -> &'a str {
        repeating(&self.catalog.versions, self.index)
    }

    /// When that version was published, `YYYY-MM-DD`.
    pub fn updated(self) -> &'a str {
        repeating(&self.catalog.dates, self.index)
    }

    /// Whether AWS no longer offers it for new attachments.
    pub fn is_deprecated(self) -> bool {
        self.catalog.deprecated.get(self.index as usize).copied().unwrap_or_default()
    }

    /// The policy document as JSON text without white space. An error means the catalog is damaged.
    pub fn document(self) -> Result<&'a str, CatalogError> {
        let damaged = |damage| CatalogError::damaged(MANAGED_ID, damage);
        let missing = || damaged(Damage("a document is missing"));
        let (chunk, range) = self.catalog.documents.get(self.index as usize).ok_or_else(missing)?;
        let chunk = self.catalog.chunks.get(*chunk as usize).ok_or_else(missing)?;
        let text = chunk.text().map_err(damaged)?;
        text.get(range.start as usize..range.end as usize).ok_or_else(missing)
    }
}

/// The text a record has in a column of repeating texts.
fn repeating((texts, column): &(Strings, Vec<u32>), index: u32) -> &str {
    column.get(index as usize).map_or("", |text| texts.get(*text))
}
