//! Typed values that attributes take in a concrete request.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use super::Kind;

/// The value of one attribute in a concrete request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Text.
    Text(String),
    /// An exact decimal.
    Number(Decimal),
    /// Microseconds since the Unix epoch, UTC.
    Instant(i64),
    /// An IP address.
    Address(IpAddr),
    /// True or false.
    Boolean(bool),
    /// A set of texts, possibly empty.
    Set(BTreeSet<String>),
}

impl Value {
    /// The kind of attribute that takes this value.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Number(_) => Kind::Number,
            Self::Instant(_) => Kind::Instant,
            Self::Address(_) => Kind::Address,
            Self::Boolean(_) => Kind::Boolean,
            Self::Set(_) => Kind::TextSet,
        }
    }

    /// The place of a number, instant or address on the line that [`super::Ranges`] cuts; `None` for other kinds.
    ///
    /// IPv4 addresses lie in the block `::ffff:0:0/96`, so that one line holds both families.
    pub fn point(&self) -> Option<u128> {
        match self {
            Self::Number(number) => Some(signed_point(number.0)),
            Self::Instant(micros) => Some(signed_point(i128::from(*micros))),
            Self::Address(IpAddr::V4(address)) => Some(u128::from(address.to_ipv6_mapped())),
            Self::Address(IpAddr::V6(address)) => Some(u128::from(*address)),
            Self::Text(_) | Self::Boolean(_) | Self::Set(_) => None,
        }
    }

    /// The value of `kind` that lies at `point`, the inverse of [`Value::point`].
    pub fn at_point(kind: Kind, point: u128) -> Option<Self> {
        match kind {
            Kind::Number => Some(Self::Number(Decimal(unsigned_point(point)))),
            Kind::Instant => i64::try_from(unsigned_point(point)).ok().map(Self::Instant),
            Kind::Address => {
                let address = std::net::Ipv6Addr::from(point);
                Some(Self::Address(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)))
            }
            Kind::Text | Kind::Boolean | Kind::TextSet => None,
        }
    }
}

const SIGN: u128 = 1 << 127;

/// Moves a signed number to an unsigned one that keeps the order.
fn signed_point(value: i128) -> u128 {
    value.cast_unsigned() ^ SIGN
}

fn unsigned_point(point: u128) -> i128 {
    (point ^ SIGN).cast_signed()
}

/// An exact decimal number with up to twelve digits after the point.
///
/// Numbers in policies are small (ages in seconds, ports, sizes); what does not fit is refused when it is parsed,
/// never rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i128);

const FRACTION_DIGITS: u32 = 12;
const ONE: i128 = 10_i128.pow(FRACTION_DIGITS);

impl Decimal {
    /// Reads `-12.5`, `+3`, `.5`, `7.`; `None` when the text is no decimal or does not fit.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let missing = FRACTION_DIGITS.checked_sub(u32::try_from(fraction.len()).ok()?)?;
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        let part = part.checked_mul(10_i128.checked_pow(missing)?)?;
        let magnitude = whole.checked_mul(ONE)?.checked_add(part)?;
        Some(Self(if negative { -magnitude } else { magnitude }))
    }

    /// The number as a count of its smallest unit, 10⁻¹².
    pub fn units(self) -> i128 {
        self.0
    }

    /// The number that is that many units of 10⁻¹².
    pub fn from_units(units: i128) -> Self {
        Self(units)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let (whole, part) = (magnitude / ONE.unsigned_abs(), magnitude % ONE.unsigned_abs());
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{part:012}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}
