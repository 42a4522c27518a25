//! Files, spans, routes and located value trees: every other module points into the user's text through these.
//!
//! Invariant: nothing above this module is used, it knows nothing of IAM, and it reads no disk.
//! Promise: a new syntax costs one new parser file here that answers with a [`Tree`] and [`Problem`]s.

pub mod hcl;
pub mod json;
pub mod toml;
pub mod yaml;

pub mod lists;

mod comments;
mod decoded;
mod diff;
mod files;
mod problem;
mod render;
mod render_value;
mod route;
mod shape;
mod span;
mod splice;
mod tree;

pub use comments::Comment;
pub use decoded::{Anchor, Text};
pub use diff::unified;
pub use files::{Files, Position};
pub use problem::{Problem, Severity};
pub use render::{Mark, Notice, Weight, printable, render, render_notice};
pub use route::{Key, Route, Step};
pub use shape::Shape;
pub use span::{FileId, Located, Span};
pub use splice::{Splice, splice};
pub use tree::{Entry, Kind, Map, Tree};
