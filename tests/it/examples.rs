//! The examples: what the commands of the demo print is compared with the files beside the examples, and each example
//! is checked for what a reader is promised to see in it.
//!
//! `LEASTWISE_BLESS=1 cargo test --test it examples` writes the files anew; read the difference before you keep it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// One command of the demo.
struct Case {
    name: &'static str,
    arguments: &'static [&'static str],
    exit: i32,
    /// Whether it needs the solver's optimizer.
    needs_z3: bool,
}

const CASES: &[Case] = &[
    Case {
        name: "pull-request/check",
        arguments: &["check", "examples/pull-request/after", "--base", "examples/pull-request/before"],
        exit: 1,
        needs_z3: false,
    },
    Case {
        name: "aws-organization/scan",
        arguments: &["scan", "examples/aws-organization"],
        exit: 1,
        needs_z3: false,
    },
    Case {
        name: "aws-organization/paths",
        arguments: &["paths", "examples/aws-organization", "--to", "admin"],
        exit: 0,
        needs_z3: false,
    },
    Case {
        name: "aws-organization/can",
        arguments: &[
            "can",
            "data-science",
            "iam:CreateUser",
            "arn:aws:iam::111122223333:user/mallory",
            "examples/aws-organization",
        ],
        exit: 0,
        needs_z3: false,
    },
    Case {
        name: "aws-organization/access",
        arguments: &["access", "alice", "examples/aws-organization"],
        exit: 0,
        needs_z3: false,
    },
    Case {
        name: "azure-tenant/scan",
        arguments: &["scan", "examples/azure-tenant"],
        exit: 1,
        needs_z3: false,
    },
    Case {
        name: "azure-tenant/paths",
        arguments: &["paths", "examples/azure-tenant"],
        exit: 0,
        needs_z3: false,
    },
    Case {
        name: "azure-tenant/who-can",
        arguments: &[
            "who-can",
            "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
            "reports",
            "examples/azure-tenant",
        ],
        exit: 0,
        needs_z3: false,
    },
    Case {
        name: "azure-tenant/can",
        arguments: &[
            "can",
            "ines.brandt@nordlicht.example",
            "Microsoft.Network/virtualNetworks/write",
            "scada",
            "examples/azure-tenant",
        ],
        exit: 0,
        needs_z3: false,
    },
    Case {
        name: "aws-lambda/recommend",
        arguments: &["recommend", "examples/aws-lambda/account", "--usage", "examples/aws-lambda/AWSLogs"],
        exit: 0,
        needs_z3: true,
    },
    Case {
        name: "aws-lambda/diff",
        arguments: &[
            "recommend",
            "examples/aws-lambda/account",
            "--usage",
            "examples/aws-lambda/AWSLogs",
            "--diff",
        ],
        exit: 0,
        needs_z3: true,
    },
    Case {
        name: "azure-contributor/recommend",
        arguments: &[
            "recommend",
            "examples/azure-contributor/estate",
            "--usage",
            "examples/azure-contributor/logs",
        ],
        exit: 0,
        needs_z3: true,
    },
    Case { name: "gcp-editor/scan", arguments: &["scan", "examples/gcp-editor"], exit: 1, needs_z3: false },
    Case {
        name: "gcp-editor/recommend",
        arguments: &[
            "recommend",
            "examples/gcp-editor",
            "--usage",
            "examples/gcp-editor/audit-log.jsonl.gz",
            "--days",
            "90",
        ],
        exit: 0,
        needs_z3: true,
    },
    Case {
        name: "gcp-editor/diff",
        arguments: &[
            "recommend",
            "examples/gcp-editor",
            "--usage",
            "examples/gcp-editor/audit-log.jsonl.gz",
            "--diff",
        ],
        exit: 0,
        needs_z3: true,
    },
];

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(arguments: &[&str]) -> (String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_leastwise"))
        .args(arguments)
        .current_dir(package())
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary runs");
    let text = String::from_utf8(output.stdout).expect("the output is UTF-8");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!errors.contains("internal error"), "{errors}");
    (text, output.status.code().unwrap_or(-1))
}

fn expected_file(case: &Case) -> PathBuf {
    let (example, command) = case.name.split_once('/').expect("a name has two parts");
    package().join("examples").join(example).join("expected").join(format!("{command}.txt"))
}

#[test]
fn commands_print_what_is_expected() {
    let bless = std::env::var_os("LEASTWISE_BLESS").is_some();
    let mut broken = Vec::new();
    for case in CASES.iter().filter(|case| cfg!(feature = "z3") || !case.needs_z3) {
        let (text, exit) = run(case.arguments);
        let file = expected_file(case);
        if bless {
            std::fs::create_dir_all(file.parent().expect("it lies in a folder"))
                .expect("the folder can be made");
            std::fs::write(&file, &text).expect("the file can be written");
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if text != expected {
            broken.push(format!("{}: expected\n{expected}\n--- but it printed\n{text}", case.name));
        }
        if exit != case.exit {
            broken.push(format!("{}: expected exit code {}, got {exit}", case.name, case.exit));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

#[test]
fn the_same_command_prints_the_same_bytes() {
    for case in CASES.iter().filter(|case| cfg!(feature = "z3") || !case.needs_z3) {
        assert_eq!(run(case.arguments), run(case.arguments), "{}", case.name);
    }
}

fn findings(path: &str) -> Vec<Value> {
    let (text, _) = run(&["scan", path, "--format", "json"]);
    let report: Value = serde_json::from_str(&text).expect("the report is JSON");
    report["findings"].as_array().expect("it has findings").clone()
}

/// Whether some finding of `rule` mentions all `words` in its message.
fn reports(findings: &[Value], rule: &str, words: &[&str]) -> bool {
    findings.iter().any(|finding| {
        let message = finding["message"].as_str().unwrap_or_default();
        finding["rule"] == rule && words.iter().all(|word| message.contains(word))
    })
}

#[test]
fn the_organization_shows_what_its_readme_promises() {
    let found = findings("examples/aws-organization");
    let yes: &[(&str, &[&str])] = &[
        ("administrator-access", &["break-glass", "under some conditions"]),
        ("administrator-access", &["platform-admin", "always"]),
        ("path-to-administrator", &["role/developer", "platform-admin", "3 steps"]),
        ("wildcard-action", &["thumbnails", "s3:*"]),
        ("public-resource", &["acme-public-assets"]),
        ("external-access", &["acme-exports"]),
        ("external-access", &["vendor-monitoring"]),
    ];
    for (rule, words) in yes {
        assert!(reports(&found, rule, words), "no finding of `{rule}` with {words:?}");
    }
    let no: &[(&str, &[&str])] = &[
        ("administrator-access", &["data-science"]),
        ("path-to-administrator", &["release-bot"]),
        ("path-to-administrator", &["data-science"]),
        ("public-resource", &["acme-invoices"]),
        ("public-resource", &["acme-exports"]),
        ("external-access", &["platform-admin`"]),
    ];
    for (rule, words) in no {
        assert!(!reports(&found, rule, words), "a finding of `{rule}` with {words:?} is wrong");
    }
}

#[test]
fn the_tenant_shows_what_its_readme_promises() {
    let found = findings("examples/azure-tenant");
    let yes: &[(&str, &[&str])] = &[
        ("administrator-access", &["deploy-pipeline", "always"]),
        ("administrator-access", &["paul.adler", "managementGroups/nordlicht"]),
        ("path-to-administrator", &["jonas.weber", "meter-import", "one step"]),
        ("path-to-administrator", &["mira.salah", "eligible"]),
        ("path-to-administrator", &["otto.lang", "elevated", "`/`"]),
        ("public-resource", &["brochures"]),
    ];
    for (rule, words) in yes {
        assert!(reports(&found, rule, words), "no finding of `{rule}` with {words:?}");
    }
    let no: &[(&str, &[&str])] = &[
        ("administrator-access", &["mira.salah"]),
        ("administrator-access", &["otto.lang"]),
        ("administrator-access", &["backup-orchestrator"]),
        ("path-to-administrator", &["backup-orchestrator"]),
        ("public-resource", &["legacy"]),
        ("public-resource", &["drafts"]),
    ];
    for (rule, words) in no {
        assert!(!reports(&found, rule, words), "a finding of `{rule}` with {words:?} is wrong");
    }
}

#[test]
fn every_place_in_a_report_is_the_text_it_speaks_of() {
    for example in ["examples/aws-organization", "examples/azure-tenant", "examples/gcp-editor"] {
        for finding in findings(example) {
            let place = &finding["place"];
            let Some(path) = place["path"].as_str() else { continue };
            let text =
                std::fs::read_to_string(package().join(path)).expect("the path is a file of the example");
            let line = place["line"].as_u64().expect("a line") as usize;
            let column = place["column"].as_u64().expect("a column") as usize;
            let rest: String =
                text.lines().nth(line - 1).unwrap_or_default().chars().skip(column - 1).collect();
            assert!(
                rest.starts_with(['{', '"', '[']),
                "{}: {path}:{line}:{column} is `{rest}`",
                finding["message"]
            );
        }
    }
}

#[cfg(feature = "z3")]
#[test]
fn the_editor_gets_one_role_on_one_bucket() {
    let (text, _) = run(&[
        "recommend",
        "examples/gcp-editor",
        "--usage",
        "examples/gcp-editor/audit-log.jsonl.gz",
        "--principal",
        "uploader@acme-media.iam.gserviceaccount.com",
        "--days",
        "90",
        "--format",
        "json",
    ]);
    let report: Value = serde_json::from_str(&text).expect("the report is JSON");
    let suggestion = &report["suggestions"][0];
    let replacement = suggestion["replacement"].as_array().expect("a replacement");
    assert_eq!(replacement.len(), 1, "{replacement:?}");
    assert_eq!(replacement[0]["role"], "roles/storage.objectCreator");
    assert_eq!(suggestion["proof"]["keeps"]["holds"], true);
    assert_eq!(suggestion["proof"]["narrows"]["holds"], true);
}

#[test]
fn the_function_gets_what_it_uses() {
    let (text, _) = run(&[
        "recommend",
        "examples/aws-lambda/account",
        "--usage",
        "examples/aws-lambda/AWSLogs",
        "--principal",
        "thumbnails",
        "--format",
        "json",
    ]);
    let report: Value = serde_json::from_str(&text).expect("the report is JSON");
    let suggestion = &report["suggestions"][0];
    assert_eq!(suggestion["applicability"], "safe");
    assert_eq!(suggestion["held"][0]["what"], "arn:aws:iam::aws:policy/AdministratorAccess");
    assert_eq!(suggestion["proof"]["replayed"], 1_269);
    let policy = &suggestion["replacement"][0]["policy"]["Statement"];
    let allowed: Vec<&Value> =
        policy.as_array().expect("statements").iter().map(|one| &one["Action"]).collect();
    let logs = serde_json::json!(["logs:CreateLogStream", "logs:PutLogEvents"]);
    assert_eq!(
        allowed,
        ["dynamodb:PutItem".into(), logs, "s3:GetObject".into(), "s3:PutObject".into()]
            .iter()
            .collect::<Vec<&Value>>()
    );
}

/// The README's console blocks, each as its command and its lines.
#[cfg(feature = "z3")]
fn readme_blocks() -> Vec<(Vec<String>, Vec<String>)> {
    let readme = std::fs::read_to_string(package().join("README.md")).expect("there is a README");
    let mut blocks = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        let mut lines = block.lines().map(str::to_owned);
        let first = lines.next().unwrap_or_default();
        let shown: Vec<String> = lines.collect();
        if let Some(command) = first.strip_prefix("$ leastwise ")
            && shown.iter().any(|line| !line.starts_with("$ "))
        {
            blocks.push((command.split(' ').map(str::to_owned).collect(), shown));
        }
    }
    blocks
}

#[cfg(feature = "z3")]
#[test]
fn the_readme_shows_what_is_really_printed() {
    let blocks = readme_blocks();
    assert!(blocks.len() >= 3, "the demo stands in the README");
    for (command, shown) in blocks {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        let (printed, _) = run(&arguments);
        let mut rest = printed.as_str();
        for part in shown.join("\n").split("[…]") {
            let part = part.trim_matches('\n');
            let at = rest.find(part).unwrap_or_else(|| panic!("`{command:?}` does not print\n{part}"));
            rest = rest.split_at(at + part.len()).1;
        }
    }
}
