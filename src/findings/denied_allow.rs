//! Rule `denied-allow`. What denies of other policies take away is not looked at here.

use super::documents::{About, Said};
use super::rule::rule;
use super::{Context, Finding, Level, Meta, Rule};
use crate::evaluator::{Bug, Certainty, Covered};

rule! {
    /// ## What it does
    ///
    /// Reports allow statements that grant nothing, because deny statements of the same policy deny all that they
    /// allow. The solver has shown that no request is left.
    ///
    /// ## Why it matters
    ///
    /// A deny wins over every allow. Whoever wrote the allow statement thinks that it works, or has forgotten it; it
    /// comes alive when somebody changes the deny.
    ///
    /// ## Example
    ///
    /// ```json
    /// [
    ///   { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*" },
    ///   { "Effect": "Deny", "Action": "s3:*", "Resource": "*" }
    /// ]
    /// ```
    ///
    /// ## What to do
    ///
    /// Remove the allow statement, or narrow the deny if the access is wanted.
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
    DeniedAllow,
    "denied-allow",
    Low,
    "a statement grants nothing, because the same policy denies all of it"
}

impl Rule for DeniedAllow {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        for document in context.documents {
            for covered in document.denied()? {
                let statement = covered.statement;
                let about = About { meta: &Self::META, document, statement, detail: "" };
                sink.extend(finding(&about, covered));
            }
        }
        Ok(())
    }
}

fn finding(about: &About<'_, '_>, covered: Covered) -> Option<Finding> {
    let name = about.name();
    let other = covered.by.and_then(|by| about.related(by, "denies all of it"));
    let message = match (&covered.certainty, &other) {
        (Certainty::Undecided(_), _) => format!("whether anything is left of {name} was not decided"),
        (_, Some(other)) => format!("{name} grants nothing: {}", other.message),
        (_, None) => format!("{name} grants nothing: the deny statements of the policy deny all of it"),
    };
    let advice = "remove it, or narrow the deny if the access is wanted";
    let level = Level::Low;
    let finding =
        about.finding(Said { level, certainty: covered.certainty, message, advice: advice.to_owned() })?;
    Some(Finding { related: other.into_iter().collect(), ..finding })
}
