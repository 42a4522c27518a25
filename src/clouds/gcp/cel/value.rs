//! The values of expressions, their equality and their order.

use std::cmp::Ordering;

/// A value. Equality of the language is [`Value::equals`]; `==` compares representations.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number with a sign.
    Int(i64),
    /// A whole number without a sign.
    Uint(u64),
    /// A floating point number.
    Double(f64),
    /// Text.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A map: its entries in the order in which they are written.
    Map(Vec<(Value, Value)>),
    /// A point in time: nanoseconds since the Unix epoch.
    Timestamp(i128),
    /// A length of time in nanoseconds.
    Duration(i128),
    /// A type, by its name.
    Type(&'static str),
}

impl Value {
    /// The name of its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Type(_) => "type",
        }
    }

    /// Equality of the language: numbers by their value, other values of different types are unequal.
    /// <https://github.com/google/cel-spec/blob/master/doc/langdef.md#equality>
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(left), Self::List(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.equals(right))
            }
            (Self::Map(left), Self::Map(right)) => {
                left.len() == right.len()
                    && left.iter().all(|(key, value)| {
                        other.get(key).is_some_and(|other| value.equals(other))
                            && right.iter().any(|(own, _)| own.equals(key))
                    })
            }
            (
                Self::Int(_) | Self::Uint(_) | Self::Double(_),
                Self::Int(_) | Self::Uint(_) | Self::Double(_),
            ) => compare_numbers(self, other) == Some(Ordering::Equal),
            _ => self == other,
        }
    }

    /// The order of two values; `None` where the language has none, and beside a value that is not a number.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            (Self::String(left), Self::String(right)) => Some(left.cmp(right)),
            (Self::Bytes(left), Self::Bytes(right)) => Some(left.cmp(right)),
            (Self::Timestamp(left), Self::Timestamp(right))
            | (Self::Duration(left), Self::Duration(right)) => Some(left.cmp(right)),
            _ => compare_numbers(self, other),
        }
    }

    /// Whether the language orders the two.
    pub fn is_ordered_with(&self, other: &Self) -> bool {
        let number = |value: &Self| matches!(value, Self::Int(_) | Self::Uint(_) | Self::Double(_));
        self.order(other).is_some() || number(self) && number(other)
    }

    /// The value under a key of a map.
    pub fn get(&self, key: &Self) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(own, _)| own.equals(key)).map(|(_, value)| value),
            _ => None,
        }
    }
}

fn compare_numbers(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Double(left), Value::Double(right)) => left.partial_cmp(right),
        (Value::Double(left), right) => compare_double(*left, whole(right)?),
        (left, Value::Double(right)) => compare_double(*right, whole(left)?).map(Ordering::reverse),
        (left, right) => Some(whole(left)?.cmp(&whole(right)?)),
    }
}

fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::Uint(value) => Some(i128::from(*value)),
        _ => None,
    }
}

/// As the reference implementations do: a whole number is rounded to the nearest floating point number.
fn compare_double(double: f64, whole: i128) -> Option<Ordering> {
    double.partial_cmp(&(whole as f64))
}
