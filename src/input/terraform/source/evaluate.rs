//! Expressions: what each is, as far as the files tell.
//!
//! Nothing fails: what cannot be worked out is unknown, under the name that it has in the source.
//! <https://developer.hashicorp.com/terraform/language/expressions>.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{
    BinaryOp, BinaryOperator, Conditional, Expression, ForExpr, FuncCall, ObjectKey, Traversal,
    TraversalOperator, UnaryOp, UnaryOperator,
};
use hcl_edit::template::{Directive, Element, Strip, Template};

use super::functions;
use super::instances::{Each, InstanceId, World, with};
use super::modules::Source;
use super::texts::Composed;
use super::value::{Kind, LONGEST_TEXT, Member, Sort, Unknown, Value};
use crate::text::{Located, Span};

/// What names stand for where an expression is written.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'm> {
    /// The file that the expression is written in.
    pub(super) source: &'m Source,
    pub(super) instance: InstanceId,
    /// What `each` and `count` stand for.
    pub(super) each: Option<&'s Each>,
    pub(super) bound: Option<&'s Bound<'s>>,
}

/// A name that an expression gives to a value, and those around it.
pub(super) struct Bound<'s> {
    pub(super) name: &'s str,
    pub(super) value: Value,
    pub(super) outer: Option<&'s Bound<'s>>,
}

impl<'m> Scope<'_, 'm> {
    pub(super) fn at(&self, range: Option<Range<usize>>) -> Span {
        self.source.at(range)
    }

    /// What is written there, for names of what is not known; a long expression is cut.
    fn written(&self, range: Option<Range<usize>>) -> String {
        const LONGEST: usize = 60;
        let text = range.and_then(|range| self.source.text.get(range)).unwrap_or("an expression");
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }

    fn bound(&self, name: &str) -> Option<&Value> {
        let mut next = self.bound;
        while let Some(bound) = next {
            if bound.name == name {
                return Some(&bound.value);
            }
            next = bound.outer;
        }
        None
    }
}

impl<'m> World<'m> {
    /// The value of an expression.
    pub(super) fn value(&self, expression: &'m Expression, scope: Scope<'_, 'm>) -> Value {
        let span = scope.at(expression.span());
        if let Err(why) = self.down(span) {
            return Value::unknown(span, Unknown::open(why));
        }
        let value = self.worked_out(expression, span, scope);
        self.up();
        value
    }

    fn worked_out(&self, expression: &'m Expression, span: Span, scope: Scope<'_, 'm>) -> Value {
        match expression {
            Expression::Null(_) => Value::null(span),
            Expression::Bool(value) => Value::bool(span, *value.value()),
            Expression::Number(number) => Value::number(span, number.value().as_f64().unwrap_or_default()),
            Expression::String(text) => self.literal(text.value(), span, scope),
            Expression::Array(items) => {
                Value::list(span, items.iter().map(|item| self.value(item, scope)).collect::<Vec<_>>())
            }
            Expression::Object(object) => self.object(object, span, scope),
            Expression::StringTemplate(template) => {
                let elements: Vec<&Element> = template.iter().collect();
                match elements.as_slice() {
                    // `"${x}"` is x, whatever that is.
                    [Element::Interpolation(only)] => self.value(&only.expr, scope),
                    _ => self.template(template, span, true, scope),
                }
            }
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template, span, false, scope),
            Expression::Parenthesis(inner) => self.value(inner.inner(), scope),
            Expression::Variable(name) => match scope.bound(name.as_str()) {
                Some(value) => value.clone(),
                None => self.traversal(name.as_str(), &[], span, scope),
            },
            Expression::Conditional(choice) => self.choice(choice, scope),
            Expression::FuncCall(call) => self.called(call, span, scope),
            Expression::Traversal(traversal) => self.way(traversal, span, scope),
            Expression::UnaryOp(operation) => self.unary(operation, span, scope),
            Expression::BinaryOp(operation) => self.binary(operation, span, scope),
            Expression::ForExpr(all) => self.each(all, span, scope),
        }
    }

    fn choice(&self, choice: &'m Conditional, scope: Scope<'_, 'm>) -> Value {
        match self.value(&choice.cond_expr, scope).as_bool() {
            Some(true) => self.value(&choice.true_expr, scope),
            Some(false) => self.value(&choice.false_expr, scope),
            None => {
                let (yes, no) = (self.value(&choice.true_expr, scope), self.value(&choice.false_expr, scope));
                if yes.same(&no) == Some(true) { yes } else { self.open(choice.span(), scope) }
            }
        }
    }

    fn called(&self, call: &'m FuncCall, span: Span, scope: Scope<'_, 'm>) -> Value {
        if call.name.is_namespaced() {
            return self.open(call.span(), scope);
        }
        let arguments: Vec<&'m Expression> = call.args.iter().collect();
        match call.name.name.as_str() {
            "try" => self.first_known(&arguments, scope),
            "can" => match arguments.first().map(|only| sort_of(&self.value(only, scope))) {
                Some(Some(Sort::Open)) => self.open(call.span(), scope),
                Some(Some(Sort::Missing)) => Value::bool(span, false),
                _ => Value::bool(span, true),
            },
            name => {
                let mut values: Vec<Value> = arguments.iter().map(|one| self.value(one, scope)).collect();
                if call.args.expand_final()
                    && let Some(last) = values.pop()
                {
                    match last.as_list() {
                        Some(items) => values.extend(items.iter().cloned()),
                        None => values.push(last),
                    }
                }
                let called = functions::Call { name, arguments: &values, span, world: self, scope };
                called.result().unwrap_or_else(|| self.open(call.span(), scope))
            }
        }
    }

    /// A value that is not known, under the name of what is written.
    pub(super) fn open(&self, range: Option<Range<usize>>, scope: Scope<'_, 'm>) -> Value {
        Value::unknown(scope.at(range.clone()), Unknown::open(scope.written(range)))
    }

    fn literal(&self, text: &str, span: Span, scope: Scope<'_, 'm>) -> Value {
        let mut composed = Composed::default();
        let inner = scope.source.text.get(span.start as usize + 1..(span.end as usize).saturating_sub(1));
        composed.literal(text, inner.unwrap_or_default(), span.start.saturating_add(1), true);
        composed.finish(span)
    }

    /// The first argument that has a value: a key that is not there has none.
    fn first_known(&self, arguments: &[&'m Expression], scope: Scope<'_, 'm>) -> Value {
        let mut values = arguments.iter().map(|one| self.value(one, scope));
        let last = values.next_back();
        let known = values.find(|value| sort_of(value) != Some(Sort::Missing));
        known.or(last).unwrap_or_else(|| Value::null(scope.at(None)))
    }

    fn object(&self, object: &'m hcl_edit::expr::Object, span: Span, scope: Scope<'_, 'm>) -> Value {
        let mut members = Vec::new();
        for (key, value) in object.iter() {
            let at = scope.at(key.span());
            let name: Arc<str> = match key {
                ObjectKey::Ident(name) => name.as_str().into(),
                ObjectKey::Expression(Expression::Variable(name)) => name.as_str().into(),
                ObjectKey::Expression(key) => match self.value(key, scope).as_text(&mut BTreeSet::new()) {
                    Some(text) => text,
                    None => return self.open(object.span(), scope),
                },
            };
            members.push(Member { key: Located::new(name, at), value: self.value(value.expr(), scope) });
        }
        Value::object(span, members)
    }

    fn unary(&self, operation: &'m UnaryOp, span: Span, scope: Scope<'_, 'm>) -> Value {
        let value = self.value(&operation.expr, scope);
        let result = match operation.operator.value() {
            UnaryOperator::Neg => value.as_number().map(|number| Value::number(span, -number)),
            UnaryOperator::Not => value.as_bool().map(|value| Value::bool(span, !value)),
        };
        result.unwrap_or_else(|| self.open(operation.span(), scope))
    }

    fn binary(&self, operation: &'m BinaryOp, span: Span, scope: Scope<'_, 'm>) -> Value {
        let (left, right) = (self.value(&operation.lhs_expr, scope), self.value(&operation.rhs_expr, scope));
        let numbers = left.as_number().zip(right.as_number());
        let number = |of: fn(f64, f64) -> f64| numbers.map(|(a, b)| Value::number(span, of(a, b)));
        let compared = |of: fn(&f64, &f64) -> bool| numbers.map(|(a, b)| Value::bool(span, of(&a, &b)));
        let (yes, no) = (Some(true), Some(false));
        let result = match operation.operator.value() {
            BinaryOperator::Eq => left.same(&right).map(|same| Value::bool(span, same)),
            BinaryOperator::NotEq => left.same(&right).map(|same| Value::bool(span, !same)),
            BinaryOperator::And => match (left.as_bool(), right.as_bool()) {
                (Some(false), _) | (_, Some(false)) => Some(Value::bool(span, false)),
                (a, b) => (a == yes && b == yes).then(|| Value::bool(span, true)),
            },
            BinaryOperator::Or => match (left.as_bool(), right.as_bool()) {
                (Some(true), _) | (_, Some(true)) => Some(Value::bool(span, true)),
                (a, b) => (a == no && b == no).then(|| Value::bool(span, false)),
            },
            BinaryOperator::LessEq => compared(f64::le),
            BinaryOperator::GreaterEq => compared(f64::ge),
            BinaryOperator::Less => compared(f64::lt),
            BinaryOperator::Greater => compared(f64::gt),
            BinaryOperator::Plus => number(|a, b| a + b),
            BinaryOperator::Minus => number(|a, b| a - b),
            BinaryOperator::Mul => number(|a, b| a * b),
            BinaryOperator::Div => number(|a, b| a / b),
            BinaryOperator::Mod => number(|a, b| a % b),
        };
        result.unwrap_or_else(|| self.open(operation.span(), scope))
    }

    /// `[for … in … : …]` and `{for … in … : … => …}`.
    fn each(&self, all: &'m ForExpr, span: Span, scope: Scope<'_, 'm>) -> Value {
        let collection = self.value(&all.intro.collection_expr, scope);
        let Some(pairs) = pairs(&collection) else { return self.open(all.span(), scope) };
        let (mut items, mut members): (Vec<Value>, Vec<Member>) = (Vec::new(), Vec::new());
        for (key, value) in pairs {
            let first = Bound {
                name: all.intro.key_var.as_ref().map_or("", |name| name.as_str()),
                value: key,
                outer: scope.bound,
            };
            let second = Bound { name: all.intro.value_var.as_str(), value, outer: Some(&first) };
            let inner = Scope { bound: Some(&second), ..scope };
            match all.cond.as_ref().map(|condition| self.value(&condition.expr, inner).as_bool()) {
                None | Some(Some(true)) => {}
                Some(Some(false)) => continue,
                Some(None) => return self.open(all.span(), scope),
            }
            let value = self.value(&all.value_expr, inner);
            let Some(key) = &all.key_expr else {
                items.push(value);
                continue;
            };
            let at = scope.at(key.span());
            let Some(key) = self.value(key, inner).as_text(&mut BTreeSet::new()) else {
                return self.open(all.span(), scope);
            };
            match members.iter_mut().find(|member| member.key.value == key) {
                Some(member) if all.grouping => member.value = with(&member.value, value),
                Some(member) => member.value = value,
                None => {
                    let value = if all.grouping { Value::list(span, [value]) } else { value };
                    members.push(Member { key: Located::new(key, at), value });
                }
            }
        }
        if all.key_expr.is_some() { Value::object(span, members) } else { Value::list(span, items) }
    }

    /// A template with what its parts are.
    pub(super) fn template(
        &self,
        template: &'m Template,
        span: Span,
        escapes: bool,
        scope: Scope<'_, 'm>,
    ) -> Value {
        let mut composed = Composed::default();
        self.parts(template, escapes, &mut composed, scope);
        composed.finish(span)
    }

    fn parts(&self, template: &'m Template, escapes: bool, composed: &mut Composed, scope: Scope<'_, 'm>) {
        for element in template {
            match element {
                Element::Literal(literal) => {
                    let range = literal.span().unwrap_or_default();
                    let source = scope.source.text.get(range.clone()).unwrap_or_default();
                    composed.literal(literal, source, scope.at(Some(range)).start, escapes);
                }
                Element::Interpolation(part) => {
                    strip_before(part.strip, composed);
                    let value = self.value(&part.expr, scope);
                    if !composed.value(&value, scope.at(part.span()).start) {
                        let open = Unknown::open(scope.written(part.expr.span()));
                        composed.value(&Value::unknown(value.span, open), scope.at(part.span()).start);
                    }
                    strip_after(part.strip, composed);
                }
                Element::Directive(directive) => self.directive(directive, escapes, composed, scope),
            }
            if composed.len() > LONGEST_TEXT {
                return composed.rests_on(Unknown::open("a text that is too long"));
            }
        }
    }

    fn directive(
        &self,
        directive: &'m Directive,
        escapes: bool,
        composed: &mut Composed,
        scope: Scope<'_, 'm>,
    ) {
        match directive {
            Directive::If(choice) => {
                strip_before(choice.if_expr.strip, composed);
                let condition = self.value(&choice.if_expr.cond_expr, scope).as_bool();
                if condition.is_none() {
                    // Which part it is going to be is not known; the text is taken with the first.
                    let range = choice.if_expr.cond_expr.span();
                    composed.rests_on(Unknown::open(scope.written(range)));
                }
                if condition != Some(false) {
                    strip_after(choice.if_expr.strip, composed);
                    self.parts(&choice.if_expr.template, escapes, composed, scope);
                    if let Some(other) = &choice.else_expr {
                        strip_before(other.strip, composed);
                    }
                } else if let Some(other) = &choice.else_expr {
                    strip_after(other.strip, composed);
                    self.parts(&other.template, escapes, composed, scope);
                }
                strip_before(choice.endif_expr.strip, composed);
                strip_after(choice.endif_expr.strip, composed);
            }
            Directive::For(all) => {
                let intro = &all.for_expr;
                strip_before(intro.strip, composed);
                let collection = self.value(&intro.collection_expr, scope);
                let Some(pairs) = pairs(&collection) else {
                    let range = intro.collection_expr.span();
                    return composed.rests_on(Unknown::open(scope.written(range)));
                };
                for (key, value) in pairs {
                    let name = intro.key_var.as_ref().map_or("", |name| name.as_str());
                    let first = Bound { name, value: key, outer: scope.bound };
                    let second = Bound { name: intro.value_var.as_str(), value, outer: Some(&first) };
                    strip_after(intro.strip, composed);
                    let inner = Scope { bound: Some(&second), ..scope };
                    self.parts(&intro.template, escapes, composed, inner);
                    strip_before(all.endfor_expr.strip, composed);
                    if composed.len() > LONGEST_TEXT {
                        return composed.rests_on(Unknown::open("a text that is too long"));
                    }
                }
                strip_after(all.endfor_expr.strip, composed);
            }
        }
    }

    /// A name with all that follows it.
    fn way(&self, traversal: &'m Traversal, span: Span, scope: Scope<'_, 'm>) -> Value {
        let operators: Vec<&'m TraversalOperator> =
            traversal.operators.iter().map(|operator| operator.value()).collect();
        match &traversal.expr {
            Expression::Variable(name) => match scope.bound(name.as_str()) {
                Some(value) => self.follow(value.clone(), &operators, scope),
                None => self.traversal(name.as_str(), &operators, span, scope),
            },
            other => self.follow(self.value(other, scope), &operators, scope),
        }
    }

    /// What is reached from a value by attributes, indexes and splats.
    pub(super) fn follow(
        &self,
        value: Value,
        operators: &[&'m TraversalOperator],
        scope: Scope<'_, 'm>,
    ) -> Value {
        let Some((first, rest)) = operators.split_first() else { return value };
        let next = match first {
            TraversalOperator::GetAttr(name) => self.attribute(&value, name.as_str()),
            TraversalOperator::Index(index) => self.index(&value, &self.value(index, scope)),
            TraversalOperator::LegacyIndex(index) => {
                let text = index.value().to_string();
                self.index(&value, &Value::text(value.span, text))
            }
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                return self.splat(value, rest, scope);
            }
        };
        self.follow(next, rest, scope)
    }

    /// `a[*].b`: of a list each, of anything else itself, of nothing nothing.
    fn splat(&self, value: Value, rest: &[&'m TraversalOperator], scope: Scope<'_, 'm>) -> Value {
        let span = value.span;
        match &value.kind {
            Kind::Null => Value::list(span, []),
            Kind::List(items) => {
                let items: Vec<Value> =
                    items.iter().map(|item| self.follow(item.clone(), rest, scope)).collect();
                Value::list(span, items)
            }
            Kind::Unknown(unknown) => Value::unknown(span, unknown.clone()),
            _ => Value::list(span, [self.follow(value, rest, scope)]),
        }
    }

    /// The attribute of a value. What is not there is unknown, so that `try` goes on.
    pub(super) fn attribute(&self, value: &Value, name: &str) -> Value {
        let span = value.span;
        match &value.kind {
            Kind::Handle(handle) => self.attribute_of(handle, name, span),
            Kind::Object(_) => match value.get(name) {
                Some(value) => value.clone(),
                None => Value::unknown(span, Unknown::missing(name)),
            },
            Kind::Unknown(Unknown { name: of, sort }) => {
                Value::unknown(span, Unknown { name: format!("{of}.{name}").into(), sort: *sort })
            }
            _ => Value::unknown(span, Unknown::missing(name)),
        }
    }

    pub(super) fn index(&self, value: &Value, index: &Value) -> Value {
        let span = value.span;
        let missing = || {
            let mut unknowns = BTreeSet::new();
            let index = index.as_text(&mut unknowns);
            let (of, sort) = match value.as_unknown() {
                Some(unknown) => (&*unknown.name, unknown.sort),
                None if unknowns.is_empty() => ("a list", Sort::Missing),
                None => ("a list", Sort::Open),
            };
            let name = format!("{of}[{}]", index.as_deref().unwrap_or("…"));
            Value::unknown(span, Unknown { name: name.into(), sort })
        };
        match &value.kind {
            Kind::List(items) => {
                index.as_index().and_then(|index| items.get(index)).cloned().unwrap_or_else(missing)
            }
            Kind::Object(_) => {
                let key = index.as_known_text();
                key.and_then(|key| value.get(&key).cloned()).unwrap_or_else(missing)
            }
            Kind::Handle(handle) => match index.as_known_text() {
                Some(key) => self.attribute_of(handle, &key, span),
                None => missing(),
            },
            _ => missing(),
        }
    }
}

fn sort_of(value: &Value) -> Option<Sort> {
    value.as_unknown().map(|unknown| unknown.sort)
}

fn strip_before(strip: Strip, composed: &mut Composed) {
    if strip.strip_start() {
        composed.strip_end();
    }
}

fn strip_after(strip: Strip, composed: &mut Composed) {
    if strip.strip_end() {
        composed.strip_next();
    }
}

/// The keys and values of what is gone through, in the order in which Terraform does: objects by their keys.
/// `None` if it is not known what there is.
pub(super) fn pairs(value: &Value) -> Option<Vec<(Value, Value)>> {
    match &value.kind {
        Kind::List(items) => {
            let number = |index: usize| Value::text(value.span, index.to_string());
            Some(items.iter().enumerate().map(|(index, item)| (number(index), item.clone())).collect())
        }
        Kind::Object(members) => {
            let mut sorted: Vec<&Member> = members.iter().collect();
            sorted.sort_by(|a, b| a.key.value.cmp(&b.key.value));
            let pair = |member: &Member| {
                (Value::text(member.key.span, member.key.value.clone()), member.value.clone())
            };
            Some(sorted.into_iter().map(pair).collect())
        }
        Kind::Null => Some(Vec::new()),
        _ => None,
    }
}
