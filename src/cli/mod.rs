//! The command line: arguments, one file per command, exit codes.
//!
//! Invariant: Only this module reads the environment or prints.
