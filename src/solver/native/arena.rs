//! Formulas as the native engine works on them: small numbers instead of trees, each formula once.
//!
//! Only residuals of one goal live here; the arena is dropped with the decision.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};

use super::meter::{Meter, Spent};

/// A formula of one arena.
pub(super) type NodeId = u32;

/// The formula that never holds.
pub(super) const FALSE: NodeId = 0;
/// The formula that always holds.
pub(super) const TRUE: NodeId = 1;

/// What a formula is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// `FALSE` or `TRUE`.
    Constant,
    /// The atom of that number, or its negation.
    Literal { atom: u32, positive: bool },
    /// All of at least two parts.
    All(Span),
    /// At least one of at least two parts.
    Any(Span),
}

/// Where the parts of a formula stand in the list of all parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    len: u32,
}

/// Which connective to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connective {
    All,
    Any,
}

#[derive(Clone, Copy)]
struct Entry {
    node: Node,
    /// One bit per variable; variables from 127 on share the last bit.
    mask: u128,
    /// The next formula with the same hash.
    next: u32,
}

/// All formulas of one decision. A formula and its number correspond one to one.
///
/// Invariant: a literal has an even number and its negation the next one, as `FALSE` and `TRUE` have.
pub(super) struct Arena {
    entries: Vec<Entry>,
    parts: Vec<NodeId>,
    heads: FxHashMap<u64, u32>,
}

const NO_ENTRY: u32 = u32::MAX;
/// The bit of all variables from this number on.
pub(super) const SHARED_BIT: u32 = 127;

impl Arena {
    /// The constants alone.
    pub(super) fn new() -> Self {
        let constant = Entry { node: Node::Constant, mask: 0, next: NO_ENTRY };
        Self { entries: vec![constant; 2], parts: Vec::new(), heads: FxHashMap::default() }
    }

    /// What the formula is.
    pub(super) fn node(&self, id: NodeId) -> Node {
        self.entries.get(id as usize).map_or(Node::Constant, |entry| entry.node)
    }

    /// The variables that the formula mentions, one bit each; see [`bit`].
    pub(super) fn mask(&self, id: NodeId) -> u128 {
        self.entries.get(id as usize).map_or(0, |entry| entry.mask)
    }

    /// How many formulas there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The parts of a compound formula.
    pub(super) fn parts(&self, span: Span) -> &[NodeId] {
        let start = span.start as usize;
        self.parts.get(start..start + span.len as usize).unwrap_or_default()
    }

    /// The parts that must all hold: those of an `All`, otherwise the formula itself.
    pub(super) fn conjuncts(&self, id: NodeId) -> Vec<NodeId> {
        match self.node(id) {
            Node::All(span) => self.parts(span).to_vec(),
            _ => vec![id],
        }
    }

    /// Adds the two literals of a new atom and answers the positive one.
    pub(super) fn add_literals(&mut self, atom: u32, variable: u32) -> NodeId {
        if self.entries.len() % 2 == 1 {
            self.entries.push(Entry { node: Node::Constant, mask: 0, next: NO_ENTRY });
        }
        let id = as_id(self.entries.len());
        for positive in [true, false] {
            let node = Node::Literal { atom, positive };
            self.entries.push(Entry { node, mask: bit(variable), next: NO_ENTRY });
        }
        id
    }

    /// The connective of `parts`, simplified: flat, sorted, without doubles, constants folded.
    pub(super) fn combine(
        &mut self,
        connective: Connective,
        mut parts: Vec<NodeId>,
        meter: &mut Meter,
    ) -> Result<NodeId, Spent> {
        let (absorbing, neutral) = match connective {
            Connective::All => (FALSE, TRUE),
            Connective::Any => (TRUE, FALSE),
        };
        loop {
            if parts.contains(&absorbing) {
                return Ok(absorbing);
            }
            self.flatten(connective, &mut parts);
            meter.spend(1 + parts.len() / 4)?;
            parts.sort_unstable();
            parts.dedup();
            parts.retain(|part| *part != neutral);
            if parts.windows(2).any(|pair| matches!(pair, [a, b] if self.opposite(*a, *b))) {
                return Ok(absorbing);
            }
            // What became simpler may make others simpler.
            if connective == Connective::Any || !self.settle(&mut parts, meter)? {
                break;
            }
        }
        match parts.as_slice() {
            [] => Ok(neutral),
            [one] => Ok(*one),
            many => self.intern(connective, many, meter),
        }
    }

    /// Simplifies the choices among the conjuncts by the literals among them. Answers whether some became shorter.
    fn settle(&mut self, parts: &mut [NodeId], meter: &mut Meter) -> Result<bool, Spent> {
        let is_literal = |arena: &Self, id: NodeId| matches!(arena.node(id), Node::Literal { .. });
        let literals: Vec<NodeId> = parts.iter().copied().filter(|part| is_literal(self, *part)).collect();
        if literals.is_empty() {
            return Ok(false);
        }
        let mut changed = false;
        for slot in parts.iter_mut() {
            let Node::Any(span) = self.node(*slot) else { continue };
            let options = self.parts(span);
            meter.spend(options.len() / 4)?;
            let holds = |option: &NodeId| is_literal(self, *option) && literals.binary_search(option).is_ok();
            let fails =
                |option: &NodeId| is_literal(self, *option) && literals.binary_search(&(*option ^ 1)).is_ok();
            if options.iter().any(holds) {
                (*slot, changed) = (TRUE, true);
            } else if options.iter().any(fails) {
                let left = options.iter().copied().filter(|option| !fails(option)).collect();
                *slot = self.combine(Connective::Any, left, meter)?;
                changed = true;
            }
        }
        Ok(changed)
    }

    fn flatten(&self, connective: Connective, parts: &mut Vec<NodeId>) {
        let mut extra = Vec::new();
        parts.retain(|part| match (self.node(*part), connective) {
            (Node::All(span), Connective::All) | (Node::Any(span), Connective::Any) => {
                extra.extend_from_slice(self.parts(span));
                false
            }
            _ => true,
        });
        parts.append(&mut extra);
    }

    fn opposite(&self, a: NodeId, b: NodeId) -> bool {
        a.is_multiple_of(2) && a + 1 == b && matches!(self.node(a), Node::Literal { .. })
    }

    fn intern(
        &mut self,
        connective: Connective,
        parts: &[NodeId],
        meter: &mut Meter,
    ) -> Result<NodeId, Spent> {
        let mut hasher = FxHasher::default();
        hasher.write_u8(u8::from(connective == Connective::All));
        parts.iter().for_each(|part| hasher.write_u32(*part));
        let hash = hasher.finish();
        let first = self.heads.get(&hash).copied().unwrap_or(NO_ENTRY);
        let mut at = first;
        while let Some(entry) = self.entries.get(at as usize) {
            let same = match (entry.node, connective) {
                (Node::All(span), Connective::All) | (Node::Any(span), Connective::Any) => {
                    self.parts(span) == parts
                }
                _ => false,
            };
            if same {
                return Ok(at);
            }
            at = entry.next;
        }
        meter.spend(4 + parts.len())?;
        let span = Span { start: as_id(self.parts.len()), len: as_id(parts.len()) };
        let mask = parts.iter().fold(0, |mask, part| mask | self.mask(*part));
        let node = if connective == Connective::All { Node::All(span) } else { Node::Any(span) };
        self.parts.extend_from_slice(parts);
        let id = as_id(self.entries.len());
        self.entries.push(Entry { node, mask, next: first });
        self.heads.insert(hash, id);
        Ok(id)
    }
}

/// The mask bit of a variable.
pub(super) fn bit(variable: u32) -> u128 {
    1 << variable.min(SHARED_BIT)
}

/// Numbers stay far below 2³²: the budget ends first.
fn as_id(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
