//! What a change of an estate means: who gains and who loses which access, and which findings are new.
//!
//! What was there before is not the business of whoever makes the change: it is counted, and not reported. Snapshots of
//! an estate for reviews on a schedule, and decisions that are kept, are not built yet.
//!
//! Invariant: what is the same before and after is told by its meaning, never by where it stands in a file.

mod change;
mod message;

pub use change::{Change, Judged, Review, Who, review};
pub use message::GAINED_ACCESS;
