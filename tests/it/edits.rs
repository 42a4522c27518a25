//! Suggestions as changes of files: byte by byte what is written, that a second run finds nothing more to do, and what is
//! refused. The answers come from the program itself, on copies of files.
#![cfg(feature = "z3")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const LOG: &str = "examples/gcp-editor/audit-log.jsonl.gz";
const UPLOADER: &str = "serviceAccount:uploader@acme-media.iam.gserviceaccount.com";

/// A folder of its own for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("leastwise-edits-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        command.arg("recommend").arg(&self.0).args(["--usage", LOG]).args(more).env("NO_COLOR", "1");
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn out(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", err(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const PROJECT: &str = "\
# Kept by the platform team; apply with set-iam-policy.
bindings:
# The pipeline. Too much, see the review of May.
- members:
  - serviceAccount:uploader@acme-media.iam.gserviceaccount.com   # nightly
  - user:old@acme.example
  role: roles/editor
- role: \"roles/viewer\"
  members: [ 'group:media-analysts@acme.example', \"user:x@acme.example\" ]
etag: BwYk3vQm1xA=
version: 1
";

const BUCKET: &str = "\
bindings:
  # What every bucket has.
  - members:
      - projectEditor:acme-media
      - projectOwner:acme-media
    role: roles/storage.legacyBucketOwner
  - members:
      - projectEditor:acme-media
      - projectOwner:acme-media
    role: roles/storage.legacyObjectOwner
etag: CAE=
";

#[test]
fn yaml_keeps_comments_and_every_other_byte() {
    let folder = Folder::new("yaml");
    let project = folder.file("project-acme-media.iam.yaml", PROJECT);
    let bucket = folder.file("bucket-acme-media-uploads.iam.yaml", BUCKET);
    let diff = out(&folder.run(&["--principal", UPLOADER, "--diff", "--write"]));
    let now =
        PROJECT.replace("  - serviceAccount:uploader@acme-media.iam.gserviceaccount.com   # nightly\n", "");
    assert_eq!(fs::read_to_string(&project).unwrap(), now);
    let added = "  - members:\n    - serviceAccount:uploader@acme-media.iam.gserviceaccount.com\n    role: roles/storage.objectCreator\n";
    assert_eq!(fs::read_to_string(&bucket).unwrap(), BUCKET.replace("etag", &format!("{added}etag")));
    let expected = format!(
        "--- a/{0}\n+++ b/{0}\n@@ -8,4 +8,7 @@\n       - projectEditor:acme-media\n       - projectOwner:acme-media\n     role: roles/storage.legacyObjectOwner\n{1} etag: CAE=\n",
        bucket.display(),
        added.lines().map(|line| format!("+{line}\n")).collect::<String>(),
    );
    assert!(diff.starts_with(&expected), "{diff}");
    assert!(
        diff.ends_with("   - user:old@acme.example\n   role: roles/editor\n - role: \"roles/viewer\"\n"),
        "{diff}"
    );
    // Done once, there is nothing left to do.
    let again = folder.run(&["--principal", UPLOADER, "--diff", "--write"]);
    assert_eq!(out(&again), "", "{}", err(&again));
    assert_eq!(fs::read_to_string(&project).unwrap(), now);
}

#[test]
fn a_copy_of_the_example_is_changed_once() {
    let folder = Folder::new("example");
    for name in fs::read_dir("examples/gcp-editor").unwrap().map(|entry| entry.unwrap().path()) {
        if name.to_string_lossy().ends_with(".json") {
            fs::copy(&name, folder.0.join(name.file_name().unwrap())).unwrap();
        }
    }
    let report = folder.run(&["--write"]);
    assert!(out(&report).contains("4 suggestions"), "without --diff the report is printed");
    assert_eq!(err(&report).matches("changed ").count(), 2, "{}", err(&report));
    let again = out(&folder.run(&["--diff"]));
    assert_eq!(again, "");
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 4, "no temporary file stays");
}

#[test]
fn what_no_file_can_say_is_left_and_said() {
    let folder = Folder::new("left");
    // Nobody knows the policy of the bucket, but the log tells that it is used.
    folder.file("project-acme-media.iam.json", &PROJECT_JSON.replace("NAME", UPLOADER));
    let output = folder.run(&["--principal", UPLOADER, "--diff"]);
    assert_eq!(out(&output), "");
    let reason =
        "no file holds the policy of `//storage.googleapis.com/projects/_/buckets/acme-media-uploads`";
    assert!(
        err(&output).contains(&format!("no file is changed for `{UPLOADER}`: {reason}")),
        "{}",
        err(&output)
    );
}

const PROJECT_JSON: &str = r#"{"bindings": [{"members": ["NAME"], "role": "roles/storage.admin"}]}"#;

#[test]
fn a_compressed_file_is_not_written() {
    let folder = Folder::new("compressed");
    folder.file("project-acme-media.iam.yaml", PROJECT);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, BUCKET.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let bucket = folder.0.join("bucket-acme-media-uploads.iam.yaml");
    fs::write(&bucket, &packed).unwrap();
    let output = folder.run(&["--principal", UPLOADER, "--write"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("has changed since it was read, or is compressed"), "{}", err(&output));
    assert_eq!(fs::read(&bucket).unwrap(), packed);
    let project = folder.0.join("project-acme-media.iam.yaml");
    assert_eq!(fs::read_to_string(project).unwrap(), PROJECT, "all or nothing");
}
