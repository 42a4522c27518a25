//! The directory, Microsoft Entra ID: what its roles, application permissions of Microsoft Graph, and owners may do
//! that makes somebody another. Which of them may do what is data, `policies/azure/directory-powers.json`.
//!
//! The directory has its own roles, apart from those of Azure
//! (<https://learn.microsoft.com/azure/role-based-access-control/rbac-and-directory-admin-roles>), so its actions are
//! allowed by nothing else. Its objects are resources here: `/directory/users/ID`, `/directory/groups/ID`,
//! `/directory/servicePrincipals/ID`; `/directory` is the directory itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::ast::{Body, DirectoryAssignment, Reach};
use super::index::{self, Index};
use super::names::{self, CLOUD};
use super::{DIRECTORY, members};
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{Estate, Principal, PrincipalId, PrincipalKind};

/// The directory as a resource.
pub(super) const TENANT: &str = "/directory";
/// How the names of its actions begin, in lower case.
pub(super) const ACTIONS: &str = "microsoft.directory/";
/// The id under which the table has owners of applications and groups.
pub(super) const OWNER: &str = "owner";

/// The object id of the principal that stands for whoever has made itself Global Administrator.
pub(super) const MADE_ADMINISTRATOR: &str = "made global administrator";
/// How the object ids begin of principals that stand for whoever has put itself into a group.
pub(super) const NEW_MEMBER: &str = "new member of ";

/// The fact of a service principal that tells managed identities: `servicePrincipalType`.
pub(super) const PROGRAM_TYPE: &str = "program type";
/// The fact of a group that roles of the directory may be assigned to.
pub(super) const ROLE_ASSIGNABLE: &str = "role-assignable";
/// The fact of a group whose members are not for anybody to add: they follow from a rule, or from another directory.
pub(super) const MANAGED_ELSEWHERE: &str = "members managed elsewhere";
/// The fact of a group of Microsoft 365.
pub(super) const UNIFIED: &str = "unified";
/// How the facts of principals begin that name an administrative unit they are in.
pub(super) const UNIT: &str = "unit ";

/// What somebody may hold: a role, a permission, ownership.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    /// Its name for people.
    pub(super) name: String,
    id: String,
    #[serde(rename = "page")]
    _page: String,
    /// What it lets do.
    pub(super) powers: Vec<Power>,
}

/// One thing that somebody may do.
#[derive(Debug, Deserialize)]
pub(super) struct Power {
    /// The step to another principal, as an id.
    pub(super) step: String,
    /// The action in its spelling.
    pub(super) action: String,
    /// On what.
    pub(super) on: On,
    /// Users count only if they hold no other roles of the directory than these.
    pub(super) whose_roles_are_among: Option<BTreeSet<String>>,
}

/// What a power is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum On {
    /// All of Azure: <https://learn.microsoft.com/azure/role-based-access-control/elevate-access-global-admin>.
    Root,
    /// The directory itself.
    Directory,
    /// Users.
    Users,
    /// Service principals, but for managed identities, which have no credentials that could be added.
    ServicePrincipals,
    /// Groups that roles of the directory cannot be assigned to.
    Groups,
    /// Those of them that belong to Microsoft 365.
    UnifiedGroups,
    /// Those of them that do not.
    SecurityGroups,
    /// Groups that roles of the directory can be assigned to.
    RoleAssignableGroups,
}

/// The table by id.
fn table() -> &'static BTreeMap<String, Entry> {
    static TABLE: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| {
        let text = include_str!("../../../policies/azure/directory-powers.json");
        let entries: Vec<Entry> = serde_json::from_str(text).unwrap_or_default();
        entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect()
    });
    &TABLE
}

/// What is known of a role or permission by its id in lower case.
pub(super) fn find(id: &str) -> Option<&'static Entry> {
    table().get(id)
}

/// Whether the table knows what a role permits: it says so, or it counts the role among the weaker ones.
pub(super) fn is_known(role: &str) -> bool {
    let weak = || {
        table()
            .values()
            .flat_map(|entry| &entry.powers)
            .filter_map(|power| power.whose_roles_are_among.as_ref())
    };
    find(role).is_some() || weak().any(|roles| roles.contains(role))
}

/// What an assignment lets do: what the table says of the role, or else of the actions that its definition lists.
pub(super) fn powers(one: &DirectoryAssignment) -> Vec<&'static Power> {
    if let Some(entry) = find(&one.role) {
        return entry.powers.iter().collect();
    }
    let actions = one.actions.iter().flat_map(|actions| actions.iter());
    let mut found: Vec<&Power> =
        actions.filter_map(|action| find(action)).flat_map(|entry| &entry.powers).collect();
    found.sort_by_key(|power| (&power.step, &power.action, power.on));
    found.dedup_by_key(|power| (&power.step, &power.action, power.on));
    found
}

/// The directory's own actions that something is known about, as they are spelled.
pub(super) fn actions() -> impl Iterator<Item = &'static str> {
    let all = table().values().flat_map(|entry| &entry.powers).map(|power| power.action.as_str());
    all.filter(|action| is_own(&action.to_ascii_lowercase()))
}

/// Whether an action in lower case is one of the directory.
pub(super) fn is_own(action: &str) -> bool {
    action.starts_with(ACTIONS)
}

/// The name of a principal as a resource.
pub(super) fn resource(principal: &Principal) -> Option<String> {
    let kind = match principal.kind {
        PrincipalKind::User => "users",
        PrincipalKind::Group => "groups",
        PrincipalKind::ServiceAccount => "servicePrincipals",
        _ => return None,
    };
    Some(names::full_name(&format!("{TENANT}/{kind}/{}", members::object_id(principal))))
}

/// The resources that a power of an assignment is for: those among `named`, or all.
pub(super) fn reached(
    estate: &Estate,
    one: &DirectoryAssignment,
    power: &Power,
    named: Option<&str>,
) -> Formula {
    let is_whole = one.reach == Reach::Tenant;
    let on = |names: Vec<String>| {
        let patterns = names.iter().map(|name| Pattern::literal(name, Case::Sensitive));
        Formula::matches(Attribute::resource(), Patterns::of(patterns))
    };
    match power.on {
        On::Root => on(is_whole.then(|| names::ROOT.to_owned()).into_iter().collect()),
        On::Directory => on(is_whole.then(|| TENANT.to_owned()).into_iter().collect()),
        _ => {
            let index = Index::of(estate);
            let own: Vec<PrincipalId> = match (&one.reach, named) {
                (_, Some(name)) => {
                    index.principal(name.rsplit('/').next().unwrap_or_default()).into_iter().collect()
                }
                (Reach::Object(object), None) => index.principal(object).into_iter().collect(),
                (_, None) => estate.principals().map(|(id, _)| id).collect(),
            };
            let fitting = own.into_iter().filter_map(|id| Some((id, estate.principal(id)?)));
            let fitting = fitting.filter(|(id, target)| fits(estate, &index, one, power, *id, target));
            on(fitting.filter_map(|(_, target)| resource(target)).collect())
        }
    }
}

/// Whether a power of an assignment is for that principal.
fn fits(
    estate: &Estate,
    index: &Index,
    one: &DirectoryAssignment,
    power: &Power,
    id: PrincipalId,
    target: &Principal,
) -> bool {
    if target.cloud != CLOUD {
        return false;
    }
    let has = |fact: &str| target.facts.contains_key(fact);
    let in_reach = match &one.reach {
        Reach::Tenant => true,
        Reach::Unit(unit) => has(&format!("{UNIT}{unit}")),
        Reach::Object(object) => members::object_id(target) == &**object,
    };
    in_reach
        && match power.on {
            On::Root | On::Directory => false,
            On::Users => target.kind == PrincipalKind::User && is_weaker(estate, index, power, id),
            On::ServicePrincipals => {
                let managed = target.facts.get(PROGRAM_TYPE).is_some_and(|kind| kind == "ManagedIdentity")
                    || target.facts.keys().any(|fact| index::is_identity(fact));
                target.kind == PrincipalKind::ServiceAccount && !managed
            }
            On::Groups | On::UnifiedGroups | On::SecurityGroups | On::RoleAssignableGroups => {
                let special = power.on == On::RoleAssignableGroups;
                let of_kind = match power.on {
                    On::UnifiedGroups => has(UNIFIED),
                    On::SecurityGroups => !has(UNIFIED),
                    _ => true,
                };
                target.kind == PrincipalKind::Group
                    && has(ROLE_ASSIGNABLE) == special
                    && of_kind
                    && !has(MANAGED_ELSEWHERE)
            }
        }
}

/// Whether a user holds no other roles of the directory than the power allows for. Who is a member or owner of a group
/// that roles can be assigned to is spared, too:
/// <https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions#who-can-reset-passwords>.
fn is_weaker(estate: &Estate, index: &Index, power: &Power, user: PrincipalId) -> bool {
    let Some(allowed) = &power.whose_roles_are_among else { return true };
    let mut own = vec![user];
    own.extend(members::groups_of(estate, user));
    own.iter().filter_map(|id| estate.principal(*id)).all(|one| {
        let held = index.directory(members::object_id(one));
        let owns_special = |assignment: &DirectoryAssignment| match &assignment.reach {
            Reach::Object(object) => index
                .principal(object)
                .and_then(|id| estate.principal(id))
                .is_some_and(|group| group.facts.contains_key(ROLE_ASSIGNABLE)),
            _ => false,
        };
        let is_special = one.kind == PrincipalKind::Group && one.facts.contains_key(ROLE_ASSIGNABLE);
        !is_special
            && held.iter().filter_map(|policy| as_directory(estate, *policy)).all(|assignment| {
                let role = &*assignment.role;
                match role {
                    OWNER => !owns_special(assignment),
                    // Permissions of applications are no roles of a user.
                    role => allowed.contains(role),
                }
            })
    })
}

fn as_directory(estate: &Estate, policy: crate::model::PolicyId) -> Option<&DirectoryAssignment> {
    match estate.policy(policy)?.body.downcast_ref::<Body>()? {
        Body::Directory(one) => Some(one),
        _ => None,
    }
}

/// All that gives somebody power in the directory.
pub(super) fn assignments(estate: &Estate) -> impl Iterator<Item = &DirectoryAssignment> {
    estate.attached_as(DIRECTORY).filter_map(|one| as_directory(estate, one.policy))
}

/// The groups into which somebody may put itself who is no administrator of everything yet.
pub(super) fn open_groups(estate: &Estate) -> BTreeSet<PrincipalId> {
    let index = Index::of(estate);
    let leads_anyway = |powers: &[&Power]| powers.iter().any(|power| power.on == On::Root);
    let mut found = BTreeSet::new();
    for one in assignments(estate) {
        let powers = powers(one);
        for power in powers.iter().filter(|power| power.step == "add-member" && !leads_anyway(&powers)) {
            let own: Vec<PrincipalId> = match &one.reach {
                Reach::Object(object) => index.principal(object).into_iter().collect(),
                _ => index.groups_with_roles(estate),
            };
            let fitting = own.into_iter().filter_map(|id| Some((id, estate.principal(id)?)));
            let fitting = fitting.filter(|(id, group)| fits(estate, &index, one, power, *id, group));
            found.extend(fitting.map(|(id, _)| id));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_says_what_the_providers_pages_say() {
        assert!(table().len() > 20);
        let on = |id: &str| find(id).unwrap().powers.iter().map(|power| power.on).collect::<Vec<_>>();
        assert!(on("62e90394-69f5-4237-9190-012177145e10").contains(&On::Root));
        assert_eq!(on("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"), [On::ServicePrincipals]);
        assert_eq!(on("06b708a9-e830-4db3-a914-8e69da51d44f"), [On::Directory]);
        let password = find("966707d0-3269-4727-9be2-8c3a10f19b9d").unwrap();
        let spared = password.powers.first().unwrap().whose_roles_are_among.as_ref().unwrap();
        assert!(!spared.contains("62e90394-69f5-4237-9190-012177145e10") && spared.len() == 3);
        for entry in table().values() {
            assert!(entry._page.starts_with("https://learn.microsoft.com/"), "{}", entry.name);
            assert!(entry.powers.iter().all(|power| !power.step.is_empty()), "{}", entry.name);
        }
    }
}
