//! Cases of Azure: a subscription in which the managed identity of the resource `target` administers.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use leastwise::input::{self, Loaded, disk::Limits};
use serde_json::{Value, json};

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";
const START: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const IDENTITY: &str = "cccccccc-0000-0000-0000-000000000001";
const OTHER: &str = "cccccccc-0000-0000-0000-000000000002";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const ROLE: &str = "dddddddd-0000-0000-0000-000000000001";

/// Who takes the step.
pub fn start(_: &Value) -> String {
    "user:start@example.com".to_owned()
}

fn resource(case: &Value, name: &str) -> String {
    format!("{SUBSCRIPTION}/resourceGroups/g/providers/{}/{name}", case["type"].as_str().unwrap())
}

fn assignment(number: u32, holder: &str, kind: &str, role: &str, name: &str, scope: &str) -> Value {
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/eeeeeeee-0000-0000-0000-00000000000{number}"),
        "name": format!("eeeeeeee-0000-0000-0000-00000000000{number}"), "principalId": holder, "principalType": kind,
        "principalName": if kind == "User" { "start@example.com" } else { "" }, "roleDefinitionName": name,
        "roleDefinitionId": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"),
        "scope": scope, "type": "Microsoft.Authorization/roleAssignments",
    })
}

/// Permissions as roles and deny assignments write them.
fn permissions(case: &Value, actions: &Value, not: &Value) -> Value {
    let list = |written: &Value| json!(written.as_array().cloned().unwrap_or_default());
    let (actions, not) = (list(actions), list(not));
    if case["data"] == true {
        json!({ "actions": [], "notActions": [], "dataActions": actions, "notDataActions": not })
    } else {
        json!({ "actions": actions, "notActions": not, "dataActions": [], "notDataActions": [] })
    }
}

/// The deny assignments of the subscription, as an answer that may be empty.
fn denials(case: &Value) -> Value {
    let Some(denied) = case["deny"].as_array() else { return json!({ "value": [] }) };
    let name = "ffffffff-0000-0000-0000-000000000001";
    json!({ "value": [{
        "id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/denyAssignments/{name}"), "name": name,
        "type": "Microsoft.Authorization/denyAssignments",
        "properties": { "denyAssignmentName": "d", "scope": SUBSCRIPTION, "doNotApplyToChildScopes": false,
            "permissions": [permissions(case, &json!(denied), &Value::Null)], "isSystemProtected": true,
            "principals": [{ "id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined" }],
            "excludePrincipals": [] },
    }] })
}

/// The case as a user would load it.
pub fn load(case: &Value) -> Loaded {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let folder = format!("escalation-azure-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let scope = resource(case, case["on"].as_str().unwrap_or("target"));
    let with = |name: &str, identity: &str| {
        json!({ "id": resource(case, name), "name": name, "type": case["type"], "location": "x", "resourceGroup": "g",
            "identity": { "type": "SystemAssigned", "principalId": identity, "tenantId": "t" } })
    };
    let role = json!({
        "id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{ROLE}"), "name": ROLE,
        "roleName": "given", "roleType": "CustomRole", "type": "Microsoft.Authorization/roleDefinitions",
        "assignableScopes": [SUBSCRIPTION],
        "permissions": [permissions(case, &case["allow"], &case["not"])],
    });
    let files = [
        ("resources.json", json!([with("target", IDENTITY), with("other", OTHER)])),
        ("role-definitions.json", json!([role])),
        ("deny-assignments-s.json", denials(case)),
        (
            "role-assignments.json",
            json!([
                assignment(1, IDENTITY, "ServicePrincipal", OWNER, "Owner", SUBSCRIPTION),
                assignment(2, START, "User", ROLE, "given", &scope),
            ]),
        ),
    ];
    fs::create_dir_all(&folder).unwrap();
    for (name, content) in files {
        fs::write(folder.join(name), content.to_string()).unwrap();
    }
    let loaded = input::load(&[folder.to_string_lossy().into_owned()], Limits::default());
    fs::remove_dir_all(&folder).unwrap();
    let told: Vec<&str> = loaded.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert!(loaded.problems.is_empty(), "{case}: {}", told.join("\n"));
    loaded
}

/// A case that works with one thing changed that must stop it.
pub fn stopped(case: &Value, action: &str) -> Vec<(&'static str, Value)> {
    let with = |key: &str, value: Value| {
        let mut changed = case.clone();
        changed[key] = value;
        changed
    };
    let granted = case["allow"].as_array().unwrap();
    let mut without: Vec<Value> = granted.iter().filter(|one| *one != action).cloned().collect();
    without.push(json!("Microsoft.Resources/subscriptions/read"));
    let mut all = vec![
        ("left out", with("not", json!([action]))),
        ("denied", with("deny", json!([action]))),
        ("elsewhere", with("on", json!("other"))),
    ];
    if granted.iter().any(|one| one == action) {
        all.push(("without", with("allow", json!(without))));
    }
    all
}
