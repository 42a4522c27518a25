//! Rule `idle-condition`. A condition that others beside it imply is not meant: it may be there for clarity.

use super::documents::{About, Said};
use super::rule::rule;
use super::{Context, Finding, Level, Meta, Rule};
use crate::evaluator::{Bug, Certainty, Conditions};
use crate::model::Effect;

rule! {
    /// ## What it does
    ///
    /// Reports conditions that hold for every request that their statement is about, so that they restrict nothing. The
    /// solver has shown that no request fails them. Keys that every request carries are taken from AWS's list; of
    /// others it is assumed that they can be absent.
    ///
    /// ## Why it matters
    ///
    /// An allow statement with such a condition grants more than it seems to: somebody believed in a restriction. For a
    /// deny statement it makes no difference, and it is reported as information.
    ///
    /// ## Example
    ///
    /// ```json
    /// {
    ///   "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
    ///   "Condition": { "StringLike": { "aws:PrincipalArn": "*" } }
    /// }
    /// ```
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    IdleCondition,
    "idle-condition",
    Low,
    "a condition always holds, and so restricts nothing"
}

impl Rule for IdleCondition {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        for document in context.documents {
            for found in document.idle()? {
                let statement = found.statement;
                let about = About { meta: &Self::META, document, statement, detail: "" };
                sink.extend(finding(&about, found));
            }
        }
        Ok(())
    }
}

fn finding(about: &About<'_, '_>, found: Conditions) -> Option<Finding> {
    let (name, texts) = (about.name(), about.conditions(&found.conditions));
    let message = match (&found.certainty, found.conditions.len()) {
        (Certainty::Undecided(_), _) => format!("whether {texts} of {name} always holds was not decided"),
        (_, 1) => format!("{texts} of {name} always holds and restricts nothing"),
        _ => format!("{texts} of {name} always hold and restrict nothing"),
    };
    let level = if about.effect() == Effect::Allow { Level::Low } else { Level::Info };
    let advice = "write the restriction that was meant, or remove the condition";
    about.finding(Said { level, certainty: found.certainty, message, advice: advice.to_owned() })
}
