//! Who the holders of assignments are, as the symbolic side sees it: the ids that a principal answers to.
//!
//! The concrete rule has its own way from holders to principals (`decide`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::OBJECT_ID;
use super::ast::HolderKind;
use super::index::Index;
use crate::model::{Estate, Gap, GapKind, Origin, Principal, PrincipalId, PrincipalKind, Subject};

/// A request without credentials.
pub(super) const NOBODY: &str = "*";
/// The name that stands for principals of other tenants.
pub(super) const OUTSIDER: &str = "outside";

/// All that a principal is known as.
pub(super) struct Identity {
    index: Arc<Index>,
    /// Its own object id and those of its groups.
    ids: BTreeSet<String>,
    /// Its name as requests carry it.
    pub(super) name: String,
    /// Whether it could be in a group whose members are not known.
    joins: bool,
    outside: bool,
}

impl Identity {
    /// Who asks.
    pub(super) fn of(estate: &Estate, subject: Subject) -> Self {
        let index = Index::of(estate);
        let known = match subject {
            Subject::Principal(id) => estate.principal(id).map(|own| (id, own)),
            Subject::Outside | Subject::Anonymous => None,
        };
        let Some((id, own)) = known else {
            let outside = subject == Subject::Outside;
            let name = if outside { OUTSIDER } else { NOBODY }.to_owned();
            return Self { index, ids: BTreeSet::new(), name, joins: false, outside };
        };
        let groups = groups_of(estate, id).into_iter().filter_map(|id| estate.principal(id));
        let ids = std::iter::once(own).chain(groups).map(|one| object_id(one).to_owned()).collect();
        let joins =
            !matches!(own.kind, PrincipalKind::StandIn | PrincipalKind::Public | PrincipalKind::Holder);
        Self { index, ids, name: own.name.clone(), joins, outside: false }
    }

    /// Whether a holder is this principal or one of its groups.
    pub(super) fn is(&self, holder: &str, kind: HolderKind) -> bool {
        self.ids.contains(holder) || (self.outside && kind == HolderKind::ForeignGroup)
    }

    /// What is missing to know whether a holder is a group of this principal.
    pub(super) fn gap(
        &self,
        estate: &Estate,
        holder: &str,
        kind: HolderKind,
        origin: &Origin,
    ) -> Option<Gap> {
        let known_kind =
            matches!(kind, HolderKind::User | HolderKind::ServicePrincipal | HolderKind::ForeignGroup);
        if !self.joins || known_kind || self.is(holder, kind) {
            return None;
        }
        let group = self.index.principal(holder)?;
        let unknown = self.index.open_groups(group).filter_map(|id| estate.principal(id));
        let names: Vec<String> = unknown.map(|group| format!("`{}`", group.name)).collect();
        (!names.is_empty()).then(|| Gap {
            kind: GapKind::MissingScope,
            message: format!("the members of {} are not in the input; assumed to be none", names.join(", ")),
            origin: Some(origin.clone()),
        })
    }
}

/// The object id of a principal.
pub(super) fn object_id(principal: &Principal) -> &str {
    principal.facts.get(OBJECT_ID).map_or(principal.name.as_str(), String::as_str)
}

/// The principal of that object id.
pub(super) fn find(estate: &Estate, object: &str) -> Option<PrincipalId> {
    Index::of(estate).principal(object)
}

/// The groups that a principal is in, also through others:
/// <https://learn.microsoft.com/azure/role-based-access-control/overview#groups>.
pub(super) fn groups_of(estate: &Estate, id: PrincipalId) -> BTreeSet<PrincipalId> {
    let mut found = BTreeSet::new();
    let mut open = vec![id];
    while let Some(member) = open.pop() {
        for membership in estate.groups_of(member) {
            if found.insert(membership.group) {
                open.push(membership.group);
            }
        }
    }
    found
}

/// The principals of the estate that a holder stands for: itself, and for a group all that are in it.
pub(super) fn principals(estate: &Estate, holder: &str) -> BTreeSet<PrincipalId> {
    let mut found: BTreeSet<PrincipalId> = find(estate, holder).into_iter().collect();
    let mut open: Vec<PrincipalId> = found.iter().copied().collect();
    while let Some(group) = open.pop() {
        let members = estate.members_of(group).map(|membership| membership.member);
        open.extend(members.filter(|member| found.insert(*member)));
    }
    found
}
