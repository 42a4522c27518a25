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

    /// The expression with a value in place of a name, where no macro inside gives the name another meaning.
    pub fn with(&self, name: &str, value: &Value) -> Self {
        let put = |inner: &Self| inner.with(name, value);
        let boxed = |inner: &Self| Box::new(put(inner));
        let all = |list: &[Self]| list.iter().map(put).collect();
        let kind = match &self.kind {
            ExprKind::Name(own) if own == name => ExprKind::Literal(value.clone()),
            kind @ (ExprKind::Name(_) | ExprKind::Literal(_) | ExprKind::Message(_)) => kind.clone(),
            ExprKind::Select(operand, field) => ExprKind::Select(boxed(operand), field.clone()),
            ExprKind::Has(operand, field) => ExprKind::Has(boxed(operand), field.clone()),
            ExprKind::Index(operand, index) => ExprKind::Index(boxed(operand), boxed(index)),
            ExprKind::Call(target, function, arguments) => {
                ExprKind::Call(target.as_deref().map(boxed), function.clone(), all(arguments))
            }
            ExprKind::List(items) => ExprKind::List(all(items)),
            ExprKind::Map(entries) => {
                ExprKind::Map(entries.iter().map(|(key, item)| (put(key), put(item))).collect())
            }
            ExprKind::Not(inner) => ExprKind::Not(boxed(inner)),
            ExprKind::Minus(inner) => ExprKind::Minus(boxed(inner)),
            ExprKind::Binary(sign, left, right) => ExprKind::Binary(*sign, boxed(left), boxed(right)),
            ExprKind::And(parts) => ExprKind::And(all(parts)),
            ExprKind::Or(parts) => ExprKind::Or(all(parts)),
            ExprKind::Choice(condition, then, otherwise) => {
                ExprKind::Choice(boxed(condition), boxed(then), boxed(otherwise))
            }
            ExprKind::Each(each) => {
                let hidden = each.variable == name;
                let inside = |inner: &Self| if hidden { inner.clone() } else { put(inner) };
                ExprKind::Each(Box::new(Each {
                    kind: each.kind,
                    range: put(&each.range),
                    variable: each.variable.clone(),
                    filter: each.filter.as_ref().map(inside),
                    body: inside(&each.body),
                }))
            }
        };
        Self { kind, start: self.start, end: self.end, depth: self.depth }
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
