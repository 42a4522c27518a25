//! Guardrails: what a team says about access once, and what has to hold of every estate.
//!
//! Four kinds, one file each: *nobody but … may … on … unless …* (`only.rs`), *… must stay able to …* (`able.rs`), *no
//! path from … to …* (`no_path.rs`), *no wider than this document* (`no_wider.rs`). How they are written down is read by
//! `configuration`. Crown jewels are resources and principals of which each new path is told (`jewels.rs`).
//!
//! Invariant: a guardrail counts as kept only if that is decided, and one that names nothing is told: a rule that cannot
//! fail is no rule.

mod able;
mod jewels;
mod judge;
mod no_path;
mod no_wider;
mod only;
mod people;
mod places;
mod report;
mod rule;

pub use jewels::CROWN_JEWEL_PATH;
pub use judge::{Judge, Judged, Outcome, Verdict};
pub use people::WORDS;
pub use report::{BROKEN_GUARDRAIL, IDLE_GUARDRAIL};
pub use rule::{Able, Claim, End, Guardrail, Name, NoPath, NoWider, Only, Reference};
