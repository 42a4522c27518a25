//! The formula language and its simplifying, sharing constructors.
//!
//! Formulas are in negation normal form: only atoms are negated. They are built only through the functions here,
//! which flatten, sort, merge and fold constants on the way, so a question that is decided by its shape never
//! reaches an engine. Deciding the rest is the solver's work.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashSet, FxHasher};

use super::merge::{contradicts, merge_literals};
use super::{Assignment, Attribute, Case, Part, Patterns, Ranges, Template, Value};

/// A yes-or-no statement about a request. Cheap to clone; equal formulas compare equal.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Formula {
    /// Holds for no request.
    False,
    /// Holds for every request.
    #[default]
    True,
    /// Anything else.
    Node(Node),
}

/// A shared, immutable inner formula.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

struct Inner {
    hash: u64,
    /// One bit per attribute (by hash), to see quickly that a formula does not mention one.
    mentions: u64,
    shape: Shape,
}

/// The shape of a formula that is not constant.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Shape {
    /// An atom or its negation.
    Literal(Literal),
    /// All of at least two formulas.
    All(Arc<[Formula]>),
    /// At least one of at least two formulas.
    Any(Arc<[Formula]>),
}

/// An atom, or its negation.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Literal {
    /// The atom.
    pub atom: Atom,
    /// False when the literal says that the atom does not hold.
    pub positive: bool,
}

/// A statement that is not made of others. An atom about an absent attribute is false (so its negation is true).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Atom {
    /// The text of the attribute matches one of the patterns.
    Matches(Attribute, Patterns),
    /// The number, instant or address lies in the ranges.
    Within(Attribute, Ranges),
    /// The boolean is true.
    IsTrue(Attribute),
    /// The attribute has a value (also an empty text or set).
    Present(Attribute),
    /// Some member of the set matches one of the patterns.
    AnyIn(Attribute, Patterns),
    /// Every member of the set matches one of the patterns; true of the empty set.
    AllIn(Attribute, Patterns),
    /// The first template's text matches the second template, both filled with the values of the text attributes
    /// they refer to; false while one of those is absent. The first has no wildcard.
    Same(Template, Template),
    /// A condition that could not be read, by a name that is the same for the same condition. Both outcomes are
    /// considered, and conclusions that rest on it carry a gap.
    Opaque(Arc<str>),
}

impl Atom {
    /// The attributes the atom speaks of.
    pub fn attributes(&self) -> Vec<&Attribute> {
        match self {
            Self::Matches(attribute, _)
            | Self::Within(attribute, _)
            | Self::IsTrue(attribute)
            | Self::Present(attribute)
            | Self::AnyIn(attribute, _)
            | Self::AllIn(attribute, _) => vec![attribute],
            Self::Same(text, pattern) => text.references().chain(pattern.references()).collect(),
            Self::Opaque(_) => Vec::new(),
        }
    }

    /// Whether the atom holds in a complete request; `None` for an opaque one.
    pub fn evaluate(&self, request: &Assignment) -> Option<bool> {
        Some(match self {
            Self::Matches(attribute, patterns) => {
                request.text(attribute).is_some_and(|text| patterns.matches(text))
            }
            Self::Within(attribute, ranges) => {
                request.value(attribute).and_then(Value::point).is_some_and(|point| ranges.contains(point))
            }
            Self::IsTrue(attribute) => request.value(attribute) == Some(&Value::Boolean(true)),
            Self::Present(attribute) => request.value(attribute).is_some(),
            Self::AnyIn(attribute, patterns) => {
                set(request, attribute).is_some_and(|set| set.iter().any(|text| patterns.matches(text)))
            }
            Self::AllIn(attribute, patterns) => {
                set(request, attribute).is_some_and(|set| set.iter().all(|text| patterns.matches(text)))
            }
            Self::Same(text, pattern) => {
                let fill = |template: &Template| template.fill(|name| request.text(name).map(str::to_owned));
                match (fill(text), fill(pattern)) {
                    (Ok(text), Ok(pattern)) => text.as_literal().is_some_and(|text| pattern.matches(text)),
                    _ => false,
                }
            }
            Self::Opaque(_) => return None,
        })
    }
}

fn set<'a>(request: &'a Assignment, attribute: &Attribute) -> Option<&'a BTreeSet<String>> {
    match request.value(attribute) {
        Some(Value::Set(set)) => Some(set),
        _ => None,
    }
}

/// Atoms.
impl Formula {
    /// The text of `attribute` matches one of `patterns`.
    pub fn matches(attribute: Attribute, patterns: Patterns) -> Self {
        if patterns.is_empty() {
            Self::False
        } else if patterns.is_universal() {
            Self::present(attribute)
        } else {
            Self::atom(Atom::Matches(attribute, patterns))
        }
    }

    /// The number, instant or address of `attribute` lies in `ranges`.
    pub fn within(attribute: Attribute, ranges: Ranges) -> Self {
        if ranges.is_empty() {
            Self::False
        } else if ranges.is_full() {
            Self::present(attribute)
        } else {
            Self::atom(Atom::Within(attribute, ranges))
        }
    }

    /// The boolean `attribute` is true.
    pub fn is_true(attribute: Attribute) -> Self {
        Self::atom(Atom::IsTrue(attribute))
    }

    /// The boolean `attribute` is present and false.
    pub fn is_false(attribute: Attribute) -> Self {
        Self::all([Self::present(attribute.clone()), Self::is_true(attribute).not()])
    }

    /// `attribute` has a value. Principal, action and resource always have one.
    pub fn present(attribute: Attribute) -> Self {
        if attribute.is_always_present() { Self::True } else { Self::atom(Atom::Present(attribute)) }
    }

    /// Some member of the set `attribute` matches one of `patterns`.
    pub fn any_in(attribute: Attribute, patterns: Patterns) -> Self {
        if patterns.is_empty() { Self::False } else { Self::atom(Atom::AnyIn(attribute, patterns)) }
    }

    /// The set `attribute` is present and each member matches one of `patterns`.
    pub fn all_in(attribute: Attribute, patterns: Patterns) -> Self {
        if patterns.is_universal() {
            Self::present(attribute)
        } else {
            Self::atom(Atom::AllIn(attribute, patterns))
        }
    }

    /// The text of `attribute` matches `template` with its references filled in; false while one of them is absent.
    pub fn same(attribute: Attribute, template: Template) -> Self {
        Self::related(Template::new([Part::Reference(attribute)], Case::Sensitive), template)
    }

    /// The text of the template `text` matches the template `pattern`. Without references this is a constant; with
    /// one attribute alone on the left and none on the right it is [`Formula::matches`].
    pub(super) fn related(text: Template, pattern: Template) -> Self {
        match (text.fill(|_| None), pattern.fill(|_| None), text.parts()) {
            (Ok(text), Ok(pattern), _) => {
                let holds = text.as_literal().is_some_and(|text| pattern.matches(text));
                if holds { Self::True } else { Self::False }
            }
            (_, Ok(pattern), [Part::Reference(attribute)]) => {
                Self::matches(attribute.clone(), Patterns::of([pattern]))
            }
            _ => Self::atom(Atom::Same(text, pattern)),
        }
    }

    /// A condition that could not be read.
    pub fn opaque(id: impl Into<Arc<str>>) -> Self {
        Self::atom(Atom::Opaque(id.into()))
    }

    fn atom(atom: Atom) -> Self {
        Self::literal(Literal { atom, positive: true })
    }

    /// The literal as a formula. For engines and printers that take formulas apart and put them together again.
    pub fn literal(literal: Literal) -> Self {
        let mentions = literal.atom.attributes().into_iter().fold(0, |bits, name| bits | attribute_bit(name));
        Self::node(Shape::Literal(literal), mentions)
    }

    fn node(shape: Shape, mentions: u64) -> Self {
        let mut hasher = FxHasher::default();
        shape.hash(&mut hasher);
        Self::Node(Node(Arc::new(Inner { hash: hasher.finish(), mentions, shape })))
    }
}

/// One bit of 64 that stands for the attribute.
pub(super) fn attribute_bit(attribute: &Attribute) -> u64 {
    let mut hasher = FxHasher::default();
    attribute.hash(&mut hasher);
    1 << (hasher.finish() >> 58)
}

/// Connectives.
impl Formula {
    /// True where the formula is false.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "named like the other connectives, which have no operator"
    )]
    pub fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::True => Self::False,
            Self::Node(node) => match node.shape() {
                Shape::Literal(literal) => {
                    Self::literal(Literal { atom: literal.atom.clone(), positive: !literal.positive })
                }
                Shape::All(parts) => Self::any(parts.iter().cloned().map(Self::not)),
                Shape::Any(parts) => Self::all(parts.iter().cloned().map(Self::not)),
            },
        }
    }

    /// True where all parts are true; `True` for none.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::combine(parts, Connective::All)
    }

    /// True where at least one part is true; `False` for none.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::combine(parts, Connective::Any)
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::all([self, other])
    }

    /// Either or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }

    /// `other` holds wherever this does.
    #[must_use]
    pub fn implies(self, other: Self) -> Self {
        Self::any([self.not(), other])
    }

    /// Both or neither.
    #[must_use]
    pub fn iff(self, other: Self) -> Self {
        Self::any([Self::all([self.clone(), other.clone()]), Self::all([self.not(), other.not()])])
    }

    fn combine(parts: impl IntoIterator<Item = Self>, connective: Connective) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            if part == connective.absorbing() {
                return part;
            }
            match (&part, connective) {
                (Self::True | Self::False, _) => {}
                (Self::Node(node), _) => match (node.shape(), connective) {
                    (Shape::All(inner), Connective::All) | (Shape::Any(inner), Connective::Any) => {
                        flat.extend(inner.iter().cloned());
                    }
                    _ => flat.push(part),
                },
            }
        }
        if flat.len() == 1 {
            return flat.pop().unwrap_or_else(|| connective.neutral());
        }
        let Some(merged) = merge_literals(flat, connective) else { return connective.absorbing() };
        connective.close(merged)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Connective {
    All,
    Any,
}

impl Connective {
    pub(super) fn absorbing(self) -> Formula {
        match self {
            Self::All => Formula::False,
            Self::Any => Formula::True,
        }
    }

    fn neutral(self) -> Formula {
        match self {
            Self::All => Formula::True,
            Self::Any => Formula::False,
        }
    }

    /// Puts simplified parts together: sorted, without doubles.
    fn close(self, mut parts: Vec<Formula>) -> Formula {
        parts.sort_by_key(Formula::rank);
        parts.dedup();
        if contradicts(&parts) {
            return self.absorbing();
        }
        match parts.len() {
            0 => self.neutral(),
            1 => parts.pop().unwrap_or(Formula::False),
            _ => {
                let mentions = parts.iter().fold(0, |bits, part| bits | part.mentions());
                let parts: Arc<[Formula]> = parts.into();
                let shape = if self == Self::All { Shape::All(parts) } else { Shape::Any(parts) };
                Formula::node(shape, mentions)
            }
        }
    }
}

/// Inspection.
impl Formula {
    /// The formula's shape; `None` for a constant.
    pub fn shape(&self) -> Option<&Shape> {
        match self {
            Self::Node(node) => Some(node.shape()),
            Self::True | Self::False => None,
        }
    }

    /// The literal, if the formula is one.
    pub fn as_literal(&self) -> Option<&Literal> {
        match self.shape() {
            Some(Shape::Literal(literal)) => Some(literal),
            _ => None,
        }
    }

    /// A number that is the same for the same formula in every run; different formulas rarely share it.
    pub fn fingerprint(&self) -> u64 {
        match self {
            Self::False => 0,
            Self::True => 1,
            Self::Node(node) => node.0.hash,
        }
    }

    /// Sorting key for parts: literals first by their content, so that order does not depend on hashing alone.
    fn rank(&self) -> (u8, u64, usize) {
        match self.shape() {
            None => (0, self.fingerprint(), 0),
            Some(Shape::Literal(_)) => (1, self.fingerprint(), 0),
            Some(Shape::All(parts)) => (2, self.fingerprint(), parts.len()),
            Some(Shape::Any(parts)) => (3, self.fingerprint(), parts.len()),
        }
    }

    /// A superset of the attributes mentioned, one bit each; see [`attribute_bit`].
    pub(super) fn mentions(&self) -> u64 {
        match self {
            Self::Node(node) => node.0.mentions,
            Self::True | Self::False => 0,
        }
    }

    /// Calls `visit` once for each literal of each distinct inner formula.
    pub fn for_each_literal(&self, visit: &mut impl FnMut(&Literal)) {
        if let Some(literal) = self.as_literal() {
            return visit(literal);
        }
        let mut seen = FxHashSet::default();
        let mut open = vec![self];
        while let Some(formula) = open.pop() {
            let Self::Node(node) = formula else { continue };
            // What has one owner is met once.
            if Arc::strong_count(&node.0) > 1 && !seen.insert(Arc::as_ptr(&node.0)) {
                continue;
            }
            match node.shape() {
                Shape::Literal(literal) => visit(literal),
                Shape::All(parts) | Shape::Any(parts) => open.extend(parts.iter()),
            }
        }
    }

    /// The attributes it speaks of.
    pub fn attributes(&self) -> BTreeSet<Attribute> {
        let mut found = BTreeSet::new();
        self.for_each_literal(&mut |literal| found.extend(literal.atom.attributes().into_iter().cloned()));
        found
    }

    /// The names of the opaque conditions in it.
    pub fn opaques(&self) -> BTreeSet<Arc<str>> {
        let mut found = BTreeSet::new();
        self.for_each_literal(&mut |literal| {
            if let Atom::Opaque(id) = &literal.atom {
                found.insert(id.clone());
            }
        });
        found
    }

    /// Whether it holds in a complete request; attributes that the request does not mention are absent. `None` when
    /// that depends on an opaque condition.
    pub fn evaluate(&self, request: &Assignment) -> Option<bool> {
        match self {
            Self::True => Some(true),
            Self::False => Some(false),
            Self::Node(node) => match node.shape() {
                Shape::Literal(literal) => {
                    literal.atom.evaluate(request).map(|holds| holds == literal.positive)
                }
                Shape::All(parts) => fold(parts, request, false),
                Shape::Any(parts) => fold(parts, request, true),
            },
        }
    }
}

/// Kleene's strong connectives: `decisive` as soon as one part is, otherwise unknown if one is unknown.
fn fold(parts: &[Formula], request: &Assignment, decisive: bool) -> Option<bool> {
    let mut unknown = false;
    for part in parts {
        match part.evaluate(request) {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(!decisive) }
}

impl Node {
    /// The shape of the formula.
    pub fn shape(&self) -> &Shape {
        &self.0.shape
    }

    /// A key that is the same for clones of the same node, for tables that live no longer than the formula.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.0.shape == other.0.shape)
    }
}

impl Eq for Node {}

impl Hash for Formula {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fingerprint().hash(state);
    }
}
