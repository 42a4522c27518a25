//! Kinds of documents and how each is loaded into an estate.
//!
//! Invariant: A new input format costs a new file plus one line in `FORMATS`; `disk.rs` alone reads the disk.
