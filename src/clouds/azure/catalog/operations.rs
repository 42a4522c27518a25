//! The catalog of operations of Azure's resource providers: facts, file, lookup.

use super::{OPERATIONS_ID, Plane};
use crate::clouds::catalog::{
    Builder, CatalogError, Container, Damage, Match, Names, PartInfo, Search, Strings, glob, whole,
};
use std::collections::BTreeSet;
use std::ops::Range;

/// The facts of the catalog of operations before encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationsSource {
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// The date of the newest source, `YYYY-MM-DD`.
    pub date: String,
    /// Names and planes. A name in both planes is two operations.
    pub operations: BTreeSet<(String, Plane)>,
}

/// Encodes the catalog; the same source gives the same bytes. An error means the compressor failed.
pub fn encode(source: &OperationsSource) -> Result<Vec<u8>, CatalogError> {
    let names = Names::plan(source.operations.iter().map(|(name, _)| name.as_str()));
    let mut file = Builder::new(OPERATIONS_ID, &source.sources, &source.date);
    file.section(|writer| Strings::write(writer, names.iter().copied()));
    file.section(|writer| {
        for name in &names {
            let on = |plane: Plane| u8::from(source.operations.contains(&((*name).to_owned(), plane)));
            writer.byte(on(Plane::Control) | on(Plane::Data) << 1);
        }
    });
    file.finish()
}

/// Decodes what [`encode`] wrote; damaged bytes are an error that says what is wrong.
pub fn decode(bytes: &[u8]) -> Result<AzureOperations, CatalogError> {
    decode_parts(bytes).map_err(|damage| CatalogError::damaged(OPERATIONS_ID, damage))
}

/// The decoder without the part's name in its errors.
pub(super) fn decode_parts(bytes: &[u8]) -> Result<AzureOperations, Damage> {
    let file = Container::open(OPERATIONS_ID, bytes)?;
    let names = whole(file.section(0)?, Names::read)?;
    let planes = whole(file.section(1)?, |cursor| cursor.bytes(names.len()))?;
    Ok(AzureOperations { info: file.info.clone(), names, planes })
}

/// Known operations, control and data; a lower bound of what exists.
#[derive(Clone, Debug, Default)]
pub struct AzureOperations {
    info: PartInfo,
    names: Names,
    planes: Vec<u8>,
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation<'a> {
    catalog: &'a AzureOperations,
    index: u32,
}

impl AzureOperations {
    /// Sources, date and size of the catalog's file.
    pub fn info(&self) -> &PartInfo {
        &self.info
    }

    /// How many of what the catalog holds.
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let on = |plane: Plane| self.operations().filter(|operation| operation.is_on(plane)).count();
        vec![("control operations", on(Plane::Control)), ("data operations", on(Plane::Data))]
    }

    /// The operation with this name, ignoring case.
    pub fn find(&self, name: &str) -> Option<Operation<'_>> {
        self.names.find(name).map(|index| Operation { catalog: self, index })
    }

    /// All operations in the order of lower-case names.
    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        self.operations_in(0..self.names.len() as u32)
    }

    /// The operations of a range of indices.
    pub fn operations_in(&self, range: Range<u32>) -> impl Iterator<Item = Operation<'_>> {
        let end = range.end.min(self.names.len() as u32);
        (range.start..end).map(|index| Operation { catalog: self, index })
    }

    /// The indices of all operations whose lower-case name begins with `prefix`, given in lower
    /// case: `microsoft.compute/`.
    pub fn with_prefix(&self, prefix: &str) -> Range<u32> {
        self.names.with_prefix(prefix)
    }

    /// The known operations a pattern of a role stands for (`*` any text, case ignored), ascending.
    pub fn matching(&self, pattern: &str, plane: Plane) -> impl Iterator<Item = Operation<'_>> {
        let pattern = pattern.to_ascii_lowercase();
        let range = self.with_prefix(pattern.split('*').next().unwrap_or_default());
        self.operations_in(range)
            .filter(move |operation| operation.is_on(plane) && glob(&pattern, operation.folded()))
    }

    /// Operations whose names are near to `text`, best first.
    pub fn search(&self, text: &str, limit: usize) -> Vec<Match> {
        let mut search = Search::new(text);
        for index in 0..self.names.len() as u32 {
            search.offer(self.names.get(index), self.names.folded(index), "operation");
        }
        search.best(limit)
    }

    /// The facts in plain form, for rebuilding a catalog on top of this one.
    pub fn to_source(&self) -> OperationsSource {
        let mut operations = BTreeSet::new();
        for operation in self.operations() {
            let planes = [Plane::Control, Plane::Data].into_iter();
            let on = planes.filter(|plane| operation.is_on(*plane));
            operations.extend(on.map(|plane| (operation.name().to_owned(), plane)));
        }
        OperationsSource { sources: self.info.sources.clone(), date: self.info.date.clone(), operations }
    }
}

impl<'a> Operation<'a> {
    /// Its place in the order of lower-case names; stable within one catalog.
    pub fn index(self) -> u32 {
        self.index
    }

    /// Its name in Azure's spelling.
    pub fn name(self) -> &'a str {
        self.catalog.names.get(self.index)
    }

    /// Its name in lower case.
    pub fn folded(self) -> &'a str {
        self.catalog.names.folded(self.index)
    }

    /// Whether it belongs to a plane.
    pub fn is_on(self, plane: Plane) -> bool {
        let planes = self.catalog.planes.get(self.index as usize).copied().unwrap_or_default();
        planes & if plane == Plane::Control { 1 } else { 2 } != 0
    }
}
