//! How long a tenant of Azure takes to be loaded and analysed, how much memory that needs, and how both grow with its
//! size.
//!
//! Tenants are made up here, the same every time: management groups in three levels, ten resource groups to a
//! subscription, machines with identities, storage accounts and vaults, and a hundred role assignments to a
//! subscription, most of them to groups and programs with narrow roles. `cargo bench --bench tenant -- 100 333 1000`
//! measures these numbers of subscriptions. The peak of memory is of the whole process, so the sizes should grow.

#![expect(clippy::print_stdout, reason = "prints times and ratios")]
#![expect(clippy::disallowed_methods, reason = "writes the tenant to a folder of its own")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use leastwise::clouds::CLOUDS;
use leastwise::evaluator::{Evaluator, OneDocument};
use leastwise::findings::{self, Context};
use leastwise::graph::Graph;
use leastwise::input;
use leastwise::input::disk::Limits;
use leastwise::model::Estate;
use leastwise::solver::Portfolio;
use serde_json::{Value, json};

#[path = "clock/mod.rs"]
mod clock;

use clock::Clock;

/// Role assignments to a subscription.
const ASSIGNMENTS: usize = 100;
/// Subscriptions to a management group of the lowest level.
const TO_A_GROUP: usize = 20;

fn main() {
    let sizes: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![100, 333, 1_000] } else { sizes };
    // What is the same for every tenant is not counted.
    CLOUDS.iter().for_each(|cloud| drop(cloud.universe()));
    println!("subscriptions  assignments     JSON      load   analyse      peak  findings");
    for size in sizes {
        measure(size);
    }
}

fn measure(subscriptions: usize) {
    let folder =
        std::env::temp_dir().join(format!("leastwise-tenant-{}-{subscriptions}", std::process::id()));
    let bytes = write(&folder, subscriptions);
    let paths = [folder.to_string_lossy().into_owned()];
    let clock = Clock::start();
    let loaded = input::load(&paths, Limits::default());
    let load = clock.elapsed();
    let clock = Clock::start();
    let found = analyse(&loaded.estate);
    let analyse = clock.elapsed();
    println!(
        "{subscriptions:>13} {:>12} {:>5.1} MB {:>6.2} s {:>7.2} s {:>6} MB {found:>9}",
        subscriptions * ASSIGNMENTS,
        bytes as f64 / 1e6,
        seconds(load),
        seconds(analyse),
        peak().unwrap_or(0) / 1_024,
    );
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems.first());
    drop(fs::remove_dir_all(&folder));
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// The most memory that the process has held, in KiB.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// What `leastwise scan` does.
fn analyse(estate: &Estate) -> usize {
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(estate, &portfolio);
    let documents = OneDocument::all(&evaluator);
    let clock = Clock::start();
    let graph = Graph::build(&evaluator, &[]);
    if std::env::var_os("LEASTWISE_STAGES").is_some() {
        println!("  graph {:.2} s", seconds(clock.elapsed()));
    }
    let found = graph.and_then(|graph| findings::run(&Context::new(evaluator, &graph, &documents)));
    found.map_or(0, |found| found.len())
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
    }
}

/// A GUID of one kind of thing.
fn guid(kind: u32, number: usize) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

fn subscription(number: usize) -> String {
    format!("/subscriptions/{}", guid(1, number))
}

fn group(subscription_number: usize, number: usize) -> String {
    format!("{}/resourceGroups/rg-{number}", subscription(subscription_number))
}

fn management_group(number: usize) -> String {
    format!("/providers/Microsoft.Management/managementGroups/team-{number}")
}

/// Writes the exports of the tenant. Answers how many bytes they have.
fn write(folder: &Path, subscriptions: usize) -> usize {
    drop(fs::create_dir_all(folder));
    let mut bytes = 0;
    let mut put = |name: &str, value: &Value| {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        bytes += text.len();
        drop(fs::write(folder.join(name), &text));
    };
    put("management-groups.json", &tree(subscriptions));
    put("role-definitions.json", &json!((0..200).map(custom_role).collect::<Vec<_>>()));
    let (users, programs, groups) = (subscriptions * 5, subscriptions * 3, subscriptions / 2 + 10);
    let user = |number: usize| {
        json!({ "id": guid(2, number), "userPrincipalName": format!("user{number}@tenant.example"),
                "displayName": format!("User {number}"), "userType": if number.is_multiple_of(20) { "Guest" } else { "Member" } })
    };
    put("users.json", &json!((0..users).map(user).collect::<Vec<_>>()));
    let program = |number: usize| {
        json!({ "id": guid(3, number), "appId": guid(4, number), "displayName": format!("app-{number}"),
                "servicePrincipalType": "Application" })
    };
    put("service-principals.json", &json!((0..programs).map(program).collect::<Vec<_>>()));
    let named = |number: usize| json!({ "id": guid(5, number), "displayName": format!("group-{number}"), "securityEnabled": true });
    put("groups.json", &json!((0..groups).map(named).collect::<Vec<_>>()));
    let mut dice = Dice(7);
    for number in 0..groups {
        let members: Vec<Value> = (0..20).map(|_| user(dice.below(users))).collect();
        put(&format!("group-{}.members.json", guid(5, number)), &json!(members));
    }
    put("deny-assignments.json", &json!([]));
    for number in 0..subscriptions {
        let assigned = assignments(number, [users, programs, groups], &mut dice);
        put(&format!("role-assignments-{number}.json"), &json!(assigned));
        put(&format!("resources-{number}.json"), &json!(resources(number)));
    }
    bytes
}

fn tree(subscriptions: usize) -> Value {
    let leaf =
        |number: usize| json!({ "id": subscription(number), "type": "/subscriptions", "displayName": "s" });
    let team = |number: usize| {
        let own = number * TO_A_GROUP..((number + 1) * TO_A_GROUP).min(subscriptions);
        json!({ "id": management_group(number), "type": "Microsoft.Management/managementGroups",
                "displayName": "team", "children": own.map(leaf).collect::<Vec<_>>() })
    };
    let teams = subscriptions.div_ceil(TO_A_GROUP);
    json!({ "id": "/providers/Microsoft.Management/managementGroups/root",
            "type": "Microsoft.Management/managementGroups", "displayName": "root",
            "children": (0..teams).map(team).collect::<Vec<_>>() })
}

fn custom_role(number: usize) -> Value {
    let kinds = ["Microsoft.Compute/virtualMachines", "Microsoft.Web/sites", "Microsoft.Sql/servers"];
    let kind = kinds.get(number % kinds.len()).copied().unwrap_or_default();
    json!({ "name": guid(6, number), "id": format!("/providers/Microsoft.Authorization/roleDefinitions/{}", guid(6, number)),
            "roleName": format!("Custom {number}"), "roleType": "CustomRole", "assignableScopes": ["/"],
            "permissions": [{ "actions": [format!("{kind}/*/read"), format!("{kind}/write")],
                              "notActions": [format!("{kind}/delete")], "dataActions": [], "notDataActions": [] }] })
}

/// Built-in roles by how often they are given, of a thousand.
const ROLES: [(usize, &str, &str); 9] = [
    (8, "Owner", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
    (12, "User Access Administrator", "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"),
    (100, "Contributor", "b24988ac-6180-42a0-ab88-20f7382dd24c"),
    (350, "Reader", "acdd72a7-3385-48ef-bd42-f606fba81ae7"),
    (500, "Storage Blob Data Reader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"),
    (600, "Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe"),
    (700, "Key Vault Secrets User", "4633458b-17de-408a-b874-0445c86b69e6"),
    (800, "AcrPull", "7f951dda-4ed3-4680-a7ca-43fe172d538d"),
    (900, "Virtual Machine Contributor", "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"),
];

fn assignments(number: usize, [users, programs, groups]: [usize; 3], dice: &mut Dice) -> Vec<Value> {
    let every = (0..ASSIGNMENTS).map(|index| {
        let (kind, holder, name) = match dice.below(10) {
            0..3 => {
                let one = dice.below(users);
                ("User", guid(2, one), format!("user{one}@tenant.example"))
            }
            3..7 => {
                let one = dice.below(programs);
                ("ServicePrincipal", guid(3, one), guid(4, one))
            }
            _ => {
                let one = dice.below(groups);
                ("Group", guid(5, one), format!("group-{one}"))
            }
        };
        let scope = match dice.below(100) {
            0 if number.is_multiple_of(TO_A_GROUP) => management_group(number / TO_A_GROUP),
            1..20 => subscription(number),
            _ => group(number, dice.below(10)),
        };
        let drawn = dice.below(1_000);
        let built_in = ROLES.iter().find(|(up_to, ..)| drawn < *up_to);
        let (role, role_name) = match built_in {
            Some((_, name, id)) => ((*id).to_owned(), (*name).to_owned()),
            None => {
                let own = dice.below(200);
                (guid(6, own), format!("Custom {own}"))
            }
        };
        json!({
            "condition": null, "conditionVersion": null, "createdBy": guid(2, 0),
            "createdOn": "2026-01-01T00:00:00.000000+00:00", "delegatedManagedIdentityResourceId": null,
            "description": null, "type": "Microsoft.Authorization/roleAssignments",
            "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", guid(7, number * ASSIGNMENTS + index)),
            "name": guid(7, number * ASSIGNMENTS + index), "principalId": holder, "principalName": name,
            "principalType": kind, "scope": scope, "updatedBy": guid(2, 0),
            "roleDefinitionId": format!("{}/providers/Microsoft.Authorization/roleDefinitions/{role}", subscription(number)),
            "roleDefinitionName": role_name, "updatedOn": "2026-01-01T00:00:00.000000+00:00",
        })
    });
    every.collect()
}

/// Two machines, one with an identity, two storage accounts and a vault.
fn resources(number: usize) -> Vec<Value> {
    let one = |kind: &str, name: &str, group_number: usize, more: &Value| {
        let mut row = json!({
            "id": format!("{}/providers/{kind}/{name}", group(number, group_number)), "location": "westeurope",
            "name": name, "type": kind, "resourceGroup": format!("rg-{group_number}"),
        });
        if let (Some(row), Some(more)) = (row.as_object_mut(), more.as_object()) {
            row.extend(more.clone());
        }
        row
    };
    let identity = json!({ "identity": { "type": "SystemAssigned", "principalId": guid(3, number * 3) } });
    let open = json!({ "allowBlobPublicAccess": false, "allowSharedKeyAccess": true });
    let shut = json!({ "allowBlobPublicAccess": false, "allowSharedKeyAccess": false });
    let vault = json!({ "properties": { "enableRbacAuthorization": !number.is_multiple_of(3), "accessPolicies": [
        { "objectId": guid(3, number * 3 + 1), "permissions": { "secrets": ["get", "list"], "keys": [], "certificates": [] } }] } });
    let nothing = json!({});
    vec![
        one("Microsoft.Compute/virtualMachines", &format!("vm-{number}-a"), 0, &identity),
        one("Microsoft.Compute/virtualMachines", &format!("vm-{number}-b"), 1, &nothing),
        one("Microsoft.Storage/storageAccounts", &format!("data{number}a"), 2, &open),
        one("Microsoft.Storage/storageAccounts", &format!("data{number}b"), 3, &shut),
        one("Microsoft.KeyVault/vaults", &format!("vault-{number}"), 4, &vault),
    ]
}
