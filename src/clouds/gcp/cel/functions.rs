//! The standard functions and operators on values:
//! <https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions>.

use super::eval::Failure;
use super::syntax::Sign;
use super::time::{self, Part, SECOND, Zone};
use super::value::Value;

type Outcome = Result<Value, Failure>;

pub(super) fn error(message: impl Into<String>) -> Failure {
    Failure::Error(message.into())
}

fn no_overload() -> Failure {
    error("no such overload")
}

fn range() -> Failure {
    error("range error")
}

/// A sign between two values; `&&`, `||` and `?:` are not here, because they need not look at both sides.
pub(super) fn binary(sign: Sign, left: &Value, right: &Value) -> Outcome {
    use std::cmp::Ordering::{Greater, Less};
    let ordered = |holds: fn(std::cmp::Ordering) -> bool| match left.is_ordered_with(right) {
        true => Ok(Value::Bool(left.order(right).is_some_and(holds))),
        false => Err(no_overload()),
    };
    match sign {
        Sign::Equal => Ok(Value::Bool(left.equals(right))),
        Sign::NotEqual => Ok(Value::Bool(!left.equals(right))),
        Sign::Less => ordered(|order| order == Less),
        Sign::AtMost => ordered(|order| order != Greater),
        Sign::Greater => ordered(|order| order == Greater),
        Sign::AtLeast => ordered(|order| order != Less),
        Sign::In => contains(right, left),
        Sign::Add => add(left, right),
        Sign::Subtract => subtract(left, right),
        Sign::Multiply | Sign::Divide | Sign::Modulo => multiply(sign, left, right),
    }
}

fn contains(container: &Value, item: &Value) -> Outcome {
    match container {
        Value::List(items) => Ok(Value::Bool(items.iter().any(|own| own.equals(item)))),
        Value::Map(_) => Ok(Value::Bool(container.get(item).is_some())),
        _ => Err(no_overload()),
    }
}

fn add(left: &Value, right: &Value) -> Outcome {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int).ok_or_else(range),
        (Value::Uint(a), Value::Uint(b)) => a.checked_add(*b).map(Value::Uint).ok_or_else(range),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a + b)),
        (Value::String(a), Value::String(b)) => Ok(Value::String(format!("{a}{b}"))),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Value::Bytes([a.as_slice(), b].concat())),
        (Value::List(a), Value::List(b)) => Ok(Value::List([a.as_slice(), b].concat())),
        (Value::Timestamp(a), Value::Duration(b)) | (Value::Duration(b), Value::Timestamp(a)) => {
            time::in_range(a + b).map(Value::Timestamp).ok_or_else(range)
        }
        (Value::Duration(a), Value::Duration(b)) => {
            time::length_in_range(a + b).map(Value::Duration).ok_or_else(range)
        }
        _ => Err(no_overload()),
    }
}

fn subtract(left: &Value, right: &Value) -> Outcome {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_sub(*b).map(Value::Int).ok_or_else(range),
        (Value::Uint(a), Value::Uint(b)) => a.checked_sub(*b).map(Value::Uint).ok_or_else(range),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a - b)),
        (Value::Timestamp(a), Value::Duration(b)) => {
            time::in_range(a - b).map(Value::Timestamp).ok_or_else(range)
        }
        // The reference implementations count the time between two points in 64 bits of nanoseconds.
        (Value::Timestamp(a), Value::Timestamp(b)) => {
            i64::try_from(a - b).map(|nanos| Value::Duration(i128::from(nanos))).map_err(|_| range())
        }
        (Value::Duration(a), Value::Duration(b)) => {
            time::length_in_range(a - b).map(Value::Duration).ok_or_else(range)
        }
        _ => Err(no_overload()),
    }
}

fn multiply(sign: Sign, left: &Value, right: &Value) -> Outcome {
    match (sign, left, right) {
        (Sign::Divide | Sign::Modulo, Value::Int(_), Value::Int(0))
        | (Sign::Divide | Sign::Modulo, Value::Uint(_), Value::Uint(0)) => Err(error("divide by zero")),
        (Sign::Multiply, Value::Int(a), Value::Int(b)) => a.checked_mul(*b).map(Value::Int).ok_or_else(range),
        (Sign::Multiply, Value::Uint(a), Value::Uint(b)) => {
            a.checked_mul(*b).map(Value::Uint).ok_or_else(range)
        }
        (Sign::Multiply, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a * b)),
        (Sign::Divide, Value::Int(a), Value::Int(b)) => a.checked_div(*b).map(Value::Int).ok_or_else(range),
        (Sign::Divide, Value::Uint(a), Value::Uint(b)) => {
            a.checked_div(*b).map(Value::Uint).ok_or_else(range)
        }
        (Sign::Divide, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a / b)),
        (Sign::Modulo, Value::Int(a), Value::Int(b)) => a.checked_rem(*b).map(Value::Int).ok_or_else(range),
        (Sign::Modulo, Value::Uint(a), Value::Uint(b)) => {
            a.checked_rem(*b).map(Value::Uint).ok_or_else(range)
        }
        _ => Err(no_overload()),
    }
}

/// `-value`
pub(super) fn minus(value: &Value) -> Outcome {
    match value {
        Value::Int(value) => value.checked_neg().map(Value::Int).ok_or_else(range),
        Value::Double(value) => Ok(Value::Double(-value)),
        _ => Err(no_overload()),
    }
}

/// `container[index]`
pub(super) fn index(container: &Value, index: &Value) -> Outcome {
    match container {
        Value::List(items) => {
            let place = match index {
                Value::Int(place) => usize::try_from(*place).ok(),
                Value::Uint(place) => usize::try_from(*place).ok(),
                Value::Double(place) if place.fract() == 0.0 && *place >= 0.0 && *place < 1e9 => {
                    Some(*place as usize)
                }
                _ => return Err(no_overload()),
            };
            place.and_then(|place| items.get(place)).cloned().ok_or_else(|| error("index out of bounds"))
        }
        Value::Map(_) => container.get(index).cloned().ok_or_else(|| error("no such key")),
        _ => Err(no_overload()),
    }
}

/// A function of the language; `target` is its first argument if it is called on something.
pub(super) fn call(target: Option<&Value>, name: &str, arguments: &[Value]) -> Outcome {
    match (target, arguments) {
        (None, [value]) if name == "size" => size(value),
        (None, [Value::String(text), Value::String(pattern)]) if name == "matches" => matches(text, pattern),
        (Some(value), []) if name == "size" => size(value),
        (None, [value]) => convert(name, value),
        (Some(Value::String(text)), [Value::String(other)]) => match name {
            "startsWith" => Ok(Value::Bool(text.starts_with(other.as_str()))),
            "endsWith" => Ok(Value::Bool(text.ends_with(other.as_str()))),
            "contains" => Ok(Value::Bool(text.contains(other.as_str()))),
            "matches" => matches(text, other),
            _ => Err(no_overload()),
        },
        (Some(Value::Timestamp(nanos)), []) => part(*nanos, name, &Zone::utc()),
        (Some(Value::Timestamp(nanos)), [Value::String(zone)]) => {
            part(*nanos, name, &Zone::named(zone).ok_or_else(|| error("unknown time zone"))?)
        }
        (Some(Value::Duration(nanos)), []) => length(*nanos, name),
        _ => Err(no_overload()),
    }
}

/// How much memory a regular expression may take once it is compiled.
const MOST_OF_A_PATTERN: usize = 1 << 20;

/// Whether some part of a text fits a regular expression of RE2. A pattern that is not read here could be one there.
fn matches(text: &str, pattern: &str) -> Result<Value, Failure> {
    let compiled = regex::RegexBuilder::new(pattern).size_limit(MOST_OF_A_PATTERN).build();
    let compiled = compiled.map_err(|_| Failure::Unknown(format!("the pattern `{pattern}` is not read")))?;
    Ok(Value::Bool(compiled.is_match(text)))
}

fn size(value: &Value) -> Outcome {
    let size = match value {
        Value::String(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        _ => return Err(no_overload()),
    };
    i64::try_from(size).map(Value::Int).map_err(|_| range())
}

fn part(nanos: i128, name: &str, zone: &Zone) -> Outcome {
    let found = match Part::ALL.into_iter().find(|part| part.function() == name) {
        Some(part) => part.of(nanos, zone),
        None if name == "getFullYear" => time::year(nanos, zone),
        None => return Err(no_overload()),
    };
    found.map(Value::Int).ok_or_else(range)
}

/// A length of time in whole units; of milliseconds only those beyond the second.
fn length(nanos: i128, name: &str) -> Outcome {
    let units = match name {
        "getHours" => nanos / (3600 * SECOND),
        "getMinutes" => nanos / (60 * SECOND),
        "getSeconds" => nanos / SECOND,
        "getMilliseconds" => nanos % SECOND / 1_000_000,
        _ => return Err(no_overload()),
    };
    i64::try_from(units).map(Value::Int).map_err(|_| range())
}

fn convert(name: &str, value: &Value) -> Outcome {
    match (name, value) {
        ("dyn", value) => Ok(value.clone()),
        ("type", value) => Ok(Value::Type(value.type_name())),
        ("int", value) => to_int(value),
        ("uint", value) => to_uint(value),
        ("double", value) => to_double(value),
        ("string", value) => to_string(value),
        ("bytes", Value::Bytes(_)) | ("bool", Value::Bool(_)) => Ok(value.clone()),
        ("bytes", Value::String(text)) => Ok(Value::Bytes(text.as_bytes().to_vec())),
        ("bool", Value::String(text)) => match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            _ => Err(error("type conversion error")),
        },
        ("timestamp", Value::Timestamp(_)) | ("duration", Value::Duration(_)) => Ok(value.clone()),
        ("timestamp", Value::Int(seconds)) => {
            time::in_range(i128::from(*seconds) * SECOND).map(Value::Timestamp).ok_or_else(range)
        }
        ("timestamp", Value::String(text)) => time::timestamp(text).map(Value::Timestamp).ok_or_else(range),
        ("duration", Value::String(text)) => time::duration(text).map(Value::Duration).ok_or_else(range),
        ("bytes" | "bool" | "timestamp" | "duration", _) => Err(no_overload()),
        _ => Err(error("unbound function")),
    }
}

fn to_int(value: &Value) -> Outcome {
    let converted = match value {
        Value::Int(value) => Some(*value),
        Value::Uint(value) => i64::try_from(*value).ok(),
        Value::Double(value) if value.abs() < 2f64.powi(63) => Some(*value as i64),
        Value::Double(_) => None,
        Value::String(text) => text.parse().ok(),
        Value::Timestamp(nanos) => i64::try_from(nanos.div_euclid(SECOND)).ok(),
        _ => return Err(no_overload()),
    };
    converted.map(Value::Int).ok_or_else(range)
}

fn to_uint(value: &Value) -> Outcome {
    let converted = match value {
        Value::Uint(value) => Some(*value),
        Value::Int(value) => u64::try_from(*value).ok(),
        Value::Double(value) if *value > -1.0 && *value < 2f64.powi(64) => Some(*value as u64),
        Value::Double(_) => None,
        Value::String(text) => text.parse().ok(),
        _ => return Err(no_overload()),
    };
    converted.map(Value::Uint).ok_or_else(range)
}

fn to_double(value: &Value) -> Outcome {
    match value {
        Value::Double(value) => Ok(Value::Double(*value)),
        Value::Int(value) => Ok(Value::Double(*value as f64)),
        Value::Uint(value) => Ok(Value::Double(*value as f64)),
        Value::String(text) => text.parse().map(Value::Double).map_err(|_| error("type conversion error")),
        _ => Err(no_overload()),
    }
}

fn to_string(value: &Value) -> Outcome {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Int(value) => value.to_string(),
        Value::Uint(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Bytes(bytes) => {
            String::from_utf8(bytes.clone()).map_err(|_| error("invalid UTF-8 in bytes"))?
        }
        Value::Timestamp(nanos) => time::written(*nanos).ok_or_else(range)?,
        Value::Duration(nanos) => time::duration_written(*nanos),
        _ => return Err(no_overload()),
    };
    Ok(Value::String(text))
}
