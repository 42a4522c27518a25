//! Microsoft Azure: the catalog only; evaluation is not built yet.

pub mod catalog;
