//! What `scan` says of Google Cloud: keys of service accounts, who may act as all of a project's, the default ones, and
//! what is public; each beside something that looks alike and is no finding.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const NUMBER: &str = "123456789012";

/// Files in a folder of their own.
struct Export(PathBuf);

impl Export {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("gcp-{test}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, content: &Value) -> &Self {
        fs::write(self.0.join(name), content.to_string()).unwrap();
        self
    }

    /// What a command answers about the files.
    fn ask(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        command.args(arguments).args([self.0.to_str().unwrap(), "--format", "json"]);
        let output = command.env_clear().output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Level and message of what a rule finds.
    fn found(&self, rule: &str) -> Vec<(String, String)> {
        let report = self.ask(&["scan"]);
        let findings = report["findings"].as_array().unwrap().iter();
        let own = findings.filter(|finding| finding["rule"] == rule);
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
        own.map(|finding| (text(finding, "level"), text(finding, "message"))).collect()
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn binding(role: &str, member: &str) -> Value {
    json!({"role": format!("roles/{role}"), "members": [member]})
}

fn policy(scope: &str, above: &[&str], bindings: &[Value]) -> Value {
    json!({"resource": format!("//cloudresourcemanager.googleapis.com/{scope}"),
        "assetType": "cloudresourcemanager.googleapis.com/Project", "folders": above,
        "organization": "organizations/1", "policy": {"bindings": bindings}})
}

fn key(id: &str, kind: &str, until: &str, disabled: bool) -> Value {
    json!({"name": format!("projects/p/serviceAccounts/app@p.iam.gserviceaccount.com/keys/{id}"),
        "keyType": kind, "keyOrigin": "GOOGLE_PROVIDED", "validBeforeTime": until, "disabled": disabled})
}

/// What stands where is the same for every request, so rows say only where a binding stands: nothing else is told apart.
#[test]
fn access_in_an_organization_is_one_row_a_binding() {
    let export = Export::new("rows");
    let own = policy("projects/p", &["folders/2"], &[binding("run.invoker", "user:tok@example.com")]);
    let other = policy("projects/q", &[], &[binding("viewer", "user:ann@example.com")]);
    let folder = policy("folders/2", &["folders/2"], &[binding("viewer", "user:bob@example.com")]);
    export.put("policies.json", &json!([own, other, folder]));
    let report = export.ask(&["access", "tok@example.com"]);
    let rows = report["access"]["rows"].as_array().unwrap();
    let wheres: Vec<(&Value, &Value, &str)> = rows
        .iter()
        .map(|row| (&row["resources"], &row["except"], row["condition"].as_str().unwrap()))
        .collect();
    let chain = "organizations/1/folders/2/projects/p";
    let condition = format!("gcp:ancestry ~ {{`{chain}`, `{chain}/*`}}");
    assert_eq!(wheres, [(&json!([]), &json!([]), condition.as_str())]);
}

#[test]
fn keys_that_work_are_findings() {
    let export = Export::new("keys");
    let never = "9999-12-31T23:59:59Z";
    export.put(
        "keys-of-app.json",
        &json!([
            key("aaa", "USER_MANAGED", never, false),
            key("bbb", "USER_MANAGED", "2027-01-01T00:00:00Z", false),
            key("ccc", "SYSTEM_MANAGED", never, false),
            key("ddd", "USER_MANAGED", never, true),
        ]),
    );
    let found = export.found("service-account-key");
    let account = "`serviceAccount:app@p.iam.gserviceaccount.com` has the key";
    assert_eq!(
        found,
        [
            ("medium".to_owned(), format!("{account} `aaa` that never expires")),
            ("low".to_owned(), format!("{account} `bbb` that works until 2027-01-01T00:00:00Z")),
        ]
    );
}

#[test]
fn whoever_acts_as_all_accounts_of_a_scope_is_a_finding() {
    let export = Export::new("impersonation");
    let denied = json!({
        "name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies/d",
        "rules": [{"denyRule": {"deniedPrincipals": ["principal://goog/subject/eve@example.com"],
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.*"]}}]
    });
    export.put("denied.json", &denied).put(
        "policies.json",
        &json!([
            policy("folders/7", &[], &[binding("iam.serviceAccountTokenCreator", "group:ops@example.com")]),
            policy(
                "projects/p",
                &["folders/7"],
                &[
                    binding("iam.serviceAccountUser", "user:ann@example.com"),
                    // Denied, a basic role, no impersonation, nobody but itself, Google's own service.
                    binding("iam.serviceAccountUser", "user:eve@example.com"),
                    binding("owner", "user:bob@example.com"),
                    binding("storage.admin", "serviceAccount:app@p.iam.gserviceaccount.com"),
                    binding("iam.serviceAccountUser", "serviceAccount:app@p.iam.gserviceaccount.com"),
                    binding(
                        "iam.serviceAccountTokenCreator",
                        &format!("serviceAccount:service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com")
                    ),
                ]
            ),
            policy("projects/empty", &[], &[binding("iam.serviceAccountUser", "user:dan@example.com")]),
        ]),
    );
    let found = export.found("broad-impersonation");
    let all = |place: &str| format!("may act as every service account of `{place}`, 1 of them known");
    assert_eq!(
        found,
        [
            (
                "high".to_owned(),
                format!(
                    "`group:ops@example.com` {}, by `roles/iam.serviceAccountTokenCreator`",
                    all("folders/7")
                )
            ),
            (
                "medium".to_owned(),
                format!("`user:ann@example.com` {}, by `roles/iam.serviceAccountUser`", all("projects/p"))
            ),
        ]
    );
}

#[test]
fn default_accounts_with_basic_roles_are_findings() {
    let export = Export::new("default");
    let machine = format!("serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com");
    export.put(
        "policies.json",
        &json!([policy(
            "projects/p",
            &[],
            &[
                binding("editor", &machine),
                binding("logging.logWriter", "serviceAccount:p@appspot.gserviceaccount.com"),
                binding("editor", "serviceAccount:own@p.iam.gserviceaccount.com"),
            ]
        )]),
    );
    let found = export.found("default-service-account");
    let place = "//cloudresourcemanager.googleapis.com/projects/p";
    let message =
        format!("`{machine}`, the default account of Compute Engine, holds `roles/editor` on `{place}`");
    assert_eq!(found, [("high".to_owned(), message)]);
}

#[test]
fn public_buckets_and_datasets_are_findings_unless_it_is_prevented() {
    let bucket = |name: &str| {
        json!({"resource": format!("//storage.googleapis.com/{name}"), "assetType": "storage.googleapis.com/Bucket",
        "project": "projects/p", "organization": "organizations/1", "policy": {"bindings": [binding("storage.objectViewer", "allUsers")]}})
    };
    let dataset = |id: &str, entry: Value| json!({"kind": "bigquery#dataset", "datasetReference": {"projectId": "p", "datasetId": id}, "access": [entry]});
    let export = Export::new("public");
    export
        .put("policies.json", &json!([policy("projects/p", &[], &[]), bucket("open"), bucket("kept"),
            {"resource": "//storage.googleapis.com/named", "assetType": "storage.googleapis.com/Bucket", "project": "projects/p",
             "policy": {"bindings": [binding("storage.objectViewer", "user:ann@example.com")]}}]))
        .put("buckets.json", &json!([
            {"kind": "storage#bucket", "name": "kept", "iamConfiguration": {"publicAccessPrevention": "enforced"}},
            {"kind": "storage#bucket", "name": "open", "iamConfiguration": {"publicAccessPrevention": "inherited"}}]))
        .put("dataset-open.json", &dataset("open", json!({"role": "READER", "specialGroup": "allUsers"})))
        .put("dataset-kept.json", &dataset("kept", json!({"role": "READER", "userByEmail": "ann@example.com"})));
    let found: Vec<String> =
        export.found("public-resource").into_iter().map(|(_, message)| message).collect();
    let is_about =
        |name: &str| found.iter().any(|one| one.starts_with(&format!("`{name}` is open to the public")));
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(is_about("//storage.googleapis.com/projects/_/buckets/open"), "{found:#?}");
    assert!(is_about("//bigquery.googleapis.com/projects/p/datasets/open"), "{found:#?}");
    // The organization policy prevents it for all buckets of the project, and says nothing of datasets.
    export.put("public-access.json", &json!({"name": "projects/p/policies/storage.publicAccessPrevention", "spec": {"rules": [{"enforce": true}]}}));
    let found: Vec<String> =
        export.found("public-resource").into_iter().map(|(_, message)| message).collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with("`//bigquery.googleapis.com/projects/p/datasets/open`"), "{found:#?}");
}

/// Each finding shows the part of the file that it is about, cut out as it stands there, in JSON and in the text.
#[test]
fn findings_show_what_they_are_about() {
    let export = Export::new("places");
    let machine = format!("serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com");
    let bindings = [
        binding("editor", &machine),
        binding("viewer", "user:ann@example.com"),
        binding("iam.serviceAccountTokenCreator", "user:bob@example.com"),
    ];
    let bucket = json!({"resource": "//storage.googleapis.com/open", "assetType": "storage.googleapis.com/Bucket",
        "project": "projects/p", "organization": "organizations/1",
        "policy": {"bindings": [binding("storage.objectViewer", "allUsers")]}});
    let policies =
        serde_json::to_string_pretty(&json!([policy("projects/p", &[], &bindings), bucket])).unwrap();
    let keys =
        serde_json::to_string_pretty(&json!([key("aaa", "USER_MANAGED", "2027-01-01T00:00:00Z", false)]))
            .unwrap();
    fs::write(export.0.join("policies.json"), &policies).unwrap();
    fs::write(export.0.join("keys-of-app.json"), &keys).unwrap();
    let report = export.ask(&["scan"]);
    let shown = |rule: &str| -> Vec<String> {
        let findings = report["findings"].as_array().unwrap().iter().filter(|one| one["rule"] == rule);
        let mut shown: Vec<String> =
            findings.map(|one| cut(&one["primary"]["place"], &policies, &keys)).collect();
        shown.sort();
        shown
    };
    assert_eq!(shown("public-resource"), ["\"roles/storage.objectViewer\""]);
    assert_eq!(shown("default-service-account"), ["\"roles/editor\""]);
    assert_eq!(shown("basic-role"), ["\"roles/editor\"", "\"roles/viewer\""]);
    assert_eq!(shown("broad-impersonation"), ["\"roles/iam.serviceAccountTokenCreator\""]);
    assert_eq!(shown("service-account-key").len(), 1);
    assert!(shown("service-account-key")[0].contains("keys/aaa"), "{:?}", shown("service-account-key"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let text = command.args(["scan", export.0.to_str().unwrap()]).env_clear().output().unwrap().stdout;
    let text = String::from_utf8(text).unwrap();
    for rule in [
        "public-resource",
        "default-service-account",
        "basic-role",
        "broad-impersonation",
        "service-account-key",
    ] {
        assert!(text.contains(&format!("[{rule}]: ")), "{rule}: {text}");
    }
    assert!(text.contains("\"role\": \"roles/storage.objectViewer\""), "{text}");
}

/// What stands at a place of a report.
fn cut(place: &Value, policies: &str, keys: &str) -> String {
    let text = if place["path"].as_str().unwrap().ends_with("policies.json") { policies } else { keys };
    let at = |line: &str, column: &str| {
        let number = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap() - 1;
        let start: usize = text.split_inclusive('\n').take(number(line)).map(str::len).sum();
        start + number(column)
    };
    text.get(at("line", "column")..at("end_line", "end_column")).unwrap().to_owned()
}

const POOL: &str = "iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci";

/// A provider of tokens of GitHub Actions for a pool, and a policy that gives something to its identities.
fn pool(test: &str, condition: Option<&str>, member: &str, more: &Value) -> [Vec<(String, String)>; 2] {
    let export = Export::new(&format!("pool-{test}"));
    let mut provider = json!({"name": format!("{}/providers/github", POOL.trim_start_matches("iam.googleapis.com/")),
        "state": "ACTIVE", "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
        "attributeMapping": {"google.subject": "assertion.sub", "attribute.repository": "assertion.repository",
            "attribute.owner": "assertion.repository_owner"}});
    for (key, value) in more.as_object().unwrap() {
        provider[key] = value.clone();
    }
    if let Some(condition) = condition {
        provider["attributeCondition"] = json!(condition);
    }
    export.put("providers-of-ci.json", &json!([provider]));
    export.put("policies.json", &json!([policy("projects/p", &[], &[binding("viewer", member)])]));
    ["open-identity-provider", "wide-identity-subject"].map(|rule| export.found(rule))
}

/// <https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines>
#[test]
fn a_pool_lets_in_whom_it_names() {
    let all = format!("principalSet://{POOL}/*");
    let one = format!("principalSet://{POOL}/attribute.repository/acme/app");
    let owner = format!("principalSet://{POOL}/attribute.owner/acme");
    let unmapped = format!("principalSet://{POOL}/attribute.environment/production");
    let of_acme = Some("assertion.repository_owner == 'acme'");
    for (number, (condition, member, open, wide)) in [
        (None, &all, true, false),
        (None, &one, false, false),
        (None, &owner, false, true),
        (None, &unmapped, false, false),
        (of_acme, &all, false, true),
        (of_acme, &one, false, false),
        (of_acme, &owner, false, true),
        (Some("assertion.repository == 'acme/app'"), &all, false, false),
        (Some("assertion.repository.startsWith('acme')"), &all, false, true),
        (Some("attribute.owner in ['acme', 'other']"), &all, false, true),
        (Some("assertion.ref == 'refs/heads/main'"), &all, true, false),
        (Some("assertion.sub.startsWith('repo:')"), &all, true, false),
        (Some("has(assertion.enterprise) && assertion.enterprise == 'acme'"), &all, false, false),
    ]
    .into_iter()
    .enumerate()
    {
        let [is_open, is_wide] = pool(&number.to_string(), condition, member, &json!({}));
        assert_eq!(
            (is_open.len(), is_wide.len()),
            (usize::from(open), usize::from(wide)),
            "{condition:?} {member}: {is_open:?} {is_wide:?}"
        );
    }
    let none = [Vec::new(), Vec::new()];
    assert_eq!(pool("off", None, &all, &json!({"disabled": true})), none);
    assert_eq!(pool("own", None, &all, &json!({"oidc": {"issuerUri": "https://idp.example.com"}})), none);
    assert_eq!(pool("aws", None, &all, &json!({"oidc": null, "aws": {"accountId": "111122223333"}})), none);
    let other = all.replace("/ci/", "/elsewhere/");
    assert_eq!(pool("other", None, &other, &json!({})), none);
    let [found, _] = pool("text", None, &all, &json!({}));
    assert!(found[0].1.contains("providers/github` can be taken on with somebody else's token"), "{found:?}");
}
