//! Conditional requests and ranges (Amazon S3 User Guide, "Add preconditions to S3 operations with conditional requests"; RFC 9110,
//! sections 13 and 14).

use super::Wanted;
use super::store::Object;
use crate::ServiceError;
use model::Time;
use std::ops::Range;
use time::format_description::well_known::Rfc2822;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset, macros::format_description};

/// `Sun, 22 Nov 2026 13:44:13 GMT`.
pub fn http_date(time: Time) -> String {
    let form = format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    OffsetDateTime::from_unix_timestamp(time.seconds()).ok().and_then(|time| time.format(form).ok()).unwrap_or_default()
}

/// Seconds since the epoch of such a date.
fn seconds(date: &str) -> Option<i64> {
    let form = format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let read = PrimitiveDateTime::parse(date, form).map(|time| time.assume_offset(UtcOffset::UTC));
    Some(read.or_else(|_| OffsetDateTime::parse(date, &Rfc2822)).ok()?.unix_timestamp())
}

fn names(list: &str, etag: &str) -> bool {
    list.split(',').map(|one| one.trim().trim_start_matches("W/").trim_matches('"')).any(|one| one == "*" || one == etag)
}

/// Whether an object may be read: `Ok(false)` is 304.
///
/// # Errors
/// `PreconditionFailed`.
pub fn read(wanted: &Wanted, prefix: &str, object: &Object) -> Result<bool, ServiceError> {
    let header = |name: &str| wanted.header(&format!("{prefix}{name}"));
    let since = |name: &str| header(name).and_then(seconds);
    match header("if-match") {
        Some(list) if !names(list, &object.etag) => return Err(failed("If-Match")),
        // It counts more than the date.
        Some(_) => {}
        None if since("if-unmodified-since").is_some_and(|date| object.modified.seconds() > date) => {
            return Err(failed("If-Unmodified-Since"));
        }
        None => {}
    }
    Ok(match header("if-none-match") {
        Some(list) => !names(list, &object.etag),
        None => since("if-modified-since").is_none_or(|date| object.modified.seconds() > date),
    })
}

/// Whether an object may be written where this one stands.
///
/// # Errors
/// `PreconditionFailed`, or `NoSuchKey` where one that is not there is to be matched.
pub fn write(wanted: &Wanted, before: Option<&Object>) -> Result<(), ServiceError> {
    match (wanted.header("if-none-match"), before) {
        (Some("*"), Some(_)) => return Err(failed("If-None-Match")),
        (Some("*"), None) | (None, _) => {}
        (Some(_), _) => return Err(super::not_implemented("If-None-Match")),
    }
    match (wanted.header("if-match"), before) {
        (Some(list), Some(object)) if !names(list, &object.etag) => Err(failed("If-Match")),
        (Some(_), None) => Err(super::no_such_key(&wanted.key)),
        _ => Ok(()),
    }
}

fn failed(condition: &str) -> ServiceError {
    let mut error = ServiceError::new(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    error.members.insert("Condition".into(), condition.into());
    error
}

/// The bytes that a `Range` header asks for. `None`: all of them, since S3 serves no more than one range.
///
/// # Errors
/// `InvalidRange`.
pub fn range(header: Option<&str>, size: usize) -> Result<Option<Range<usize>>, ServiceError> {
    let Some((first, last)) = header.and_then(|header| header.trim().strip_prefix("bytes=")?.split_once('-')) else { return Ok(None) };
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let range = match (first.trim().is_empty(), number(first), last.trim().is_empty(), number(last)) {
        (true, _, false, Some(length)) => size.saturating_sub(length)..size,
        (false, Some(first), true, _) => first..size,
        (false, Some(first), false, Some(last)) if first <= last => first..size.min(last.saturating_add(1)),
        _ => return Ok(None),
    };
    if range.start >= range.end {
        let mut error = ServiceError::new(416, "InvalidRange", "The requested range is not satisfiable");
        error.members.insert("ActualObjectSize".into(), size.to_string().into());
        return Err(error);
    }
    Ok(Some(range))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ranges() {
        for (header, expected) in [
            (None, Some(None)),
            (Some("bytes=0-3"), Some(Some(0..4))),
            (Some("bytes=4-"), Some(Some(4..10))),
            (Some("bytes=-3"), Some(Some(7..10))),
            (Some("bytes=-30"), Some(Some(0..10))),
            (Some("bytes=8-99"), Some(Some(8..10))),
            (Some("bytes=10-"), None),
            (Some("bytes=-0"), None),
            (Some("bytes=3-1"), Some(None)),
            (Some("bytes=0-1,4-5"), Some(None)),
            (Some("lines=0-1"), Some(None)),
        ] {
            assert_eq!(range(header, 10).ok(), expected, "{header:?}");
        }
        assert!(range(Some("bytes=0-"), 0).is_err());
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        let date = http_date(Time(1_795_355_053_999));
        assert_eq!((date.as_str(), seconds(&date)), ("Sun, 22 Nov 2026 13:44:13 GMT", Some(1_795_355_053)));
        assert_eq!(seconds("yesterday"), None);
    }
}
