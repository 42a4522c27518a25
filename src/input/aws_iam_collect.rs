//! The folders that `iam-collect` of Cloud Copilot writes: `aws/PARTITION/accounts/ACCOUNT/…` with a folder for each
//! resource, and `aws/PARTITION/organizations/ORGANIZATION/…`.
//!
//! <https://github.com/cloud-copilot/iam-collect/blob/main/docs/Storage.md>. All names of files and folders are in lower
//! case, so whose a folder is, its `metadata.json` says. A file is left out where there is nothing to say and also where
//! reading was refused, so a resource without `policy.json` has an unknown policy. Indexes, S3 policies of organizations,
//! permission sets and cluster access entries are not read.

use std::collections::BTreeMap;

use super::aws_bucket_settings::Read as BucketSettings;
use super::aws_members::{self, Member, Written};
use super::aws_organization::{Control, Described, Organization, enter};
use super::{Confidence, Document, Format, aws_managed, aws_shapes};
use crate::clouds::aws::AWS;
use crate::clouds::aws::ast::{Arn, is_account};
use crate::clouds::aws::estate::{account, add_policy, attach, mentioned_in, policy, resource};
use crate::clouds::aws::parse::Capacity;
use crate::clouds::aws::rule::{BOUNDARY, ENDPOINT, IDENTITY, RESOURCE};
use crate::model::{Estate, Membership, Origin, PolicyId, PrincipalKind, Target};
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsIamCollect;

impl Format for AwsIamCollect {
    fn id(&self) -> &'static str {
        "aws-iam-collect"
    }

    fn summary(&self) -> &'static str {
        "the folders that iam-collect writes, told by their names: aws/PARTITION/accounts and aws/PARTITION/organizations"
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, _tree: &Tree) -> Confidence {
        Confidence::No
    }

    fn detects_at(&self, path: &str, _tree: &Tree) -> Confidence {
        if place(path).is_some() { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load_all(std::slice::from_ref(document), estate, problems);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut folders: BTreeMap<(Part<'_>, &str), Folder<'_>> = BTreeMap::new();
        for document in documents {
            let Some(Place { part, folder, stem }) = place(document.path) else { continue };
            if !aws_shapes::check_collected(document.tree, stem, is_shared(folder), problems) {
                continue;
            }
            folders.entry((part, folder)).or_default().0.insert(stem, document);
        }
        let mut loader = Loader { estate, problems, buckets: BucketSettings::default(), named: Vec::new() };
        // Texts of managed policies first, then groups, then who refers to them.
        for wanted in [":policy/", ":group/", ""] {
            for ((part, folder), files) in &folders {
                if let Part::Account(number) = part {
                    loader.account(number, folder, files, wanted);
                }
            }
        }
        loader.organizations(&folders);
        let Loader { estate, problems, buckets, named } = loader;
        // Whom policies name is looked for only when everybody is loaded.
        named.into_iter().for_each(|policy| mentioned_in(estate, policy));
        buckets.enter(estate, problems);
    }
}

/// What a file is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part<'p> {
    Account(&'p str),
    Organization(&'p str),
    /// Nothing that decides access.
    Index,
}

/// A file by its path.
struct Place<'p> {
    part: Part<'p>,
    /// The folder below that of the account or organization.
    folder: &'p str,
    /// The name of the file.
    stem: &'p str,
}

fn place(path: &str) -> Option<Place<'_>> {
    let start = ["aws/aws/", "aws/aws-cn/", "aws/aws-us-gov/"].into_iter().find_map(|head| {
        let at = path
            .rfind(head)
            .filter(|at| *at == 0 || path.get(..*at).is_some_and(|before| before.ends_with('/')))?;
        path.get(at + head.len()..)
    })?;
    let (part, rest) = start.split_once('/')?;
    let (folder, file) = rest.rsplit_once('/').unwrap_or(("", rest));
    let stem = file.strip_suffix(".json")?;
    let (owner, folder) = folder.split_once('/').unwrap_or((folder, ""));
    let part = match part {
        "accounts" if is_account(owner) => Part::Account(owner),
        "organizations" if owner.starts_with("o-") => Part::Organization(owner),
        "indexes" => Part::Index,
        _ => return None,
    };
    Some(Place { part, folder, stem })
}

/// The files of one folder.
#[derive(Default)]
struct Folder<'d>(BTreeMap<&'d str, &'d Document<'d>>);

impl<'d> Folder<'d> {
    fn tree(&self, stem: &str) -> Option<&'d Tree> {
        self.0.get(stem).map(|document| document.tree)
    }

    /// A text of the metadata.
    fn text(&self, key: &str) -> Option<&'d str> {
        self.tree("metadata")?.get(key)?.as_str()
    }
}

fn origin(tree: &Tree, route: Route, what: String) -> Origin {
    Origin { span: Some(tree.span), route, what }
}

struct Loader<'a, 'd> {
    estate: &'a mut Estate,
    problems: &'a mut Vec<Problem>,
    buckets: BucketSettings<'d>,
    /// Policies that name principals.
    named: Vec<PolicyId>,
}

impl<'d> Loader<'_, 'd> {
    /// One folder of an account, if it is about something whose ARN holds `wanted`.
    fn account(&mut self, number: &str, folder: &str, files: &Folder<'d>, wanted: &str) {
        if folder.is_empty() || is_shared(folder) {
            if wanted.is_empty() {
                self.of_account(number, folder, files);
            }
            return;
        }
        let Some(arn) = files.text("arn") else {
            if wanted.is_empty() {
                self.problems.extend(nameless(folder, files));
            }
            return;
        };
        let kind = [":policy/", ":group/", ":user/", ":role/"].into_iter().find(|kind| arn.contains(kind));
        let kind = kind.filter(|_| Arn::parse(arn).is_some_and(|parts| parts.service == "iam"));
        match (kind, wanted) {
            (Some(":policy/"), ":policy/") => self.managed_policy(arn, files),
            (Some(":group/"), ":group/") => self.member(arn, PrincipalKind::Group, files),
            (Some(":user/"), "") => self.member(arn, PrincipalKind::User, files),
            (Some(":role/"), "") => self.role(arn, files),
            (None, "") => self.resource(number, arn, files),
            _ => {}
        }
    }

    /// What is said of the account as a whole, and of resources that it shares.
    fn of_account(&mut self, number: &str, folder: &str, files: &Folder<'d>) {
        let whole = Origin { what: format!("the account `{number}`"), ..Origin::default() };
        account(self.estate, number, &whole);
        if let Some(tree) = files.tree("s3-bpa") {
            self.buckets.block(number.to_owned(), tree, self.problems);
        }
        if is_shared(folder) {
            for document in files.0.values() {
                let arn = document.tree.get("arn").and_then(Tree::as_str);
                if let (Some(arn), Some(tree)) = (arn, document.tree.get("policy")) {
                    self.policy(number, arn, tree, &Route::root().key("policy"));
                }
            }
        }
    }

    fn managed_policy(&mut self, arn: &str, files: &Folder<'d>) {
        let name = arn.split_once(":policy/").map_or(arn, |(_, name)| name);
        let Some(tree) = files.tree("current-policy") else { return };
        if let Some(read) = policy(tree, name, &Route::root(), Capacity::Identity, self.problems) {
            aws_managed::define(self.estate, arn, read);
        }
    }

    fn member(&mut self, arn: &str, kind: PrincipalKind, files: &Folder<'d>) {
        let Some(metadata) = files.tree("metadata") else { return };
        let tags = files.tree("tags").into_iter().flat_map(Tree::entries);
        let tags = tags.filter_map(|tag| Some((&*tag.key.value, tag.value.as_str()?))).collect();
        let place = |tree: &Tree, what| origin(tree, Route::root(), what);
        let (unique_id, path) = (files.text("id"), files.text("path"));
        let written = place(metadata, format!("`{arn}`"));
        let member = Member { arn, kind, unique_id, path, tags, instance_profiles: None, origin: written };
        let id = member.add(self.estate);
        let items = |stem: &str| files.tree(stem).and_then(Tree::as_list).unwrap_or_default();
        for (index, item) in items("inline-policies").iter().enumerate() {
            let given = item.get("PolicyName").and_then(Tree::as_str).unwrap_or("inline policy");
            let route = Route::root().index(index).key("PolicyDocument");
            let written = Written { tree: item.get("PolicyDocument"), route: &route };
            let place =
                origin(item, Route::root().index(index), format!("inline policy `{given}` of `{arn}`"));
            aws_members::inline(self.estate, self.problems, (id, arn), given, written, place);
        }
        for item in items("managed-policies") {
            let Some(policy) = item.as_str() else { continue };
            let place = place(item, format!("attachment of `{policy}` to `{arn}`"));
            aws_members::managed(self.estate, policy, id, IDENTITY, place);
        }
        if let Some(boundary) = files.text("permissionBoundary") {
            let place = place(metadata, format!("permission boundary of `{arn}`"));
            aws_members::managed(self.estate, boundary, id, BOUNDARY, place);
        }
        for item in items("groups") {
            let Some(name) = item.as_str() else { continue };
            let origin = place(item, format!("membership of `{arn}` in group `{name}`"));
            match self.estate.find_principal(AWS, name) {
                Some(group) => self.estate.add_membership(Membership { group, member: id, origin }),
                None => aws_members::missing_group(self.estate, self.problems, (id, arn), name, origin),
            }
        }
    }

    fn role(&mut self, arn: &str, files: &Folder<'d>) {
        self.member(arn, PrincipalKind::Role, files);
        let Some(metadata) = files.tree("metadata") else { return };
        let written = Written { tree: files.tree("trust-policy"), route: &Route::root() };
        let place = origin(metadata, Route::root(), format!("role `{arn}`"));
        self.named.push(aws_members::trust(self.estate, self.problems, arn, written, place));
    }

    /// Anything else: it is there, and it may have a policy.
    fn resource(&mut self, number: &str, arn: &str, files: &Folder<'d>) {
        let Some(metadata) = files.tree("metadata") else { return };
        if Arn::parse(arn).is_none() {
            return;
        }
        let place = origin(metadata, Route::root(), format!("`{arn}`"));
        let home = account(self.estate, number, &place);
        resource(self.estate, arn, home, place);
        if let Some(tree) = files.tree("policy") {
            self.policy(number, arn, tree, &Route::root());
        }
        if let Some(tree) = files.tree("bpa").filter(|_| arn.contains(":s3:::")) {
            self.buckets.block(arn.to_owned(), tree, self.problems);
        }
    }

    fn policy(&mut self, number: &str, arn: &str, tree: &Tree, route: &Route) {
        let Some(read) = policy(tree, arn, route, Capacity::Resource, self.problems) else { return };
        let layer = if arn.contains(":vpc-endpoint/") { ENDPOINT } else { RESOURCE };
        let origin = read.origin();
        let home = account(self.estate, number, &origin);
        let id = resource(self.estate, arn, home, origin.clone());
        let policy = add_policy(self.estate, read);
        self.named.push(policy);
        attach(self.estate, policy, Target::Resource(id), layer, origin);
    }

    fn organizations(&mut self, folders: &BTreeMap<(Part<'d>, &'d str), Folder<'d>>) {
        let mut all: BTreeMap<&str, Organization<'d>> = BTreeMap::new();
        for ((part, folder), files) in folders {
            let Part::Organization(id) = part else { continue };
            let organization = all.entry(id).or_default();
            match folder.split_once('/') {
                None if folder.is_empty() => tree_of(organization, id, files),
                Some(("scps", _)) => control_policy(organization, Control::Service, files),
                Some(("rcps", _)) => control_policy(organization, Control::Resource, files),
                _ => {}
            }
        }
        for organization in all.values() {
            enter::enter(organization, self.estate, self.problems);
        }
    }
}

/// Whether a folder is about what an account shares with others.
fn is_shared(folder: &str) -> bool {
    folder == "ram" || folder.starts_with("ram/")
}

/// A folder with policies of which nothing says whose they are.
fn nameless(folder: &str, files: &Folder<'_>) -> Option<Problem> {
    let stems = ["policy", "current-policy", "trust-policy", "inline-policies", "managed-policies"];
    let tree = files.tree("metadata").or_else(|| stems.into_iter().find_map(|stem| files.tree(stem)))?;
    let message = format!("no `metadata.json` says whose the folder `{folder}` is; it was left out");
    let problem = Problem::error("aws-collected-of-what", message).at(tree.span);
    Some(problem.help("collect it again: the file has the `arn`"))
}

/// The tree of an organization, and what is attached where.
fn tree_of<'d>(organization: &mut Organization<'d>, id: &str, files: &Folder<'d>) {
    organization.id = Some(id.to_owned());
    organization.management = files.text("rootAccountId").map(str::to_owned);
    if let (Some(root), Some(metadata)) = (files.text("rootOu"), files.tree("metadata")) {
        let is_on = |control: &Control| {
            let features = metadata.get("features").and_then(|features| features.get(control.name()));
            features.and_then(Tree::as_bool) == Some(true)
        };
        let enabled = Control::ALL.into_iter().filter(is_on).collect();
        let place = origin(metadata, Route::root(), format!("root `{root}`"));
        organization.roots.insert(root.to_owned(), (enabled, place));
    }
    for (stem, above) in [("ous", "parent"), ("accounts", "ou")] {
        let Some(tree) = files.tree(stem) else { continue };
        for entry in tree.entries() {
            let (name, value) = (entry.key.value.to_string(), &entry.value);
            let place = origin(
                value,
                Route::root().key(entry.key.value.clone()),
                format!("`{name}` of the organization"),
            );
            if let Some(parent) = value.get(above).and_then(Tree::as_str) {
                organization.children.insert(name.clone(), (parent.to_owned(), place.clone()));
            }
            // Both files are complete lists, so each level's members are known when both are there.
            if stem == "ous" {
                organization.units_of.insert(name.clone());
            }
            if files.tree("accounts").is_some() {
                organization.accounts_of.insert(name.clone());
            }
            for list in ["scps", "rcps"] {
                let arns = value.get(list).and_then(Tree::as_list).unwrap_or_default().iter();
                for policy in arns.filter_map(Tree::as_str).filter_map(|arn| arn.rsplit('/').next()) {
                    let what = format!("attachment of `{policy}` to `{name}`");
                    let place = Origin { what, ..place.clone() };
                    organization.targets.entry(policy.to_owned()).or_default().push((name.clone(), place));
                }
            }
        }
    }
}

fn control_policy<'d>(organization: &mut Organization<'d>, control: Control, files: &Folder<'d>) {
    // The folder's name is in lower case; the ARN has the id as it is.
    let Some(id) = files.text("arn").and_then(|arn| arn.rsplit('/').next()) else { return };
    let name = files.text("name").unwrap_or(id).to_owned();
    organization.listed.insert(id.to_owned(), (control, name.clone()));
    // What is attached nowhere is known to be: the tree lists all attachments.
    organization.targets.entry(id.to_owned()).or_default();
    if let Some(content) = files.tree("policy") {
        let route = Route::root();
        organization.described.insert(id.to_owned(), Described { control, name, content, route });
    }
}
