//! Points in time, lengths of time, and the parts of a date in a time zone.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

pub(super) const SECOND: i128 = 1_000_000_000;
/// 0001-01-01T00:00:00Z and the last nanosecond of the year 9999.
const FIRST: i128 = -62_135_596_800 * SECOND;
const LAST: i128 = 253_402_300_800 * SECOND - 1;
/// Ten thousand years, the longest time that a duration of protocol buffers holds.
const LONGEST: i128 = 315_576_000_000 * SECOND;

/// The nanoseconds if a point in time can have them.
pub(super) fn in_range(nanos: i128) -> Option<i128> {
    (FIRST..=LAST).contains(&nanos).then_some(nanos)
}

/// The nanoseconds if a length of time can have them.
pub(super) fn length_in_range(nanos: i128) -> Option<i128> {
    (-LONGEST..=LONGEST).contains(&nanos).then_some(nanos)
}

/// Nanoseconds since the Unix epoch of a time in RFC 3339, up to the last nanosecond of the year 9999.
pub fn timestamp(text: &str) -> Option<i128> {
    let (civil, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(civil) => (civil, Offset::UTC),
        None => {
            let (civil, zone) = text.split_at_checked(text.len().checked_sub(6)?)?;
            (civil, zone.starts_with(['+', '-']).then(|| offset(zone))??)
        }
    };
    // The parser of dates is more generous than the standard.
    let is_standard = civil.as_bytes().get(10).is_some_and(|sign| sign.eq_ignore_ascii_case(&b'T'));
    let civil: DateTime = is_standard.then(|| civil.parse().ok())??;
    let days = i128::from(days_since_epoch(civil));
    let seconds = days * 86_400
        + i128::from(civil.hour()) * 3600
        + i128::from(civil.minute()) * 60
        + i128::from(civil.second())
        - i128::from(zone.seconds());
    in_range(seconds * SECOND + i128::from(civil.subsec_nanosecond()))
}

/// Days from 1970-01-01 in the Gregorian calendar.
fn days_since_epoch(date: DateTime) -> i64 {
    let (year, month) = (i64::from(date.year()), i64::from(date.month()));
    // Years begin in March, so that the leap day is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + i64::from(date.day()) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Four hundred years: the calendar repeats itself, weekdays included.
const CYCLE: i128 = 146_097 * 86_400 * SECOND;

/// A point in time in a zone, and the years to be added. The last hours of the year 9999 are beyond what dates hold, so
/// they are looked at four hundred years before.
fn zoned(nanos: i128, zone: &TimeZone) -> Option<(ZonedDateTime, i64)> {
    let at = |nanos| Timestamp::from_nanosecond(nanos).ok().map(|time| time.to_zoned_datetime(zone.clone()));
    match at(nanos) {
        Some(time) => Some((time, 0)),
        None => Some((at(nanos.checked_sub(CYCLE)?)?, 400)),
    }
}

/// A point in time as RFC 3339 writes it, with as many digits after the second as it takes.
pub(super) fn written(nanos: i128) -> Option<String> {
    let (time, years) = zoned(nanos, &TimeZone::UTC)?;
    let text = time.timestamp().to_string();
    let rest = text.get(4..)?;
    Some(format!("{:04}{rest}", i64::from(time.year()) + years))
}

/// A length of time as `1h30m`, `-1.5s`, `10ms`.
pub(super) fn duration(text: &str) -> Option<i128> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0i128;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at_checked(end)?;
        let units: [(&str, i128); 7] = [
            ("ns", 1),
            ("us", 1_000),
            ("µs", 1_000),
            ("ms", 1_000_000),
            ("s", SECOND),
            ("m", 60 * SECOND),
            ("h", 3600 * SECOND),
        ];
        let (unit, tail) =
            units.into_iter().find_map(|(name, unit)| Some((unit, tail.strip_prefix(name)?)))?;
        total = total.checked_add(scaled(number, unit)?)?;
        rest = tail;
    }
    length_in_range(if negative { -total } else { total })
}

fn scaled(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.len() > 18 {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let part =
        part.checked_mul(unit)?.checked_div(10i128.checked_pow(u32::try_from(fraction.len()).ok()?)?)?;
    whole.checked_mul(unit)?.checked_add(part)
}

/// A length of time in seconds: `90s`, `-1.5s`.
pub(super) fn duration_written(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let (whole, part) =
        (nanos.unsigned_abs() / SECOND.unsigned_abs(), nanos.unsigned_abs() % SECOND.unsigned_abs());
    if part == 0 {
        return format!("{sign}{whole}s");
    }
    let digits = format!("{part:09}");
    format!("{sign}{whole}.{}s", digits.trim_end_matches('0'))
}

/// A time zone by its name in the time zone database, or as an offset: `+05:30`.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone of that name; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        if let Some(offset) = offset(name) {
            return Some(Self(TimeZone::fixed(offset)));
        }
        if name.is_empty() {
            return None;
        }
        if name == "UTC" {
            return Some(Self::utc());
        }
        jiff::tz::db().get(name).ok().map(Self)
    }

    /// The first nanosecond of a year in this zone, since the Unix epoch.
    pub fn start_of_year(&self, year: i64) -> Option<i128> {
        let date = jiff::civil::Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
        date.to_zoned_datetime(self.0.clone()).ok().map(|start| start.timestamp().as_nanosecond())
    }
}

fn offset(name: &str) -> Option<Offset> {
    let (sign, rest) = match (name.strip_prefix('-'), name.strip_prefix('+')) {
        (Some(rest), _) => (-1, rest),
        (None, Some(rest)) => (1, rest),
        (None, None) => (1, name),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |text: &str| text.parse::<i32>().ok().filter(|_| text.len() == 2);
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// A part of a date and time that comes back again and again, and so is no range of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `getMonth`, from 0.
    Month,
    /// `getDate`, the day of the month from 1.
    Date,
    /// `getDayOfMonth`, from 0.
    DayOfMonth,
    /// `getDayOfWeek`, from 0 for Sunday.
    DayOfWeek,
    /// `getDayOfYear`, from 0.
    DayOfYear,
    /// `getHours`
    Hours,
    /// `getMinutes`
    Minutes,
    /// `getSeconds`
    Seconds,
    /// `getMilliseconds`
    Milliseconds,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Month,
        Self::Date,
        Self::DayOfMonth,
        Self::DayOfWeek,
        Self::DayOfYear,
        Self::Hours,
        Self::Minutes,
        Self::Seconds,
        Self::Milliseconds,
    ];

    /// The function that answers with it.
    pub fn function(self) -> &'static str {
        match self {
            Self::Month => "getMonth",
            Self::Date => "getDate",
            Self::DayOfMonth => "getDayOfMonth",
            Self::DayOfWeek => "getDayOfWeek",
            Self::DayOfYear => "getDayOfYear",
            Self::Hours => "getHours",
            Self::Minutes => "getMinutes",
            Self::Seconds => "getSeconds",
            Self::Milliseconds => "getMilliseconds",
        }
    }

    /// The smallest and the largest value it takes.
    pub fn bounds(self) -> (i64, i64) {
        match self {
            Self::Month => (0, 11),
            Self::Date => (1, 31),
            Self::DayOfMonth => (0, 30),
            Self::DayOfWeek => (0, 6),
            Self::DayOfYear => (0, 365),
            Self::Hours => (0, 23),
            Self::Minutes | Self::Seconds => (0, 59),
            Self::Milliseconds => (0, 999),
        }
    }

    /// Its value at a point in time.
    pub fn of(self, nanos: i128, zone: &Zone) -> Option<i64> {
        let (time, _) = zoned(nanos, &zone.0)?;
        Some(match self {
            Self::Month => i64::from(time.month()) - 1,
            Self::Date => i64::from(time.day()),
            Self::DayOfMonth => i64::from(time.day()) - 1,
            Self::DayOfWeek => i64::from(time.weekday().to_sunday_zero_offset()),
            Self::DayOfYear => i64::from(time.day_of_year()) - 1,
            Self::Hours => i64::from(time.hour()),
            Self::Minutes => i64::from(time.minute()),
            Self::Seconds => i64::from(time.second()),
            Self::Milliseconds => i64::from(time.millisecond()),
        })
    }
}

/// The year at a point in time.
pub(super) fn year(nanos: i128, zone: &Zone) -> Option<i64> {
    zoned(nanos, &zone.0).map(|(time, years)| i64::from(time.year()) + years)
}
