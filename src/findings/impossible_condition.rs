//! Rule `impossible-condition`. Conditions that depend on what services send with a request are not judged.

use super::documents::{About, Said};
use super::rule::rule;
use super::{Context, Finding, Level, Meta, Rule};
use crate::evaluator::{Bug, Certainty, Conditions};
use crate::model::Effect;

rule! {
    /// ## What it does
    ///
    /// Reports statements whose conditions can never all hold, so that they never apply: one key that must have two
    /// different values, a key that must be there and must not, a pattern with a wildcard under an operator that knows
    /// no wildcards, a private network for `aws:SourceIp`. The solver has shown that no request fulfils them.
    ///
    /// ## Why it matters
    ///
    /// An allow statement of that kind grants nothing, and somebody waits for the access. A deny statement of that kind
    /// protects nothing, and nobody notices: it is reported one level higher.
    ///
    /// ## Example
    ///
    /// ```json
    /// {
    ///   "Effect": "Deny", "Action": "iam:*", "Resource": "*",
    ///   "Condition": { "StringEquals": { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/dev-*" } }
    /// }
    /// ```
    ///
    /// `StringEquals` compares letter by letter, and no ARN has a star in its name. Write `ArnLike` instead.
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-general-warning-wildcard-without-like-operator>
    ImpossibleCondition,
    "impossible-condition",
    Low,
    "a statement never applies, because its conditions can never hold"
}

impl Rule for ImpossibleCondition {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        for document in context.documents {
            for found in document.impossible()? {
                let statement = found.statement;
                let about = About { meta: &Self::META, document, statement, detail: "" };
                sink.extend(finding(&about, found));
            }
        }
        Ok(())
    }
}

fn finding(about: &About<'_, '_>, found: Conditions) -> Option<Finding> {
    let (name, does, texts) = (about.name(), about.does(), about.conditions(&found.conditions));
    let message = match (&found.certainty, found.conditions.len()) {
        (Certainty::Undecided(_), _) => {
            format!("whether the conditions of {name} can ever hold was not decided")
        }
        (_, 1) => format!("{name} {does} nothing: {texts} can never hold"),
        _ => format!("{name} {does} nothing: {texts} can never hold together"),
    };
    let level = if about.effect() == Effect::Deny { Level::Medium } else { Level::Low };
    let advice = "correct the condition, or remove the statement";
    about.finding(Said { level, certainty: found.certainty, message, advice: advice.to_owned() })
}
