//! The file format of the catalogs, shared by all clouds: tables, sections, compression, lookup by
//! prefix, and the list of the parts that are shipped.
//!
//! A catalog holds facts of a provider (names, levels, patterns, permission lists), never its prose.
//! Files are small (`policies/`), embedded, and decoded on first use in milliseconds. What a part
//! means, and how it is built from a provider's export, is in `aws::catalog`, `gcp::catalog` and
//! `azure::catalog`; reading and writing files is not done here.

mod build;
mod bytes;
mod container;
mod glob;
mod json;
mod search;
mod slot;
mod tables;

pub use build::{BuiltPart, SourceKind, build, detect};
pub use container::PartInfo;
pub use search::Match;

pub(crate) use bytes::{Cursor, Writer, whole};
pub(crate) use container::{Builder, Container, decompress};
pub(crate) use glob::glob;
pub(crate) use json::{entries, list, newest_date, parse, source_names, text, texts};
pub(crate) use search::{Search, nearest, nearest_names};
pub(crate) use slot::Slot;
pub(crate) use tables::{ListPool, Lists, Names, Runs, Strings};

use super::{aws, azure, gcp};
use std::fmt;

/// A catalog that cannot be read, written or replaced; the text says which one, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogError {
    part: String,
    reason: String,
}

impl CatalogError {
    /// An error about the part `part`; `reason` goes on after its name.
    pub(crate) fn new(part: &str, reason: &str) -> CatalogError {
        CatalogError { part: part.to_owned(), reason: reason.to_owned() }
    }

    /// The part `part` cannot be decoded.
    pub(crate) fn damaged(part: &str, damage: Damage) -> CatalogError {
        let Damage(damage) = damage;
        let remedy = "rebuild it with `leastwise catalog build` or reinstall leastwise";
        CatalogError { part: part.to_owned(), reason: format!("cannot be read: {damage}; {remedy}") }
    }
}

impl fmt::Display for CatalogError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the catalog `{}` {}", self.part, self.reason)
    }
}

impl std::error::Error for CatalogError {}

/// What is wrong with the bytes of a catalog; the caller knows which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damage(pub(crate) &'static str);

/// A summary of one part of the catalogs, for `leastwise catalog` and for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogPart {
    /// The cloud: `aws`, `gcp` or `azure`.
    pub cloud: &'static str,
    /// The part, also the stem of its file name: `aws-actions`.
    pub id: &'static str,
    /// Where the facts come from, with version or date and licence.
    pub source: Vec<String>,
    /// The date of the newest source, `YYYY-MM-DD`, empty when unknown.
    pub date: String,
    /// How many of what it holds, in reading order.
    pub counts: Vec<(&'static str, usize)>,
    /// The size of the compressed file.
    pub bytes: usize,
    /// Why the part cannot be used, if it cannot.
    pub problem: Option<CatalogError>,
}

impl CatalogPart {
    /// The file name of the part in `policies/` and in a folder that `catalog build` wrote.
    pub fn file_name(&self) -> String {
        format!("{}.bin.zst", self.id)
    }
}

/// All parts in use, in a fixed order. Decodes every part (about ten milliseconds in a release
/// build).
pub fn parts() -> Vec<CatalogPart> {
    vec![
        part("aws", aws::catalog::ID, aws::catalog::load(), |catalog| (catalog.info(), catalog.counts())),
        part("aws", aws::catalog::MANAGED_ID, aws::catalog::load_managed(), |catalog| {
            (catalog.info(), catalog.counts())
        }),
        part("gcp", gcp::catalog::ID, gcp::catalog::load(), |catalog| (catalog.info(), catalog.counts())),
        part("azure", azure::catalog::ID, azure::catalog::load(), |catalog| {
            (catalog.info(), catalog.counts())
        }),
        part("azure", azure::catalog::OPERATIONS_ID, azure::catalog::load_operations(), |catalog| {
            (catalog.info(), catalog.counts())
        }),
    ]
}

/// A label and its values, as [`describe`] gives them.
pub type Row = (String, Vec<String>);

/// What every cloud's catalogs know about `name`, with the cloud's id; empty when none knows it.
pub fn describe(name: &str) -> Vec<(&'static str, Vec<Row>)> {
    let all = [
        ("aws", aws::catalog::describe(name)),
        ("gcp", gcp::catalog::describe(name)),
        ("azure", azure::catalog::describe(name)),
    ];
    all.into_iter().filter_map(|(cloud, rows)| Some((cloud, rows?))).collect()
}

/// The entries of all clouds whose names are nearest to `text`, best first, with the cloud's id.
pub fn search(text: &str, limit: usize) -> Vec<(&'static str, Match)> {
    let all = [
        ("aws", aws::catalog::search(text, limit)),
        ("gcp", gcp::catalog::search(text, limit)),
        ("azure", azure::catalog::search(text, limit)),
    ];
    let mut found: Vec<(&'static str, Match)> = all
        .into_iter()
        .flat_map(|(cloud, found)| found.into_iter().map(move |found| (cloud, found)))
        .collect();
    // The sort is stable: equally near entries stay in the order of clouds and of each cloud's list.
    found.sort_by_key(|(_, found)| found.distance);
    found.truncate(limit);
    found
}

/// Puts `bytes` in the place of the shipped part `id` for the rest of the process, for example a
/// file that `catalog build` wrote. Must happen before the part is first used; an unknown `id`,
/// bytes that are not that part, and a part already in use are errors.
pub fn install(id: &str, bytes: &[u8]) -> Result<(), CatalogError> {
    match id {
        aws::catalog::ID => aws::catalog::install(bytes),
        aws::catalog::MANAGED_ID => aws::catalog::install_managed(bytes),
        gcp::catalog::ID => gcp::catalog::install(bytes),
        azure::catalog::ID => azure::catalog::install(bytes),
        azure::catalog::OPERATIONS_ID => azure::catalog::install_operations(bytes),
        _ => Err(CatalogError::new(id, "does not exist; `leastwise catalog` lists the names")),
    }
}

/// Summarizes one loaded part.
fn part<T>(
    cloud: &'static str,
    id: &'static str,
    loaded: Result<&'static T, CatalogError>,
    facts: impl Fn(&'static T) -> (&'static PartInfo, Vec<(&'static str, usize)>),
) -> CatalogPart {
    match loaded {
        Ok(catalog) => {
            let (info, counts) = facts(catalog);
            let (source, date) = (info.sources.clone(), info.date.clone());
            CatalogPart { cloud, id, source, date, counts, bytes: info.bytes, problem: None }
        }
        Err(problem) => CatalogPart {
            cloud,
            id,
            source: Vec::new(),
            date: String::new(),
            counts: Vec::new(),
            bytes: 0,
            problem: Some(problem),
        },
    }
}

#[cfg(test)]
mod tests;
