//! When requests are made. A question is about requests from now on, so a grant whose time is over gives nothing, and
//! no token is older than tokens get.
//!
//! There is no clock in the program: the same files give the same answer on any day. What is known is that nobody asks
//! before the facts about the cloud were taken that the program ships; the user can name a later day (`--now`).

use crate::logic::{Attribute, Formula, Ranges, Value};

/// The keys of a cloud's requests that hold a time.
#[derive(Debug)]
pub struct Clocks {
    /// Each with the most seconds by which it can lie before the request.
    pub keys: Vec<(Attribute, i64)>,
    /// When the facts about the cloud were taken, in microseconds since the Unix epoch. No request is made before.
    pub since: i64,
}

impl Clocks {
    /// Of facts that were taken on a day; of facts without a day, nothing is known of the time.
    pub(super) fn new(day: &str, keys: impl IntoIterator<Item = (Attribute, i64)>) -> Self {
        Self { keys: keys.into_iter().collect(), since: instant(day).unwrap_or(i64::MIN) }
    }

    /// What holds of the times that `formula` speaks of, if no request is made before `earliest`.
    pub fn facts(&self, formula: &Formula, earliest: Option<i64>) -> Formula {
        let earliest = earliest.unwrap_or(self.since);
        let spoken = self.keys.iter().filter(|(key, _)| formula.speaks_of(key));
        Formula::all(spoken.map(|(key, age)| {
            let bound = earliest.saturating_sub(age.saturating_mul(1_000_000));
            let before = Ranges::below(&Value::Instant(bound), false).unwrap_or_else(Ranges::empty);
            Formula::within(key.clone(), before).not()
        }))
    }
}

/// A time in microseconds since the Unix epoch, as people and programs write it: `2027-01-31T18:00:00Z`.
pub fn written(instant: i64) -> String {
    let written = jiff::Timestamp::from_microsecond(instant).map(|time| time.to_string());
    written.unwrap_or_else(|_| format!("{instant} microseconds since 1970"))
}

/// A day (`2026-09-26`, at its beginning in UTC) or a point in time in the form of RFC 3339, in microseconds since the
/// Unix epoch.
pub fn instant(text: &str) -> Option<i64> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    full.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}
