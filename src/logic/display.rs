//! Formulas as text, for logs, tests and `--explain`; users' reports have better words.

use std::fmt;
use std::net::IpAddr;

use super::{Atom, Attribute, Formula, Kind, Literal, Part, Patterns, Ranges, Shape, Template, Value};

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
            Self::Within(name, ranges) => f.write_str(&within(name, ranges)),
            Self::IsTrue(name) => write!(f, "{name:?} is true"),
            Self::Present(name) => write!(f, "{name:?} is present"),
            Self::AnyIn(name, patterns) => write!(f, "some {name:?} ~ {patterns}"),
            Self::AllIn(name, patterns) => write!(f, "all {name:?} ~ {patterns}"),
            Self::Same(text, pattern) => write!(f, "{text} ~ {pattern}"),
            Self::Opaque(id) => write!(f, "<{id}>"),
        }
    }
}

/// Intervals as comparisons, of addresses as networks.
fn within(name: &Attribute, ranges: &Ranges) -> String {
    let parts: Vec<String> = ranges.intervals().iter().map(|interval| between(name, *interval)).collect();
    match parts.as_slice() {
        [] => format!("{name:?} in nothing"),
        [one] => one.clone(),
        _ => format!("({})", parts.join(" or ")),
    }
}

fn between(name: &Attribute, (low, high): (u128, u128)) -> String {
    let kind = name.kind();
    if kind == Kind::Address {
        return format!("{name:?} in {}", networks(low, high));
    }
    let value = |point| Value::at_point(kind, point).map(|value| plain(&value));
    if low == high {
        return format!("{name:?} = {}", value(low).unwrap_or_default());
    }
    // The shorter of both ways to write a bound is the one that was written.
    let bound = |signs: [&str; 2], points: [Option<u128>; 2]| {
        let written = signs.into_iter().zip(points).filter_map(|(sign, point)| Some((sign, value(point?)?)));
        written.min_by_key(|(_, text)| text.len()).map(|(sign, text)| format!("{name:?} {sign} {text}"))
    };
    let lower = bound([">=", ">"], [Some(low), low.checked_sub(1)]).filter(|_| low > 0);
    let upper = bound(["<=", "<"], [Some(high), high.checked_add(1)]).filter(|_| high < u128::MAX);
    match (lower, upper) {
        (Some(lower), Some(upper)) => format!("({lower} and {upper})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => format!("{name:?} is present"),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Instant(micros) => jiff::Timestamp::from_microsecond(*micros)
            .map_or_else(|_| micros.to_string(), |time| time.to_string()),
        Value::Number(number) => number.to_string(),
        Value::Address(address) => address.to_string(),
        Value::Text(text) => text.clone(),
        Value::Boolean(_) | Value::Set(_) => String::new(),
    }
}

/// Few networks are listed; else it is an interval.
fn networks(low: u128, high: u128) -> String {
    let address = |point| match Value::at_point(Kind::Address, point) {
        Some(Value::Address(address)) => Some(address),
        _ => None,
    };
    let listed: Vec<String> = match (address(low), address(high)) {
        (Some(IpAddr::V4(low)), Some(IpAddr::V4(high))) => {
            ipnet::Ipv4Subnets::new(low, high, 0).take(NETWORKS + 1).map(|net| net.to_string()).collect()
        }
        (Some(IpAddr::V6(low)), Some(IpAddr::V6(high))) => {
            ipnet::Ipv6Subnets::new(low, high, 0).take(NETWORKS + 1).map(|net| net.to_string()).collect()
        }
        (low, high) => {
            let text = |address: Option<IpAddr>| address.map(|found| found.to_string()).unwrap_or_default();
            return format!("{} to {}", text(low), text(high));
        }
    };
    match listed.as_slice() {
        [one] => one.clone(),
        many if many.len() <= NETWORKS => format!("{{{}}}", many.join(", ")),
        _ => {
            let text = |point| address(point).map(|found| found.to_string()).unwrap_or_default();
            format!("{} to {}", text(low), text(high))
        }
    }
}

/// How many networks are listed.
const NETWORKS: usize = 8;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: Kind, ranges: Option<Ranges>) -> String {
        Formula::within(Attribute::new("x", kind), ranges.unwrap()).to_string()
    }

    #[test]
    fn intervals_are_written_like_comparisons() {
        let time = |text: &str| Value::Instant(text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
        let noon = time("2027-01-01T12:00:00Z");
        assert_eq!(shown(Kind::Instant, Ranges::below(&noon, false)), "x < 2027-01-01T12:00:00Z");
        assert_eq!(shown(Kind::Instant, Ranges::below(&noon, true)), "x <= 2027-01-01T12:00:00Z");
        assert_eq!(shown(Kind::Instant, Ranges::above(&noon, false)), "x > 2027-01-01T12:00:00Z");
        let later = Ranges::below(&time("2028-01-01T00:00:00Z"), false).unwrap();
        let both = Ranges::above(&noon, true).unwrap().intersection(&later);
        assert_eq!(
            shown(Kind::Instant, Some(both)),
            "(x >= 2027-01-01T12:00:00Z and x < 2028-01-01T00:00:00Z)"
        );
        let five = Value::Number(crate::logic::Decimal::parse("5").unwrap());
        assert_eq!(shown(Kind::Number, Ranges::exactly(&five)), "x = 5");
        assert_eq!(
            shown(Kind::Number, Ranges::exactly(&five).map(|own| own.complement())),
            "(x < 5 or x > 5)"
        );
    }

    #[test]
    fn intervals_of_addresses_are_networks() {
        let network = |text: &str| Ranges::network(text.parse().unwrap());
        assert_eq!(shown(Kind::Address, Some(network("10.0.0.0/8"))), "x in 10.0.0.0/8");
        assert_eq!(shown(Kind::Address, Some(network("2001:db8::/32"))), "x in 2001:db8::/32");
        let two = network("10.0.0.0/8").union(&network("192.0.2.0/24"));
        assert_eq!(shown(Kind::Address, Some(two)), "(x in 10.0.0.0/8 or x in 192.0.2.0/24)");
    }
}
