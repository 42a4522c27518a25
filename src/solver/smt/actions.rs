//! Known actions in scripts: one bit vector over the classes of actions that the formula cannot tell apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use super::{ACTION_CLASS, ActionClass, Writer, class_in};
use crate::logic::{Actions, Atom, Attribute, Formula, Patterns};

/// Known actions.
impl Writer {
    /// Groups the actions by the atoms that hold of them and by their resources.
    pub(super) fn declare_actions(&mut self, formula: &Formula, actions: &Actions) -> Option<()> {
        let action = Attribute::action();
        let mut atoms: BTreeSet<Patterns> = BTreeSet::new();
        let mut refers = false;
        formula.for_each_literal(&mut |literal| match &literal.atom {
            Atom::Matches(attribute, patterns) if *attribute == action => {
                atoms.insert(patterns.clone());
            }
            Atom::Same(..) => refers |= literal.atom.attributes().contains(&&action),
            _ => {}
        });
        if refers || actions.entries().is_empty() {
            return None;
        }
        let mut held: Vec<Vec<usize>> = vec![Vec::new(); actions.entries().len()];
        for (number, patterns) in atoms.iter().enumerate() {
            for entry in actions.matching(patterns) {
                held.get_mut(entry as usize)?.push(number);
            }
        }
        let mut classes: BTreeMap<(u32, Vec<usize>), &Arc<str>> = BTreeMap::new();
        for (entry, held) in actions.entries().iter().zip(held) {
            let name = classes.entry((entry.resources, held)).or_insert(&entry.name);
            if entry.name.len() < name.len() {
                *name = &entry.name;
            }
        }
        self.action_atoms = atoms.iter().map(|patterns| (patterns.clone(), Vec::new())).collect();
        let mut lists: Vec<&mut Vec<usize>> = self.action_atoms.values_mut().collect();
        for (class, ((group, held), name)) in classes.into_iter().enumerate() {
            self.classes.push(ActionClass { name: name.clone(), group });
            for atom in held {
                lists.get_mut(atom)?.push(class);
            }
        }
        let most = self.classes.len() - 1;
        let _ = writeln!(self.head, "(declare-const {ACTION_CLASS} (_ BitVec 32))");
        let _ = writeln!(self.head, "(assert (bvule {ACTION_CLASS} #x{most:08x}))");
        self.constant(&Attribute::resource());
        Some(())
    }

    pub(super) fn action_in(&self, patterns: &Patterns) -> String {
        let classes = self.action_atoms.get(patterns).map(Vec::as_slice).unwrap_or_default();
        class_in(ACTION_CLASS, classes.iter().copied())
    }

    /// Asserts for these groups that their actions are asked on their resources.
    pub(super) fn keep_to_groups(&mut self, actions: &Actions, groups: &BTreeSet<u32>) -> Option<()> {
        for group in groups {
            let classes =
                self.classes.iter().enumerate().filter(|(_, class)| class.group == *group).map(|(at, _)| at);
            let asked = class_in(ACTION_CLASS, classes);
            let patterns = &actions.groups().get(*group as usize)?.patterns;
            let fits = self.text_in(&Attribute::resource(), patterns)?;
            let _ = writeln!(self.body, "(assert (=> {asked} {fits}))");
        }
        Some(())
    }
}
