//! Suggestions as changes of the files that the estate was read from, proven by reading the changed texts again.
//!
//! What a change means for a file is its cloud's business, and how the file is written is `text`'s. What cannot be
//! changed is said, never guessed. Nothing is written here.

use std::collections::{BTreeMap, BTreeSet};

use super::{Applicability, Binding, Suggestion, difference};
use crate::clouds::edits::Edit;
use crate::clouds::own_policies::{NewPolicy, OwnPolicies};
use crate::clouds::{self, HeldRole, RoleAt, Roles};
use crate::evaluator::{Bug, Evaluator, Side};
use crate::input::{self, Loaded};
use crate::logic::Formula;
use crate::model::{CloudId, Estate, Object, Principal, PrincipalId, PrincipalKind, Question, Subject};
use crate::text::lists::{self, ListEdit, New};
use crate::text::{FileId, Span, Splice, Tree, splice, unified};

/// The changes of files that make suggestions come true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// The files that change, in the order in which they were read.
    pub patches: Vec<Patch>,
    /// Suggestions that no file is changed for.
    pub left: Vec<Left>,
}

/// The change of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Its path.
    pub path: String,
    /// The text that was read.
    pub before: String,
    /// The text with all changes.
    pub after: String,
    /// The difference, as `patch` and `git apply` read it.
    pub diff: String,
}

/// A suggestion that no file is changed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Whose access it is about.
    pub principal: String,
    /// Why, for people.
    pub reason: String,
}

/// The changes that all suggestions together come to, as far as they are proven and files can say them. Reading the
/// changed files again has to give everybody just the access that was proven, or nothing is changed.
pub fn edits(evaluator: &Evaluator<'_>, suggestions: &[Suggestion], loaded: &Loaded) -> Result<Edits, Bug> {
    let mut edits = Edits::default();
    let mut texts = Texts { loaded, trees: BTreeMap::new() };
    let mut plans = Vec::new();
    for suggestion in suggestions.iter().filter(|one| one.changes_something()) {
        let planned = plan(evaluator.estate(), suggestion);
        match planned.and_then(|(changed, all)| Ok((changed, texts.resolve(&all)?))) {
            Ok((expected, items)) => plans.push(Plan { suggestion, expected, items }),
            Err(reason) => edits.left.push(Left { principal: suggestion.name.clone(), reason }),
        }
    }
    let splices = loop {
        match texts.splices(&plans) {
            Ok(splices) => break splices,
            Err((list, reason)) => {
                let (broken, kept): (Vec<_>, Vec<_>) =
                    plans.into_iter().partition(|plan| plan.items.iter().any(|item| item.list == list));
                let left = |plan: &Plan<'_>| Left {
                    principal: plan.suggestion.name.clone(),
                    reason: reason.clone(),
                };
                edits.left.extend(broken.iter().map(left));
                plans = kept;
                if broken.is_empty() {
                    break BTreeMap::new();
                }
            }
        }
    };
    let Some(patches) = patches(loaded, &splices) else {
        return Ok(all_left(edits, &plans, "its changes and those of others touch the same place"));
    };
    let changed = splices.keys().zip(&patches).map(|(file, patch)| (*file, patch.after.clone())).collect();
    let mut again = input::load_again(loaded, &changed);
    if let Some(earliest) = evaluator.estate().earliest() {
        again.estate.set_earliest(earliest);
    }
    if !is_as_proven(evaluator, &plans, &mut again.estate)? {
        return Ok(all_left(edits, &plans, "the changed files would not say what was proven"));
    }
    Ok(Edits { patches, ..edits })
}

fn all_left(mut edits: Edits, plans: &[Plan<'_>], reason: &str) -> Edits {
    let left = |plan: &Plan<'_>| Left { principal: plan.suggestion.name.clone(), reason: reason.to_owned() };
    edits.left.extend(plans.iter().map(left));
    edits
}

/// A suggestion with the estate that was proven, and what has to happen to lists.
struct Plan<'a> {
    suggestion: &'a Suggestion,
    expected: Estate,
    items: Vec<Item>,
}

/// What happens to one item of a list.
struct Item {
    list: Span,
    what: What,
}

enum What {
    /// It is taken out. With the list, and its place in it, of what goes along when nothing is left.
    Take(usize, Option<(Span, usize)>),
    /// It is put in.
    Add(New),
}

/// What the files have to say, and the estate that says it.
fn plan(estate: &Estate, suggestion: &Suggestion) -> Result<(Estate, Vec<Edit>), String> {
    if suggestion.applicability == Applicability::Unproven {
        return Err("it is not proven".to_owned());
    }
    let unknown = || "its cloud is not known".to_owned();
    let cloud = clouds::cloud(suggestion.cloud).ok_or_else(unknown)?;
    if let Some(roles) = cloud.roles() {
        by_roles(estate, roles, suggestion)
    } else if let Some(own) = cloud.own_policies() {
        by_policies(estate, own, suggestion)
    } else {
        Err(unknown())
    }
}

fn by_roles(
    estate: &Estate,
    roles: &dyn Roles,
    suggestion: &Suggestion,
) -> Result<(Estate, Vec<Edit>), String> {
    let held = roles.held(estate, suggestion.principal).into_iter().filter(|held| !held.conditional);
    let held: Vec<HeldRole> = held.collect();
    let wanted = suggestion.replacement.iter();
    let wanted: Vec<RoleAt> =
        wanted.map(|one| RoleAt { role: one.role.clone(), place: one.place.clone() }).collect();
    let (remove, add) = difference(&held, &wanted);
    let edits = roles.edits(estate, suggestion.principal, &remove, &add)?;
    Ok((roles.replace(estate, suggestion.principal, &remove, &add), edits))
}

fn by_policies(
    estate: &Estate,
    own: &dyn OwnPolicies,
    suggestion: &Suggestion,
) -> Result<(Estate, Vec<Edit>), String> {
    let held = own.held(estate, suggestion.principal);
    let read = |one: &Binding| {
        let policy = own.read(&one.role, one.text.as_deref()?);
        Some(policy.map(|policy| NewPolicy { is_shared: one.is_shared, ..policy }))
    };
    let new: Vec<NewPolicy> =
        suggestion.replacement.iter().filter_map(read).collect::<Result<_, String>>()?;
    let edits = own.edits(estate, suggestion.principal, &held, &new)?;
    Ok((own.replace(estate, suggestion.principal, &held, &new), edits))
}

/// The files as trees, each read when it is first asked for.
struct Texts<'a> {
    loaded: &'a Loaded,
    trees: BTreeMap<FileId, Option<Tree>>,
}

impl Texts<'_> {
    fn tree(&mut self, file: FileId) -> Option<&Tree> {
        let content = || input::content(&self.loaded.files, file);
        self.trees.entry(file).or_insert_with(content).as_ref()
    }

    /// Which items of which lists the edits are about.
    fn resolve(&mut self, edits: &[Edit]) -> Result<Vec<Item>, String> {
        let mut items = Vec::new();
        let mut seen = BTreeSet::new();
        for edit in edits {
            let is_new = match edit {
                Edit::Take { item, .. } => seen.insert(*item),
                Edit::AddBeside { .. } | Edit::AddInto { .. } => true,
            };
            if is_new {
                items.push(self.item(edit)?);
            }
        }
        Ok(items)
    }

    fn item(&mut self, edit: &Edit) -> Result<Item, String> {
        let (Edit::Take { item: span, .. }
        | Edit::AddBeside { beside: span, .. }
        | Edit::AddInto { inside: span, .. }) = edit;
        let position = self.loaded.files.start(*span);
        let path = self.loaded.files.path(span.file).to_owned();
        let unfit = || {
            format!(
                "what stands at {path}:{}:{} is not written in a list of the file",
                position.line, position.column
            )
        };
        let way = lists::way(self.tree(span.file).ok_or_else(unfit)?, *span);
        let mut enclosing = way.iter().rev().zip(way.iter().rev().skip(1)).filter_map(|(item, list)| {
            let index = list.as_list()?.iter().position(|one| std::ptr::eq(one, *item))?;
            Some((list.span, index, item.span))
        });
        let (list, what) = match edit {
            Edit::Take { item, with_owner } => {
                let (list, index, whole) = enclosing.next().ok_or_else(unfit)?;
                if whole != *item {
                    return Err(unfit());
                }
                let owner = enclosing.next().filter(|_| *with_owner);
                (list, What::Take(index, owner.map(|(list, index, _)| (list, index))))
            }
            Edit::AddBeside { item, .. } => (enclosing.next().ok_or_else(unfit)?.0, What::Add(item.clone())),
            Edit::AddInto { key, item, .. } => {
                let list =
                    way.iter().rev().find_map(|one| one.get(key)).filter(|list| list.as_list().is_some());
                let missing =
                    || format!("{path} has no list `{key}` at {}:{}", position.line, position.column);
                (list.ok_or_else(missing)?.span, What::Add(item.clone()))
            }
        };
        Ok(Item { list, what })
    }

    /// The changes of all texts. The error names a list that cannot be changed, and why.
    fn splices(&mut self, plans: &[Plan<'_>]) -> Result<BTreeMap<FileId, Vec<Splice>>, (Span, String)> {
        let mut by_list: BTreeMap<Span, ListEdit> = BTreeMap::new();
        let mut owners: BTreeMap<Span, (Span, usize)> = BTreeMap::new();
        for item in plans.iter().flat_map(|plan| &plan.items) {
            let edit = by_list.entry(item.list).or_default();
            match &item.what {
                What::Add(text) => edit.add.push(text.clone()),
                What::Take(index, owner) => {
                    edit.take.push(*index);
                    owners.extend(owner.map(|owner| (item.list, owner)));
                }
            }
        }
        for (list, (above, index)) in owners {
            let size = self.list(list).and_then(Tree::as_list).map_or(0, <[Tree]>::len);
            if by_list.get(&list).is_some_and(|edit| edit.add.is_empty() && edit.take.len() == size) {
                by_list.remove(&list);
                by_list.entry(above).or_default().take.push(index);
            }
        }
        let mut splices: BTreeMap<FileId, Vec<Splice>> = BTreeMap::new();
        for (span, edit) in by_list {
            let text = self.loaded.files.shared_text(span.file);
            let tree = self.list(span).ok_or_else(|| (span, "the list is gone".to_owned()))?;
            let own = lists::edit(&text, tree, &edit).map_err(|reason| (span, self.told(span, &reason)))?;
            splices.entry(span.file).or_default().extend(own);
        }
        Ok(splices)
    }

    fn list(&mut self, span: Span) -> Option<&Tree> {
        let way = lists::way(self.tree(span.file)?, span);
        way.into_iter().rev().find(|one| one.as_list().is_some())
    }

    fn told(&self, list: Span, reason: &str) -> String {
        let position = self.loaded.files.start(list);
        let path = self.loaded.files.path(list.file);
        format!("the list at {path}:{}:{} is not changed: {reason}", position.line, position.column)
    }
}

/// The changed texts. `None` where two changes touch the same bytes.
fn patches(loaded: &Loaded, splices: &BTreeMap<FileId, Vec<Splice>>) -> Option<Vec<Patch>> {
    let patch = |(file, splices): (&FileId, &Vec<Splice>)| {
        let (path, before) = (loaded.files.path(*file), loaded.files.text(*file));
        let after = splice(before, splices)?;
        let diff = unified(path, before, splices)?;
        Some(Patch { path: path.to_owned(), before: before.to_owned(), after, diff })
    };
    splices.iter().map(patch).collect()
}

/// Whether the changed files give each principal of a plan what was proven, and everybody else what they gave before.
fn is_as_proven(evaluator: &Evaluator<'_>, plans: &[Plan<'_>], again: &mut Estate) -> Result<bool, Bug> {
    let mut asked: Vec<(CloudId, Subject, Option<PrincipalId>, &Estate)> = Vec::new();
    let estate = evaluator.estate();
    for (id, principal) in estate.principals().filter(|(_, one)| asks(one)) {
        let plan = plans.iter().find(|plan| plan.suggestion.principal == id);
        let then = plan.map_or(estate, |plan| &plan.expected);
        asked.push((principal.cloud, Subject::Principal(id), Some(found(estate, principal, again)), then));
    }
    for cloud in plans.iter().map(|plan| plan.suggestion.cloud).collect::<BTreeSet<CloudId>>() {
        asked.extend([Subject::Anonymous, Subject::Outside].map(|subject| (cloud, subject, None, estate)));
    }
    for (cloud, subject, now, then) in asked {
        let side = |estate, subject| {
            let question = Question { cloud, subject, action: None, object: Object::Any };
            Evaluator::new(estate, evaluator.portfolio()).side(question)
        };
        let (expected, given): (Side<'_>, Side<'_>) =
            (side(then, subject)?, side(again, now.map_or(subject, Subject::Principal))?);
        let more = given.beyond(Some(&expected), &Formula::False)?;
        if more.is_some() || expected.beyond(Some(&given), &Formula::False)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Who sends requests: groups leave that to their members, and what stands for others is no one.
fn asks(principal: &Principal) -> bool {
    !matches!(principal.kind, PrincipalKind::Group | PrincipalKind::Public | PrincipalKind::StandIn)
}

/// The same principal in the changed files. Who was only named by a grant that is gone is added, to be asked about.
fn found(estate: &Estate, principal: &Principal, again: &mut Estate) -> PrincipalId {
    let known = again.find_principal(principal.cloud, &principal.name);
    known.unwrap_or_else(|| {
        let home = principal.home.and_then(|home| estate.scope(home));
        let home = home.and_then(|home| again.find_scope(principal.cloud, &home.name));
        again.add_principal(Principal { home, ..principal.clone() })
    })
}
