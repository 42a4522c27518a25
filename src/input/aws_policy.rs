//! AWS policy documents alone, and the answers of the command line that hold some (`answers.rs`).
//!
//! - A document without principals is given to somebody: a holder, named after the file.
//! - A document with principals belongs to a resource. Which one, is said by a wrapper (`{"ResourceArn": "arn:aws:s3:::b",
//!   "Account": "111122223333", "Policy": ...}`), by the answer itself, by the folders (`layout`), or by the resources that
//!   the document names: `arn:aws:s3:::b` and `arn:aws:s3:::b/*` are the bucket `arn:aws:s3:::b`. The first of these that
//!   says it counts; a file's own name comes after the document.
//! - A document with principals and `sts:AssumeRole` but no resource is the trust policy of a role: that of the folders, or
//!   one named after the file, in the account `unknown`.
//! - The text of a managed policy says whose text it is with `{"PolicyArn": ..., "PolicyVersion": ...}`, or lies in the
//!   folder `iam/policy/NAME`.

mod answers;

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

pub(super) use super::aws_layout::title;
use super::aws_layout::{Fact, Place, is_written_by};
use super::{Confidence, Document, Format};
use super::{aws_managed, aws_shapes};
use crate::clouds::aws::ast::{Arn, Document as Policy, is_account};
use crate::clouds::aws::estate::{account, add_policy, attach, mentioned, policy, resource, silent};
use crate::clouds::aws::names;
use crate::clouds::aws::parse::Capacity;
use crate::clouds::aws::rule::{IDENTITY, RESOURCE, TRUST};
use crate::clouds::aws::{AWS, body};
use crate::model::{Estate, Gap, GapKind, Origin, Principal, PrincipalKind, ResourceId, ScopeId, Target};
use crate::text::{Kind, Problem, Tree};
use answers::{Given, Regional};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsPolicy;

impl Format for AwsPolicy {
    fn id(&self) -> &'static str {
        "aws-policy"
    }

    fn summary(&self) -> &'static str {
        "an AWS policy document: identity, resource or trust policy, also as `get-bucket-policy` and the like answer"
    }

    fn commands(&self) -> &'static [&'static str] {
        COMMANDS
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let given = answers::policies(tree);
        match given.first() {
            Some(first) if std::ptr::eq(first.policy, tree) && tree.get("Version").is_none() => {
                Confidence::Likely
            }
            Some(_) => Confidence::Certain,
            None if is_statement_list(tree) => Confidence::Likely,
            None => Confidence::No,
        }
    }

    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let place = Place::of(path);
        if place.fact == Some(Fact::Policy) && place.is_folder() && answers::is_none(tree) {
            return Confidence::Certain;
        }
        self.detects(tree)
    }

    fn claims(&self, path: &str) -> bool {
        let place = Place::of(path);
        (place.fact == Some(Fact::Policy) && place.is_folder()) || is_written_by(path, COMMANDS)
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        let place = Place::of(document.path);
        let mut given = answers::policies(document.tree);
        if given.is_empty() && answers::is_none(document.tree) && place.is_folder() {
            return no_policy(document, &place, estate);
        }
        if given.is_empty() {
            given.push(Given::bare(document.tree));
        }
        if document.tree.as_map().is_some() {
            aws_shapes::check(document.tree, &aws_shapes::LISTED, problems);
        }
        for item in answers::left_out(document.tree) {
            let message = "an item of the list holds no policy, and was left out";
            let problem = Problem::error("aws-policy-shape", message).at(item.span);
            problems.push(problem.help("export it again, and leave what the command prints as it is"));
        }
        let count = given.len();
        for (index, given) in given.iter().enumerate() {
            let name = match given.name {
                Some(name) => name.to_owned(),
                None if count > 1 => format!("{} {}", title(document.path), index + 1),
                None => place
                    .resource
                    .clone()
                    .filter(|_| place.is_folder())
                    .unwrap_or_else(|| title(document.path)),
            };
            Loader { estate, problems, name, given, place: &place }.load(document.tree);
        }
    }

    fn finish(&self, estate: &mut Estate) {
        unknown_actions(estate);
    }
}

/// Says which actions of all policies are in no catalog, once: nothing is asked about them.
fn unknown_actions(estate: &mut Estate) {
    let bodies = estate.policies().filter_map(|(_, policy)| body(policy));
    let statements =
        bodies.filter(|body| body.document.span.is_some()).flat_map(|body| &body.document.statements);
    let written = statements.flat_map(|statement| &statement.action.values);
    let mut all: Vec<&str> =
        written.map(|value| value.value.trim()).collect::<FxHashSet<_>>().into_iter().collect();
    all.retain(|action| !names::is_action(action));
    all.sort_unstable();
    let unknown = all;
    let shown: Vec<&str> = unknown.iter().copied().take(SHOWN).collect();
    let message = match unknown.len() {
        0 => return,
        1 => format!(
            "the action `{}` in a policy is in no catalog; nothing was asked about it",
            shown.join("")
        ),
        count => format!(
            "{count} actions in policies are in no catalog, such as `{}`; nothing was asked about them",
            shown.join("`, `")
        ),
    };
    estate.add_gap(Gap { kind: GapKind::UnknownAction, message, origin: None });
}

/// At most so many actions are named.
const SHOWN: usize = 3;

/// An array of statements without a policy around it, which users write by mistake.
fn is_statement_list(tree: &Tree) -> bool {
    tree.as_list().is_some_and(|items| {
        !items.is_empty()
            && items.iter().all(|item| item.get("Effect").is_some() && item.get("Action").is_some())
    })
}

/// What the files of resources are called below the folder of their account, and what writes them.
const COMMANDS: &[&str] = &[
    "ACCOUNT/s3/BUCKET/policy.json                          aws s3api get-bucket-policy --bucket BUCKET",
    "ACCOUNT/s3/REGION/accesspoint/NAME/policy.json         aws s3control get-access-point-policy --account-id ACCOUNT --name NAME",
    "ACCOUNT/s3/multi-region-access-point-ALIAS.json        aws s3control get-multi-region-access-point-policy --account-id ACCOUNT --name NAME",
    "ACCOUNT/s3-object-lambda/REGION/accesspoint/NAME/policy.json  aws s3control get-access-point-policy-for-object-lambda --account-id ACCOUNT --name NAME",
    "ACCOUNT/kms/REGION/key/KEY/policy.json                 aws kms get-key-policy --key-id KEY",
    "ACCOUNT/sqs/REGION/NAME/policy.json                    aws sqs get-queue-attributes --queue-url URL --attribute-names All",
    "ACCOUNT/sns/REGION/NAME/policy.json                    aws sns get-topic-attributes --topic-arn ARN",
    "ACCOUNT/lambda/REGION/function/NAME/policy.json        aws lambda get-policy --function-name NAME",
    "ACCOUNT/lambda/REGION/layer/NAME/VERSION/policy.json   aws lambda get-layer-version-policy --layer-name NAME --version-number VERSION",
    "ACCOUNT/secretsmanager/REGION/secret/NAME/policy.json  aws secretsmanager get-resource-policy --secret-id ARN",
    "ACCOUNT/ecr/REGION/repository/NAME/policy.json         aws ecr get-repository-policy --repository-name NAME",
    "ACCOUNT/ecr/REGION/registry-policy.json                aws ecr get-registry-policy",
    "ACCOUNT/elasticfilesystem/REGION/file-system/ID/policy.json  aws efs describe-file-system-policy --file-system-id ID",
    "ACCOUNT/dynamodb/REGION/table/NAME/policy.json         aws dynamodb get-resource-policy --resource-arn ARN",
    "ACCOUNT/kinesis/REGION/stream/NAME/policy.json         aws kinesis get-resource-policy --resource-arn ARN",
    "ACCOUNT/es/REGION/domain/NAME/policy.json              aws opensearch describe-domain --domain-name NAME",
    "ACCOUNT/execute-api/REGION/API/policy.json             aws apigateway get-rest-api --rest-api-id API",
    "ACCOUNT/events/REGION/event-bus/NAME/policy.json       aws events describe-event-bus --name NAME",
    "ACCOUNT/logs/REGION/resource-policies.json             aws logs describe-resource-policies",
    "ACCOUNT/glacier/REGION/vaults/NAME/policy.json         aws glacier get-vault-access-policy --account-id - --vault-name NAME",
    "ACCOUNT/glacier/REGION/vaults/NAME/vault-lock.json     aws glacier get-vault-lock --account-id - --vault-name NAME",
    "ACCOUNT/backup/REGION/backup-vault/NAME/policy.json    aws backup get-backup-vault-access-policy --backup-vault-name NAME",
    "ACCOUNT/codeartifact/REGION/domain/NAME/policy.json    aws codeartifact get-domain-permissions-policy --domain NAME",
    "ACCOUNT/codeartifact/REGION/repository/DOMAIN/NAME/policy.json  aws codeartifact get-repository-permissions-policy --domain DOMAIN --repository NAME",
    "ACCOUNT/glue/REGION/catalog/policy.json               aws glue get-resource-policy",
    "ACCOUNT/ram/REGION/policies.json                       aws ram get-resource-policies --resource-arns ARN…",
    "ACCOUNT/iam/policy/NAME/policy.json                    aws iam get-policy-version --policy-arn ARN --version-id VERSION",
    "ACCOUNT/SERVICE/REGION/PARTS/OF/NAME/policy.json       whatever prints the policy of another resource",
];

/// That somebody asked for the policy of a resource and there was none.
fn no_policy(document: &Document<'_>, place: &Place, estate: &mut Estate) {
    let Some(arn) = &place.resource else { return };
    let read = Policy { span: Some(document.tree.span), ..silent(arn, Vec::new()) };
    let origin = read.origin();
    let home = place.account.as_ref().and_then(|number| account(estate, number, &origin));
    let id = resource(estate, arn, home, origin.clone());
    let policy = add_policy(estate, read);
    attach(estate, policy, Target::Resource(id), RESOURCE, origin);
}

/// What the policy can be: one with a principal somewhere is a resource's or a role's.
fn capacity(given: &Given<'_>) -> Capacity {
    if given.resource.is_some() || given.regional.is_some() {
        return Capacity::Resource;
    }
    let text_names = given.policy.as_str().is_some_and(|text| text.contains("Principal"));
    let statements = given.policy.get("Statement");
    let list = statements.map_or(&[][..], |value| value.as_list().unwrap_or(std::slice::from_ref(value)));
    let names = |statement: &Tree| statement.get("Principal").or(statement.get("NotPrincipal")).is_some();
    if text_names || list.iter().any(names) { Capacity::Resource } else { Capacity::Identity }
}

/// Tells trust policies from other resource policies: they have no resources and are about taking on a role.
fn of_document(document: &Policy) -> Capacity {
    let trusts = document.statements.iter().all(|statement| {
        let assumes = |text: &str| text.to_ascii_lowercase().starts_with("sts:");
        statement.resource.is_none() && statement.action.values.iter().any(|value| assumes(&value.value))
    });
    if trusts && !document.statements.is_empty() { Capacity::Trust } else { Capacity::Resource }
}

struct Loader<'a, 't> {
    estate: &'a mut Estate,
    problems: &'a mut Vec<Problem>,
    name: String,
    given: &'a Given<'t>,
    place: &'a Place,
}

impl Loader<'_, '_> {
    fn load(&mut self, whole: &Tree) {
        if let Some(arn) = self.managed() {
            let before = self.estate.find_policy(AWS, &arn).and_then(|id| self.estate.policy(id));
            if before.is_some_and(|before| before.origin.span.is_some()) {
                let message = format!("another file holds the text of `{arn}`, too; the other one was taken");
                let problem = Problem::warning("aws-policy-twice", message).at(self.given.policy.span);
                self.problems.push(problem.help("leave the one that was exported last"));
            }
            let name = arn.split_once(":policy/").map_or(arn.as_str(), |(_, name)| name);
            let (tree, route) = (self.given.policy, &self.given.route);
            if let Some(read) = policy(tree, name, route, Capacity::Identity, self.problems) {
                aws_managed::define(self.estate, &arn, read);
            }
            return;
        }
        self.check_wrapper(whole);
        let capacity = self.capacity();
        let (tree, route) = (self.given.policy, &self.given.route);
        let Some(read) = policy(tree, &self.name, route, capacity, self.problems) else { return };
        let capacity = if capacity == Capacity::Resource { self.of_document(&read) } else { capacity };
        match capacity {
            Capacity::Identity => self.identity(read),
            Capacity::Trust => self.trust(read),
            Capacity::Resource => self.resource(read),
        }
    }

    /// The managed policy that this is the text of.
    fn managed(&self) -> Option<String> {
        let folder = self.place.resource.as_deref().filter(|arn| {
            Arn::parse(arn).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("policy/"))
        });
        self.given.managed.or(folder).map(str::to_owned)
    }

    fn capacity(&self) -> Capacity {
        // In a resource's folder lies its policy, even one that forgets to name somebody.
        if self.place.is_folder() { Capacity::Resource } else { capacity(self.given) }
    }

    fn of_document(&self, document: &Policy) -> Capacity {
        let of_role = |arn: &str| {
            Arn::parse(arn).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/"))
        };
        let stated = self.given.resource.and_then(Tree::as_str).or(self.place.resource.as_deref());
        if stated.is_some_and(of_role) { Capacity::Trust } else { of_document(document) }
    }

    /// What a user's own wrapper may say. Answers of commands hold more.
    fn check_wrapper(&mut self, whole: &Tree) {
        if whole.get("ResourceArn").is_none() || whole.get("Policy").is_none() {
            return;
        }
        for entry in whole.entries() {
            if !["ResourceArn", "Account", "Policy", "RevisionId"].contains(&&*entry.key.value) {
                let message = format!("unknown key `{}` beside `Policy`", entry.key.value);
                let problem = Problem::warning("aws-policy-wrapper", message).at(entry.key.span);
                self.problems.push(problem.help("the keys are `ResourceArn`, `Account` and `Policy`"));
            }
        }
    }

    fn identity(&mut self, document: Policy) {
        let origin = document.origin();
        let holder = Origin { what: format!("whoever holds policy `{}`", self.name), ..origin.clone() };
        let id = self.estate.add_principal(Principal {
            cloud: AWS,
            name: self.name.clone(),
            kind: PrincipalKind::Holder,
            home: None,
            facts: BTreeMap::new(),
            origin: holder,
        });
        let policy = add_policy(self.estate, document);
        attach(self.estate, policy, Target::Principal(id), IDENTITY, origin);
    }

    fn trust(&mut self, document: Policy) {
        let origin = document.origin();
        let stated = self.given.resource.and_then(Tree::as_str).or(self.place.resource.as_deref());
        let of_role = stated.filter(|arn| arn.contains(":role/")).map(str::to_owned);
        // Written like an ARN, because requests are asked on ARNs; whose account it is, nobody said.
        let arn = of_role.unwrap_or_else(|| format!("arn:aws:iam::unknown:role/{}", self.name));
        let number = Arn::parse(&arn).map(|parts| parts.account.to_owned()).unwrap_or_default();
        let home = account(self.estate, &number, &origin);
        let id = resource(self.estate, &arn, home, origin.clone());
        mentioned(self.estate, &document);
        let policy = add_policy(self.estate, document);
        attach(self.estate, policy, Target::Resource(id), TRUST, origin);
    }

    fn resource(&mut self, document: Policy) {
        let origin = document.origin();
        let resources = self.resources(&document);
        if resources.is_empty() && self.given.resource.is_none() {
            let message = format!("it is not clear which resource policy `{}` belongs to", self.name);
            let problem = Problem::warning("aws-policy-resource", message).at(self.given.policy.span);
            self.problems.push(problem.help(
                "wrap it as {\"ResourceArn\": \"arn:...\", \"Account\": \"...\", \"Policy\": {...}}; it was left out",
            ));
            return;
        }
        mentioned(self.estate, &document);
        let stated = self.account(&origin);
        let policy = add_policy(self.estate, document);
        for arn in resources {
            let number = Arn::parse(&arn).map(|parts| parts.account.to_owned()).unwrap_or_default();
            let home = match self.given.account {
                Some(_) => stated.or_else(|| account(self.estate, &number, &origin)),
                None => account(self.estate, &number, &origin).or(stated),
            };
            let id = resource(self.estate, &arn, home, origin.clone());
            self.second(id, &arn, &origin);
            attach(self.estate, policy, Target::Resource(id), RESOURCE, origin.clone());
        }
    }

    /// Reports that another file holds a policy of the resource. Log groups and parameters have several, and a vault of
    /// Glacier may have a lock beside its policy:
    /// <https://docs.aws.amazon.com/amazonglacier/latest/dev/vault-lock-policy.html>.
    fn second(&mut self, id: ResourceId, arn: &str, origin: &Origin) {
        let has_several =
            Arn::parse(arn).is_some_and(|arn| ["glacier", "logs", "ssm"].contains(&arn.service));
        let file = origin.span.map(|span| span.file);
        let elsewhere = self.estate.attached_to(Target::Resource(id)).any(|other| {
            let is_given =
                self.estate.policy(other.policy).and_then(body).is_some_and(|body| !body.document.provided);
            let place = other.origin.span.map(|span| span.file);
            other.layer == RESOURCE && is_given && place.is_some() && place != file
        });
        if elsewhere && !has_several {
            let message = format!("another file holds a policy of `{arn}`, too; both were taken to apply");
            let problem = Problem::warning("aws-policy-twice", message).at(self.given.policy.span);
            self.problems.push(problem.help("leave the one that was exported last"));
        }
    }

    /// Whose policy it is.
    fn resources(&mut self, document: &Policy) -> BTreeSet<String> {
        if let Some(tree) = self.given.resource {
            return self.stated(tree).into_iter().collect();
        }
        if let Some(regional) = self.given.regional {
            return self.in_region(document, regional).into_iter().collect();
        }
        let by_place = self.place.resource.clone();
        if self.place.is_folder() {
            return by_place.into_iter().collect();
        }
        let named = protected(document);
        if named.is_empty() { by_place.into_iter().collect() } else { named }
    }

    /// A policy of CloudWatch Logs without a resource holds for all log groups of the account in the region, and the policy
    /// of a registry of ECR for all its repositories. They go by the part of the ARN that they share.
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html>,
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>
    fn in_region(&self, document: &Policy, (service, kind): Regional) -> Option<String> {
        let values =
            document.statements.iter().filter_map(|one| one.resource.as_ref()).flat_map(|one| &one.values);
        let written = values.map(|value| &*value.value);
        let mut arns = self.place.resource.as_deref().into_iter().chain(written).filter_map(Arn::parse);
        let arn = arns.find(|arn| {
            is_account(arn.account) && !arn.region.contains(['*', '?']) && !arn.region.is_empty()
        })?;
        Some(format!("arn:{}:{service}:{}:{}:{kind}", arn.partition, arn.region, arn.account))
    }

    fn stated(&mut self, tree: &Tree) -> Option<String> {
        let arn = tree.as_str().filter(|text| Arn::parse(text).is_some() && !text.contains(['*', '?']));
        if arn.is_none() {
            let problem =
                Problem::error("aws-policy-wrapper", "expected `ResourceArn` to be the ARN of one resource");
            self.problems.push(problem.at(tree.span).help("write it in full, without wildcards"));
        }
        arn.map(str::to_owned)
    }

    fn account(&mut self, origin: &Origin) -> Option<ScopeId> {
        let Some(tree) = self.given.account else {
            let folder = self.place.account.as_deref();
            return folder.and_then(|number| account(self.estate, number, origin));
        };
        let number = match &tree.kind {
            Kind::Number(source) => Some(&**source),
            _ => tree.as_str(),
        };
        match number.filter(|number| is_account(number)) {
            Some(number) => account(self.estate, number, origin),
            None => {
                let problem =
                    Problem::error("aws-policy-wrapper", "expected `Account` to be an account number");
                self.problems.push(problem.at(tree.span).help("write its twelve digits as a string"));
                None
            }
        }
    }
}

/// The resources that a policy speaks of, wildcards behind their names cut off: objects belong to their bucket.
fn protected(document: &Policy) -> BTreeSet<String> {
    let elements = document.statements.iter().filter_map(|statement| statement.resource.as_ref());
    let values = elements.filter(|element| !element.negated).flat_map(|element| &element.values);
    values.filter_map(|value| whole(&value.value)).collect()
}

fn whole(text: &str) -> Option<String> {
    let arn = Arn::parse(text)?;
    let name = match arn.service {
        "s3" if arn.account.is_empty() => arn.resource.split('/').next()?,
        "s3" if arn.resource.starts_with("accesspoint/") => {
            arn.resource.split_once("/object").map_or(arn.resource, |(point, _)| point)
        }
        _ => arn.resource.strip_suffix("/*").or(arn.resource.strip_suffix(":*")).unwrap_or(arn.resource),
    };
    let head = format!("arn:{}:{}:{}:{}:", arn.partition, arn.service, arn.region, arn.account);
    let named = !name.is_empty() && !format!("{head}{name}").contains(['*', '?', '$']);
    named.then(|| format!("{head}{name}"))
}

#[cfg(test)]
mod tests;
