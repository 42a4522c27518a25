//! Roles and what they allow: built-in ones from the catalog, custom ones from the estate.
//!
//! Whether an action is in a role is said twice, as a formula here and for one action in `decide`.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

use super::ast::{Block, Body, RoleDefinition};
use super::catalog::{self, Plane};
use super::directory;
use super::index::Index;
use super::{ROLE_DEFINITION, abac};
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns, Token};
use crate::model::{Estate, PolicyId};

/// The GUID of the role Owner: <https://learn.microsoft.com/azure/role-based-access-control/built-in-roles#privileged>.
pub(super) const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
/// The GUID of the role User Access Administrator.
pub(super) const USER_ACCESS_ADMINISTRATOR: &str = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9";
/// The GUID of the role Role Based Access Control Administrator.
pub(super) const RBAC_ADMINISTRATOR: &str = "f58310d9-a9f6-439a-9e8d-f62e7b41a168";

/// The role definitions of an estate by GUID and by name, the catalog's behind them.
pub(super) struct Definitions<'e> {
    estate: &'e Estate,
    index: Arc<Index>,
}

impl<'e> Definitions<'e> {
    /// Those of the estate. The files come first: what a tenant exported is newer than the catalog.
    pub(super) fn of(estate: &'e Estate) -> Self {
        Self { estate, index: Index::of(estate) }
    }

    /// The names of the estate's own roles by GUID.
    pub(super) fn names(&self) -> BTreeMap<String, String> {
        let policies = self.estate.attached_as(ROLE_DEFINITION).map(|one| one.policy);
        let own = policies.filter_map(|policy| own_role(self.estate, policy));
        own.map(|role| (role.id.to_string(), role.name.to_string())).collect()
    }

    /// The role of that GUID or name.
    pub(super) fn find(&self, role: &str) -> Option<&'e RoleDefinition> {
        let own = self.index.role(role).and_then(|policy| own_role(self.estate, policy));
        own.or_else(|| built_in(role))
    }
}

fn own_role(estate: &Estate, policy: PolicyId) -> Option<&RoleDefinition> {
    match estate.policy(policy)?.body.downcast_ref::<Body>()? {
        Body::Role(role) => Some(role),
        _ => None,
    }
}

/// The built-in role of that GUID or name, typed once.
pub(super) fn built_in(role: &str) -> Option<&'static RoleDefinition> {
    static TYPED: LazyLock<Vec<OnceLock<RoleDefinition>>> =
        LazyLock::new(|| catalog::current().roles().map(|_| OnceLock::new()).collect());
    let role = catalog::current().role(role)?;
    TYPED.get(role.index() as usize).map(|slot| slot.get_or_init(|| typed(role)))
}

fn typed(role: catalog::Role<'_>) -> RoleDefinition {
    let list =
        |patterns: catalog::Patterns<'_>| patterns.map(|one| one.to_ascii_lowercase().into()).collect();
    let block = |block: catalog::Block<'_>| Block {
        actions: list(block.allowed(Plane::Control)),
        not_actions: list(block.subtracted(Plane::Control)),
        data_actions: list(block.allowed(Plane::Data)),
        not_data_actions: list(block.subtracted(Plane::Data)),
        condition: block.condition().map(|text| abac::read(text, block.condition_version(), &|_, _| None)),
    };
    RoleDefinition {
        id: role.guid().into(),
        name: role.name().into(),
        blocks: role.blocks().map(block).collect(),
        scopes: Vec::new(),
    }
}

/// The actions of one block, conditions aside; narrowed to `action` (in lower case) where that is given.
pub(super) fn actions(block: &Block, action: Option<&str>) -> Formula {
    let control =
        || any(&block.actions).and(any(&block.not_actions).not()).and(on_data_plane(&block.actions).not());
    match action {
        Some(action) if directory::is_own(action) => Formula::False,
        Some(action) => {
            let (allowed, subtracted) = match plane(action) {
                Plane::Control => (&block.actions, &block.not_actions),
                Plane::Data => (&block.data_actions, &block.not_data_actions),
            };
            let hit = |list: &[Arc<str>]| list.iter().any(|one| pattern(one).matches(action));
            if hit(allowed) && !hit(subtracted) { one_of([action]) } else { Formula::False }
        }
        None if block.data_actions.is_empty() => control(),
        None => control().or(data(block)),
    }
}

/// The known data actions of a block, one by one: there are few.
fn data(block: &Block) -> Formula {
    let compiled = |list: &[Arc<str>]| Patterns::of(list.iter().map(|one| pattern(one)));
    let (allowed, subtracted) = (compiled(&block.data_actions), compiled(&block.not_data_actions));
    let known = data_actions().iter().copied();
    one_of(known.filter(|name| allowed.matches(name) && !subtracted.matches(name)))
}

/// The plane of an action in lower case; one that nobody knows is on the control plane.
pub(super) fn plane(action: &str) -> Plane {
    let known = catalog::operations().find(action);
    if known.is_some_and(|one| one.is_on(Plane::Data)) { Plane::Data } else { Plane::Control }
}

/// The action is one of the data plane or of the directory that these patterns match, which `actions` never give.
fn on_data_plane(patterns: &[Arc<str>]) -> Formula {
    static DATA: LazyLock<Patterns> = LazyLock::new(|| {
        let of_directory = Pattern::prefix(directory::ACTIONS, Case::Sensitive);
        Patterns::of(data_actions().iter().map(|name| family(name)).chain([of_directory]))
    });
    let compiled: Vec<Pattern> = patterns.iter().map(|one| pattern(one)).collect();
    let data = &*DATA;
    let overlaps = |own: &Pattern| compiled.iter().any(|one| overlap(one, own));
    Formula::matches(Attribute::action(), data.filter(overlaps))
}

/// Whether both may match a text, as far as their literal beginnings tell.
fn overlap(one: &Pattern, other: &Pattern) -> bool {
    let (one, other) = (one.literal_prefix(), other.literal_prefix());
    one.starts_with(other) || other.starts_with(one)
}

/// All that begins like a data action down to a level below which every known action is one of data.
fn family(name: &str) -> Pattern {
    let operations = catalog::operations();
    let mut slashes = name.match_indices('/').map(|(at, _)| at + 1);
    let whole = slashes.find_map(|end| {
        let prefix = name.get(..end)?;
        let mut all = operations.operations_in(operations.with_prefix(prefix));
        all.all(|one| one.is_on(Plane::Data)).then(|| Pattern::prefix(prefix, Case::Sensitive))
    });
    whole.unwrap_or_else(|| Pattern::literal(name, Case::Sensitive))
}

fn data_actions() -> &'static [&'static str] {
    static DATA: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let all = catalog::operations().operations();
        all.filter(|one| one.is_on(Plane::Data)).map(catalog::Operation::folded).collect()
    });
    &DATA
}

/// The action matches one of these patterns in lower case.
pub(super) fn any(patterns: &[Arc<str>]) -> Formula {
    Formula::matches(Attribute::action(), Patterns::of(patterns.iter().map(|one| pattern(one))))
}

/// The data actions that match one of these patterns.
pub(super) fn data_matching(patterns: &[Arc<str>]) -> Formula {
    let compiled = Patterns::of(patterns.iter().map(|one| pattern(one)));
    one_of(data_actions().iter().copied().filter(|name| compiled.matches(name)))
}

/// A pattern of actions: "The wildcard (`*`) extends a permission to everything that matches the string":
/// <https://learn.microsoft.com/azure/role-based-access-control/role-definitions#role-definition>. It may stand
/// anywhere; no other character is special.
///
/// Managed Identity Operator names the actions of an identity `userAssignedIdentities/*/assign/action`, whereas the
/// action is called `userAssignedIdentities/assign/action`, and the role lets somebody assign identities
/// (<https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/qs-configure-portal-windows-vm>), so
/// there the wildcard stands for nothing, too.
pub(super) fn pattern(text: &str) -> Pattern {
    const OF_IDENTITIES: &str = "microsoft.managedidentity/userassignedidentities/*/";
    let inner = text
        .strip_prefix(OF_IDENTITIES)
        .map(|rest| format!("{}*/{rest}", OF_IDENTITIES.trim_end_matches("/*/")));
    let text = inner.as_deref().unwrap_or(text);
    Pattern::new(text.chars().map(|c| if c == '*' { Token::Run } else { Token::Char(c) }), Case::Sensitive)
}

/// The action is one of these, in lower case.
pub(super) fn one_of<'a>(actions: impl IntoIterator<Item = &'a str>) -> Formula {
    let patterns = actions.into_iter().map(|name| Pattern::literal(name, Case::Sensitive));
    Formula::matches(Attribute::action(), Patterns::of(patterns))
}
