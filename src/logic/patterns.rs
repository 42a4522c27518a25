//! Sets of text patterns.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHasher;

use super::pattern::{Case, Pattern, is_wild};

/// A set of patterns; a text matches it when it matches one of them.
///
/// Invariant: sorted, without doubles, and just `*` when one of them is `*`, so equal sets are equal values.
#[derive(Clone, Debug)]
pub struct Patterns {
    list: Arc<[Pattern]>,
    /// Of the list; sets are compared and hashed far more often than they are made, and some hold thousands.
    hash: u64,
    /// Whether some pattern ignores the case of letters.
    folds: bool,
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && (Arc::ptr_eq(&self.list, &other.list) || self.list == other.list)
    }
}

impl Eq for Patterns {}

impl PartialOrd for Patterns {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Patterns {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.list, &other.list) { Ordering::Equal } else { self.list.cmp(&other.list) }
    }
}

impl Hash for Patterns {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash.hash(state);
    }
}

/// Up to so many patterns are tried one after the other.
const FEW: usize = 6;

impl Patterns {
    /// The set of these patterns.
    pub fn of(patterns: impl IntoIterator<Item = Pattern>) -> Self {
        let mut list: Vec<Pattern> = patterns.into_iter().collect();
        if let Some(universal) = list.iter().find(|pattern| pattern.is_universal()) {
            list = vec![universal.clone()];
        }
        if !list.is_sorted_by(|a, b| a < b) {
            // Lists that are put together from sorted ones are the common case, which this kind of sorting knows.
            list.sort();
            list.dedup();
        }
        Self::sorted(list)
    }

    /// The set of these patterns, which keep the invariant.
    fn sorted(list: Vec<Pattern>) -> Self {
        let mut hasher = FxHasher::default();
        list.hash(&mut hasher);
        let folds = list.iter().any(|pattern| pattern.case() == Case::Insensitive);
        Self { hash: hasher.finish(), folds, list: list.into() }
    }

    /// The set that every text matches.
    pub fn anything() -> Self {
        Self::of([Pattern::anything()])
    }

    /// Exactly this text.
    pub fn literal(text: &str) -> Self {
        Self::of([Pattern::literal(text, Case::Sensitive)])
    }

    /// Globs whose letters' case counts.
    pub fn globs<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::of(texts.into_iter().map(|text| Pattern::glob(text, Case::Sensitive)))
    }

    /// The patterns, sorted.
    pub fn iter(&self) -> std::slice::Iter<'_, Pattern> {
        self.list.iter()
    }

    /// Whether the very pattern is one of them.
    pub fn contains(&self, pattern: &Pattern) -> bool {
        self.list.binary_search(pattern).is_ok()
    }

    /// How many patterns there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing matches.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether everything matches.
    pub fn is_universal(&self) -> bool {
        self.list.first().is_some_and(Pattern::is_universal)
    }

    /// Whether no pattern has a wildcard and all tell cases apart, so the set is a finite set of texts.
    pub fn is_finite(&self) -> bool {
        !self.folds && !self.list.iter().any(|pattern| pattern.code().iter().any(|byte| is_wild(*byte)))
    }

    /// Whether `text` matches one of the patterns.
    pub fn matches(&self, text: &str) -> bool {
        self.any_near(text.as_bytes(), |pattern| pattern.matches(text))
    }

    /// Whether one of the patterns covers this one; see [`Pattern::covers`].
    pub fn cover(&self, pattern: &Pattern) -> bool {
        self.any_near(pattern.code(), |own| own.covers(pattern))
    }

    /// The patterns that may match a text that `pattern` matches too; see [`Pattern::may_meet`].
    pub fn meeting(&self, pattern: &Pattern) -> Vec<Pattern> {
        let mut found = Vec::new();
        self.any_near(pattern.code(), |own| {
            if own.may_meet(pattern) {
                found.push(own.clone());
            }
            false
        });
        found
    }

    /// Whether [`Patterns::meeting`] finds a pattern.
    pub fn meets(&self, pattern: &Pattern) -> bool {
        self.any_near(pattern.code(), |own| own.may_meet(pattern))
    }

    /// Whether `holds` is true of one of the patterns; of those that have another fixed beginning than `code` it is not
    /// asked. As the patterns are sorted, those that go on like `code` up to a byte stand side by side, and wildcards
    /// follow all other bytes.
    fn any_near(&self, code: &[u8], mut holds: impl FnMut(&Pattern) -> bool) -> bool {
        if self.list.len() <= FEW || self.folds {
            return self.list.iter().any(holds);
        }
        let mut near = &*self.list;
        for (at, byte) in code.iter().enumerate().take_while(|(_, byte)| !is_wild(**byte)) {
            let byte_at = |pattern: &Pattern| pattern.code().get(at).copied();
            let wild = near.partition_point(|pattern| !byte_at(pattern).is_some_and(is_wild));
            let (fixed, open) = near.split_at_checked(wild).unwrap_or_default();
            if open.iter().any(&mut holds) {
                return true;
            }
            let from = fixed.partition_point(|pattern| byte_at(pattern) < Some(*byte));
            let rest = fixed.get(from..).unwrap_or_default();
            let to = rest.partition_point(|pattern| byte_at(pattern) <= Some(*byte));
            near = rest.get(..to).unwrap_or_default();
            if near.len() <= FEW {
                break;
            }
        }
        near.iter().any(holds)
    }

    /// The patterns of both.
    pub fn union(&self, other: &Self) -> Self {
        Self::of(self.iter().chain(other.iter()).cloned())
    }

    /// Keeps the patterns that `keep` approves.
    pub fn filter(&self, keep: impl Fn(&Pattern) -> bool) -> Self {
        Self::sorted(self.iter().filter(|pattern| keep(pattern)).cloned().collect())
    }

    /// The patterns that are not in `other`, pattern by pattern.
    pub fn without(&self, other: &Self) -> Self {
        let mut theirs = other.iter().peekable();
        let mut left = Vec::new();
        for pattern in self.iter() {
            while theirs.next_if(|next| *next < pattern).is_some() {}
            if theirs.peek() != Some(&pattern) {
                left.push(pattern.clone());
            }
        }
        if left.len() == self.len() { self.clone() } else { Self::sorted(left) }
    }
}
