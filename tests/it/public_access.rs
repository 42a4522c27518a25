//! S3 Block Public Access: what it takes from a public bucket policy, and what it leaves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const OWNER: &str = "111122223333";
const PARTNER: &str = "999900001111";

struct Export(PathBuf);

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn everybody() -> Value {
    json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})
}

fn partner() -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{PARTNER}:role/r")}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"})
}

fn service() -> Value {
    json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"})
}

fn settings(on: bool) -> Value {
    json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": on}})
}

impl Export {
    fn new(test: &str, statements: &[Value]) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("block-{test}-{}", std::process::id()));
        fs::create_dir_all(path.join(OWNER)).unwrap();
        let export = Self(path);
        let user = json!({"Path": "/", "UserName": "ann", "UserId": "AIDAANN", "Arn": format!("arn:aws:iam::{OWNER}:user/ann"), "GroupList": [], "AttachedManagedPolicies": [], "UserPolicyList": []});
        export.put(
            "account-details.json",
            &json!({"UserDetailList": [user], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}),
        );
        // As `get-bucket-policy` answers: a string, and nothing about the bucket's owner.
        export.put("bucket-b.json", &json!({"Policy": policy(statements).to_string()}));
        export
    }

    fn put(&self, name: &str, content: &Value) {
        fs::write(self.0.join(OWNER).join(name), content.to_string()).unwrap();
    }

    fn can(&self, who: &str, action: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        command.args(["can", who, action, "arn:aws:s3:::b/k", self.0.to_str().unwrap(), "--format", "json"]);
        let output = command.env_clear().output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["answer"]["allowed"].as_str().unwrap().to_owned()
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
#[test]
fn a_public_policy_reaches_the_owners_account_and_services_only() {
    let export = Export::new("public", &[everybody(), partner(), service()]);
    let role = format!("arn:aws:iam::{PARTNER}:role/r");
    let ann = format!("arn:aws:iam::{OWNER}:user/ann");
    let all = |export: &Export| {
        [
            ("anonymous", "s3:GetObject"),
            (&role, "s3:GetObject"),
            (&ann, "s3:GetObject"),
            ("cloudtrail.amazonaws.com", "s3:PutObject"),
        ]
        .map(|(who, action)| export.can(who, action))
    };
    assert_eq!(all(&export), ["always"; 4]);
    export.put("public-access-block-of-b.json", &settings(false));
    assert_eq!(all(&export), ["always"; 4]);
    // The bucket's own settings or the account's: either is enough.
    export.put(&format!("public-access-block-of-{OWNER}.json"), &settings(true));
    assert_eq!(all(&export), ["never", "never", "always", "always"]);
    export.put(&format!("public-access-block-of-{OWNER}.json"), &settings(false));
    export.put("public-access-block-of-b.json", &settings(true));
    assert_eq!(all(&export), ["never", "never", "always", "always"]);
}

#[test]
fn a_policy_that_is_not_public_stays_as_it_is() {
    let export = Export::new("shared", &[partner()]);
    export.put("public-access-block-of-b.json", &settings(true));
    assert_eq!(export.can(&format!("arn:aws:iam::{PARTNER}:role/r"), "s3:GetObject"), "always");
}

#[test]
fn settings_that_cannot_be_read() {
    let export = Export::new("broken", &[everybody()]);
    export.put("settings.json", &settings(true));
    let odd = json!({"PublicAccessBlockConfiguration": {"RestrictPublicBuckets": "yes"}});
    export.put("public-access-block-of-b.json", &odd);
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output = command.args(["scan", export.0.to_str().unwrap()]).env_clear().output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("does not say whose settings these are"), "{said}");
    assert!(said.contains("expected `RestrictPublicBuckets` to be true or false, found a string"), "{said}");
}
