//! Role bindings of Google Cloud in a plan: members and bindings of projects, folders, organizations, buckets and
//! service accounts.
//!
//! <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project_iam>. A binding is
//! authoritative for its role and a member adds itself: in what a plan tells, both are members of the role.

use std::collections::BTreeMap;

use super::planned::{Given, Plan, Planned};
use crate::clouds::gcp::load::{Subject, allow_policy};
use crate::model::{Estate, Gap, GapKind};
use crate::text::{Kind, Problem, Tree};

/// What policies are set on.
struct Row {
    /// How the types of resources about its policy begin.
    kinds: &'static str,
    /// The value that says which.
    key: &'static str,
    /// How its full name is made of that.
    full: fn(&str) -> String,
}

const SUBJECTS: [Row; 5] = [
    Row { kinds: "google_project_iam_", key: "project", full: |name| below("projects/", name) },
    Row { kinds: "google_folder_iam_", key: "folder", full: |name| below("folders/", name) },
    Row { kinds: "google_organization_iam_", key: "org_id", full: |name| below("organizations/", name) },
    Row { kinds: "google_storage_bucket_iam_", key: "bucket", full: bucket },
    Row {
        kinds: "google_service_account_iam_",
        key: "service_account_id",
        full: |name| below("//iam.googleapis.com/", name),
    },
];

fn below(head: &str, name: &str) -> String {
    if name.starts_with(head) { name.to_owned() } else { format!("{head}{name}") }
}

fn bucket(name: &str) -> String {
    format!("gs://{}", name.strip_prefix("b/").unwrap_or(name))
}

/// Whether resources of this type are read here.
pub(super) fn reads(kind: &str) -> bool {
    subject(kind).is_some()
}

/// The row of a type of resource, with whether it has several members.
fn subject(kind: &str) -> Option<(&'static Row, bool)> {
    SUBJECTS.iter().find_map(|row| match kind.strip_prefix(row.kinds)? {
        "member" => Some((row, false)),
        "binding" => Some((row, true)),
        _ => None,
    })
}

/// Puts what a plan tells of Google Cloud into the estate.
pub(super) fn load(plan: &Plan<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let mut bindings: BTreeMap<String, Vec<(&Planned<'_>, Tree)>> = BTreeMap::new();
    for planned in &plan.resources {
        let Some((Row { key, full, .. }, several)) = subject(planned.kind) else { continue };
        let members = if several { "members" } else { "member" };
        let later =
            [*key, "role", members].into_iter().find(|key| matches!(planned.value(key), Given::Later));
        let (name, role) = (planned.text(key), planned.values.get("role"));
        let (Some(name), Some(role), None, Given::Known(who)) = (name, role, later, planned.value(members))
        else {
            let message = format!(
                "`{}`: its `{}` {}; what it allows was not considered",
                planned.address,
                later.unwrap_or(members),
                plan.later
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
            let policy = Tree::of_entries(span, [(span, "bindings", list)]);
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
    Tree::of_entries(role.span, entries.map(|(key, value)| (role.span, key, value)))
}
