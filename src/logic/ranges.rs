//! Sets of numbers, instants or addresses as sorted intervals.

use std::sync::Arc;

use super::Value;

/// A set of points on the line of one ordered kind, see [`Value::point`].
///
/// Invariant: intervals are inclusive, sorted, disjoint and not adjacent, so equal sets are equal values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ranges(Arc<[(u128, u128)]>);

/// The block of IPv6 that stands for IPv4 addresses.
const MAPPED_V4: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

impl Ranges {
    /// No point at all.
    pub fn empty() -> Self {
        Self(Arc::from([]))
    }

    /// Every point.
    pub fn full() -> Self {
        Self(Arc::from([(0, u128::MAX)]))
    }

    /// The points of all inclusive intervals given; reversed ones are empty.
    pub fn of(intervals: impl IntoIterator<Item = (u128, u128)>) -> Self {
        let mut sorted: Vec<_> = intervals.into_iter().filter(|(low, high)| low <= high).collect();
        sorted.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(sorted.len());
        for (low, high) in sorted {
            match merged.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        Self(merged.into())
    }

    /// Exactly one value; `None` when its kind has no order.
    pub fn exactly(value: &Value) -> Option<Self> {
        let point = value.point()?;
        Some(Self::of([(point, point)]))
    }

    /// Everything below `value`, and `value` itself when `inclusive`.
    pub fn below(value: &Value, inclusive: bool) -> Option<Self> {
        let point = value.point()?;
        let high = if inclusive { Some(point) } else { point.checked_sub(1) };
        Some(high.map_or_else(Self::empty, |high| Self::of([(0, high)])))
    }

    /// Everything above `value`, and `value` itself when `inclusive`.
    pub fn above(value: &Value, inclusive: bool) -> Option<Self> {
        let point = value.point()?;
        let low = if inclusive { Some(point) } else { point.checked_add(1) };
        Some(low.map_or_else(Self::empty, |low| Self::of([(low, u128::MAX)])))
    }

    /// The addresses of a network. A network of IPv6 never holds an IPv4 address, however wide it is.
    pub fn network(network: ipnet::IpNet) -> Self {
        match network {
            ipnet::IpNet::V4(net) => Self::of([(
                u128::from(net.network().to_ipv6_mapped()),
                u128::from(net.broadcast().to_ipv6_mapped()),
            )]),
            ipnet::IpNet::V6(net) => {
                let all = Self::of([(u128::from(net.network()), u128::from(net.broadcast()))]);
                if net.prefix_len() >= 96 {
                    all
                } else {
                    all.intersection(&Self::of([MAPPED_V4]).complement())
                }
            }
        }
    }

    /// The intervals, sorted.
    pub fn intervals(&self) -> &[(u128, u128)] {
        &self.0
    }

    /// Whether no point is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every point is in it.
    pub fn is_full(&self) -> bool {
        self.0.first() == Some(&(0, u128::MAX))
    }

    /// Whether `point` is in it.
    pub fn contains(&self, point: u128) -> bool {
        let after = self.0.partition_point(|(low, _)| *low <= point);
        after.checked_sub(1).and_then(|index| self.0.get(index)).is_some_and(|(_, high)| point <= *high)
    }

    /// The points of either.
    pub fn union(&self, other: &Self) -> Self {
        Self::of(self.0.iter().chain(other.0.iter()).copied())
    }

    /// The points of both.
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut shared = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let (low, high) = (a.0.max(b.0), a.1.min(b.1));
            if low <= high {
                shared.push((low, high));
            }
            if a.1 < b.1 {
                left.next();
            } else {
                right.next();
            }
        }
        Self::of(shared)
    }

    /// The points that are not in it.
    pub fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut next = Some(0_u128);
        for (low, high) in self.0.iter() {
            if let (Some(start), Some(end)) = (next, low.checked_sub(1)) {
                gaps.push((start, end));
            }
            next = high.checked_add(1);
        }
        if let Some(start) = next {
            gaps.push((start, u128::MAX));
        }
        Self::of(gaps)
    }
}
