//! Formulas as text, for logs, tests and `--explain`; users' reports have better words.

use std::fmt;

use super::{Atom, Formula, Literal, Part, Patterns, Shape, Template};

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::True => f.write_str("true"),
            Self::False => f.write_str("false"),
            Self::Node(node) => match node.shape() {
                Shape::Literal(literal) => write!(f, "{literal}"),
                Shape::All(parts) => write_parts(f, parts, " and "),
                Shape::Any(parts) => write_parts(f, parts, " or "),
            },
        }
    }
}

/// Sorted as text: parts are kept in an order that only makes comparing them fast.
fn write_parts(f: &mut fmt::Formatter<'_>, parts: &[Formula], between: &str) -> fmt::Result {
    let mut texts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    texts.sort();
    write!(f, "({})", texts.join(between))
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.positive {
            f.write_str("not ")?;
        }
        write!(f, "{}", self.atom)
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matches(name, patterns) => write!(f, "{name:?} ~ {patterns}"),
            Self::Within(name, ranges) => write!(f, "{name:?} in {:?}", ranges.intervals()),
            Self::IsTrue(name) => write!(f, "{name:?} is true"),
            Self::Present(name) => write!(f, "{name:?} is present"),
            Self::AnyIn(name, patterns) => write!(f, "some {name:?} ~ {patterns}"),
            Self::AllIn(name, patterns) => write!(f, "all {name:?} ~ {patterns}"),
            Self::Same(text, pattern) => write!(f, "{text} ~ {pattern}"),
            Self::Opaque(id) => write!(f, "<{id}>"),
        }
    }
}

impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.iter().map(|pattern| format!("`{pattern}`")).collect();
        match texts.as_slice() {
            [one] => f.write_str(one),
            many => write!(f, "{{{}}}", many.join(", ")),
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`")?;
        for part in self.parts() {
            match part {
                Part::Tokens(tokens) => {
                    write!(f, "{}", super::Pattern::new(tokens.iter().copied(), self.case()))?;
                }
                Part::Reference(name) => write!(f, "${{{name:?}}}")?,
            }
        }
        f.write_str("`")
    }
}
