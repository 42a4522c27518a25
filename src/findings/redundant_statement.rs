//! Rule `redundant-statement`. Only statements of one policy are compared; what other policies say is not looked at.

use super::documents::{About, Said};
use super::rule::rule;
use super::{Context, Finding, Level, Meta, Rule};
use crate::evaluator::{Bug, Certainty, Covered};

rule! {
    /// ## What it does
    ///
    /// Reports statements that can be taken out without a change: all that an allow statement allows is allowed by the
    /// other allow statements of the policy, or all that a deny statement denies is denied by the other deny
    /// statements. The solver has shown it for all requests. All statements that are reported for a policy can go
    /// together; of two that say the same the later one is reported.
    ///
    /// ## Why it matters
    ///
    /// Policies have a size limit, and every statement has to be read by whoever reviews them. A narrow statement
    /// beside a wide one also hides how much is really granted.
    ///
    /// ## What is not reported
    ///
    /// Statements of resource policies that name principals in ways that differ in effect: an account as a whole, a role
    /// of it, everybody. A statement is compared as written, so one that names actions which do not exist yet is not
    /// redundant beside a list of all that exist.
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks-suggestion-redundant-statement>
    RedundantStatement,
    "redundant-statement",
    Info,
    "other statements of the same policy say all that a statement says"
}

impl Rule for RedundantStatement {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        for document in context.documents {
            for covered in document.redundant()? {
                let statement = covered.statement;
                let about = About { meta: &Self::META, document, statement, detail: "" };
                sink.extend(finding(&about, covered));
            }
        }
        Ok(())
    }
}

fn finding(about: &About<'_, '_>, covered: Covered) -> Option<Finding> {
    let (name, does) = (about.name(), about.does());
    let other = covered.by.and_then(|by| about.related(by, &format!("{does} all of it")));
    let message = match (&covered.certainty, &other) {
        (Certainty::Undecided(_), _) => format!("whether {name} is redundant was not decided"),
        (_, Some(other)) => format!("{name} is redundant: {}", other.message),
        (_, None) => {
            let does = does.trim_end_matches('s').replace("denie", "deny");
            format!("{name} is redundant: other statements of the policy together {does} all of it")
        }
    };
    let advice = "remove it: nothing changes";
    let level = Level::Info;
    let finding =
        about.finding(Said { level, certainty: covered.certainty, message, advice: advice.to_owned() })?;
    Some(Finding { related: other.into_iter().collect(), ..finding })
}
