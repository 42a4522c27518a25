//! An AWS estate as the command line and iam-collect export it: each kind of file is read, whatever its shape, and what is
//! missing is named. The shapes are those of <https://docs.aws.amazon.com/cli/latest/reference/>.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const OWN: &str = "111122223333";
const OTHER: &str = "999900001111";

/// Files in a folder that is gone in the end.
struct Export(PathBuf);

impl Export {
    fn new(test: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("estate-{test}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, content: &Value) -> &Self {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content.to_string()).unwrap();
        self
    }

    fn run(&self, arguments: &[&str]) -> (i32, Value, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        command.args(arguments).arg(&self.0).args(["--format", "json"]).env_clear();
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        (output.status.code().unwrap(), report, said)
    }

    /// The answer of `can`, with what is assumed.
    fn can(&self, who: &str, action: &str, resource: &str) -> (String, Vec<String>) {
        let (code, report, said) = self.run(&["can", who, action, resource]);
        assert_eq!(code, 0, "{said}");
        let sides = ["example", "counterexample"].iter();
        let gaps = sides.flat_map(|side| report["answer"][side]["certainty"]["gaps"].as_array().unwrap());
        let mut gaps: Vec<String> = gaps.map(|gap| gap["message"].as_str().unwrap().to_owned()).collect();
        gaps.sort();
        gaps.dedup();
        (report["answer"]["allowed"].as_str().unwrap().to_owned(), gaps)
    }

    fn allowed(&self, who: &str, action: &str, resource: &str) -> String {
        self.can(who, action, resource).0
    }

    fn findings(&self) -> Vec<(String, String)> {
        let (_, report, said) = self.run(&["scan"]);
        assert!(report["findings"].is_array(), "{said}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (text(&one["rule"]), text(&one["message"])))
            .collect()
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn document(statement: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statement})
}

/// A policy that lets another account do everything of a service.
fn open(service: &str) -> Value {
    let who = json!({"AWS": format!("arn:aws:iam::{OTHER}:root")});
    document(&json!({"Effect": "Allow", "Principal": who, "Action": format!("{service}:*"), "Resource": "*"}))
}

fn role(name: &str, statement: &Value, trust: &Value) -> Value {
    let policies = json!([{"PolicyName": "p", "PolicyDocument": document(statement)}]);
    json!({
        "Path": "/", "RoleName": name, "RoleId": format!("AROA{name}AAAAAAAAAAAA"), "Arn": arn("role", name),
        "AssumeRolePolicyDocument": document(trust), "RolePolicyList": policies, "AttachedManagedPolicies": [],
    })
}

fn account(roles: &[Value]) -> Value {
    json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": []})
}

fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:iam::{OWN}:{kind}/{name}")
}

fn allow(actions: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

fn trusts_ec2() -> Value {
    json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
}

/// Each kind of resource of `estate/resources.json`: the file, what the command prints, and the ARN that comes out. Where
/// the answer holds the policy, the file says how: `TEXT service`, `ESCAPED service` (a text with its quotes escaped once
/// more), `OBJECT service`, or `SHARED` for one that names its resource.
fn resources() -> Vec<(String, Value, String)> {
    let rows: Vec<Value> = serde_json::from_str(include_str!("estate/resources.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(&row["file"]), filled(&row["content"]), text(&row["arn"]))).collect()
}

fn filled(value: &Value) -> Value {
    let other = json!({"AWS": OTHER});
    let parameter = "arn:aws:ssm:eu-west-1:111122223333:parameter/shared";
    let shared = document(
        &json!({"Effect": "Allow", "Principal": other, "Action": ["ssm:GetParameter"], "Resource": parameter}),
    );
    match value {
        Value::Array(items) => items.iter().map(filled).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), filled(value))).collect(),
        Value::String(text) => match text.split_once(' ') {
            Some(("TEXT", service)) => json!(open(service).to_string()),
            Some(("ESCAPED", service)) => json!(open(service).to_string().replace('"', "\\\"")),
            Some(("OBJECT", service)) => open(service),
            _ if text == "SHARED" => json!(shared.to_string()),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

/// Policies of log groups are about services alone, whomever they name:
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html>.
fn lets_services_only(arn: &str) -> bool {
    arn.contains(":log-group")
}

/// Every type of resource: its policy is found in what the command prints, belongs to the right ARN, and a scan shows
/// who comes in from outside, with a request.
#[test]
fn a_scan_finds_access_from_outside_for_every_type_of_resource() {
    let export = Export::new("types");
    for (file, content, _) in resources() {
        export.put(&format!("aws/{OWN}/{file}"), &content);
    }
    let (_, report, said) = export.run(&["scan"]);
    assert!(!said.contains("error"), "{said}");
    assert_eq!(report["inputs"].as_array().unwrap().len(), resources().len());
    for (file, _, arn) in resources() {
        let found = report["findings"].as_array().unwrap().iter().find(|one| {
            one["rule"] == "external-access"
                && one["message"].as_str().unwrap().starts_with(&format!("`{arn}` can be used from outside"))
        });
        if lets_services_only(&arn) {
            assert!(found.is_none(), "{file}: {found:?}");
            continue;
        }
        let found = found.unwrap_or_else(|| panic!("{file}: nothing about {arn}"));
        let principal = found["witness"]["principal"].as_str().unwrap();
        assert!(principal.contains(OTHER), "{arn}: {principal}");
    }
}

/// The same policies, for everybody and for the own account, and for everybody under conditions: some of these leave it
/// public, some leave others in, and some leave nobody but the own account.
#[test]
fn a_scan_tells_public_from_own() {
    let under = |operator: &str, key: &str, value: &str| {
        let condition = json!({operator: {key: value}});
        format!("\"*\",\"Condition\":{condition}")
    };
    for (number, (who, expected)) in [
        ("\"*\"".to_owned(), Some("public-resource")),
        (format!("{{\"AWS\":\"{OWN}\"}}"), None),
        (under("IpAddress", "aws:SourceIp", "203.0.113.0/24"), Some("public-resource")),
        (under("Bool", "aws:SecureTransport", "true"), Some("public-resource")),
        (under("StringEquals", "aws:PrincipalAccount", OWN), None),
        (under("StringEquals", "aws:PrincipalAccount", OTHER), Some("external-access")),
        (under("StringEquals", "aws:PrincipalOrgID", "o-abcdefghij"), Some("external-access")),
        (under("ArnLike", "aws:PrincipalArn", &arn("role", "*")), None),
        (under("StringEquals", "aws:SourceAccount", OWN), None),
    ]
    .into_iter()
    .enumerate()
    {
        let export = Export::new(&format!("who-{number}"));
        let other = format!("{{\"AWS\":\"arn:aws:iam::{OTHER}:root\"}}");
        let ours = |text: &str| {
            let inner = |quote: &str| (other.replace('"', quote), who.replace('"', quote));
            ["\"", "\\\"", "\\\\\\\""].iter().fold(text.to_owned(), |text, quote| {
                let (from, to) = inner(quote);
                text.replace(&from, &to)
            })
        };
        let some: Vec<_> = resources().into_iter().filter(|(file, ..)| !file.starts_with("ram")).collect();
        for (file, content, _) in &some {
            export.put(
                &format!("aws/{OWN}/{file}"),
                &serde_json::from_str(&ours(&content.to_string())).unwrap(),
            );
        }
        let findings = export.findings();
        for (file, _, arn) in &some {
            let found = findings.iter().find(|(_, message)| message.starts_with(&format!("`{arn}` ")));
            let expected = expected.filter(|_| !lets_services_only(arn));
            assert_eq!(found.map(|(rule, _)| rule.as_str()), expected, "{who} {file}: {findings:#?}");
            assert!(found.is_none_or(|(_, message)| message.contains("is allowed to")), "{found:?}");
        }
    }
}

/// The ways in which a policy of a resource can arrive: as the command prints it, in a wrapper as an object or as text, as
/// a bare document in the folder of the resource, and as iam-collect writes it.
fn layouts(arn: &str, who: &Value) -> Vec<(&'static str, String, Value)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let action = format!("{}:*", parts[2]);
    let policy = document(&json!({"Effect": "Allow", "Principal": who, "Action": action, "Resource": "*"}));
    let folder = parts[5].replace(':', "/");
    let region = if parts[3].is_empty() { String::new() } else { format!("{}/", parts[3]) };
    let folder = format!("{}/{region}{folder}", parts[2]);
    let own = format!("aws/{OWN}");
    let wrapped = |policy: Value| json!({"ResourceArn": arn, "Account": OWN, "Policy": policy});
    vec![
        ("wrapper", "own.json".to_owned(), wrapped(policy.clone())),
        ("wrapper with text", "own.json".to_owned(), wrapped(json!(policy.to_string()))),
        ("folder", format!("{own}/{folder}/policy.json"), policy.clone()),
        ("iam-collect", format!("aws/aws/accounts/{OWN}/{folder}/policy.json").to_lowercase(), policy),
    ]
}

/// Public and external access is found for every type of resource in every layout, with a request that is right: by
/// the outsider who is let in, on the resource or inside it. One that lets its own account in is not found.
#[test]
fn access_from_outside_is_found_in_every_layout() {
    let mut arns: Vec<String> = resources().into_iter().map(|(.., arn)| arn).collect();
    // A policy of log groups as a whole has a layout of its own; a type that nobody knows is a plain resource.
    arns.retain(|arn| !arn.ends_with(":log-group"));
    arns.push(format!("arn:aws:logs:eu-west-1:{OWN}:log-group:g"));
    arns.push(format!("arn:aws:mediastore:eu-west-1:{OWN}:container/c"));
    let mut wrong = Vec::new();
    let kinds = [
        (json!("*"), Some("public-resource"), "*"),
        (json!({"AWS": OTHER}), Some("external-access"), OTHER),
        (json!({"AWS": OWN}), None, ""),
    ];
    for (index, (who, expected, by)) in kinds.iter().enumerate() {
        let count = layouts(&arns[0], who).len();
        for layout in 0..count {
            let export = Export::new(&format!("layout-{index}-{layout}"));
            let mut wrappers = Vec::new();
            for arn in &arns {
                let (name, file, content) = layouts(arn, who).swap_remove(layout);
                match name {
                    "wrapper" | "wrapper with text" => wrappers.push(content),
                    "iam-collect" => {
                        export.put(&file.replace("/policy.json", "/metadata.json"), &json!({"arn": arn}));
                        export.put(&file, &content);
                    }
                    _ => drop(export.put(&file, &content)),
                }
            }
            if !wrappers.is_empty() {
                export.put("own.json", &json!(wrappers));
            }
            let (_, report, said) = export.run(&["scan"]);
            for arn in &arns {
                let name = layouts(arn, who)[layout].0;
                let about = |one: &&Value| one["message"].as_str().unwrap().starts_with(&format!("`{arn}` "));
                let found =
                    report["findings"].as_array().unwrap_or_else(|| panic!("{said}")).iter().find(about);
                let rule = found.and_then(|one| one["rule"].as_str());
                if rule != expected.filter(|_| !lets_services_only(arn)) {
                    wrong.push(format!("{arn} as {name} for {who}: {rule:?}"));
                    continue;
                }
                let Some(found) = found else { continue };
                let witness = &found["witness"];
                let principal = witness["principal"].as_str().unwrap();
                let on = witness["resource"].as_str().unwrap();
                // What lies inside a domain has an ARN of another beginning.
                let inside = arn.replace(":domain/", ":repository/");
                if !principal.contains(by) || !(on.starts_with(&**arn) || on.starts_with(&inside)) {
                    wrong.push(format!("{arn} as {name}: {principal} on {on}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What nobody exported is named in the answer, and what somebody looked for and did not find is not.
#[test]
fn a_policy_that_is_missing_is_named() {
    let export = Export::new("missing");
    export.put(
        &format!("aws/{OWN}/account.json"),
        &account(&[role("r", &allow("s3:GetObject"), &trusts_ec2())]),
    );
    let ask = || export.can(&arn("role", "r"), "s3:GetObject", "arn:aws:s3:::b/k");
    let policy = "the policy of `arn:aws:s3:::b` is not in the input and was taken to say nothing";
    let (allowed, gaps) = ask();
    assert_eq!(allowed, "always");
    assert!(gaps.iter().any(|gap| gap == policy), "{gaps:?}");
    for none in [json!({}), json!({"Policy": ""}), json!({"Policy": null})] {
        export.put(&format!("aws/{OWN}/s3/b/policy.json"), &none);
        assert_eq!(ask(), ("always".to_owned(), Vec::new()), "{none}");
    }
    export.put(&format!("aws/{OWN}/s3/b/policy.json"), &json!({"Policy": document(&json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"})).to_string()}));
    assert_eq!(ask(), ("never".to_owned(), Vec::new()));
    // An empty file says nothing: the command may have failed for any reason.
    fs::write(export.0.join(format!("aws/{OWN}/s3/b/policy.json")), "").unwrap();
    let (_, report, _) = export.run(&["can", &arn("role", "r"), "s3:GetObject", "arn:aws:s3:::b/k"]);
    assert!(report.to_string().contains(policy), "{report}");
}

/// The organization of an account without one in the input is named once, not with each finding.
#[test]
fn an_account_without_its_organization_is_named_once() {
    let export = Export::new("no-organization");
    export.put(&format!("aws/{OWN}/account.json"), &account(&[role("r", &allow("*"), &trusts_ec2())]));
    let (_, report, _) = export.run(&["scan"]);
    let gaps: Vec<&str> =
        report["gaps"].as_array().unwrap().iter().map(|gap| gap["message"].as_str().unwrap()).collect();
    assert_eq!(
        gaps,
        [
            "the organization of account `111122223333` is not in the input; no service or resource control policies were taken to apply"
        ]
    );
    assert_eq!(report["findings"][0]["certainty"]["kind"], "proven");
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
#[test]
fn a_grant_opens_a_key() {
    let export = Export::new("grants");
    let key = format!("arn:aws:kms:eu-west-1:{OWN}:key/k");
    let guarded = document(&json!([
        {"Effect": "Allow", "Principal": {"AWS": arn("role", "keeper")}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "kms:Sign", "Resource": "*"},
    ]));
    let grants = json!({"Grants": [
        {"KeyId": key, "GrantId": "g1", "GranteePrincipal": arn("role", "r"), "Operations": ["Decrypt", "Sign", "DescribeKey"], "Constraints": {"EncryptionContextSubset": {"app": "x"}}},
        {"KeyId": "k", "GrantId": "g2", "GranteePrincipal": arn("role", "all"), "Operations": ["Encrypt"]},
        {"KeyId": key, "GrantId": "g3", "GranteePrincipal": "lambda.amazonaws.com", "Operations": ["Decrypt"]},
    ]});
    let roles = ["r", "all"].map(|name| role(name, &allow("s3:*"), &trusts_ec2()));
    export
        .put(&format!("aws/{OWN}/account.json"), &account(&roles))
        .put(&format!("aws/{OWN}/kms/eu-west-1/key/k/policy.json"), &json!({"Policy": guarded.to_string()}))
        .put(&format!("aws/{OWN}/kms/eu-west-1/key/k/grants.json"), &grants);
    for (who, action, expected) in [
        ("r", "kms:Decrypt", "sometimes"),
        ("r", "kms:DescribeKey", "always"),
        ("r", "kms:Encrypt", "never"),
        ("r", "kms:Sign", "never"),
        ("all", "kms:Encrypt", "always"),
        ("all", "kms:Decrypt", "never"),
    ] {
        assert_eq!(export.allowed(&arn("role", who), action, &key), expected, "{who} {action}");
    }
    assert_eq!(export.allowed("lambda.amazonaws.com", "kms:Decrypt", &key), "always");
    // Grants alone do not tell the key's policy.
    fs::remove_file(export.0.join(format!("aws/{OWN}/kms/eu-west-1/key/k/policy.json"))).unwrap();
    export.put(&format!("aws/{OWN}/account.json"), &account(&[role("k", &allow("kms:*"), &trusts_ec2())]));
    let (allowed, gaps) = export.can(&arn("role", "k"), "kms:Encrypt", &key);
    assert_eq!(allowed, "always");
    assert!(gaps.iter().any(|gap| gap.contains("taken to be the default one")), "{gaps:?}");
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>
#[test]
fn an_access_control_list_counts_unless_it_is_switched_off() {
    let export = Export::new("lists");
    let folder = format!("aws/{OWN}/s3/b");
    let uri = "http://acs.amazonaws.com/groups/global";
    let list = |group: &str, permission: &str| {
        json!({"Owner": {"ID": "o"}, "Grants": [
            {"Grantee": {"Type": "CanonicalUser", "ID": "o"}, "Permission": "FULL_CONTROL"},
            {"Grantee": {"Type": "Group", "URI": format!("{uri}/{group}")}, "Permission": permission},
        ]})
    };
    let anonymous = |action: &str, on: &str| export.allowed("anonymous", action, on);
    export
        .put(&format!("{folder}/policy.json"), &json!({}))
        .put(&format!("{folder}/acl.json"), &list("AllUsers", "READ"));
    assert_eq!(anonymous("s3:ListBucket", "arn:aws:s3:::b"), "always");
    assert_eq!(anonymous("s3:PutObject", "arn:aws:s3:::b/k"), "never");
    assert_eq!(export.findings()[0].0, "public-resource");
    export.put(&format!("{folder}/acl.json"), &list("AuthenticatedUsers", "WRITE"));
    assert_eq!(anonymous("s3:PutObject", "arn:aws:s3:::b/k"), "never");
    assert_eq!(export.allowed("outside", "s3:PutObject", "arn:aws:s3:::b/k"), "always");
    export.put(&format!("{folder}/acl.json"), &list("AllUsers", "FULL_CONTROL"));
    assert_eq!(anonymous("s3:PutBucketAcl", "arn:aws:s3:::b"), "always");
    let block = |on: bool| json!({"PublicAccessBlockConfiguration": {"IgnorePublicAcls": on, "RestrictPublicBuckets": false}});
    export.put(&format!("aws/{OWN}/public-access-block.json"), &block(true));
    assert_eq!(anonymous("s3:PutBucketAcl", "arn:aws:s3:::b"), "never");
    export.put(&format!("aws/{OWN}/public-access-block.json"), &block(false));
    assert_eq!(anonymous("s3:PutBucketAcl", "arn:aws:s3:::b"), "always");
    let enforced = json!({"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}});
    export.put(&format!("{folder}/ownership-controls.json"), &enforced);
    assert_eq!(
        export.can("anonymous", "s3:PutBucketAcl", "arn:aws:s3:::b"),
        ("never".to_owned(), Vec::new())
    );
    for name in ["acl", "ownership-controls"] {
        fs::remove_file(export.0.join(format!("{folder}/{name}.json"))).unwrap();
    }
    let (_, gaps) = export.can("anonymous", "s3:ListBucket", "arn:aws:s3:::b");
    assert_eq!(
        gaps,
        ["the access control list of `arn:aws:s3:::b` is not in the input and was taken to give nothing"]
    );
}

/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>
#[test]
fn a_request_through_an_endpoint_meets_its_policy() {
    let export = Export::new("endpoint");
    let bucket = document(
        &json!({"Effect": "Allow", "Principal": {"AWS": arn("role", "r")}, "Action": "s3:*", "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"], "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}}),
    );
    let endpoint =
        document(&json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}));
    export
        .put(&format!("aws/{OWN}/account.json"), &account(&[role("r", &allow("sqs:*"), &trusts_ec2())]))
        .put(&format!("aws/{OWN}/s3/b/policy.json"), &json!({"Policy": bucket.to_string()}));
    let can = |action: &str| export.allowed(&arn("role", "r"), action, "arn:aws:s3:::b/k");
    assert_eq!((can("s3:GetObject"), can("s3:PutObject")), ("sometimes".to_owned(), "sometimes".to_owned()));
    export.put(&format!("aws/{OWN}/ec2/eu-west-1/vpc-endpoints.json"), &json!({"VpcEndpoints": [{"VpcEndpointId": "vpce-1", "VpcEndpointType": "Gateway", "ServiceName": "com.amazonaws.eu-west-1.s3", "OwnerId": OWN, "PolicyDocument": endpoint.to_string()}]}));
    assert_eq!((can("s3:GetObject"), can("s3:PutObject")), ("sometimes".to_owned(), "never".to_owned()));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>
#[test]
fn a_session_policy_limits_the_sessions_of_a_role() {
    let export = Export::new("session");
    export.put(&format!("aws/{OWN}/account.json"), &account(&[role("r", &allow("s3:*"), &trusts_ec2())]));
    export.put(&format!("aws/{OWN}/s3/b/policy.json"), &json!({}));
    let can = |action: &str| export.can(&arn("role", "r"), action, "arn:aws:s3:::b/k");
    assert_eq!(can("s3:PutObject").0, "always");
    export.put(
        "session.json",
        &json!({"PrincipalArn": arn("role", "r"), "SessionPolicies": [document(&allow("s3:GetObject"))]}),
    );
    assert_eq!(can("s3:PutObject").0, "never");
    let (allowed, gaps) = can("s3:GetObject");
    assert_eq!(allowed, "always");
    assert!(gaps[0].contains("were taken to be opened with the session policies"), "{gaps:?}");
}

/// The export of an account leaves out a policy that is only a boundary; another file may hold it.
#[test]
fn the_text_of_a_boundary_may_be_in_another_file() {
    let mut bounded = role("r", &allow("*"), &trusts_ec2());
    bounded["PermissionsBoundary"] =
        json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy", "bound")});
    let text = |action: &str| json!({"PolicyVersion": {"Document": document(&allow(action)), "VersionId": "v2", "IsDefaultVersion": true}});
    let mut wrapped = text("s3:*");
    wrapped["PolicyArn"] = json!(arn("policy", "bound"));
    for (name, file, content) in [
        ("after", format!("aws/{OWN}/iam/policy/bound/policy.json"), text("s3:*")),
        ("before", "aws/0-bound.json".to_owned(), wrapped),
    ] {
        let export = Export::new(&format!("boundary-{name}"));
        export.put(&format!("aws/{OWN}/account.json"), &account(std::slice::from_ref(&bounded)));
        let can =
            || export.can(&arn("role", "r"), "sqs:CreateQueue", &format!("arn:aws:sqs:eu-west-1:{OWN}:q"));
        let (allowed, gaps) = can();
        assert_eq!(allowed, "always");
        assert!(
            gaps.iter().any(|gap| gap.contains("a permission boundary, is not in the input")),
            "{gaps:?}"
        );
        export.put(&file, &content);
        let (allowed, gaps) = can();
        assert_eq!(allowed, "never", "{name}");
        assert!(!gaps.iter().any(|gap| gap.contains("boundary")), "{gaps:?}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>
#[test]
fn nobody_edits_what_is_the_provider_s() {
    let export = Export::new("protected");
    export.put(&format!("aws/{OWN}/account.json"), &account(&[role("admin", &allow("*"), &trusts_ec2())]));
    let can = |action: &str, on: &str| export.allowed(&arn("role", "admin"), action, on);
    let reserved = arn("role", "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef");
    let linked = arn("role", "aws-service-role/x.amazonaws.com/AWSServiceRoleForX");
    for (action, on, expected) in [
        ("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/ReadOnlyAccess", "never"),
        ("iam:CreatePolicyVersion", &*arn("policy", "own"), "always"),
        ("iam:UpdateAssumeRolePolicy", &reserved, "never"),
        ("iam:AttachRolePolicy", &reserved, "never"),
        ("iam:PutRolePolicy", &linked, "never"),
        ("iam:UpdateRoleDescription", &linked, "always"),
        ("iam:GetRole", &reserved, "always"),
        ("iam:PutRolePolicy", &*arn("role", "own"), "always"),
    ] {
        assert_eq!(can(action, on), expected, "{action} {on}");
    }
    // It stays an administrator.
    assert!(export.findings().iter().any(|(_, message)| message.contains("always administers")));
}

/// An action that is never asked on the resource is not refused by anybody; the answer says so.
#[test]
fn an_action_that_is_never_asked_on_a_resource() {
    let export = Export::new("unasked");
    export.put(&format!("aws/{OWN}/account.json"), &account(&[role("admin", &allow("*"), &trusts_ec2())]));
    let ask = |action: &str, on: &str| export.can(&arn("role", "admin"), action, on);
    let (allowed, gaps) = ask("s3:GetObject", "arn:aws:sqs:eu-west-1:111122223333:q");
    assert_eq!(allowed, "never");
    assert!(gaps[0].starts_with("`s3:GetObject` is never asked on `arn:aws:sqs:"), "{gaps:?}");
    let (_, gaps) = ask("s3:ListAllMyBuckets", "arn:aws:s3:::b");
    assert_eq!(
        gaps,
        ["`s3:ListAllMyBuckets` is about no resource: it is asked on `*`, and never on `arn:aws:s3:::b`"]
    );
}

/// Actions that no catalog has are named once.
#[test]
fn unknown_actions_are_named_once() {
    let export = Export::new("unknown-actions");
    let statement = json!({"Effect": "Allow", "Action": ["s3:GetObjekt", "s3:Get*", "nosuch:*", "s3:GetObject"], "Resource": "*"});
    export.put("policy.json", &document(&statement));
    let (_, report, _) = export.run(&["scan"]);
    assert_eq!(
        report["gaps"][0]["message"],
        "2 actions in policies are in no catalog, such as `nosuch:*`, `s3:GetObjekt`; nothing was asked about them"
    );
}

/// The folders that iam-collect writes: names in lower case, whose they are in the metadata.
/// <https://github.com/cloud-copilot/iam-collect/blob/main/docs/Storage.md>
fn collected(test: &str) -> Export {
    let export = Export::new(test);
    for (file, content) in crate::aws_files::collected() {
        export.put(&file, &content);
    }
    export
}

#[test]
fn what_iam_collect_writes_is_read() {
    let export = collected("collected");
    let (_, report, said) = export.run(&["scan"]);
    assert!(report["problems"].as_array().unwrap().is_empty(), "{said}");
    assert!(report["inputs"].as_array().unwrap().iter().all(|input| input["format"] == "aws-iam-collect"));
    let (reader, ann) = (arn("role", "team/Reader"), arn("user", "Ann"));
    let key = format!("arn:aws:kms:eu-west-1:{OWN}:key/k");
    let queue = format!("arn:aws:sqs:eu-west-1:{OWN}:q");
    for (who, action, on, expected) in [
        // The boundary speaks of a tag that the role has.
        (&*reader, "s3:GetObject", "arn:aws:s3:::Acme/k", "always"),
        (&reader, "sqs:SendMessage", &queue, "never"),
        // A service control policy of the unit.
        (&reader, "s3:DeleteBucket", "arn:aws:s3:::Acme", "never"),
        (&ann, "sqs:SendMessage", &queue, "always"),
        (&ann, "sts:AssumeRole", &reader, "always"),
        // The key's policy names another account only.
        (&reader, "kms:Decrypt", &key, "never"),
        ("anonymous", "s3:GetObject", "arn:aws:s3:::Acme/k", "always"),
    ] {
        assert_eq!(export.allowed(who, action, on), expected, "{who} {action} {on}");
    }
    let (_, gaps) = export.can(&ann, "sqs:SendMessage", &queue);
    assert_eq!(gaps, [format!("the policy of `{queue}` is not in the input and was taken to say nothing")]);
    let found = export.findings();
    let about = |rule: &str, name: &str| {
        found.iter().any(|(id, message)| id == rule && message.starts_with(&format!("`{name}`")))
    };
    assert!(about("public-resource", "arn:aws:s3:::Acme"), "{found:#?}");
    // The other account is the management account of the same organization, so it is no outsider.
    assert!(!about("external-access", &key), "{found:#?}");
}

/// Block Public Access of the account restricts the bucket; the tree is needed to know the levels.
#[test]
fn parts_of_what_iam_collect_writes() {
    let export = collected("collected-parts");
    let account = format!("aws/aws/accounts/{OWN}");
    export.put(&format!("{account}/s3-bpa.json"), &json!({"RestrictPublicBuckets": true}));
    assert_eq!(export.allowed("anonymous", "s3:GetObject", "arn:aws:s3:::Acme/k"), "never");
    fs::remove_file(export.0.join(format!("{account}/iam/policy/bound/current-policy.json"))).unwrap();
    let (_, gaps) = export.can(&arn("role", "team/Reader"), "s3:GetObject", "arn:aws:s3:::Acme/k");
    assert!(gaps.iter().any(|gap| gap.contains("a permission boundary, is not in the input")), "{gaps:?}");
    fs::remove_file(export.0.join("aws/aws/organizations/o-abcdefghij/scps/p-forbid00/policy.json")).unwrap();
    let (_, gaps) = export.can(&arn("role", "team/Reader"), "s3:DeleteBucket", "arn:aws:s3:::Acme");
    assert!(
        gaps.iter().any(|gap| gap.contains("the text of policy `forbid` is not in the input")),
        "{gaps:?}"
    );
}

/// A role that trusts a shared provider: with a subject of its own, with none, with one for everybody, and with one that
/// leaves the repository or the branch open.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html>
#[test]
fn a_shared_identity_provider_needs_a_subject() {
    let host = "token.actions.githubusercontent.com";
    let aud = json!({format!("{host}:aud"): "sts.amazonaws.com"});
    let with = |sub: &str| json!({"StringEquals": aud, "StringLike": {format!("{host}:sub"): sub}});
    for (number, (condition, found)) in [
        (json!({"StringEquals": aud}), &["open-identity-provider"][..]),
        (with("repo:acme/app:ref:refs/heads/main"), &[]),
        (with("repo:acme/app:ref:refs/heads/*"), &[]),
        (with("repo:acme/app:*"), &["wide-identity-subject"]),
        (with("repo:acme/*"), &["wide-identity-subject"]),
        (with("repo:acme/*:environment:production"), &["wide-identity-subject"]),
        (with("repo:acme*"), &["open-identity-provider"]),
        (with("repo:*"), &["open-identity-provider"]),
        (with("repo:*:ref:refs/heads/main"), &["open-identity-provider"]),
        (with("*"), &["open-identity-provider"]),
        (json!({"StringEquals": aud, "StringLikeIfExists": {format!("{host}:sub"): "repo:acme/app:ref:*"}}), &[]),
        (json!({"StringEquals": {format!("{host}:repository_owner"): "acme"}}), &[]),
        (json!({"StringLike": {format!("{host}:sub"): "repo:acme/*"}, "StringNotLike": {format!("{host}:sub"): "*:pull_request"}}), &["wide-identity-subject"]),
        (json!({"StringLike": {format!("{host}:sub"): "repo:acme/*"}, "StringEquals": {format!("{host}:job_workflow_ref"): "acme/app/.github/workflows/deploy.yml@refs/heads/main"}}), &[]),
    ]
    .into_iter()
    .enumerate()
    {
        let export = Export::new(&format!("provider-{number}"));
        let trust = json!({"Effect": "Allow", "Principal": {"Federated": arn("oidc-provider", host)}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition});
        export.put("account.json", &account(&[role("deploy", &allow("s3:GetObject"), &trust)]));
        let findings = export.findings();
        let about = ["open-identity-provider", "wide-identity-subject"];
        let told = findings.iter().map(|(rule, _)| rule.as_str()).filter(|rule| about.contains(rule));
        assert_eq!(told.collect::<Vec<_>>(), found, "{condition}");
    }
}

/// A role for pods of a cluster: for one account, for a namespace, and for all of them.
/// <https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html>
#[test]
fn a_cluster_takes_on_a_role_with_accounts_that_are_told() {
    let host = "oidc.eks.eu-west-1.amazonaws.com/id/ABC";
    let aud = json!({format!("{host}:aud"): "sts.amazonaws.com"});
    let with = |sub: &str| json!({"StringEquals": aud, "StringLike": {format!("{host}:sub"): sub}});
    for (number, (condition, found)) in [
        (json!({"StringEquals": aud}), true),
        (with("system:serviceaccount:*"), true),
        (with("system:serviceaccount:*:deployer"), true),
        (with("system:serviceaccount:web:*"), false),
        (with("system:serviceaccount:web:deployer"), false),
    ]
    .into_iter()
    .enumerate()
    {
        let export = Export::new(&format!("cluster-{number}"));
        let trust = json!({"Effect": "Allow", "Principal": {"Federated": arn("oidc-provider", host)}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition});
        export.put("account.json", &account(&[role("deploy", &allow("s3:GetObject"), &trust)]));
        let is_found = export.findings().iter().any(|(rule, _)| rule == "wide-identity-subject");
        assert_eq!(is_found, found, "{condition}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html#cross-service-confused-deputy-prevention>
#[test]
fn a_service_acts_for_known_customers_only() {
    for (number, (service, condition, found)) in [
        ("sns", json!({}), true),
        ("sns", json!({"StringEquals": {"aws:SourceAccount": OWN}}), false),
        ("sns", json!({"ArnLike": {"aws:SourceArn": format!("arn:aws:sns:*:{OWN}:*")}}), false),
        ("sns", json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}), true),
        ("sns", json!({"StringEquals": {"aws:SourceOrgID": "o-abcdefghij"}}), false),
        ("sns", json!({"Bool": {"aws:SecureTransport": "true"}}), true),
        ("ec2", json!({}), false),
    ]
    .into_iter()
    .enumerate()
    {
        let export = Export::new(&format!("deputy-{number}"));
        let who = json!({"Service": format!("{service}.amazonaws.com")});
        let policy = document(
            &json!({"Effect": "Allow", "Principal": who, "Action": "sqs:SendMessage", "Resource": "*", "Condition": condition}),
        );
        export.put(
            &format!("{OWN}/sqs/eu-west-1/q/policy.json"),
            &json!({"Attributes": {"Policy": policy.to_string()}}),
        );
        let is_found = export.findings().iter().any(|(rule, _)| rule == "confused-deputy");
        assert_eq!(is_found, found, "{service} {condition}");
    }
}

/// An account of the files is no outsider, and its access is told apart.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
#[test]
fn access_between_known_accounts_is_told_apart() {
    let export = Export::new("neighbours");
    let queue = format!("arn:aws:sqs:eu-west-1:{OWN}:q");
    export.put(
        &format!("{OWN}/sqs/eu-west-1/q/policy.json"),
        &json!({"Attributes": {"Policy": open("sqs").to_string()}}),
    );
    let rules = || -> Vec<String> {
        let about =
            export.findings().into_iter().filter(|(_, message)| message.starts_with(&format!("`{queue}`")));
        about.map(|(rule, _)| rule).collect()
    };
    assert_eq!(rules(), ["external-access"]);
    let other = |statement: &Value| {
        serde_json::from_str(&account(&[role("r", statement, &trusts_ec2())]).to_string().replace(OWN, OTHER))
            .unwrap()
    };
    export.put("other.json", &other(&allow("s3:GetObject")));
    assert_eq!(rules(), [""; 0]);
    export.put("other.json", &other(&allow("sqs:SendMessage")));
    assert_eq!(rules(), ["cross-account-access"]);
}

/// Where the policies leave the partition and the account open, a request lies where the estate does.
#[test]
fn a_witness_lies_in_the_partition_of_the_estate() {
    for partition in ["aws", "aws-cn", "aws-us-gov"] {
        let export = Export::new(&format!("partition-{partition}"));
        let trust = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"});
        let estate = account(&[role("r", &allow("*"), &trust)]).to_string();
        let estate = estate.replace("arn:aws:", &format!("arn:{partition}:"));
        export.put("account.json", &serde_json::from_str(&estate).unwrap());
        let (_, report, said) = export.run(&["scan"]);
        let findings = report["findings"].as_array().unwrap_or_else(|| panic!("{said}"));
        let mut seen = 0;
        for found in findings.iter().filter(|found| found["witness"].is_object()) {
            for key in ["principal", "resource"] {
                let name = found["witness"][key].as_str().unwrap();
                let Some(rest) = name.strip_prefix("arn:") else { continue };
                let parts: Vec<&str> = rest.split(':').collect();
                assert_eq!(parts[0], partition, "{name}");
                assert!(
                    parts[3].is_empty() || parts[3].bytes().all(|digit| digit.is_ascii_digit()),
                    "{name}"
                );
                seen += 1;
            }
        }
        assert!(seen >= 4, "{seen} in {findings:?}");
    }
}
