//! Power in Microsoft Entra ID: assignments of its roles
//! (<https://learn.microsoft.com/graph/api/rbacapplication-list-roleassignments>), those that may be activated
//! (<https://learn.microsoft.com/graph/api/resources/unifiedroleeligibilityscheduleinstance>), application permissions of Microsoft
//! Graph (<https://learn.microsoft.com/graph/api/serviceprincipal-list-approleassignedto>), owners, and the members of
//! administrative units. Owners and members do not name what they belong to: the file does.

use super::load::stem;
use super::{Confidence, Document, Format, azure_names};
use crate::clouds::azure::load::{Loader, Owned, Row, rows, some_row};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct AzureDirectoryRoles;

impl Format for AzureDirectoryRoles {
    fn id(&self) -> &'static str {
        "azure-directory-roles"
    }

    fn summary(&self) -> &'static str {
        "roles of the directory, permissions, owners: az rest --url https://graph.microsoft.com/v1.0/roleManagement/directory/roleAssignments"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "az rest --url https://graph.microsoft.com/v1.0/roleManagement/directory/roleAssignments > directory-roles.json",
            "az rest --url https://graph.microsoft.com/v1.0/roleManagement/directory/roleEligibilityScheduleInstances > directory-roles-eligible.json",
            "az rest --url https://graph.microsoft.com/v1.0/roleManagement/directory/roleDefinitions > directory-role-definitions.json",
            "az rest --url \"https://graph.microsoft.com/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo\" > app-roles.json",
            "az ad app owner list --id APPID > app-APPID.owners.json",
            "az ad sp owner list --id ID > sp-ID.owners.json",
            "az ad group owner list --group NAME > group-NAME.owners.json",
            "az rest --url https://graph.microsoft.com/v1.0/directory/administrativeUnits/ID/members > unit-ID.members.json",
        ]
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let fits = |row: &Row<'_>| {
            is_definition(row)
                || row.field(&["directoryScopeId", "appRoleId"]).is_some()
                    && row.field(&["principalId"]).is_some()
        };
        if some_row(tree, fits) { Confidence::Certain } else { Confidence::No }
    }

    /// What owners and members belong to is told by the name of their file alone.
    fn detects_at(&self, path: &str, tree: &Tree) -> Confidence {
        let is_list = !matches!(rows(tree).first(), Some(row) if row.tree().as_map().is_none());
        let is_own = is_named(path) && is_list || self.claims(path) && azure_names::is_empty(tree);
        if is_own { Confidence::Certain } else { self.detects(tree) }
    }

    fn claims(&self, path: &str) -> bool {
        is_named(path)
            || azure_names::is_called(path, &["directory-roles", "directory-role-definitions", "app-roles"])
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load_all(&[*document], estate, problems);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let mut loader = Loader::new(estate, problems);
        // What roles permit comes before who has them.
        let (definitions, others): (Vec<&Document<'_>>, Vec<_>) =
            documents.iter().partition(|one| defines(one));
        for document in definitions {
            loader.directory_role_definitions(document.tree);
        }
        for document in others {
            match named(document.path) {
                Some(Named::Unit(unit)) => loader.unit_members(unit, document.tree),
                Some(Named::Owners(owned, name)) => loader.owners(owned, name, document.tree),
                None => match rows(document.tree).first() {
                    Some(row) if row.field(&["appRoleId"]).is_some() => loader.app_roles(document.tree),
                    _ => loader.directory_roles(document.tree),
                },
            }
        }
    }

    fn finish(&self, estate: &mut Estate) {
        Loader::new(estate, &mut Vec::new()).finish();
    }
}

fn is_definition(row: &Row<'_>) -> bool {
    row.field(&["rolePermissions"]).is_some() && row.field(&["displayName"]).is_some()
}

fn defines(document: &Document<'_>) -> bool {
    named(document.path).is_none()
        && (some_row(document.tree, is_definition)
            || azure_names::is_called(document.path, &["directory-role-definitions"]))
}

/// What a file is about, by its name.
enum Named<'p> {
    Unit(&'p str),
    Owners(Owned, &'p str),
}

/// Whether the file's name says that it lists owners, or members of an administrative unit.
pub(super) fn is_named(path: &str) -> bool {
    named(path).is_some()
}

fn named(path: &str) -> Option<Named<'_>> {
    let file = stem(path)?;
    let between = |start: &str, end: &str| {
        file.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)).filter(|name| !name.is_empty())
    };
    let owners = |start: &str, owned: Owned| between(start, ".owners").map(|name| Named::Owners(owned, name));
    between("unit-", ".members")
        .map(Named::Unit)
        .or_else(|| owners("app-", Owned::Application))
        .or_else(|| owners("sp-", Owned::ServicePrincipal))
        .or_else(|| owners("group-", Owned::Group))
}
