//! Who the members of bindings are, as the symbolic side sees it: the names that a principal answers to.
//!
//! The concrete rule has its own way from members to principals (`decide`).

use std::collections::BTreeSet;

use super::ast::{Basic, Binding, Body, Federated, Member, Which};
use super::names::CLOUD;
use super::sets::{self, Belongs};
use super::{ALLOW, conditions, index};
use crate::logic::{Attribute, Case, Formula, Kind, Pattern, Patterns};
use crate::model::{Estate, Gap, GapKind, Origin, Policy, PrincipalId, Subject, Target};

/// A request without credentials.
pub(super) const NOBODY: &str = "*";
/// The name that stands for anybody with an account.
pub(super) const ANY_ACCOUNT: &str = "allAuthenticatedUsers";

/// All that a principal is known as.
pub(super) struct Identity {
    /// Its own name and those of its groups.
    names: BTreeSet<String>,
    /// Its name as requests carry it.
    pub(super) name: String,
    has_account: bool,
    federated: Option<Federated>,
}

impl Identity {
    /// Who asks.
    pub(super) fn of(estate: &Estate, subject: Subject) -> Self {
        let id = match subject {
            Subject::Principal(id) => id,
            Subject::Outside => return Self::stranger(ANY_ACCOUNT),
            Subject::Anonymous => return Self::stranger(NOBODY),
        };
        let name = estate.principal(id).map(|principal| principal.name.clone()).unwrap_or_default();
        if name == "allUsers" {
            return Self::stranger(NOBODY);
        }
        let mut names: BTreeSet<String> = BTreeSet::from([name.clone()]);
        for group in groups_of(estate, id) {
            names.extend(estate.principal(group).map(|group| group.name.clone()));
        }
        // Identities of other providers have no Google account:
        // <https://cloud.google.com/iam/docs/principals-overview#all-authenticated-users>.
        let federated = match Member::read(&name) {
            Member::Federated(federated) => Some(federated),
            _ => None,
        };
        let has_account = federated.is_none();
        Self { names, name, has_account, federated }
    }

    fn stranger(name: &str) -> Self {
        Self {
            names: BTreeSet::from([name.to_owned()]),
            name: name.to_owned(),
            has_account: name != NOBODY,
            federated: None,
        }
    }

    /// When the member stands for this principal.
    pub(super) fn answers(&self, estate: &Estate, member: &Member) -> Formula {
        match member {
            Member::Holders(basic, project) => holds(estate, self, *basic, project),
            Member::Federated(set) => self.federated.as_ref().map_or(Formula::False, |own| within(own, set)),
            Member::InScope(held, scope) if sets::among(estate, &self.name, *held, scope) == Belongs::Yes => {
                Formula::True
            }
            member if self.is(member) => Formula::True,
            _ => Formula::False,
        }
    }

    /// What is missing to know whether a member that does not stand for this principal does so after all.
    pub(super) fn gap_of(&self, estate: &Estate, member: &Member, origin: &Origin) -> Option<Gap> {
        match member {
            Member::InScope(held, scope) => match sets::among(estate, &self.name, *held, scope) {
                Belongs::Unknown => gap_of(estate, member, origin),
                Belongs::Yes | Belongs::No => None,
            },
            Member::Other(_) if self.federated.is_some() && !self.is(member) => {
                gap_of(estate, member, origin)
            }
            _ if self.could_be_in_groups() => gap_of(estate, member, origin),
            _ => None,
        }
    }

    /// Whether the member stands for this principal, by its names alone.
    fn is(&self, member: &Member) -> bool {
        match member {
            Member::AllUsers => true,
            Member::AllAuthenticatedUsers => self.has_account,
            Member::User(_) | Member::ServiceAccount(_) | Member::Group(_) => {
                self.names.contains(&member.name())
            }
            Member::Domain(domain) => self.names.contains(&member.name()) || self.is_in(domain),
            Member::Other(_) | Member::InScope(..) => self.names.contains(&member.name()),
            Member::Holders(..) | Member::Deleted(_) | Member::Federated(_) => false,
        }
    }

    /// A Workspace or Cloud Identity domain consists of its users; service accounts are in none.
    fn is_in(&self, domain: &str) -> bool {
        let mail = self.name.strip_prefix("user:").and_then(|mail| mail.rsplit_once('@'));
        mail.is_some_and(|(_, own)| own == domain)
    }

    /// Whether it could be in a group of unknown members.
    fn could_be_in_groups(&self) -> bool {
        self.name.starts_with("user:") || self.name.starts_with("serviceAccount:")
    }
}

/// The groups that a principal is in, also through others.
fn groups_of(estate: &Estate, id: PrincipalId) -> BTreeSet<PrincipalId> {
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

/// All that belong to a group, also through others, the group included; and the groups among them of which no member
/// is known.
pub(super) fn members_of(
    estate: &Estate,
    group: PrincipalId,
) -> (BTreeSet<PrincipalId>, BTreeSet<PrincipalId>) {
    let (mut found, mut unknown) = (BTreeSet::from([group]), BTreeSet::new());
    let mut open = vec![group];
    while let Some(group) = open.pop() {
        let mut members = estate.members_of(group).peekable();
        let is_group = estate.principal(group).is_some_and(|principal| principal.name.starts_with("group:"));
        if members.peek().is_none() && is_group {
            unknown.insert(group);
        }
        open.extend(members.map(|membership| membership.member).filter(|member| found.insert(*member)));
    }
    (found, unknown)
}

/// What is missing to know whether a member stands for some principal.
pub(super) fn gap_of(estate: &Estate, member: &Member, origin: &Origin) -> Option<Gap> {
    let gap =
        |message: String| Some(Gap { kind: GapKind::MissingScope, message, origin: Some(origin.clone()) });
    match member {
        Member::Group(_) => {
            let name = member.name();
            let unknown = match estate.find_principal(CLOUD, &name) {
                Some(group) => members_of(estate, group).1,
                None => {
                    return gap(format!("the members of `{name}` are not in the input; assumed to be none"));
                }
            };
            let names: Vec<&str> = unknown
                .iter()
                .filter_map(|id| estate.principal(*id))
                .map(|group| group.name.as_str())
                .collect();
            (!names.is_empty()).then_some(())?;
            gap(format!("the members of `{}` are not in the input; assumed to be none", names.join("`, `")))
        }
        Member::Other(_) | Member::InScope(..) if !is_single(member) => {
            let text = member.name();
            gap(format!("who belongs to `{text}` is not known; assumed to be nobody of the input"))
        }
        _ => None,
    }
}

/// A binding of a basic role that makes its members answer to a convenience value.
pub(super) struct Holding<'e> {
    /// The binding.
    pub(super) binding: &'e Binding,
    /// Where it stands.
    pub(super) origin: &'e Origin,
    /// Whether it is inherited from above the project.
    pub(super) inherited: bool,
}

impl Holding<'_> {
    /// When one of its own members stands for the principal: convenience values do not stand for holders of others.
    fn answers(&self, estate: &Estate, identity: &Identity) -> Formula {
        let direct =
            self.binding.members.iter().filter(|member| !matches!(member.value, Member::Holders(..)));
        Formula::any(direct.map(|member| identity.answers(estate, &member.value)))
    }
}

/// The bindings that give `basic` on the project of that id or number, inherited ones included.
pub(super) fn holdings<'e>(estate: &'e Estate, basic: Basic, project: &str) -> Vec<Holding<'e>> {
    let Some(scope) = estate.find_scope(CLOUD, &format!("projects/{project}")) else { return Vec::new() };
    let mut found = Vec::new();
    for level in estate.ancestry(scope) {
        let here = index::basic_bindings(estate, level, basic);
        found.extend(here.map(|(policy, binding)| Holding {
            binding,
            origin: &policy.origin,
            inherited: level != scope,
        }));
    }
    found
}

/// The bindings of the allow policy of `target`.
pub(super) fn bindings(estate: &Estate, target: Target) -> impl Iterator<Item = (&Policy, &Binding)> {
    let attached = estate.attached_to(target).filter(|attachment| attachment.layer == ALLOW);
    attached.filter_map(|attachment| {
        let policy = estate.policy(attachment.policy)?;
        match policy.body.downcast_ref::<Body>()? {
            Body::Binding(binding) => Some((policy, binding)),
            _ => None,
        }
    })
}

/// When `identity` holds `basic` on the project: `False` if never.
pub(super) fn holds(estate: &Estate, identity: &Identity, basic: Basic, project: &str) -> Formula {
    Formula::any(holdings(estate, basic, project).into_iter().map(|holding| {
        let who = holding.answers(estate, identity);
        who.and(conditions::holds(holding.binding.condition.as_ref()))
    }))
}

/// What was assumed where `identity` holds `basic` only by a role that is inherited.
///
/// The documentation of convenience values speaks of "the project" only:
/// <https://cloud.google.com/storage/docs/access-control/iam#convenience-values>.
pub(super) fn inherited_gap(
    estate: &Estate,
    identity: &Identity,
    basic: Basic,
    project: &str,
) -> Option<Gap> {
    let all = holdings(estate, basic, project);
    let mut own = all.iter().filter(|holding| holding.answers(estate, identity) != Formula::False);
    let first = own.next()?;
    if !first.inherited {
        return None;
    }
    let message = format!(
        "`{}` is held on `projects/{project}` by inheritance only; assumed that `{}{project}` stands for its holders, too",
        basic.role(),
        basic.prefix(),
    );
    Some(Gap { kind: GapKind::AssumedDefault, message, origin: Some(first.origin.clone()) })
}

/// The principals that the member stands for, as a formula over the attribute of the principal.
pub(super) fn who(estate: &Estate, member: &Member) -> Formula {
    let named = |name: &str| Formula::matches(Attribute::principal(), Patterns::literal(name));
    match member {
        Member::AllUsers => Formula::True,
        Member::AllAuthenticatedUsers => {
            let federated = Pattern::prefix("principal", Case::Sensitive);
            let federated = Formula::matches(Attribute::principal(), Patterns::of([federated]));
            named(NOBODY).or(federated).not()
        }
        Member::User(_) | Member::ServiceAccount(_) => named(&member.name()),
        Member::Other(_) if is_single(member) => named(&member.name()),
        Member::Federated(set) => {
            let within = |start: &str| Patterns::of([Pattern::prefix(start, Case::Sensitive)]);
            let anybody = Formula::matches(Attribute::principal(), within(&set.identities()));
            let some = match &set.which {
                Which::Subject(_) => Formula::False,
                Which::All => anybody,
                Which::Namespace(namespace) => {
                    let pods = format!("{}{}", set.identities(), pods_of(namespace));
                    Formula::matches(Attribute::principal(), within(&pods))
                }
                which => anybody.and(carries(which)),
            };
            some.or(named(&member.name()))
        }
        Member::Group(_) => {
            let group = estate.find_principal(CLOUD, &member.name());
            let all = group.map(|group| members_of(estate, group).0).unwrap_or_default();
            let names =
                all.into_iter().filter_map(|id| estate.principal(id)).map(|principal| named(&principal.name));
            Formula::any(names.chain([named(&member.name())]))
        }
        Member::Domain(domain) => {
            let users = Pattern::glob("user:*@", Case::Sensitive).tokens().collect::<Vec<_>>();
            let users = users.into_iter().chain(domain.chars().map(crate::logic::Token::Char));
            let users = Pattern::new(users, Case::Sensitive);
            Formula::matches(Attribute::principal(), Patterns::of([users])).or(named(&member.name()))
        }
        Member::Holders(basic, project) => {
            Formula::any(holdings(estate, *basic, project).into_iter().map(|holding| {
                let members = &holding.binding.members;
                let direct = members.iter().filter(|member| !matches!(member.value, Member::Holders(..)));
                let who = Formula::any(direct.map(|member| self::who(estate, &member.value)));
                who.and(conditions::holds(holding.binding.condition.as_ref()))
            }))
        }
        Member::Deleted(_) => Formula::False,
        Member::Other(_) | Member::InScope(..) => Formula::opaque(format!("member:{}", member.name())),
    }
}

/// A single identity, which is named in full: `serviceAccount:p.svc.id.goog[n/s]` and the like.
pub(super) fn is_single(member: &Member) -> bool {
    let name = member.name();
    name.starts_with("principal://") || name.starts_with("serviceAccount:")
}

/// What a token of an identity of a pool has to say for it to be one of these.
fn carries(which: &Which) -> Formula {
    match which {
        Which::Group(group) => {
            Formula::any_in(Attribute::new("google.groups", Kind::TextSet), Patterns::literal(group))
        }
        Which::Attribute(name, value) => {
            Formula::matches(Attribute::text(name.as_str()), Patterns::literal(value))
        }
        Which::Subject(_) | Which::Namespace(_) | Which::All => Formula::False,
    }
}

/// How the subjects of all pods of a namespace of Kubernetes begin.
fn pods_of(namespace: &str) -> String {
    format!("ns/{namespace}/sa/")
}

/// When an identity of a pool, or somebody of a set of them, is in a set.
fn within(own: &Federated, set: &Federated) -> Formula {
    if own.pool != set.pool {
        return Formula::False;
    }
    if own.which == set.which || set.which == Which::All {
        return Formula::True;
    }
    match (&own.which, &set.which) {
        (Which::Subject(own), Which::Namespace(namespace)) if own.starts_with(&pods_of(namespace)) => {
            Formula::True
        }
        (_, Which::Subject(_) | Which::Namespace(_)) => Formula::False,
        // Two values of one attribute exclude each other.
        (Which::Attribute(own, _), Which::Attribute(name, _)) if own == name => Formula::False,
        (_, which) => carries(which),
    }
}
