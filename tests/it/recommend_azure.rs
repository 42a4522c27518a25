//! Recommendations for Azure, on the example and on changes of it: above all, how use with the keys of an account counts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

const ACCOUNT: &str = "/subscriptions/3c9d7a10-52e4-4b1f-8a60-0000000000a1/resourceGroups/telemetry/providers/Microsoft.Storage/storageAccounts/acmetelemetry";
const BLOBS: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/";
const LIST_KEYS: &str = "Microsoft.Storage/storageAccounts/listkeys/action";
const UPLOADER: &str = "5f0e2c31-7d4a-4c58-9b02-0000000000b1";

/// A copy of the example that may be changed.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("leastwise-azure-{}-{number}", std::process::id()));
        for part in ["estate", "logs"] {
            fs::create_dir_all(folder.join(part)).unwrap();
            for entry in fs::read_dir(Path::new("examples/azure-contributor").join(part)).unwrap() {
                let entry = entry.unwrap();
                fs::copy(entry.path(), folder.join(part).join(entry.file_name())).unwrap();
            }
        }
        Self { folder }
    }

    /// Changes a file of the estate.
    fn change(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let path = self.folder.join("estate").join(name);
        let mut value: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let before = value.clone();
        change(&mut value);
        assert_ne!(value, before, "nothing was changed");
        fs::write(path, value.to_string()).unwrap();
    }

    /// The suggestion for the program that uploads, and how the run ended.
    fn suggestion(&self) -> (Value, i32) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        command.arg("recommend").arg(self.folder.join("estate"));
        command.arg("--usage").arg(self.folder.join("logs"));
        let output = command.args(["--principal", "meter-uploader", "--format", "json"]).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (report["suggestions"][0].clone(), output.status.code().unwrap())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn actions(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect()
}

fn has_note(suggestion: &Value, words: &str) -> bool {
    suggestion["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains(words))
}

#[test]
fn contributor_becomes_one_data_role_on_one_container() {
    let (suggestion, code) = Copy::new().suggestion();
    assert_eq!((code, &suggestion["applicability"]), (0, &json!("review")), "{suggestion}");
    let [only] = suggestion["replacement"].as_array().unwrap().as_slice() else { panic!("one role") };
    assert_eq!(only["role"], "Storage Blob Data Contributor");
    let container = format!("{ACCOUNT}/blobServices/default/containers/uploads");
    assert_eq!(only["on"], json!(container));
    // What was done with the keys is needed, reading them is not.
    assert_eq!(actions(&suggestion["needed"]), [format!("{BLOBS}write")]);
    let proof = &suggestion["proof"];
    assert_eq!((&proof["keeps"]["holds"], &proof["narrows"]["holds"]), (&json!(true), &json!(true)));
    assert_eq!(proof["replayed"], 460);
    // Contributor holds no data action: what is new by itself was there by the keys, and nothing else is new.
    assert_eq!(proof["gained"], json!([]));
    let reached = actions(&proof["reached"]);
    assert!(reached.len() == 5 && reached.iter().all(|action| action.starts_with(BLOBS)), "{reached:?}");
    assert!(has_note(&suggestion, "renew the keys"), "{suggestion}");
    let engines = suggestion["chosen_by"].as_str().unwrap();
    assert!(engines.contains("proven to be the least excess"), "{engines}");
    assert_eq!(engines.contains("z3"), cfg!(feature = "z3"), "{engines}");
}

#[test]
fn without_the_log_of_data_reading_keys_stays_needed() {
    let copy = Copy::new();
    fs::remove_file(copy.folder.join("logs/storage-log.jsonl.gz")).unwrap();
    let (suggestion, _) = copy.suggestion();
    assert_eq!(actions(&suggestion["needed"]), [LIST_KEYS]);
    assert!(has_note(&suggestion, "reading them stays needed"), "{suggestion}");
    assert_eq!(suggestion["proof"]["reached"], json!([]));
}

/// Keys that are turned off open nothing, so they are no way to the data, whatever the log once showed.
#[test]
fn keys_that_are_turned_off_are_no_way_to_data() {
    let copy = Copy::new();
    copy.change("storage-accounts.json", |accounts| accounts[0]["allowSharedKeyAccess"] = json!(false));
    let (suggestion, _) = copy.suggestion();
    assert_eq!(actions(&suggestion["needed"]), [LIST_KEYS]);
}

/// Who may read the keys only now and then did not have what a role gives always.
#[test]
fn what_keys_gave_under_a_denial_is_a_gain() {
    let copy = Copy::new();
    let denied = |actions: Value, data: Value, scope: &str| {
        json!([{"id": format!("{scope}/providers/Microsoft.Authorization/denyAssignments/00000001-0000-4000-8000-000000000001"),
            "name": "00000001-0000-4000-8000-000000000001", "type": "Microsoft.Authorization/denyAssignments",
            "properties": {"denyAssignmentName": "no keys", "scope": scope, "doNotApplyToChildScopes": false,
                "permissions": [{"actions": actions, "notActions": [], "dataActions": data, "notDataActions": []}],
                "principals": [{"id": UPLOADER, "type": "ServicePrincipal"}], "excludePrincipals": []}}])
    };
    copy.change("deny-assignments-acme.json", |list| *list = denied(json!([LIST_KEYS]), json!([]), ACCOUNT));
    let (suggestion, _) = copy.suggestion();
    let gained = actions(&suggestion["proof"]["gained"]);
    assert!(gained.contains(&format!("{BLOBS}write").as_str()), "{suggestion}");
    assert_eq!(suggestion["proof"]["reached"], json!([]));
    // A denial of the data itself makes every role useless there: that what is needed stays allowed is not claimed.
    copy.change("deny-assignments-acme.json", |list| {
        *list = denied(json!([]), json!([format!("{BLOBS}write")]), ACCOUNT);
    });
    let (suggestion, _) = copy.suggestion();
    assert_eq!(suggestion["applicability"], "unproven", "{suggestion}");
    assert_eq!(suggestion["proof"]["keeps"]["holds"], false);
}
