//! Rule `vacuous-condition`. In a deny statement the same condition denies too much rather than too little; that is no
//! hole and is not looked at.

use super::documents::{About, Said, shown};
use super::rule::rule;
use super::{Context, Finding, Level, Meta, Rule};
use crate::evaluator::{Bug, Vacuous};

rule! {
    /// ## What it does
    ///
    /// Reports allow statements that let through requests without the key that a `ForAllValues` condition looks at, with
    /// such a request.
    ///
    /// ## Why it matters
    ///
    /// `ForAllValues` holds when the request has no value at all: there is none that does not fit. What was meant as a
    /// restriction then restricts nothing. AWS advises against `ForAllValues` in allow statements, and against set
    /// operators for keys with a single value altogether.
    ///
    /// ## What is not reported
    ///
    /// - Statements that also demand the key, with `"Null": {"...": "false"}` or another condition.
    /// - Keys that all requests of the statement carry: `dynamodb:LeadingKeys` where single items are read and written
    ///   (but not `dynamodb:Scan`), `aws:TagKeys` where tags are changed.
    /// - Keys of services that have many values and of which it is not known whether requests may lack them.
    ///
    /// For a key that has many values, such as `aws:TagKeys`, the finding is one level lower: "only these tags, or none"
    /// may be what was meant.
    ///
    /// ## Example
    ///
    /// ```json
    /// {
    ///   "Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*",
    ///   "Condition": { "ForAllValues:StringEquals": { "aws:TagKeys": ["team", "cost-center"] } }
    /// }
    /// ```
    ///
    /// Instances without any tag can be started too. If tags are wanted, add `"Null": { "aws:TagKeys": "false" }`.
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-security-warning-forallvalues-with-single-valued-key>
    VacuousCondition,
    "vacuous-condition",
    Medium,
    "a `ForAllValues` condition lets requests through that lack its key"
}

impl Rule for VacuousCondition {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        for document in context.documents {
            for found in document.vacuous()? {
                let about = About {
                    meta: &Self::META,
                    document,
                    statement: found.statement,
                    detail: &found.condition.to_string(),
                };
                sink.extend(finding(&about, found));
            }
        }
        Ok(())
    }
}

fn finding(about: &About<'_, '_>, found: Vacuous) -> Option<Finding> {
    let (name, text) = (about.name(), about.conditions(&[found.condition]));
    let message = if found.witness.is_some() {
        format!("{name} allows a request that lacks what {text} looks at")
    } else {
        format!("whether {name} allows requests that lack what {text} looks at was not decided")
    };
    let statement = about.document.statements().get(about.statement)?;
    let universal = statement.conditions.get(found.condition)?.universal.as_ref()?;
    let level = if universal.multivalued { Level::Low } else { Level::Medium };
    let advice = if universal.multivalued {
        "demand the key with `Null` and `false` beside it, unless requests without it are welcome"
    } else {
        "use the operator without `ForAllValues`: the key has one value"
    };
    shown(
        about.finding(Said { level, certainty: found.certainty, message, advice: advice.to_owned() }),
        found.witness,
    )
}
