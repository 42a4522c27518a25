//! Activity logs of the clouds, reduced to who used which action on which resource.
//!
//! Logs are read as streams: memory grows with the number of distinct uses, not with the number of events.
//!
//! Invariant: denied calls are not use; what cannot be mapped is listed, never dropped. Promise: a new kind of log
//! costs a new file plus one line in [`LOGS`].

pub mod azure_activity;
pub mod azure_storage;
pub mod cloudtrail;
mod csv;
pub mod gcp_audit;
mod records;

pub use records::{Record, Records, Shape};

use std::io::{self, BufRead};

use crate::model::Usage;
use crate::text::Problem;

/// Every kind of activity log. The first that recognizes a log reads it.
pub const LOGS: &[&dyn Log] = &[
    &gcp_audit::GcpAudit,
    &cloudtrail::CloudTrail,
    &azure_storage::AzureStorage,
    &azure_activity::AzureActivity,
];

/// A kind of activity log.
pub trait Log: Sync {
    /// A short id: `gcp-audit-log`.
    fn id(&self) -> &'static str;

    /// What it is and how users get it, in one line.
    fn summary(&self) -> &'static str;

    /// Whether a log is of this kind, judged by its beginning: some kilobytes, which may end in the middle of an event.
    fn detects(&self, beginning: &str) -> bool;

    /// Adds all events to `usage`. `source` is the log as plain text. Events that cannot be read become problems with
    /// the number of their record, at most a few dozen; an error is one of reading `source`.
    fn read(
        &self,
        source: &mut dyn BufRead,
        usage: &mut Usage,
        problems: &mut Vec<Problem>,
    ) -> io::Result<()>;
}
