//! How far a run has come, for whoever waits for it: what is being done, and how much of it. Nothing depends on these
//! numbers but what is shown, so they are counted in one place for the whole program. Not here: showing them.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading files.
    Reading,
    /// Reading activity logs.
    Logs,
    /// Asking questions about access.
    Asking,
    /// Searching the graph for paths.
    Searching,
    /// Writing the report.
    Reporting,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// What is being done.
    pub stage: Stage,
    /// How much of it was done.
    pub done: usize,
    /// Of how much; 0 where nobody knows.
    pub total: usize,
}

/// In the order of their numbers.
const STAGES: [Stage; 5] = [Stage::Reading, Stage::Logs, Stage::Asking, Stage::Searching, Stage::Reporting];

static STAGE: AtomicU8 = AtomicU8::new(u8::MAX);
static DONE: AtomicUsize = AtomicUsize::new(0);
static TOTAL: AtomicUsize = AtomicUsize::new(0);

/// Something else begins, of which there is so much; 0 where nobody knows.
pub fn begin(stage: Stage, total: usize) {
    let number = STAGES.iter().zip(0..).find(|(one, _)| **one == stage).map_or(u8::MAX, |(_, number)| number);
    DONE.store(0, Ordering::Relaxed);
    TOTAL.store(total, Ordering::Relaxed);
    STAGE.store(number, Ordering::Relaxed);
}

/// One more is done.
pub fn step() {
    DONE.fetch_add(1, Ordering::Relaxed);
}

/// How far it is; `None` before anything began.
pub fn now() -> Option<Now> {
    let stage = *STAGES.get(usize::from(STAGE.load(Ordering::Relaxed)))?;
    Some(Now { stage, done: DONE.load(Ordering::Relaxed), total: TOTAL.load(Ordering::Relaxed) })
}
