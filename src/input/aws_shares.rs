//! What an account shares with others through AWS RAM, as lists: `aws ram get-resource-share-associations`, `list-resources`,
//! `list-principals` and `get-resource-shares`. They say who gets what and not what that allows: RAM writes that into
//! policies of the resources, which `aws ram get-resource-policies` prints (`aws_policy.rs`). Of a resource whose policy no
//! file holds, every answer says so.
//!
//! <https://docs.aws.amazon.com/ram/latest/APIReference/API_ResourceShareAssociation.html>

use std::collections::{BTreeMap, BTreeSet};

use super::aws_layout::is_written_by;
use super::aws_shapes;
use super::{Confidence, Document, Format};
use crate::clouds::aws::ast::{Arn, Document as Policy};
use crate::clouds::aws::estate::{add_policy, attach, home, resource, silent};
use crate::clouds::aws::rule::RESOURCE;
use crate::model::{Estate, Gap, GapKind, Origin, Target};
use crate::text::{Problem, Span, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsShares;

/// The other lists say the same again, and go by their content.
const COMMANDS: &[&str] = &[
    "ACCOUNT/ram/REGION/principal-associations.json    aws ram get-resource-share-associations --association-type PRINCIPAL",
    "ACCOUNT/ram/REGION/resource-associations.json     aws ram get-resource-share-associations --association-type RESOURCE",
];

/// The lists, by their keys; the key of who or what an item is about.
const LISTS: [(&str, &str); 3] =
    [("resourceShareAssociations", "associatedEntity"), ("resources", "arn"), ("principals", "id")];

/// The list of shares, which names nothing that is in them.
const SHARES: &str = "resourceShares";

impl Format for AwsShares {
    fn id(&self) -> &'static str {
        "aws-shares"
    }

    fn summary(&self) -> &'static str {
        "what an AWS account shares through AWS RAM, and with whom"
    }

    fn commands(&self) -> &'static [&'static str] {
        COMMANDS
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let is_shared = |item: &Tree| item.get("resourceShareArn").is_some();
        let lists = LISTS.iter().map(|(key, _)| *key).chain([SHARES]);
        let marked = lists
            .filter_map(|key| tree.get(key))
            .any(|list| list.as_list().is_some_and(|items| items.first().is_some_and(is_shared)));
        if marked { Confidence::Certain } else { Confidence::No }
    }

    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let mut lists = LISTS.iter().map(|(key, _)| *key).chain([SHARES]);
        let is_empty = lists.any(|key| tree.get(key).and_then(Tree::as_list).is_some_and(<[Tree]>::is_empty));
        if is_empty && self.claims(path) { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        is_written_by(path, COMMANDS)
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load_all(std::slice::from_ref(document), estate, problems);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut shares: BTreeMap<&str, Share<'_>> = BTreeMap::new();
        for document in documents {
            aws_shapes::check(document.tree, &aws_shapes::SHARES, problems);
            read(document.tree, &mut shares);
        }
        for (arn, share) in &shares {
            share.enter(arn, estate);
        }
    }
}

/// What is in a share and whom it is for.
#[derive(Default)]
struct Share<'t> {
    resources: BTreeMap<&'t str, Span>,
    principals: BTreeSet<&'t str>,
}

fn read<'t>(tree: &'t Tree, shares: &mut BTreeMap<&'t str, Share<'t>>) {
    let text = |item: &'t Tree, key: &str| item.get(key).and_then(Tree::as_str);
    for item in tree.get(SHARES).and_then(Tree::as_list).unwrap_or_default() {
        if let Some(arn) = text(item, "resourceShareArn").filter(|_| text(item, "status") != Some("DELETED"))
        {
            shares.entry(arn).or_default();
        }
    }
    for (list, key) in LISTS {
        for item in tree.get(list).and_then(Tree::as_list).unwrap_or_default() {
            let gone = ["DISASSOCIATED", "DISASSOCIATING", "FAILED"];
            let is_gone = text(item, "status").is_some_and(|status| gone.contains(&status));
            let (Some(arn), Some(about)) = (text(item, "resourceShareArn"), text(item, key)) else {
                continue;
            };
            let share = shares.entry(arn).or_default();
            if is_gone {
                continue;
            }
            // Associations say of which kind they are, the other lists hold one kind each.
            if list == "resources" || text(item, "associationType") == Some("RESOURCE") {
                share.resources.insert(about, item.span);
            } else {
                share.principals.insert(about);
            }
        }
    }
}

impl Share<'_> {
    fn enter(&self, arn: &str, estate: &mut Estate) {
        let whom: Vec<&str> = self.principals.iter().copied().collect();
        let whom = if whom.is_empty() { "others".to_owned() } else { format!("`{}`", whom.join("`, `")) };
        if self.resources.is_empty() {
            let message = format!("`{arn}` shares something with {whom}; what, is not in the input");
            estate.add_gap(Gap { kind: GapKind::MissingPolicy, message, origin: None });
        }
        for (shared, span) in &self.resources {
            if Arn::parse(shared).is_none() {
                continue;
            }
            let what = format!("`{shared}` in a share of AWS RAM");
            let origin = Origin { span: Some(*span), what, ..Origin::default() };
            let owner = home(estate, shared, true, &origin);
            let id = resource(estate, shared, owner, origin.clone());
            if estate.attached_to(Target::Resource(id)).any(|one| one.layer == RESOURCE) {
                continue;
            }
            let message = format!(
                "`{shared}` is shared through AWS RAM with {whom}; what that allows, `aws ram get-resource-policies` says, which is not in the input"
            );
            let gap = Gap { kind: GapKind::MissingPolicy, message, origin: Some(origin.clone()) };
            let note = Policy { provided: true, ..silent(&format!("share of {shared}"), vec![gap]) };
            let note = add_policy(estate, note);
            attach(estate, note, Target::Resource(id), RESOURCE, origin);
        }
    }
}
