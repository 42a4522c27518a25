//! Snapshots of an estate's access and differences between them, for access reviews on a schedule.
//!
//! Invariant: Not built yet: this module holds its place in the map and has no code.
