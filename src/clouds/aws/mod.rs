//! Amazon Web Services.

pub mod catalog;
