//! What the command line of AWS answers with when it is asked for a policy: where in the answer the policy stands, and
//! which ARN beside it says whose it is. The shapes are those of the pages below
//! <https://docs.aws.amazon.com/cli/latest/reference/>, compared in November 2026 with the service models that the command
//! line is made of (botocore 1.44.8). What a policy means is not in here.

use crate::clouds::aws::rule::VAULT_LOCK;
use crate::text::{Kind, Route, Tree};

/// A service and the type of its resources.
pub(super) type Regional = (&'static str, &'static str);

/// A policy with what the answer or the user's wrapper says about it.
#[derive(Clone, Debug)]
pub(super) struct Given<'t> {
    pub(super) policy: &'t Tree,
    pub(super) route: Route,
    /// The ARN that the answer gives.
    pub(super) resource: Option<&'t Tree>,
    /// The account that the wrapper gives.
    pub(super) account: Option<&'t Tree>,
    /// The managed policy that the wrapper says this is the text of.
    pub(super) managed: Option<&'t str>,
    /// The name that the answer gives to the policy.
    pub(super) name: Option<&'t str>,
    /// It holds for all resources of a kind in an account and a region, as policies of CloudWatch Logs do: the service, and
    /// the part of the ARN that the resources share.
    pub(super) regional: Option<Regional>,
}

impl<'t> Given<'t> {
    /// A policy of which nothing else is said.
    pub(super) fn bare(policy: &'t Tree) -> Self {
        let route = Route::root();
        Self { policy, route, resource: None, account: None, managed: None, name: None, regional: None }
    }
}

/// The ways to the policy, the more special first.
const PATHS: &[&[&str]] = &[
    // iam get-policy-version
    &["PolicyVersion", "Document"],
    // iam get-role-policy, get-user-policy, get-group-policy
    &["PolicyDocument"],
    // sqs get-queue-attributes, sns get-topic-attributes
    &["Attributes", "Policy"],
    // opensearch describe-domain and describe-domain-config
    &["DomainStatus", "AccessPolicies"],
    &["DomainConfig", "AccessPolicies", "Options"],
    &["AccessPolicies"],
    // codeartifact get-domain-permissions-policy and get-repository-permissions-policy
    &["policy", "document"],
    // glacier get-vault-access-policy; get-vault-lock answers with `Policy`
    &["policy", "Policy"],
    // s3control get-multi-region-access-point-policy
    &["Policy", "Established", "Policy"],
    // redshift and redshift-serverless get-resource-policy
    &["ResourcePolicy", "Policy"],
    &["resourcePolicy", "policy"],
    // secretsmanager and cloudtrail get-resource-policy
    &["ResourcePolicy"],
    // s3tables get-table-bucket-policy
    &["resourcePolicy"],
    // ecr get-repository-policy and get-registry-policy
    &["policyText"],
    // glue get-resource-policy
    &["PolicyInJson"],
    // logs describe-resource-policies, an item of the list
    &["policyDocument"],
    // s3api get-bucket-policy, s3control get-access-point-policy, kms get-key-policy, lambda get-policy and
    // get-layer-version-policy, dynamodb and kinesis get-resource-policy, efs describe-file-system-policy, events
    // describe-event-bus, backup get-backup-vault-access-policy, acm-pca get-policy, kafka get-cluster-policy
    &["Policy"],
    // apigateway get-rest-api, lexv2-models describe-resource-policy, vpc-lattice get-resource-policy
    &["policy"],
];

/// Lists of answers: logs, ram, ssm, ssm-incidents, rekognition, opensearch describe-domains.
const LISTS: &[&str] = &["resourcePolicies", "policies", "Policies", "ProjectPolicies", "DomainStatusList"];

/// The keys of a resource's ARN, beside the policy or beside what holds it.
const ARNS: &[&str] = &[
    "ResourceArn",
    "resourceArn",
    "QueueArn",
    "TopicArn",
    "BackupVaultArn",
    "ProjectArn",
    "FunctionArn",
    "ContactArn",
    "ARN",
    "Arn",
    "arn",
];

/// All policies of a document: it is one, holds one, or lists some. None when it is nothing of that kind.
pub(super) fn policies(tree: &Tree) -> Vec<Given<'_>> {
    if let Some(given) = single(tree, &Route::root()) {
        return vec![given];
    }
    if let Some(items) = tree.as_list() {
        let listed: Vec<_> =
            items.iter().zip(0..).filter_map(|(item, at)| single(item, &Route::root().index(at))).collect();
        // A broken item in a list of wrappers is reported; other lists are no concern of ours.
        let all = listed.len() == items.len() || items.iter().any(is_wrapper);
        let wrapped = all && listed.iter().all(|given| given.resource.is_some());
        return if wrapped { listed } else { Vec::new() };
    }
    LISTS.iter().find_map(|key| list(tree, key)).unwrap_or_default()
}

/// Whether a user says whose policy it is.
fn is_wrapper(tree: &Tree) -> bool {
    tree.get("ResourceArn").is_some() && tree.get("Policy").is_some()
}

/// What of a list is no policy, although others of it are.
pub(super) fn left_out(tree: &Tree) -> Vec<&Tree> {
    if single(tree, &Route::root()).is_some() {
        return Vec::new();
    }
    let listed = || LISTS.iter().filter(|key| list(tree, key).is_some()).find_map(|key| tree.get(key));
    let wrappers = tree.as_list().filter(|items| items.iter().any(is_wrapper));
    let Some(items) = wrappers.or_else(|| listed().and_then(Tree::as_list)) else { return Vec::new() };
    items.iter().filter(|item| single(item, &Route::root()).is_none() && !is_none(item)).collect()
}

fn list<'t>(tree: &'t Tree, key: &'static str) -> Option<Vec<Given<'t>>> {
    let route = Route::root().key(key);
    let list = tree.get(key)?;
    let found: Vec<Given<'t>> = match &list.kind {
        // ses get-identity-policies, sesv2 get-email-identity-policies: texts by their names.
        Kind::Map(_) => list
            .entries()
            .filter_map(|entry| single(&entry.value, &route.key(entry.key.value.clone())))
            .collect(),
        Kind::List(items) => {
            items.iter().zip(0..).filter_map(|(item, at)| single(item, &route.index(at))).collect()
        }
        _ => Vec::new(),
    };
    // Of the services that answer with this key, CloudWatch Logs names its policies.
    let is_regional =
        |given: &Given<'_>| key == "resourcePolicies" && given.resource.is_none() && given.name.is_some();
    let found = found
        .into_iter()
        .map(|given| Given { regional: is_regional(&given).then_some(("logs", "log-group")), ..given });
    Some(found.collect::<Vec<_>>()).filter(|found| !found.is_empty())
}

/// One policy: itself, or inside an answer.
fn single<'t>(tree: &'t Tree, route: &Route) -> Option<Given<'t>> {
    if is_policy(tree) {
        return Some(Given { route: route.clone(), ..Given::bare(tree) });
    }
    let (policy, way) = PATHS.iter().find_map(|way| Some((follow(tree, way)?, *way)))?;
    let holders = (0..way.len()).rev().filter_map(|depth| inside(tree, way.get(..depth)?));
    let text = |key: &str| tree.get(key).and_then(Tree::as_str);
    let mut resource = holders.flat_map(|holder| ARNS.iter().filter_map(|key| holder.get(key))).next();
    // What holds the text of a managed policy is no resource with a policy.
    let managed = text("PolicyArn").or(text("policyArn"));
    resource = resource.filter(|_| managed.is_none());
    let route = way.iter().fold(route.clone(), |route, key| route.key(*key));
    let is_lock = text("State").is_some_and(|state| ["InProgress", "Locked"].contains(&state));
    let name = text("policyName").or(is_lock.then_some(VAULT_LOCK));
    // The policy of a registry holds for all of its repositories; that of a single one comes with the repository's name.
    let is_registry = tree.get("registryId").is_some() && tree.get("repositoryName").is_none();
    let regional = is_registry.then_some(("ecr", "repository"));
    Some(Given {
        resource,
        account: tree.get("Account"),
        managed,
        name,
        regional,
        route,
        ..Given::bare(policy)
    })
}

fn inside<'t>(tree: &'t Tree, way: &[&str]) -> Option<&'t Tree> {
    way.iter().try_fold(tree, |at, key| at.get(key))
}

fn follow<'t>(tree: &'t Tree, way: &[&str]) -> Option<&'t Tree> {
    inside(tree, way).filter(|found| is_policy(found))
}

/// Whether a value is a policy, as an object or as the text of one.
fn is_policy(tree: &Tree) -> bool {
    match &tree.kind {
        Kind::Text(text) => {
            let text = text.as_str();
            text.contains("Statement") && text.trim_start().starts_with(['{', '%'])
        }
        _ => tree.get("Statement").is_some(),
    }
}

/// Whether an answer says that there is no policy: an empty object, or one whose policy is null or an empty text.
pub(super) fn is_none(tree: &Tree) -> bool {
    let empty = |value: &Tree| value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
    let Some(map) = tree.as_map() else { return false };
    let named = |key: &str| PATHS.iter().any(|way| *way == [key]);
    // Secrets without a policy are answered with their names only.
    map.entries.is_empty()
        || map.entries.iter().any(|entry| named(&entry.key.value) && empty(&entry.value))
        || (tree.get("ARN").is_some() && tree.get("Name").is_some() && map.entries.len() == 2)
}
