//! Two documents of Azure side by side: two roles, or two lists of role assignments with what belongs to them.
//!
//! Each document is read as an estate of its own, and judged as if there were nothing else: a role is held by somebody
//! at `/`, and a group of which no members are written down stands for itself.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ast::{Assignment, Body, DenyAssignment, HolderKind, Listing, RoleDefinition};
use super::conditions::{self, Place};
use super::load::{Loader, Row, rows};
use super::members;
use super::names::{self, CLOUD};
use super::roles::{self, Definitions};
use super::{ALLOWS, DENY, catalog, decide, gaps, lower, requests, scenario};
use crate::clouds::documents::{DocumentKind, Documents, HOLDER, Opened, Rule, Rules, RulesOfTwo};
use crate::logic::{Assignment as Witness, Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{Decision, Estate, Gap, GapKind, Origin, Policy, Request, Target};
use crate::text::{Problem, Route, Tree};

/// What a role allows.
const ROLE: DocumentKind = DocumentKind { id: "azure-role", name: "role of Azure" };
/// Who has which role where.
const ASSIGNMENTS: DocumentKind =
    DocumentKind { id: "role-assignments", name: "list of role assignments of Azure" };

/// What may stand beside role assignments in one document, under the names that scenarios use.
const PARTS: [&str; 8] = [
    "management_groups",
    "role_definitions",
    "users",
    "groups",
    "service_principals",
    "group_members",
    "role_assignments",
    "deny_assignments",
];

/// The documents of this cloud.
#[derive(Clone, Copy, Debug)]
pub struct AzureDocuments;

/// A document in its typed form: all that it says, and nothing else.
struct Document(Estate);

impl Documents for AzureDocuments {
    fn kinds(&self) -> &'static [DocumentKind] {
        &[ROLE, ASSIGNMENTS]
    }

    fn open<'t>(&self, tree: &'t Tree, problems: &mut Vec<Problem>) -> Option<Opened<'t>> {
        let whole = Some(Opened { tree: Cow::Borrowed(tree), route: Route::root() });
        if tree.as_map().is_some() && PARTS.iter().any(|part| tree.get(part).is_some()) {
            return whole;
        }
        match rows(tree).as_slice() {
            [only] if is_role(only) => {
                Some(Opened { tree: Cow::Borrowed(only.tree()), route: only.route().clone() })
            }
            [first, ..] if is_role(first) => {
                let message = "there are several roles in the file, and one can be compared".to_owned();
                let problem = Problem::error("azure-several-roles", message).at(tree.span);
                problems.push(problem.help("export it alone: `az role definition list --name NAME`"));
                None
            }
            [first, ..] if is_assignment(first) => whole,
            [] => whole,
            _ => None,
        }
    }

    fn guess(&self, old: &Tree, new: &Tree) -> DocumentKind {
        let is_role = |tree: &Tree| matches!(rows(tree).as_slice(), [only] if is_role(only));
        if is_role(old) && is_role(new) { ROLE } else { ASSIGNMENTS }
    }

    fn read(
        &self,
        document: &Opened<'_>,
        name: &str,
        kind: DocumentKind,
        problems: &mut Vec<Problem>,
    ) -> Option<Policy> {
        let (tree, mut estate) = (&*document.tree, Estate::default());
        let mut loader = Loader::new(&mut estate, problems);
        if kind == ROLE {
            loader.role_alone(tree, name, HOLDER)?;
        } else if rows(tree).iter().any(is_role) {
            let message = format!("`{name}` is a role, where {} is expected", kind.name);
            let problem = Problem::error("azure-shape", message).at(tree.span);
            problems.push(problem.help("compare a role with a role"));
            return None;
        } else if tree.as_map().is_some() && PARTS.iter().any(|part| tree.get(part).is_some()) {
            scenario::policies(tree, &PARTS, &mut estate, problems);
        } else {
            loader.role_assignments(tree);
        }
        let mut complete = vec![Listing::DenyAssignments];
        complete.extend((kind == ROLE).then_some(Listing::Hierarchy));
        Loader::new(&mut estate, problems).complete(complete);
        let origin =
            Origin { span: Some(tree.span), route: document.route.clone(), what: format!("`{name}`") };
        Some(Policy { cloud: CLOUD, name: name.to_owned(), body: Arc::new(Document(estate)), origin })
    }

    fn named(&self, name: &str) -> Option<String> {
        let role = catalog::current().role(name)?;
        Some(format!("{{\"roleName\": {:?}}}", role.name()))
    }

    fn nearest(&self, name: &str) -> Vec<String> {
        let is_path = name.contains(['/', '\\', '.']);
        let found = if is_path { Vec::new() } else { catalog::current().search(name, 3) };
        found.into_iter().map(|one| one.name).collect()
    }

    fn rules(&self, kind: DocumentKind, old: &Policy, new: &Policy) -> RulesOfTwo {
        let estates = [old, new].map(|policy| policy.body.downcast_ref::<Document>().map(|one| &one.0));
        let labels = if kind == ROLE { None } else { Some(labels(estates)) };
        let mut writing = Writing { labels, gaps: BTreeSet::new(), asks_names: false };
        let [old, new] = estates.map(|estate| estate.map(|one| writing.rules(one)).unwrap_or_default());
        let every = [&old, &new].map(|rules| rules.allows.iter().chain(&rules.denies));
        let times = lower::real_times(every.into_iter().flatten().map(|rule| &rule.rest));
        // A role by itself has no place, so that the resource does not matter.
        let mut facts = if kind == ROLE { times } else { names::well_formed().and(times) };
        if writing.asks_names {
            facts = facts.and(conditions::facts(Place::Anywhere));
        }
        RulesOfTwo { old, new, facts, gaps: writing.gaps.into_iter().collect() }
    }

    fn request(&self, kind: DocumentKind, witness: &Witness) -> Request {
        let who = witness.text(&Attribute::principal()).filter(|_| kind != ROLE);
        requests::of(who.unwrap_or(HOLDER).to_owned(), witness)
    }

    /// What the document alone says to one request, by the concrete rule.
    fn decide(&self, _: DocumentKind, policy: &Policy, request: &Request) -> Decision {
        let nothing = Estate::default();
        let estate = policy.body.downcast_ref::<Document>().map_or(&nothing, |document| &document.0);
        let known = members::find(estate, object_of(&request.principal)).and_then(|id| estate.principal(id));
        let principal = known.map_or_else(|| request.principal.clone(), |one| one.name.clone());
        let mut decision = decide::decide(estate, &Request { principal, ..request.clone() });
        // What stands above a subscription is told once, for the document as a whole.
        decision.gaps.retain(|gap| gap.kind != GapKind::MissingScope);
        decision
    }
}

/// A role definition, or one of Azure's roles by its name.
fn is_role(row: &Row<'_>) -> bool {
    let blocks = ["permissions", "actions", "notActions", "dataActions", "notDataActions"];
    let named = row.field(&["roleName"]).is_some();
    let who = row.field(&["principalId", "principals", "objectId"]).is_some();
    !who && (named || (row.field(&["name"]).is_some() && row.field(&blocks).is_some()))
}

fn is_assignment(row: &Row<'_>) -> bool {
    row.field(&["roleDefinitionId", "roleDefinitionName"]).is_some()
        && row.field(&["principalId", "objectId", "principalName"]).is_some()
}

/// What both documents call a principal: its object id, with the name for people where one of them has it. Object ids
/// are what tells principals apart, because names change.
fn labels(estates: [Option<&Estate>; 2]) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (_, one) in estates.into_iter().flatten().flat_map(Estate::principals) {
        let object = members::object_id(one);
        let label = match one.name.contains(object) {
            true => one.name.clone(),
            false => format!("{} ({object})", one.name),
        };
        let known = found.entry(object.to_owned()).or_default();
        if known.len() < label.len() {
            *known = label;
        }
    }
    found
}

/// The object id in a label.
fn object_of(label: &str) -> &str {
    let inner = label.strip_suffix(')').and_then(|text| text.rsplit_once('('));
    inner.or_else(|| label.split_once(':')).map_or(label, |(_, object)| object)
}

/// Documents on their way to formulas.
struct Writing {
    /// What principals are called, by object id; none where there is just one.
    labels: Option<BTreeMap<String, String>>,
    gaps: BTreeSet<Gap>,
    asks_names: bool,
}

impl Writing {
    fn rules(&mut self, estate: &Estate) -> Rules {
        let definitions = Definitions::of(estate);
        let mut rules = Rules::default();
        for attachment in estate.attachments() {
            let Some(policy) = estate.policy(attachment.policy) else { continue };
            match policy.body.downcast_ref::<Body>() {
                Some(Body::Assignment(assignment)) if ALLOWS.contains(&attachment.layer) => {
                    let Some(role) = definitions.find(&assignment.role.value) else {
                        self.gaps.insert(gaps::unknown_role(&assignment.role.value, &policy.origin));
                        continue;
                    };
                    self.note_place(estate, attachment.target);
                    rules.allows.extend(self.gives(estate, assignment, role, attachment.target));
                }
                Some(Body::Deny(deny)) if attachment.layer == DENY => {
                    rules.denies.extend(self.takes(estate, deny, attachment.target));
                }
                _ => {}
            }
        }
        rules
    }

    fn gives(
        &mut self,
        estate: &Estate,
        assignment: &Assignment,
        role: &RoleDefinition,
        at: Target,
    ) -> Vec<Rule> {
        let who = self.who(estate, [(&assignment.holder, assignment.kind)]);
        let reach = who.and(below(estate, at));
        self.gaps.extend(assignment.gaps.iter().cloned());
        self.gaps.extend(future_data_actions(role));
        let rule = |block: &super::ast::Block| {
            let written = [assignment.condition.as_ref(), block.condition.as_ref()];
            for condition in written {
                self.asks_names |= conditions::asks_names(condition);
                self.gaps.extend(conditions::gaps(condition));
            }
            let holds = Formula::all(written.map(|one| conditions::holds(one, Place::Anywhere)));
            Rule { actions: roles::actions(block, None), rest: reach.clone().and(holds) }
        };
        role.blocks.iter().map(rule).collect()
    }

    fn takes(&mut self, estate: &Estate, deny: &DenyAssignment, at: Target) -> Vec<Rule> {
        let each = |list: &[(Arc<str>, HolderKind)]| list.to_vec();
        let (named, spared) = (each(&deny.principals), each(&deny.excluded));
        let named = self.who(estate, named.iter().map(|(id, kind)| (id, *kind)));
        let spared = self.who(estate, spared.iter().map(|(id, kind)| (id, *kind)));
        let who = if deny.everybody { Formula::True } else { named }.and(spared.not());
        let place = match deny.own_scope_only {
            true => Formula::matches(Attribute::resource(), own_name(estate, at)),
            false => below(estate, at),
        };
        self.asks_names |= conditions::asks_names(deny.condition.as_ref());
        self.gaps.extend(conditions::gaps(deny.condition.as_ref()));
        let holds = conditions::holds(deny.condition.as_ref(), Place::Anywhere);
        let rest = who.and(place).and(holds);
        deny.blocks
            .iter()
            .map(|block| Rule { actions: roles::actions(block, None), rest: rest.clone() })
            .collect()
    }

    /// The principals that holders stand for, by their labels.
    fn who<'a>(
        &self,
        estate: &Estate,
        holders: impl IntoIterator<Item = (&'a Arc<str>, HolderKind)>,
    ) -> Formula {
        let Some(labels) = &self.labels else { return Formula::True };
        let all = holders.into_iter().flat_map(|(holder, _)| members::principals(estate, holder));
        let objects = all.filter_map(|id| estate.principal(id)).map(members::object_id);
        let known = objects.filter_map(|object| labels.get(object));
        let patterns = known.map(|label| Pattern::literal(label, Case::Sensitive));
        Formula::matches(Attribute::principal(), Patterns::of(patterns))
    }

    /// A management group reaches subscriptions that only the tree of them tells.
    fn note_place(&mut self, estate: &Estate, at: Target) {
        let Target::Scope(id) = at else { return };
        let Some(scope) = estate.scope(id) else { return };
        let is_group = scope.name.starts_with(names::MANAGEMENT_GROUPS);
        if is_group && !estate.scopes().any(|(_, below)| below.parent == Some(id)) {
            self.gaps.insert(Gap {
                kind: GapKind::MissingScope,
                message: format!(
                    "what lies below `{}` is not in the documents; nothing that is inherited from it was considered",
                    scope.name
                ),
                origin: None,
            });
        }
    }
}

fn below(estate: &Estate, at: Target) -> Formula {
    let patterns = names::below(estate, at);
    if patterns == Patterns::anything() {
        Formula::True
    } else {
        Formula::matches(Attribute::resource(), patterns)
    }
}

/// The name of what a deny assignment is made at, alone.
fn own_name(estate: &Estate, at: Target) -> Patterns {
    let name = match at {
        Target::Scope(id) => estate.scope(id).map(|scope| &scope.name),
        Target::Resource(id) => estate.resource(id).map(|resource| &resource.name),
        Target::Principal(_) => None,
    };
    Patterns::of(name.map(|name| Pattern::literal(name, Case::Insensitive)))
}

/// Data actions are told from the others by the catalog, so those it does not know cannot be compared.
fn future_data_actions(role: &RoleDefinition) -> Vec<Gap> {
    let given = role.blocks.iter().flat_map(|block| &block.data_actions);
    let unknown = given.filter(|pattern| roles::data_matching(&[(*pattern).clone()]) == Formula::False);
    unknown
        .map(|pattern| Gap {
            kind: GapKind::AssumedDefault,
            message: format!(
                "`{pattern}` of role `{}` is no data action that the catalog knows; it was left out",
                role.name
            ),
            origin: None,
        })
        .collect()
}
