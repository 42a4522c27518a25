//! Rule `external-access`. What is open to everybody is reported by `public-resource` alone.

use super::exposure::{self, Wording};
use super::rule::rule;
use super::{Context, Finding, Meta, Rule};
use crate::evaluator::{Bug, Outcome};
use crate::model::Subject;

rule! {
    /// ## What it does
    ///
    /// Reports resources, roles among them, that a principal of an account, project or tenant outside the given files
    /// may use, with the request that works and the conditions it has to meet.
    ///
    /// The outsider's own side is assumed to allow everything, because whoever owns it can make it so.
    ///
    /// ## Why it matters
    ///
    /// Access from outside depends on how well somebody else guards their credentials. Each one should be known,
    /// wanted and as narrow as possible.
    ///
    /// ## What to do
    ///
    /// Check that the outsider is known; name a single role instead of a whole account; demand an external id or the
    /// organization in a condition. If the account is your own, add its export to the files, and it is no outsider.
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-concepts.html>
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
    ExternalAccess,
    "external-access",
    Medium,
    "somebody outside the given accounts, projects or tenants may use a resource"
}

const WORDING: Wording = Wording {
    predicate: "can be used from outside",
    advice: "check that this outsider is wanted, name one role instead of a whole account, and demand an external id \
             or the organization in a condition",
};

impl Rule for ExternalAccess {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        for resource in exposure::guarded_resources(context) {
            // Most resources name somebody, which shows without an engine that they are not open to everybody. Those that
            // are need not be asked for outsiders.
            let public = exposure::ask(context, Subject::Anonymous, resource)?;
            if public.is_some_and(|answer| matches!(answer.outcome, Outcome::Sometimes(_))) {
                continue;
            }
            let asked = exposure::question_of(context, Subject::Outside, resource);
            let answer = exposure::ask(context, Subject::Outside, resource)?;
            sink.extend(
                asked
                    .zip(answer)
                    .and_then(|asked| exposure::finding(context, &Self::META, &WORDING, resource, asked)),
            );
        }
        Ok(())
    }
}
