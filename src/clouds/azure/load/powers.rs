//! Power in the directory: its roles, application permissions of Microsoft Graph, owners, administrative units.

use std::sync::Arc;

use super::{Loader, Row, shapes};
use crate::clouds::azure::ast::{
    Assignment, Body, DirectoryAssignment, Eligibility, HolderKind, Listing, Reach,
};
use crate::clouds::azure::directory::{self, MADE_ADMINISTRATOR, NEW_MEMBER, OWNER, On, UNIT};
use crate::clouds::azure::names::{self, CLOUD};
use crate::clouds::azure::roles::USER_ACCESS_ADMINISTRATOR;
use crate::clouds::azure::steps::ELEVATED;
use crate::clouds::azure::{ALLOW, APPLICATION_ID, DIRECTORY, ELIGIBILITY, GLOBAL_ADMINISTRATOR, OBJECT_ID};
use crate::model::{Estate, Membership, Origin, Principal, PrincipalId, PrincipalKind, Target};
use crate::text::{Located, Tree};

const ROLES: &str = "az rest --url https://graph.microsoft.com/v1.0/roleManagement/directory/roleAssignments";
const DEFINITIONS: &str =
    "az rest --url https://graph.microsoft.com/v1.0/roleManagement/directory/roleDefinitions";
const PERMISSIONS: &str = "az rest --url https://graph.microsoft.com/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo";
const OWNERS: &str = "az ad app owner list --id A";
const UNITS: &str = "az rest --url https://graph.microsoft.com/v1.0/directory/administrativeUnits/U/members";

/// How the names begin here that eligibilities for roles of the directory go by.
const ELIGIBILITIES: &str = "/providers/microsoft.directory/roleeligibilityscheduleinstances/";

/// What owners are owners of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owned {
    /// An application, by its client id.
    Application,
    /// A service principal, by its object id, client id, or name.
    ServicePrincipal,
    /// A group, by its object id or name.
    Group,
    /// Whatever has that object id.
    Object,
}

impl Loader<'_> {
    /// Definitions of the directory's own roles. What they permit counts for roles that the table does not know: custom
    /// ones, and built-in ones of which it says nothing. Conditions of permissions speak of one's own account and of what
    /// one owns (<https://learn.microsoft.com/graph/api/resources/unifiedrolepermission>): the former leads to nobody
    /// else, and owners are exported on their own.
    pub fn directory_role_definitions(&mut self, tree: &Tree) {
        let place =
            Origin { span: Some(tree.span), what: "roles of the directory".into(), ..Origin::default() };
        for row in self.rows(tree, "a role of the directory", DEFINITIONS, &shapes::DIRECTORY_ROLE) {
            let what = "a role of the directory";
            let id = self.required(&row, &["id", "templateId"], what, DEFINITIONS);
            let name = self.required(&row, &["displayName"], what, DEFINITIONS);
            let (Some(id), Some(name)) = (id, name) else { continue };
            let is_off = row.field(&["isEnabled"]).and_then(Tree::as_bool) == Some(false);
            let listed = row.field(&["rolePermissions"]).and_then(Tree::as_list).unwrap_or_default();
            let plain = listed
                .iter()
                .filter(|one| one.get_ignoring_case("condition").is_none_or(|condition| condition.is_null()));
            let actions = plain
                .filter(|_| !is_off)
                .filter_map(|one| one.get_ignoring_case("allowedResourceActions")?.as_list())
                .flatten();
            let actions: Arc<[Arc<str>]> =
                actions.filter_map(Tree::as_str).map(|one| one.to_ascii_lowercase().into()).collect();
            let template = row.text(&["templateId"]).unwrap_or(id);
            for key in [id, template] {
                self.directory_roles.insert(key.to_ascii_lowercase(), (name.to_owned(), actions.clone()));
            }
        }
        let root = self.target(names::ROOT, &place);
        self.listed(Listing::DirectoryRoles, root, place);
    }

    /// Assignments of the directory's own roles, and those that may be activated, which give a principal of its own.
    pub fn directory_roles(&mut self, tree: &Tree) {
        for row in self.rows(tree, "an assignment of a directory role", ROLES, &shapes::POWER) {
            let what = "an assignment of a directory role";
            let holder = self.required(&row, &["principalId"], what, ROLES);
            let role = self.required(&row, &["roleDefinitionId", "roleTemplateId"], what, ROLES);
            let (Some(holder), Some(role)) = (holder, role) else { continue };
            let reach = reach(row.text(&["directoryScopeId"]).unwrap_or("/"));
            let name = row.field(&["roleDefinition"]).and_then(|one| one.get_ignoring_case("displayName"));
            let name = name.and_then(Tree::as_str);
            let activated = row.field(&["roleEligibilityScheduleId"]);
            let activated = activated.map(|_| self.eligible_power(&row, holder, role, name, &reach));
            self.directory_power(&row, activated.as_deref().unwrap_or(holder), role, name, reach);
        }
    }

    /// A role of the directory that may be activated:
    /// <https://learn.microsoft.com/graph/api/resources/unifiedroleeligibilityscheduleinstance>. Answers the object id of
    /// what stands for whoever has activated it. Activating is asked like for Azure's own roles, on the eligibility.
    fn eligible_power(
        &mut self,
        row: &Row<'_>,
        holder: &str,
        role: &str,
        name: Option<&str>,
        reach: &Reach,
    ) -> String {
        let folded = role.to_ascii_lowercase();
        let own = self.directory_roles.get(&folded).map(|(name, _)| name.clone());
        let known = directory::find(&folded).map(|entry| entry.name.as_str()).or(own.as_deref());
        let name = known.or(name).unwrap_or(&folded);
        let own = row.text(&["id"]).map_or_else(|| self.estate.policies().count().to_string(), str::to_owned);
        let instance = format!("{ELIGIBILITIES}{}", own.to_ascii_lowercase());
        let place = row.field(&["principalId"]).map_or(row.tree.span, |found| found.span);
        let origin = row.origin(place, format!("eligible assignment of the directory role `{name}`"));
        let principal = self.principal(holder, PrincipalKind::External, None, origin.clone());
        let over = match reach {
            Reach::Tenant => "the directory".to_owned(),
            Reach::Unit(unit) => format!("the unit {unit}"),
            Reach::Object(object) => object.to_string(),
        };
        let activated = format!("{} (eligible: {name} on {over})", self.name_of(principal));
        self.activated(&activated, &instance, principal, &origin);
        let root = self.target(names::ROOT, &origin);
        let body = Eligibility {
            holder: holder.to_ascii_lowercase().into(),
            kind: HolderKind::Unknown,
            instance: instance.as_str().into(),
            activated: activated.into(),
        };
        let name = name.to_owned();
        self.attach(&name, Body::Eligible(body), root, ELIGIBILITY, origin);
        instance
    }

    /// Application permissions of Microsoft Graph that were granted; those that lead nowhere are passed over.
    pub fn app_roles(&mut self, tree: &Tree) {
        for row in self.rows(tree, "a granted permission", PERMISSIONS, &shapes::POWER) {
            let what = "a granted permission";
            let holder = self.required(&row, &["principalId"], what, PERMISSIONS);
            let role = self.required(&row, &["appRoleId"], what, PERMISSIONS);
            let (Some(holder), Some(role)) = (holder, role) else { continue };
            if directory::find(&role.to_ascii_lowercase()).is_some() {
                self.directory_power(&row, holder, role, None, Reach::Tenant);
            }
        }
    }

    /// The owners of an application, a service principal or a group.
    pub fn owners(&mut self, owned: Owned, name: &str, tree: &Tree) {
        let place =
            Origin { span: Some(tree.span), what: format!("owners of `{name}`"), ..Origin::default() };
        let folded = name.to_ascii_lowercase();
        let is_program = |one: &Principal| one.cloud == CLOUD && one.kind == PrincipalKind::ServiceAccount;
        let by_application = |one: &Principal| {
            is_program(one) && one.facts.get(APPLICATION_ID).is_some_and(|id| id.eq_ignore_ascii_case(name))
        };
        let called = |one: &Principal| {
            is_program(one) && one.name.eq_ignore_ascii_case(&format!("servicePrincipal:{name}"))
        };
        let found = |test: &dyn Fn(&Principal) -> bool, estate: &Estate| {
            estate.principals().find(|(_, one)| test(one)).map(|(id, _)| id)
        };
        let target = match owned {
            Owned::Group => {
                Some(self.by_id.get(&folded).copied().unwrap_or_else(|| self.named_group(name, place)))
            }
            Owned::Object => self.by_id.get(&folded).copied(),
            Owned::Application => found(&by_application, self.estate),
            Owned::ServicePrincipal => {
                let known = self.by_id.get(&folded).copied();
                known.or_else(|| found(&by_application, self.estate)).or_else(|| found(&called, self.estate))
            }
        };
        // Nobody asks as an application that has no service principal here.
        let object = target
            .and_then(|id| self.estate.principal(id))
            .map(|one| crate::clouds::azure::members::object_id(one).to_owned());
        let Some(object) = object else { return };
        for row in self.rows(tree, "an owner", OWNERS, &shapes::ENTRY) {
            let Some(holder) = row.text(&["id", "objectId"]) else {
                self.required(&row, &["id"], "an owner", OWNERS);
                continue;
            };
            self.entry(&row);
            self.directory_power(&row, holder, OWNER, None, Reach::Object(object.as_str().into()));
        }
    }

    /// The members of an administrative unit.
    pub fn unit_members(&mut self, unit: &str, tree: &Tree) {
        for row in self.rows(tree, "a member of an administrative unit", UNITS, &shapes::ENTRY) {
            if let Some(member) = self.entry(&row) {
                self.fact(member, &format!("{UNIT}{}", unit.to_ascii_lowercase()), "");
            }
        }
    }

    fn directory_power(&mut self, row: &Row<'_>, holder: &str, role: &str, name: Option<&str>, reach: Reach) {
        let role = role.to_ascii_lowercase();
        let entry = directory::find(&role);
        let own = self.directory_roles.get(&role).cloned();
        let own_name = own.as_ref().map(|(name, _)| name.as_str());
        let name = entry.map(|entry| entry.name.as_str()).or(own_name).or(name).unwrap_or(&role).to_owned();
        let place = row.field(&["principalId", "id"]).map_or(row.tree.span, |found| found.span);
        let what = match &reach {
            Reach::Object(object) if role == OWNER => format!("owner of `{object}`"),
            Reach::Tenant => format!("assignment of the directory role `{name}`"),
            Reach::Unit(unit) => format!("assignment of the directory role `{name}` for the unit `{unit}`"),
            Reach::Object(object) => format!("assignment of the directory role `{name}` for `{object}`"),
        };
        let origin = row.origin(place, what);
        self.principal(holder, PrincipalKind::External, None, origin.clone());
        let root = self.target(names::ROOT, &origin);
        let can = |on: On| entry.is_some_and(|entry| entry.powers.iter().any(|power| power.on == on));
        if reach == Reach::Tenant && can(On::Root) {
            self.elevated(&origin, root);
        } else if reach == Reach::Tenant && can(On::Directory) {
            self.made_administrator(&origin, root);
        }
        let actions = own.map(|(_, actions)| actions);
        let holder = holder.to_ascii_lowercase().into();
        let body = DirectoryAssignment { holder, role: role.into(), actions, reach };
        self.attach(&name, Body::Directory(body), root, DIRECTORY, origin);
    }

    /// Whoever has made itself Global Administrator.
    fn made_administrator(&mut self, origin: &Origin, root: Target) {
        if self.by_id.contains_key(MADE_ADMINISTRATOR) {
            return;
        }
        self.stand_in(MADE_ADMINISTRATOR, "self-made Global Administrator", origin);
        self.elevated(origin, root);
        let what =
            "the directory role `Global Administrator` after somebody has assigned it to itself".to_owned();
        let body = DirectoryAssignment {
            holder: MADE_ADMINISTRATOR.into(),
            role: GLOBAL_ADMINISTRATOR.into(),
            actions: None,
            reach: Reach::Tenant,
        };
        let origin = Origin { what, ..origin.clone() };
        self.attach("Global Administrator", Body::Directory(body), root, DIRECTORY, origin);
    }

    fn stand_in(&mut self, object: &str, name: &str, origin: &Origin) -> PrincipalId {
        let facts = [(OBJECT_ID.to_owned(), object.to_owned())].into();
        let id = self.estate.add_principal(Principal {
            cloud: CLOUD,
            name: name.to_owned(),
            kind: PrincipalKind::StandIn,
            home: None,
            facts,
            origin: origin.clone(),
        });
        self.by_id.insert(object.to_owned(), id);
        id
    }

    /// When everything is read: what stands for whoever puts itself into a group that holds a role.
    pub fn finish(&mut self) {
        for group in directory::open_groups(self.estate) {
            let Some(known) = self.estate.principal(group).cloned() else { continue };
            let object = format!("{NEW_MEMBER}{}", crate::clouds::azure::members::object_id(&known));
            if self.by_id.contains_key(&object) {
                continue;
            }
            let origin =
                Origin { what: format!("whoever puts itself into `{}`", known.name), ..known.origin };
            let member = self.stand_in(&object, &format!("new member of {}", known.name), &origin);
            self.estate.add_membership(Membership { group, member, origin });
        }
    }

    /// Whoever has raised access: User Access Administrator of everything.
    fn elevated(&mut self, origin: &Origin, root: Target) {
        if self.by_id.contains_key(ELEVATED) {
            return;
        }
        let facts = [(OBJECT_ID.to_owned(), ELEVATED.to_owned())].into();
        let name = "elevated Global Administrator".to_owned();
        let principal = Principal {
            cloud: CLOUD,
            name,
            kind: PrincipalKind::StandIn,
            home: None,
            facts,
            origin: origin.clone(),
        };
        let id = self.estate.add_principal(principal);
        self.by_id.insert(ELEVATED.to_owned(), id);
        let Some(span) = origin.span else { return };
        let body = Assignment {
            holder: ELEVATED.into(),
            kind: HolderKind::ServicePrincipal,
            role: Located::new(USER_ACCESS_ADMINISTRATOR.into(), span),
            condition: None,
            gaps: Vec::new(),
        };
        let what =
            "`User Access Administrator` on `/` after a Global Administrator has raised access".to_owned();
        let origin = Origin { what, ..origin.clone() };
        self.attach("User Access Administrator", Body::Assignment(body), root, ALLOW, origin);
    }
}

/// What `directoryScopeId` says: `/`, `/administrativeUnits/ID`, or `/ID` for one object.
fn reach(scope: &str) -> Reach {
    let folded = scope.trim_matches('/').to_ascii_lowercase();
    match folded.strip_prefix("administrativeunits/") {
        Some(unit) => Reach::Unit(unit.into()),
        None if folded.is_empty() => Reach::Tenant,
        None => Reach::Object(folded.as_str().into()),
    }
}
