//! The clock, for what a report says of today; `SOURCE_DATE_EPOCH` stands in for it where a build must be the same every time.

use model::Time;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now.
pub fn now() -> Time {
    let fixed = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse::<i64>().ok());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    Time(fixed.map_or_else(clock, |seconds| seconds.saturating_mul(1000)))
}

/// The day of an instant: `2026-11-22`.
pub fn day(time: Time) -> String {
    time.to_string().chars().take(10).collect()
}

/// The first instant of a day; `None` for what is no day of the calendar.
pub fn of(written: &str) -> Option<Time> {
    if written.len() != 10 {
        return None;
    }
    let days = advisories::age(written, Time(0))?.checked_neg()?;
    let time = Time(days.checked_mul(86_400_000)?);
    (day(time) == written).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        assert_eq!(of("2026-11-22").map(|time| time.to_string()), Some("2026-11-22T00:00:00Z".to_owned()));
        for wrong in ["", "2026-02-30", "2026-13-01", "22.11.2026", "2026-1-1", "yesterday", "9223372036854775807-01-01"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
