//! What `aws organizations` prints: the tree of an organization and its service and resource control policies.
//!
//! A file is told by its content, but the answers about parents and targets do not say whose they are: that stands in the
//! file's name or in a folder's (`accounts-of-ou-ab12-11112222.json`), or under `ParentId` or `PolicyId` beside the answer.
//! All files are read together, after all others.
//!
//! - The management account is under no control policy, so it gets no place in the tree:
//!   <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>.
//! - What is missing is taken to allow everything, and leaves a gap at the level that it is missing for.
//! - A type of policy that the root does not have enabled is not in effect.

pub(super) mod enter;

use std::collections::{BTreeMap, BTreeSet};

use super::aws_layout::{is_written_by, title};
use super::aws_shapes;
use super::{Confidence, Document, Format};
use crate::clouds::aws::ast::{Arn, is_account};
use crate::clouds::aws::rule::{RESOURCE_CONTROL, SERVICE_CONTROL};
use crate::model::{Estate, Layer, Origin};
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsOrganization;

/// The lists that the commands answer with, by key.
const LISTS: [&str; 4] = ["Roots", "OrganizationalUnits", "Accounts", "Targets"];

impl Format for AwsOrganization {
    fn id(&self) -> &'static str {
        "aws-organization"
    }

    fn summary(&self) -> &'static str {
        "the tree and the control policies of an AWS organization: what these commands print, each in a file of its own"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "organization/organization.json          aws organizations describe-organization",
            "organization/roots.json                 aws organizations list-roots",
            "organization/units-of-PARENT.json       aws organizations list-organizational-units-for-parent --parent-id PARENT",
            "organization/accounts-of-PARENT.json    aws organizations list-accounts-for-parent --parent-id PARENT",
            "organization/service-control.json       aws organizations list-policies --filter SERVICE_CONTROL_POLICY",
            "organization/resource-control.json      aws organizations list-policies --filter RESOURCE_CONTROL_POLICY",
            "organization/policy-POLICY.json         aws organizations describe-policy --policy-id POLICY",
            "organization/targets-of-POLICY.json     aws organizations list-targets-for-policy --policy-id POLICY",
        ]
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let organization =
            tree.get("Organization").is_some_and(|found| found.get("MasterAccountId").is_some());
        let described = tree.get("Policy").is_some_and(|found| found.get("PolicySummary").is_some());
        // A list is told by its first item, so that a broken one further on is reported.
        let listed = |key: &str, named: &[&str]| match tree.get(key).and_then(Tree::as_list) {
            Some([first, ..]) => named.iter().all(|name| first.get(name).is_some()),
            Some([]) => key != "Policies",
            None => false,
        };
        let list = LISTS.iter().any(|key| listed(key, &[if *key == "Targets" { "TargetId" } else { "Id" }]))
            || listed("Policies", &["Id", "Type"]);
        if organization || described || list { Confidence::Certain } else { Confidence::No }
    }

    fn claims(&self, path: &str) -> bool {
        let ids = [
            ("units-of-", "r-"),
            ("units-of-", "ou-"),
            ("accounts-of-", "r-"),
            ("accounts-of-", "ou-"),
            ("targets-of-", "p-"),
            ("policy-", "p-"),
        ];
        let name = title(path);
        ids.iter().any(|(start, id)| name.strip_prefix(start).is_some_and(|rest| rest.starts_with(id)))
            || is_written_by(path, self.commands())
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load_all(std::slice::from_ref(document), estate, problems);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut organization = Organization::default();
        for document in documents {
            aws_shapes::check(document.tree, &aws_shapes::ORGANIZATION, problems);
            organization.read(document, problems);
        }
        enter::enter(&organization, estate, problems);
    }

    fn finish(&self, estate: &mut Estate) {
        enter::unknown_ceilings(estate);
    }
}

/// A kind of control policies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Control {
    Service,
    Resource,
}

impl Control {
    pub(super) const ALL: [Self; 2] = [Self::Service, Self::Resource];

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|control| control.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Service => "SERVICE_CONTROL_POLICY",
            Self::Resource => "RESOURCE_CONTROL_POLICY",
        }
    }

    fn layer(self) -> Layer {
        match self {
            Self::Service => SERVICE_CONTROL,
            Self::Resource => RESOURCE_CONTROL,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Service => "service control policies",
            Self::Resource => "resource control policies",
        }
    }

    /// The policy of AWS that allows everything.
    fn default_id(self) -> &'static str {
        match self {
            Self::Service => "p-FullAWSAccess",
            Self::Resource => "p-RCPFullAWSAccess",
        }
    }
}

/// All that the files say.
#[derive(Default)]
pub(super) struct Organization<'t> {
    /// Its id.
    pub(super) id: Option<String>,
    /// The management account.
    pub(super) management: Option<String>,
    /// Each root, with the kinds of policies that are enabled there.
    pub(super) roots: BTreeMap<String, (BTreeSet<Control>, Origin)>,
    /// Units and accounts with their parents.
    pub(super) children: BTreeMap<String, (String, Origin)>,
    /// Accounts without a parent, as `list-accounts` prints them.
    pub(super) accounts: BTreeSet<String>,
    /// Parents whose units and accounts were listed.
    pub(super) units_of: BTreeSet<String>,
    pub(super) accounts_of: BTreeSet<String>,
    pub(super) listed: BTreeMap<String, (Control, String)>,
    pub(super) described: BTreeMap<String, Described<'t>>,
    /// Targets by policy.
    pub(super) targets: BTreeMap<String, Vec<(String, Origin)>>,
}

/// A policy with its text.
pub(super) struct Described<'t> {
    pub(super) control: Control,
    pub(super) name: String,
    pub(super) content: &'t Tree,
    pub(super) route: Route,
}

impl<'t> Organization<'t> {
    fn read(&mut self, document: &Document<'t>, problems: &mut Vec<Problem>) {
        let tree = document.tree;
        unidentified(tree, problems);
        if let Some(found) = tree.get("Organization") {
            self.whole(found, text(found, "Id"), text(found, "MasterAccountId"), problems);
        }
        self.named_in_arns(tree, problems);
        self.described(tree, problems);
        for (key, item) in items(tree, "Roots") {
            if let Some(id) = text(item, "Id") {
                self.roots.insert(id.to_owned(), (enabled(item), origin(item, key, format!("root `{id}`"))));
            }
        }
        for (_, item) in items(tree, "Policies") {
            let control = text(item, "Type").and_then(Control::of);
            if let (Some(id), Some(control)) = (text(item, "Id"), control) {
                self.listed.insert(id.to_owned(), (control, text(item, "Name").unwrap_or(id).to_owned()));
            }
        }
        self.tree_below(document, problems);
        if tree.get("Targets").is_some() {
            match text(tree, "PolicyId").or_else(|| in_path(document.path, is_policy_id)) {
                Some(policy) => {
                    let targets = items(tree, "Targets").filter_map(|(key, item)| {
                        let id = text(item, "TargetId")?;
                        let what = format!("attachment of `{policy}` to `{id}`");
                        Some((id.to_owned(), origin(item, key, what)))
                    });
                    self.targets.entry(policy.to_owned()).or_default().extend(targets);
                }
                None => problems.push(nameless(
                    document,
                    "which policy has these targets",
                    "targets-of-p-12345678.json",
                )),
            }
        }
    }

    /// ARNs of parts of an organization hold its id and its management account:
    /// `arn:aws:organizations::999900001111:ou/o-abcdefghij/ou-ab12-11112222`.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>
    fn named_in_arns(&mut self, tree: &Tree, problems: &mut Vec<Problem>) {
        let parts = ["Roots", "OrganizationalUnits", "Accounts"].into_iter().flat_map(|key| items(tree, key));
        for (_, item) in parts {
            let Some(arn) = text(item, "Arn").and_then(Arn::parse) else { continue };
            let id = arn.resource.split('/').nth(1).filter(|id| id.starts_with("o-"));
            if let Some(id) = id.filter(|_| is_account(arn.account)) {
                self.whole(item, Some(id), Some(arn.account), problems);
            }
        }
    }

    /// Which organization it is, and which account manages it. What the first file says counts.
    fn whole(
        &mut self,
        tree: &Tree,
        id: Option<&str>,
        management: Option<&str>,
        problems: &mut Vec<Problem>,
    ) {
        for (known, found, what) in [
            (&mut self.id, id, "the id of the organization"),
            (&mut self.management, management, "the account that manages the organization"),
        ] {
            let Some(found) = found else { continue };
            let known = known.get_or_insert_with(|| found.to_owned());
            if known != found {
                problems.push(contradiction(
                    tree,
                    &format!("{what} is `{found}` here and `{known}` elsewhere; the latter was taken"),
                ));
            }
        }
    }

    /// A policy with its text. Other kinds than the two control nobody's access.
    fn described(&mut self, tree: &'t Tree, problems: &mut Vec<Problem>) {
        let Some(policy) = tree.get("Policy") else { return };
        let Some(summary) = policy.get("PolicySummary") else { return };
        let control = text(summary, "Type").and_then(Control::of);
        if let (Some(id), Some(control), Some(content)) =
            (text(summary, "Id"), control, policy.get("Content"))
        {
            let name = text(summary, "Name").unwrap_or(id).to_owned();
            let route = Route::root().key("Policy").key("Content");
            let before = self.described.insert(id.to_owned(), Described { control, name, content, route });
            if before.is_some_and(|before| before.content.as_str() != content.as_str()) {
                let what = format!("the policy `{id}` has another text elsewhere; this one was taken");
                problems.push(contradiction(tree, &what));
            }
        }
    }

    /// Units and accounts below a parent.
    fn tree_below(&mut self, document: &Document<'t>, problems: &mut Vec<Problem>) {
        let tree = document.tree;
        let parent = text(tree, "ParentId").or_else(|| in_path(document.path, is_parent_id));
        if tree.get("OrganizationalUnits").is_some() {
            match parent {
                Some(parent) => self.units_of.insert(parent.to_owned()),
                None => {
                    problems.push(nameless(document, "whose units these are", "units-of-r-ab12.json"));
                    return;
                }
            };
        }
        if tree.get("Accounts").is_some()
            && let Some(parent) = parent
        {
            self.accounts_of.insert(parent.to_owned());
        }
        for (key, item) in items(tree, "OrganizationalUnits").chain(items(tree, "Accounts")) {
            let Some(id) = text(item, "Id") else { continue };
            match parent {
                Some(parent) => {
                    let place = origin(item, key, format!("`{id}` of the organization"));
                    let before = self.children.insert(id.to_owned(), (parent.to_owned(), place));
                    if let Some((other, _)) = before.filter(|(other, _)| other != parent) {
                        let what = format!(
                            "`{id}` lies in `{parent}` here and in `{other}` elsewhere; the former was taken"
                        );
                        problems.push(contradiction(item, &what));
                    }
                }
                None => {
                    self.accounts.insert(id.to_owned());
                }
            }
        }
    }
}

/// Two files that do not belong together: what they say cannot be true at once.
fn contradiction(tree: &Tree, message: &str) -> Problem {
    let problem = Problem::error("aws-organization-contradiction", message).at(tree.span);
    problem.help("export the files again at one time, and keep those of one organization only")
}

/// Reports what cannot be taken into account because nothing says what it is.
fn unidentified(tree: &Tree, problems: &mut Vec<Problem>) {
    let mut report = |place: &Tree, what: &str, key: &str| {
        let message = format!("{what} has no `{key}` and was left out");
        let problem = Problem::error("aws-organization-shape", message).at(place.span);
        problems.push(problem.help("export it again with `aws organizations` and `--output json`"));
    };
    for key in LISTS.into_iter().chain(["Policies"]) {
        let id = if key == "Targets" { "TargetId" } else { "Id" };
        for (_, item) in items(tree, key).filter(|(_, item)| text(item, id).is_none()) {
            report(item, &format!("an entry of `{key}`"), id);
        }
    }
    if let Some(policy) = tree.get("Policy") {
        let summary = policy.get("PolicySummary").unwrap_or(policy);
        for key in ["Id", "Type"] {
            if text(summary, key).is_none() {
                report(summary, "a policy", key);
            }
        }
        if policy.get("Content").is_none() {
            report(policy, "a policy", "Content");
        }
    }
}

/// The items of a list, with the list's key and the item's place in it.
fn items<'t>(tree: &'t Tree, key: &'static str) -> impl Iterator<Item = ((&'static str, usize), &'t Tree)> {
    let items = tree.get(key).and_then(Tree::as_list).unwrap_or_default();
    items.iter().enumerate().map(move |(index, item)| ((key, index), item))
}

fn text<'t>(tree: &'t Tree, key: &str) -> Option<&'t str> {
    tree.get(key).and_then(Tree::as_str)
}

fn origin(item: &Tree, (key, index): (&'static str, usize), what: String) -> Origin {
    Origin { span: Some(item.span), route: Route::root().key(key).index(index), what }
}

/// The kinds of policies that a root has enabled.
fn enabled(root: &Tree) -> BTreeSet<Control> {
    let types = items(root, "PolicyTypes").filter(|(_, item)| text(item, "Status") == Some("ENABLED"));
    types.filter_map(|(_, item)| text(item, "Type").and_then(Control::of)).collect()
}

fn nameless(document: &Document<'_>, what: &str, example: &str) -> Problem {
    let message = format!("`{}` does not say {what}", document.path);
    let problem = Problem::error("aws-organization-of-what", message).at(document.tree.span);
    problem.help(format!("put the id into the file's name, as in `{example}`"))
}

/// The last id in a path: `ou-ab12-11112222` of `aws/accounts-of-ou-ab12-11112222.json`.
fn in_path(path: &str, fits: fn(&str) -> bool) -> Option<&str> {
    let words = path.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'));
    let mut ids = words.filter_map(|word| {
        let cuts = word.match_indices(['-', '_']).map(|(at, cut)| at + cut.len());
        std::iter::once(0).chain(cuts).filter_map(|at| word.get(at..)).find(|rest| fits(rest))
    });
    ids.next_back()
}

/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html>
fn is_parent_id(text: &str) -> bool {
    let part = |text: &str, least: usize| {
        (least..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
    };
    match text.split_once('-') {
        Some(("r", rest)) => part(rest, 4),
        Some(("ou", rest)) => rest.split_once('-').is_some_and(|(root, unit)| part(root, 4) && part(unit, 8)),
        _ => false,
    }
}

/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribePolicy.html>
fn is_policy_id(text: &str) -> bool {
    text.strip_prefix("p-").is_some_and(|rest| {
        (8..=128).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}
