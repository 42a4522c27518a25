//! Formulas with other atoms: each atom replaced by a formula, or one attribute by another.

use super::{Atom, Attribute, Formula, Literal, Part, Shape, Template};

impl Formula {
    /// The formula with what `rewrite` makes of each atom in the place of the atom.
    #[must_use]
    pub fn rewritten(&self, rewrite: &impl Fn(&Atom) -> Self) -> Self {
        match self.shape() {
            None => self.clone(),
            Some(Shape::All(parts)) => Self::all(parts.iter().map(|part| part.rewritten(rewrite))),
            Some(Shape::Any(parts)) => Self::any(parts.iter().map(|part| part.rewritten(rewrite))),
            Some(Shape::Literal(literal)) => {
                let atom = rewrite(&literal.atom);
                if literal.positive { atom } else { atom.not() }
            }
        }
    }

    /// The formula that holds only where this one does whatever its opaque conditions stand for.
    #[must_use]
    pub fn without_opaque(&self) -> Self {
        match self.shape() {
            None => self.clone(),
            Some(Shape::All(parts)) => Self::all(parts.iter().map(Self::without_opaque)),
            Some(Shape::Any(parts)) => Self::any(parts.iter().map(Self::without_opaque)),
            Some(Shape::Literal(literal)) if matches!(literal.atom, Atom::Opaque(_)) => Self::False,
            Some(Shape::Literal(_)) => self.clone(),
        }
    }

    /// The formula that says of `to` what this one says of `from`. Both are of one kind.
    #[must_use]
    pub fn renamed(&self, from: &Attribute, to: &Attribute) -> Self {
        self.renamed_by(&|attribute| if attribute == from { to.clone() } else { attribute.clone() })
    }

    /// The formula that says of what `other` answers what this one says of an attribute. Both are of one kind.
    #[must_use]
    pub fn renamed_by(&self, other: &impl Fn(&Attribute) -> Attribute) -> Self {
        self.rewritten(&|atom| {
            let atom = match atom {
                Atom::Matches(attribute, patterns) => Atom::Matches(other(attribute), patterns.clone()),
                Atom::Within(attribute, ranges) => Atom::Within(other(attribute), ranges.clone()),
                Atom::IsTrue(attribute) => Atom::IsTrue(other(attribute)),
                Atom::Present(attribute) => Atom::Present(other(attribute)),
                Atom::AnyIn(attribute, patterns) => Atom::AnyIn(other(attribute), patterns.clone()),
                Atom::AllIn(attribute, patterns) => Atom::AllIn(other(attribute), patterns.clone()),
                Atom::Same(text, pattern) => Atom::Same(text.renamed(other), pattern.renamed(other)),
                Atom::Opaque(id) => Atom::Opaque(id.clone()),
            };
            Self::literal(Literal { atom, positive: true })
        })
    }
}

impl Template {
    /// The template that refers to what `other` answers for each of its references.
    #[must_use]
    pub fn renamed(&self, other: &impl Fn(&Attribute) -> Attribute) -> Self {
        let parts = self.parts().iter().map(|part| match part {
            Part::Reference(attribute) => Part::Reference(other(attribute)),
            tokens @ Part::Tokens(_) => tokens.clone(),
        });
        Self::new(parts, self.case())
    }
}
