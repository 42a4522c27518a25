//! The program from outside: arguments, what is printed where, exit codes, and what bad input gets.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

struct Run {
    code: i32,
    out: String,
    err: String,
}

/// The program with nothing of the test's own environment.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

fn leastwise(arguments: &[&str]) -> Run {
    run(program(arguments).output().unwrap())
}

fn run(output: Output) -> Run {
    Run {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn with_stdin(arguments: &[&str], input: &str) -> Run {
    let mut child = program(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    run(child.wait_with_output().unwrap())
}

impl Run {
    /// Nothing on standard output, the code for "could not run", and each of `said` on standard error.
    #[track_caller]
    fn could_not(&self, said: &[&str]) {
        assert_eq!(self.code, 2, "{}\n{}", self.out, self.err);
        assert_eq!(self.out, "");
        for said in said {
            assert!(self.err.contains(said), "`{said}` is missing in:\n{}", self.err);
        }
    }
}

#[test]
fn version_and_help_go_to_standard_output() {
    let version = leastwise(&["--version"]);
    assert_eq!(version.code, 0);
    assert!(
        version.out.starts_with(concat!("leastwise ", env!("CARGO_PKG_VERSION"), " (")),
        "{}",
        version.out
    );
    let help = leastwise(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    for code in ["0  clean", "1  at least one", "2  could not run", "3  ran, but"] {
        assert!(help.out.contains(code), "{}", help.out);
    }
    assert!(leastwise(&["scan", "--help"]).out.contains("or else `high`"));
}

#[test]
fn wrong_usage() {
    leastwise(&[]).could_not(&["Usage:"]);
    leastwise(&["scan"]).could_not(&["<PATHS>"]);
    leastwise(&["scna", "x"]).could_not(&["scna", "similar subcommand", "scan"]);
    leastwise(&["scan", "x", "--fail-on", "critical"]).could_not(&["critical", "medium"]);
    leastwise(&["scan", "x", "--format", "yaml"]).could_not(&["yaml", "text, json, sarif"]);
    leastwise(&["scan", "x", "--output", "sarif"]).could_not(&["FORMAT=PATH"]);
    leastwise(&["scan", "x", "--output", "yaml=a"]).could_not(&["`yaml` is no format", "sarif"]);
    leastwise(&["scan", "x", "--output", "json="]).could_not(&["the path is empty"]);
    leastwise(&["can", "a", "b", "c"]).could_not(&["<PATHS>"]);
    leastwise(&["paths", "x", "--format", "sarif"]).could_not(&[
        "no analysis took place",
        "`sarif` cannot hold what `paths` finds",
        "`json`",
    ]);
    leastwise(&["explain", "no-such-rule-at-all"]).could_not(&["there is no rule `no-such-rule-at-all`"]);
}

#[cfg(not(feature = "z3"))]
#[test]
fn an_engine_that_is_not_built_in_is_refused() {
    for engine in ["z3", "both"] {
        leastwise(&["scan", "x", "--engine", engine]).could_not(&[
            "no analysis took place",
            "built without Z3",
            "--engine native",
        ]);
    }
}

#[test]
fn files_that_are_not_there() {
    leastwise(&["scan", "no/such/file.json"]).could_not(&[
        "error[unreadable-file]: cannot read `no/such/file.json`: there is no such file",
        "1 error in the input",
        "no analysis took place",
    ]);
    leastwise(&["scan", "no/such/*.json"])
        .could_not(&["error[no-such-file]: no file matches `no/such/*.json`"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("forbidden");
    let path = folder.file("a.json", "{}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
    // The administrator of the machine may read everything: there the file is of no known kind instead.
    let expected = if fs::read(&path).is_ok() { "unknown-kind" } else { "permission denied" };
    leastwise(&["scan", &path]).could_not(&[expected, "no analysis took place"]);
}

#[test]
fn an_empty_folder() {
    let folder = Folder::new("empty");
    leastwise(&["scan", folder.path()]).could_not(&["error[empty-folder]", "holds no policy file", ".json"]);
}

#[test]
fn truncated_json() {
    let folder = Folder::new("truncated");
    let path = folder.file("a.json", "{\n  \"Statement\": [\n");
    leastwise(&["scan", &path]).could_not(&[
        "error[json-truncated]",
        "a.json:2:17",
        "line 2",
        "no analysis took place",
    ]);
}

#[test]
fn an_array_and_an_object_of_no_known_kind() {
    let folder = Folder::new("unknown");
    let array = folder.file("array.json", "[1, 2]");
    leastwise(&["scan", &array]).could_not(&["error[unknown-kind]", "array.json:1:1", "it is an array"]);
    let object = folder.file("object.json", "{\"recipes\": []}");
    leastwise(&["scan", &object]).could_not(&["error[unknown-kind]", "`recipes`", "leastwise formats"]);
    // Nobody named the files of a folder one by one, so they are passed over without a problem each.
    let both = leastwise(&["scan", folder.path()]);
    both.could_not(&["none of 2 files is of a kind that is read here"]);
    assert!(!both.err.contains("unknown-kind"), "{}", both.err);
}

#[test]
fn ten_thousand_levels_of_nesting() {
    let folder = Folder::new("deep");
    let (open, close) = ("[".repeat(10_000), "]".repeat(10_000));
    let path = folder.file("deep.json", format!("{open}{close}"));
    leastwise(&["scan", &path]).could_not(&["deep.json:1:", "no analysis took place"]);
    let objects = folder.file("objects.json", "{\"a\":".repeat(10_000));
    leastwise(&["scan", &objects]).could_not(&["objects.json:1:", "no analysis took place"]);
}

#[test]
fn a_large_file_of_nothing() {
    let folder = Folder::new("large");
    let path = folder.file("large.json", "");
    // Holds no blocks on the disk: the size is what is refused, before anything is parsed.
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 30).unwrap();
    leastwise(&["scan", "--max-file-size", "1", &path]).could_not(&[
        "error[file-too-large]",
        "larger than 1 MiB",
        "--max-file-size",
    ]);
    let blanks = folder.file("blanks.json", " ".repeat(1 << 20));
    leastwise(&["scan", &blanks]).could_not(&["blanks.json", "no analysis took place"]);
    let empty = folder.file("empty.json", "");
    leastwise(&["scan", &empty]).could_not(&["empty.json", "no analysis took place"]);
}

#[test]
fn bytes_that_are_no_text() {
    let folder = Folder::new("bytes");
    let path = folder.file("a.json", b"{\"a\": \"\xff\"}");
    leastwise(&["scan", &path]).could_not(&["error[not-utf8]", "byte 7"]);
    let gzip = folder.file("b.json.gz", b"\x1f\x8b\x08\x00broken");
    leastwise(&["scan", &gzip]).could_not(&["cannot read", "b.json.gz"]);
}

#[test]
fn standard_input() {
    with_stdin(&["scan", "-"], "{\"recipes\": []}").could_not(&["`-` is of no kind", "`recipes`"]);
    with_stdin(&["scan", "-"], "{\"recipes\": ").could_not(&["--> -:1:"]);
}

#[test]
fn names_in_files_cannot_steer_the_terminal() {
    let folder = Folder::new("escape");
    let path = folder.file("a.json", "{\"\\u001b[2Jname\": 1}");
    let run = leastwise(&["scan", &path]);
    run.could_not(&["unknown-kind"]);
    assert!(!run.err.contains('\u{1b}'), "{:?}", run.err);
}

#[test]
fn colour_is_where_it_is_wanted() {
    let arguments = ["scan", "no-such-file.json"];
    assert!(!leastwise(&arguments).err.contains('\u{1b}'));
    let always = leastwise(&["--color", "always", "scan", "no-such-file.json"]);
    assert!(always.err.contains('\u{1b}'));
    let never =
        run(program(&["--color", "never", "scan", "x.json"]).env("CLICOLOR_FORCE", "1").output().unwrap());
    assert!(!never.err.contains('\u{1b}'));
    let forced = run(program(&arguments).env("CLICOLOR_FORCE", "1").output().unwrap());
    assert!(forced.err.contains('\u{1b}'));
    let refused = run(program(&arguments).env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").output().unwrap());
    assert!(!refused.err.contains('\u{1b}'));
}

#[cfg(unix)]
#[test]
fn a_reader_that_stops_is_no_error() {
    let mut child = program(&["catalog", "show", "s3"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = run(program(&["formats"]).stdout(full).output().unwrap());
    run.could_not(&["the output could not be written"]);
}

#[test]
fn the_catalog_is_shown_and_searched() {
    let list = leastwise(&["catalog"]);
    assert_eq!(list.code, 0);
    for part in ["aws-actions", "aws-managed-policies", "gcp-roles", "azure-roles", "azure-operations"] {
        assert!(list.out.contains(part), "{}", list.out);
    }
    let shown = leastwise(&["catalog", "show", "S3:getobject", "roles/storage.objectCreator"]);
    assert_eq!((shown.code, shown.err.as_str()), (0, ""));
    for text in ["s3:GetObject", "access level", "Read", "storage.objects.create"] {
        assert!(shown.out.contains(text), "{}", shown.out);
    }
    leastwise(&["catalog", "show", "s3:GetObjekt"])
        .could_not(&["no catalog knows `s3:GetObjekt`", "`s3:GetObject`"]);
    let found = leastwise(&["catalog", "search", "objectcreator"]);
    assert!(found.out.contains("roles/storage.objectCreator"), "{}", found.out);
    leastwise(&["catalog", "search", "qqqqqqqqqqqqqqqq"]).could_not(&["near `qqqqqqqqqqqqqqqq`"]);
}

#[test]
fn a_catalog_is_built_from_exports() {
    let folder = Folder::new("build");
    let roles = "[{\"name\": \"roles/test.one\", \"title\": \"One\", \"stage\": \"GA\", \
                 \"includedPermissions\": [\"test.things.get\"]}]";
    let export = folder.file("roles.json", roles);
    let date = ["--date", "2026-11-23"];
    let build = |from: &str, to: &str| {
        leastwise(&[&["catalog", "build", "--from", from, "--to", to], &date[..]].concat())
    };
    let built = build(&export, folder.path());
    assert_eq!(built.code, 0, "{}", built.err);
    assert!(built.out.contains("gcp-roles.bin.zst"), "{}", built.out);
    assert!(folder.0.join("gcp-roles.bin.zst").metadata().unwrap().len() > 0);
    build(&export, "no/such/folder").could_not(&["no/such/folder"]);
    let other = folder.file("other.json", "{}");
    build(&other, folder.path()).could_not(&["no catalog was built"]);
    leastwise(&["catalog", "build", "--from", "x", "--to", "y", "--date", "tomorrow"])
        .could_not(&["2026-11-23"]);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for arguments in [&["catalog"][..], &["formats"], &["rules"], &["catalog", "search", "object"]] {
        let (first, second) = (leastwise(arguments), leastwise(arguments));
        assert_eq!((first.out, first.err), (second.out, second.err), "{arguments:?}");
    }
}

const ESTATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/aws-organization");

#[test]
fn findings_decide_the_exit_code_and_unread_files_come_second() {
    let found = leastwise(&["scan", ESTATE]);
    assert_eq!((found.code, found.err.as_str()), (1, ""));
    assert!(found.out.contains("high[") && found.out.contains("leastwise explain"), "{}", found.out);
    assert_eq!(leastwise(&["scan", ESTATE, "--fail-on", "never"]).code, 0);
    let with_gone = ["scan", ESTATE, "gone.json"];
    assert_eq!(leastwise(&with_gone).code, 1);
    let tolerant = leastwise(&[&with_gone[..], &["--fail-on", "never"]].concat());
    assert_eq!(tolerant.code, 2);
    assert_eq!(tolerant.out, found.out, "what could be read is reported all the same");
    assert!(
        tolerant.err.contains("1 error in the input; what could be read was analysed"),
        "{}",
        tolerant.err
    );
}

#[test]
fn every_format_is_written_in_one_run() {
    let folder = Folder::new("formats");
    let outputs = ["text", "json", "sarif"].map(|format| format!("{format}={}/{format}", folder.path()));
    let [text, json, sarif] = &outputs;
    let run = leastwise(&[
        "scan", ESTATE, "--format", "json", "--output", text, "--output", json, "--output", sarif,
    ]);
    assert_eq!(run.code, 1);
    let read = |name: &str| fs::read_to_string(folder.0.join(name)).unwrap();
    assert_eq!(read("json"), run.out);
    assert!(read("text").contains("findings: "));
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["schema"], "leastwise/report/1");
    let log: serde_json::Value = serde_json::from_str(&read("sarif")).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), report["findings"].as_array().unwrap().len());
    let nowhere = leastwise(&["scan", ESTATE, "--output", "json=no/such/folder/x"]);
    nowhere.could_not(&["the analysis took place, but the report was not written", "no/such/folder/x"]);
}

#[test]
fn questions_are_answered() {
    let can = leastwise(&["can", "developer", "sts:assumerole", "role/on-call", "--estate", ESTATE]);
    assert_eq!(can.code, 0, "{}", can.err);
    assert!(can.out.starts_with("yes"), "{}", can.out);
    assert!(can.out.contains("`sts:AssumeRole`"), "{}", can.out);
    leastwise(&["can", "develper", "s3:GetObject", "*", ESTATE])
        .could_not(&["no principal goes by `develper`"]);
    leastwise(&["can", "developer", "s3:GetObjekt", "*", ESTATE])
        .could_not(&["no action `s3:GetObjekt`", "`s3:GetObject`"]);
    let paths = leastwise(&["paths", ESTATE, "--to", "admin", "--from", "developer"]);
    assert_eq!(paths.code, 0);
    assert!(paths.out.contains("1 path to an administrator"), "{}", paths.out);
}

#[test]
fn suggestions_need_a_log() {
    leastwise(&["recommend", ESTATE]).could_not(&["--usage"]);
    leastwise(&["recommend", ESTATE, "--usage", "gone.jsonl"])
        .could_not(&["cannot read `gone.jsonl`", "no activity log was read"]);
    let folder = Folder::new("log");
    let other = folder.file("other.json", "{\"a\": 1}");
    leastwise(&["recommend", ESTATE, "--usage", &other])
        .could_not(&["is no activity log", "no activity log was read"]);
}

#[test]
fn rules_are_explained() {
    let rules = leastwise(&["rules"]);
    let first = rules.out.lines().nth(1).unwrap().split_whitespace().next().unwrap();
    let explained = leastwise(&["explain", first]);
    assert_eq!(explained.code, 0);
    assert!(explained.out.starts_with(&format!("# {first} (")), "{}", explained.out);
    let mut misspelt = first.to_owned();
    misspelt.pop();
    leastwise(&["explain", &misspelt]).could_not(&["did you mean", first]);
}
