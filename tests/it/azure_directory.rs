//! Power in the directory of Azure from outside: paths that lead through it, and its files broken in every way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const S: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const GROUP: &str = "bbbbbbbb-0000-0000-0000-000000000001";
const APPLICATION: &str = "dddddddd-0000-0000-0000-000000000001";
const UNIT: &str = "eeeeeeee-0000-0000-0000-000000000001";

fn user(number: u32) -> String {
    format!("aaaaaaaa-0000-0000-0000-00000000000{number}")
}

fn program(number: u32) -> String {
    format!("cccccccc-0000-0000-0000-00000000000{number}")
}

/// A folder of its own, gone afterwards.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Every kind of file of Azure, by name.
fn files() -> Vec<(String, Value)> {
    let people = ["owner", "helpdesk", "strong", "programs", "groups", "author", "roles", "unit", "guest"];
    let users = (1..).zip(people).map(|(number, name)| {
        let kind = if name == "guest" { "Guest" } else { "Member" };
        json!({ "id": user(number), "userPrincipalName": format!("{name}@x.example"), "userType": kind })
    });
    let assignment = |principal: String, kind: &str| {
        json!({ "principalId": principal, "principalType": kind, "scope": S,
                "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{OWNER}") })
    };
    let role = |holder: u32, role: &str, scope: &str| json!({ "id": "x", "principalId": user(holder), "roleDefinitionId": role, "directoryScopeId": scope });
    let member = |number: u32| json!([{ "@odata.type": "#microsoft.graph.user", "id": user(number) }]);
    let mut files = vec![
        ("users.json".to_owned(), json!(users.collect::<Vec<_>>())),
        (
            "groups.json".to_owned(),
            json!([{ "id": GROUP, "displayName": "owners", "securityEnabled": true }]),
        ),
        ("group-owners.members.json".to_owned(), member(9)),
        (
            "service-principals.json".to_owned(),
            json!([{ "id": program(1), "appId": APPLICATION, "displayName": "pipeline", "servicePrincipalType": "Application" },
                   { "id": program(2), "appId": "x", "displayName": "granter", "servicePrincipalType": "Application" },
                   { "id": program(3), "appId": "y", "displayName": "machine", "servicePrincipalType": "ManagedIdentity" }]),
        ),
        (
            "role-assignments.json".to_owned(),
            json!([
                assignment(user(1), "User"),
                assignment(GROUP.to_owned(), "Group"),
                assignment(program(1), "ServicePrincipal"),
                assignment(program(3), "ServicePrincipal")
            ]),
        ),
        (
            "directory-roles.json".to_owned(),
            json!({ "value": [
                role(2, "729827e3-9c14-49f7-bb1b-9608f156bbb8", "/"),
                role(3, "7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "/"),
                role(4, "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "/"),
                role(5, "fdd7a751-b60b-444a-984c-02652fe8fa1c", "/"),
                role(7, "e8611ab8-c189-46e8-94e1-60213ab1f814", "/"),
                role(8, "729827e3-9c14-49f7-bb1b-9608f156bbb8", &format!("/administrativeUnits/{UNIT}"))] }),
        ),
        (
            "app-roles.json".to_owned(),
            json!({ "value": [{ "id": "y", "appRoleId": "06b708a9-e830-4db3-a914-8e69da51d44f",
                                "principalId": program(2), "principalType": "ServicePrincipal" }] }),
        ),
        (format!("app-{APPLICATION}.owners.json"), member(6)),
        (format!("unit-{UNIT}.members.json"), member(6)),
    ];
    files.extend(resources());
    files
}

/// The files about scopes and resources.
fn resources() -> Vec<(String, Value)> {
    let vault = format!("{S}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/safe");
    let container = format!(
        "{S}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c"
    );
    vec![
        (
            "management-groups.json".to_owned(),
            json!({ "id": "/providers/Microsoft.Management/managementGroups/root", "displayName": "r",
                    "type": "Microsoft.Management/managementGroups",
                    "children": [{ "id": S, "type": "/subscriptions", "displayName": "s" }] }),
        ),
        (
            "role-definitions.json".to_owned(),
            json!([{ "roleName": "Own", "name": "ffffffff-0000-0000-0000-000000000001", "roleType": "CustomRole",
                     "permissions": [{ "actions": ["*/read"], "notActions": [] }] }]),
        ),
        (
            "deny-assignments.json".to_owned(),
            json!({ "value": [{ "denyAssignmentName": "d", "scope": format!("{S}/resourceGroups/rg"),
                                "permissions": [{ "actions": ["*/delete"] }], "excludePrincipals": [],
                                "principals": [{ "id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined" }] }] }),
        ),
        (
            "eligible.json".to_owned(),
            json!({ "value": [{ "id": format!("{S}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances/e"),
                                "properties": { "principalId": user(1), "principalType": "User", "scope": S,
                                                "roleDefinitionId": format!("/x/{OWNER}") } }] }),
        ),
        (
            "vault-safe.json".to_owned(),
            json!({ "id": vault, "location": "x", "type": "Microsoft.KeyVault/vaults",
                    "properties": { "enableRbacAuthorization": true } }),
        ),
        ("containers-a.json".to_owned(), json!([{ "id": container, "name": "c", "publicAccess": "Blob" }])),
    ]
}

fn folder(name: &str, files: &[(String, String)]) -> Folder {
    let folder = Folder(std::env::temp_dir().join(format!("leastwise-azure-{name}-{}", std::process::id())));
    let _ = fs::remove_dir_all(&folder.0);
    fs::create_dir_all(&folder.0).unwrap();
    for (name, text) in files {
        fs::write(folder.0.join(name), text).unwrap();
    }
    folder
}

fn run(command: &str, path: &Path) -> (String, String) {
    let arguments = [command, path.to_str().unwrap(), "--format", "json"];
    let output = Command::new(env!("CARGO_BIN_EXE_leastwise")).args(arguments).env_clear().output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn texts() -> Vec<(String, String)> {
    files().into_iter().map(|(name, value)| (name, serde_json::to_string_pretty(&value).unwrap())).collect()
}

fn messages(path: &Path) -> Vec<String> {
    let (out, err) = run("scan", path);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
    let found = report["findings"].as_array().unwrap().iter();
    found
        .map(|one| format!("{} {}", one["rule"].as_str().unwrap(), one["message"].as_str().unwrap()))
        .collect()
}

#[test]
fn power_in_the_directory_leads_to_administrators() {
    let folder = folder("directory", &texts());
    let found = messages(&folder.0);
    // A finding tells the best path of each; all of them are asked by name.
    let can = |from: &str, to: &str| {
        let path = folder.0.to_str().unwrap();
        let arguments = ["paths", path, "--from", from, "--format", "json"];
        let program = Command::new(env!("CARGO_BIN_EXE_leastwise")).args(arguments).env_clear().output();
        let report: Value = serde_json::from_slice(&program.unwrap().stdout).unwrap();
        report["paths"].as_array().unwrap().iter().any(|path| path["administrator"] == to)
    };
    let told = |from: &str| {
        let start = format!("path-to-administrator `{from}` can become `");
        found.iter().any(|message| message.starts_with(&start))
    };
    for (from, to) in [
        ("user:helpdesk@x.example", "user:owner@x.example"),
        ("user:helpdesk@x.example", "servicePrincipal:pipeline"),
        ("user:author@x.example", "servicePrincipal:pipeline"),
        ("user:unit@x.example", "servicePrincipal:pipeline"),
        ("user:groups@x.example", "new member of group:owners"),
        ("user:roles@x.example", "elevated Global Administrator"),
        ("user:strong@x.example", "elevated Global Administrator"),
        ("user:programs@x.example", "elevated Global Administrator"),
        ("servicePrincipal:granter", "elevated Global Administrator"),
    ] {
        assert!(can(from, to) && told(from), "{from} {to}\n{found:#?}");
    }
    // A unit narrows the role; nobody adds a credential to a managed identity; owners are members of no group by that.
    assert!(!can("user:unit@x.example", "user:owner@x.example"), "{found:#?}");
    assert!(
        !found.iter().any(|message| message.contains("can become `servicePrincipal:machine`")),
        "{found:#?}"
    );
    let said = |text: &str| found.iter().any(|message| message.contains(text));
    assert!(said("guest-with-privileges the guest `user:guest@x.example` holds `Owner`"), "{found:#?}");
    assert!(said("standing-privilege `user:owner@x.example` holds `Owner`"), "{found:#?}");
    assert!(said("all the time, which it may activate as well"), "{found:#?}");
    assert!(!said("standing-privilege `servicePrincipal:"), "programs cannot activate anything: {found:#?}");
}

/// Whoever may activate a role of the directory comes to what it lets do, and one that is for a unit only comes nowhere.
#[test]
fn a_role_of_the_directory_that_is_eligible_is_a_step() {
    let row = |holder: u32, scope: &str| {
        json!({ "id": format!("e{holder}"), "principalId": user(holder), "directoryScopeId": scope,
        "roleDefinitionId": "62e90394-69f5-4237-9190-012177145e10", "roleEligibilityScheduleId": "e", "memberType": "Direct" })
    };
    let one = |number: u32, name: &str| json!({ "id": user(number), "userPrincipalName": format!("{name}@x.example") });
    let files = [
        ("users.json", json!([one(1, "ready"), one(2, "unit")])),
        ("eligible-roles.json", json!({ "value": [row(1, "/"), row(2, "/administrativeUnits/u")] })),
    ];
    let files: Vec<(String, String)> =
        files.into_iter().map(|(name, text)| (name.to_owned(), text.to_string())).collect();
    let folder = folder("eligible", &files);
    let found = messages(&folder.0);
    let paths: Vec<&String> = found.iter().filter(|one| one.starts_with("path-to-administrator")).collect();
    assert_eq!(paths.len(), 1, "{found:#?}");
    assert!(
        paths[0].contains("`user:ready@x.example` can become `elevated Global Administrator`"),
        "{paths:#?}"
    );
    assert!(!found.iter().any(|one| one.starts_with("administrator-access")), "{found:#?}");
}

/// A custom role leads where its definition says, and without the definition the answer names it as assumed.
#[test]
fn a_custom_role_of_the_directory_leads_where_its_definition_says() {
    let (role, group, holder) = ("99999999-0000-0000-0000-000000000001", GROUP, user(1));
    let definition = json!({ "value": [{ "id": role, "templateId": role, "displayName": "Members", "isEnabled": true,
        "rolePermissions": [{ "allowedResourceActions": ["microsoft.directory/groups.security/members/update"], "condition": null }] }] });
    let files = [
        ("users.json", json!([{ "id": holder, "userPrincipalName": "ann@x.example" }])),
        (
            "groups.json",
            json!([{ "id": group, "displayName": "owners", "securityEnabled": true, "groupTypes": [] }]),
        ),
        ("group-owners.members.json", json!([])),
        (
            "directory-roles.json",
            json!({ "value": [{ "id": "r", "principalId": holder, "roleDefinitionId": role, "directoryScopeId": "/" }] }),
        ),
        (
            "role-assignments.json",
            json!([{ "principalId": group, "principalType": "Group", "scope": S,
                "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{OWNER}") }]),
        ),
        ("directory-role-definitions.json", definition),
    ];
    let files: Vec<(String, String)> =
        files.into_iter().map(|(name, text)| (name.to_owned(), text.to_string())).collect();
    let can = |folder: &Folder| {
        let (path, group) = (folder.0.to_str().unwrap(), format!("/directory/groups/{group}"));
        let action = "microsoft.directory/groups/members/update";
        let arguments = ["can", "user:ann@x.example", action, &group, path, "--format", "json"];
        let program = Command::new(env!("CARGO_BIN_EXE_leastwise")).args(arguments).env_clear().output();
        String::from_utf8(program.unwrap().stdout).unwrap()
    };
    let whole = folder("custom", &files);
    let found = messages(&whole.0);
    let path = "path-to-administrator `user:ann@x.example` can become `new member of group:owners`";
    assert!(found.iter().any(|message| message.starts_with(path)), "{found:#?}");
    assert!(can(&whole).contains("\"allowed\": \"always\""), "{}", can(&whole));
    let without = folder("custom-unknown", files.split_last().unwrap().1);
    assert!(!messages(&without.0).iter().any(|message| message.starts_with(path)));
    let answer = can(&without);
    assert!(answer.contains("what the directory role `99999999"), "{answer}");
}

/// Each kind of file cut off, of another shape, and with words of a version that nobody knows: it is said where, and
/// the other files are analysed.
#[test]
fn each_kind_of_file_may_be_broken() {
    let whole = texts();
    for (index, (name, text)) in whole.iter().enumerate() {
        let half: String = text.chars().take(text.chars().count() / 2).collect();
        let broken = [
            ("cut", half),
            ("number", "5".to_owned()),
            ("rows", "[5, null, []]".to_owned()),
            ("version", json!({ "apiVersion": "2031-01-01", "items": { "kind": "Unknown" } }).to_string()),
        ];
        for (how, text) in broken {
            let mut files = whole.clone();
            files[index].1 = text;
            let folder = folder(&format!("broken-{index}-{how}"), &files);
            let (out, err) = run("scan", &folder.0);
            let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{name} {how}: {err}"));
            assert!(!err.contains("internal error"), "{name} {how}: {err}");
            // What is of no known kind is passed over below a folder, and said there.
            let told = err.contains(name.as_str()) || out.contains(name.as_str());
            let is_list_of_none = how == "number" || how == "version" || how == "rows";
            assert!(told || is_list_of_none, "{name} {how}: {err}");
            if how == "cut" {
                assert!(err.contains(&format!("{name}:")), "no place is told: {name} {how}: {err}");
            }
            if name != "role-assignments.json" && name != "users.json" && name != "directory-roles.json" {
                let findings = report["findings"].as_array().unwrap();
                assert!(!findings.is_empty(), "nothing was analysed: {name} {how}");
            }
        }
    }
}
