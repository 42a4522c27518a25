//! AWS policy documents alone, and the wrappers they come in.
//!
//! - A document without principals is given to somebody: a holder, named after the file.
//! - A document with principals belongs to the resources that it names: `arn:aws:s3:::b` and `arn:aws:s3:::b/*` are the
//!   bucket `arn:aws:s3:::b`. The owner is known when the ARN has an account.
//! - A document with principals and `sts:AssumeRole` but no resource is the trust policy of a role named after the
//!   file, in the account `unknown`.
//!
//! Wrappers: `{"Policy": "..."}` as `aws s3api get-bucket-policy` and its kin answer, `{"PolicyVersion": {"Document":
//! ...}}` as `aws iam get-policy-version` does, `{"PolicyDocument": ...}` as `aws iam get-role-policy` does. To say whose
//! policy it is, write `{"ResourceArn": "arn:aws:s3:::b", "Account": "111122223333", "Policy": ...}`; `Account` may be
//! left out when the ARN has it, or when the file is in a folder that is named after the account.

use std::collections::{BTreeMap, BTreeSet};

use super::{Confidence, Document, Format};
use crate::clouds::aws::AWS;
use crate::clouds::aws::ast::{Arn, Document as Policy, is_account};
use crate::clouds::aws::estate::{account, add_policy, attach, mentioned, policy, resource};
use crate::clouds::aws::parse::Capacity;
use crate::clouds::aws::rule::{IDENTITY, RESOURCE, TRUST};
use crate::model::{Estate, Origin, Principal, PrincipalKind, ScopeId, Target};
use crate::text::{Kind, Problem, Route, Tree};

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

    fn detects(&self, tree: &Tree) -> Confidence {
        if tree.get("PolicyVersion").is_some_and(|version| version.get("Document").is_some())
            || tree.get("PolicyDocument").is_some()
            || (tree.get("ResourceArn").is_some() && tree.get("Policy").is_some())
        {
            return Confidence::Certain;
        }
        match (tree.get("Statement"), tree.get("Policy")) {
            (Some(_), _) if tree.get("Version").is_some() => Confidence::Certain,
            (Some(_), _) => Confidence::Likely,
            (None, Some(policy)) if policy.as_str().is_some_and(|text| text.contains("Statement")) => {
                Confidence::Certain
            }
            (None, Some(policy)) if policy.get("Statement").is_some() => Confidence::Certain,
            _ if is_statement_list(tree) => Confidence::Likely,
            _ => Confidence::No,
        }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        let Some(given) = unwrap(document.tree, problems) else { return };
        let name = title(document.path);
        let capacity = capacity(&given);
        let Some(read) = policy(given.policy, &name, &given.route, capacity, problems) else { return };
        let capacity = if capacity == Capacity::Resource { of_document(&read) } else { capacity };
        let folder = account_folder(document.path);
        let mut loader = Loader { estate, problems, name, given, folder };
        match capacity {
            Capacity::Identity => loader.identity(read),
            Capacity::Trust => loader.trust(read),
            Capacity::Resource => loader.resource(read),
        }
    }
}

/// An array of statements without a policy around it, which users write by mistake.
fn is_statement_list(tree: &Tree) -> bool {
    tree.as_list().is_some_and(|items| {
        !items.is_empty()
            && items.iter().all(|item| item.get("Effect").is_some() && item.get("Action").is_some())
    })
}

/// A policy with what the wrapper says about it.
struct Given<'t> {
    policy: &'t Tree,
    route: Route,
    resource: Option<&'t Tree>,
    account: Option<&'t Tree>,
}

fn unwrap<'t>(tree: &'t Tree, problems: &mut Vec<Problem>) -> Option<Given<'t>> {
    let root = Route::root();
    let bare = |policy, route| Given { policy, route, resource: None, account: None };
    if let Some(document) = tree.get("PolicyVersion").and_then(|version| version.get("Document")) {
        return Some(bare(document, root.key("PolicyVersion").key("Document")));
    }
    if let Some(document) = tree.get("PolicyDocument") {
        return Some(bare(document, root.key("PolicyDocument")));
    }
    if tree.get("Statement").is_some() || tree.as_map().is_none() {
        return Some(bare(tree, root));
    }
    if let Some(policy) = tree.get("Policy") {
        for entry in tree.entries() {
            if !["ResourceArn", "Account", "Policy", "RevisionId"].contains(&&*entry.key.value) {
                let message = format!("unknown key `{}` beside `Policy`", entry.key.value);
                let problem = Problem::warning("aws-policy-wrapper", message).at(entry.key.span);
                problems.push(problem.help("the keys are `ResourceArn`, `Account` and `Policy`"));
            }
        }
        let (resource, account) = (tree.get("ResourceArn"), tree.get("Account"));
        return Some(Given { policy, route: root.key("Policy"), resource, account });
    }
    Some(bare(tree, root))
}

/// The file's name without folders and ending.
pub(super) fn title(path: &str) -> String {
    if path == "-" {
        return "standard input".to_owned();
    }
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let name = name.strip_suffix(".gz").unwrap_or(name);
    name.strip_suffix(".json").unwrap_or(name).to_owned()
}

/// The innermost folder that is named like an account: `aws/111122223333/bucket.json`.
fn account_folder(path: &str) -> Option<&str> {
    let mut parts = path.rsplit(['/', '\\']);
    parts.next();
    parts.find(|part| is_account(part))
}

/// What the policy can be: one with a principal somewhere is a resource's or a role's.
fn capacity(given: &Given<'_>) -> Capacity {
    if given.resource.is_some() {
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
    given: Given<'t>,
    /// The account that the folder is named after.
    folder: Option<&'t str>,
}

impl Loader<'_, '_> {
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
        // Written like an ARN, because requests are asked on ARNs; whose account it is, nobody said.
        let arn = format!("arn:aws:iam::unknown:role/{}", self.name);
        let id = resource(self.estate, &arn, None, origin.clone());
        mentioned(self.estate, &document);
        let policy = add_policy(self.estate, document);
        attach(self.estate, policy, Target::Resource(id), TRUST, origin);
    }

    fn resource(&mut self, document: Policy) {
        let origin = document.origin();
        let resources = match self.given.resource {
            Some(tree) => self.stated(tree).into_iter().collect(),
            None => protected(&document),
        };
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
            attach(self.estate, policy, Target::Resource(id), RESOURCE, origin.clone());
        }
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
            return self.folder.and_then(|number| account(self.estate, number, origin));
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
        _ => arn.resource.strip_suffix("/*").or(arn.resource.strip_suffix(":*")).unwrap_or(arn.resource),
    };
    let head = format!("arn:{}:{}:{}:{}:", arn.partition, arn.service, arn.region, arn.account);
    let named = !name.is_empty() && !format!("{head}{name}").contains(['*', '?', '$']);
    named.then(|| format!("{head}{name}"))
}

#[cfg(test)]
mod tests;
