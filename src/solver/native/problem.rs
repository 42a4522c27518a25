//! A goal's formula in the arena: which variables there are, and which atoms speak of them.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::arena::{Arena, Connective, FALSE, NodeId, TRUE};
use super::meter::{Meter, Spent};
use crate::logic::{Atom, Attribute, Formula, Kind, Literal, Shape};

/// What a request decides on its own.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Variable {
    /// The value of an attribute, or that it is absent.
    Attribute(Attribute),
    /// Whether an opaque condition holds.
    Opaque(Arc<str>),
    /// Whether two templates whose references are all present match. Free here, although it is not: see
    /// [`Problem::add_related`].
    Related(Box<Atom>),
}

/// An atom and the variable it speaks of.
pub(super) struct AtomInfo {
    pub(super) variable: u32,
    pub(super) atom: Atom,
}

/// A formula in the arena.
pub(super) struct Problem {
    pub(super) arena: Arena,
    pub(super) variables: Vec<Variable>,
    pub(super) atoms: Vec<AtomInfo>,
    pub(super) root: NodeId,
    numbers: FxHashMap<Variable, u32>,
    literals: FxHashMap<Atom, NodeId>,
}

/// Formulas nested deeper than this are not taken on; the constructors flatten, so policies stay far below.
const DEEPEST: usize = 400;

impl Problem {
    /// Compiles `formula`.
    pub(super) fn new(formula: &Formula, meter: &mut Meter) -> Result<Self, Spent> {
        let mut problem = Self {
            arena: Arena::new(),
            variables: variables(formula),
            atoms: Vec::new(),
            root: FALSE,
            numbers: FxHashMap::default(),
            literals: FxHashMap::default(),
        };
        problem.numbers = problem.variables.iter().cloned().zip(0..).collect();
        meter.spend(problem.variables.len())?;
        problem.root = problem.compile(formula, meter)?;
        Ok(problem)
    }

    /// The variable of that number.
    pub(super) fn variable(&self, number: u32) -> Option<&Variable> {
        self.variables.get(number as usize)
    }

    /// The atom of that number.
    pub(super) fn atom(&self, number: u32) -> Option<&AtomInfo> {
        self.atoms.get(number as usize)
    }

    /// Whether some atom relates texts of the request to each other, so that the arena's formula only follows from
    /// the real one.
    pub(super) fn is_relaxed(&self) -> bool {
        self.variables.iter().any(|variable| matches!(variable, Variable::Related(_)))
    }

    /// Compiles a formula whose attributes are all known to the problem.
    pub(super) fn compile(&mut self, formula: &Formula, meter: &mut Meter) -> Result<NodeId, Spent> {
        self.compile_below(formula, 0, &mut FxHashMap::default(), meter)
    }

    fn compile_below(
        &mut self,
        formula: &Formula,
        depth: usize,
        done: &mut FxHashMap<usize, NodeId>,
        meter: &mut Meter,
    ) -> Result<NodeId, Spent> {
        let node = match formula {
            Formula::False => return Ok(FALSE),
            Formula::True => return Ok(TRUE),
            Formula::Node(node) => node,
        };
        if let Some(ready) = done.get(&node.address()) {
            return Ok(*ready);
        }
        if depth > DEEPEST {
            return Err(Spent);
        }
        let (connective, parts) = match node.shape() {
            Shape::Literal(literal) => return self.literal(literal, meter),
            Shape::All(parts) => (Connective::All, parts),
            Shape::Any(parts) => (Connective::Any, parts),
        };
        meter.spend(1)?;
        let mut compiled = Vec::with_capacity(parts.len());
        for part in parts.iter() {
            compiled.push(self.compile_below(part, depth + 1, done, meter)?);
        }
        let id = self.arena.combine(connective, compiled, meter)?;
        done.insert(node.address(), id);
        Ok(id)
    }

    fn literal(&mut self, literal: &Literal, meter: &mut Meter) -> Result<NodeId, Spent> {
        let positive = match self.literals.get(&literal.atom) {
            Some(ready) => *ready,
            None => self.add_atom(&literal.atom, meter)?,
        };
        Ok(if literal.positive { positive } else { self.negation(positive, meter)? })
    }

    /// The negation of what [`Problem::add_atom`] answers: a constant, a literal, or an `All` of literals.
    fn negation(&mut self, positive: NodeId, meter: &mut Meter) -> Result<NodeId, Spent> {
        let literals = self.arena.conjuncts(positive);
        let negated = literals.into_iter().map(|literal| literal ^ 1).collect();
        self.arena.combine(Connective::Any, negated, meter)
    }

    fn add_atom(&mut self, atom: &Atom, meter: &mut Meter) -> Result<NodeId, Spent> {
        meter.spend(1 + weight(atom))?;
        let id = match atom {
            Atom::Same(..) => self.add_related(atom, meter)?,
            Atom::Opaque(id) => self.add_literal(atom, &Variable::Opaque(id.clone())),
            _ => match atom.attributes().first() {
                Some(attribute) if speaks_of(atom, attribute.kind()) => {
                    self.add_literal(atom, &Variable::Attribute((*attribute).clone()))
                }
                _ => FALSE,
            },
        };
        self.literals.insert(atom.clone(), id);
        Ok(id)
    }

    /// A relation holds if all it refers to is present and a variable of its own is true. That variable is free, so
    /// the arena's formula holds wherever the real one does: if it never holds, neither does the real one.
    fn add_related(&mut self, atom: &Atom, meter: &mut Meter) -> Result<NodeId, Spent> {
        let mut parts = vec![self.add_literal(atom, &Variable::Related(Box::new(atom.clone())))];
        for attribute in atom.attributes() {
            let present = Formula::present(attribute.clone());
            parts.push(self.compile(&present, meter)?);
        }
        self.arena.combine(Connective::All, parts, meter)
    }

    fn add_literal(&mut self, atom: &Atom, variable: &Variable) -> NodeId {
        let Some(number) = self.numbers.get(variable).copied() else { return FALSE };
        let index = u32::try_from(self.atoms.len()).unwrap_or(u32::MAX);
        self.atoms.push(AtomInfo { variable: number, atom: atom.clone() });
        self.arena.add_literals(index, number)
    }

    /// The arena's formula as a formula of the logic; the free variable of a relation becomes the relation.
    pub(super) fn formula(&self, id: NodeId) -> Formula {
        use super::arena::Node;
        match self.arena.node(id) {
            Node::Constant if id == TRUE => Formula::True,
            Node::Constant => Formula::False,
            Node::Literal { atom, positive } => self.atom(atom).map_or(Formula::False, |info| {
                Formula::literal(Literal { atom: info.atom.clone(), positive })
            }),
            Node::All(span) => Formula::all(self.arena.parts(span).iter().map(|part| self.formula(*part))),
            Node::Any(span) => Formula::any(self.arena.parts(span).iter().map(|part| self.formula(*part))),
        }
    }
}

/// Whether an atom of that sort can hold for values of that kind; it is false otherwise.
fn speaks_of(atom: &Atom, kind: Kind) -> bool {
    match atom {
        Atom::Matches(..) => kind == Kind::Text,
        Atom::Within(..) => matches!(kind, Kind::Number | Kind::Instant | Kind::Address),
        Atom::IsTrue(_) => kind == Kind::Boolean,
        Atom::AnyIn(..) | Atom::AllIn(..) => kind == Kind::TextSet,
        Atom::Present(_) | Atom::Same(..) | Atom::Opaque(_) => true,
    }
}

/// How much work it is to look at the atom.
fn weight(atom: &Atom) -> usize {
    match atom {
        Atom::Matches(_, patterns) | Atom::AnyIn(_, patterns) | Atom::AllIn(_, patterns) => patterns.len(),
        Atom::Within(_, ranges) => ranges.intervals().len(),
        _ => 1,
    }
}

/// All variables in the order of splitting: action, resource, then the rest by name.
fn variables(formula: &Formula) -> Vec<Variable> {
    let mut found =
        vec![Variable::Attribute(Attribute::action()), Variable::Attribute(Attribute::resource())];
    let mut rest = Vec::new();
    formula.for_each_literal(&mut |literal| {
        rest.extend(literal.atom.attributes().into_iter().cloned().map(Variable::Attribute));
        match &literal.atom {
            Atom::Opaque(id) => rest.push(Variable::Opaque(id.clone())),
            Atom::Same(..) => rest.push(Variable::Related(Box::new(literal.atom.clone()))),
            _ => {}
        }
    });
    rest.retain(|variable| !found.contains(variable));
    rest.sort_unstable();
    rest.dedup();
    found.append(&mut rest);
    found
}
