//! Which kind of value stands under which key of what the command line of AWS prints. A value of another kind would be
//! taken for one that is absent, and with it would vanish what it allows or denies.
//!
//! The kinds are those of <https://docs.aws.amazon.com/cli/latest/reference/>. Policies are not in here: `clouds` reads them.

use super::aws_layout::{Place, title};
use crate::text::{Entry, Problem, Tree};

/// What is expected of a value. `null` counts as absent.
pub(super) enum Shape {
    Text,
    Flag,
    /// An object of texts, whatever their keys.
    Texts,
    List(&'static Shape),
    /// The items of an array; that it is one, others check.
    Each(&'static Shape),
    /// An object, of which these keys matter.
    Map(&'static [(&'static str, Shape)]),
}

use Shape::{Each, Flag, List, Map, Text, Texts};

const NAMED: Shape = Map(&[("PolicyName", Text)]);
const VERSION: Shape = Map(&[("VersionId", Text), ("IsDefaultVersion", Flag)]);
const TAG: Shape = Map(&[("Key", Text), ("Value", Text)]);
const ENTITY: Shape = Map(&[
    ("UserId", Text),
    ("RoleId", Text),
    ("GroupList", List(&Text)),
    ("AttachedManagedPolicies", List(&Map(&[("PolicyArn", Text)]))),
    ("UserPolicyList", List(&NAMED)),
    ("GroupPolicyList", List(&NAMED)),
    ("RolePolicyList", List(&NAMED)),
    ("PermissionsBoundary", Map(&[("PermissionsBoundaryArn", Text)])),
    ("Tags", List(&TAG)),
    ("DefaultVersionId", Text),
    ("PolicyVersionList", List(&VERSION)),
]);

/// `aws iam get-account-authorization-details`
pub(super) const ACCOUNT: Shape = Map(&[
    ("UserDetailList", Each(&ENTITY)),
    ("GroupDetailList", Each(&ENTITY)),
    ("RoleDetailList", Each(&ENTITY)),
    ("Policies", Each(&ENTITY)),
]);

const GRANTEE: Shape = Map(&[("Type", Text), ("URI", Text), ("ID", Text)]);

/// The settings of buckets and access points.
pub(super) const BUCKET: Shape = Map(&[
    ("PublicAccessBlockConfiguration", Map(&[])),
    ("Owner", Map(&[("ID", Text)])),
    ("Grants", List(&Map(&[("Grantee", GRANTEE), ("Permission", Text)]))),
    ("OwnershipControls", Map(&[("Rules", List(&Map(&[("ObjectOwnership", Text)])))])),
    ("Bucket", Text),
    ("VpcConfiguration", Map(&[("VpcId", Text)])),
]);

const CONSTRAINTS: Shape = Map(&[("EncryptionContextSubset", Texts), ("EncryptionContextEquals", Texts)]);

/// `aws kms list-grants`
pub(super) const KEY_GRANTS: Shape = Map(&[(
    "Grants",
    List(&Map(&[("KeyId", Text), ("Operations", List(&Text)), ("Constraints", CONSTRAINTS)])),
)]);

/// `aws ec2 describe-vpc-endpoints`
pub(super) const ENDPOINTS: Shape =
    Map(&[("VpcEndpoints", List(&Map(&[("ServiceName", Text), ("OwnerId", Text)])))]);

const POLICY_TYPE: Shape = Map(&[("Type", Text), ("Status", Text)]);
const MEMBER: Shape = Map(&[]);

/// What `aws organizations` prints.
pub(super) const ORGANIZATION: Shape = Map(&[
    ("Organization", Map(&[("Id", Text), ("MasterAccountId", Text)])),
    ("Roots", List(&Map(&[("Arn", Text), ("PolicyTypes", List(&POLICY_TYPE))]))),
    ("OrganizationalUnits", List(&MEMBER)),
    ("Accounts", List(&MEMBER)),
    ("Targets", List(&MEMBER)),
    ("Policies", List(&MEMBER)),
    ("Policy", Map(&[("PolicySummary", Map(&[("Type", Text)]))])),
]);

/// Reports what is of another kind than expected.
pub(super) fn check(tree: &Tree, shape: &Shape, problems: &mut Vec<Problem>) {
    of(tree, shape, "the document", problems);
}

fn of(tree: &Tree, shape: &Shape, name: &str, problems: &mut Vec<Problem>) {
    let expected = match shape {
        _ if tree.is_null() => return,
        Text if tree.as_str().is_none() => "a string",
        Flag if tree.as_bool().is_none() => "true or false",
        List(_) if tree.as_list().is_none() => "an array",
        Map(_) | Texts if tree.as_map().is_none() => "an object",
        Text | Flag => return,
        List(item) | Each(item) => {
            for found in tree.as_list().unwrap_or_default() {
                of(found, item, name, problems);
            }
            return;
        }
        Map(keys) => {
            for (key, shape) in *keys {
                if let Some(value) = tree.get(key) {
                    of(value, shape, key, problems);
                }
            }
            return;
        }
        Texts => {
            for Entry { key, value } in tree.entries() {
                of(value, &Text, &key.value, problems);
            }
            return;
        }
    };
    let message = format!("expected `{name}` to be {expected}, found {}", tree.kind_name());
    let problem = Problem::error("aws-export-shape", message).at(tree.span);
    problems.push(problem.help("export it again, and leave what the command prints as it is"));
}

/// Whether a file of an account, or one of an organization, goes by a name that says what it holds.
pub(super) fn is_called(path: &str, names: &[&str]) -> bool {
    Place::of(path).account.is_some() && names.contains(&title(path).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Files, json};

    #[test]
    fn another_kind_is_reported_with_its_key() {
        for (text, shape, said) in [
            (
                r#"{"UserDetailList": [{"GroupList": "g"}]}"#,
                &ACCOUNT,
                "expected `GroupList` to be an array, found a string",
            ),
            (
                r#"{"RoleDetailList": [{"RolePolicyList": [7]}]}"#,
                &ACCOUNT,
                "expected `RolePolicyList` to be an object, found a number",
            ),
            (
                r#"{"Grants": [{"Constraints": {"EncryptionContextSubset": {"a": 1}}}]}"#,
                &KEY_GRANTS,
                "expected `a` to be a string, found a number",
            ),
            (
                r#"{"Policies": [{"PolicyVersionList": [{"IsDefaultVersion": "yes"}]}]}"#,
                &ACCOUNT,
                "expected `IsDefaultVersion` to be true or false, found a string",
            ),
            (r#"{"Targets": {}}"#, &ORGANIZATION, "expected `Targets` to be an array, found an object"),
            (r#"{"UserDetailList": 7}"#, &ACCOUNT, ""),
            (r#"{"UserDetailList": [{"GroupList": null, "Tags": [], "Path": 7}]}"#, &ACCOUNT, ""),
        ] {
            let mut problems = Vec::new();
            let tree = json::parse(Files::default().add("x.json", text), text, &mut problems).unwrap();
            check(&tree, shape, &mut problems);
            let found: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
            assert_eq!(found.join("\n"), said, "{text}");
        }
    }
}
