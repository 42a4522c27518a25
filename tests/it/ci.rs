//! What teams include in their pipelines: the scripts run here as they would there, with a repository, a remote and a
//! program in the place of GitHub's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use leastwise::text::{Files, Kind, Tree, yaml};

const NARROW: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}]}"#;
const WIDE: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A clone with a branch that changes `ci.json` from narrow to `text`, and what the scripts write.
struct Job {
    folder: PathBuf,
}

impl Job {
    fn new(name: &str, text: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("leastwise-ci-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        let (remote, work) = (folder.join("remote"), folder.join("work"));
        fs::create_dir_all(&remote).unwrap();
        git(&remote, &["init", "--quiet", "--initial-branch=main"]);
        fs::write(remote.join("ci.json"), NARROW).unwrap();
        git(&remote, &["add", "--all"]);
        git(&remote, &["commit", "--quiet", "--message", "base"]);
        let from = format!("file://{}", remote.display());
        git(&folder, &["clone", "--quiet", "--depth=1", &from, "work"]);
        fs::write(work.join("ci.json"), text).unwrap();
        git(&work, &["commit", "--quiet", "--all", "--allow-empty", "--message", "change"]);
        fs::create_dir_all(folder.join("bin")).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_leastwise"), folder.join("bin/leastwise")).unwrap();
        Self { folder }
    }

    fn run(&self, script: &str, variables: &[(&str, &str)]) -> Output {
        let path = format!("{}:{}", self.folder.join("bin").display(), std::env::var("PATH").unwrap());
        Command::new("bash")
            .arg(here(script))
            .current_dir(self.folder.join("work"))
            .env("PATH", path)
            .env("RUNNER_TEMP", &self.folder)
            .env("GITHUB_STEP_SUMMARY", self.folder.join("summary.md"))
            .env("GITHUB_OUTPUT", self.folder.join("output"))
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_gain_is_shown_and_fails_the_job() {
    let job = Job::new("gain", WIDE);
    let done = job.run("ci/github.sh", &[("PATHS", "."), ("TARGET", "main"), ("SARIF", "out.sarif")]);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("::error ") && said.contains("file=ci.json,line=1"), "{said}");
    assert_eq!(job.text("output"), "exit-code=1\n");
    assert!(job.text("summary.md").contains("gains"), "{}", job.text("summary.md"));
    assert!(job.text("work/out.sarif").contains("\"version\": \"2.1.0\""));
}

#[test]
fn nothing_gained_passes() {
    let job = Job::new("same", NARROW);
    let done = job.run("ci/github.sh", &[("TARGET", "main"), ("STRICT", "true"), ("FAIL_ON", "low")]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(job.text("output"), "exit-code=0\n");
    assert!(job.text("summary.md").contains("nobody gains access"), "{}", job.text("summary.md"));
}

/// What an input says is one argument, whatever is in it.
#[test]
fn inputs_are_never_commands() {
    let job = Job::new("hostile", NARROW);
    let hostile = "main; touch stolen $(touch stolen)";
    let done = job.run("ci/github.sh", &[("PATHS", "$(touch stolen) `touch stolen`"), ("BASE", hostile)]);
    assert!(done.status.success());
    assert_eq!(job.text("output"), "exit-code=2\n");
    assert!(!job.folder.join("work/stolen").exists());
}

/// The comment that is there is changed; else one is made, and a job that may not write goes on.
#[test]
fn there_is_one_comment() {
    let job = Job::new("comment", WIDE);
    job.run("ci/github.sh", &[("TARGET", "main")]);
    let gh = job.folder.join("bin/gh");
    let log = job.folder.join("calls");
    for (answer, code, expected) in
        [("77", 0, "PATCH repos/o/r/issues/comments/77"), ("", 1, "POST repos/o/r/issues/5/comments")]
    {
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> {log}\ncase \"$*\" in *--paginate*) echo {answer} ;; *) exit {code} ;; esac\n",
            log = log.display()
        );
        fs::write(&gh, script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&gh, mode).unwrap();
        let done = job.run("ci/comment.sh", &[("GITHUB_REPOSITORY", "o/r"), ("NUMBER", "5")]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let calls = job.text("calls");
        assert!(calls.lines().last().unwrap().contains(expected), "{calls}");
    }
}

/// Actions of others are named by the commit, which nobody can move, and no step puts an input into a command.
#[test]
fn what_pipelines_include_is_well_formed() {
    for name in ["action.yml", "ci/gitlab.yml", ".pre-commit-hooks.yaml"] {
        let text = fs::read_to_string(here(name)).unwrap();
        let mut problems = Vec::new();
        let tree = yaml::parse(Files::default().add(name, text.as_str()), &text, &mut problems);
        assert!(tree.is_some() && problems.is_empty(), "{name}: {problems:?}");
    }
    let text = fs::read_to_string(here("action.yml")).unwrap();
    let tree = yaml::parse(Files::default().add("a", text.as_str()), &text, &mut Vec::new()).unwrap();
    let steps = tree.get("runs").and_then(|runs| runs.get("steps")).and_then(Tree::as_list).unwrap();
    for step in steps {
        if let Some(uses) = step.get("uses").and_then(Tree::as_str) {
            let commit = uses.split_once('@').unwrap().1;
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{uses}");
        }
        let run = step.get("run").and_then(Tree::as_str).unwrap_or_default();
        assert!(!run.contains("${{"), "{run}");
    }
    let inputs: BTreeMap<&str, &Tree> =
        tree.get("inputs").unwrap().entries().map(|entry| (&*entry.key.value, &entry.value)).collect();
    for (name, input) in inputs {
        assert!(input.get("description").is_some() && input.get("default").is_some(), "{name}");
        assert!(text.contains(&format!("inputs.{name}")), "{name} is never used");
    }
    assert!(matches!(
        tree.get("runs").and_then(|runs| runs.get("using")).map(|using| &using.kind),
        Some(Kind::Text(_))
    ));
}

#[test]
fn shells_complete_and_pages_are_made() {
    let run =
        |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_leastwise")).args(arguments).output().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = run(&["completions", shell]);
        assert!(
            done.status.success() && String::from_utf8_lossy(&done.stdout).contains("who-can"),
            "{shell}"
        );
    }
    for arguments in [&["man"][..], &["man", "check"]] {
        let page = String::from_utf8(run(arguments).stdout).unwrap();
        assert!(page.contains(".TH") && page.contains(".SH"), "{page}");
    }
    let unknown = run(&["man", "chek"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("there is no command `chek`"));
}
