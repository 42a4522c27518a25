//! `cargo fuzz run scenarios`; what it does is said in `tests/it/fuzz_targets.rs`.
#![no_main]

#[path = "../../tests/it/fuzz_targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::scenarios(data));
