//! `leastwise simulate` from outside: decisions, reasons, comparison, and what bad scenarios get.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::shared::shared;

struct Run {
    code: i32,
    out: String,
    err: String,
}

/// Runs `simulate` on `text` as the standard input.
fn simulate(arguments: &[&str], text: &str) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.arg("simulate").args(arguments).env_clear();
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn lines(run: &Run) -> Vec<Value> {
    run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const ALLOW: &str = r#"{"Version": "2012-10-17", "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}"#;

fn scenario(id: &str, more: &str) -> String {
    format!(
        r#"{{"id": "{id}", "cloud": "aws", "request": {{"principal": "arn:aws:iam::111122223333:user/ann", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "resource_account": "111122223333", "context": {{}}}}, {more}}}"#
    )
}

/// The decisions that are settled by AWS's documentation; `tests/corpus/README.md` names the page.
pub(crate) const SETTLED: &[(&str, &str)] = &[(
    "sessionPolicies.json#7 Implicit deny in session policy denies even if session ARN in resource policy",
    "allowed",
)];

#[test]
fn decisions_from_elsewhere() {
    let Some(path) = shared("oracles/aws-decisions.jsonl") else { return };
    let cases: Vec<Value> =
        fs::read_to_string(&path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let run = simulate(&["--check", "--format", "json", path.to_str().unwrap()], "");
    assert_eq!(run.code, i32::from(!SETTLED.is_empty()), "{}", run.err);
    let decided = lines(&run);
    assert_eq!(decided.len(), cases.len());
    assert!(cases.len() >= 133, "only {} cases", cases.len());
    for (case, line) in cases.iter().zip(&decided) {
        assert_eq!(case["id"], line["id"]);
        assert_eq!(case["expected"], line["expected"]);
        let id = case["id"].as_str().unwrap();
        match SETTLED.iter().find(|(settled, _)| *settled == id) {
            Some((_, decision)) => {
                assert_eq!(line["decision"], **decision, "{id}");
                assert_ne!(case["expected"], line["decision"], "no longer a disagreement: {id}");
            }
            None => assert_eq!(case["expected"], line["decision"], "{line}"),
        }
        if line["decision"] != "implicitly_denied" {
            assert_ne!(line["because"].as_array().unwrap().len(), 0, "{line}");
        }
    }
    // As an array, and compressed, the same scenarios get the same answers.
    let array = serde_json::to_string_pretty(&cases).unwrap();
    assert_eq!(simulate(&["--check", "--format", "json", "-"], &array).out.lines().count(), cases.len());
}

#[test]
fn one_scenario_with_its_reasons() {
    let denies =
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
    let cases = [
        scenario("yes", &format!(r#""policies": {{"identity": [{ALLOW}]}}"#)),
        scenario(
            "no",
            &format!(r#""policies": {{"identity": [{ALLOW}], "service_control": [[{ALLOW}], [{denies}]]}}"#),
        ),
        scenario(
            "cut",
            &format!(r#""policies": {{"identity": [{ALLOW}], "service_control": [[{ALLOW}], []]}}"#),
        ),
    ];
    let run = simulate(&["--format", "json", "-"], &format!("{}\n{}\n\n{}\n", cases[0], cases[1], cases[2]));
    assert_eq!(run.code, 0, "{}", run.err);
    let lines = lines(&run);
    assert_eq!(lines[0]["decision"], "allowed");
    let because = &lines[0]["because"][0];
    assert_eq!(because["layer"], "identity");
    assert_eq!(because["policy"], "policies.identity[0]");
    assert_eq!(because["statement"], "Statement[0]");
    assert_eq!(because["effect"], "allow");
    assert_eq!(because["what"], "statement `Read` of policy `identity[0]`");
    assert_eq!(because["place"]["line"], 1);
    assert_eq!(lines[1]["decision"], "explicitly_denied");
    assert_eq!(lines[1]["because"][0]["policy"], "policies.service_control[1][0]");
    assert_eq!(lines[2]["decision"], "implicitly_denied");
    assert_eq!(lines[2]["blocked_by"][0]["layer"], "service control policy");
    assert_eq!(lines[2]["blocked_by"][0]["effect"], Value::Null);
    let text = simulate(&["-"], &format!("[{}, {}]", cases[0], cases[1])).out;
    let first = text.lines().next().unwrap();
    assert!(
        first.starts_with("allowed            yes  by statement `Read` of policy `identity[0]` (-:1:"),
        "{first}"
    );
    assert!(text.contains("2 scenarios: 1 allowed, 1 explicitly denied, 0 implicitly denied"), "{text}");
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_decided() {
    let allowed = format!(r#""policies": {{"identity": [{ALLOW}]}}"#);
    let good = scenario("good", &allowed);
    let broken = |more: &str| scenario("bad", more);
    for (bad, said) in [
        ("7".to_owned(), "expected a scenario to be an object, found a number"),
        (r#"{"id": "bad"}"#.to_owned(), "the scenario has no `request`"),
        (broken(r#""policies": {"identiy": []}"#), "unknown key `identiy` in `policies`"),
        (
            broken(r#""policies": {"identity": {}}"#),
            "expected `identity` to be an array of policies, found an object",
        ),
        (
            broken(r#""policies": {"identity": [7]}"#),
            "expected the policy `identity[0]` to be an object, found a number",
        ),
        (
            broken(r#""policies": {"service_control": [{}]}"#),
            "expected `service_control[0]` to be an array of policies",
        ),
        (
            broken(
                r#""policies": {"identity": [{"Statement": {"Effect": "Maybe", "Action": "*", "Resource": "*"}}]}"#,
            ),
            "Effect",
        ),
        (broken(r#""policies": {}, "expected": "maybe""#), "`expected` is no decision"),
        (broken(r#""polices": {}"#), "unknown key `polices` in the scenario"),
        (broken(r#""policies": []"#), "expected `policies` to be an object, found an array"),
        (
            broken(r#""policies": {"service_control": "x"}"#),
            "expected `service_control` to be an array of levels, found a string",
        ),
        (
            broken(r#""policies": {"vpc_endpoint": {}}"#),
            "expected `vpc_endpoint` to be an array of policies, found an object",
        ),
        (broken(r#""policies": {"identity": [{}]}"#), "policy `identity[0]` has no `Statement`"),
        (good.replace("\"action\"", "\"acton\""), "unknown key `acton` in `request`"),
        (good.replace("\"action\": \"s3:GetObject\", ", ""), "the request has no `action`"),
        (
            good.replace("\"context\": {}", "\"context\": []"),
            "expected `context` to be an object, found an array",
        ),
        (good.replace("s3:GetObject", "s3:Get*"), "expected one action, found `s3:Get*`"),
        (good.replace("arn:aws:iam::111122223333:user/ann", "ann"), "`ann` is no principal"),
        (good.replace("\"111122223333\"", "\"1\""), "expected `resource_account` to be an account number"),
        (good.replace("\"aws\"", "\"sky\""), "the scenario is of no cloud that is known here"),
        (good.replace("\"context\": {}", "\"context\": {\"a\": {}}"), "`a` has a value that is none"),
        (
            good.replace("arn:aws:s3:::b/k", "arn:aws:sqs:eu-west-1:444455556666:q"),
            "the resource's ARN says `444455556666`",
        ),
    ] {
        let run = simulate(&["--format", "json", "-"], &format!("[{bad}, {good}]"));
        assert!(run.err.contains(said) && run.err.contains("-:1:"), "{said}\n{}", run.err);
        assert_eq!(run.code, 2, "{}", run.err);
        let ids: Vec<Value> = lines(&run).iter().map(|line| line["id"].clone()).collect();
        assert_eq!(ids, ["good"], "{bad}");
    }
    for nothing in ["", "[]", "{", "[1"] {
        let run = simulate(&["-"], nothing);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{nothing}: {}", run.err);
        assert!(run.err.contains("no simulation took place"), "{}", run.err);
    }
}

/// Compressed files, arrays and lines are the same; one line that is cut off costs no other, and a file that ends too
/// early gives no answer at all.
#[test]
fn compressed_files_and_lines_that_are_cut_off() {
    let case = scenario("good", &format!(r#""policies": {{"identity": [{ALLOW}]}}"#));
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let packed = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let whole = packed(&format!("{case}\n{case}\n"));
    for (name, bytes, code, count) in [
        ("lines.jsonl.gz", whole.clone(), 0, 2),
        ("array.json.gz", packed(&format!("[{case}, {case}]")), 0, 2),
        ("half.jsonl.gz", whole[..whole.len() / 2].to_vec(), 2, 0),
        ("cut.jsonl", format!("{}\n{case}\n", &case.chars().take(60).collect::<String>()).into_bytes(), 2, 1),
        ("deep.jsonl", format!("{{\"request\": {}\n{case}\n", "[".repeat(100_000)).into_bytes(), 2, 1),
    ] {
        let path = folder.join(format!("{}-{name}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        let run = simulate(&["--format", "json", path.to_str().unwrap()], "");
        fs::remove_file(&path).unwrap();
        let decided: Vec<Value> = lines(&run).iter().map(|line| line["decision"].clone()).collect();
        assert_eq!((run.code, decided), (code, vec![Value::from("allowed"); count]), "{name}: {}", run.err);
    }
}

#[test]
fn decisions_are_compared_only_when_asked() {
    let allowed = format!(r#""policies": {{"identity": [{ALLOW}]}}, "expected": "implicitly_denied""#);
    let case = scenario("1", &allowed);
    assert_eq!(simulate(&["-"], &case).code, 0);
    let run = simulate(&["--check", "-"], &case);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("expected implicitly denied"), "{}", run.out);
    assert!(run.out.contains("1 compared with what was expected: 1 different"), "{}", run.out);
    assert_eq!(simulate(&["--check", "-"], &case.replace("implicitly_denied", "allowed")).code, 0);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html>
#[test]
fn the_root_user_needs_no_identity_policy() {
    let root = |more: &str| {
        let case = scenario("root", &format!(r#""policies": {{{more}}}"#)).replace(":user/ann", ":root");
        lines(&simulate(&["--format", "json", "-"], &case))[0]["decision"].as_str().unwrap().to_owned()
    };
    assert_eq!(root(""), "allowed");
    assert_eq!(root(r#""service_control": [[]]"#), "implicitly_denied");
    let deny = r#"{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}"#;
    assert_eq!(root(&format!(r#""resource": {deny}"#)), "explicitly_denied");
}

/// Both kinds of control policies in one account, and endpoints for callers without credentials: every policy of a
/// scenario takes part.
#[test]
fn no_policy_of_a_scenario_is_overlooked() {
    let all = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let none = r#"{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}"#;
    let public = r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::b/*"}}"#;
    let other = r#"{"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}"#;
    let decided = |case: String| {
        let run = simulate(&["--format", "json", "-"], &case);
        assert_eq!(run.code, 0, "{}", run.err);
        lines(&run)[0]["decision"].as_str().unwrap().to_owned()
    };
    let both = |resource_control: &str| {
        let policies = format!(
            r#""policies": {{"identity": [{all}], "service_control": [[{all}]], "resource_control": [[], [{resource_control}]]}}"#
        );
        decided(scenario("both", &policies))
    };
    assert_eq!(both(""), "allowed");
    assert_eq!(both(none), "explicitly_denied");
    let anonymous = |endpoint: &str| {
        let policies = format!(r#""policies": {{"resource": {public}, "vpc_endpoint": [{endpoint}]}}"#);
        decided(scenario("endpoint", &policies).replace("arn:aws:iam::111122223333:user/ann", "*"))
    };
    assert_eq!(anonymous(all), "allowed");
    assert_eq!(anonymous(other), "implicitly_denied");
}

/// Resource control policies hold for the services that AWS lists, and IAM is not among them:
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>.
#[test]
fn resource_control_policies_hold_for_listed_services_only() {
    let all =
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    let denial = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}"#;
    let policies = format!(r#""policies": {{"identity": [{all}], "resource_control": [[{denial}]]}}"#);
    let stored = scenario("s3", &policies);
    let listed = stored.replace("\"id\": \"s3\"", "\"id\": \"iam\"").replace("s3:GetObject", "iam:GetUser");
    let listed = listed.replace("arn:aws:s3:::b/k", "arn:aws:iam::111122223333:user/ann");
    let run = simulate(&["--format", "json", "-"], &format!("{stored}\n{listed}\n"));
    let decisions: Vec<Value> = lines(&run).iter().map(|line| line["decision"].clone()).collect();
    assert_eq!(decisions, ["explicitly_denied", "allowed"], "{}", run.err);
}

/// What a request does not say about its session or its key is an assumption of the answer that rests on it.
#[test]
fn what_a_scenario_leaves_open_is_assumed() {
    let all = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;
    let deny = r#"{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}}"#;
    let named = r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/ann"}, "Action": "*", "Resource": "*"}}"#;
    let guest = "arn:aws:sts::111122223333:federated-user/guest";
    let federated = |more: &str| {
        let case = scenario("guest", &format!(r#""policies": {{"session": [{all}], "resource": {named}}}"#));
        case.replace("arn:aws:iam::111122223333:user/ann\", \"action", &format!("{guest}\"{more}, \"action"))
    };
    let token = |action: &str, factor: &str| {
        let case = scenario("token", &format!(r#""policies": {{"identity": [{all}]}}"#));
        let context = format!(r#"{{"aws:TokenIssueTime": "2026-01-01T00:00:00Z"{factor}}}"#);
        case.replace("{}", &context).replace("s3:GetObject", action).replace("arn:aws:s3:::b/k", "*")
    };
    let key = scenario(
        "key",
        &format!(
            r#""policies": {{"identity": [{all}], "resource": {named}, "resource_control": [[{deny}]]}}"#
        ),
    );
    let key = key.replace("s3:GetObject", "kms:Decrypt");
    let key = key.replace("arn:aws:s3:::b/k", "arn:aws:kms:eu-west-1:111122223333:key/k");
    let factor = r#", "aws:MultiFactorAuthPresent": "true""#;
    for (case, decision, part) in [
        (federated(""), "implicitly_denied", "was opened by no user that the resource policy names"),
        (federated(r#", "federated_by": "arn:aws:iam::111122223333:user/bob""#), "implicitly_denied", ""),
        (federated(r#", "federated_by": "arn:aws:iam::111122223333:user/ann""#), "allowed", ""),
        (token("iam:ListUsers", ""), "allowed", "does not come from `sts:GetSessionToken`"),
        (token("iam:ListUsers", factor), "allowed", ""),
        (token("sts:GetFederationToken", factor), "allowed", "does not come from `sts:GetSessionToken`"),
        (token("s3:ListAllMyBuckets", ""), "allowed", ""),
        (key, "explicitly_denied", "was taken to be a customer managed key"),
    ] {
        let run = simulate(&["--format", "json", "-"], &case);
        let line = lines(&run).first().cloned().unwrap_or_else(|| panic!("{case}\n{}", run.err));
        assert_eq!(line["decision"], decision, "{case}\n{line}");
        let assumed = line["assumed"].as_array().unwrap();
        let fits = assumed.iter().any(|one| one.as_str().unwrap().contains(part));
        assert!(if part.is_empty() { assumed.is_empty() } else { fits }, "{case}\n{line}");
    }
}

/// A scenario that names an estate is decided by what is there, and its path is taken from where the file lies.
#[test]
fn an_estate_may_be_named_instead_of_policies() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let folder =
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("scenarios-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let at = |estate: &str, cloud: &str, principal: &str, action: &str, resource: &str| {
        serde_json::json!({"cloud": cloud, "estate": path.join(estate),
            "request": {"principal": principal, "action": action, "resource": resource}})
    };
    let (assign, place) = (
        "Microsoft.Authorization/roleAssignments/write",
        "/subscriptions/7d1f0c52-3b8e-4a67-9c10-000000000002",
    );
    let (tenant, organization, user) =
        ("azure-tenant", "aws-organization", "arn:aws:iam::111122223333:user/mallory");
    let cases = serde_json::json!([
        at("gcp-editor", "gcp", "user:dana@acme.example", "storage.objects.get", "gs://acme-media-uploads/x"),
        at(tenant, "azure", "lena.voss@nordlicht.example", assign, place),
        at(tenant, "azure", "000000a1-5a1d-4c0e-9b3f-0000000000a1", assign, place),
        at(organization, "aws", "arn:aws:iam::111122223333:role/data-science", "iam:CreateUser", user),
        at("nowhere", "gcp", "user:dana@acme.example", "storage.objects.get", "gs://b/x"),
        {"cloud": "gcp", "estate": 7, "request": {"principal": "user:a@x", "action": "a.b.c", "resource": "gs://b"}},
        {"cloud": "gcp", "estate": "x", "policies": {}, "request": {"principal": "user:a@x", "action": "a.b.c", "resource": "gs://b"}},
    ]);
    let file = folder.join("cases.json");
    std::fs::write(&file, cases.to_string()).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output = command.args(["simulate", "--format", "json"]).arg(&file).env_clear().output().unwrap();
    // The same by a path from where the file lies.
    let beside = serde_json::json!({"cloud": "gcp", "estate": "estate", "expected": "allowed",
        "request": {"principal": "user:ann@x.example", "action": "storage.objects.get", "resource": "gs://b/x"}});
    std::fs::create_dir_all(folder.join("estate")).unwrap();
    std::fs::write(
        folder.join("estate/bucket-b.iam.json"),
        r#"{"bindings": [{"role": "roles/storage.objectViewer", "members": ["user:ann@x.example"]}], "etag": "x"}"#,
    )
    .unwrap();
    std::fs::write(&file, beside.to_string()).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let relative = command.args(["simulate", "--check"]).arg(&file).env_clear().output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(relative.status.code(), Some(0), "{relative:?}");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let decided: Vec<String> = rows.map(|row| row["decision"].as_str().unwrap().to_owned()).collect();
    assert_eq!(decided, ["allowed", "implicitly_denied", "allowed", "implicitly_denied"]);
    let said = String::from_utf8_lossy(&output.stderr);
    for text in ["nothing that could be read in the estate", "either `policies`, or the path"] {
        assert!(said.contains(text), "{said}");
    }
}

/// Who asks may be in no export; that is said, because it may as well be misspelled.
#[test]
fn a_principal_whom_no_export_mentions_is_said() {
    let folder =
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("strangers-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("estate")).unwrap();
    let policy = r#"{"bindings": [{"role": "roles/storage.objectViewer", "members": ["user:ann@x.example", "group:ann@x.example", "allAuthenticatedUsers"]}], "etag": "x"}"#;
    std::fs::write(folder.join("estate/bucket-b.iam.json"), policy).unwrap();
    let ask = |principal: &str| {
        let case = serde_json::json!({"cloud": "gcp", "estate": "estate",
            "request": {"principal": principal, "action": "storage.objects.get", "resource": "gs://b/x"}});
        std::fs::write(folder.join("case.json"), case.to_string()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        let run = command.args(["simulate", "--format", "json"]).arg(folder.join("case.json")).env_clear();
        let output = run.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let known = ask("user:ann@x.example");
    assert!(known.0 == 0 && known.2.is_empty(), "{known:?}");
    let unknown = ask("user:anna@x.example");
    assert_eq!(unknown.0, 0, "{unknown:?}");
    assert!(unknown.1.contains("\"allowed\""), "what everybody may do, a stranger may do: {unknown:?}");
    let said =
        "mentions `user:anna@x.example`; it was decided as somebody who is in no group and holds nothing";
    assert!(unknown.2.contains(said) && unknown.2.contains("case.json:1:"), "{unknown:?}");
    let nobody = ask("allAuthenticatedUsers");
    assert!(nobody.0 == 0 && nobody.2.is_empty(), "{nobody:?}");
    let twins = r#"[{"id": "cccccccc-0000-0000-0000-000000000001", "appId": "x", "displayName": "deploy", "servicePrincipalType": "Application"},
        {"id": "bbbbbbbb-0000-0000-0000-000000000001", "displayName": "deploy", "securityEnabled": true}]"#;
    std::fs::write(folder.join("estate/directory.json"), twins).unwrap();
    let case = serde_json::json!({"cloud": "azure", "estate": "estate", "request": {"principal": "deploy",
        "action": "Microsoft.Compute/disks/read", "resource": "/subscriptions/S"}});
    std::fs::write(folder.join("case.json"), case.to_string()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let several = command.arg("simulate").arg(folder.join("case.json")).env_clear().output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8(several.stderr).unwrap();
    assert_eq!(several.status.code(), Some(2), "{said}");
    assert!(said.contains("`deploy` may be several") && said.contains("`group:deploy`"), "{said}");
}
