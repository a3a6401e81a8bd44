//! Values that are not plain text: numbers, dates, addresses, bytes. A value that cannot be read compares with nothing.

use std::net::IpAddr;

/// An address range: `203.0.113.0/24`, or one address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range(ipnet::IpNet);

impl Range {
    /// Reads CIDR notation; without a mask it is one address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        text.parse().ok().or_else(|| Some(ipnet::IpNet::from(text.parse::<IpAddr>().ok()?))).map(Self)
    }

    /// Whether the range holds the address.
    pub(crate) fn contains(&self, address: &str) -> bool {
        address.trim().parse::<IpAddr>().is_ok_and(|address| self.0.contains(&address))
    }

    /// The first and last address of the range, and those before and after it.
    pub(crate) fn edges(&self) -> Vec<String> {
        let network = self.0.network();
        let number = |address: IpAddr| match address {
            IpAddr::V4(v4) => u128::from(u32::from(v4)),
            IpAddr::V6(v6) => u128::from(v6),
        };
        let address = |number: u128| match network {
            IpAddr::V4(_) => u32::try_from(number).ok().map(|n| std::net::Ipv4Addr::from(n).to_string()),
            IpAddr::V6(_) => Some(std::net::Ipv6Addr::from(number).to_string()),
        };
        let (first, last) = (number(network), number(self.0.broadcast()));
        [first.checked_sub(1), Some(first), Some(last), last.checked_add(1)].into_iter().flatten().filter_map(address).collect()
    }
}

/// Reads a number.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Reads a boolean.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        t if t.eq_ignore_ascii_case("true") => Some(true),
        t if t.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Decodes base64.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()
}

/// Reads a date of the W3C profile of ISO 8601 or seconds since the epoch; milliseconds since the epoch.
pub(crate) fn date(text: &str) -> Option<i64> {
    let text = text.trim();
    if text.len() != 4
        && let Ok(seconds) = text.parse::<f64>()
    {
        return seconds.is_finite().then_some((seconds * 1000.0) as i64);
    }
    let (day, clock) = text.split_once(['T', 't', ' ']).map_or((text, None), |(day, clock)| (day, Some(clock)));
    let mut fields = day.split('-');
    let mut field = |default, range: std::ops::RangeInclusive<i64>| match fields.next() {
        None => Some(default),
        Some(digits) => whole(digits).filter(|n| range.contains(n)),
    };
    let (year, month, day) = (field(0, 1..=9999)?, field(1, 1..=12)?, field(1, 1..=31)?);
    if fields.next().is_some() {
        return None;
    }
    let midnight = days(year, month, day) * 86_400_000;
    let Some(clock) = clock else { return Some(midnight) };
    let (time, offset) = match clock.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        None => {
            let at = clock.rfind(['+', '-'])?;
            let (time, zone) = (clock.get(..at)?, clock.get(at + 1..)?);
            let (hours, minutes) = zone.split_once(':').or_else(|| Some((zone.get(..2)?, zone.get(2..)?)))?;
            let minutes = whole(hours)? * 60 + whole(minutes)?;
            (time, if clock.as_bytes().get(at) == Some(&b'-') { -minutes } else { minutes })
        }
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = time.split(':');
    let (hour, minute) = (whole(parts.next()?)?, whole(parts.next()?)?);
    let second = parts.next().map_or(Some(0), whole)?;
    if parts.next().is_some() || hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let millis = if fraction.is_empty() { 0 } else { whole(format!("{fraction:0<3}").get(..3)?)? };
    Some(midnight + ((hour * 60 + minute - offset) * 60 + second) * 1000 + millis)
}

fn whole(digits: &str) -> Option<i64> {
    (!digits.is_empty() && digits.len() < 10 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Days since 1970-01-01, by Howard Hinnant's `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

#[cfg(test)]
mod tests {
    use super::{Range, date};

    #[test]
    fn dates() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:34:56Z", Some(951_827_696_000)),
            ("2000-02-29T14:34:56+02:00", Some(951_827_696_000)),
            ("2000-02-29T12:34:56.789Z", Some(951_827_696_789)),
            ("951827696", Some(951_827_696_000)),
            ("2020-04-01", Some(1_585_699_200_000)),
            ("2020", Some(1_577_836_800_000)),
            ("tomorrow", None),
            ("2020-13-01", None),
            ("2020-04-01Tx", None),
            ("2020-04-01T1é:00Z", None),
        ] {
            assert_eq!(date(text), expected, "{text}");
        }
    }

    #[test]
    fn ranges() {
        for (range, address, expected) in [
            ("203.0.113.0/24", "203.0.113.9", true),
            ("203.0.113.77/24", "203.0.113.9", true),
            ("203.0.113.9", "203.0.113.9", true),
            ("2001:db8::/32", "203.0.113.9", false),
            ("2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", true),
            ("::/0", "2001:db8::1", true),
        ] {
            assert_eq!(Range::parse(range).is_some_and(|r| r.contains(address)), expected, "{range} {address}");
        }
        assert!(Range::parse("garbage").is_none());
    }
}
