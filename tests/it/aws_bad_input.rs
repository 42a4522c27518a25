//! Exports of AWS that are broken: the values of `estate/broken.json` in their places. What is wrong is reported with its
//! place in the words of the table, and the other files are read all the same. Each value and each file in turn is broken
//! in `aws_files.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

/// One value in the place of another.
#[derive(Deserialize)]
struct Broken {
    file: String,
    at: String,
    value: Value,
    says: String,
}

fn complete() -> BTreeMap<String, Value> {
    serde_json::from_str(include_str!("estate/complete.json")).unwrap()
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("broken-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        let folder = Self(path);
        complete().iter().for_each(|(file, content)| folder.put(file, &content.to_string()));
        folder
    }

    fn put(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn scan(&self) -> (i32, Value) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        let output = command
            .arg("scan")
            .arg(&self.0)
            .args(["--format", "json", "--fail-on", "never"])
            .env_clear()
            .output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
        (output.status.code().unwrap(), report)
    }

    /// The problems of a file when it holds `text`, after checking that the others were read.
    fn broken(&self, file: &str, text: &str) -> Vec<String> {
        self.put(file, text);
        let (code, report) = self.scan();
        self.put(file, &complete()[file].to_string());
        assert_eq!(code, 2, "{file}: {text:.2000}");
        let read = report["inputs"].as_array().unwrap().len();
        assert!(read >= complete().len() - 1, "{file}: {read} files were read");
        let problems = report["problems"].as_array().unwrap().iter();
        let own = problems.filter(|problem| {
            let path = problem["place"]["path"].as_str().unwrap_or_default();
            path.ends_with(file) && problem["place"]["line"].as_u64() > Some(0)
        });
        own.map(|problem| problem["message"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn the_whole_estate_has_no_problems() {
    let (code, report) = Folder::new("none").scan();
    assert_eq!((code, report["problems"].as_array().unwrap().len()), (0, 0), "{report}");
    assert_eq!(report["inputs"].as_array().unwrap().len(), complete().len());
}

#[test]
fn a_value_of_another_kind_is_reported_with_its_place() {
    let folder = Folder::new("values");
    let rows: Vec<Broken> = serde_json::from_str(include_str!("estate/broken.json")).unwrap();
    assert!(rows.len() >= 30);
    let mut wrong = Vec::new();
    for Broken { file, at, value, says } in rows {
        let mut content = complete()[&file].clone();
        *content.pointer_mut(&at).unwrap_or_else(|| panic!("{file} has no {at}")) = value.clone();
        let problems = folder.broken(&file, &content.to_string());
        if !problems.iter().any(|one| one.contains(&says)) {
            wrong.push(format!("{file} {at} = {value}: expected `{says}`, found {problems:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A policy of more statements than any cloud takes: what would compare all with all is left open, and the rest is found.
#[test]
fn a_policy_of_very_many_statements() {
    let folder = Folder::new("many");
    let statement = r#"{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}"#;
    let policy =
        format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, vec![statement; 30_000].join(", "));
    folder.put("111122223333/sqs/eu-west-1/many/policy.json", &format!(r#"{{"Policy": {policy}}}"#));
    let (code, report) = folder.scan();
    assert_eq!(code, 3, "what stayed open is no success");
    let findings = report["findings"].as_array().unwrap();
    let of = |rule: &str| findings.iter().filter(|one| one["rule"] == rule).collect::<Vec<_>>();
    let open: Vec<_> = of("redundant-statement");
    assert_eq!(open.len(), 1, "{open:?}");
    let reason = open[0]["certainty"]["reason"].as_str().unwrap();
    assert!(reason.contains("30000 statements"), "{reason}");
    assert!(of("public-resource").iter().any(|one| one.to_string().contains(":many")), "{findings:?}");
}

/// A condition with very many keys takes time in step with their number.
#[test]
fn a_condition_of_very_many_keys() {
    let folder = Folder::new("keys");
    let keys: Vec<String> = (0..40_000).map(|key| format!(r#""aws:RequestTag/k{key}": "v""#)).collect();
    let policy = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {{"StringEquals": {{{}}}}}}}}}"#,
        keys.join(", ")
    );
    folder.put("111122223333/many.json", &policy);
    assert_eq!(folder.scan().0, 0);
}
