//! An organization as the command line of AWS exports it: its tree, its control policies, and what is missing of both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// The files of an organization with a management account and one member, in a folder that is gone in the end.
struct Export(PathBuf);

const MANAGEMENT: &str = "999900001111";
const MEMBER: &str = "111122223333";
const ROOT: &str = "r-ab12";
const UNIT: &str = "ou-ab12-11112222";

fn account(number: &str) -> Value {
    let admin =
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let user = json!({
        "Path": "/", "UserName": "ann", "UserId": format!("AIDA{number}"), "Arn": format!("arn:aws:iam::{number}:user/ann"),
        "GroupList": [], "AttachedManagedPolicies": [],
        "UserPolicyList": [{"PolicyName": "admin", "PolicyDocument": admin}],
    });
    json!({"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": []})
}

fn described(id: &str, kind: &str, statement: Value) -> Value {
    let content = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    json!({"Policy": {"PolicySummary": {"Id": id, "Name": format!("name of {id}"), "Type": kind, "AwsManaged": false}, "Content": content}})
}

fn targets(ids: &[&str]) -> Value {
    json!({"Targets": ids.iter().map(|id| json!({"TargetId": id, "Name": "n", "Type": "T"})).collect::<Vec<_>>()})
}

const SERVICE: &str = "SERVICE_CONTROL_POLICY";
const RESOURCE: &str = "RESOURCE_CONTROL_POLICY";

impl Export {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("org-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let export = Self(path);
        let kinds = [SERVICE, RESOURCE].map(|kind| json!({"Type": kind, "Status": "ENABLED"}));
        let list = |kind: &str, ids: &[&str]| json!({"Policies": ids.iter().map(|id| json!({"Id": id, "Name": id, "Type": kind})).collect::<Vec<_>>()});
        let forbid =
            json!({"Sid": "NoDelete", "Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"});
        let perimeter = json!({"Sid": "Perimeter", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalAccount": MEMBER}}});
        let all = [ROOT, UNIT, MEMBER, MANAGEMENT];
        for (name, content) in [
            (
                "organization.json",
                json!({"Organization": {"Id": "o-abcdefghij", "MasterAccountId": MANAGEMENT}}),
            ),
            ("roots.json", json!({"Roots": [{"Id": ROOT, "Name": "Root", "PolicyTypes": kinds}]})),
            ("units-of-r-ab12.json", json!({"OrganizationalUnits": [{"Id": UNIT, "Name": "prod"}]})),
            ("units-of-ou-ab12-11112222.json", json!({"OrganizationalUnits": []})),
            ("accounts-of-r-ab12.json", json!({"Accounts": [{"Id": MANAGEMENT, "Name": "m"}]})),
            ("accounts-of-ou-ab12-11112222.json", json!({"Accounts": [{"Id": MEMBER, "Name": "p"}]})),
            ("service-control.json", list(SERVICE, &["p-FullAWSAccess", "p-forbid0000"])),
            ("resource-control.json", list(RESOURCE, &["p-RCPFullAWSAccess", "p-perimeter0"])),
            ("policy-p-forbid0000.json", described("p-forbid0000", SERVICE, forbid)),
            ("policy-p-perimeter0.json", described("p-perimeter0", RESOURCE, perimeter)),
            ("targets-of-p-FullAWSAccess.json", targets(&all)),
            ("targets-of-p-RCPFullAWSAccess.json", targets(&all)),
            ("targets-of-p-forbid0000.json", targets(&[UNIT, MANAGEMENT])),
            ("targets-of-p-perimeter0.json", targets(&[ROOT])),
            ("member.json", account(MEMBER)),
            ("management.json", account(MANAGEMENT)),
            (
                "bucket.json",
                json!({"ResourceArn": "arn:aws:s3:::b", "Account": MEMBER, "Policy": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}}}),
            ),
        ] {
            export.put(name, &content);
        }
        fs::create_dir_all(export.0.join(MEMBER).join("s3/b")).unwrap();
        export.put(
            &format!("{MEMBER}/s3/b/ownership-controls.json"),
            &json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}),
        );
        export
    }

    fn put(&self, name: &str, content: &Value) {
        fs::write(self.0.join(name), content.to_string()).unwrap();
    }

    fn without(&self, name: &str) -> &Self {
        fs::remove_file(self.0.join(name)).unwrap();
        self
    }

    /// The answer of `can`, with what is assumed.
    fn can(&self, who: &str, action: &str, resource: &str) -> (String, Vec<String>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        command
            .args(["can", who, action, resource, self.0.to_str().unwrap(), "--format", "json"])
            .env_clear();
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut gaps: Vec<String> = ["example", "counterexample"]
            .iter()
            .flat_map(|side| report["answer"][side]["certainty"]["gaps"].as_array().unwrap())
            .map(|gap| gap["message"].as_str().unwrap().to_owned())
            .collect();
        gaps.sort();
        gaps.dedup();
        (report["answer"]["allowed"].as_str().unwrap().to_owned(), gaps)
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn ann(account: &str) -> String {
    format!("arn:aws:iam::{account}:user/ann")
}

fn answer(allowed: &str) -> (String, Vec<String>) {
    (allowed.to_owned(), Vec::new())
}

// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
#[test]
fn control_policies_hold_for_members_and_not_for_the_management_account() {
    let export = Export::new("complete");
    assert_eq!(export.can(&ann(MEMBER), "s3:PutObject", "arn:aws:s3:::b/k"), answer("always"));
    assert_eq!(export.can(&ann(MEMBER), "s3:DeleteBucket", "arn:aws:s3:::b"), answer("never"));
    let (managing, _) = export.can(&ann(MANAGEMENT), "s3:DeleteBucket", "arn:aws:s3:::other");
    assert_eq!(managing, "always");
}

// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
#[test]
fn resource_control_policies_hold_for_callers_from_everywhere() {
    let export = Export::new("resources");
    assert_eq!(export.can("anonymous", "s3:GetObject", "arn:aws:s3:::b/k"), answer("never"));
    assert_eq!(export.can(&ann(MANAGEMENT), "s3:GetObject", "arn:aws:s3:::b/k"), answer("never"));
    export.put("targets-of-p-perimeter0.json", &targets(&[]));
    let (allowed, gaps) = export.can("anonymous", "s3:GetObject", "arn:aws:s3:::b/k");
    assert_eq!(allowed, "always");
    let block = "Block Public Access of `arn:aws:s3:::b` or of its account is not in the input and was taken to be off";
    assert_eq!(gaps, [block]);
}

/// Each part that is missing is named with the answers it touches, and nothing else changes.
#[test]
fn what_is_missing_is_a_gap() {
    let ask = |export: &Export| export.can(&ann(MEMBER), "s3:PutObject", "arn:aws:s3:::b/k");
    for (missing, said) in [
        ("organization.json", "which account manages the organization is not in the input"),
        ("service-control.json", "the list of service control policies is not in the input"),
        ("resource-control.json", "the list of resource control policies is not in the input"),
        (
            "targets-of-p-FullAWSAccess.json",
            "where the policy `p-FullAWSAccess` is attached is not in the input",
        ),
        ("policy-p-forbid0000.json", "the text of policy `p-forbid0000` is not in the input"),
        (
            "accounts-of-ou-ab12-11112222.json",
            "the place of `111122223333` in the organization is not in the input",
        ),
    ] {
        let export = Export::new(&format!("without-{missing}"));
        let (allowed, gaps) = ask(export.without(missing));
        assert_eq!(allowed, "always", "{missing}");
        assert!(gaps.iter().any(|gap| gap.contains(said)), "{missing}: {gaps:?}");
    }
    let export = Export::new("not-below");
    export.put("units-of-r-ab12.json", &json!({"OrganizationalUnits": []}));
    let (_, gaps) = ask(&export);
    assert!(gaps[0].contains("the place of `ou-ab12-11112222` in the organization"), "{gaps:?}");
}

/// Who is a member, and where, follows from the tree: a request cannot say otherwise.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid>
#[test]
fn organization_keys_follow_from_the_tree() {
    let way = format!("o-abcdefghij/{ROOT}/{UNIT}/");
    let ours = json!({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}});
    let other = json!({"StringEquals": {"aws:PrincipalOrgID": "o-zyxwvutsrq"}});
    let unit = json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": [way]}});
    let elsewhere =
        json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-abcdefghij/r-ab12/ou-other/*"]}});
    let same = json!({"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}});
    let resource = json!({"StringNotEquals": {"aws:ResourceOrgID": "o-abcdefghij"}});
    for (number, (condition, member, managing, outside, anonymous)) in [
        (ours, "always", "always", "never", "never"),
        (other, "never", "never", "sometimes", "never"),
        (unit, "always", "sometimes", "never", "never"),
        (elsewhere, "never", "sometimes", "never", "never"),
        (same, "always", "always", "never", "never"),
        (resource, "never", "never", "never", "never"),
    ]
    .into_iter()
    .enumerate()
    {
        // A relation between two keys of which nothing is known is for Z3; without it the answer is undecided.
        if cfg!(not(feature = "z3")) && condition.to_string().contains("${aws:PrincipalOrgID}") {
            continue;
        }
        let export = Export::new(&format!("keys-{number}"));
        export.put("targets-of-p-perimeter0.json", &targets(&[]));
        // The management account stands at an unknown place.
        export.put("accounts-of-r-ab12.json", &json!({"Accounts": []}));
        export.put("list.json", &json!({"Accounts": [{"Id": MANAGEMENT, "Name": "m"}]}));
        // Nobody is allowed by a policy of their own.
        for account in [MEMBER, MANAGEMENT] {
            let name = if account == MEMBER { "member.json" } else { "management.json" };
            let user = json!({"Path": "/", "UserName": "ann", "UserId": "AIDA", "Arn": ann(account), "GroupList": [], "AttachedManagedPolicies": [], "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}}}]});
            let none =
                json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []});
            let mut content = none.clone();
            content["UserDetailList"] = json!([user]);
            export.put(name, &content);
        }
        let only = |effect: &str| json!({"Effect": effect, "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Condition": condition});
        // The bucket is in an account of its own, so both sides must allow.
        export.put("bucket.json", &json!({"ResourceArn": "arn:aws:s3:::b", "Account": MEMBER, "Policy": {"Version": "2012-10-17", "Statement": only("Allow")}}));
        let can = |who: &str| export.can(who, "s3:GetObject", "arn:aws:s3:::b/k").0;
        let (own, others) = (can(&ann(MEMBER)), can(&ann(MANAGEMENT)));
        // An identity policy of the own account allows by itself.
        assert_eq!((own.as_str(), others.as_str()), ("always", managing), "{condition}");
        assert_eq!((can("outside").as_str(), can("anonymous").as_str()), (outside, anonymous), "{condition}");
        // A deny with the condition shows what holds for the own account.
        let deny = json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}, only("Deny")]);
        export.put("bucket.json", &json!({"ResourceArn": "arn:aws:s3:::b", "Account": MEMBER, "Policy": {"Version": "2012-10-17", "Statement": deny}}));
        let refused = if member == "always" { "never" } else { "always" };
        assert_eq!(can(&ann(MEMBER)), refused, "deny {condition}");
    }
}

/// All lists of members are there, and the account is in none of them.
#[test]
fn an_account_that_is_no_member() {
    let export = Export::new("no-member");
    export.put("accounts-of-ou-ab12-11112222.json", &json!({"Accounts": []}));
    for policy in ["FullAWSAccess", "RCPFullAWSAccess"] {
        export.put(&format!("targets-of-p-{policy}.json"), &targets(&[ROOT, UNIT, MANAGEMENT]));
    }
    assert_eq!(export.can(&ann(MEMBER), "s3:DeleteBucket", "arn:aws:s3:::b"), answer("always"));
}

/// A kind of policies that the root does not have enabled is not in effect, whatever is attached.
#[test]
fn policies_that_are_not_enabled() {
    let export = Export::new("disabled");
    let kinds = json!([{"Type": RESOURCE, "Status": "ENABLED"}]);
    export.put("roots.json", &json!({"Roots": [{"Id": ROOT, "PolicyTypes": kinds}]}));
    assert_eq!(export.can(&ann(MEMBER), "s3:DeleteBucket", "arn:aws:s3:::b"), answer("always"));
}

#[test]
fn a_broken_entry_is_reported_and_the_others_are_read() {
    let export = Export::new("broken");
    export.put("accounts-of-ou-ab12-11112222.json", &json!({"Accounts": [{"Id": MEMBER}, {"Name": "x"}, 7]}));
    export.put(
        "policy-p-forbid0000.json",
        &json!({"Policy": {"PolicySummary": {"Id": "p-forbid0000", "Type": SERVICE}}}),
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.args(["can", &ann(MEMBER), "s3:DeleteBucket", "arn:aws:s3:::b", export.0.to_str().unwrap()]);
    let output = command.env_clear().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.matches("an entry of `Accounts` has no `Id` and was left out").count(), 2, "{said}");
    assert!(said.contains("a policy has no `Content` and was left out"), "{said}");
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.contains("the text of policy `p-forbid0000` is not in the input"), "{out}");
}

#[test]
fn a_file_that_does_not_say_whose_it_is() {
    let export = Export::new("nameless");
    export.put("targets.json", &targets(&[ROOT]));
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output = command.args(["scan", export.0.to_str().unwrap()]).env_clear().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("does not say which policy has these targets"), "{said}");
    assert!(said.contains("as in `targets-of-p-12345678.json`"), "{said}");
}
