//! Principals of the directory: users, groups and their members, service principals, managed identities.

use super::{Loader, Row};
use crate::clouds::azure::ast::{Assignment, HolderKind};
use crate::clouds::azure::ast::{Body, DirectoryAssignment, Listing};
use crate::clouds::azure::names::{self, CLOUD};
use crate::clouds::azure::roles::USER_ACCESS_ADMINISTRATOR;
use crate::clouds::azure::steps::ELEVATED;
use crate::clouds::azure::{ALLOW, APPLICATION_ID, DIRECTORY, GLOBAL_ADMINISTRATOR, OBJECT_ID, USER_TYPE};
use crate::model::{Membership, Origin, Principal, PrincipalId, PrincipalKind, Target};
use crate::text::{Located, Tree};

const USERS: &str = "az ad user list";

impl Loader<'_> {
    /// Users, groups and service principals, as `az ad user|group|sp list` prints them.
    pub fn directory(&mut self, tree: &Tree) {
        for row in self.rows(tree, "an entry of the directory", USERS) {
            self.entry(&row);
        }
    }

    fn entry(&mut self, row: &Row<'_>) -> Option<PrincipalId> {
        let object = self.required(row, &["id", "objectId"], "an entry of the directory", USERS)?;
        let name = row.text(&["userPrincipalName", "displayName"]);
        let kind = entry_kind(row);
        let place = row.field(&["id", "objectId"]).map_or(row.tree.span, |id| id.span);
        let origin = row.origin(place, format!("`{}` of the directory", name.unwrap_or(object)));
        let id = self.principal(object, kind, name, origin);
        for (fact, key) in [(APPLICATION_ID, "appId"), (USER_TYPE, "userType")] {
            if let Some(value) = row.text(&[key]) {
                self.fact(id, fact, value);
            }
        }
        Some(id)
    }

    /// The members of a group, as `az ad group member list --group G` prints them. `group` is its name or object id.
    pub fn group_members(&mut self, group: &str, tree: &Tree) {
        let place = Origin {
            span: Some(tree.span),
            what: format!("members of group `{group}`"),
            ..Origin::default()
        };
        let folded = group.to_ascii_lowercase();
        let known = self.by_id.get(&folded).copied();
        let group_id = known.unwrap_or_else(|| match names::guid(group) {
            Some(object) => self.principal(&object, PrincipalKind::Group, None, place.clone()),
            None => self.named_group(group, place.clone()),
        });
        self.listed(Listing::Members, Target::Principal(group_id), place);
        for row in self.rows(tree, "a member of a group", "az ad group member list --group G") {
            let Some(member) = self.entry(&row) else { continue };
            let origin = row.origin(
                row.tree.span,
                format!("membership of `{}` in group `{group}`", self.name_of(member)),
            );
            self.estate.add_membership(Membership { group: group_id, member, origin });
        }
    }

    /// A group of which only the name is known so far.
    fn named_group(&mut self, name: &str, origin: Origin) -> PrincipalId {
        let named = |one: &Principal| {
            one.cloud == CLOUD
                && one.kind == PrincipalKind::Group
                && one.name.strip_prefix("group:").is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        let exactly = self.estate.find_principal(CLOUD, &format!("group:{name}"));
        let known =
            exactly.or_else(|| self.estate.principals().find(|(_, one)| named(one)).map(|(id, _)| id));
        known.unwrap_or_else(|| {
            self.estate.add_principal(Principal {
                cloud: CLOUD,
                name: format!("group:{name}"),
                kind: PrincipalKind::Group,
                home: None,
                facts: std::collections::BTreeMap::new(),
                origin,
            })
        })
    }

    /// Assignments of the directory's own roles. Global Administrator is the one that leads to Azure:
    /// <https://learn.microsoft.com/azure/role-based-access-control/elevate-access-global-admin>.
    pub fn directory_roles(&mut self, tree: &Tree) {
        const COMMAND: &str =
            "az rest --url https://graph.microsoft.com/v1.0/roleManagement/directory/roleAssignments";
        for row in self.rows(tree, "an assignment of a directory role", COMMAND) {
            let what = "an assignment of a directory role";
            let holder = self.required(&row, &["principalId"], what, COMMAND);
            let role = self.required(&row, &["roleDefinitionId", "roleTemplateId"], what, COMMAND);
            let (Some(holder), Some(role)) = (holder, role) else { continue };
            // An administrative unit narrows the role to a part of the directory; that does not lead to Azure.
            let everywhere = row.text(&["directoryScopeId"]).is_none_or(|scope| scope == "/");
            if !role.eq_ignore_ascii_case(GLOBAL_ADMINISTRATOR) || !everywhere {
                continue;
            }
            let place = row.field(&["principalId"]).map_or(row.tree.span, |found| found.span);
            let origin =
                row.origin(place, "assignment of the directory role `Global Administrator`".to_owned());
            self.principal(holder, PrincipalKind::External, None, origin.clone());
            let root = self.target(names::ROOT, &origin);
            self.elevated(&origin, root);
            let body = DirectoryAssignment {
                holder: holder.to_ascii_lowercase().into(),
                role: GLOBAL_ADMINISTRATOR.into(),
            };
            self.attach("Global Administrator", Body::Directory(body), root, DIRECTORY, origin);
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

/// What an entry of the directory is, by its type or by the fields that only this kind has.
fn entry_kind(row: &Row<'_>) -> PrincipalKind {
    let written = row.text(&["@odata.type", "objectType"]).unwrap_or_default().to_ascii_lowercase();
    match written.rsplit('.').next().unwrap_or_default() {
        "user" => return PrincipalKind::User,
        "group" => return PrincipalKind::Group,
        "serviceprincipal" => return PrincipalKind::ServiceAccount,
        _ => {}
    }
    if row.field(&["userPrincipalName"]).is_some() {
        PrincipalKind::User
    } else if row.field(&["servicePrincipalType", "appId", "servicePrincipalNames"]).is_some() {
        PrincipalKind::ServiceAccount
    } else if row.field(&["securityEnabled", "groupTypes", "mailEnabled"]).is_some() {
        PrincipalKind::Group
    } else {
        PrincipalKind::External
    }
}
