//! The one integration binary: what holds across modules, and what holds for the program as a whole.
#![expect(clippy::disallowed_methods, reason = "tests read files and the environment")]

#[cfg(test)]
use leastwise::logic;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod aws_bad_input;
#[cfg(test)]
mod aws_files;
#[cfg(test)]
mod azure;
#[cfg(test)]
mod bad_exports;
#[cfg(test)]
mod azure_compare;
#[cfg(test)]
mod azure_directory;
#[cfg(test)]
mod brute_force;
#[cfg(test)]
mod catalogs;
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod check;
#[cfg(test)]
#[cfg(unix)]
mod ci;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod gcp_cel;
#[cfg(test)]
mod gcp_broken;
#[cfg(test)]
mod gcp_compare;
#[cfg(test)]
mod gcp_findings;
#[cfg(test)]
mod guardrails;
#[cfg(test)]
mod in_effect;
#[cfg(unix)]
#[cfg(test)]
mod interrupt;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod escalation;
#[cfg(test)]
mod corpus_estates;
#[cfg(test)]
mod federation;
#[cfg(test)]
mod fuzz_targets;
#[cfg(test)]
mod fuzzing;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod graph;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod lints;
#[cfg(test)]
mod present;
#[cfg(test)]
mod shared;
#[cfg(test)]
mod shortcuts;
#[cfg(test)]
mod simulate;
#[cfg(test)]
mod ways;
#[cfg(test)]
mod who_can;
#[cfg(test)]
mod estate;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod organization;
#[cfg(test)]
mod public_access;
#[cfg(test)]
mod recommend_aws;
#[cfg(test)]
mod recommend_azure;
#[cfg(test)]
#[path = "../../benches/made_up/mod.rs"]
mod made_up;
#[cfg(test)]
mod two_documents;
