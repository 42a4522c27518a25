//! S3 Block Public Access of a bucket or of an account, as `aws s3api get-public-access-block` and `aws s3control
//! get-public-access-block` print it. The answer does not say whose it is: the file's name does.
//!
//! Buckets without a policy in the input are left alone: nothing here could be public.

use std::collections::BTreeSet;

use super::{Confidence, Document, Format};
use crate::clouds::aws::ast::is_account;
use crate::clouds::aws::estate::{add_policy, attach};
use crate::clouds::aws::public::{has_public_policy, restriction};
use crate::clouds::aws::{AWS, rule::RESOURCE};
use crate::model::{Estate, Origin, ResourceId, Target};
use crate::text::{Problem, Span, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsPublicAccessBlock;

const PREFIX: &str = "public-access-block-of-";
const SETTINGS: &str = "PublicAccessBlockConfiguration";

impl Format for AwsPublicAccessBlock {
    fn id(&self) -> &'static str {
        "aws-public-access-block"
    }

    fn summary(&self) -> &'static str {
        "S3 Block Public Access of a bucket or an account, in a file that is named after it"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "public-access-block-of-BUCKET.json     aws s3api get-public-access-block --bucket BUCKET",
            "public-access-block-of-ACCOUNT.json    aws s3control get-public-access-block --account-id ACCOUNT",
        ]
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        if tree.get(SETTINGS).is_some() { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load_all(std::slice::from_ref(document), estate, problems);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        // The settings of a bucket and of its account add up.
        let mut restricted = BTreeSet::new();
        for document in documents {
            let Some(name) = subject(document.path) else {
                let message = format!("`{}` does not say whose settings these are", document.path);
                let problem = Problem::error("aws-public-access-of-what", message).at(document.tree.span);
                problems.push(
                    problem.help(format!("name the file `{PREFIX}BUCKET.json` or `{PREFIX}ACCOUNT.json`")),
                );
                continue;
            };
            let Some(span) = restricts(document.tree, problems) else { continue };
            for bucket in buckets(estate, name) {
                if has_public_policy(estate, bucket) && restricted.insert(bucket) {
                    restrict(estate, bucket, span, problems);
                }
            }
        }
    }
}

fn subject(path: &str) -> Option<&str> {
    let file = path.rsplit(['/', '\\']).next()?;
    let file = file.strip_suffix(".gz").unwrap_or(file);
    file.strip_prefix(PREFIX)?.strip_suffix(".json").filter(|name| !name.is_empty())
}

/// Where `RestrictPublicBuckets` is switched on, if it is.
fn restricts(tree: &Tree, problems: &mut Vec<Problem>) -> Option<Span> {
    let settings = tree.get(SETTINGS)?;
    let value = settings.get("RestrictPublicBuckets")?;
    if value.as_bool().is_none() {
        let message =
            format!("expected `RestrictPublicBuckets` to be true or false, found {}", value.kind_name());
        problems.push(Problem::error("aws-public-access-shape", message).at(value.span));
    }
    (value.as_bool() == Some(true)).then_some(value.span)
}

/// The bucket of that name, or all buckets of that account.
fn buckets(estate: &Estate, name: &str) -> Vec<ResourceId> {
    let account = estate.find_scope(AWS, name).filter(|_| is_account(name));
    let all =
        estate.resources().filter(|(_, resource)| resource.cloud == AWS && resource.kind == "s3:bucket");
    let fits = all.filter(|(_, resource)| match account {
        Some(account) => resource.home == Some(account),
        None => resource.name.rsplit(':').next() == Some(name),
    });
    fits.map(|(id, _)| id).collect()
}

fn restrict(estate: &mut Estate, bucket: ResourceId, span: Span, problems: &mut Vec<Problem>) {
    let Some(resource) = estate.resource(bucket) else { return };
    let owner = resource.home.and_then(|home| estate.scope(home)).map(|scope| scope.name.clone());
    let Some(owner) = owner else {
        let message = format!(
            "which account owns `{}` is not in the input, so its settings were taken to be off",
            resource.name
        );
        let problem = Problem::warning("aws-public-access-owner", message).at(span);
        problems.push(problem.help("put its policy into a folder that is named after the account"));
        return;
    };
    let Some(document) = restriction(&resource.name, &owner, span) else { return };
    let origin = Origin { what: format!("block public access of `{}`", resource.name), ..document.origin() };
    let policy = add_policy(estate, document);
    attach(estate, policy, Target::Resource(bucket), RESOURCE, origin);
}
