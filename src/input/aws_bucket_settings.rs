//! What decides about a bucket beside its policy: S3 Block Public Access of the bucket and of its account, its access
//! control list, and whether such lists count at all; of an access point, its own Block Public Access and the network
//! that it is bound to. Commands: `aws s3api get-public-access-block`, `aws s3control get-public-access-block`, `aws s3api
//! get-bucket-acl`, `aws s3api get-bucket-ownership-controls`, `aws s3control get-access-point`.
//!
//! Few of the answers say whose they are: the folder does, or for the block the file's name. Access control lists of
//! single objects are not read.

use std::collections::{BTreeMap, BTreeSet};

use super::aws_layout::{Fact, Place};
use super::aws_shapes;
use super::{Confidence, Document, Format};
use crate::clouds::aws::ast::{Document as Policy, PrincipalName};
use crate::clouds::aws::composed::{self, Allowed};
use crate::clouds::aws::estate::{account, add_policy, attach, resource, silent};
use crate::clouds::aws::public::{bound_to, has_public_policy, restriction};
use crate::clouds::aws::rule::{ACCESS_LIST, BLOCK_KNOWN, RESOURCE};
use crate::clouds::aws::{AWS, access_points};
use crate::model::{Estate, Origin, ResourceId, Target};
use crate::text::{Problem, Route, Span, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsBucketSettings;

const PREFIX: &str = "public-access-block-of-";
const SETTINGS: &str = "PublicAccessBlockConfiguration";
const OWNERSHIP: &str = "OwnershipControls";

impl Format for AwsBucketSettings {
    fn id(&self) -> &'static str {
        "aws-bucket-settings"
    }

    fn summary(&self) -> &'static str {
        "Block Public Access, access control list and object ownership of S3 buckets and accounts"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "ACCOUNT/public-access-block.json              aws s3control get-public-access-block --account-id ACCOUNT",
            "ACCOUNT/s3/BUCKET/public-access-block.json    aws s3api get-public-access-block --bucket BUCKET",
            "ACCOUNT/s3/BUCKET/acl.json                    aws s3api get-bucket-acl --bucket BUCKET",
            "ACCOUNT/s3/BUCKET/ownership-controls.json     aws s3api get-bucket-ownership-controls --bucket BUCKET",
            "ACCOUNT/s3/REGION/accesspoint/NAME/access-point.json  aws s3control get-access-point --account-id ACCOUNT --name NAME",
            "public-access-block-of-BUCKET.json            aws s3api get-public-access-block --bucket BUCKET",
            "public-access-block-of-ACCOUNT.json           aws s3control get-public-access-block --account-id ACCOUNT",
        ]
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let marked = tree.get(SETTINGS).is_some() || tree.get(OWNERSHIP).is_some() || is_list(tree);
        if marked { Confidence::Certain } else { Confidence::No }
    }

    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        // `{}`: somebody asked, and there are no such settings.
        let asked = Place::of(path)
            .fact
            .is_some_and(|fact| [Fact::PublicAccessBlock, Fact::OwnershipControls].contains(&fact));
        let empty = tree.as_map().is_some_and(|map| map.entries.is_empty());
        if asked && empty { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        let names = ["acl", "ownership-controls", "public-access-block", "access-point"];
        aws_shapes::is_called(path, &names)
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load_all(std::slice::from_ref(document), estate, problems);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut read = Read::default();
        for document in documents {
            aws_shapes::check(document.tree, &aws_shapes::BUCKET, problems);
            read.document(document, estate, problems);
        }
        read.enter(estate, problems);
    }
}

fn is_list(tree: &Tree) -> bool {
    tree.get("Owner").is_some() && tree.get("Grants").is_some_and(|grants| grants.as_list().is_some())
}

/// One of the four switches of Block Public Access.
fn switch(tree: &Tree, name: &str, problems: &mut Vec<Problem>) -> Option<Span> {
    let value = tree.get(SETTINGS).unwrap_or(tree).get(name)?;
    if value.as_bool().is_none() {
        let message = format!("expected `{name}` to be true or false, found {}", value.kind_name());
        problems.push(Problem::error("aws-public-access-shape", message).at(value.span));
    }
    (value.as_bool() == Some(true)).then_some(value.span)
}

/// All that the files say, by bucket or account.
#[derive(Default)]
pub(super) struct Read<'t> {
    /// Buckets and accounts whose settings are known; where a public policy is restricted.
    blocks: BTreeMap<String, Option<Span>>,
    /// Buckets and accounts that ignore public access control lists.
    ignoring: BTreeSet<String>,
    /// Buckets whose access control lists are switched off.
    without_lists: BTreeMap<String, Span>,
    lists: BTreeMap<String, &'t Tree>,
    /// Access points with the bucket behind each, and the network that it is bound to, if any.
    access_points: BTreeMap<String, (String, Option<&'t Tree>)>,
}

impl<'t> Read<'t> {
    fn document(&mut self, document: &Document<'t>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        let place = Place::of(document.path);
        let tree = document.tree;
        let told = tree.get("AccessPointArn").and_then(Tree::as_str).map(str::to_owned);
        let in_folder = place
            .resource
            .clone()
            .filter(|arn| place.is_folder() && (arn.contains(":s3:::") || is_access_point(arn)));
        let bucket = told.filter(|arn| is_access_point(arn)).or(in_folder);
        if let Some(arn) = &bucket {
            let origin =
                Origin { span: Some(tree.span), what: format!("settings of `{arn}`"), ..Origin::default() };
            let home = place.account.as_ref().and_then(|number| account(estate, number, &origin));
            resource(estate, arn, home, origin);
        }
        let is_block = tree.get(SETTINGS).is_some() || place.fact == Some(Fact::PublicAccessBlock);
        let subject = bucket.or_else(|| if is_block { subject(document.path, &place) } else { None });
        let Some(subject) = subject else {
            problems.push(nameless(document, is_block));
            return;
        };
        if is_access_point(&subject) {
            self.access_point(&subject, tree);
        }
        if is_block {
            self.block(subject, tree, problems);
        } else if is_list(tree) {
            self.lists.insert(subject, tree);
        } else if is_enforced(tree) {
            self.without_lists.insert(subject, tree.span);
        }
    }

    fn access_point(&mut self, arn: &str, tree: &'t Tree) {
        let partition = arn.split(':').nth(1).unwrap_or_default();
        let bucket = tree.get("Bucket").and_then(Tree::as_str).unwrap_or_default();
        let network = tree.get("VpcConfiguration").and_then(|found| found.get("VpcId"));
        self.access_points.insert(arn.to_owned(), (format!("arn:{partition}:s3:::{bucket}"), network));
    }

    /// The settings of a bucket, an access point or an account, with or without the key that the command line puts around them.
    pub(super) fn block(&mut self, subject: String, tree: &Tree, problems: &mut Vec<Problem>) {
        let restricts = switch(tree, "RestrictPublicBuckets", problems);
        let known = self.blocks.entry(subject.clone()).or_default();
        *known = known.or(restricts);
        if switch(tree, "IgnorePublicAcls", problems).is_some() {
            self.ignoring.insert(subject);
        }
    }

    /// Puts all of it into the estate.
    pub(super) fn enter(&self, estate: &mut Estate, problems: &mut Vec<Problem>) {
        for bucket in buckets(estate) {
            let Some(found) = estate.resource(bucket).cloned() else { continue };
            let owner = found.home.and_then(|home| estate.scope(home)).map(|scope| scope.name.clone());
            let point = self.access_points.get(&found.name);
            // "Amazon S3 evaluates the block public access settings for that access point, the underlying bucket, and the
            // bucket owner's account": <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-bpa-settings.html>
            let behind = point.map_or(found.name.as_str(), |(bucket, _)| bucket);
            let short = behind.rsplit(':').next().unwrap_or_default();
            let of = |name: &str| {
                name == found.name || name == behind || name == short || owner.as_deref() == Some(name)
            };
            let blocks: Vec<&Option<Span>> =
                self.blocks.iter().filter(|(name, _)| of(name)).map(|(_, restricts)| restricts).collect();
            let all = if is_access_point(&found.name) { 3 } else { 2 };
            if blocks.len() >= all || blocks.iter().any(|restricts| restricts.is_some()) {
                note_known(estate, bucket);
            }
            if let Some((behind, _)) = point {
                access_points::put_before(estate, bucket, behind);
            }
            let network = point.and_then(|(_, network)| *network);
            if let Some(network) = network {
                bind(estate, bucket, network);
            }
            // What comes from a network only is not public, so no setting restricts it.
            if let Some(span) = blocks.into_iter().flatten().next()
                && network.is_none()
                && has_public_policy(estate, bucket)
            {
                restrict(estate, bucket, *span, problems);
            }
            if !is_access_point(&found.name) {
                let ignores = self.ignoring.iter().any(|name| of(name));
                self.list(estate, bucket, &found.name, ignores);
            }
        }
    }

    /// The access control list of a bucket, or the knowledge that it has none that counts.
    fn list(&self, estate: &mut Estate, bucket: ResourceId, arn: &str, ignores_public: bool) {
        let read = match (self.without_lists.get(arn), self.lists.get(arn)) {
            (Some(_), _) => silent(&format!("access control list of {arn}"), Vec::new()),
            (None, Some(tree)) => access_list(tree, arn, ignores_public),
            (None, None) => return,
        };
        let origin = read.origin();
        let policy = add_policy(estate, read);
        attach(estate, policy, Target::Resource(bucket), ACCESS_LIST, origin);
    }
}

/// The bucket or account that a file without a folder of its own is named after.
fn subject(path: &str, place: &Place) -> Option<String> {
    let file = path.rsplit(['/', '\\']).next()?;
    let file = file.strip_suffix(".gz").unwrap_or(file);
    let named = file.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(".json"));
    let of_account = || place.account.clone().filter(|_| place.fact.is_some() && place.resource.is_none());
    named.filter(|name| !name.is_empty()).map(str::to_owned).or_else(of_account)
}

fn nameless(document: &Document<'_>, is_block: bool) -> Problem {
    let message = format!("`{}` does not say whose settings these are", document.path);
    let problem = Problem::error("aws-public-access-of-what", message).at(document.tree.span);
    let folder = "put the file into the folder `ACCOUNT/s3/BUCKET`";
    problem.help(if is_block {
        format!("name the file `{PREFIX}BUCKET.json` or `{PREFIX}ACCOUNT.json`, or {folder}")
    } else {
        folder.to_owned()
    })
}

fn is_enforced(tree: &Tree) -> bool {
    let rules = tree.get(OWNERSHIP).and_then(|controls| controls.get("Rules")).and_then(Tree::as_list);
    let owner =
        |rule: &Tree| rule.get("ObjectOwnership").and_then(Tree::as_str) == Some("BucketOwnerEnforced");
    rules.unwrap_or_default().iter().any(owner)
}

fn is_access_point(arn: &str) -> bool {
    arn.contains(":s3:") && arn.contains(":accesspoint/")
}

/// An access point of a network takes requests from there only:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-vpc.html>
fn bind(estate: &mut Estate, point: ResourceId, network: &Tree) {
    let Some(name) = estate.resource(point).map(|found| found.name.clone()) else { return };
    let Some(document) = network.as_str().and_then(|id| bound_to(&name, id, network.span)) else { return };
    let origin = Origin { what: format!("network of `{name}`"), ..document.origin() };
    let policy = add_policy(estate, document);
    attach(estate, policy, Target::Resource(point), RESOURCE, origin);
}

/// The buckets and access points.
fn buckets(estate: &Estate) -> Vec<ResourceId> {
    let is_bucket = |cloud, kind: &str| cloud == AWS && ["s3:bucket", "s3:accesspoint"].contains(&kind);
    estate.resources().filter(|(_, found)| is_bucket(found.cloud, &found.kind)).map(|(id, _)| id).collect()
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

/// Remembers that the settings that count for a bucket were looked at. Those of a bucket and of its account add up, so
/// they are known when both are, or when one of them restricts.
fn note_known(estate: &mut Estate, bucket: ResourceId) {
    let policy = add_policy(estate, silent("block public access", Vec::new()));
    attach(estate, policy, Target::Resource(bucket), BLOCK_KNOWN, Origin::default());
}

/// What each permission of a bucket's list allows:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping>
const PERMISSIONS: &[(&str, &[&str])] = &[
    ("READ", &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]),
    ("WRITE", &["s3:PutObject"]),
    ("READ_ACP", &["s3:GetBucketAcl"]),
    ("WRITE_ACP", &["s3:PutBucketAcl"]),
];

/// A list as statements. What the owner of the bucket has needs no list, and what AWS's log delivery may write is
/// nobody's access.
fn access_list(tree: &Tree, arn: &str, ignores_public: bool) -> Policy {
    let owner = tree.get("Owner").and_then(|owner| owner.get("ID")).and_then(Tree::as_str);
    let grants = tree.get("Grants").and_then(Tree::as_list).unwrap_or_default();
    let mut allowed = Vec::new();
    for (index, grant) in grants.iter().enumerate() {
        let Some((principal, tests)) = grantee(grant, owner, ignores_public) else { continue };
        let permission = grant.get("Permission").and_then(Tree::as_str).unwrap_or_default();
        for (name, actions) in PERMISSIONS {
            if permission == *name || permission == "FULL_CONTROL" {
                let on = if *name == "WRITE" { format!("{arn}/*") } else { arn.to_owned() };
                allowed.push(Allowed {
                    sid: format!("{permission} of the access control list"),
                    principal: principal.clone(),
                    actions: actions.iter().map(|action| (*action).to_owned()).collect(),
                    resource: on,
                    tests: tests.clone(),
                    span: grant.span,
                    route: Route::root().key("Grants").index(index),
                });
            }
        }
    }
    composed::document(&format!("access control list of {arn}"), tree.span, &Route::root(), allowed)
}

type Grantee = (PrincipalName, Vec<(&'static str, String, Vec<String>)>);

fn grantee(grant: &Tree, owner: Option<&str>, ignores_public: bool) -> Option<Grantee> {
    let grantee = grant.get("Grantee")?;
    let text = |key: &str| grantee.get(key).and_then(Tree::as_str);
    let group = text("URI").and_then(|uri| uri.rsplit('/').next());
    match (group, text("ID")) {
        (Some("AllUsers"), _) if !ignores_public => Some((PrincipalName::Anyone, Vec::new())),
        // Any AWS account: whoever signs requests has an ARN.
        (Some("AuthenticatedUsers"), _) if !ignores_public => {
            let signed = ("Null", "aws:PrincipalArn".to_owned(), vec!["false".to_owned()]);
            Some((PrincipalName::Anyone, vec![signed]))
        }
        (None, Some(id)) if owner != Some(id) => Some((PrincipalName::Canonical(id.into()), Vec::new())),
        _ => None,
    }
}
