//! Certificates: an honest one holds, and each kind of tampering with it or with its inputs is found. Through the program,
//! because what matters is what a second person sees who has the files alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

/// An example with its folder and its logs.
struct Case {
    estate: &'static str,
    usage: &'static str,
    principal: &'static str,
    made: &'static OnceLock<String>,
}

/// The certificates, which take longer to make than to check.
static MADE: [OnceLock<String>; 3] = [const { OnceLock::new() }; 3];

const GCP: Case = Case {
    estate: "examples/gcp-editor",
    usage: "examples/gcp-editor/audit-log.jsonl.gz",
    principal: "uploader@acme-media.iam.gserviceaccount.com",
    made: &MADE[0],
};
const AWS: Case = Case {
    estate: "examples/aws-lambda/account",
    usage: "examples/aws-lambda/AWSLogs",
    principal: "role/thumbnails",
    made: &MADE[1],
};

/// A certificate that holds under `review`: the program used keys, and gets a role.
const AZURE: Case = Case {
    estate: "examples/azure-contributor/estate",
    usage: "examples/azure-contributor/logs",
    principal: "meter-uploader",
    made: &MADE[2],
};

/// How the program ended, with its report.
struct Checked {
    code: i32,
    verified: Value,
    err: String,
}

impl Case {
    /// The certificate of what is recommended, as it was written.
    fn certificate(&self, folder: &Path) -> (PathBuf, Value) {
        let path = folder.join("certificate.json");
        let text = self.made.get_or_init(|| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
            command.args(["recommend", self.estate, "--usage", self.usage, "--principal", self.principal]);
            let output = command.arg("--certificate").arg(&path).output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
            fs::read_to_string(&path).unwrap()
        });
        fs::write(&path, text).unwrap();
        (path, serde_json::from_str(text).unwrap())
    }

    fn verify(&self, certificate: &Path, more: &[&str]) -> Checked {
        verify(certificate, Path::new(self.estate), Path::new(self.usage), more)
    }

    /// What becomes of the certificate when something in it is another.
    fn tampered(&self, change: impl FnOnce(&mut Value)) -> Checked {
        let folder = folder();
        let (path, mut value) = self.certificate(&folder);
        let before = value.clone();
        change(&mut value);
        assert_ne!(value, before, "nothing was tampered with");
        fs::write(&path, value.to_string()).unwrap();
        let checked = self.verify(&path, &[]);
        fs::remove_dir_all(folder).unwrap();
        checked
    }
}

fn verify(certificate: &Path, estate: &Path, usage: &Path, more: &[&str]) -> Checked {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.arg("verify").arg(certificate).arg(estate).arg("--usage").arg(usage);
    let output = command.args(["--format", "json"]).args(more).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Checked {
        code: output.status.code().unwrap(),
        verified: report["verified"].clone(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder of its own for each caller.
fn folder() -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("leastwise-certificates-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

impl Checked {
    /// Fails unless the first replacement fails for a reason with these words.
    #[track_caller]
    fn fails(&self, words: &str) {
        let failures = self.verified[0]["failures"].to_string();
        assert_eq!(self.code, 1, "{failures} {}", self.err);
        assert_eq!(self.verified[0]["outcome"], "fails");
        assert!(failures.contains(words), "{words}: {failures}");
    }
}

#[test]
fn what_was_recommended_holds() {
    for case in [GCP, AWS] {
        let folder = folder();
        let (path, value) = case.certificate(&folder);
        let checked = case.verify(&path, &[]);
        assert_eq!(checked.code, 0, "{} {}", checked.verified, checked.err);
        let [only] = checked.verified.as_array().unwrap().as_slice() else { panic!("one replacement") };
        assert_eq!((&only["outcome"], &only["applicability"]), (&json!("holds"), &json!("safe")));
        assert_eq!(only["proof"]["narrows"]["holds"], true);
        assert_eq!(only["proof"]["replayed"], value["replacements"][0]["claims"]["replayed"]);
        let engines = only["proof"]["narrows"]["engine"].as_str().unwrap();
        assert_eq!(engines.contains("z3"), cfg!(feature = "z3"), "{engines}");
        // Where the files lie does not matter, only what they say.
        let there = folder.join("elsewhere");
        copy(Path::new(case.estate), &there);
        let moved = verify(&path, &there, Path::new(case.usage), &[]);
        assert_eq!(moved.code, 0, "{}", moved.verified);
        fs::remove_dir_all(folder).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), there).unwrap();
        }
    }
}

#[test]
fn a_wider_replacement_is_found() {
    let role = |name: &'static str| {
        move |value: &mut Value| value["replacements"][0]["replacement"][0]["role"] = json!(name)
    };
    GCP.tampered(role("roles/storage.admin")).fails("becomes allowed and was not");
    // A role that spans everything is not even one to be proposed; that it allows more is found by the proof.
    let owner = GCP.tampered(role("roles/owner"));
    owner.fails("something becomes allowed that was not");
    owner.fails("`roles/owner` is no role that may be proposed");
    let policy = |text: &'static str| {
        move |value: &mut Value| value["replacements"][0]["replacement"][0]["policy"] = json!(text)
    };
    let all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    // The role holds all already, so that both directions hold: only making the proposal anew tells.
    let lambda = AWS.tampered(policy(all));
    assert_eq!(lambda.verified[0]["proof"]["narrows"]["holds"], true);
    lambda.fails("not the one that follows from the files");
    AWS.tampered(policy("{}")).fails("cannot be read");
}

/// What keys gave before is no gain, but only as far as the certificate said so, and what they were used for is needed.
#[test]
fn use_with_keys_is_checked_like_other_use() {
    let folder = folder();
    let (path, _) = AZURE.certificate(&folder);
    let checked = AZURE.verify(&path, &[]);
    assert_eq!(
        (checked.code, &checked.verified[0]["applicability"]),
        (0, &json!("review")),
        "{}",
        checked.err
    );
    fs::remove_dir_all(folder).unwrap();
    AZURE
        .tampered(|value| value["replacements"][0]["claims"]["reached"] = json!([]))
        .fails("the certificate claims `review`");
    let role = |name: &'static str| {
        move |value: &mut Value| value["replacements"][0]["replacement"][0]["role"] = json!(name)
    };
    AZURE.tampered(role("Storage Blob Data Reader")).fails("something that is needed is no longer allowed");
    // Owners of data change permissions of blobs, which keys do as well: but not as the certificate says.
    AZURE.tampered(role("Storage Blob Data Owner")).fails("the certificate claims");
    AZURE
        .tampered(|value| value["replacements"][0]["needs"][0]["with"] = json!(null))
        .fails("and by the certificate not at all");
}

#[test]
fn a_narrower_replacement_is_found() {
    GCP.tampered(|value| {
        value["replacements"][0]["replacement"][0]["role"] = json!("roles/storage.objectViewer");
    })
    .fails("something that is needed is no longer allowed");
    GCP.tampered(|value| value["replacements"][0]["replacement"] = json!([]))
        .fails("something that is needed is no longer allowed");
    AWS.tampered(|value| value["replacements"][0]["replacement"] = json!([]))
        .fails("something that is needed is no longer allowed");
}

#[test]
fn a_use_that_is_missing_or_made_up_is_found() {
    for case in [GCP, AWS] {
        case.tampered(|value| {
            let uses = value["replacements"][0]["needs"][0]["uses"].as_array_mut().unwrap();
            uses.pop().unwrap();
        })
        .fails("and by the certificate not at all");
        case.tampered(|value| {
            value["replacements"][0]["needs"].as_array_mut().unwrap().remove(0);
        })
        .fails("and by the certificate not at all");
        case.tampered(|value| {
            let uses = &mut value["replacements"][0]["needs"][0]["uses"];
            uses[0]["resource"] = json!("something else");
        })
        .fails("was used not at all");
        case.tampered(|value| {
            let count = &mut value["replacements"][0]["needs"][0]["uses"][0]["count"];
            *count = json!(count.as_u64().unwrap() + 1);
        })
        .fails("and by the certificate");
    }
}

#[test]
fn other_claims_and_other_principals_are_found() {
    for case in [GCP, AWS] {
        case.tampered(|value| value["replacements"][0]["claims"]["applicability"] = json!("review"))
            .fails("the certificate claims `review`");
        case.tampered(|value| value["replacements"][0]["claims"]["replayed"] = json!(1_000_000))
            .fails("with 1000000 uses replayed");
        case.tampered(|value| value["replacements"][0]["principal"] = json!("nobody")).fails("in none");
        case.tampered(|value| value["replacements"][0]["cloud"] = json!("moon")).fails("no cloud `moon`");
        case.tampered(|value| value["replacements"][0]["held"] = json!([])).fails("is held and not in");
        case.tampered(|value| value["now"] = json!(0)).fails("see `--now`");
    }
}

#[test]
fn inputs_that_changed_are_found() {
    for case in [GCP, AWS] {
        case.tampered(|value| value["inputs"][0]["sha256"] = json!("00")).fails("has changed");
        case.tampered(|value| value["inputs"].as_array_mut().unwrap().truncate(1))
            .fails("was read now and was not then");
        case.tampered(|value| {
            let inputs = value["inputs"].as_array_mut().unwrap();
            let mut more = inputs[0].clone();
            more["path"] = json!("gone.json");
            inputs.push(more);
        })
        .fails("`gone.json` was read then and was not now");
        let folder = folder();
        let (path, value) = case.certificate(&folder);
        let there = folder.join("estate");
        copy(Path::new(case.estate), &there);
        let changed = there.join(value["inputs"][0]["path"].as_str().unwrap());
        let text = fs::read_to_string(&changed).unwrap();
        fs::write(&changed, text + "\n").unwrap();
        verify(&path, &there, Path::new(case.usage), &[]).fails("has changed");
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn what_stays_open_does_not_hold() {
    let folder = folder();
    let (path, _) = GCP.certificate(&folder);
    let checked = GCP.verify(&path, &["--budget", "1"]);
    assert_eq!((checked.code, &checked.verified[0]["outcome"]), (3, &json!("undecided")), "{}", checked.err);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_is_no_certificate_is_not_judged() {
    let folder = folder();
    let path = folder.join("broken.json");
    for (text, words) in [
        ("{\n  \"schema\": 1}", "broken.json:2:"),
        ("{}", "missing field"),
        (
            r#"{"schema":"leastwise/certificate/0","made_by":"x","now":null,"inputs":[],"replacements":[]}"#,
            "expected `leastwise/certificate/1`",
        ),
        (
            r#"{"schema":"leastwise/certificate/1","made_by":"x","now":null,"inputs":[],"replacements":[],"trust":1}"#,
            "unknown field `trust`",
        ),
        (
            r#"{"schema":"leastwise/certificate/1","made_by":"x","now":null,"inputs":[],"replacements":[]}"#,
            "claims nothing",
        ),
    ] {
        fs::write(&path, text).unwrap();
        let checked = GCP.verify(&path, &[]);
        assert_eq!(checked.code, 2, "{text}");
        assert!(checked.err.contains(words), "{words}: {}", checked.err);
    }
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_folder_gets_one_certificate_for_each_suggestion() {
    let folder = folder();
    let into = folder.join("certificates/");
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.args(["recommend", GCP.estate, "--usage", GCP.usage, "--certificate"]).arg(&into);
    assert_eq!(command.output().unwrap().status.code(), Some(0));
    assert_eq!(fs::read_dir(&into).unwrap().count(), 4);
    let checked = GCP.verify(&into, &[]);
    assert_eq!((checked.code, checked.verified.as_array().unwrap().len()), (0, 4), "{}", checked.err);
    fs::remove_dir_all(folder).unwrap();
}
