//! Small sets of indexes, used as signatures: which atoms hold.

/// A set of indexes below a size that all sets of one table share.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Bits {
    /// Sizes up to 64.
    Few(u64),
    /// Larger ones.
    Many(Box<[u64]>),
}

impl Bits {
    /// The empty set for indexes below `size`.
    pub(super) fn none(size: usize) -> Self {
        if size <= 64 { Self::Few(0) } else { Self::Many(vec![0; size.div_ceil(64)].into()) }
    }

    /// All indexes below `size`.
    pub(super) fn all(size: usize) -> Self {
        let mut bits = Self::none(size);
        (0..size).for_each(|index| bits.insert(index));
        bits
    }

    /// Adds an index below the size; larger ones are ignored.
    pub(super) fn insert(&mut self, index: usize) {
        let bit = 1 << (index % 64);
        match self {
            Self::Few(word) if index < 64 => *word |= bit,
            Self::Few(_) => {}
            Self::Many(words) => {
                if let Some(word) = words.get_mut(index / 64) {
                    *word |= bit;
                }
            }
        }
    }

    /// Whether the index is in the set.
    pub(super) fn contains(&self, index: usize) -> bool {
        let word = match self {
            Self::Few(word) if index < 64 => *word,
            Self::Few(_) => 0,
            Self::Many(words) => words.get(index / 64).copied().unwrap_or(0),
        };
        word >> (index % 64) & 1 == 1
    }

    /// Adds the indexes of `other`.
    pub(super) fn unite(&mut self, other: &Self) {
        self.zip(other, |a, b| a | b);
    }

    /// Keeps the indexes that `other` has too.
    pub(super) fn intersect(&mut self, other: &Self) {
        self.zip(other, |a, b| a & b);
    }

    fn zip(&mut self, other: &Self, join: impl Fn(u64, u64) -> u64) {
        match (self, other) {
            (Self::Few(own), Self::Few(other)) => *own = join(*own, *other),
            (Self::Many(own), Self::Many(other)) => {
                own.iter_mut().zip(other.iter()).for_each(|(own, other)| *own = join(*own, *other));
            }
            _ => {}
        }
    }

    /// Whether the two share an index.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Few(own), Self::Few(other)) => own & other != 0,
            (Self::Many(own), Self::Many(other)) => own.iter().zip(other.iter()).any(|(a, b)| a & b != 0),
            _ => false,
        }
    }

    /// Whether every index of `self` is in `other`.
    pub(super) fn within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Few(own), Self::Few(other)) => own & !other == 0,
            (Self::Many(own), Self::Many(other)) => own.iter().zip(other.iter()).all(|(a, b)| a & !b == 0),
            _ => false,
        }
    }
}
