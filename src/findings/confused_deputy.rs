//! Rule `confused-deputy`.

use super::exposure::{self, Wording};
use super::rule::rule;
use super::{Context, Finding, Meta, Rule};
use crate::clouds::ProbeKind;
use crate::evaluator::Bug;

rule! {
    /// ## What it does
    ///
    /// Reports AWS resources whose policy lets a service in, whoever it acts for. The request shows one that the service
    /// makes for a strange account, and that is allowed. Only services are asked about that act for any customer and say
    /// for whom: Amazon SNS, Amazon S3, EventBridge, CloudTrail, AWS Config, log delivery, API Gateway, Amazon SES,
    /// CloudWatch, CloudFront, AWS Budgets, AWS IoT, Secrets Manager. What anybody may do without credentials needs no
    /// deputy: that is `public-resource`, and the request shown here is one that only the service can make.
    ///
    /// ## Why it matters
    ///
    /// Anybody with an account can have such a service call the resource: the service is a deputy that confuses its
    /// customers.
    ///
    /// ## What to do
    ///
    /// Say in a condition for whom the service may act: `aws:SourceArn` or `aws:SourceAccount`, or `aws:SourceOrgID` for
    /// all accounts of an organization.
    ///
    /// ## What is not covered yet
    ///
    /// Trust policies of roles are left out: what a service does with a role it does for the account that passed the role.
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
    ConfusedDeputy,
    "confused-deputy",
    Medium,
    "a service of AWS may use a resource for customers that are not known"
}

const WORDING: Wording = Wording {
    predicate: "can be used through a service by any of its customers",
    advice: "add a condition on `aws:SourceArn`, `aws:SourceAccount` or `aws:SourceOrgID` to the statement that lets the service in",
};

impl Rule for ConfusedDeputy {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        exposure::probe(context, ProbeKind::ForeignCustomer, &Self::META, &WORDING, sink)
    }
}
