//! Patterns with references to other attributes: policy variables.

use std::sync::Arc;

use super::{Attribute, Case, Pattern, Token};

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// A fixed piece of the pattern.
    Tokens(Arc<[Token]>),
    /// The value of a text attribute, in which no character is special.
    Reference(Attribute),
}

/// A pattern that is complete only when the attributes it refers to are known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Template {
    parts: Arc<[Part]>,
    case: Case,
}

impl Template {
    /// A template of these parts.
    pub fn new(parts: impl IntoIterator<Item = Part>, case: Case) -> Self {
        Self { parts: parts.into_iter().collect(), case }
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether the cases of letters are told apart.
    pub fn case(&self) -> Case {
        self.case
    }

    /// The attributes it refers to, in order.
    pub fn references(&self) -> impl Iterator<Item = &Attribute> {
        self.parts.iter().filter_map(|part| match part {
            Part::Reference(attribute) => Some(attribute),
            Part::Tokens(_) => None,
        })
    }

    /// Replaces each reference for which `value` has a text by that text.
    #[must_use]
    pub fn partly_filled(&self, value: impl Fn(&Attribute) -> Option<String>) -> Self {
        let parts = self.parts.iter().map(|part| match part {
            Part::Reference(attribute) => {
                value(attribute).map_or_else(|| part.clone(), |text| Part::literal(&text))
            }
            Part::Tokens(_) => part.clone(),
        });
        Self::new(parts, self.case)
    }

    /// The pattern that is left when every reference has a text in `value`; the partly filled template otherwise.
    pub fn fill(&self, value: impl Fn(&Attribute) -> Option<String>) -> Result<Pattern, Self> {
        let filled = self.partly_filled(value);
        if filled.references().next().is_some() {
            return Err(filled);
        }
        let tokens = filled.parts.iter().flat_map(|part| match part {
            Part::Tokens(tokens) => tokens.to_vec(),
            Part::Reference(_) => Vec::new(),
        });
        Ok(Pattern::new(tokens, self.case))
    }
}

impl Part {
    /// A fixed piece in which no character is special.
    pub fn literal(text: &str) -> Self {
        Self::Tokens(text.chars().map(Token::Char).collect())
    }
}
