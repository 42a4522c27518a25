//! Whether a formula of the arena can hold: splitting by the values of one variable after the other.
//!
//! The search keeps its own stack, and what it finds about a formula is found once. An `Any` holds if some part
//! does; an `All` whose parts speak of different variables holds if each part does; any other formula is split by
//! the classes of its first variable, of which one is enough if it is the best for every atom.

use rustc_hash::FxHashMap;

use super::arena::{Connective, FALSE, Node, NodeId, SHARED_BIT, TRUE, bit};
use super::classes::{self, Class, Classes, Demand, Member};
use super::implied::{Fixed, Left};
use super::meter::{Meter, Spent};
use super::problem::{Problem, Variable};
use crate::logic::{Assignment, Atom, Patterns};

/// The state of a search; it may be asked about several formulas of the same problem.
pub(super) struct Search {
    pub(super) problem: Problem,
    pub(super) meter: Meter,
    verdicts: Vec<Verdict>,
    tables: Vec<Classes>,
    known_tables: FxHashMap<TableKey, usize>,
    /// By atom: what it is worth under the class that is being assigned.
    worth: Vec<Option<bool>>,
    /// By formula: the generation in which it was last assigned, and the result.
    assigned: Vec<(u32, NodeId)>,
    /// By formula: the generation in which it was last visited.
    visited: Vec<u32>,
    generation: u32,
}

/// What a table of classes depends on: the variable, the atoms, and for each whether it must hold.
type TableKey = (u32, Vec<u32>, Vec<Option<bool>>);

/// What is known of a formula.
#[derive(Clone, Debug, Default)]
enum Verdict {
    #[default]
    Open,
    Never,
    /// The part of this number can hold, and so the whole.
    Part(NodeId),
    /// All these can hold together, for they share no variable.
    Parts(Box<[NodeId]>),
    /// Under the class of that index the residual can hold.
    Class {
        table: usize,
        class: usize,
        residual: NodeId,
    },
}

/// A formula under work.
pub(super) enum Frame {
    Any {
        id: NodeId,
        parts: Vec<NodeId>,
        next: usize,
    },
    Each {
        id: NodeId,
        parts: Vec<NodeId>,
        next: usize,
    },
    Split {
        id: NodeId,
        table: usize,
        next: usize,
        residual: NodeId,
    },
    /// One of `options` holds together with `rest`; `whole` is the one under question.
    Choose {
        id: NodeId,
        options: Vec<NodeId>,
        rest: Vec<NodeId>,
        next: usize,
        whole: NodeId,
    },
}

/// What to do with a frame.
enum Step {
    Ask(NodeId),
    Conclude(NodeId, Verdict),
}

impl Search {
    /// A search in `problem` that may take what `meter` has left.
    pub(super) fn new(problem: Problem, meter: Meter) -> Self {
        Self {
            problem,
            meter,
            verdicts: Vec::new(),
            tables: Vec::new(),
            known_tables: FxHashMap::default(),
            worth: Vec::new(),
            assigned: Vec::new(),
            visited: Vec::new(),
            generation: 0,
        }
    }

    /// Whether the formula can hold.
    pub(super) fn satisfiable(&mut self, id: NodeId) -> Result<bool, Spent> {
        if let Some(known) = self.known(id) {
            return Ok(known);
        }
        let mut stack = vec![self.frame(id)?];
        let mut answer = None;
        while let Some(frame) = stack.last_mut() {
            match self.advance(frame, answer.take())? {
                Step::Ask(part) => match self.known(part) {
                    Some(known) => answer = Some(known),
                    None => stack.push(self.frame(part)?),
                },
                Step::Conclude(id, verdict) => {
                    stack.pop();
                    answer = Some(!matches!(verdict, Verdict::Never));
                    self.remember(id, verdict);
                }
            }
        }
        Ok(answer == Some(true))
    }

    fn known(&self, id: NodeId) -> Option<bool> {
        match (id, self.verdicts.get(id as usize)) {
            (TRUE, _) => Some(true),
            (FALSE, _) => Some(false),
            (_, None | Some(Verdict::Open)) => None,
            (_, Some(verdict)) => Some(!matches!(verdict, Verdict::Never)),
        }
    }

    fn remember(&mut self, id: NodeId, verdict: Verdict) {
        if self.verdicts.len() <= id as usize {
            self.verdicts.resize_with(self.problem.arena.len(), Verdict::default);
        }
        if let Some(slot) = self.verdicts.get_mut(id as usize) {
            *slot = verdict;
        }
    }

    fn frame(&mut self, id: NodeId) -> Result<Frame, Spent> {
        let parts = match self.problem.arena.node(id) {
            Node::Any(span) => {
                let parts = self.problem.arena.parts(span).to_vec();
                self.meter.spend(parts.len())?;
                return Ok(Frame::Any { id, parts, next: 0 });
            }
            Node::All(span) => self.problem.arena.parts(span).to_vec(),
            Node::Literal { .. } | Node::Constant => vec![id],
        };
        self.meter.spend(parts.len())?;
        let mut groups = self.components(&parts)?;
        if groups.len() < 2 {
            return self.split(id);
        }
        let mut components = Vec::with_capacity(groups.len());
        for group in groups.drain(..) {
            components.push(self.problem.arena.combine(Connective::All, group, &mut self.meter)?);
        }
        Ok(Frame::Each { id, parts: components, next: 0 })
    }

    /// The parts, grouped so that no two groups share a variable; the groups with fewest parts first.
    fn components(&mut self, parts: &[NodeId]) -> Result<Vec<Vec<NodeId>>, Spent> {
        let arena = &self.problem.arena;
        if parts.iter().any(|part| arena.mask(*part) & bit(SHARED_BIT) != 0) {
            return self.many_components(parts);
        }
        let mut groups: Vec<(u128, Vec<NodeId>)> = Vec::new();
        for part in parts {
            let mut mask = self.problem.arena.mask(*part);
            let mut joined = vec![*part];
            groups.retain_mut(|(other, members)| {
                let meets = *other & mask != 0;
                if meets {
                    mask |= *other;
                    // The smaller list is moved: most formulas are one large group in the end.
                    if members.len() > joined.len() {
                        std::mem::swap(members, &mut joined);
                    }
                    joined.append(members);
                }
                !meets
            });
            groups.push((mask, joined));
        }
        groups.sort_by_key(|(_, members)| members.len());
        Ok(groups.into_iter().map(|(_, members)| members).collect())
    }

    /// The same where there are more variables than bits.
    fn many_components(&mut self, parts: &[NodeId]) -> Result<Vec<Vec<NodeId>>, Spent> {
        let mut joined: Vec<usize> = (0..parts.len()).collect();
        let mut owners: FxHashMap<u32, usize> = FxHashMap::default();
        for (index, part) in parts.iter().enumerate() {
            self.visit_literals(*part, u128::MAX, |problem, atom, _| {
                let variable = problem.atom(atom).map_or(u32::MAX, |info| info.variable);
                let owner = *owners.entry(variable).or_insert(index);
                let (one, two) = (root(&mut joined, index), root(&mut joined, owner));
                if let Some(slot) = joined.get_mut(one.max(two)) {
                    *slot = one.min(two);
                }
            })?;
        }
        let mut numbers: FxHashMap<usize, usize> = FxHashMap::default();
        let mut groups: Vec<Vec<NodeId>> = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let number = *numbers.entry(root(&mut joined, index)).or_insert(groups.len());
            match groups.get_mut(number) {
                Some(group) => group.push(*part),
                None => groups.push(vec![*part]),
            }
        }
        groups.sort_by_key(Vec::len);
        Ok(groups)
    }

    /// Goes on with a frame; `answer` is what its last question came to.
    fn advance(&mut self, frame: &mut Frame, answer: Option<bool>) -> Result<Step, Spent> {
        match frame {
            Frame::Any { id, parts, next } => {
                if answer == Some(true) {
                    let part = parts.get(*next - 1).copied().unwrap_or(FALSE);
                    return Ok(Step::Conclude(*id, Verdict::Part(part)));
                }
                let step = parts.get(*next).map_or(Step::Conclude(*id, Verdict::Never), |p| Step::Ask(*p));
                *next += 1;
                Ok(step)
            }
            Frame::Each { id, parts, next } => {
                if answer == Some(false) {
                    return Ok(Step::Conclude(*id, Verdict::Never));
                }
                let step = match parts.get(*next) {
                    Some(part) => Step::Ask(*part),
                    None => Step::Conclude(*id, Verdict::Parts(std::mem::take(parts).into())),
                };
                *next += 1;
                Ok(step)
            }
            Frame::Choose { id, options, rest, next, whole } => {
                if answer == Some(true) {
                    return Ok(Step::Conclude(*id, Verdict::Part(*whole)));
                }
                let (step, chosen) = self.choose(*id, options.get(*next).copied(), rest)?;
                *next += 1;
                *whole = chosen;
                Ok(step)
            }
            Frame::Split { id, table, next, residual } => {
                if answer == Some(true) {
                    let verdict = Verdict::Class { table: *table, class: *next - 1, residual: *residual };
                    return Ok(Step::Conclude(*id, verdict));
                }
                loop {
                    if self.tables.get(*table).is_none_or(|classes| *next >= classes.list.len()) {
                        return Ok(Step::Conclude(*id, Verdict::Never));
                    }
                    *residual = self.assign(*id, *table, *next)?;
                    *next += 1;
                    if *residual != FALSE {
                        return Ok(Step::Ask(*residual));
                    }
                }
            }
        }
    }

    /// Goes on with the next option of a choice.
    fn choose(
        &mut self,
        id: NodeId,
        option: Option<NodeId>,
        rest: &[NodeId],
    ) -> Result<(Step, NodeId), Spent> {
        let Some(option) = option else { return Ok((Step::Conclude(id, Verdict::Never), FALSE)) };
        let parts = rest.iter().copied().chain([option]).collect();
        let whole = self.problem.arena.combine(Connective::All, parts, &mut self.meter)?;
        Ok((Step::Ask(whole), whole))
    }

    /// Splits the formula by its first variable, after what follows from its own literals has been filled in.
    fn split(&mut self, id: NodeId) -> Result<Frame, Spent> {
        let variable = self.first_variable(id)?;
        let signs = self.signs_of(id, variable)?;
        let simpler = match self.implied(id, &signs)? {
            None => FALSE,
            Some(values) if values.is_empty() => {
                return match self.best(variable, &signs)? {
                    Some(table) => Ok(Frame::Split { id, table, next: 0, residual: FALSE }),
                    None => self.split_further(id, variable, &signs),
                };
            }
            Some(values) => self.assume(id, variable, &values)?,
        };
        Ok(Frame::Any { id, parts: vec![simpler], next: 0 })
    }

    /// The atoms about a text whose value follows from those that the formula fixes; `None` if these contradict each
    /// other.
    fn implied(
        &mut self,
        id: NodeId,
        signs: &[(u32, Option<bool>)],
    ) -> Result<Option<Vec<(u32, bool)>>, Spent> {
        let atoms: Vec<u32> = signs.iter().map(|(atom, _)| *atom).collect();
        let fixed = self.fixed(id, &atoms);
        if fixed.iter().all(Option::is_none) {
            return Ok(Some(Vec::new()));
        }
        let problem = &self.problem;
        let sets = atoms.iter().zip(&fixed).filter_map(|(atom, fixed)| match problem.atom(*atom)?.atom {
            Atom::Matches(_, ref patterns) => Some((*atom, patterns, *fixed)),
            _ => None,
        });
        let sets: Vec<(u32, &Patterns, Option<bool>)> = sets.collect();
        let all = Fixed::new(sets.iter().map(|(_, patterns, fixed)| (*patterns, *fixed)));
        let left = all.left(&mut self.meter)?;
        if matches!(&left, Left::Some(left) if left.is_empty()) {
            return Ok(None);
        }
        let mut values = Vec::new();
        for (atom, patterns, _) in sets.iter().filter(|(.., fixed)| fixed.is_none()) {
            let value = all.value(&left, patterns, &mut self.meter)?;
            values.extend(value.map(|value| (*atom, value)));
        }
        Ok(Some(values))
    }

    /// For each of these atoms, whether the formula itself says that it holds.
    pub(super) fn fixed(&self, id: NodeId, atoms: &[u32]) -> Vec<Option<bool>> {
        let mut fixed = vec![None; atoms.len()];
        for part in self.problem.arena.conjuncts(id) {
            if let Node::Literal { atom, positive } = self.problem.arena.node(part)
                && let Ok(index) = atoms.binary_search(&atom)
                && let Some(slot) = fixed.get_mut(index)
            {
                *slot = Some(positive);
            }
        }
        fixed
    }

    /// The class of a variable that is enough to know whether the formula can hold, if there is one.
    ///
    /// Where the formula has an atom only as it is, it can only gain if the atom holds, and where it has it only
    /// negated, if it does not. So a class that has all of these as they should be stands for every other.
    fn best(&mut self, variable: u32, signs: &[(u32, Option<bool>)]) -> Result<Option<usize>, Spent> {
        let best: Option<Vec<Option<bool>>> = signs.iter().map(|(_, sign)| sign.map(Some)).collect();
        let Some(best) = best else { return Ok(None) };
        let atoms: Vec<u32> = signs.iter().map(|(atom, _)| *atom).collect();
        let key = (variable, atoms, best);
        let table = match self.known_tables.get(&key) {
            Some(table) => *table,
            None => {
                let demand = Demand { atoms: &key.1, fixed: &key.2 };
                let classes = classes::best(&self.problem, variable, &demand, &mut self.meter)?;
                self.add_table(key, classes)
            }
        };
        Ok((self.table_len(table) > 0).then_some(table))
    }

    /// The atoms about a variable that occur in the formula, ascending, each with whether it occurs as it is or
    /// negated; `None` if it does both.
    fn signs_of(&mut self, id: NodeId, variable: u32) -> Result<Vec<(u32, Option<bool>)>, Spent> {
        let mut signs: Vec<(u32, Option<bool>)> = Vec::new();
        self.visit_literals(id, bit(variable), |problem, atom, positive| {
            if problem.atom(atom).is_some_and(|info| info.variable == variable) {
                signs.push((atom, Some(positive)));
            }
        })?;
        signs.sort_unstable();
        signs.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same && next.1 != kept.1 {
                kept.1 = None;
            }
            same
        });
        Ok(signs)
    }

    /// All classes of a variable, as far as the formula tells them apart and can hold.
    pub(super) fn table_of(&mut self, id: NodeId, variable: u32) -> Result<usize, Spent> {
        let atoms = self.atoms_of(id, variable)?;
        let fixed = self.fixed(id, &atoms);
        let key = (variable, atoms, fixed);
        if let Some(table) = self.known_tables.get(&key) {
            return Ok(*table);
        }
        let demand = Demand { atoms: &key.1, fixed: &key.2 };
        let classes = classes::find(&self.problem, variable, &demand, &mut self.meter)?;
        Ok(self.add_table(key, classes))
    }

    fn add_table(&mut self, key: TableKey, classes: Classes) -> usize {
        let index = self.tables.len();
        self.tables.push(classes);
        self.known_tables.insert(key, index);
        index
    }

    /// A table of which nothing is known but its classes.
    pub(super) fn push_table(&mut self, classes: Classes) -> usize {
        self.tables.push(classes);
        self.tables.len() - 1
    }

    /// A class of a table.
    pub(super) fn class(&self, table: usize, class: usize) -> Option<&Class> {
        self.tables.get(table).and_then(|classes| classes.list.get(class))
    }

    /// The atoms that a table's signatures speak of.
    pub(super) fn table_atoms(&self, table: usize) -> &[u32] {
        self.tables.get(table).map_or(&[], |classes| &classes.atoms)
    }

    /// How many classes a table has.
    pub(super) fn table_len(&self, table: usize) -> usize {
        self.tables.get(table).map_or(0, |classes| classes.list.len())
    }

    fn first_variable(&mut self, id: NodeId) -> Result<u32, Spent> {
        let first = self.problem.arena.mask(id).trailing_zeros();
        if first < SHARED_BIT {
            return Ok(first);
        }
        let mut first = u32::MAX;
        self.visit_literals(id, u128::MAX, |problem, atom, _| {
            first = first.min(problem.atom(atom).map_or(u32::MAX, |info| info.variable));
        })?;
        Ok(first)
    }

    /// The atoms about a variable that occur in the formula, ascending.
    pub(super) fn atoms_of(&mut self, id: NodeId, variable: u32) -> Result<Vec<u32>, Spent> {
        Ok(self.signs_of(id, variable)?.into_iter().map(|(atom, _)| atom).collect())
    }

    /// Calls `visit` for the atoms below the formula whose variables are in `mask`.
    pub(super) fn visit_literals(
        &mut self,
        id: NodeId,
        mask: u128,
        mut visit: impl FnMut(&Problem, u32, bool),
    ) -> Result<(), Spent> {
        self.generation += 1;
        self.visited.resize(self.problem.arena.len(), 0);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let Some(seen) = self.visited.get_mut(id as usize) else { continue };
            if *seen == self.generation {
                continue;
            }
            *seen = self.generation;
            self.meter.spend(1)?;
            match self.problem.arena.node(id) {
                Node::Constant => {}
                Node::Literal { atom, positive } => visit(&self.problem, atom, positive),
                Node::All(span) | Node::Any(span) => {
                    let arena = &self.problem.arena;
                    open.extend(arena.parts(span).iter().filter(|part| arena.mask(**part) & mask != 0));
                }
            }
        }
        Ok(())
    }

    /// What is left of the formula for requests whose value of the table's variable is of this class.
    pub(super) fn assign(&mut self, id: NodeId, table: usize, class: usize) -> Result<NodeId, Spent> {
        let Some(classes) = self.tables.get(table) else { return Ok(FALSE) };
        let Some(chosen) = classes.list.get(class) else { return Ok(FALSE) };
        let values = (0..).zip(&classes.atoms).map(|(index, atom)| (*atom, chosen.holds.contains(index)));
        let (variable, values) = (classes.variable, values.collect::<Vec<_>>());
        self.assume(id, variable, &values)
    }

    /// What is left of the formula where these atoms about a variable have these values.
    fn assume(&mut self, id: NodeId, variable: u32, values: &[(u32, bool)]) -> Result<NodeId, Spent> {
        self.worth.resize(self.problem.atoms.len(), None);
        for (atom, value) in values {
            if let Some(slot) = self.worth.get_mut(*atom as usize) {
                *slot = Some(*value);
            }
        }
        self.generation += 1;
        let result = self.residual(id, bit(variable));
        for (atom, _) in values {
            if let Some(slot) = self.worth.get_mut(*atom as usize) {
                *slot = None;
            }
        }
        result
    }

    /// Goes no deeper than the compiled formula is, see [`Problem::compile`].
    fn residual(&mut self, id: NodeId, mask: u128) -> Result<NodeId, Spent> {
        if self.problem.arena.mask(id) & mask == 0 {
            return Ok(id);
        }
        let (connective, absorbing, span) = match self.problem.arena.node(id) {
            Node::Constant => return Ok(id),
            Node::Literal { atom, positive } => {
                return Ok(match self.worth.get(atom as usize).copied().flatten() {
                    Some(worth) if worth == positive => TRUE,
                    Some(_) => FALSE,
                    None => id,
                });
            }
            Node::All(span) => (Connective::All, FALSE, span),
            Node::Any(span) => (Connective::Any, TRUE, span),
        };
        match self.assigned.get(id as usize) {
            Some((generation, ready)) if *generation == self.generation => return Ok(*ready),
            _ => {}
        }
        let mut parts = Vec::new();
        let mut result = None;
        let mut index = 0;
        while let Some(part) = self.problem.arena.parts(span).get(index).copied() {
            index += 1;
            let left = self.residual(part, mask)?;
            if left == absorbing {
                result = Some(absorbing);
                break;
            }
            parts.push(left);
        }
        self.meter.spend(index)?;
        let result = match result {
            Some(result) => result,
            None => self.problem.arena.combine(connective, parts, &mut self.meter)?,
        };
        if self.assigned.len() <= id as usize {
            self.assigned.resize(self.problem.arena.len(), (0, FALSE));
        }
        if let Some(slot) = self.assigned.get_mut(id as usize) {
            *slot = (self.generation, result);
        }
        Ok(result)
    }

    /// A request that makes the formula true, which was found to be possible. Attributes that it does not need are
    /// not mentioned.
    pub(super) fn witness(&self, id: NodeId, request: &mut Assignment) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            match self.verdicts.get(id as usize) {
                None | Some(Verdict::Open | Verdict::Never) => {}
                Some(Verdict::Part(part)) => open.push(*part),
                Some(Verdict::Parts(parts)) => open.extend_from_slice(parts),
                Some(Verdict::Class { table, class, residual }) => {
                    open.push(*residual);
                    self.note(*table, *class, request);
                }
            }
        }
    }

    /// Notes the member of a class in a request.
    pub(super) fn note(&self, table: usize, class: usize, request: &mut Assignment) {
        let Some(classes) = self.tables.get(table) else { return };
        let Some(Variable::Attribute(attribute)) = self.problem.variable(classes.variable) else { return };
        match classes.list.get(class).map(|class| &class.member) {
            Some(Member::Value(value)) => request.set(attribute.clone(), value.clone()),
            Some(Member::Absent) => request.set_absent(attribute.clone()),
            Some(Member::Truth(_)) | None => {}
        }
    }
}

/// The first member of the group that `at` is joined to, after the way there has been shortened.
fn root(joined: &mut [usize], mut at: usize) -> usize {
    while let Some(next) = joined.get(at).copied().filter(|next| *next != at) {
        let behind = joined.get(next).copied().unwrap_or(next);
        if let Some(slot) = joined.get_mut(at) {
            *slot = behind;
        }
        at = behind;
    }
    at
}
