//! Questions are about requests from now on: a grant whose time is over gives nothing. Without `--now` it is known that
//! nobody asks before the catalogs were made.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Somebody who may do something until the end of a year, in each cloud: the file, principal, action, resource.
fn grants(until: &str) -> [(&'static str, String, [&'static str; 3]); 2] {
    let aws = format!(
        r#"{{"UserDetailList": [{{"UserName": "ann", "UserId": "AIDAEXAMPLE", "Path": "/",
            "Arn": "arn:aws:iam::111122223333:user/ann", "GroupList": [], "AttachedManagedPolicies": [],
            "UserPolicyList": [{{"PolicyName": "until", "PolicyDocument": {{"Version": "2012-10-17", "Statement": [
                {{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
                  "Condition": {{"DateLessThan": {{"aws:CurrentTime": "{until}-12-31T00:00:00Z"}}}}}}]}}}}]}}],
            "GroupDetailList": [], "RoleDetailList": [], "Policies": []}}"#
    );
    let gcp = format!(
        r#"{{"version": 3, "bindings": [{{"role": "roles/storage.objectViewer", "members": ["user:ann@example.com"],
            "condition": {{"title": "until", "expression": "request.time < timestamp('{until}-12-31T00:00:00Z')"}}}}]}}"#
    );
    [
        (
            "account.json",
            aws,
            ["arn:aws:iam::111122223333:user/ann", "s3:GetObject", "arn:aws:s3:::reports/2026.csv"],
        ),
        (
            "project-reports.iam.json",
            gcp,
            [
                "user:ann@example.com",
                "resourcemanager.projects.get",
                "//cloudresourcemanager.googleapis.com/projects/reports",
            ],
        ),
    ]
}

/// `always`, `sometimes` or `never`.
fn allowed(until: &str, cloud: usize, now: Option<&str>) -> String {
    let folder: PathBuf =
        std::env::temp_dir().join(format!("leastwise-present-{}-{until}-{cloud}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (file, text, [principal, action, resource]) = &grants(until)[cloud];
    let path = folder.join(file);
    fs::write(&path, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.args(["can", principal, action, resource, "--format", "json"]).arg(&path);
    command.args(now.into_iter().flat_map(|now| ["--now", now]));
    let output = command.env_clear().stdin(Stdio::null()).output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    report["answer"]["allowed"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_over_before_the_catalogs_were_made_gives_nothing() {
    for cloud in [0, 1] {
        assert_eq!(allowed("2019", cloud, None), "never", "{}", grants("2019")[cloud].0);
        assert_eq!(allowed("2999", cloud, None), "sometimes", "{}", grants("2999")[cloud].0);
    }
}

#[test]
fn now_can_be_named() {
    for cloud in [0, 1] {
        assert_eq!(allowed("2999", cloud, Some("3000-01-01")), "never");
        assert_eq!(allowed("2999", cloud, Some("2999-06-01T12:00:00Z")), "sometimes");
        // Who looks at an old export can ask about its time.
        assert_eq!(allowed("2019", cloud, Some("2018-01-01")), "sometimes");
    }
}

#[test]
fn a_time_that_is_none_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output = command.args(["scan", "examples", "--now", "tomorrow"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("expected a day such as `2027-01-31`"), "{said}");
}
