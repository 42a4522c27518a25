//! The classes of numbers, instants and addresses that some ranges cannot tell apart, each with a readable member.

use std::net::IpAddr;

use super::bits::Bits;
use super::meter::{Meter, Spent};
use crate::logic::{Kind, Ranges, Value};

/// A class of points: the ranges that hold its points, and one of its points as a value.
pub(super) struct PointClass {
    pub(super) matched: Bits,
    pub(super) example: Value,
}

/// All classes of the kind's values.
pub(super) fn classes(kind: Kind, ranges: &[&Ranges], meter: &mut Meter) -> Result<Vec<PointClass>, Spent> {
    let (lowest, highest) = domain(kind);
    let mut cuts = vec![lowest];
    for (low, high) in ranges.iter().flat_map(|ranges| ranges.intervals()) {
        cuts.extend([Some(*low), high.checked_add(1)].into_iter().flatten());
    }
    cuts.retain(|cut| (lowest..=highest).contains(cut));
    cuts.sort_unstable();
    cuts.dedup();
    meter.spend(cuts.len() * (1 + ranges.len()))?;
    let mut found: Vec<(u8, PointClass)> = Vec::new();
    for (index, low) in cuts.iter().enumerate() {
        let high = cuts.get(index + 1).map_or(highest, |next| next - 1);
        let mut matched = Bits::none(ranges.len());
        for (index, _) in ranges.iter().enumerate().filter(|(_, ranges)| ranges.contains(*low)) {
            matched.insert(index);
        }
        let Some((rank, example)) = readable(kind, *low, high) else { continue };
        match found.iter_mut().find(|(_, class)| class.matched == matched) {
            Some((old, class)) if rank < *old => {
                *old = rank;
                class.example = example;
            }
            Some(_) => {}
            None => found.push((rank, PointClass { matched, example })),
        }
    }
    Ok(found.into_iter().map(|(_, class)| class).collect())
}

/// A readable value that lies in just those of the ranges that `point` lies in.
pub(in crate::solver) fn alike(
    kind: Kind,
    point: u128,
    ranges: &[&Ranges],
    meter: &mut Meter,
) -> Result<Option<Value>, Spent> {
    let mut matched = Bits::none(ranges.len());
    for (index, _) in ranges.iter().enumerate().filter(|(_, ranges)| ranges.contains(point)) {
        matched.insert(index);
    }
    let found = classes(kind, ranges, meter)?.into_iter().find(|class| class.matched == matched);
    Ok(found.map(|class| class.example))
}

/// The points that stand for values of the kind.
fn domain(kind: Kind) -> (u128, u128) {
    let point = |micros| Value::Instant(micros).point().unwrap_or(0);
    match kind {
        Kind::Instant => (point(i64::MIN), point(i64::MAX)),
        _ => (0, u128::MAX),
    }
}

/// A readable value between two points, with how far it is from being well known.
fn readable(kind: Kind, low: u128, high: u128) -> Option<(u8, Value)> {
    match kind {
        Kind::Number => round(kind, low, high, 1_000_000_000_000),
        Kind::Instant => round(kind, low, high, 1_000_000),
        Kind::Address => address(low, high),
        _ => None,
    }
}

/// Zero, or the multiple of `unit` that is nearest to it, or the first point.
fn round(kind: Kind, low: u128, high: u128, unit: u128) -> Option<(u8, Value)> {
    const ZERO: u128 = 1 << 127;
    let nearest = if low > ZERO {
        (low - ZERO).div_ceil(unit).checked_mul(unit).and_then(|up| ZERO.checked_add(up))
    } else if high < ZERO {
        (ZERO - high).div_ceil(unit).checked_mul(unit).and_then(|down| ZERO.checked_sub(down))
    } else {
        Some(ZERO)
    };
    let point = nearest.filter(|point| (low..=high).contains(point));
    let rank = match point {
        Some(ZERO) => 1,
        Some(_) => 0,
        None => 2,
    };
    Value::at_point(kind, point.unwrap_or(low)).map(|value| (rank, value))
}

/// An address from the blocks that are set aside for examples, or the first host.
fn address(low: u128, high: u128) -> Option<(u8, Value)> {
    const EXAMPLES: [&str; 4] = ["203.0.113.10", "198.51.100.10", "192.0.2.10", "2001:db8::10"];
    let within = |value: &Value| value.point().is_some_and(|point| (low..=high).contains(&point));
    let mut examples =
        EXAMPLES.iter().filter_map(|text| text.parse::<IpAddr>().ok()).map(Value::Address).filter(within);
    if let Some(value) = examples.next() {
        return Some((0, value));
    }
    let point = if low < high { low + 1 } else { low };
    let value = Value::at_point(Kind::Address, point)?;
    let rank = if matches!(value, Value::Address(IpAddr::V4(_))) { 1 } else { 2 };
    Some((rank, value))
}
