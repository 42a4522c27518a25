//! The Common Expression Language as conditions of Google Cloud use it: a parser that keeps places, and a concrete
//! evaluator.
//!
//! Read in this order: `syntax` (the tree), `lex` and `parse` (from text), `value`, `time`, `functions`, `eval`. Which
//! part of it can be turned into formulas is decided by `conditions`; nothing here knows of policies.
//! The language: <https://github.com/google/cel-spec/blob/master/doc/langdef.md>. Deliberately absent: protocol buffer
//! messages, `matches` (regular expressions) and the extension libraries; IAM documents none of them for conditions
//! (<https://cloud.google.com/iam/docs/conditions-overview>).

mod eval;
mod functions;
mod lex;
mod parse;
pub mod syntax;
mod time;
mod value;

pub use eval::{Environment, Failure, Nothing, evaluate};
pub use parse::{MAX_DEPTH, MAX_LENGTH, SyntaxError, parse};
pub use time::{Part, Zone, timestamp};
pub use value::Value;
