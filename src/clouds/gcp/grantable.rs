//! What the recommender needs to know of roles: which may be proposed, who holds them, where they can be bound, and
//! the commands that bind them. What a binding means is `lower`'s and `decide`'s business.

use std::sync::{Arc, LazyLock, OnceLock};

use super::ast::{Binding, Body, Member};
use super::catalog::{self, Stage};
use super::roles as known_roles;
use super::{ALLOW, Gcp};
use super::{edits, index, lower, names};
use crate::clouds::edits::Edit;
use crate::clouds::{CandidateRole, HeldRole, Place, RoleAt, RoleCatalog, Roles};
use crate::logic::{Attribute, Formula, Patterns};
use crate::model::{
    Attachment, Estate, Layer, Origin, Policy, PolicyId, PrincipalId, Resource, ScopeId, ScopeKind, Target,
};
use crate::text::{Located, Span};

impl Roles for Gcp {
    /// Left out are service agents' roles ("not intended for your own use",
    /// <https://cloud.google.com/iam/docs/service-agents>), basic roles, legacy roles, and what is not generally
    /// available.
    fn catalog(&self) -> &RoleCatalog {
        static CATALOG: LazyLock<RoleCatalog> = LazyLock::new(build_catalog);
        &CATALOG
    }

    fn danger(&self, permission: &str) -> u64 {
        danger(permission)
    }

    /// <https://cloud.google.com/iam/docs/roles-overview#basic>: "do not grant basic roles" in production.
    fn is_basic(&self, role: &str) -> bool {
        catalog::current().role(role).is_some_and(catalog::Role::is_basic)
    }

    fn service(&self, permission: &str) -> String {
        permission.split('.').next().unwrap_or_default().to_owned()
    }

    fn changes_things(&self, role: &str) -> bool {
        let permissions = catalog::current().role(role).into_iter().flat_map(catalog::Role::permissions);
        permissions.map(|index| catalog::current().permission_name(index)).any(|name| {
            let verb = name.rsplit('.').next().unwrap_or_default();
            ["set", "create", "update", "delete"].iter().any(|word| verb.starts_with(word))
        })
    }

    fn gives(&self, layer: Layer) -> bool {
        layer == ALLOW
    }

    fn held(&self, estate: &Estate, principal: PrincipalId) -> Vec<HeldRole> {
        let Some(name) = estate.principal(principal).map(|who| who.name.as_str()) else { return Vec::new() };
        let bindings = index::bindings_of(estate, name);
        bindings.filter_map(|(policy, at, binding)| held(estate, policy, at, binding)).collect()
    }

    fn places(&self, estate: &Estate, resource: &str) -> Vec<Place> {
        let own = bindable(resource).map(|name| Place { name: name.to_owned(), breadth: 1 });
        let scope = match names::scope_of(resource) {
            Some(scope) => estate.find_scope(names::CLOUD, scope),
            None => names::placement(estate, resource),
        };
        let above = scope.map(|scope| estate.ancestry(scope)).unwrap_or_default();
        own.into_iter().chain(above.into_iter().filter_map(|scope| scope_place(estate, scope))).collect()
    }

    /// Names tell the project of a resource at most, and those of buckets not even that: what stands above is a fact of
    /// the estate.
    fn within(&self, estate: &Estate, place: &str) -> Formula {
        let scope = names::scope_of(place).and_then(|scope| estate.find_scope(names::CLOUD, scope));
        match scope {
            Some(scope) => lower::under(estate, scope),
            None => Formula::matches(Attribute::resource(), Patterns::of(names::inside(place))),
        }
    }

    fn replace(
        &self,
        estate: &Estate,
        principal: PrincipalId,
        remove: &[HeldRole],
        add: &[RoleAt],
    ) -> Estate {
        let mut changed = estate.clone();
        let Some(name) = estate.principal(principal).map(|who| who.name.clone()) else { return changed };
        for (id, at, binding) in bindings(estate) {
            if is_one_of(estate, at, binding, remove) && lists(binding, &name) {
                let members =
                    binding.members.iter().filter(|member| member.value.name() != name).cloned().collect();
                changed.replace_body(id, Arc::new(Body::Binding(Binding { members, ..binding.clone() })));
            }
        }
        // A new binding stands where the one it replaces stood.
        let written = remove.first().and_then(|held| held.origin.span);
        let written = written.or_else(|| bindings(estate).next().map(|(_, _, binding)| binding.role.span));
        for at in add.iter().filter(|_| written.is_some()) {
            bind(&mut changed, &name, at, written);
        }
        changed
    }

    fn edits(
        &self,
        estate: &Estate,
        principal: PrincipalId,
        remove: &[HeldRole],
        add: &[RoleAt],
    ) -> Result<Vec<Edit>, String> {
        edits::edits(estate, principal, remove, add)
    }

    fn grant_command(&self, principal: &str, role: &RoleAt) -> String {
        command("add", principal, role)
    }

    fn revoke_command(&self, principal: &str, role: &RoleAt) -> String {
        command("remove", principal, role)
    }
}

fn build_catalog() -> RoleCatalog {
    let catalog = catalog::current();
    let permissions = catalog.permissions().map(Arc::from).collect();
    let mut roles: Vec<CandidateRole> = catalog
        .roles()
        .filter(|role| {
            role.stage() == Stage::Ga
                && !role.is_gone()
                && !role.is_basic()
                && !role.is_service_agent()
                && !role.is_legacy()
        })
        .map(|role| CandidateRole {
            name: role.name().into(),
            service: role.service().into(),
            permissions: role.permissions().collect(),
        })
        .collect();
    roles.sort_by(|a, b| a.name.cmp(&b.name));
    RoleCatalog { permissions, roles }
}

/// How dangerous a permission is, by its last word. The order, not the numbers, is what matters: changing who has
/// access outweighs destroying, destroying outweighs changing, changing outweighs reading data, which outweighs
/// reading what exists. <https://cloud.google.com/iam/docs/custom-roles-permissions-support> lists the words.
fn danger(permission: &str) -> u64 {
    let mut parts = permission.rsplit('.');
    let verb = parts.next().unwrap_or_default();
    let kind = parts.next().unwrap_or_default();
    let service = permission.split('.').next().unwrap_or_default();
    let gives_access = verb.to_ascii_lowercase().contains("setiampolicy")
        || matches!(
            verb,
            "actAs" | "getAccessToken" | "getOpenIdToken" | "implicitDelegation" | "signBlob" | "signJwt"
        )
        || (service == "iam"
            && matches!(kind, "serviceAccountKeys" | "roles")
            && matches!(verb, "create" | "update"));
    let reads_data = matches!(
        permission,
        "storage.objects.get"
            | "bigquery.tables.getData"
            | "secretmanager.versions.access"
            | "cloudkms.cryptoKeyVersions.useToDecrypt"
            | "pubsub.subscriptions.consume"
            | "spanner.databases.select"
            | "datastore.entities.get"
    );
    let reads = ["get", "list", "search", "view", "read"].iter().any(|word| verb.starts_with(word));
    if gives_access {
        1_000
    } else if verb.starts_with("delete") || verb.starts_with("destroy") {
        50
    } else if reads_data {
        30
    } else if reads {
        1
    } else {
        20
    }
}

/// All bindings with what they are attached to.
pub(super) fn bindings(estate: &Estate) -> impl Iterator<Item = (PolicyId, Target, &Binding)> {
    estate.attachments().iter().filter(|attachment| attachment.layer == ALLOW).filter_map(|attachment| {
        match estate.policy(attachment.policy)?.body.downcast_ref::<Body>()? {
            Body::Binding(binding) => Some((attachment.policy, attachment.target, binding)),
            _ => None,
        }
    })
}

/// Whether the binding gives one of the roles at its place.
pub(super) fn is_one_of(estate: &Estate, at: Target, binding: &Binding, roles: &[HeldRole]) -> bool {
    binding.condition.is_none()
        && place_of(estate, at).is_some_and(|place| {
            roles.iter().any(|held| held.at.role == *binding.role.value && held.at.place == place)
        })
}

fn lists(binding: &Binding, principal: &str) -> bool {
    binding.members.iter().any(|member| member.value.name() == principal)
}

fn held(estate: &Estate, policy: PolicyId, at: Target, binding: &Binding) -> Option<HeldRole> {
    let role = binding.role.value.to_string();
    let permissions = match known_roles::find(estate, &role) {
        Some(known_roles::Role::Predefined(role)) => permissions_of(role),
        Some(known_roles::Role::Custom(role)) => role.permissions.as_slice().into(),
        None => [].into(),
    };
    Some(HeldRole {
        origin: Origin {
            span: Some(binding.role.span),
            what: format!("the binding of `{role}`"),
            ..Origin::default()
        },
        at: RoleAt { role, place: place_of(estate, at)? },
        permissions,
        policy,
        layer: ALLOW,
        conditional: binding.condition.is_some(),
    })
}

/// Names of permissions that many share.
type Names = Arc<[Arc<str>]>;

/// The permissions of a predefined role. Basic roles hold thousands, and many principals hold basic roles.
fn permissions_of(role: catalog::Role<'static>) -> Names {
    static LISTS: LazyLock<Vec<OnceLock<Names>>> =
        LazyLock::new(|| (0..catalog::current().role_count()).map(|_| OnceLock::new()).collect());
    let list = || role.permissions().map(|index| catalog::current().permission_name(index).into()).collect();
    LISTS.get(role.index() as usize).map_or_else(list, |slot| slot.get_or_init(list).clone())
}

fn place_of(estate: &Estate, at: Target) -> Option<String> {
    match at {
        Target::Scope(scope) => estate.scope(scope).map(|scope| names::scope_resource(&scope.name)),
        Target::Resource(resource) => estate.resource(resource).map(|resource| resource.name.clone()),
        Target::Principal(_) => None,
    }
}

fn scope_place(estate: &Estate, scope: ScopeId) -> Option<Place> {
    let scope = estate.scope(scope)?;
    let breadth = match scope.kind {
        ScopeKind::Account | ScopeKind::Group => 10,
        ScopeKind::Folder => 100,
        ScopeKind::Organization => 1_000,
    };
    Some(Place { name: names::scope_resource(&scope.name), breadth })
}

/// A kind of resource that takes bindings of its own, and the command for it.
struct Bindable {
    service: &'static str,
    /// The words of the relative name; `*` stands for an id.
    path: &'static [&'static str],
    command: &'static str,
}

/// Not all kinds that <https://cloud.google.com/iam/docs/resource-types-with-policies> lists: the others are bound at
/// their project.
const BINDABLE: &[Bindable] = &[
    Bindable {
        service: "storage.googleapis.com",
        path: &["projects", "_", "buckets", "*"],
        command: "storage buckets",
    },
    Bindable {
        service: "iam.googleapis.com",
        path: &["projects", "*", "serviceAccounts", "*"],
        command: "iam service-accounts",
    },
    Bindable {
        service: "pubsub.googleapis.com",
        path: &["projects", "*", "topics", "*"],
        command: "pubsub topics",
    },
    Bindable {
        service: "pubsub.googleapis.com",
        path: &["projects", "*", "subscriptions", "*"],
        command: "pubsub subscriptions",
    },
    Bindable {
        service: "secretmanager.googleapis.com",
        path: &["projects", "*", "secrets", "*"],
        command: "secrets",
    },
];

/// The kind, and the part of the name that is the bindable resource itself.
fn bindable_kind(resource: &str) -> Option<(&'static Bindable, &str)> {
    let rest = resource.strip_prefix("//")?;
    let (service, path) = rest.split_once('/')?;
    BINDABLE.iter().filter(|kind| kind.service == service).find_map(|kind| {
        let words: Vec<&str> = path.split('/').take(kind.path.len()).collect();
        let fits = words.len() == kind.path.len()
            && words
                .iter()
                .zip(kind.path)
                .all(|(word, own)| !word.is_empty() && (*own == "*" || own == word));
        let length =
            2 + service.len() + 1 + words.iter().map(|word| word.len()).sum::<usize>() + words.len() - 1;
        fits.then_some(())?;
        Some((kind, resource.get(..length)?))
    })
}

fn bindable(resource: &str) -> Option<&str> {
    bindable_kind(resource).map(|(_, name)| name)
}

/// Adds an unconditional binding of its own.
fn bind(estate: &mut Estate, member: &str, at: &RoleAt, written: Option<Span>) {
    let Some(span) = written else { return };
    let origin =
        Origin { span: written, what: format!("the proposed binding of `{}`", at.role), ..Origin::default() };
    let target = match names::scope_of(&at.place).and_then(|scope| estate.find_scope(names::CLOUD, scope)) {
        Some(scope) => Target::Scope(scope),
        None => Target::Resource(estate.add_resource(Resource {
            cloud: names::CLOUD,
            name: at.place.clone(),
            kind: String::new(),
            home: names::placement(estate, &at.place),
            origin: origin.clone(),
        })),
    };
    let binding = Binding {
        role: Located::new(at.role.as_str().into(), span),
        members: vec![Located::new(Member::read(member), span)],
        condition: None,
        gaps: Vec::new(),
    };
    let policy = estate.add_policy(Policy {
        cloud: names::CLOUD,
        name: at.role.clone(),
        body: Arc::new(Body::Binding(binding)),
        origin: origin.clone(),
    });
    estate.attach(Attachment { policy, target, layer: ALLOW, origin });
}

/// <https://cloud.google.com/sdk/gcloud/reference>: every group of resources has the same two subcommands.
fn command(verb: &str, principal: &str, at: &RoleAt) -> String {
    let (group, id) = match (names::scope_of(&at.place), bindable_kind(&at.place)) {
        (Some(scope), _) => match scope.split_once('/') {
            Some(("projects", id)) => ("projects", id.to_owned()),
            Some(("folders", id)) => ("resource-manager folders", id.to_owned()),
            Some((_, id)) => ("organizations", id.to_owned()),
            None => ("projects", scope.to_owned()),
        },
        (None, Some((kind, name))) => {
            let id = name.rsplit('/').next().unwrap_or_default();
            (
                kind.command,
                if kind.command == "storage buckets" { format!("gs://{id}") } else { full_id(name, id) },
            )
        }
        (None, None) => ("projects", at.place.clone()),
    };
    let condition = if verb == "remove" { " --condition=None" } else { "" };
    format!(
        "gcloud {group} {verb}-iam-policy-binding {id} --member={principal} --role={}{condition}",
        at.role
    )
}

/// The id with the project it belongs to, unless it tells its project itself, as mail addresses do.
fn full_id(name: &str, id: &str) -> String {
    let project = name.split('/').nth(4).filter(|_| !id.contains('@'));
    project.map_or_else(|| id.to_owned(), |project| format!("{id} --project={project}"))
}
