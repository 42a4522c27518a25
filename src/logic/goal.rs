//! Questions about formulas, and the universe of actions they are asked in.

use std::sync::Arc;

use super::{Assignment, Attribute, Case, Formula, Patterns};

/// The question whether some request of a universe makes a formula true; a request that does is the witness.
///
/// The constructors write down each question's polarity.
#[derive(Clone, Debug)]
pub struct Goal {
    /// What the request must make true.
    pub formula: Formula,
    /// Which requests exist.
    pub universe: Universe,
}

impl Goal {
    /// Can `formula` hold? A witness makes it true.
    pub fn satisfiable(formula: Formula, universe: Universe) -> Self {
        Self { formula, universe }
    }

    /// Does `outer` hold wherever `inner` does? *Never* means yes; a witness makes `inner` true and `outer` false.
    pub fn included(inner: Formula, outer: Formula, universe: Universe) -> Self {
        Self { formula: inner.and(outer.not()), universe }
    }

    /// Do the two never hold together? *Never* means yes; a witness makes both true.
    pub fn disjoint(left: Formula, right: Formula, universe: Universe) -> Self {
        Self { formula: left.and(right), universe }
    }

    /// Do the two hold for the same requests? *Never* means yes; a witness makes just one of them true.
    pub fn equivalent(left: Formula, right: Formula, universe: Universe) -> Self {
        Self { formula: left.iff(right).not(), universe }
    }

    /// Whether the request belongs to the universe and does not make the formula false.
    pub fn admits(&self, request: &Assignment) -> bool {
        let exists = match &self.universe {
            Universe::Any => true,
            Universe::Known(actions) => {
                let text = |attribute| request.text(&attribute).unwrap_or_default();
                actions.contains(text(Attribute::action()), text(Attribute::resource()))
            }
        };
        exists && self.formula.evaluate(request) != Some(false)
    }
}

/// Which actions exist, and on which resources each can be asked.
#[derive(Clone, Debug, Default)]
pub enum Universe {
    /// Actions and resources are plain texts; actions that nobody knows yet count too.
    #[default]
    Any,
    /// Only these actions, each on resources of its own types.
    Known(Arc<Actions>),
}

/// The actions of a catalog, as the kernel needs them.
///
/// Invariant: `entries` is sorted by name without doubles, and each `resources` is an index into `groups`.
#[derive(Clone, Debug, Default)]
pub struct Actions {
    entries: Vec<ActionEntry>,
    groups: Vec<ResourceGroup>,
    /// For each group the indexes of its actions, short names first.
    members: Vec<Vec<u32>>,
    /// Whether some name has a capital letter, so that patterns which ignore case may match what they do not begin like.
    capitals: bool,
}

/// One action of a universe.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActionEntry {
    /// The name as formulas write it (folded by clouds whose actions ignore case).
    pub name: Arc<str>,
    /// Which group of resources the action can be asked on.
    pub resources: u32,
}

/// The resources that a group of actions can be asked on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceGroup {
    /// What the resource must match.
    pub patterns: Patterns,
}

impl Actions {
    /// The universe of these actions. Entries whose group does not exist are dropped, and so are doubles.
    pub fn new(mut entries: Vec<ActionEntry>, groups: Vec<ResourceGroup>) -> Self {
        entries.retain(|entry| groups.get(entry.resources as usize).is_some());
        entries.sort();
        entries.dedup_by(|later, first| later.name == first.name);
        let mut members = vec![Vec::new(); groups.len()];
        let mut order: Vec<(usize, u32)> = (0..).zip(&entries).map(|(at, e)| (e.name.len(), at)).collect();
        order.sort_unstable();
        for (_, index) in order {
            let group = entries.get(index as usize).map_or(usize::MAX, |entry| entry.resources as usize);
            if let Some(list) = members.get_mut(group) {
                list.push(index);
            }
        }
        let capitals = entries.iter().any(|entry| entry.name.bytes().any(|byte| byte.is_ascii_uppercase()));
        Self { entries, groups, members, capitals }
    }

    /// The indexes of the actions of a group, the shortest names first, then by name.
    pub fn members(&self, group: u32) -> &[u32] {
        self.members.get(group as usize).map_or(&[], Vec::as_slice)
    }

    /// All actions, sorted by name.
    pub fn entries(&self) -> &[ActionEntry] {
        &self.entries
    }

    /// All groups of resources.
    pub fn groups(&self) -> &[ResourceGroup] {
        &self.groups
    }

    /// The entry of that name.
    pub fn find(&self, name: &str) -> Option<&ActionEntry> {
        let index = self.entries.binary_search_by(|entry| (*entry.name).cmp(name)).ok()?;
        self.entries.get(index)
    }

    /// The group of resources of an entry.
    pub fn group(&self, entry: &ActionEntry) -> Option<&ResourceGroup> {
        self.groups.get(entry.resources as usize)
    }

    /// Whether the request of `action` on `resource` exists.
    pub fn contains(&self, action: &str, resource: &str) -> bool {
        self.find(action)
            .and_then(|entry| self.group(entry))
            .is_some_and(|group| group.patterns.matches(resource))
    }

    /// The indexes of the actions that match, ascending. A literal beginning of a pattern is looked up, so that
    /// `s3:Get*` does not walk over all actions.
    pub fn matching(&self, patterns: &Patterns) -> Vec<u32> {
        let mut found = Vec::new();
        for pattern in patterns.iter() {
            let blind = self.capitals && pattern.case() == Case::Insensitive;
            let prefix = if blind { "" } else { pattern.literal_prefix() };
            let start = self.entries.partition_point(|entry| &*entry.name < prefix);
            let simple = pattern.as_prefix().is_some();
            let behind = self.entries.get(start..).unwrap_or_default();
            let candidates = (start..).zip(behind).take_while(|(_, entry)| entry.name.starts_with(prefix));
            found.extend(
                candidates
                    .filter(|(_, entry)| simple || pattern.matches(&entry.name))
                    .filter_map(|(index, _)| u32::try_from(index).ok()),
            );
        }
        if !found.is_sorted_by(|a, b| a < b) {
            found.sort_unstable();
            found.dedup();
        }
        found
    }
}
