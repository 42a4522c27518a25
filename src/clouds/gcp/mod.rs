//! Google Cloud.

pub mod catalog;
