//! The values of variables: what a module's caller gives, what files of values say, or the default.
//!
//! <https://developer.hashicorp.com/terraform/language/values/variables>. Values that are given when Terraform runs, in the
//! environment or on its command line, are not known here.

use hcl_edit::expr::Expression;

use super::evaluate::Scope;
use super::instances::{InstanceId, Name, World};
use super::value::{Kind, Member, Unknown, Value};
use crate::text::{Located, Span};

/// The value of a variable of a module.
pub(super) fn variable<'m>(world: &World<'m>, id: InstanceId, name: &str, span: Span) -> Value {
    let Some(own) = world.instance(id) else { return Value::null(span) };
    let address = format!("{}var.{name}", own.address);
    let Some(declared) = own.module.variables.get(name).copied() else {
        return Value::unknown(span, Unknown::missing(address));
    };
    world.once(id, Name::Variable(name.into()), declared.head(), || {
        let scope = |source| Scope { source, instance: id, each: None, bound: None };
        let given = match &own.caller {
            Some(caller) => caller.block.argument(name).map(|argument| {
                let outer = Scope {
                    source: caller.block.source,
                    instance: caller.instance,
                    each: caller.each.as_ref(),
                    bound: None,
                };
                world.value(argument, outer)
            }),
            None => {
                own.module.values.get(name).map(|given| world.value(&given.of.value, scope(given.source)))
            }
        };
        let default = || declared.argument("default").map(|value| world.value(value, scope(declared.source)));
        // `null` means the default where nothing else is said.
        let refuses_null =
            matches!(declared.argument("nullable"), Some(Expression::Bool(no)) if !*no.value());
        let value = match given.filter(|value| !(value.is_null() && refuses_null)) {
            Some(value) => value,
            None => match default() {
                Some(value) => value,
                None => return Value::unknown(declared.head(), Unknown::open(address)),
            },
        };
        match declared.argument("type") {
            Some(kind) => completed(world, value, kind, scope(declared.source)),
            None => value,
        }
    })
}

/// The value with what optional attributes of its type are if nobody gives them, and as a text where a text is asked for.
/// <https://developer.hashicorp.com/terraform/language/expressions/type-constraints#optional-object-type-attributes>
fn completed<'m>(world: &World<'m>, value: Value, kind: &'m Expression, scope: Scope<'_, 'm>) -> Value {
    let Expression::FuncCall(call) = kind else { return value };
    let Some(inner) = call.args.get(0) else { return value };
    let span = value.span;
    match (call.name.name.as_str(), inner, &value.kind) {
        ("object", Expression::Object(wanted), Kind::Object(members)) => {
            let mut members: Vec<Member> = members.to_vec();
            for (key, kind) in wanted.iter() {
                let Some(name) = key.as_ident().map(|name| name.as_str()).or_else(|| bare(key)) else {
                    continue;
                };
                let place = members.iter().position(|member| &*member.key.value == name);
                let (kind, default) = optional(kind.expr());
                let given = place.and_then(|place| members.get(place)).map(|member| member.value.clone());
                let given = given.filter(|value| !value.is_null());
                let value = match given {
                    Some(value) => completed(world, value, kind, scope),
                    None => default.map_or_else(|| Value::null(span), |value| world.value(value, scope)),
                };
                match place.and_then(|place| members.get_mut(place)) {
                    Some(member) => member.value = value,
                    None => members.push(Member { key: Located::new(name.into(), span), value }),
                }
            }
            Value::object(span, members)
        }
        ("map", kind, Kind::Object(members)) => {
            let member = |member: &Member| Member {
                key: member.key.clone(),
                value: completed(world, member.value.clone(), kind, scope),
            };
            Value::object(span, members.iter().map(member).collect::<Vec<_>>())
        }
        ("list" | "set", kind, Kind::List(items)) => {
            let item = |item: &Value| completed(world, item.clone(), kind, scope);
            Value::list(span, items.iter().map(item).collect::<Vec<_>>())
        }
        _ => value,
    }
}

fn bare(key: &hcl_edit::expr::ObjectKey) -> Option<&str> {
    match key.as_expr()? {
        Expression::Variable(name) => Some(name.as_str()),
        Expression::String(name) => Some(name.as_str()),
        _ => None,
    }
}

/// The type of an attribute, and its default: of `optional(string, "x")`.
fn optional(kind: &Expression) -> (&Expression, Option<&Expression>) {
    match kind {
        Expression::FuncCall(call) if call.name.name.as_str() == "optional" => {
            (call.args.get(0).unwrap_or(kind), call.args.get(1))
        }
        _ => (kind, None),
    }
}
