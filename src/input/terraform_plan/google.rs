//! Role bindings of Google Cloud in a plan: members and bindings of projects, folders, organizations, buckets and
//! service accounts.
//!
//! <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project_iam>. A binding is
//! authoritative for its role and a member adds itself: in what a plan tells, both are members of the role.

use std::collections::BTreeMap;

use super::planned::{Given, Plan, Planned};
use crate::clouds::gcp::load::{Subject, allow_policy};
use crate::model::{Estate, Gap, GapKind};
use crate::text::{Entry, Kind, Located, Map, Problem, Span, Tree};

/// What is set a policy on, the value that says which, and how its full name is made.
const SUBJECTS: [(&str, &str, fn(&str) -> String); 5] = [
    ("google_project_iam_", "project", |name| format!("projects/{name}")),
    ("google_folder_iam_", "folder", |name| {
        if name.starts_with("folders/") { name.to_owned() } else { format!("folders/{name}") }
    }),
    ("google_organization_iam_", "org_id", |name| format!("organizations/{name}")),
    ("google_storage_bucket_iam_", "bucket", |name| {
        format!("gs://{}", name.strip_prefix("b/").unwrap_or(name))
    }),
    ("google_service_account_iam_", "service_account_id", |name| format!("//iam.googleapis.com/{name}")),
];

/// Whether resources of this type are read here.
pub(super) fn reads(kind: &str) -> bool {
    subject(kind).is_some()
}

/// The row of a type of resource, with whether it has several members.
fn subject(kind: &str) -> Option<(&'static (&'static str, &'static str, fn(&str) -> String), bool)> {
    SUBJECTS.iter().find_map(|row| match kind.strip_prefix(row.0)? {
        "member" => Some((row, false)),
        "binding" => Some((row, true)),
        _ => None,
    })
}

/// Puts what a plan tells of Google Cloud into the estate.
pub(super) fn load(plan: &Plan<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let mut bindings: BTreeMap<String, Vec<(&Planned<'_>, Tree)>> = BTreeMap::new();
    for planned in &plan.resources {
        let Some(((_, key, full), several)) = subject(planned.kind) else { continue };
        let members = if several { "members" } else { "member" };
        let later =
            [*key, "role", members].into_iter().find(|key| matches!(planned.value(key), Given::Later));
        let (name, role) = (planned.text(key), planned.values.get("role"));
        let (Some(name), Some(role), None, Given::Known(who)) = (name, role, later, planned.value(members))
        else {
            let message = format!(
                "`{}`: its `{}` is known only after the plan is applied; what it allows was not considered",
                planned.address,
                later.unwrap_or(members)
            );
            estate.add_gap(Gap { kind: GapKind::UnknownValue, message, origin: Some(planned.origin()) });
            continue;
        };
        bindings.entry(full(name)).or_default().push((planned, binding(planned, role, who)));
    }
    for (name, own) in bindings {
        for (planned, binding) in own {
            let span = binding.span;
            let list = Tree { span, kind: Kind::List(vec![binding]) };
            let policy = object(span, vec![("bindings", list)]);
            let subject = Subject { name: &name, span, kind: None, ancestors: Vec::new() };
            allow_policy(&subject, &policy, &planned.route, estate, problems);
        }
    }
}

/// The binding as policies of Google Cloud have it, of the texts of the plan.
fn binding(planned: &Planned<'_>, role: &Tree, who: &Tree) -> Tree {
    let members = match who.as_list() {
        Some(_) => who.clone(),
        None => Tree { span: who.span, kind: Kind::List(vec![who.clone()]) },
    };
    let conditions = planned.values.get("condition").and_then(Tree::as_list).unwrap_or_default();
    let condition = conditions.first().map(|condition| ("condition", condition.clone()));
    let entries = [("role", role.clone()), ("members", members)].into_iter().chain(condition);
    object(role.span, entries.collect())
}

fn object(span: Span, entries: Vec<(&str, Tree)>) -> Tree {
    let entry = |(key, value): (&str, Tree)| Entry { key: Located::new(key.into(), span), value };
    Tree { span, kind: Kind::Map(Map { entries: entries.into_iter().map(entry).collect() }) }
}
