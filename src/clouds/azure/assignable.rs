//! What the recommender and the rules about roles need to know: which roles may be proposed, who holds them, where they
//! can be assigned, and the commands that assign them. What an assignment means is `lower`'s and `decide`'s business.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;

use super::ast::{Assignment, Body, HolderKind, RoleDefinition};
use super::catalog::{self, Plane};
use super::index::Index;
use super::names::{self, CLOUD};
use super::roles::{self, Definitions, OWNER, USER_ACCESS_ADMINISTRATOR};
use super::{ALLOW, ALLOWS, ALONE, Azure, members};
use crate::clouds::{CandidateRole, HeldRole, Place, RoleAt, RoleCatalog, Roles, Standby};
use crate::logic::{Attribute, Formula, Patterns};
use crate::model::{
    Attachment, Estate, Layer, Origin, Policy, PolicyId, PrincipalId, PrincipalKind, Resource, ScopeKind,
    Target,
};
use crate::text::{Located, Span};

/// The GUID of the role Contributor.
const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";

impl Roles for Azure {
    /// Built-in roles without conditions that are made for one service: those that span all of them are what is to be
    /// replaced.
    fn catalog(&self) -> &RoleCatalog {
        static CATALOG: LazyLock<RoleCatalog> = LazyLock::new(build_catalog);
        &CATALOG
    }

    fn danger(&self, permission: &str) -> u64 {
        danger(&permission.to_ascii_lowercase())
    }

    /// "Limit privileged administrator role assignments": Owner, Contributor and User Access Administrator among them.
    /// <https://learn.microsoft.com/azure/role-based-access-control/best-practices#limit-privileged-administrator-role-assignments>
    fn is_basic(&self, role: &str) -> bool {
        let known = roles::built_in(role).map(|known| known.id.clone());
        known.is_some_and(|id| [OWNER, CONTRIBUTOR, USER_ACCESS_ADMINISTRATOR].contains(&&*id))
    }

    fn service(&self, permission: &str) -> String {
        permission.split('/').next().unwrap_or_default().to_ascii_lowercase()
    }

    fn changes_things(&self, role: &str) -> bool {
        let known = catalog::current().role(role);
        known.is_some_and(|role| {
            let mut patterns = role.blocks().flat_map(|block| block.allowed(Plane::Control));
            patterns.any(|pattern| !pattern.to_ascii_lowercase().ends_with("/read"))
        })
    }

    fn gives(&self, layer: Layer) -> bool {
        ALLOWS.contains(&layer) || ALONE.contains(&layer)
    }

    fn held(&self, estate: &Estate, principal: PrincipalId) -> Vec<HeldRole> {
        let Some(who) = estate.principal(principal).map(members::object_id) else { return Vec::new() };
        let (definitions, index) = (Definitions::of(estate), Index::of(estate));
        let own = index.held(who).iter().filter_map(|(id, at)| Some((*id, *at, assignment(estate, *id)?)));
        own.filter_map(|(id, at, assignment)| held(estate, &definitions, id, at, assignment)).collect()
    }

    /// Privileged Identity Management is for people
    /// (<https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-resource-roles-assign-roles>);
    /// whether a tenant has it shows where something is eligible.
    fn standby(&self, estate: &Estate, principal: PrincipalId, held: &HeldRole) -> Standby {
        let Some(who) = estate.principal(principal) else { return Standby::None };
        if !matches!(who.kind, PrincipalKind::User | PrincipalKind::Group) {
            return Standby::None;
        }
        let index = Index::of(estate);
        if !index.has_eligible() {
            return Standby::None;
        }
        let same = index.eligible(members::object_id(who)).iter().any(|(role, at)| {
            let place = match at {
                Target::Scope(id) => estate.scope(*id).map(|scope| &scope.name),
                Target::Resource(id) => estate.resource(*id).map(|resource| &resource.name),
                Target::Principal(_) => None,
            };
            *role == held.at.role && place == Some(&held.at.place)
        });
        if same { Standby::Same } else { Standby::Possible }
    }

    /// <https://learn.microsoft.com/azure/storage/blobs/authorize-data-operations-portal#permissions-needed-to-access-blob-data>:
    /// Contributor reads the keys of an account, and with these its data.
    fn keys_read(&self, estate: &Estate, action: &str, resource: &str) -> Option<PrincipalId> {
        let is_listing = action.eq_ignore_ascii_case("Microsoft.Storage/storageAccounts/listKeys/action");
        is_listing.then(|| members::find(estate, &super::key_of(&names::full_name(resource))))?
    }

    fn places(&self, estate: &Estate, resource: &str) -> Vec<Place> {
        let name = names::full_name(resource);
        let around = names::enclosing(&name)
            .filter(|name| estate.find_resource(CLOUD, name).is_some() && names::scope_kind(name).is_none());
        let own = around.map(|name| Place { name: name.to_owned(), breadth: 1 });
        let scopes = names::scopes_above(estate, &name).into_iter().filter_map(|id| estate.scope(id));
        let above = scopes.map(|scope| Place { name: scope.name.clone(), breadth: breadth(scope.kind) });
        own.chain(above).collect()
    }

    fn within(&self, estate: &Estate, place: &str) -> Formula {
        let names = match estate.find_scope(CLOUD, place) {
            Some(scope) => names::below(estate, Target::Scope(scope)),
            None => Patterns::of(names::inside(place)),
        };
        Formula::matches(Attribute::resource(), names)
    }

    fn replace(
        &self,
        estate: &Estate,
        principal: PrincipalId,
        remove: &[HeldRole],
        add: &[RoleAt],
    ) -> Estate {
        let mut changed = estate.clone();
        let Some(who) = estate.principal(principal).map(members::object_id) else { return changed };
        let definitions = Definitions::of(estate);
        for (id, at, assignment) in assignments(estate).filter(|(_, _, one)| *one.holder == *who) {
            let own = held(estate, &definitions, id, at, assignment);
            if own.is_some_and(|own| !own.conditional && remove.iter().any(|held| held.at == own.at)) {
                let nobody = Assignment { holder: "".into(), ..assignment.clone() };
                changed.replace_body(id, Arc::new(Body::Assignment(nobody)));
            }
        }
        // A new assignment stands where the one it replaces stood.
        let written = remove.first().and_then(|held| held.origin.span);
        let written = written.or_else(|| assignments(estate).next().map(|(_, _, one)| one.role.span));
        if let Some(span) = written {
            add.iter().for_each(|at| assign(&mut changed, who, at, span));
        }
        changed
    }

    fn grant_command(&self, principal: &str, role: &RoleAt) -> String {
        command("create", principal, role)
    }

    fn revoke_command(&self, principal: &str, role: &RoleAt) -> String {
        command("delete", principal, role)
    }
}

fn build_catalog() -> RoleCatalog {
    let mut permissions: Vec<(String, String, bool)> = catalog::operations()
        .operations()
        .map(|one| (one.name().to_owned(), one.folded().to_owned(), one.is_on(Plane::Data)))
        .collect();
    permissions.sort();
    let candidates = catalog::current().roles().filter(|role| {
        let mut blocks = role.blocks();
        blocks.all(|block| block.condition().is_none()) && service(*role).is_some()
    });
    let mut by_name: Vec<(&str, u32)> =
        (0..).zip(&permissions).map(|(index, (_, folded, _))| (folded.as_str(), index)).collect();
    by_name.sort_unstable();
    let mut all: Vec<CandidateRole> = candidates
        .filter_map(|role| {
            let held = allowed(role);
            let own = near(role, &by_name).into_iter().filter(|index| {
                let permission = permissions.get(*index as usize);
                permission.is_some_and(|(_, folded, is_data)| held(folded, *is_data))
            });
            let permissions = own.collect();
            Some(CandidateRole { name: role.name().into(), service: made_for(role)?.into(), permissions })
        })
        .collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    RoleCatalog { permissions: permissions.into_iter().map(|(name, ..)| name.into()).collect(), roles: all }
}

/// The operations that begin like what a role allows does up to its first wildcard, out of all by name.
fn near(role: catalog::Role<'_>, by_name: &[(&str, u32)]) -> BTreeSet<u32> {
    let patterns =
        role.blocks().flat_map(|block| block.allowed(Plane::Control).chain(block.allowed(Plane::Data)));
    let begins = patterns.map(|pattern| {
        let pattern = pattern.to_ascii_lowercase();
        pattern.split(['*', '?']).next().unwrap_or_default().to_owned()
    });
    let mut found = BTreeSet::new();
    for begin in begins {
        let from = by_name.partition_point(|(name, _)| *name < begin.as_str());
        let own = by_name.get(from..).unwrap_or_default();
        found.extend(own.iter().take_while(|(name, _)| name.starts_with(&begin)).map(|(_, index)| *index));
    }
    found
}

/// What a role was made for: the provider of what it allows, if it is called like it. Others were made for a product that
/// works with what that provider keeps.
fn made_for(role: catalog::Role<'_>) -> Option<String> {
    let provider = service(role)?;
    let word = provider.rsplit('.').next().unwrap_or_default();
    let name: String = role.name().to_ascii_lowercase().split_whitespace().collect();
    let is_called_so = name.strip_prefix("azure").unwrap_or(&name).starts_with(word);
    Some(if is_called_so { provider } else { format!("{provider}, for {}", role.name()) })
}

/// Whether a role without conditions allows an operation in lower case.
fn allowed(role: catalog::Role<'_>) -> impl Fn(&str, bool) -> bool {
    let compile = |patterns: catalog::Patterns<'_>| {
        Patterns::of(patterns.map(|pattern| roles::pattern(&pattern.to_ascii_lowercase())))
    };
    let blocks: Vec<[Patterns; 4]> = role
        .blocks()
        .map(|block| {
            let of = |plane| [compile(block.allowed(plane)), compile(block.subtracted(plane))];
            let ([a, b], [c, d]) = (of(Plane::Control), of(Plane::Data));
            [a, b, c, d]
        })
        .collect();
    move |action: &str, is_data: bool| allows(&blocks, action, is_data)
}

/// Whether blocks of compiled patterns (given and taken, control plane first) allow an operation in lower case, of the
/// data plane or not.
fn allows(blocks: &[[Patterns; 4]], action: &str, is_data: bool) -> bool {
    blocks.iter().any(|[actions, not_actions, data, not_data]| {
        let (given, taken) = if is_data { (data, not_data) } else { (actions, not_actions) };
        given.matches(action) && !taken.matches(action)
    })
}

/// The provider that most of a role's patterns name; `None` for roles that span all.
fn service(role: catalog::Role<'_>) -> Option<String> {
    let patterns =
        role.blocks().flat_map(|block| block.allowed(Plane::Control).chain(block.allowed(Plane::Data)));
    let mut found: Vec<String> = Vec::new();
    for pattern in patterns {
        let provider = pattern.split('/').next().unwrap_or_default().to_ascii_lowercase();
        if provider.contains('*') {
            return None;
        }
        // Every role may read assignments and open tickets; that says nothing of what it is for.
        if !["microsoft.authorization", "microsoft.support", "microsoft.resources", "microsoft.insights"]
            .contains(&provider.as_str())
        {
            found.push(provider);
        }
    }
    let count = |one: &String| found.iter().filter(|other| *other == one).count();
    found.iter().max_by_key(|one| (count(one), std::cmp::Reverse((*one).clone()))).cloned()
}

/// How dangerous an operation in lower case is: changing who has access outweighs reading secrets and keys, which
/// outweighs destroying, changing, reading data, and reading what exists. The order, not the numbers, is what matters.
fn danger(operation: &str) -> u64 {
    let gives_access = operation.starts_with("microsoft.authorization/") && !operation.ends_with("/read")
        || operation.ends_with("/assign/action")
        || operation.ends_with("runcommand/action");
    if gives_access {
        1_000
    } else if operation.contains("listkeys")
        || operation.contains("getsecret")
        || operation.contains("listsecrets")
    {
        100
    } else if operation.ends_with("/delete") {
        50
    } else if roles::plane(operation) == Plane::Data {
        30
    } else if operation.ends_with("/read") {
        1
    } else {
        20
    }
}

/// The active role assignments with what they are attached to.
fn assignments(estate: &Estate) -> impl Iterator<Item = (PolicyId, Target, &Assignment)> {
    let active = estate.attached_as(ALLOW);
    active.filter_map(|one| Some((one.policy, one.target, assignment(estate, one.policy)?)))
}

fn assignment(estate: &Estate, policy: PolicyId) -> Option<&Assignment> {
    match estate.policy(policy)?.body.downcast_ref::<Body>()? {
        Body::Assignment(assignment) => Some(assignment),
        _ => None,
    }
}

fn held(
    estate: &Estate,
    definitions: &Definitions<'_>,
    policy: PolicyId,
    at: Target,
    assignment: &Assignment,
) -> Option<HeldRole> {
    let role = definitions.find(&assignment.role.value);
    let blocks = role.map(|role| role.blocks.as_slice()).unwrap_or_default();
    let permissions = role.map(|role| permissions(estate, role)).unwrap_or_default();
    let place = match at {
        Target::Scope(scope) => estate.scope(scope)?.name.clone(),
        Target::Resource(resource) => estate.resource(resource)?.name.clone(),
        Target::Principal(_) => return None,
    };
    Some(HeldRole {
        at: RoleAt { role: role.map_or(&assignment.role.value, |role| &role.name).to_string(), place },
        permissions,
        policy,
        layer: ALLOW,
        conditional: assignment.condition.is_some() || blocks.iter().any(|block| block.condition.is_some()),
        origin: estate.policy(policy)?.origin.clone(),
    })
}

/// The permissions of the roles of an estate by GUID, found when the first holder of a role is met.
#[derive(Default)]
struct OwnPermissions(Mutex<FxHashMap<Arc<str>, Permissions>>);

/// Names of operations, shared by all who hold them.
type Permissions = Arc<[Arc<str>]>;

/// The known operations that a role allows, its conditions aside, sorted. They are found once for each role.
fn permissions(estate: &Estate, role: &RoleDefinition) -> Permissions {
    static BUILT_IN: LazyLock<Vec<OnceLock<Permissions>>> =
        LazyLock::new(|| catalog::current().roles().map(|_| OnceLock::new()).collect());
    let own = roles::built_in(&role.id).filter(|known| std::ptr::eq(*known, role));
    let slot = own.and_then(|_| BUILT_IN.get(catalog::current().role(&role.id)?.index() as usize));
    if let Some(slot) = slot {
        return slot.get_or_init(|| find_permissions(role)).clone();
    }
    let known = estate.derived(|_| OwnPermissions::default());
    let mut known = known.0.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(role.id.clone()).or_insert_with(|| find_permissions(role)).clone()
}

fn find_permissions(role: &RoleDefinition) -> Permissions {
    let list = |list: &[Arc<str>]| Patterns::of(list.iter().map(|one| roles::pattern(one)));
    let compiled: Vec<[Patterns; 4]> = role
        .blocks
        .iter()
        .map(|block| {
            [&block.actions, &block.not_actions, &block.data_actions, &block.not_data_actions]
                .map(|one| list(one))
        })
        .collect();
    let all = catalog::operations().operations();
    let operations = all.filter(|one| allows(&compiled, one.folded(), one.is_on(Plane::Data)));
    let mut found: Vec<Arc<str>> = operations.map(|one| one.name().into()).collect();
    found.sort();
    found.into()
}

fn breadth(kind: ScopeKind) -> u64 {
    match kind {
        ScopeKind::Group => 10,
        ScopeKind::Account => 100,
        ScopeKind::Folder => 1_000,
        ScopeKind::Organization => 10_000,
    }
}

/// Adds an unconditional assignment of its own.
fn assign(estate: &mut Estate, holder: &str, at: &RoleAt, span: Span) {
    let what = format!("the proposed assignment of `{}`", at.role);
    let origin = Origin { span: Some(span), what, ..Origin::default() };
    let target = match estate.find_scope(CLOUD, &at.place) {
        Some(scope) => Target::Scope(scope),
        None => Target::Resource(estate.add_resource(Resource {
            cloud: CLOUD,
            name: at.place.clone(),
            kind: super::load::resource_kind(&at.place),
            home: names::scopes_above(estate, &at.place).first().copied(),
            origin: origin.clone(),
        })),
    };
    let role = roles::built_in(&at.role).map_or_else(|| at.role.as_str().into(), |role| role.id.clone());
    let body = Assignment {
        holder: holder.into(),
        kind: HolderKind::Unknown,
        role: Located::new(role, span),
        condition: None,
        gaps: Vec::new(),
    };
    let policy = estate.add_policy(Policy {
        cloud: CLOUD,
        name: at.role.clone(),
        body: Arc::new(Body::Assignment(body)),
        origin: origin.clone(),
    });
    estate.attach(Attachment { policy, target, layer: ALLOW, origin });
}

/// <https://learn.microsoft.com/azure/role-based-access-control/role-assignments-cli>: users go by their names, groups
/// and programs by the object id, which the command looks up.
fn command(verb: &str, principal: &str, at: &RoleAt) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let assignee = match principal.split_once(':') {
        Some(("group", name)) => {
            format!("\"$(az ad group show --group {} --query id --output tsv)\"", quoted(name))
        }
        Some(("servicePrincipal", name)) => {
            format!("\"$(az ad sp list --display-name {} --query '[0].id' --output tsv)\"", quoted(name))
        }
        Some((_, name)) => quoted(name),
        None => quoted(principal),
    };
    let (role, scope) = (quoted(&at.role), quoted(&at.place));
    format!("az role assignment {verb} --assignee {assignee} --role {role} --scope {scope}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_holds_roles_of_one_service() {
        let catalog = Azure.catalog();
        let find = |name: &str| catalog.roles.iter().find(|role| &*role.name == name);
        assert!(find("Owner").is_none() && find("Reader").is_none());
        let reader = find("Storage Blob Data Reader").unwrap();
        assert_eq!(&*reader.service, "microsoft.storage");
        let names: Vec<&str> =
            reader.permissions.iter().map(|index| &*catalog.permissions[*index as usize]).collect();
        let data = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
        assert!(names.contains(&data) && names.len() < 10, "{names:?}");
        assert!(catalog.roles.len() > 500 && catalog.permissions.is_sorted());
    }

    #[test]
    fn privileged_roles_are_those_that_span_everything() {
        for (role, basic, changes) in
            [("Owner", true, true), ("Contributor", true, true), ("Reader", false, false)]
        {
            assert_eq!((Azure.is_basic(role), Azure.changes_things(role)), (basic, changes), "{role}");
        }
        assert!(Azure.is_basic(OWNER) && !Azure.is_basic("Storage Blob Data Owner"));
    }

    #[test]
    fn commands_name_who_gets_what_where() {
        let at = RoleAt { role: "Reader".to_owned(), place: "/subscriptions/s".to_owned() };
        assert_eq!(
            Azure.grant_command("user:ann@x.example", &at),
            "az role assignment create --assignee 'ann@x.example' --role 'Reader' --scope '/subscriptions/s'"
        );
        assert!(Azure.revoke_command("group:it's", &at).contains(r"'it'\''s'"));
    }
}
