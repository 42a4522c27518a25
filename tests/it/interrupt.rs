//! Runs that take a while: what somebody sees who waits at a terminal, and what is left of a run that is stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

const POLICY: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("interrupt-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("policy.json"), POLICY).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Stops a run while it writes a report. The writing takes forever: in the place of the unfinished file there is a pipe
/// that nobody reads from.
///
/// A test may itself have been started with signals ignored, as `nohup` does; the run must not inherit that.
fn stopped_by(signal: &str) {
    let resets = Command::new("env").args(["--default-signal", "true"]).stderr(Stdio::null()).status();
    if !resets.is_ok_and(|status| status.success()) {
        println!("skipped: `env` cannot reset signals here");
        return;
    }
    let folder = Folder::new(signal);
    let (report, part) = (folder.path("report.json"), folder.path("report.json.leastwise-part"));
    fs::write(&report, "what was there").unwrap();
    assert!(Command::new("mkfifo").arg(&part).status().unwrap().success());
    let mut run = Command::new("env")
        .args(["--default-signal", env!("CARGO_BIN_EXE_leastwise")])
        .args(["scan", &folder.path("policy.json"), "--output", &format!("json={report}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(1500));
    assert!(run.try_wait().unwrap().is_none(), "the run should be writing");
    assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success());
    assert_eq!(run.wait().unwrap().code(), Some(130));
    assert!(!Path::new(&part).exists(), "something is left of the file that was begun");
    assert_eq!(fs::read_to_string(&report).unwrap(), "what was there");
}

#[test]
fn a_run_that_is_interrupted_leaves_nothing_half_written() {
    stopped_by("-INT");
}

#[test]
fn a_run_that_is_asked_to_end_leaves_nothing_half_written() {
    stopped_by("-TERM");
}

/// What a terminal shows of a run whose input takes a second to come; `None` where there is no `script` to have one.
fn at_a_terminal(folder: &Folder, options: &str, variables: &[(&str, &str)]) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_leastwise");
    let policy = folder.path("policy.json");
    let line = format!("(sleep 1; cat '{policy}') | '{program}' scan - {options}");
    let mut command = Command::new("script");
    command.args(["-q", "-e", "-c", &line, "/dev/null"]).stdin(Stdio::null()).env_remove("NO_COLOR");
    command.env("TERM", "xterm").envs(variables.iter().copied());
    let Ok(output) = command.output() else {
        println!("skipped: there is no `script`");
        return None;
    };
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

const LINE: &str = "reading: 0 of 1 files";

#[test]
fn whoever_waits_at_a_terminal_sees_how_far_it_is() {
    let folder = Folder::new("terminal");
    let Some(shown) = at_a_terminal(&folder, "", &[]) else { return };
    assert!(shown.contains(&format!("\r\u{1b}[K{LINE}")), "{shown:?}");
    let (_, after) = shown.rsplit_once(LINE).unwrap();
    assert!(after.starts_with("\r\u{1b}[K"), "the line stays: {after:?}");
}

#[test]
fn nothing_but_results_is_shown_where_nobody_waits_or_colours_are_off() {
    let folder = Folder::new("quiet");
    for (options, variables) in [("--color never", &[][..]), ("", &[("NO_COLOR", "1")]), ("2>/dev/null", &[])]
    {
        let Some(shown) = at_a_terminal(&folder, options, variables) else { return };
        assert!(shown.contains("s3:*"), "{shown:?}");
        assert!(!shown.contains("reading") && !shown.contains("\u{1b}[K"), "{options}: {shown:?}");
    }
    let line = format!(
        "(sleep 1; cat '{}') | '{}' scan -",
        folder.path("policy.json"),
        env!("CARGO_BIN_EXE_leastwise")
    );
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("reading"));
}
