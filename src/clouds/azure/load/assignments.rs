//! Role definitions, role assignments, deny assignments, and assignments that may be activated.

use std::sync::Arc;

use super::{Loader, Row, principal_kind, shapes};
use crate::clouds::azure::abac;
use crate::clouds::azure::ast::{
    Assignment, Block, Body, DenyAssignment, Eligibility, HolderKind, Listing, RoleDefinition,
};
use crate::clouds::azure::condition::Condition;
use crate::clouds::azure::names::{self, CLOUD};
use crate::clouds::azure::{ALLOW, CLASSIC, DENY, ELIGIBILITY, ELIGIBLE, OBJECT_ID, ROLE_DEFINITION, roles};
use crate::model::{Gap, GapKind, Membership, Origin, Principal, PrincipalId, PrincipalKind};
use crate::text::{Located, Problem, Route, Tree};

const DEFINITIONS: &str = "az role definition list";
const ASSIGNMENTS: &str = "az role assignment list --all";
const DENIES: &str = "az rest --url https://management.azure.com/subscriptions/S/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01";
const ELIGIBLES: &str = "az rest --url https://management.azure.com/subscriptions/S/providers/Microsoft.Authorization/roleEligibilityScheduleInstances?api-version=2020-10-01";

/// Who an assignment is for.
struct Holder {
    object: String,
    kind: HolderKind,
    principal: PrincipalId,
}

impl Loader<'_> {
    /// Role definitions. Built-in ones that are just as the catalog knows them are passed over.
    pub fn role_definitions(&mut self, tree: &Tree) {
        for row in self.rows(tree, "a role definition", DEFINITIONS, &shapes::DEFINITION) {
            let Some(role) = self.role_definition(&row) else { continue };
            if roles::built_in(&role.id).is_some_and(|known| known.blocks == role.blocks) {
                continue;
            }
            let origin = row.origin(row.tree.span, format!("role `{}`", role.name));
            let root = self.target(names::ROOT, &origin);
            self.role_names.insert(role.id.to_string(), role.name.to_string());
            self.attach(&role.name.clone(), Body::Role(role), root, ROLE_DEFINITION, origin);
        }
    }

    /// A role by itself, given to `holder` at `/`: a definition, which need not have a GUID yet, or the name of a built-in
    /// role. `title` is what the document is called.
    pub(crate) fn role_alone(&mut self, tree: &Tree, title: &str, holder: &str) -> Option<()> {
        let row = Row { tree, route: Route::root() };
        let name = self.required(&row, &["roleName", "name"], "a role definition", DEFINITIONS)?;
        let written = ["permissions", "actions", "notActions", "dataActions", "notDataActions"];
        let origin = row.origin(tree.span, format!("`{title}`"));
        let root = self.target(names::ROOT, &origin);
        let id: Arc<str> = if row.field(&written).is_some() {
            let blocks = self.blocks(&row, DEFINITIONS);
            let role = RoleDefinition { id: name.into(), name: name.into(), blocks, scopes: Vec::new() };
            self.attach(name, Body::Role(role), root, ROLE_DEFINITION, origin.clone());
            name.into()
        } else if let Some(known) = roles::built_in(name) {
            known.id.clone()
        } else {
            let message =
                format!("the role `{name}` has no `permissions` and is none of Azure's that is known");
            let problem = Problem::error("azure-shape", message).at(tree.span);
            self.problems.push(problem.help(format!("export it with `{DEFINITIONS} --name '{name}'`")));
            return None;
        };
        self.principal(holder, PrincipalKind::Holder, None, origin.clone());
        let body = Assignment {
            holder: holder.to_ascii_lowercase().into(),
            kind: HolderKind::User,
            role: Located::new(id, tree.span),
            condition: None,
            gaps: Vec::new(),
        };
        self.attach(title, Body::Assignment(body), root, ALLOW, origin);
        Some(())
    }

    fn role_definition(&mut self, row: &Row<'_>) -> Option<RoleDefinition> {
        let what = "a role definition";
        let name = self.required(row, &["roleName", "name"], what, DEFINITIONS)?;
        // The command line gives the GUID as `name`, PowerShell as `Id`, and both give a path that ends in it.
        let written =
            ["name", "id"].iter().filter_map(|key| row.tree.get_ignoring_case(key)).filter_map(Tree::as_str);
        let id = written.filter_map(|text| names::guid(text.rsplit('/').next().unwrap_or_default())).next();
        let Some(id) = id else {
            let problem =
                Problem::error("azure-shape", format!("the role `{name}` has no GUID")).at(row.tree.span);
            self.problems.push(problem.help(format!("compare the file with what `{DEFINITIONS}` prints")));
            return None;
        };
        let blocks = self.blocks(row, DEFINITIONS);
        Some(RoleDefinition { id: id.into(), name: name.into(), blocks, scopes: scopes(row) })
    }

    /// The objects of `permissions`, or the one that PowerShell writes into the role itself.
    fn blocks(&mut self, row: &Row<'_>, command: &str) -> Vec<Block> {
        let Some(permissions) = row.field(&["permissions"]) else {
            return vec![self.block(row, command)];
        };
        let Some(items) = permissions.as_list() else {
            self.wrong(permissions, "`permissions`", "an array of objects", command);
            return Vec::new();
        };
        let route = row.route.key("permissions");
        let places = (0..).map(|index| route.index(index));
        let rows: Vec<Row<'_>> = items.iter().zip(places).map(|(tree, route)| Row { tree, route }).collect();
        let mut blocks = Vec::new();
        for row in rows {
            if row.tree.as_map().is_none() {
                self.wrong(row.tree, "an item of `permissions`", "an object", command);
                continue;
            }
            blocks.push(self.block(&row, command));
        }
        blocks
    }

    fn block(&mut self, row: &Row<'_>, command: &str) -> Block {
        Block {
            actions: self.patterns(row, "actions", command),
            not_actions: self.patterns(row, "notActions", command),
            data_actions: self.patterns(row, "dataActions", command),
            not_data_actions: self.patterns(row, "notDataActions", command),
            condition: self.condition(row),
        }
    }

    fn patterns(&mut self, row: &Row<'_>, key: &str, command: &str) -> Vec<Arc<str>> {
        let Some(list) = row.field(&[key]) else { return Vec::new() };
        let Some(items) = list.as_list() else {
            self.wrong(list, &format!("`{key}`"), "an array of strings", command);
            return Vec::new();
        };
        let mut read = Vec::with_capacity(items.len());
        for item in items {
            match item.as_str() {
                Some(text) => read.push(text.trim().to_ascii_lowercase().into()),
                None => self.wrong(item, &format!("an item of `{key}`"), "a string", command),
            }
        }
        read.sort();
        read
    }

    fn condition(&mut self, row: &Row<'_>) -> Option<Condition> {
        let tree = row.field(&["condition"])?;
        let Some(text) = tree.as_text() else {
            // Without its condition an assignment would give too much; one that cannot be read is open.
            self.wrong(tree, "a `condition`", "a string", ASSIGNMENTS);
            return Some(unreadable(tree));
        };
        if text.as_str().trim().is_empty() {
            return None;
        }
        let version = row.text(&["conditionVersion"]);
        if let Some(stated) = version.filter(|stated| !abac::is_known_version(stated)) {
            let place = row.field(&["conditionVersion"]).map_or(tree.span, |found| found.span);
            let message = format!("conditions of version `{stated}` are not known");
            let problem = Problem::error("azure-condition-version", message).at(place);
            self.problems.push(problem.help("expected `2.0`; both outcomes of the condition are considered"));
        }
        Some(abac::read(text.as_str(), version, &|from, to| Some(text.source_span(tree.span, from, to))))
    }

    /// Role assignments, and the classic administrators that older exports list among them.
    pub fn role_assignments(&mut self, tree: &Tree) {
        for row in self.rows(tree, "a role assignment", ASSIGNMENTS, &shapes::ASSIGNMENT) {
            self.role_assignment(&row);
        }
    }

    fn role_assignment(&mut self, row: &Row<'_>) -> Option<()> {
        let what = "a role assignment";
        let own = row.text(&["id", "roleAssignmentId"]).unwrap_or_default().to_ascii_lowercase();
        if own.contains("/roleassignments/") && !self.seen.insert(own) {
            return None;
        }
        let scope = self.scope_of(row, what, ASSIGNMENTS)?;
        if let Some(kind) = classic(row) {
            return self.classic_administrator(row, &scope, kind);
        }
        let holder = self.holder(row, what, ASSIGNMENTS)?;
        let role = self.role(row, what, ASSIGNMENTS)?;
        let origin = self.origin_of(row, &role, &holder, &scope);
        let target = self.target(&scope, &origin);
        let name = self.role_name(row, &role);
        let body = Assignment {
            holder: holder.object.into(),
            kind: holder.kind,
            role,
            condition: self.condition(row),
            gaps: Vec::new(),
        };
        self.attach(&name, Body::Assignment(body), target, ALLOW, origin);
        Some(())
    }

    /// Where an assignment is made: `scope`, or else what stands before its own name.
    fn scope_of(&mut self, row: &Row<'_>, what: &str, command: &str) -> Option<String> {
        if let Some(scope) = row.text(&["scope"]) {
            return Some(scope.to_owned());
        }
        let marker = "/providers/microsoft.authorization/";
        let id = row.text(&["id", "roleAssignmentId"]).unwrap_or_default();
        match id.to_ascii_lowercase().rfind(marker).and_then(|at| id.get(..at)) {
            Some("") => Some(names::ROOT.to_owned()),
            Some(scope) => Some(scope.to_owned()),
            None => self.required(row, &["scope"], what, command).map(str::to_owned),
        }
    }

    fn holder(&mut self, row: &Row<'_>, what: &str, command: &str) -> Option<Holder> {
        let object = self.required(row, &["principalId", "objectId"], what, command)?.to_ascii_lowercase();
        let kind = HolderKind::read(row.text(&["principalType", "objectType"]).unwrap_or_default());
        let names = ["principalName", "signInName", "displayName"];
        let expanded = row.field(&["expandedProperties"]).and_then(|one| one.get_ignoring_case("principal"));
        let name = row.text(&names).or_else(|| {
            let email = expanded.and_then(|one| one.get_ignoring_case("email")).and_then(Tree::as_str);
            email.or_else(|| {
                expanded.and_then(|one| one.get_ignoring_case("displayName")).and_then(Tree::as_str)
            })
        });
        let place = row.field(&["principalId", "objectId"]).map_or(row.tree.span, |found| found.span);
        let origin = row.origin(place, format!("principal `{}`", name.unwrap_or(&object)));
        let principal = self.principal(&object, principal_kind(kind), name, origin);
        let known = self.estate.principal(principal).map(|one| one.kind);
        let kind = match (kind, known) {
            (HolderKind::Unknown, Some(PrincipalKind::User)) => HolderKind::User,
            (HolderKind::Unknown, Some(PrincipalKind::ServiceAccount)) => HolderKind::ServicePrincipal,
            _ => kind,
        };
        Some(Holder { object, kind, principal })
    }

    fn role(&mut self, row: &Row<'_>, what: &str, command: &str) -> Option<Located<Arc<str>>> {
        let keys = ["roleDefinitionId", "roleDefinitionName"];
        let written = self.required(row, &keys, what, command)?;
        // Where the name stands beside the id, it is what people recognize.
        let place = row.field(&["roleDefinitionName"]).or_else(|| row.field(&keys));
        let span = place.map_or(row.tree.span, |found| found.span);
        let last = written.rsplit('/').next().unwrap_or(written);
        Some(Located::new(names::guid(last).unwrap_or_else(|| last.to_owned()).into(), span))
    }

    fn role_name(&self, row: &Row<'_>, role: &Located<Arc<str>>) -> String {
        let written = row.text(&["roleDefinitionName"]).filter(|name| !name.is_empty());
        let expanded = || {
            let one = row.field(&["expandedProperties"])?.get_ignoring_case("roleDefinition")?;
            one.get_ignoring_case("displayName")?.as_str()
        };
        let own = self.role_names.get(&*role.value).cloned();
        let known = own.or_else(|| roles::built_in(&role.value).map(|known| known.name.to_string()));
        known
            .or_else(|| written.or_else(expanded).map(str::to_owned))
            .unwrap_or_else(|| role.value.to_string())
    }

    fn origin_of(&self, row: &Row<'_>, role: &Located<Arc<str>>, holder: &Holder, scope: &str) -> Origin {
        let (role_name, who) = (self.role_name(row, role), self.name_of(holder.principal));
        let what = format!("assignment of `{role_name}` to `{who}` on `{}`", names::full_name(scope));
        row.origin(role.span, what)
    }

    /// "Co-Administrator" and the like, equal to Owner of the subscription; an Account Administrator who is nothing else
    /// pays the bills. They are retired since 31 August 2024:
    /// <https://learn.microsoft.com/azure/role-based-access-control/classic-administrators>.
    fn classic_administrator(&mut self, row: &Row<'_>, scope: &str, kind: &str) -> Option<()> {
        if kind.split(';').all(|one| one.trim().eq_ignore_ascii_case("AccountAdministrator")) {
            return None;
        }
        let name = self.required(
            row,
            &["principalName", "emailAddress", "signInName"],
            "a classic administrator",
            ASSIGNMENTS,
        )?;
        let known = self.estate.find_principal(CLOUD, &format!("user:{}", name.to_ascii_lowercase()));
        let place = row
            .field(&["principalName", "emailAddress", "signInName"])
            .map_or(row.tree.span, |found| found.span);
        let mut origin = row.origin(place, format!("`{kind}` `{name}` on `{}`", names::full_name(scope)));
        let principal = known.unwrap_or_else(|| {
            let object = row.text(&["principalId"]).map_or_else(|| name.to_ascii_lowercase(), str::to_owned);
            self.principal(&object, PrincipalKind::User, Some(name), origin.clone())
        });
        let holder = self.estate.principal(principal).and_then(|one| one.facts.get(OBJECT_ID).cloned())?;
        let gap = Gap {
            kind: GapKind::AssumedDefault,
            message: format!(
                "`{kind}` is a classic administrator, retired since 31 August 2024; counted as Owner because the file lists it"
            ),
            origin: Some(origin.clone()),
        };
        let target = self.target(scope, &origin);
        origin.what = format!("classic administrator {}", origin.what);
        let body = Assignment {
            holder: holder.into(),
            kind: HolderKind::User,
            role: Located::new(roles::OWNER.into(), place),
            condition: None,
            gaps: vec![gap],
        };
        self.attach(kind, Body::Assignment(body), target, CLASSIC, origin);
        Some(())
    }

    /// Deny assignments: <https://learn.microsoft.com/rest/api/authorization/deny-assignments/list>.
    pub fn deny_assignments(&mut self, tree: &Tree) {
        let origin =
            Origin { span: Some(tree.span), what: "deny assignments".to_owned(), ..Origin::default() };
        let root = self.target(names::ROOT, &origin);
        self.listed(Listing::DenyAssignments, root, origin);
        for row in self.rows(tree, "a deny assignment", DENIES, &shapes::DENY) {
            self.deny_assignment(&row);
        }
    }

    fn deny_assignment(&mut self, row: &Row<'_>) -> Option<()> {
        let effect = row.text(&["denyAssignmentEffect"]).unwrap_or("enforced");
        // Such a one logs what it would block:
        // <https://learn.microsoft.com/dotnet/api/azure.resourcemanager.authorization.models.denyassignmenteffect>.
        if effect.eq_ignore_ascii_case("audit") {
            return None;
        }
        let condition = match effect.eq_ignore_ascii_case("enforced") {
            true => self.condition(row),
            false => self.unknown_effect(row, effect),
        };
        let scope = self.scope_of(row, "a deny assignment", DENIES)?;
        let name = row.text(&["denyAssignmentName", "displayName", "name"]).unwrap_or("without a name");
        let principals = self.listed_principals(row, "principals");
        let zero = "00000000-0000-0000-0000-000000000000";
        let everybody = principals.iter().any(|(id, _)| **id == *zero);
        let origin =
            row.origin(row.tree.span, format!("deny assignment `{name}` on `{}`", names::full_name(&scope)));
        let target = self.target(&scope, &origin);
        let body = DenyAssignment {
            name: name.into(),
            everybody,
            principals: principals.into_iter().filter(|(id, _)| **id != *zero).collect(),
            excluded: self.listed_principals(row, "excludePrincipals"),
            blocks: self.blocks(row, DENIES),
            own_scope_only: row.field(&["doNotApplyToChildScopes"]).and_then(Tree::as_bool) == Some(true),
            condition,
        };
        self.attach(name, Body::Deny(body), target, DENY, origin);
        Some(())
    }

    /// Whether a deny assignment of an unknown effect denies is open.
    fn unknown_effect(&mut self, row: &Row<'_>, effect: &str) -> Option<Condition> {
        let place = row.field(&["denyAssignmentEffect"]).unwrap_or(row.tree);
        let message = format!("deny assignments of the effect `{effect}` are not known");
        let problem = Problem::error("azure-deny-effect", message).at(place.span);
        self.problems.push(
            problem.help(
                "expected `enforced` or `audit`; what it denies is considered both denied and permitted",
            ),
        );
        Some(unreadable(place))
    }

    fn listed_principals(&mut self, row: &Row<'_>, key: &str) -> Vec<(Arc<str>, HolderKind)> {
        let Some(list) = row.field(&[key]) else { return Vec::new() };
        let Some(items) = list.as_list() else {
            self.wrong(list, &format!("`{key}`"), "an array of objects with `id` and `type`", DENIES);
            return Vec::new();
        };
        let mut read: Vec<(Arc<str>, HolderKind)> = Vec::new();
        for item in items {
            let id = item
                .get_ignoring_case("id")
                .or_else(|| item.get_ignoring_case("objectId"))
                .and_then(Tree::as_str);
            let kind = item.get_ignoring_case("type").or_else(|| item.get_ignoring_case("objectType"));
            match id {
                Some(id) => {
                    let kind = HolderKind::read(kind.and_then(Tree::as_str).unwrap_or_default());
                    read.push((id.to_ascii_lowercase().into(), kind));
                }
                None => {
                    self.wrong(item, &format!("an item of `{key}`"), "an object with `id` and `type`", DENIES)
                }
            }
        }
        read
    }

    /// Assignments that may be activated: each gives a principal of its own, which whoever activates it becomes.
    pub fn eligible_assignments(&mut self, tree: &Tree) {
        for row in self.rows(tree, "an eligible assignment", ELIGIBLES, &shapes::ASSIGNMENT) {
            self.eligible_assignment(&row);
        }
    }

    fn eligible_assignment(&mut self, row: &Row<'_>) -> Option<()> {
        let what = "an eligible assignment";
        let scope = self.scope_of(row, what, ELIGIBLES)?;
        let holder = self.holder(row, what, ELIGIBLES)?;
        let role = self.role(row, what, ELIGIBLES)?;
        let mut origin = self.origin_of(row, &role, &holder, &scope);
        origin.what = format!("eligible {}", origin.what);
        let target = self.target(&scope, &origin);
        let place = names::full_name(&scope);
        let role_name = self.role_name(row, &role);
        let own = row.tree.get_ignoring_case("id").and_then(Tree::as_str).map(names::full_name);
        let instance = own.unwrap_or_else(|| {
            let number = self.estate.policies().count();
            names::full_name(&format!(
                "{place}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances/{number}"
            ))
        });
        let activated = format!("{} (eligible: {role_name} on {place})", self.name_of(holder.principal));
        self.activated(&activated, &instance, holder.principal, &origin);
        let condition = self.condition(row);
        let assignment = Assignment {
            holder: instance.as_str().into(),
            kind: HolderKind::ServicePrincipal,
            role,
            condition,
            gaps: Vec::new(),
        };
        self.attach(&role_name, Body::Assignment(assignment), target, ELIGIBLE, origin.clone());
        let eligibility = Eligibility {
            holder: holder.object.into(),
            kind: holder.kind,
            instance: instance.into(),
            activated: activated.into(),
        };
        self.attach(&role_name, Body::Eligible(eligibility), target, ELIGIBILITY, origin);
        Some(())
    }

    /// The principal that stands for whoever has activated it: beside the role it has all that the holder has.
    pub(super) fn activated(&mut self, name: &str, instance: &str, holder: PrincipalId, origin: &Origin) {
        let facts = [(OBJECT_ID.to_owned(), instance.to_owned())].into();
        let principal = Principal {
            cloud: CLOUD,
            name: name.to_owned(),
            kind: PrincipalKind::StandIn,
            home: None,
            facts,
            origin: origin.clone(),
        };
        let id = self.estate.add_principal(principal);
        self.by_id.insert(instance.to_owned(), id);
        self.estate.add_membership(Membership { group: holder, member: id, origin: origin.clone() });
    }
}

/// A condition of which it is open whether it holds.
fn unreadable(tree: &Tree) -> Condition {
    abac::read("?", None, &|_, _| Some(tree.span))
}

/// The kind of classic administrator that a row lists, if it does.
fn classic<'t>(row: &Row<'t>) -> Option<&'t str> {
    let name = row.text(&["roleDefinitionName", "role"])?;
    let id = row.text(&["id", "roleDefinitionId", "type"]).unwrap_or_default().to_ascii_lowercase();
    let is_classic = id.contains("classicadministrators")
        || ["CoAdministrator", "ServiceAdministrator", "AccountAdministrator"]
            .iter()
            .any(|own| name.contains(own));
    is_classic.then_some(name)
}

/// Where a custom role can be given. No custom role can have `/`, as all built-in ones have:
/// <https://learn.microsoft.com/azure/role-based-access-control/role-definitions#assignablescopes>.
fn scopes(row: &Row<'_>) -> Vec<Arc<str>> {
    let built_in = row.text(&["roleType"]).is_some_and(|kind| kind.eq_ignore_ascii_case("BuiltInRole"))
        || row.field(&["isCustom"]).and_then(Tree::as_bool) == Some(false);
    let listed = row.field(&["assignableScopes"]).and_then(Tree::as_list).unwrap_or_default();
    let mut scopes: Vec<Arc<str>> =
        listed.iter().filter_map(Tree::as_str).map(|scope| names::full_name(scope).into()).collect();
    scopes.sort();
    scopes.dedup();
    if built_in || scopes.iter().any(|scope| &**scope == names::ROOT) { Vec::new() } else { scopes }
}
