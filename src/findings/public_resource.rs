//! Rule `public-resource`.

use super::exposure::{self, Wording};
use super::rule::rule;
use super::{Context, Finding, Meta, Rule};
use crate::evaluator::Bug;
use crate::model::{ResourceId, Subject};

rule! {
    /// ## What it does
    ///
    /// Reports resources on which somebody without credentials may do something, with the request that works.
    ///
    /// ## Why it matters
    ///
    /// Everybody on the internet can send that request.
    ///
    /// ## What to do
    ///
    /// If the resource is meant to be public (a website), narrow the grant to reading it and note the intention beside
    /// it. Otherwise name the principals that need it, and turn on the provider's guard against public access:
    /// S3 Block Public Access, public access prevention of Cloud Storage, or the switch of an Azure storage account.
    ///
    /// ## What is not covered yet
    ///
    /// S3 Block Public Access counts where its settings are among the files; without them the finding says that it
    /// assumes them to be off. Access control lists of single objects are not read.
    /// Public access prevention of Cloud Storage counts where the settings of buckets or the organization policy are
    /// among the files.
    ///
    /// ## References
    ///
    /// - <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
    /// - <https://cloud.google.com/storage/docs/public-access-prevention>
    /// - <https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent>
    PublicResource,
    "public-resource",
    High,
    "anybody, without credentials, may do something on a resource"
}

const WORDING: Wording = Wording {
    predicate: "is open to the public",
    advice: "name the principals that need it instead of everybody, or keep the grant to reading if the resource is \
             meant to be public",
};

impl Rule for PublicResource {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check(&self, context: &Context<'_>, sink: &mut Vec<Finding>) -> Result<(), Bug> {
        let mut open = Vec::new();
        for resource in exposure::guarded_resources(context) {
            let answer = exposure::ask(context, Subject::Anonymous, resource)?;
            open.extend(answer.filter(|answer| !answer.is_never()).map(|answer| (resource, answer)));
        }
        let known: Vec<ResourceId> = open.iter().map(|(resource, _)| *resource).collect();
        for (resource, answer) in open {
            let answer = exposure::beside_inner(context, Subject::Anonymous, resource, answer, &known)?;
            let asked = exposure::question_of(context, Subject::Anonymous, resource);
            sink.extend(asked.and_then(|asked| {
                exposure::finding(context, &Self::META, &WORDING, resource, (asked, answer))
            }));
        }
        Ok(())
    }
}
