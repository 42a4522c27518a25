//! `aws iam get-account-authorization-details`: users, groups, roles and managed policies of one account, or of several
//! when outputs were put together.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>. Of instance profiles
//! only the names are read: they add no permission of their own, but instances run as roles that have one.

use std::cell::OnceCell;

use rustc_hash::FxHashMap;

use super::aws_layout::is_written_by;
use super::aws_managed::{self, unknown};
use super::aws_members::{self, Member, Written};
use super::aws_shapes;
use super::{Confidence, Document, Format};
use crate::clouds::aws::AWS;
use crate::clouds::aws::ast::Arn;
use crate::clouds::aws::estate::{add_policy, attach, document_of, mentioned_in, policy};
use crate::clouds::aws::parse::Capacity;
use crate::clouds::aws::rule::{BOUNDARY, IDENTITY};
use crate::model::{
    Estate, Layer, Membership, Origin, PolicyId, PrincipalId, PrincipalKind, Target, Version,
};
use crate::text::{Problem, Route, Severity, Span, Tree};

const LISTS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsAccountDetails;

impl Format for AwsAccountDetails {
    fn id(&self) -> &'static str {
        "aws-account-details"
    }

    fn summary(&self) -> &'static str {
        "users, groups, roles and policies of an AWS account: `aws iam get-account-authorization-details`, or roles alone: `get-role`, `list-roles`"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "ACCOUNT/account-details.json    aws iam get-account-authorization-details",
            "ACCOUNT/roles.json              aws iam list-roles, where there is nothing better",
        ]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let pages = tree.as_list().map_or(std::slice::from_ref(tree), |pages| pages);
        let marked = |page: &Tree| {
            LISTS.iter().filter(|list| page.get(list).is_some_and(|value| value.as_list().is_some())).count()
        };
        match pages.iter().map(marked).max() {
            Some(2..) => Confidence::Certain,
            Some(1) if pages.iter().any(|page| LISTS.iter().take(3).any(|list| page.get(list).is_some())) => {
                Confidence::Certain
            }
            Some(1) => Confidence::Likely,
            _ if pages.iter().any(has_roles) => Confidence::Certain,
            _ => Confidence::No,
        }
    }

    fn claims(&self, path: &str) -> bool {
        aws_shapes::is_called(path, &["account-details"]) || is_written_by(path, self.commands())
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        // A single object, or an array of the pages that a paginated call answered with.
        let pages = document.tree.as_list().map_or(std::slice::from_ref(document.tree), |pages| pages);
        pages.iter().for_each(|page| aws_shapes::check(page, &aws_shapes::ACCOUNT, problems));
        let is_list = document.tree.as_list().is_some();
        let mut loader = Loader {
            estate,
            problems,
            managed: FxHashMap::default(),
            trusts: Vec::new(),
            groups: OnceCell::new(),
            again: Vec::new(),
        };
        let routes: Vec<Route> = (0..pages.len())
            .map(|index| if is_list { Route::root().index(index) } else { Route::root() })
            .collect();
        for (page, route) in pages.iter().zip(&routes) {
            loader.list(page, "Policies", route, Loader::managed_policy);
        }
        for (page, route) in pages.iter().zip(&routes) {
            loader.list(page, "GroupDetailList", route, Loader::group);
        }
        for (page, route) in pages.iter().zip(&routes) {
            loader.list(page, "UserDetailList", route, Loader::user);
            loader.list(page, "RoleDetailList", route, Loader::role);
            loader.list(page, "Roles", route, Loader::bare_role);
            if let Some(tree) = page.get("Role") {
                let item = Item { tree, route: route.key("Role") };
                item.text("Arn").into_iter().for_each(|arn| loader.bare_role(&item, arn));
            }
        }
        loader.told_twice();
        // Whom the trust policies name is looked for only when everybody is loaded.
        for trust in std::mem::take(&mut loader.trusts) {
            mentioned_in(loader.estate, trust);
        }
    }
}

/// What `aws iam get-role` and `list-roles` print.
fn has_roles(page: &Tree) -> bool {
    let trusts = |role: &Tree| role.get("Arn").is_some() && role.get("AssumeRolePolicyDocument").is_some();
    let listed = page.get("Roles").and_then(Tree::as_list).and_then(<[Tree]>::first);
    listed.or(page.get("Role")).is_some_and(trusts)
}

/// Groups by what their ARN begins with and by their name.
type Groups = FxHashMap<(Box<str>, Box<str>), PrincipalId>;

/// The first group of each name, whatever its path.
fn groups_by_name(estate: &Estate) -> Groups {
    let mut groups = Groups::default();
    for (id, principal) in estate.principals() {
        if let Some((head, path)) = principal.name.split_once(":group/") {
            let name = path.rsplit('/').next().unwrap_or(path);
            groups.entry((head.into(), name.into())).or_insert(id);
        }
    }
    groups
}

struct Loader<'a> {
    estate: &'a mut Estate,
    problems: &'a mut Vec<Problem>,
    /// Managed policies by ARN.
    managed: FxHashMap<String, PolicyId>,
    trusts: Vec<PolicyId>,
    /// Made once somebody's group has a path.
    groups: OnceCell<Groups>,
    /// Members that another file has told of.
    again: Vec<(String, Span)>,
}

/// An entry of one of the lists.
struct Item<'t> {
    tree: &'t Tree,
    route: Route,
}

impl<'t> Item<'t> {
    fn text(&self, key: &str) -> Option<&'t str> {
        self.tree.get(key).and_then(Tree::as_str)
    }

    fn list(&self, key: &'static str) -> impl Iterator<Item = Item<'t>> {
        let route = self.route.key(key);
        let items = self.tree.get(key).and_then(Tree::as_list).unwrap_or_default();
        items.iter().enumerate().map(move |(index, tree)| Item { tree, route: route.index(index) })
    }

    fn origin(&self, what: String) -> Origin {
        Origin { span: Some(self.place()), route: self.route.clone(), what }
    }

    /// The ARN, which shows the entry better than its whole extent.
    fn place(&self) -> Span {
        self.tree.get("Arn").map_or(self.tree.span, |arn| arn.span)
    }
}

impl Loader<'_> {
    fn list(&mut self, page: &Tree, key: &'static str, route: &Route, load: fn(&mut Self, &Item<'_>, &str)) {
        let Some(value) = page.get(key) else { return };
        let Some(items) = value.as_list() else {
            let message = format!("expected `{key}` to be an array, found {}", value.kind_name());
            self.problems.push(Problem::error("aws-export-shape", message).at(value.span));
            return;
        };
        let route = route.key(key);
        for (index, tree) in items.iter().enumerate() {
            let item = Item { tree, route: route.index(index) };
            match item.text("Arn") {
                Some(arn) => load(self, &item, arn),
                None => {
                    let message = format!("an entry of `{key}` has no `Arn` and was left out");
                    let problem = Problem::error("aws-export-shape", message).at(tree.span);
                    self.problems
                        .push(problem.help("export again with `aws iam get-account-authorization-details`"));
                }
            }
        }
    }

    fn managed_policy(&mut self, item: &Item<'_>, arn: &str) {
        if self.managed.contains_key(arn) {
            return;
        }
        let name = arn.split_once(":policy/").map_or(arn, |(_, name)| name);
        let default = item.text("DefaultVersionId");
        let is_default = |version: &Item<'_>| {
            let flagged = version.tree.get("IsDefaultVersion").and_then(Tree::as_bool);
            flagged.unwrap_or_else(|| version.text("VersionId") == default)
        };
        let version = item.list("PolicyVersionList").find(is_default);
        let found = version.and_then(|version| {
            let route = version.route.key("Document");
            policy(version.tree.get("Document")?, name, &route, Capacity::Identity, self.problems)
        });
        let document = found.unwrap_or_else(|| {
            let message =
                format!("the text of policy `{name}` could not be read; it was taken to grant nothing");
            unknown(name, None, item.origin(format!("policy `{name}`")), message)
        });
        let id = aws_managed::define(self.estate, arn, document);
        self.managed.insert(arn.to_owned(), id);
        // Nobody decides on the versions of a policy of AWS.
        let is_own = Arn::parse(arn).is_some_and(|arn| arn.account != "aws");
        if is_own && let Some(others) = self.other_versions(item, name, is_default) {
            self.estate.versions_mut().list(id, others);
        }
    }

    /// The versions that are not in force. `None` if they are not listed, or if one could not be read: then anything
    /// may be in it.
    fn other_versions(
        &mut self,
        item: &Item<'_>,
        name: &str,
        is_default: impl Fn(&Item<'_>) -> bool,
    ) -> Option<Vec<Version>> {
        item.tree.get("PolicyVersionList")?;
        let mut all = Vec::new();
        for version in item.list("PolicyVersionList").filter(|version| !is_default(version)) {
            let called = version.text("VersionId")?;
            let route = version.route.key("Document");
            let name = format!("{name} ({called})");
            let mut problems = Vec::new();
            let written = version.tree.get("Document")?;
            let read = policy(written, &name, &route, Capacity::Identity, &mut problems);
            // What is odd about a text that is not in force troubles nobody.
            self.problems.extend(problems.into_iter().filter(|problem| problem.severity == Severity::Error));
            all.push(Version { name: called.to_owned(), body: document_of(read?).body });
        }
        Some(all)
    }

    fn principal(&mut self, item: &Item<'_>, arn: &str, kind: PrincipalKind, id: &str) -> PrincipalId {
        let known = self.estate.find_principal(AWS, arn).and_then(|id| self.estate.principal(id));
        let place =
            known.filter(|known| known.kind != PrincipalKind::External).and_then(|known| known.origin.span);
        if place.is_some_and(|place| place.file != item.place().file) {
            self.again.push((arn.to_owned(), item.place()));
        }
        let tags: Vec<Item<'_>> = item.list("Tags").collect();
        let tags = tags.iter().filter_map(|tag| Some((tag.text("Key")?, tag.text("Value")?))).collect();
        let (unique_id, path) = (item.text(id), item.text("Path"));
        let profiles = item.tree.get("InstanceProfileList").and_then(Tree::as_list);
        let named = |profile: &Tree| {
            let named = profile.get("Arn").or(profile.get("InstanceProfileName"));
            named.and_then(Tree::as_str).unwrap_or("?").to_owned()
        };
        let instance_profiles =
            profiles.map(|listed| listed.iter().map(named).collect::<Vec<String>>().join(" "));
        let origin = item.origin(format!("`{arn}`"));
        Member { arn, kind, unique_id, path, tags, instance_profiles, origin }.add(self.estate)
    }

    /// Reports, once for a file, that it tells of members that another one tells of, too.
    fn told_twice(&mut self) {
        let Some((first, span)) = self.again.first() else { return };
        let (others, is) = match self.again.len() {
            1 => (String::new(), "is"),
            count => (format!(" and {} more", count - 1), "are"),
        };
        let message =
            format!("`{first}`{others} {is} in another file, too; what either says was taken to hold");
        let problem = Problem::warning("aws-export-twice", message).at(*span);
        self.problems.push(problem.help("leave the export that was made last"));
    }

    fn group(&mut self, item: &Item<'_>, arn: &str) {
        let id = self.principal(item, arn, PrincipalKind::Group, "GroupId");
        self.policies(item, arn, id, "GroupPolicyList");
    }

    fn user(&mut self, item: &Item<'_>, arn: &str) {
        let id = self.principal(item, arn, PrincipalKind::User, "UserId");
        self.policies(item, arn, id, "UserPolicyList");
        self.boundary(item, arn, id);
        for group in item.list("GroupList") {
            let Some(name) = group.tree.as_str() else { continue };
            let origin = group.origin(format!("membership of `{arn}` in group `{name}`"));
            match self.find_group(arn, name) {
                Some(group) => self.estate.add_membership(Membership { group, member: id, origin }),
                None => aws_members::missing_group(self.estate, self.problems, (id, arn), name, origin),
            }
        }
    }

    /// Groups are listed by name; their path is not said. All groups are loaded before the first user.
    fn find_group(&self, user: &str, name: &str) -> Option<PrincipalId> {
        let head = user.split_once(":user/").map_or(user, |(head, _)| head);
        let plain = self.estate.find_principal(AWS, &format!("{head}:group/{name}"));
        let by_name = || {
            let groups = self.groups.get_or_init(|| groups_by_name(self.estate));
            groups.get(&(head.into(), name.into())).copied()
        };
        plain.or_else(by_name)
    }

    fn role(&mut self, item: &Item<'_>, arn: &str) {
        let id = self.principal(item, arn, PrincipalKind::Role, "RoleId");
        self.policies(item, arn, id, "RolePolicyList");
        self.boundary(item, arn, id);
        let route = item.route.key("AssumeRolePolicyDocument");
        let written = Written { tree: item.tree.get("AssumeRolePolicyDocument"), route: &route };
        let origin = item.origin(format!("role `{arn}`"));
        self.trusts.push(aws_members::trust(self.estate, self.problems, arn, written, origin));
    }

    /// A role as `get-role` and `list-roles` print it: without the policies attached to it.
    fn bare_role(&mut self, item: &Item<'_>, arn: &str) {
        let known = self.estate.find_principal(AWS, arn).and_then(|id| self.estate.principal(id));
        if known.is_some_and(|known| known.kind == PrincipalKind::Role) {
            return;
        }
        self.role(item, arn);
        let Some(id) = self.estate.find_principal(AWS, arn) else { return };
        let origin = item.origin(format!("role `{arn}`"));
        let message =
            format!("the policies attached to `{arn}` are not in the input; it was taken to have none");
        let document = unknown(&format!("policies of {arn}"), None, origin.clone(), message);
        let policy = add_policy(self.estate, document);
        attach(self.estate, policy, Target::Principal(id), IDENTITY, origin);
    }

    /// Inline and attached policies.
    fn policies(&mut self, item: &Item<'_>, arn: &str, id: PrincipalId, inline: &'static str) {
        for entry in item.list(inline) {
            let given = entry.text("PolicyName").unwrap_or("inline policy");
            let origin = Origin {
                span: Some(entry.tree.span),
                route: entry.route.clone(),
                what: format!("inline policy `{given}` of `{arn}`"),
            };
            let route = entry.route.key("PolicyDocument");
            let written = Written { tree: entry.tree.get("PolicyDocument"), route: &route };
            aws_members::inline(self.estate, self.problems, (id, arn), given, written, origin);
        }
        for entry in item.list("AttachedManagedPolicies") {
            let Some(policy_arn) = entry.text("PolicyArn") else { continue };
            let origin = Origin {
                span: Some(entry.tree.span),
                route: entry.route.clone(),
                what: format!("attachment of `{policy_arn}` to `{arn}`"),
            };
            self.attach_managed(policy_arn, id, IDENTITY, origin);
        }
    }

    fn boundary(&mut self, item: &Item<'_>, arn: &str, id: PrincipalId) {
        let Some(boundary) = item.tree.get("PermissionsBoundary") else { return };
        let named =
            boundary.as_str().or_else(|| boundary.get("PermissionsBoundaryArn").and_then(Tree::as_str));
        let Some(named) = named else {
            let message = format!("the permission boundary of `{arn}` has no `PermissionsBoundaryArn`");
            self.problems.push(Problem::error("aws-export-shape", message).at(boundary.span));
            return;
        };
        let origin = Origin {
            span: Some(boundary.span),
            route: item.route.key("PermissionsBoundary"),
            what: format!("permission boundary of `{arn}`"),
        };
        self.attach_managed(named, id, BOUNDARY, origin);
    }

    fn attach_managed(&mut self, arn: &str, id: PrincipalId, layer: Layer, origin: Origin) {
        let known = self.managed.get(arn).copied();
        let policy = known.unwrap_or_else(|| aws_managed::refer(self.estate, arn, layer, &origin));
        attach(self.estate, policy, Target::Principal(id), layer, origin);
    }
}

#[cfg(test)]
mod tests;
