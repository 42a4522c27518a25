//! The value of an expression for one request.

use super::functions::{self, error};
use super::syntax::{Each, EachKind, Expr, ExprKind};
use super::value::Value;

/// More steps than this are not taken; macros over lists in macros over lists could take very many.
const MAX_STEPS: u32 = 100_000;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The service fails, too: an attribute that it does not know, a function of other types.
    Error(String),
    /// The value is not known here.
    Unknown(String),
}

/// Where an expression is evaluated.
pub trait Environment {
    /// The value of a name or of names joined by dots; `None` if there is no such thing.
    fn variable(&self, _path: &str) -> Option<Result<Value, Failure>> {
        None
    }

    /// A function beyond those of the language, called on the value of `path` if that is a path, else on `target`;
    /// `None` if there is no such function.
    fn call(
        &self,
        _path: Option<&str>,
        _target: Option<&Value>,
        _name: &str,
        _arguments: &[Value],
    ) -> Option<Result<Value, Failure>> {
        None
    }
}

/// An environment without any names.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

impl Environment for Nothing {}

/// The value of an expression.
pub fn evaluate(expression: &Expr, environment: &dyn Environment) -> Result<Value, Failure> {
    Evaluation { environment, locals: Vec::new(), steps: 0 }.value(expression)
}

type Outcome = Result<Value, Failure>;

struct Evaluation<'a> {
    environment: &'a dyn Environment,
    locals: Vec<(String, Value)>,
    steps: u32,
}

/// The names of types, which are values, too.
const TYPES: [&str; 12] = [
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
    "google.protobuf.Timestamp",
    "google.protobuf.Duration",
];

impl Evaluation<'_> {
    fn value(&mut self, expression: &Expr) -> Outcome {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Failure::Unknown("too many steps".to_owned()));
        }
        match &expression.kind {
            ExprKind::Literal(value) => Ok(value.clone()),
            ExprKind::Name(_) => self.path(expression),
            ExprKind::Select(operand, field) => match self.known_path(expression) {
                Some(value) => value,
                None => select(&self.value(operand)?, field),
            },
            ExprKind::Has(operand, field) => match self.value(operand)? {
                map @ Value::Map(_) => Ok(Value::Bool(map.get(&Value::String(field.clone())).is_some())),
                _ => Err(error("no such overload")),
            },
            ExprKind::Index(container, index) => {
                let container = self.value(container)?;
                functions::index(&container, &self.value(index)?)
            }
            ExprKind::Call(target, name, arguments) => self.call(target.as_deref(), name, arguments),
            ExprKind::List(items) => self.values(items).map(Value::List),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Not(operand) => self.truth(operand).map(|value| Value::Bool(!value)),
            ExprKind::Minus(operand) => functions::minus(&self.value(operand)?),
            ExprKind::Binary(sign, left, right) => {
                let left = self.value(left)?;
                functions::binary(*sign, &left, &self.value(right)?)
            }
            ExprKind::And(parts) => self.join(parts, false),
            ExprKind::Or(parts) => self.join(parts, true),
            ExprKind::Choice(condition, then, otherwise) => match self.truth(condition)? {
                true => self.value(then),
                false => self.value(otherwise),
            },
            ExprKind::Each(each) => self.each(each),
            ExprKind::Message(_) => Err(Failure::Unknown("messages are not evaluated".to_owned())),
        }
    }

    fn values(&mut self, items: &[Expr]) -> Result<Vec<Value>, Failure> {
        items.iter().map(|item| self.value(item)).collect()
    }

    fn truth(&mut self, expression: &Expr) -> Result<bool, Failure> {
        match self.value(expression)? {
            Value::Bool(value) => Ok(value),
            _ => Err(error("no such overload")),
        }
    }

    fn path(&self, expression: &Expr) -> Outcome {
        self.known_path(expression).unwrap_or_else(|| {
            Err(error(format!("undeclared reference to `{}`", expression.path().unwrap_or_default())))
        })
    }

    /// The value of a path as a whole, unless it begins with the element of a macro.
    fn known_path(&self, expression: &Expr) -> Option<Outcome> {
        let (path, root) = (expression.path()?, expression.root()?);
        if let Some((_, value)) = self.locals.iter().rev().find(|(name, _)| name == root) {
            return matches!(expression.kind, ExprKind::Name(_)).then(|| Ok(value.clone()));
        }
        let is_type = || TYPES.into_iter().find(|name| *name == path).map(|name| Ok(Value::Type(name)));
        self.environment.variable(&path).or_else(is_type)
    }

    fn map(&mut self, entries: &[(Expr, Expr)]) -> Outcome {
        let mut map: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key = self.value(key)?;
            if !matches!(key, Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::String(_)) {
                return Err(error("unsupported key type"));
            }
            if map.iter().any(|(own, _)| own.equals(&key)) {
                return Err(error("repeated key"));
            }
            map.push((key, self.value(value)?));
        }
        Ok(Value::Map(map))
    }

    fn call(&mut self, target: Option<&Expr>, name: &str, arguments: &[Expr]) -> Outcome {
        let arguments = self.values(arguments)?;
        let path = target.and_then(Expr::path);
        if let Some(value) = self.environment.call(path.as_deref(), None, name, &arguments) {
            return value;
        }
        let target = target.map(|target| self.value(target)).transpose()?;
        match self.environment.call(None, target.as_ref(), name, &arguments) {
            Some(value) => value,
            None => functions::call(target.as_ref(), name, &arguments),
        }
    }

    /// `&&` and `||`: a part that decides absorbs the failure of the others, wherever it stands.
    fn join(&mut self, parts: &[Expr], decisive: bool) -> Outcome {
        let mut joined = Joined::new(decisive);
        for part in parts {
            let truth = self.truth(part);
            if joined.add(truth) {
                break;
            }
        }
        joined.finish()
    }

    fn each(&mut self, each: &Each) -> Outcome {
        let items = match self.value(&each.range)? {
            Value::List(items) => items,
            Value::Map(entries) => entries.into_iter().map(|(key, _)| key).collect(),
            _ => return Err(error("no such overload")),
        };
        let mut joined = Joined::new(each.kind == EachKind::Exists);
        let (mut list, mut count) = (Vec::new(), 0);
        for item in items {
            self.locals.push((each.variable.clone(), item.clone()));
            let step = self.element(each, item, &mut joined, &mut list, &mut count);
            self.locals.pop();
            if step? {
                break;
            }
        }
        match each.kind {
            EachKind::All | EachKind::Exists => joined.finish(),
            EachKind::ExistsOne => Ok(Value::Bool(count == 1)),
            EachKind::Map | EachKind::Filter => Ok(Value::List(list)),
        }
    }

    /// One element of a macro; true if no other has to be looked at.
    fn element(
        &mut self,
        each: &Each,
        item: Value,
        joined: &mut Joined,
        list: &mut Vec<Value>,
        count: &mut usize,
    ) -> Result<bool, Failure> {
        match each.kind {
            EachKind::All | EachKind::Exists => {
                let truth = self.truth(&each.body);
                return Ok(joined.add(truth));
            }
            EachKind::ExistsOne => *count += usize::from(self.truth(&each.body)?),
            EachKind::Filter => {
                if self.truth(&each.body)? {
                    list.push(item);
                }
            }
            EachKind::Map => {
                let taken = each.filter.as_ref().map_or(Ok(true), |filter| self.truth(filter))?;
                if taken {
                    list.push(self.value(&each.body)?);
                }
            }
        }
        Ok(false)
    }
}

fn select(operand: &Value, field: &str) -> Outcome {
    match operand {
        Value::Map(_) => {
            operand.get(&Value::String(field.to_owned())).cloned().ok_or_else(|| error("no such key"))
        }
        _ => Err(error("no such field")),
    }
}

/// A conjunction or disjunction in the works.
struct Joined {
    decisive: bool,
    decided: bool,
    failure: Option<Failure>,
}

impl Joined {
    fn new(decisive: bool) -> Self {
        Self { decisive, decided: false, failure: None }
    }

    /// Takes one part; true if the others do not matter any more.
    fn add(&mut self, part: Result<bool, Failure>) -> bool {
        match part {
            Ok(value) if value == self.decisive => self.decided = true,
            Ok(_) => {}
            // What is not known could have decided, which an error could not.
            Err(failure @ Failure::Unknown(_)) => self.failure = Some(failure),
            Err(failure) => self.failure = self.failure.take().or(Some(failure)),
        }
        self.decided
    }

    fn finish(self) -> Outcome {
        match (self.decided, self.failure) {
            (true, _) => Ok(Value::Bool(self.decisive)),
            (false, Some(failure)) => Err(failure),
            (false, None) => Ok(Value::Bool(!self.decisive)),
        }
    }
}
