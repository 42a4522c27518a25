//! The universe of known actions: splitting by the action first, and keeping each action to its own resources.

use rustc_hash::{FxHashMap, FxHashSet};

use super::arena::{Connective, FALSE, Node, NodeId};
use super::bits::Bits;
use super::classes::{Class, Classes, Member};
use super::meter::{Meter, Spent};
use super::search::Search;
use crate::logic::{Actions, Assignment, Atom, Attribute, Formula, Value};

/// Up to so many actions are tested one by one, instead of looking up all that match; more where patterns are many.
const FEW: usize = 16;

/// From so many choices and conjuncts on, each choice is put together only with the conjuncts that concern it.
const MANY: usize = 8;

/// The number of the action's variable; see the order of the problem's variables.
pub(super) const ACTION: u32 = 0;

/// A search over known actions.
pub(super) struct KnownActions<'a> {
    pub(super) search: Search,
    pub(super) actions: &'a Actions,
    /// By atom about the action: the actions for which it holds.
    matching: FxHashMap<u32, Vec<u32>>,
    /// By group: that the resource is one of the group's.
    on_group: FxHashMap<u32, NodeId>,
}

/// Conjuncts by the actions that they say something about.
#[derive(Default)]
struct ByAction {
    /// Those that may say something about every action.
    always: Vec<NodeId>,
    /// Those that speak of the same actions.
    groups: Vec<Vec<NodeId>>,
    /// By action: the groups that speak of it.
    entries: FxHashMap<u32, Vec<usize>>,
}

/// The classes of actions that a formula cannot tell apart.
pub(super) struct ActionClasses {
    /// The search's table with one entry for each class.
    pub(super) table: usize,
    /// The actions of each class, ascending.
    pub(super) lists: Vec<ActionList>,
}

/// The actions of one class.
pub(super) enum ActionList {
    /// These.
    Listed(Vec<u32>),
    /// All but these, for which some atom holds.
    AllBut(FxHashSet<u32>),
}

impl<'a> KnownActions<'a> {
    pub(super) fn new(search: Search, actions: &'a Actions) -> Self {
        Self { search, actions, matching: FxHashMap::default(), on_group: FxHashMap::default() }
    }

    /// A request of the universe that makes the formula true, if there is one.
    pub(super) fn find(&mut self, root: NodeId) -> Result<Option<Assignment>, Spent> {
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            self.search.meter.spend(1)?;
            if let Node::Any(span) = self.search.problem.arena.node(id) {
                open.extend(self.search.problem.arena.parts(span).iter().rev());
            } else if let Some((choices, rest)) = self.choices(id) {
                let rest = self.by_action(rest, choices.len())?;
                // One rule at a time, and each before the next is put together: most are not needed.
                for choice in choices {
                    let mut parts = self.concerning(&rest, choice)?;
                    parts.push(choice);
                    let meter = &mut self.search.meter;
                    let whole = self.search.problem.arena.combine(Connective::All, parts, meter)?;
                    if let Some(request) = self.find_in(whole)? {
                        return Ok(Some(request));
                    }
                }
            } else if let Some(request) = self.find_in(id)? {
                return Ok(Some(request));
            }
        }
        Ok(None)
    }

    /// The parts of a conjunct of which one must hold and each names its actions, and the other conjuncts; `None` when
    /// the formula names its actions by itself, or there is no such conjunct.
    fn choices(&self, id: NodeId) -> Option<(Vec<NodeId>, Vec<NodeId>)> {
        let arena = &self.search.problem.arena;
        let conjuncts = arena.conjuncts(id);
        if conjuncts.iter().any(|part| self.names_actions(*part).is_some()) {
            return None;
        }
        let names =
            |part: &NodeId| arena.conjuncts(*part).iter().any(|one| self.names_actions(*one).is_some());
        let chosen = conjuncts.iter().position(|conjunct| match arena.node(*conjunct) {
            Node::Any(span) => arena.parts(span).iter().all(names),
            _ => false,
        })?;
        let mut rest = conjuncts;
        let Node::Any(span) = arena.node(rest.remove(chosen)) else { return None };
        Some((arena.parts(span).to_vec(), rest))
    }

    /// The conjuncts by the actions that they say something about, if that is worth while for so many choices.
    fn by_action(&mut self, conjuncts: Vec<NodeId>, choices: usize) -> Result<ByAction, Spent> {
        let mut rest = ByAction::default();
        if choices.min(conjuncts.len()) < MANY {
            rest.always = conjuncts;
            return Ok(rest);
        }
        let mut numbers: FxHashMap<u32, usize> = FxHashMap::default();
        for conjunct in conjuncts {
            let Some(atom) = self.excuses(conjunct) else {
                rest.always.push(conjunct);
                continue;
            };
            let number = *numbers.entry(atom).or_insert(rest.groups.len());
            if let Some(group) = rest.groups.get_mut(number) {
                group.push(conjunct);
                continue;
            }
            rest.groups.push(vec![conjunct]);
            self.look_up(atom)?;
            let entries = self.matching.get(&atom).map(Vec::as_slice).unwrap_or_default();
            self.search.meter.spend(entries.len())?;
            entries.iter().for_each(|entry| rest.entries.entry(*entry).or_default().push(number));
        }
        Ok(rest)
    }

    /// The conjuncts that may be false for an action that `choice` names; all others hold for each of these.
    fn concerning(&mut self, rest: &ByAction, choice: NodeId) -> Result<Vec<NodeId>, Spent> {
        let named = self.named(choice)?.unwrap_or_default();
        self.search.meter.spend(named.len())?;
        let mut groups: Vec<usize> =
            named.iter().filter_map(|entry| rest.entries.get(entry)).flatten().copied().collect();
        groups.sort_unstable();
        groups.dedup();
        let found = groups.into_iter().filter_map(|group| rest.groups.get(group)).flatten();
        Ok(rest.always.iter().chain(found).copied().collect())
    }

    /// The atom about the action of which a conjunct holds wherever the atom does not.
    fn excuses(&self, id: NodeId) -> Option<u32> {
        let Node::Any(span) = self.search.problem.arena.node(id) else { return None };
        self.search.problem.arena.parts(span).iter().find_map(|part| self.names_actions(*part ^ 1))
    }

    /// The atom of a literal that says which actions are meant.
    fn names_actions(&self, id: NodeId) -> Option<u32> {
        match self.search.problem.arena.node(id) {
            Node::Literal { atom, positive: true } => {
                self.search.problem.atom(atom).filter(|info| info.variable == ACTION).map(|_| atom)
            }
            _ => None,
        }
    }

    fn find_in(&mut self, id: NodeId) -> Result<Option<Assignment>, Spent> {
        let classes = self.classes(id)?;
        for (class, list) in classes.lists.iter().enumerate() {
            let residual = self.search.assign(id, classes.table, class)?;
            if residual == FALSE {
                continue;
            }
            let candidates = self.representatives(list)?;
            if candidates.len() > 2 && !self.search.satisfiable(residual)? {
                continue;
            }
            for (group, entry) in candidates {
                let on_group = self.on_group(group)?;
                let parts = vec![residual, on_group];
                let meter = &mut self.search.meter;
                let whole = self.search.problem.arena.combine(Connective::All, parts, meter)?;
                if self.search.satisfiable(whole)? {
                    return Ok(Some(self.request(entry, group, whole)));
                }
            }
        }
        Ok(None)
    }

    fn request(&mut self, entry: u32, group: u32, whole: NodeId) -> Assignment {
        let mut request = Assignment::new();
        if let Some(entry) = self.actions.entries().get(entry as usize) {
            request.set(Attribute::action(), Value::Text(entry.name.to_string()));
        }
        let universal =
            self.actions.groups().get(group as usize).is_some_and(|group| group.patterns.is_universal());
        if universal {
            request.set(Attribute::resource(), Value::Text("*".to_owned()));
        }
        self.search.witness(whole, &mut request);
        request
    }

    /// The formula that the resource is one of the group's.
    pub(super) fn on_group(&mut self, group: u32) -> Result<NodeId, Spent> {
        if let Some(ready) = self.on_group.get(&group) {
            return Ok(*ready);
        }
        let formula =
            self.actions.groups().get(group as usize).map_or(Formula::False, |group| {
                Formula::matches(Attribute::resource(), group.patterns.clone())
            });
        let id = self.search.problem.compile(&formula, &mut self.search.meter)?;
        self.on_group.insert(group, id);
        Ok(id)
    }

    /// One action of the list for each group of resources that its actions have, groups ascending.
    fn representatives(&mut self, list: &ActionList) -> Result<Vec<(u32, u32)>, Spent> {
        let mut found = Vec::new();
        match list {
            ActionList::Listed(entries) => {
                self.search.meter.spend(entries.len())?;
                let named = entries.iter().filter_map(|index| {
                    let entry = self.actions.entries().get(*index as usize)?;
                    Some((entry.resources, entry.name.len(), *index))
                });
                let mut named: Vec<_> = named.collect();
                named.sort_unstable();
                named.dedup_by_key(|(group, ..)| *group);
                found.extend(named.into_iter().map(|(group, _, index)| (group, index)));
            }
            ActionList::AllBut(excluded) => {
                for (group, _) in (0..).zip(self.actions.groups()) {
                    let mut steps = 1;
                    let first = self.actions.members(group).iter().find(|index| {
                        steps += 1;
                        !excluded.contains(index)
                    });
                    found.extend(first.map(|index| (group, *index)));
                    self.search.meter.spend(steps)?;
                }
            }
        }
        Ok(found)
    }

    /// The classes of actions that the formula tells apart and does not rule out at once.
    pub(super) fn classes(&mut self, id: NodeId) -> Result<ActionClasses, Spent> {
        let atoms = self.search.atoms_of(id, ACTION)?;
        let entries = match self.named(id)? {
            Some(named) => self.signatures_of(&named, &atoms)?,
            None => self.signatures(&atoms)?,
        };
        let mut numbers: FxHashMap<Bits, usize> = FxHashMap::default();
        let mut lists: Vec<(Bits, Vec<u32>)> = Vec::new();
        let mut matched = FxHashSet::default();
        for (entry, bits) in entries {
            matched.insert(entry);
            let number = *numbers.entry(bits).or_insert_with_key(|bits| {
                lists.push((bits.clone(), Vec::new()));
                lists.len() - 1
            });
            if let Some((_, list)) = lists.get_mut(number) {
                list.push(entry);
            }
        }
        Ok(self.tabulate(atoms, lists, matched))
    }

    /// The actions that the formula itself names, if it does. All others make it false.
    fn named(&mut self, id: NodeId) -> Result<Option<Vec<u32>>, Spent> {
        let conjuncts = self.search.problem.arena.conjuncts(id);
        let Some(atom) = conjuncts.into_iter().find_map(|part| self.names_actions(part)) else {
            return Ok(None);
        };
        self.look_up(atom)?;
        Ok(self.matching.get(&atom).cloned())
    }

    /// Which atoms hold for each of these actions.
    fn signatures_of(&mut self, named: &[u32], atoms: &[u32]) -> Result<Vec<(u32, Bits)>, Spent> {
        let mut found: Vec<(u32, Bits)> =
            named.iter().map(|entry| (*entry, Bits::none(atoms.len()))).collect();
        for (index, atom) in atoms.iter().enumerate() {
            let info = self.search.problem.atom(*atom);
            let Some(Atom::Matches(_, patterns)) = info.map(|info| &info.atom) else { continue };
            if named.len() > FEW.max(patterns.len() / 4) {
                self.look_up(*atom)?;
            }
            if let Some(matching) = self.matching.get(atom) {
                let meter = &mut self.search.meter;
                mark(&mut found, index, matching, meter)?;
                continue;
            }
            let info = self.search.problem.atom(*atom);
            let Some(Atom::Matches(_, patterns)) = info.map(|info| &info.atom) else { continue };
            self.search.meter.spend(named.len())?;
            for (entry, bits) in &mut found {
                let name = self.actions.entries().get(*entry as usize).map(|entry| &*entry.name);
                if name.is_some_and(|name| patterns.matches(name)) {
                    bits.insert(index);
                }
            }
        }
        Ok(found)
    }

    /// Which atoms hold for each action for which some atom holds.
    fn signatures(&mut self, atoms: &[u32]) -> Result<Vec<(u32, Bits)>, Spent> {
        for atom in atoms {
            self.look_up(*atom)?;
        }
        let mut signatures: FxHashMap<u32, Bits> = FxHashMap::default();
        for (index, atom) in atoms.iter().enumerate() {
            let matching = self.matching.get(atom).map(Vec::as_slice).unwrap_or_default();
            self.search.meter.spend(matching.len())?;
            for entry in matching {
                signatures.entry(*entry).or_insert_with(|| Bits::none(atoms.len())).insert(index);
            }
        }
        let mut entries: Vec<(u32, Bits)> = signatures.into_iter().collect();
        entries.sort_unstable();
        Ok(entries)
    }

    fn tabulate(
        &mut self,
        atoms: Vec<u32>,
        lists: Vec<(Bits, Vec<u32>)>,
        matched: FxHashSet<u32>,
    ) -> ActionClasses {
        let member = Member::Truth(true);
        let mut list: Vec<Class> =
            lists.iter().map(|(bits, _)| Class { holds: bits.clone(), member: member.clone() }).collect();
        list.push(Class { holds: Bits::none(atoms.len()), member });
        let mut lists: Vec<ActionList> =
            lists.into_iter().map(|(_, entries)| ActionList::Listed(entries)).collect();
        lists.push(ActionList::AllBut(matched));
        let table = self.search.push_table(Classes { variable: ACTION, atoms, list });
        ActionClasses { table, lists }
    }

    fn look_up(&mut self, atom: u32) -> Result<(), Spent> {
        if self.matching.contains_key(&atom) {
            return Ok(());
        }
        let found = match self.search.problem.atom(atom).map(|info| &info.atom) {
            Some(Atom::Matches(_, patterns)) => {
                self.search.meter.spend(8 * patterns.len())?;
                self.actions.matching(patterns)
            }
            _ => Vec::new(),
        };
        self.search.meter.spend(found.len())?;
        self.matching.insert(atom, found);
        Ok(())
    }
}

/// Notes for the actions of `found`, which ascend, whether they are among the `matching`, which ascend too. Only the
/// shorter of the two lists is walked over.
fn mark(found: &mut [(u32, Bits)], index: usize, matching: &[u32], meter: &mut Meter) -> Result<(), Spent> {
    let (Some((first, _)), Some((last, _))) = (found.first(), found.last()) else { return Ok(()) };
    let from = matching.partition_point(|entry| entry < first);
    let to = matching.partition_point(|entry| entry <= last);
    let near = matching.get(from..to).unwrap_or_default();
    meter.spend(1 + near.len().min(found.len()))?;
    if near.len() > found.len() {
        found.iter_mut().filter(|(entry, _)| near.binary_search(entry).is_ok()).for_each(|(_, bits)| {
            bits.insert(index);
        });
        return Ok(());
    }
    for entry in near {
        if let Ok(place) = found.binary_search_by_key(entry, |(entry, _)| *entry)
            && let Some((_, bits)) = found.get_mut(place)
        {
            bits.insert(index);
        }
    }
    Ok(())
}
