//! `leastwise graph`: what is drawn is what is true. The training accounts (`tests/estates/training`) say which
//! principals have a way to the administration of their account and which have none.

#[path = "graph/browser.rs"]
mod browser;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Stdio};

use leastwise::clouds::CLOUDS;
use serde_json::Value;

const TRAINING: &str = "tests/estates/training";

fn leastwise(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output = command.args(arguments).env_clear().stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every training account with what is expected of it.
fn training() -> Vec<(String, Value)> {
    let mut folders: Vec<String> = fs::read_dir(TRAINING)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    folders.sort();
    assert!(!folders.is_empty());
    let expected = |folder: &String| {
        serde_json::from_str(&fs::read_to_string(format!("{folder}/expected.json")).unwrap()).unwrap()
    };
    folders.into_iter().map(|folder| (folder.clone(), expected(&folder))).collect()
}

fn map(value: &Value) -> BTreeMap<&str, &str> {
    let entries = value.as_object().unwrap().iter();
    entries.map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect()
}

/// The ids under which other catalogs publish a step.
fn aliases() -> BTreeMap<String, BTreeSet<String>> {
    let steps = CLOUDS.iter().flat_map(|cloud| cloud.escalation());
    steps
        .map(|step| (step.id.to_string(), step.aliases.iter().map(|alias| alias.to_string()).collect()))
        .collect()
}

/// The estate of a training account.
fn estate(folder: &str) -> String {
    format!("{folder}/estate")
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&leastwise(&[arguments, &["--format", "json"]].concat())).unwrap()
}

/// A step under its own id and under those that others publish.
fn ids<'a>(
    step: &'a Value,
    aliases: &'a BTreeMap<String, BTreeSet<String>>,
) -> impl Iterator<Item = &'a str> {
    let kind = step["kind"].as_str().unwrap();
    std::iter::once(kind).chain(aliases.get(kind).into_iter().flatten().map(String::as_str))
}

#[test]
fn training_accounts_have_their_paths_and_no_others() {
    let aliases = aliases();
    for (folder, expected) in training() {
        let estate = estate(&folder);
        let to = expected["to"].as_str().unwrap_or("admin");
        let report = json(&["paths", &estate, "--to", to]);
        assert_eq!(report["problems"], Value::Array(Vec::new()), "{folder}");
        // By who starts: the published ids of the steps on each path, and whether one is certain.
        let mut found: BTreeMap<&str, (BTreeSet<&str>, bool)> = BTreeMap::new();
        for path in report["paths"].as_array().unwrap() {
            let (taken, proven) = found.entry(path["from"].as_str().unwrap()).or_default();
            taken.extend(path["steps"].as_array().unwrap().iter().flat_map(|step| ids(step, &aliases)));
            *proven |= path["certainty"]["kind"] == "proven";
        }
        let (sure, assumed) = (map(&expected["paths"]), map(&expected["paths_if_hosts_exist"]));
        for (who, step) in sure.iter().chain(&assumed) {
            let (taken, proven) = found.get(who).unwrap_or_else(|| panic!("{folder}: no path of {who}"));
            let fits = *step == "any" || taken.contains(step);
            assert!(fits, "{folder}: {who} has no path by {step}, only by {taken:?}");
            assert_eq!(*proven, sure.contains_key(who), "{folder}: whether the path of {who} is proven");
        }
        for (who, why) in map(&expected["no_path"]) {
            assert!(!found.contains_key(who), "{folder}: {who} has no path, because {why}: {:?}", found[who]);
        }
        for who in found.keys() {
            assert!(sure.contains_key(who) || assumed.contains_key(who), "{folder}: a path of {who}");
        }
    }
}

/// What is no administration: the keys of a service, the policy of a vault, an account that may do little.
#[test]
fn in_training_accounts_one_comes_to_what_one_should_and_to_nothing_else() {
    let aliases = aliases();
    for (folder, expected) in training() {
        let estate = estate(&folder);
        let triples = |key: &str| {
            let all = expected[key].as_array().unwrap().clone();
            all.into_iter().map(|one| [0, 1, 2].map(|at| one[at].as_str().unwrap().to_owned()))
        };
        let radius = |who: &str| json(&["blast-radius", who, &estate])["reached"]["reached"].clone();
        for [who, what, step] in triples("comes_to") {
            let reached = radius(&who);
            let steps = reached.as_array().unwrap().iter().filter(|one| one["name"] == *what);
            let steps: Vec<Value> = steps.flat_map(|one| one["steps"].as_array().unwrap().clone()).collect();
            let taken: Vec<&str> = steps.iter().flat_map(|one| ids(one, &aliases)).collect();
            assert!(taken.contains(&&*step), "{folder}: {who} to {what} by {step}, only by {taken:?}");
        }
        for [who, what, why] in triples("comes_not_to") {
            let reached = radius(&who);
            let found = reached.as_array().unwrap().iter().find(|one| one["name"] == *what);
            assert!(found.is_none(), "{folder}: {who} does not come to {what}, because {why}: {found:?}");
        }
    }
}

/// Every chain of edges is a path, so what is reached along edges must be what `paths` finds.
#[test]
fn along_the_edges_one_comes_where_the_paths_lead() {
    // A goal of one's own is not drawn.
    for (folder, expected) in training().into_iter().filter(|(_, expected)| expected["to"].is_null()) {
        let graph = json(&["graph", &estate(&folder)])["graph"].clone();
        let nodes = graph["nodes"].as_array().unwrap();
        let mut back: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for edge in graph["edges"].as_array().unwrap() {
            back.entry(edge["to"].as_u64().unwrap()).or_default().push(edge["from"].as_u64().unwrap());
        }
        let goals = nodes.iter().zip(0..).filter(|(node, _)| node["goal"] == true).map(|(_, at)| at);
        let mut open: Vec<u64> = goals.collect();
        let mut reached: BTreeSet<u64> = BTreeSet::new();
        while let Some(at) = open.pop() {
            if reached.insert(at) {
                open.extend(back.get(&at).into_iter().flatten());
            }
        }
        let name = |at: &u64| nodes[usize::try_from(*at).unwrap()]["name"].as_str().unwrap();
        let reached: BTreeSet<&str> = reached.iter().map(name).collect();
        let expected_to = ["paths", "paths_if_hosts_exist"].map(|key| map(&expected[key]));
        for who in expected_to.iter().flat_map(BTreeMap::keys) {
            assert!(reached.contains(who), "{folder}: no edges lead on from {who}");
        }
        for who in expected["administrators"].as_array().unwrap() {
            assert!(reached.contains(who.as_str().unwrap()), "{folder}: {who} administers nothing");
        }
        for who in map(&expected["no_path"]).keys() {
            assert!(!reached.contains(who), "{folder}: edges lead from {who} to the administration");
        }
    }
}

#[test]
fn graphml_is_well_formed_and_has_every_node_and_edge() {
    let text = leastwise(&["graph", "examples/aws-organization", "--format", "graphml"]);
    let json: Value =
        serde_json::from_str(&leastwise(&["graph", "examples/aws-organization", "--format", "json"]))
            .unwrap();
    let mut open: Vec<&str> = Vec::new();
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for tag in text.split('<').skip(1).map(|tag| tag.split_once('>').unwrap().0) {
        let name = tag.split(' ').next().unwrap().trim_end_matches('/');
        match (tag.strip_prefix('/'), tag.ends_with(['/', '?'])) {
            (Some(closed), _) => assert_eq!(open.pop(), Some(closed)),
            (None, true) => {}
            (None, false) => {
                open.push(name);
                *count.entry(name).or_default() += 1;
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(count["node"], json["graph"]["nodes"].as_array().unwrap().len());
    assert_eq!(count["edge"], json["graph"]["edges"].as_array().unwrap().len());
    assert!(count["edge"] > 5);
}

#[test]
fn graphviz_gets_every_edge_between_nodes_that_it_was_told_of() {
    let text = leastwise(&["graph", "examples/aws-organization", "--format", "dot"]);
    let told: BTreeSet<&str> = text
        .lines()
        .filter(|line| !line.contains("->"))
        .filter_map(|line| line.trim().split_once(" ["))
        .map(|(id, _)| id)
        .collect();
    let mut edges = 0;
    for (from, to) in text.lines().filter_map(|line| line.trim().split_once(" -> ")) {
        let (to, _) = to.split_once(" [").unwrap();
        assert!(told.contains(from) && told.contains(to), "{from} -> {to}");
        edges += 1;
    }
    assert!(edges > 5, "{text}");
}

#[test]
fn formats_that_draw_hold_nothing_else() {
    for format in ["html", "dot", "graphml"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
        let output =
            command.args(["scan", "examples/aws-organization", "--format", format]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(&format!("the format `{format}` cannot hold what `scan` finds")), "{said}");
    }
}

/// What runs as somebody leads to it; many of a kind that run as the same are one node.
#[test]
fn what_runs_as_somebody_is_drawn() {
    let folder =
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("graph-hosts-{}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    let mail = "robot@p.iam.gserviceaccount.com";
    let instance = |name: &str| {
        serde_json::json!({"kind": "compute#instance", "name": name, "status": "RUNNING",
            "selfLink": format!("https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/{name}"),
            "serviceAccounts": [{"email": mail, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}]})
    };
    for (count, nodes) in [(2, 2), (4, 4), (5, 1), (200, 1)] {
        let all: Vec<Value> = (0..count).map(|number| instance(&format!("m{number}"))).collect();
        fs::write(folder.join("instances-of-p.json"), serde_json::to_string(&all).unwrap()).unwrap();
        let report: Value =
            serde_json::from_str(&leastwise(&["graph", folder.to_str().unwrap(), "--format", "json"]))
                .unwrap();
        let graph = &report["graph"];
        let all = graph["nodes"].as_array().unwrap();
        assert_eq!(all.iter().filter(|node| node["kind"] == "compute").count(), nodes, "{count}");
        let edges = graph["edges"].as_array().unwrap();
        let runs: Vec<&Value> = edges.iter().filter(|edge| edge["kind"] == "runs-as").collect();
        assert_eq!(runs.len(), nodes, "{count}");
        for edge in runs {
            let end = &all[usize::try_from(edge["to"].as_u64().unwrap()).unwrap()];
            assert_eq!(end["name"], format!("serviceAccount:{mail}"));
            assert!(edge["evidence"][0]["place"].as_str().unwrap().contains("instances-of-p.json:1:"));
        }
        assert_eq!(graph["edge_kinds"][0]["id"], "runs-as");
    }
    fs::remove_dir_all(&folder).unwrap();
}

/// Rows of `gcloud asset search-all-iam-policies`: an organization with so many projects, and two buckets.
fn organization(projects: usize, folder: &std::path::Path) -> Value {
    let row = |name: &str, kind: &str, above: &[&str], role: &str, member: &str| {
        serde_json::json!({"name": name, "assetType": kind, "ancestors": above,
            "iamPolicy": {"bindings": [{"role": role, "members": [member]}]}})
    };
    let manager = "cloudresourcemanager.googleapis.com";
    let mut rows = vec![row(
        &format!("//{manager}/organizations/9"),
        &format!("{manager}/Organization"),
        &["organizations/9"],
        "roles/owner",
        "user:boss@example.com",
    )];
    for number in 1..=projects {
        let above = format!("projects/{number}");
        rows.push(row(
            &format!("//{manager}/projects/p{number}"),
            &format!("{manager}/Project"),
            &[&above, "organizations/9"],
            "roles/viewer",
            "user:ann@example.com",
        ));
    }
    for (bucket, member) in [("open", "allUsers"), ("closed", "user:ann@example.com")] {
        rows.push(row(
            &format!("//storage.googleapis.com/{bucket}"),
            "storage.googleapis.com/Bucket",
            &["projects/1", "organizations/9"],
            "roles/storage.objectViewer",
            member,
        ));
    }
    fs::write(folder.join("policies.json"), serde_json::to_string(&rows).unwrap()).unwrap();
    let report = leastwise(&["graph", folder.to_str().unwrap(), "--format", "json"]);
    serde_json::from_str::<Value>(&report).unwrap()["graph"].clone()
}

#[test]
fn functions_and_services_of_google_cloud_are_drawn_with_whom_they_run_as() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("graph-functions-{}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    let mail = |name: &str| format!("{name}@p.iam.gserviceaccount.com");
    let service = serde_json::json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {"name": "s", "namespace": "p", "labels": {"cloud.googleapis.com/location": "eu"}},
        "spec": {"template": {"spec": {"serviceAccountName": mail("web")}}}});
    let second = serde_json::json!({"name": "projects/p/locations/eu/functions/f", "state": "ACTIVE",
        "environment": "GEN_2", "serviceConfig": {"serviceAccountEmail": mail("new")}});
    let first = serde_json::json!({"name": "projects/p/locations/eu/functions/g", "status": "ACTIVE",
        "serviceAccountEmail": mail("old")});
    let unnamed = serde_json::json!({"name": "projects/p/locations/eu/functions/h", "status": "ACTIVE"});
    let write = |file: &str, rows: Value| fs::write(folder.join(file), rows.to_string()).unwrap();
    write("run-services-of-p.json", serde_json::json!([service]));
    write("functions-of-p.json", serde_json::json!([second, first, unnamed]));
    let report: Value =
        serde_json::from_str(&leastwise(&["graph", folder.to_str().unwrap(), "--format", "json"])).unwrap();
    let nodes = report["graph"]["nodes"].as_array().unwrap();
    let name = |edge: &Value, key: &str| {
        nodes[usize::try_from(edge[key].as_u64().unwrap()).unwrap()]["name"].as_str().unwrap().to_owned()
    };
    let edges = report["graph"]["edges"].as_array().unwrap().iter();
    let runs: BTreeSet<(String, String)> = edges
        .filter(|edge| edge["kind"] == "runs-as")
        .map(|edge| (name(edge, "from"), name(edge, "to")))
        .collect();
    let expected = [
        ("//run.googleapis.com/projects/p/locations/eu/services/s", "web"),
        ("//cloudfunctions.googleapis.com/projects/p/locations/eu/functions/f", "new"),
        ("//cloudfunctions.googleapis.com/projects/p/locations/eu/functions/g", "old"),
    ];
    let expected = expected.map(|(host, who)| (host.to_owned(), format!("serviceAccount:{}", mail(who))));
    assert_eq!(runs, BTreeSet::from(expected));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_public_and_what_lies_below_is_drawn() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("graph-public-{}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    for projects in [1, 3, 40] {
        let graph = organization(projects, &folder);
        let nodes = graph["nodes"].as_array().unwrap();
        let end =
            |edge: &Value, key: &str| nodes[usize::try_from(edge[key].as_u64().unwrap()).unwrap()].clone();
        let of_kind = |kind: &str| -> Vec<(Value, Value)> {
            let edges = graph["edges"].as_array().unwrap().iter().filter(|edge| edge["kind"] == kind);
            edges.map(|edge| (end(edge, "from"), end(edge, "to"))).collect()
        };
        let below = of_kind("contains");
        assert_eq!(below.len(), projects, "{below:?}");
        let holds = |(from, to): &(Value, Value)| from["name"] == "organizations/9" && to["goal"] == true;
        assert!(below.iter().all(holds), "{below:?}");
        let edges = graph["edges"].as_array().unwrap();
        assert!(edges.iter().all(|edge| end(edge, "to")["name"] != "organizations/9"), "nobody leads there");
        assert_eq!(nodes.iter().filter(|node| node["name"] == "organizations/9").count(), 1);
        let open = of_kind("public-access");
        let [(from, to)] = open.as_slice() else { panic!("{open:?}") };
        assert_eq!(from["kind"], "public");
        assert_eq!(to["name"], "//storage.googleapis.com/projects/_/buckets/open");
    }
    fs::remove_dir_all(&folder).unwrap();
}
