//! Cases of Azure: a subscription that the managed identity of the resource `target` administers, or in which there is
//! something else to gain.

use leastwise::input::Loaded;
use serde_json::{Value, json};

use super::cases;

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";
const START: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const IDENTITY: &str = "cccccccc-0000-0000-0000-000000000001";
const OTHER: &str = "cccccccc-0000-0000-0000-000000000002";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const ROLE: &str = "dddddddd-0000-0000-0000-000000000001";
const EDITABLE: &str = "dddddddd-0000-0000-0000-000000000002";
const GROUP: &str = "bbbbbbbb-0000-0000-0000-000000000001";

/// Who takes the step.
pub fn start(_: &Value) -> String {
    "user:start@example.com".to_owned()
}

/// The name of a resource of the case's type; parts of a nested name are all called the same.
fn resource(case: &Value, name: &str) -> String {
    let mut words = case["type"].as_str().unwrap().split('/');
    let provider = words.next().unwrap();
    let path: String = words.map(|word| format!("/{word}/{name}")).collect();
    // Policies are assigned to the subscription itself.
    let group = if provider == "Microsoft.Authorization" { "" } else { "/resourceGroups/g" };
    format!("{SUBSCRIPTION}{group}/providers/{provider}{path}")
}

/// A resource as exports show it.
fn shown(case: &Value, name: &str, identity: &str) -> Value {
    let id = resource(case, name);
    let mut row = json!({
        "id": id, "name": name, "type": case["type"], "location": "x", "resourceGroup": "g",
    });
    let target = case["target"].as_str().unwrap();
    let off = case["off"] == true;
    match target {
        "user-assigned" => row["principalId"] = json!(identity),
        "user-assigned-host" => {
            row["id"] = json!(format!(
                "{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/{name}"
            ));
            row["type"] = json!("Microsoft.Compute/virtualMachines");
            row["identity"] = json!({ "type": "UserAssigned", "userAssignedIdentities": { (id): { "principalId": identity, "clientId": "c" } } });
        }
        "kubernetes-cluster" => {
            row["identityProfile"] = json!({ "kubeletidentity": { "objectId": identity, "clientId": "c",
                "resourceId": format!("{SUBSCRIPTION}/resourceGroups/n/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}") } });
        }
        "storage-key" => row["allowSharedKeyAccess"] = json!(!off),
        "key-vault" => {
            row["properties"] = json!({ "enableRbacAuthorization": case["roles"], "accessPolicies": [] })
        }
        key if key.ends_with("-key") => row["disableLocalAuth"] = json!(off),
        _ => row["identity"] = json!({ "type": "SystemAssigned", "principalId": identity, "tenantId": "t" }),
    }
    row
}

/// Where the role of `start` is given.
fn scope(case: &Value) -> String {
    match case["on"].as_str().unwrap_or("target") {
        "subscription" => SUBSCRIPTION.to_owned(),
        name => resource(case, name),
    }
}

/// A role definition as the command line prints it.
fn definition(guid: &str, name: &str, kind: &str, scopes: &Value, permissions: &Value) -> Value {
    json!({
        "id": format!("{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{guid}"), "name": guid,
        "roleName": name, "roleType": kind, "type": "Microsoft.Authorization/roleDefinitions",
        "assignableScopes": scopes, "permissions": [permissions],
    })
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
    let mut given = assignment(2, START, "User", ROLE, "given", &scope(case));
    if let Some(condition) = case["condition"].as_str() {
        given["condition"] = json!(condition);
        given["conditionVersion"] = json!("2.0");
    }
    let mut assignments =
        vec![assignment(1, IDENTITY, "ServicePrincipal", OWNER, "Owner", SUBSCRIPTION), given];
    let own = permissions(case, &case["allow"], &case["not"]);
    // Nobody here can write a role that can be given in the other subscription, too.
    let elsewhere = "/subscriptions/00000000-0000-0000-0000-000000000002";
    let mut roles = vec![definition(ROLE, "given", "CustomRole", &json!([SUBSCRIPTION, elsewhere]), &own)];
    if case["target"] == "custom-role" {
        let (holder, kind) = if case["holder"] == "group" { (GROUP, "Group") } else { (START, "User") };
        assignments.push(assignment(3, holder, kind, EDITABLE, "editable", SUBSCRIPTION));
        let (kind, scopes) = match (case["built_in"] == true, case["scopes"].as_str()) {
            (true, _) => ("BuiltInRole", json!(["/"])),
            (_, Some("two")) => ("CustomRole", json!([SUBSCRIPTION, elsewhere])),
            _ => ("CustomRole", json!([SUBSCRIPTION])),
        };
        let read = json!(["Microsoft.Resources/subscriptions/read"]);
        roles.push(definition(EDITABLE, "editable", kind, &scopes, &permissions(case, &read, &Value::Null)));
    }
    // What is gained over another key or vault is gained as well, so there is none.
    let target = case["target"].as_str().unwrap();
    let mut resources = vec![shown(case, "target", IDENTITY)];
    if target != "key-vault" && !target.ends_with("-key") {
        resources.push(shown(case, "other", OTHER));
    }
    let member = json!([{ "@odata.type": "#microsoft.graph.user", "id": START, "userPrincipalName": "start@example.com" }]);
    let files = [
        ("resources.json", json!(resources)),
        ("role-definitions.json", json!(roles)),
        ("deny-assignments-s.json", denials(case)),
        ("role-assignments.json", json!(assignments)),
        ("groups.json", json!([{ "id": GROUP, "displayName": "team", "securityEnabled": true }])),
        ("group-team.members.json", member),
    ];
    cases::load_folder(case, files.map(|(name, content)| (name.to_owned(), content.to_string())))
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
