//! The questions that the permission graph answers on the command line.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json as object};

const ORGANIZATION: &str = "examples/aws-organization";
const ADMIN: &str = "arn:aws:iam::111122223333:role/platform-admin";
const DEVELOPER: &str = "arn:aws:iam::444455556666:role/developer";

fn json(arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.args(arguments).args(["--format", "json"]).env_clear().stdin(Stdio::null());
    let output = command.output().unwrap();
    let (out, err) = (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned());
    serde_json::from_slice(&out).unwrap_or_else(|_| panic!("{arguments:?}: {err}"))
}

fn texts<'v>(list: &'v Value, key: &str) -> BTreeSet<&'v str> {
    list.as_array().unwrap().iter().map(|one| one[key].as_str().unwrap()).collect()
}

#[test]
fn a_path_leads_to_a_principal() {
    let one = json(&["paths", ORGANIZATION, "--from", DEVELOPER, "--to", "platform-admin"]);
    let ways = one["ways"].as_array().unwrap();
    assert_eq!(ways.len(), 1, "{ways:?}");
    assert_eq!((ways[0]["from"].as_str(), ways[0]["to"].as_str()), (Some(DEVELOPER), Some(ADMIN)));
    let steps: Vec<&str> =
        ways[0]["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(steps, ["assume-role"; 3]);
    assert_eq!(one["more"], false);
    // Without a start everybody who comes there is listed, each by its shortest way.
    let all = json(&["paths", ORGANIZATION, "--to", ADMIN]);
    let starts = texts(&all["ways"], "from");
    assert!(starts.contains(DEVELOPER) && starts.len() == 5, "{starts:?}");
    let back = json(&["paths", ORGANIZATION, "--from", ADMIN, "--to", DEVELOPER]);
    assert_eq!(back["ways"].as_array().unwrap().len(), 0);
}

#[test]
fn a_path_leads_to_those_who_may_use_a_resource() {
    let bucket = "arn:aws:s3:::acme-exports";
    let ways = json(&["paths", ORGANIZATION, "--to", bucket]);
    let starts = texts(&ways["ways"], "from");
    assert!(starts.contains(DEVELOPER), "{starts:?}");
    let who = json(&["who-can", "s3:GetObject", "acme-exports", ORGANIZATION, "--via-paths"]);
    let may: BTreeSet<&str> = who["who_can"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["allowed"] != "never")
        .map(|one| one["question"]["principal"].as_str().unwrap())
        .collect();
    for way in who["ways"].as_array().unwrap() {
        assert!(may.contains(way["to"].as_str().unwrap()), "{way}");
        assert!(!may.contains(way["from"].as_str().unwrap()), "{way}");
    }
    assert!(texts(&who["ways"], "from").contains(DEVELOPER));
    assert!(json(&["who-can", "s3:GetObject", "acme-exports", ORGANIZATION]).get("ways").is_none());
}

#[test]
fn the_paths_of_one_come_with_what_cuts_them() {
    let paths = json(&["paths", ORGANIZATION, "--from", DEVELOPER]);
    let cut = &paths["cut"];
    assert_eq!((&cut["complete"], &cut["smallest"]), (&Value::Bool(true), &Value::Bool(true)));
    assert_eq!(cut["grants"].as_array().unwrap().len(), 1, "{cut}");
    assert!(json(&["paths", ORGANIZATION]).get("cut").is_none());
}

#[test]
fn a_blast_radius_holds_what_the_paths_lead_to() {
    let radius = json(&["blast-radius", DEVELOPER, ORGANIZATION]);
    let reached = radius["reached"]["reached"].as_array().unwrap();
    let found: BTreeSet<(&str, &str)> =
        reached.iter().map(|one| (one["what"].as_str().unwrap(), one["name"].as_str().unwrap())).collect();
    assert!(found.contains(&("act-as", ADMIN)), "{found:?}");
    assert!(found.contains(&("administer", "111122223333")), "{found:?}");
    assert!(!found.contains(&("act-as", DEVELOPER)), "{found:?}");
    // Never farther than one step more than what came before.
    let lengths: Vec<usize> = reached.iter().map(|one| one["steps"].as_array().unwrap().len()).collect();
    assert!(lengths.is_sorted(), "{lengths:?}");
}

#[test]
fn administrators_are_those_of_the_findings() {
    let admins = json(&["admins", ORGANIZATION]);
    let scan = json(&["scan", ORGANIZATION]);
    let of_rule = |rule: &str| -> BTreeSet<&str> {
        let findings = scan["findings"].as_array().unwrap().iter().filter(|one| one["rule"] == rule);
        findings.map(|one| one["principal"].as_str().unwrap()).collect()
    };
    assert_eq!(texts(&admins["administrators"]["direct"], "principal"), of_rule("administrator-access"));
    assert_eq!(texts(&admins["administrators"]["by_path"], "from"), of_rule("path-to-administrator"));
}

#[test]
fn what_outsiders_reach_are_findings_about_them() {
    let external = json(&["external", ORGANIZATION]);
    let rules = texts(&external["findings"], "rule");
    assert!(rules.contains("external-access"), "{rules:?}");
    let known = [
        "confused-deputy",
        "external-access",
        "open-identity-provider",
        "path-to-administrator",
        "public-resource",
    ];
    assert!(rules.iter().all(|rule| known.contains(rule)), "{rules:?}");
}

#[test]
fn a_goal_that_is_nothing_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output = command.args(["paths", ORGANIZATION, "--to", "platform-admn"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no principal, resource or scope goes by `platform-admn`"), "{said}");
}

/// An account with one role, and a user if one is named.
fn account(number: &str, role: &str, trusts: &str, policy: &str, user: Option<&str>) -> String {
    let document = |statement: &str| format!(r#"{{"Version": "2012-10-17", "Statement": [{statement}]}}"#);
    let user = user.map(|user| {
        format!(
            r#"{{"UserName": "{user}", "UserId": "AIDAEXAMPLE", "Path": "/", "Arn": "arn:aws:iam::{number}:user/{user}",
                "GroupList": [], "AttachedManagedPolicies": [
                {{"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}}]}}"#
        )
    });
    format!(
        r#"{{"UserDetailList": [{}], "GroupDetailList": [], "Policies": [], "RoleDetailList": [
            {{"RoleName": "{role}", "RoleId": "AROAEXAMPLE", "Path": "/", "Arn": "arn:aws:iam::{number}:role/{role}",
              "AssumeRolePolicyDocument": {}, "AttachedManagedPolicies": [], "InstanceProfileList": [],
              "RolePolicyList": [{{"PolicyName": "own", "PolicyDocument": {}}}]}}]}}"#,
        user.unwrap_or_default(),
        document(&format!(
            r#"{{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{"AWS": "{trusts}"}}}}"#
        )),
        document(policy),
    )
}

/// Whoever administers an account comes to all that lives there; what leads out of it is a path all the same.
#[test]
fn an_administrator_of_one_account_comes_to_another_by_what_lives_in_its_own() {
    let folder = std::env::temp_dir().join(format!("leastwise-outward-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let into_prod = r#"{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::222222222222:role/prod-admin"}"#;
    let tooling = account("111111111111", "bridge", "arn:aws:iam::111111111111:root", into_prod, Some("ops"));
    let everything = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    let prod =
        account("222222222222", "prod-admin", "arn:aws:iam::111111111111:role/bridge", everything, None);
    std::fs::write(folder.join("tooling.json"), tooling).unwrap();
    std::fs::write(folder.join("prod.json"), prod).unwrap();
    let path = folder.to_str().unwrap().to_owned();
    let all = json(&["paths", &path]);
    let one = json(&["paths", &path, "--from", "ops"]);
    let inside = json(&["paths", &path, "--from", "ops", "--to", "bridge"]);
    std::fs::remove_dir_all(&folder).unwrap();
    let starts = texts(&all["paths"], "from");
    assert!(starts.contains("arn:aws:iam::111111111111:user/ops"), "{starts:?}");
    assert!(starts.contains("arn:aws:iam::111111111111:role/bridge"), "{starts:?}");
    assert_eq!(inside["ways"].as_array().unwrap().len(), 1, "{inside}");
    let paths = one["paths"].as_array().unwrap();
    assert_eq!(paths.len(), 1, "{paths:?}");
    assert_eq!(paths[0]["scope"], "222222222222");
    assert_eq!(paths[0]["steps"].as_array().unwrap().len(), 2);
    assert_eq!(one["cut"]["complete"], true);
    assert!(!one["cut"]["grants"].as_array().unwrap().is_empty(), "{}", one["cut"]);
}

/// The same in Google Cloud: the owner of a project and a service account of it that administers the organization.
#[test]
fn an_owner_of_a_project_comes_to_the_organization_by_an_account_of_the_project() {
    let set = |kind: &str, name: &str, role: &str, member: &str| {
        format!(
            r#"{{"assetType": "{kind}", "resource": "//{name}", "organization": "organizations/1",
                "policy": {{"bindings": [{{"role": "{role}", "members": ["{member}"]}}]}}}}"#
        )
    };
    let account = "deploy@tools.iam.gserviceaccount.com";
    let sets = [
        set(
            "cloudresourcemanager.googleapis.com/Organization",
            "cloudresourcemanager.googleapis.com/organizations/1",
            "roles/resourcemanager.organizationAdmin",
            &format!("serviceAccount:{account}"),
        ),
        set(
            "cloudresourcemanager.googleapis.com/Project",
            "cloudresourcemanager.googleapis.com/projects/tools",
            "roles/owner",
            "user:olga@example.com",
        ),
        set(
            "iam.googleapis.com/ServiceAccount",
            &format!("iam.googleapis.com/projects/tools/serviceAccounts/{account}"),
            "roles/viewer",
            "user:vera@example.com",
        ),
    ];
    let file = std::env::temp_dir().join(format!("leastwise-outward-{}.json", std::process::id()));
    std::fs::write(&file, format!("[{}]", sets.join(","))).unwrap();
    let paths = json(&["paths", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(texts(&paths["paths"], "from"), BTreeSet::from(["user:olga@example.com"]), "{paths}");
    assert_eq!(paths["paths"][0]["scope"], "organizations/1");
}

/// What is wrong with a file of steps is said in its place; the other steps of the file, those of other files, and those
/// that the program has are used.
#[test]
fn a_broken_file_of_steps_is_said_and_the_rest_is_used() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("own-steps-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let may = |action: &str| {
        let statement = object!({"Effect": "Allow", "Action": action, "Resource": "*"});
        object!([{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}])
    };
    let arn = |name: &str| format!("arn:aws:iam::111122223333:{name}");
    let user = |name: &str, action: &str| {
        object!({"Arn": arn(&format!("user/{name}")), "Path": "/", "GroupList": [], "AttachedManagedPolicies": [],
            "UserPolicyList": may(action)})
    };
    let trust = object!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let role = object!({"Arn": arn("role/admin"), "Path": "/", "InstanceProfileList": [], "RolePolicyList": may("*"),
        "AttachedManagedPolicies": [], "AssumeRolePolicyDocument": trust});
    let users = [
        user("ann", "sqs:SendMessage"),
        user("bob", "iam:UpdateAssumeRolePolicy"),
        user("eve", "s3:GetObject"),
    ];
    let account =
        object!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [role], "Policies": []});
    let account = put("account.json", &account.to_string());
    let step = |id: &str, action: &str| {
        format!(
            "  - id: {id}\n    summary: asks a broker for the role\n    target: role\n    needs:\n      - {{ action: {action}, resource: {{ like: \"arn:*:sqs:*:{{home}}:*\" }} }}\n    gains: become\n    reference: https://example.com\n"
        )
    };
    let mixed = format!(
        "cloud: aws\nsteps:\n{}{}",
        step("broker", "sqs:SendMessage"),
        step("wrong", "sqs:SendMesage")
    );
    let mixed = put("mixed.yaml", &mixed);
    let cut = put("cut.yaml", "cloud: aws\nsteps:\n  - id: [\n");
    let absent = folder.join("absent.yaml").to_string_lossy().into_owned();
    let told = json(&["paths", &account, "--steps", &cut, "--steps", &mixed, "--steps", &absent]);
    fs::remove_dir_all(&folder).unwrap();

    let steps: BTreeSet<(&str, &str)> = told["paths"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| (path["from"].as_str().unwrap(), path["steps"][0]["kind"].as_str().unwrap()))
        .collect();
    let (ann, bob) = (arn("user/ann"), arn("user/bob"));
    assert!(steps.contains(&(ann.as_str(), "broker")), "{steps:?}");
    assert!(steps.iter().any(|(from, kind)| *from == bob && *kind != "broker"), "{steps:?}");
    assert!(!steps.iter().any(|(from, _)| from.ends_with("/eve")), "{steps:?}");
    let problems: BTreeSet<(&str, Option<u64>, Option<u64>)> = told["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let place = &one["place"];
            (one["path"].as_str().unwrap(), place["line"].as_u64(), place["column"].as_u64())
        })
        .collect();
    let expected = [(&*absent, None, None), (&*cut, Some(4), Some(1)), (&*mixed, Some(14), Some(19))];
    assert_eq!(problems, BTreeSet::from(expected));
}
