//! Times as conditions and requests write them:
//! <https://learn.microsoft.com/azure/role-based-access-control/conditions-format#datetime-comparison-operators>.
//!
//! The time of a request is a point in microseconds, as everywhere in this program. What tells a version or a snapshot of a
//! blob is finer ("full-precision check"), so it is kept as an exact number of seconds. Neither is ever rounded.

use crate::logic::{Decimal, Value};

/// A point in time in microseconds since the Unix epoch; `None` for a finer one.
pub(super) fn instant(text: &str) -> Option<i64> {
    let timestamp: jiff::Timestamp = text.parse().ok()?;
    (timestamp.subsec_nanosecond() % 1000 == 0).then(|| timestamp.as_microsecond())
}

/// A point in time in seconds since the Unix epoch, not before it.
pub(super) fn exact_instant(text: &str) -> Option<Decimal> {
    let (whole, digits) = match text.split_once('.') {
        None => (text.to_owned(), ""),
        Some((head, tail)) => {
            let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
            let (digits, rest) = tail.split_at_checked(end)?;
            (format!("{head}{rest}"), digits)
        }
    };
    let seconds = whole.parse::<jiff::Timestamp>().ok()?.as_second();
    if seconds < 0 {
        return None;
    }
    Decimal::parse(&format!("{seconds}.{digits}"))
}

/// The time that a value of a request is, as it is written; `None` for what is no time.
pub(super) fn written(value: &Value) -> Option<String> {
    match value {
        Value::Instant(micros) => Some(jiff::Timestamp::from_microsecond(*micros).ok()?.to_string()),
        Value::Number(seconds) => {
            let seconds = seconds.to_string();
            let (whole, digits) = seconds.split_once('.').unwrap_or((&seconds, ""));
            let time = jiff::Timestamp::from_second(whole.parse().ok()?).ok()?.to_string();
            let fraction = if digits.is_empty() { String::new() } else { format!(".{digits}") };
            Some(format!("{}{fraction}Z", time.trim_end_matches('Z')))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_as_they_are_written() {
        for text in
            ["2022-06-01T23:38:32.8883645Z", "2022-06-01T00:00:00Z", "1970-01-01T00:00:00.000000000001Z"]
        {
            let read = exact_instant(text).unwrap();
            assert_eq!(written(&Value::Number(read)).as_deref(), Some(text));
        }
        assert_eq!(
            written(&Value::Instant(instant("2026-01-01T13:00:00.5Z").unwrap())).unwrap(),
            "2026-01-01T13:00:00.5Z"
        );
    }

    #[test]
    fn what_is_too_fine_or_no_time_is_not_rounded() {
        assert_eq!(instant("2022-06-01T23:38:32.8883645Z"), None);
        for text in ["", "soon", "2022-06-01", "1969-12-31T23:59:59.5Z", "2022-06-01T00:00:00.0000000000001Z"]
        {
            assert_eq!(exact_instant(text), None, "{text}");
        }
        assert!(
            exact_instant("2022-06-01T23:38:32.8883645Z") < exact_instant("2022-06-01T23:38:32.8883646Z")
        );
        assert_eq!(exact_instant("2022-06-01T02:00:00.0+02:00"), exact_instant("2022-06-01T00:00:00Z"));
    }
}
