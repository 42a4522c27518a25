//! Broken exports of Google Cloud: which problem says what is wrong. That each value of another kind and each file that is
//! cut off has a problem with its place, `bad_exports` looks at.

use std::fs;
use std::path::Path;
use std::process::Command;

use leastwise::input::{self, disk::Limits};
use serde_json::{Value, json};

/// A kind of file: its name, a good one, and what is wrong in others with the code of the problem that says so.
struct Kind {
    name: &'static str,
    good: Value,
    broken: Vec<(Value, &'static str)>,
}

const PAB: &str = "organizations/1/locations/global/principalAccessBoundaryPolicies/b";

fn binding(role: &str) -> Value {
    json!({"role": role, "members": ["user:ann@example.com"]})
}

fn kinds() -> Vec<Kind> {
    granting_kinds().into_iter().chain(restricting_kinds()).collect()
}

fn granting_kinds() -> Vec<Kind> {
    let row = |policy: Value| json!([{"resource": "//cloudresourcemanager.googleapis.com/projects/q", "assetType": "cloudresourcemanager.googleapis.com/Project", "policy": policy}]);
    let mut searched = row(json!({"bindings": [binding("roles/browser")]}));
    let found = json!({"roles/browser": {"permissions": ["resourcemanager.projects.get"]}});
    searched[0]["explanation"] = json!({"matchedPermissions": found});
    vec![
        Kind {
            name: "project-q.iam.json",
            good: json!({"bindings": [binding("roles/browser")], "etag": "x", "version": 1}),
            broken: vec![
                (json!({"bindings": 5, "etag": "x"}), "gcp-policy-shape"),
                (
                    json!({"bindings": [binding("roles/browser"), {"members": []}], "etag": "x"}),
                    "gcp-policy-shape",
                ),
                (
                    json!({"bindings": [{"role": "roles/browser", "members": "all"}], "etag": "x"}),
                    "gcp-policy-shape",
                ),
            ],
        },
        Kind {
            name: "policies.json",
            good: row(json!({"bindings": [binding("roles/browser")]})),
            broken: vec![
                (row(json!("none")), "gcp-policy-shape"),
                (json!([row(json!({}))[0], {"assetType": "x"}]), "gcp-asset-shape"),
                (searched, "gcp-asset-query"),
            ],
        },
        Kind {
            name: "role.json",
            good: json!({"name": "projects/q/roles/r", "stage": "GA", "includedPermissions": ["iam.roles.get"]}),
            broken: vec![
                (
                    json!({"name": "nobody/roles/r", "stage": "GA", "includedPermissions": []}),
                    "gcp-role-name",
                ),
                (json!([{"name": "projects/q/roles/r", "stage": "GA"}]), "gcp-role-permissions"),
            ],
        },
        Kind {
            name: "group-g@example.com.members.json",
            good: json!([{"preferredMemberKey": {"id": "ann@example.com"}, "type": "USER"}]),
            broken: vec![(
                json!([{"preferredMemberKey": {"id": "ann@example.com"}, "type": "USER"}, 5]),
                "gcp-group-member",
            )],
        },
    ]
}

fn restricting_kinds() -> Vec<Kind> {
    let deny = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fq/denypolicies/d";
    let rule = |principals: Value| json!([{"denyRule": {"deniedPrincipals": principals, "deniedPermissions": ["iam.googleapis.com/roles.delete"]}}]);
    let access = |entry: Value| json!({"kind": "bigquery#dataset", "datasetReference": {"projectId": "q", "datasetId": "d"}, "access": entry});
    let boundary = |details: Value| json!([{"name": PAB, "details": details}]);
    vec![
        Kind {
            name: "deny.json",
            good: json!({"name": deny, "rules": rule(json!(["principalSet://goog/public:all"]))}),
            broken: vec![
                (json!({"name": deny, "rules": rule(json!("all"))}), "gcp-policy-shape"),
                (json!({"name": deny, "rules": "none"}), "gcp-policy-shape"),
                (json!({"name": "policies/x/denypolicies/d", "rules": []}), "gcp-deny-policy-name"),
            ],
        },
        Kind {
            name: "boundaries.json",
            good: boundary(json!({"rules": [], "enforcementVersion": "4"})),
            broken: vec![
                (boundary(json!({"rules": [], "enforcementVersion": "99"})), "gcp-boundary-version"),
                (boundary(json!({"rules": [], "enforcementVersion": [1]})), "gcp-policy-shape"),
                (boundary(json!({"rules": [{"resources": ["q"]}]})), "gcp-boundary-resource"),
                (boundary(json!({"rules": [{"resources": [], "effect": "DENY"}]})), "gcp-boundary-effect"),
            ],
        },
        Kind {
            name: "dataset.json",
            good: access(json!([{"role": "READER", "userByEmail": "ann@example.com"}])),
            broken: vec![
                (access(json!(5)), "gcp-policy-shape"),
                (access(json!([{"role": "READER"}])), "gcp-dataset-access"),
            ],
        },
        Kind {
            name: "buckets.json",
            good: json!([{"kind": "storage#bucket", "name": "b"}]),
            broken: vec![(json!([{"kind": "storage#bucket", "name": "b"}, {}]), "gcp-settings-shape")],
        },
        Kind {
            name: "keys.json",
            good: json!([{"name": "projects/q/serviceAccounts/s@q.iam.gserviceaccount.com/keys/k", "keyType": "USER_MANAGED"}]),
            broken: vec![(
                json!([{"name": "projects/q/serviceAccounts/s@q.iam.gserviceaccount.com/keys/k", "keyType": "NEW"}]),
                "gcp-account-key",
            )],
        },
    ]
}

/// Beside each broken file lies a good policy, which has to be loaded.
const BESIDE: &str =
    r#"{"bindings": [{"role": "roles/viewer", "members": ["user:eve@example.com"]}], "etag": "x"}"#;

fn load(test: &str, name: &str, text: &str) -> input::Loaded {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("broken-{test}-{}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), text).unwrap();
    fs::write(folder.join("project-beside.iam.json"), BESIDE).unwrap();
    let loaded = input::load(&[folder.to_string_lossy().into_owned()], Limits::default());
    fs::remove_dir_all(&folder).unwrap();
    loaded
}

fn is_beside_loaded(loaded: &input::Loaded) -> bool {
    loaded.estate.principals().any(|(_, principal)| principal.name == "user:eve@example.com")
}

#[test]
fn good_files_have_no_problem() {
    for kind in kinds() {
        let loaded = load("good", kind.name, &kind.good.to_string());
        assert_eq!(loaded.problems, [], "{}", kind.name);
        assert_eq!(loaded.documents.len(), 2, "{}", kind.name);
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for kind in kinds() {
        for (broken, code) in &kind.broken {
            let loaded = load("wrong", kind.name, &broken.to_string());
            let found: Vec<&str> = loaded.problems.iter().map(|problem| problem.code).collect();
            assert!(found.contains(code), "{}: {broken}: {found:?}", kind.name);
            assert!(loaded.problems.iter().all(|problem| problem.span.is_some()), "{}: {broken}", kind.name);
            assert!(is_beside_loaded(&loaded), "{}: {broken}", kind.name);
        }
    }
}

/// The exit code says that not all was read, and the report is there all the same.
#[test]
fn the_rest_is_reported() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("broken-scan-{}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("deny.json"), r#"{"name": "policies/cl"#).unwrap();
    fs::write(folder.join("project-beside.iam.json"), BESIDE).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output = command.args(["scan", folder.to_str().unwrap()]).env_clear().output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("deny.json:1:"), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("`user:eve@example.com`"), "{output:?}");
}
