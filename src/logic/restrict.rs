//! Partial evaluation: what is left of a formula when some attributes are known.

use rustc_hash::FxHashMap;

use super::formula::attribute_bit;
use super::{Assignment, Atom, Attribute, Formula, Literal, Shape, Template};

impl Formula {
    /// The formula that is left for the attributes that `known` leaves open. Attributes known to be absent or to
    /// have a value no longer occur in it.
    #[must_use]
    pub fn restrict(&self, known: &Assignment) -> Self {
        let mask = known.iter().fold(0, |bits, (attribute, _)| bits | attribute_bit(attribute));
        restrict(self, known, mask, &mut FxHashMap::default())
    }
}

fn restrict(
    formula: &Formula,
    known: &Assignment,
    mask: u64,
    done: &mut FxHashMap<usize, Formula>,
) -> Formula {
    let Formula::Node(node) = formula else { return formula.clone() };
    if formula.mentions() & mask == 0 {
        return formula.clone();
    }
    if let Some(ready) = done.get(&node.address()) {
        return ready.clone();
    }
    let result = match node.shape() {
        Shape::Literal(literal) => restrict_literal(formula, literal, known),
        Shape::All(parts) | Shape::Any(parts) => {
            let left: Vec<Formula> = parts.iter().map(|part| restrict(part, known, mask, done)).collect();
            // The bits only say what may be mentioned: often nothing was, and the parts need not be merged again.
            if left.iter().zip(parts.iter()).all(|(new, old)| new.is_same_node(old)) {
                formula.clone()
            } else if matches!(node.shape(), Shape::All(_)) {
                Formula::all(left)
            } else {
                Formula::any(left)
            }
        }
    };
    done.insert(node.address(), result.clone());
    result
}

fn restrict_literal(formula: &Formula, literal: &Literal, known: &Assignment) -> Formula {
    let atom = match &literal.atom {
        Atom::Same(text, pattern) => restrict_same(text, pattern, known),
        atom => match atom.attributes().first().map(|attribute| known.known(attribute)) {
            Some(Some(_)) => match atom.evaluate(known) {
                Some(true) => Formula::True,
                Some(false) => Formula::False,
                None => return formula.clone(),
            },
            _ => return formula.clone(),
        },
    };
    if literal.positive { atom } else { atom.not() }
}

fn restrict_same(text: &Template, pattern: &Template, known: &Assignment) -> Formula {
    let absent = |name: &Attribute| matches!(known.known(name), Some(None));
    if text.references().any(absent) || pattern.references().any(absent) {
        return Formula::False;
    }
    let fill = |template: &Template| template.partly_filled(|name| known.text(name).map(str::to_owned));
    Formula::related(fill(text), fill(pattern))
}
