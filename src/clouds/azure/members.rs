//! Who the holders of assignments are, as the symbolic side sees it: the ids that a principal answers to.
//!
//! The concrete rule has its own way from holders to principals (`decide`).

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Body, HolderKind, Listing};
use super::names::CLOUD;
use super::{LISTING, OBJECT_ID};
use crate::model::{Estate, Gap, GapKind, Origin, Principal, PrincipalId, PrincipalKind, Subject, Target};

/// A request without credentials.
pub(super) const NOBODY: &str = "*";
/// The name that stands for principals of other tenants.
pub(super) const OUTSIDER: &str = "outside";

/// All that a principal is known as.
pub(super) struct Identity<'e> {
    /// Its own object id and those of its groups.
    ids: BTreeSet<String>,
    /// The groups of the estate by object id, and the members of each.
    groups: BTreeMap<&'e str, PrincipalId>,
    members: BTreeMap<PrincipalId, Vec<PrincipalId>>,
    /// Its name as requests carry it.
    pub(super) name: String,
    /// Whether it could be in a group whose members are not known.
    joins: bool,
    outside: bool,
}

impl<'e> Identity<'e> {
    /// Who asks.
    pub(super) fn of(estate: &'e Estate, subject: Subject) -> Self {
        let stranger = |name: &str| Self {
            ids: BTreeSet::new(),
            groups: BTreeMap::new(),
            members: BTreeMap::new(),
            name: name.to_owned(),
            joins: false,
            outside: name == OUTSIDER,
        };
        let id = match subject {
            Subject::Principal(id) => id,
            Subject::Outside => return stranger(OUTSIDER),
            Subject::Anonymous => return stranger(NOBODY),
        };
        let Some(own) = estate.principal(id) else { return stranger(NOBODY) };
        let mut ids = BTreeSet::from([object_id(own).to_owned()]);
        let groups = groups_of(estate, id);
        ids.extend(
            groups.into_iter().filter_map(|id| estate.principal(id)).map(|one| object_id(one).to_owned()),
        );
        let joins =
            !matches!(own.kind, PrincipalKind::StandIn | PrincipalKind::Public | PrincipalKind::Holder);
        let groups =
            estate.principals().filter(|(_, one)| one.cloud == CLOUD && one.kind == PrincipalKind::Group);
        let groups = groups.map(|(id, one)| (object_id(one), id)).collect();
        let mut members: BTreeMap<PrincipalId, Vec<PrincipalId>> = BTreeMap::new();
        for membership in estate.memberships() {
            members.entry(membership.group).or_default().push(membership.member);
        }
        Self { ids, groups, members, name: own.name.clone(), joins, outside: false }
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
        let group = *self.groups.get(holder)?;
        let names: Vec<String> = self
            .unknown_below(estate, group)
            .into_iter()
            .filter_map(|id| estate.principal(id))
            .map(|group| format!("`{}`", group.name))
            .collect();
        (!names.is_empty()).then(|| Gap {
            kind: GapKind::MissingScope,
            message: format!("the members of {} are not in the input; assumed to be none", names.join(", ")),
            origin: Some(origin.clone()),
        })
    }

    /// A group and the groups below it of which no list of members was read.
    fn unknown_below(&self, estate: &Estate, group: PrincipalId) -> BTreeSet<PrincipalId> {
        let (mut seen, mut unknown) = (BTreeSet::from([group]), BTreeSet::new());
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            let members = self.members.get(&group).map(Vec::as_slice).unwrap_or_default();
            if members.is_empty() && !is_listed(estate, group) {
                unknown.insert(group);
            }
            let groups = members.iter().copied().filter(|id| is_group(estate, *id));
            open.extend(groups.filter(|id| seen.insert(*id)));
        }
        unknown
    }
}

/// The object id of a principal.
pub(super) fn object_id(principal: &Principal) -> &str {
    principal.facts.get(OBJECT_ID).map_or(principal.name.as_str(), String::as_str)
}

/// The principal of that object id.
pub(super) fn find(estate: &Estate, object: &str) -> Option<PrincipalId> {
    let mut all = estate.principals();
    all.find(|(_, one)| one.cloud == CLOUD && object_id(one) == object).map(|(id, _)| id)
}

fn is_group(estate: &Estate, id: PrincipalId) -> bool {
    estate.principal(id).is_some_and(|one| one.kind == PrincipalKind::Group)
}

/// The groups that a principal is in, also through others:
/// <https://learn.microsoft.com/azure/role-based-access-control/overview#groups>.
fn groups_of(estate: &Estate, id: PrincipalId) -> BTreeSet<PrincipalId> {
    let mut found = BTreeSet::new();
    let mut open = vec![id];
    while let Some(member) = open.pop() {
        for membership in estate.memberships().iter().filter(|membership| membership.member == member) {
            if found.insert(membership.group) {
                open.push(membership.group);
            }
        }
    }
    found
}

/// Whether a list of the group's members was read, an empty one too.
fn is_listed(estate: &Estate, group: PrincipalId) -> bool {
    estate.attached_to(Target::Principal(group)).any(|attachment| {
        attachment.layer == LISTING
            && estate.policy(attachment.policy).and_then(|policy| policy.body.downcast_ref::<Body>())
                == Some(&Body::Listed(Listing::Members))
    })
}

/// The principals of the estate that a holder stands for: itself, and for a group all that are in it.
pub(super) fn principals(estate: &Estate, holder: &str) -> BTreeSet<PrincipalId> {
    let mut found: BTreeSet<PrincipalId> = find(estate, holder).into_iter().collect();
    let mut open: Vec<PrincipalId> = found.iter().copied().collect();
    while let Some(group) = open.pop() {
        let members = estate.memberships().iter().filter(|membership| membership.group == group);
        open.extend(members.map(|membership| membership.member).filter(|member| found.insert(*member)));
    }
    found
}
