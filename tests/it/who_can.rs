//! `leastwise who-can` on the shipped examples.

use std::process::Command;

use serde_json::Value;

fn leastwise(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output =
        command.args(arguments).env_clear().current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn entrants(arguments: &[&str]) -> Vec<Value> {
    let (code, text) = leastwise(&[&["who-can"], arguments, &["--format", "json"]].concat());
    assert_eq!(code, 0);
    serde_json::from_str::<Value>(&text).unwrap()["who_can"].as_array().unwrap().clone()
}

/// How far somebody gets, of those whose name ends so.
fn extent<'v>(entrants: &'v [Value], who: &str) -> &'v str {
    let mut fitting =
        entrants.iter().filter(|one| one["question"]["principal"].as_str().unwrap().ends_with(who));
    let found = fitting.next().unwrap_or_else(|| panic!("`{who}` was not asked about"));
    assert!(fitting.next().is_none(), "`{who}` is not unique");
    found["allowed"].as_str().unwrap()
}

#[test]
fn everybody_is_asked_about() {
    let all = entrants(&["s3:GetObject", "acme-exports", "examples/aws-organization"]);
    for (who, expected) in [
        ("role/data-science", "always"),
        ("user/break-glass", "sometimes"),
        ("user/alice", "never"),
        ("outside", "sometimes"),
        ("anonymous", "never"),
    ] {
        assert_eq!(extent(&all, who), expected, "{who}");
    }
    let order = |one: &Value| {
        ["always", "sometimes", "undecided", "never"].iter().position(|word| one["allowed"] == *word)
    };
    assert!(all.is_sorted_by_key(|one| order(one).unwrap()));
    let break_glass =
        all.iter().find(|one| one["question"]["principal"].as_str().unwrap().ends_with("break-glass"));
    let condition = break_glass.unwrap()["rows"][0]["condition"].as_str().unwrap();
    assert_eq!(condition, "aws:MultiFactorAuthPresent is true");
    let witness = &break_glass.unwrap()["example"]["witness"];
    assert_eq!(witness["context"]["aws:MultiFactorAuthPresent"][0], "true");
    assert_ne!(witness["because"][0]["origin"]["place"]["line"], Value::Null);
}

/// The same answers as `can` gives one by one.
#[test]
fn who_can_and_can_agree() {
    let estate = "examples/gcp-editor";
    let all = entrants(&["storage.objects.create", "*", estate]);
    assert!(all.len() > 5);
    for one in &all {
        let who = one["question"]["principal"].as_str().unwrap();
        let (_, text) = leastwise(&["can", who, "storage.objects.create", "*", estate, "--format", "json"]);
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["answer"]["allowed"], one["allowed"], "{who}");
    }
}

/// A bucket that no file defines belongs to nobody known, so nobody outside gets at it by assumption.
#[test]
fn an_unknown_resource() {
    let all = entrants(&["s3:PutObject", "arn:aws:s3:::acme-uploads/x", "examples/aws-organization"]);
    assert_eq!(extent(&all, "outside"), "never");
    assert_eq!(extent(&all, "anonymous"), "never");
    let all =
        entrants(&["sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:q", "examples/aws-organization"]);
    assert_eq!(extent(&all, "outside"), "never");
}

#[test]
fn text_names_those_who_may_and_counts_the_others() {
    let (code, text) = leastwise(&["who-can", "s3:GetObject", "acme-exports", "examples/aws-organization"]);
    assert_eq!(code, 0);
    assert!(
        text.starts_with("Who may `s3:GetObject` on `arn:aws:s3:::acme-exports` or inside it\n\nalways: "),
        "{text}"
    );
    assert!(text.contains("always: arn:aws:iam::111122223333:role/data-science\n  by "), "{text}");
    assert!(text.contains("aws:MultiFactorAuthPresent is true"), "{text}");
    assert!(text.contains("\nnever: arn:"), "{text}");
}
