//! The spellings of time in AWS's logs, to milliseconds. Pure; never guesses a time zone.

use model::Time;

/// `2026-11-22T13:44:13Z`, with any fraction of a second and `Z` or `+hh:mm` (RFC 3339).
pub(super) fn iso(text: &str) -> Option<Time> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || bytes.get(4) != Some(&b'-') || !matches!(bytes.get(10), Some(b'T' | b' ')) {
        return None;
    }
    let date = (number(text.get(0..4)?)?, number(text.get(5..7)?)?, number(text.get(8..10)?)?);
    let clock = (number(text.get(11..13)?)?, number(text.get(14..16)?)?, number(text.get(17..19)?)?);
    let mut rest = text.get(19..)?;
    let mut millis = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(fraction.len());
        let mut digits = fraction.get(..end.min(3))?.to_owned();
        while digits.len() < 3 {
            digits.push('0');
        }
        millis = number(&digits)?;
        rest = fraction.get(end..)?;
    }
    instant(date, clock, zone(rest)?).map(|time| Time(time.0 + millis))
}

/// `22/Nov/2026:13:44:13 +0000`, the form of `$context.requestTime`.
pub(super) fn clf(text: &str) -> Option<Time> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (date, rest) = text.split_once(':')?;
    let mut parts = date.split('/');
    let (day, month, year) = (number(parts.next()?)?, parts.next()?, number(parts.next()?)?);
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let clock = (number(rest.get(0..2)?)?, number(rest.get(3..5)?)?, number(rest.get(6..8)?)?);
    instant((year, month, day), clock, zone(rest.get(8..)?.trim_start())?)
}

/// `20261122 13:44:13`, the form of the MariaDB audit plugin; UTC on RDS.
pub(super) fn compact(text: &str) -> Option<Time> {
    let (date, clock) = text.split_once(' ')?;
    if date.len() != 8 {
        return None;
    }
    let date = (number(date.get(0..4)?)?, number(date.get(4..6)?)?, number(date.get(6..8)?)?);
    let mut parts = clock.split(':');
    let clock = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    instant(date, clock, 0)
}

/// `Z`, `+0000` or `+00:00` as seconds east of UTC.
fn zone(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text.get(1..)?.chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 {
        return None;
    }
    Some(sign * (number(digits.get(0..2)?)? * 3600 + number(digits.get(2..4)?)? * 60))
}

fn number(digits: &str) -> Option<i64> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// Howard Hinnant's `days_from_civil`, the inverse of [`Time::utc`].
fn instant((year, month, day): (i64, i64, i64), (hour, minute, second): (i64, i64, i64), offset: i64) -> Option<Time> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    let days = era * 146_097 + doe - 719_468;
    Some(Time((days * 86_400 + hour * 3600 + minute * 60 + second - offset) * 1000))
}

#[cfg(test)]
mod tests {
    use super::{clf, compact, iso};
    use model::Time;

    #[test]
    fn spellings_of_one_instant() {
        let at = Time(1_795_355_053_000);
        assert_eq!(iso("2026-11-22T13:44:13Z"), Some(at));
        assert_eq!(iso("2026-11-22T15:44:13+02:00"), Some(at));
        assert_eq!(clf("22/Nov/2026:13:44:13 +0000"), Some(at));
        assert_eq!(compact("20261122 13:44:13"), Some(at));
        assert_eq!(iso("2026-11-22T13:44:13.1234567Z"), Some(Time(at.0 + 123)));
        assert_eq!(iso("2026-11-22T13:44:13.5Z"), Some(Time(at.0 + 500)));
    }

    #[test]
    fn what_is_no_time() {
        for text in ["", "2026-11-22", "2026-13-22T13:44:13Z", "2026-11-22T13:44:13", "2026-11-22T25:44:13Z", "時時時時時時時時時"]
        {
            assert_eq!(iso(text), None, "{text}");
        }
        assert_eq!(clf("22/Foo/2026:13:44:13 +0000"), None);
        assert_eq!(compact("20261122"), None);
    }
}
