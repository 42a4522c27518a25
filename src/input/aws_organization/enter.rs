//! From what the files of an organization say to scopes and control policies of an estate. What is missing becomes a policy
//! that allows everything and carries the gap, at the level that it is missing for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Control, Described, Organization};
use crate::clouds::aws::AWS;
use crate::clouds::aws::ast::Document as Policy;
use crate::clouds::aws::estate::{add_policy, attach, policy, silent, unrestricted};
use crate::clouds::aws::parse::Capacity;
use crate::clouds::aws::rule::MEMBERS_KNOWN;
use crate::model::{Estate, Gap, GapKind, Origin, Scope, ScopeId, ScopeKind, Target};
use crate::text::Problem;

/// Puts all of it into the estate.
pub(in super::super) fn enter(
    organization: &Organization<'_>,
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
) {
    let mut entry = Entry {
        organization,
        estate,
        problems,
        top: None,
        scopes: BTreeMap::new(),
        attached: BTreeSet::new(),
    };
    entry.top();
    entry.tree();
    let roots = &organization.roots;
    for control in Control::ALL {
        if roots.is_empty() || roots.values().any(|(enabled, _)| enabled.contains(&control)) {
            entry.policies(control);
            entry.gaps(control);
        }
    }
}

/// Says that no organization was given, once for all accounts. Where one was given, each level says what it lacks.
pub(super) fn unknown_ceilings(estate: &mut Estate) {
    let scopes = || estate.scopes().filter(|(_, scope)| scope.cloud == AWS);
    if scopes().any(|(_, scope)| scope.kind == ScopeKind::Organization) {
        return;
    }
    let is_read = |account: ScopeId| estate.principals().any(|(_, found)| found.home == Some(account));
    let read: Vec<&str> =
        scopes().filter(|(id, _)| is_read(*id)).map(|(_, scope)| scope.name.as_str()).collect();
    let named = match read.as_slice() {
        [] => return,
        [one] => format!("account `{one}`"),
        [first, ..] => format!("{} accounts, such as `{first}`,", read.len()),
    };
    let message = format!(
        "the organization of {named} is not in the input; no service or resource control policies were taken to apply"
    );
    estate.add_gap(Gap { kind: GapKind::MissingScope, message, origin: None });
}

struct Entry<'a, 't> {
    organization: &'a Organization<'t>,
    estate: &'a mut Estate,
    problems: &'a mut Vec<Problem>,
    /// The organization itself. It stands above its root and its management account, and carries no policies.
    top: Option<ScopeId>,
    /// Roots, units and accounts by id, without the management account.
    scopes: BTreeMap<String, ScopeId>,
    /// Where policies of each kind are attached.
    attached: BTreeSet<(Control, ScopeId)>,
}

impl Entry<'_, '_> {
    fn top(&mut self) {
        let Some(name) = self.organization.id.clone() else { return };
        let origin = Origin::default();
        let add = |estate: &mut Estate, name, kind, parent| {
            estate.add_scope(Scope { cloud: AWS, name, kind, parent, origin: origin.clone() })
        };
        let top = add(self.estate, name, ScopeKind::Organization, None);
        if let Some(management) = self.organization.management.clone() {
            add(self.estate, management, ScopeKind::Account, Some(top));
        }
        // Who is listed is a member, whatever its place.
        for account in self.organization.accounts.clone() {
            if !self.organization.children.contains_key(&account) {
                add(self.estate, account, ScopeKind::Account, Some(top));
            }
        }
        if self.is_complete() {
            let known = add_policy(self.estate, silent("members of the organization", Vec::new()));
            attach(self.estate, known, Target::Scope(top), MEMBERS_KNOWN, Origin::default());
        }
        self.top = Some(top);
    }

    fn tree(&mut self) {
        let organization = self.organization;
        for (id, (_, origin)) in &organization.roots {
            self.scope(id, origin);
        }
        for (id, (_, origin)) in &organization.children {
            self.scope(id, origin);
        }
        for (id, origin) in organization.targets.values().flatten() {
            self.scope(id, origin);
        }
        let known = self.estate.scopes().filter(|(_, scope)| {
            scope.cloud == AWS && scope.kind == ScopeKind::Account && scope.parent.is_none()
        });
        let homeless: Vec<String> = known.map(|(_, scope)| scope.name.clone()).collect();
        for id in homeless.iter().chain(&organization.accounts) {
            if !self.is_stranger(id) {
                self.scope(id, &Origin::default());
            }
        }
    }

    /// Whether an account is no member: every list of members is there, and it is in none.
    fn is_stranger(&self, id: &str) -> bool {
        let Organization { children, accounts, .. } = self.organization;
        self.is_complete() && !children.contains_key(id) && !accounts.contains(id)
    }

    /// Whether every list of members is there.
    fn is_complete(&self) -> bool {
        let Organization { roots, children, units_of, accounts_of, .. } = self.organization;
        let units = children.keys().filter(|id| id.starts_with("ou-"));
        let listed = |id: &String| units_of.contains(id) && accounts_of.contains(id);
        !roots.is_empty() && roots.keys().chain(units).all(listed)
    }

    /// Adds a root, a unit or an account with all above it. Ends even if parents form a circle.
    fn scope(&mut self, id: &str, origin: &Origin) {
        let organization = self.organization;
        if organization.management.as_deref() == Some(id) {
            return;
        }
        let mut chain = vec![(id, origin)];
        while let Some((parent, place)) = chain.last().and_then(|(last, _)| organization.children.get(*last))
            && !chain.iter().any(|(seen, _)| seen == parent)
        {
            chain.push((parent, place));
        }
        let mut parent = self.top.filter(|_| chain.last().is_some_and(|(last, _)| last.starts_with("r-")));
        for (name, origin) in chain.into_iter().rev() {
            let kind = match name.split_once('-') {
                Some(("r", _)) => ScopeKind::Organization,
                Some(_) => ScopeKind::Folder,
                None => ScopeKind::Account,
            };
            let scope = Scope { cloud: AWS, name: name.to_owned(), kind, parent, origin: origin.clone() };
            let id = self.estate.add_scope(scope);
            self.scopes.insert(name.to_owned(), id);
            parent = Some(id);
        }
    }

    fn attach(&mut self, control: Control, document: Policy, targets: &[(ScopeId, Origin)]) {
        let policy = add_policy(self.estate, document);
        for (scope, origin) in targets {
            attach(self.estate, policy, Target::Scope(*scope), control.layer(), origin.clone());
            self.attached.insert((control, *scope));
        }
    }

    /// The policies of a kind, each where it is attached. One whose text is missing may be of either kind.
    fn policies(&mut self, control: Control) {
        let organization = self.organization;
        for (id, targets) in &organization.targets {
            let stated = organization
                .described
                .get(id)
                .map(|described| described.control)
                .or_else(|| organization.listed.get(id).map(|(control, _)| *control))
                .or_else(|| Control::ALL.into_iter().find(|control| control.default_id() == id));
            if stated.is_some_and(|stated| stated != control) {
                continue;
            }
            let scopes: Vec<(ScopeId, Origin)> = targets
                .iter()
                .filter_map(|(target, origin)| Some((*self.scopes.get(target)?, origin.clone())))
                .collect();
            let document = self.document(control, id);
            self.attach(control, document, &scopes);
        }
    }

    fn document(&mut self, control: Control, id: &str) -> Policy {
        if let Some(Described { name, content, route, .. }) = self.organization.described.get(id) {
            let capacity = match control {
                Control::Service => Capacity::Identity,
                Control::Resource => Capacity::Resource,
            };
            if let Some(document) = policy(content, name, route, capacity, self.problems) {
                return document;
            }
        } else if id == control.default_id() {
            return unrestricted(id, Vec::new());
        }
        let name = self.organization.listed.get(id).map_or(id, |(_, name)| name);
        let message =
            format!("the text of policy `{name}` is not in the input; it was taken to allow everything");
        unrestricted(name, vec![Gap { kind: GapKind::MissingPolicy, message, origin: None }])
    }

    /// What is not known about policies of a kind, at the levels that it is not known for.
    fn gaps(&mut self, control: Control) {
        let organization = self.organization;
        let words = control.words();
        let mut everywhere = Vec::new();
        if organization.management.is_none() {
            let message = "which account manages the organization is not in the input; none was taken to";
            everywhere.push(message.to_owned());
        }
        if organization.roots.is_empty() {
            everywhere
                .push(format!("whether {words} are enabled is not in the input; they were taken to be"));
        }
        if !organization.listed.values().any(|(listed, _)| *listed == control) {
            everywhere.push(format!(
                "the list of {words} is not in the input; those that are not there were taken not to exist"
            ));
        }
        let lost = organization
            .listed
            .iter()
            .filter(|(id, (listed, _))| *listed == control && !organization.targets.contains_key(*id));
        let lost: Vec<String> = lost
            .map(|(_, (_, name))| format!(
                "where the policy `{name}` is attached is not in the input; it was taken to allow everything everywhere"
            ))
            .collect();
        for (name, scope) in self.scopes.clone() {
            let Some(found) = self.estate.scope(scope).cloned() else { continue };
            let mut messages = lost.clone();
            if found.parent.is_none() || found.parent == self.top {
                messages.extend(everywhere.clone());
                if found.kind != ScopeKind::Organization {
                    messages.push(format!(
                        "the place of `{name}` in the organization is not in the input; the {words} above it were taken to allow everything"
                    ));
                }
            }
            let bare = !self.attached.contains(&(control, scope));
            if bare && lost.is_empty() {
                messages.push(format!(
                    "the {words} of `{name}` are not in the input; they were taken to allow everything"
                ));
            }
            self.gap(control, &found, scope, messages, bare || !lost.is_empty());
        }
    }

    /// Notes what is not known at a level. Beside policies that are known, it must not allow more.
    fn gap(&mut self, control: Control, found: &Scope, scope: ScopeId, messages: Vec<String>, open: bool) {
        if messages.is_empty() {
            return;
        }
        let origin = found.origin.clone();
        let place = Some(origin.clone()).filter(|origin| origin.span.is_some());
        let gap = |message| Gap { kind: GapKind::MissingScope, message, origin: place.clone() };
        let gaps = messages.into_iter().map(gap).collect();
        let name = format!("{} of {}", control.words(), found.name);
        let document = if open { unrestricted(&name, gaps) } else { silent(&name, gaps) };
        self.attach(control, document, &[(scope, origin)]);
    }
}
