//! Rule `dodgeable-deny`. Keys whose absence is harmless are not meant: see the omissions of the cloud.

use super::documents::{About, Said, shown};
use super::rule::rule;
use super::{Context, Finding, Level, Meta, Related, Rule};
use crate::evaluator::{Bug, Dodge};

rule! {
    /// ## What it does
    ///
    /// Reports deny statements that a sender gets around by leaving a key out of the request, with such a request: nothing
    /// in the policy denies it, and it amounts to one that is denied.
    ///
    /// ## Why it matters
    ///
    /// A comparison with a key that is absent does not hold, so a deny that asks for a value denies nothing then. The
    /// best known case is `"Bool": {"aws:MultiFactorAuthPresent": "false"}`: requests with long-term access keys do not
    /// carry that key, so the deny stops everybody but those who use them.
    ///
    /// ## What is reported
    ///
    /// Keys of which AWS says what it means to leave them out: the second factor and its age; `s3:prefix` of lists;
    /// storage class and encryption of new objects. Other keys are left alone: a request without `aws:RequestTag/team`
    /// tags nothing, `s3:max-keys` is always there, and `aws:SourceIp` is unless a VPC endpoint is in the way. A statement
    /// that itself asks for the presence of the key with `"Null": {"...": "false"}` is taken at its word.
    ///
    /// If nothing in the policy allows what the statement denies, the deny is there for what other policies allow; then the
    /// finding assumes that they do.
    ///
    /// ## What to do
    ///
    /// Make the absence of the key count: use the `...IfExists` form, a negated operator (`StringNotLike`), or a second
    /// deny statement with `"Null": {"...": "true"}`.
    ///
    /// ```json
    /// {
    ///   "Effect": "Deny", "NotAction": ["iam:EnableMFADevice", "iam:CreateVirtualMFADevice", "sts:GetSessionToken"],
    ///   "Resource": "*",
    ///   "Condition": { "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } }
    /// }
    /// ```
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-multifactorauthpresent>
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IfExists>
    DodgeableDeny,
    "dodgeable-deny",
    Medium,
    "a deny statement misses requests that leave a key out"
}

impl Rule for DodgeableDeny {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        for document in context.documents {
            for dodge in document.dodged()? {
                let about = About {
                    meta: &Self::META,
                    document,
                    statement: dodge.statement,
                    detail: &dodge.key.clone(),
                };
                sink.extend(finding(&about, dodge));
            }
        }
        Ok(())
    }
}

fn finding(about: &About<'_, '_>, dodge: Dodge) -> Option<Finding> {
    let (name, key) = (about.name(), &dodge.key);
    let message = match &dodge.shown {
        None => format!("whether {name} is dodged by leaving out `{key}` was not decided"),
        Some(shown) => {
            let values = shown.values.join("`, `");
            format!("{name} is dodged by leaving out `{key}`: it denies the same request with `{values}`")
        }
    };
    let advice = format!(
        "make the absence of the key count, because {}: use the `...IfExists` form, a negated operator, or a second \
         deny with `Null`",
        dodge.because
    );
    let finding =
        about.finding(Said { level: Level::Medium, certainty: dodge.certainty, message, advice })?;
    let Some(pair) = dodge.shown else { return Some(finding) };
    let allowing = pair.without.decision.is_allowed().then_some(&pair.without.decision.because);
    let related = allowing.into_iter().flatten().map(|reason| Related {
        origin: reason.origin.clone(),
        message: format!("{} allows the request without the key", reason.origin.what),
    });
    let related = related.collect();
    shown(Some(Finding { related, ..finding }), Some(pair.without))
}
