//! What a rule is, and running them all.

use super::exposure::Strangers;
use super::{Finding, Level, RULES};
use crate::evaluator::{Bug, Evaluator, OneDocument};
use crate::graph::Graph;
use crate::model::Estate;

/// A rule: what it is called, and how it looks for findings.
pub trait Rule: Sync {
    /// What it is.
    fn meta(&self) -> &'static Meta;

    /// Adds what it finds to `sink`. An error is a bug of the program, never a defect of the input.
    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug>;
}

/// What a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its id: the problem it finds, in kebab case, like its file.
    pub id: &'static str,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// How bad its findings are, unless a finding says otherwise.
    pub level: Level,
    /// The documentation for users, in Markdown.
    pub documentation: &'static str,
}

/// What rules look at.
pub struct Context<'a> {
    /// Everything that was loaded.
    pub estate: &'a Estate,
    /// Answers questions about it.
    pub evaluator: Evaluator<'a>,
    /// Who can become whom.
    pub graph: &'a Graph,
    /// The policies that users can change, each on its own.
    pub documents: &'a [OneDocument<'a>],
    /// What was asked for strangers so far: more than one rule wants to know.
    pub(super) strangers: Strangers,
}

impl<'a> Context<'a> {
    /// The estate of the evaluator, with its graph and its documents.
    pub fn new(evaluator: Evaluator<'a>, graph: &'a Graph, documents: &'a [OneDocument<'a>]) -> Self {
        Self { estate: evaluator.estate(), evaluator, graph, documents, strangers: Strangers::default() }
    }
}

/// Declares a rule's type with its [`Meta`]; the doc comment becomes the documentation that users read.
macro_rules! rule {
    ($(#[doc = $doc:expr])* $name:ident, $id:literal, $level:ident, $summary:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug)]
        pub(super) struct $name;

        impl $name {
            const META: $crate::findings::Meta = $crate::findings::Meta {
                id: $id,
                summary: $summary,
                level: $crate::findings::Level::$level,
                documentation: concat!($($doc, "\n"),*),
            };
        }
    };
}
pub(crate) use rule;

/// Runs the rules and sorts what they find: the worst first, then by rule, place and message.
pub fn run(context: &Context<'_>) -> Result<Vec<Finding>, Bug> {
    let mut found = Vec::new();
    for rule in RULES {
        rule.check(context, &mut found)?;
    }
    found.sort_by(|a, b| {
        (b.level, a.rule, &a.primary, &a.message, &a.fingerprint).cmp(&(
            a.level,
            b.rule,
            &b.primary,
            &b.message,
            &b.fingerprint,
        ))
    });
    found.dedup_by(|later, first| later.fingerprint == first.fingerprint && later.message == first.message);
    Ok(found)
}
