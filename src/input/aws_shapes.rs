//! Which kind of value stands under which key of what the command line of AWS prints. A value of another kind would be
//! taken for one that is absent, and with it would vanish what it allows or denies.
//!
//! The kinds are those of <https://docs.aws.amazon.com/cli/latest/reference/>. Policies are not in here: `clouds` reads them.

use super::aws_layout::{Place, title};
use crate::text::{Problem, Shape, Tree};

use Shape::{Each, Flag, List, Map, Text, Values};

const NAMED: Shape = Map(&[("PolicyName", Text)]);
const VERSION: Shape = Map(&[("VersionId", Text), ("IsDefaultVersion", Flag)]);
const TAG: Shape = Map(&[("Key", Text), ("Value", Text)]);
const ENTITY: Shape = Map(&[
    ("UserId", Text),
    ("RoleId", Text),
    ("GroupId", Text),
    ("Path", Text),
    ("GroupList", List(&Text)),
    ("AttachedManagedPolicies", List(&Map(&[("PolicyArn", Text)]))),
    ("UserPolicyList", List(&NAMED)),
    ("GroupPolicyList", List(&NAMED)),
    ("RolePolicyList", List(&NAMED)),
    ("PermissionsBoundary", Map(&[("PermissionsBoundaryArn", Text)])),
    ("Tags", List(&TAG)),
    ("DefaultVersionId", Text),
    ("PolicyVersionList", List(&VERSION)),
    ("InstanceProfileList", List(&Map(&[("Arn", Text), ("InstanceProfileName", Text)]))),
]);

/// `aws iam get-account-authorization-details`, `list-roles` and `get-role`
pub(super) const ACCOUNT: Shape = Map(&[
    ("UserDetailList", Each(&ENTITY)),
    ("GroupDetailList", Each(&ENTITY)),
    ("RoleDetailList", Each(&ENTITY)),
    ("Policies", Each(&ENTITY)),
    ("Roles", Each(&ENTITY)),
    ("Role", ENTITY),
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

const CONSTRAINTS: Shape =
    Map(&[("EncryptionContextSubset", Values(&Text)), ("EncryptionContextEquals", Values(&Text))]);

const ASSOCIATION: Shape = Map(&[
    ("resourceShareArn", Text),
    ("associatedEntity", Text),
    ("associationType", Text),
    ("status", Text),
    ("arn", Text),
    ("id", Text),
]);

/// The lists of AWS RAM.
pub(super) const SHARES: Shape = Map(&[
    ("resourceShareAssociations", List(&ASSOCIATION)),
    ("resourceShares", List(&ASSOCIATION)),
    ("resources", List(&ASSOCIATION)),
    ("principals", List(&ASSOCIATION)),
]);

/// `aws kms list-grants`
pub(super) const KEY_GRANTS: Shape = Map(&[(
    "Grants",
    List(&Map(&[
        ("KeyId", Text),
        ("GrantId", Text),
        ("Name", Text),
        ("Operations", List(&Text)),
        ("Constraints", CONSTRAINTS),
        ("RetiringPrincipal", Text),
        ("RetiringServicePrincipal", Text),
    ])),
)]);

/// `aws ec2 describe-vpc-endpoints`
pub(super) const ENDPOINTS: Shape = Map(&[(
    "VpcEndpoints",
    List(&Map(&[("ServiceName", Text), ("OwnerId", Text), ("VpcEndpointType", Text)])),
)]);

const POLICY_TYPE: Shape = Map(&[("Type", Text), ("Status", Text)]);
const MEMBER: Shape = Map(&[]);
const SUMMARY: Shape = Map(&[("Type", Text), ("Name", Text)]);

/// Lists of policies that hold more than the policy: `aws logs describe-resource-policies`
pub(super) const LISTED: Shape =
    Map(&[("resourcePolicies", Each(&Map(&[("policyName", Text)]))), ("State", Text)]);

/// What `aws organizations` prints.
pub(super) const ORGANIZATION: Shape = Map(&[
    ("Organization", Map(&[("Id", Text), ("MasterAccountId", Text)])),
    ("Roots", List(&Map(&[("Arn", Text), ("PolicyTypes", List(&POLICY_TYPE))]))),
    ("OrganizationalUnits", List(&MEMBER)),
    ("Accounts", List(&MEMBER)),
    ("Targets", List(&MEMBER)),
    ("Policies", List(&SUMMARY)),
    ("Policy", Map(&[("PolicySummary", SUMMARY)])),
]);

const CONTROLLED: Shape =
    Map(&[("parent", Text), ("ou", Text), ("scps", List(&Text)), ("rcps", List(&Text))]);

/// What iam-collect writes, by the names of its files. Those about resources that an account shares are called otherwise.
const COLLECTED: &[(&str, Shape)] = &[
    (
        "metadata",
        Map(&[
            ("arn", Text),
            ("id", Text),
            ("name", Text),
            ("path", Text),
            ("permissionBoundary", Text),
            ("rootOu", Text),
            ("rootAccountId", Text),
            ("features", Values(&Flag)),
        ]),
    ),
    ("tags", Values(&Text)),
    ("groups", List(&Text)),
    ("managed-policies", List(&Text)),
    ("inline-policies", List(&NAMED)),
    ("s3-bpa", Map(&[])),
    ("bpa", Map(&[])),
    ("ous", Values(&CONTROLLED)),
    ("accounts", Values(&CONTROLLED)),
];

/// `ram/REGION/….json`, as iam-collect writes it.
const SHARED: Shape = Map(&[("arn", Text)]);

/// The same for a file that iam-collect writes: of that name, and of a resource that the account shares, or not. Answers
/// whether it is of its kind as a whole.
pub(super) fn check_collected(tree: &Tree, stem: &str, is_shared: bool, problems: &mut Vec<Problem>) -> bool {
    let shape = match COLLECTED.iter().find(|(name, _)| *name == stem) {
        _ if is_shared => &SHARED,
        Some((_, shape)) => shape,
        None => &Map(&[]),
    };
    check(tree, shape, problems);
    match shape {
        List(_) => tree.as_list().is_some(),
        _ => tree.as_map().is_some(),
    }
}

/// Reports what is of another kind than expected.
pub(super) fn check(tree: &Tree, shape: &Shape, problems: &mut Vec<Problem>) {
    shape.check(tree, &mut |span, message| {
        let problem = Problem::error("aws-export-shape", message).at(span);
        problems.push(problem.help("export it again, and leave what the command prints as it is"));
    });
}

/// Whether a file of an account goes by a name that says what it holds.
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
            (r#"{"UserDetailList": [{"GroupList": null, "Tags": [], "CreateDate": 7}]}"#, &ACCOUNT, ""),
        ] {
            let mut problems = Vec::new();
            let tree = json::parse(Files::default().add("x.json", text), text, &mut problems).unwrap();
            check(&tree, shape, &mut problems);
            let found: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
            assert_eq!(found.join("\n"), said, "{text}");
        }
    }
}
