//! Tokens between clouds: the cases of `tests/federation`, each an estate with exports of the clouds that it speaks of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use leastwise::input::{self, disk::Limits};
use serde_json::{Map, Value, json};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("federation-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        for cloud in ["aws", "gcp", "azure"] {
            fs::create_dir_all(path.join(cloud)).unwrap();
        }
        Self(path)
    }

    fn write(&self, file: &str, content: &Value) {
        fs::write(self.0.join(file), content.to_string()).unwrap();
    }

    fn path(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn entries<'c>(case: &'c Value, key: &str) -> impl Iterator<Item = (&'c String, &'c Value)> {
    case.get(key).and_then(Value::as_object).into_iter().flatten()
}

/// The exports of a case.
fn estate(case: &Value, folder: &Folder) {
    let roles: Vec<Value> = entries(case, "roles")
        .map(|(name, trust)| {
            let policy = json!({"Version": "2012-10-17", "Statement": trust});
            let admin = json!({"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"});
            let held = if case["administrator"] == json!(name) { json!([admin]) } else { json!([]) };
            json!({"RoleName": name, "Arn": format!("arn:aws:iam::111111111111:role/{name}"), "Path": "/", "RoleId": format!("AROA{name}"),
                   "AssumeRolePolicyDocument": policy, "RolePolicyList": [], "AttachedManagedPolicies": held, "InstanceProfileList": [], "Tags": []})
        })
        .collect();
    if !roles.is_empty() {
        let all =
            json!({"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": roles});
        folder.write("aws/account-details.json", &all);
    }
    let mail = |name: &str| format!("{name}@p.iam.gserviceaccount.com");
    let accounts: Vec<Value> = entries(case, "accounts")
        .map(|(name, number)| {
            let mut row = json!({"name": format!("projects/p/serviceAccounts/{}", mail(name)), "email": mail(name), "projectId": "p"});
            if !number.is_null() {
                row["uniqueId"] = number.clone();
            }
            row
        })
        .collect();
    if !accounts.is_empty() {
        folder.write("gcp/service-accounts.json", &json!(accounts));
    }
    let providers: Vec<Value> = entries(case, "providers")
        .map(|(name, provider)| {
            let (pool, short) = name.split_once('/').unwrap();
            let mut row = provider.clone();
            row["name"] =
                json!(format!("projects/1/locations/global/workloadIdentityPools/{pool}/providers/{short}"));
            row
        })
        .collect();
    if !providers.is_empty() {
        folder.write("gcp/providers-of-pool.json", &json!(providers));
    }
    for (on, bindings) in entries(case, "bindings") {
        let bindings: Vec<Value> = bindings
            .as_array()
            .unwrap()
            .iter()
            .map(|binding| {
                let (role, member) = binding.as_str().unwrap().split_once(' ').unwrap();
                json!({"role": role, "members": [member]})
            })
            .collect();
        let (name, kind) = match on.as_str() {
            "p" => (
                "//cloudresourcemanager.googleapis.com/projects/p".to_owned(),
                "cloudresourcemanager.googleapis.com/Project",
            ),
            on => (
                format!("//iam.googleapis.com/projects/p/serviceAccounts/{}", mail(on)),
                "iam.googleapis.com/ServiceAccount",
            ),
        };
        let row = json!({"name": name, "assetType": kind, "ancestors": ["projects/1", "organizations/9"], "iamPolicy": {"bindings": bindings}});
        folder.write(&format!("gcp/policies-{on}.json"), &json!([row]));
    }
    azure(case, folder);
}

fn resource_of(name: &str) -> String {
    format!(
        "/subscriptions/cccccccc-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    )
}

fn azure(case: &Value, folder: &Folder) {
    let (mut programs, mut identities) = (Vec::new(), Vec::new());
    for (name, object) in entries(case, "programs") {
        let managed = name.starts_with("mi-");
        let application = object.as_str().unwrap().replace("aaaaaaaa", "bbbbbbbb");
        programs.push(json!({"id": object, "appId": application, "displayName": name, "servicePrincipalNames": [],
                             "servicePrincipalType": if managed { "ManagedIdentity" } else { "Application" }}));
        if managed {
            let mut row = json!({"id": resource_of(name), "name": name, "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "location": "eu", "principalId": object});
            if let Some(tenant) = case.get("tenant") {
                row["tenantId"] = tenant.clone();
            }
            identities.push(row);
        }
    }
    if !programs.is_empty() {
        folder.write("azure/service-principals.json", &json!(programs));
    }
    if !identities.is_empty() {
        folder.write("azure/identities.json", &json!(identities));
    }
    for (name, credentials) in entries(case, "credentials") {
        let mut rows = credentials.clone();
        if name.starts_with("mi-") {
            for row in rows.as_array_mut().unwrap() {
                row["id"] = json!(format!(
                    "{}/federatedIdentityCredentials/{}",
                    resource_of(name),
                    row["name"].as_str().unwrap()
                ));
                row["type"] =
                    json!("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials");
            }
            folder.write(&format!("azure/identity-{name}.federated-credentials.json"), &rows);
        } else {
            folder.write(&format!("azure/app-{name}.federated-credentials.json"), &rows);
        }
    }
}

/// The shortest way between the ends of a case, if there is one: its steps and its certainty.
fn way(case: &Value, folder: &Folder) -> Option<(Vec<String>, String)> {
    let (from, to) = (case["from"].as_str().unwrap(), case["to"].as_str().unwrap());
    let loaded = input::load(&[folder.path()], Limits::default());
    assert!(loaded.problems.is_empty(), "{}: {:?}", case["why"], loaded.problems);
    if !loaded.estate.principals().any(|(_, one)| one.name == from) {
        return None;
    }
    let arguments = ["paths", "--from", from, "--to", to, &folder.path(), "--format", "json"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output = command.args(arguments).env_clear().stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}: {}", case["why"], String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["undecided"], json!([]), "{}", case["why"]);
    let ways = report["ways"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let first = ways.first()?;
    for step in first["steps"].as_array().unwrap() {
        assert!(step["remedy"].is_string(), "{}: nothing breaks {}", case["why"], step["kind"]);
    }
    let steps = first["steps"].as_array().unwrap().iter().map(|step| text(&step["kind"])).collect();
    Some((steps, text(&first["certainty"]["kind"])))
}

#[test]
fn tokens_lead_where_they_are_let_in_and_nowhere_else() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../federation/cases.json")).unwrap();
    for (number, case) in cases.iter().enumerate() {
        let why = &case["why"];
        let folder = Folder::new(&number.to_string());
        estate(case, &folder);
        let found = way(case, &folder);
        if case["expect"] == "never" {
            assert_eq!(found, None, "{why}");
            continue;
        }
        let (steps, certainty) = found.unwrap_or_else(|| panic!("no way: {why}"));
        assert_eq!(json!(steps), case["steps"], "{why}");
        assert_eq!(json!(certainty), case["expect"], "{why}");
        for (at, change) in case["breaks"].as_array().into_iter().flatten().enumerate() {
            let mut broken: Map<String, Value> = case.as_object().unwrap().clone();
            broken.extend(change.as_object().unwrap().clone());
            let broken = Value::Object(broken);
            let folder = Folder::new(&format!("{number}-{at}"));
            estate(&broken, &folder);
            assert_eq!(way(&broken, &folder), None, "{why}: {change}");
        }
    }
}

/// Whom somebody comes to act as, and how sure that is, by `blast-radius`.
fn radius(from: &str, folder: &Folder) -> Vec<(String, String)> {
    let report = run(&["blast-radius", from, &folder.path(), "--format", "json"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let acts = report["reached"]["reached"].as_array().unwrap().iter().filter(|one| one["what"] == "act-as");
    acts.map(|one| (text(&one["name"]), text(&one["certainty"]["kind"]))).collect()
}

fn run(arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output = command.args(arguments).env_clear().stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_way_forwards_leads_where_the_way_back_comes_from() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../federation/cases.json")).unwrap();
    for (number, case) in cases.iter().enumerate() {
        let why = &case["why"];
        let folder = Folder::new(&format!("radius-{number}"));
        estate(case, &folder);
        let (from, to) = (case["from"].as_str().unwrap(), case["to"].as_str().unwrap());
        let known = input::load(&[folder.path()], Limits::default()).estate;
        if !known.principals().any(|(_, one)| one.name == from) {
            continue;
        }
        let reached = radius(from, &folder);
        let found = reached.iter().find(|(name, _)| name == to).map(|(_, certainty)| certainty.as_str());
        assert_eq!(found, case["expect"].as_str().filter(|word| *word != "never"), "{why}: {reached:?}");
    }
}

/// An estate of all three clouds in which a repository comes from one to the next.
fn three_clouds() -> Value {
    let cases: Vec<Value> = serde_json::from_str(include_str!("../federation/cases.json")).unwrap();
    cases.into_iter().find(|case| case["why"] == "a repository comes through all three clouds").unwrap()
}

#[test]
fn short_names_do_where_they_are_clear_and_are_told_apart_where_they_are_not() {
    let mut case = three_clouds();
    case["programs"]["end"] = json!("aaaaaaaa-0000-0000-0000-000000000077");
    let folder = Folder::new("names");
    estate(&case, &folder);
    let from = case["from"].as_str().unwrap();
    let short = from.rsplit('/').next().unwrap();
    assert!(!radius(from, &folder).is_empty());
    assert_eq!(radius(from, &folder), radius(short, &folder));
    let arguments = ["blast-radius", "end", &folder.path()];
    let output = Command::new(env!("CARGO_BIN_EXE_leastwise")).args(arguments).env_clear().output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(told.contains("2 principals go by `end`"), "{told}");
    let full = told.split('`').filter(|part| part.ends_with("/end") || part.ends_with(":end"));
    let full: Vec<&str> = full.collect();
    assert_eq!(full.len(), 2, "{told}");
    for name in full {
        radius(name, &folder);
    }
}

#[test]
fn the_picture_has_the_edges_from_cloud_to_cloud() {
    let mut case = three_clouds();
    case["administrator"] = json!("end");
    let folder = Folder::new("picture");
    estate(&case, &folder);
    let report = run(&["graph", &folder.path(), "--format", "json"]);
    let (nodes, edges) = (&report["graph"]["nodes"], &report["graph"]["edges"]);
    let end = |edge: &Value, key: &str| nodes[usize::try_from(edge[key].as_u64().unwrap()).unwrap()].clone();
    let crossing: BTreeSet<(String, String)> = edges
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| (end(edge, "from"), end(edge, "to")))
        .filter(|(from, to)| from["cloud"] != to["cloud"])
        .map(|(from, to)| {
            (from["cloud"].as_str().unwrap().to_owned(), to["cloud"].as_str().unwrap().to_owned())
        })
        .collect();
    for (from, to) in [("identity-provider", "azure"), ("azure", "gcp"), ("gcp", "aws")] {
        assert!(crossing.contains(&(from.to_owned(), to.to_owned())), "{from} to {to}: {crossing:?}");
    }
    let labels: BTreeSet<&str> =
        nodes.as_array().unwrap().iter().map(|node| node["label"].as_str().unwrap()).collect();
    for label in
        ["project_path:acme/app:ref_type:branch:ref:main", "deploy", "robot@p.iam.gserviceaccount.com", "end"]
    {
        assert!(labels.contains(label), "{labels:?}");
    }
    for format in ["dot", "html", "graphml"] {
        let arguments = ["graph", &folder.path(), "--format", format];
        let output =
            Command::new(env!("CARGO_BIN_EXE_leastwise")).args(arguments).env_clear().output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        for name in ["project_path:acme/app:ref_type:branch:ref:main", "role/end", "robot@p.iam"] {
            assert!(text.contains(name), "{format} lacks {name}");
        }
    }
}

#[test]
fn broken_credentials_are_told_and_the_others_are_read() {
    let folder = Folder::new("broken");
    let good = json!({"id": "1", "name": "good", "issuer": "https://gitlab.com", "subject": "project_path:a/b:ref_type:branch:ref:main", "audiences": ["x"]});
    let flexible = |value: &str, version: u8| {
        json!({"id": "2", "name": "odd", "issuer": "https://gitlab.com", "subject": null, "audiences": ["x"],
        "claimsMatchingExpression": {"languageVersion": version, "value": value}})
    };
    folder.write("azure/service-principals.json", &json!([{"id": "aaaaaaaa-0000-0000-0000-000000000001", "appId": "bbbbbbbb-0000-0000-0000-000000000001", "displayName": "deploy", "servicePrincipalType": "Application", "servicePrincipalNames": []}]));
    for (bad, file, message) in [
        (
            flexible("claims['sub'] like 'x'", 1),
            "app-deploy",
            "cannot be read: expected `matches` or `eq` at `like 'x'`",
        ),
        (flexible("claims['sub'] eq 'x'", 2), "app-deploy", "version 2 of the language is not known"),
        (
            json!({"id": "2", "name": "odd", "issuer": "https://gitlab.com", "subject": null, "audiences": ["x"]}),
            "app-deploy",
            "has neither `subject` nor `claimsMatchingExpression`",
        ),
        (
            json!({"id": "2", "name": "odd", "subject": "x", "audiences": ["x"]}),
            "app-bbbbbbbb-0000-0000-0000-000000000001",
            "has no `issuer`",
        ),
        (
            json!({"id": "2", "name": "odd", "issuer": 7, "subject": "x", "audiences": ["x"]}),
            "app-deploy",
            "expected `issuer` to be a string, found a number",
        ),
        (
            json!({"id": "2", "name": "odd", "issuer": "https://gitlab.com", "subject": "x", "audiences": ["x"]}),
            "app-stranger",
            "whom it is for is in none of the files",
        ),
        (
            json!({"id": "2", "name": "odd", "issuer": "https://gitlab.com", "subject": "x", "audiences": ["x"]}),
            "credentials",
            "it is not said whose federated credentials these are",
        ),
    ] {
        let file = format!("azure/{file}.federated-credentials.json");
        folder.write(&file, &json!([good, bad]));
        let loaded = input::load(&[folder.path()], Limits::default());
        let gaps = loaded.estate.gaps().iter().map(|gap| gap.message.as_str());
        let told: Vec<&str> =
            loaded.problems.iter().map(|problem| problem.message.as_str()).chain(gaps).collect();
        assert!(told.iter().any(|told| told.contains(message)), "{message}: {told:?}");
        assert!(loaded.problems.iter().all(|problem| problem.span.is_some()), "{message}");
        let subjects =
            loaded.estate.principals().filter(|(_, one)| one.name.starts_with("subject://")).count();
        let is_whose_known = !file.contains("stranger") && !file.contains("azure/credentials");
        assert_eq!(subjects, usize::from(is_whose_known), "{message}");
        fs::remove_file(folder.0.join(file)).unwrap();
    }
}

/// What one part of an estate does not let in, no order of the files lets in.
#[test]
fn the_smallest_cut_of_a_way_through_clouds_lies_in_any_of_them() {
    let folder = Folder::new("cut");
    let case = json!({
        "roles": {"ci": [{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}}}]},
        "accounts": {"robot": "104000000000000000001"},
        "providers": {"pool/aws": {"state": "ACTIVE", "aws": {"accountId": "111111111111"}}},
        "bindings": {
            "robot": ["roles/iam.workloadIdentityUser principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/attribute.aws_role/arn:aws:sts::111111111111:assumed-role/ci"],
            "p": ["roles/owner serviceAccount:robot@p.iam.gserviceaccount.com"]}});
    estate(&case, &folder);
    let from = "subject://token.actions.githubusercontent.com/repo:acme/app:ref:refs/heads/main";
    let arguments = ["paths", "--from", from, &folder.path(), "--format", "json"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output = command.args(arguments).env_clear().stdin(Stdio::null()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["paths"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["paths"][0]["steps"].as_array().unwrap().len(), 3);
    assert_eq!(report["cut"]["complete"], true, "{}", report["cut"]);
    assert_eq!(report["cut"]["grants"].as_array().unwrap().len(), 1, "{}", report["cut"]);
}
