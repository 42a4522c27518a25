//! The packs of guardrails that the program ships. `docs/guardrails.md` says what is in them.

/// By name, with their texts.
pub const PACKS: [(&str, &str); 2] = [
    ("baseline", include_str!("../../policies/guardrails/baseline.toml")),
    ("strict", include_str!("../../policies/guardrails/strict.toml")),
];
