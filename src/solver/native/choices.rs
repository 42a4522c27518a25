//! Splitting a formula where no single class of a text is enough: by the parts of a choice, or by the patterns of a
//! text that must match. Each leaves a simpler formula of which more follows at once.

use super::arena::{FALSE, Node, NodeId, bit};
use super::meter::Spent;
use super::search::{Frame, Search};
use crate::logic::{Atom, Formula, Pattern, Patterns};

/// Parts of which one must hold, and those that must hold in any case.
type Choice = (Vec<NodeId>, Vec<NodeId>);

impl Search {
    /// Splits a formula for which no class of the variable is the best; by all classes where the patterns are so simple
    /// that these are few, or nothing else is left.
    pub(super) fn split_further(
        &mut self,
        id: NodeId,
        variable: u32,
        signs: &[(u32, Option<bool>)],
    ) -> Result<Frame, Spent> {
        let atoms: Vec<u32> = signs.iter().map(|(atom, _)| *atom).collect();
        let is_settled = self.fixed(id, &atoms).iter().all(Option::is_some);
        let patterns = signs.iter().filter_map(|(atom, _)| match &self.problem.atom(*atom)?.atom {
            Atom::Matches(_, patterns) => Some(patterns),
            _ => None,
        });
        let is_simple = |pattern: &Pattern| pattern.as_prefix().is_some() || pattern.as_literal().is_some();
        let chosen = if is_settled || patterns.flat_map(Patterns::iter).all(is_simple) {
            None
        } else {
            match self.smallest_choice(id, variable)? {
                None => self.patterns_of_wanted(id, variable)?,
                found => found,
            }
        };
        Ok(match chosen {
            Some((options, rest)) => Frame::Choose { id, options, rest, next: 0, whole: FALSE },
            None => Frame::Split { id, table: self.table_of(id, variable)?, next: 0, residual: FALSE },
        })
    }

    /// The smallest choice that needs the variable's text to match something, and the other conjuncts.
    fn smallest_choice(&mut self, id: NodeId, variable: u32) -> Result<Option<Choice>, Spent> {
        let mut conjuncts = self.problem.arena.conjuncts(id);
        let mut found: Option<(usize, Vec<NodeId>)> = None;
        for (at, conjunct) in conjuncts.iter().enumerate() {
            let Node::Any(span) = self.problem.arena.node(*conjunct) else { continue };
            let options = self.problem.arena.parts(span).to_vec();
            if found.as_ref().is_some_and(|(_, fewer)| fewer.len() <= options.len()) {
                continue;
            }
            let mut needs = false;
            self.visit_literals(*conjunct, bit(variable), |problem, atom, positive| {
                needs |= positive && problem.atom(atom).is_some_and(|info| info.variable == variable);
            })?;
            if needs {
                found = Some((at, options));
            }
        }
        Ok(found.map(|(at, options)| {
            conjuncts.remove(at);
            (options, conjuncts)
        }))
    }

    /// The patterns of the smallest set that the formula says must match, each as a literal, and the other conjuncts.
    fn patterns_of_wanted(&mut self, id: NodeId, variable: u32) -> Result<Option<Choice>, Spent> {
        let mut conjuncts = self.problem.arena.conjuncts(id);
        let wanted = conjuncts.iter().enumerate().filter_map(|(at, part)| {
            let Node::Literal { atom, positive: true } = self.problem.arena.node(*part) else { return None };
            let info = self.problem.atom(atom).filter(|info| info.variable == variable)?;
            match &info.atom {
                Atom::Matches(attribute, patterns) if patterns.len() > 1 => Some((at, attribute, patterns)),
                _ => None,
            }
        });
        let Some((at, attribute, patterns)) = wanted.min_by_key(|(_, _, patterns)| patterns.len()) else {
            return Ok(None);
        };
        let single = |one: &Pattern| Formula::matches(attribute.clone(), Patterns::of([one.clone()]));
        let formulas: Vec<Formula> = patterns.iter().map(single).collect();
        let mut options = Vec::with_capacity(formulas.len());
        for formula in formulas {
            options.push(self.problem.compile(&formula, &mut self.meter)?);
        }
        conjuncts.remove(at);
        Ok(Some((options, conjuncts)))
    }
}
