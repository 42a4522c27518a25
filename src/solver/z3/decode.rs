//! Models of Z3 as requests.

use std::collections::BTreeSet;

use z3::Model;
use z3::ast::{Ast, BV, Bool, Int, String as Text};

use crate::logic::{Assignment, Attribute, Kind, Value};
use crate::solver::smt::{ACTION_CLASS, Constant, Script, value_of};

/// The request that a model stands for; `None` if a value cannot be read.
pub(super) fn request(script: &Script, model: &Model) -> Option<Assignment> {
    let mut request = Assignment::new();
    for (attribute, constant) in &script.variables {
        let present = constant.present.as_deref().is_none_or(|name| truth(model, name));
        if present {
            request.set(attribute.clone(), value(model, attribute.kind(), constant)?);
        } else {
            request.set_absent(attribute.clone());
        }
    }
    if !script.classes.is_empty() {
        let class = model.eval(&BV::new_const(ACTION_CLASS, 32), true)?.as_u64()?;
        let action = script.classes.get(usize::try_from(class).ok()?)?;
        request.set(Attribute::action(), Value::Text(action.name.to_string()));
    }
    Some(request)
}

fn value(model: &Model, kind: Kind, constant: &Constant) -> Option<Value> {
    let name = constant.name.as_str();
    match kind {
        Kind::Text if !constant.examples.is_empty() => {
            let class = model.eval(&BV::new_const(name, 32), true)?.as_u64()?;
            constant.examples.get(usize::try_from(class).ok()?).cloned().map(Value::Text)
        }
        Kind::Text => text(model, name).map(Value::Text),
        Kind::Number | Kind::Instant => {
            let number = model.eval(&Int::new_const(name), true)?;
            value_of(kind, integer(&number.to_string())?)
        }
        Kind::Address => {
            let bits = model.eval(&BV::new_const(name, 128), true)?;
            let half = |high, low| bits.extract(high, low).simplify().as_u64().map(u128::from);
            Value::at_point(kind, half(127, 64)? << 64 | half(63, 0)?)
        }
        Kind::Boolean => Some(Value::Boolean(truth(model, name))),
        Kind::TextSet => {
            let mut set = BTreeSet::new();
            for index in 0..constant.members {
                if truth(model, &format!("{name}_{index}_in")) {
                    set.insert(text(model, &format!("{name}_{index}"))?);
                }
            }
            Some(Value::Set(set))
        }
    }
}

fn truth(model: &Model, name: &str) -> bool {
    model.eval(&Bool::new_const(name), true).and_then(|value| value.as_bool()) == Some(true)
}

fn text(model: &Model, name: &str) -> Option<String> {
    let value = model.eval(&Text::new_const(name), true)?.as_string()?;
    unescaped(&value)
}

/// Z3 writes everything but printable ASCII as `\u{hex}`, and a backslash too.
fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once("\\u{") {
        let (digits, after) = escape.split_once('}')?;
        plain.push_str(before);
        plain.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

/// `5` or `(- 5)`.
fn integer(text: &str) -> Option<i128> {
    match text.strip_prefix("(- ").and_then(|rest| rest.strip_suffix(')')) {
        Some(digits) => digits.trim().parse::<u128>().ok().and_then(|size| 0_i128.checked_sub_unsigned(size)),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use z3::Solver;

    use super::*;
    use crate::solver::smt::quoted;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn texts_survive_the_way_to_z3_and_back(text in "[\\x00-\\x7f\\u{80}-\\u{2ffff}]{0,6}(\\\\u\\{62\\})?") {
            let solver = Solver::new();
            let script = format!("(declare-const t String)(assert (= t {}))", quoted(&text).unwrap());
            solver.from_string(script.as_str());
            prop_assert_eq!(solver.check(), z3::SatResult::Sat);
            let model = solver.get_model().unwrap();
            prop_assert_eq!(super::text(&model, "t"), Some(text));
        }
    }

    #[test]
    fn integers_are_read() {
        assert_eq!(integer("(- 170141183460469231731687303715884105728)"), Some(i128::MIN));
        assert_eq!(integer("7"), Some(7));
    }
}
