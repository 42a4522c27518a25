//! Escalation steps: that the files of the program are read without a problem, and that what other catalogs publish is
//! covered by them.

#[path = "escalation/alike.rs"]
mod alike;
#[path = "escalation/azure.rs"]
mod azure;
#[path = "escalation/cases.rs"]
mod cases;
#[path = "escalation/gcp.rs"]
mod gcp;
#[path = "escalation/questions.rs"]
mod questions;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use leastwise::clouds::CLOUDS;
use leastwise::clouds::escalation::{self, Step};
use leastwise::text::{Files, yaml};

use crate::shared::shared;

fn steps_of(cloud: &str) -> &'static [Step] {
    CLOUDS.iter().find(|found| found.id().as_str() == cloud).unwrap().escalation()
}

/// The ids of the steps that published catalogs list for AWS.
const PUBLISHED: &[&str] = &[
    "apprunner-001",
    "apprunner-002",
    "bedrock-001",
    "bedrock-002",
    "cloudformation-001",
    "cloudformation-002",
    "cloudformation-003",
    "cloudformation-004",
    "cloudformation-005",
    "codebuild-001",
    "codebuild-002",
    "codebuild-003",
    "codebuild-004",
    "datapipeline-001",
    "ec2-001",
    "ec2-002",
    "ec2-003",
    "ec2-004",
    "ec2instanceconnect-003",
    "ecs-001",
    "ecs-002",
    "ecs-003",
    "ecs-004",
    "ecs-005",
    "glue-001",
    "glue-002",
    "glue-003",
    "glue-004",
    "glue-005",
    "glue-006",
    "iam-001",
    "iam-002",
    "iam-003",
    "iam-004",
    "iam-005",
    "iam-006",
    "iam-007",
    "iam-008",
    "iam-009",
    "iam-010",
    "iam-011",
    "iam-012",
    "iam-013",
    "iam-014",
    "iam-015",
    "iam-016",
    "iam-017",
    "iam-018",
    "iam-019",
    "iam-020",
    "iam-021",
    "lambda-001",
    "lambda-002",
    "lambda-003",
    "lambda-004",
    "lambda-005",
    "lambda-006",
    "sagemaker-001",
    "sagemaker-002",
    "sagemaker-003",
    "sagemaker-004",
    "sagemaker-005",
    "ssm-001",
    "ssm-002",
    "sts-001",
];

#[test]
fn files_of_steps_are_read_without_a_problem() {
    for cloud in CLOUDS {
        let path = format!("policies/{}/escalation.yaml", cloud.id());
        let Ok(text) = fs::read_to_string(&path) else {
            assert!(cloud.escalation().is_empty(), "{path} is absent");
            continue;
        };
        let mut problems = Vec::new();
        let file = Files::default().add(path.clone(), text.as_str());
        let tree = yaml::parse(file, &text, &mut problems).unwrap();
        let written = tree.get("steps").and_then(|steps| steps.as_list()).unwrap().len();
        let read = escalation::read(&tree, &mut problems);
        let told: Vec<String> = problems.iter().map(|problem| problem.message.clone()).collect();
        assert!(problems.is_empty(), "{path}: {}", told.join("\n"));
        assert_eq!(read.len(), written, "{path}");
        assert_eq!(cloud.escalation().len(), written, "{path}");
    }
}

#[test]
fn every_published_step_of_aws_is_there_under_its_id() {
    let mut aliases: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
    for step in steps_of("aws") {
        for alias in &step.aliases {
            aliases.entry(alias).or_default().push(step);
        }
    }
    for id in PUBLISHED {
        assert!(aliases.contains_key(id), "no step has the alias `{id}`");
    }
    assert_eq!(aliases.keys().copied().collect::<BTreeSet<_>>(), PUBLISHED.iter().copied().collect());
    let Some(path) = shared("oracles/aws-escalation-paths.tsv") else { return };
    let text = fs::read_to_string(path).unwrap();
    let mut rows = 0;
    for row in text.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (id, actions) = (columns[0], columns[4]);
        let steps = aliases.get(id).unwrap_or_else(|| panic!("no step has the alias `{id}`"));
        // A published step may be two of ours: one that changes a principal and one that becomes it.
        let needed: BTreeSet<&str> =
            steps.iter().flat_map(|step| &step.needs).map(|need| &*need.action).collect();
        for action in actions.split(';').map(str::trim) {
            // Looking at things is no part of a step, and taking on a role is a step of its own.
            let aside = ["ec2:DescribeInstances", "sts:AssumeRole"].contains(&action) && id != "sts-001";
            assert!(aside || needed.contains(action), "`{id}` needs `{action}`, our steps {needed:?}");
        }
        rows += 1;
    }
    assert_eq!(rows, PUBLISHED.len());
}

/// The methods that published catalogs list for Google Cloud.
const METHODS: &[&str] = &[
    "CreateAPIKey",
    "CreateCloudSchedulerHTTPRequest",
    "CreateDeploymentManagerDeployment",
    "CreateGCEInstanceWithSA",
    "CreateServiceAccountHMACKey",
    "CreateServiceAccountKey",
    "ExfilCloudFunctionCredsAuthCall",
    "ExfilCloudFunctionCredsUnauthCall",
    "ExfilCloudRunServiceAuthCall",
    "ExfilCloudRunServiceUnauthCall",
    "GetServiceAccountAccessToken",
    "RCECloudBuildBuildServer",
    "ServiceAccountImplicitDelegation",
    "ServiceAccountSignBlob",
    "ServiceAccountSignJwt",
    "SetFolderIAMPolicy",
    "SetOrgIAMPolicy",
    "SetOrgPolicyConstraints",
    "SetProjectIAMPolicy",
    "SetServiceAccountIAMPolicy",
    "UpdateCloudFunction",
    "UpdateIAMRole",
    "ViewExistingAPIKeys",
];

/// The aliases that a file of steps says are no steps.
fn passed_over(cloud: &str) -> BTreeSet<String> {
    let path = format!("policies/{cloud}/escalation.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let tree = yaml::parse(Files::default().add(path, text.as_str()), &text, &mut Vec::new()).unwrap();
    let listed = tree.get("not_steps").and_then(|listed| listed.as_list()).unwrap_or_default();
    let aliases = listed.iter().filter_map(|item| item.get("aliases")?.as_list()).flatten();
    aliases.filter_map(|alias| Some(alias.as_str()?.to_owned())).collect()
}

#[test]
fn every_published_method_of_google_cloud_is_a_step_or_told_to_be_none() {
    let passed_over = passed_over("gcp");
    let mut covered = passed_over.clone();
    let mut needed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for step in steps_of("gcp") {
        for alias in &step.aliases {
            assert!(!passed_over.contains(&**alias), "`{alias}` is a step and is told to be none");
            covered.insert(alias.to_string());
            needed.entry(alias).or_default().extend(step.needs.iter().map(|need| &*need.action));
        }
    }
    assert_eq!(covered, METHODS.iter().map(|method| (*method).to_owned()).collect());
    let Some(path) = shared("oracles/gcp-escalation-methods.tsv") else { return };
    let mut rows = 0;
    for row in fs::read_to_string(path).unwrap().lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let (method, permissions) = (columns[0], columns[1]);
        assert!(METHODS.contains(&method), "`{method}` is neither a step nor told to be none");
        rows += 1;
        let Some(needed) = needed.get(method) else { continue };
        for permission in permissions.split(';').map(str::trim) {
            let is_needed = needed.iter().any(|own| own.eq_ignore_ascii_case(permission));
            assert!(is_needed, "`{method}` needs `{permission}`, our steps {needed:?}");
        }
    }
    assert_eq!(rows, METHODS.len());
}
