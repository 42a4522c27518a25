//! What runs as a service account: instances of Compute Engine, jobs and services of Cloud Run, and functions, as exports
//! list them.
//!
//! An instance counts as long as it runs and its access scopes let it use all that the account may do
//! (<https://cloud.google.com/compute/docs/access/service-accounts#accesscopesiam>); of one with fewer scopes it is not
//! known what it is good for, so its project is not called listed then. Functions and services are drawn in pictures, and
//! steps ask for any of them, to give it other code and another identity.

use super::ast::Member;
use super::load::{self, Subject};
use super::names::{self, CLOUD};
use super::shapes;
use crate::model::{Estate, Host, Origin, ScopeId};
use crate::text::{Problem, Route, Tree};

/// The scope that is no limit.
const FULL: &str = "https://www.googleapis.com/auth/cloud-platform";

/// What a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An instance of Compute Engine.
    Instance,
    /// A job of Cloud Run.
    Job,
    /// A service of Cloud Run.
    Service,
    /// A function of either generation.
    Function,
}

/// What became of a row.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The project.
    pub project: ScopeId,
    /// Whether it is known whether it runs as somebody, and as whom.
    pub is_clear: bool,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Instance, Self::Job, Self::Service, Self::Function];

    /// The word for such hosts in steps.
    pub fn word(self) -> &'static str {
        match self {
            Self::Instance => "compute-instance",
            Self::Job => "run-job",
            Self::Service => "run-service",
            Self::Function => "cloud-function",
        }
    }

    /// What a row is, if it is one of these.
    pub fn of(row: &Tree) -> Option<Self> {
        let text = |key: &str| row.get(key).and_then(Tree::as_str).unwrap_or_default();
        match text("kind") {
            "compute#instance" => Some(Self::Instance),
            "Job" if text("apiVersion").starts_with("run.googleapis.com/") => Some(Self::Job),
            "Service" if text("apiVersion").starts_with("serving.knative.dev/") => Some(Self::Service),
            "" if is_function(text("name"))
                && ["state", "status"].iter().any(|key| row.get(key).is_some()) =>
            {
                Some(Self::Function)
            }
            _ => None,
        }
    }
}

/// Loads an instance or a job; `None` after a problem.
pub fn host(
    kind: Kind,
    row: &Tree,
    route: &Route,
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
) -> Option<Listed> {
    let before = problems.len();
    let shape = match kind {
        Kind::Instance => &shapes::INSTANCE,
        Kind::Job => &shapes::JOB,
        Kind::Service => &shapes::SERVICE,
        Kind::Function => &shapes::FUNCTION,
    };
    shapes::check(row, shape, problems);
    if problems.len() > before {
        return None;
    }
    let Some(name) = full_name(kind, row) else {
        let place = match kind {
            Kind::Instance => "`selfLink`",
            Kind::Job | Kind::Service => "`metadata` with name, namespace and location",
            Kind::Function => "`name`",
        };
        let problem =
            Problem::error("gcp-host-shape", format!("a {} without its {place}", kind.word())).at(row.span);
        problems.push(problem.help("export the list again with --format=json"));
        return None;
    };
    let project = name.split('/').skip(3).take(2).collect::<Vec<_>>().join("/");
    let subject = Subject { name: &name, span: row.span, kind: None, ancestors: vec![&project] };
    load::known(&subject, route, estate);
    let project = estate.find_scope(CLOUD, &project)?;
    let resource = estate.find_resource(CLOUD, &name)?;
    estate.hosts_mut().note(project, kind.word(), resource);
    let (account, is_clear) = account(kind, row);
    let origin = Origin {
        span: Some(row.span),
        route: route.clone(),
        what: format!("what runs as an account: `{name}`"),
    };
    if let Some(mail) = account {
        let member = Member::ServiceAccount(mail.to_ascii_lowercase());
        load::principal(estate, &member, origin.clone());
        let identity = estate.find_principal(CLOUD, &member.name())?;
        estate.hosts_mut().add(Host { resource, kind: kind.word().to_owned(), identity, origin });
    }
    Some(Listed { project, is_clear })
}

/// The project of that id, known from now on.
pub fn project(id: &str, span: crate::text::Span, route: &Route, estate: &mut Estate) -> Option<ScopeId> {
    let name = names::scope_resource(&format!("projects/{id}"));
    load::known(&Subject { name: &name, span, kind: None, ancestors: Vec::new() }, route, estate);
    estate.find_scope(CLOUD, &format!("projects/{id}"))
}

/// The full name: <https://cloud.google.com/asset-inventory/docs/asset-names>.
fn full_name(kind: Kind, row: &Tree) -> Option<String> {
    let inner = |path: &[&str]| path.iter().try_fold(row, |tree, key| tree.get(key))?.as_str();
    match kind {
        Kind::Instance => {
            let (_, rest) = inner(&["selfLink"])?.split_once("/projects/")?;
            Some(format!("//compute.googleapis.com/projects/{rest}"))
        }
        Kind::Job | Kind::Service => {
            let (name, project) = (inner(&["metadata", "name"])?, inner(&["metadata", "namespace"])?);
            let location = inner(&["metadata", "labels", "cloud.googleapis.com/location"])?;
            let kind = if kind == Kind::Job { "jobs" } else { "services" };
            Some(format!("//run.googleapis.com/projects/{project}/locations/{location}/{kind}/{name}"))
        }
        Kind::Function => Some(format!("//cloudfunctions.googleapis.com/{}", inner(&["name"])?)),
    }
}

/// Whether a name is that of a function: `projects/P/locations/L/functions/F`.
fn is_function(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    matches!(parts.as_slice(), ["projects", _, "locations", _, "functions", _])
}

/// As whom it runs, and whether that is clear. A job, service or function that names nobody runs as an account of its
/// project, of which the row does not tell the number.
fn account(kind: Kind, row: &Tree) -> (Option<&str>, bool) {
    let at = |path: &[&str]| path.iter().try_fold(row, |tree, key| tree.get(key)).and_then(Tree::as_str);
    let told = |mail: Option<&'_ str>| mail.is_some();
    match kind {
        Kind::Job => {
            let mail = at(&["spec", "template", "spec", "template", "spec", "serviceAccountName"]);
            (mail, told(mail))
        }
        Kind::Service => {
            let mail = at(&["spec", "template", "spec", "serviceAccountName"]);
            (mail, told(mail))
        }
        // The first generation says it beside the name, the second with the service that runs it.
        Kind::Function => {
            let mail = at(&["serviceConfig", "serviceAccountEmail"]).or(at(&["serviceAccountEmail"]));
            (mail, told(mail))
        }
        Kind::Instance => {
            let runs = row.get("status").and_then(Tree::as_str) == Some("RUNNING");
            let all = row.get("serviceAccounts").and_then(Tree::as_list).unwrap_or_default();
            // There is one at most.
            let Some(own) = all.first() else { return (None, true) };
            let scopes = own.get("scopes").and_then(Tree::as_list).unwrap_or_default();
            let is_full = scopes.iter().any(|scope| scope.as_str() == Some(FULL));
            let mail = own.get("email").and_then(Tree::as_str).filter(|_| runs && is_full);
            (mail, mail.is_some())
        }
    }
}
