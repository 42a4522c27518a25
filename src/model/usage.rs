//! What was really done, reduced from activity logs.

use std::collections::{BTreeMap, BTreeSet};

use super::CloudId;

/// Who did what to what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Use {
    /// The cloud.
    pub cloud: CloudId,
    /// The full name of the principal, as the estate writes it.
    pub principal: String,
    /// The action or permission.
    pub action: String,
    /// The full name of the resource; empty where the log does not tell which one it was.
    pub resource: String,
    /// The service that made the call for the principal, with the principal's access; empty for calls of its own.
    pub via: String,
}

/// Sums over activity logs. Denied calls are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How often each thing was done.
    pub counts: BTreeMap<Use, u64>,
    /// The first and the last event, as microseconds since the Unix epoch, UTC.
    pub window: Option<(i64, i64)>,
    /// Events that could not be mapped to a permission, with how often they occurred.
    pub unmapped: BTreeMap<String, u64>,
    /// Calls that were refused, which are not use.
    pub denied: u64,
    /// What logs of these kinds never hold, for people.
    pub not_shown: BTreeSet<&'static str>,
}

impl Usage {
    /// Counts one more use at `instant` (microseconds since the Unix epoch).
    pub fn record(&mut self, one: Use, instant: Option<i64>) {
        *self.counts.entry(one).or_default() += 1;
        if let Some(instant) = instant {
            let (first, last) = self.window.unwrap_or((instant, instant));
            self.window = Some((first.min(instant), last.max(instant)));
        }
    }
}
