//! What runs as a service account: what `gcloud compute instances list`, `gcloud run jobs list`, `gcloud run services list`
//! and `gcloud functions list` print
//! (<https://cloud.google.com/compute/docs/reference/rest/v1/instances>,
//! <https://cloud.google.com/run/docs/reference/rest/v1/namespaces.jobs>,
//! <https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions>). A list of nothing does not name its project: the
//! file does: `instances-of-PROJECT.json`, `run-jobs-of-PROJECT.json`, `run-services-of-PROJECT.json`,
//! `functions-of-PROJECT.json`.

use std::collections::BTreeSet;

use super::gcp_rows::{first_rows, rows};
use super::load::stem;
use super::{Confidence, Document, Format};
use crate::clouds::gcp::hosts::{self, Kind};
use crate::model::{Estate, ScopeId};
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpHosts;

impl Format for GcpHosts {
    fn id(&self) -> &'static str {
        "gcp-hosts"
    }

    fn summary(&self) -> &'static str {
        "what runs as a service account: gcloud compute instances list; gcloud run jobs list, gcloud run services list; gcloud functions list"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "instances-of-P.json    gcloud compute instances list --project=P --format=json",
            "run-jobs-of-P.json    gcloud run jobs list --project=P --format=json",
            "run-services-of-P.json    gcloud run services list --project=P --format=json",
            "functions-of-P.json    gcloud functions list --project=P --format=json",
        ]
    }

    /// Jobs name their project by its number, which other files tell.
    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        if first_rows(tree).any(|row| Kind::of(row).is_some()) { Confidence::Certain } else { Confidence::No }
    }

    /// A list of nothing is told by the name of its file alone.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let is_empty = tree.as_list().is_some_and(<[Tree]>::is_empty);
        if is_empty && told(path).is_some() { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        told(path).is_some()
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        let before = problems.len();
        let mut listed: BTreeSet<(ScopeId, &'static str)> = BTreeSet::new();
        let mut open: BTreeSet<(ScopeId, &'static str)> = BTreeSet::new();
        if let Some((kind, project)) = told(document.path) {
            let project = hosts::project(project, document.tree.span, &Route::root(), estate);
            listed.extend(project.map(|project| (project, kind.word())));
        }
        for (route, row) in rows(document.tree, problems) {
            let Some(kind) = Kind::of(row) else {
                let message = "neither an instance, nor a job or service of Cloud Run, nor a function";
                let problem = Problem::error("gcp-host-shape", message).at(row.span);
                problems.push(problem.help("export the list again with --format=json"));
                continue;
            };
            if let Some(found) = hosts::host(kind, row, &route, estate, problems) {
                let place = (found.project, kind.word());
                if found.is_clear {
                    listed.insert(place)
                } else {
                    open.insert(place)
                };
            }
        }
        // What is broken may be another host.
        if problems.len() == before {
            for (project, word) in listed.difference(&open) {
                estate.hosts_mut().list(*project, word);
            }
            for (project, word) in listed.union(&open) {
                estate.hosts_mut().count(*project, word);
            }
        }
    }
}

/// The kind and the project that the name of a file tells.
fn told(path: &str) -> Option<(Kind, &str)> {
    let stem = stem(path)?;
    let told = |kind: Kind| {
        let head = match kind {
            Kind::Instance => "instances-of-",
            Kind::Job => "run-jobs-of-",
            Kind::Service => "run-services-of-",
            Kind::Function => "functions-of-",
        };
        stem.strip_prefix(head).map(|project| (kind, project))
    };
    Kind::ALL.into_iter().find_map(told).filter(|(_, project)| !project.is_empty())
}
