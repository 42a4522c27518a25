//! Cases of Google Cloud: an organization with the projects `p` and `q`, in which `target` administers the organization.

use leastwise::input::Loaded;
use serde_json::{Value, json};

use super::cases;

const RESOURCES: &str = "//cloudresourcemanager.googleapis.com";
const NUMBER: &str = "123456789012";

/// Who takes the step: a user, or a service account of the project.
pub fn start(case: &Value) -> String {
    match case["as"].as_str() {
        Some("service-account") => "serviceAccount:start@p.iam.gserviceaccount.com".to_owned(),
        _ => "user:start@example.com".to_owned(),
    }
}

/// The principal that a word of a case stands for.
fn member(case: &Value, word: &str) -> String {
    match word {
        "start" => start(case),
        "cloud-build-account" => format!("serviceAccount:{NUMBER}@cloudbuild.gserviceaccount.com"),
        "google-apis-account" => format!("serviceAccount:{NUMBER}@cloudservices.gserviceaccount.com"),
        "compute-account" => format!("serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com"),
        "service-account" => member(case, "target"),
        word => format!("serviceAccount:{word}@p.iam.gserviceaccount.com"),
    }
}

/// The resource that a word of a case stands for, with its ancestors.
fn place(case: &Value, word: &str) -> (String, &'static str) {
    let number = if case["number"] == false { "projects/p" } else { "projects/123456789012" };
    match word {
        "project" => (format!("{RESOURCES}/projects/p"), number),
        "elsewhere" => (format!("{RESOURCES}/projects/q"), "projects/q"),
        "organization" => (format!("{RESOURCES}/organizations/1"), ""),
        "target" => place(case, case["target"].as_str().unwrap()),
        word if word.starts_with("//") => (word.to_owned(), number),
        word => {
            let mail = member(case, word).trim_start_matches("serviceAccount:").to_owned();
            (format!("//iam.googleapis.com/projects/p/serviceAccounts/{mail}"), number)
        }
    }
}

/// A grant of a case: a permission, or an object that says more.
struct Given<'a> {
    permission: &'a str,
    to: &'a str,
    on: &'a str,
    condition: Option<&'a str>,
}

impl<'a> Given<'a> {
    fn of(written: &'a Value) -> Self {
        let text = |key: &str| written[key].as_str();
        Self {
            permission: written.as_str().or(text("permission")).unwrap(),
            to: text("to").unwrap_or("start"),
            on: text("on").unwrap_or("project"),
            condition: text("condition"),
        }
    }
}

fn asset(case: &Value, on: &str, bindings: &[Value]) -> Value {
    let (name, project) = place(case, on);
    let kind = match on {
        "project" | "elsewhere" => "cloudresourcemanager.googleapis.com/Project",
        "organization" => "cloudresourcemanager.googleapis.com/Organization",
        _ => "iam.googleapis.com/ServiceAccount",
    };
    let mut row = json!({ "resource": name, "assetType": kind, "organization": "organizations/1",
        "policy": { "bindings": bindings } });
    if !project.is_empty() {
        row["project"] = json!(project);
    }
    row
}

/// The exports that a user would have of the case.
fn files(case: &Value) -> Vec<(String, Value)> {
    let allow: Vec<Given<'_>> = case["allow"].as_array().unwrap().iter().map(Given::of).collect();
    let target = case["target"].as_str().unwrap();
    let empty = ["organization", "project", "elsewhere"].map(|on| (on, Vec::new()));
    let mut rows: Vec<(&str, Vec<Value>)> = empty.into();
    if let Some(resource) = case["resource"].as_str() {
        let view = json!({ "role": "roles/viewer", "members": ["user:viewer@example.com"] });
        rows.push((resource, vec![view]));
    } else if target != "start" {
        let owner =
            json!({ "role": "roles/resourcemanager.organizationAdmin", "members": [member(case, target)] });
        rows[0].1.push(owner);
        // The account is seen in its project, too.
        rows[1].1.push(json!({ "role": "roles/logging.logWriter", "members": [member(case, target)] }));
    }
    let mut roles = Vec::new();
    for (at, given) in allow.iter().enumerate() {
        let owner = if given.on == "organization" { "organizations/1" } else { "projects/p" };
        let role = format!("{owner}/roles/given{at}");
        let mut binding = json!({ "role": role, "members": [member(case, given.to)] });
        if let Some(condition) = given.condition {
            binding["condition"] = json!({ "title": "a condition", "expression": condition });
        }
        roles.push(json!({ "name": role, "title": "given", "stage": "GA", "includedPermissions": [given.permission] }));
        match rows.iter_mut().find(|(on, _)| *on == given.on) {
            Some((_, bindings)) => bindings.push(binding),
            None => rows.push((given.on, vec![binding])),
        }
    }
    let assets: Vec<Value> = rows.iter().map(|(on, bindings)| asset(case, on, bindings)).collect();
    let mut files = vec![("assets.json".to_owned(), json!(assets)), ("roles.json".to_owned(), json!(roles))];
    if let Some(denied) = case["deny"].as_array() {
        let denied: Vec<String> = denied.iter().map(|one| deniable(one.as_str().unwrap())).collect();
        files.push((
            "deny.json".to_owned(),
            json!([{
                "name": "policies/cloudresourcemanager.googleapis.com%2Forganizations%2F1/denypolicies/d",
                "rules": [{ "denyRule": { "deniedPrincipals": ["principalSet://goog/public:all"],
                    "exceptionPrincipals": [], "deniedPermissions": denied } }],
            }]),
        ));
    }
    if case["boundary"] == true {
        let boundary = "organizations/1/locations/global/principalAccessBoundaryPolicies/b";
        files.push((
            "boundary.json".to_owned(),
            json!([{ "name": boundary, "details": {
            "rules": [{ "resources": [format!("{RESOURCES}/projects/q")], "effect": "ALLOW" }],
            "enforcementVersion": "3" } }]),
        ));
        files.push((
            "bound.json".to_owned(),
            json!([{ "name": "organizations/1/locations/global/policyBindings/b",
            "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
            "target": { "principalSet": format!("{RESOURCES}/projects/p") }, "policy": boundary }]),
        ));
    }
    for (name, content) in case["files"].as_object().into_iter().flatten() {
        files.push((name.clone(), content.clone()));
    }
    files
}

/// A permission as deny policies write it.
fn deniable(permission: &str) -> String {
    let (service, rest) = permission.split_once('.').unwrap();
    let service = if service == "resourcemanager" { "cloudresourcemanager" } else { service };
    format!("{service}.googleapis.com/{rest}")
}

/// The case as a user would load it.
pub fn load(case: &Value) -> Loaded {
    cases::load_folder(case, files(case).into_iter().map(|(name, content)| (name, content.to_string())))
}

/// A case that works with one thing changed that must stop it.
pub fn stopped(case: &Value, action: &str) -> Vec<(&'static str, Value)> {
    let with = |key: &str, value: Value| {
        let mut changed = case.clone();
        changed[key] = value;
        changed
    };
    let is_it = |one: &Value| Given::of(one).permission == action && Given::of(one).to == "start";
    let granted = case["allow"].as_array().unwrap();
    let without: Vec<Value> = granted.iter().filter(|one| !is_it(one)).cloned().collect();
    let changed = |key: &str, value: &str| {
        let change = |one: &Value| {
            let given = Given::of(one);
            let mut written = json!({ "permission": given.permission, "to": given.to, "on": given.on });
            if let Some(condition) = given.condition {
                written["condition"] = json!(condition);
            }
            if is_it(one) {
                written[key] = json!(value);
            }
            written
        };
        json!(granted.iter().map(change).collect::<Vec<_>>())
    };
    let other = "resource.service == 'pubsub.googleapis.com' && resource.name == 'projects/none/topics/none'";
    vec![
        ("without", with("allow", json!(without))),
        ("denied", with("deny", json!([action]))),
        ("elsewhere", with("allow", changed("on", "elsewhere"))),
        ("on condition", with("allow", changed("condition", other))),
    ]
}
