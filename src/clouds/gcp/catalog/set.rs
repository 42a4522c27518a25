//! A set of permissions as one bit each: cheap unions, differences and subset questions.

use super::PermissionIndex;

/// A set of permissions of one catalog. Sets of different catalogs do not mix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet {
    words: Vec<u64>,
}

impl PermissionSet {
    /// An empty set with room for indices below `count`.
    pub fn new(count: u32) -> PermissionSet {
        PermissionSet { words: vec![0; (count as usize).div_ceil(64)] }
    }

    /// Adds a permission; an index the set has no room for is ignored.
    pub fn insert(&mut self, permission: PermissionIndex) {
        if let Some(word) = self.words.get_mut(permission as usize / 64) {
            *word |= 1 << (permission % 64);
        }
    }

    /// Removes a permission.
    pub fn remove(&mut self, permission: PermissionIndex) {
        if let Some(word) = self.words.get_mut(permission as usize / 64) {
            *word &= !(1 << (permission % 64));
        }
    }

    /// Whether the permission is in the set.
    pub fn contains(&self, permission: PermissionIndex) -> bool {
        self.words.get(permission as usize / 64).is_some_and(|word| word >> (permission % 64) & 1 == 1)
    }

    /// How many permissions are in the set.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Adds all of `other`.
    pub fn union_with(&mut self, other: &PermissionSet) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Keeps what is also in `other`.
    pub fn intersect_with(&mut self, other: &PermissionSet) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    /// Removes all of `other`.
    pub fn subtract(&mut self, other: &PermissionSet) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= !other;
        }
    }

    /// Whether everything in this set is in `other`.
    pub fn is_subset(&self, other: &PermissionSet) -> bool {
        self.words.iter().zip(&other.words).all(|(word, other)| word & !other == 0)
    }

    /// The indices in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = PermissionIndex> + '_ {
        (0u32..).zip(&self.words).flat_map(|(place, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| place * 64 + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn bits(members: &BTreeSet<u32>) -> PermissionSet {
        let mut set = PermissionSet::new(130);
        members.iter().for_each(|member| set.insert(*member));
        set
    }

    proptest! {
        #[test]
        fn it_behaves_like_a_set(left in proptest::collection::btree_set(0u32..130, 0..40), right in proptest::collection::btree_set(0u32..130, 0..40)) {
            let (mut union, mut both, mut less) = (bits(&left), bits(&left), bits(&left));
            union.union_with(&bits(&right));
            both.intersect_with(&bits(&right));
            less.subtract(&bits(&right));
            prop_assert_eq!(union.iter().collect::<BTreeSet<_>>(), &left | &right);
            prop_assert_eq!(both.iter().collect::<BTreeSet<_>>(), &left & &right);
            prop_assert_eq!(less.iter().collect::<BTreeSet<_>>(), &left - &right);
            prop_assert_eq!(bits(&left).is_subset(&bits(&right)), left.is_subset(&right));
            prop_assert_eq!(union.len(), (&left | &right).len());
            for member in &left {
                union.remove(*member);
            }
            prop_assert_eq!(union.iter().collect::<BTreeSet<_>>(), &right - &left);
        }
    }

    #[test]
    fn what_does_not_fit_is_not_in() {
        let mut set = PermissionSet::new(10);
        set.insert(64);
        assert!(!set.contains(64) && set.is_empty());
    }
}
