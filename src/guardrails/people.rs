//! Whom the names in guardrails stand for.

use std::collections::BTreeSet;

use super::Name;
use crate::clouds::{CLOUDS, Cloud};
use crate::evaluator::is_short_for;
use crate::graph::Graph;
use crate::logic::{Attribute, Case, Formula, Pattern};
use crate::model::{CloudId, Estate, Principal, PrincipalId, PrincipalKind, Subject};

/// Somebody without credentials.
pub(super) const ANONYMOUS: &str = "anonymous";
/// Somebody of whom no file tells.
pub(super) const OUTSIDE: &str = "outside";
/// Everybody whom the files define.
const INSIDE: &str = "inside";
/// Those whom the files name and do not define, such as other accounts.
const MENTIONED: &str = "mentioned";
/// Whoever administers something by permissions of its own.
const ADMINISTRATORS: &str = "administrators";
/// The provider's own services.
const SERVICES: &str = "services";

/// The words that stand for many, and no names.
pub const WORDS: [&str; 6] = [ANONYMOUS, OUTSIDE, MENTIONED, INSIDE, ADMINISTRATORS, SERVICES];

/// The people of an estate.
pub(super) struct People<'a> {
    estate: &'a Estate,
    administrators: BTreeSet<PrincipalId>,
}

/// Those whom names stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Chosen {
    pub(super) principals: BTreeSet<PrincipalId>,
    anonymous: bool,
    outside: bool,
}

impl Chosen {
    pub(super) fn holds(&self, subject: Subject) -> bool {
        match subject {
            Subject::Principal(id) => self.principals.contains(&id),
            Subject::Anonymous => self.anonymous,
            Subject::Outside => self.outside,
        }
    }

    fn len(&self) -> usize {
        self.principals.len() + usize::from(self.anonymous) + usize::from(self.outside)
    }
}

impl<'a> People<'a> {
    pub(super) fn of(estate: &'a Estate, graph: &Graph) -> Self {
        let seats = graph.seats().iter().filter(|seat| seat.node.change.is_none());
        Self { estate, administrators: seats.map(|seat| seat.node.principal).collect() }
    }

    /// Those whom the names stand for, in one cloud or in all; and the names that stand for nobody.
    pub(super) fn choose<'n>(&self, names: &'n [Name], cloud: Option<CloudId>) -> (Chosen, Vec<&'n Name>) {
        let (mut chosen, mut idle) = (Chosen::default(), Vec::new());
        for name in names {
            let before = chosen.len();
            let known = self.add(name, cloud, &mut chosen);
            if chosen.len() == before && !known {
                idle.push(name);
            }
        }
        (chosen, idle)
    }

    /// Adds those whom a name stands for. Answers whether there are any; there may always be strangers, and some other
    /// time administrators.
    fn add(&self, name: &Name, cloud: Option<CloudId>, chosen: &mut Chosen) -> bool {
        match &*name.text {
            ANONYMOUS => chosen.anonymous = true,
            OUTSIDE => chosen.outside = true,
            MENTIONED => self.add_those(cloud, chosen, |_, who| who.kind == PrincipalKind::External),
            INSIDE => self.add_those(cloud, chosen, |_, who| is_inside(who)),
            SERVICES => self.add_those(cloud, chosen, |_, who| who.kind == PrincipalKind::Service),
            ADMINISTRATORS => self.add_those(cloud, chosen, |id, _| self.administrators.contains(&id)),
            text => {
                let pattern = Pattern::glob(text, Case::Sensitive);
                let short = |who: &Principal| name.is_plain() && is_short_for(text, &who.name);
                let meant = self.known(cloud).filter(|(_, who)| pattern.matches(&who.name) || short(who));
                // Logs may call somebody by another name, such as an id.
                let others = CLOUDS.iter().filter(|one| cloud.is_none_or(|id| one.id() == id));
                let known = others.filter_map(|one| one.find_principal(self.estate, text));
                let all: BTreeSet<PrincipalId> = meant.map(|(id, _)| id).chain(known).collect();
                all.iter().for_each(|id| self.add_with_members(*id, &mut chosen.principals));
                return !all.is_empty();
            }
        }
        true
    }

    fn add_those(
        &self,
        cloud: Option<CloudId>,
        chosen: &mut Chosen,
        is_meant: impl Fn(PrincipalId, &Principal) -> bool,
    ) {
        chosen.principals.extend(self.known(cloud).filter(|(id, who)| is_meant(*id, who)).map(|(id, _)| id));
    }

    fn known(&self, cloud: Option<CloudId>) -> impl Iterator<Item = (PrincipalId, &'a Principal)> {
        self.estate.principals().filter(move |(_, who)| cloud.is_none_or(|cloud| who.cloud == cloud))
    }

    /// Whoever names a group means its members.
    fn add_with_members(&self, id: PrincipalId, chosen: &mut BTreeSet<PrincipalId>) {
        if chosen.insert(id) {
            for membership in self.estate.members_of(id) {
                self.add_with_members(membership.member, chosen);
            }
        }
    }

    /// Everybody who sends requests to a cloud: its principals, strangers, and anybody without credentials.
    pub(super) fn askers(&self, cloud: CloudId) -> impl Iterator<Item = Subject> {
        let known = self.known(Some(cloud)).filter(|(_, who)| who.kind.sends_requests());
        known.map(|(id, _)| Subject::Principal(id)).chain([Subject::Outside, Subject::Anonymous])
    }

    /// The principals among those that were chosen whom the files only mention: strangers with a name, who are not meant
    /// where others are asked about that no file tells of.
    pub(super) fn mentioned(&self, chosen: &Chosen, cloud: &dyn Cloud) -> Formula {
        let own = self
            .known(Some(cloud.id()))
            .filter(|(id, who)| who.kind == PrincipalKind::External && chosen.principals.contains(id));
        Formula::any(own.map(|(_, who)| Formula::matches(Attribute::principal(), cloud.mentioned(&who.name))))
    }

    /// How messages call somebody.
    pub(super) fn name(&self, subject: Subject) -> String {
        match subject {
            Subject::Principal(id) => {
                self.estate.principal(id).map_or_else(String::new, |who| format!("`{}`", who.name))
            }
            Subject::Outside => "somebody outside the given files".to_owned(),
            Subject::Anonymous => "anybody, without credentials,".to_owned(),
        }
    }
}

fn is_inside(who: &Principal) -> bool {
    !matches!(who.kind, PrincipalKind::External | PrincipalKind::Public | PrincipalKind::Service)
}
