//! How long an organization of Google Cloud takes to be loaded and analysed, how much memory that needs at its peak,
//! and how both grow with its size.
//!
//! Organizations are made up here, the same every time, as Asset Inventory prints them: folders of fifty projects;
//! twenty bindings for each project, of which fourteen are on the project itself, four on a bucket and two on a service
//! account; groups that a hundred projects share, and their members. `cargo bench --bench organization -- 1000 10000`
//! measures these numbers of projects; each is measured in a process of its own, so that peaks can be told apart.

#![expect(clippy::print_stdout, reason = "prints times and sizes")]
#![expect(clippy::disallowed_methods, reason = "writes the organization to a folder of its own")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use leastwise::clouds::CLOUDS;
use leastwise::evaluator::{Evaluator, OneDocument};
use leastwise::findings::{self, Context};
use leastwise::graph::Graph;
use leastwise::input;
use leastwise::input::disk::Limits;
use leastwise::model::Estate;
use leastwise::solver::Portfolio;
use serde_json::{Value, json};

#[path = "clock/mod.rs"]
mod clock;

use clock::Clock;

/// Tells the process that measures one size from the one that starts it.
const ONE: &str = "--one";
const PROJECTS_OF_A_FOLDER: usize = 50;
const PROJECTS_OF_A_TEAM: usize = 100;

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if std::env::args().any(|argument| argument == ONE) {
        numbers.into_iter().for_each(measure);
        return;
    }
    let sizes = if numbers.is_empty() { vec![1_000, 3_333, 10_000] } else { numbers };
    println!("projects  bindings  principals     JSON      load   analyse  load peak  whole peak  findings");
    let Ok(own) = std::env::current_exe() else { return };
    for size in sizes {
        drop(Command::new(&own).args([ONE, &size.to_string()]).status());
    }
}

fn measure(projects: usize) {
    let folder = std::env::temp_dir().join(format!("leastwise-organization-{}", std::process::id()));
    let (bytes, bindings) = write(&folder, projects);
    // What is the same for every organization is not counted.
    CLOUDS.iter().for_each(|cloud| drop(cloud.universe()));
    let before = peak();
    let paths = [folder.to_string_lossy().into_owned()];
    let clock = Clock::start();
    let loaded = input::load(&paths, Limits::default());
    let load = clock.elapsed();
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems.first());
    let (after_load, principals) = (peak(), loaded.estate.principals().count());
    let clock = Clock::start();
    let found = analyse(&loaded.estate);
    let analysed = clock.elapsed();
    let mega = |kibi: u64| kibi.saturating_sub(before) / 1024;
    println!(
        "{projects:>8} {bindings:>9} {principals:>11} {:>5.1} MB {:>7.2} s {:>7.2} s {:>7} MB {:>8} MB {found:>9}",
        bytes as f64 / 1e6,
        seconds(load),
        seconds(analysed),
        mega(after_load),
        mega(peak()),
    );
    drop(fs::remove_dir_all(&folder));
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// The most memory that the process held so far, in KiB, where the system tells it.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// What `leastwise scan` does.
fn analyse(estate: &Estate) -> usize {
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(estate, &portfolio);
    let documents = OneDocument::all(&evaluator);
    let graph = Graph::build(&evaluator, &[]);
    let found = graph.and_then(|graph| findings::run(&Context::new(evaluator, &graph, &documents)));
    found.map_or(0, |found| found.len())
}

/// Writes the organization into a folder. Answers how many bytes and bindings it has.
fn write(folder: &Path, projects: usize) -> (usize, usize) {
    drop(fs::create_dir_all(folder));
    let mut rows = Vec::new();
    let organization = Organization { projects };
    organization.top(&mut rows);
    for project in 0..projects {
        organization.project(project, &mut rows);
    }
    let lists = rows.iter().filter_map(|row| row.pointer("/policy/bindings")?.as_array());
    let bindings = lists.map(Vec::len).sum();
    let mut bytes = 0;
    let mut put = |name: &str, value: &Value| {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        bytes += text.len();
        drop(fs::write(folder.join(name), text));
    };
    put("policies.json", &Value::Array(rows));
    for (group, members) in organization.groups() {
        put(&format!("group-{group}.members.json"), &members);
    }
    (bytes, bindings)
}

struct Organization {
    projects: usize,
}

impl Organization {
    fn teams(&self) -> usize {
        self.projects.div_ceil(PROJECTS_OF_A_TEAM)
    }

    /// The organization and its folders.
    fn top(&self, rows: &mut Vec<Value>) {
        let bindings = json!([
            binding("roles/resourcemanager.organizationAdmin", &["group:admins@example.com"]),
            binding("roles/iam.securityReviewer", &["group:auditors@example.com"]),
            binding("roles/logging.admin", &["serviceAccount:logs@p-0.iam.gserviceaccount.com"]),
        ]);
        let organization = "//cloudresourcemanager.googleapis.com/organizations/1";
        rows.push(row(organization, "Organization", &[], &bindings));
        for folder in 0..self.projects.div_ceil(PROJECTS_OF_A_FOLDER) {
            let name = format!("//cloudresourcemanager.googleapis.com/folders/{}", 100 + folder);
            let admins = format!("group:team-{}-leads@example.com", folder % self.teams());
            let bindings = json!([binding("roles/resourcemanager.folderViewer", &[admins.as_str()])]);
            rows.push(row(&name, "Folder", &[], &bindings));
        }
    }

    fn project(&self, index: usize, rows: &mut Vec<Value>) {
        let id = format!("p-{index}");
        let number = 1_000_000 + index;
        let team = index % self.teams();
        let account = |name: &str| format!("serviceAccount:{name}@{id}.iam.gserviceaccount.com");
        let default = format!("serviceAccount:{number}-compute@developer.gserviceaccount.com");
        let (leads, people) =
            (format!("group:team-{team}-leads@example.com"), format!("group:team-{team}@example.com"));
        let person = format!("user:person-{}@example.com", (index * 7) % (self.teams() * 20));
        let mut bindings = vec![
            binding("roles/owner", &[&leads]),
            binding("roles/viewer", &[&people]),
            binding("roles/editor", &[&default]),
            binding("roles/run.developer", &[&people, &account("deploy")]),
            binding("roles/iam.serviceAccountUser", &[&account("deploy")]),
            binding("roles/artifactregistry.writer", &[&account("deploy")]),
            binding("roles/cloudsql.client", &[&account("app")]),
            binding("roles/pubsub.publisher", &[&account("app")]),
            binding("roles/secretmanager.secretAccessor", &[&account("app")]),
            binding("roles/logging.logWriter", &[&account("app"), &account("deploy")]),
            binding("roles/monitoring.metricWriter", &[&account("app")]),
            binding("roles/bigquery.jobUser", &[&people, &account("app")]),
            binding("roles/compute.viewer", &["group:auditors@example.com"]),
        ];
        let until = format!("request.time < timestamp('20{}-01-01T00:00:00Z')", 27 + index % 3);
        bindings.push(json!({"role": "roles/storage.objectViewer", "members": [person],
            "condition": {"title": "until", "expression": until}}));
        let above = [format!("folders/{}", 100 + index / PROJECTS_OF_A_FOLDER)];
        let project = format!("//cloudresourcemanager.googleapis.com/projects/{id}");
        rows.push(placed(
            &project,
            "cloudresourcemanager.googleapis.com/Project",
            number,
            &above,
            &json!(bindings),
        ));
        let bucket = json!([
            binding(
                "roles/storage.legacyBucketOwner",
                &[&format!("projectEditor:{id}"), &format!("projectOwner:{id}")]
            ),
            binding("roles/storage.legacyBucketReader", &[&format!("projectViewer:{id}")]),
            binding("roles/storage.objectAdmin", &[&account("app")]),
            binding("roles/storage.objectViewer", &[&people]),
        ]);
        let name = format!("//storage.googleapis.com/bucket-of-{id}");
        rows.push(placed(&name, "storage.googleapis.com/Bucket", number, &above, &bucket));
        let own = json!([
            binding("roles/iam.serviceAccountTokenCreator", &[&leads]),
            binding(
                "roles/iam.workloadIdentityUser",
                &[
                    "principalSet://iam.googleapis.com/projects/1000000/locations/global/workloadIdentityPools/ci/attribute.repository/org/app"
                ]
            ),
        ]);
        let mail = format!("deploy@{id}.iam.gserviceaccount.com");
        let name = format!("//iam.googleapis.com/projects/{id}/serviceAccounts/{mail}");
        rows.push(placed(&name, "iam.googleapis.com/ServiceAccount", number, &above, &own));
    }

    /// Groups with their members, as exports of memberships have them.
    fn groups(&self) -> Vec<(String, Value)> {
        let people = |from: usize, count: usize| {
            (from..from + count).map(|person| format!("person-{person}@example.com")).collect::<Vec<_>>()
        };
        let mut groups = vec![
            ("admins@example.com".to_owned(), members(&people(0, 3), "USER")),
            ("auditors@example.com".to_owned(), members(&people(3, 5), "USER")),
        ];
        for team in 0..self.teams() {
            let leads = format!("team-{team}-leads@example.com");
            groups.push((leads.clone(), members(&people(team * 20, 2), "USER")));
            let mut all = people(team * 20 + 2, 18);
            all.push(leads);
            groups.push((format!("team-{team}@example.com"), members(&all, "USER")));
        }
        groups
    }
}

fn members(names: &[String], kind: &str) -> Value {
    let rows = names.iter().map(|name| {
        let kind = if name.starts_with("team-") { "GROUP" } else { kind };
        json!({"preferredMemberKey": {"id": name}, "roles": [{"name": "MEMBER"}], "type": kind})
    });
    rows.collect()
}

fn binding(role: &str, members: &[&str]) -> Value {
    json!({"role": role, "members": members})
}

fn row(name: &str, kind: &str, above: &[String], bindings: &Value) -> Value {
    let kind = format!("cloudresourcemanager.googleapis.com/{kind}");
    json!({"resource": name, "assetType": kind, "organization": "organizations/1", "folders": above,
        "policy": {"bindings": bindings}})
}

fn placed(name: &str, kind: &str, number: usize, above: &[String], bindings: &Value) -> Value {
    json!({"resource": name, "assetType": kind, "organization": "organizations/1", "folders": above,
        "project": format!("projects/{number}"), "policy": {"bindings": bindings}})
}
