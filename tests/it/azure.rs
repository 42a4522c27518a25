//! Azure from outside: the example's files cut off, missing, in another order, and scenarios. Broken values are in
//! `bad_exports`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/azure-tenant");

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn leastwise(arguments: &[&str], input: &str) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.args(arguments).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder of its own, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    /// The example's files, except those that `keep` refuses.
    fn of_example(name: &str, keep: impl Fn(&str) -> bool) -> Self {
        let folder =
            Self(std::env::temp_dir().join(format!("leastwise-azure-{name}-{}", std::process::id())));
        let _ = fs::remove_dir_all(&folder.0);
        fs::create_dir_all(&folder.0).unwrap();
        for entry in fs::read_dir(EXAMPLE).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            if file.ends_with(".json") && keep(&file) {
                fs::copy(&path, folder.0.join(&file)).unwrap();
            }
        }
        folder
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn findings(path: &str) -> Vec<String> {
    let run = leastwise(&["scan", path, "--format", "json"], "");
    let report: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}", run.err));
    let found = report["findings"].as_array().unwrap().iter();
    let mut messages: Vec<String> =
        found.map(|finding| format!("{} {}", finding["rule"], finding["message"])).collect();
    messages.sort();
    messages
}

fn can(path: &str, who: &str, action: &str, resource: &str) -> String {
    let run = leastwise(&["can", who, action, resource, path], "");
    assert!(!run.err.contains("internal error"), "{}", run.err);
    run.out
}

const PROD: &str = "/subscriptions/7d1f0c52-3b8e-4a67-9c10-000000000002";

#[test]
fn a_file_that_is_cut_off_is_a_problem_in_its_place_and_the_rest_is_analysed() {
    let folder = Folder::of_example("cut", |_| true);
    for file in ["role-assignments-metering-test.json", "directory-roles.json", "vault-legacy-kv.json"] {
        let path = folder.0.join(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.get(..text.len() * 2 / 3).unwrap()).unwrap();
    }
    let run = leastwise(&["scan", folder.path()], "");
    assert_ne!(run.code, 0);
    let all = format!("{}{}", run.out, run.err);
    for file in ["role-assignments-metering-test.json:", "directory-roles.json:", "vault-legacy-kv.json:"] {
        assert!(all.contains(file), "no place in {file}\n{all}");
    }
    let found = findings(folder.path());
    assert!(found.iter().any(|one| one.contains("deploy-pipeline")), "{found:#?}");
}

/// Each file alone, too: whatever is missing, nothing is answered "yes" that the whole does not.
#[test]
fn files_that_are_missing_never_add_access() {
    let (who, write) = ("backup-orchestrator", "Microsoft.Authorization/roleAssignments/write");
    for missing in
        ["users.json", "groups.json", "management-groups.json", "resources.json", "role-definitions.json"]
    {
        let folder = Folder::of_example(&format!("missing-{missing}"), |file| file != missing);
        let whole = findings(EXAMPLE);
        let administrators =
            findings(folder.path()).into_iter().filter(|one| one.contains("administrator-access"));
        for one in administrators.filter(|one| !one.contains("managementGroups")) {
            assert!(whole.contains(&one), "{missing}: {one}");
        }
        assert!(
            can(folder.path(), who, write, PROD).starts_with("yes, under some circumstances"),
            "{missing}"
        );
    }
}

#[test]
fn a_list_that_is_missing_is_an_assumption_of_the_answer() {
    let action = "Microsoft.Network/virtualNetworks/write";
    let folder = Folder::of_example("no-denies", |file| !file.starts_with("deny-assignments"));
    let answer = can(folder.path(), "ines.brandt@nordlicht.example", action, "scada");
    assert!(
        answer.starts_with("yes") && answer.contains("deny assignments are not in the input"),
        "{answer}"
    );
    // An empty list is told by its name, and says that there are none.
    fs::write(folder.0.join("deny-assignments-metering-prod.json"), r#"{"value": []}"#).unwrap();
    let answer = can(folder.path(), "ines.brandt@nordlicht.example", action, "scada");
    assert!(
        answer.starts_with("yes") && !answer.contains("deny assignments are not in the input"),
        "{answer}"
    );
    let folder = Folder::of_example("no-members", |file| !file.ends_with(".members.json"));
    let answer = can(
        folder.path(),
        "jonas.weber@nordlicht.example",
        "Microsoft.Compute/virtualMachines/write",
        "meter-import",
    );
    assert!(
        answer.starts_with("no") && answer.contains("members of `group:metering-developers`"),
        "{answer}"
    );
    let folder = Folder::of_example("no-groups", |file| file != "management-groups.json");
    let answer = can(
        folder.path(),
        "mira.salah@nordlicht.example",
        "Microsoft.Compute/virtualMachines/write",
        "meter-import",
    );
    assert!(answer.starts_with("no") && answer.contains("management groups above"), "{answer}");
}

/// Documents may come in any order.
#[test]
fn the_order_of_files_does_not_matter() {
    let mut files: Vec<PathBuf> = fs::read_dir(EXAMPLE).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    let scan = |files: &[PathBuf]| {
        let mut arguments = vec!["scan", "--format", "json"];
        arguments.extend(files.iter().map(|path: &PathBuf| path.to_str().unwrap()));
        let run = leastwise(&arguments, "");
        let report: Value = serde_json::from_str(&run.out).unwrap();
        let found = report["findings"].as_array().unwrap().iter();
        let mut found: Vec<String> =
            found.map(|one| format!("{} {}", one["level"], one["message"])).collect();
        found.sort();
        found
    };
    let first = scan(&files);
    assert!(first.len() > 8);
    files.reverse();
    assert_eq!(scan(&files), first);
    files.rotate_left(7);
    assert_eq!(scan(&files), first);
}

#[test]
fn scenarios_are_decided_and_what_is_wrong_with_them_is_said() {
    let scenario = |more: Value| {
        let mut scenario = json!({"id": "1", "cloud": "azure", "expected": "allowed",
            "request": {"principal": "aaaaaaaa-0000-0000-0000-000000000001", "action": "Microsoft.Compute/virtualMachines/read", "resource": PROD},
            "policies": {"role_assignments": [{"principalId": "aaaaaaaa-0000-0000-0000-000000000001", "principalType": "User", "roleDefinitionName": "Reader", "scope": PROD}]}});
        for (key, value) in more.as_object().unwrap() {
            scenario[key] = value.clone();
        }
        scenario.to_string()
    };
    let good = leastwise(&["simulate", "--check", "-"], &scenario(json!({})));
    assert_eq!((good.code, good.err.as_str()), (0, ""), "{}", good.out);
    for (more, said) in [
        (json!({"policies": {"role_assignment": []}}), "unknown key `role_assignment`"),
        (json!({"policies": {"role_assignments": [5]}}), "a role assignment is a number"),
        (json!({"policies": []}), "expected `policies` to be an object"),
        (json!({"request": {"principal": "x", "action": "*", "resource": "/"}}), "expected one operation"),
        (json!({"request": {"principal": "x", "action": "a/b"}}), "expected `resource`"),
        (
            json!({"request": {"principal": "x", "action": "a/b", "resource": "/", "context": {"aws:x": 1}}}),
            "no attribute of a condition",
        ),
    ] {
        let run = leastwise(&["simulate", "-"], &scenario(more));
        assert_eq!(run.code, 2, "{}", run.out);
        assert!(run.err.contains(said), "{said}\n{}", run.err);
    }
}

/// Every kind of file can be exported by a command that is shown.
#[test]
fn formats_name_the_command_for_each_file() {
    let run = leastwise(&["formats"], "");
    for kind in [
        "role-assignments",
        "role-definitions",
        "deny-assignments",
        "eligible",
        "directory-roles",
        "users.json",
        "groups.json",
        "service-principals",
        ".members.json",
        "resources.json",
        "storage-accounts",
        "containers-",
        "vault-",
        "management-groups",
    ] {
        let shown = run.out.lines().any(|line| line.trim_start().starts_with("az ") && line.contains(kind));
        assert!(shown, "no command writes {kind}\n{}", run.out);
    }
    assert!(Path::new(EXAMPLE).is_dir());
}
