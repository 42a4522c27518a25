//! What a change of an estate means: who gains and who loses which access, and which findings are new.
//!
//! What was there before is not the business of whoever makes the change: it is counted, and not reported. Snapshots of
//! an estate for reviews on a schedule are not built yet. What a team says of findings (levels, entries that ignore some, a
//! baseline) is applied here as well, to `scan` and to `check`.
//!
//! Invariant: what is the same before and after is told by its meaning, never by where it stands in a file.

mod accepted;
mod baseline;
mod change;
mod ignore;
mod levels;
mod message;
mod widened;

pub use accepted::{
    Accepted, Accepting, EXPIRED_IGNORE, InlineIgnore, Saying, Suppressed, UNMATCHED_IGNORE, Why,
};
pub use baseline::{Baseline, Rewritten};
pub use change::{Change, Judged, Review, Who, review};
pub use ignore::Ignore;
pub use levels::{Levels, Setting, Settings};
pub use message::GAINED_ACCESS;
