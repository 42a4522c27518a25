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
    /// There are four families and few clouds, so the right table is found by looking at all of them.
    tables: Vec<Table>,
}

#[derive(Clone)]
struct Table {
    cloud: CloudId,
    family: Family,
    numbers: FxHashMap<Box<str>, u32>,
    /// One bit for each length that some name has: most beginnings of a resource's name are the name of nothing, and
    /// show it by their length.
    lengths: Vec<u64>,
}

impl Table {
    fn find(&self, name: &str) -> Option<u32> {
        let bits = self.lengths.get(name.len() / 64)?;
        if bits & (1 << (name.len() % 64)) == 0 {
            return None;
        }
        self.numbers.get(name).copied()
    }

    fn insert(&mut self, name: &str, number: u32) -> Option<u32> {
        let word = name.len() / 64;
        if self.lengths.len() <= word {
            self.lengths.resize(word + 1, 0);
        }
        if let Some(bits) = self.lengths.get_mut(word) {
            *bits |= 1 << (name.len() % 64);
        }
        self.numbers.insert(name.into(), number)
    }
}

impl Names {
    /// The number under that name.
    pub(super) fn find(&self, cloud: CloudId, family: Family, name: &str) -> Option<u32> {
        self.tables.iter().find(|table| table.is(cloud, family))?.find(name)
    }

    /// Puts a number under a name; answers the one that was there before.
    pub(super) fn insert(&mut self, cloud: CloudId, family: Family, name: &str, number: u32) -> Option<u32> {
        if let Some(table) = self.tables.iter_mut().find(|table| table.is(cloud, family)) {
            return table.insert(name, number);
        }
        let mut table = Table { cloud, family, numbers: FxHashMap::default(), lengths: Vec::new() };
        table.insert(name, number);
        self.tables.push(table);
        None
    }
}

impl Table {
    fn is(&self, cloud: CloudId, family: Family) -> bool {
        // A cloud's id is nearly always the very text that it was defined with.
        self.family == family && (std::ptr::eq(self.cloud.as_str(), cloud.as_str()) || self.cloud == cloud)
    }
}
