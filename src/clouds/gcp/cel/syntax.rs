//! Expressions as trees, each node with the bytes it stands on.

use super::value::Value;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// The first byte of its text.
    pub start: usize,
    /// The byte after its text.
    pub end: usize,
    /// How many levels there are below and with it. Bounded by the parser, so that trees can be walked by recursion.
    pub depth: usize,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A literal.
    Literal(Value),
    /// A name; with a leading dot if it is to be looked up at the root.
    Name(String),
    /// `operand.field`
    Select(Box<Expr>, String),
    /// `has(operand.field)`
    Has(Box<Expr>, String),
    /// `operand[index]`
    Index(Box<Expr>, Box<Expr>),
    /// `function(arguments)` or `target.function(arguments)`
    Call(Option<Box<Expr>>, String, Vec<Expr>),
    /// `[…]`
    List(Vec<Expr>),
    /// `{…}`
    Map(Vec<(Expr, Expr)>),
    /// `!operand`
    Not(Box<Expr>),
    /// `-operand`
    Minus(Box<Expr>),
    /// Two operands and a sign between them.
    Binary(Sign, Box<Expr>, Box<Expr>),
    /// Two or more operands joined by `&&`.
    And(Vec<Expr>),
    /// Two or more operands joined by `||`.
    Or(Vec<Expr>),
    /// `condition ? then : otherwise`
    Choice(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A macro over the elements of a list or the keys of a map.
    Each(Box<Each>),
    /// A message of a named type; it has no value here.
    Message(String),
}

/// A macro over elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Each {
    /// Which macro.
    pub kind: EachKind,
    /// Over what.
    pub range: Expr,
    /// The name of the element.
    pub variable: String,
    /// The condition on elements, of `map` with three arguments.
    pub filter: Option<Expr>,
    /// What is said of each element.
    pub body: Expr,
}

/// The macros over elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EachKind {
    /// `all`
    All,
    /// `exists`
    Exists,
    /// `exists_one`
    ExistsOne,
    /// `map`
    Map,
    /// `filter`
    Filter,
}

/// Signs between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `in`
    In,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

impl Expr {
    /// The path that this is, as `request.time`; `None` for anything but names joined by dots.
    pub fn path(&self) -> Option<String> {
        match &self.kind {
            ExprKind::Name(name) => Some(name.trim_start_matches('.').to_owned()),
            ExprKind::Select(operand, field) => Some(format!("{}.{field}", operand.path()?)),
            _ => None,
        }
    }

    /// The name that a path begins with.
    pub fn root(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Name(name) => Some(name),
            ExprKind::Select(operand, _) => operand.root(),
            _ => None,
        }
    }
}
