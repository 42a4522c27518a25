//! Reads the access entries of a BigQuery dataset, an older way to say what bindings say:
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets#Dataset>.
//!
//! Authorized views, routines and datasets get access without a principal; that is named as missing, not followed.

use super::ast::{Basic, Binding, Member};
use super::parse::{self, PlacedBinding};
use super::shapes;
use crate::model::{Gap, GapKind, Origin};
use crate::text::{Located, Problem, Route, Tree};

/// A dataset as it was read.
pub(super) struct Dataset {
    /// Its full resource name.
    pub(super) name: String,
    /// Its access entries; `None` where the document lists the dataset without them.
    pub(super) bindings: Option<Vec<PlacedBinding>>,
    /// What is not followed.
    pub(super) gaps: Vec<Gap>,
}

/// `None` after a problem when it is no dataset.
pub(super) fn read(tree: &Tree, route: &Route, problems: &mut Vec<Problem>) -> Option<Dataset> {
    let reference = tree.get("datasetReference");
    let part = |key: &str| reference?.get(key)?.as_str();
    let (Some(project), Some(id)) = (part("projectId"), part("datasetId")) else {
        let problem = Problem::error(
            "gcp-dataset-shape",
            "a dataset without `datasetReference.projectId` and `.datasetId`",
        );
        problems.push(problem.at(tree.span).help("export it with `bq show --format=prettyjson P:D`"));
        return None;
    };
    shapes::check(tree, &shapes::DATASET, problems);
    let mut dataset = Dataset {
        name: format!("//bigquery.googleapis.com/projects/{project}/datasets/{id}"),
        bindings: None,
        gaps: Vec::new(),
    };
    let route = route.key("access");
    let Some(items) = tree.get("access").map(Tree::as_list) else { return Some(dataset) };
    let Some(items) = items else {
        problems.push(parse::wrong(tree.get("access").unwrap_or(tree), "`access`", "an array of entries"));
        return None;
    };
    let entries = items.iter().enumerate();
    let read =
        entries.filter_map(|(index, entry)| dataset.entry(entry, project, route.index(index), problems));
    let bindings = read.collect();
    Some(Dataset { bindings: Some(bindings), ..dataset })
}

impl Dataset {
    fn entry(
        &mut self,
        entry: &Tree,
        project: &str,
        route: Route,
        problems: &mut Vec<Problem>,
    ) -> Option<PlacedBinding> {
        if let Some(kind) = ["view", "routine", "dataset"].into_iter().find(|kind| entry.get(kind).is_some())
        {
            let what = format!("authorized {kind} of `{}`", self.name);
            self.gaps.push(Gap {
                kind: GapKind::MissingPolicy,
                message: format!(
                    "an authorized {kind} reads `{}` for whoever may use it, which is not followed",
                    self.name
                ),
                origin: Some(Origin { span: Some(entry.span), route, what }),
            });
            return None;
        }
        let role = entry.get("role").and_then(|role| Some((role.as_str()?, role.span)));
        let (Some((role, span)), Some(member)) = (role, member(entry, project)) else {
            problems.push(
                Problem::error(
                    "gcp-dataset-access",
                    "an access entry without a role or without a principal that is known",
                )
                .at(entry.span)
                .help("it was left out; export the dataset again with `bq show --format=prettyjson`"),
            );
            return None;
        };
        let condition = match entry.get("condition").filter(|condition| !condition.is_null()) {
            Some(condition) => Some(parse::read_condition(condition, problems)?),
            None => None,
        };
        let role = Located::new(equivalent(role).into(), span);
        let binding = Binding { role, members: vec![member], condition, gaps: Vec::new() };
        Some(PlacedBinding { binding, route })
    }
}

/// The role that an access role is: <https://cloud.google.com/bigquery/docs/access-control-basic-roles>.
fn equivalent(role: &str) -> &str {
    match role {
        "READER" => "roles/bigquery.dataViewer",
        "WRITER" => "roles/bigquery.dataEditor",
        "OWNER" => "roles/bigquery.dataOwner",
        other => other,
    }
}

fn member(entry: &Tree, project: &str) -> Option<Located<Member>> {
    let text = |key: &str| entry.get(key).and_then(|value| Some((value.as_str()?, value.span)));
    let mail = |mail: &str| {
        let kind = if mail.ends_with(".gserviceaccount.com") { "serviceAccount" } else { "user" };
        Member::read(&format!("{kind}:{mail}"))
    };
    if let Some((address, span)) = text("userByEmail") {
        return Some(Located::new(mail(address), span));
    }
    if let Some((address, span)) = text("groupByEmail") {
        return Some(Located::new(Member::read(&format!("group:{address}")), span));
    }
    if let Some((domain, span)) = text("domain") {
        return Some(Located::new(Member::read(&format!("domain:{domain}")), span));
    }
    if let Some((member, span)) = text("iamMember") {
        return Some(Located::new(Member::read(member), span));
    }
    let (group, span) = text("specialGroup")?;
    let holders = |basic| Some(Member::Holders(basic, project.to_owned()));
    let member = match group {
        "projectOwners" => holders(Basic::Owner),
        "projectWriters" => holders(Basic::Editor),
        "projectReaders" => holders(Basic::Viewer),
        "allAuthenticatedUsers" => Some(Member::AllAuthenticatedUsers),
        "allUsers" => Some(Member::AllUsers),
        _ => None,
    };
    Some(Located::new(member?, span))
}
