//! Names of things in an estate, by cloud and family. Looking one up costs no memory, because deciding one request
//! looks up many.

use rustc_hash::FxHashMap;

use super::CloudId;

/// What a name is a name of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Principal,
    Resource,
    Scope,
    Policy,
}

/// All names of an estate.
#[derive(Clone, Default)]
pub(super) struct Names {
    /// By family; there are few clouds, so the right table is found by looking at those of all.
    families: [Vec<Table>; 4],
}

#[derive(Clone)]
struct Table {
    cloud: CloudId,
    numbers: FxHashMap<Box<str>, u32>,
    /// One bit for each length that some name has: most beginnings of a resource's name are the name of nothing, and
    /// show it by their length.
    lengths: Vec<u64>,
    /// The length of the shortest name.
    shortest: usize,
}

impl Table {
    fn has_length(&self, length: usize) -> bool {
        self.lengths.get(length / 64).is_some_and(|bits| bits & (1 << (length % 64)) != 0)
    }

    fn get(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    fn insert(&mut self, name: &str, number: u32) -> Option<u32> {
        self.shortest = self.shortest.min(name.len());
        let word = name.len() / 64;
        if self.lengths.len() <= word {
            self.lengths.resize(word + 1, 0);
        }
        if let Some(bits) = self.lengths.get_mut(word) {
            *bits |= 1 << (name.len() % 64);
        }
        self.numbers.insert(name.into(), number)
    }

    fn is_of(&self, cloud: CloudId) -> bool {
        // A cloud's id is nearly always the very text that it was defined with.
        std::ptr::eq(self.cloud.as_str(), cloud.as_str()) || self.cloud == cloud
    }
}

impl Names {
    /// The number under that name.
    pub(super) fn find(&self, cloud: CloudId, family: Family, name: &str) -> Option<u32> {
        let tables = self.families.get(family as usize)?;
        let table = tables.iter().find(|table| table.has_length(name.len()) && table.is_of(cloud))?;
        table.get(name)
    }

    /// The names that `name` begins with, up to one of these bytes or its end: how long each is, and its number; the
    /// shortest first.
    pub(super) fn beginnings(
        &self,
        cloud: CloudId,
        family: Family,
        name: &str,
        separators: [u8; 2],
    ) -> impl Iterator<Item = (usize, u32)> {
        let tables = self.families.get(family as usize).map_or(&[][..], Vec::as_slice);
        let table = tables.iter().find(|table| table.is_of(cloud));
        table.into_iter().flat_map(move |table| {
            let rest = name.as_bytes().get(table.shortest..).unwrap_or_default();
            let ends = rest.iter().zip(table.shortest..).filter(move |(byte, _)| separators.contains(byte));
            let ends = ends.map(|(_, at)| at).chain([name.len()]);
            ends.filter(|end| table.has_length(*end))
                .filter_map(move |end| Some((end, table.get(name.get(..end)?)?)))
        })
    }

    /// Puts a number under a name; answers the one that was there before.
    pub(super) fn insert(&mut self, cloud: CloudId, family: Family, name: &str, number: u32) -> Option<u32> {
        let tables = self.families.get_mut(family as usize)?;
        if let Some(table) = tables.iter_mut().find(|table| table.is_of(cloud)) {
            return table.insert(name, number);
        }
        let mut table =
            Table { cloud, numbers: FxHashMap::default(), lengths: Vec::new(), shortest: usize::MAX };
        table.insert(name, number);
        tables.push(table);
        None
    }
}
