//! Roles that span all services are findings where they are in effect: each beside a deny policy, a boundary, a deny
//! assignment or a condition that leaves nothing of it, or a part.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

struct Export(PathBuf);

impl Export {
    fn new(test: &str, files: &[(&str, Value)]) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("in-effect-{test}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        for (name, content) in files {
            fs::write(path.join(name), content.to_string()).unwrap();
        }
        Self(path)
    }

    /// Level and message of what a rule finds, after checking that each finding has a request and what it takes for it.
    fn found(&self, rule: &str) -> Vec<String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        let output = command
            .args(["scan", self.0.to_str().unwrap(), "--format", "json"])
            .env_clear()
            .output()
            .unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        let own = findings.filter(|finding| finding["rule"] == rule);
        own.map(|finding| {
            assert!(finding["witness"]["action"].is_string(), "no request: {finding}");
            let text = |key: &str| finding[key].as_str().unwrap();
            format!("{}: {}", text("level"), text("message"))
        })
        .collect()
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const PROJECT: &str = "//cloudresourcemanager.googleapis.com/projects/p";

/// A project in an organization with these bindings of basic roles.
fn project(bindings: &[(&str, &str)]) -> Value {
    let bindings: Vec<Value> = bindings
        .iter()
        .map(|(role, member)| json!({"role": format!("roles/{role}"), "members": [member]}))
        .collect();
    json!([{"resource": PROJECT, "assetType": "cloudresourcemanager.googleapis.com/Project",
        "organization": "organizations/1", "policy": {"bindings": bindings}}])
}

fn denied(principals: &[&str], except: &[&str], permissions: &[&str]) -> Value {
    json!({"name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies/d",
        "rules": [{"denyRule": {"deniedPrincipals": principals, "exceptionPrincipals": except,
            "deniedPermissions": permissions}}]})
}

/// Every permission that `roles/browser` has can be denied, so a deny policy may leave nothing of a role; of a basic
/// role it leaves what it does not name.
#[test]
fn a_deny_policy_leaves_a_part() {
    let files = [
        ("p.json", project(&[("viewer", "user:ann@x.example"), ("viewer", "user:bob@x.example")])),
        (
            "deny.json",
            denied(&["principal://goog/subject/ann@x.example"], &[], &["storage.googleapis.com/*.*"]),
        ),
    ];
    let found = Export::new("part", &files).found("basic-role");
    assert_eq!(found.len(), 2, "{found:#?}");
    let whole = found.iter().find(|one| one.contains("user:bob@x.example")).unwrap();
    assert!(whole.ends_with(" permissions") && !whole.contains("left"), "{whole}");
    let part = found.iter().find(|one| one.contains("user:ann@x.example")).unwrap();
    let numbers = |text: &str| -> Vec<usize> {
        text.split(' ').filter_map(|word| word.replace(',', "").parse().ok()).collect()
    };
    let (&[left, all], &[whole]) = (numbers(part).as_slice(), numbers(whole).as_slice()) else {
        panic!("{part} {whole}")
    };
    assert_eq!(all, whole);
    assert!(0 < left && left < all && part.ends_with("permissions are left"), "{part}");
}

/// A boundary that includes another project only.
#[test]
fn a_boundary_leaves_what_it_cannot_block() {
    let name = "organizations/1/locations/global/principalAccessBoundaryPolicies/b";
    let boundary = json!([{"name": name, "details": {"enforcementVersion": "4", "rules": [
        {"effect": "ALLOW", "resources": ["//cloudresourcemanager.googleapis.com/projects/other"]}]}}]);
    let bound = json!([{"name": "organizations/1/locations/global/policyBindings/x", "policy": name,
        "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
        "target": {"principalSet": "//cloudresourcemanager.googleapis.com/organizations/1"}}]);
    let files = [
        ("p.json", project(&[("editor", "serviceAccount:app@p.iam.gserviceaccount.com")])),
        (
            "other.json",
            json!([{"resource": PROJECT.replace("projects/p", "projects/other"), "policy": {"bindings": []},
            "assetType": "cloudresourcemanager.googleapis.com/Project", "organization": "organizations/1"}]),
        ),
        ("boundaries.json", boundary),
        ("boundary-bindings.json", bound),
    ];
    let found = Export::new("boundary", &files).found("basic-role");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("high: ") && found[0].ends_with("permissions are left"), "{found:#?}");
}

/// A role of the organization where a boundary includes one project of it: nothing is blocked there.
#[test]
fn a_role_from_above_is_whole_where_the_boundary_lets_it() {
    let name = "organizations/1/locations/global/principalAccessBoundaryPolicies/b";
    let row = |resource: &str, kind: &str, bindings: Value| {
        let organization =
            if resource.ends_with("elsewhere") { "organizations/2" } else { "organizations/1" };
        json!({"resource": format!("//cloudresourcemanager.googleapis.com/{resource}"),
            "assetType": format!("cloudresourcemanager.googleapis.com/{kind}"), "organization": organization,
            "policy": {"bindings": bindings}})
    };
    let files = |included: &str| {
        let boundary = json!([{"name": name, "details": {"enforcementVersion": "4", "rules": [
            {"effect": "ALLOW", "resources": [format!("//cloudresourcemanager.googleapis.com/{included}")]}]}}]);
        let bound = json!([{"name": "organizations/1/locations/global/policyBindings/x", "policy": name,
            "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
            "target": {"principalSet": "//cloudresourcemanager.googleapis.com/organizations/1"}}]);
        let held =
            json!([{"role": "roles/editor", "members": ["serviceAccount:app@p.iam.gserviceaccount.com"]}]);
        [
            (
                "o.json",
                json!([
                    row("organizations/1", "Organization", held),
                    row("projects/p", "Project", json!([])),
                    row("projects/elsewhere", "Project", json!([]))
                ]),
            ),
            ("boundaries.json", boundary),
            ("boundary-bindings.json", bound),
        ]
    };
    let inside = Export::new("above", &files("projects/p")).found("basic-role");
    assert_eq!(inside.len(), 1, "{inside:#?}");
    assert!(inside[0].starts_with("high: ") && inside[0].ends_with(", under some conditions"), "{inside:#?}");
    let outside = Export::new("above-elsewhere", &files("projects/elsewhere")).found("basic-role");
    assert!(outside[0].ends_with("permissions are left"), "{outside:#?}");
}

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";
const ROLES: &str = "/providers/Microsoft.Authorization/roleDefinitions";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const GUEST: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const GROUP: &str = "bbbbbbbb-0000-0000-0000-000000000001";
const PROGRAM: &str = "cccccccc-0000-0000-0000-000000000001";
const EVERYBODY: &str = "00000000-0000-0000-0000-000000000000";

fn owner(holder: &str, kind: &str, condition: Option<&str>) -> Value {
    json!({"id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/{holder}"),
        "principalId": holder, "principalType": kind, "scope": SUBSCRIPTION,
        "roleDefinitionId": format!("{SUBSCRIPTION}{ROLES}/{OWNER}"), "roleDefinitionName": "Owner",
        "condition": condition, "conditionVersion": condition.map(|_| "2.0")})
}

/// A tenant in which a group with a guest, and a program, own a subscription, and with these deny assignments.
fn tenant(assignments: &[Value], denied: &[Value]) -> Vec<(&'static str, Value)> {
    vec![
        ("role-assignments.json", json!(assignments)),
        ("deny-assignments.json", json!({"value": denied})),
        (
            "users.json",
            json!([{"id": GUEST, "userPrincipalName": "eve_else.example#EXT#@x.example", "userType": "Guest"}]),
        ),
        ("groups.json", json!([{"id": GROUP, "displayName": "owners", "securityEnabled": true}])),
        (
            "group-owners.members.json",
            json!([{"@odata.type": "#microsoft.graph.user", "id": GUEST,
            "userPrincipalName": "eve_else.example#EXT#@x.example"}]),
        ),
        (
            "service-principals.json",
            json!([{"id": PROGRAM, "displayName": "deploy", "servicePrincipalType": "Application"}]),
        ),
        (
            "eligible-assignments.json",
            json!({"value": [{"type": "Microsoft.Authorization/roleEligibilityScheduleInstances", "properties": {"principalId": GUEST, "principalType": "User", "scope": SUBSCRIPTION,
                "roleDefinitionId": format!("{SUBSCRIPTION}{ROLES}/acdd72a7-3385-48ef-bd42-f606fba81ae7")}}]}),
        ),
    ]
}

fn deny(not_actions: &[&str], except: &[(&str, &str)]) -> Value {
    let except: Vec<Value> = except.iter().map(|(id, kind)| json!({"id": id, "type": kind})).collect();
    json!({"id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/denyAssignments/d"), "name": "d",
        "type": "Microsoft.Authorization/denyAssignments",
        "properties": {"denyAssignmentName": "none", "scope": SUBSCRIPTION, "doNotApplyToChildScopes": false,
            "permissions": [{"actions": ["*"], "notActions": not_actions, "dataActions": [], "notDataActions": []}],
            "principals": [{"id": EVERYBODY, "type": "SystemDefined"}], "excludePrincipals": except}})
}

const RULES: [&str; 3] = ["basic-role", "guest-with-privileges", "standing-privilege"];

#[test]
fn a_deny_assignment_takes_a_role_away() {
    let held = [owner(GROUP, "Group", None), owner(PROGRAM, "ServicePrincipal", None)];
    let found = |test: &str, denied: &[Value]| {
        let export = Export::new(test, &tenant(&held, denied));
        RULES.map(|rule| export.found(rule))
    };
    let [basic, guest, standing] = found("no-denies", &[]);
    assert_eq!((basic.len(), guest.len(), standing.len()), (2, 1, 1), "{basic:#?} {guest:#?} {standing:#?}");
    assert!(basic.iter().chain(&guest).all(|one| !one.contains("left")), "{basic:#?} {guest:#?}");

    let none = found("all-denied", &[deny(&[], &[])]);
    assert_eq!(none, [const { Vec::<String>::new() }; 3]);

    // Who is excepted: the program; and the guest, not the group that gives it the role.
    let [basic, guest, _] = found("but-one", &[deny(&[], &[(PROGRAM, "ServicePrincipal")])]);
    assert_eq!((basic.len(), guest.len()), (1, 0), "{basic:#?}");
    assert!(basic[0].contains("`servicePrincipal:deploy`"), "{basic:#?}");
    let [basic, guest, standing] = found("but-member", &[deny(&[], &[(GUEST, "User")])]);
    assert_eq!((basic.len(), guest.len(), standing.len()), (1, 1, 1), "{basic:#?} {guest:#?}");
    assert!(
        basic[0].contains("`group:owners`") && basic[0].contains("for its member `user:eve"),
        "{basic:#?}"
    );

    // What can only be read is less bad.
    let [basic, ..] = found("reading", &[deny(&["Microsoft.Compute/*/read"], &[])]);
    assert_eq!(basic.len(), 2, "{basic:#?}");
    assert!(basic.iter().all(|one| one.starts_with("low: ") && one.ends_with("are left")), "{basic:#?}");
}

/// A condition limits what may be assigned and nothing else, so all permissions are left, under conditions.
#[test]
fn a_condition_limits_a_role() {
    let condition = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR \
                     (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals \
                     {acdd72a7-3385-48ef-bd42-f606fba81ae7}))";
    let held = [owner(PROGRAM, "ServicePrincipal", Some(condition))];
    let basic = Export::new("condition", &tenant(&held, &[])).found("basic-role");
    assert_eq!(basic.len(), 1, "{basic:#?}");
    assert!(basic[0].ends_with(", under some conditions"), "{basic:#?}");
}
