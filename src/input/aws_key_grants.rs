//! Grants of KMS keys, as `aws kms list-grants` prints them: a third way to a key beside its policy and identity policies.
//!
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html>,
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>. A grant counts like an allow statement of the key's
//! policy that names the grantee, and lets in the principal that may retire it:
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>.

use super::aws_layout::Place;
use super::aws_shapes;
use super::{Confidence, Document, Format};
use crate::clouds::aws::ast::{Arn, PrincipalName, is_account};
use crate::clouds::aws::composed::{self, Allowed};
use crate::clouds::aws::estate::{account, add_policy, attach, mentioned, resource, silent};
use crate::clouds::aws::rule::KEY_GRANT;
use crate::model::{Estate, Gap, GapKind, Origin, Target};
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsKeyGrants;

/// Constraints on the encryption context do not apply to these:
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>. Nor do they to making a grant; they
/// pass on to the grant that is made.
const UNCONSTRAINED: [&str; 3] = ["DescribeKey", "RetireGrant", "CreateGrant"];

impl Format for AwsKeyGrants {
    fn id(&self) -> &'static str {
        "aws-key-grants"
    }

    fn summary(&self) -> &'static str {
        "grants of a KMS key: `aws kms list-grants`"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["ACCOUNT/kms/REGION/key/KEY/grants.json    aws kms list-grants --key-id KEY"]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        // The lists of a bucket hold `Grants` too.
        let first = tree.get("Grants").and_then(Tree::as_list).and_then(<[Tree]>::first);
        let marked =
            first.is_some_and(|grant| grant.get("GrantId").is_some() && grant.get("Operations").is_some());
        if marked { Confidence::Certain } else { Confidence::No }
    }

    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let grants = tree.get("Grants").and_then(Tree::as_list);
        let none = grants.is_some_and(<[Tree]>::is_empty) && self.claims(path);
        if none { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        aws_shapes::is_called(path, &["grants"])
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        aws_shapes::check(document.tree, &aws_shapes::KEY_GRANTS, problems);
        let place = Place::of(document.path);
        none(document, &place, estate);
        let grants = document.tree.get("Grants").and_then(Tree::as_list).unwrap_or_default();
        for (index, grant) in grants.iter().enumerate() {
            let route = Route::root().key("Grants").index(index);
            match key(grant, &place) {
                Some(arn) => load(grant, &route, &arn, estate, problems),
                None => {
                    let message = "a grant does not say which key it is for, and was left out";
                    let problem = Problem::error("aws-grant-shape", message).at(grant.span);
                    problems.push(problem.help("put the file into the folder `ACCOUNT/kms/REGION/key/KEY`"));
                }
            }
        }
    }
}

/// Remembers that somebody asked for the grants of a key.
fn none(document: &Document<'_>, place: &Place, estate: &mut Estate) {
    let Some(arn) = place.resource.as_deref().filter(|arn| arn.contains(":key/")) else { return };
    let read = silent(&format!("grants of {arn}"), Vec::new());
    let origin = Origin { span: Some(document.tree.span), ..read.origin() };
    let home = place.account.as_ref().and_then(|number| account(estate, number, &origin));
    let id = resource(estate, arn, home, origin.clone());
    let policy = add_policy(estate, read);
    attach(estate, policy, Target::Resource(id), KEY_GRANT, origin);
}

fn text<'t>(tree: &'t Tree, key: &str) -> Option<&'t str> {
    tree.get(key).and_then(Tree::as_str)
}

/// The ARN of the key: the grant has it, or the bare id of the key whose folder this is.
fn key(grant: &Tree, place: &Place) -> Option<String> {
    let stated = text(grant, "KeyId");
    let whole = stated.filter(|id| Arn::parse(id).is_some()).map(str::to_owned);
    whole.or_else(|| place.resource.clone().filter(|arn| stated.is_none_or(|id| arn.ends_with(id))))
}

fn load(grant: &Tree, route: &Route, arn: &str, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let id = text(grant, "GrantId").unwrap_or_default();
    let grantee = text(grant, "GranteePrincipal").map(principal);
    let grantee = grantee
        .or_else(|| text(grant, "GranteeServicePrincipal").map(|name| PrincipalName::Service(name.into())));
    let retiring = text(grant, "RetiringPrincipal").map(principal);
    let retiring = retiring
        .or_else(|| text(grant, "RetiringServicePrincipal").map(|name| PrincipalName::Service(name.into())));
    let Some(grantee) = grantee else {
        let problem =
            Problem::error("aws-grant-shape", format!("the grant `{id}` has no `GranteePrincipal`"));
        problems.push(problem.at(grant.span).help("export the grants again with `aws kms list-grants`"));
        return;
    };
    let operations = grant.get("Operations").and_then(Tree::as_list).unwrap_or_default();
    let operations = operations.iter().filter_map(Tree::as_str);
    let (free, bound): (Vec<&str>, Vec<&str>) = operations.partition(|name| UNCONSTRAINED.contains(name));
    let mut gaps = Vec::new();
    let tests = constraints(grant, id, &mut gaps);
    let allowed = |principal: &PrincipalName, operations: &[&str], tests: &[_]| Allowed {
        sid: text(grant, "Name").filter(|name| !name.is_empty()).unwrap_or(id).to_owned(),
        principal: principal.clone(),
        actions: operations.iter().map(|name| format!("kms:{name}")).collect(),
        resource: arn.to_owned(),
        tests: tests.to_vec(),
        span: grant.span,
        route: route.clone(),
    };
    let parts = [(&free, &[][..]), (&bound, tests.as_slice())];
    let parts = parts.into_iter().filter(|(operations, _)| !operations.is_empty());
    let given = parts.map(|(operations, tests)| allowed(&grantee, operations, tests));
    let retired = retiring.iter().map(|name| allowed(name, &["RetireGrant"], &[]));
    let statements = given.chain(retired).collect();
    let mut document = composed::document(&format!("grants of {arn}"), grant.span, route, statements);
    document.gaps = gaps;
    mentioned(estate, &document);
    let origin = document.origin();
    let number = Arn::parse(arn).map(|parts| parts.account.to_owned()).unwrap_or_default();
    let home = account(estate, &number, &origin);
    let resource = resource(estate, arn, home, origin.clone());
    let policy = add_policy(estate, document);
    attach(estate, policy, Target::Resource(resource), KEY_GRANT, origin);
}

fn principal(text: &str) -> PrincipalName {
    let is_service = !text.starts_with("arn:") && !is_account(text) && text.contains('.');
    if is_service { PrincipalName::Service(text.into()) } else { PrincipalName::aws(&text.into()) }
}

type Condition = (&'static str, String, Vec<String>);

/// The constraints as tests. `kms:EncryptionContext:KEY` is the value of one pair, `kms:EncryptionContextKeys` all keys:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context>
fn constraints(grant: &Tree, id: &str, gaps: &mut Vec<Gap>) -> Vec<Condition> {
    let Some(constraints) = grant.get("Constraints") else { return Vec::new() };
    let mut tests = Vec::new();
    for entry in constraints.entries() {
        let pairs: Vec<(&str, &str)> =
            entry.value.entries().filter_map(|pair| Some((&*pair.key.value, pair.value.as_str()?))).collect();
        match &*entry.key.value {
            "EncryptionContextSubset" => tests.extend(pairs.iter().map(|pair| same(pair))),
            "EncryptionContextEquals" => {
                tests.extend(pairs.iter().map(|pair| same(pair)));
                let keys = pairs.iter().map(|(key, _)| (*key).to_owned()).collect();
                tests.push(("ForAllValues:StringEquals", "kms:EncryptionContextKeys".to_owned(), keys));
            }
            "SourceArn" => {
                let values = entry.value.as_str().into_iter().map(str::to_owned).collect();
                tests.push(("ArnLike", "aws:SourceArn".to_owned(), values));
            }
            other => gaps.push(Gap {
                kind: GapKind::OpaqueCondition,
                message: format!(
                    "the constraint `{other}` of grant `{id}` is not known and was taken to hold"
                ),
                origin: None,
            }),
        }
    }
    tests
}

fn same((key, value): &(&str, &str)) -> Condition {
    ("StringEquals", format!("kms:EncryptionContext:{key}"), vec![(*value).to_owned()])
}
