//! Roles and lists of role assignments of Azure side by side, decided by each engine alone.

use leastwise::evaluator::Relation;
use serde_json::{Value, json};

use crate::two_documents::{engines, relation};

fn named(role: &str) -> String {
    json!({ "roleName": role }).to_string()
}

/// A role definition as `az role definition create` takes it, without a GUID.
fn role(actions: &[&str], not_actions: &[&str]) -> Value {
    json!({ "Name": "own", "IsCustom": true, "Actions": actions, "NotActions": not_actions })
}

/// <https://learn.microsoft.com/azure/role-based-access-control/built-in-roles>: Reader reads everything, Contributor
/// manages all of it, and Owner adds giving access.
#[test]
fn known_inclusions_of_roles_are_proven() {
    for engines in engines() {
        for (old, new, expected) in [
            ("Reader", "Contributor", Relation::Broader),
            ("Contributor", "Owner", Relation::Broader),
            ("Owner", "Reader", Relation::Narrower),
            ("Owner", "Owner", Relation::Equivalent),
            ("User Access Administrator", "Owner", Relation::Broader),
            ("Contributor", "User Access Administrator", Relation::Incomparable),
            // Control of an account is no access to its data.
            ("Owner", "Storage Blob Data Reader", Relation::Incomparable),
            ("Storage Blob Data Reader", "Storage Blob Data Contributor", Relation::Broader),
            ("Storage Blob Data Contributor", "Storage Blob Data Owner", Relation::Broader),
        ] {
            assert_eq!(relation(&named(old), &named(new), *engines).0, expected, "{old} {new}");
        }
    }
}

/// NotActions take from the Actions of their own block only:
/// <https://learn.microsoft.com/azure/role-based-access-control/role-definitions#notactions>.
#[test]
fn blocks_are_compared_by_what_they_leave() {
    let all = role(&["Microsoft.Compute/*"], &[]);
    let without = role(&["Microsoft.Compute/*"], &["Microsoft.Compute/virtualMachines/delete"]);
    let folded = role(&["microsoft.compute/*"], &["MICROSOFT.COMPUTE/virtualMachines/DELETE"]);
    let given_back = json!({ "roleName": "own", "permissions": [
        { "actions": ["Microsoft.Compute/*"], "notActions": ["Microsoft.Compute/virtualMachines/delete"] },
        { "actions": ["Microsoft.Compute/virtualMachines/delete"] } ] });
    for engines in engines() {
        let stands = |old: &Value, new: &Value| relation(&old.to_string(), &new.to_string(), *engines).0;
        assert_eq!(stands(&all, &without), Relation::Narrower);
        assert_eq!(stands(&without, &folded), Relation::Equivalent);
        assert_eq!(stands(&all, &given_back), Relation::Equivalent);
    }
}

const SUBSCRIPTION: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";
const BLOB_READER: &str = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";

fn assignment(number: u32, name: &str, role: &str, scope: &str) -> Value {
    json!({ "principalId": format!("aaaaaaaa-0000-0000-0000-00000000000{number}"), "principalName": name,
            "principalType": "User", "roleDefinitionId": format!("/x/{role}"), "scope": scope })
}

#[test]
fn a_list_of_assignments_says_who_gained() {
    let reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    let group = format!("{SUBSCRIPTION}/resourceGroups/rg");
    let ann = assignment(1, "ann@x.example", reader, SUBSCRIPTION);
    // Object ids tell principals apart: a new name is nobody new.
    let renamed = assignment(1, "ann.other@x.example", reader, SUBSCRIPTION);
    let below = assignment(1, "ann@x.example", reader, &group);
    let bob = assignment(2, "bob@x.example", reader, &group);
    for engines in engines() {
        let stands = |old: Value, new: Value| relation(&old.to_string(), &new.to_string(), *engines);
        assert_eq!(stands(json!([ann]), json!([renamed])).0, Relation::Equivalent);
        assert_eq!(stands(json!([ann]), json!([ann, below])).0, Relation::Equivalent);
        assert_eq!(stands(json!([ann]), json!([below])).0, Relation::Narrower);
        let (found, who) = stands(json!([ann]), json!({ "value": [ann, bob] }));
        assert_eq!(found, Relation::Broader);
        assert_eq!(who, "user:bob@x.example (aaaaaaaa-0000-0000-0000-000000000002)");
        assert_eq!(stands(json!([]), json!([ann])).0, Relation::Broader);
    }
}

#[test]
fn conditions_and_deny_assignments_take() {
    let free = assignment(1, "ann@x.example", BLOB_READER, SUBSCRIPTION);
    let mut bound = free.clone();
    bound["condition"] = json!(
        "((!(ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'})) OR \
         (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'public'))"
    );
    let denied = json!({ "role_assignments": [free], "deny_assignments": [{
        "denyAssignmentName": "d", "scope": format!("{SUBSCRIPTION}/resourceGroups/secret"),
        "permissions": [{ "actions": [], "dataActions": ["*"] }],
        "principals": [{ "id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined" }],
        "excludePrincipals": [] }] });
    for engines in engines() {
        let stands = |old: &Value, new: &Value| relation(&old.to_string(), &new.to_string(), *engines).0;
        assert_eq!(stands(&json!([free]), &json!([bound])), Relation::Narrower);
        assert_eq!(stands(&json!([bound]), &json!([bound])), Relation::Equivalent);
        assert_eq!(stands(&json!([free]), &denied), Relation::Narrower);
        assert_eq!(stands(&denied, &json!([free])), Relation::Broader);
    }
}
